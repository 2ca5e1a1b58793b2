//! Decoded pixels, upright, 8-bit RGB.
//!
//! Must never: outlive its use unwiped, or print itself.
//! Always: `pixels.len() == width * height * 3`, both sides at least 1.

use crate::Wiped;

/// An upright 8-bit RGB picture; its pixels are wiped on drop.
pub struct Picture {
    width: usize,
    height: usize,
    reduction: usize,
    pixels: Wiped<u8>,
}

impl Picture {
    /// Takes tightly packed RGB rows; `None` when the length does not fit the sides.
    pub fn new(width: usize, height: usize, pixels: Wiped<u8>) -> Option<Self> {
        let bytes = width.checked_mul(height)?.checked_mul(3)?;
        (bytes > 0 && pixels.len() == bytes).then_some(Self { width, height, reduction: 1, pixels })
    }

    /// The same picture, each of whose pixels stands for `reduction` by `reduction` of the image's.
    #[must_use]
    pub(crate) fn standing_for(self, reduction: usize) -> Self {
        Self { reduction, ..self }
    }

    /// How many pixels a side of the image's own each pixel stands for.
    pub fn reduction(&self) -> usize {
        self.reduction
    }

    /// In pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// In pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Rows of packed RGB, top row first.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The same, to be changed.
    pub fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    /// The bytes of row `y`; empty when there is no such row.
    pub fn row(&self, y: usize) -> &[u8] {
        let stride = self.width * 3;
        let start = y.saturating_mul(stride);
        self.pixels.get(start..start.saturating_add(stride)).unwrap_or_default()
    }

    /// One pixel, black outside the picture.
    pub fn pixel_or_black(&self, x: i64, y: i64) -> [u8; 3] {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return [0; 3];
        };
        if x >= self.width || y >= self.height {
            return [0; 3];
        }
        let start = (y * self.width + x) * 3;
        self.pixels.get(start..start + 3).and_then(|pixel| pixel.try_into().ok()).unwrap_or_default()
    }

    /// The same picture turned as `orientation` says, so that it stands upright.
    #[must_use]
    pub fn upright(self, orientation: Orientation) -> Self {
        if orientation == Orientation::UPRIGHT {
            return self;
        }
        let (width, height) =
            if orientation.transposes() { (self.height, self.width) } else { (self.width, self.height) };
        let mut pixels = Wiped::new(vec![0; self.pixels.len()]);
        for (index, target) in pixels.chunks_exact_mut(3).enumerate() {
            let (x, y) = orientation.source(index % width, index / width, self.width, self.height);
            let start = (y * self.width + x) * 3;
            if let Some(source) = self.pixels.get(start..start + 3) {
                target.copy_from_slice(source);
            }
        }
        Self { width, height, reduction: self.reduction, pixels }
    }
}

/// How a camera held the picture: EXIF 2.3, tag 0x0112, values 1 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orientation(u16);

impl Orientation {
    /// As it is.
    pub const UPRIGHT: Self = Self(1);
    /// To be turned by 180 degrees.
    pub const UPSIDE_DOWN: Self = Self(3);
    /// To be turned clockwise by 90 degrees.
    pub const CLOCKWISE: Self = Self(6);
    /// To be turned the other way by 90 degrees.
    pub const ANTICLOCKWISE: Self = Self(8);

    /// The EXIF value; `None` outside 1 to 8.
    pub(crate) fn from_exif(value: u16) -> Option<Self> {
        (1..=8).contains(&value).then_some(Self(value))
    }

    fn transposes(self) -> bool {
        self.0 >= 5
    }

    /// Where in the stored picture (`width` by `height`) the upright pixel (`x`, `y`) lies.
    fn source(self, x: usize, y: usize, width: usize, height: usize) -> (usize, usize) {
        let right = width - 1;
        let bottom = height - 1;
        match self.0 {
            2 => (right.saturating_sub(x), y),
            3 => (right.saturating_sub(x), bottom.saturating_sub(y)),
            4 => (x, bottom.saturating_sub(y)),
            5 => (y, x),
            6 => (y, bottom.saturating_sub(x)),
            7 => (right.saturating_sub(y), bottom.saturating_sub(x)),
            8 => (right.saturating_sub(y), x),
            _ => (x, y),
        }
    }
}

/// Builds a picture row by row, averaging blocks of `factor` by `factor` pixels.
pub(crate) struct Builder {
    factor: usize,
    width: usize,
    height: usize,
    rows_in_sum: usize,
    sum: Wiped<u32>,
    pixels: Wiped<u8>,
}

