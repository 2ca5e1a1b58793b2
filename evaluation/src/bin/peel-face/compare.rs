//! `cargo face compare`: one probe, one reference, through the product's one comparison function.
//!
//! Must never: compare more than one pair.
//! Always: says band, score and quality together with the calibration and its limits.

use std::path::{Path, PathBuf};

use clap::Args;
use peel_face::{Band, Limit, Opinion, Quality, WhichImage};

use crate::exercise;
use crate::models::{Models, read_image};

/// Compares one probe with one reference and prints band, score and quality.
#[derive(Args)]
pub(crate) struct Compare {
    /// The probe: JPEG or PNG.
    probe: PathBuf,
    /// The reference: JPEG or PNG.
    reference: PathBuf,
    #[command(flatten)]
    models: Models,
}

impl Compare {
    /// Compares and prints.
    pub(crate) fn run(self) -> Result<(), String> {
        let probe = read(&self.probe)?;
        let reference = read(&self.reference)?;
        let check = self.models.load()?;
        let permit = exercise::permit(self.models.purpose()).map_err(|error| error.to_string())?;
        let opinion = check.compare(permit, &probe, &reference).map_err(|error| error.to_string())?;
        print(&opinion);
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    read_image(path).map_err(|error| format!("an image cannot be read ({})", error.kind()))
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
    println!(
        "calibration  {} (version {}, sha256 {}), model {}",
        opinion.calibration_id,
        opinion.calibration_version,
        hex::encode(opinion.calibration_sha256),
        opinion.model_id
    );
    if let Some(ratio) = opinion.likelihood {
        let power = |thousandths: i32| 10.0_f64.powf(f64::from(thousandths) / 1e3);
        let (from, to) = (power(ratio.from_log10_thousandths), power(ratio.to_log10_thousandths));
        println!("ratio        {from:.2} to {to:.2} (95 %), of a true to a false alert; never shown to an officer");
    }
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
        Limit::CalibrationNotFitted => "a demonstration, not a calibration for operations",
        _ => "see the models' manifest",
    }
}
