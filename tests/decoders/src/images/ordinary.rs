//! What has a right answer, however unusual it is.

use ::png as library;
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, SamplingFactor};

use super::drawn::Drawn;
use super::jpeg::{self, Kind, Plain, photograph};
use super::png::{self, GREY, GREY_ALPHA, INDEXED, Layout, RGB, RGBA, deep};
use super::{Image, LOSSY, right};

/// Sides that are whole blocks at every reduction.
pub(super) fn shown() -> Drawn {
    Drawn::new(48, 32)
}

/// A smaller one, for PNG.
pub(super) fn small() -> Drawn {
    Drawn::new(32, 16)
}

pub(super) fn jpegs() -> Vec<Image> {
    let picture = &shown();
    let grey = picture.grey();
    let first: Vec<u8> = grey.pixels.iter().map(|pixel| pixel[0]).collect();
    let odd = Drawn::new(37, 21);
    let plain = photograph(picture, |_| ());
    let jpeg = |name: &str, about, bytes| right(&format!("{name}.jpg"), about, bytes, picture, LOSSY);
    let mut images = vec![
        jpeg("baseline", "baseline, no subsampling", plain.clone()),
        jpeg("baseline_420", "chroma halved both ways", sampled(picture, SamplingFactor::R_4_2_0)),
        jpeg("baseline_422", "chroma halved across", sampled(picture, SamplingFactor::R_4_2_2)),
        jpeg("baseline_440", "chroma halved down", sampled(picture, SamplingFactor::R_4_4_0)),
        jpeg("baseline_411", "chroma quartered across", sampled(picture, SamplingFactor::R_4_1_1)),
        jpeg(
            "huffman_fitted",
            "Huffman tables of its own",
            photograph(picture, |to| to.set_optimized_huffman_tables(true)),
        ),
        jpeg("restart", "a restart marker after every block", photograph(picture, |to| to.set_restart_interval(1))),
        jpeg("progressive", "progressive", photograph(picture, |to| to.set_progressive(true))),
        jpeg(
            "progressive_420_restart",
            "progressive, chroma halved both ways, restart markers",
            photograph(picture, |to| {
                to.set_progressive(true);
                to.set_sampling_factor(SamplingFactor::R_4_2_0);
                to.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
                to.set_restart_interval(2);
            }),
        ),
        jpeg("progressive_32", "progressive in 94 scans", photograph(picture, |to| to.set_progressive_scans(32))),
        jpeg("comment", "comments and unknown segments before the picture", {
            let mut bytes = plain[..2].to_vec();
            jpeg::segment(&mut bytes, 0xFE, b"drawn by a formula");
            jpeg::segment(&mut bytes, 0xEB, &[0xFF; 9]);
            [bytes, plain[2..].to_vec()].concat()
        }),
        jpeg("fill_bytes", "fill bytes before a marker", {
            let at = jpeg::find(&plain, 0xDB);
            [&plain[..at], &[0xFF; 5], &plain[at..]].concat()
        }),
        jpeg("garbage_after_end", "bytes after the end", [plain.as_slice(), &[0xA5; 999]].concat()),
        jpeg("second_picture_after_end", "another picture after the end", {
            [plain.as_slice(), &photograph(&Drawn::new(16, 16), |_| ())].concat()
        }),
        jpeg("really_a_jpeg", "a JPEG whose name says PNG", plain.clone()),
        right("grey.jpg", "one component", jpeg::library(48, 32, &first, ColorType::Luma, |_| ()), &grey, LOSSY),
        right(
            "grey_progressive.jpg",
            "one component, progressive",
            jpeg::library(48, 32, &first, ColorType::Luma, |to| to.set_progressive(true)),
            &grey,
            LOSSY,
        ),
        right("odd_sides.jpg", "sides that are no whole blocks", photograph(&odd, |_| ()), &odd, LOSSY),
        right("odd_sides_420.jpg", "the same with halved chroma", sampled(&odd, SamplingFactor::R_4_2_0), &odd, 4),
    ];
    if let Some(image) = images.iter_mut().find(|image| image.name == "really_a_jpeg.jpg") {
        "really_a_jpeg.png".clone_into(&mut image.name);
    }
    for (width, height) in [(1, 1), (1, 40), (40, 1)] {
        let line = Drawn::new(width, height);
        let name = format!("sides_{width}_{height}.jpg");
        images.push(right(&name, "a side of one pixel", photograph(&line, |_| ()), &line, 6));
    }
    images.extend(by_hand(picture));
    images.extend(turned(picture));
    images
}

fn sampled(picture: &Drawn, factor: SamplingFactor) -> Vec<u8> {
    photograph(picture, |to| {
        to.set_sampling_factor(factor);
        to.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    })
}

