//! From scores after an alert to a calibration: halves, picks, ratios, bounds, rates, and what is refused.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers outside of #[test] functions

use std::fmt::Write;
use std::path::Path;

use peel_domain::calibration::{BandsFrom, Millionths, ratio_at};
use peel_evaluation::alerts::{Candidate, Entry, Half, Picked, halve, pick};
use peel_evaluation::calibration::{Asked, FitError, Fitted, Judgement, Keep, Study, fit, judge, read, sentence};
use peel_evaluation::statistics::{at_most, normal_quantile};
use peel_evaluation::table::TableError;
use proptest::prelude::*;

const IN_FORCE: [f64; 2] = [0.5, 0.29];

fn asked(keep: Keep) -> Asked {
    Asked { supports_ratio: 10, does_not_support_ratio: 10, keep }
}

const HEADER: &str = "file1,file2,same,condition,group1,group2,person1,person2,use,half,selection,score,band,quality,reason,milliseconds";

/// A table: each row is what differs.
struct Rows(String);

impl Rows {
    fn new() -> Self {
        Self(format!("{HEADER}\n"))
    }

    fn add(&mut self, half: &str, selection: &str, [probe, entry]: [usize; 2], score: f64) {
        let same = u8::from(probe == entry);
        let band = if score > IN_FORCE[0] {
            "supports"
        } else if score < IN_FORCE[1] {
            "does_not_support"
        } else {
            "inconclusive"
        };
        let (group, other) = (["x", "y"][probe % 2], ["x", "y"][entry % 2]);
        writeln!(
            self.0,
            "a,b,{same},day,{group},{other},{half}{probe},{half}{entry},alert_probe,{half},{selection},{score:.6},{band},12.5,,1.0"
        )
        .unwrap();
    }

    fn study(&self) -> Result<Study, FitError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.csv");
        std::fs::write(&path, &self.0).unwrap();
        read(&path)
    }
}

/// Two normal distributions of one width, by their quantiles: the ratio is then known. `people` in each half.
fn normal(people: usize, [non_mated, mated]: [f64; 2], width: f64) -> Rows {
    let mut rows = Rows::new();
    #[allow(clippy::cast_precision_loss)]
    let at = |place: usize| normal_quantile((place as f64 + 0.5) / people as f64) * width;
    for half in ["fit", "judge"] {
        for person in 0..people {
            // By a step that visits everybody, so that luck does not go with the person's number.
            let (one, other) = (person * 7919 % people, person * 104_729 % people);
            for selection in ["alert", "random"] {
                rows.add(half, selection, [person, person], mated + at(one));
                rows.add(half, selection, [person, (person + 1) % people], non_mated + at(other));
            }
        }
    }
    rows
}

fn both(rows: &Rows, keep: Keep) -> (Study, Fitted, Judgement) {
    let study = rows.study().unwrap();
    let fitted = fit(&study.fit, asked(keep)).unwrap();
    let judgement = judge(&study, &fitted);
    (study, fitted, judgement)
}

#[test]
fn people_fall_into_two_halves_by_the_seed_alone() {
    let people: Vec<String> = (0..61).map(|number| format!("p{number}")).collect();
    let halves = halve(&people, 7);
    assert_eq!(halves.iter().filter(|half| **half == Half::Fit).count(), 31);
    let mut turned = people.clone();
    turned.rotate_left(20);
    let again = halve(&turned, 7);
    assert!(
        people
            .iter()
            .zip(&halves)
            .all(|(person, half)| { turned.iter().zip(&again).any(|(other, also)| person == other && half == also) })
    );
    assert_ne!(halve(&people, 8), halves);
    assert_eq!(Half::parse("fit"), Some(Half::Fit));
    assert_eq!(Half::parse("fitted"), None);
}

#[test]
fn the_engine_picks_who_looks_most_alike_with_and_without_the_passer_bys_own_entry() {
    let entry = |person, score| Candidate { person, score };
    let watchlist = [entry(0, 0.4), entry(1, 0.7), entry(2, 0.5), entry(3, 0.5)];
    let picked = |person, mated, entry| Picked { person, mated, entry };
    assert_eq!(pick(1, &watchlist, -1.0), [picked(1, true, Entry::Present), picked(2, false, Entry::Removed)]);
    assert_eq!(pick(0, &watchlist, -1.0), [picked(1, false, Entry::Present)], "one pair stands once");
    assert_eq!(pick(9, &watchlist, -1.0), [picked(1, false, Entry::Present)]);
    assert_eq!(pick(1, &watchlist, 0.6), [picked(1, true, Entry::Present)]);
    assert_eq!(pick(1, &watchlist, 0.71), []);
    assert_eq!(pick(1, &[], -1.0), []);
}

