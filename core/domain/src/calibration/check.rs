//! What a calibration may not say against itself, or against what no calibration may change.

use std::collections::BTreeSet;

use crate::calibration::{
    BandsFrom, Calibration, Knot, LEAST_JUDGED_PEOPLE, Limit, MAX_LOG10_THOUSANDTHS, Millionths, QualityFloors, Study,
    TestedRate, UseCalibration, ratio_at,
};

/// One thing that a calibration says against itself, or against what must hold of every one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Contradiction {
    /// No version, or a name that is empty, too long, or the same for both uses.
    #[error("a version or a name is missing, or both uses have one name")]
    Names,
    /// A hash is not lower-case hexadecimal SHA-256.
    #[error("a hash is not one")]
    Hash,
    /// What is told "does not support" lies above what is told "supports", or a bound lies outside of -1 to 1.
    #[error("the bounds are crossed or out of range")]
    Bounds,
    /// The likelihood ratio falls as the score rises, or two knots have one score.
    #[error("the likelihood ratio is not monotone")]
    NotMonotone,
    /// A ratio that no test can carry.
    #[error("a likelihood ratio is too great")]
    RatioTooGreat,
    /// A ratio outside of its own interval.
    #[error("a likelihood ratio lies outside of its interval")]
    Interval,
    /// A fitted bound where the ratio is weaker than the study says.
    #[error("a bound and the likelihood ratio disagree")]
    BoundAgainstRatio,
    /// A ratio, a tested rate or fitted bands without the people behind them, or people without a ratio.
    #[error("what was fitted and on whom do not go together")]
    Study,
    /// Too few people judged it for anything but a demonstration, and it does not say so.
    #[error("it is not marked as a demonstration")]
    NotMarked,
    /// A floor out of range, or one for an opinion that is stricter than the one for a conclusion.
    #[error("the quality floors contradict each other")]
    Floors,
    /// A rate of more errors than cases, without cases, or outside of its interval.
    #[error("a rate contradicts itself")]
    Rate,
    /// A limit that has to be said is missing.
    #[error("a limit that has to be said is missing")]
    Limit,
}

impl Contradiction {
    /// A stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Names => "calibration.names",
            Self::Hash => "calibration.hash",
            Self::Bounds => "calibration.bounds",
            Self::NotMonotone => "calibration.not_monotone",
            Self::RatioTooGreat => "calibration.ratio_too_great",
            Self::Interval => "calibration.interval",
            Self::BoundAgainstRatio => "calibration.bound_against_ratio",
            Self::Study => "calibration.study",
            Self::NotMarked => "calibration.not_marked",
            Self::Floors => "calibration.floors",
            Self::Rate => "calibration.rate",
            Self::Limit => "calibration.limit",
        }
    }
}

/// Longest name, in bytes.
const MAX_NAME_BYTES: usize = 64;
/// Longest statement, in bytes.
const MAX_STATEMENT_BYTES: usize = 4_000;
/// Most knots of a map.
const MAX_KNOTS: usize = 512;

impl Calibration {
    /// Everything that is wrong with it; empty for a sound one.
    pub fn contradictions(&self) -> BTreeSet<Contradiction> {
        let uses = [(&self.alert_probe, true), (&self.close_photograph, false)];
        let mut found: BTreeSet<Contradiction> =
            uses.into_iter().flat_map(|(part, same_images)| of_use(part, same_images, self.demonstration)).collect();
        let named =
            self.version > 0 && is_statement(&self.statement) && self.alert_probe.id != self.close_photograph.id;
        if !named {
            found.insert(Contradiction::Names);
        }
        if ![&self.models.detector_sha256, &self.models.embedder_sha256].into_iter().all(|hash| is_sha256(hash)) {
            found.insert(Contradiction::Hash);
        }
        let judged = |part: &UseCalibration| part.study.as_ref().map_or(0, |study| study.judged_people);
        if !self.demonstration && uses.into_iter().any(|(part, _)| judged(part) < LEAST_JUDGED_PEOPLE) {
            found.insert(Contradiction::NotMarked);
        }
        found
    }
}

fn of_use(part: &UseCalibration, same_images: bool, demonstration: bool) -> Vec<Contradiction> {
    let checks = [
        (!is_name(&part.id) || !is_statement(&part.statement), Contradiction::Names),
        (!bounds_hold(part), Contradiction::Bounds),
        (!is_monotone(&part.likelihood), Contradiction::NotMonotone),
        (part.likelihood.iter().any(is_too_great), Contradiction::RatioTooGreat),
        (part.likelihood.iter().any(|knot| knot.from > knot.ratio || knot.ratio > knot.to), Contradiction::Interval),
        (!ratio_agrees(part), Contradiction::BoundAgainstRatio),
        (!study_fits(part), Contradiction::Study),
        (part.study.as_ref().is_some_and(|study| !is_sha256(&study.scores_sha256)), Contradiction::Hash),
        (!floors_hold(&part.possible, &part.conclusive), Contradiction::Floors),
        (part.told.iter().any(|rate| rate.denominator == 0 || rate.numerator > rate.denominator), Contradiction::Rate),
        (!part.tested.iter().all(rate_holds), Contradiction::Rate),
        (!limits_are_said(&part.limits, same_images, demonstration), Contradiction::Limit),
    ];
    checks.into_iter().filter_map(|(wrong, what)| wrong.then_some(what)).collect()
}

