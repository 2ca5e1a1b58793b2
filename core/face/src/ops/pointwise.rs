//! 1 by 1 convolution of few channels: a small matrix with a long one, which is read as it lies.
//!
//! The engine packs the long matrix anew for its matrix product; with few channels that takes as long as the product. Here
//! four channels of the output are summed over two vectors of pixels at a time, in registers.

use pulp::{Arch, Simd, WithSimd};
use tract_onnx::pb::NodeProto;
#[allow(clippy::wildcard_imports, reason = "the engine's macros need most of it")]
use tract_onnx::tract_hir::internal::*;

use super::{activated, activated_wide};

/// Output channels that are summed together.
const TOGETHER: usize = 4;

#[expect(clippy::unnecessary_wraps, reason = "the parser's signature")]
pub(super) fn parse(
    _context: &tract_onnx::model::ParsingContext,
    _node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(Parsed), vec![]))
}

#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct Parsed;

impl Expansion for Parsed {
    fn name(&self) -> StaticName {
        "Pointwise".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([input, weights, _biases, _slopes], [output]) = (inputs, outputs) else {
            bail!("four inputs and one output expected");
        };
        solver.equals(&input.datum_type, &output.datum_type)?;
        solver.given_2(&input.shape, &weights.shape, move |solver, shape, weights| {
            let ([images, _, height, width], Some(channels)) = (shape.as_slice(), weights.first()) else {
                bail!("four sides expected")
            };
            solver.equals(&output.shape, tvec!(images.clone(), channels.clone(), height.clone(), width.clone()))
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let [input, parts @ ..] = inputs else { bail!("four inputs expected") };
        let parts = parts.iter().map(|part| model.outlet_fact(*part)?.konst.clone().context("constants expected"));
        let parts: Vec<Arc<Tensor>> = parts.collect::<TractResult<_>>()?;
        let [weights, biases, slopes] = parts.as_slice() else { bail!("four inputs expected") };
        let from = model.outlet_fact(*input)?.shape.as_concrete().and_then(|shape| shape.get(1)).copied();
        let [to, each, 1, 1] = weights.shape() else { bail!("1 by 1 weights expected") };
        ensure!(Some(*each) == from, "weights for all channels expected");
        ensure!(biases.len() == *to && slopes.len() == *to, "one bias and one slope a channel expected");
        let (weights, biases, slopes) = (weights.clone(), biases.clone(), slopes.clone());
        model.wire_node(prefix, Pointwise { weights, biases, slopes }, &[*input])
    }
}

#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct Pointwise {
    weights: Arc<Tensor>,
    biases: Arc<Tensor>,
    slopes: Arc<Tensor>,
}

impl Op for Pointwise {
    fn name(&self) -> StaticName {
        "Pointwise".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Pointwise {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = inputs.pop().context("one input expected")?;
        let [images, from, height, width] = *input.shape() else { bail!("four sides expected") };
        let (to, pixels) = (self.biases.len(), height * width);
        let mut output = Tensor::zero::<f32>(&[images, to, height, width])?;
        if output.len() > 0 && from > 0 {
            let [weights, biases, slopes] = [&self.weights, &self.biases, &self.slopes];
            let (weights, biases, slopes) =
                (weights.try_as_plain_ram()?, biases.try_as_plain_ram()?, slopes.try_as_plain_ram()?);
            let (weights, biases, slopes) =
                (weights.as_slice::<f32>()?, biases.as_slice::<f32>()?, slopes.as_slice::<f32>()?);
            let all = input.try_as_plain_ram()?;
            let mut target = output.try_as_plain_ram_mut()?;
            let all = all.as_slice::<f32>()?.chunks_exact(from * pixels);
            for (image, output) in all.zip(target.as_slice_mut::<f32>()?.chunks_exact_mut(to * pixels)) {
                Arch::new().dispatch(Product { image, output, weights, biases, slopes, pixels, from });
            }
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for Pointwise {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let fact = inputs.first().context("one input expected")?;
        let Some([images, _, height, width]) = fact.shape.as_concrete() else { bail!("four known sides expected") };
        Ok(tvec!(fact.datum_type.fact([*images, self.biases.len(), *height, *width])))
    }

    as_op!();
}

struct Product<'a> {
    image: &'a [f32],
    output: &'a mut [f32],
    weights: &'a [f32],
    biases: &'a [f32],
    slopes: &'a [f32],
    pixels: usize,
    from: usize,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { image, output, weights, biases, slopes, pixels, from } = self;
        let channels = weights.chunks(TOGETHER * from).zip(biases.chunks(TOGETHER)).zip(slopes.chunks(TOGETHER));
        for (((weights, biases), slopes), output) in channels.zip(output.chunks_mut(TOGETHER * pixels)) {
            let mut rows = output.chunks_exact_mut(pixels);
            if let (Some(first), Some(second), Some(third), Some(fourth), [a, b, c, d], [p, q, r, s]) =
                (rows.next(), rows.next(), rows.next(), rows.next(), biases, slopes)
            {
                let mut packed = [[0.0; TOGETHER]; 64];
                for (channel, row) in weights.chunks_exact(from).enumerate() {
                    for (packed, weight) in packed.iter_mut().zip(row) {
                        if let Some(place) = packed.get_mut(channel) {
                            *place = *weight;
                        }
                    }
                }
                if let Some(packed) = packed.get(..from) {
                    let outputs = [first, second, third, fourth];
                    product(simd, image, outputs, packed, ([*a, *b, *c, *d], [*p, *q, *r, *s]));
                    continue;
                }
            }
            let rows = output.chunks_exact_mut(pixels).zip(weights.chunks_exact(from));
            for ((output, weights), (bias, slope)) in rows.zip(biases.iter().zip(slopes)) {
                product(simd, image, [output], weights.as_chunks::<1>().0, ([*bias], [*slope]));
            }
        }
    }
}

/// `C` channels of the output.
#[inline(always)]
fn product<S: Simd, const C: usize>(
    simd: S,
    image: &[f32],
    mut outputs: [&mut [f32]; C],
    weights: &[[f32; C]],
    (biases, slopes): ([f32; C], [f32; C]),
) {
    let pixels = outputs.first().map_or(0, |output| output.len());
    let wide = 2 * S::F32_LANES;
    let mut at = 0;
    while at + wide <= pixels {
        let mut sums = biases.map(|bias| [simd.splat_f32s(bias); 2]);
        for (channel, weights) in image.chunks_exact(pixels).zip(weights) {
            let Some(values) = channel.get(at..at + wide) else { return };
            let ([first, second], _) = S::as_simd_f32s(values) else { return };
            for ([left, right], weight) in sums.iter_mut().zip(weights) {
                let weight = simd.splat_f32s(*weight);
                *left = simd.mul_add_f32s(weight, *first, *left);
                *right = simd.mul_add_f32s(weight, *second, *right);
            }
        }
        for ((output, sums), slope) in outputs.iter_mut().zip(sums).zip(slopes) {
            let Some(output) = output.get_mut(at..at + wide) else { return };
            let (places, _) = S::as_mut_simd_f32s(output);
            for (place, sum) in places.iter_mut().zip(sums) {
                *place = activated_wide(simd, sum, simd.splat_f32s(slope));
            }
        }
        at += wide;
    }
    for pixel in at..pixels {
        let mut sums = biases;
        for (channel, weights) in image.chunks_exact(pixels).zip(weights) {
            let value = channel.get(pixel).copied().unwrap_or_default();
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += weight * value;
            }
        }
        for ((output, sum), slope) in outputs.iter_mut().zip(sums).zip(slopes) {
            if let Some(place) = output.get_mut(pixel) {
                *place = activated(sum, slope);
            }
        }
    }
}
