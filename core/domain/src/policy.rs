//! The policy: every number and every choice that a force may set, as one signed document with a version.
//!
//! For: the rules read their N values here and nowhere else. Must never: hold a wording, a person or a place.
//! Always: [`Policy::strictest`] is the default; a policy that is unsigned or contradicts itself is refused
//! ([`verify_policy`], [`Policy::contradictions`]).

mod check;
mod sign;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::alert::Thousandths;
use crate::id::ForceId;
use crate::stop::{ArrestKind, Power};

pub use check::{Contradiction, MAX_AFTER_CLOSE_S, MAX_LIVE_CAPTURE_S, MAX_MEDIA_LIFE_S};
pub use sign::{PolicyError, PolicySigner, PolicyTrust, SignedPolicy, sign_policy, verify_policy};

/// The version of the document's form; readers refuse another.
pub const POLICY_FORMAT: u8 = 1;

/// Whether the blind judgement is asked for (S05). "Cannot judge now" reveals at once under each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlindRule {
    /// Asked for; putting it off needs a stated reason.
    Required,
    /// Asked for; it may be put off without a reason.
    Encouraged,
    /// Not asked for: showing the alert logs the skip and reveals.
    Off,
}

/// When a second officer must have judged blind before "engage" is available (S04).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TwoPersonRule {
    /// Never.
    Off,
    /// For people under 18 and vulnerable people.
    UnderEighteenOrVulnerable,
    /// Always. A phone without a network cannot then engage, which is why this is not the default.
    Always,
}

/// Rules on judgements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgementRules {
    /// Blind judgement.
    pub blind: BlindRule,
    /// Two persons.
    pub two_person: TwoPersonRule,
    /// Whether a name may be shown after the reveal.
    pub show_name: bool,
    /// Share of skips above which the supervisor reviews, in per cent (S06).
    pub skip_review_percent: u8,
}

/// Rules on alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertRules {
    /// For how long an alert may be acted on, in seconds.
    pub stale_after_s: u32,
    /// After how many hours an entry's last check is shown as old (S53).
    pub entry_current_for_h: u32,
    /// Thresholds below this are warned of and logged (S44).
    pub threshold_floor: Thousandths,
    /// For how long contact may still be recorded when an engaged alert went stale or was withdrawn, in seconds: a
    /// stop that happens must be on record.
    pub late_contact_s: u32,
    /// Shortest note on necessity and proportionality, in characters (S22).
    pub note_min_chars: u32,
}

/// Rules on the secondary face check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckRules {
    /// Whether the alert's probe may be compared with its reference.
    pub alert_probe: bool,
    /// Whether a close photograph may be compared with the reference.
    pub close_photograph: bool,
    /// How long a close photograph may live in memory, in seconds (S19).
    pub live_capture_max_s: u32,
}

/// Rules on stops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopRules {
    /// When the timer prompts, in seconds from contact, ascending.
    pub prompts_s: Vec<u32>,
    /// A stop longer than this on a false alert raises a review, in seconds (S52).
    pub review_over_s: u32,
    /// Whether the officer must have explained that LFR was used before "left" (S50).
    pub explanation_required: bool,
    /// Whether a receipt must have been offered before "left" (S48).
    pub receipt_required: bool,
    /// Whether mobile fingerprints may be used.
    pub fingerprint_allowed: bool,
    /// After how many supporting documents a fingerprint or a face check needs a reason (S51).
    pub documents_enough: u8,
    /// Fewest words in the grounds of an arrest that are not about the alert (S11).
    pub grounds_min_words: u32,
}

/// Rules on media.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaRules {
    /// After closing, in seconds (S24).
    pub after_close_s: u32,
    /// After capture at the latest, in seconds (S25).
    pub after_capture_s: u32,
    /// Longest evidence hold, in days (S28).
    pub evidence_hold_max_days: u32,
    /// The key of the force's evidence system that held images are sealed to, as `x25519:` or `p256:` and hexadecimal;
    /// where it is not given, nothing can be held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_key: Option<String>,
}

/// Rules on the phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRules {
    /// Locks after this long in the pocket, in seconds (S38).
    pub lock_after_s: u32,
    /// Longest session, in seconds (S38).
    pub session_max_s: u32,
    /// Failed unlocks that sign out (S38).
    pub failed_unlocks_max: u8,
    /// Media keys lapse after so many hours without contact (S39).
    pub lapse_without_contact_h: u32,
}

/// Rules on the trail's copy on the phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrailRules {
    /// How long the phone keeps the sealed bodies that the force has confirmed, in days.
    pub keep_days: u32,
    /// How far back the force's backups may reach, in days: what a restored backup may lack, the phone can still send.
    pub backup_horizon_days: u32,
    /// The key of the force's desk that new entries are sealed to, as `x25519:` or `p256:` and hexadecimal; where it is
    /// not given, the one from the enrolment. A force changes it every month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations_key: Option<String>,
    /// Outside witnesses without whose cosignatures over the force log nothing goes from a phone; where they are not
    /// given, the force log's own key is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witnesses: Option<WitnessRule>,
}

/// Which outside witnesses count, and how many of them must have cosigned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessRule {
    /// Their verifier keys (C2SP signed-note, type 0x04).
    pub keys: Vec<String>,
    /// How many of them.
    pub needed: u32,
}

