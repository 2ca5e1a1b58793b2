//! People in two halves: one to fit on, one to judge.

use sha2::{Digest, Sha256};

/// What a person serves for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Half {
    /// The calibration is fitted on these.
    Fit,
    /// It is judged on these.
    Judge,
}

impl Half {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Fit, Self::Judge];

    /// Its name in the column `half`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::Judge => "judge",
        }
    }

    /// By its code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|half| half.code() == code)
    }
}

/// Puts people into halves of the same size (the judges' may be smaller by one), by a hash of seed and code alone: neither
/// their order nor their pictures matter.
pub fn halve(people: &[String], seed: u64) -> Vec<Half> {
    let mut drawn: Vec<(Vec<u8>, usize)> = people
        .iter()
        .enumerate()
        .map(|(place, code)| {
            (Sha256::new().chain_update(seed.to_be_bytes()).chain_update(code).finalize().to_vec(), place)
        })
        .collect();
    drawn.sort();
    let mut halves = vec![Half::Judge; people.len()];
    for (_, place) in drawn.into_iter().take(people.len().div_ceil(2)) {
        if let Some(half) = halves.get_mut(place) {
            *half = Half::Fit;
        }
    }
    halves
}
