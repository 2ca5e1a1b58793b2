//! BER lengths (short and long form) and BER-OID tags, read and written.
//!
//! Must never trust a length: callers compare it with the bytes that are there. What always holds: a length or a
//! tag that does not fit its type is an error, and indefinite lengths are refused.

use super::KlvError;

const LONG_FORM: u8 = 0x80;
const MAX_OID_BYTES: usize = 4;

/// Reads a BER length and gives what follows it.
pub(super) fn length(bytes: &[u8]) -> Result<(usize, &[u8]), KlvError> {
    let (&first, rest) = bytes.split_first().ok_or(KlvError::Truncated)?;
    if first < LONG_FORM {
        return Ok((usize::from(first), rest));
    }
    let count = usize::from(first & !LONG_FORM);
    if count == 0 || count > size_of::<u64>() {
        return Err(KlvError::Malformed);
    }
    let (digits, rest) = rest.split_at_checked(count).ok_or(KlvError::Truncated)?;
    let value = digits.iter().fold(0_u64, |value, &digit| (value << 8) | u64::from(digit));
    Ok((usize::try_from(value).map_err(|_| KlvError::TooLarge)?, rest))
}

/// Reads a BER-OID tag of at most four bytes and gives what follows it.
pub(super) fn oid(bytes: &[u8]) -> Result<(u32, &[u8]), KlvError> {
    let (&first, mut rest) = bytes.split_first().ok_or(KlvError::Truncated)?;
    if first < LONG_FORM {
        return Ok((u32::from(first), rest));
    }
    if first == LONG_FORM {
        return Err(KlvError::Malformed);
    }
    let mut tag = u32::from(first & !LONG_FORM);
    for _ in 1..MAX_OID_BYTES {
        let (&next, after) = rest.split_first().ok_or(KlvError::Truncated)?;
        rest = after;
        tag = (tag << 7) | u32::from(next & !LONG_FORM);
        if next < LONG_FORM {
            return Ok((tag, rest));
        }
    }
    Err(KlvError::Malformed)
}

/// An item's tag and the bytes of its value.
type TagAndValue<'a> = (u32, &'a [u8]);

/// The items of a local set: tag and value, in order; it ends after the first malformed one.
pub(super) struct Items<'a> {
    rest: &'a [u8],
}

impl<'a> Items<'a> {
    pub(super) fn new(set: &'a [u8]) -> Self {
        Self { rest: set }
    }

    #[inline]
    fn split(&self) -> Result<(TagAndValue<'a>, &'a [u8]), KlvError> {
        // Nearly every item has a tag and a length of one byte each.
        if let [tag @ 0..LONG_FORM, length @ 0..LONG_FORM, rest @ ..] = self.rest {
            let (value, rest) = rest.split_at_checked(usize::from(*length)).ok_or(KlvError::Truncated)?;
            return Ok(((u32::from(*tag), value), rest));
        }
        let (tag, rest) = oid(self.rest)?;
        let (length, rest) = length(rest)?;
        let (value, rest) = rest.split_at_checked(length).ok_or(KlvError::Truncated)?;
        Ok(((tag, value), rest))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<TagAndValue<'a>, KlvError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let split = self.split();
        self.rest = split.as_ref().map_or(&[], |&(_, rest)| rest);
        Some(split.map(|(item, _)| item))
    }
}

/// A big-endian unsigned number of one to eight bytes.
#[inline]
pub(super) fn unsigned(bytes: &[u8]) -> Option<u64> {
    if let Some((two, [])) = bytes.split_first_chunk() {
        return Some(u16::from_be_bytes(*two).into());
    }
    if let Some((four, [])) = bytes.split_first_chunk() {
        return Some(u32::from_be_bytes(*four).into());
    }
    let sound = (1..=size_of::<u64>()).contains(&bytes.len());
    sound.then(|| bytes.iter().fold(0, |value, &byte| (value << 8) | u64::from(byte)))
}

/// Writes a length in the shortest form.
pub(super) fn write_length(out: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < LONG_FORM => out.push(short),
        _ => {
            let digits = (length as u64).to_be_bytes();
            let skip = digits.iter().take_while(|&&digit| digit == 0).count();
            let digits = digits.get(skip..).unwrap_or_default();
            out.push(LONG_FORM | u8::try_from(digits.len()).unwrap_or(8));
            out.extend_from_slice(digits);
        }
    }
}

/// Writes a tag as BER-OID.
pub(super) fn write_oid(out: &mut Vec<u8>, tag: u8) {
    if tag >= LONG_FORM {
        out.push(LONG_FORM | (tag >> 7));
    }
    out.push(tag & !LONG_FORM);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_short_and_long_lengths_even_when_not_shortest() {
        assert_eq!(length(&[0x7F, 9]), Ok((127, &[9][..])));
        assert_eq!(length(&[0x81, 0xE0]), Ok((224, &[][..])));
        assert_eq!(length(&[0x82, 0x00, 0x05, 1]), Ok((5, &[1][..])));
        assert_eq!(length(&[0x88, 0, 0, 0, 0, 0, 1, 0, 0]), Ok((65_536, &[][..])));
    }

    #[test]
    fn refuses_indefinite_overlong_and_cut_lengths() {
        assert_eq!(length(&[0x80, 0, 0]), Err(KlvError::Malformed));
        assert_eq!(length(&[0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1]), Err(KlvError::Malformed));
        assert_eq!(length(&[0x82, 1]), Err(KlvError::Truncated));
        assert_eq!(length(&[]), Err(KlvError::Truncated));
    }

    #[test]
    fn reads_tags_of_several_bytes_from_128() {
        assert_eq!(oid(&[65]), Ok((65, &[][..])));
        assert_eq!(oid(&[0x81, 0x00]), Ok((128, &[][..])));
        assert_eq!(oid(&[0x81, 0x09, 7]), Ok((137, &[7][..])));
        assert_eq!(oid(&[0x80, 0x01]), Err(KlvError::Malformed));
        assert_eq!(oid(&[0x81, 0x80, 0x80, 0x80, 0x01]), Err(KlvError::Malformed));
        assert_eq!(oid(&[0x81]), Err(KlvError::Truncated));
    }

    #[test]
    fn writes_what_it_reads() {
        for value in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let mut out = Vec::new();
            write_length(&mut out, value);
            assert_eq!(length(&out), Ok((value, &[][..])));
        }
        for tag in [1, 65, 127, 128, 137, 255] {
            let mut out = Vec::new();
            write_oid(&mut out, tag);
            assert_eq!(oid(&out), Ok((u32::from(tag), &[][..])));
        }
    }
}
