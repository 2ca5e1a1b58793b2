//! Every decoder's promises on real values: as they are, cut short, with a bit flipped, spliced, and on noise.
//!
//! Small and the same on every run; `cargo fuzz-long` goes on from here. An input that broke a promise once is a
//! test of the crate that was mended.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code: a failure here is a failed test")]

use std::collections::BTreeSet;
use std::path::Path;

use peel_decoders::TARGETS;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Changed values tried for each decoder.
const CHANGES: usize = 120;

#[test]
fn real_values_keep_every_promise() {
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has no real value", target.name);
        for seed in seeds {
            (target.check)(&seed);
        }
    }
}

#[test]
fn changed_values_keep_every_promise() {
    for target in TARGETS {
        let mut rng = StdRng::seed_from_u64(4);
        let seeds = (target.seeds)();
        for _ in 0..CHANGES {
            let mut value = seeds[rng.random_range(0..seeds.len())].clone();
            match rng.random_range(0..4) {
                0 => value.truncate(rng.random_range(0..=value.len())),
                1 if !value.is_empty() => {
                    let at = rng.random_range(0..value.len());
                    value[at] ^= 1 << rng.random_range(0..8);
                }
                2 => {
                    let other = &seeds[rng.random_range(0..seeds.len())];
                    let at = rng.random_range(0..=value.len().min(other.len()));
                    value.truncate(at);
                    value.extend_from_slice(&other[at..]);
                }
                _ => value = (0..rng.random_range(0..200)).map(|_| rng.random()).collect(),
            }
            (target.check)(&value);
        }
    }
}

#[test]
fn every_decoder_has_its_fuzz_target_and_no_other_is_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let files: BTreeSet<String> = files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let named: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(files, named);
}
