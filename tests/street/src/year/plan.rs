//! What happens in the year: the published totals exactly, everything else drawn.

use chrono::{Days, NaiveDate};
use peel_domain::ethnicity::{EthnicGroup, EthnicityCode, NotStated, SelfDefined};
use peel_domain::judgement::NoEngagementReason;
use peel_domain::stop::{FalseAlertCause, NoActionReason, OtherOutcome};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Totals that a force published for September 2024 to September 2025.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Deployments.
    pub deployments: usize,
    /// Faces seen, as estimated.
    pub faces: u64,
    /// Alerts.
    pub alerts: usize,
    /// False ones.
    pub false_alerts: usize,
    /// False ones at which somebody was stopped.
    pub engaged_false: usize,
    /// Arrests.
    pub arrests: usize,
}

/// The published totals.
pub const PUBLISHED: Totals =
    Totals { deployments: 203, faces: 3_147_436, alerts: 2_077, false_alerts: 10, engaged_false: 6, arrests: 962 };

/// Ten different main causes for ten false alerts, as the report has it; lighting, angle, covering, a twin and a wrong
/// gender are named there, the others are ours.
const CAUSES: [FalseAlertCause; 10] = [
    FalseAlertCause::LowLight,
    FalseAlertCause::HeadAngle,
    FalseAlertCause::Clothing,
    FalseAlertCause::IdenticalTwin,
    FalseAlertCause::GenderWrong,
    FalseAlertCause::PasserBy,
    FalseAlertCause::LookingDown,
    FalseAlertCause::ReferenceOld,
    FalseAlertCause::BlurOrLowResolution,
    FalseAlertCause::UnrelatedLookalikeGoodImages,
];

/// What becomes of an alert.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// Stopped, the right person, arrested.
    Arrest,
    /// Stopped, the right person, another outcome.
    Other(OtherOutcome),
    /// Stopped, the right person, no action.
    NoAction(NoActionReason),
    /// Stopped, somebody else.
    FalseStop(FalseAlertCause),
    /// False, and the operator withdrew it.
    FalseByOperator(FalseAlertCause),
    /// False, and an officer's blind judgement said so.
    FalseByBlind(FalseAlertCause),
    /// False, and the officer said so after the reveal.
    FalseAfterReveal(FalseAlertCause),
    /// Judged to be the person, and lost on the way.
    Lost,
    /// Judged to be the person, and not engaged.
    NotEngaged(NoEngagementReason),
    /// Nobody decided; the supervisor states the truth.
    Unseen,
    /// The same person again.
    Duplicate,
    /// Withdrawn for a technical reason.
    Technical,
    /// A member of staff who tests the system.
    TestSubject,
}

/// What becomes of a doubt after the reveal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It has gone.
    Gone,
    /// It stays.
    Stays,
}

/// One alert.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::struct_excessive_bools)] // separate draws
pub struct AlertPlan {
    /// What becomes of it.
    pub fate: Fate,
    /// When, in seconds after the deployment's beginning.
    pub at_s: u32,
    /// How long a stop lasts, in seconds.
    pub stop_s: u32,
    /// What the person says of their ethnicity; `None` where nobody asks.
    pub ethnicity: Option<SelfDefined>,
    /// The entry is of somebody under 18: two officers must judge.
    pub under_18: bool,
    /// The officer puts the blind judgement off.
    pub skipped: bool,
    /// The officer cannot tell, blind; after the reveal they say "same", or cannot tell still.
    pub doubt: Option<Doubt>,
    /// Force is used.
    pub force: bool,
    /// The receipt is taken.
    pub receipt_taken: bool,
}

/// A group of test subjects walks past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkPlan {
    /// How they define themselves.
    pub group: EthnicGroup,
    /// How often.
    pub passes: u32,
    /// Recognised, each with an alert.
    pub recognised: u32,
}

/// One deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentPlan {
    /// Its day.
    pub day: NaiveDate,
    /// How long it is live, in seconds, with one pause.
    pub length_s: u32,
    /// Faces seen.
    pub faces: u64,
    /// Entries on the watchlist.
    pub watchlist: u32,
    /// Its threshold, in thousandths.
    pub threshold: u16,
    /// From this alert on at another threshold.
    pub threshold_change: Option<(usize, u16)>,
    /// Its alerts.
    pub alerts: Vec<AlertPlan>,
    /// Test subjects.
    pub walks: Vec<WalkPlan>,
}

/// The year.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Its first day.
    pub from: NaiveDate,
    /// Its last day.
    pub to: NaiveDate,
    /// Its deployments.
    pub deployments: Vec<DeploymentPlan>,
}

