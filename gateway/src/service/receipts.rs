//! Receipts by their paper code: the version that the force has cosigned.
//!
//! Must never: reveal anything of a log but the one clear entry and its proof.
//! Always: any phone can write entries for any code, so they never stand between a person and the true one: the newest of
//! each log comes first, then all, page by page, and a request costs the same whatever there is. The paper code is the first 50 bits of the receipt's commitment in Crockford's base 32, so it needs no
//! table to be kept in step with the phone.

use std::sync::Arc;

use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::note::SignedNote;
use peel_ledger::{Hash, Origin};
use serde::Serialize;

use super::{Gateway, ServiceError, TileRoots};
use crate::storage::{LogStore as _, Logs, Tx};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Receipts in one page, and logs.
const PAGE: u64 = 8;
const PAGE_LOGS: usize = 8;
/// Characters of a paper code.
const CODE_CHARACTERS: usize = 10;

/// The paper code of a receipt's commitment.
pub fn paper_code(commitment: &Hash) -> String {
    let bits = commitment.as_bytes().iter().take(8).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    let mut code = String::with_capacity(CODE_CHARACTERS);
    for position in 1..=CODE_CHARACTERS {
        let index = usize::try_from((bits >> (64 - 5 * position)) & 31).unwrap_or(0);
        code.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'0')));
    }
    code
}

/// Reads a code as people write it: either case, spaces and hyphens anywhere, O for 0 and I or L for 1.
fn normal_form(text: &str) -> Option<String> {
    let mut code = String::with_capacity(CODE_CHARACTERS);
    for character in text.chars().filter(|c| !matches!(c, ' ' | '-')) {
        let upper = match character.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        if !upper.is_ascii() || !ALPHABET.contains(&u8::try_from(upper).ok()?) || code.len() == CODE_CHARACTERS {
            return None;
        }
        code.push(upper);
    }
    (code.len() == CODE_CHARACTERS).then_some(code)
}

/// One receipt's place on record.
#[derive(Clone, Debug, Serialize)]
pub struct ReceiptOnRecord {
    /// The log's origin.
    pub origin: String,
    /// The entry's index.
    pub index: u64,
    /// The class 5 entry, base64.
    pub entry: String,
    /// The inclusion proof, base64 hashes.
    pub proof: Vec<String>,
    /// The checkpoint with the phone's lines and the force's cosignature.
    pub checkpoint: String,
}

fn on_record(tx: &Tx, roots: &TileRoots, log_id: &str, index: u64) -> Result<Option<ReceiptOnRecord>, ServiceError> {
    use base64::Engine as _;
    let logs = Logs(tx);
    let row = logs.log(log_id)?.ok_or(ServiceError::Internal)?;
    let Some(committed) = row.committed.filter(|committed| committed.size > index) else { return Ok(None) };
    let note = SignedNote::parse(committed.note.as_bytes()).map_err(|_| ServiceError::Internal)?;
    let size = Checkpoint::from_note(&note).map_err(|_| ServiceError::Internal)?.size;
    let proof = roots.inclusion(tx, log_id, index, size)?;
    let entry = logs.read_entries(log_id, index, 1, usize::MAX)?.pop().ok_or(ServiceError::Internal)?;
    Ok(Some(ReceiptOnRecord {
        origin: row.origin.to_string(),
        index,
        entry: base64::engine::general_purpose::STANDARD.encode(entry),
        proof: proof.iter().map(Hash::to_base64).collect(),
        checkpoint: committed.note,
    }))
}

/// Which receipts of a code are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// The newest of each log.
    #[default]
    Newest,
    /// The newest of each log after this one.
    NewestAfter(String),
    /// All, from an index of a log on.
    From(String, u64),
    /// The one at an index of a log.
    At(Origin, u64),
}

impl Wanted {
    /// Reads a page's name as an earlier page gave it.
    pub fn page(text: &str) -> Result<Self, ServiceError> {
        const BAD: ServiceError = ServiceError::Invalid("receipts.page");
        let is_log = |log: &str| log.len() <= 64;
        match text.split('.').collect::<Vec<_>>()[..] {
            ["newest", log] if is_log(log) => Ok(Self::NewestAfter(log.to_owned())),
            ["all", log, index] if is_log(log) => Ok(Self::From(log.to_owned(), index.parse().map_err(|_| BAD)?)),
            _ => Err(BAD),
        }
    }
}

/// A page of receipts, and the name of the next page if there is one.
pub type ReceiptPage = (Vec<ReceiptOnRecord>, Option<String>);

/// Where entries stand, and the name of the next page.
type Places = (Vec<(String, u64)>, Option<String>);

fn places(tx: &Tx, code: &str, wanted: Wanted) -> Result<Places, ServiceError> {
    let logs = Logs(tx);
    let log = match wanted {
        Wanted::At(origin, index) => {
            let places = logs.receipts_from(code, origin.last_part(), index, 1)?;
            return Ok((
                places.into_iter().filter(|place| *place == (origin.last_part().to_owned(), index)).collect(),
                None,
            ));
        }
        Wanted::From(log, index) => {
            let mut places = logs.receipts_from(code, &log, index, PAGE + 1)?;
            let more = places.len() as u64 > PAGE;
            let next = if more { places.pop().map(|(log, index)| format!("all.{log}.{index}")) } else { None };
            return Ok((places, next));
        }
        Wanted::Newest => String::new(),
        Wanted::NewestAfter(log) => log,
    };
    let places = logs.newest_receipts(code, &log, PAGE_LOGS)?;
    let next = match places.last() {
        Some((last, _)) if places.len() == PAGE_LOGS => format!("newest.{last}"),
        _ => "all..0".to_owned(),
    };
    Ok((places.into_iter().filter_map(|(log, index)| Some((log, index?))).collect(), Some(next)))
}

impl Gateway {
    /// A page of the receipts on record under a paper code.
    pub async fn receipts(&self, code: &str, wanted: Wanted) -> Result<ReceiptPage, ServiceError> {
        let code = normal_form(code).ok_or(ServiceError::NotFound)?;
        let roots = Arc::clone(&self.tile_roots);
        let first = matches!(wanted, Wanted::Newest | Wanted::At(..));
        let (found, next) = self
            .db
            .read(move |tx| {
                let origin = if let Wanted::At(origin, _) = &wanted { Some(origin.to_string()) } else { None };
                let (places, next) = places(tx, &code, wanted)?;
                let mut found = Vec::new();
                for (log_id, index) in places {
                    found.extend(on_record(tx, &roots, &log_id, index)?);
                }
                found.retain(|receipt| origin.as_ref().is_none_or(|origin| receipt.origin == *origin));
                Ok::<_, ServiceError>((found, next))
            })
            .await?;
        if first && found.is_empty() { Err(ServiceError::NotFound) } else { Ok((found, next)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_however_it_is_written() {
        let code = paper_code(&Hash::of(&[b"receipt"]));
        assert_eq!(code.len(), CODE_CHARACTERS);
        let (front, back) = code.split_at(5);
        let written = format!("{}-{}", front.to_lowercase().replace('0', "o"), back.replace('1', "l"));
        assert_eq!(normal_form(&written), Some(code));
        for bad in ["", "0123456789A", "012345678", "01234567U9", "0123456789é"] {
            assert_eq!(normal_form(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_first_fifty_bits_are_the_code() {
        let mut bytes = [0_u8; 32];
        bytes[0] = 0b0000_1000;
        bytes[6] = 0b0100_0000;
        assert_eq!(paper_code(&Hash::new(bytes)), "1000000001");
    }
}
