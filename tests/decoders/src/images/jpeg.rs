//! JPEG files: by a library where one makes them, by hand where cameras and libraries do not.

use jpeg_encoder::{ColorType, Encoder};

use super::drawn::Drawn;

/// By the library.
pub(super) fn photograph(picture: &Drawn, setting: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    library(picture.width, picture.height, &picture.bytes(), ColorType::Rgb, setting)
}

pub(super) fn library(
    width: usize,
    height: usize,
    samples: &[u8],
    colours: ColorType,
    setting: impl FnOnce(&mut Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    setting(&mut encoder);
    encoder.encode(samples, width as u16, height as u16, colours).unwrap();
    bytes
}

/// The contents of an EXIF segment that says how the camera was held.
pub(super) fn exif(orientation: u8) -> Vec<u8> {
    [b"Exif\0\0".as_slice(), &tiff(orientation)].concat()
}

/// The same as PNG has it.
pub(super) fn tiff(orientation: u8) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0\x01\0".to_vec();
    bytes.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// The place of a marker's first byte, counted from the front.
pub(super) fn find(bytes: &[u8], marker: u8) -> usize {
    bytes.windows(2).position(|pair| pair == [0xFF, marker]).unwrap()
}

/// What a JPEG that is written by hand looks like: every block of eight by eight pixels has one colour.
pub(super) struct Plain {
    /// SOF's marker: baseline, extended, and so on (T.81, table B.1).
    pub(super) frame: u8,
    /// Bits of a sample.
    pub(super) precision: u8,
    /// In the frame's header; the rows that are there are the picture's.
    pub(super) stated_height: Option<u16>,
    /// Luma blocks across and down for each chroma block.
    pub(super) sampling: (usize, usize),
    /// Each component in a scan of its own.
    pub(super) apart: bool,
    /// Adobe's segment, with this transform.
    pub(super) adobe: Option<u8>,
    pub(super) kind: Kind,
}

/// Which components there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// YCbCr.
    Colour,
    /// RGB as it is.
    Rgb,
    /// Two, which is none of the colours that there are.
    Two,
    /// Four.
    Inks,
}

impl Default for Plain {
    fn default() -> Self {
        Self {
            frame: 0xC0,
            precision: 8,
            stated_height: None,
            sampling: (1, 1),
            apart: false,
            adobe: None,
            kind: Kind::Colour,
        }
    }
}