/// An exponential draw.
fn weight(rng: &mut StdRng) -> f64 {
    -(1.0 - rng.random_range(0.0..1.0_f64)).ln()
}

/// `total` in as many parts as there are weights, in proportion, each at least `least`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)] // counts of a plan
fn parts(total: u64, weights: &[f64], least: &[u64]) -> Vec<u64> {
    let free = total.saturating_sub(least.iter().sum());
    let sum: f64 = weights.iter().sum();
    let mut found = Vec::with_capacity(weights.len());
    let (mut reached, mut given) = (0.0, 0_u64);
    for (weight, least) in weights.iter().zip(least) {
        reached += weight;
        let until = ((free as f64) * reached / sum).round() as u64;
        found.push(least + until.min(free).saturating_sub(given));
        given = given.max(until.min(free));
    }
    found
}

fn shuffle<T>(rng: &mut StdRng, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        items.swap(last, rng.random_range(0..=last));
    }
}

fn one_of<T: Clone>(rng: &mut StdRng, weighted: &[(T, u32)]) -> Option<T> {
    let sum: u32 = weighted.iter().map(|(_, weight)| weight).sum();
    let mut at = rng.random_range(0..sum.max(1));
    for (item, weight) in weighted {
        if at < *weight {
            return Some(item.clone());
        }
        at -= weight;
    }
    None
}

/// Made up, and the same for true and false alerts: nothing is said here about any people.
fn ethnicity(rng: &mut StdRng) -> Option<SelfDefined> {
    use EthnicityCode::{A1, A2, A9, B1, B2, B9, M1, M9, O2, O9, W1, W2, W9};
    let codes = [W1, W1, W1, W1, W2, W9, W9, B1, B1, B2, B2, B9, A1, A2, A9, M1, M9, O2, O9];
    match rng.random_range(0..100) {
        0..=2 => None,
        3..=9 => Some(SelfDefined::NotStated(NotStated::N3)),
        _ => codes.get(rng.random_range(0..codes.len())).copied().map(SelfDefined::Code),
    }
}

/// A stop's length around a middle, in seconds: long ones are rarer than short ones, none is shorter than a minute.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn stop_s(rng: &mut StdRng, middle: f64, most: f64) -> u32 {
    let spread: f64 = (0..12).map(|_| rng.random_range(0.0..1.0_f64)).sum::<f64>() - 6.0;
    (middle * (0.5 * spread).exp()).clamp(61.0, most) as u32
}

/// A fate that a cause belongs to.
type OfCause = fn(FalseAlertCause) -> Fate;

fn fates(rng: &mut StdRng) -> Vec<Fate> {
    let Totals { alerts, false_alerts, engaged_false, arrests, .. } = PUBLISHED;
    let mut causes = CAUSES.to_vec();
    shuffle(rng, &mut causes);
    let ways: [(OfCause, u32); 3] = [(Fate::FalseByOperator, 1), (Fate::FalseByBlind, 2), (Fate::FalseAfterReveal, 1)];
    let mut fates = Vec::with_capacity(alerts);
    for (at, cause) in causes.into_iter().take(false_alerts).enumerate() {
        let way = if at < engaged_false { Some(Fate::FalseStop as OfCause) } else { one_of(rng, &ways) };
        fates.extend(way.map(|way| way(cause)));
    }
    fates.extend((0..arrests).map(|_| Fate::Arrest));
    let others = [
        (OtherOutcome::ConditionsCheckedCompliant, 12),
        (OtherOutcome::ConditionsBreachReported, 2),
        (OtherOutcome::VoluntaryAttendance, 2),
        (OtherOutcome::SafeguardingDisclosure, 1),
        (OtherOutcome::MissingPersonSafe, 1),
        (OtherOutcome::IntelligenceRecorded, 3),
        (OtherOutcome::WordsOfAdvice, 2),
    ];
    let none = [
        (NoActionReason::NoLongerWanted, 3),
        (NoActionReason::AlreadyOnBail, 3),
        (NoActionReason::NotInPublicInterest, 2),
    ];
    let unengaged = [
        (NoEngagementReason::SubjectLeftArea, 4),
        (NoEngagementReason::NoOfficerAvailable, 3),
        (NoEngagementReason::HigherPriority, 2),
        (NoEngagementReason::EntryStaleOrError, 1),
        (NoEngagementReason::UnsafeForPublic, 1),
    ];
    while fates.len() < alerts {
        let drawn = match rng.random_range(0..100) {
            0..=44 => one_of(rng, &others).map(Fate::Other),
            45..=57 => one_of(rng, &none).map(Fate::NoAction),
            58..=82 => Some(Fate::Lost),
            83..=97 => one_of(rng, &unengaged).map(Fate::NotEngaged),
            _ => Some(Fate::Unseen),
        };
        fates.extend(drawn);
    }
    shuffle(rng, &mut fates);
    fates
}

