//! Receipts by their paper code: the version that the force has cosigned.
//!
//! Must never: reveal anything of a log but the one clear entry and its proof.
//! Always: the paper code is the first 50 bits of the receipt's commitment in Crockford's base 32, so it needs no
//! table to be kept in step with the phone.

use peel_ledger::Hash;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::note::SignedNote;
use peel_ledger::tree::{LeafHashes, inclusion_proof};
use serde::Serialize;

use super::{Gateway, ServiceError};
use crate::storage::{LogStore as _, Logs, Tx};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
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

fn on_record(tx: &Tx, log_id: &str, index: u64) -> Result<Option<ReceiptOnRecord>, ServiceError> {
    use base64::Engine as _;
    let logs = Logs(tx);
    let row = logs.log(log_id)?.ok_or(ServiceError::Internal)?;
    let Some(committed) = row.committed.filter(|committed| committed.size > index) else { return Ok(None) };
    let note = SignedNote::parse(committed.note.as_bytes()).map_err(|_| ServiceError::Internal)?;
    let size = Checkpoint::from_note(&note).map_err(|_| ServiceError::Internal)?.size;
    let leaves = LeafHashes::new(logs.leaf_hashes(log_id, size)?);
    let proof = inclusion_proof(&leaves, index, size).map_err(|_| ServiceError::Internal)?;
    let entry = logs.read_entries(log_id, index, 1, usize::MAX)?.pop().ok_or(ServiceError::Internal)?;
    Ok(Some(ReceiptOnRecord {
        origin: row.origin.to_string(),
        index,
        entry: base64::engine::general_purpose::STANDARD.encode(entry),
        proof: proof.iter().map(Hash::to_base64).collect(),
        checkpoint: committed.note,
    }))
}

impl Gateway {
    /// The receipts on record under a paper code.
    pub async fn receipts(&self, code: &str) -> Result<Vec<ReceiptOnRecord>, ServiceError> {
        let code = normal_form(code).ok_or(ServiceError::NotFound)?;
        let found = self
            .db
            .read(move |tx| {
                let mut found = Vec::new();
                for (log_id, index) in Logs(tx).receipts(&code)? {
                    found.extend(on_record(tx, &log_id, index)?);
                }
                Ok::<_, ServiceError>(found)
            })
            .await?;
        if found.is_empty() { Err(ServiceError::NotFound) } else { Ok(found) }
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