#[test]
fn a_refit_of_known_distributions_gives_their_known_bounds() {
    let (_, fitted, judgement) = both(&normal(1_500, [0.3, 0.6], 0.11), Keep::Nothing);
    // The logarithm of the ratio rises by (0.6 - 0.3) / 0.11^2 for a score of 1, and is zero in the middle.
    let slope = 0.3 / (0.11 * 0.11);
    let [supports, doubts] = [0.45 + 10.0_f64.ln() / slope, 0.45 - 10.0_f64.ln() / slope];
    assert!((fitted.supports.score.unwrap() - supports).abs() < 0.005, "{:?} {supports}", fitted.supports);
    assert!((fitted.does_not_support.score.unwrap() - doubts).abs() < 0.005, "{:?}", fitted.does_not_support);
    assert_eq!(fitted.bands_from, BandsFrom::LikelihoodRatio);
    for (bound, wanted) in fitted.bounds.into_iter().zip([supports, doubts]) {
        assert!((Millionths(bound).value() - wanted).abs() < 0.005);
    }
    let around = fitted.supports.interval.unwrap();
    assert!(around.from < supports && supports < around.to && around.to - around.from < 0.05, "{around:?}");
    let ratio = ratio_at(&fitted.map, Millionths(fitted.bounds[0])).unwrap();
    assert!((999..=1_005).contains(&ratio.ratio) && ratio.from < 1_000 && ratio.to > 1_000, "{ratio:?}");
    // Judged on the other half, which has the same distribution: well calibrated, and worth what it says.
    let cost = judgement.alert.cllr.unwrap();
    let minimum = judgement.alert.minimum_cllr.unwrap();
    assert!(cost.value - minimum.value < 0.02 && cost.interval.unwrap().from < cost.value, "{cost:?} {minimum:?}");
    assert!(judgement.alert.expected_calibration_error.unwrap().value < 0.02);
    assert!(judgement.alert.isotonic_cllr.unwrap().value < cost.value + 0.03);
}

#[test]
fn of_the_fitted_bound_and_the_one_in_force_the_stricter_counts() {
    let (_, fitted, _) = both(&normal(800, [0.3, 0.6], 0.11), Keep::Strictness(IN_FORCE));
    assert_eq!(fitted.bands_from, BandsFrom::StricterOfBoth);
    assert!(fitted.bounds[0] > 530_000, "the fitted bound is the stricter one");
    assert_eq!(fitted.bounds[1], 290_000, "a bound that would doubt more is not taken");
}

#[test]
fn a_demonstration_moves_no_band() {
    let (_, fitted, _) = both(&normal(40, [0.3, 0.6], 0.11), Keep::Both(IN_FORCE));
    assert_eq!((fitted.bounds, fitted.bands_from), ([500_000, 290_000], BandsFrom::StartingValues));
}

#[test]
fn scores_that_a_threshold_separates_give_a_finite_ratio_no_greater_than_people_carry() {
    let (_, fitted, judgement) = both(&normal(30, [0.1, 0.9], 0.02), Keep::Both(IN_FORCE));
    assert!(fitted.logistic.slope.is_finite() && fitted.logistic.slope > 0.0);
    let most = fitted.map.iter().map(|knot| knot.ratio.abs().max(knot.to.abs())).max().unwrap();
    assert!(f64::from(most) <= -at_most(30).log10() * 1e3 + 1.0, "{most}");
    assert!(judgement.alert.minimum_cllr.unwrap().value.abs() < 1e-12);
    assert!(judgement.alert.cllr.unwrap().value > 0.05, "what so few people do not carry is not claimed");
}

#[test]
fn too_few_people_carry_no_ratio_of_ten() {
    let study = normal(28, [0.3, 0.7], 0.1).study().unwrap();
    assert_eq!(fit(&study.fit, asked(Keep::Nothing)), Err(FitError::NotCarried));
    let kept = fit(&study.fit, asked(Keep::Strictness(IN_FORCE))).unwrap();
    assert_eq!(
        (kept.supports.score, kept.bounds, kept.bands_from),
        (None, [500_000, 290_000], BandsFrom::StartingValues)
    );
    let study = normal(29, [0.3, 0.7], 0.1).study().unwrap();
    assert!(fit(&study.fit, asked(Keep::Nothing)).is_ok(), "29 do: 1 in 10.2 may still go wrong");
}

