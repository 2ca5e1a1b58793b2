//! When entries were made, by what the force log states: after the beacon that they name, before the cosignature over them.
//!
//! The force log's time never goes back. Where the force's clock did, or another process's is behind, the log's time
//! stands still until it is reached again. Always: whoever measures a length by these times can see whether they stood
//! still in between.

use std::collections::BTreeMap;

use super::logs::CheckedLog;
use super::report::{Problem, Report};
use crate::Hash;
use crate::force_log::CheckpointLeaf;

/// How far a device's wall clock may lie outside its proved bounds before the report remarks on it.
const CLOCK_TOLERANCE_MS: i64 = 5 * 60 * 1000;

/// A beacon that the force gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beacon {
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub made_at_s: u64,
    /// The position of its leaf in the force log.
    pub leaf: u64,
    /// How many accepted checkpoints before that leaf have the time of what stands before them.
    pub stood_before: u64,
    /// The same up to that leaf, and with it.
    pub stood_after: u64,
}

/// When an entry was made, as far as that is proved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Not before this second since 1970-01-01 UTC, by its beacon; 0 where it names none.
    pub not_before_s: u64,
    /// Nor after this one, by the first cosignature over it; nothing where there is none.
    pub not_after_s: Option<u64>,
    /// [`Beacon::stood_before`] of that beacon.
    pub stood_before: u64,
    /// [`Beacon::stood_after`] of that cosignature's leaf.
    pub stood_after: u64,
}

impl Bounds {
    /// Whether the force log's time stood still somewhere from the beacon before this entry to the cosignature over
    /// another, or the same: two leaves in one second, or a clock that went back. More time may have passed then than the
    /// two times say.
    pub const fn stood_still(&self, later: &Self) -> bool {
        later.stood_after > self.stood_before
    }
}

/// Beacons are known, never run backwards, and are not later than the cosignature over the entry. Gives what that
/// proves about each entry. What a log names before it names any of the present store's, which come after the leaves that
/// were `kept` of the former one, may have been lost with that: then nothing is proved by it, and that is said.
pub(super) fn date(
    log: &CheckedLog<'_>,
    accepted: &[CheckpointLeaf],
    beacons: &BTreeMap<Hash, Beacon>,
    kept: Option<u64>,
    report: &mut Report,
) -> Vec<Bounds> {
    let name = log.origin.as_str();
    let mut clocks_off = 0_u64;
    let (mut dated, mut lost) = (0_u64, 0_u64);
    let mut may_be_lost = kept;
    let mut bounds = Vec::with_capacity(log.entries.len());
    // The entries between two visits name the same one.
    let mut named: Option<(Hash, Option<Beacon>)> = None;
    let mut accepted = accepted.iter().peekable();
    let after = |leaf: Option<&&CheckpointLeaf>| {
        let stood = leaf.and_then(|leaf| beacons.get(&leaf.lines)).map_or(u64::MAX, |beacon| beacon.stood_after);
        (leaf.map(|leaf| leaf.cosigned_at_s), stood)
    };
    let (not_after_s, stood_after) = after(accepted.peek());
    let mut at = Bounds { not_before_s: 0, not_after_s, stood_before: 0, stood_after };
    for (index, entry) in (0_u64..).zip(&log.entries) {
        while accepted.next_if(|leaf| leaf.size <= index).is_some() {
            (at.not_after_s, at.stood_after) = after(accepted.peek());
        }
        let Some(clear) = entry else {
            bounds.push(at);
            continue;
        };
        let time = clear.header.time;
        if let Some(beacon) = time.beacon {
            dated += 1;
            let known = named.filter(|(known, _)| *known == beacon).map(|(_, seen)| seen);
            let seen = known.unwrap_or_else(|| beacons.get(&beacon).copied());
            named = Some((beacon, seen));
            match seen {
                None if may_be_lost.is_some() => lost += 1,
                Some(Beacon { made_at_s, leaf, .. })
                    if made_at_s >= at.not_before_s && at.not_after_s.is_none_or(|end| made_at_s <= end) =>
                {
                    may_be_lost = may_be_lost.filter(|kept| leaf < *kept);
                }
                _ => report.fail(Some(name), Some(index), Problem::Beacon),
            }
            if let Some(seen) = seen.filter(|seen| seen.made_at_s >= at.not_before_s) {
                (at.not_before_s, at.stood_before) = (seen.made_at_s, seen.stood_before);
            }
        }
        clocks_off += u64::from(outside(time.wall_ms, at.not_before_s, at.not_after_s));
        bounds.push(at);
    }
    if dated > lost {
        report.checked(Some(name), "entries dated by a beacon before and a cosignature after", dated - lost);
    }
    if lost > 0 {
        let what = "entries name a beacon that the force lost with its store: nothing dates them from below";
        report.not_checked(Some(name), format!("{lost} {what}"), true);
    }
    let undated = (log.entries.len() as u64).saturating_sub(dated);
    if undated > 0 {
        let what = "entries name no beacon: nothing but the cosignature after them dates them";
        report.remarks.push(format!("{name}: {undated} {what}"));
    }
    if clocks_off > 0 {
        report.remarks.push(format!("{name}: {clocks_off} entries state a wall clock outside their proved bounds"));
    }
    bounds
}

/// Whether a wall clock lies outside its proved bounds by more than the tolerance.
fn outside(wall_ms: i64, not_before_s: u64, not_after_s: Option<u64>) -> bool {
    let early = i64::try_from(not_before_s).unwrap_or(i64::MAX).saturating_mul(1000) - CLOCK_TOLERANCE_MS;
    let late = not_after_s.and_then(|end| i64::try_from(end).ok()).unwrap_or(i64::MAX / 1000);
    wall_ms < early || wall_ms > late.saturating_mul(1000).saturating_add(CLOCK_TOLERANCE_MS)
}