/// What the library does not write. Every block has one colour, so means within a quarter are coarser.
fn by_hand(picture: &Drawn) -> Vec<Image> {
    let blocks = &Drawn {
        pixels: (0..48 * 32).map(|place| picture.block(place % 48 / 8, place / 48 / 8)).collect(),
        ..*picture
    };
    let jpeg = |name: &str, about, plain: Plain| right(name, about, plain.encode(picture), blocks, LOSSY);
    vec![
        jpeg("blocks.jpg", "baseline, one colour a block", Plain::default()),
        jpeg("extended.jpg", "extended sequential, 8 bits", Plain { frame: 0xC1, ..Plain::default() }),
        jpeg("scans_apart.jpg", "baseline, a scan for each component", Plain { apart: true, ..Plain::default() }),
        jpeg("adobe_ycbcr.jpg", "Adobe's segment, YCbCr", Plain { adobe: Some(1), ..Plain::default() }),
        jpeg(
            "adobe_rgb.jpg",
            "RGB, as Adobe's segment says",
            Plain { adobe: Some(0), kind: Kind::Rgb, ..Plain::default() },
        ),
    ]
}

/// Every way a camera can be held.
fn turned(picture: &Drawn) -> Vec<Image> {
    let mut images: Vec<Image> = (1..=8)
        .map(|orientation| {
            let stored = picture.stored(orientation);
            let bytes = photograph(&stored, |to| to.add_app_segment(1, jpeg::exif(orientation)).unwrap());
            right(&format!("turned_{orientation}.jpg"), "EXIF says how it was held", bytes, picture, LOSSY)
        })
        .collect();
    let with = |contents: Vec<u8>| photograph(picture, |to| to.add_app_segment(1, contents).unwrap());
    let mut outside = jpeg::exif(6);
    outside[10] = 200;
    let mut many = jpeg::exif(6);
    many[14..16].copy_from_slice(&[0xFF; 2]);
    many.truncate(20);
    let big = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    let sideways = picture.stored(6);
    images.extend([
        right("exif_no_orientation.jpg", "EXIF with a value outside the standard", with(jpeg::exif(9)), picture, LOSSY),
        right("exif_points_outside.jpg", "EXIF whose directory lies outside", with(outside), picture, LOSSY),
        right("exif_cut_off.jpg", "EXIF with 65,535 entries and no bytes", with(many), picture, LOSSY),
        right(
            "exif_big_endian.jpg",
            "EXIF with the high byte first",
            photograph(&sideways, |to| to.add_app_segment(1, big).unwrap()),
            picture,
            LOSSY,
        ),
        right(
            "turned_6_progressive.jpg",
            "EXIF in a progressive file",
            photograph(&sideways, |to| {
                to.set_progressive(true);
                to.add_app_segment(1, jpeg::exif(6)).unwrap();
            }),
            picture,
            LOSSY,
        ),
    ]);
    images
}

