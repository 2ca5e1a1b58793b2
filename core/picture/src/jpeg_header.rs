//! What a JPEG says about itself before anything is decoded (ITU-T T.81, annex B).
//!
//! For: to refuse, from the headers alone, what would need too much memory or is of a kind that cameras do not make.
//! Must never: read beyond the slice or allocate.
//! Always: works on untrusted bytes; whatever does not follow the standard is [`ImageError::Damaged`].

use crate::error::ImageError;

/// The facts of the first frame and the first scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JpegHeader {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) components: usize,
    /// All coefficients have to be held until the last scan: progressive, or components in scans of their own.
    pub(crate) holds_coefficients: bool,
    /// Where the first scan's data begin.
    pub(crate) data_at: usize,
}

/// Whether the file goes on to its end's marker. Within a scan `FF` is followed by `00` or a restart marker (B.1.1.5): a
/// picture before the first scan, as EXIF holds one, has an end of its own, and nothing after it has.
pub(crate) fn has_end(bytes: &[u8], header: &JpegHeader) -> bool {
    let data = bytes.get(header.data_at..).unwrap_or_default();
    data.ends_with(END) || data.windows(END.len()).any(|pair| pair == END)
}

const END: &[u8] = &[0xFF, 0xD9];

/// Reads up to the first scan.
pub(crate) fn read(bytes: &[u8]) -> Result<JpegHeader, ImageError> {
    let mut cursor = Cursor(bytes);
    if cursor.byte()? != 0xFF || cursor.byte()? != 0xD8 {
        return Err(ImageError::NotJpegOrPng);
    }
    let mut frame: Option<(JpegHeader, bool)> = None;
    loop {
        let marker = cursor.marker()?;
        match marker {
            // Baseline, extended sequential, progressive: Huffman-coded frames.
            0xC0..=0xC2 => frame = Some((cursor.frame()?, marker == 0xC2)),
            // Lossless, hierarchical and arithmetic frames; DAC.
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCF if marker != 0xC8 => return Err(ImageError::UnsupportedCoding),
            0xDA => {
                let (header, progressive) = frame.ok_or(ImageError::Damaged)?;
                let in_first_scan = usize::from(cursor.segment()?.byte()?);
                return Ok(JpegHeader {
                    holds_coefficients: progressive || in_first_scan < header.components,
                    data_at: bytes.len() - cursor.0.len(),
                    ..header
                });
            }
            0xD9 => return Err(ImageError::Damaged),
            0x01 | 0xD0..=0xD7 => {}
            _ => cursor.skip_segment()?,
        }
    }
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn byte(&mut self) -> Result<u8, ImageError> {
        let (first, rest) = self.0.split_first().ok_or(ImageError::Damaged)?;
        self.0 = rest;
        Ok(*first)
    }

    fn word(&mut self) -> Result<u16, ImageError> {
        Ok(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    /// The next marker's code; fill bytes before it are allowed (B.1.1.2).
    fn marker(&mut self) -> Result<u8, ImageError> {
        if self.byte()? != 0xFF {
            return Err(ImageError::Damaged);
        }
        loop {
            match self.byte()? {
                0xFF => {}
                0x00 => return Err(ImageError::Damaged),
                code => return Ok(code),
            }
        }
    }

    /// The next segment's contents, without its length; the cursor moves behind it.
    fn segment(&mut self) -> Result<Cursor<'a>, ImageError> {
        let length = usize::from(self.word()?).checked_sub(2).ok_or(ImageError::Damaged)?;
        let (inside, rest) = self.0.split_at_checked(length).ok_or(ImageError::Damaged)?;
        self.0 = rest;
        Ok(Cursor(inside))
    }

    fn skip_segment(&mut self) -> Result<(), ImageError> {
        self.segment().map(|_| ())
    }

    /// A frame header (B.2.2).
    fn frame(&mut self) -> Result<JpegHeader, ImageError> {
        let mut inside = self.segment()?;
        if inside.byte()? != 8 {
            return Err(ImageError::UnsupportedCoding);
        }
        let height = usize::from(inside.word()?);
        let width = usize::from(inside.word()?);
        let components = usize::from(inside.byte()?);
        if width == 0 || height == 0 {
            return Err(ImageError::Damaged);
        }
        match components {
            1 | 3 => Ok(JpegHeader { width, height, components, holds_coefficients: false, data_at: 0 }),
            _ => Err(ImageError::UnsupportedColours),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn jpeg(frame_marker: u8, precision: u8, components: u8, in_scan: u8) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xFF, 0xE0, 0, 4, 1, 2];
        bytes.extend([0xFF, frame_marker, 0, 8, precision, 0, 30, 0, 40, components]);
        bytes.extend([0xFF, 0xDA, 0, 3, in_scan]);
        bytes
    }

    #[test]
    fn reads_size_components_and_whether_coefficients_are_held() {
        let baseline = read(&jpeg(0xC0, 8, 3, 3)).unwrap();
        assert_eq!((baseline.width, baseline.height, baseline.components), (40, 30, 3));
        assert!(!baseline.holds_coefficients);
        assert!(read(&jpeg(0xC2, 8, 3, 3)).unwrap().holds_coefficients);
        assert!(read(&jpeg(0xC0, 8, 3, 1)).unwrap().holds_coefficients);
    }

    #[test]
    fn refuses_kinds_that_cameras_do_not_make() {
        assert_eq!(read(&jpeg(0xC0, 8, 4, 4)), Err(ImageError::UnsupportedColours));
        assert_eq!(read(&jpeg(0xC1, 12, 3, 3)), Err(ImageError::UnsupportedCoding));
        assert_eq!(read(&jpeg(0xC3, 8, 3, 3)), Err(ImageError::UnsupportedCoding));
        assert_eq!(read(&jpeg(0xC9, 8, 3, 3)), Err(ImageError::UnsupportedCoding));
    }

    #[test]
    fn a_header_cut_off_anywhere_is_damaged() {
        let whole = jpeg(0xC0, 8, 3, 3);
        for length in 2..whole.len() {
            assert_eq!(read(&whole[..length]), Err(ImageError::Damaged), "{length} bytes");
        }
    }

    #[test]
    fn an_end_counts_after_the_first_scan_only() {
        let mut bytes = jpeg(0xC0, 8, 3, 3);
        // As a thumbnail within EXIF has one.
        bytes[7..9].copy_from_slice(END);
        let header = read(&bytes).unwrap();
        assert_eq!(header.data_at, bytes.len());
        assert!(!has_end(&bytes, &header));
        for rest in [&[0xFF, 0xD9][..], &[1, 0xFF, 0xD9, 0xA5]] {
            assert!(has_end(&[&bytes, rest].concat(), &header));
        }
        for rest in [&[0xFF][..], &[0xD9], &[1, 0xFF, 0, 0xD9]] {
            assert!(!has_end(&[&bytes, rest].concat(), &header));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(tail in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&[&[0xFF, 0xD8][..], &tail].concat());
            let _ = read(&tail);
        }
    }
}
