//! A slice of every part, with every test run, and what the parts themselves rest on.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation)] // tests

use peel_faults::run::{Outcome, Part, all};
use peel_faults::{bits, crash, full, kills, network, positions, sizes};
use peel_ledger::bundle::Verdict;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

const SEED: u64 = 20_261_123;

fn slice(part: &Part) -> Outcome {
    let outcome = all(part, 0..part.short, SEED, 2, &|_| {});
    assert!(outcome.failures.is_empty(), "{}: {:?}", part.name, outcome.failures);
    outcome
}

#[test]
fn s35_a_power_cut_loses_nothing_that_was_acknowledged() {
    let counts = slice(&crash::PART).counts;
    for what in
        ["states with a change under way that was durable", "states with pruned entries", "states of a later log"]
    {
        assert!(counts.get(what) > 0, "{what}: {counts}");
    }
}

#[test]
fn s36_a_power_cut_of_the_force_loses_nothing_that_was_acknowledged() {
    slice(&network::cuts::PART);
}

#[test]
fn s35_a_kill_loses_nothing_that_was_acknowledged() {
    // What else is under way when the signal comes depends on how busy the machine is.
    assert!(slice(&kills::PART).counts.get("entries acknowledged") > 0);
}

#[test]
fn s36_the_forces_log_is_the_phones_whatever_the_network_does() {
    let counts = slice(&network::PART).counts;
    for what in [
        "faults met",
        "losses noticed",
        "clones of a phone noticed",
        "rollbacks of a phone noticed",
        "bodies pruned",
        "entries carried over",
    ] {
        assert!(counts.get(what) > 0, "{what}: {counts}");
    }
}

#[test]
fn a_network_without_faults_raises_no_alarm() {
    slice(&network::CLEAN);
}

#[test]
fn s34_bits_that_are_turned_over_are_noticed() {
    slice(&bits::PART);
}

#[test]
fn s34_a_root_from_an_audit_path_gives_the_whole_checks_verdict() {
    let record = bits::record();
    let mut rng = StdRng::seed_from_u64(SEED);
    for _ in 0..300 {
        let index = rng.random_range(0..bits::EVENTS);
        let (at, bit) = (rng.random_range(0..record.entry_bytes(index)), rng.random_range(0..8));
        let (path, first) = record.place(index);
        let quick = record.root_holds_with(index, at, bit);
        let whole = record.verdict(&path, first + at, bit);
        assert_eq!((quick, whole), (false, Verdict::Tampered), "entry {index}, byte {at}, bit {bit}");
    }
    assert!((0..bits::EVENTS).all(|index| record.root_holds(index)));
    assert_eq!(record.unchanged(), Verdict::Good);
}

#[test]
fn s34_positions_that_are_changed_are_noticed() {
    slice(&positions::PART);
}

#[test]
fn s35_a_full_phone_signs_nothing_that_is_not_durable() {
    assert!(slice(&full::PHONE).counts.get("refusals met") > 0);
}

/// The places at which it was found that the switch to the write-ahead log could fail unseen.
#[test]
fn s35_a_disk_that_fails_at_the_very_first_write_is_an_error_then() {
    // The second write of the store's life, and its second sync.
    for number in [1_039, 1_043] {
        let outcome = all(&full::PHONE, number..number + 1, SEED, 1, &|_| {});
        assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    }
}

#[test]
fn s36_a_full_store_of_the_force_signs_nothing_that_is_not_durable() {
    slice(&full::GATEWAY);
}

#[test]
fn bodies_of_any_length_are_recorded_or_refused() {
    slice(&sizes::PART);
}
