//! `cargo face evaluate`: every pair of a table gets its score, each distinct file is embedded once.
//!
//! Must never: write an embedding anywhere, hold the pairs, or name a file: a bad one is named by its line.
//! Always: what is written is the input's rows in their order; a run that was cut off goes on where it stopped; the
//! embeddings are in memory only, and wiped at the end.

mod files;
mod progress;
mod sight;

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use clap::Args;
use peel_domain::calibration::SignedCalibration;
use peel_domain::permit::ComparisonPurpose;
use peel_evaluation::table::{Origin, Row, RowResult, Table, TableError, result_fields, resume};
use peel_face::inspect::model_id;
use peel_face::{FaceCheck, MODEL_CARD};
use sha2::{Digest, Sha256};

use crate::models::Models;
use crate::report::write_report;
use files::Files;
use progress::Progress;
use sight::{Sights, judge};

pub(crate) use sight::cosine;

/// Scores every pair of a table; goes on where an earlier run stopped.
///
/// Columns in: `file1`, `file2` (relative to the table's folder), `same` (0 or 1), and where there are such `condition`,
/// `group1` and `group2`, `person1` and `person2`, `fold`. Out: the same, then `score`, `band`, `quality`, `reason`,
/// `milliseconds`. A row that failed stays, with an empty score and its reason.
#[derive(Args)]
pub(crate) struct Evaluate {
    /// The table of pairs.
    pairs: PathBuf,
    /// The table of scores, made or gone on with.
    #[arg(long, value_name = "SCORES.csv")]
    out: PathBuf,
    /// Also write a report into this folder: `report.html` to read, `report.json` for a machine.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Threads; as many as there are cores where it is not given.
    #[arg(long)]
    threads: Option<NonZero<usize>>,
    #[command(flatten)]
    models: Models,
}

impl Evaluate {
    /// Scores, then reports.
    pub(crate) fn run(self) -> Result<(), String> {
        let words = |error: TableError| error.to_string();
        let origin = origin(&self.models.calibration()?, self.models.purpose())?;
        let first = open(&self.pairs).map_err(words)?;
        origin.hold(&self.out).map_err(words)?;
        let resumed = resume(&self.out, first).map_err(words)?;
        let files = Files::survey(open(&self.pairs).map_err(words)?, resumed.rows).map_err(words)?;
        let mut progress = Progress::new(files.rows(), files.count());
        if resumed.rows > 0 {
            progress.say(&format!("{} rows are there already", resumed.rows));
        }
        if files.rows() > 0 || resumed.is_new {
            let check = self.models.load()?;
            let threads = self.threads.map_or_else(cores, NonZero::get);
            let mut output = BufWriter::new(resumed.file);
            let job = Job { check: &check, files: &files, purpose: self.models.purpose(), skip: resumed.rows };
            job.run(&self.pairs, &mut output, resumed.is_new, threads, &mut progress)?;
            output.into_inner().map_err(|error| written(error.error()))?.sync_all().map_err(|e| written(&e))?;
        }
        progress.finish();
        self.report.map_or(Ok(()), |folder| write_report(&self.out, &folder))
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

fn written(error: &std::io::Error) -> String {
    format!("the table of scores cannot be written ({})", error.kind())
}

fn open(pairs: &Path) -> Result<Table<BufReader<File>>, TableError> {
    let file = File::open(pairs).map_err(|error| TableError::Unreadable(error.kind()))?;
    Table::of_pairs(BufReader::new(file))
}

/// What scores and bands come from, for one use.
pub(crate) fn origin(signed: &SignedCalibration, purpose: ComparisonPurpose) -> Result<Origin, String> {
    let part = signed.calibration.of(purpose);
    Ok(Origin {
        model_id: model_id().map_err(|error| error.to_string())?.to_owned(),
        model_sha256: signed.calibration.models.embedder_sha256.clone(),
        manifest_sha256: hex::encode(Sha256::digest(MODEL_CARD)),
        calibration_id: part.id.clone(),
        calibration_sha256: hex::encode(signed.sha256),
        supports_above: part.supports_above.value(),
        does_not_support_below: part.does_not_support_below.value(),
    })
}

struct Job<'run> {
    check: &'run FaceCheck,
    files: &'run Files,
    purpose: ComparisonPurpose,
    skip: u64,
}

impl Job<'_> {
    fn run(
        &self,
        pairs: &Path,
        output: &mut impl Write,
        is_new: bool,
        threads: usize,
        progress: &mut Progress,
    ) -> Result<(), String> {
        let folder = pairs.parent().unwrap_or_else(|| Path::new(""));
        let sights = Sights::new(self.files.count());
        std::thread::scope(|scope| {
            for _ in 0..threads.min(self.files.count()) {
                scope.spawn(|| sights.work(self.check, self.files, folder));
            }
            let done = self.stream(pairs, &sights, output, is_new, progress);
            sights.stop();
            done
        })
    }

    fn stream(
        &self,
        pairs: &Path,
        sights: &Sights,
        output: &mut impl Write,
        is_new: bool,
        progress: &mut Progress,
    ) -> Result<(), String> {
        let mut table = open(pairs).map_err(|error| error.to_string())?;
        let mut writer = csv::Writer::from_writer(output);
        let failed = |error: csv::Error| match error.into_kind() {
            csv::ErrorKind::Io(error) => written(&error),
            _ => "a row cannot be written".to_owned(),
        };
        if is_new {
            let added = peel_evaluation::table::RESULT_COLUMNS;
            writer.write_record(table.header().iter().chain(added)).map_err(failed)?;
        }
        let mut place = 0;
        while let Some(row) = table.next_row().map_err(|error| error.to_string())? {
            place += 1;
            if place <= self.skip {
                continue;
            }
            let result = self.result(row, sights, progress)?;
            let added = result_fields(&result);
            writer.write_record(row.fields().iter().chain(added.iter().map(String::as_str))).map_err(failed)?;
            if progress.row(result.score.is_none(), sights.done()) {
                writer.flush().map_err(|error| written(&error))?;
            }
        }
        writer.flush().map_err(|error| written(&error))
    }

    fn result(&self, row: Row<'_>, sights: &Sights, progress: &mut Progress) -> Result<RowResult, String> {
        let changed = || "the table of pairs was changed while it was read".to_owned();
        let [first, second] = row.files().map(|file| self.files.number(file));
        let (first, second) = (first.ok_or_else(changed)?, second.ok_or_else(changed)?);
        let probe = sights.wait(first, progress).ok_or_else(changed)?;
        let reference = sights.wait(second, progress).ok_or_else(changed)?;
        Ok(judge(self.check, self.purpose, probe, reference))
    }
}

/// The code of what a file's error is.
pub(crate) fn error_code(error: peel_face::FaceError) -> &'static str {
    match error {
        peel_face::FaceError::Image(error) => error.code(),
        _ => "engine_failed",
    }
}
