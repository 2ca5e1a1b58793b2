//! Turns an aligned face into 128 numbers with `SFace`, and compares two of them.
//!
//! Must never: serialise, print, store or hand out an embedding (S15).
//! Always: an embedding is wiped on drop; there is no list of them and no way to look one up (S14).

use std::fmt;

use peel_picture::Wiped;
use tract_onnx::pb::ModelProto;

use crate::align::{AlignedFace, CROP_SIDE};
use crate::engine::Engine;
use crate::error::FaceError;
use crate::frame::planar_rgb;

/// Numbers in an embedding.
pub(crate) const EMBEDDING_LENGTH: usize = 128;

/// What the embedder makes of one face; wiped on drop.
pub(crate) struct Embedding(Wiped<f32>);

impl fmt::Debug for Embedding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Embedding([redacted])")
    }
}

impl Embedding {
    /// Takes the embedder's output; refuses another length and numbers that are not finite.
    fn new(values: Wiped<f32>) -> Result<Self, FaceError> {
        let usable = values.len() == EMBEDDING_LENGTH && values.iter().all(|value| value.is_finite());
        if usable { Ok(Self(values)) } else { Err(FaceError::Inference) }
    }

    /// Its length as a vector: long for a clear face, short for one that the embedder can make little of.
    pub(crate) fn norm(&self) -> f32 {
        dot(&self.0, &self.0).sqrt()
    }

    /// The cosine of the angle between two embeddings, from -1 to 1; 0 when one has no length.
    pub(crate) fn cosine(&self, other: &Self) -> f32 {
        let lengths = self.norm() * other.norm();
        if lengths > f32::MIN_POSITIVE { (dot(&self.0, &other.0) / lengths).clamp(-1.0, 1.0) } else { 0.0 }
    }

    /// The numbers themselves, for referees only.
    #[cfg(feature = "referee")]
    pub(crate) fn numbers(&self) -> &[f32] {
        &self.0
    }
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

/// The embedder.
pub(crate) struct Embedder {
    engine: Engine,
}

impl Embedder {
    /// Takes the graph with 32-bit weights.
    pub(crate) fn new(model: ModelProto) -> Result<Self, FaceError> {
        Ok(Self { engine: Engine::new(model, &[1, 3, CROP_SIDE, CROP_SIDE])? })
    }

    /// Embeds one aligned face.
    pub(crate) fn embed(&self, face: &AlignedFace) -> Result<Embedding, FaceError> {
        let mut outputs = self.engine.run(&planar_rgb(&face.0))?.into_iter();
        match (outputs.next(), outputs.next()) {
            (Some(values), None) => Embedding::new(values),
            _ => Err(FaceError::Inference),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embedding(first: f32, second: f32) -> Embedding {
        let mut values = vec![0.0; EMBEDDING_LENGTH];
        (values[0], values[1]) = (first, second);
        Embedding::new(Wiped::new(values)).unwrap()
    }

    #[test]
    fn the_score_is_the_cosine_of_the_angle() {
        assert!((embedding(2.0, 0.0).cosine(&embedding(3.0, 3.0)) - 0.5_f32.sqrt()).abs() < 1e-6);
        assert!((embedding(2.0, 0.0).cosine(&embedding(-1.0, 0.0)) + 1.0).abs() < 1e-6);
        assert!(embedding(0.0, 0.0).cosine(&embedding(1.0, 0.0)).abs() < 1e-6);
        assert!((embedding(3.0, 4.0).norm() - 5.0).abs() < 1e-6);
    }

    #[test]
    fn s15_an_embedding_does_not_print_its_numbers() {
        assert_eq!(format!("{:?}", embedding(0.123, 4.0)), "Embedding([redacted])");
    }

    #[test]
    fn output_of_another_length_or_not_finite_is_refused() {
        assert!(Embedding::new(Wiped::new(vec![0.0; 127])).is_err());
        assert!(Embedding::new(Wiped::new(vec![f32::NAN; 128])).is_err());
    }
}
