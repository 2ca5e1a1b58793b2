//! `cargo face degrade`: degraded copies of photographs, and the table of pairs that compares them.
//!
//! Must never: change a photograph in place, or write into a folder that holds a table of pairs already.
//! Always: the probe (`file1`) is degraded, the reference stays as it is; the same seed makes the same files.

mod source;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use clap::{Args, ValueEnum};
use peel_evaluation::degrade::{Condition, Face, Picture, degrade};
use peel_face::FaceCheck;
use peel_face::inspect::{Pixels, pixels};

use crate::models::{Models, read_image};
use source::Source;

/// Makes degraded copies of photographs and the table of pairs for `evaluate`.
///
/// From a folder of photographs named `PERSON_SHOT.jpg` (or .png), each one is a probe against all the others; from a
/// table of pairs, each row is repeated under each condition with its `file1` degraded.
#[derive(Args)]
pub(crate) struct Degrade {
    /// A folder of photographs, or a table of pairs.
    source: PathBuf,
    /// A new folder: `PAIRS.csv` and a folder of images for each condition.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Only these conditions, by their names in the column `condition`; all where none is given.
    #[arg(long = "condition", value_name = "NAME", value_parser = condition)]
    conditions: Vec<Condition>,
    /// What the sizes of `small` and `cctv` count, in pixels.
    #[arg(long, value_enum, default_value_t = Measure::Eyes)]
    size_of: Measure,
    /// Another seed draws other noise and other directions.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    models: Models,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Measure {
    /// The distance between the eyes.
    Eyes,
    /// The width of the detected face.
    Face,
}

/// A condition by its name.
pub(crate) fn condition(code: &str) -> Result<Condition, String> {
    let known = || Condition::ALL.map(Condition::code).join(", ");
    Condition::parse(code).ok_or_else(|| format!("one of: {}", known()))
}

impl Degrade {
    /// Makes everything.
    pub(crate) fn run(self) -> Result<(), String> {
        let written = |error: std::io::Error| format!("the copies cannot be written ({})", error.kind());
        let conditions = if self.conditions.is_empty() { Condition::ALL.to_vec() } else { self.conditions.clone() };
        let source = Source::read(&self.source)?;
        std::fs::create_dir_all(&self.out).map_err(written)?;
        let table = self.out.join("PAIRS.csv");
        if table.exists() {
            return Err("the folder holds a table of pairs already; name a new one".to_owned());
        }
        for condition in conditions.iter().filter(|condition| **condition != Condition::AsIs) {
            std::fs::create_dir_all(self.out.join(condition.code())).map_err(written)?;
        }
        let copies = self.copy_all(&source, &conditions)?;
        source.write_pairs(&self.source, &table, &copies)?;
        let made: usize = copies.iter().map(|(_, names)| names.iter().flatten().count()).sum();
        let missing: usize = copies.iter().map(|(_, names)| names.iter().filter(|name| name.is_none()).count()).sum();
        eprintln!("{made} probes, {missing} left out");
        Ok(())
    }

    /// By condition, each photograph's copy, relative to the new table; `None` where there is none.
    fn copy_all(&self, source: &Source, conditions: &[Condition]) -> Result<Vec<Copies>, String> {
        let check = self.models.load()?;
        let files = source.probes();
        let copies: Mutex<Vec<Copies>> =
            Mutex::new(conditions.iter().map(|condition| (*condition, vec![None; files.len()])).collect());
        let next = AtomicUsize::new(0);
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        std::thread::scope(|scope| {
            for _ in 0..threads.min(files.len()) {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(path) = files.get(number) else { return };
                        let made = self.copy_one(&check, path, number, conditions);
                        let made = made.unwrap_or_else(|reason| {
                            eprintln!("photograph {} is left out: {reason}", number + 1);
                            vec![None; conditions.len()]
                        });
                        let mut copies = copies.lock().unwrap_or_else(PoisonError::into_inner);
                        for ((_, names), name) in copies.iter_mut().zip(made) {
                            if let Some(slot) = names.get_mut(number) {
                                *slot = name;
                            }
                        }
                    }
                });
            }
        });
        Ok(copies.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn copy_one(
        &self,
        check: &FaceCheck,
        path: &Path,
        number: usize,
        conditions: &[Condition],
    ) -> Result<Vec<Option<String>>, String> {
        let image = read_image(path).map_err(|error| format!("it cannot be read ({})", error.kind()))?;
        let seen = pixels(check, &image).map_err(|error| error.to_string())?;
        let face = self.face(&seen).ok_or("no face was found")?;
        let picture = Picture::new(seen.width, seen.height, seen.rgb).ok_or("it is empty")?;
        let copy = |condition: &Condition| {
            if *condition == Condition::AsIs {
                return std::path::absolute(path)
                    .map(|path| path.to_str().map(str::to_owned))
                    .map_err(|error| format!("its place cannot be told ({})", error.kind()));
            }
            let seeded = u64::try_from(number).unwrap_or(u64::MAX);
            let copy = degrade(*condition, &picture, &face, self.seed, seeded).ok_or("it cannot be encoded")?;
            let name = format!("{}/{:06}.{}", condition.code(), number + 1, copy.extension);
            std::fs::write(self.out.join(&name), copy.bytes)
                .map_err(|error| format!("its copy cannot be written ({})", error.kind()))?;
            Ok(Some(name))
        };
        conditions.iter().map(copy).collect()
    }

    fn face(&self, seen: &Pixels) -> Option<Face> {
        let landmarks = seen.landmarks?;
        let [[right_x, right_y], [left_x, left_y], ..] = landmarks;
        let measure = match self.size_of {
            Measure::Eyes => (left_x - right_x).hypot(left_y - right_y),
            Measure::Face => seen.face_width?,
        };
        (measure >= 1.0).then_some(Face { landmarks, measure })
    }
}

/// A condition, and each photograph's copy under it.
type Copies = (Condition, Vec<Option<String>>);
