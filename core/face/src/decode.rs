//! Bytes of a JPEG or PNG in, an upright RGB picture out.
//!
//! Must never: panic on untrusted bytes, trust a file's name, or hold more than [`MEMORY_BUDGET_BYTES`] besides its input.
//! Always: limits are checked on headers, before anything is decoded; buffers of pixels are wiped.

use std::io::Cursor;

use zeroize::Zeroizing;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::error::ImageError;
use crate::picture::{Builder, Orientation, Picture};
use crate::{MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE, exif, jpeg_header};

/// What decoding one image may hold at once, besides its input.
pub(crate) const MEMORY_BUDGET_BYTES: usize = 155_000_000;

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG_SIGNATURE: &[u8] = &[0xFF, 0xD8];

/// Decodes by content, applies the EXIF orientation, reduces very large pictures.
pub(crate) fn decode(bytes: &[u8]) -> Result<Picture, ImageError> {
    if bytes.is_empty() {
        return Err(ImageError::Empty);
    }
    if bytes.len() > MAX_IMAGE_BYTES {
        return Err(ImageError::TooManyBytes);
    }
    if bytes.starts_with(PNG_SIGNATURE) {
        decode_png(bytes)
    } else if bytes.starts_with(JPEG_SIGNATURE) {
        decode_jpeg(bytes)
    } else {
        Err(ImageError::NotJpegOrPng)
    }
}

/// Refuses by size; returns the number of bytes of the whole picture in RGB.
fn check_sides(width: usize, height: usize) -> Result<usize, ImageError> {
    let pixels = width.checked_mul(height).ok_or(ImageError::TooManyPixels)?;
    if pixels > MAX_IMAGE_PIXELS || width > MAX_IMAGE_SIDE || height > MAX_IMAGE_SIDE {
        return Err(ImageError::TooManyPixels);
    }
    if pixels == 0 { Err(ImageError::Damaged) } else { Ok(pixels * 3) }
}

/// Bytes of the reduced picture, twice when it has to be turned.
fn reduced_bytes(width: usize, height: usize) -> usize {
    let factor = Builder::factor_for(width, height);
    (width / factor) * (height / factor) * 3
}

fn decode_jpeg(bytes: &[u8]) -> Result<Picture, ImageError> {
    let header = jpeg_header::read(bytes)?;
    let full = check_sides(header.width, header.height)?;
    // Coefficients are 16-bit, in whole blocks of up to 16 by 16 pixels.
    let coefficients = if header.holds_coefficients {
        header.width.next_multiple_of(16) * header.height.next_multiple_of(16) * header.components * 2
    } else {
        0
    };
    let reduced = reduced_bytes(header.width, header.height);
    let beside = if reduced < full { reduced } else { 0 };
    if full + coefficients.max(beside) > MEMORY_BUDGET_BYTES {
        return Err(ImageError::NeedsTooMuchMemory);
    }

    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(MAX_IMAGE_SIDE)
        .set_max_height(MAX_IMAGE_SIDE)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let pixels = Zeroizing::new(decoder.decode().map_err(|_| ImageError::Damaged)?);
    let turn = decoder.exif().map_or(Orientation::UPRIGHT, |block| exif::orientation(block));
    drop(decoder);

    let picture = if reduced < full {
        let mut builder = Builder::new(header.width, header.height);
        for row in pixels.chunks_exact(header.width * 3) {
            builder.push_row(row.as_chunks::<3>().0.iter().copied());
        }
        builder.finish()
    } else {
        Picture::new(header.width, header.height, pixels)
    };
    Ok(picture.ok_or(ImageError::Damaged)?.upright(turn))
}

fn decode_png(bytes: &[u8]) -> Result<Picture, ImageError> {
    let limits = png::Limits { bytes: MEMORY_BUDGET_BYTES };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let (width, height) = decoder.read_header_info().map_err(|_| ImageError::Damaged)?.size();
    let width = usize::try_from(width).map_err(|_| ImageError::TooManyPixels)?;
    let height = usize::try_from(height).map_err(|_| ImageError::TooManyPixels)?;
    check_sides(width, height)?;

    let mut reader = decoder.read_info().map_err(|_| ImageError::Damaged)?;
    if reader.info().animation_control.is_some() {
        return Err(ImageError::Animated);
    }
    let turn = reader.info().exif_metadata.as_deref().map_or(Orientation::UPRIGHT, exif::orientation);
    let samples = reader.output_color_type().0.samples();
    let mut builder = Builder::new(width, height);
    if reader.info().interlaced {
        let size = reader.output_buffer_size().ok_or(ImageError::NeedsTooMuchMemory)?;
        if size + reduced_bytes(width, height) > MEMORY_BUDGET_BYTES {
            return Err(ImageError::NeedsTooMuchMemory);
        }
        let mut whole = Zeroizing::new(vec![0; size]);
        reader.next_frame(&mut whole).map_err(|_| ImageError::Damaged)?;
        for row in whole.chunks_exact(width * samples) {
            builder.push_row(row.chunks_exact(samples).map(rgb));
        }
    } else {
        let mut row = Zeroizing::new(vec![0; width * samples]);
        for _ in 0..height {
            reader.read_row(&mut row).map_err(|_| ImageError::Damaged)?.ok_or(ImageError::Damaged)?;
            builder.push_row(row.chunks_exact(samples).map(rgb));
        }
    }
    Ok(builder.finish().ok_or(ImageError::Damaged)?.upright(turn))
}

/// One expanded PNG pixel without its alpha.
fn rgb(samples: &[u8]) -> [u8; 3] {
    match *samples {
        [red, green, blue, ..] => [red, green, blue],
        [grey, ..] => [grey; 3],
        [] => [0; 3],
    }
}
