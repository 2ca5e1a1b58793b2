//! The demultiplexer: packets by identifier, tables followed, units given out.
//!
//! Must never wait for more bytes than one packet once it is in step. What always holds: a lost, doubled or
//! damaged packet costs the units that it touched and nothing else.

use std::collections::VecDeque;

use super::au_cell::Cells;
use super::pes::{Assembler, PesUnit};
use super::psi::{Sections, StreamKind, Table};
use super::{
    Carriage, Codec, MAX_METADATA_UNIT_BYTES, MAX_STREAMS, MAX_VIDEO_UNIT_BYTES, MetadataUnit, PACKET_BYTES, SYNC_BYTE,
    TsEvent, VideoAccessUnit, be16,
};

const PAT_PID: u16 = 0;
/// Sync bytes one packet apart that must agree before a stream counts as in step.
const LOCK_PACKETS: usize = 3;
const LOCK_BYTES: usize = PACKET_BYTES * (LOCK_PACKETS - 1) + 1;
/// Bytes gathered at most while searching for the step.
const SEARCH_BYTES: usize = PACKET_BYTES * 8;

/// What went through, and what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TsStats {
    /// Packets in step.
    pub packets: u64,
    /// Times the step was lost.
    pub sync_losses: u64,
    /// Packets missing by their continuity counters, counted as gaps.
    pub continuity_gaps: u64,
    /// Packets that were sent twice.
    pub duplicates: u64,
    /// Packets marked as damaged, scrambled, or malformed.
    pub bad_packets: u64,
    /// Units and tables given up.
    pub broken_units: u64,
}

/// Turns transport stream bytes, cut anywhere, into events.
#[derive(Debug, Default)]
pub struct Demuxer {
    carry: Vec<u8>,
    in_step: bool,
    was_in_step: bool,
    programmes: Vec<(u16, Tracked<Sections>)>,
    pat: Tracked<Sections>,
    streams: Vec<Stream>,
    clock_pid: Option<u16>,
    events: VecDeque<TsEvent>,
    stats: TsStats,
}

/// Something with a continuity counter.
#[derive(Debug, Default)]
struct Tracked<T> {
    counter: Option<u8>,
    inner: T,
}

#[derive(Debug)]
struct Stream {
    pid: u16,
    kind: StreamKind,
    pes: Tracked<Assembler>,
    cells: Cells,
}

/// A packet's header and payload.
struct Packet<'a> {
    pid: u16,
    unit_start: bool,
    counter: u8,
    discontinuity: bool,
    random_access: bool,
    clock: Option<u64>,
    payload: Option<&'a [u8]>,
}

/// What a continuity counter says about a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Continuity {
    Next,
    Gap,
    Duplicate,
}

