//! `cargo face`: the face check on files, for those who test it.
//!
//! Must never: say who somebody is, or compare more than one pair.
//! Always: says band, score and quality together with the calibration and its limits.

mod exercise;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use peel_domain::permit::ComparisonPurpose;
use peel_face::{Band, FaceCheck, Limit, MAX_IMAGE_BYTES, Opinion, Quality, WhichImage};

/// The secondary face check on files.
#[derive(Parser)]
#[command(name = "peel-face", bin_name = "cargo face", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Compares one probe with one reference and prints band, score and quality.
    Compare {
        /// The probe: JPEG or PNG.
        probe: PathBuf,
        /// The reference: JPEG or PNG.
        reference: PathBuf,
        /// Use the calibration of a close photograph taken at the stop, not that of an alert's probe.
        #[arg(long)]
        close: bool,
        /// The folder with the model files; `models` of the repository where it is not given.
        #[arg(long, value_name = "DIR")]
        models: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let Task::Compare { probe, reference, close, models } = Arguments::parse().task;
    let models = models.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models"));
    let purpose = if close { ComparisonPurpose::ClosePhotograph } else { ComparisonPurpose::AlertProbe };
    match compare(&probe, &reference, purpose, &models) {
        Ok(opinion) => {
            print(&opinion);
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("failed to compare: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn compare(probe: &Path, reference: &Path, purpose: ComparisonPurpose, models: &Path) -> Result<Opinion, String> {
    let probe = read(probe)?;
    let reference = read(reference)?;
    let check = FaceCheck::from_directory(models).map_err(|error| error.to_string())?;
    let permit = exercise::permit(purpose).map_err(|error| error.to_string())?;
    check.compare(permit, &probe, &reference).map_err(|error| error.to_string())
}

/// Reads at most one byte more than the check takes.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read;

    let limit = u64::try_from(MAX_IMAGE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(|error| format!("an image cannot be read ({})", error.kind()))?;
    Ok(bytes)
}

fn print(opinion: &Opinion) {
    let band = match opinion.band {
        Band::Supports => "supports".to_owned(),
        Band::Inconclusive => "inconclusive".to_owned(),
        Band::DoesNotSupport => "does not support".to_owned(),
        Band::NotPossible { image, reason } => {
            let image = match image {
                WhichImage::Probe => "probe",
                WhichImage::Reference => "reference",
            };
            format!("not possible ({image}: {})", reason.code())
        }
    };
    println!("band         {band}");
    let score = opinion.score.map_or_else(|| "none".to_owned(), |score| format!("{score:.4}"));
    println!(
        "score        {score} (cosine; supports above {:.2}, does not support below {:.2})",
        opinion.supports_above, opinion.does_not_support_below
    );
    for (name, quality) in [("probe", &opinion.probe), ("reference", &opinion.reference)] {
        println!("{name:<12} {}", quality.as_ref().map_or_else(|| "no face".to_owned(), quality_line));
    }
    println!("calibration  {}, model {}", opinion.calibration_id, opinion.model_id);
    for limit in &opinion.limits {
        println!("limit        {}", limit_text(*limit));
    }
}

fn quality_line(quality: &Quality) -> String {
    format!(
        "eyes {:.0} px apart, detector {:.2}, embedding norm {:.1}, sharpness {:.0}, luma {:.0}, yaw {:+.2}, pitch {:+.2}",
        quality.inter_eye_pixels,
        quality.detector_score,
        quality.embedding_norm,
        quality.sharpness,
        quality.luma,
        quality.yaw,
        quality.pitch
    )
}

fn limit_text(limit: Limit) -> &'static str {
    match limit {
        Limit::CannotSeparateTwinsOrCloseRelatives => "cannot separate twins or close relatives",
        Limit::SameImagesAsTheAlert => "the same images as the LFR system saw: errors are correlated",
        Limit::CalibrationNotFitted => "starting values, not a fitted calibration",
        _ => "see the models' manifest",
    }
}
