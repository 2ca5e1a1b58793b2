//! The published figures, their intervals and their tests: the golden numbers of the specification.

#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions

use peel_domain::statistics::{
    FalseAlertRates, NotARate, Rate, binomial_test, detectable_share, fisher_exact, power, rule_of_three,
    share_of_true_after,
};

const FACES: u64 = 3_147_436;
const ALERTS: u64 = 2_077;
const FALSE_ALERTS: u64 = 10;

fn rate(numerator: u64, denominator: u64) -> Rate {
    Rate::new(numerator, denominator).unwrap()
}

/// In per cent with so many decimals.
fn percent(share: f64, decimals: usize) -> String {
    format!("{:.decimals$}", share * 100.0)
}

#[test]
fn the_published_rates_and_their_intervals_come_out() {
    assert_eq!(rate(FALSE_ALERTS, FACES).to_string(), "10/3147436 = 0.00032% (95% 0.00017% to 0.00058%)");
    assert_eq!(rate(FALSE_ALERTS, ALERTS).to_string(), "10/2077 = 0.48% (95% 0.26% to 0.88%)");
    let [_, share, _] = rate(FALSE_ALERTS, FACES).drawn();
    assert_eq!((percent(share, 6), percent(share, 4)), ("0.000318".to_owned(), "0.0003".to_owned()));
    assert_eq!(rate(2_067, ALERTS).words().share, "99.52%");
    let [_, arrested, _] = rate(962, ALERTS).drawn();
    assert_eq!(percent(arrested, 1), "46.3");
    assert_eq!(
        (format!("{:.1}", 962.0 / 203.0), format!("{:.0}", 3_147_436.0 / 2_077.0)),
        ("4.7".into(), "1515".into())
    );
}

#[test]
fn the_binomial_test_gives_the_published_table() {
    let seen = rate(8, 10);
    let close = |expected: f64, published: f64, digits: f64| {
        let found = binomial_test(seen, expected).unwrap();
        assert!((found - published).abs() <= digits / 2.0, "{expected}: {found}, not {published}");
    };
    close(0.135, 3.8e-6, 1e-7);
    close(0.40, 0.018, 1e-3);
    close(0.45, 0.051, 1e-3);
    close(0.50, 0.11, 1e-2);
    close(0.55, 0.20, 1e-2);
    close(0.60, 0.33, 1e-2);
    assert_eq!(binomial_test(seen, 1.2), None);
    assert_eq!(binomial_test(seen, f64::NAN), None);
}

#[test]
fn fishers_test_gives_the_published_values() {
    for (share, published, digits) in [(0.40_f64, 0.018, 1e-3), (0.45, 0.0502, 1e-4), (0.50, 0.11, 1e-2)] {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 2,067 times a share
        let among_true = (2_067.0 * share).round() as u64;
        let found = fisher_exact([[8, 2], [among_true, 2_067 - among_true]]);
        assert!((found - published).abs() <= digits / 2.0, "{share}: {found}, not {published}");
    }
}

#[test]
fn s46_the_power_of_the_published_numbers_of_cases_comes_out() {
    for (cases, truly, published) in [(10, 0.80, "38"), (10, 0.65, "9"), (20, 0.80, "91"), (20, 0.65, "42")] {
        assert_eq!(percent(power(cases, 0.45, truly).unwrap(), 0), published, "{cases} cases, truly {truly}");
    }
    let ten = detectable_share(10, 0.45).unwrap();
    assert_eq!(percent(ten, 0), "92", "with ten cases we could only have detected a share above this");
    assert!(detectable_share(20, 0.45).unwrap() < ten);
}

#[test]
fn the_rule_of_three_comes_out() {
    assert!((rule_of_three(FACES).unwrap() - 3.0 / 3_147_436.0).abs() < 1e-18);
    assert_eq!((rule_of_three(0), rule_of_three(2)), (None, Some(1.0)));
    let none = rate(0, 10_000);
    assert!(none.interval().low.abs() < f64::EPSILON);
    assert!((0.0003..0.0004).contains(&none.interval().high), "Wilson's upper end lies near it");
    assert!((0.0003..0.0004).contains(&none.exact_interval().high), "and the exact one");
}

#[test]
fn what_a_second_check_can_say_comes_out() {
    let after = |of_true, of_false| percent(share_of_true_after(2_067, 10, of_true, of_false).unwrap(), 2);
    assert_eq!(percent(2_067.0 / 2_077.0, 2), "99.52", "before it");
    assert_eq!(after(1.0 - 0.95, 1.0 - 0.001), "91.19", "\"does not support\" still leaves 91% true");
    assert_eq!(after(0.95, 0.2), "99.90", "\"supports\" of a correlated check raises it no further");
    assert_eq!(share_of_true_after(10, 10, 1.1, 0.0), None);
    assert_eq!(share_of_true_after(0, 10, 0.5, 0.0), None, "nothing is left");
}

#[test]
fn exact_intervals_hold_the_share_and_are_certain_at_the_ends() {
    for (count, of) in [(0, 1), (1, 1), (0, 10), (10, 10), (10, 2_077), (10, 3_147_436), (5, 10), (962, 2_077)] {
        let (exact, [_, share, _]) = (rate(count, of).exact_interval(), rate(count, of).drawn());
        assert!(exact.low <= share && share <= exact.high, "{count} of {of}: {exact:?}");
        assert_eq!((exact.low <= 0.0, exact.high >= 1.0), (count == 0, count == of), "{count} of {of}: {exact:?}");
    }
    let exact = rate(10, 2_077).exact_interval();
    assert_eq!((percent(exact.low, 2), percent(exact.high, 2)), ("0.23".to_owned(), "0.88".to_owned()));
}

#[test]
fn s45_every_form_of_a_rate_has_its_counts_and_its_interval() {
    let found = rate(10, 2_077);
    let text = found.to_string();
    let words = found.words();
    for part in ["10", "2077", "0.48%", "0.26%", "0.88%"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let words = (words.counts.as_str(), words.share.as_str(), words.interval.as_str());
    assert_eq!(words, ("10 of 2,077", "0.48%", "0.26% to 0.88%"));
    let json = serde_json::to_value(found).unwrap();
    let fields: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["denominator", "exact_95", "numerator", "share", "wilson_95"]);
    assert_eq!((Rate::new(1, 0), Rate::new(2, 1)), (Err(NotARate), Err(NotARate)));
}

#[test]
fn s45_both_false_alert_rates_are_always_together() {
    let both = FalseAlertRates::new(FALSE_ALERTS, ALERTS, Some(FACES));
    let text = both.to_string();
    assert_eq!(
        text,
        "per face 10/3147436 = 0.00032% (95% 0.00017% to 0.00058%); per alert 10/2077 = 0.48% (95% 0.26% to 0.88%)"
    );
    let json = serde_json::to_value(both).unwrap();
    assert_eq!(
        (json["per_face"]["denominator"].as_u64(), json["per_alert"]["denominator"].as_u64()),
        (Some(FACES), Some(ALERTS))
    );
    let unknown = FalseAlertRates::new(0, 0, None);
    assert_eq!(unknown.to_string(), "per face not stated; per alert not stated");
    assert_eq!(unknown.both(), [None, None]);
}

#[test]
fn counts_that_are_nearly_all_do_not_read_as_all() {
    assert_eq!(rate(9_999, 10_000).words().share, "99.99%");
    assert_eq!(rate(10_000, 10_000).words().share, "100%");
    assert_eq!(rate(0, 10_000).words().share, "0%");
}
