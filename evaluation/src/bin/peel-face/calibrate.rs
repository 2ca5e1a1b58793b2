//! `cargo face calibrate`: from tables of scores after an alert to a calibration that two people can sign.
//!
//! Must never: sign, move a band by a demonstration, or make one less strict than it is in force unless it is asked to.
//! Always: fitted on one half, judged on the other; marked as a demonstration while too few people judge it; what officers
//! are told of errors changes only when it is more than a demonstration.

use std::path::{Path, PathBuf};

use clap::Args;
use peel_domain::calibration::{
    BandsFrom, Calibration, LEAST_JUDGED_PEOPLE, Limit, Millionths, RateCode, Study, TestedRate, ToldRate,
    UseCalibration,
};
use peel_domain::permit::ComparisonPurpose;
use peel_evaluation::calibration::{Asked, Found, JudgedRate, Keep, fit, judge, read, sentence};
use peel_evaluation::report::calibration_html;
use peel_face::inspect::models;
use serde::Serialize;

use crate::models::repository_models;

/// Fits and judges a calibration on tables of scores that `alerts` and `evaluate` made, one for each use.
///
/// Writes the calibration as people read it (to be signed by `sign`) and a report: `calibration.html` to read,
/// `calibration.json` for a machine.
#[derive(Args)]
pub(crate) struct Calibrate {
    /// The tables of scores; at most one for each use. A use without one stays as it is.
    #[arg(required = true)]
    scores: Vec<PathBuf>,
    /// The new calibration.
    #[arg(long, value_name = "FILE.toml")]
    out: PathBuf,
    /// The folder that the report goes to.
    #[arg(long, value_name = "DIR")]
    report: PathBuf,
    /// The calibration in force: its quality floors are kept, and bands do not get less strict than its own.
    #[arg(long, value_name = "FILE.toml")]
    base: Option<PathBuf>,
    /// "Supports" from this likelihood ratio on: ten times as likely for a true alert as for a false one.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    supports_ratio: u32,
    /// "Does not support" from one in so many down.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    does_not_support_ratio: u32,
    /// Let the bands get less strict than those in force; a demonstration may not.
    #[arg(long)]
    may_loosen: bool,
}

/// The report for a machine.
#[derive(Serialize)]
struct Machine<'found> {
    demonstration: bool,
    least_judged_people: u32,
    uses: &'found [Found],
}

const HEAD: &str = "\
# Made by `cargo face calibrate`, signed by `cargo face sign`. All numbers are whole: scores and rates in millionths, quality
# in thousandths of each measure's unit, likelihood ratios as [score, from, ratio, to] with the last three in thousandths of
# the decimal logarithm.
";

impl Calibrate {
    /// Fits, judges and writes.
    pub(crate) fn run(self) -> Result<(), String> {
        let base = self.base.clone().unwrap_or_else(|| repository_models().join("calibration.toml"));
        let base = crate::sign::read(&base)?;
        let mut next = Calibration {
            version: base.version.checked_add(1).ok_or("there is no higher version")?,
            models: models().map_err(|error| error.to_string())?,
            ..base.clone()
        };
        let mut all = Vec::new();
        for scores in &self.scores {
            let found = self.one(scores, &base)?;
            if all.iter().any(|other: &Found| other.purpose == found.purpose) {
                return Err("two tables are of the same use".to_owned());
            }
            all.push(found);
        }
        for found in &all {
            fill(next.of_mut(purpose(&found.purpose)), found)?;
        }
        conclude(&mut next, &base);
        if let Some(what) = next.contradictions().first() {
            return Err(format!("the result contradicts itself: {what}"));
        }
        self.write(&next, &all)
    }

