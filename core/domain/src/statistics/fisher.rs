//! Fisher's exact test of a two by two table.

use crate::statistics::binomial::{SAME, exactly};
use crate::statistics::real;

/// The two-sided exact test of `[[a, b], [c, d]]`: with both margins given, how likely is a table that is as unlikely as
/// this one, or more. A table with an empty row or column says nothing: 1.
pub fn fisher_exact([[a, b], [c, d]]: [[u64; 2]; 2]) -> f64 {
    let (first, second) = (a.saturating_add(b), c.saturating_add(d));
    let (drawn, all) = (a.saturating_add(c), first.saturating_add(second));
    if first == 0 || second == 0 || drawn == 0 || drawn == all {
        return 1.0;
    }
    let share = real(drawn) / real(all);
    let rest = real(all - drawn) / real(all);
    // The hypergeometric distribution as two binomial ones, given their sum.
    let whole = exactly(drawn, all, share, rest);
    let chance = |hits: u64| exactly(hits, first, share, rest) * exactly(drawn - hits, second, share, rest) / whole;
    let bound = chance(a) * SAME;
    let (least, most) = (drawn.saturating_sub(second), drawn.min(first));
    let sum: f64 = (least..=most).map(chance).filter(|chance| *chance <= bound).sum();
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lady_tasting_tea_comes_out() {
        // Fisher's own: 4 cups of each, 3 right. One-sided 17/70; two-sided 34/70.
        assert!((fisher_exact([[3, 1], [1, 3]]) - 34.0 / 70.0).abs() < 1e-12);
        assert!((fisher_exact([[4, 0], [0, 4]]) - 2.0 / 70.0).abs() < 1e-12);
        assert!((fisher_exact([[2, 2], [2, 2]]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn an_empty_margin_says_nothing() {
        for table in [[[0, 0], [3, 4]], [[3, 4], [0, 0]], [[0, 3], [0, 4]], [[3, 0], [4, 0]], [[0, 0], [0, 0]]] {
            assert!(fisher_exact(table) >= 1.0, "{table:?}");
        }
    }
}
