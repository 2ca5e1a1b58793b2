//! Products over so many rows that a tile of pixels does not stay near the processor: all pixels are laid out first, then
//! each group of weights is read once and multiplied with all of them.
//!
//! A tile of four vectors and six channels keeps 24 sums in registers; where there are sixteen registers only, two vectors and
//! 12 sums.

use pulp::Simd;

use super::product::{Panel, Place, Product, lay_out};

/// Weights lie in groups of so many channels.
pub(super) const GROUP: usize = 6;
/// Vectors of pixels that are summed side by side.
const VECTORS: usize = 4;
/// The most vectors of pixels that are laid out at once.
const SPAN: usize = 16;
/// From so many rows on a product is deep.
const DEEP: usize = 384;

/// Whether a product of so many rows is deep.
pub(super) const fn is_deep(from: usize) -> bool {
    from >= DEEP
}

/// Of so many vectors of pixels, how many there is to be room for.
pub(super) fn laid_out(vectors: usize) -> usize {
    vectors.next_multiple_of(VECTORS).min(SPAN)
}

/// Computes `pixels` pixels of all channels, from as many of each row.
#[inline(always)]
pub(super) fn run<'r, S: Simd>(
    product: &Product<'_>,
    simd: S,
    rows: Option<&(impl Iterator<Item = &'r [f32]> + Clone)>,
    pixels: usize,
    place: &mut Place<'_>,
    panel: &mut Panel,
) {
    let wide = if S::REGISTER_COUNT >= 32 { VECTORS } else { VECTORS / 2 } * S::F32_LANES;
    let span = SPAN * S::F32_LANES;
    for start in (0..pixels).step_by(span) {
        let count = span.min(pixels - start);
        let tiles = || (0..count).step_by(wide).map(|at| (start + at, wide.min(count - at)));
        let mut rest = panel.0.as_mut_slice();
        for (at, count) in tiles() {
            let room = padded::<S>(count);
            let Some((tile, others)) = rest.split_at_mut_checked(product.from * room) else { return };
            match rows {
                Some(rows) => lay_out(tile, room, rows.clone(), at..at + count),
                None => lay_out(tile, room, place.rows(), at..at + count),
            }
            rest = others;
        }
        let groups = product.weights.as_chunks::<GROUP>().0.chunks_exact(product.from);
        for (weights, first) in groups.zip((0..).step_by(GROUP)) {
            let mut biases = [0.0; GROUP];
            biases.iter_mut().zip(product.biases.iter().skip(first)).for_each(|(to, bias)| *to = *bias);
            let mut rest = panel.0.as_slice();
            for (at, count) in tiles() {
                let Some((tile, others)) = rest.split_at_checked(product.from * padded::<S>(count)) else { return };
                let (tile, _) = S::as_simd_f32s(tile);
                match padded::<S>(count) / S::F32_LANES {
                    1 => product.write(simd, &one(simd, tile, weights, biases), first, at, count, place),
                    2 => product.write(simd, &two(simd, tile, weights, biases), first, at, count, place),
                    _ => product.write(simd, &four(simd, tile, weights, biases), first, at, count, place),
                }
                rest = others;
            }
        }
    }
}

/// Pixels of a tile with those that fill it up: one vector, two or four.
#[inline(always)]
fn padded<S: Simd>(count: usize) -> usize {
    let vectors = count.div_ceil(S::F32_LANES);
    (if vectors > 2 { VECTORS } else { vectors }) * S::F32_LANES
}

// One array of sums for each vector: of an array of arrays not all would stay in registers.

#[inline(always)]
fn one<S: Simd>(simd: S, tile: &[S::f32s], weights: &[[f32; GROUP]], biases: [f32; GROUP]) -> [[S::f32s; 1]; GROUP] {
    let mut a = biases.map(|bias| simd.splat_f32s(bias));
    for (w, weights) in tile.iter().zip(weights) {
        for (a, weight) in a.iter_mut().zip(weights) {
            *a = simd.mul_add_f32s(simd.splat_f32s(*weight), *w, *a);
        }
    }
    a.map(|a| [a])
}

#[inline(always)]
fn two<S: Simd>(simd: S, tile: &[S::f32s], weights: &[[f32; GROUP]], biases: [f32; GROUP]) -> [[S::f32s; 2]; GROUP] {
    let mut a = biases.map(|bias| simd.splat_f32s(bias));
    let mut b = a;
    for ([w, x], weights) in tile.as_chunks::<2>().0.iter().zip(weights) {
        for ((a, b), weight) in a.iter_mut().zip(&mut b).zip(weights) {
            let weight = simd.splat_f32s(*weight);
            *a = simd.mul_add_f32s(weight, *w, *a);
            *b = simd.mul_add_f32s(weight, *x, *b);
        }
    }
    let mut sums = a.map(|a| [a; 2]);
    sums.iter_mut().zip(b).for_each(|([_, to], b)| *to = b);
    sums
}

#[inline(always)]
fn four<S: Simd>(
    simd: S,
    tile: &[S::f32s],
    weights: &[[f32; GROUP]],
    biases: [f32; GROUP],
) -> [[S::f32s; VECTORS]; GROUP] {
    let mut a = biases.map(|bias| simd.splat_f32s(bias));
    let (mut b, mut c, mut d) = (a, a, a);
    for ([w, x, y, z], weights) in tile.as_chunks::<VECTORS>().0.iter().zip(weights) {
        for ((((a, b), c), d), weight) in a.iter_mut().zip(&mut b).zip(&mut c).zip(&mut d).zip(weights) {
            let weight = simd.splat_f32s(*weight);
            *a = simd.mul_add_f32s(weight, *w, *a);
            *b = simd.mul_add_f32s(weight, *x, *b);
            *c = simd.mul_add_f32s(weight, *y, *c);
            *d = simd.mul_add_f32s(weight, *z, *d);
        }
    }
    let mut sums = a.map(|a| [a; VECTORS]);
    for ((([_, second, third, fourth], b), c), d) in sums.iter_mut().zip(b).zip(c).zip(d) {
        (*second, *third, *fourth) = (b, c, d);
    }
    sums
}
