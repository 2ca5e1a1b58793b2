//! What a row is given by the evaluation.

use crate::table::columns::RESULT_COLUMNS;

/// The result of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowResult {
    /// Cosine of the two embeddings; `None` where one of them could not be made.
    pub score: Option<f32>,
    /// The band's code.
    pub band: &'static str,
    /// The lesser embedding norm of the two images: of all that the check measures, what foretells a false non-match best.
    pub quality: Option<f32>,
    /// What stands in the way, with the file that it stands in: `file1:no_face` for one; else nothing.
    pub reason: String,
    /// What decoding, finding, aligning and embedding the two files took, on one thread each.
    pub milliseconds: f64,
}

/// The result's fields in the order of [`RESULT_COLUMNS`].
pub fn result_fields(result: &RowResult) -> [String; RESULT_COLUMNS.len()] {
    [
        result.score.map(|score| format!("{score:.6}")).unwrap_or_default(),
        result.band.to_owned(),
        result.quality.map(|quality| format!("{quality:.3}")).unwrap_or_default(),
        result.reason.clone(),
        format!("{:.1}", result.milliseconds),
    ]
}
