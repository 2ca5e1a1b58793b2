//! One phone's records: what was received, how it ended, which shifts, which receipts.
//!
//! Always: a contradiction is a failure, something unfinished is open; neither hides the other.

use std::collections::{BTreeMap, BTreeSet};

use peel_domain::event::{Action, Actor, EventBody};
use peel_domain::id::AlertId;
use peel_domain::judgement::Decision;
use peel_domain::time::TimeSource;
use peel_ledger::Hash;
use peel_ledger::bundle::{Bounds, Clocks};

use crate::signatures::Signatures;
use crate::succession::Before;
use crate::times::{Entry, Length, Mark, length};
use crate::trail::{AlertEnd, AlertRow, OfficerSignature, ReceiptRow, ShiftRow, TrailReport};

/// The numbers under which alerts were issued to a phone or received by it, each with its alert.
pub(crate) type Numbers = BTreeMap<u64, AlertId>;

/// What is known from elsewhere when a phone's log is concluded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// What the force's own log says was issued to the phone, if that log is there.
    pub(crate) issued: Option<&'a Numbers>,
    /// Whether the reader knows the force's root key, by which officers' keys are known.
    pub(crate) root: bool,
    /// SHA-256 in hexadecimal of the policies in the force log, by version.
    pub(crate) policies: &'a BTreeMap<u64, String>,
    /// Whether the force put its store back from a backup, by its own log.
    pub(crate) restored: bool,
    /// Whether the force's own records are there, and none of them is of an exercise.
    pub(crate) in_earnest: bool,
}

/// What a phone's log has said so far.
#[derive(Debug, Default)]
pub(crate) struct Phone {
    alerts: BTreeMap<AlertId, AlertRow>,
    /// Every alert received, by its `alert_seq`.
    received: Numbers,
    /// `alert_seq` of every message that the phone refused, with its reason on record: alerts, and others too.
    refused: BTreeSet<u64>,
    /// For each time that the force's store was put back from a backup, the last number that it still knows of.
    pub(crate) lost_after: Vec<u64>,
    started: u64,
    ended: u64,
    on_shift: Option<Actor>,
    /// Shifts that another officer's shift cut off.
    cut_off: u64,
    /// Commitments in the clear that no event has offered yet, with their entry.
    committed: BTreeMap<Hash, u64>,
    offered: u64,
    /// Entries that the force confirmed and lost with its store, before those that another log carries of this one.
    pub(crate) lost: u64,
    /// What dates the last entry taken from below dates those after it, too.
    pub(crate) latest: Bounds,
    /// The order of its entries in time, as far as taken.
    pub(crate) clocks: Clocks,
    /// The log that this one follows, and what it carries of it.
    pub(crate) before: Option<Before>,
    last: u64,
    signatures: Signatures,
    /// Policies that took effect: entry, version, SHA-256.
    policies: Vec<(u64, u64, Hash)>,
    /// Stops that are on, by alert.
    contacts: BTreeMap<AlertId, Mark>,
    stops_timed: u64,
    over_reboot: u64,
    not_bounded: u64,
    in_exercise: u64,
    /// Records by an exercise's clock, whose times are not compared with the gateway's.
    of_exercise: u64,
}

const fn end_of(decision: &Decision) -> AlertEnd {
    match decision {
        Decision::Engage => AlertEnd::Engaged,
        Decision::DoNotEngage(_) => AlertEnd::NotEngaged,
        Decision::PassTo(_) => AlertEnd::PassedOn,
        Decision::ObserveOnly(_) => AlertEnd::Observed,
    }
}

impl Phone {
    /// A receipt's commitment in the clear.
    pub(crate) fn receipt(&mut self, log: &str, seq: u64, commitment: Hash, failed: &mut Vec<String>) {
        self.last = seq;
        if self.committed.insert(commitment, seq).is_some() {
            failed.push(format!("{log}, entry {seq}: a receipt was committed to twice"));
        }
    }

