//! Images that are too large to be kept: at the limits, beyond them, and bombs.

use ::png as library;
use jpeg_encoder::{ColorType, SamplingFactor};
use peel_picture::MAX_IMAGE_BYTES;

use super::drawn::Drawn;
use super::jpeg::{self, photograph};
use super::ordinary::{shown, small};
use super::png::{Layout, RGB};
use super::{Answer, Image, LOSSY, image, right, wrong};

/// What a bomb holds, in bytes.
const BOMB_BYTES: u32 = 150_000_000;

/// Made when they are asked for, one after the other: all of them together would fill the memory that is tested.
pub fn large() -> impl Iterator<Item = Image> {
    let makers: [fn() -> Image; 11] = [
        over_20_megabytes,
        just_20_megabytes,
        colour_profile,
        long_exif,
        || megapixels("megapixels_12_420.jpg", 4000, 3000, false),
        || megapixels("megapixels_40_420.jpg", 7600, 5260, false),
        || megapixels("megapixels_12_progressive.jpg", 4000, 3000, true),
        png_40_megapixels,
        too_much_data,
        profile_bomb,
        text_bomb,
    ];
    makers.into_iter().map(|make| make())
}

fn over_20_megabytes() -> Image {
    let mut bytes = photograph(&shown(), |_| ());
    bytes.resize(MAX_IMAGE_BYTES + 1, 0);
    wrong("over_20_megabytes.jpg", "one byte more than is taken", bytes, "too_many_bytes")
}

fn just_20_megabytes() -> Image {
    let mut bytes = photograph(&shown(), |_| ());
    bytes.resize(MAX_IMAGE_BYTES, 0);
    right("just_20_megabytes.jpg", "as many bytes as are taken, nearly all after the end", bytes, &shown(), LOSSY)
}

fn colour_profile() -> Image {
    let profile: Vec<u8> = (0..16_000_000_u32).map(|place| (place >> 7) as u8).collect();
    let bytes = photograph(&shown(), |to| to.add_icc_profile(&profile).unwrap());
    right("colour_profile.jpg", "a colour profile of 16 MB", bytes, &shown(), LOSSY)
}

fn long_exif() -> Image {
    let mut contents = jpeg::exif(6);
    contents.resize(65_000, 0xFF);
    let bytes = photograph(&shown().stored(6), |to| to.add_app_segment(1, contents).unwrap());
    right("long_exif.jpg", "EXIF of 65,000 bytes", bytes, &shown(), LOSSY)
}

/// The small picture's colours over so many pixels.
fn megapixels(name: &str, width: usize, height: usize, progressive: bool) -> Image {
    let picture = shown();
    let row = |y: usize| (0..width).flat_map(move |x| [x * 48 / width, y * 32 / height]);
    let mut samples = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for place in row(y).collect::<Vec<_>>().chunks_exact(2) {
            samples.extend(picture.at(place[0], place[1]));
        }
    }
    let bytes = jpeg::library(width, height, &samples, ColorType::Rgb, |to| {
        to.set_sampling_factor(SamplingFactor::R_4_2_0);
        to.set_progressive(progressive);
    });
    let about = if progressive { "a progressive photograph's size" } else { "a photograph's size" };
    image(name, about, bytes, Answer::Right { width, height, quarters: picture.quarters(), tolerance: LOSSY })
}

/// A row of grey, again and again: few bytes, 40 million pixels.
fn png_40_megapixels() -> Image {
    let (width, height) = (8000, 5000);
    let row = Drawn::new(width, 1).grey();
    let samples: Vec<u8> = row.pixels.iter().map(|pixel| pixel[0]).collect();
    let mut bytes = Vec::new();
    let mut encoder = library::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(library::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&samples.repeat(height)).unwrap();
    let Answer::Right { quarters, .. } = right("", "", Vec::new(), &row, 0).answer else { unreachable!() };
    let answer = Answer::Right { width, height, quarters, tolerance: 1 };
    image("megapixels_40.png", "as many pixels as are taken, in few bytes", bytes, answer)
}

/// A zlib stream of zeros: the data of a picture that is not shown.
fn zeros() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = library::Encoder::new(&mut bytes, BOMB_BYTES / 10_000 - 1, 10_000);
    encoder.set_color(library::ColorType::Grayscale);
    encoder.set_filter(library::Filter::NoFilter);
    let mut writer = encoder.write_header().unwrap();
    let mut stream = writer.stream_writer().unwrap();
    for _ in 0..10_000 {
        std::io::Write::write_all(&mut stream, &[0; (BOMB_BYTES / 10_000 - 1) as usize]).unwrap();
    }
    stream.finish().unwrap();
    drop(writer);
    let mut data = Vec::new();
    let mut rest = &bytes[8..];
    while let [a, b, c, d, name @ ..] = rest {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        if name.starts_with(b"IDAT") {
            data.extend_from_slice(&name[4..4 + length]);
        }
        rest = &name[4 + length + 4..];
    }
    data
}

fn too_much_data() -> Image {
    let bytes = Layout::new(8, RGB).file(32, 16, &[zeros()]);
    let black = Drawn::new(32, 16).each(|_| [0; 3]);
    right("too_much_data.png", "32 by 16 pixels, and data for 150 MB", bytes, &black, 0)
}

fn profile_bomb() -> Image {
    bomb("profile_bomb.png", "a colour profile that unpacks to 150 MB", *b"iCCP", b"drawn\0\0")
}

fn text_bomb() -> Image {
    bomb("text_bomb.png", "a text that unpacks to 150 MB", *b"zTXt", b"Comment\0\0")
}

fn bomb(name: &str, about: &'static str, chunk: [u8; 4], head: &[u8]) -> Image {
    let chunks = [(chunk, [head, &zeros()].concat())];
    let picture = small();
    let layout = Layout { before: &chunks, ..Layout::new(8, RGB) };
    let bytes = layout.encode(&picture, |pixel| pixel.map(super::png::deep).to_vec());
    right(name, about, bytes, &picture, 0)
}
