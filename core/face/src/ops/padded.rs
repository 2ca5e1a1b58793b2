//! A channel in a frame of zeros, as 3 by 3 convolutions with one pixel of padding read it: without borders.
//!
//! For stride 2 the frame is split into its even and odd rows and columns, after which sums run over neighbours again.

/// Height or width after a 3 by 3 convolution with one pixel of padding.
pub(super) const fn after(side: usize, stride: usize) -> usize {
    if side == 0 { 0 } else { (side - 1) / stride + 1 }
}

/// How a channel lies in its frame: one plane for stride 1, four for stride 2 (even and odd rows, in each even and odd
/// columns).
#[derive(Clone, Copy)]
pub(super) struct Padded {
    height: usize,
    width: usize,
    stride: usize,
    /// Numbers of a plane's row.
    pub(super) row: usize,
    /// Numbers of one plane.
    plane: usize,
}

impl Padded {
    pub(super) const fn new(height: usize, width: usize, stride: usize) -> Self {
        let (below, beside) = (after(height, stride), after(width, stride));
        let (row, rows) = if stride == 1 { (width + 2, height + 2) } else { (beside + 1, below + 1) };
        // The last sums read a little beyond the last row.
        Self { height, width, stride, row, plane: rows * row + 2 }
    }

    /// Numbers of a whole frame.
    pub(super) const fn numbers(&self) -> usize {
        self.plane * self.stride * self.stride
    }

    /// Copies a channel into its place; the frame around it is zero already.
    #[inline(always)]
    pub(super) fn fill(&self, channel: &[f32], framed: &mut [f32]) {
        for (y, from) in channel.chunks_exact(self.width).enumerate().take(self.height) {
            let (plane, above) = if self.stride == 1 { (0, y + 1) } else { (2 * ((y + 1) % 2), y.div_ceil(2)) };
            let Some(rows) = framed.get_mut(plane * self.plane..) else { return };
            if self.stride == 1 {
                if let Some(to) = rows.get_mut(above * self.row + 1..).and_then(|to| to.get_mut(..from.len())) {
                    to.copy_from_slice(from);
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

    /// What the nine weights of a kernel are multiplied with, row by row, from sum `first` on.
    #[inline(always)]
    pub(super) fn taps<'a>(&self, framed: &'a [f32], first: usize, count: usize) -> Option<[&'a [f32]; 9]> {
        let at = |plane: usize, offset: usize| framed.get(plane * self.plane + first + offset..)?.get(..count);
        let [upper, middle, lower] = [0, 1, 2].map(|kernel_row| {
            if self.stride == 1 {
                let offset = kernel_row * self.row;
                return Some([at(0, offset)?, at(0, offset + 1)?, at(0, offset + 2)?]);
            }
            let (plane, offset) = (2 * (kernel_row % 2), (kernel_row / 2) * self.row);
            Some([at(plane, offset)?, at(plane + 1, offset)?, at(plane, offset + 1)?])
        });
        [upper?, middle?, lower?].as_flattened().try_into().ok()
    }
}