fn is_name(name: &str) -> bool {
    let letters = name.bytes().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-');
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && letters
}

fn is_statement(text: &str) -> bool {
    let printable = text.chars().all(|letter| !letter.is_control() || letter == '\n');
    !text.trim().is_empty() && text.len() <= MAX_STATEMENT_BYTES && printable
}

fn is_sha256(hash: &str) -> bool {
    hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
}

fn is_score(score: Millionths) -> bool {
    (-1_000_000..=1_000_000).contains(&score.0)
}

fn bounds_hold(part: &UseCalibration) -> bool {
    let scores = [part.supports_above, part.does_not_support_below];
    scores.into_iter().all(is_score) && part.does_not_support_below < part.supports_above
}

fn is_monotone(map: &[Knot]) -> bool {
    let rises = |pair: &[Knot]| match pair {
        [low, high] => low.score < high.score && low.from <= high.from && low.ratio <= high.ratio && low.to <= high.to,
        _ => true,
    };
    map.len() <= MAX_KNOTS && map.iter().all(|knot| is_score(knot.score)) && map.windows(2).all(rises)
}

fn is_too_great(knot: &Knot) -> bool {
    let range = -MAX_LOG10_THOUSANDTHS..=MAX_LOG10_THOUSANDTHS;
    [knot.from, knot.ratio, knot.to].iter().any(|log10| !range.contains(log10))
}

/// Thousandths of the decimal logarithm of a whole ratio, rounded down.
fn log10_thousandths(ratio: u32) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "the logarithm of a 32-bit number is below 10")]
    let thousandths = (f64::from(ratio.max(1)).log10() * 1e3).floor() as i32;
    thousandths
}

/// A fitted bound stands where the ratio says as much as the study asks for, to the rounding of both.
fn ratio_agrees(part: &UseCalibration) -> bool {
    let at = |score| ratio_at(&part.likelihood, score).map(|knot| knot.ratio);
    let Some(study) = part.study.as_ref().filter(|_| part.bands_from != BandsFrom::StartingValues) else { return true };
    let supports = at(part.supports_above).is_some_and(|ratio| ratio + 2 >= log10_thousandths(study.supports_ratio));
    let doubts = at(part.does_not_support_below);
    supports && doubts.is_some_and(|ratio| ratio - 2 <= -log10_thousandths(study.does_not_support_ratio))
}

fn study_fits(part: &UseCalibration) -> bool {
    let fitted = !part.likelihood.is_empty();
    let sound = |study: &Study| {
        study.fitted_people > 0
            && study.judged_people > 0
            && study.watchlist_entries > 0
            && study.supports_ratio > 1
            && study.does_not_support_ratio > 1
    };
    match &part.study {
        Some(study) => fitted && sound(study) && part.tested.iter().all(|rate| rate.people <= study.judged_people),
        None => !fitted && part.tested.is_empty() && part.bands_from == BandsFrom::StartingValues,
    }
}

fn floors_hold(possible: &QualityFloors, conclusive: &QualityFloors) -> bool {
    let least = |floors: &QualityFloors| {
        [floors.inter_eye_pixels, floors.detector_score, floors.embedding_norm, floors.sharpness, floors.darkest]
    };
    let greatest = |floors: &QualityFloors| [floors.brightest, floors.yaw, floors.pitch, floors.rival_fraction];
    let stricter = least(possible).into_iter().zip(least(conclusive)).all(|(one, other)| one <= other)
        && greatest(possible).into_iter().zip(greatest(conclusive)).all(|(one, other)| one >= other);
    // A detector's score and a part end at 1, luma at 255; the others at what no photograph has.
    let in_range = [possible, conclusive].into_iter().all(|floors| {
        [floors.detector_score, floors.yaw, floors.pitch, floors.rival_fraction].iter().all(|part| part.0 <= 1_000)
            && [floors.darkest, floors.brightest].iter().all(|luma| luma.0 <= 255_000)
            && floors.darkest < floors.brightest
            && [floors.inter_eye_pixels, floors.embedding_norm, floors.sharpness]
                .iter()
                .all(|least| least.0 <= 1_000_000)
    });
    stricter && in_range
}

fn rate_holds(rate: &TestedRate) -> bool {
    let [errors, of, from, to] =
        [i64::from(rate.errors), i64::from(rate.of), i64::from(rate.from.0), i64::from(rate.to.0)];
    let around = from * of <= errors * 1_000_000 && errors * 1_000_000 <= to * of;
    of > 0
        && errors <= of
        && rate.people > 0
        && (0..=1_000_000).contains(&from)
        && from < to
        && to <= 1_000_000
        && around
}

fn limits_are_said(limits: &BTreeSet<Limit>, same_images: bool, demonstration: bool) -> bool {
    limits.contains(&Limit::CannotSeparateTwinsOrCloseRelatives)
        && limits.contains(&Limit::SameImagesAsTheAlert) == same_images
        && (!demonstration || limits.contains(&Limit::CalibrationNotFitted))
}
