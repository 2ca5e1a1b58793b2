//! What has no right answer: damaged, of a kind that is not taken, or meant to do harm.

use ::png as library;
use jpeg_encoder::ColorType;

use super::drawn::Drawn;
use super::jpeg::{self, Kind, Plain, photograph};
use super::ordinary::{shown, small};
use super::png::{GREY, INDEXED, Layout, RGB, RGBA, SIGNATURE, deep, stored};
use super::{Image, right, wrong};

pub(super) fn jpegs() -> Vec<Image> {
    let picture = &shown();
    let plain = photograph(picture, |_| ());
    let progressive = photograph(picture, |to| to.set_progressive(true));
    let scan = jpeg::find(&plain, 0xDA);
    let frame = jpeg::find(&plain, 0xC0);
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = plain.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        changed
    };
    let hand = |plain: Plain| plain.encode(picture);
    let kind = |frame| hand(Plain { frame, ..Plain::default() });
    let without = |marker| {
        let at = jpeg::find(&plain, marker);
        let length = usize::from(u16::from_be_bytes([plain[at + 2], plain[at + 3]]));
        [&plain[..at], &plain[at + 2 + length..]].concat()
    };
    let mut images = vec![
        wrong("cut_in_header.jpg", "ends in its header", plain[..frame + 6].to_vec(), "damaged"),
        wrong("cut_before_scan.jpg", "ends before its first scan", plain[..scan].to_vec(), "damaged"),
        wrong("cut_in_scan.jpg", "ends in its scan", plain[..scan + (plain.len() - scan) / 2].to_vec(), "damaged"),
        wrong(
            "cut_progressive.jpg",
            "progressive, half of it",
            progressive[..progressive.len() / 2].to_vec(),
            "damaged",
        ),
        wrong("only_signature.jpg", "two bytes", plain[..2].to_vec(), "damaged"),
        wrong("header_only_end.jpg", "no picture between start and end", vec![0xFF, 0xD8, 0xFF, 0xD9], "damaged"),
        wrong("scan_without_frame.jpg", "a scan without a frame", without(0xC0), "damaged"),
        wrong("no_quantisation.jpg", "no quantisation table", without(0xDB), "damaged"),
        wrong("width_zero.jpg", "a width of nothing", with(frame + 7, &[0, 0]), "damaged"),
        wrong("segment_length_1.jpg", "a segment shorter than its own length", with(4, &[0, 1]), "damaged"),
        wrong("height_by_dnl.jpg", "its height after the scan (DNL)", height_by_dnl(picture), "damaged"),
        wrong(
            "more_rows_stated.jpg",
            "more rows than there are",
            hand(Plain { stated_height: Some(800), ..Plain::default() }),
            "damaged",
        ),
        wrong("unknown_codes.jpg", "codes that its tables do not have", unknown_codes(picture), "damaged"),
        wrong(
            "bits_12.jpg",
            "12 bits",
            hand(Plain { frame: 0xC1, precision: 12, ..Plain::default() }),
            "unsupported_coding",
        ),
        wrong("lossless.jpg", "lossless", kind(0xC3), "unsupported_coding"),
        wrong("hierarchical.jpg", "hierarchical", kind(0xC5), "unsupported_coding"),
        wrong("arithmetic.jpg", "arithmetic coding", kind(0xC9), "unsupported_coding"),
        wrong("arithmetic_progressive.jpg", "arithmetic coding, progressive", kind(0xCA), "unsupported_coding"),
        wrong(
            "two_components.jpg",
            "two components",
            hand(Plain { kind: Kind::Two, ..Plain::default() }),
            "unsupported_colours",
        ),
        wrong(
            "inks.jpg",
            "four components, YCCK",
            hand(Plain { kind: Kind::Inks, adobe: Some(2), ..Plain::default() }),
            "unsupported_colours",
        ),
        wrong(
            "cmyk.jpg",
            "CMYK",
            jpeg::library(48, 32, &[40; 48 * 32 * 4], ColorType::Cmyk, |_| ()),
            "unsupported_colours",
        ),
        wrong(
            "sides_65000.jpg",
            "says 65,000 by 65,000 pixels",
            with(frame + 5, &[0xFD, 0xE8, 0xFD, 0xE8]),
            "too_many_pixels",
        ),
        wrong("side_20001.jpg", "says 20,001 pixels across", with(frame + 7, &[0x4E, 0x21]), "too_many_pixels"),
    ];
    images.push(wrong(
        "progressive_too_large.jpg",
        "progressive, says 40 megapixels",
        {
            let at = jpeg::find(&progressive, 0xC2) + 5;
            let mut bytes = progressive.clone();
            bytes[at..at + 4].copy_from_slice(&[0x13, 0x88, 0x1F, 0x40]);
            bytes
        },
        "needs_too_much_memory",
    ));
    images.push(wrong("scans_without_end.jpg", "one scan 400 times", scans_without_end(&progressive), "damaged"));
    for missing in [1, 2, 3, 12] {
        let name = format!("cut_by_{missing}.jpg");
        images.push(wrong(&name, "its last bytes are missing", plain[..plain.len() - missing].to_vec(), "damaged"));
    }
    let mut thumbnail = jpeg::exif(1);
    thumbnail.extend(&plain);
    let around = photograph(picture, |to| to.add_app_segment(1, thumbnail).unwrap());
    let cut = around[..around.len() - 2].to_vec();
    images.push(wrong("cut_by_2_thumbnail.jpg", "the same, with another picture's end in EXIF", cut, "damaged"));
    images
}

