//! PNG files, written by hand: each chunk as the standard has it, nothing compressed.

use super::drawn::Drawn;

pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The colour types (PNG, third edition, table 9).
pub(super) const GREY: u8 = 0;
pub(super) const RGB: u8 = 2;
pub(super) const INDEXED: u8 = 3;
pub(super) const GREY_ALPHA: u8 = 4;
pub(super) const RGBA: u8 = 6;

/// What a file looks like: its header, its other chunks, its rows.
pub(super) struct Layout<'a> {
    pub(super) bits: u8,
    pub(super) colours: u8,
    pub(super) interlaced: bool,
    /// Chunks before the data.
    pub(super) before: &'a [([u8; 4], Vec<u8>)],
}

impl Layout<'_> {
    pub(super) fn new(bits: u8, colours: u8) -> Self {
        Self { bits, colours, interlaced: false, before: &[] }
    }

    /// The file of a picture, whose samples `of` gives, each from 0 to 65,535.
    pub(super) fn encode(&self, picture: &Drawn, of: impl Fn([u8; 3]) -> Vec<u16>) -> Vec<u8> {
        // Adam7 (8.2): first column, first row, and the steps between.
        let passes: &[[usize; 4]] = if self.interlaced {
            &[[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]]
        } else {
            &[[0, 0, 1, 1]]
        };
        let mut data = Vec::new();
        for [left, top, across, down] in passes {
            for y in (*top..picture.height).step_by(*down) {
                let samples: Vec<u16> =
                    (*left..picture.width).step_by(*across).flat_map(|x| of(picture.at(x, y))).collect();
                if !samples.is_empty() {
                    data.push(0);
                    data.extend(packed(&samples, self.bits));
                }
            }
        }
        self.file(picture.width as u32, picture.height as u32, &[stored(&data)])
    }

    /// A file whose IDAT chunks are given.
    pub(super) fn file(&self, width: u32, height: u32, data: &[Vec<u8>]) -> Vec<u8> {
        let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
        header.extend([self.bits, self.colours, 0, 0, u8::from(self.interlaced)]);
        let mut bytes = SIGNATURE.to_vec();
        chunk(&mut bytes, *b"IHDR", &header);
        for (name, contents) in self.before {
            chunk(&mut bytes, *name, contents);
        }
        for data in data {
            chunk(&mut bytes, *b"IDAT", data);
        }
        chunk(&mut bytes, *b"IEND", &[]);
        bytes
    }
}

/// Eight bits as sixteen.
pub(super) fn deep(value: u8) -> u16 {
    u16::from(value) * 257
}

/// The highest bits of each sample, the first one highest.
fn packed(samples: &[u16], bits: u8) -> Vec<u8> {
    if bits >= 8 {
        return samples
            .iter()
            .flat_map(|sample| sample.to_be_bytes().into_iter().take(usize::from(bits / 8)))
            .collect();
    }
    let per_byte = usize::from(8 / bits);
    let fold = |group: &[u16]| {
        let full = group.iter().fold(0, |byte, sample| byte << bits | (sample >> (16 - u16::from(bits))) as u8);
        full << (usize::from(bits) * (per_byte - group.len()))
    };
    samples.chunks(per_byte).map(fold).collect()
}

pub(super) fn chunk(bytes: &mut Vec<u8>, name: [u8; 4], contents: &[u8]) {
    bytes.extend((contents.len() as u32).to_be_bytes());
    let start = bytes.len();
    bytes.extend(name);
    bytes.extend(contents);
    let sum = crc(&bytes[start..]);
    bytes.extend(sum.to_be_bytes());
}

/// PNG, third edition, annex D.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 })
    })
}

/// A zlib stream (RFC 1950) of blocks that are not compressed (RFC 1951, 3.2.4).
pub(super) fn stored(data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x78, 0x01];
    let blocks = data.chunks(65_535).collect::<Vec<_>>();
    for (number, block) in blocks.iter().enumerate() {
        bytes.push(u8::from(number + 1 == blocks.len()));
        bytes.extend((block.len() as u16).to_le_bytes());
        bytes.extend((!(block.len() as u16)).to_le_bytes());
        bytes.extend(*block);
    }
    let (low, high) = data.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    bytes.extend((high << 16 | low).to_be_bytes());
    bytes
}