#[test]
fn s45_errors_are_counted_on_the_judges_alone_and_a_rate_without_one_is_bounded_by_people() {
    let mut rows = normal(40, [0.1, 0.9], 0.02);
    let quiet = both(&rows, Keep::Both(IN_FORCE)).2.alert.rates;
    let none = quiet.false_support;
    assert_eq!((none.rate.errors, none.rate.of, none.rate.people, none.people_with_error), (0, 40, 40, 0));
    assert!((at_most(40)..0.1).contains(&none.around().unwrap().to), "40 comparisons of 40 people");
    let all = quiet.true_support;
    assert_eq!((all.rate.errors, all.rate.of), (40, 40));
    assert!(all.around().unwrap().from <= 1.0 - at_most(40) && all.around().unwrap().to >= 1.0);
    // Who is fitted on may err as much as he likes; a judge who errs is counted, and so is the person.
    for person in 0..8 {
        rows.add("fit", "alert", [person, person + 9], 0.95);
    }
    assert_eq!(both(&rows, Keep::Both(IN_FORCE)).2.alert.rates.false_support.rate.errors, 0);
    for entry in [5, 6, 7] {
        rows.add("judge", "alert", [3, entry], 0.55);
    }
    rows.add("judge", "alert", [4, 4], 0.2);
    let found = both(&rows, Keep::Both(IN_FORCE)).2;
    let rates = found.alert.rates;
    assert_eq!((rates.false_support.rate.errors, rates.false_support.rate.of), (3, 43));
    assert_eq!(rates.false_support.people_with_error, 1);
    assert_eq!((rates.false_doubt.rate.errors, rates.false_doubt.rate.of), (1, 41));
    let around = rates.false_support.around().unwrap();
    assert!(around.from <= 3.0 / 43.0 && 3.0 / 43.0 < around.to && around.to > 0.15);
    assert_eq!(found.random.rates.false_support.rate.errors, 0, "random pairs are counted apart");
}

#[test]
fn s46_conditions_and_groups_with_too_few_have_counts_and_no_rate_and_say_what_could_have_been_found() {
    let found = both(&normal(40, [0.1, 0.9], 0.02), Keep::Both(IN_FORCE)).2;
    assert_eq!(found.conditions.len(), 1);
    assert!(found.conditions[0].rates.false_support.rate.rate.is_some());
    assert_eq!(found.groups.len(), 3, "x with x, x with y, y with y");
    for group in &found.groups {
        let rates = group.rates;
        let of = rates.false_doubt.rate.of;
        assert!(of == 0 || of == 20);
        assert_eq!(rates.false_doubt.rate.rate, None, "20 comparisons are too few");
        assert_eq!(rates.false_doubt.around(), None);
        assert!(of == 0 || (rates.false_doubt.could_have_found - at_most(20)).abs() < 1e-12);
    }
}

#[test]
fn a_low_score_of_a_pair_that_was_too_poor_for_a_doubt_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.csv");
    let mut rows = normal(40, [0.1, 0.9], 0.02);
    rows.add("judge", "alert", [4, 4], 0.2);
    std::fs::write(&path, rows.0.replace("0.200000,does_not_support", "0.200000,inconclusive")).unwrap();
    let count = |path: &Path| {
        let study = read(path).unwrap();
        let fitted = fit(&study.fit, asked(Keep::Both(IN_FORCE))).unwrap();
        judge(&study, &fitted).alert.rates.false_doubt.rate.errors
    };
    assert_eq!(count(&path), 1, "without the bounds of that time nothing says that the quality was too poor");
    let origin = peel_evaluation::table::Origin {
        model_id: String::new(),
        model_sha256: String::new(),
        manifest_sha256: String::new(),
        calibration_id: String::new(),
        calibration_sha256: String::new(),
        supports_above: IN_FORCE[0],
        does_not_support_below: IN_FORCE[1],
    };
    std::fs::write(folder.path().join("scores.csv.origin.json"), serde_json::to_vec(&origin).unwrap()).unwrap();
    assert_eq!(count(&path), 0);
}

#[test]
fn s08_the_officers_sentence_has_no_percentage_and_no_verdict_and_does_not_reassure() {
    let (_, _, judgement) = both(&normal(40, [0.1, 0.9], 0.02), Keep::Both(IN_FORCE));
    for purpose in ["alert_probe", "close_photograph"] {
        let text = sentence(purpose, &judgement);
        let lower = text.to_lowercase();
        for word in
            ["%", "per cent", "percent", "match", "hit", "identif", "positive", "confiden", "probab", "score", "0."]
        {
            assert!(!lower.contains(word), "{word}: {text}");
        }
        assert!(text.contains("0 of 40 false alerts") && text.contains("one false alert in 11"), "{text}");
        assert!(text.contains("cannot separate twins or close relatives"));
    }
    let few = both(&normal(29, [0.1, 0.9], 0.02), Keep::Both(IN_FORCE)).2;
    assert!(sentence("alert_probe", &few).contains("too few to say how often it is wrong"));
}

