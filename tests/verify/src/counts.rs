//! Counts tests from what the test runners print.
//!
//! A test that printed `not run: REASON` is not a passed test: it is taken out of the passed ones and
//! its reason is kept.

/// What a runner's output says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Tests that ran and held.
    pub(crate) passed: u64,
    /// Tests that ran and did not hold.
    pub(crate) failed: u64,
    /// Why tests did not run, one line a test.
    pub(crate) not_run: Vec<String>,
}

impl Counts {
    fn new(passed: u64, failed: u64, text: &str) -> Self {
        let not_run = not_run_reasons(text);
        let untrue = u64::try_from(not_run.len()).unwrap_or(u64::MAX);
        Self { passed: passed.saturating_sub(untrue), failed, not_run }
    }
}

/// One check that either held or not, such as a lint.
pub(crate) fn single(ok: bool, text: &str) -> Counts {
    Counts::new(u64::from(ok), u64::from(!ok), text)
}

/// The reason with which a test is left out because another test starts it in a process of its own.
const STARTED_BY_ANOTHER: &str = "the other test starts it";

/// `cargo test -- --show-output`: all `test result:` lines; ignored tests are not run.
pub(crate) fn cargo_test(_ok: bool, text: &str) -> Counts {
    let (mut passed, mut failed) = (0, 0);
    for line in text.lines().filter(|line| line.starts_with("test result:")) {
        passed += number_before(line, " passed");
        failed += number_before(line, " failed");
    }
    let mut counts = Counts { passed, failed, not_run: Vec::new() };
    for (test, reason) in not_run_by_test(text) {
        counts.passed = counts.passed.saturating_sub(1);
        counts.not_run.push(format!("{reason} [{test}]"));
    }
    for line in text.lines().filter(|line| line.starts_with("test ")) {
        // A test that runs in a process of its own is started, and judged, by the test beside it.
        if let Some((name, reason)) = line.split_once(" ... ignored")
            && !reason.contains(STARTED_BY_ANOTHER)
        {
            counts.not_run.push(format!("ignored [{}]", name.trim_start_matches("test ")));
        }
    }
    counts
}

/// Maven Surefire: the totals of each module, which are the lines without a time.
pub(crate) fn surefire(ok: bool, text: &str) -> Counts {
    let (mut passed, mut failed) = (0, 0);
    let mut skipped_tests = 0;
    for line in text.lines() {
        let Some((_, numbers)) = line.split_once("Tests run: ") else { continue };
        if numbers.contains("Time elapsed") {
            continue;
        }
        let run = leading_number(numbers);
        let bad = number_after(numbers, "Failures: ") + number_after(numbers, "Errors: ");
        let skipped = number_after(numbers, "Skipped: ");
        failed += bad;
        skipped_tests += skipped;
        passed += run.saturating_sub(bad + skipped);
    }
    if !ok && failed == 0 {
        failed = 1;
    }
    let mut counts = Counts::new(passed, failed, text);
    counts.not_run.extend((0..skipped_tests).map(|_| "skipped [surefire]".to_owned()));
    counts
}

/// `swift test`: `XCTest` and Swift Testing both close with a line of their own.
pub(crate) fn swift_test(ok: bool, text: &str) -> Counts {
    let executed = text.lines().rev().find(|line| line.trim_start().starts_with("Executed "));
    let (xctest, xctest_failed) = executed.map_or((0, 0), |line| {
        let failures = line.split(" with ").nth(1).unwrap_or_default();
        (number_after(line, "Executed "), leading_number(failures))
    });
    let testing: u64 = text
        .lines()
        .filter_map(|line| line.split_once("Test run with ").map(|(_, numbers)| numbers))
        .map(leading_number)
        .sum();
    let testing_failed = text
        .lines()
        .filter(|line| line.starts_with('\u{2718}') && line.contains(" failed after "))
        .filter(|line| line.contains(" Test ") && !line.contains("Test run with"))
        .count();
    let skipped: Vec<String> = text
        .lines()
        .filter(|line| line.contains(" Test ") && line.contains(" skipped"))
        .map(|line| line.trim_start_matches(|sign: char| !sign.is_ascii()).trim().to_owned())
        .collect();
    let mut failed = xctest_failed + u64::try_from(testing_failed).unwrap_or(u64::MAX);
    if !ok && failed == 0 {
        failed = 1;
    }
    let untrue = failed + u64::try_from(skipped.len()).unwrap_or(u64::MAX);
    let mut counts = Counts::new((xctest + testing).saturating_sub(untrue), failed, text);
    counts.not_run.extend(skipped);
    counts
}

/// `go test -v`: the tests at the left margin.
pub(crate) fn go_test(ok: bool, text: &str) -> Counts {
    let of = |sign: &str| {
        let found = text.lines().filter(|line| line.starts_with(sign)).count();
        u64::try_from(found).unwrap_or(u64::MAX)
    };
    let failed = of("--- FAIL:");
    let mut counts = Counts::new(of("--- PASS:"), if ok { failed } else { failed.max(1) }, text);
    for line in text.lines().filter(|line| line.starts_with("--- SKIP:")) {
        counts.not_run.push(line.to_owned());
    }
    counts
}

