//! 3 by 3 convolution over all of a few channels, with one pixel of padding, stride 1 or 2: the first layer of a network.
//!
//! Each row of the output is a product of the weights with the nine rows that each padded channel gives for it.

use peel_picture::Wiped;
use pulp::{Arch, Simd, WithSimd};
use tract_onnx::pb::NodeProto;
#[allow(clippy::wildcard_imports, reason = "the engine's macros need most of it")]
use tract_onnx::tract_hir::internal::*;

use super::layer::{Image, Layer, Stride, check_weights, grouped_weights};
use super::padded::{Padded, after};
use super::product::{Panel, Place, Product};

/// A convolution of this stride, with weights, biases and slopes.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
pub(super) struct Conv3x3(Stride);

impl Layer for Conv3x3 {
    const NAME: &'static str = "Conv3x3";
    const CONSTANTS: usize = 3;

    fn of(node: &NodeProto) -> TractResult<Self> {
        Ok(Self(Stride::of(node)?))
    }

    fn after(&self, side: TDim) -> TDim {
        self.0.after(side)
    }

    fn check(&self, constants: &[Arc<Tensor>], channels: usize) -> TractResult<()> {
        check_weights(constants, channels, 3)
    }

    fn prepare(&self, constants: Vec<Arc<Tensor>>) -> TractResult<Vec<Arc<Tensor>>> {
        grouped_weights(constants)
    }

    fn run(&self, image: Image<'_>, constants: &[&[f32]], output: &mut [f32]) {
        let [weights, biases, slopes] = *constants else { return };
        let product = Product::new(weights, biases, slopes, 9 * image.channels);
        Arch::new().dispatch(Run { product, stride: self.0.0, image, output });
    }
}

/// A layer, an image and what becomes of it.
struct Run<'a> {
    product: Product<'a>,
    stride: usize,
    image: Image<'a>,
    output: &'a mut [f32],
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { product, stride, image, output } = self;
        let Image { numbers, channels, height, width } = image;
        let padded = Padded::new(height, width, stride);
        // A frame of the first layer is the image itself.
        let mut framed = Wiped::new(vec![0.0; channels * padded.numbers()]);
        for (channel, framed) in numbers.chunks_exact(height * width).zip(framed.chunks_exact_mut(padded.numbers())) {
            padded.fill(channel, framed);
        }
        let (below, beside) = (after(height, stride), after(width, stride));
        let mut panel = Panel::new(9 * channels, beside);
        let mut place = Place { output, stride: below * beside, offset: 0 };
        for row in 0..below {
            let taps = |framed| padded.taps(framed, row * padded.row, beside);
            let taps: Option<Vec<[&[f32]; 9]>> = framed.chunks_exact(padded.numbers()).map(taps).collect();
            let Some(taps) = taps else { return };
            place.offset = row * beside;
            product.run(simd, Some(&taps.as_flattened().iter().copied()), beside, &mut place, &mut panel);
        }
    }
}
