//! Images from outside: JPEG and PNG.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use peel_picture::{ImageError, Source};

/// Pictures with more pixels are not decoded here: an input of a few bytes would cost a tenth of a second.
const MOST_PIXELS: usize = 65_536;

/// What an image says of its sides is what comes out, at every reduction; a fault at one is a typed error.
pub(crate) fn picture(data: &[u8]) {
    let Ok(source) = Source::read(data) else { return };
    let (width, height) = source.sides();
    assert!(width > 0 && height > 0 && source.finest() <= source.coarsest());
    if width * height > MOST_PIXELS {
        return;
    }
    for reduction in [1, 2, 4, 8] {
        let picture = match source.decode(reduction) {
            Ok(picture) => picture,
            Err(error) => {
                assert!(!matches!(error, ImageError::Empty | ImageError::TooManyBytes | ImageError::NotJpegOrPng));
                continue;
            }
        };
        assert_eq!(picture.pixels().len(), picture.width() * picture.height() * 3);
        let step = picture.reduction();
        assert!(step <= reduction.max(source.finest()));
        let (across, down) = (width.div_ceil(step), height.div_ceil(step));
        let (least_across, least_down) = (width / step, height / step);
        let fits =
            |one: usize, other: usize| (least_across..=across).contains(&one) && (least_down..=down).contains(&other);
        assert!(
            fits(picture.width(), picture.height()) || fits(picture.height(), picture.width()),
            "{width} by {height} became {} by {} at 1/{step}",
            picture.width(),
            picture.height()
        );
        assert!(picture.row(picture.height()).is_empty());
    }
}

fn samples_of(colours: ColorType) -> usize {
    match colours {
        ColorType::Luma => 1,
        ColorType::Cmyk => 4,
        _ => 3,
    }
}

fn jpeg(colours: ColorType, setting: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let (width, height) = (37_u16, 21_u16);
    let samples = usize::from(width) * usize::from(height) * samples_of(colours);
    let pixels: Vec<u8> = (0..samples).map(|place| (place * 7 % 251) as u8).collect();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 80);
    setting(&mut encoder);
    encoder.encode(&pixels, width, height, colours).unwrap();
    bytes
}

fn png(colours: png::ColorType, depth: png::BitDepth) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 16, 9);
    encoder.set_color(colours);
    encoder.set_depth(depth);
    if colours == png::ColorType::Indexed {
        encoder.set_palette((0..48).collect::<Vec<u8>>());
    }
    let bits = colours.samples() * depth as usize * 16;
    let data: Vec<u8> = (0..bits.div_ceil(8) * 9).map(|place| (place % 16) as u8).collect();
    encoder.write_header().unwrap().write_image_data(&data).unwrap();
    bytes
}

pub(crate) fn picture_seeds() -> Vec<Vec<u8>> {
    let turned = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    vec![
        jpeg(ColorType::Rgb, |_| ()),
        jpeg(ColorType::Rgb, |encoder| encoder.set_sampling_factor(SamplingFactor::R_4_2_0)),
        jpeg(ColorType::Rgb, |encoder| encoder.set_progressive(true)),
        jpeg(ColorType::Rgb, |encoder| encoder.set_restart_interval(2)),
        jpeg(ColorType::Rgb, |encoder| encoder.add_app_segment(1, turned.to_vec()).unwrap()),
        jpeg(ColorType::Luma, |_| ()),
        jpeg(ColorType::Cmyk, |_| ()),
        png(png::ColorType::Rgb, png::BitDepth::Eight),
        png(png::ColorType::Rgba, png::BitDepth::Sixteen),
        png(png::ColorType::GrayscaleAlpha, png::BitDepth::Eight),
        png(png::ColorType::Indexed, png::BitDepth::Eight),
        png(png::ColorType::Grayscale, png::BitDepth::One),
    ]
}
