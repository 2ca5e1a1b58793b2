//! The activation `PRelu` as one pass in place, exact.
//!
//! The engine lowers `PRelu` into a product, a comparison and a selection, each over the whole tensor; that costs more
//! than the convolutions between them.
//! Always: computes `x < 0 ? x * slope : x` with one slope for each channel, as ONNX `PRelu` defines it.

use pulp::{Arch, Simd, WithSimd};
use tract_onnx::pb::NodeProto;
#[allow(clippy::wildcard_imports, reason = "the engine's macros need most of it")]
use tract_onnx::tract_hir::internal::*;

use super::{activated, activated_wide};

/// Builds the operator for the ONNX parser.
#[expect(clippy::unnecessary_wraps, reason = "the parser's signature")]
pub(super) fn parse(
    _context: &tract_onnx::model::ParsingContext,
    _node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(ParsedPrelu), vec![]))
}

/// The operator as ONNX has it: a tensor and its slopes.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct ParsedPrelu;

impl Expansion for ParsedPrelu {
    fn name(&self) -> StaticName {
        "FusedPrelu".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([input, _slopes], [output]) = (inputs, outputs) else {
            bail!("two inputs and one output expected");
        };
        solver.equals(&input.datum_type, &output.datum_type)?;
        solver.equals(&input.shape, &output.shape)?;
        Ok(())
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let [input, slopes] = inputs else {
            bail!("two inputs expected");
        };
        let slopes = model.outlet_fact(*slopes)?.konst.clone().context("constant slopes expected")?;
        let fact = model.outlet_fact(*input)?;
        let channels = fact.shape.as_concrete().and_then(|shape| shape.get(1)).copied();
        ensure!(fact.datum_type == f32::datum_type() && channels == Some(slopes.len()), "one slope a channel expected");
        model.wire_node(prefix, FusedPrelu { slopes }, &[*input])
    }
}

/// The operator as it runs: the slopes are part of it.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct FusedPrelu {
    slopes: Arc<Tensor>,
}

impl Op for FusedPrelu {
    fn name(&self) -> StaticName {
        "FusedPrelu".into()
    }

    op_as_typed_op!();
}

impl EvalOp for FusedPrelu {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut tensor = inputs.pop().context("one input expected")?.into_tensor();
        let slopes = self.slopes.try_as_plain_ram()?;
        let slopes = slopes.as_slice::<f32>()?;
        let channels = slopes.len().max(1);
        let images = tensor.shape().first().copied().unwrap_or(1).max(1);
        let plane = (tensor.len() / (channels * images)).max(1);
        let mut view = tensor.try_as_plain_ram_mut()?;
        Arch::new().dispatch(Activation { values: view.as_slice_mut::<f32>()?, plane, slopes });
        Ok(tvec!(tensor.into_tvalue()))
    }
}

impl TypedOp for FusedPrelu {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let fact = inputs.first().context("one input expected")?;
        Ok(tvec!(fact.datum_type.fact(fact.shape.clone())))
    }

    as_op!();
}

struct Activation<'a> {
    values: &'a mut [f32],
    plane: usize,
    slopes: &'a [f32],
}

impl WithSimd for Activation<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (values, slope) in self.values.chunks_exact_mut(self.plane).zip(self.slopes.iter().cycle()) {
            activate(simd, values, *slope);
        }
    }
}

/// The activation of many numbers with one slope.
#[inline(always)]
fn activate<S: Simd>(simd: S, values: &mut [f32], slope: f32) {
    let (wide, rest) = S::as_mut_simd_f32s(values);
    let slopes = simd.splat_f32s(slope);
    for values in wide {
        *values = activated_wide(simd, *values, slopes);
    }
    for value in rest {
        *value = activated(*value, slope);
    }
}
