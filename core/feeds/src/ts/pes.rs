//! Packetised elementary streams: one stream's packets joined into units.
//!
//! Must never give out a unit with a hole. What always holds: a unit whose length was sent is given out with its
//! last byte, without waiting for the next; one without length when the next begins or the stream ends.

use super::{Pts, be16};

const FIXED_HEADER_BYTES: usize = 6;
const OPTIONAL_HEADER_BYTES: usize = 3;
const PTS_BYTES: usize = 5;

/// A whole unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PesUnit {
    pub(super) pts: Option<Pts>,
    pub(super) random_access: bool,
    pub(super) bytes: Vec<u8>,
}

/// What became of a payload.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pushed {
    /// The unit before, which had no length and ended because another began.
    pub(super) before: Option<PesUnit>,
    /// The unit that ended in this payload.
    pub(super) ended: Option<PesUnit>,
    /// A unit was given up: cut short, malformed or too large.
    pub(super) broken: bool,
}

/// Joins one stream's payloads.
#[derive(Debug, Clone)]
pub(super) struct Assembler {
    limit: usize,
    unit: Option<Partial>,
}

#[derive(Debug, Clone)]
struct Partial {
    header_done: bool,
    expected: Option<usize>,
    pts: Option<Pts>,
    random_access: bool,
    bytes: Vec<u8>,
}

impl Assembler {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, unit: None }
    }

    /// Takes one packet's payload.
    pub(super) fn push(&mut self, payload: &[u8], unit_start: bool, random_access: bool) -> Pushed {
        let mut pushed = Pushed::default();
        if unit_start {
            pushed.broken = self.end(&mut pushed.before);
            self.unit =
                Some(Partial { header_done: false, expected: None, pts: None, random_access, bytes: Vec::new() });
        }
        let Some(unit) = &mut self.unit else { return pushed };
        unit.bytes.extend_from_slice(payload);
        if !unit.header_done && unit.take_header().is_err() || unit.bytes.len() > self.limit {
            self.unit = None;
            pushed.broken = true;
            return pushed;
        }
        if let Some(expected) = unit.expected.filter(|&expected| unit.header_done && unit.bytes.len() >= expected) {
            unit.bytes.truncate(expected);
            pushed.ended = self.unit.take().map(Partial::finish);
        }
        pushed
    }

    /// Gives up the unit at hand, because a packet of it is missing. Says whether there was one.
    pub(super) fn discard(&mut self) -> bool {
        self.unit.take().is_some()
    }

    /// Ends the unit at hand: gives it out where it had no length. Says whether one was given up.
    pub(super) fn end(&mut self, out: &mut Option<PesUnit>) -> bool {
        match self.unit.take() {
            Some(unit) if unit.header_done && unit.expected.is_none() => {
                *out = Some(unit.finish());
                false
            }
            unit => unit.is_some(),
        }
    }
}

