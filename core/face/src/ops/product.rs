//! Sums of products over rows of pixels, many channels of the output at once: what 1 by 1 convolutions are, and dense ones
//! once their rows are laid out.
//!
//! Pixels are the vectors. A tile of two vectors of each row is copied side by side, so that it stays near the processor,
//! and eight channels (four where there are sixteen registers only) are summed over it in registers. Where there are so many
//! rows that a tile does not stay near, `deep` goes the other way round.

use peel_picture::Wiped;
use pulp::Simd;

use super::{activated_wide, deep};

/// Weights lie in groups of so many channels, one row of the input after another; the last group is filled with zeros.
const GROUP: usize = 8;
/// Vectors of pixels that are summed side by side.
const VECTORS: usize = 2;
/// The most numbers in a vector of any processor that is known.
const MOST_LANES: usize = 16;

/// Weights in groups, from `channels` rows of `from` weights.
pub(super) fn grouped(weights: &[f32], from: usize) -> Vec<f32> {
    let width = if deep::is_deep(from) { deep::GROUP } else { GROUP };
    let rows: Vec<&[f32]> = weights.chunks_exact(from.max(1)).collect();
    let mut grouped = Vec::with_capacity(rows.len().next_multiple_of(width) * from);
    for group in rows.chunks(width) {
        for input in 0..from {
            let column = group.iter().map(|row| row.get(input).copied().unwrap_or_default());
            grouped.extend(column.chain(std::iter::repeat(0.0)).take(width));
        }
    }
    grouped
}

/// Numbers of the output: each channel has `stride` of them, of which those from `offset` on are written.
pub(super) struct Place<'a> {
    pub(super) output: &'a mut [f32],
    pub(super) stride: usize,
    pub(super) offset: usize,
}

impl Place<'_> {
    /// What lies there.
    #[inline(always)]
    pub(super) fn rows(&self) -> impl Iterator<Item = &[f32]> {
        let offset = self.offset;
        self.output.chunks_exact(self.stride).map(move |row| row.get(offset..).unwrap_or_default())
    }
}

/// Copies some pixels of each row side by side, `room` numbers a row, and zeros after them.
#[inline(always)]
pub(super) fn lay_out<'r>(
    tile: &mut [f32],
    room: usize,
    rows: impl Iterator<Item = &'r [f32]>,
    pixels: std::ops::Range<usize>,
) {
    for (to, row) in tile.chunks_exact_mut(room).zip(rows) {
        let (Some(row), Some((to, beyond))) = (row.get(pixels.clone()), to.split_at_mut_checked(pixels.len())) else {
            return;
        };
        to.copy_from_slice(row);
        beyond.fill(0.0);
    }
}

/// A layer's numbers, weights in groups.
#[derive(Clone, Copy)]
pub(super) struct Product<'a> {
    pub(super) weights: &'a [f32],
    pub(super) biases: &'a [f32],
    slopes: &'a [f32],
    pub(super) from: usize,
}

/// What of the input is worked on: one row of some vectors for each row.
pub(super) struct Panel(pub(super) Wiped<f32>);

impl Panel {
    /// For products of so many rows and pixels.
    pub(super) fn new(from: usize, pixels: usize) -> Self {
        let vectors = pixels.div_ceil(MOST_LANES);
        let vectors = if deep::is_deep(from) { deep::laid_out(vectors) } else { vectors.min(VECTORS) };
        Self(Wiped::new(vec![0.0; from * vectors * MOST_LANES]))
    }
}

impl<'a> Product<'a> {
    /// Of `from` rows.
    pub(super) fn new(weights: &'a [f32], biases: &'a [f32], slopes: &'a [f32], from: usize) -> Self {
        Self { weights, biases, slopes, from }
    }

