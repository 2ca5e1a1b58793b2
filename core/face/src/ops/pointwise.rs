//! 1 by 1 convolution: a small matrix with a long one, which is read as it lies.
//!
//! The engine packs the long matrix anew for its matrix product, whole, and adds normalisation and activation as passes of
//! their own.

use pulp::{Arch, Simd, WithSimd};
use tract_onnx::pb::NodeProto;
#[allow(clippy::wildcard_imports, reason = "the engine's macros need most of it")]
use tract_onnx::tract_hir::internal::*;

use super::layer::{Image, Layer, check_weights, grouped_weights};
use super::product::{Panel, Place, Product};

/// A convolution with weights, biases and slopes.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
pub(super) struct Pointwise;

impl Layer for Pointwise {
    const NAME: &'static str = "Pointwise";
    const CONSTANTS: usize = 3;

    fn of(_node: &NodeProto) -> TractResult<Self> {
        Ok(Self)
    }

    fn after(&self, side: TDim) -> TDim {
        side
    }

    fn check(&self, constants: &[Arc<Tensor>], channels: usize) -> TractResult<()> {
        check_weights(constants, channels, 1)
    }

    fn prepare(&self, constants: Vec<Arc<Tensor>>) -> TractResult<Vec<Arc<Tensor>>> {
        grouped_weights(constants)
    }

    fn run(&self, image: Image<'_>, constants: &[&[f32]], output: &mut [f32]) {
        let [weights, biases, slopes] = *constants else { return };
        let product = Product::new(weights, biases, slopes, image.channels);
        Arch::new().dispatch(Run { product, pixels: image.height * image.width, numbers: Some(image.numbers), output });
    }

    fn is_in_place(&self, channels: usize, constants: &[&[f32]]) -> bool {
        constants.get(1).is_some_and(|biases| biases.len() == channels)
    }

    fn run_in_place(&self, numbers: &mut [f32], [height, width]: [usize; 2], constants: &[&[f32]]) {
        let [weights, biases, slopes] = *constants else { return };
        let product = Product::new(weights, biases, slopes, biases.len());
        Arch::new().dispatch(Run { product, pixels: height * width, numbers: None, output: numbers });
    }
}

/// A layer, an image and what becomes of it.
struct Run<'a> {
    product: Product<'a>,
    pixels: usize,
    /// Those of the output itself where there are none.
    numbers: Option<&'a [f32]>,
    output: &'a mut [f32],
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { product, pixels, numbers, output } = self;
        let mut place = Place { output, stride: pixels, offset: 0 };
        let mut panel = Panel::new(product.from, pixels);
        let rows = numbers.map(|numbers| numbers.chunks_exact(pixels));
        product.run(simd, rows.as_ref(), pixels, &mut place, &mut panel);
    }
}
