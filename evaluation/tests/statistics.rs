//! Statistics against closed forms, and what must hold whatever the scores are.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a broken helper must stop the test")]

use peel_evaluation::statistics::{
    Counts, Judged, People, Replicates, Score, Steps, Weights, at_most, cllr, clopper_pearson, detectable_rise,
    expected_calibration_error, fit, minimum_cllr, normal_quantile, percentiles, pool_adjacent_violators, reliability,
    wilson,
};
use proptest::prelude::*;

fn score(value: f64) -> Score {
    Score::new(value).unwrap()
}

fn steps(mated: &[f64], non_mated: &[f64]) -> Steps {
    let mut counts = Counts::default();
    for (scores, same) in [(mated, true), (non_mated, false)] {
        for value in scores {
            counts.add(score(*value), same);
        }
    }
    counts.steps()
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-9
}

#[test]
fn a_score_passes_a_threshold_when_it_is_above_it() {
    let errors = steps(&[0.5, 0.6], &[0.5, 0.51]).errors_at(score(0.5));
    assert_eq!((errors.false_non_matches, errors.false_matches), (1, 1));
    assert!(close(errors.fnmr(), 0.5) && close(errors.fmr(), 0.5));
}

#[test]
fn separated_scores_have_no_error_and_reversed_ones_nothing_else() {
    let good = steps(&[0.8, 0.9], &[0.1, 0.2, 0.3]);
    assert_eq!(good.equal_error_rate(), Some(0.0));
    assert_eq!(good.area(), Some(1.0));
    assert_eq!(minimum_cllr(&good), Some(0.0));
    assert_eq!(fit(&good), None, "any steepness fits");
    let reversed = steps(&[0.1, 0.2], &[0.8, 0.9]);
    assert_eq!(reversed.equal_error_rate(), Some(1.0));
    assert_eq!(reversed.area(), Some(0.0));
    assert!(close(minimum_cllr(&reversed).unwrap(), 1.0), "the best monotone ratios say nothing");
}

#[test]
fn equal_scores_say_nothing() {
    let same = steps(&[0.4; 7], &[0.4; 9]);
    assert!(close(same.equal_error_rate().unwrap(), 0.5));
    assert!(close(same.area().unwrap(), 0.5));
    assert!(close(minimum_cllr(&same).unwrap(), 1.0));
}

#[test]
fn one_kind_alone_gives_no_curve() {
    for steps in [steps(&[0.1, 0.2], &[]), steps(&[], &[0.1]), Steps::default()] {
        assert_eq!((steps.equal_error_rate(), steps.area(), minimum_cllr(&steps)), (None, None, None));
        assert!(steps.curve().is_empty() && steps.at_fmr(0.5).is_none() && fit(&steps).is_none());
    }
}

#[test]
fn a_false_match_rate_is_set_at_the_lowest_threshold_that_keeps_it() {
    let non_mated: Vec<f64> = (0..1000).map(|place| f64::from(place) / 1000.0).collect();
    let found = steps(&[0.9, 0.99, 0.9985, 1.0], &non_mated).at_fmr(0.01).unwrap();
    assert_eq!(found.allowed, 10);
    assert_eq!(found.threshold, score(0.989), "0.990 to 0.999 are the ten above it");
    assert_eq!((found.errors.false_matches, found.errors.false_non_matches), (10, 1));
}

#[test]
fn ties_never_let_more_pass_than_allowed() {
    let found = steps(&[0.9], &[[0.5; 20].as_slice(), &[0.1; 80]].concat()).at_fmr(0.1).unwrap();
    assert_eq!((found.threshold, found.errors.false_matches), (score(0.5), 0));
}

#[test]
fn a_false_match_rate_that_allows_no_false_match_is_not_set() {
    assert!(steps(&[0.9], &[0.1; 999]).at_fmr(1e-3).is_none());
    assert!(steps(&[0.9], &[0.1; 1000]).at_fmr(1e-3).is_some());
}

#[test]
fn intervals_are_those_of_the_textbooks() {
    assert!(close(normal_quantile(0.5), 0.0) && (normal_quantile(0.975) - 1.959_963_985).abs() < 1e-8);
    let ten = wilson(1, 10);
    assert!((ten.from - 0.017_876).abs() < 1e-6 && (ten.to - 0.404_150).abs() < 1e-6, "{ten:?}");
    let exact = clopper_pearson(1, 10);
    assert!((exact.from - 0.002_528_6).abs() < 1e-6 && (exact.to - 0.445_016).abs() < 1e-6, "{exact:?}");
    let none = clopper_pearson(0, 30);
    assert!(close(none.from, 0.0) && close(none.to, 1.0 - 0.025_f64.powf(1.0 / 30.0)));
    assert!((at_most(30) - 0.095_034).abs() < 1e-6, "face.md's 9.5 % among 30");
    assert!((at_most(3000) - 0.001).abs() < 1e-5, "the rule of three");
    assert_eq!((wilson(0, 0).to, clopper_pearson(0, 0).to), (1.0, 1.0));
}

