//! What the force log says, and whether each log of the bundle is what it accepted.
//!
//! Must never: believe a change that not enough people signed. Always: every accepted checkpoint of a log in the bundle
//! is compared with that log, and a fork among accepted checkpoints is found even for a log that is not there.

use std::collections::{BTreeMap, BTreeSet};

use super::dates::{Beacon, date};
use super::logs::CheckedLog;
use super::report::{Problem, Report};
use super::trust::{Trust, TrustedLog};
use crate::checkpoint::Checkpoint;
use crate::force_log::{Change, CheckpointLeaf, ForceLeaf, MAX_CHANGE_AGE_S};
use crate::mirror::beacon;
use crate::note::{SignatureLine, VerifierKey};
use crate::{Hash, Origin};

/// What the force log says, leaf by leaf.
#[derive(Default)]
pub(super) struct ForceRecord {
    checkpoints: BTreeMap<Origin, Vec<CheckpointLeaf>>,
    /// The keys that the last enrolment or key change names.
    enrolled: BTreeMap<Origin, (String, Option<String>)>,
    revoked: BTreeSet<Origin>,
    /// Which log a log goes on from.
    replaced_by: BTreeMap<Origin, Origin>,
    /// Phones that were given up: log, deployment, reason, and how much of the log there was then.
    given_up: Vec<(Origin, String, String, u64)>,
    /// Changes by their statements: a change counts once, whoever of those who may approved it.
    changes: BTreeSet<Hash>,
    /// Whether a statement has named this force log: from then on each does.
    bound: bool,
    /// Policies and pins whose statements name no force.
    unbound: u64,
    /// Every policy that came into force, by version.
    policies: BTreeMap<u64, Hash>,
    /// The newest pins.
    pins: Option<(u64, Hash)>,
    /// When each beacon was made, and by which leaf.
    beacons: BTreeMap<Hash, Beacon>,
    last_time: u64,
    /// How many accepted checkpoints have the time of what stands before them.
    stood: u64,
    /// Former force logs, each with how many of its leaves stand here.
    ended: Vec<Ended>,
    taken: u64,
    /// Which of the names of the force's log holds here.
    epoch: u32,
}

/// A former force log: its store was put back from a backup.
pub(super) struct Ended {
    pub(super) origin: Origin,
    pub(super) size: u64,
    pub(super) root: Option<Hash>,
    /// How many of its leaves are kept.
    pub(super) kept: u64,
}

impl Ended {
    /// Whether what the force says of the former log's end agrees with a checkpoint that somebody kept. Of a name before
    /// that one's it says nothing.
    pub(super) fn may_have_had(&self, seen: &Checkpoint) -> bool {
        let at_the_end = || self.root.is_none_or(|root| root == seen.root);
        self.origin != seen.origin || seen.size < self.size || (seen.size == self.size && at_the_end())
    }
}

impl ForceRecord {
    pub(super) fn read(force: &CheckedLog<'_>, trust: &Trust, report: &mut Report) -> Self {
        let name = force.origin.as_str();
        let before = report.failures;
        let mut record = Self { epoch: 1, ..Self::default() };
        for (index, bytes) in (0_u64..).zip(&force.view.entries) {
            if let Err(problem) = record.take(bytes, trust) {
                report.fail(Some(name), Some(index), problem);
            }
        }
        if trust.force_log.origin.force_log_epoch(&trust.force_domain) != Some(record.epoch) {
            report.fail(Some(name), None, Problem::FormerLog);
        }
        if report.failures == before {
            report.checked(Some(name), "force log leaves, approvals and order", force.checkpoint.size);
        }
        if trust.approvals_required == 0 {
            report.not_checked(Some(name), "approvals by people: the trust file asks for none", true);
        }
        if record.unbound > 0 {
            let what = "changes of policy or pins whose approvals name no force: written by an earlier version";
            report.not_checked(Some(name), format!("{} {what}", record.unbound), false);
        }
        let policies = record.policies.iter();
        report.policies = policies.map(|(version, sha256)| (*version, sha256.to_hex())).collect();
        for Ended { origin, size, kept, .. } in &record.ended {
            let what = "leaves were known when the force's store was put back from a backup";
            report.remarks.push(format!("{origin}: {size} {what}, the first {kept} of them are here"));
        }
        if report.made_at_s.is_some_and(|made_at_s| made_at_s < record.last_time) {
            report.remarks.push("the manifest states an earlier time than the force log's last leaf".to_owned());
        }
        record
    }