impl Builder {
    /// How many bytes the reduced picture has.
    pub(crate) fn bytes(source_width: usize, source_height: usize, factor: usize) -> usize {
        (source_width / factor) * (source_height / factor) * 3
    }

    /// For a source of this size, no side of which is shorter than `factor`.
    pub(crate) fn new(source_width: usize, source_height: usize, factor: usize) -> Self {
        let (width, height) = (source_width / factor, source_height / factor);
        Self {
            factor,
            width,
            height,
            rows_in_sum: 0,
            sum: Wiped::new(vec![0; width * 3]),
            pixels: Wiped::new(Vec::with_capacity(width * height * 3)),
        }
    }

    /// Adds one source row of RGB pixels; rows beyond the last whole block are dropped.
    pub(crate) fn push_row(&mut self, row: impl Iterator<Item = [u8; 3]>) {
        if self.pixels.len() >= self.width * self.height * 3 {
            return;
        }
        if self.factor == 1 {
            self.pixels.extend(row.take(self.width).flatten());
            return;
        }
        for (index, pixel) in row.take(self.width * self.factor).enumerate() {
            let start = index / self.factor * 3;
            if let Some(sums) = self.sum.get_mut(start..start + 3) {
                for (sum, value) in sums.iter_mut().zip(pixel) {
                    *sum += u32::from(value);
                }
            }
        }
        self.rows_in_sum += 1;
        if self.rows_in_sum == self.factor {
            let count = u32::try_from(self.factor * self.factor).unwrap_or(1);
            self.pixels.extend(self.sum.iter().map(|sum| u8::try_from((sum + count / 2) / count).unwrap_or(u8::MAX)));
            self.sum.fill(0);
            self.rows_in_sum = 0;
        }
    }

    /// The picture; `None` when rows are missing.
    pub(crate) fn finish(self) -> Option<Picture> {
        Some(Picture::new(self.width, self.height, self.pixels)?.standing_for(self.factor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three by two, each pixel's red is its place.
    fn numbered() -> Picture {
        let pixels = (0..6).flat_map(|place| [place, 0, 0]).collect::<Vec<u8>>();
        Picture::new(3, 2, Wiped::new(pixels)).unwrap()
    }

    fn reds(picture: &Picture) -> Vec<u8> {
        picture.pixels().iter().step_by(3).copied().collect()
    }

    #[test]
    fn each_exif_orientation_is_turned_upright() {
        let expected: [(u16, (usize, usize), [u8; 6]); 8] = [
            (1, (3, 2), [0, 1, 2, 3, 4, 5]),
            (2, (3, 2), [2, 1, 0, 5, 4, 3]),
            (3, (3, 2), [5, 4, 3, 2, 1, 0]),
            (4, (3, 2), [3, 4, 5, 0, 1, 2]),
            (5, (2, 3), [0, 3, 1, 4, 2, 5]),
            (6, (2, 3), [3, 0, 4, 1, 5, 2]),
            (7, (2, 3), [5, 2, 4, 1, 3, 0]),
            (8, (2, 3), [2, 5, 1, 4, 0, 3]),
        ];
        for (value, sides, order) in expected {
            let turned = numbered().upright(Orientation::from_exif(value).unwrap());
            assert_eq!((turned.width(), turned.height()), sides, "orientation {value}");
            assert_eq!(reds(&turned), order, "orientation {value}");
        }
    }

    #[test]
    fn a_picture_with_missing_bytes_is_not_made() {
        assert!(Picture::new(3, 2, Wiped::new(vec![0; 17])).is_none());
        assert!(Picture::new(0, 2, Wiped::new(vec![])).is_none());
        assert!(Picture::new(usize::MAX, 3, Wiped::new(vec![])).is_none());
    }

    #[test]
    fn large_pictures_are_reduced_by_averaging_blocks() {
        let mut builder = Builder::new(3, 2, 2);
        builder.push_row([[0, 10, 255], [2, 20, 255], [99; 3]].into_iter());
        builder.push_row([[4, 30, 255], [6, 40, 255], [99; 3]].into_iter());
        builder.push_row([[99; 3]; 3].into_iter());
        let picture = builder.finish().unwrap();
        assert_eq!((picture.pixels(), picture.reduction()), ([3, 25, 255].as_slice(), 2));
        assert!(Builder::new(4, 4, 2).finish().is_none());
    }
}