    fn one(&self, scores: &Path, base: &Calibration) -> Result<Found, String> {
        let study = read(scores).map_err(|error| error.to_string())?;
        let part = base.of(purpose(&study.purpose));
        let keep = [part.supports_above, part.does_not_support_below].map(Millionths::value);
        let asked = Asked {
            supports_ratio: self.supports_ratio,
            does_not_support_ratio: self.does_not_support_ratio,
            keep: match (too_few(study.judge.people), self.may_loosen) {
                (true, true) => return Err("so few people move no band".to_owned()),
                (true, false) => Keep::Both(keep),
                (false, false) => Keep::Strictness(keep),
                (false, true) => Keep::Nothing,
            },
        };
        let fitted = fit(&study.fit, asked).map_err(|error| error.to_string())?;
        let judgement = judge(&study, &fitted);
        let sentence = sentence(&study.purpose, &judgement);
        Ok(Found { purpose: study.purpose, scores_sha256: study.sha256, fitted, judgement, sentence })
    }

    fn write(&self, next: &Calibration, all: &[Found]) -> Result<(), String> {
        let written = |error: std::io::Error| format!("a file cannot be written ({})", error.kind());
        let text = next.to_toml().map_err(|error| error.to_string())?;
        std::fs::create_dir_all(&self.report).map_err(written)?;
        std::fs::write(&self.out, format!("{HEAD}{text}")).map_err(written)?;
        let mark = format!(
            "Demonstration calibration, not for operations: fewer than {LEAST_JUDGED_PEOPLE} people judged it."
        );
        let mark = next.demonstration.then_some(mark.as_str());
        let now = chrono::Utc::now().format("%Y-%m-%d %H:%M UTC").to_string();
        std::fs::write(self.report.join("calibration.html"), calibration_html(all, mark, &now)).map_err(written)?;
        let machine =
            Machine { demonstration: next.demonstration, least_judged_people: LEAST_JUDGED_PEOPLE, uses: all };
        let numbers = serde_json::to_vec_pretty(&machine).map_err(|_| "the numbers cannot be written".to_owned())?;
        std::fs::write(self.report.join("calibration.json"), numbers).map_err(written)?;
        for found in all {
            eprintln!("{}: {}", found.purpose, found.sentence);
        }
        if let Some(mark) = mark {
            eprintln!("{mark}");
        }
        Ok(())
    }
}

fn too_few(judged_people: usize) -> bool {
    u32::try_from(judged_people).is_ok_and(|people| people < LEAST_JUDGED_PEOPLE)
}

fn purpose(code: &str) -> ComparisonPurpose {
    if code == "close_photograph" { ComparisonPurpose::ClosePhotograph } else { ComparisonPurpose::AlertProbe }
}

fn small(count: u64) -> Result<u32, String> {
    u32::try_from(count).map_err(|_| "there are more of them than a calibration can say".to_owned())
}

/// What was found out, into the document's part of one use.
fn fill(part: &mut UseCalibration, found: &Found) -> Result<(), String> {
    let (fitted, judgement) = (&found.fitted, &found.judgement);
    let [supports, doubts] = fitted.bounds;
    let statement = statement(part, found);
    part.statement = statement;
    part.bands_from = fitted.bands_from;
    part.supports_above = Millionths(supports);
    part.does_not_support_below = Millionths(doubts);
    part.likelihood.clone_from(&fitted.map);
    part.study = Some(Study {
        scores_sha256: found.scores_sha256.clone(),
        fitted_people: small(fitted.people)?,
        judged_people: small(judgement.people)?,
        watchlist_entries: small(fitted.watchlist.min(judgement.watchlist))?,
        supports_ratio: fitted.asked.supports_ratio,
        does_not_support_ratio: fitted.asked.does_not_support_ratio,
    });
    let rates = judgement.alert.rates;
    let both = [
        (RateCode::FalseAlertsGivenSupports, rates.false_support),
        (RateCode::TrueAlertsGivenDoesNotSupport, rates.false_doubt),
    ];
    part.tested = both.into_iter().map(|(code, judged)| tested(code, &judged)).collect::<Result<Vec<_>, _>>()?;
    part.tested.retain(|rate| rate.of > 0);
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "a rate is from 0 to 1")]
fn tested(code: RateCode, judged: &JudgedRate) -> Result<TestedRate, String> {
    // Too few for a rate: the interval then says nothing, and says so.
    let around = judged.around();
    let from = around.map_or(0, |around| (around.from * 1e6).floor() as i32);
    let to = around.map_or(1_000_000, |around| (around.to * 1e6).ceil() as i32);
    Ok(TestedRate {
        code,
        errors: small(judged.rate.errors)?,
        of: small(judged.rate.of)?,
        people: small(judged.rate.people)?,
        from: Millionths(from),
        to: Millionths(to),
    })
}

