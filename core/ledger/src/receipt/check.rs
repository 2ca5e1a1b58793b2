//! The whole check of a receipt against a trust file: the person's code, what the force has on record, or both.
//!
//! Nothing else of the trail is needed or revealed. Every key comes from the reader's [`Trust`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{ReceiptCode, ReceiptError, ReceiptWords, paper_code, verify_receipt};
use crate::Hash;
use crate::bundle::{Trust, TrustedLog};
use crate::checkpoint::Checkpoint;
use crate::entry::Entry;
use crate::note::{NoteError, SignedNote, VerifiedSignature, VerifierKey};
use crate::tree::{MAX_PROOF_HASHES, leaf_hash, verify_inclusion};

/// The longest answer of a force under a paper code, in bytes.
pub const MAX_ON_RECORD_BYTES: usize = 256 * 1024;

/// What the force serves under a paper code: the entry, its proof, and a checkpoint that it has cosigned.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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

/// What is proved about a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptFindings {
    /// What the receipt says; nothing where only the paper code was used, or in a form that this version does not know.
    pub words: Option<ReceiptWords>,
    /// Whether the person's own code was there, so that the words are proved.
    pub words_proved: bool,
    /// The code on paper that belongs to it.
    pub paper_code: String,
    /// The phone's log.
    pub log: String,
    /// The entry's position in it.
    pub index: u64,
    /// The phone's clock when the entry was made, in milliseconds since 1970-01-01 UTC.
    pub entered_at_ms: i64,
    /// The size of the log that was signed.
    pub size: u64,
    /// Whether the phone's hardware key signed besides its software key.
    pub hardware_signed: bool,
    /// When the force cosigned, in seconds since 1970-01-01 UTC; nothing where only the phone has signed.
    pub force_cosigned_at_s: Option<u64>,
    /// What was not checked.
    pub not_checked: Vec<&'static str>,
}

impl ReceiptOnRecord {
    /// Reads a force's answer: a JSON list, or one of its items.
    pub fn parse_json(text: &[u8]) -> Result<Vec<Self>, ReceiptError> {
        if text.len() > MAX_ON_RECORD_BYTES {
            return Err(ReceiptError::TooLong);
        }
        let list = serde_json::from_slice(text).or_else(|_| serde_json::from_slice(text).map(|one| vec![one]));
        list.map_err(|_| ReceiptError::Malformed)
    }

    fn entry_bytes(&self) -> Result<Vec<u8>, ReceiptError> {
        STANDARD.decode(&self.entry).map_err(|_| ReceiptError::Malformed)
    }
}

/// What no receipt can tell, whoever signed: it takes a bundle, with the force log in it.
const NOT_IN_A_RECEIPT: [&str; 2] = [
    "whether the force has revoked this phone or changed its keys: that is in the force log",
    "whether the phone or the force has shown others another record (a fork): that is a bundle's check",
];

/// A proved place on record.
struct Place {
    commitment: Hash,
    findings: ReceiptFindings,
}

/// Checks the person's code.
pub fn check_code(code: &ReceiptCode, trust: &Trust) -> Result<ReceiptFindings, ReceiptError> {
    let trusted = trusted_log(trust, code.origin().as_str())?;
    let verified = verify_receipt(code, &keys_of(trusted, None))?;
    let words = ReceiptWords::read(&verified.receipt);
    let commitment = Hash::of(&[&code.salt, &code.receipt]);
    let mut not_checked = vec!["whether the force has cosigned it: only the phone's own signature is in the code"];
    not_checked.extend(NOT_IN_A_RECEIPT);
    if words.is_none() {
        not_checked.push("what the receipt says: its form is newer than this version knows");
    }
    Ok(ReceiptFindings {
        words,
        words_proved: true,
        paper_code: paper_code(&commitment),
        log: verified.origin.to_string(),
        index: verified.header.seq,
        entered_at_ms: verified.header.time.wall_ms,
        size: verified.size,
        hardware_signed: signed_by(trusted.hardware.as_ref(), &verified.signatures),
        force_cosigned_at_s: None,
        not_checked,
    })
}

