//! The bytes of the mirror protocol's requests and replies.
//!
//! Reading copies no entry: packages borrow from the body. A body that ends within a package gives the
//! packages before it, as the protocol asks; nothing else that is malformed is let through.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{MAX_ADD_CHECKPOINT_BYTES, MAX_PACKAGES, MAX_TICKET_BYTES, MirrorError, PACKAGE_ENTRIES};
use crate::checkpoint::{Checkpoint, parse_decimal};
use crate::entry::MAX_ENTRY_BYTES;
use crate::note::SignedNote;
use crate::tree::{MAX_PROOF_HASHES, Nodes, consistency_proof, subtree_proof};
use crate::{Hash, Origin};

/// `POST <prefix>/add-checkpoint`: an old size, a consistency proof and a signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the pending checkpoint that the mirror is believed to hold.
    pub old_size: u64,
    /// Consistency from `old_size` to the checkpoint.
    pub proof: Vec<Hash>,
    /// The signed checkpoint.
    pub note: SignedNote,
    /// What the note says.
    pub checkpoint: Checkpoint,
}

impl AddCheckpoint {
    /// Makes the request; `nodes` must hold the log up to the checkpoint.
    pub fn build(old_size: u64, note: SignedNote, nodes: &impl Nodes) -> Result<Self, MirrorError> {
        let checkpoint = Checkpoint::from_note(&note).map_err(|_| MirrorError::Malformed)?;
        let proof = consistency_proof(nodes, old_size, checkpoint.size)?;
        Ok(Self { old_size, proof, note, checkpoint })
    }

    /// The request body.
    pub fn encode(&self) -> Vec<u8> {
        let proof: String = self.proof.iter().map(|hash| hash.to_base64() + "\n").collect();
        format!("old {}\n{proof}\n{}", self.old_size, self.note.to_text()).into_bytes()
    }

    /// Reads a request body.
    pub fn parse(body: &[u8]) -> Result<Self, MirrorError> {
        if body.len() > MAX_ADD_CHECKPOINT_BYTES {
            return Err(MirrorError::TooLong);
        }
        let text = std::str::from_utf8(body).map_err(|_| MirrorError::Malformed)?;
        let (head, note) = text.split_once("\n\n").ok_or(MirrorError::Malformed)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old_size = old.and_then(parse_decimal).ok_or(MirrorError::Malformed)?;
        let proof = lines.map(Hash::from_base64).collect::<Result<Vec<_>, _>>();
        let proof = proof.map_err(|_| MirrorError::Malformed)?;
        if proof.len() > MAX_PROOF_HASHES {
            return Err(MirrorError::TooLong);
        }
        let note = SignedNote::parse(note.as_bytes())?;
        let checkpoint = Checkpoint::from_note(&note).map_err(|_| MirrorError::Malformed)?;
        Ok(Self { old_size, proof, note, checkpoint })
    }
}

/// The canonical sequence of packages over `[start, end)`: aligned at multiples of 256.
pub fn package_bounds(start: u64, end: u64) -> impl Iterator<Item = (u64, u64)> {
    let mut from = start;
    std::iter::from_fn(move || {
        let to = (from / PACKAGE_ENTRIES + 1).saturating_mul(PACKAGE_ENTRIES).min(end);
        let package = (from < to).then_some((from, to));
        from = to;
        package
    })
}

/// One entry package: entries `[start, end)` and the proof of the subtree that they complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package<'a> {
    /// Index of the first entry.
    pub start: u64,
    /// Index after the last entry.
    pub end: u64,
    /// The entries.
    pub entries: Vec<&'a [u8]>,
    /// Subtree consistency proof from `[start rounded down to 256, end)` to the upload's end.
    pub proof: Vec<Hash>,
}

impl<'a> Package<'a> {
    /// Makes a package; `entries` are those of `[start, start + entries.len())`.
    pub fn build(start: u64, entries: Vec<&'a [u8]>, upload_end: u64, nodes: &impl Nodes) -> Result<Self, MirrorError> {
        let end = start.checked_add(entries.len() as u64).ok_or(MirrorError::Malformed)?;
        let proof = subtree_proof(nodes, start / PACKAGE_ENTRIES * PACKAGE_ENTRIES, end, upload_end)?;
        Ok(Self { start, end, entries, proof })
    }

    fn encode(&self, body: &mut Vec<u8>) -> Result<(), MirrorError> {
        for entry in &self.entries {
            let length = u16::try_from(entry.len()).map_err(|_| MirrorError::TooLong)?;
            body.extend_from_slice(&length.to_be_bytes());
            body.extend_from_slice(entry);
        }
        body.push(u8::try_from(self.proof.len()).map_err(|_| MirrorError::TooLong)?);
        for hash in &self.proof {
            body.extend_from_slice(hash.as_bytes());
        }
        Ok(())
    }

