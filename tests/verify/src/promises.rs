//! `docs/promises.md` against the sources and the results: every test that it names exists, and every count of a fault run
//! stands in that part's line of `tests/faults/RESULTS.md`, without a failure and on the same day.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn names_below(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "target" {
            names_below(&path, names);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let functions = text.lines().filter_map(|line| line.trim_start().split_once("fn "));
            names.extend(functions.filter_map(|(_, rest)| rest.split(['(', '<']).next().map(str::to_owned)));
        }
    }
}

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

/// By part, its line's cells.
fn results(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with("| ")).map(cells);
    rows.filter_map(|row| row.first().copied().map(|part| (part, row))).collect()
}

/// What is wrong with a row that names parts of `cargo faults`.
fn compare(row: &[&str], results: &BTreeMap<&str, Vec<&str>>) -> Option<String> {
    let [promise, tried, count, date] = row else { return None };
    let parts = tried.split(';').next()?.strip_prefix("faults: ")?;
    let number = count.split(' ').next()?;
    let mut counted = false;
    for part in parts.split(',').map(str::trim) {
        let Some([_, _, runs, seen, failures, .., on]) = results.get(part).map(Vec::as_slice) else {
            return Some(format!("{promise}: no result of {part}"));
        };
        if *failures != "0" {
            return Some(format!("{promise}: {part} failed {failures} times"));
        }
        counted |= *runs == number || seen.split(", ").any(|seen| seen.starts_with(&format!("{number} ")));
        if on != date && counted {
            return Some(format!("{promise}: {part} ran on {on}"));
        }
    }
    (!counted).then(|| format!("{promise}: {number} is not what was counted"))
}

#[test]
fn every_promise_names_tests_that_exist_and_counts_that_were_seen() {
    let (text, seen) = (read("docs/promises.md"), read("tests/faults/RESULTS.md"));
    let mut names = BTreeSet::new();
    for folder in ["core", "gateway", "auditor", "tests"] {
        names_below(&root().join(folder), &mut names);
    }
    let results = results(&seen);
    let mut wrong = Vec::new();
    let mut tests = 0;
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let row = cells(line);
        wrong.extend(compare(&row, &results));
        let Some(tried) = row.get(1) else { continue };
        let quoted = tried.split('`').skip(1).step_by(2).filter(|name| name.contains('_') && !name.contains('/'));
        for name in quoted {
            tests += 1;
            if !names.contains(name) {
                wrong.push(format!("there is no test {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tests > 40, "only {tests} tests are named");
}

#[test]
fn a_count_that_was_not_seen_and_a_part_that_failed_are_noticed() {
    let seen = "| kills | what | 500 | 43,521 entries, 10,000 kills | 0 | 1 | 5.2 | 2 | abc | 2026-11-23 |\n\
                | bits | what | 7 | 7 bits | 1 | 1 | 5.2 | 2 | abc | 2026-11-23 |\n";
    let results = results(seen);
    let row = |tried, count, date| compare(&["it holds", tried, count, date], &results);
    assert_eq!(row("faults: kills; `a_test`", "10,000 kills", "2026-11-23"), None);
    assert_eq!(row("`a_test`", "each run", ""), None);
    assert!(row("faults: kills", "10,001 kills", "2026-11-23").unwrap().contains("not what was counted"));
    assert!(row("faults: kills", "10,000 kills", "2026-11-24").unwrap().contains("ran on"));
    assert!(row("faults: bits", "7 bits", "2026-11-23").unwrap().contains("failed"));
    assert!(row("faults: clean", "1 runs", "").unwrap().contains("no result"));
}
