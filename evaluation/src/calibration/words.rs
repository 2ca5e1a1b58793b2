//! The sentence for the officer that follows from a judgement.
//!
//! Must never: hold a percentage, a score or a ratio, say who somebody is, or reassure more than the people who were tested
//! allow.

use std::fmt::Write;

use crate::calibration::judge::Judgement;
use crate::calibration::rates::JudgedRate;

/// What an officer may be told of one use.
pub fn sentence(purpose: &str, judgement: &Judgement) -> String {
    let rates = judgement.alert.rates;
    let counts = |judged: &JudgedRate| format!("{} of {}", judged.rate.errors, judged.rate.of);
    let (supported, doubted) = (counts(&rates.false_support), counts(&rates.false_doubt));
    let mut text = format!(
        "In a test with {} people this check supported {supported} false alerts, and spoke against {doubted} true ones.",
        judgement.people
    );
    let [false_support, false_doubt] = [rates.false_support, rates.false_doubt].map(|judged| one_in(&judged));
    match (false_support, false_doubt) {
        (Some(support), Some(doubt)) => {
            let _ = write!(
                text,
                " With so few people it may truly support as many as one false alert in {support}, and speak against as \
                 many as one true alert in {doubt}."
            );
        }
        _ => text.push_str(" That is too few to say how often it is wrong."),
    }
    text.push_str(match purpose {
        "close_photograph" => {
            " A fresh photograph is worth more than the alert's own, and still does not tell you who this is."
        }
        _ => " It sees the same two images as the camera's system did, so it can make the same mistake.",
    });
    text.push_str(" It cannot separate twins or close relatives. Look for yourself, and ask.");
    text
}

/// The interval's upper end as one in so many, rounded to the worse side.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, which is meant")]
fn one_in(judged: &JudgedRate) -> Option<u64> {
    let worst = judged.around()?.to;
    (worst > 0.0).then(|| ((1.0 / worst).floor() as u64).max(1))
}