#[test]
fn what_a_test_could_have_found_shrinks_with_its_size() {
    let of = |count| detectable_rise(0.01, 10_000, count).unwrap();
    assert!(of(30) > of(300) && of(300) > of(30_000) && of(30_000) > 0.01);
    // Cohen's h of 0.2 needs some 392 in each of two samples of one size.
    let rise = detectable_rise(0.5, 392, 392).unwrap();
    let effect = 2.0 * rise.sqrt().asin() - 2.0 * 0.5_f64.sqrt().asin();
    assert!((effect - 0.2).abs() < 0.001, "{effect}");
    assert_eq!(detectable_rise(0.99, 10, 10), None, "nothing so high can be told from it");
}

#[test]
fn cllr_of_even_odds_is_one_bit_and_of_sure_lies_infinite() {
    let judged = |log_ratio, mated, non_mated| Judged { log_ratio, mated, non_mated };
    assert!(close(cllr(&[judged(0.0, 3, 5)]).unwrap(), 1.0));
    assert!(close(cllr(&[judged(f64::INFINITY, 3, 0), judged(f64::NEG_INFINITY, 0, 4)]).unwrap(), 0.0));
    assert_eq!(cllr(&[judged(f64::INFINITY, 3, 1)]), Some(f64::INFINITY));
    // One bit of evidence the right way, on both kinds: log2(1 + 1/2).
    let two = std::f64::consts::LN_2;
    assert!(close(cllr(&[judged(two, 1, 0), judged(-two, 0, 1)]).unwrap(), 1.5_f64.log2()));
}

#[test]
fn a_calibration_recovers_the_two_numbers_that_made_the_scores() {
    // Normal scores of one spread have log ratios (m1 - m0) / s^2 times (score - middle).
    let quantiles: Vec<f64> = (0..4000).map(|place| normal_quantile((f64::from(place) + 0.5) / 4000.0)).collect();
    let scores = |mean: f64| quantiles.iter().map(|value| mean + 0.1 * value).collect::<Vec<f64>>();
    let found = fit(&steps(&scores(0.3), &scores(0.1))).unwrap();
    assert!((found.slope - 20.0).abs() < 0.05 && (found.offset + 4.0).abs() < 0.01, "{found:?}");
    let judged = found.judge(&steps(&scores(0.3), &scores(0.1)));
    let bins = reliability(&judged);
    assert!(expected_calibration_error(&bins).unwrap() < 0.01);
    assert!(bins.iter().all(|bin| bin.around.from < bin.observed && bin.observed < bin.around.to), "{bins:?}");
    assert!(bins.iter().all(|bin| bin.around.from < bin.stated && bin.stated < bin.around.to), "{bins:?}");
    let lie: Vec<Judged> = judged.iter().map(|one| Judged { log_ratio: one.log_ratio * 4.0, ..*one }).collect();
    let of_lie = reliability(&lie);
    assert!(expected_calibration_error(&of_lie).unwrap() > 0.1, "four times too sure");
    assert!(of_lie.iter().any(|bin| bin.stated < bin.around.from || bin.around.to < bin.stated), "a lie shows");
    assert!(cllr(&lie).unwrap() > cllr(&judged).unwrap());
}

#[test]
fn people_are_joined_by_mated_pairs_alone() {
    let mut people = People::default();
    people.learn(["c", "d"], false);
    people.learn(["a", "b"], true);
    people.learn(["b", "c"], true);
    let people = people.settle();
    assert_eq!(people.count(), 2);
    let [a, c] = people.of(["a", "c"]).unwrap();
    let [b, d] = people.of(["b", "d"]).unwrap();
    assert!(a == c && a == b && a != d);
    assert_eq!(people.of(["a", "stranger"]), None);
}

#[test]
fn people_who_fail_together_make_the_interval_wider_than_their_pairs_say() {
    // 40 people with 25 mated pairs each; one in ten of them always fails.
    let people = 40_usize;
    let weights = Weights::draw(people, 7);
    let mut replicates = Replicates::new([score(0.5)], weights.replicates());
    let mut drawn = Vec::new();
    for person in 0..people {
        weights.of_pair([person, person], &mut drawn);
        for _ in 0..25 {
            replicates.add(score(if person % 10 == 0 { 0.1 } else { 0.9 }), true, &drawn);
        }
    }
    let errors = replicates.errors(0).unwrap();
    assert_eq!((errors.false_non_matches, errors.mated), (100, 1000));
    let by_person = replicates.interval(0, true).unwrap();
    let by_pair = wilson(100, 1000);
    assert!(by_person.from < by_pair.from && by_person.to > by_pair.to, "{by_person:?} {by_pair:?}");
    // The binomial's spread for 40 people: 0.1 plus or minus about 0.093.
    assert!((by_person.to - 0.2).abs() < 0.03, "{by_person:?}");
}

