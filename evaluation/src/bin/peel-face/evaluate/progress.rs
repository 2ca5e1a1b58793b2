//! How far the work is, on standard error.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Counts rows and says so now and then.
pub(super) struct Progress {
    rows: u64,
    files: usize,
    done: u64,
    failed: u64,
    files_done: usize,
    every: Duration,
    said: Instant,
    terminal: bool,
}

impl Progress {
    pub(super) fn new(rows: u64, files: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let every = Duration::from_secs(if terminal { 1 } else { 10 });
        Self { rows, files, done: 0, failed: 0, files_done: 0, every, said: Instant::now(), terminal }
    }

    /// A line of its own.
    pub(super) fn say(&self, text: &str) {
        eprintln!("{}{text}", if self.terminal { "\r" } else { "" });
    }

    /// Counts a row; true when it is time to let the disk have what is there.
    pub(super) fn row(&mut self, failed: bool, files_done: usize) -> bool {
        self.done += 1;
        self.failed += u64::from(failed);
        self.tick(files_done)
    }

    /// Says how far it is, if that was not said lately.
    pub(super) fn tick(&mut self, files_done: usize) -> bool {
        self.files_done = files_done;
        // Most rows cost less than a look at the clock.
        if !self.done.is_multiple_of(64) || self.said.elapsed() < self.every {
            return false;
        }
        self.said = Instant::now();
        self.show(if self.terminal { "\r" } else { "" }, if self.terminal { "" } else { "\n" });
        true
    }

    /// While nothing moves but the files.
    pub(super) fn waiting(&mut self, files_done: usize) {
        self.files_done = files_done;
        if self.said.elapsed() >= self.every {
            self.said = Instant::now();
            self.show(if self.terminal { "\r" } else { "" }, if self.terminal { "" } else { "\n" });
        }
    }

    /// The last word.
    pub(super) fn finish(&self) {
        self.show(if self.terminal { "\r" } else { "" }, "\n");
    }

    fn show(&self, before: &str, after: &str) {
        let Self { rows, files, done, failed, files_done, .. } = self;
        eprint!("{before}rows {done} of {rows}, files {files_done} of {files}, rows without a score {failed}{after}");
        // Progress that cannot be shown is no reason to stop.
        let _ = std::io::stderr().flush();
    }
}
