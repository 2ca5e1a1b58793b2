//! Signed notes (C2SP signed-note): a text and the lines of those who signed it.
//!
//! A parsed [`SignedNote`] has exactly one byte form: base64 with slack bits, a doubled line or a stray
//! control character is refused. The text means nothing until [`SignedNote::verify`] has succeeded
//! against keys that came from elsewhere.

mod key;
mod signer;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use key::{SignatureType, VerifierKey};
pub use signer::{Ed25519Signer, HardwareSigner, cosignature_message};

/// The largest note accepted, in bytes; the same limit as the common Go implementation.
pub const MAX_NOTE_BYTES: usize = 1_000_000;
/// The most signature lines accepted in a note.
pub const MAX_SIGNATURES: usize = 32;
/// The longest signature accepted, in bytes after the key id.
pub const MAX_SIGNATURE_BYTES: usize = 8 * 1024;
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// Why a note, a key or a signature was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a signed note in its one form.
    #[error("read note: not a signed note in canonical form")]
    Malformed,
    /// Longer than [`MAX_NOTE_BYTES`] or with more than [`MAX_SIGNATURES`] lines.
    #[error("read note: too long")]
    TooLong,
    /// A verifier key that is not in its one form.
    #[error("read verifier key: not a verifier key in canonical form")]
    Key,
    /// A key name that is empty or holds a space or a plus sign.
    #[error("read key name: not allowed in a note")]
    Name,
    /// No line is by a key that is known.
    #[error("verify note: no signature by a known key")]
    Unsigned,
    /// A line by a known key does not verify.
    #[error("verify note: signature by a known key does not verify")]
    Signature,
    /// A line by a key that is not known, where every line must be known.
    #[error("verify note: signature by an unknown key")]
    UnknownKey,
    /// The signing key refused or is not able to sign.
    #[error("sign note: key refused")]
    Refused,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    name: String,
    key_id: [u8; 4],
    signature: Vec<u8>,
}

impl SignatureLine {
    /// Puts a line together.
    pub fn new(name: &str, key_id: [u8; 4], signature: Vec<u8>) -> Result<Self, NoteError> {
        check_name(name)?;
        if signature.is_empty() || signature.len() > MAX_SIGNATURE_BYTES {
            return Err(NoteError::Malformed);
        }
        Ok(Self { name: name.to_owned(), key_id, signature })
    }

    /// Who signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The short id of the signing key.
    pub const fn key_id(&self) -> [u8; 4] {
        self.key_id
    }

    /// The signature without the key id.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The line with its newline.
    pub fn to_line(&self) -> String {
        let bytes = [&self.key_id[..], &self.signature].concat();
        format!("{SIGNATURE_PREFIX}{} {}\n", self.name, STANDARD.encode(bytes))
    }

    /// Reads one line without its newline.
    fn parse(line: &str) -> Result<Self, NoteError> {
        let rest = line.strip_prefix(SIGNATURE_PREFIX).ok_or(NoteError::Malformed)?;
        let (name, encoded) = rest.split_once(' ').ok_or(NoteError::Malformed)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Malformed)?;
        let (key_id, signature) = bytes.split_first_chunk::<4>().ok_or(NoteError::Malformed)?;
        Self::new(name, *key_id, signature.to_vec())
    }

    /// Reads a sequence of lines, each with its newline, as a mirror or a witness replies.
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, NoteError> {
        let body = text.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        let lines = body.split('\n').map(Self::parse).collect::<Result<Vec<_>, _>>()?;
        if lines.len() > MAX_SIGNATURES { Err(NoteError::TooLong) } else { Ok(lines) }
    }
}

/// A text and its signature lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<SignatureLine>,
}

/// A line that verified: who, and for a cosignature when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedSignature {
    /// The key's name.
    pub name: String,
    /// The key's short id.
    pub key_id: [u8; 4],
    /// The time that a cosignature states, in seconds since 1970-01-01 UTC.
    pub cosigned_at_s: Option<u64>,
}

