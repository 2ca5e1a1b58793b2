//! Runs: numbered, seeded, spread over threads, each able to fail by itself.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// After so many failures a part is given up.
const MOST_FAILURES: usize = 20;
const PROGRESS: Duration = Duration::from_secs(10);

/// What was done and seen, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(pub BTreeMap<&'static str, u64>);

impl Counts {
    /// Counts some more of something.
    pub fn add(&mut self, what: &'static str, more: u64) {
        *self.0.entry(what).or_default() += more;
    }

    /// How many there were.
    pub fn get(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    /// Counts what somebody else counted.
    pub fn absorb(&mut self, other: Self) {
        for (what, more) in other.0 {
            self.add(what, more);
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all: Vec<String> = self.0.iter().map(|(what, count)| format!("{} {what}", grouped(*count))).collect();
        f.write_str(&all.join(", "))
    }
}

/// A number as people read it.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One run of a part.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Its number.
    pub number: u64,
    /// The seed of all runs.
    pub seed: u64,
    /// The part's name.
    pub part: &'static str,
}

impl Run {
    /// All of this run's randomness.
    pub fn rng(&self) -> StdRng {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        seed[8..16].copy_from_slice(&self.number.to_le_bytes());
        let name = self.part.as_bytes();
        seed[16..16 + name.len().min(16)].copy_from_slice(&name[..name.len().min(16)]);
        StdRng::from_seed(seed)
    }
}

/// Something that must hold, and how it is tried.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// What must hold.
    pub promise: &'static str,
    /// How many runs make the full count.
    pub full: u64,
    /// How many make a first look.
    pub short: u64,
    /// One run; it panics when the promise is broken.
    pub work: fn(&Run) -> Counts,
}

/// A run that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The run's number.
    pub number: u64,
    /// What it said.
    pub said: String,
}

/// How a part went.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Runs that were done.
    pub runs: u64,
    /// What they counted.
    pub counts: Counts,
    /// Those that failed.
    pub failures: Vec<Failure>,
    /// How long it took.
    pub took: Duration,
}

thread_local! {
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
    static QUIET: RefCell<bool> = const { RefCell::new(false) };
}

/// Runs that fail say so once, at their end, and not in the middle of the progress.
fn listen_to_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if QUIET.with(|quiet| *quiet.borrow()) {
                let place = info.location().map(|place| format!(" ({}:{})", place.file(), place.line()));
                let text = info.payload_as_str().unwrap_or("no words");
                SAID.with(|said| *said.borrow_mut() = Some(format!("{text}{}", place.unwrap_or_default())));
            } else {
                before(info);
            }
        }));
    });
}

/// Does one run.
pub fn once(part: &Part, run: &Run) -> Result<Counts, String> {
    listen_to_panics();
    QUIET.with(|quiet| *quiet.borrow_mut() = true);
    let result = catch_unwind(AssertUnwindSafe(|| (part.work)(run)));
    QUIET.with(|quiet| *quiet.borrow_mut() = false);
    result.map_err(|_| SAID.with(|said| said.borrow_mut().take()).unwrap_or_else(|| "it panicked".to_owned()))
}

/// Does the runs `numbers` of a part on `jobs` threads; `tell` hears how it goes.
pub fn all(
    part: &Part,
    numbers: std::ops::Range<u64>,
    seed: u64,
    jobs: usize,
    tell: &(dyn Fn(&str) + Sync),
) -> Outcome {
    let began = Instant::now();
    let next = AtomicU64::new(numbers.start);
    let done = Mutex::new((Outcome::default(), Instant::now()));
    let worker = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= numbers.end {
                return;
            }
            let result = once(part, &Run { number, seed, part: part.name });
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            let (outcome, told) = &mut *done;
            outcome.runs += 1;
            match result {
                Ok(counts) => outcome.counts.absorb(counts),
                Err(said) => {
                    tell(&format!("{}: run {number} failed: {said}", part.name));
                    outcome.failures.push(Failure { number, said });
                }
            }
            if outcome.failures.len() >= MOST_FAILURES {
                next.store(numbers.end, Ordering::Relaxed);
            }
            if told.elapsed() >= PROGRESS {
                *told = Instant::now();
                let all = grouped(numbers.end - numbers.start);
                tell(&format!("{}: {} of {all} runs, {}", part.name, grouped(outcome.runs), outcome.counts));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(worker);
        }
    });
    let (mut outcome, _) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcome.took = began.elapsed();
    outcome
}
