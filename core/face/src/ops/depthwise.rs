//! 3 by 3 convolution of each channel by itself, with one pixel of padding, stride 1 or 2.
//!
//! The engine computes it zone by zone, pixel by pixel at the borders, and adds normalisation and activation as passes of
//! their own. Here the rows of a padded channel are read as one long row: the loops are long also where the image is
//! small. The two or so sums at each row's end that mean nothing are left out when the rows are written.

use peel_picture::Wiped;
use pulp::{Arch, Simd, WithSimd};
use tract_onnx::pb::NodeProto;
#[allow(clippy::wildcard_imports, reason = "the engine's macros need most of it")]
use tract_onnx::tract_hir::internal::*;

use super::layer::{Image, Layer, Stride, check_weights};
use super::padded::{Padded, after};
use super::{activated, activated_wide};

/// Sums that are worked on at a time: they and what they are made of stay near the processor.
const BLOCK: usize = 1_024;

/// A convolution of this stride, with weights, biases and slopes.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
pub(super) struct Depthwise3x3(Stride);

impl Layer for Depthwise3x3 {
    const NAME: &'static str = "Depthwise3x3";
    const CONSTANTS: usize = 3;

    fn of(node: &NodeProto) -> TractResult<Self> {
        Ok(Self(Stride::of(node)?))
    }

    fn after(&self, side: TDim) -> TDim {
        self.0.after(side)
    }

    fn check(&self, constants: &[Arc<Tensor>], channels: usize) -> TractResult<()> {
        check_weights(constants, 1, 3)?;
        ensure!(
            constants.first().is_some_and(|weights| weights.shape().first() == Some(&channels)),
            "one kernel a channel"
        );
        Ok(())
    }

    fn run(&self, image: Image<'_>, constants: &[&[f32]], output: &mut [f32]) {
        let Image { numbers, height, width, .. } = image;
        self.dispatch(Numbers::Apart(numbers, output), [height, width], constants);
    }

    fn is_in_place(&self, _channels: usize, _constants: &[&[f32]]) -> bool {
        self.0.0 == 1
    }

    fn run_in_place(&self, numbers: &mut [f32], sides: [usize; 2], constants: &[&[f32]]) {
        self.dispatch(Numbers::InPlace(numbers), sides, constants);
    }
}

impl Depthwise3x3 {
    fn dispatch(&self, numbers: Numbers<'_>, [height, width]: [usize; 2], constants: &[&[f32]]) {
        let [weights, biases, slopes] = *constants else { return };
        Arch::new().dispatch(Run {
            weights: weights.as_chunks::<9>().0,
            biases,
            slopes,
            padded: Padded::new(height, width, self.0.0),
            sides: [height, width],
            after: [after(height, self.0.0), after(width, self.0.0)],
            numbers,
        });
    }
}

/// An image, and where what becomes of it goes.
enum Numbers<'a> {
    Apart(&'a [f32], &'a mut [f32]),
    InPlace(&'a mut [f32]),
}

/// A layer, an image and what becomes of it.
struct Run<'a> {
    weights: &'a [[f32; 9]],
    biases: &'a [f32],
    slopes: &'a [f32],
    padded: Padded,
    /// Rows and columns.
    sides: [usize; 2],
    /// The same of the output.
    after: [usize; 2],
    numbers: Numbers<'a>,
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { weights, biases, slopes, padded, sides: [height, width], after: [below, beside], numbers } = self;
        let mut framed = Wiped::new(vec![0.0; padded.numbers()]);
        // At least one row at a time, however long it is; as many as can be written at once.
        let mut sums = Wiped::new(vec![0.0; BLOCK.max(padded.row)]);
        let layers = weights.iter().zip(biases.iter().zip(slopes));
        match numbers {
            Numbers::Apart(image, output) => {
                let channels = image.chunks_exact(height * width).zip(output.chunks_exact_mut(below * beside));
                for ((channel, output), (kernel, (bias, slope))) in channels.zip(layers) {
                    padded.fill(channel, &mut framed);
                    write(simd, padded, beside, [&mut framed, &mut sums], kernel, (*bias, *slope), output);
                }
            }
            Numbers::InPlace(image) => {
                for (channel, (kernel, (bias, slope))) in image.chunks_exact_mut(height * width).zip(layers) {
                    padded.fill(channel, &mut framed);
                    write(simd, padded, beside, [&mut framed, &mut sums], kernel, (*bias, *slope), channel);
                }
            }
        }
    }
}

/// Writes what becomes of a channel in its frame.
#[inline(always)]
fn write<S: Simd>(
    simd: S,
    padded: Padded,
    beside: usize,
    [framed, sums]: [&mut [f32]; 2],
    kernel: &[f32; 9],
    scale: (f32, f32),
    output: &mut [f32],
) {
    let rows_at_once = (BLOCK / padded.row).max(1);
    let mut first = 0;
    for output in output.chunks_mut(rows_at_once * beside) {
        let count = (output.len() / beside) * padded.row;
        let (Some(sums), Some(taps)) = (sums.get_mut(..count), padded.taps(framed, first, count)) else { return };
        convolve(simd, sums, taps, kernel, scale);
        for (to, sums) in output.chunks_exact_mut(beside).zip(sums.chunks_exact(padded.row)) {
            to.iter_mut().zip(sums).for_each(|(to, sum)| *to = *sum);
        }
        first += count;
    }
}

/// What the activation makes of sums of nine products.
#[expect(clippy::many_single_char_names, reason = "three by three numbers and as many weights")]
#[inline(always)]
fn convolve<S: Simd>(simd: S, sums: &mut [f32], taps: [&[f32]; 9], kernel: &[f32; 9], (bias, slope): (f32, f32)) {
    let [a, b, c, d, e, f, g, h, i] = taps.map(|tap| S::as_simd_f32s(tap).0);
    let [p, q, r, s, t, u, v, w, x] = kernel.map(|weight| simd.splat_f32s(weight));
    let (wide, rest) = S::as_mut_simd_f32s(sums);
    let whole = wide.len() * S::F32_LANES;
    let (biases, slopes) = (simd.splat_f32s(bias), simd.splat_f32s(slope));
    let upper = a.iter().zip(b).zip(c);
    let middle = d.iter().zip(e).zip(f);
    let lower = g.iter().zip(h).zip(i);
    for (sum, ((((a, b), c), ((d, e), f)), ((g, h), i))) in wide.iter_mut().zip(upper.zip(middle).zip(lower)) {
        // Three sums, so that none has to wait for the one before.
        let first = simd.mul_add_f32s(r, *c, simd.mul_add_f32s(q, *b, simd.mul_add_f32s(p, *a, biases)));
        let second = simd.mul_add_f32s(u, *f, simd.mul_add_f32s(t, *e, simd.mul_f32s(s, *d)));
        let third = simd.mul_add_f32s(x, *i, simd.mul_add_f32s(w, *h, simd.mul_f32s(v, *g)));
        *sum = activated_wide(simd, simd.add_f32s(first, simd.add_f32s(second, third)), slopes);
    }
    let taps = taps.map(|tap| tap.get(whole..).unwrap_or_default());
    for (place, sum) in rest.iter_mut().enumerate() {
        let products =
            taps.iter().zip(kernel).map(|(tap, weight)| tap.get(place).copied().unwrap_or_default() * weight);
        *sum = activated(bias + products.sum::<f32>(), slope);
    }
}
