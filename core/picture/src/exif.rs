//! The one fact of EXIF that a face check needs: which way up the camera was held.
//!
//! Must never: look at anything else that EXIF may hold (place, device, owner).
//! Always: works on untrusted bytes; without a readable orientation the picture counts as upright.

use crate::picture::Orientation;

const ORIENTATION_TAG: u16 = 0x0112;
const SHORT: u16 = 3;

/// Reads the orientation from a TIFF structure, with or without the `Exif\0\0` in front of it (EXIF 2.3, 4.5 and 4.6.4).
pub(crate) fn orientation(block: &[u8]) -> Orientation {
    find(block.strip_prefix(b"Exif\0\0").unwrap_or(block)).unwrap_or(Orientation::UPRIGHT)
}

fn find(tiff: &[u8]) -> Option<Orientation> {
    let little = match tiff.get(..4)? {
        [b'I', b'I', 42, 0] => true,
        [b'M', b'M', 0, 42] => false,
        _ => return None,
    };
    let word = |at: usize| -> Option<u16> {
        let bytes: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let offset: [u8; 4] = tiff.get(4..8)?.try_into().ok()?;
    let offset = if little { u32::from_le_bytes(offset) } else { u32::from_be_bytes(offset) };
    let directory = usize::try_from(offset).ok()?;
    (0..usize::from(word(directory)?)).find_map(|entry| {
        let at = directory.checked_add(2)?.checked_add(entry.checked_mul(12)?)?;
        if word(at)? != ORIENTATION_TAG || word(at.checked_add(2)?)? != SHORT {
            return None;
        }
        Orientation::from_exif(word(at.checked_add(8)?)?)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(little: bool, value: u16) -> Vec<u8> {
        let word = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
        let mut bytes = if little { b"II*\0\x08\0\0\0".to_vec() } else { b"MM\0*\0\0\0\x08".to_vec() };
        bytes.extend(word(2));
        for (tag, content) in [(0x0100, 640), (ORIENTATION_TAG, value)] {
            bytes.extend(word(tag));
            bytes.extend(word(SHORT));
            bytes.extend(if little { [1, 0, 0, 0] } else { [0, 0, 0, 1] });
            bytes.extend(word(content));
            bytes.extend([0, 0]);
        }
        bytes
    }

    #[test]
    fn both_byte_orders_are_read() {
        for value in 1..=8 {
            let expected = Orientation::from_exif(value).unwrap();
            assert_eq!(orientation(&block(true, value)), expected);
            assert_eq!(orientation(&block(false, value)), expected);
            assert_eq!(orientation(&[b"Exif\0\0".as_slice(), &block(true, value)].concat()), expected);
        }
    }

    #[test]
    fn values_outside_the_standard_count_as_upright() {
        assert_eq!(orientation(&block(true, 0)), Orientation::UPRIGHT);
        assert_eq!(orientation(&block(true, 9)), Orientation::UPRIGHT);
        assert_eq!(orientation(b""), Orientation::UPRIGHT);
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(tail in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = orientation(&tail);
            let _ = orientation(&[b"II*\0".as_slice(), &tail].concat());
        }
    }
}