    /// The end of the force log of a former name: the first word on that epoch or a later one. After a second restore from
    /// one backup the word on the first epoch's end is lost with the second's store, and what both kept is the same.
    pub(super) fn ended(&self, origin: &Origin, force_domain: &str) -> Option<&Ended> {
        let epoch = origin.force_log_epoch(force_domain)?;
        self.ended.iter().find(|ended| ended.origin.force_log_epoch(force_domain) >= Some(epoch))
    }

    /// Whether a change was approved for this force's log under the name that the log had at that place: a log that goes
    /// on under another name says so first, as two people approved.
    fn check_name(&mut self, leaf: &ForceLeaf, trust: &Trust) -> Result<(), Problem> {
        let epoch = |origin: &Origin| origin.force_log_epoch(&trust.force_domain);
        let ForceLeaf::Change { change, force_log: Some(named), .. } = leaf else { return Ok(()) };
        let named = epoch(named).ok_or(Problem::OtherForce)?;
        let Change::ForceLogEnded { origin, .. } = change else {
            return if named == self.epoch { Ok(()) } else { Err(Problem::OtherForce) };
        };
        if named <= self.epoch || epoch(origin).and_then(|ended| ended.checked_add(1)) != Some(named) {
            return Err(Problem::OtherForce);
        }
        self.epoch = named;
        Ok(())
    }

    fn take(&mut self, bytes: &[u8], trust: &Trust) -> Result<(), Problem> {
        let index = self.taken;
        self.taken += 1;
        let leaf = ForceLeaf::decode(bytes).map_err(|_| Problem::ForceLeafForm)?;
        leaf.check_approvals(&trust.approvers, trust.approvals_required).map_err(|_| Problem::Approvals)?;
        self.check_name(&leaf, trust)?;
        let statement = leaf.statement_hash();
        // People take time to approve a change; what the gateway appends at once has no excuse.
        let delay_s = if matches!(leaf, ForceLeaf::Change { .. }) { MAX_CHANGE_AGE_S } else { 0 };
        let (time, taken) = match leaf {
            ForceLeaf::Checkpoint(leaf) => (leaf.cosigned_at_s, self.accept(leaf, index, trust)),
            ForceLeaf::Change { change, force_log, at_s, .. } => {
                let new = statement.is_none_or(|statement| self.changes.insert(statement));
                let taken = if new {
                    self.change(change, force_log.is_some(), index, trust)
                } else {
                    Err(Problem::ChangeRepeated)
                };
                (at_s, taken.and(self.bind(force_log.is_some())))
            }
        };
        let in_order = time.saturating_add(delay_s) >= self.last_time;
        self.last_time = self.last_time.max(time);
        taken?;
        if in_order { Ok(()) } else { Err(Problem::ForceOrder) }
    }

    fn accept(&mut self, leaf: CheckpointLeaf, index: u64, trust: &Trust) -> Result<(), Problem> {
        let enrolled = self.enrolled.contains_key(&leaf.origin) || trust.approvals_required == 0;
        let revoked = self.revoked.contains(&leaf.origin);
        let stood_before = self.stood;
        self.stood += u64::from(leaf.cosigned_at_s == self.last_time);
        let beacon = Beacon { made_at_s: leaf.cosigned_at_s, leaf: index, stood_before, stood_after: self.stood };
        self.beacons.entry(leaf.lines).or_insert(beacon);
        let accepted = self.checkpoints.entry(leaf.origin.clone()).or_default();
        let order = match accepted.last() {
            Some(last) if last.size > leaf.size => Err(Problem::ForceOrder),
            Some(last) if last.size == leaf.size && last.root != leaf.root => Err(Problem::Fork),
            _ => Ok(()),
        };
        accepted.push(leaf);
        if enrolled && !revoked { order } else { Err(Problem::Enrolment) }
    }

    /// Once statements name their force log, one that names none was approved for who knows whom.
    fn bind(&mut self, bound: bool) -> Result<(), Problem> {
        let late = self.bound && !bound;
        self.bound |= bound;
        if late { Err(Problem::OtherForce) } else { Ok(()) }
    }