pub(super) fn pngs() -> Vec<Image> {
    let picture = &small();
    let grey = &picture.grey();
    let exact = |name: &str, about, bytes, shown: &Drawn| right(&format!("{name}.png"), about, bytes, shown, 0);
    let rgb = |pixel: [u8; 3]| pixel.map(deep).to_vec();
    let mut images = vec![
        exact("rgb", "RGB, 8 bits", Layout::new(8, RGB).encode(picture, rgb), picture),
        exact("rgb_compressed", "the same by a library, filtered and compressed", compressed(picture), picture),
        exact("rgb_16", "16 bits", Layout::new(16, RGB).encode(picture, low_bits), picture),
        exact("rgba", "with alpha", Layout::new(8, RGBA).encode(picture, transparent), picture),
        exact("rgba_16", "with alpha, 16 bits", Layout::new(16, RGBA).encode(picture, transparent), picture),
        exact("grey", "grey, 8 bits", Layout::new(8, GREY).encode(grey, |pixel| vec![deep(pixel[0])]), grey),
        exact(
            "grey_16",
            "grey, 16 bits",
            Layout::new(16, GREY).encode(grey, |pixel| low_bits(pixel)[..1].to_vec()),
            grey,
        ),
        exact("grey_alpha", "grey with alpha", Layout::new(8, GREY_ALPHA).encode(grey, grey_alpha), grey),
        exact("grey_alpha_16", "the same, 16 bits", Layout::new(16, GREY_ALPHA).encode(grey, grey_alpha), grey),
        exact("rgb_key", "one colour transparent", keyed(picture), picture),
        exact("really_a_png", "a PNG whose name says JPEG", Layout::new(8, RGB).encode(picture, rgb), picture),
    ];
    if let Some(image) = images.last_mut() {
        "really_a_png.jpg".clone_into(&mut image.name);
    }
    for bits in [1_u8, 2, 4] {
        let steps = (1 << bits) - 1;
        let coarse = Drawn::patches(|quarter| [(quarter * steps / 3 * (255 / steps)) as u8; 3]);
        let bytes = Layout::new(bits, GREY).encode(&coarse, |pixel| vec![deep(pixel[0])]);
        images.push(exact(&format!("grey_{bits}"), "grey, few bits", bytes, &coarse));
        images.push(indexed(bits));
    }
    images.push(indexed(8));
    for (width, height) in [(32, 16), (5, 3), (1, 1)] {
        let woven = Drawn::new(width, height);
        let layout = Layout { interlaced: true, ..Layout::new(8, RGB) };
        images.push(exact(&format!("interlaced_{width}_{height}"), "interlaced", layout.encode(&woven, rgb), &woven));
    }
    let turn = [(*b"eXIf", jpeg::tiff(6))];
    let layout = Layout { before: &turn, ..Layout::new(8, RGB) };
    images.push(exact("turned_6", "EXIF says how it was held", layout.encode(&picture.stored(6), rgb), picture));
    let layout = Layout { interlaced: true, before: &turn, ..Layout::new(8, RGB) };
    images.push(exact("turned_6_interlaced", "the same, interlaced", layout.encode(&picture.stored(6), rgb), picture));
    let mut late = Layout::new(8, RGB).encode(&picture.stored(6), rgb);
    let end = late.split_off(late.len() - 12);
    png::chunk(&mut late, *b"eXIf", &jpeg::tiff(6));
    images.push(exact("turned_6_late", "EXIF after the data", [late, end].concat(), picture));
    let plain = Layout::new(8, RGB).encode(picture, rgb);
    images.push(exact("garbage_after_end", "bytes after the end", [plain.as_slice(), &[0xA5; 999]].concat(), picture));
    let text = [(*b"tEXt", [b"Comment\0".as_slice(), &[b'a'; 5000]].concat()), (*b"zzZz", vec![7; 100])];
    let layout = Layout { before: &text, ..Layout::new(8, RGB) };
    images.push(exact("text", "text, and a chunk that nobody knows", layout.encode(picture, rgb), picture));
    images
}

fn compressed(picture: &Drawn) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = library::Encoder::new(&mut bytes, picture.width as u32, picture.height as u32);
    encoder.set_color(library::ColorType::Rgb);
    encoder.set_filter(library::Filter::Adaptive);
    encoder.write_header().unwrap().write_image_data(&picture.bytes()).unwrap();
    bytes
}

/// Samples of 16 bits whose low byte means something else.
fn low_bits(pixel: [u8; 3]) -> Vec<u16> {
    pixel.iter().map(|value| u16::from(*value) << 8 | 0x7F).collect()
}

/// Nearly transparent: that is not what it shows.
fn transparent(pixel: [u8; 3]) -> Vec<u16> {
    pixel.iter().map(|value| deep(*value)).chain([deep(9)]).collect()
}

fn grey_alpha(pixel: [u8; 3]) -> Vec<u16> {
    vec![deep(pixel[0]), deep(200)]
}

/// The colour of the first pixel counts as transparent.
fn keyed(picture: &Drawn) -> Vec<u8> {
    let key: Vec<u8> = picture.at(0, 0).iter().flat_map(|value| [0, *value]).collect();
    let chunks = [(*b"tRNS", key)];
    Layout { before: &chunks, ..Layout::new(8, RGB) }.encode(picture, |pixel| pixel.map(deep).to_vec())
}

/// A palette of as many colours as `bits` can count, the first half of them transparent.
fn indexed(bits: u8) -> Image {
    let colours: usize = 1 << bits;
    let palette: Vec<[u8; 3]> = (0..colours)
        .map(|index| [index * 255 / (colours - 1), 40 + index * 3 % 200, 90].map(|value| value as u8))
        .collect();
    let indices = Drawn::patches(|quarter| [(quarter * (colours - 1) / 3) as u8; 3]);
    let shown = indices.each(|index| palette[usize::from(index[0])]);
    let chunks = [(*b"PLTE", palette.concat()), (*b"tRNS", vec![0; colours / 2])];
    let layout = Layout { before: &chunks, ..Layout::new(bits, INDEXED) };
    let bytes = layout.encode(&indices, |index| vec![u16::from(index[0]) << (16 - bits)]);
    right(&format!("palette_{bits}.png"), "palette with transparent colours", bytes, &shown, 0)
}
