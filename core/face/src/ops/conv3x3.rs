//! 3 by 3 convolution with one pixel of padding, stride 1 or 2: of each channel by itself, or over a few channels.
//!
//! The engine computes a depthwise convolution zone by zone, pixel by pixel at the borders, and adds normalisation and
//! activation as passes of their own. Here a channel is copied into a frame of zeros, so that there are no borders, and its
//! rows are read as one long row: the loops are long also where the image is small. The two or so sums at each row's end
//! that mean nothing are left out when the rows are written, with the activation. For stride 2 the frame is split into its
//! even and odd rows and columns first, after which its sums run over neighbours again.

use pulp::{Arch, Simd, WithSimd};
use tract_onnx::pb::NodeProto;
#[allow(clippy::wildcard_imports, reason = "the engine's macros need most of it")]
use tract_onnx::tract_hir::internal::*;

use zeroize::Zeroizing;

use super::activate;

/// Sums that are worked on at a time: they and what they are made of stay near the processor.
const BLOCK: usize = 1_024;

pub(super) fn parse(
    _context: &tract_onnx::model::ParsingContext,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let stride = node.get_attr::<usize>("stride")?;
    ensure!(stride == 1 || stride == 2, "stride 1 or 2 expected");
    Ok((expand(Parsed { stride }), vec![]))
}

/// Height or width after the convolution.
const fn after(side: usize, stride: usize) -> usize {
    if side == 0 { 0 } else { (side - 1) / stride + 1 }
}

#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct Parsed {
    stride: usize,
}

