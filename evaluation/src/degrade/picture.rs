//! A picture and what can be done to it.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;
use zeroize::Zeroizing;

/// Packed RGB, wiped on drop.
#[derive(Clone)]
pub struct Picture {
    width: usize,
    height: usize,
    rgb: Zeroizing<Vec<u8>>,
}

/// A picture as the bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// `png` or `jpg`.
    pub extension: &'static str,
}

/// Where one target value comes from, along one side.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

impl Picture {
    /// From packed RGB; `None` when the length does not fit the sides.
    pub fn new(width: usize, height: usize, rgb: Zeroizing<Vec<u8>>) -> Option<Self> {
        let bytes = width.checked_mul(height)?.checked_mul(3)?;
        (bytes > 0 && rgb.len() == bytes).then_some(Self { width, height, rgb })
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Packed RGB.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Smaller by a factor below 1, each new pixel the weighted mean of those that it covers.
    #[must_use]
    pub fn reduced(&self, factor: f32) -> Self {
        if factor >= 1.0 {
            return self.clone();
        }
        let columns = covering(self.width, factor);
        let rows = covering(self.height, factor);
        self.separable(&columns, &rows)
    }

    /// Blurred evenly by a normal distribution of that standard deviation, in pixels.
    #[must_use]
    pub fn gaussian(&self, deviation: f32) -> Self {
        let columns = bell(self.width, deviation);
        let rows = bell(self.height, deviation);
        self.separable(&columns, &rows)
    }

    fn separable(&self, columns: &[Taps], rows: &[Taps]) -> Self {
        let stride = columns.len() * 3;
        let mut squeezed = Zeroizing::new(Vec::with_capacity(stride * self.height));
        for row in self.rgb.chunks_exact(self.width * 3) {
            for taps in columns {
                let mut sum = [0.0_f32; 3];
                let pixels = row.as_chunks::<3>().0.iter().skip(taps.first);
                for (pixel, weight) in pixels.zip(&taps.weights) {
                    for (sum, value) in sum.iter_mut().zip(pixel) {
                        *sum += weight * f32::from(*value);
                    }
                }
                squeezed.extend(sum);
            }
        }
        let mut rgb = Zeroizing::new(Vec::with_capacity(stride * rows.len()));
        for taps in rows {
            let mut sum = vec![0.0_f32; stride];
            for (row, weight) in squeezed.chunks_exact(stride).skip(taps.first).zip(&taps.weights) {
                for (sum, value) in sum.iter_mut().zip(row) {
                    *sum += weight * value;
                }
            }
            rgb.extend(sum.into_iter().map(to_byte));
        }
        Self { width: columns.len(), height: rows.len(), rgb }
    }

    /// Smeared along a line of that length in pixels; the angle is in radians, 0 along the rows.
    #[must_use]
    pub fn moved(&self, length: f32, angle: f32) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a length in pixels")]
        let steps = (length.ceil().max(1.0) as u16).min(2000);
        let (sine, cosine) = angle.sin_cos();
        let offsets: Vec<[f32; 2]> = (0..=steps)
            .map(|step| (f32::from(step) / f32::from(steps) - 0.5) * length)
            .map(|along| [along * cosine, along * sine])
            .collect();
        let share = 1.0 / float(offsets.len());
        self.map(|x, y| {
            let mut sum = [0.0_f32; 3];
            for [right, down] in &offsets {
                for (sum, value) in sum.iter_mut().zip(self.nearest(x + right, y + down)) {
                    *sum += share * f32::from(value);
                }
            }
            sum.map(to_byte)
        })
    }

    /// Every value times `gain`, with noise of that standard deviation on top.
    #[must_use]
    pub fn exposed(&self, gain: f32, noise: f32, random: &mut Xoshiro256PlusPlus) -> Self {
        let rgb = self.rgb.iter().map(|value| to_byte(f32::from(*value) * gain + noise * normal(random))).collect();
        Self { rgb: Zeroizing::new(rgb), ..*self }
    }

