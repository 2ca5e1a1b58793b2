//! A small multiplexer: one programme with H.264 and KLV (ISO/IEC 13818-1).
//!
//! Must never leave a unit's length unstated while it fits. What always holds: whole packets of 188 bytes, rising
//! continuity counters, tables with their CRC.

use peel_feeds::ts::{PACKET_BYTES, SYNC_BYTE, crc32};

const PAT_PID: u16 = 0;
const PMT_PID: u16 = 0x0100;
const VIDEO_PID: u16 = 0x0101;
const METADATA_PID: u16 = 0x0102;
const VIDEO_STREAM_ID: u8 = 0xE0;
const PRIVATE_STREAM_ID: u8 = 0xBD;
const HEADER_BYTES: usize = 4;
/// The clock runs this much behind presentation, in ticks of 90 kHz.
const CLOCK_LEAD: u64 = 18_000;

/// Gathers packets.
#[derive(Debug, Default)]
pub(super) struct Muxer {
    out: Vec<u8>,
    counters: [u8; 4],
}

impl Muxer {
    /// Writes both tables.
    pub(super) fn tables(&mut self) {
        let [pmt_high, pmt_low] = PMT_PID.to_be_bytes();
        let [video_high, video_low] = VIDEO_PID.to_be_bytes();
        let [data_high, data_low] = METADATA_PID.to_be_bytes();
        self.section(PAT_PID, 0, &[0x00, 0x01, 0xE0 | pmt_high, pmt_low]);
        let mut streams = vec![0xE0 | video_high, video_low, 0xF0, 0x00];
        streams.extend([0x1B, 0xE0 | video_high, video_low, 0xF0, 0x00]);
        streams.extend([0x06, 0xE0 | data_high, data_low, 0xF0, 0x06, 0x05, 0x04]);
        streams.extend(b"KLVA");
        self.section(PMT_PID, 2, &streams);
    }

    /// Writes one coded picture, a key frame, and the clock.
    pub(super) fn picture(&mut self, pts: u64, annex_b: &[u8]) {
        self.unit(VIDEO_PID, VIDEO_STREAM_ID, pts, annex_b, Some(pts.saturating_sub(CLOCK_LEAD)));
    }

    /// Writes one metadata packet.
    pub(super) fn metadata(&mut self, pts: u64, packet: &[u8]) {
        self.unit(METADATA_PID, PRIVATE_STREAM_ID, pts, packet, None);
    }

    /// The packets so far.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    fn section(&mut self, pid: u16, table_id: u8, body: &[u8]) {
        let length = u8::try_from(body.len() + 9).expect("the tables are short");
        let mut section = vec![table_id, 0xB0, length, 0x00, 0x01, 0xC1, 0x00, 0x00];
        section.extend(body);
        section.extend(crc32(&section).to_be_bytes());
        section.insert(0, 0);
        section.resize(PACKET_BYTES - HEADER_BYTES, 0xFF);
        self.packet(pid, true, &[], &section);
    }

    fn unit(&mut self, pid: u16, stream_id: u8, pts: u64, payload: &[u8], clock: Option<u64>) {
        let length = u16::try_from(payload.len() + 8).unwrap_or(0).to_be_bytes();
        let mut bytes = vec![0, 0, 1, stream_id, length[0], length[1], 0x84, 0x80, 5];
        bytes.extend(pts_field(pts));
        bytes.extend(payload);
        let mut rest = bytes.as_slice();
        let mut adaptation = clock.map(clock_field).unwrap_or_default();
        let mut start = true;
        while !rest.is_empty() {
            let room = PACKET_BYTES - HEADER_BYTES - adaptation.len();
            let (part, after) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            stuff(&mut adaptation, room - part.len());
            self.packet(pid, start, &adaptation, part);
            (rest, start) = (after, false);
            adaptation.clear();
        }
    }

    fn packet(&mut self, pid: u16, start: bool, adaptation: &[u8], payload: &[u8]) {
        let [high, low] = pid.to_be_bytes();
        let counter = self.counters.get_mut(match pid {
            PAT_PID => 0,
            PMT_PID => 1,
            VIDEO_PID => 2,
            _ => 3,
        });
        let counter = counter.map_or(0, |counter| {
            let now = *counter;
            *counter = (now + 1) & 0x0F;
            now
        });
        let control = if adaptation.is_empty() { 0x10 } else { 0x30 };
        self.out.extend([SYNC_BYTE, if start { 0x40 | high } else { high }, low, control | counter]);
        self.out.extend(adaptation);
        self.out.extend(payload);
    }
}

/// Lengthens an adaptation field, its length byte included, by `more` bytes.
fn stuff(adaptation: &mut Vec<u8>, more: usize) {
    if more == 0 {
        return;
    }
    let target = adaptation.len() + more;
    if adaptation.is_empty() {
        adaptation.push(0);
    }
    if target > 1 && adaptation.len() == 1 {
        adaptation.push(0);
    }
    adaptation.resize(target, 0xFF);
    if let Some(length) = adaptation.first_mut() {
        *length = u8::try_from(target - 1).expect("a packet is shorter than 256 bytes");
    }
}

/// An adaptation field with the clock, marked as a place where decoding can begin.
fn clock_field(clock: u64) -> Vec<u8> {
    let [.., a, b, c, d] = (clock >> 1).to_be_bytes();
    let low_bit = if clock & 1 == 1 { 0x80 } else { 0 };
    vec![7, 0x50, a, b, c, d, low_bit | 0x7E, 0]
}

fn pts_field(pts: u64) -> [u8; 5] {
    let bits = |shift: u32, mask: u64| (pts >> shift) & mask;
    let byte = |value: u64| value.to_be_bytes()[7];
    [
        0x21 | byte(bits(30, 7) << 1),
        byte(bits(22, 0xFF)),
        byte(bits(15, 0x7F) << 1) | 1,
        byte(bits(7, 0xFF)),
        byte(bits(0, 0x7F) << 1) | 1,
    ]
}