/// Checks what the force has on record, and with the person's code that both are about the same entry.
pub fn check_on_record(
    record: &ReceiptOnRecord,
    code: Option<&ReceiptCode>,
    trust: &Trust,
) -> Result<ReceiptFindings, ReceiptError> {
    let Place { commitment, mut findings } = place(record, trust)?;
    let Some(code) = code else {
        findings.not_checked.push("what the receipt says: that is in the person's own code alone");
        return Ok(findings);
    };
    let own = check_code(code, trust)?;
    if code.entry != record.entry_bytes()? || own.log != findings.log {
        return Err(ReceiptError::OtherReceipt);
    }
    findings.paper_code = paper_code(&commitment);
    findings.hardware_signed |= own.hardware_signed;
    if own.words.is_none() {
        findings.not_checked.push("what the receipt says: its form is newer than this version knows");
    }
    (findings.words, findings.words_proved) = (own.words, true);
    Ok(findings)
}

fn place(record: &ReceiptOnRecord, trust: &Trust) -> Result<Place, ReceiptError> {
    let trusted = trusted_log(trust, &record.origin)?;
    let bytes = record.entry_bytes()?;
    let entry = Entry::decode(&bytes)?;
    let commitment = entry.receipt_commitment().ok_or(ReceiptError::NotAReceipt)?;
    if record.proof.len() > MAX_PROOF_HASHES || entry.header().seq != record.index {
        return Err(ReceiptError::Malformed);
    }
    let proof = record.proof.iter().map(|hash| Hash::from_base64(hash)).collect::<Result<Vec<_>, _>>();
    let proof = proof.map_err(|_| ReceiptError::Malformed)?;
    let note = SignedNote::parse(record.checkpoint.as_bytes())?;
    let checkpoint = Checkpoint::from_note(&note).map_err(|_| ReceiptError::Malformed)?;
    if checkpoint.origin != trusted.origin {
        return Err(ReceiptError::Malformed);
    }
    let signatures = note.verify_every_line(&keys_of(trusted, Some(&trust.gateway)))?;
    if !signed_by(Some(&trusted.key), &signatures) {
        return Err(NoteError::Unsigned.into());
    }
    verify_inclusion(record.index, checkpoint.size, &leaf_hash(&bytes), &proof, &checkpoint.root)?;
    let cosigned = signatures.iter().find(|line| is_by(&trust.gateway, line));
    let cosigned_at_s = cosigned.and_then(|line| line.cosigned_at_s).ok_or(ReceiptError::NotCosigned)?;
    let findings = ReceiptFindings {
        words: None,
        words_proved: false,
        paper_code: paper_code(&commitment),
        log: trusted.origin.to_string(),
        index: record.index,
        entered_at_ms: entry.header().time.wall_ms,
        size: checkpoint.size,
        hardware_signed: signed_by(trusted.hardware.as_ref(), &signatures),
        force_cosigned_at_s: Some(cosigned_at_s),
        not_checked: NOT_IN_A_RECEIPT.to_vec(),
    };
    Ok(Place { commitment, findings })
}

fn trusted_log<'a>(trust: &'a Trust, origin: &str) -> Result<&'a TrustedLog, ReceiptError> {
    trust.logs.iter().find(|log| log.origin.as_str() == origin).ok_or(ReceiptError::UnknownLog)
}

fn keys_of(trusted: &TrustedLog, gateway: Option<&VerifierKey>) -> Vec<VerifierKey> {
    let own = std::iter::once(&trusted.key).chain(trusted.hardware.as_ref());
    own.chain(gateway).cloned().collect()
}

fn is_by(key: &VerifierKey, line: &VerifiedSignature) -> bool {
    line.name == key.name() && line.key_id == key.key_id()
}

fn signed_by(key: Option<&VerifierKey>, lines: &[VerifiedSignature]) -> bool {
    key.is_some_and(|key| lines.iter().any(|line| is_by(key, line)))
}