impl SignedNote {
    /// A note without signatures yet; `text` must end in a newline and hold no other control character.
    pub fn new(text: impl Into<String>) -> Result<Self, NoteError> {
        let text = text.into();
        check_text(&text)?;
        Ok(Self { text, signatures: Vec::new() })
    }

    /// What is signed, with its final newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lines, in their order.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Adds a line; the same key twice is refused.
    pub fn attach(&mut self, line: SignatureLine) -> Result<(), NoteError> {
        let doubled = |known: &SignatureLine| known.name == line.name && known.key_id == line.key_id;
        if self.signatures.iter().any(doubled) {
            return Err(NoteError::Malformed);
        }
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(NoteError::TooLong);
        }
        self.signatures.push(line);
        Ok(())
    }

    /// The signature lines as text.
    pub fn signature_lines(&self) -> String {
        self.signatures.iter().map(SignatureLine::to_line).collect()
    }

    /// The whole note.
    pub fn to_text(&self) -> String {
        format!("{}\n{}", self.text, self.signature_lines())
    }

    /// Reads a note with at least one signature line.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong);
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::Malformed)?;
        let split = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let (text, rest) = note.split_at_checked(split + 1).ok_or(NoteError::Malformed)?;
        let lines = rest.strip_prefix('\n').ok_or(NoteError::Malformed)?;
        let mut parsed = Self::new(text)?;
        for line in SignatureLine::parse_lines(lines)? {
            parsed.attach(line)?;
        }
        if parsed.to_text() == note { Ok(parsed) } else { Err(NoteError::Malformed) }
    }

    /// Verifies against known keys: lines by unknown keys are ignored, a known key's bad line refuses the
    /// note, and at least one known key must have signed.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<Vec<VerifiedSignature>, NoteError> {
        let mut verified = Vec::new();
        for line in &self.signatures {
            let known = keys.iter().find(|key| key.name() == line.name && key.key_id() == line.key_id);
            if let Some(key) = known {
                let cosigned_at_s = key.verify(&self.text, line)?;
                verified.push(VerifiedSignature { name: line.name.clone(), key_id: line.key_id, cosigned_at_s });
            }
        }
        if verified.is_empty() { Err(NoteError::Unsigned) } else { Ok(verified) }
    }

    /// Verifies as [`Self::verify`] does and keeps the lines of those keys alone: who stores a note for others passes on
    /// nothing that he did not check.
    ///
    /// # Errors
    /// Those of [`Self::verify`].
    pub fn keep_verified(&self, keys: &[VerifierKey]) -> Result<(Self, Vec<VerifiedSignature>), NoteError> {
        let verified = self.verify(keys)?;
        let is_known =
            |line: &&SignatureLine| verified.iter().any(|known| known.name == line.name && known.key_id == line.key_id);
        let signatures = self.signatures.iter().filter(is_known).cloned().collect();
        Ok((Self { text: self.text.clone(), signatures }, verified))
    }

    /// As [`Self::verify`], and every line must be by a known key: then no byte of the note is slack.
    pub fn verify_every_line(&self, keys: &[VerifierKey]) -> Result<Vec<VerifiedSignature>, NoteError> {
        let verified = self.verify(keys)?;
        if verified.len() == self.signatures.len() { Ok(verified) } else { Err(NoteError::UnknownKey) }
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if text.len() > MAX_NOTE_BYTES {
        return Err(NoteError::TooLong);
    }
    let clean = text.bytes().all(|byte| byte >= 0x20 || byte == b'\n');
    if clean && text.ends_with('\n') { Ok(()) } else { Err(NoteError::Malformed) }
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let allowed = |c: char| !c.is_whitespace() && !c.is_ascii_control() && c != '+';
    if !name.is_empty() && name.chars().all(allowed) { Ok(()) } else { Err(NoteError::Name) }
}

#[cfg(test)]
mod tests;