    /// Computes `pixels` pixels of all channels, from as many of each row; without rows, from what lies in their place: a
    /// channel then has the row of its number, and each part is read as a whole before it is written.
    #[inline(always)]
    pub(super) fn run<'r, S: Simd>(
        &self,
        simd: S,
        rows: Option<&(impl Iterator<Item = &'r [f32]> + Clone)>,
        pixels: usize,
        place: &mut Place<'_>,
        panel: &mut Panel,
    ) {
        if deep::is_deep(self.from) {
            return deep::run(self, simd, rows, pixels, place, panel);
        }
        let mut at = 0;
        while at < pixels {
            let left = pixels - at;
            if left <= S::F32_LANES {
                self.tile::<S, 1>(simd, rows.cloned(), at..pixels, place, panel);
            } else {
                let end = at + left.min(VECTORS * S::F32_LANES);
                self.tile::<S, VECTORS>(simd, rows.cloned(), at..end, place, panel);
            }
            at += VECTORS * S::F32_LANES;
        }
    }

    /// One tile of `V` vectors at most.
    #[inline(always)]
    fn tile<'r, S: Simd, const V: usize>(
        &self,
        simd: S,
        rows: Option<impl Iterator<Item = &'r [f32]>>,
        pixels: std::ops::Range<usize>,
        place: &mut Place<'_>,
        panel: &mut Panel,
    ) {
        let count = pixels.len();
        let Some(tile) = panel.0.get_mut(..self.from * V * S::F32_LANES) else { return };
        match rows {
            Some(rows) => lay_out(tile, V * S::F32_LANES, rows, pixels.clone()),
            None => lay_out(tile, V * S::F32_LANES, place.rows(), pixels.clone()),
        }
        let Some(panel) = panel.0.get(..self.from * V * S::F32_LANES) else { return };
        for (group, weights) in self.weights.as_chunks::<GROUP>().0.chunks_exact(self.from).enumerate() {
            let first = group * GROUP;
            if S::REGISTER_COUNT >= 32 {
                let sums = self.sums::<S, GROUP, V>(simd, panel, weights, first, 0);
                self.write(simd, &sums, first, pixels.start, count, place);
            } else {
                for half in 0..2 {
                    let first = first + half * GROUP / 2;
                    let sums = self.sums::<S, { GROUP / 2 }, V>(simd, panel, weights, first, half);
                    self.write(simd, &sums, first, pixels.start, count, place);
                }
            }
        }
    }

    /// `C` channels of a group, from channel `first` on: the part of the group that `part` numbers.
    #[inline(always)]
    fn sums<S: Simd, const C: usize, const V: usize>(
        &self,
        simd: S,
        panel: &[f32],
        weights: &[[f32; GROUP]],
        first: usize,
        part: usize,
    ) -> [[S::f32s; V]; C] {
        let mut sums = [[simd.splat_f32s(0.0); V]; C];
        for (sums, bias) in sums.iter_mut().zip(self.biases.iter().skip(first)) {
            *sums = [simd.splat_f32s(*bias); V];
        }
        for (row, weights) in panel.chunks_exact(V * S::F32_LANES).zip(weights) {
            let (row, _) = S::as_simd_f32s(row);
            let (Some(weights), Ok(row)) = (weights.as_chunks::<C>().0.get(part), <&[S::f32s; V]>::try_from(row))
            else {
                return sums;
            };
            for (sums, weight) in sums.iter_mut().zip(weights) {
                let weight = simd.splat_f32s(*weight);
                for (sum, values) in sums.iter_mut().zip(row) {
                    *sum = simd.mul_add_f32s(weight, *values, *sum);
                }
            }
        }
        sums
    }

    /// Writes what the activation makes of sums, where there is such a channel.
    #[inline(always)]
    pub(super) fn write<S: Simd, const C: usize, const V: usize>(
        &self,
        simd: S,
        sums: &[[S::f32s; V]; C],
        first: usize,
        at: usize,
        count: usize,
        place: &mut Place<'_>,
    ) {
        let channels = place.output.chunks_exact_mut(place.stride).zip(self.slopes).skip(first);
        for ((channel, slope), sums) in channels.zip(sums) {
            let slope = simd.splat_f32s(*slope);
            let Some(to) = channel.get_mut(place.offset + at..).and_then(|to| to.get_mut(..count)) else { return };
            let (wide, rest) = S::as_mut_simd_f32s(to);
            let full = wide.len();
            for (to, sum) in wide.iter_mut().zip(sums) {
                *to = activated_wide(simd, *sum, slope);
            }
            if let Some(sum) = sums.get(full) {
                simd.partial_store_f32s(rest, activated_wide(simd, *sum, slope));
            }
        }
    }
}
