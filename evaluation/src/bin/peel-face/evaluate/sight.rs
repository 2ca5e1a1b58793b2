//! What is known of each file while a run lasts: the one place outside of the product that holds many embeddings.
//!
//! Must never: write or print one, or look one up by another: a row names its two files.
//! Always: each is wiped when the run ends, however it ends.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use peel_domain::permit::ComparisonPurpose;
use peel_evaluation::table::RowResult;
use peel_face::inspect::{Look, band_of, look};
use peel_face::{Band, FaceCheck, WhichImage};

use super::error_code;
use super::files::Files;
use super::progress::Progress;
use crate::models::read_image;

/// What came of one file.
pub(super) struct Sight {
    face: Result<Look, &'static str>,
    milliseconds: f64,
}

/// What came of each file so far.
pub(super) struct Sights {
    slots: Vec<OnceLock<Sight>>,
    next: AtomicUsize,
    done: AtomicUsize,
    stopped: AtomicBool,
    gate: Mutex<()>,
    arrived: Condvar,
}

impl Sights {
    /// Nothing seen yet.
    pub(super) fn new(files: usize) -> Self {
        Self {
            slots: std::iter::repeat_with(OnceLock::new).take(files).collect(),
            next: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            gate: Mutex::new(()),
            arrived: Condvar::new(),
        }
    }

    /// Takes file after file until none is left.
    pub(super) fn work(&self, check: &FaceCheck, files: &Files, folder: &Path) {
        while !self.stopped.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let (Some(slot), Some(path)) = (self.slots.get(number), files.path(number, folder)) else { return };
            let began = Instant::now();
            // A file that breaks the engine costs its rows, not the run.
            let face = catch_unwind(AssertUnwindSafe(|| see(check, &path))).unwrap_or(Err("engine_failed"));
            if let Err(reason) = face {
                eprintln!("{}: {reason}", files.first_use(number));
            }
            let _ = slot.set(Sight { face, milliseconds: began.elapsed().as_secs_f64() * 1e3 });
            self.done.fetch_add(1, Ordering::Relaxed);
            let _gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
            self.arrived.notify_all();
        }
    }

    /// Lets the workers end after the file at hand.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Files that are seen.
    pub(super) fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Waits until a file is seen; `None` when there is no such file.
    pub(super) fn wait(&self, number: usize, progress: &mut Progress) -> Option<&Sight> {
        let slot = self.slots.get(number)?;
        if let Some(sight) = slot.get() {
            return Some(sight);
        }
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(sight) = slot.get() {
                return Some(sight);
            }
            let waited = self.arrived.wait_timeout(gate, Duration::from_secs(1));
            gate = waited.unwrap_or_else(PoisonError::into_inner).0;
            progress.waiting(self.done());
        }
    }
}

fn see(check: &FaceCheck, path: &Path) -> Result<Look, &'static str> {
    let missing = |error: std::io::Error| if error.kind() == ErrorKind::NotFound { "missing" } else { "unreadable" };
    let image = read_image(path).map_err(missing)?;
    look(check, &image).map_err(error_code)?.ok_or("no_face")
}

/// The result of one row.
pub(super) fn judge(check: &FaceCheck, purpose: ComparisonPurpose, probe: &Sight, reference: &Sight) -> RowResult {
    let milliseconds = probe.milliseconds + reference.milliseconds;
    let (first, second) = match (&probe.face, &reference.face) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(reason), _) => return failed(format!("file1:{reason}"), milliseconds),
        (_, Err(reason)) => return failed(format!("file2:{reason}"), milliseconds),
    };
    let score = cosine(&first.embedding, &second.embedding);
    let (band, reason) = match band_of(check, purpose, score, &first.quality, &second.quality) {
        Band::Supports => ("supports", String::new()),
        Band::Inconclusive => ("inconclusive", String::new()),
        Band::DoesNotSupport => ("does_not_support", String::new()),
        Band::NotPossible { image, reason } => {
            let file = if image == WhichImage::Probe { "file1" } else { "file2" };
            ("not_possible", format!("{file}:{}", reason.code()))
        }
    };
    let quality = first.quality.embedding_norm.min(second.quality.embedding_norm);
    RowResult { score: Some(score), band, quality: Some(quality), reason, milliseconds }
}

fn failed(reason: String, milliseconds: f64) -> RowResult {
    RowResult { score: None, band: "not_possible", quality: None, reason, milliseconds }
}

/// By the product's own steps and in their order, so that a score here is the product's to the last bit.
pub(crate) fn cosine(left: &[f32], right: &[f32]) -> f32 {
    let dot = |left: &[f32], right: &[f32]| left.iter().zip(right).map(|(left, right)| left * right).sum::<f32>();
    let lengths = dot(left, left).sqrt() * dot(right, right).sqrt();
    if lengths > f32::MIN_POSITIVE { (dot(left, right) / lengths).clamp(-1.0, 1.0) } else { 0.0 }
}