    /// An event. `root` is the force's root key, where the reader knows it.
    pub(crate) fn take(
        &mut self,
        entry: &Entry<'_>,
        body: &EventBody,
        root: Option<&[u8; 32]>,
        failed: &mut Vec<String>,
    ) {
        let Entry { log, seq, .. } = *entry;
        self.last = seq;
        self.latest = entry.bounds;
        self.of_exercise += u64::from(body.at.source == TimeSource::Exercise);
        self.time_stop(entry, body, failed);
        match &body.action {
            Action::AlertReceived { alert_seq, .. } => {
                let Some(alert_id) = body.alert_id else {
                    failed.push(format!("{log}, entry {seq}: an alert without its id"));
                    return;
                };
                self.received(log, seq, alert_id, *alert_seq, failed);
            }
            Action::InputRefused { alert_seq: Some(number), .. } => {
                self.refused.insert(*number);
            }
            Action::Decided { decision, .. } => {
                if !matches!(body.actor, Actor::Officer(_)) {
                    failed.push(format!("{log}, entry {seq}: a decision that no officer made"));
                } else if self.on_shift.as_ref() != Some(&body.actor) {
                    failed.push(format!("{log}, entry {seq}: a decision by an officer whose shift was not open"));
                }
                let signature = self.signatures.decided(entry, body, failed);
                self.end(log, seq, body, end_of(decision), signature, failed);
            }
            Action::NoDecision => self.end(log, seq, body, AlertEnd::NoDecision, None, failed),
            Action::Withdrawn { after_contact: false, .. }
            | Action::MarkedDuplicate { .. }
            | Action::Superseded { .. } => self.overtake(body),
            Action::ReceiptOffered { commitment, .. } => {
                self.offered += 1;
                if self.committed.remove(&Hash::new(*commitment)).is_none() {
                    failed.push(format!("{log}, entry {seq}: a receipt was offered that the log does not commit to"));
                }
            }
            Action::ShiftStarted { .. } => {
                // Signing in again goes on with one's own shift.
                let renewed = self.on_shift.as_ref() == Some(&body.actor);
                self.started += u64::from(!renewed);
                self.cut_off += u64::from(self.on_shift.is_some() && !renewed);
                self.on_shift = Some(body.actor.clone());
                self.signatures.shift(entry, body, root, failed);
            }
            Action::ShiftEnded => {
                self.ended += 1;
                self.signatures.end();
                if self.on_shift.take().is_none() {
                    failed.push(format!("{log}, entry {seq}: a shift ends that was not begun"));
                }
            }
            Action::PolicyApplied { version, sha256 } => {
                self.policies.push((seq, u64::from(*version), Hash::new(*sha256)));
            }
            Action::LogEnded(ended) => {
                if seq != 0 || self.before.is_some() {
                    failed
                        .push(format!("{log}, entry {seq}: the end of another log, not at the beginning of this one"));
                }
                self.before = Some(Before::new(ended.clone()));
            }
            Action::EntryCarried(part) => {
                let taken = self.before.as_mut().is_some_and(|before| before.carry(part, entry.bounds));
                if !taken {
                    failed.push(format!("{log}, entry {seq}: an entry of another log that is not the next one"));
                }
            }
            _ => {}
        }
    }

    fn received(&mut self, log: &str, seq: u64, alert_id: AlertId, alert_seq: u64, failed: &mut Vec<String>) {
        let row = AlertRow {
            log: log.to_owned(),
            alert_id: alert_id.to_string(),
            alert_seq,
            end: AlertEnd::Open,
            signature: None,
        };
        self.alerts.entry(alert_id).or_insert(row);
        if self.received.insert(alert_seq, alert_id).is_some() {
            failed.push(format!("{log}, entry {seq}: alert number {alert_seq} was recorded twice"));
        }
    }

