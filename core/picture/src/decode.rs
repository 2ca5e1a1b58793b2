//! What an image says of itself, and its pixels at the size that is needed.
//!
//! Must never: panic on untrusted bytes, trust a file's name, or hold more than [`MEMORY_BUDGET_BYTES`] besides its input.
//! Always: limits are checked on headers, before anything is decoded; what leaves a decoder is wiped.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::Wiped;
use jpeg_decoder::PixelFormat;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::error::ImageError;
use crate::jpeg_header::{self, JpegHeader};
use crate::picture::{Builder, Orientation, Picture};
use crate::{MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE, exif};

/// What decoding one image may hold at once, besides its input.
const MEMORY_BUDGET_BYTES: usize = 155_000_000;

/// A picture with more pixels is never decoded whole: a face in so large a picture stays large.
const FINEST_PIXELS: usize = 12_000_000;
/// A picture with at most so many pixels is always decoded whole: there is little to save.
const ALWAYS_WHOLE_PIXELS: usize = 3_000_000;
/// A first look at a large picture has at least so many pixels: a detector looks at fewer.
const FIRST_LOOK_PIXELS: usize = 300_000;

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG_SIGNATURE: &[u8] = &[0xFF, 0xD8];

/// An image whose headers were read and lie within the limits; its pixels are not decoded yet.
pub struct Source<'a> {
    bytes: &'a [u8],
    kind: Kind,
}

enum Kind {
    Jpeg(JpegHeader),
    Png { width: usize, height: usize },
}

impl<'a> Source<'a> {
    /// Reads the headers; what an image is, its content says and not its name.
    pub fn read(bytes: &'a [u8]) -> Result<Self, ImageError> {
        if bytes.is_empty() {
            return Err(ImageError::Empty);
        }
        if bytes.len() > MAX_IMAGE_BYTES {
            return Err(ImageError::TooManyBytes);
        }
        let kind = if bytes.starts_with(PNG_SIGNATURE) {
            png_kind(bytes)?
        } else if bytes.starts_with(JPEG_SIGNATURE) {
            Kind::Jpeg(jpeg_header::read(bytes)?)
        } else {
            return Err(ImageError::NotJpegOrPng);
        };
        let source = Self { bytes, kind };
        let (width, height) = source.sides();
        let pixels = width.checked_mul(height).ok_or(ImageError::TooManyPixels)?;
        if pixels > MAX_IMAGE_PIXELS || width > MAX_IMAGE_SIDE || height > MAX_IMAGE_SIDE {
            return Err(ImageError::TooManyPixels);
        }
        if pixels == 0 { Err(ImageError::Damaged) } else { Ok(source) }
    }

    /// Width and height as stored, in pixels.
    pub fn sides(&self) -> (usize, usize) {
        match self.kind {
            Kind::Jpeg(ref header) => (header.width, header.height),
            Kind::Png { width, height } => (width, height),
        }
    }

    fn pixels_at(&self, reduction: usize) -> usize {
        let (width, height) = self.sides();
        (width / reduction) * (height / reduction)
    }

    /// The least reduction at which the picture is decoded: 1, or 2 for a very large one.
    pub fn finest(&self) -> usize {
        let (width, height) = self.sides();
        let wanted = if self.pixels_at(1) > FINEST_PIXELS { 2 } else { 1 };
        wanted.min(width).min(height)
    }

    /// The reduction for a first look: up to 8 where that saves time, which is in large baseline JPEGs.
    pub fn coarsest(&self) -> usize {
        let finest = self.finest();
        if self.pixels_at(1) <= ALWAYS_WHOLE_PIXELS || !self.decodes_reduced() {
            return finest;
        }
        [8, 4, 2].into_iter().find(|reduction| self.pixels_at(*reduction) >= FIRST_LOOK_PIXELS).unwrap_or(1).max(finest)
    }

    /// Whether the decoder itself can leave out what a smaller picture does not show.
    fn decodes_reduced(&self) -> bool {
        matches!(self.kind, Kind::Jpeg(ref header) if !header.holds_coefficients)
    }