#[test]
fn tables_that_cannot_be_calibrated_on_say_why() {
    let good = normal(4, [0.3, 0.7], 0.1).0;
    let refused = |text: &str| Rows(text.to_owned()).study().unwrap_err();
    let third = |find: &str, replace: &str| {
        let lines: Vec<String> = good
            .lines()
            .enumerate()
            .map(|(place, line)| if place == 2 { line.replacen(find, replace, 1) } else { line.to_owned() })
            .collect();
        refused(&format!("{}\n", lines.join("\n")))
    };
    assert_eq!(third(",alert_probe,", ",other,"), FitError::Word { line: 3, column: "use" });
    assert_eq!(third(",alert_probe,", ",close_photograph,"), FitError::TwoUses { line: 3 });
    assert_eq!(third(",fit,alert", ",fitted,alert"), FitError::Word { line: 3, column: "half" });
    assert_eq!(third(",fit,alert", ",fit,chosen"), FitError::Word { line: 3, column: "selection" });
    assert_eq!(third(",fit0,", ",,"), FitError::Word { line: 3, column: "person1" });
    assert_eq!(third("0.", "nan0."), FitError::Table(TableError::Score { line: 3 }));
    let mixed = good.replace(",judge2,", ",fit2,");
    assert!(matches!(refused(&mixed), FitError::BothHalves { .. }));
    for (column, other) in [(",use,", ",purpose,"), (",half,", ",side,"), (",selection,", ",why,")] {
        let name = column.trim_matches(',');
        let without = good.replacen(column, other, 1);
        let missing = FitError::Table(TableError::ColumnMissing(
            ["use", "half", "selection"].into_iter().find(|known| *known == name).unwrap(),
        ));
        assert_eq!(refused(&without), missing);
    }
    let nameless = good.replacen("person1,person2", "one,other", 1);
    assert_eq!(refused(&nameless), FitError::Table(TableError::ColumnMissing("person1")));

    let only = |same: &str| {
        let rows: Vec<&str> = good.lines().filter(|line| !line.contains(same)).collect();
        let study = Rows(format!("{}\n", rows.join("\n"))).study().unwrap();
        fit(&study.fit, asked(Keep::Both(IN_FORCE))).unwrap_err()
    };
    assert_eq!(only("a,b,0"), FitError::KindMissing("false"));
    assert_eq!(only("a,b,1"), FitError::KindMissing("true"));
    let reversed = normal(40, [0.7, 0.3], 0.1).study().unwrap();
    assert_eq!(fit(&reversed.fit, asked(Keep::Both(IN_FORCE))), Err(FitError::NotHigher));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_scores_give_a_sound_map_or_a_reason(
        scores in proptest::collection::vec((0..6_usize, 0..6_usize, -1_000..=1_000_i32), 4..40)
    ) {
        let mut rows = Rows::new();
        for (probe, entry, score) in scores {
            rows.add("fit", "alert", [probe, entry], f64::from(score) / 1e3);
        }
        let study = rows.study().unwrap();
        if let Ok(fitted) = fit(&study.fit, asked(Keep::Both(IN_FORCE))) {
            for pair in fitted.map.windows(2) {
                prop_assert!(pair[0].score < pair[1].score && pair[0].ratio <= pair[1].ratio);
                prop_assert!(pair[0].from <= pair[1].from && pair[0].to <= pair[1].to);
            }
            prop_assert!(fitted.map.iter().all(|knot| knot.from <= knot.ratio && knot.ratio <= knot.to));
        }
    }

    #[test]
    fn whoever_is_picked_is_on_the_list_and_nobody_looks_more_alike(
        scores in proptest::collection::vec(-1.0..1.0_f32, 0..12), passer_by in 0..14_usize, threshold in -1.0..1.0_f32
    ) {
        let watchlist: Vec<Candidate> =
            scores.iter().enumerate().map(|(person, score)| Candidate { person, score: *score }).collect();
        let picked = pick(passer_by, &watchlist, threshold);
        prop_assert!(picked.len() <= 2);
        for alert in &picked {
            let own = alert.entry == Entry::Present;
            let best = watchlist.iter().filter(|entry| own || entry.person != passer_by).map(|entry| entry.score);
            let score = watchlist[alert.person].score;
            prop_assert!(score >= threshold && best.fold(f32::MIN, f32::max) <= score);
            prop_assert_eq!(alert.mated, alert.person == passer_by);
        }
    }
}
