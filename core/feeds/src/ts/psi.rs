//! Tables of a transport stream: which programme is where (PAT) and which streams it has (PMT).
//!
//! Must never act on a table whose CRC is wrong. What always holds: sections are bounded at 1,024 bytes.

use super::be16;

/// Bytes of the longest section that is assembled.
const MAX_SECTION_BYTES: usize = 1024;
const SECTION_HEADER_BYTES: usize = 3;
const TABLE_HEADER_BYTES: usize = 8;
const CRC_BYTES: usize = 4;
const TABLE_ID_PAT: u8 = 0;
const TABLE_ID_PMT: u8 = 2;
const DESCRIPTOR_REGISTRATION: u8 = 0x05;
const DESCRIPTOR_METADATA: u8 = 0x26;
const KLVA: &[u8] = b"KLVA";

/// What an elementary stream carries, as far as it is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamKind {
    /// H.264, stream type 0x1B.
    H264,
    /// H.265, stream type 0x24.
    H265,
    /// KLV without a tie to frames, stream type 0x06 with registration `KLVA`.
    KlvAsynchronous,
    /// KLV in access unit cells, stream type 0x15.
    KlvSynchronous,
}

/// A section that is true to its CRC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Table {
    /// Where the programme map tables are.
    Programmes(Vec<u16>),
    /// The streams of one programme: packet identifier and kind, and where its clock is.
    Streams { clock_pid: u16, streams: Vec<(u16, StreamKind)> },
    /// Another table, or one that is not yet in force.
    Other,
}

/// Assembles sections from the packets of one table's identifier.
#[derive(Debug, Clone, Default)]
pub(super) struct Sections {
    buffer: Vec<u8>,
    collecting: bool,
}

impl Sections {
    /// Takes one packet's payload; gives the tables that end in it, and how many sections were broken.
    pub(super) fn push(&mut self, payload: &[u8], unit_start: bool, tables: &mut Vec<Table>) -> u32 {
        let mut broken = 0;
        if unit_start {
            let Some((&pointer, rest)) = payload.split_first() else { return 1 };
            let Some((tail, sections)) = rest.split_at_checked(pointer.into()) else { return 1 };
            if self.collecting {
                self.buffer.extend_from_slice(tail);
                broken += self.drain(tables);
            }
            self.buffer.clear();
            self.buffer.extend_from_slice(sections);
            self.collecting = true;
        } else if self.collecting {
            self.buffer.extend_from_slice(payload);
        }
        broken + self.drain(tables)
    }

    /// Forgets what was half read, after a lost packet.
    pub(super) fn reset(&mut self) {
        self.buffer.clear();
        self.collecting = false;
    }

    fn drain(&mut self, tables: &mut Vec<Table>) -> u32 {
        let mut broken = 0;
        while self.collecting {
            let Some(&[table_id, high, low]) = self.buffer.first_chunk::<SECTION_HEADER_BYTES>() else { break };
            if table_id == 0xFF {
                self.reset();
                break;
            }
            let length = usize::from(u16::from_be_bytes([high & 0x0F, low]));
            let total = SECTION_HEADER_BYTES + length;
            if total > MAX_SECTION_BYTES {
                self.reset();
                return broken + 1;
            }
            let Some(section) = self.buffer.get(..total) else { break };
            match Table::decode(section) {
                Some(Table::Other) => {}
                Some(table) => tables.push(table),
                None => broken += 1,
            }
            self.buffer.drain(..total);
        }
        broken
    }
}

impl Table {
    /// `None` for a broken section.
    fn decode(section: &[u8]) -> Option<Self> {
        if crc32(section) != 0 {
            return None;
        }
        let body_end = section.len().checked_sub(CRC_BYTES)?;
        let body = section.get(TABLE_HEADER_BYTES..body_end)?;
        let in_force = section.get(5)? & 1 == 1;
        match *section.first()? {
            TABLE_ID_PAT if in_force => Some(Self::Programmes(programmes(body))),
            TABLE_ID_PMT if in_force => streams(body),
            _ => Some(Self::Other),
        }
    }
}

fn programmes(body: &[u8]) -> Vec<u16> {
    let (entries, _) = body.as_chunks::<4>();
    let named = entries.iter().filter(|[high, low, ..]| (*high, *low) != (0, 0));
    named.map(|&[_, _, high, low]| u16::from_be_bytes([high & 0x1F, low])).collect()
}

fn streams(body: &[u8]) -> Option<Table> {
    let clock_pid = be16(body)? & 0x1FFF;
    let programme_info = usize::from(be16(body.get(2..)?)? & 0x0FFF);
    let mut rest = body.get(4..)?.get(programme_info..)?;
    let mut streams = Vec::new();
    while let Some((&[stream_type, pid_high, pid_low, length_high, length_low], after)) = rest.split_first_chunk::<5>()
    {
        let length = usize::from(u16::from_be_bytes([length_high & 0x0F, length_low]));
        let (descriptors, after) = after.split_at_checked(length)?;
        rest = after;
        if let Some(kind) = kind_of(stream_type, descriptors) {
            streams.push((u16::from_be_bytes([pid_high & 0x1F, pid_low]), kind));
        }
    }
    Some(Table::Streams { clock_pid, streams })
}

