//! What is kept back in tables cannot be had from what is published, by whoever knows how it was kept back.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers outside of #[test] functions

use std::collections::{BTreeMap, BTreeSet};

use peel_domain::statistics::{Part, Shown, suppress, suppress_sums};
use proptest::prelude::*;

/// Every row of `length` counts that adds up to `total`.
fn rows(length: usize, total: u64) -> Vec<Vec<u64>> {
    if length == 1 {
        return vec![vec![total]];
    }
    let with = |first: u64| rows(length - 1, total - first).into_iter().map(move |rest| [vec![first], rest].concat());
    (0..=total).flat_map(with).collect()
}

#[test]
fn s46_small_counts_are_kept_back_and_zero_too() {
    use Shown::{Count, Suppressed};
    assert_eq!(suppress(&[12, 0, 4, 5, 30], 5), [Count(12), Suppressed, Suppressed, Count(5), Count(30)]);
    assert_eq!(suppress(&[12, 7, 4, 30], 5), [Count(12), Suppressed, Suppressed, Count(30)], "one alone takes another");
    assert_eq!(
        suppress(&[12, 0, 0, 30], 5),
        [Suppressed, Suppressed, Suppressed, Count(30)],
        "all zero would be known"
    );
    assert_eq!(suppress(&[12, 9, 8], 5), [Count(12), Count(9), Count(8)]);
    assert_eq!(suppress(&[0, 0, 0], 5), [Count(0), Count(0), Count(0)], "nothing was counted");
    assert_eq!(suppress(&[], 5), []);
}

/// Whoever knows the total, the rule and everything that is published still finds two values for each count kept back.
#[test]
fn s46_no_count_that_is_kept_back_follows_from_the_total_even_for_who_knows_the_rule() {
    for (length, least, most) in [(2, 5, 30), (3, 5, 22), (4, 3, 16), (5, 3, 12)] {
        for total in 1..=most {
            let mut possible: BTreeMap<String, Vec<Vec<u64>>> = BTreeMap::new();
            for row in rows(length, total) {
                possible.entry(format!("{:?}", suppress(&row, least))).or_default().push(row);
            }
            for (published, tables) in possible {
                let shown = suppress(&tables[0], least);
                for at in (0..length).filter(|at| shown[*at] == Shown::Suppressed) {
                    let values: BTreeSet<u64> = tables.iter().map(|table| table[at]).collect();
                    assert!(values.len() > 1, "total {total}, least {least}: {published} tells {values:?} at {at}");
                }
            }
        }
    }
}

/// All tables of parts that agree with what is published: the parts' own rows, their totals, and the sums.
fn agreeing(parts: &[Part], sums: &[Shown]) -> Vec<Vec<Vec<u64>>> {
    let agrees = |row: &Vec<u64>, part: &Part| {
        row.iter().zip(&part.shown).all(|(count, shown)| shown.count().is_none_or(|known| known == *count))
    };
    let mut tables = vec![Vec::new()];
    for part in parts {
        let choices = rows(part.counts.len(), part.counts.iter().sum());
        let choices: Vec<Vec<u64>> = choices.into_iter().filter(|row| agrees(row, part)).collect();
        tables = tables
            .into_iter()
            .flat_map(|table: Vec<Vec<u64>>| choices.iter().map(move |row| [table.clone(), vec![row.clone()]].concat()))
            .collect();
    }
    let fits = |table: &Vec<Vec<u64>>| {
        (0..sums.len()).all(|at| sums[at].count().is_none_or(|sum| table.iter().map(|row| row[at]).sum::<u64>() == sum))
    };
    tables.retain(fits);
    tables
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The year's sums beside the deployments' tables give no count away that is kept back in one.
    #[test]
    fn s46_sums_over_parts_give_no_part_away(counts in proptest::collection::vec([0..6_u64, 0..6_u64, 0..6_u64], 1..4)) {
        let parts: Vec<Part> = counts.iter().map(|row| Part::new(row.to_vec(), 3)).collect();
        let sums: Vec<u64> = (0..3).map(|at| counts.iter().map(|row| row[at]).sum()).collect();
        let shown = suppress_sums(&parts, &sums, 3);
        let tables = agreeing(&parts, &shown);
        for (row, part) in parts.iter().enumerate() {
            for at in (0..3).filter(|at| part.shown[*at] == Shown::Suppressed) {
                let values: BTreeSet<u64> = tables.iter().map(|table| table[row][at]).collect();
                prop_assert!(values.len() > 1, "{counts:?}: {shown:?} tells {values:?} in part {row} at {at}");
            }
        }
        for (at, sum) in sums.iter().enumerate() {
            prop_assert!(shown[at].count().is_none_or(|count| count == *sum));
        }
    }
}

#[test]
fn s46_a_sum_is_kept_back_where_one_part_alone_has_kept_the_count_back() {
    let parts = [Part::new(vec![9, 8, 2, 1], 5), Part::new(vec![9, 8, 7, 6], 5)];
    let shown = suppress_sums(&parts, &[18, 16, 9, 7], 5);
    assert_eq!(shown[..2], [Shown::Count(18), Shown::Count(16)]);
    assert_eq!(shown[2..], [Shown::Suppressed, Shown::Suppressed], "9 less 7 is the first part's 2");
}