    fn end(
        &mut self,
        log: &str,
        seq: u64,
        body: &EventBody,
        end: AlertEnd,
        signature: Option<OfficerSignature>,
        failed: &mut Vec<String>,
    ) {
        let row = body.alert_id.and_then(|id| self.alerts.get_mut(&id));
        match row {
            None => failed.push(format!("{log}, entry {seq}: a decision about an alert that was not received")),
            // An officer may pass on or observe first and decide otherwise later; the last one stands.
            Some(row) => (row.end, row.signature) = (end, signature),
        }
    }

    /// A stop's stated length against its entries' times.
    fn time_stop(&mut self, entry: &Entry<'_>, body: &EventBody, failed: &mut Vec<String>) {
        let Some(alert_id) = body.alert_id else { return };
        match &body.action {
            Action::ContactMade { .. } => {
                self.contacts.insert(alert_id, Mark::of(entry, &body.at));
            }
            Action::Released { duration } => {
                let Some(contact) = self.contacts.remove(&alert_id) else { return };
                match length(&contact, &Mark::of(entry, &body.at), *duration) {
                    Length::Agrees => self.stops_timed += 1,
                    Length::InExercise => {
                        self.stops_timed += 1;
                        self.in_exercise += 1;
                    }
                    Length::NotBounded => self.not_bounded += 1,
                    Length::OverReboot => self.over_reboot += 1,
                    Length::Differs => {
                        failed.push(format!("{}: a stop's length is not that of its entries", entry.place()));
                    }
                }
            }
            _ => {}
        }
    }

    fn overtake(&mut self, body: &EventBody) {
        if let Some(row) = body.alert_id.and_then(|id| self.alerts.get_mut(&id))
            && row.end == AlertEnd::Open
        {
            row.end = AlertEnd::Overtaken;
        }
    }

    /// Draws the conclusions.
    ///
    /// Where the force lost entries in the middle of the log, what is left cannot be whole: what does not fit is open then.
    pub(crate) fn conclude(self, log: &str, known: Known<'_>, report: &mut TrailReport) {
        let (gap, before) = (self.lost > 0, report.failed.len());
        self.draw(log, known, report);
        if gap {
            report.leave_open(before);
        }
    }

    fn draw(mut self, log: &str, known: Known<'_>, report: &mut TrailReport) {
        let Known { issued, root, policies, restored, in_earnest } = known;
        if in_earnest && self.of_exercise > 0 {
            let what = "records say that they are of an exercise, and the force's own are not";
            report.failed.push(format!("{log}: {} {what}", self.of_exercise));
        }
        for (seq, version, sha256) in &self.policies {
            match policies.get(version) {
                Some(known) if *known == sha256.to_hex() => {}
                None if restored => {
                    let what = "a policy took effect that the force lost with its store, or never had";
                    report.open.push(format!("{log}, entry {seq}: {what}"));
                }
                _ => {
                    let what = "a policy that is not in the force log took effect";
                    report.failed.push(format!("{log}, entry {seq}: {what}"));
                }
            }
        }
        if let Some(issued) = issued {
            self.numbers_against(log, issued, report);
        }
        self.receipts(log, report);
        if let Some(before) = &self.before {
            before.conclude(log, report);
        }
        report.stops_timed += self.stops_timed;
        if self.over_reboot > 0 {
            report.not_checked.push(format!("{log}: the length of {} stops over a restart", self.over_reboot));
        }
        if self.not_bounded > 0 {
            let what = "stops from above: the force's own time stood still meanwhile";
            report.open.push(format!("{log}: the length of {} {what}", self.not_bounded));
        }
        if self.in_exercise > 0 {
            let what =
                format!("the length of {} stops beside the gateway's time: by an exercise's clock", self.in_exercise);
            report.not_checked.push(format!("{log}: {what}"));
        }
        if self.on_shift.is_some() {
            report.open.push(format!("{log}: a shift is not closed"));
        }
        if self.cut_off > 0 {
            report.open.push(format!("{log}: {} shifts were not closed before another officer's began", self.cut_off));
        }
        if self.started > 0 || self.ended > 0 {
            report.shifts.push(ShiftRow { log: log.to_owned(), started: self.started, ended: self.ended });
        }
        std::mem::take(&mut self.signatures).conclude(log, root, report);
        // An alert that was issued and refused never reached the officer; a gap that was filled later counts as received.
        let refused = issued.into_iter().flat_map(Numbers::keys).filter(|number| self.refused.contains(number));
        let refused = refused.filter(|number| !self.received.contains_key(number)).map(|number| AlertRow {
            log: log.to_owned(),
            alert_id: String::new(),
            alert_seq: *number,
            end: AlertEnd::Refused,
            signature: None,
        });
        let refused: Vec<AlertRow> = refused.collect();
        let mut rows: Vec<AlertRow> = self.alerts.into_values().chain(refused).collect();
        rows.sort_by_key(|row| row.alert_seq);
        for row in rows.iter().filter(|row| row.end == AlertEnd::Open) {
            report.open.push(format!("{log}: alert number {} has neither a decision nor no_decision", row.alert_seq));
        }
        report.alerts.append(&mut rows);
    }