    /// A log is enrolled once, and only a log that is enrolled and not revoked changes its keys.
    fn change(&mut self, change: Change, bound: bool, index: u64, trust: &Trust) -> Result<(), Problem> {
        let strict = trust.approvals_required > 0;
        let known = |record: &Self, origin: &Origin| record.enrolled.contains_key(origin);
        match change {
            Change::Enrolment { origin, log_key, hardware_key, replaces } => {
                let again = known(self, &origin) || self.revoked.contains(&origin);
                let follows = replaces.is_none_or(|before| self.replace(before, &origin));
                self.enrolled.insert(origin, texts(&log_key, hardware_key.as_ref()));
                if again || !follows { Err(Problem::Enrolment) } else { Ok(()) }
            }
            Change::KeyChange { origin, log_key, hardware_key } => {
                let sound = (known(self, &origin) || !strict) && !self.revoked.contains(&origin);
                self.enrolled.insert(origin, texts(&log_key, hardware_key.as_ref()));
                if sound { Ok(()) } else { Err(Problem::Enrolment) }
            }
            Change::Revocation { origin, .. } => {
                self.revoked.insert(origin);
                Ok(())
            }
            Change::GivenUp { origin, deployment, reason, size } => {
                let sound = known(self, &origin) || !strict;
                self.given_up.push((origin, deployment, reason, size));
                if sound { Ok(()) } else { Err(Problem::Enrolment) }
            }
            Change::ForceLogEnded { origin, size, root, events } => {
                let epoch = |origin: &Origin| origin.force_log_epoch(&trust.force_domain);
                let before = epoch(&origin).is_some_and(|ended| Some(ended) < epoch(&trust.force_log.origin));
                let next = Origin::new(events.name()).ok().filter(|next| !known(self, next));
                let next = next.filter(|next| next.events_epoch(&trust.force_domain).is_some());
                self.ended.push(Ended { origin, size, root, kept: index });
                let sound = before && next.is_some();
                self.enrolled.extend(next.map(|next| (next, texts(&events, None))));
                if sound { Ok(()) } else { Err(Problem::Enrolment) }
            }
            Change::PolicyChange { version, policy } => {
                self.unbound += u64::from(!bound);
                let newest = self.policies.last_key_value().map(|(newest, _)| *newest);
                self.policies.entry(version).or_insert(policy);
                if newest.is_none_or(|newest| version > newest) { Ok(()) } else { Err(Problem::Version) }
            }
            Change::PinChange { version, statement } => {
                self.unbound += u64::from(!bound);
                let sound = self.pins.is_none_or(|newest| version > newest.0 || newest == (version, statement));
                self.pins = Some((version, statement));
                if sound { Ok(()) } else { Err(Problem::Version) }
            }
        }
    }

    /// One log goes on from another that is enrolled and that no other goes on from; a phone may have been enrolled in
    /// vain, so the last one counts while those before it hold nothing.
    fn replace(&mut self, before: Origin, by: &Origin) -> bool {
        let in_vain = |log: &Origin| !self.checkpoints.contains_key(log);
        let free = self.replaced_by.get(&before).is_none_or(in_vain);
        // A force that put its store back may have lost the enrolment of the phone that is enrolled again.
        let known = self.enrolled.contains_key(&before) || !self.ended.is_empty();
        let sound = free && before != *by && known;
        if sound {
            self.replaced_by.insert(before, by.clone());
        }
        sound
    }

    /// Which log goes on from which, as the force says.
    pub(super) fn replacements(&self) -> impl Iterator<Item = (&Origin, &Origin)> {
        self.replaced_by.iter().map(|(before, by)| (by, before))
    }

    /// How often the force put its store back from a backup.
    pub(super) fn restores(&self) -> u64 {
        self.ended.len() as u64
    }

    /// Every beacon.
    pub(super) fn into_beacons(self) -> BTreeMap<Hash, Beacon> {
        self.beacons
    }

    /// Phones that two people gave up, and whether more came of them after all.
    pub(super) fn remark_given_up(&self, report: &mut Report) {
        for (origin, deployment, reason, size) in &self.given_up {
            let now = self.checkpoints.get(origin).and_then(|accepted| accepted.last()).map_or(0, |leaf| leaf.size);
            let since = match now.saturating_sub(*size) {
                0 => "nothing has come of it since".to_owned(),
                more => format!("{more} entries have come of it since, and count"),
            };
            let line =
                format!("{origin}: given up for deployment {deployment} ({reason}) with {size} entries here; {since}");
            report.remarks.push(line);
        }
    }