impl Plain {
    /// `picture` has whole blocks, and whole groups of them where chroma is subsampled.
    pub(super) fn encode(&self, picture: &Drawn) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xD8];
        if let Some(transform) = self.adobe {
            segment(&mut bytes, 0xEE, &[b"Adobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat());
        }
        // Quantised by 8, so that a coefficient is a block's mean.
        segment(&mut bytes, 0xDB, &[[0].as_slice(), &[8; 64]].concat());
        let components = self.components();
        let height = self.stated_height.unwrap_or(picture.height as u16);
        let mut frame = vec![self.precision];
        frame.extend(height.to_be_bytes());
        frame.extend((picture.width as u16).to_be_bytes());
        frame.push(components as u8);
        for component in 0..components {
            let sampling = if component == 0 { self.sampling } else { (1, 1) };
            frame.extend([self.id(component), (sampling.0 << 4 | sampling.1) as u8, 0]);
        }
        segment(&mut bytes, self.frame, &frame);
        tables(&mut bytes);
        let scans: Vec<Vec<usize>> =
            if self.apart { (0..components).map(|one| vec![one]).collect() } else { vec![(0..components).collect()] };
        for scan in scans {
            let mut header = vec![scan.len() as u8];
            header.extend(scan.iter().flat_map(|component| [self.id(*component), 0]));
            segment(&mut bytes, 0xDA, &[header, vec![0, 63, 0]].concat());
            self.scan(&mut bytes, picture, &scan);
        }
        bytes.extend([0xFF, 0xD9]);
        bytes
    }

    fn components(&self) -> usize {
        match self.kind {
            Kind::Colour | Kind::Rgb => 3,
            Kind::Two => 2,
            Kind::Inks => 4,
        }
    }

    fn id(&self, component: usize) -> u8 {
        if self.kind == Kind::Rgb { b"RGB"[component] } else { component as u8 + 1 }
    }

    fn scan(&self, bytes: &mut Vec<u8>, picture: &Drawn, scan: &[usize]) {
        let (across, down) = self.sampling;
        let (blocks_across, blocks_down) = (picture.width / 8, picture.height / 8);
        let mut bits = Bits::default();
        let mut last = [0_i32; 4];
        let mut put = |component: usize, colour: [u8; 3]| {
            let value = (self.sample(component, colour) - 128) << (self.precision - 8);
            bits.difference(value - std::mem::replace(&mut last[component], value));
        };
        if let [alone] = *scan {
            // Each block of the component's own, row by row (T.81, A.2.2).
            let step = if alone == 0 { (1, 1) } else { self.sampling };
            for y in (0..blocks_down).step_by(step.1) {
                for x in (0..blocks_across).step_by(step.0) {
                    put(alone, picture.block(x, y));
                }
            }
        } else {
            for y in (0..blocks_down).step_by(down) {
                for x in (0..blocks_across).step_by(across) {
                    for component in scan {
                        let group = if *component == 0 { (across, down) } else { (1, 1) };
                        for place in 0..group.0 * group.1 {
                            put(*component, picture.block(x + place % group.0, y + place / group.0));
                        }
                    }
                }
            }
        }
        bytes.extend(bits.finish());
    }

    /// JFIF's colours (ITU-T T.871, 7), in whole numbers.
    fn sample(&self, component: usize, colour: [u8; 3]) -> i32 {
        let [red, green, blue] = colour.map(i32::from);
        match (self.kind, component) {
            (Kind::Rgb, 0) => red,
            (Kind::Rgb, 1) => green,
            (Kind::Rgb, _) => blue,
            (_, 0) => (299 * red + 587 * green + 114 * blue + 500) / 1000,
            (_, 1) => 128 + (-1687 * red - 3313 * green + 5000 * blue) / 10_000,
            (_, 2) => 128 + (5000 * red - 4187 * green - 813 * blue) / 10_000,
            _ => 128,
        }
    }
}

/// Sixteen sizes of differences with codes of five bits; the one code of the other table ends a block.
fn tables(bytes: &mut Vec<u8>) {
    let mut lengths = [0; 16];
    lengths[4] = 16;
    segment(bytes, 0xC4, &[[0].as_slice(), &lengths, &(0..16).collect::<Vec<u8>>()].concat());
    let mut lengths = [0; 16];
    lengths[0] = 1;
    segment(bytes, 0xC4, &[[0x10].as_slice(), &lengths, &[0]].concat());
}

pub(super) fn segment(bytes: &mut Vec<u8>, marker: u8, contents: &[u8]) {
    bytes.extend([0xFF, marker]);
    bytes.extend((contents.len() as u16 + 2).to_be_bytes());
    bytes.extend(contents);
}

/// Bits of a scan, the first one highest; what looks like a marker gets a zero behind it.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for place in (0..count).rev() {
            self.held = self.held << 1 | value >> place & 1;
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.held as u8);
                if self.held as u8 == 0xFF {
                    self.bytes.push(0);
                }
                self.count = 0;
            }
        }
    }

    /// A difference of means, and the end of the block (T.81, F.1.2.1).
    fn difference(&mut self, value: i32) {
        let size = 32 - value.unsigned_abs().leading_zeros();
        let low = (if value < 0 { value - 1 } else { value }).cast_unsigned();
        self.put(size, 5);
        self.put(low, size);
        self.put(0, 1);
    }

    fn finish(mut self) -> Vec<u8> {
        while self.count != 0 {
            self.put(1, 1);
        }
        self.bytes
    }
}