/// T.81, B.2.5: the frame says nothing of its height, a segment after the first scan does.
fn height_by_dnl(picture: &Drawn) -> Vec<u8> {
    let mut bytes = Plain { stated_height: Some(0), ..Plain::default() }.encode(picture);
    let end = bytes.split_off(bytes.len() - 2);
    jpeg::segment(&mut bytes, 0xDC, &(picture.height as u16).to_be_bytes());
    [bytes, end].concat()
}

/// The tables have sixteen codes of five bits, all of which begin with a zero.
fn unknown_codes(picture: &Drawn) -> Vec<u8> {
    let mut bytes = Plain::default().encode(picture);
    let start = jpeg::find(&bytes, 0xDA) + 14;
    let end = bytes.len() - 2;
    bytes[start..end].fill(0xF7);
    bytes
}

fn scans_without_end(progressive: &[u8]) -> Vec<u8> {
    let start = jpeg::find(progressive, 0xDA);
    let next = progressive[start + 2..].windows(2).position(|pair| pair[0] == 0xFF && pair[1] > 0).unwrap();
    let end = start + 2 + next;
    [&progressive[..start], &progressive[start..end].repeat(400), &progressive[end..]].concat()
}

pub(super) fn pngs() -> Vec<Image> {
    let picture = &small();
    let rgb = |pixel: [u8; 3]| pixel.map(deep).to_vec();
    let plain = Layout::new(8, RGB).encode(picture, rgb);
    let end = plain.len() - 12;
    let changed = |at: usize, value: u8| {
        let mut bytes = plain.clone();
        bytes[at] ^= value;
        bytes
    };
    let row = 1 + picture.width * 3;
    let rows = |count: usize, filter: u8| vec![stored(&[&[filter], [90; 96].as_slice()].concat().repeat(count))];
    let palette = [(*b"PLTE", vec![9; 6])];
    let small_palette = Layout { before: &palette, ..Layout::new(8, INDEXED) };
    vec![
        wrong("cut_in_header.png", "ends in its header", plain[..20].to_vec(), "damaged"),
        wrong("cut_before_data.png", "ends before its data", plain[..33].to_vec(), "damaged"),
        wrong("cut_in_data.png", "ends in its data", plain[..plain.len() / 2].to_vec(), "damaged"),
        wrong("only_signature.png", "eight bytes", SIGNATURE.to_vec(), "damaged"),
        wrong("header_sum.png", "its header's checksum is wrong", changed(30, 1), "damaged"),
        wrong("data_sum.png", "its data's checksum is wrong", changed(end - 4, 1), "damaged"),
        wrong("sides_0.png", "a width of nothing", Layout::new(8, RGB).file(0, 16, &rows(16, 0)), "damaged"),
        wrong("bits_3.png", "three bits a sample", Layout::new(3, GREY).file(32, 16, &rows(16, 0)), "damaged"),
        wrong(
            "colours_5.png",
            "a colour type that there is not",
            Layout::new(8, 5).file(32, 16, &rows(16, 0)),
            "damaged",
        ),
        wrong("filter_9.png", "a filter that there is not", Layout::new(8, RGB).file(32, 16, &rows(16, 9)), "damaged"),
        wrong("rows_missing.png", "half of its rows", Layout::new(8, RGB).file(32, 16, &rows(8, 0)), "damaged"),
        wrong("no_data.png", "no data", Layout::new(8, RGB).file(32, 16, &[]), "damaged"),
        wrong(
            "no_palette.png",
            "palette without its colours",
            Layout::new(8, INDEXED).file(32, 16, &rows(16, 0)),
            "damaged",
        ),
        wrong(
            "not_zlib.png",
            "data that are not compressed as they say",
            Layout::new(8, RGB).file(32, 16, &[vec![0xA5; row]]),
            "damaged",
        ),
        wrong(
            "sides_65535.png",
            "says 65,535 by 65,535 pixels",
            Layout::new(8, RGB).file(65_535, 65_535, &rows(16, 0)),
            "too_many_pixels",
        ),
        wrong(
            "sides_2_31.png",
            "says two thousand million pixels a side",
            Layout::new(8, RGB).file(0x7FFF_FFFF, 0x7FFF_FFFF, &rows(16, 0)),
            "too_many_pixels",
        ),
        wrong(
            "side_20001.png",
            "says 20,001 pixels down",
            Layout::new(8, RGB).file(1, 20_001, &rows(16, 0)),
            "too_many_pixels",
        ),
        wrong(
            "interlaced_too_large.png",
            "interlaced, says 40 megapixels of 16 bits",
            Layout { interlaced: true, ..Layout::new(16, RGBA) }.file(8000, 5000, &rows(16, 0)),
            "needs_too_much_memory",
        ),
        wrong("animated.png", "animated", animated(picture), "animated"),
        right(
            "palette_too_small.png",
            "colours that the palette does not have",
            small_palette.encode(picture, rgb_first),
            &picture.each(|_| [0; 3]),
            0,
        ),
        wrong("no_end.png", "its end is missing", plain[..end].to_vec(), "damaged"),
    ]
}

