//! The times that a sealed body states, compared with what its envelope proves.
//!
//! The envelope's clocks were in the open when the force cosigned it; what lies inside was seen by nobody. Must never:
//! call a clock that was set wrong tampering: a wall clock may jump, and says so in an event. Always: what is compared
//! are two statements about one moment, or lengths on the clock that only a reboot stops.

use peel_domain::time::{Elapsed, Moment, TimeSource};
use peel_ledger::bundle::Bounds;
use peel_ledger::entry::EntryTime;

/// How far a body's times may lie from its envelope's: an event may wait so long for its turn to be sealed.
const TOLERANCE_MS: u64 = 60_000;
/// How far a certificate's time may lie outside what is proved about an entry: the force's own clocks may differ.
const CERTIFICATE_TOLERANCE_MS: i64 = 5 * 60_000;
const NS_A_MS: u64 = 1_000_000;

/// Where an event stands, and when that was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) log: &'a str,
    pub(crate) seq: u64,
    /// What the envelope states.
    pub(crate) time: &'a EntryTime,
    /// What is proved.
    pub(crate) bounds: Bounds,
}

impl Entry<'_> {
    /// The start of a line about it.
    pub(crate) fn place(&self) -> String {
        format!("{}, entry {}", self.log, self.seq)
    }
}

/// Body and envelope are of one boot, and their clocks agree.
pub(crate) fn compare(entry: &Entry<'_>, at: &Moment, failed: &mut Vec<String>) {
    let time = entry.time;
    let apart = at.utc_ms.abs_diff(time.wall_ms).max(at.monotonic_ns.abs_diff(time.mono_ns) / NS_A_MS);
    if at.boot_id.0 != time.boot {
        failed.push(format!("{}: the record is of another start of the phone than its envelope", entry.place()));
    } else if apart > TOLERANCE_MS {
        failed.push(format!("{}: the record states another time than its envelope", entry.place()));
    }
}

/// What is found about a certificate at an event's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validity {
    /// It was valid by the phone's clock, and can have been by what is proved.
    Holds,
    /// It was not.
    Differs,
    /// An exercise's seconds are not the gateway's: nothing was compared.
    InExercise,
    /// It was over by the force's time, which stood still: that may have been ahead of the clock that the certificate is of.
    StoodStill,
}

/// Compares a certificate's `[from_ms, until_ms)` with when an entry was proved to be made: after its beacon, before its
/// cosignature, both by the gateway's clock, as the certificate is. The phone's own clock may be years off and says nothing.
pub(crate) fn validity(entry: &Entry<'_>, at: &Moment, from_ms: i64, until_ms: i64) -> Validity {
    let ms = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
    let bounds = &entry.bounds;
    let not_over = ms(bounds.not_before_s) < until_ms.saturating_add(CERTIFICATE_TOLERANCE_MS);
    let begun = bounds.not_after_s.is_none_or(|end| ms(end) >= from_ms.saturating_sub(CERTIFICATE_TOLERANCE_MS));
    match at.source {
        TimeSource::Exercise => Validity::InExercise,
        _ if not_over && begun => Validity::Holds,
        _ if begun && bounds.stood_still(bounds) => Validity::StoodStill,
        _ => Validity::Differs,
    }
}

/// A moment of a stop, as its envelope has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    boot: [u8; 8],
    mono_ns: u64,
    bounds: Bounds,
    source: TimeSource,
}

impl Mark {
    pub(crate) fn of(entry: &Entry<'_>, at: &Moment) -> Self {
        let Entry { time, bounds, .. } = *entry;
        Self { boot: time.boot, mono_ns: time.mono_ns, bounds, source: at.source }
    }
}

/// What is found about a stop's stated length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// It is what the envelopes' clocks give, and fits what is proved.
    Agrees,
    /// It is not.
    Differs,
    /// It is what the envelopes' clocks give; an exercise's seconds are not the gateway's, so no more was compared.
    InExercise,
    /// It is what the envelopes' clocks give, and more than the force's time went on by, which stood still in between.
    NotBounded,
    /// A reboot lay in it, so that its length rests on a wall clock that may have been set.
    OverReboot,
}

/// Compares the stated length of a stop with its entries.
pub(crate) fn length(contact: &Mark, released: &Mark, stated: Elapsed) -> Length {
    if contact.boot != released.boot {
        return Length::OverReboot;
    }
    let ms = released.mono_ns.saturating_sub(contact.mono_ns) / NS_A_MS;
    if ms.abs_diff(stated.ms) > TOLERANCE_MS {
        Length::Differs
    } else if contact.source == TimeSource::Exercise || released.source == TimeSource::Exercise {
        Length::InExercise
    } else if is_too_short(contact, released, stated.ms) {
        Length::Differs
    } else if !is_too_long(contact, released, stated.ms) {
        Length::Agrees
    } else if contact.bounds.stood_still(&released.bounds) {
        Length::NotBounded
    } else {
        Length::Differs
    }
}

/// Whether more time lay between what was proved before and after than so many milliseconds.
fn is_too_short(contact: &Mark, released: &Mark, ms: u64) -> bool {
    let latest = contact.bounds.not_after_s;
    let shortest_s = latest.map_or(0, |latest| released.bounds.not_before_s.saturating_sub(latest));
    ms.saturating_add(TOLERANCE_MS) < shortest_s.saturating_mul(1000)
}