impl Expansion for Parsed {
    fn name(&self) -> StaticName {
        "Conv3x3".into()
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
        let stride = self.stride;
        solver.given_2(&input.shape, &weights.shape, move |solver, shape, weights| {
            let ([images, _, height, width], Some(channels)) = (shape.as_slice(), weights.first()) else {
                bail!("four sides expected")
            };
            let after = |side: &TDim| (side.clone() - 1) / stride + 1;
            solver.equals(&output.shape, tvec!(images.clone(), channels.clone(), after(height), after(width)))
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let [input, parts @ ..] = inputs else { bail!("four inputs expected") };
        let parts = parts.iter().map(|part| model.outlet_fact(*part)?.konst.clone().context("constants expected"));
        let parts: Vec<Arc<Tensor>> = parts.collect::<TractResult<_>>()?;
        let [weights, biases, slopes] = parts.as_slice() else { bail!("four inputs expected") };
        let from = model.outlet_fact(*input)?.shape.as_concrete().and_then(|shape| shape.get(1)).copied();
        let ([to, each, 3, 3], Some(from)) = (weights.shape(), from) else { bail!("3 by 3 weights expected") };
        ensure!(*each == from || (*each == 1 && *to == from), "one channel or all of them expected");
        ensure!(biases.len() == *to && slopes.len() == *to, "one bias and one slope a channel expected");
        let (weights, biases, slopes) = (weights.clone(), biases.clone(), slopes.clone());
        model.wire_node(prefix, Conv3x3 { stride: self.stride, weights, biases, slopes }, &[*input])
    }
}

#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct Conv3x3 {
    stride: usize,
    weights: Arc<Tensor>,
    biases: Arc<Tensor>,
    slopes: Arc<Tensor>,
}

impl Op for Conv3x3 {
    fn name(&self) -> StaticName {
        "Conv3x3".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Conv3x3 {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = inputs.pop().context("one input expected")?;
        let [images, from, height, width] = *input.shape() else { bail!("four sides expected") };
        let to = self.biases.len();
        let (below, beside) = (after(height, self.stride), after(width, self.stride));
        let mut output = Tensor::zero::<f32>(&[images, to, below, beside])?;
        if output.len() > 0 {
            let [weights, biases, slopes] = [&self.weights, &self.biases, &self.slopes];
            let (weights, biases, slopes) =
                (weights.try_as_plain_ram()?, biases.try_as_plain_ram()?, slopes.try_as_plain_ram()?);
            let layer = Layer {
                weights: weights.as_slice::<f32>()?.as_chunks::<9>().0,
                biases: biases.as_slice::<f32>()?,
                slopes: slopes.as_slice::<f32>()?,
                frame: Frame::new(height, width, self.stride),
            };
            let all = input.try_as_plain_ram()?;
            let mut target = output.try_as_plain_ram_mut()?;
            let images = all.as_slice::<f32>()?.chunks_exact(from * height * width);
            for (image, target) in images.zip(target.as_slice_mut::<f32>()?.chunks_exact_mut(to * below * beside)) {
                Arch::new().dispatch(Run { layer: &layer, image, output: target });
            }
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for Conv3x3 {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let fact = inputs.first().context("one input expected")?;
        let Some([images, _, height, width]) = fact.shape.as_concrete() else { bail!("four known sides expected") };
        let shape = [*images, self.biases.len(), after(*height, self.stride), after(*width, self.stride)];
        Ok(tvec!(fact.datum_type.fact(shape)))
    }

    as_op!();
}

/// How a channel lies in its frame of zeros: one plane for stride 1, four for stride 2 (even and odd rows, in each even and
/// odd columns).
struct Frame {
    height: usize,
    width: usize,
    stride: usize,
    /// Numbers of a plane's row.
    row: usize,
    /// Numbers of one plane.
    plane: usize,
}

impl Frame {
    const fn new(height: usize, width: usize, stride: usize) -> Self {
        let (below, beside) = (after(height, stride), after(width, stride));
        let (row, rows) = if stride == 1 { (width + 2, height + 2) } else { (beside + 1, below + 1) };
        // The last sums read a little beyond the last row.
        Self { height, width, stride, row, plane: rows * row + 2 }
    }

    const fn numbers(&self) -> usize {
        self.plane * self.stride * self.stride
    }

    /// Copies a channel into its place; the frame around it is zero already.
    #[inline(always)]
    fn fill(&self, channel: &[f32], framed: &mut [f32]) {
        for (y, from) in channel.chunks_exact(self.width).enumerate().take(self.height) {
            let (plane, above) = if self.stride == 1 { (0, y + 1) } else { (2 * ((y + 1) % 2), y.div_ceil(2)) };
            let Some(rows) = framed.get_mut(plane * self.plane..) else { return };
            if self.stride == 1 {
                if let Some(to) = rows.get_mut(above * self.row + 1..) {
                    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                }
                continue;
            }
            // Column x lies at x + 1: the first one is odd.
            let (even, odd) = rows.split_at_mut(self.plane.min(rows.len()));
            let (Some(even), Some(odd)) = (even.get_mut(above * self.row + 1..), odd.get_mut(above * self.row..))
            else {
                return;
            };
            let (pairs, last) = from.as_chunks::<2>();
            for ((even, odd), [first, second]) in even.iter_mut().zip(odd.iter_mut()).zip(pairs) {
                (*odd, *even) = (*first, *second);
            }
            if let ([last], Some(odd)) = (last, odd.get_mut(pairs.len())) {
                *odd = *last;
            }
        }
    }

    /// What the three weights of a kernel's row are multiplied with, from sum `first` on.
    #[inline(always)]
    fn taps<'a>(&self, framed: &'a [f32], kernel_row: usize, first: usize, count: usize) -> Option<[&'a [f32]; 3]> {
        let at = |plane: usize, offset: usize| framed.get(plane * self.plane + first + offset..)?.get(..count);
        if self.stride == 1 {
            let offset = kernel_row * self.row;
            return Some([at(0, offset)?, at(0, offset + 1)?, at(0, offset + 2)?]);
        }
        let (plane, offset) = (2 * (kernel_row % 2), (kernel_row / 2) * self.row);
        Some([at(plane, offset)?, at(plane + 1, offset)?, at(plane, offset + 1)?])
    }
}

struct Layer<'a> {
    weights: &'a [[f32; 9]],
    biases: &'a [f32],
    slopes: &'a [f32],
    frame: Frame,
}

/// A layer, an image and what becomes of it.
struct Run<'a> {
    layer: &'a Layer<'a>,
    image: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { layer, image, output } = self;
        let Layer { weights, biases, slopes, frame } = layer;
        let (from, to) = (image.len() / (frame.height * frame.width), biases.len());
        let plane = output.len() / to;
        // With weights for every channel of the image there is one frame for each, otherwise one for all in turn.
        let dense = weights.len() > to || from < to;
        // A frame of the first layer is the image itself.
        let mut framed = Zeroizing::new(vec![0.0; frame.numbers() * if dense { from } else { 1 }]);
        // At least one row at a time, however long it is.
        let mut sums = Zeroizing::new(vec![0.0; BLOCK.max(frame.row)]);
        let channels = image.chunks_exact(frame.height * frame.width);
        let outputs = output.chunks_exact_mut(plane).zip(biases.iter().zip(*slopes));
        if dense {
            for (channel, framed) in channels.zip(framed.chunks_exact_mut(frame.numbers())) {
                frame.fill(channel, framed);
            }
            for (kernels, (output, (bias, slope))) in weights.chunks_exact(from).zip(outputs) {
                frame.convolve(simd, &framed, kernels, (*bias, *slope), output, &mut sums);
            }
        } else {
            for ((channel, kernel), (output, (bias, slope))) in channels.zip(*weights).zip(outputs) {
                frame.fill(channel, &mut framed);
                frame.convolve(simd, &framed, std::slice::from_ref(kernel), (*bias, *slope), output, &mut sums);
            }
        }
    }
}

