//! Whatever a phone and its force do, in whatever order.

use peel_faults::network::{Step, interleaved};
use proptest::prelude::*;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => any::<bool>().prop_map(|many| Step::Record { many }),
        4 => Just(Step::Sync),
        1 => Just(Step::Crash),
        2 => Just(Step::Prune),
        2 => Just(Step::Rotate),
        2 => any::<u16>().prop_map(Step::Restore),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// The force's log is a beginning of the phone's, or all of it, byte for byte, after every step; what was pruned has
    /// the leaf hash of what the force holds; a log that ended was carried over; in the end everything is at the force,
    /// or the phone has the force's own word for what it lost.
    #[test]
    fn s36_the_forces_log_is_the_phones_for_any_interleaving_of_record_sync_crash_prune_rotate_and_restore(
        steps in prop::collection::vec(step(), 1..20),
        seed in any::<u64>(),
    ) {
        interleaved(&steps, seed);
    }
}

/// The steps in an order in which each has something to do.
#[test]
fn s36_a_force_that_lost_what_was_pruned_is_shown_its_own_word() {
    let record = Step::Record { many: true };
    let steps = [record, record, Step::Sync, Step::Prune, Step::Crash, Step::Restore(0), Step::Record { many: false }];
    let counts = interleaved(&steps, 1);
    for what in ["bodies pruned", "restores that lost pruned entries", "losses of pruned entries proved"] {
        assert!(counts.get(what) > 0, "{what}: {counts}");
    }
    let steps = [record, Step::Sync, record, Step::Rotate, Step::Sync, Step::Restore(1), Step::Record { many: false }];
    let counts = interleaved(&steps, 1);
    for what in ["entries carried over", "restores from before the enrolment"] {
        assert!(counts.get(what) > 0, "{what}: {counts}");
    }
}
