//! The parts of a verification: what each is, what it needs, how long it may take.
//!
//! A part is a line in [`TABLE`] and a function in a file of its own. They run in this order, the
//! quick ones first.

mod cargo;
mod custody;
mod deny;
mod end_to_end;
mod fuzz;
mod kotlin;
mod page;
mod referees;
mod screens;
mod swift;

use std::time::Duration;

use crate::context::Context;
use crate::counts::Counts;
use crate::error::VerifyError;
use crate::process::{Job, Ran, failures};
use crate::setup::{self, Need};

/// A part of the verification.
pub(crate) struct Part {
    /// Its name for `--only`.
    pub(crate) name: &'static str,
    /// What it checks, in a few words.
    pub(crate) about: &'static str,
    /// What must be installed.
    pub(crate) needs: &'static [Need],
    /// How long it may take.
    pub(crate) limit: Duration,
    /// Runs it.
    pub(crate) run: fn(&Context) -> Result<Outcome, VerifyError>,
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

/// Every part.
pub(crate) const TABLE: &[Part] = &[
    Part { name: "format", about: "all Rust code is formatted", needs: &[], limit: minutes(2), run: cargo::format },
    Part {
        name: "deny",
        about: "licences, banned crates, and the arrows between our crates",
        needs: &[],
        limit: minutes(5),
        run: deny::run,
    },
    Part {
        name: "lint",
        about: "clippy over everything, warnings are errors",
        needs: setup::BUILD,
        limit: minutes(30),
        run: cargo::lint,
    },
    Part {
        name: "rust",
        about: "all Rust tests but the end-to-end ones",
        needs: setup::RUST,
        limit: minutes(60),
        run: cargo::tests,
    },
    Part {
        name: "referees",
        about: "second opinions in Python and Go",
        needs: setup::PYTHON,
        limit: minutes(20),
        run: referees::run,
    },
    Part {
        name: "fuzz",
        about: "every decoder's fuzz target, for a bounded time",
        needs: setup::FUZZ,
        limit: minutes(20),
        run: fuzz::run,
    },
    Part {
        name: "page",
        about: "the auditor's page in Chromium, from a file, offline",
        needs: setup::PAGE,
        limit: minutes(20),
        run: page::run,
    },
    Part {
        name: "kotlin",
        about: "the Android shell and screens on a JVM against the real library, and ktlint",
        needs: setup::KOTLIN,
        limit: minutes(25),
        run: kotlin::run,
    },
    Part {
        name: "screens",
        about: "the pictures of the alert screen that the Kotlin part draws",
        needs: &[],
        limit: minutes(1),
        run: screens::run,
    },
    Part {
        name: "swift",
        about: "the iOS shell and screens on Linux against the real library, and swift-format",
        needs: setup::SWIFT,
        limit: minutes(25),
        run: swift::run,
    },
    Part {
        name: "e2e",
        about: "the four actors together, the demo, and one flipped bit in its bundle",
        needs: setup::END_TO_END,
        limit: minutes(30),
        run: end_to_end::run,
    },
];

/// What a part came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Tests and checks that held.
    pub(crate) passed: u64,
    /// Those that did not.
    pub(crate) failed: u64,
    /// What did not run, and why.
    pub(crate) not_run: Vec<String>,
    /// What failed, in words, for the end of the report.
    pub(crate) problems: Vec<String>,
}

impl Outcome {
    /// A part that could not even start.
    pub(crate) fn failed(problem: String) -> Self {
        Self { failed: 1, problems: vec![problem], ..Self::default() }
    }

    /// A part that cannot run here.
    pub(crate) fn not_run(reason: &str) -> Self {
        Self { not_run: vec![reason.to_owned()], ..Self::default() }
    }

    /// Runs a command and counts its tests; when any failed, the end of its output is shown.
    pub(crate) fn step(
        &mut self,
        context: &Context,
        what: &str,
        job: &Job,
        count: fn(bool, &str) -> Counts,
    ) -> Result<(), VerifyError> {
        let ran = job.run(context)?;
        self.count(context, what, &ran, count);
        Ok(())
    }

    /// Counts the tests of a command that ran.
    pub(crate) fn count(&mut self, context: &Context, what: &str, ran: &Ran, count: fn(bool, &str) -> Counts) {
        let mut counts = count(ran.ok, &ran.text);
        if !ran.ok && counts.failed == 0 {
            counts.failed = 1;
        }
        if counts.failed > 0 {
            context.say(&failures(&ran.text, 60));
            self.problems.push(format!("{what}, see {}", context.shown(&context.log())));
        }
        self.passed += counts.passed;
        self.failed += counts.failed;
        self.not_run.extend(counts.not_run);
    }

    /// A check made here: it holds when it found nothing.
    pub(crate) fn check(&mut self, context: &Context, what: &str, found: &[String]) {
        if found.is_empty() {
            self.passed += 1;
            return;
        }
        self.failed += 1;
        self.problems.push(what.to_owned());
        for line in found {
            context.say(&format!("   | {line}"));
        }
    }

    /// For the progress.
    pub(crate) fn in_words(&self) -> String {
        let mut words = format!("{} passed, {} failed", self.passed, self.failed);
        if !self.not_run.is_empty() {
            words = format!("{words}, {} not run", self.not_run.len());
        }
        words
    }
}

/// The parts asked for, in the table's order; all when none is named.
pub(crate) fn select(only: &[String]) -> Result<Vec<&'static Part>, VerifyError> {
    for name in only {
        if !TABLE.iter().any(|part| part.name == name) {
            let known = TABLE.iter().map(|part| part.name).collect::<Vec<_>>().join(", ");
            return Err(VerifyError::UnknownPart { name: name.clone(), known });
        }
    }
    Ok(TABLE.iter().filter(|part| only.is_empty() || only.iter().any(|name| name == part.name)).collect())
}

/// The list for `--list`.
pub(crate) fn listing() -> String {
    TABLE.iter().fold(String::new(), |text, part| {
        text + &format!(
            "{:<10} {}
",
            part.name, part.about
        )
    })
}

/// What `--help` says besides the options.
pub(crate) fn help() -> String {
    let names = TABLE.iter().map(|part| part.name).collect::<Vec<_>>().join(", ");
    format!(
        "Parts: {names}

Environment:
  CI=true           what could not run counts as failed
  PEEL_SHARED       the folder of the shared test data (default: ../shared/data)
  CARGO_TARGET_DIR  where everything is built and left (default: target)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_run_in_the_tables_order_whatever_was_asked_first() {
        let selected = select(&["rust".to_owned(), "format".to_owned()]).expect("both exist");
        let names: Vec<&str> = selected.iter().map(|part| part.name).collect();
        assert_eq!(names, ["format", "rust"]);
        assert_eq!(select(&[]).expect("all").len(), TABLE.len());
    }

    #[test]
    fn an_unknown_part_is_refused_with_the_known_ones() {
        let error = select(&["rsut".to_owned()]).err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.contains("rsut") && text.contains("e2e")));
    }

    #[test]
    fn the_help_names_every_part() {
        for part in TABLE {
            assert!(help().contains(part.name), "{}", part.name);
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = TABLE.iter().map(|part| part.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }
}
