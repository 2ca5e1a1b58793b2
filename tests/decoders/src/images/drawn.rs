//! The picture that most images of the corpus show, drawn by a formula, and how it is recognised again.

use std::fmt::Write as _;

/// Packed RGB.
#[derive(Clone)]
pub(super) struct Drawn {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<[u8; 3]>,
}

impl Drawn {
    /// Red grows to the right, green downwards, blue against both, with a fine weave over all: no turn and no mirror
    /// image of it looks like another.
    pub(super) fn new(width: usize, height: usize) -> Self {
        let ramp = |place: usize, side: usize| 30 + (2 * place + 1) * 170 / (2 * side);
        let pixels = (0..width * height)
            .map(|place| {
                let (x, y) = (place % width, place / width);
                let (red, green) = (ramp(x, width), ramp(y, height));
                let weave = (x * 7 + y * 13) % 5 * 3;
                [red, green, 230 - usize::midpoint(red, green)].map(|value| (value + weave) as u8)
            })
            .collect();
        Self { width, height, pixels }
    }

    /// One value for each quarter: `of` gives it.
    pub(super) fn patches(of: impl Fn(usize) -> [u8; 3]) -> Self {
        let pixels = (0..32 * 16).map(|place| of(place % 32 / 16 + place / 32 / 8 * 2)).collect();
        Self { width: 32, height: 16, pixels }
    }

    /// The same without colour.
    pub(super) fn grey(&self) -> Self {
        self.each(|[_, green, _]| [green; 3])
    }

    /// Each pixel as `change` has it.
    pub(super) fn each(&self, change: impl Fn([u8; 3]) -> [u8; 3]) -> Self {
        Self { pixels: self.pixels.iter().map(|pixel| change(*pixel)).collect(), ..*self }
    }

    pub(super) fn at(&self, x: usize, y: usize) -> [u8; 3] {
        self.pixels[y * self.width + x]
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.pixels.iter().flatten().copied().collect()
    }

    /// As a camera stores it that writes this EXIF orientation beside it (EXIF 2.3, 4.6.4): row 0 and column 0 of what is
    /// stored are, in turn: top left, top right, bottom right, bottom left, left top, right top, right bottom, left
    /// bottom.
    pub(super) fn stored(&self, orientation: u8) -> Self {
        let (width, height) = if orientation >= 5 { (self.height, self.width) } else { (self.width, self.height) };
        let (right, bottom) = (self.width - 1, self.height - 1);
        let pixels = (0..width * height)
            .map(|place| {
                let (column, row) = (place % width, place / width);
                match orientation {
                    2 => self.at(right - column, row),
                    3 => self.at(right - column, bottom - row),
                    4 => self.at(column, bottom - row),
                    5 => self.at(row, column),
                    6 => self.at(right - row, column),
                    7 => self.at(right - row, bottom - column),
                    8 => self.at(row, bottom - column),
                    _ => self.at(column, row),
                }
            })
            .collect();
        Self { width, height, pixels }
    }

    /// The mean colour of the eight by eight pixels of a block.
    pub(super) fn block(&self, across: usize, down: usize) -> [u8; 3] {
        let mut sums = [0_usize; 3];
        for place in 0..64 {
            let pixel = self.at(across * 8 + place % 8, down * 8 + place / 8);
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum += usize::from(value);
            }
        }
        sums.map(|sum| (sum / 64) as u8)
    }

    pub(super) fn quarters(&self) -> Quarters {
        Quarters::of(self.width, self.height, &self.bytes())
    }
}

/// The mean colour in the middle of each quarter of a picture: top left, top right, bottom left, bottom right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quarters(pub [[u8; 3]; 4]);

impl Quarters {
    /// Of packed RGB.
    pub fn of(width: usize, height: usize, rgb: &[u8]) -> Self {
        let means = [(1, 1), (5, 1), (1, 5), (5, 5)].map(|(left, top)| {
            let (mut sums, mut count) = ([0_usize; 3], 0_usize);
            for y in eighths(top, height) {
                for x in eighths(left, width) {
                    count += 1;
                    for (sum, value) in sums.iter_mut().zip(&rgb[(y * width + x) * 3..]) {
                        *sum += usize::from(*value);
                    }
                }
            }
            sums.map(|sum| ((sum + count / 2) / count) as u8)
        });
        Self(means)
    }

    /// The greatest difference of two values.
    pub fn apart(&self, other: &Self) -> u8 {
        let pairs = self.0.iter().flatten().zip(other.0.iter().flatten());
        pairs.map(|(one, other)| one.abs_diff(*other)).max().unwrap_or(0)
    }

    /// As the manifest has them: `rrggbb`, four times.
    pub fn text(&self) -> [String; 4] {
        self.0.map(|colour| {
            colour.iter().fold(String::new(), |mut text, value| {
                let _ = write!(text, "{value:02x}");
                text
            })
        })
    }
}

/// The pixels of a side whose middles lie from `first` to `first + 2` eighths of it; the nearest where none does.
fn eighths(first: usize, side: usize) -> std::ops::Range<usize> {
    let within = |place: &usize| (8 * place + 4).clamp(first * side, (first + 2) * side) == 8 * place + 4;
    let mut places = (0..side).filter(within);
    let nearest = ((first + 1) * side / 8).min(side - 1);
    let start = places.next().unwrap_or(nearest);
    start..places.next_back().unwrap_or(start) + 1
}