fn kind_of(stream_type: u8, descriptors: &[u8]) -> Option<StreamKind> {
    match stream_type {
        0x1B => Some(StreamKind::H264),
        0x24 => Some(StreamKind::H265),
        0x06 => names_klv(descriptors).unwrap_or(false).then_some(StreamKind::KlvAsynchronous),
        0x15 => names_klv(descriptors).unwrap_or(true).then_some(StreamKind::KlvSynchronous),
        _ => None,
    }
}

/// Whether the descriptors name KLV; nothing where none of them names any format.
fn names_klv(mut descriptors: &[u8]) -> Option<bool> {
    let mut named = None;
    while let Some((&[tag, length], rest)) = descriptors.split_first_chunk::<2>() {
        let Some((value, rest)) = rest.split_at_checked(length.into()) else { break };
        descriptors = rest;
        let here = match tag {
            DESCRIPTOR_REGISTRATION => value.starts_with(KLVA),
            DESCRIPTOR_METADATA => value.windows(KLVA.len()).any(|window| window == KLVA),
            _ => continue,
        };
        named = Some(named.unwrap_or(false) || here);
    }
    named
}

/// The CRC of ISO/IEC 13818-1 annex A; over a whole section, its own CRC included, it is 0.
pub fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ (u32::from(byte) << 24), |crc, _| {
            if crc & (1 << 31) == 0 { crc << 1 } else { (crc << 1) ^ 0x04C1_1DB7 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(table_id: u8, body: &[u8]) -> Vec<u8> {
        let length = u8::try_from(body.len() + 9).unwrap();
        let mut section = vec![table_id, 0xB0, length, 0, 1, 0xC1, 0, 0];
        section.extend(body);
        section.extend(crc32(&section).to_be_bytes());
        section
    }

    fn pushed(sections: &mut Sections, payload: &[u8], start: bool) -> (Vec<Table>, u32) {
        let mut tables = Vec::new();
        let broken = sections.push(payload, start, &mut tables);
        (tables, broken)
    }

    const PMT: [u8; 20] = [
        0xE1, 0x00, 0xF0, 0x00, 0x1B, 0xE1, 0x00, 0xF0, 0x00, 0x06, 0xE1, 0x01, 0xF0, 0x06, 0x05, 0x04, b'K', b'L',
        b'V', b'A',
    ];

    #[test]
    fn crc_has_the_check_value_of_its_family() {
        assert_eq!(crc32(b"123456789"), 0x0376_E6E7);
    }

    #[test]
    fn reads_programmes_and_streams() {
        let pat = [&[0][..], &section(0, &[0, 0, 0xE0, 0x10, 0, 1, 0xF0, 0x00]), &[0xFF; 20]].concat();
        assert_eq!(pushed(&mut Sections::default(), &pat, true), (vec![Table::Programmes(vec![0x1000])], 0));
        let pmt = [&[0][..], &section(2, &PMT)].concat();
        let streams = vec![(0x100, StreamKind::H264), (0x101, StreamKind::KlvAsynchronous)];
        assert_eq!(
            pushed(&mut Sections::default(), &pmt, true),
            (vec![Table::Streams { clock_pid: 0x100, streams }], 0)
        );
    }

    #[test]
    fn joins_a_section_over_packets_and_refuses_a_wrong_crc() {
        let mut sections = Sections::default();
        let whole = section(2, &PMT);
        assert_eq!(pushed(&mut sections, &[&[0][..], &whole[..10]].concat(), true), (vec![], 0));
        assert_eq!(pushed(&mut sections, &whole[10..], false).0.len(), 1);
        let mut bad = section(2, &PMT);
        bad[12] ^= 1;
        assert_eq!(pushed(&mut sections, &[&[0][..], &bad].concat(), true), (vec![], 1));
    }

    #[test]
    fn private_data_without_klv_registration_is_not_followed() {
        assert_eq!(kind_of(0x06, &[]), None);
        assert_eq!(kind_of(0x06, &[5, 4, b'A', b'C', b'-', b'3']), None);
        assert_eq!(kind_of(0x15, &[]), Some(StreamKind::KlvSynchronous));
        assert_eq!(
            kind_of(0x15, &[0x26, 9, 1, 0, 0xFF, b'K', b'L', b'V', b'A', 0, 0x0F]),
            Some(StreamKind::KlvSynchronous)
        );
        assert_eq!(kind_of(0x15, &[0x26, 9, 1, 0, 0xFF, b'I', b'D', b'3', b' ', 0, 0x0F]), None);
        assert_eq!(kind_of(0x0F, &[]), None);
    }
}