    /// The picture upright, each pixel the mean of about `reduction` by `reduction` stored ones: 1, 2, 4 or 8, never less
    /// than [`finest`](Self::finest), and less than asked for where a side has not so many pixels.
    pub fn decode(&self, reduction: usize) -> Result<Picture, ImageError> {
        let (width, height) = self.sides();
        // No side becomes shorter than a pixel.
        let most = 1 << width.min(height).max(1).ilog2();
        let reduction = reduction.min(most).max(self.finest());
        // A fault in a decoder is the image's: whoever sent it does not stop the program.
        let decoded = catch_unwind(AssertUnwindSafe(|| match self.kind {
            Kind::Jpeg(ref header) if reduction > 1 && self.decodes_reduced() => {
                // The two decoders differ in what they forgive.
                reduced_jpeg(self.bytes, header, reduction).or_else(|_| whole_jpeg(self.bytes, header, reduction))
            }
            Kind::Jpeg(ref header) => whole_jpeg(self.bytes, header, reduction),
            Kind::Png { width, height } => png_picture(self.bytes, width, height, reduction),
        }));
        let (picture, turn) = decoded.unwrap_or(Err(ImageError::Damaged))?;
        // The decoders take what is missing of the last blocks as zeros.
        if let Kind::Jpeg(ref header) = self.kind
            && !jpeg_header::has_end(self.bytes, header)
        {
            return Err(ImageError::Damaged);
        }
        Ok(picture.upright(turn))
    }

    /// The picture at its finest, and otherwise as [`decode`](Self::decode).
    pub fn decode_finest(&self) -> Result<Picture, ImageError> {
        self.decode(self.finest())
    }
}

/// Every pixel, averaged afterwards where less is wanted.
fn whole_jpeg(bytes: &[u8], header: &JpegHeader, reduction: usize) -> Result<(Picture, Orientation), ImageError> {
    let (width, height) = (header.width, header.height);
    // Coefficients are 16-bit, in whole blocks of up to 16 by 16 pixels.
    let coefficients = if header.holds_coefficients {
        width.next_multiple_of(16) * height.next_multiple_of(16) * header.components * 2
    } else {
        0
    };
    let beside = if reduction > 1 { Builder::bytes(width, height, reduction) } else { 0 };
    if width * height * 3 + coefficients.max(beside) > MEMORY_BUDGET_BYTES {
        return Err(ImageError::NeedsTooMuchMemory);
    }
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(MAX_IMAGE_SIDE)
        .set_max_height(MAX_IMAGE_SIDE)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let pixels = Wiped::new(decoder.decode().map_err(|_| ImageError::Damaged)?);
    let turn = decoder.exif().map_or(Orientation::UPRIGHT, |block| exif::orientation(block));
    drop(decoder);
    let picture = if reduction > 1 {
        let mut builder = Builder::new(width, height, reduction);
        for row in pixels.chunks_exact(width * 3) {
            builder.push_row(row.as_chunks::<3>().0.iter().copied());
        }
        builder.finish()
    } else {
        Picture::new(width, height, pixels)
    };
    Ok((picture.ok_or(ImageError::Damaged)?, turn))
}

/// Only what the reduced picture shows: each block of 8 by 8 pixels becomes 4, 2 or 1 a side while it is decoded.
fn reduced_jpeg(bytes: &[u8], header: &JpegHeader, reduction: usize) -> Result<(Picture, Orientation), ImageError> {
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(MEMORY_BUDGET_BYTES / 2);
    decoder.read_info().map_err(|_| ImageError::Damaged)?;
    let side = |full: usize| u16::try_from(full.div_ceil(reduction)).map_err(|_| ImageError::TooManyPixels);
    let wanted = (side(header.width)?, side(header.height)?);
    let (width, height) = decoder.scale(wanted.0, wanted.1).map_err(|_| ImageError::Damaged)?;
    // It takes a scale at which one side is long enough: in a narrow picture the other may not be.
    if (width, height) != wanted {
        return Err(ImageError::UnsupportedCoding);
    }
    let samples = Wiped::new(decoder.decode().map_err(|_| ImageError::Damaged)?);
    let turn = decoder.exif_data().map_or(Orientation::UPRIGHT, exif::orientation);
    let pixels = match decoder.info().map(|info| info.pixel_format) {
        Some(PixelFormat::RGB24) => samples,
        Some(PixelFormat::L8) => {
            // All at once: a buffer that grows leaves what it held behind.
            let mut pixels = Wiped::new(Vec::with_capacity(samples.len() * 3));
            pixels.extend(samples.iter().flat_map(|grey| [*grey; 3]));
            pixels
        }
        _ => return Err(ImageError::UnsupportedColours),
    };
    let picture = Picture::new(usize::from(width), usize::from(height), pixels).ok_or(ImageError::Damaged)?;
    Ok((picture.standing_for(reduction), turn))
}