fn rgb_first(pixel: [u8; 3]) -> Vec<u16> {
    vec![deep(pixel[0])]
}

fn animated(picture: &Drawn) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = library::Encoder::new(&mut bytes, picture.width as u32, picture.height as u32);
    encoder.set_color(library::ColorType::Rgb);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for _ in 0..2 {
        writer.write_image_data(&picture.bytes()).unwrap();
    }
    drop(writer);
    bytes
}

pub(super) fn others() -> Vec<Image> {
    let other = |name: &str, about, bytes: &[u8]| wrong(name, about, bytes.to_vec(), "not_jpeg_or_png");
    vec![
        wrong("empty.jpg", "nothing", Vec::new(), "empty"),
        other("one_byte.jpg", "one byte", &[0xFF]),
        other("almost_png.png", "a damaged signature", b"\x89PNG\n\x1a\n\0\0\0\x0dIHDR"),
        other("gif.jpg", "GIF", b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"),
        other("bmp.jpg", "BMP", b"BM:\0\0\0\0\0\0\x006\0\0\0(\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0\0\0\0\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\x20\x30\0"),
        other("webp.jpg", "WebP", b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0/\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0"),
        other("heic.jpg", "HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x08mdat"),
        other("avif.png", "AVIF", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif\0\0\0\x08mdat"),
        other("tiff.png", "TIFF", b"II*\0\x08\0\0\0\0\0\0\0\0\0"),
        other("jpeg_2000.jpg", "JPEG 2000", b"\0\0\0\x0cjP  \x0d\x0a\x87\x0a"),
        other("jpeg_xl.jpg", "JPEG XL", b"\xFF\x0a\0\0"),
        other("svg.png", "SVG", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        other("text.jpg", "text", b"not an image\n"),
    ]
}
