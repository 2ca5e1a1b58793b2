//! MPEG transport stream in, video access units and metadata units out (ISO/IEC 13818-1, STANAG 4609).
//!
//! It takes bytes cut anywhere. It must never keep a picture once it is handed out, and never hand out a unit
//! with a hole in it. What always holds: buffers are bounded by the constants here, the same bytes give the same
//! events however they are cut, and damage is counted, skipped and survived.

mod au_cell;
mod demux;
mod pes;
mod psi;
mod video;

pub use demux::{Demuxer, TsStats};
pub use psi::{StreamKind, crc32};
pub use video::{Codec, FrameBytes, HardwareDecoder, VideoAccessUnit};

/// Bytes of a transport packet.
pub const PACKET_BYTES: usize = 188;
/// The byte that every transport packet begins with.
pub const SYNC_BYTE: u8 = 0x47;
/// Ticks a second of presentation times.
pub const PTS_HZ: u64 = 90_000;
/// Largest coded picture that is assembled.
pub const MAX_VIDEO_UNIT_BYTES: usize = 4 * 1024 * 1024;
/// Largest metadata unit that is assembled.
pub const MAX_METADATA_UNIT_BYTES: usize = 64 * 1024;
/// Most programmes and most elementary streams that are followed.
pub const MAX_STREAMS: usize = 16;

const PTS_BITS: u32 = 33;

/// A presentation time: 33 bits at 90 kHz, which start again after 26.5 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pts(u64);

impl Pts {
    /// From a count of ticks; bits above the 33rd are dropped.
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks & ((1 << PTS_BITS) - 1))
    }

    /// The 33-bit count of ticks.
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// Ticks from `earlier` to this, by the shorter way round: negative where this is the earlier one.
    pub const fn ticks_since(self, earlier: Self) -> i64 {
        let shift = 64 - PTS_BITS;
        (self.0.wrapping_sub(earlier.0) << shift).cast_signed() >> shift
    }

    /// Microseconds from `earlier` to this, by the shorter way round.
    pub const fn micros_since(self, earlier: Self) -> i64 {
        self.ticks_since(earlier) * 100 / 9
    }
}

/// How metadata travelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carriage {
    /// Stream type 0x06 with registration `KLVA`: packets without a firm tie to a frame.
    Asynchronous,
    /// Stream type 0x15: access unit cells that carry their frame's time.
    Synchronous,
}

/// One unit of metadata: one or more KLV packets, for [`crate::klv::triplets`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataUnit {
    /// Presentation time, if sent.
    pub pts: Option<Pts>,
    /// How it travelled.
    pub carriage: Carriage,
    /// KLV packets.
    pub bytes: Vec<u8>,
}

/// What comes out of a transport stream.
#[derive(Debug, PartialEq, Eq)]
pub enum TsEvent {
    /// A coded picture.
    Video(VideoAccessUnit),
    /// Metadata.
    Metadata(MetadataUnit),
    /// The sender's clock, in ticks of 27 MHz.
    ClockReference(u64),
}

/// Big-endian 16 bits at the start of `bytes`.
fn be16(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk::<2>().map(|pair| u16::from_be_bytes(*pair))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presentation_times_wrap() {
        let last = Pts::from_ticks((1 << 33) - 9);
        let first = Pts::from_ticks(9);
        assert_eq!(first.ticks_since(last), 18);
        assert_eq!(last.ticks_since(first), -18);
        assert_eq!(first.micros_since(last), 200);
        assert_eq!(Pts::from_ticks(1 << 33), Pts::from_ticks(0));
    }
}