impl Partial {
    /// Reads and removes the header once all of it is there.
    fn take_header(&mut self) -> Result<(), ()> {
        let Some(&[0, 0, 1, _stream_id, high, low, marker, flags, header_length]) =
            self.bytes.first_chunk::<{ FIXED_HEADER_BYTES + OPTIONAL_HEADER_BYTES }>()
        else {
            let begins_well = [0, 0, 1].iter().zip(&self.bytes).all(|(expected, byte)| expected == byte);
            return if begins_well && self.bytes.len() < FIXED_HEADER_BYTES + OPTIONAL_HEADER_BYTES {
                Ok(())
            } else {
                Err(())
            };
        };
        if marker & 0xC0 != 0x80 {
            return Err(());
        }
        let header = FIXED_HEADER_BYTES + OPTIONAL_HEADER_BYTES + usize::from(header_length);
        if self.bytes.len() < header {
            return Ok(());
        }
        if flags & 0x80 != 0 {
            let field = self.bytes.get(FIXED_HEADER_BYTES + OPTIONAL_HEADER_BYTES..header).ok_or(())?;
            self.pts = Some(read_pts(field).ok_or(())?);
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        self.expected = match length {
            0 => None,
            _ => Some((FIXED_HEADER_BYTES + length).checked_sub(header).ok_or(())?),
        };
        self.bytes.drain(..header);
        self.header_done = true;
        if let Some(expected) = self.expected {
            self.bytes.reserve(expected.saturating_sub(self.bytes.len()));
        }
        Ok(())
    }

    fn finish(self) -> PesUnit {
        PesUnit { pts: self.pts, random_access: self.random_access, bytes: self.bytes }
    }
}

/// The five bytes of a presentation time, with their marker bits.
fn read_pts(field: &[u8]) -> Option<Pts> {
    let &[top, ref low @ ..] = field.first_chunk::<PTS_BYTES>()?;
    let (middle, bottom) = (be16(low)?, be16(low.get(2..)?)?);
    if top & middle.to_be_bytes()[1] & bottom.to_be_bytes()[1] & 1 == 0 {
        return None;
    }
    Some(Pts::from_ticks((u64::from(top >> 1 & 7) << 30) | (u64::from(middle >> 1) << 15) | u64::from(bottom >> 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pes(length: Option<u8>, body: &[u8]) -> Vec<u8> {
        [&[0, 0, 1, 0xE0, 0, length.map_or(0, |length| length + 8), 0x80, 0x80, 5, 0x21, 0x00, 0x0B, 0xF3, 0xAD], body]
            .concat()
    }

    #[test]
    fn gives_a_unit_with_length_with_its_last_byte() {
        let mut assembler = Assembler::new(100);
        let bytes = pes(Some(4), &[1, 2, 3, 4]);
        assert_eq!(assembler.push(&bytes[..7], true, true), Pushed::default());
        assert_eq!(assembler.push(&bytes[7..16], false, false), Pushed::default());
        let pushed = assembler.push(&[3, 4, 0xFF], false, false);
        let unit = PesUnit { pts: Some(Pts::from_ticks(195_030)), random_access: true, bytes: vec![1, 2, 3, 4] };
        assert_eq!(pushed.ended, Some(unit));
    }

    #[test]
    fn gives_a_unit_without_length_when_the_next_begins() {
        let mut assembler = Assembler::new(100);
        assert_eq!(assembler.push(&pes(None, &[1]), true, false), Pushed::default());
        assert_eq!(assembler.push(&[2], false, false), Pushed::default());
        assert_eq!(assembler.push(&pes(None, &[9]), true, false).before.unwrap().bytes, [1, 2]);
        let mut last = None;
        assert!(!assembler.end(&mut last));
        assert_eq!(last.unwrap().bytes, [9]);
    }

    #[test]
    fn gives_up_units_cut_short_malformed_or_too_large() {
        let mut assembler = Assembler::new(20);
        assembler.push(&pes(Some(4), &[1]), true, false);
        let pushed = assembler.push(&pes(Some(1), &[1]), true, false);
        assert!(pushed.broken && pushed.before.is_none() && pushed.ended.is_some());
        assert!(assembler.push(&[0, 0, 2, 0xE0], true, false).broken);
        assert!(assembler.push(&[0, 0, 1, 0xE0, 0, 2, 0x80, 0, 0, 9], true, false).broken);
        assembler.push(&pes(None, &[0; 5]), true, false);
        assert!(assembler.push(&[0; 30], false, false).broken);
        assert!(!assembler.discard());
    }

    #[test]
    fn reads_presentation_times() {
        assert_eq!(read_pts(&[0x21, 0x00, 0x0B, 0xF3, 0xAD]).unwrap().ticks(), 195_030);
        assert_eq!(read_pts(&[0x20, 0x00, 0x0A, 0xF3, 0xAC]), None);
        assert_eq!(read_pts(&[0x21]), None);
    }
}