fn png_decoder(bytes: &[u8]) -> png::Decoder<Cursor<&[u8]>> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: MEMORY_BUDGET_BYTES });
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    // Nobody looks at them here, and they unpack to a thousand times their size.
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_ignore_text_chunk(true);
    decoder
}

fn png_kind(bytes: &[u8]) -> Result<Kind, ImageError> {
    let mut decoder = png_decoder(bytes);
    let (width, height) = decoder.read_header_info().map_err(|_| ImageError::Damaged)?.size();
    let side = |side: u32| usize::try_from(side).map_err(|_| ImageError::TooManyPixels);
    Ok(Kind::Png { width: side(width)?, height: side(height)? })
}

fn png_picture(
    bytes: &[u8],
    width: usize,
    height: usize,
    reduction: usize,
) -> Result<(Picture, Orientation), ImageError> {
    let mut reader = png_decoder(bytes).read_info().map_err(|_| ImageError::Damaged)?;
    if reader.info().animation_control.is_some() {
        return Err(ImageError::Animated);
    }
    let samples = reader.output_color_type().0.samples();
    let mut builder = Builder::new(width, height, reduction);
    if reader.info().interlaced {
        let size = reader.output_buffer_size().ok_or(ImageError::NeedsTooMuchMemory)?;
        if size + Builder::bytes(width, height, reduction) > MEMORY_BUDGET_BYTES {
            return Err(ImageError::NeedsTooMuchMemory);
        }
        let mut whole = Wiped::new(vec![0; size]);
        reader.next_frame(&mut whole).map_err(|_| ImageError::Damaged)?;
        for row in whole.chunks_exact(width * samples) {
            builder.push_row(row.chunks_exact(samples).map(rgb));
        }
    } else {
        let mut row = Wiped::new(vec![0; width * samples]);
        for _ in 0..height {
            reader.read_row(&mut row).map_err(|_| ImageError::Damaged)?.ok_or(ImageError::Damaged)?;
            builder.push_row(row.chunks_exact(samples).map(rgb));
        }
    }
    // The checksum of the last rows, the end, and what may stand before it: an orientation, for one.
    reader.finish().map_err(|_| ImageError::Damaged)?;
    let turn = reader.info().exif_metadata.as_deref().map_or(Orientation::UPRIGHT, exif::orientation);
    Ok((builder.finish().ok_or(ImageError::Damaged)?, turn))
}

/// One expanded PNG pixel without its alpha.
fn rgb(samples: &[u8]) -> [u8; 3] {
    match *samples {
        [red, green, blue, ..] => [red, green, blue],
        [grey, ..] => [grey; 3],
        [] => [0; 3],
    }
}

#[cfg(test)]
mod tests {
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

    use super::*;

