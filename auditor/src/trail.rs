//! What the opened records say: each alert's end, each shift's end, each receipt, and whether every issued alert is
//! there.
//!
//! A device's stream is numbered without a gap, but withdrawals, states and words between officers have numbers too: so
//! the alerts that a phone must have are those that the force's own events log issued to it. Reads bodies with the
//! domain's own code. It judges completeness, never an officer's decision.

use std::collections::{BTreeMap, HashSet};

use peel_domain::event::{Action, EventBody};
use peel_domain::time::TimeSource;
use peel_ledger::Hash;
use peel_ledger::bundle::{Beacon, Content, OpenedEntry, TrustedRecipient};
use peel_ledger::note::VerifierKey;
use peel_ledger::seal::RecipientPrivateKey;
use serde::Serialize;

use crate::holds::{HoldRow, Holds};
use crate::phone::{Known, Numbers, Phone};
use crate::succession;
use crate::times::{self, Entry};

/// How an alert ended on one phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlertEnd {
    /// The officer decided to walk up.
    Engaged,
    /// The officer decided not to.
    NotEngaged,
    /// The officer passed it on.
    PassedOn,
    /// The officer decided to observe only.
    Observed,
    /// Time ran out with no officer's action: recorded as such.
    NoDecision,
    /// Withdrawn, superseded or a duplicate before anyone decided.
    Overtaken,
    /// The phone could not take it and said why: no officer saw it.
    Refused,
    /// Nothing recorded.
    Open,
}

/// One alert on one phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct AlertRow {
    pub(crate) log: String,
    pub(crate) alert_id: String,
    pub(crate) alert_seq: u64,
    pub(crate) end: AlertEnd,
    /// Whether the officer's key signed the decision; nothing where there is none.
    pub(crate) signature: Option<OfficerSignature>,
}

/// What is known of an officer's signature over a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OfficerSignature {
    /// By the key that the force's certificate of this shift names.
    Verified,
    /// There is none: the key refused or timed out, and the decision stands.
    Unsigned,
    /// Not by that key, or over something else.
    Wrong,
    /// There is one, and no certificate on record to check it by.
    NotVerified,
    /// By that key, over the first version's statement, which names no moment: it may be of another time.
    MomentNotBound,
}

/// Officers' signatures on one phone, over all decisions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SignatureRow {
    pub(crate) log: String,
    pub(crate) verified: u64,
    pub(crate) unsigned: u64,
    pub(crate) wrong: u64,
    pub(crate) not_verified: u64,
    pub(crate) moment_not_bound: u64,
}

/// Shifts of one phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ShiftRow {
    pub(crate) log: String,
    pub(crate) started: u64,
    pub(crate) ended: u64,
}

/// Receipts of one phone: commitments in the clear, each offered by an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ReceiptRow {
    pub(crate) log: String,
    pub(crate) offered: u64,
}

/// Entries of one phone's log that another log of the same phone carries: counted as the first log's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct CarriedRow {
    /// The log that carries them.
    pub(crate) log: String,
    /// Whose they are.
    pub(crate) of: String,
    /// How many the force does not have in the log itself.
    pub(crate) entries: u64,
}

/// What the ledger's check found that the records are judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground<'a> {
    /// By log, the one of the same phone that it goes on from, as two people approved it.
    pub(crate) replaces: &'a BTreeMap<String, String>,
    /// Each log's checkpoint in the bundle.
    pub(crate) heads: &'a BTreeMap<String, (u64, Hash)>,
    /// The keys that entries are opened with.
    pub(crate) keys: &'a [RecipientPrivateKey],
    /// The force's root key, where the reader knows it.
    pub(crate) root: Option<&'a [u8; 32]>,
    /// Whom records may be sealed to; none: it is not known.
    pub(crate) recipients: &'a [TrustedRecipient],
    /// The policies of the force log, by version: SHA-256 of the signed document in hexadecimal.
    pub(crate) policies: &'a BTreeMap<u64, String>,
    /// Every beacon that the force gave.
    pub(crate) beacons: &'a BTreeMap<Hash, Beacon>,
    /// Whether the force put its store back from a backup, by its own log: what it gave in between it may have lost.
    pub(crate) restored: bool,
    /// The key by which the force confirms that it has entries.
    pub(crate) mirror: &'a VerifierKey,
}

/// What the opened records say in all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct TrailReport {
    pub(crate) entries: u64,
    pub(crate) alerts: Vec<AlertRow>,
    pub(crate) shifts: Vec<ShiftRow>,
    pub(crate) receipts: Vec<ReceiptRow>,
    pub(crate) signatures: Vec<SignatureRow>,
    /// Stops whose length was compared with the times of their entries.
    pub(crate) stops_timed: u64,
    /// Evidence that supervisors hold or held.
    pub(crate) holds: Vec<HoldRow>,
    /// What logs carry of the ones before them, and whether it counts.
    pub(crate) carried: Vec<CarriedRow>,
    /// What contradicts itself or has a gap.
    pub(crate) failed: Vec<String>,
    /// What is not concluded.
    pub(crate) open: Vec<String>,
    /// What this tool did not check in the records.
    pub(crate) not_checked: Vec<String>,
}

impl TrailReport {
    /// What failed since there were so many failures is open instead: entries are missing that the force lost, so that
    /// nobody can say whether what is left contradicts them.
    pub(crate) fn leave_open(&mut self, before: usize) {
        let failed = self.failed.split_off(before.min(self.failed.len()));
        self.open.extend(failed.into_iter().map(|line| format!("{line}; entries before it are lost")));
    }
}