/// A script that closes with `N passed, N failed`; without that line it has failed.
pub(crate) fn closing_line(ok: bool, text: &str) -> Counts {
    let closing = text.lines().rev().find_map(|line| {
        let (passed, rest) = line.trim().split_once(" passed, ")?;
        let failed = rest.split_once(" failed")?.0;
        Some((passed.parse().ok()?, failed.parse().ok()?))
    });
    let not_run = not_run_reasons(text);
    match closing {
        Some((passed, failed)) if ok || failed > 0 => Counts { passed, failed, not_run },
        Some((passed, _)) => Counts { passed, failed: 1, not_run },
        None if ok && !not_run.is_empty() => Counts { passed: 0, failed: 0, not_run },
        None => Counts { passed: 0, failed: 1, not_run },
    }
}

/// The reasons of all lines that begin with `not run:`, whatever a build tool puts before them.
pub(crate) fn not_run_reasons(text: &str) -> Vec<String> {
    text.lines().filter_map(reason_in).collect()
}

fn reason_in(line: &str) -> Option<String> {
    let mut rest = line.trim();
    for prefix in ["[INFO]", "[WARNING]", "[stdout]"] {
        rest = rest.strip_prefix(prefix).unwrap_or(rest).trim_start();
    }
    rest.strip_prefix("not run:").map(|reason| reason.trim().to_owned())
}

/// Reads `---- TEST stdout ----` blocks: a test is counted once, however many lines it printed.
fn not_run_by_test(output: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut test = String::new();
    for line in output.lines() {
        if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            name.clone_into(&mut test);
        } else if let Some(reason) = reason_in(line)
            && found.last().is_none_or(|(last, _)| *last != test)
        {
            found.push((test.clone(), reason));
        }
    }
    found
}

fn number_before(line: &str, word: &str) -> u64 {
    line.split_once(word)
        .and_then(|(before, _)| before.rsplit(' ').next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

fn number_after(line: &str, word: &str) -> u64 {
    line.split_once(word).map_or(0, |(_, after)| leading_number(after))
}

fn leading_number(text: &str) -> u64 {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUST: &str = "\
running 3 tests
test a ... ok
test b ... FAILED
test c ... ignored
test d ... ignored, the other test starts it
---- with_people stdout ----
not run: shared data absent (london)
not run: shared data absent (more of it)

test result: FAILED. 4 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.1s
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.0s
";

    #[test]
    fn sums_all_results_of_cargo_test_and_takes_out_what_did_not_run() {
        let counts = cargo_test(false, RUST);
        assert_eq!((counts.passed, counts.failed), (5, 1));
        assert_eq!(counts.not_run, ["shared data absent (london) [with_people]", "ignored [c]"]);
    }

    #[test]
    fn counts_each_maven_module_once() {
        let text = "\
[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s - in A
[INFO] Results:
[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0
[ERROR] Tests run: 5, Failures: 1, Errors: 1, Skipped: 1
";
        let counts = surefire(false, text);
        assert_eq!((counts.passed, counts.failed, counts.not_run.len()), (5, 2, 1));
    }

    #[test]
    fn a_maven_build_that_breaks_before_its_tests_has_failed() {
        assert_eq!(surefire(false, "[ERROR] BUILD FAILURE").failed, 1);
    }

    #[test]
    fn adds_xctest_and_swift_testing() {
        let text = "\
\t Executed 2 tests, with 1 failure (0 unexpected) in 0.0 (0.0) seconds
\u{25c7} Test run started.
\u{2714} Test holds() passed after 0.008 seconds.
\u{2718} Test breaks() failed after 0.001 seconds with 2 issues.
\u{2718} Suite S failed after 0.001 seconds with 2 issues.
\u{2718} Test run with 2 tests failed after 0.009 seconds with 2 issues.
";
        let counts = swift_test(false, text);
        assert_eq!((counts.passed, counts.failed), (2, 2));
    }

    #[test]
    fn go_counts_only_tests_at_the_margin() {
        let text = "=== RUN A\n    --- PASS: A/sub (0.00s)\n--- PASS: A (0.00s)\n--- FAIL: B (0.0s)\n";
        let counts = go_test(false, text);
        assert_eq!((counts.passed, counts.failed), (1, 1));
    }

    #[test]
    fn a_script_without_a_closing_line_has_failed() {
        assert_eq!(closing_line(true, "all fine").failed, 1);
        assert_eq!(closing_line(true, "x\n7 passed, 0 failed\n").passed, 7);
        assert_eq!(closing_line(false, "7 passed, 0 failed").failed, 1);
        assert_eq!(closing_line(true, "not run: no images").not_run, ["no images"]);
    }

    #[test]
    fn a_reason_is_found_behind_a_build_tools_prefix() {
        assert_eq!(not_run_reasons("[INFO] not run: no library\nnot running"), ["no library"]);
    }
}