    /// A picture that changes slowly, as photographs do.
    fn jpeg(width: u16, height: u16, setting: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
        let pixels: Vec<u8> = (0..u32::from(height))
            .flat_map(|y| {
                (0..u32::from(width)).flat_map(move |x| [x * 255 / u32::from(width), y * 255 / u32::from(height), 90])
            })
            .map(|value| u8::try_from(value).unwrap())
            .collect();
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 95);
        encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
        setting(&mut encoder);
        encoder.encode(&pixels, width, height, ColorType::Rgb).unwrap();
        bytes
    }

    #[test]
    fn a_large_baseline_jpeg_is_first_looked_at_reduced_and_others_are_not() {
        let reductions = |bytes: &[u8]| {
            let source = Source::read(bytes).unwrap();
            (source.coarsest(), source.finest())
        };
        let header =
            |width, height, components| JpegHeader { width, height, components, holds_coefficients: false, data_at: 0 };
        let of = |width, height| {
            let source = Source { bytes: &[], kind: Kind::Jpeg(header(width, height, 3)) };
            (source.coarsest(), source.finest())
        };
        assert_eq!(of(250, 250), (1, 1));
        assert_eq!(of(2000, 1500), (1, 1));
        assert_eq!(of(2048, 1536), (2, 1));
        assert_eq!(of(4032, 3024), (4, 2));
        assert_eq!(of(4000, 3000), (4, 1));
        assert_eq!(of(8000, 5000), (8, 2));
        assert_eq!(of(20_000, 1), (1, 1));
        assert_eq!(reductions(&jpeg(2200, 1500, |_| ())), (2, 1));
        assert_eq!(reductions(&jpeg(2200, 1500, |encoder| encoder.set_progressive(true))), (1, 1));
    }

    #[test]
    fn every_reduction_shows_the_same_picture() {
        for components in [3, 1] {
            let bytes = if components == 3 {
                jpeg(2203, 1501, |_| ())
            } else {
                let mut bytes = Vec::new();
                let pixels: Vec<u8> =
                    (0..2203 * 1501).map(|place: usize| (place % 2203 / 9).to_le_bytes()[0]).collect();
                Encoder::new(&mut bytes, 95).encode(&pixels, 2203, 1501, ColorType::Luma).unwrap();
                bytes
            };
            let source = Source::read(&bytes).unwrap();
            let whole = source.decode(1).unwrap();
            assert_eq!((whole.width(), whole.height(), whole.reduction()), (2203, 1501, 1));
            for reduction in [2, 4, 8] {
                let reduced = source.decode(reduction).unwrap();
                assert_eq!(reduced.reduction(), reduction);
                assert_eq!(
                    (reduced.width(), reduced.height()),
                    (2203_usize.div_ceil(reduction), 1501_usize.div_ceil(reduction))
                );
                for (x, y) in [(0, 0), (100, 40), (200, 150)] {
                    let here = reduced.pixel_or_black(x, y);
                    let step = i64::try_from(reduction).unwrap();
                    let there = whole.pixel_or_black(x * step + step / 2, y * step + step / 2);
                    let apart = here.iter().zip(there).map(|(here, there)| here.abs_diff(there)).max().unwrap();
                    assert!(apart <= 3, "1/{reduction} at {x}, {y}: {here:?} {there:?}");
                }
            }
        }
    }

    #[test]
    fn a_reduced_picture_stands_upright_too() {
        let exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
        let bytes = jpeg(2200, 1500, |encoder| encoder.add_app_segment(1, exif).unwrap());
        let source = Source::read(&bytes).unwrap();
        for reduction in [1, 2] {
            let picture = source.decode(reduction).unwrap();
            assert_eq!((picture.width(), picture.height()), (1500 / reduction, 2200 / reduction));
        }
    }

    #[test]
    fn a_narrow_picture_is_reduced_as_it_says() {
        let source_of = |width, height| jpeg(width, height, |_| ());
        for (width, height) in [(293, 3), (37, 4), (3, 293), (1, 90), (17, 16), (2000, 9)] {
            let bytes = source_of(width, height);
            let source = Source::read(&bytes).unwrap();
            for reduction in [1, 2, 4, 8] {
                let picture = source.decode(reduction).unwrap();
                let step = picture.reduction();
                let fits = |side: usize, full: u16| side.abs_diff(usize::from(full) / step) <= 1;
                assert!(step <= reduction && fits(picture.width(), width) && fits(picture.height(), height));
            }
        }
    }

    #[test]
    fn a_large_jpeg_cut_off_anywhere_is_damaged_at_every_reduction() {
        let whole = jpeg(2200, 1500, |_| ());
        for tenth in 1..10 {
            let cut = &whole[..whole.len() * tenth / 10];
            for reduction in [1, 2, 8] {
                let decoded = Source::read(cut).and_then(|source| source.decode(reduction));
                assert_eq!(decoded.err(), Some(ImageError::Damaged), "{tenth} tenths, 1/{reduction}");
            }
        }
    }
}