impl Plan {
    /// The year of a seed.
    pub fn draw(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let from = NaiveDate::from_ymd_opt(2024, 9, 2).unwrap_or_default();
        let days = 365;
        let to = from.checked_add_days(Days::new(days - 1)).unwrap_or(from);
        let number = PUBLISHED.deployments;
        let weights: Vec<f64> = (0..number).map(|_| 0.2 + weight(&mut rng)).collect();
        let alerts = parts(PUBLISHED.alerts as u64, &weights, &vec![0; number]);
        let least: Vec<u64> = alerts.iter().map(|alerts| alerts * 50 + 500).collect();
        let faces = parts(PUBLISHED.faces, &weights, &least);
        let mut drawn = fates(&mut rng).into_iter();
        let mut deployments: Vec<DeploymentPlan> = alerts
            .iter()
            .zip(&faces)
            .map(|(alerts, faces)| {
                let day = from.checked_add_days(Days::new(rng.random_range(0..days))).unwrap_or(from);
                let number = usize::try_from(*alerts).unwrap_or_default();
                draw_deployment(&mut rng, day, *faces, drawn.by_ref().take(number).collect())
            })
            .collect();
        deployments.sort_by_key(|deployment| deployment.day);
        Self { from, to, deployments }
    }
}

fn draw_deployment(rng: &mut StdRng, day: NaiveDate, faces: u64, mut of_alerts: Vec<Fate>) -> DeploymentPlan {
    for (fate, in_a_hundred) in [(Fate::Duplicate, 15), (Fate::Technical, 5)] {
        if rng.random_range(0..100) < in_a_hundred {
            of_alerts.push(fate);
        }
    }
    let mut walks = Vec::new();
    if rng.random_range(0..5) == 0 {
        for group in [EthnicGroup::White, EthnicGroup::Asian, EthnicGroup::Black] {
            let passes = rng.random_range(5..15_u32);
            let recognised = (0..passes).filter(|_| rng.random_range(0..100) < 88).count();
            of_alerts.extend((0..recognised).map(|_| Fate::TestSubject));
            walks.push(WalkPlan { group, passes, recognised: u32::try_from(recognised).unwrap_or(0) });
        }
    }
    shuffle(rng, &mut of_alerts);
    let length_s = rng.random_range(4 * 3_600..7 * 3_600_u32);
    let mut times: Vec<u32> = of_alerts.iter().map(|_| rng.random_range(600..length_s - 600)).collect();
    times.sort_unstable();
    let alerts: Vec<AlertPlan> =
        of_alerts.into_iter().zip(times).map(|(fate, at_s)| draw_alert(rng, fate, at_s)).collect();
    let changes = rng.random_range(0..12) == 0 && alerts.len() > 3;
    DeploymentPlan {
        day,
        length_s,
        faces,
        watchlist: rng.random_range(9_000..17_500),
        threshold: 640,
        threshold_change: changes.then(|| (rng.random_range(1..alerts.len()), 620)),
        alerts,
        walks,
    }
}

fn draw_alert(rng: &mut StdRng, fate: Fate, at_s: u32) -> AlertPlan {
    let is_false = matches!(fate, Fate::FalseStop(_));
    let judged_as_true = matches!(fate, Fate::Arrest | Fate::Other(_) | Fate::NoAction(_));
    let skipped = judged_as_true && rng.random_range(0..100) < 6;
    AlertPlan {
        at_s,
        // The report says of the false ones that none took more than five minutes.
        stop_s: if is_false { stop_s(rng, 150.0, 299.0) } else { stop_s(rng, 540.0, 5_400.0) },
        ethnicity: ethnicity(rng),
        under_18: judged_as_true && !skipped && rng.random_range(0..100) < 2,
        skipped,
        doubt: match rng.random_range(0..100) {
            0..=5 if judged_as_true && !skipped => Some(Doubt::Gone),
            6..=9 if judged_as_true && !skipped => Some(Doubt::Stays),
            _ => None,
        },
        force: rng.random_range(0..100) < if fate == Fate::Arrest { 15 } else { 1 },
        receipt_taken: rng.random_range(0..100) < 60,
        fate,
    }
}