    /// One colour wherever a place, in pixels, is covered.
    #[must_use]
    pub fn covered(&self, colour: [u8; 3], covers: impl Fn(f32, f32) -> bool) -> Self {
        self.map(|x, y| if covers(x, y) { colour } else { self.nearest(x, y) })
    }

    fn map(&self, pixel: impl Fn(f32, f32) -> [u8; 3]) -> Self {
        let mut rgb = Zeroizing::new(Vec::with_capacity(self.rgb.len()));
        for y in 0..self.height {
            for x in 0..self.width {
                rgb.extend(pixel(float(x), float(y)));
            }
        }
        Self { rgb, ..*self }
    }

    /// The pixel at a place; the border's beyond the border.
    fn nearest(&self, x: f32, y: f32) -> [u8; 3] {
        let (column, row) = (index(x, self.width), index(y, self.height));
        let start = (row * self.width + column) * 3;
        self.rgb.get(start..start + 3).and_then(|pixel| pixel.try_into().ok()).unwrap_or_default()
    }

    /// Without loss.
    pub fn png(&self) -> Option<Encoded> {
        let mut bytes = Vec::new();
        let (width, height) = (u32::try_from(self.width).ok()?, u32::try_from(self.height).ok()?);
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().ok()?;
        writer.write_image_data(&self.rgb).ok()?;
        writer.finish().ok()?;
        Some(Encoded { bytes, extension: "png" })
    }

    /// With loss; quality from 1 to 100.
    pub fn jpeg(&self, quality: u8) -> Option<Encoded> {
        let mut bytes = Vec::new();
        let (width, height) = (u16::try_from(self.width).ok()?, u16::try_from(self.height).ok()?);
        let encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
        encoder.encode(&self.rgb, width, height, jpeg_encoder::ColorType::Rgb).ok()?;
        Some(Encoded { bytes, extension: "jpg" })
    }
}

/// The weights of a reduction: a triangle over the pixels that a new one covers, and half of its neighbours'.
fn covering(side: usize, factor: f32) -> Vec<Taps> {
    let reach = 1.0 / factor;
    let count = index((float(side) * factor).round(), side + 1).max(1);
    let centre = |target: usize| (float(target) + 0.5) / factor - 0.5;
    (0..count).map(|target| taps(side, centre(target), reach, |away| 1.0 - away / reach)).collect()
}

fn bell(side: usize, deviation: f32) -> Vec<Taps> {
    let deviation = deviation.max(0.05);
    let reach = (deviation * 3.0).ceil();
    let weight = |away: f32| (-(away / deviation).powi(2) / 2.0).exp();
    (0..side).map(|target| taps(side, float(target), reach, weight)).collect()
}

fn taps(side: usize, centre: f32, reach: f32, weight: impl Fn(f32) -> f32) -> Taps {
    let first = index((centre - reach).ceil(), side);
    let last = index((centre + reach).floor(), side).max(first);
    let mut weights: Vec<f32> = (first..=last).map(|source| weight((float(source) - centre).abs()).max(1e-6)).collect();
    let sum: f32 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= sum;
    }
    Taps { first, weights }
}

/// One number of the standard normal distribution, by Box and Muller.
fn normal(random: &mut Xoshiro256PlusPlus) -> f32 {
    let (radius, angle): (f32, f32) = (random.random_range(f32::MIN_POSITIVE..1.0), random.random_range(0.0..1.0));
    (-2.0 * radius.ln()).sqrt() * (std::f32::consts::TAU * angle).cos()
}

#[expect(clippy::cast_precision_loss, reason = "sides are at most 20,000 pixels")]
fn float(value: usize) -> f32 {
    value as f32
}

/// A place as an index below `limit`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, which is meant")]
fn index(value: f32, limit: usize) -> usize {
    (value.round() as usize).min(limit.saturating_sub(1))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, which is meant")]
fn to_byte(value: f32) -> u8 {
    value.round() as u8
}