#[test]
fn the_same_seed_draws_the_same_people_and_each_replicate_as_many_as_there_are() {
    let (first, second) = (Weights::draw(30, 1), Weights::draw(30, 1));
    let mut sums = vec![0; first.replicates()];
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for person in 0..30 {
        first.of_pair([person, person], &mut left);
        second.of_pair([person, person], &mut right);
        assert_eq!(left, right);
        for (sum, weight) in sums.iter_mut().zip(&left) {
            *sum += weight;
        }
    }
    assert!(sums.iter().all(|sum| *sum == 30));
}

#[test]
fn too_few_replicates_give_no_interval() {
    assert_eq!(percentiles(vec![0.5; 39]), None);
    assert_eq!(percentiles(vec![f64::NAN; 100]), None);
    let middle = percentiles((0..1000).map(f64::from).collect()).unwrap();
    assert!(close(middle.from, 25.0) && close(middle.to, 974.0));
}

/// Scores of both kinds, at least one each, with ties.
fn any_scores() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    let scores = || prop::collection::vec((-50_i32..=50).prop_map(|value| f64::from(value) / 50.0), 1..60);
    (scores(), scores())
}

proptest! {
    #[test]
    fn what_depends_on_order_alone_does_not_change_under_a_rising_map((mated, non_mated) in any_scores()) {
        // Rising, within -1 to 1, and far apart enough for six decimals.
        let map = |values: &[f64]| values.iter().map(|value| value.powi(3) * 0.5 + value * 0.4).collect::<Vec<f64>>();
        let (before, after) = (steps(&mated, &non_mated), steps(&map(&mated), &map(&non_mated)));
        prop_assert_eq!(before.equal_error_rate(), after.equal_error_rate());
        prop_assert_eq!(before.area(), after.area());
        prop_assert_eq!(minimum_cllr(&before), minimum_cllr(&after));
        prop_assert_eq!(before.at_fmr(0.1).map(|at| at.errors), after.at_fmr(0.1).map(|at| at.errors));
    }

    #[test]
    fn exchanging_the_kinds_and_the_sign_mirrors_the_curve((mated, non_mated) in any_scores()) {
        let minus = |values: &[f64]| values.iter().map(|value| -value).collect::<Vec<f64>>();
        let (before, after) = (steps(&mated, &non_mated), steps(&minus(&non_mated), &minus(&mated)));
        prop_assert!(close(before.area().unwrap(), after.area().unwrap()));
        prop_assert!(close(before.equal_error_rate().unwrap(), after.equal_error_rate().unwrap()));
        prop_assert!(close(minimum_cllr(&before).unwrap(), minimum_cllr(&after).unwrap()));
    }

    #[test]
    fn no_calibration_betters_the_minimum((mated, non_mated) in any_scores()) {
        let steps = steps(&mated, &non_mated);
        let least = minimum_cllr(&steps).unwrap();
        prop_assert!((0.0..=1.0 + 1e-12).contains(&least));
        if let Some(fitted) = fit(&steps).filter(|fitted| fitted.slope >= 0.0) {
            prop_assert!(cllr(&fitted.judge(&steps)).unwrap() >= least - 1e-9);
        }
        let ratios: Vec<f64> = pool_adjacent_violators(&steps).iter().map(|judged| judged.log_ratio).collect();
        prop_assert!(ratios.windows(2).all(|pair| pair[0] < pair[1]), "{ratios:?}");
    }

    #[test]
    fn the_curve_falls_one_way_and_ends_without_false_matches((mated, non_mated) in any_scores()) {
        let curve = steps(&mated, &non_mated).curve();
        prop_assert!(curve.windows(2).all(|pair| pair[0].fmr >= pair[1].fmr && pair[0].fnmr <= pair[1].fnmr));
        let last = curve.last().unwrap();
        prop_assert!(close(last.fmr, 0.0) && close(last.fnmr, 1.0));
    }

    #[test]
    fn an_interval_holds_its_rate(count in 0_u64..500, more in 0_u64..500) {
        let of = count + more;
        prop_assume!(of > 0);
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let rate = count as f64 / of as f64;
        for found in [wilson(count, of), clopper_pearson(count, of)] {
            prop_assert!(found.from <= rate + 1e-12 && rate <= found.to + 1e-12, "{found:?}");
            prop_assert!(found.from >= 0.0 && found.to <= 1.0);
        }
    }
}