    /// Reads one package; `None` when the body ends within it.
    fn parse(start: u64, end: u64, rest: &mut &'a [u8]) -> Result<Option<Self>, MirrorError> {
        let mut entries = Vec::new();
        for _ in start..end {
            let Some(entry) = take_u16(rest).and_then(|length| take(rest, usize::from(length))) else {
                return Ok(None);
            };
            entries.push(entry);
        }
        let Some([count]) = take(rest, 1).and_then(|byte| <[u8; 1]>::try_from(byte).ok()) else {
            return Ok(None);
        };
        let count = usize::from(count);
        if count > MAX_PROOF_HASHES {
            return Err(MirrorError::Malformed);
        }
        let Some(hashes) = take(rest, count * Hash::LEN) else { return Ok(None) };
        let proof = hashes.chunks_exact(Hash::LEN).map(Hash::from_slice).collect::<Result<Vec<_>, _>>();
        Ok(Some(Self { start, end, entries, proof: proof.map_err(|_| MirrorError::Malformed)? }))
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn take_u16(rest: &mut &[u8]) -> Option<u16> {
    take(rest, 2).and_then(|bytes| bytes.try_into().ok()).map(u16::from_be_bytes)
}

fn take_u64(rest: &mut &[u8]) -> Option<u64> {
    take(rest, 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes)
}

/// `POST <prefix>/add-entries`: which log, which interval, and a prefix of its packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddEntries<'a> {
    /// Which log.
    pub origin: Origin,
    /// Index of the first entry uploaded.
    pub upload_start: u64,
    /// The size of the pending checkpoint.
    pub upload_end: u64,
    /// What the mirror gave along, or nothing.
    pub ticket: Vec<u8>,
    /// The packages, a prefix of the canonical sequence.
    pub packages: Vec<Package<'a>>,
    /// Whether the body ended within a package, or held fewer than the interval asks for.
    pub partial: bool,
}

impl<'a> AddEntries<'a> {
    /// The request body.
    pub fn encode(&self) -> Result<Vec<u8>, MirrorError> {
        let mut body = Vec::new();
        let origin = self.origin.as_str().as_bytes();
        let length = u16::try_from(origin.len()).map_err(|_| MirrorError::TooLong)?;
        body.extend_from_slice(&length.to_be_bytes());
        body.extend_from_slice(origin);
        body.extend_from_slice(&self.upload_start.to_be_bytes());
        body.extend_from_slice(&self.upload_end.to_be_bytes());
        let length = u16::try_from(self.ticket.len()).map_err(|_| MirrorError::TooLong)?;
        body.extend_from_slice(&length.to_be_bytes());
        body.extend_from_slice(&self.ticket);
        for package in &self.packages {
            package.encode(&mut body)?;
        }
        Ok(body)
    }

    /// Reads a request body. Bytes of a package that is cut short are dropped; bytes after the last
    /// package of the interval are refused.
    pub fn parse(body: &'a [u8]) -> Result<Self, MirrorError> {
        let mut rest = body;
        let (origin, upload_start, upload_end, ticket) = Self::parse_head(&mut rest).ok_or(MirrorError::Malformed)?;
        let origin = std::str::from_utf8(origin).ok().and_then(|text| Origin::new(text).ok());
        let origin = origin.ok_or(MirrorError::Malformed)?;
        if upload_start > upload_end || ticket.len() > MAX_TICKET_BYTES {
            return Err(MirrorError::Malformed);
        }
        let mut request =
            Self { origin, upload_start, upload_end, ticket: ticket.to_vec(), packages: Vec::new(), partial: false };
        for (start, end) in package_bounds(upload_start, upload_end) {
            if rest.is_empty() {
                request.partial = true;
                break;
            }
            if request.packages.len() as u64 >= MAX_PACKAGES {
                return Err(MirrorError::TooLong);
            }
            let Some(package) = Package::parse(start, end, &mut rest)? else {
                request.partial = true;
                return Ok(request);
            };
            request.packages.push(package);
        }
        if rest.is_empty() { Ok(request) } else { Err(MirrorError::Malformed) }
    }

    fn parse_head(rest: &mut &'a [u8]) -> Option<(&'a [u8], u64, u64, &'a [u8])> {
        let length = take_u16(rest)?;
        let origin = take(rest, usize::from(length))?;
        let (start, end) = (take_u64(rest)?, take_u64(rest)?);
        let length = take_u16(rest)?;
        Some((origin, start, end, take(rest, usize::from(length))?))
    }
}

const _: () = assert!(MAX_ENTRY_BYTES == u16::MAX as usize, "the length prefix holds every entry");

/// The body of a 202 or 409 reply to `add-entries`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorInfo {
    /// The size of a valid pending checkpoint.
    pub tree_size: u64,
    /// The first entry that the mirror lacks.
    pub next_entry: u64,
    /// To be handed back.
    pub ticket: Vec<u8>,
}

impl MirrorInfo {
    /// The reply body.
    pub fn encode(&self) -> String {
        format!("{}\n{}\n{}\n", self.tree_size, self.next_entry, STANDARD.encode(&self.ticket))
    }

    /// Reads a reply body.
    pub fn parse(body: &[u8]) -> Result<Self, MirrorError> {
        let text = std::str::from_utf8(body).map_err(|_| MirrorError::Malformed)?;
        let mut lines = text.split('\n');
        let (Some(size), Some(next), Some(ticket), Some(""), None) =
            (lines.next(), lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(MirrorError::Malformed);
        };
        let ticket = STANDARD.decode(ticket).map_err(|_| MirrorError::Malformed)?;
        if ticket.len() > MAX_TICKET_BYTES {
            return Err(MirrorError::TooLong);
        }
        let tree_size = parse_decimal(size).ok_or(MirrorError::Malformed)?;
        let next_entry = parse_decimal(next).ok_or(MirrorError::Malformed)?;
        Ok(Self { tree_size, next_entry, ticket })
    }
}
