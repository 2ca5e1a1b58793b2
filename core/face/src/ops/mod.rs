//! The layers of both networks as operators of our own, where the inference engine's are slow.
//!
//! For: 3 by 3 convolutions (depthwise, and the first one of each network), 1 by 1 convolutions, pooling, the activation
//! between them and the embedder's last product. Each takes what follows it in the graph (normalisation, activation) into its one pass.
//! Must never: compute anything but what the ONNX operators in whose place they stand compute, but for the last bits of sums
//! that are added in another order.
//! Always: without `unsafe`; the widest vector instructions that the processor has are found when they run.
#![expect(clippy::inline_always, reason = "only what is inlined is compiled for the instructions that were found")]

mod conv3x3;
mod deep;
mod dense;
mod depthwise;
mod fuse;
mod layer;
mod max_pool;
mod padded;
mod pointwise;
mod product;

pub(crate) use fuse::fuse;

use pulp::Simd;
use tract_onnx::Onnx;

/// The type of a fused depthwise 3 by 3 convolution in a rewritten graph.
const DEPTHWISE_3X3: &str = "PeelDepthwise3x3";
/// The type of a fused dense 3 by 3 convolution.
const CONV_3X3: &str = "PeelConv3x3";
/// The type of a fused 1 by 1 convolution.
const POINTWISE: &str = "PeelPointwise";
/// The type of a product with quantised weights.
pub(crate) const DENSE: &str = "PeelDense";
/// The type of a 2 by 2 pooling.
const MAX_POOL: &str = "PeelMaxPool";

/// Makes the operators known to the engine.
pub(crate) fn register(onnx: &mut Onnx) {
    onnx.op_register.insert(DEPTHWISE_3X3, layer::parse::<depthwise::Depthwise3x3>);
    onnx.op_register.insert(CONV_3X3, layer::parse::<conv3x3::Conv3x3>);
    onnx.op_register.insert(POINTWISE, layer::parse::<pointwise::Pointwise>);
    onnx.op_register.insert(DENSE, dense::parse);
    onnx.op_register.insert(MAX_POOL, layer::parse::<max_pool::MaxPool2x2>);
}

/// `x < 0 ? x * slope : x`: nothing with slope 1, `Relu` with 0, `PRelu` with another.
#[inline(always)]
fn activated(value: f32, slope: f32) -> f32 {
    if value < 0.0 { value * slope } else { value }
}

/// The same of a vector.
#[inline(always)]
fn activated_wide<S: Simd>(simd: S, values: S::f32s, slope: S::f32s) -> S::f32s {
    let below = simd.less_than_f32s(values, simd.splat_f32s(0.0));
    simd.select_f32s(below, simd.mul_f32s(values, slope), values)
}

#[cfg(test)]
mod tests;
