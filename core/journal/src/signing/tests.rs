use proptest::prelude::*;

use super::*;

fn at(ms: u64) -> Stamp {
    Stamp { wall_ms: 0, mono_ns: ms * 1_000_000, boot: [1; 8] }
}

#[test]
fn nothing_new_is_never_signed() {
    let mut timer = CheckpointTimer::default();
    for ms in [0, 60_000, 1 << 40] {
        assert!(!timer.is_due(7, 7, at(ms)));
    }
}

#[test]
fn one_event_is_signed_within_a_minute_and_sixty_four_at_once() {
    let mut timer = CheckpointTimer::default();
    assert!(!timer.is_due(7, 7, at(0)));
    assert!(!timer.is_due(8, 7, at(1_000)));
    assert!(!timer.is_due(9, 7, at(55_900)));
    assert!(timer.is_due(9, 7, at(56_000)));
    // It was signed; what comes then has its own minute.
    assert!(!timer.is_due(9, 9, at(56_150)));
    assert!(!timer.is_due(72, 9, at(56_300)));
    assert!(timer.is_due(73, 9, at(56_450)));
}

#[test]
fn what_was_not_signed_is_asked_for_again_and_not_at_every_look() {
    let mut timer = CheckpointTimer::default();
    assert!(timer.is_due(5, 0, at(0)), "entries that a start finds are of unknown age");
    let asked: Vec<u64> = (1..=100).filter(|tick| timer.is_due(5, 0, at(tick * 150))).collect();
    assert_eq!(asked, [34, 68]);
}

#[test]
fn under_a_steady_load_every_sixty_fourth_entry_and_no_more_is_a_reason() {
    let mut timer = CheckpointTimer::default();
    assert!(!timer.is_due(0, 0, at(0)));
    let (mut signed, mut signatures) = (0, 0);
    for tick in 1..=2_000 {
        // Ten entries between two looks; the signature is there at the next one.
        let size = tick * 10;
        if timer.is_due(size, signed, at(tick * 150)) {
            (signed, signatures) = (size, signatures + 1);
        }
        assert!(size - signed < 64 + 10);
    }
    assert!((280..=290).contains(&signatures), "{signatures}");
}

#[test]
fn another_boot_makes_it_due_and_the_wall_clock_does_not() {
    let mut timer = CheckpointTimer::default();
    assert!(!timer.is_due(3, 3, at(0)));
    assert!(!timer.is_due(4, 3, at(10)));
    assert!(!timer.is_due(4, 3, Stamp { wall_ms: i64::MAX, ..at(20) }));
    assert!(timer.is_due(4, 3, Stamp { boot: [2; 8], ..at(1) }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Events at any time, a look every 150 ms, hardware that takes up to four seconds: no event is older than a minute
    /// without a signature over it, and what is signed always holds something new.
    #[test]
    fn no_event_waits_longer_than_a_minute(
        events in proptest::collection::vec((0_u64..40_000, 1_u64..20), 0..40),
        delay_ms in 0_u64..4_000,
    ) {
        let mut timer = CheckpointTimer::default();
        let mut times = Vec::new();
        let mut last = 0;
        for (gap, count) in events {
            last += gap;
            times.extend(std::iter::repeat_n(last, usize::try_from(count).unwrap()));
        }
        let (mut signed, mut under_way): (u64, Option<(u64, u64)>) = (0, None);
        for ms in (0..last + 70_000).step_by(150) {
            let size = u64::try_from(times.iter().filter(|time| **time <= ms).count()).unwrap();
            if let Some((_, of)) = under_way.filter(|(done, _)| *done <= ms) {
                prop_assert!(of > signed);
                (signed, under_way) = (of, None);
            }
            if timer.is_due(size, signed, at(ms)) && under_way.is_none() {
                under_way = Some((ms + delay_ms, size));
            }
            let oldest = times.get(usize::try_from(signed).unwrap()).copied();
            prop_assert!(oldest.is_none_or(|oldest| ms <= oldest + 60_000), "{oldest:?} at {ms}");
        }
    }
}