/// Whether so many milliseconds do not fit between the contact's beacon and the cosignature over the release.
fn is_too_long(contact: &Mark, released: &Mark, ms: u64) -> bool {
    let earliest = contact.bounds.not_before_s;
    let known = released.bounds.not_after_s.filter(|_| earliest > 0);
    let longest = known.map(|latest| latest.saturating_sub(earliest).saturating_mul(1000));
    longest.is_some_and(|longest| ms > longest.saturating_add(TOLERANCE_MS))
}

#[cfg(test)]
mod tests {
    use peel_domain::time::BootId;

    use super::*;

    fn mark(boot: u8, seconds: u64, not_before_s: u64, not_after_s: Option<u64>) -> Mark {
        let (mono_ns, source) = (seconds * 1_000_000_000, TimeSource::Device);
        let bounds = Bounds { not_before_s, not_after_s, ..Bounds::default() };
        Mark { boot: [boot; 8], mono_ns, bounds, source }
    }

    fn stated(seconds: u64) -> Elapsed {
        Elapsed { ms: seconds * 1000, uncertainty_ms: 0 }
    }

    #[test]
    fn a_length_is_that_of_the_monotonic_clock_and_fits_what_is_proved() {
        let contact = mark(1, 100, 1_000, Some(1_100));
        assert_eq!(length(&contact, &mark(1, 700, 1_000, Some(2_000)), stated(600)), Length::Agrees);
        assert_eq!(length(&contact, &mark(1, 700, 1_000, Some(2_000)), stated(500)), Length::Differs, "shorter");
        assert_eq!(length(&contact, &mark(1, 700, 1_000, Some(2_000)), stated(700)), Length::Differs, "longer");
        assert_eq!(length(&contact, &mark(1, 700, 0, Some(1_300)), stated(600)), Length::Differs, "no time for it");
        assert_eq!(length(&contact, &mark(1, 700, 1_800, None), stated(600)), Length::Differs, "more time has passed");
        assert_eq!(length(&contact, &mark(1, 700, 1_000, None), stated(600)), Length::Agrees, "nothing is proved");
    }

    #[test]
    fn a_reboot_in_between_is_said_and_an_exercises_clock_is_its_own() {
        let contact = mark(1, 100, 1_000, Some(1_100));
        assert_eq!(length(&contact, &mark(2, 5, 1_000, None), stated(9_999_999)), Length::OverReboot);
        let mut released = mark(1, 700, 0, Some(1_010));
        released.source = TimeSource::Exercise;
        assert_eq!(length(&contact, &released, stated(600)), Length::InExercise);
        assert_eq!(length(&contact, &released, stated(500)), Length::Differs);
    }

    #[test]
    fn s02_a_certificate_is_valid_at_the_time_that_is_proved() {
        let time = EntryTime { wall_ms: 0, mono_ns: 0, boot: [1; 8], beacon: None };
        let found = |utc_ms, bounds: (u64, Option<u64>), source| {
            let bounds = Bounds { not_before_s: bounds.0, not_after_s: bounds.1, ..Bounds::default() };
            let entry = Entry { log: "log", seq: 1, time: &time, bounds };
            let at = Moment { utc_ms, monotonic_ns: 0, boot_id: BootId([1; 8]), source, uncertainty_ms: 0 };
            validity(&entry, &at, 1_000_000, 2_000_000)
        };
        let device = |utc_ms, not_before_s, not_after_s| found(utc_ms, (not_before_s, not_after_s), TimeSource::Device);
        assert_eq!(device(1_500_000, 1_400, Some(1_600)), Validity::Holds);
        assert_eq!(device(1_500_000, 0, None), Validity::Holds, "nothing is proved");
        for years_off in [0, 939_000, 2_060_000, i64::MAX] {
            assert_eq!(device(years_off, 1_400, Some(1_600)), Validity::Holds, "the phone's own clock says nothing");
        }
        assert_eq!(device(1_500_000, 2_299, None), Validity::Holds, "the force's clocks may differ");
        assert_eq!(device(1_500_000, 2_300, None), Validity::Differs, "the beacon is later than the certificate");
        assert_eq!(device(1_500_000, 0, Some(699)), Validity::Differs, "cosigned before it");
        assert_eq!(found(1_500_000, (9_999, None), TimeSource::Exercise), Validity::InExercise);
    }

    fn found(body: (i64, u64, u8)) -> usize {
        let time = EntryTime { wall_ms: 5_000_000, mono_ns: 9_000_000_000_000, boot: [1; 8], beacon: None };
        let entry = Entry { log: "log", seq: 1, time: &time, bounds: Bounds::default() };
        let (utc_ms, monotonic_ns, boot) = body;
        let source = TimeSource::Device;
        let at = Moment { utc_ms, monotonic_ns, boot_id: BootId([boot; 8]), source, uncertainty_ms: 0 };
        let mut failed = Vec::new();
        compare(&entry, &at, &mut failed);
        failed.len()
    }

    #[test]
    fn a_body_is_of_its_envelopes_time() {
        assert_eq!(found((5_000_000, 9_000_000_000_000, 1)), 0);
        assert_eq!(found((5_000_000, 8_941_000_000_000, 1)), 0, "it waited for its turn");
        assert_eq!(found((5_000_000, 8_900_000_000_000, 1)), 1, "another monotonic time");
        assert_eq!(found((4_000_000, 9_000_000_000_000, 1)), 1, "another wall time");
        assert_eq!(found((5_000_000, 9_000_000_000_000, 2)), 1, "another boot");
    }
}
