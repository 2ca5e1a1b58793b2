//! `MaxPool` of 2 by 2 pixels without overlap or padding, in one pass.

use pulp::Arch;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::{Arc, TDim, Tensor, TractResult};

use super::layer::{Image, Layer};

/// The largest of each 2 by 2 pixels; the last row or column of an odd side is left out, as ONNX does with `ceil_mode` 0.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
pub(super) struct MaxPool2x2;

impl Layer for MaxPool2x2 {
    const NAME: &'static str = "MaxPool2x2";
    const CONSTANTS: usize = 0;

    fn of(_node: &NodeProto) -> TractResult<Self> {
        Ok(Self)
    }

    fn after(&self, side: TDim) -> TDim {
        side / 2
    }

    fn check(&self, _constants: &[Arc<Tensor>], _channels: usize) -> TractResult<()> {
        Ok(())
    }

    fn run(&self, image: Image<'_>, _constants: &[&[f32]], output: &mut [f32]) {
        let Image { numbers, height, width, .. } = image;
        Arch::new().dispatch(|| {
            let planes = numbers.chunks_exact(height * width).zip(output.chunks_exact_mut((height / 2) * (width / 2)));
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
}

/// `f32::max` without its care for what is not a number.
#[inline(always)]
fn larger(left: f32, right: f32) -> f32 {
    if left > right { left } else { right }
}
