//! What the opened records say: each alert's end, each shift's end, and whether every issued alert is there.
//!
//! A device's stream is numbered without a gap, but withdrawals, states and words between officers have numbers too: so
//! the alerts that a phone must have are those that the force's own events log issued to it. Reads bodies with the
//! domain's own code. It judges completeness, never an officer's decision.

use std::collections::{BTreeMap, BTreeSet};

use peel_domain::event::{Action, EventBody};
use peel_domain::id::AlertId;
use peel_domain::judgement::Decision;
use peel_ledger::bundle::OpenedEntry;
use serde::Serialize;

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
    /// Whether an officer's hardware key signed the decision.
    pub(crate) signed: bool,
}

/// Shifts of one phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ShiftRow {
    pub(crate) log: String,
    pub(crate) started: u64,
    pub(crate) ended: u64,
}

/// What the opened records say in all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct TrailReport {
    pub(crate) entries: u64,
    pub(crate) alerts: Vec<AlertRow>,
    pub(crate) shifts: Vec<ShiftRow>,
    /// What contradicts itself or has a gap.
    pub(crate) failed: Vec<String>,
    /// What is not concluded.
    pub(crate) open: Vec<String>,
}

#[derive(Debug, Default)]
struct Phone {
    alerts: BTreeMap<AlertId, AlertRow>,
    /// `alert_seq` of everything received or refused.
    numbers: BTreeSet<u64>,
    started: u64,
    ended: u64,
    on_shift: bool,
}

/// Collects bodies, log by log.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    entries: u64,
    phones: BTreeMap<String, Phone>,
    /// By enrolment: the numbers that the force's own log says were issued.
    issued: BTreeMap<String, BTreeSet<u64>>,
    failed: Vec<String>,
}

impl Trail {
    /// Takes one opened body.
    pub(crate) fn take(&mut self, opened: &OpenedEntry<'_>) {
        self.entries += 1;
        let log = opened.origin.as_str();
        let seq = opened.header.seq;
        let Ok(body) = EventBody::from_cbor(&opened.body) else {
            self.failed.push(format!("{log}, entry {seq}: the record is not one that this version knows"));
            return;
        };
        // Only the force's own log issues: a phone that says so is not believed.
        if let Action::AlertIssued { enrolment_id, alert_seq } = &body.action
            && log.ends_with("/peel/events")
        {
            if !self.issued.entry(enrolment_id.to_string()).or_default().insert(*alert_seq) {
                self.failed.push(format!("{log}, entry {seq}: an alert number was issued twice"));
            }
            return;
        }
        let phone = self.phones.entry(log.to_owned()).or_default();
        phone.take(log, seq, &body, &mut self.failed);
    }

    /// Draws the conclusions.
    pub(crate) fn conclude(mut self) -> TrailReport {
        let mut report = TrailReport {
            entries: self.entries,
            alerts: Vec::new(),
            shifts: Vec::new(),
            failed: std::mem::take(&mut self.failed),
            open: Vec::new(),
        };
        for (log, phone) in self.phones {
            let enrolment = log.rsplit('/').next().unwrap_or(&log).to_owned();
            let issued = self.issued.remove(&enrolment).unwrap_or_default();
            phone.conclude(&log, &issued, &mut report);
        }
        for (enrolment, issued) in self.issued {
            report.open.push(format!("enrolment {enrolment}: {} alerts issued, no record of the phone", issued.len()));
        }
        report
    }
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
    fn take(&mut self, log: &str, seq: u64, body: &EventBody, failed: &mut Vec<String>) {
        match &body.action {
            Action::AlertReceived { alert_seq, .. } => {
                let Some(alert_id) = body.alert_id else {
                    failed.push(format!("{log}, entry {seq}: an alert without its id"));
                    return;
                };
                let row = AlertRow {
                    log: log.to_owned(),
                    alert_id: alert_id.to_string(),
                    alert_seq: *alert_seq,
                    end: AlertEnd::Open,
                    signed: false,
                };
                self.alerts.entry(alert_id).or_insert(row);
                self.number(log, seq, *alert_seq, failed);
            }
            Action::InputRefused { alert_seq: Some(number), .. } => self.number(log, seq, *number, failed),
            Action::Decided { decision, officer_signature, .. } => {
                self.end(log, seq, body, end_of(decision), officer_signature.is_some(), failed);
            }
            Action::NoDecision => self.end(log, seq, body, AlertEnd::NoDecision, false, failed),
            Action::Withdrawn { after_contact: false, .. }
            | Action::MarkedDuplicate { .. }
            | Action::Superseded { .. } => self.overtake(body),
            Action::ShiftStarted { .. } => {
                self.started += 1;
                self.on_shift = true;
            }
            Action::ShiftEnded => {
                self.ended += 1;
                if !self.on_shift {
                    failed.push(format!("{log}, entry {seq}: a shift ends that was not begun"));
                }
                self.on_shift = false;
            }
            _ => {}
        }
    }

