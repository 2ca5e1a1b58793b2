//! What the report says, and what it refuses to say.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a broken helper must stop the test")]

use std::fmt::Write;

use peel_evaluation::findings::{Bounds, Findings, LEAST_COMPARISONS, LEAST_PEOPLE, findings};
use peel_evaluation::report::html;
use peel_evaluation::table::TableError;

const HEADER: &str =
    "file1,file2,same,condition,group1,group2,person1,person2,score,band,quality,reason,milliseconds\n";

fn found(rows: &str) -> Result<Findings, TableError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.csv");
    std::fs::write(&path, format!("{HEADER}{rows}")).unwrap();
    findings(&path, Bounds { supports_above: 0.5, does_not_support_below: 0.29 })
}

/// `count` mated pairs, one of each person.
fn mated(count: usize, condition: &str, score: f64) -> String {
    (0..count).fold(String::new(), |mut text, person| {
        let _ = writeln!(
            text,
            "{condition}{person}a,{condition}{person}b,1,{condition},g,g,{person},{person},{score},x,10,,1"
        );
        text
    })
}

#[test]
fn words_of_the_table_are_shown_as_words() {
    let spoilt = "<script>alert('&\"')</script>";
    let quoted = format!("\"{}\"", spoilt.replace('"', "\"\""));
    let rows = format!(
        "a,b,1,{quoted},{quoted},{quoted},1,1,0.9,{quoted},10,{quoted},1\n\
         c,d,0,{quoted},{quoted},{quoted},2,3,,{quoted},,{quoted},1\n"
    );
    let page = html(&found(&rows).unwrap(), spoilt);
    assert!(!page.contains("<script") && !page.contains("alert('"));
    assert!(page.contains("&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;"));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn below_the_least_numbers_there_is_no_rate_and_above_them_never_one_alone() {
    let least = usize::try_from(LEAST_COMPARISONS).unwrap();
    let few = found(&mated(least - 1, "day", 0.4)).unwrap();
    let rate = few.thresholds[0].fnmr.unwrap();
    assert_eq!((rate.errors, rate.of, rate.rate, rate.interval), (29, 29, None, None));
    let page = html(&few, "");
    assert!(page.contains("29 of 29<small>too few for a rate (29 people)</small>"));

    let enough = found(&mated(least, "day", 0.4)).unwrap().thresholds[0].fnmr.unwrap();
    assert!(enough.rate == Some(1.0) && enough.interval.is_some_and(|around| around.from < 0.9));

    let named = mated(least * 2, "day", 0.4);
    let of_one = |line: &str| {
        let mut fields: Vec<&str> = line.split(',').collect();
        (fields[6], fields[7]) = ("only", "only");
        fields.join(",")
    };
    let nobody = named.lines().map(of_one).collect::<Vec<_>>().join("\n");
    let rate = found(&nobody).unwrap().thresholds[0].fnmr.unwrap();
    assert!(rate.people < LEAST_PEOPLE && rate.rate.is_none(), "sixty pairs of one person say nothing");
}

#[test]
fn no_error_is_never_shown_as_a_rate_of_nothing() {
    let found = found(&mated(60, "day", 0.9)).unwrap();
    let rate = found.thresholds[0].fnmr.unwrap();
    assert_eq!(rate.errors, 0);
    assert!(
        rate.at_most.is_some_and(|[pairs, people]| (pairs - 0.0487).abs() < 1e-4 && (people - 0.0487).abs() < 1e-4)
    );
    assert_eq!(rate.by_people, None, "people without an error show no interval");
    let page = html(&found, "");
    assert!(page.contains("0 of 60<small>at most 4.87 % if pairs were independent</small>"));
}

#[test]
fn a_condition_stands_apart_and_says_what_it_could_have_shown() {
    let rows = mated(100, "day", 0.9) + &mated(40, "night", 0.4);
    let found = found(&rows).unwrap();
    let names: Vec<&str> = found.conditions.iter().map(|group| group.names[0].as_str()).collect();
    assert_eq!(names, ["day", "night"]);
    let [day, night] = [0, 1].map(|place: usize| found.conditions[place].thresholds[0].fnmr.unwrap());
    assert_eq!(((day.errors, day.of), (night.errors, night.of)), ((0, 100), (40, 40)));
    assert_eq!(found.thresholds[0].fnmr.unwrap().errors, 40);
    let shown = found.conditions[0].detectable[1].unwrap();
    assert!((shown - 0.029_513).abs() < 1e-5, "100 comparisons show 2.95 % with 95 % certainty: {shown}");
}

#[test]
fn a_false_match_rate_needs_as_many_pairs_as_it_has_parts() {
    let found = found(&(mated(40, "day", 0.9) + "a,b,0,day,g,g,x,y,0.1,x,10,,1\n")).unwrap();
    assert!(found.thresholds[2..].iter().all(|at| at.threshold.is_none() && at.fnmr.is_none()));
    assert!(html(&found, "").contains("cannot be set<small>needs 100 non-mated pairs</small>"));
}

#[test]
fn failures_are_counted_apart_from_errors() {
    let rows = mated(40, "day", 0.9) + "a,b,1,day,g,g,x,x,,not_possible,,file1:no_face,1\n";
    let found = found(&rows).unwrap();
    assert_eq!((found.rows, found.failed["no_face"]), ([0, 41], [0, 1]));
    assert_eq!(found.thresholds[0].fnmr.unwrap().of, 40);
}

#[test]
fn a_table_that_is_not_one_is_refused() {
    assert!(matches!(found("a,b,1\n"), Err(TableError::FieldCount { line: 2 })));
}
