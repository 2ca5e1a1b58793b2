//! What made a table of scores: a file beside it, so that two models' scores never end in one table.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::table::error::TableError;

/// The model and the calibration that scores and bands come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The embedder's name in the manifest.
    pub model_id: String,
    /// Lower-case hexadecimal SHA-256 of the embedder's file.
    pub model_sha256: String,
    /// Lower-case hexadecimal SHA-256 of the whole manifest.
    pub manifest_sha256: String,
    /// The calibration's name.
    pub calibration_id: String,
    /// Lower-case hexadecimal SHA-256 of the signed calibration, quality floors included.
    pub calibration_sha256: String,
    /// A score above this supports.
    pub supports_above: f64,
    /// A score below this does not support, if both images are good enough for that.
    pub does_not_support_below: f64,
}

impl Origin {
    /// What is written beside a table of scores; `None` when nothing is.
    pub fn beside(scores: &Path) -> Result<Option<Self>, TableError> {
        match std::fs::read(place(scores)) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| TableError::OtherModel),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TableError::Unreadable(error.kind())),
        }
    }

    /// Writes it beside a table of scores that begins, or holds it against what is there when the table goes on.
    pub fn hold(&self, scores: &Path) -> Result<(), TableError> {
        let goes_on = std::fs::metadata(scores).is_ok_and(|about| about.len() > 0);
        if goes_on {
            return if Self::beside(scores)?.as_ref() == Some(self) { Ok(()) } else { Err(TableError::OtherModel) };
        }
        let invalid = |_| TableError::Unreadable(std::io::ErrorKind::InvalidData);
        let text = serde_json::to_vec_pretty(self).map_err(invalid)?;
        std::fs::write(place(scores), text).map_err(|error| TableError::Unreadable(error.kind()))
    }
}

fn place(scores: &Path) -> PathBuf {
    let mut name: OsString = scores.as_os_str().to_owned();
    name.push(".origin.json");
    name.into()
}
