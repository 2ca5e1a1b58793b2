//! Whatever comes in: decoders never panic, and what they accept has one form.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "test code: a failure here is a failed test"
)]

use peel_ledger::bundle::{Trust, VerifyOptions, verify};
use peel_ledger::entry::Entry;
use proptest::prelude::*;

mod support;

/// An entry of the fixture's phone.
fn entry() -> Vec<u8> {
    support::Force::new().phone(1, 1).entries.remove(0)
}

#[test]
fn every_flipped_bit_of_an_entry_is_another_entry_or_none() {
    let bytes = entry();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok(decoded) = Entry::decode(&changed) {
            assert_eq!(decoded.encode(), changed, "bit {bit}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn entries_have_one_form(bytes in proptest::collection::vec(any::<u8>(), 0..400), at in any::<usize>(), cut in any::<usize>()) {
        let mut changed = entry();
        let (at, length) = (at % changed.len(), changed.len());
        changed.truncate(length.min(cut % length + bytes.len()));
        for (offset, byte) in bytes.iter().take(3).enumerate() {
            if let Some(place) = changed.get_mut(at + offset) {
                *place = *byte;
            }
        }
        for candidate in [bytes, changed] {
            if let Ok(entry) = Entry::decode(&candidate) {
                prop_assert_eq!(entry.encode(), candidate);
            }
        }
    }

    #[test]
    fn trust_files_never_panic(text in "[ -~\n]{0,300}") {
        let _ = Trust::parse(&text);
    }

    #[test]
    fn bundles_of_anything_never_panic(
        path in "(manifest.note|logs/(log|e1)/(checkpoint|tile/(0|entries)/000(.p/[0-9])?))",
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut force = support::Force::new();
        let phone = force.phone(3, 2);
        let mut files = force.bundle(&phone);
        files.insert(path, bytes);
        let report = verify(&files, &force.trust(), VerifyOptions::default(), &mut |_| {});
        prop_assert!(report.failures > 0);
    }
}