impl Frame {
    /// One channel of the output, from one kernel for each framed channel.
    #[inline(always)]
    fn convolve<S: Simd>(
        &self,
        simd: S,
        framed: &[f32],
        kernels: &[[f32; 9]],
        (bias, slope): (f32, f32),
        output: &mut [f32],
        sums: &mut [f32],
    ) {
        let beside = after(self.width, self.stride);
        // Whole rows at a time, so that they can be written at once.
        let rows_at_once = (BLOCK / self.row).max(1);
        let mut first = 0;
        for output in output.chunks_mut(rows_at_once * beside) {
            let count = (output.len() / beside) * self.row;
            let Some(sums) = sums.get_mut(..count) else { return };
            sums.fill(bias);
            for (kernel, framed) in kernels.iter().zip(framed.chunks_exact(self.numbers())) {
                for (row, weights) in kernel.as_chunks::<3>().0.iter().enumerate() {
                    let Some(taps) = self.taps(framed, row, first, count) else { return };
                    add(simd, sums, taps, *weights);
                }
            }
            activate(simd, sums, slope);
            for (to, sums) in output.chunks_exact_mut(beside).zip(sums.chunks_exact(self.row)) {
                to.iter_mut().zip(sums).for_each(|(to, sum)| *to = *sum);
            }
            first += count;
        }
    }
}

/// Adds three products to each sum.
#[inline(always)]
fn add<S: Simd>(simd: S, sums: &mut [f32], [left, middle, right]: [&[f32]; 3], weights: [f32; 3]) {
    let (wide, rest) = S::as_mut_simd_f32s(sums);
    let [(left, left_rest), (middle, middle_rest), (right, right_rest)] =
        [left, middle, right].map(|numbers| S::as_simd_f32s(numbers));
    let [a, b, c] = weights.map(|weight| simd.splat_f32s(weight));
    for (sum, ((x, y), z)) in wide.iter_mut().zip(left.iter().zip(middle).zip(right)) {
        let first = simd.mul_add_f32s(a, *x, *sum);
        *sum = simd.mul_add_f32s(c, *z, simd.mul_add_f32s(b, *y, first));
    }
    let [a, b, c] = weights;
    for (sum, ((x, y), z)) in rest.iter_mut().zip(left_rest.iter().zip(middle_rest).zip(right_rest)) {
        *sum += a * x + b * y + c * z;
    }
}