impl Demuxer {
    /// A demultiplexer at the start of a stream, or anywhere in one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes; what is then complete is had from [`Self::next_event`].
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !self.carry.is_empty() && !bytes.is_empty() {
            let want = if self.in_step { PACKET_BYTES } else { SEARCH_BYTES };
            let (part, rest) = bytes.split_at_checked(want.saturating_sub(self.carry.len())).unwrap_or((bytes, &[]));
            self.carry.extend_from_slice(part);
            bytes = rest;
            let mut carry = std::mem::take(&mut self.carry);
            let used = self.consume(&carry);
            carry.drain(..used);
            self.carry = carry;
        }
        let used = self.consume(bytes);
        self.carry.extend_from_slice(bytes.get(used..).unwrap_or_default());
    }

    /// Ends the stream: a last picture without length is given out.
    pub fn finish(&mut self) {
        let carry = std::mem::take(&mut self.carry);
        for packet in carry.chunks_exact(PACKET_BYTES).take_while(|packet| packet.first() == Some(&SYNC_BYTE)) {
            self.packet(packet);
        }
        self.in_step = false;
        for stream in &mut self.streams {
            let mut last = None;
            self.stats.broken_units += u64::from(stream.pes.inner.end(&mut last));
            self.events.extend(last.and_then(|unit| stream.event(unit, &mut self.stats)));
        }
    }

    /// The next event, oldest first.
    pub fn next_event(&mut self) -> Option<TsEvent> {
        self.events.pop_front()
    }

    /// What went through, and what went wrong.
    pub fn stats(&self) -> TsStats {
        self.stats
    }

    /// The elementary streams followed now: packet identifier and kind.
    pub fn streams(&self) -> impl Iterator<Item = (u16, StreamKind)> {
        self.streams.iter().map(|stream| (stream.pid, stream.kind))
    }

    /// Works through `bytes` as far as it can be decided, and says how far that is.
    fn consume(&mut self, bytes: &[u8]) -> usize {
        let mut used = 0;
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            if self.in_step {
                let Some(packet) = rest.get(..PACKET_BYTES) else { return used };
                if packet.first() == Some(&SYNC_BYTE) {
                    self.packet(packet);
                    used += PACKET_BYTES;
                } else {
                    self.in_step = false;
                }
            } else {
                if rest.len() < LOCK_BYTES {
                    return used;
                }
                used += self.search(rest);
            }
        }
    }

    /// Skips to where the step is found, or past all that can be ruled out.
    fn search(&mut self, bytes: &[u8]) -> usize {
        let starts = bytes.windows(LOCK_BYTES);
        let ruled_out = starts.len();
        let found = bytes
            .windows(LOCK_BYTES)
            .position(|window| window.iter().step_by(PACKET_BYTES).all(|&byte| byte == SYNC_BYTE));
        if found.is_some() {
            self.stats.sync_losses += u64::from(std::mem::replace(&mut self.was_in_step, true));
            self.in_step = true;
        }
        found.unwrap_or(ruled_out)
    }

    fn packet(&mut self, bytes: &[u8]) {
        self.stats.packets += 1;
        let Some(packet) = Packet::read(bytes) else {
            self.stats.bad_packets += 1;
            return;
        };
        if let Some(clock) = packet.clock.filter(|_| self.clock_pid == Some(packet.pid)) {
            self.events.push_back(TsEvent::ClockReference(clock));
        }
        let Some(payload) = packet.payload else { return };
        if packet.pid == PAT_PID {
            self.pat_packet(&packet, payload);
        } else if let Some(at) = self.streams.iter().position(|stream| stream.pid == packet.pid) {
            self.stream_packet(at, &packet, payload);
        } else {
            self.pmt_packet(&packet, payload);
        }
    }

    fn pat_packet(&mut self, packet: &Packet<'_>, payload: &[u8]) {
        let mut tables = Vec::new();
        self.pat.sections(packet, payload, &mut tables, &mut self.stats);
        for table in tables {
            let Table::Programmes(pids) = table else { continue };
            self.programmes.retain(|(pid, _)| pids.contains(pid));
            for pid in pids.into_iter().take(MAX_STREAMS) {
                if self.programmes.iter().all(|(known, _)| *known != pid) {
                    self.programmes.push((pid, Tracked::default()));
                }
            }
        }
    }

    fn pmt_packet(&mut self, packet: &Packet<'_>, payload: &[u8]) {
        let Some((_, tracked)) = self.programmes.iter_mut().find(|(pid, _)| *pid == packet.pid) else { return };
        let mut tables = Vec::new();
        tracked.sections(packet, payload, &mut tables, &mut self.stats);
        for table in tables {
            let Table::Streams { clock_pid, streams } = table else { continue };
            self.clock_pid = Some(clock_pid);
            self.streams.retain(|stream| streams.contains(&(stream.pid, stream.kind)));
            for (pid, kind) in streams.into_iter().take(MAX_STREAMS) {
                if self.streams.len() < MAX_STREAMS && self.streams.iter().all(|stream| stream.pid != pid) {
                    self.streams.push(Stream::new(pid, kind));
                }
            }
        }
    }

    fn stream_packet(&mut self, at: usize, packet: &Packet<'_>, payload: &[u8]) {
        let Some(stream) = self.streams.get_mut(at) else { return };
        match stream.pes.continuity(packet) {
            Continuity::Next => {}
            Continuity::Duplicate => {
                self.stats.duplicates += 1;
                return;
            }
            Continuity::Gap => {
                self.stats.continuity_gaps += 1;
                self.stats.broken_units += u64::from(stream.pes.inner.discard());
                stream.cells.reset();
            }
        }
        let pushed = stream.pes.inner.push(payload, packet.unit_start, packet.random_access);
        self.stats.broken_units += u64::from(pushed.broken);
        for unit in pushed.before.into_iter().chain(pushed.ended) {
            self.events.extend(stream.event(unit, &mut self.stats));
        }
    }
}

