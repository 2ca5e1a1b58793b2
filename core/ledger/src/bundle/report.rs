//! What a check of a bundle found: what was checked, what failed, what was not checked and why.
//!
//! The verdict follows from the lists alone. A report names logs and positions, never content.

use std::collections::BTreeMap;

use serde::Serialize;

use super::dates::Beacon;

/// The most failures that a report lists; the rest is counted.
pub const MAX_FAILURES: usize = 200;

/// The outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that was to be checked was, and holds.
    Good,
    /// Something does not hold: the bundle was changed, or the record was.
    Tampered,
    /// Nothing failed, but something that should have been checked could not be.
    Incomplete,
}

/// Something that was checked and holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The log, or nothing for the bundle as a whole.
    pub log: Option<String>,
    /// What was checked, in a few words.
    pub what: &'static str,
    /// How many of them.
    pub count: u64,
}

/// Something that was not checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotChecked {
    /// The log, or nothing for the bundle as a whole.
    pub log: Option<String>,
    /// What was not checked, and why.
    pub what: String,
    /// Whether a complete bundle would have allowed it: then the verdict is not good.
    pub expected: bool,
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The log or file, or nothing for the bundle as a whole.
    pub place: Option<String>,
    /// The position in the log, if it is about one entry.
    pub index: Option<u64>,
    /// What is wrong.
    pub problem: Problem,
    /// The same in words.
    pub text: String,
}

/// What can be wrong with a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// No readable manifest.
    #[error("the manifest is missing or not readable")]
    ManifestForm,
    /// Not signed by the key that the trust file names.
    #[error("the manifest is not signed by the trusted key")]
    ManifestSignature,
    /// In the manifest, not in the bundle.
    #[error("a file of the manifest is missing")]
    FileMissing,
    /// In the bundle, not in the manifest.
    #[error("a file is not in the manifest")]
    FileAdditional,
    /// Another content than the manifest says.
    #[error("a file differs from the manifest")]
    FileChanged,
    /// A file that belongs to no log's layout.
    #[error("a file belongs to no log of this size")]
    FileUnplaced,
    /// A log of the trust file, or named by the force log, is not in the bundle.
    #[error("a log is missing")]
    LogMissing,
    /// A checkpoint that is not readable or of another log.
    #[error("the checkpoint is not readable or of another log")]
    CheckpointForm,
    /// A checkpoint not signed by its log, or with a line that is unknown or does not verify.
    #[error("the checkpoint is not signed as the trust file asks")]
    CheckpointSignature,
    /// Tiles missing, malformed or not of these entries.
    #[error("the log's tiles are missing or do not fit together")]
    Tiles,
    /// The recomputed root is not the signed one.
    #[error("the recomputed root is not the signed root")]
    Root,
    /// An entry that is not in its one form.
    #[error("an entry is not in canonical form")]
    EntryForm,
    /// Field 2 is not the position.
    #[error("an entry states another position than its own")]
    Sequence,
    /// Field 6 is not the root before.
    #[error("an entry does not follow from the entries before it")]
    PriorRoot,
    /// The monotonic clock ran backwards within one boot, or a boot came back.
    #[error("an entry's time does not follow from the entries before it")]
    Time,
    /// A beacon that the force log does not hold, or later than the cosignature over the entry.
    #[error("an entry names a beacon that it cannot have seen")]
    Beacon,
    /// A leaf of the force log that is not in its one form.
    #[error("a force log leaf is not in canonical form")]
    ForceLeafForm,
    /// A change that not enough people signed.
    #[error("a change in the force log is not approved by enough people")]
    Approvals,
    /// Sizes or times of accepted checkpoints that run backwards.
    #[error("accepted checkpoints run backwards")]
    ForceOrder,
    /// An accepted checkpoint that is not a prefix of the log in the bundle.
    #[error("an accepted checkpoint is not a prefix of the log")]
    ForceRoot,
    /// The log's checkpoint is not the last that the force log accepted.
    #[error("the checkpoint is not the last that the force log accepted")]
    ForceLast,
    /// A checkpoint accepted before enrolment or after revocation, or under other keys.
    #[error("a checkpoint was accepted without a valid enrolment")]
    Enrolment,
    /// Two accepted checkpoints of one log at one size, with different roots.
    #[error("two different histories of one log were accepted")]
    Fork,
    /// A change that was approved once stands in the force log twice.
    #[error("an approved change was entered again")]
    ChangeRepeated,
    /// An entry's random event id stands in the record twice.
    #[error("an entry is a copy of another")]
    Copied,
    /// A change for another force's log, or for none after others had named theirs.
    #[error("a change was not approved for this force's log")]
    OtherForce,
    /// The log has a later name than the first, and no leaf that two people approved says how the former one ended.
    #[error("the force log goes on under another name without a word on how the former one ended")]
    FormerLog,
    /// A policy, or the TLS pins, of a version that is not newer than the one before.
    #[error("a change goes back to an older version")]
    Version,
    /// The force's times are later than the witnesses'.
    #[error("the force log states a later time than every witness who cosigned it")]
    WitnessTime,
    /// The force log is not a continuation of what the reader saw before.
    #[error("the force log does not continue the checkpoint seen before")]
    Consistency,
    /// An entry that is sealed to a key that the trust file does not name for its time, or to none for a purpose that
    /// it names.
    #[error("an entry is not sealed to the recipients that the trust file names for its time")]
    Recipients,
    /// A body sealed to the reader's key that does not open.
    #[error("an entry sealed to this key does not open")]
    Body,
}