    fn numbers_against(&self, log: &str, issued: &Numbers, report: &mut TrailReport) {
        let accounted: BTreeSet<u64> = self.received.keys().chain(&self.refused).copied().collect();
        let newest = accounted.last().copied().unwrap_or(0);
        let as_issued = |(number, alert): &(&u64, &AlertId)| issued.get(number) == Some(alert);
        let mut alerts: BTreeSet<AlertId> = self.received.iter().filter(as_issued).map(|(_, alert)| *alert).collect();
        // A phone that knows an alert records it once, also where the force issued it again.
        let missing = issued.iter().filter(|(number, alert)| !accounted.contains(number) && !alerts.contains(alert));
        let (passed_over, to_come): (Vec<&u64>, Vec<&u64>) =
            missing.map(|(number, _)| number).partition(|number| **number < newest);
        if !passed_over.is_empty() {
            let count = passed_over.len();
            report.failed.push(format!(
                "{log}: {count} alerts were issued before others that this phone recorded, and are missing"
            ));
        }
        if !to_come.is_empty() {
            let count = to_come.len();
            report.open.push(format!("{log}: {count} alerts were issued and are not yet on this phone's record"));
        }
        let others = self.received.iter().filter(|(number, alert)| issued.get(number).is_some_and(|own| own != *alert));
        let others = others.count();
        if others > 0 {
            report.failed.push(format!("{log}: {others} alerts were recorded under the number of another"));
        }
        // What the force issued after the backup that it was put back from, it does not know any more.
        let lost = |number: u64| {
            self.lost_after.iter().any(|last| number > *last && issued.range(last + 1..=number).next().is_none())
        };
        let not_issued = self.received.iter().filter(|(number, _)| !issued.contains_key(number));
        let (lost, unknown): (Vec<_>, Vec<_>) = not_issued.partition(|(number, _)| lost(**number));
        if !lost.is_empty() {
            let what = "alerts are on this phone's record alone: the force lost that it issued them, with its store";
            report.open.push(format!("{log}: {} {what}", lost.len()));
        }
        let again = lost.iter().filter(|(_, alert)| !alerts.insert(**alert)).count();
        if again > 0 {
            report.failed.push(format!("{log}: {again} alerts were recorded again under another number"));
        }
        let unknown = unknown.len();
        if unknown > 0 {
            report.failed.push(format!("{log}: {unknown} alert numbers were never issued by the force"));
        }
    }

    /// A commitment and the event that offers it are written together, so only the very last may stand alone.
    fn receipts(&self, log: &str, report: &mut TrailReport) {
        for seq in self.committed.values() {
            let line = format!("{log}, entry {seq}: no event offered the receipt that this entry commits to");
            if *seq == self.last { report.open.push(line) } else { report.failed.push(line) }
        }
        if self.offered > 0 {
            report.receipts.push(ReceiptRow { log: log.to_owned(), offered: self.offered });
        }
    }
}

#[cfg(test)]
mod tests;