impl Stream {
    fn new(pid: u16, kind: StreamKind) -> Self {
        let limit = match kind {
            StreamKind::H264 | StreamKind::H265 => MAX_VIDEO_UNIT_BYTES,
            StreamKind::KlvAsynchronous | StreamKind::KlvSynchronous => MAX_METADATA_UNIT_BYTES,
        };
        Self { pid, kind, pes: Tracked { counter: None, inner: Assembler::new(limit) }, cells: Cells::default() }
    }

    fn event(&mut self, unit: PesUnit, stats: &mut TsStats) -> Option<TsEvent> {
        let PesUnit { pts, random_access, bytes } = unit;
        let metadata = |carriage, bytes: Vec<u8>| {
            (!bytes.is_empty()).then_some(TsEvent::Metadata(MetadataUnit { pts, carriage, bytes }))
        };
        match self.kind {
            StreamKind::H264 => Some(TsEvent::Video(VideoAccessUnit::new(pts, Codec::H264, random_access, bytes))),
            StreamKind::H265 => Some(TsEvent::Video(VideoAccessUnit::new(pts, Codec::H265, random_access, bytes))),
            StreamKind::KlvAsynchronous => metadata(Carriage::Asynchronous, bytes),
            StreamKind::KlvSynchronous => {
                let (bytes, broken) = self.cells.push(&bytes);
                stats.broken_units += u64::from(broken);
                metadata(Carriage::Synchronous, bytes)
            }
        }
    }
}

impl<T> Tracked<T> {
    fn continuity(&mut self, packet: &Packet<'_>) -> Continuity {
        match self.counter.replace(packet.counter) {
            None => Continuity::Next,
            Some(last) if (last + 1) & 0x0F == packet.counter => Continuity::Next,
            Some(_) if packet.discontinuity => Continuity::Gap,
            Some(last) if last == packet.counter => Continuity::Duplicate,
            Some(_) => Continuity::Gap,
        }
    }
}

impl Tracked<Sections> {
    fn sections(&mut self, packet: &Packet<'_>, payload: &[u8], tables: &mut Vec<Table>, stats: &mut TsStats) {
        match self.continuity(packet) {
            Continuity::Next => {}
            Continuity::Duplicate => {
                stats.duplicates += 1;
                return;
            }
            Continuity::Gap => {
                stats.continuity_gaps += 1;
                self.inner.reset();
            }
        }
        stats.broken_units += u64::from(self.inner.push(payload, packet.unit_start, tables));
    }
}

impl<'a> Packet<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (&[_sync, high, low, control], rest) = bytes.split_first_chunk::<4>()?;
        if high & 0x80 != 0 || control & 0xC0 != 0 {
            return None;
        }
        let mut packet = Self {
            pid: u16::from_be_bytes([high & 0x1F, low]),
            unit_start: high & 0x40 != 0,
            counter: control & 0x0F,
            discontinuity: false,
            random_access: false,
            clock: None,
            payload: None,
        };
        let mut payload = rest;
        if control & 0x20 != 0 {
            let (&length, rest) = rest.split_first()?;
            let (field, rest) = rest.split_at_checked(length.into())?;
            payload = rest;
            if let Some((&flags, field)) = field.split_first() {
                packet.discontinuity = flags & 0x80 != 0;
                packet.random_access = flags & 0x40 != 0;
                packet.clock = (flags & 0x10 != 0).then(|| read_clock(field)).flatten();
            }
        }
        packet.payload = (control & 0x10 != 0).then_some(payload);
        Some(packet)
    }
}

/// The programme clock reference: 33 bits at 90 kHz and 9 bits at 27 MHz.
fn read_clock(field: &[u8]) -> Option<u64> {
    let (high, rest) = field.split_first_chunk::<4>()?;
    let low = be16(rest)?;
    let base = (u64::from(u32::from_be_bytes(*high)) << 1) | u64::from(low >> 15);
    Some(base * 300 + u64::from(low & 0x1FF))
}
