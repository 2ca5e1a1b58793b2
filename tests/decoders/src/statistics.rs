//! Drawn counts with what the domain's statistics make of them, for a referee that computes the same by other libraries.

use peel_domain::statistics::{Rate, binomial_test, detectable_share, fisher_exact, power, share_of_true_after};
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// How many of each kind are drawn.
const DRAWN: usize = 400;

/// A number from 1 to `most`, small ones as often as large ones.
fn size(rng: &mut StdRng, most: u64) -> u64 {
    let bits = rng.random_range(0..=most.ilog2());
    rng.random_range(1..=(2_u64 << bits)).min(most)
}

fn part(rng: &mut StdRng, of: u64) -> u64 {
    if rng.random_range(0..4) == 0 { size(rng, of.min(40)).min(of) } else { rng.random_range(0..=of) }
}

/// A share, round as often as not: round ones make ties.
fn share(rng: &mut StdRng) -> f64 {
    if rng.random_range(0..2) == 0 {
        f64::from(rng.random_range(1..20_u32)) / 20.0
    } else {
        rng.random_range(0.000_001..0.999_999)
    }
}

/// Every case, with our answer.
pub(crate) fn cases(rng: &mut StdRng) -> Value {
    let mut rates = vec![(10, 3_147_436), (10, 2_077), (0, 3_147_436), (5, 5), (0, 1)];
    rates.extend((0..DRAWN).map(|_| {
        let of = size(rng, 5_000_000);
        (part(rng, of), of)
    }));
    let rates: Vec<Value> = rates.into_iter().map(|(count, of)| json!(Rate::new(count, of).unwrap())).collect();
    let mut tests = vec![(8, 10, 0.135), (8, 10, 0.45), (5, 10, 0.5), (0, 10, 0.0), (10, 10, 1.0)];
    tests.extend((0..DRAWN).map(|_| {
        let of = size(rng, 100_000);
        (part(rng, of), of, share(rng))
    }));
    let tests = tests.into_iter().map(|(count, of, expected)| {
        let p = binomial_test(Rate::new(count, of).unwrap(), expected);
        json!({ "count": count, "of": of, "expected": expected, "p": p })
    });
    let tests: Vec<Value> = tests.collect();
    let mut tables = vec![[[8, 2], [827, 1_240]], [[3, 1], [1, 3]], [[0, 0], [3, 4]]];
    tables.extend((0..DRAWN).map(|_| {
        let (first, second) = (size(rng, 3_000), size(rng, 3_000));
        let (a, c) = (part(rng, first), part(rng, second));
        [[a, first - a], [c, second - c]]
    }));
    let tables: Vec<Value> =
        tables.into_iter().map(|table| json!({ "table": table, "p": fisher_exact(table) })).collect();
    let powers = (0..DRAWN / 4).map(|_| {
        let (cases, expected, truly) = (size(rng, 300), share(rng), share(rng));
        json!({
            "cases": cases, "expected": expected, "truly": truly, "power": power(cases, expected, truly),
            "detectable": detectable_share(cases, expected),
        })
    });
    let powers: Vec<Value> = powers.collect();
    let checks = (0..DRAWN / 4).map(|_| {
        let (true_alerts, false_alerts) = (size(rng, 5_000), size(rng, 100));
        let (of_true, of_false) = (share(rng), share(rng));
        let after = share_of_true_after(true_alerts, false_alerts, of_true, of_false);
        json!({ "true": true_alerts, "false": false_alerts, "of_true": of_true, "of_false": of_false, "after": after })
    });
    json!({
        "rates": rates, "binomial": tests, "fisher": tables, "power": powers, "second_check": checks.collect::<Vec<_>>(),
    })
}