const BEFORE: &str = " Of the bounds of before and of the quality floors: ";

/// How the part came about. Where bounds of before stay, so does what was said of them.
fn statement(part: &UseCalibration, found: &Found) -> String {
    let fitted = &found.fitted;
    let at = |score: Option<f64>| score.map_or_else(|| "not carried".to_owned(), |score| format!("{score:.3}"));
    let [non_mated, mated] = fitted.pairs;
    let mut text = format!(
        "Likelihood ratio: logistic on the scores of {mated} true and {non_mated} false alerts of {} people, picked from a \
         watchlist of {} by this same embedder on degraded images; judged on {} other people. A ratio of {} lies at {}, one \
         of 1 in {} at {}.",
        fitted.people,
        fitted.watchlist,
        found.judgement.people,
        fitted.asked.supports_ratio,
        at(fitted.supports.score),
        fitted.asked.does_not_support_ratio,
        at(fitted.does_not_support.score),
    );
    text.push_str(match fitted.bands_from {
        BandsFrom::LikelihoodRatio => " The bands' bounds are these.",
        BandsFrom::StricterOfBoth => " Of these and the bounds of before, the stricter count.",
        BandsFrom::StartingValues => {
            " So few people move no band: the bounds of before stay, and no opinion rests on the ratio, because they do not \
             show how low the scores of true alerts and how high those of lookalikes can be."
        }
    });
    if fitted.bands_from != BandsFrom::LikelihoodRatio {
        text.push_str(BEFORE);
        // What was said before the first ratio was fitted, and not every sentence since.
        text.push_str(part.statement.rsplit(BEFORE).next().unwrap_or_default());
    }
    text
}

/// Mark, limits, names and what officers are told.
fn conclude(next: &mut Calibration, base: &Calibration) {
    let judged = |part: &UseCalibration| part.study.as_ref().map_or(0, |study| study.judged_people);
    let least = judged(&next.alert_probe).min(judged(&next.close_photograph));
    next.demonstration = least < LEAST_JUDGED_PEOPLE;
    next.statement = if next.demonstration {
        format!("Demonstration calibration, not for operations: fewer than {LEAST_JUDGED_PEOPLE} people judged it.")
    } else {
        format!("Each use was judged by {least} people and more, none of whom it was fitted on.")
    };
    let (demonstration, version) = (next.demonstration, next.version);
    for (purpose, name) in
        [(ComparisonPurpose::AlertProbe, "alert-probe"), (ComparisonPurpose::ClosePhotograph, "close-photograph")]
    {
        let before = base.of(purpose);
        let part = next.of_mut(purpose);
        if part.study != before.study {
            part.id = format!("{name}-{}{version}", if demonstration { "demonstration-" } else { "" });
        }
        if demonstration {
            part.limits.insert(Limit::CalibrationNotFitted);
            part.told.clone_from(&before.told);
        } else {
            part.limits.remove(&Limit::CalibrationNotFitted);
            let told = |rate: &TestedRate| ToldRate { code: rate.code, numerator: rate.errors, denominator: rate.of };
            part.told = part.tested.iter().map(told).collect();
        }
    }
}