/// Collects bodies, log by log.
#[derive(Debug)]
pub(crate) struct Trail {
    /// The force, if the trust file names a log of its own events.
    force: Option<String>,
    /// The force's root key, if the trust file names it: by it officers' keys are known.
    root: Option<[u8; 32]>,
    entries: u64,
    phones: BTreeMap<String, Phone>,
    /// By enrolment: what the force's own log says was issued.
    issued: BTreeMap<String, Numbers>,
    /// For each time that the force's store was put back from a backup: the last number that its record before it has
    /// for each enrolment.
    restored: Vec<BTreeMap<String, u64>>,
    holds: Holds,
    /// Every event id so far.
    seen: HashSet<[u8; 16]>,
    /// The force's own records: how many there are, and how many of them are of an exercise.
    own: (u64, u64),
    failed: Vec<String>,
}

impl Trail {
    pub(crate) fn new(force: Option<String>, root: Option<[u8; 32]>) -> Self {
        let (phones, issued, failed) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self {
            force,
            root,
            entries: 0,
            phones,
            issued,
            restored: Vec::new(),
            holds: Holds::default(),
            seen: HashSet::new(),
            own: (0, 0),
            failed,
        }
    }

    /// Takes one opened entry.
    pub(crate) fn take(&mut self, opened: &OpenedEntry<'_>) {
        let log = opened.origin.as_str();
        let seq = opened.header.seq;
        self.seen.insert(opened.header.event_id);
        let body = match &opened.content {
            Content::Receipt(commitment) => {
                let phone = self.phones.entry(log.to_owned()).or_default();
                phone.clocks.follow(&opened.header.time);
                phone.receipt(log, seq, *commitment, &mut self.failed);
                return;
            }
            Content::Body(body) => body,
        };
        self.entries += 1;
        let Ok(body) = EventBody::from_cbor(body) else {
            self.failed.push(format!("{log}, entry {seq}: the record is not one that this version knows"));
            return;
        };
        // Only the force's own log issues: a phone that says so is not believed.
        let by_force = self.force.as_ref().is_some_and(|force| opened.origin.events_epoch(force).is_some());
        if by_force {
            self.own.0 += 1;
            self.own.1 += u64::from(body.at.source == TimeSource::Exercise);
        }
        if let Action::AlertIssued { enrolment_id, alert_seq } = &body.action
            && by_force
        {
            let issued = self.issued.entry(enrolment_id.to_string()).or_default();
            match body.alert_id {
                None => self.failed.push(format!("{log}, entry {seq}: an alert was issued without its id")),
                Some(alert_id) if issued.insert(*alert_seq, alert_id).is_some() => {
                    self.failed.push(format!("{log}, entry {seq}: an alert number was issued twice"));
                }
                Some(_) => {}
            }
            return;
        }
        // It is the first word of the log that goes on; anywhere else the force would excuse itself.
        let goes_on = || self.force.as_ref().and_then(|force| opened.origin.events_epoch(force)) > Some(1);
        if matches!(body.action, Action::StoreRestored { .. }) && by_force && seq == 0 && goes_on() {
            let last = |(id, numbers): (&String, &Numbers)| Some((id.clone(), *numbers.last_key_value()?.0));
            self.restored.push(self.issued.iter().filter_map(last).collect());
        }
        let place = || format!("{log}, entry {seq}");
        if by_force && self.holds.take(&place(), &body, &mut self.failed) {
            return;
        }
        let held = matches!(body.action, Action::EvidenceHeld(_) | Action::EvidenceReleased(_));
        if held && self.force.is_some() {
            self.failed.push(format!("{}: a hold of evidence that is not on the force's own log", place()));
        }
        let entry = Entry { log, seq, time: &opened.header.time, bounds: opened.bounds };
        if !by_force {
            times::compare(&entry, &body.at, &mut self.failed);
        }
        let phone = self.phones.entry(log.to_owned()).or_default();
        phone.clocks.follow(entry.time);
        phone.take(&entry, &body, self.root.as_ref(), &mut self.failed);
    }

    /// Draws the conclusions.
    pub(crate) fn conclude(mut self, ground: &Ground<'_>) -> TrailReport {
        let mut report = TrailReport { entries: self.entries, ..TrailReport::default() };
        succession::count(&mut self.phones, ground, &mut self.seen, &mut report);
        report.failed.append(&mut self.failed);
        if self.force.is_none() {
            let what = "whether the phones recorded every alert that was issued: the trust file names no events log";
            report.not_checked.push(what.to_owned());
        }
        for (log, mut phone) in self.phones {
            let enrolment = log.rsplit('/').next().unwrap_or(&log).to_owned();
            phone.lost_after = self.restored.iter().map(|last| last.get(&enrolment).copied().unwrap_or(0)).collect();
            let issued = self.issued.remove(&enrolment).unwrap_or_default();
            let issued = self.force.is_some().then_some(&issued);
            let in_earnest = self.own.0 > 0 && self.own.1 == 0;
            let (root, Ground { policies, restored, .. }) = (self.root.is_some(), *ground);
            let known = Known { issued, root, policies, restored, in_earnest };
            phone.conclude(&log, known, &mut report);
        }
        report.holds = self.holds.conclude(&mut report.open);
        for (enrolment, issued) in self.issued {
            report.open.push(format!("enrolment {enrolment}: {} alerts issued, no record of the phone", issued.len()));
        }
        report
    }
}

#[cfg(test)]
mod tests;
