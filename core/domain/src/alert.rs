//! An alert as the phone holds it, split at the reveal.
//!
//! What an officer may see before the blind judgement is in [`OpenPart`]; everything else is in [`GatedPart`], which
//! is private here and can only be reached with a [`Revealed`] proof for the same alert. The workflow alone makes such
//! proofs, after a blind judgement or its logged skip (S05). A shell is never handed an [`Alert`].

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{AlertId, CameraId, DeploymentId, MediaId};
use crate::judgement::JudgementValue;

/// A similarity score or a threshold, in thousandths: exact, so that history is never rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Thousandths(pub u16);

/// How urgent the force says the alert is; red says "urgent" without saying why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Urgent.
    Red,
    /// Prompt.
    Amber,
    /// Routine; engagement needs a note on necessity and proportionality.
    Green,
}

/// Why the person is on the watchlist. An entry may have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// A warrant, failure to appear, recall or extradition.
    WantedByCourt,
    /// Reasonable grounds to think that an offence was, is being or is about to be committed.
    WantedByPolice,
    /// Managed under MAPPA.
    ManagedOffender,
    /// Subject of an order.
    SubjectOfOrder,
    /// Missing or at risk.
    MissingOrAtRisk,
    /// Intelligence of a risk to others.
    RiskToOthersIntelligence,
    /// A member of police staff who tests the system ("blue list").
    TestSubject,
}

/// What an officer must know before walking up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningMarker {
    /// Violent.
    Violent,
    /// Firearms.
    Firearms,
    /// Weapons.
    Weapons,
    /// Drugs.
    Drugs,
    /// Escaper.
    Escaper,
    /// Ailment.
    Ailment,
    /// Mental health.
    MentalHealth,
    /// Suicidal.
    Suicidal,
    /// Self-harm.
    SelfHarm,
    /// Contagious.
    Contagious,
    /// Makes allegations.
    Alleges,
    /// Conceals items.
    Conceals,
    /// Sexual offences.
    SexualOffence,
    /// A risk to children.
    ChildRisk,
    /// Another marker.
    Other,
}

/// Where the reference image comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceSource {
    /// A custody photograph.
    Custody,
    /// Another source.
    Other,
}

/// One image, by reference; its bytes are never part of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaRef {
    /// The image's identifier.
    pub media_id: MediaId,
    /// SHA-256 of the bytes, for the transport alone: never written to the trail.
    #[serde(with = "crate::bytes")]
    pub transport_sha256: [u8; 32],
    /// Size in bytes.
    pub size: u32,
}

/// What an officer may see at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenPart {
    /// The alert.
    pub alert_id: AlertId,
    /// The deployment that it belongs to.
    pub deployment_id: DeploymentId,
    /// The camera.
    pub camera_id: CameraId,
    /// The camera's name, as the card has it.
    pub camera_name: String,
    /// Which way the person was going, in the force's words.
    pub direction: Option<String>,
    /// When the camera captured the face; milliseconds since 1970 UTC.
    pub captured_at_ms: i64,
    /// When the gateway sent it.
    pub sent_at_ms: i64,
    /// When it stops being something to act on.
    pub stale_at_ms: i64,
    /// When its media are destroyed at the latest.
    pub media_expire_at_ms: i64,
    /// The probe and, where the LFR system gives them, more of the burst. Never empty.
    pub probes: Vec<MediaRef>,
    /// The one reference image.
    pub reference: MediaRef,
    /// Red grade, said without its reason.
    pub urgent: bool,
}

/// What stays closed until the blind judgement or its logged skip.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatedPart {
    /// The LFR system's score.
    pub score: Thousandths,
    /// The threshold at the moment of the alert.
    pub threshold: Thousandths,
    /// The grade.
    pub grade: Grade,
    /// The categories; never empty.
    pub categories: BTreeSet<Category>,
    /// Why the person is sought, in the force's words.
    pub reason_text: String,
    /// Warning markers.
    pub warning_markers: BTreeSet<WarningMarker>,
    /// How old the reference is, in years, where known.
    pub reference_age_years: Option<u8>,
    /// Where the reference comes from.
    pub reference_source: ReferenceSource,
    /// When the entry was last checked to be current; milliseconds since 1970 UTC.
    pub entry_last_verified_at_ms: Option<i64>,
    /// The watchlist entry, by a pseudonym.
    pub watchlist_entry_ref: String,
    /// Under 18.
    pub under_18: bool,
    /// Vulnerable.
    pub vulnerable: bool,
    /// A twin or a sibling is known.
    pub known_twin_or_sibling: bool,
    /// A name, where the policy lets it be sent at all.
    pub display_name: Option<String>,
    /// What the operator judged, where there was one.
    pub operator_judgement: Option<JudgementValue>,
}

impl fmt::Debug for GatedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GatedPart([redacted])")
    }
}

/// Proof that the blind judgement of one alert was given, or its skip logged. Only the workflow makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revealed {
    alert_id: AlertId,
}

impl Revealed {
    /// Only the workflow calls this, on a state that has passed the blind judgement or its logged skip.
    pub(crate) fn of(alert_id: AlertId) -> Self {
        Self { alert_id }
    }

    /// The alert that was revealed.
    pub fn alert_id(&self) -> AlertId {
        self.alert_id
    }
}

/// A validated alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    open: OpenPart,
    gated: GatedPart,
}

impl Alert {
    /// Puts the two halves together; [`crate::wire::AlertDto::validate`] is the way in for untrusted input.
    pub(crate) fn new(open: OpenPart, gated: GatedPart) -> Self {
        Self { open, gated }
    }

    /// What may be seen at once.
    pub fn open(&self) -> &OpenPart {
        &self.open
    }

    /// What the rules of this crate must know before anybody may see it; nothing of it leaves the crate.
    pub(crate) fn sealed(&self) -> &GatedPart {
        &self.gated
    }

    /// What may be seen after the reveal of this very alert; `None` for a proof of another one.
    pub fn gated(&self, proof: &Revealed) -> Option<&GatedPart> {
        (proof.alert_id == self.open.alert_id).then_some(&self.gated)
    }
}
