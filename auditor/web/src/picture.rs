//! Reads QR codes from a photograph, for browsers that cannot.
//!
//! A code photographed from a screen is seldom sharp at every scale, so the picture is tried at several.

/// The most pixels on a side; the page makes pictures smaller before it asks.
const MAX_SIDE: usize = 4096;
/// The longest side at which a picture is tried, one after the other.
const SIDES: [usize; 5] = [usize::MAX, 1400, 1000, 750, 550];

/// A picture in shades of grey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    luma: Vec<u8>,
}

impl Picture {
    /// A picture of `width` times `height` pixels, row by row; nothing if the bytes are not as many, or too many.
    pub fn new(width: usize, height: usize, luma: Vec<u8>) -> Option<Self> {
        let sound = (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height);
        (sound && luma.len() == width * height).then_some(Self { width, height, luma })
    }

    fn at(&self, x: usize, y: usize) -> u8 {
        self.luma.get(y * self.width + x).copied().unwrap_or(255)
    }

    /// Smaller, each pixel the mean of those that it stands for. Nothing if it is no larger than asked for.
    fn reduced(&self, side: usize) -> Option<Self> {
        let longest = self.width.max(self.height);
        if longest <= side {
            return None;
        }
        let scale = |length: usize| (length * side / longest).max(1);
        let (width, height) = (scale(self.width), scale(self.height));
        let mut luma = Vec::with_capacity(width * height);
        for y in 0..height {
            let rows = y * self.height / height..((y + 1) * self.height).div_ceil(height);
            for x in 0..width {
                let columns = x * self.width / width..((x + 1) * self.width).div_ceil(width);
                let count = rows.len() * columns.len();
                let pixels = rows.clone().flat_map(|y| columns.clone().map(move |x| (x, y)));
                let sum: usize = pixels.map(|(x, y)| usize::from(self.at(x, y))).sum();
                luma.push(u8::try_from(sum / count.max(1)).unwrap_or(255));
            }
        }
        Some(Self { width, height, luma })
    }
}

/// What the codes on a picture hold; empty if none can be read.
pub fn read_codes(picture: &Picture) -> Vec<Vec<u8>> {
    let tries = SIDES.iter().map(|side| {
        let reduced = picture.reduced(*side);
        if *side != usize::MAX && reduced.is_none() { Vec::new() } else { read(reduced.as_ref().unwrap_or(picture)) }
    });
    tries.into_iter().find(|codes| !codes.is_empty()).unwrap_or_default()
}

fn read(picture: &Picture) -> Vec<Vec<u8>> {
    let mut prepared =
        rqrr::PreparedImage::prepare_from_greyscale(picture.width, picture.height, |x, y| picture.at(x, y));
    let decode = |grid: rqrr::Grid<_>| {
        let mut bytes = Vec::new();
        grid.decode_to(&mut bytes).ok().map(|_| bytes)
    };
    prepared.detect_grids().into_iter().filter_map(decode).collect()
}