    /// Checks one log against the leaves that accepted its checkpoints.
    pub(super) fn check(&self, trusted: &TrustedLog, log: &mut CheckedLog<'_>, trust: &Trust, report: &mut Report) {
        let name = log.origin.as_str();
        let before = report.failures;
        let accepted = self.checkpoints.get(&log.origin).map(Vec::as_slice).unwrap_or_default();
        for leaf in accepted.iter().filter(|leaf| log.root_at(leaf.size) != Some(leaf.root)) {
            report.fail(Some(name), Some(leaf.size), Problem::ForceRoot);
        }
        let last = accepted.last();
        if last.is_none_or(|leaf| (leaf.size, leaf.root) != (log.checkpoint.size, log.checkpoint.root)) {
            report.fail(Some(name), None, Problem::ForceLast);
        }
        self.check_enrolment(trusted, trust, report);
        check_lines(trusted, log, last, trust, report);
        let kept = self.ended.last().map(|ended| ended.kept);
        let bounds = date(log, accepted, &self.beacons, kept, report);
        log.bounds = bounds;
        if report.failures == before {
            report.checked(Some(name), "accepted checkpoints, each a prefix of the log", accepted.len() as u64);
        }
    }

    fn check_enrolment(&self, trusted: &TrustedLog, trust: &Trust, report: &mut Report) {
        let name = trusted.origin.as_str();
        let keys = texts(&trusted.key, trusted.hardware.as_ref());
        match self.enrolled.get(&trusted.origin) {
            Some(enrolled) if *enrolled != keys => report.fail(Some(name), None, Problem::Enrolment),
            Some(_) => report.checked(Some(name), "enrolled keys equal to the trusted keys", 1),
            None if trust.approvals_required > 0 => report.fail(Some(name), None, Problem::Enrolment),
            None => report.not_checked(Some(name), "enrolment: the trust file asks for no approvals", false),
        }
    }

    /// The time of the last leaf, in seconds since 1970-01-01 UTC.
    pub(super) const fn last_time(&self) -> u64 {
        self.last_time
    }

    /// Logs that the force log speaks of and the trust file does not name.
    pub(super) fn check_unknown(&self, trust: &Trust, report: &mut Report) {
        let known = |origin: &&Origin| trust.logs.iter().any(|log| log.origin == **origin);
        for origin in self.checkpoints.keys().filter(|origin| !known(origin)) {
            report.not_checked(Some(origin.as_str()), "a log that the trust file does not name", true);
        }
        let silent = self.enrolled.keys().filter(|origin| !self.checkpoints.contains_key(*origin)).count();
        if silent > 0 {
            report
                .remarks
                .push(format!("{silent} enrolled logs have no accepted checkpoint, so nothing of them is here"));
        }
    }
}

fn texts(log_key: &VerifierKey, hardware_key: Option<&VerifierKey>) -> (String, Option<String>) {
    (log_key.to_string(), hardware_key.map(ToString::to_string))
}

/// The gateway's line must be the one that the force log holds; hardware should have signed.
fn check_lines(
    trusted: &TrustedLog,
    log: &CheckedLog<'_>,
    last: Option<&CheckpointLeaf>,
    trust: &Trust,
    report: &mut Report,
) {
    let name = log.origin.as_str();
    let by_gateway =
        |line: &&SignatureLine| line.name() == trust.gateway.name() && line.key_id() == trust.gateway.key_id();
    let lines: String = log.note.signatures().iter().filter(by_gateway).map(SignatureLine::to_line).collect();
    // The leaf's time must be the one that the gateway signed: "not after" rests on it.
    let verified = log.note.verify(std::slice::from_ref(&trust.gateway)).unwrap_or_default();
    let stated = verified.iter().find_map(|line| line.cosigned_at_s);
    if lines.is_empty() {
        report.not_checked(Some(name), "the gateway's cosignature: not on the checkpoint", true);
    } else if last.is_none_or(|leaf| leaf.lines != beacon(&lines) || stated != Some(leaf.cosigned_at_s)) {
        report.fail(Some(name), None, Problem::ForceLast);
    }
    if trusted.hardware.as_ref().is_some_and(|key| !log.is_signed_by(key)) {
        report.not_checked(Some(name), "the hardware key's signature: not on the checkpoint", true);
    }
}
