//! Loads a checked model into the inference engine and runs it on one thread.
//!
//! Must never: load bytes whose SHA-256 is not in the manifest (S17).
//! Always: what goes in and what comes out is wiped by this module or handed to a buffer that wipes itself. What the
//! engine holds between layers is its own: it is freed, not wiped.

use std::sync::Arc;

use peel_picture::Wiped;
use sha2::{Digest, Sha256};
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::InferenceModelExt;

use crate::error::FaceError;
use crate::manifest::ModelEntry;
use crate::ops;

/// Refuses bytes that are not the listed file.
pub(crate) fn check_listed(bytes: &[u8], entry: &ModelEntry) -> Result<(), FaceError> {
    if hex::encode(Sha256::digest(bytes)) == entry.sha256 { Ok(()) } else { Err(FaceError::ModelNotListed) }
}

/// A model that is ready to run; it keeps nothing of what it has seen.
pub(crate) struct Engine {
    plan: Arc<TypedRunnableModel>,
    input_shape: Vec<usize>,
}

impl Engine {
    /// Prepares the graph.
    pub(crate) fn new(model: ModelProto, input_shape: &[usize]) -> Result<Self, FaceError> {
        let mut onnx = tract_onnx::onnx();
        ops::register(&mut onnx);
        let model = ops::fuse(model)?;
        let plan = onnx
            .parse(&model, None)
            .map_err(|_| FaceError::ModelForm)?
            .model
            .into_optimized()
            .and_then(IntoRunnable::into_runnable)
            .map_err(|_| FaceError::ModelForm)?;
        Ok(Self { plan, input_shape: input_shape.to_vec() })
    }

    /// Runs the model on one input; the outputs in the graph's order, flat.
    pub(crate) fn run(&self, input: &[f32]) -> Result<Vec<Wiped<f32>>, FaceError> {
        self.run_inner(input).map_err(|_| FaceError::Inference)
    }

    fn run_inner(&self, input: &[f32]) -> TractResult<Vec<Wiped<f32>>> {
        let held = Tensor::from_shape(&self.input_shape, input)?.into_tvalue();
        let outputs = self.plan.run(tvec!(held.clone()))?;
        wipe(held)?;
        outputs
            .into_iter()
            .map(|output| {
                let copy = Wiped::new(output.try_as_plain_ram()?.as_slice::<f32>()?.to_vec());
                wipe(output)?;
                Ok(copy)
            })
            .collect()
    }
}

fn wipe(value: TValue) -> TractResult<()> {
    let mut tensor = value.into_tensor();
    peel_picture::wipe(tensor.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?);
    Ok(())
}
