//! `MaxPool` of 2 by 2 pixels without overlap or padding, in one pass.

use pulp::Arch;
use tract_onnx::pb::NodeProto;
#[allow(clippy::wildcard_imports, reason = "the engine's macros need most of it")]
use tract_onnx::tract_hir::internal::*;

#[expect(clippy::unnecessary_wraps, reason = "the parser's signature")]
pub(super) fn parse(
    _context: &tract_onnx::model::ParsingContext,
    _node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(MaxPool2x2), vec![]))
}

/// The largest of each 2 by 2 pixels; the last row or column of an odd side is left out, as ONNX does with `ceil_mode` 0.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct MaxPool2x2;

fn sides(shape: &[usize]) -> TractResult<[usize; 4]> {
    shape.try_into().ok().context("four sides expected")
}

impl Expansion for MaxPool2x2 {
    fn name(&self) -> StaticName {
        "MaxPool2x2".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([input], [output]) = (inputs, outputs) else {
            bail!("one input and one output expected");
        };
        solver.equals(&input.datum_type, &output.datum_type)?;
        solver.given(&input.shape, move |solver, shape| {
            let [images, channels, height, width] = shape.as_slice() else { bail!("four sides expected") };
            let half = |side: &TDim| side.clone() / 2;
            solver.equals(&output.shape, tvec!(images.clone(), channels.clone(), half(height), half(width)))
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

impl Op for MaxPool2x2 {
    fn name(&self) -> StaticName {
        "MaxPool2x2".into()
    }

    op_as_typed_op!();
}

impl EvalOp for MaxPool2x2 {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = inputs.pop().context("one input expected")?;
        let [images, channels, height, width] = sides(input.shape())?;
        let mut output = Tensor::zero::<f32>(&[images, channels, height / 2, width / 2])?;
        let from = input.try_as_plain_ram()?;
        let mut to = output.try_as_plain_ram_mut()?;
        pool(from.as_slice::<f32>()?, to.as_slice_mut::<f32>()?, height, width);
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for MaxPool2x2 {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let fact = inputs.first().context("one input expected")?;
        let shape = fact.shape.as_concrete().context("known sides expected")?;
        let [images, channels, height, width] = sides(shape)?;
        Ok(tvec!(fact.datum_type.fact([images, channels, height / 2, width / 2])))
    }

    as_op!();
}

fn pool(from: &[f32], to: &mut [f32], height: usize, width: usize) {
    if height < 2 || width < 2 {
        return;
    }
    Arch::new().dispatch(|| {
        let planes = from.chunks_exact(height * width).zip(to.chunks_exact_mut((height / 2) * (width / 2)));
        for (from, to) in planes {
            for (rows, to) in from.chunks_exact(2 * width).zip(to.chunks_exact_mut(width / 2)) {
                let (upper, lower) = rows.split_at(width);
                let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
                for (to, ([a, b], [c, d])) in to.iter_mut().zip(pairs) {
                    *to = larger(larger(*a, *b), larger(*c, *d));
                }
            }
        }
    });
}

/// `f32::max` without its care for what is not a number.
#[inline(always)]
fn larger(left: f32, right: f32) -> f32 {
    if left > right { left } else { right }
}
