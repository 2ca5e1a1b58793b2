//! A rate that never stands alone.

use serde::Serialize;

use crate::statistics::{Interval, at_most, clopper_pearson, part, wilson};

/// For fewer comparisons no rate is given: no error among so many still allows 9.5 %.
pub const LEAST_COMPARISONS: u64 = 30;
/// For fewer people no rate is given.
pub const LEAST_PEOPLE: u64 = 10;

/// An error rate with what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// Errors.
    pub errors: u64,
    /// Comparisons.
    pub of: u64,
    /// People in them.
    pub people: u64,
    /// The rate; `None` where there are too few comparisons or people.
    pub rate: Option<f64>,
    /// Its interval (95 %), which holds both of Wilson's over comparisons and the bootstrap's over people. Absent with
    /// the rate.
    pub interval: Option<Interval>,
    /// Wilson's, as if comparisons were independent.
    pub wilson: Option<Interval>,
    /// Clopper's and Pearson's, as if comparisons were independent.
    pub exact: Option<Interval>,
    /// The bootstrap's over people.
    pub by_people: Option<Interval>,
    /// Without an error: what the rate is at most (95 %) if the comparisons were independent, and if each person
    /// counted once.
    pub at_most: Option<[f64; 2]>,
}

impl Rate {
    /// From counts; `drawn` is the bootstrap's interval.
    pub(crate) fn new(errors: u64, of: u64, people: u64, drawn: Option<Interval>) -> Self {
        if of < LEAST_COMPARISONS || people < LEAST_PEOPLE {
            return Self {
                errors,
                of,
                people,
                rate: None,
                interval: None,
                wilson: None,
                exact: None,
                by_people: None,
                at_most: None,
            };
        }
        let by_comparison = wilson(errors, of);
        // Drawing from people without an error never shows one: that is no interval.
        let drawn = drawn.filter(|_| errors > 0);
        Self {
            errors,
            of,
            people,
            rate: Some(part(errors, of)),
            interval: Some(drawn.map_or(by_comparison, |drawn| drawn.hull(by_comparison))),
            wilson: Some(by_comparison),
            exact: Some(clopper_pearson(errors, of)),
            by_people: drawn,
            at_most: (errors == 0).then(|| [at_most(of), at_most(people)]),
        }
    }
}