/// What a check of a bundle found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The outcome.
    pub verdict: Verdict,
    /// When the bundle says it was made, in seconds since 1970-01-01 UTC.
    pub made_at_s: Option<u64>,
    /// What was checked and holds.
    pub checked: Vec<Checked>,
    /// What failed, at most [`MAX_FAILURES`].
    pub failed: Vec<Failure>,
    /// How many failures there were in all.
    pub failures: u64,
    /// What was not checked, and why.
    pub not_checked: Vec<NotChecked>,
    /// What is worth knowing and no failure.
    pub remarks: Vec<String>,
    /// The policies that came into force by the force log: version, and SHA-256 of the signed document in hexadecimal.
    pub policies: Vec<(u64, String)>,
    /// Logs that two people let go on from another log of the same phone: by the log's name, the other's.
    pub replaces: BTreeMap<String, String>,
    /// How often the force put its store back from a backup, by its own log.
    pub restores: u64,
    /// Every beacon in the force log.
    #[serde(skip)]
    pub beacons: BTreeMap<crate::Hash, Beacon>,
}

impl Report {
    pub(super) const fn new() -> Self {
        Self {
            verdict: Verdict::Incomplete,
            made_at_s: None,
            checked: Vec::new(),
            failed: Vec::new(),
            failures: 0,
            not_checked: Vec::new(),
            remarks: Vec::new(),
            policies: Vec::new(),
            replaces: BTreeMap::new(),
            restores: 0,
            beacons: BTreeMap::new(),
        }
    }

    pub(super) fn checked(&mut self, log: Option<&str>, what: &'static str, count: u64) {
        self.checked.push(Checked { log: log.map(str::to_owned), what, count });
    }

    pub(super) fn fail(&mut self, place: Option<&str>, index: Option<u64>, problem: Problem) {
        self.failures += 1;
        if self.failed.len() < MAX_FAILURES {
            let place = place.map(str::to_owned);
            self.failed.push(Failure { place, index, problem, text: problem.to_string() });
        }
    }

    /// Adds something that was not checked; used by callers that interpret bodies, too.
    pub fn not_checked(&mut self, log: Option<&str>, what: impl Into<String>, expected: bool) {
        self.not_checked.push(NotChecked { log: log.map(str::to_owned), what: what.into(), expected });
        self.conclude();
    }

    /// Takes over the lists of a report about a part.
    pub(super) fn absorb(&mut self, part: Self) {
        self.checked.extend(part.checked);
        let room = MAX_FAILURES.saturating_sub(self.failed.len());
        self.failed.extend(part.failed.into_iter().take(room));
        self.failures += part.failures;
        self.not_checked.extend(part.not_checked);
        self.remarks.extend(part.remarks);
        self.replaces.extend(part.replaces);
    }

    /// Sets the verdict from the lists.
    pub(super) fn conclude(&mut self) {
        self.verdict = if self.failures > 0 {
            Verdict::Tampered
        } else if self.not_checked.iter().any(|item| item.expected) {
            Verdict::Incomplete
        } else {
            Verdict::Good
        };
    }

    /// Whether a failure of this kind is in the report.
    pub fn has(&self, problem: Problem) -> bool {
        self.failed.iter().any(|failure| failure.problem == problem)
    }
}