    fn number(&mut self, log: &str, seq: u64, number: u64, failed: &mut Vec<String>) {
        if !self.numbers.insert(number) {
            failed.push(format!("{log}, entry {seq}: alert number {number} was recorded twice"));
        }
    }

    fn end(&mut self, log: &str, seq: u64, body: &EventBody, end: AlertEnd, signed: bool, failed: &mut Vec<String>) {
        let row = body.alert_id.and_then(|id| self.alerts.get_mut(&id));
        match row {
            None => failed.push(format!("{log}, entry {seq}: a decision about an alert that was not received")),
            // An officer may pass on or observe first and decide otherwise later; the last one stands.
            Some(row) => (row.end, row.signed) = (end, signed),
        }
    }

    fn overtake(&mut self, body: &EventBody) {
        if let Some(row) = body.alert_id.and_then(|id| self.alerts.get_mut(&id))
            && row.end == AlertEnd::Open
        {
            row.end = AlertEnd::Overtaken;
        }
    }

    fn conclude(self, log: &str, issued: &BTreeSet<u64>, report: &mut TrailReport) {
        let newest = self.numbers.last().copied().unwrap_or(0);
        let (passed_over, to_come): (Vec<&u64>, Vec<&u64>) =
            issued.difference(&self.numbers).partition(|number| **number < newest);
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
        let unknown = self.numbers.difference(issued).count();
        if unknown > 0 && !issued.is_empty() {
            report.failed.push(format!("{log}: {unknown} alert numbers were never issued by the force"));
        }
        if self.on_shift {
            report.open.push(format!("{log}: a shift is not closed"));
        }
        if self.started > 0 || self.ended > 0 {
            report.shifts.push(ShiftRow { log: log.to_owned(), started: self.started, ended: self.ended });
        }
        let mut rows: Vec<AlertRow> = self.alerts.into_values().collect();
        rows.sort_by_key(|row| row.alert_seq);
        for row in rows.iter().filter(|row| row.end == AlertEnd::Open) {
            report.open.push(format!("{log}: alert number {} has neither a decision nor no_decision", row.alert_seq));
        }
        report.alerts.append(&mut rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn concluded(recorded: &[u64], issued: &[u64]) -> TrailReport {
        let phone = Phone { numbers: recorded.iter().copied().collect(), ..Phone::default() };
        let mut report =
            TrailReport { entries: 0, alerts: Vec::new(), shifts: Vec::new(), failed: Vec::new(), open: Vec::new() };
        phone.conclude("log", &issued.iter().copied().collect(), &mut report);
        report
    }

    #[test]
    fn numbers_of_other_messages_are_no_gap() {
        assert_eq!(concluded(&[2, 9], &[2, 9]), concluded(&[], &[]));
    }

    #[test]
    fn an_alert_that_was_issued_before_others_and_is_missing_fails() {
        assert_eq!(concluded(&[2, 9], &[2, 5, 9]).failed.len(), 1);
    }

    #[test]
    fn an_alert_that_is_still_on_its_way_is_open() {
        let report = concluded(&[2], &[2, 9]);
        assert_eq!((report.failed.len(), report.open.len()), (0, 1));
    }
}