/// Rules on deployments and what is published of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeploymentRules {
    /// How often signage is checked, in minutes (S57).
    pub signage_check_every_min: u32,
    /// Smallest cell of a demographic table that is published.
    pub published_cell_min: u32,
}

/// A tested or reported error rate, shown at the reveal with its numbers (S08, S09, S45).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownRate {
    /// Holds for thresholds from here upwards.
    pub from_threshold: Thousandths,
    /// False alerts.
    pub false_alerts: u64,
    /// Alerts that they are part of.
    pub alerts: u64,
    /// Faces seen, as estimated.
    pub faces: u64,
    /// Where the numbers come from, as a code that the shells word.
    pub source: String,
}

/// A force's policy. There is no `Default`: a policy names its force and its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// [`POLICY_FORMAT`].
    pub format: u8,
    /// The version; each signed policy of a force has a higher one.
    pub version: u32,
    /// The force.
    pub force_id: ForceId,
    /// Judgements.
    pub judgement: JudgementRules,
    /// Alerts.
    pub alert: AlertRules,
    /// The secondary face check.
    pub check: CheckRules,
    /// Stops.
    pub stop: StopRules,
    /// Media.
    pub media: MediaRules,
    /// The phone.
    pub device: DeviceRules,
    /// The trail's copy on the phone.
    pub trail: TrailRules,
    /// Deployments.
    pub deployment: DeploymentRules,
    /// Which powers are lawful for which arrest (needs a legal check, hence data).
    pub arrest_powers: BTreeMap<ArrestKind, BTreeSet<Power>>,
    /// Powers that need a Code G reason.
    pub code_g_powers: BTreeSet<Power>,
    /// Known error rates.
    pub known_rates: Vec<KnownRate>,
}

impl Policy {
    /// The strictest policy, which is the default one.
    pub fn strictest(force_id: ForceId, version: u32) -> Self {
        Self {
            format: POLICY_FORMAT,
            version,
            force_id,
            judgement: JudgementRules {
                blind: BlindRule::Required,
                two_person: TwoPersonRule::UnderEighteenOrVulnerable,
                show_name: false,
                skip_review_percent: 20,
            },
            alert: AlertRules {
                stale_after_s: 180,
                entry_current_for_h: 24,
                threshold_floor: Thousandths(600),
                late_contact_s: 600,
                note_min_chars: 10,
            },
            check: CheckRules { alert_probe: true, close_photograph: true, live_capture_max_s: 60 },
            stop: StopRules {
                prompts_s: vec![120, 300, 600],
                review_over_s: 300,
                explanation_required: true,
                receipt_required: true,
                fingerprint_allowed: false,
                documents_enough: 2,
                grounds_min_words: 3,
            },
            media: MediaRules {
                after_close_s: 60,
                after_capture_s: 86_400,
                evidence_hold_max_days: 31,
                evidence_key: None,
            },
            device: DeviceRules {
                lock_after_s: 120,
                session_max_s: 43_200,
                failed_unlocks_max: 5,
                lapse_without_contact_h: 12,
            },
            trail: TrailRules { keep_days: 31, backup_horizon_days: 7, operations_key: None, witnesses: None },
            deployment: DeploymentRules { signage_check_every_min: 60, published_cell_min: 5 },
            arrest_powers: arrest_powers(),
            code_g_powers: BTreeSet::from([Power::PaceS24]),
            known_rates: vec![KnownRate {
                from_threshold: Thousandths(600),
                false_alerts: 10,
                alerts: 2_077,
                faces: 3_147_436,
                source: "mps_2024_09_to_2025_09".to_owned(),
            }],
        }
    }

    /// The known error rate for a deployment's threshold: the one of the highest setting that it reaches.
    pub fn known_rate(&self, threshold: Thousandths) -> Option<&KnownRate> {
        self.known_rates.iter().filter(|rate| rate.from_threshold <= threshold).max_by_key(|rate| rate.from_threshold)
    }
}

fn arrest_powers() -> BTreeMap<ArrestKind, BTreeSet<Power>> {
    let any = BTreeSet::from([
        Power::PaceS24,
        Power::MagistratesWarrant,
        Power::CrownBenchWarrant,
        Power::BailActS7,
        Power::RecallUnlawfullyAtLarge,
        Power::ExtraditionAct,
        Power::CommonLawBreachOfPeace,
    ]);
    BTreeMap::from([
        (ArrestKind::Warrant, BTreeSet::from([Power::MagistratesWarrant, Power::CrownBenchWarrant])),
        (ArrestKind::Recall, BTreeSet::from([Power::RecallUnlawfullyAtLarge])),
        (ArrestKind::S24Offence, BTreeSet::from([Power::PaceS24])),
        (ArrestKind::BreachOfBail, BTreeSet::from([Power::BailActS7, Power::MagistratesWarrant])),
        (ArrestKind::BreachOfOrder, BTreeSet::from([Power::PaceS24, Power::MagistratesWarrant])),
        (ArrestKind::Extradition, BTreeSet::from([Power::ExtraditionAct])),
        (ArrestKind::ImmigrationByOtherAgency, any.clone()),
        (ArrestKind::NewOffenceFound, BTreeSet::from([Power::PaceS24, Power::CommonLawBreachOfPeace])),
        (ArrestKind::Other, any),
    ])
}
