//! The entry: one record of the trail, as deterministic CBOR over integer keys.
//!
//! It never carries readable content but a receipt's commitment. An [`Entry`] that exists is
//! well-formed: its class, suite, recipients, lengths and order agree, and it has exactly one encoding.
//! The format is `entry.cddl`; RFC 8949 section 4.2.1 governs the bytes.

mod codec;
mod view;

use crate::Hash;

pub use view::EntryView;

/// The version written in key 1.
pub const ENTRY_VERSION: u8 = 1;
/// The longest encoded entry, in bytes (tlog-tiles entry bundles prefix a 16-bit length).
pub const MAX_ENTRY_BYTES: usize = 65_535;
/// The most recipients that one entry's content key is wrapped to.
pub const MAX_RECIPIENTS: usize = 16;
/// Bodies are padded to a multiple of this many bytes before encryption.
pub const PADDING_STEP: usize = 256;
/// Bytes of authentication tag that both ciphers append.
pub const TAG_BYTES: usize = 16;
/// Bytes of the wrapped content key: 32 of key, 16 of tag.
pub const WRAPPED_KEY_BYTES: usize = 48;
/// The longest body that fits in an entry whatever its recipients, in bytes before padding: [`MAX_RECIPIENTS`] of the
/// second suite take 2,032 bytes, the other fields at most 190.
pub const MAX_BODY_BYTES: usize = 247 * PADDING_STEP - 1;

/// Why bytes or parts are not an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Longer than [`MAX_ENTRY_BYTES`].
    #[error("read entry: longer than 65,535 bytes")]
    TooLong,
    /// Not the CBOR structure of an entry.
    #[error("read entry: not the structure of an entry")]
    Malformed,
    /// The structure of an entry, but not its one deterministic encoding.
    #[error("read entry: not deterministic cbor")]
    NotCanonical,
    /// A version other than [`ENTRY_VERSION`].
    #[error("read entry: unknown version")]
    Version,
    /// A class that is not defined.
    #[error("read entry: unknown class")]
    Class,
    /// A cipher suite that is not defined.
    #[error("read entry: unknown cipher suite")]
    Suite,
    /// The class, the suite, the recipients and the body do not belong together.
    #[error("read entry: class, suite, recipients and body disagree")]
    Inconsistent,
    /// Recipients missing, too many, out of order or doubled.
    #[error("read entry: recipients not strictly ascending by key id, or their number out of range")]
    Recipients,
}

/// What an entry is about, as coarsely as anyone without a key may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryClass {
    /// 0: something the officer or the product did.
    Event,
    /// 1: a change of policy, role or state of the device.
    Control,
    /// 2: a change of key.
    Key,
    /// 3: a change of the clock.
    Clock,
    /// 4: something found at start after a crash.
    Recovery,
    /// 5: the commitment to a person's receipt; the only class in the clear.
    Receipt,
}

impl EntryClass {
    /// The number in key 4.
    pub const fn code(self) -> u8 {
        match self {
            Self::Event => 0,
            Self::Control => 1,
            Self::Key => 2,
            Self::Clock => 3,
            Self::Recovery => 4,
            Self::Receipt => 5,
        }
    }

    /// Reads the number in key 4.
    pub const fn from_code(code: u8) -> Result<Self, EntryError> {
        Ok(match code {
            0 => Self::Event,
            1 => Self::Control,
            2 => Self::Key,
            3 => Self::Clock,
            4 => Self::Recovery,
            5 => Self::Receipt,
            _ => return Err(EntryError::Class),
        })
    }
}

/// How the body and the content key are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CipherSuite {
    /// 0: in the clear; class 5 only.
    Clear,
    /// 1: X25519, HKDF-SHA256, ChaCha20-Poly1305.
    X25519ChaCha20Poly1305,
    /// 2: P-256, HKDF-SHA256, AES-256-GCM.
    P256Aes256Gcm,
}

impl CipherSuite {
    /// The number in key 7.
    pub const fn code(self) -> u8 {
        match self {
            Self::Clear => 0,
            Self::X25519ChaCha20Poly1305 => 1,
            Self::P256Aes256Gcm => 2,
        }
    }

    /// Reads the number in key 7.
    pub const fn from_code(code: u8) -> Result<Self, EntryError> {
        Ok(match code {
            0 => Self::Clear,
            1 => Self::X25519ChaCha20Poly1305,
            2 => Self::P256Aes256Gcm,
            _ => return Err(EntryError::Suite),
        })
    }

    /// Bytes of an HPKE encapsulated key (RFC 9180 section 7.1), none for the clear suite.
    pub const fn encapsulated_key_bytes(self) -> usize {
        match self {
            Self::Clear => 0,
            Self::X25519ChaCha20Poly1305 => 32,
            Self::P256Aes256Gcm => 65,
        }
    }
}

/// When an entry was made, as far as the device can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryTime {
    /// The wall clock, in milliseconds since 1970-01-01 UTC; bounded by beacon and cosignature, not trusted.
    pub wall_ms: i64,
    /// The monotonic clock since boot, in nanoseconds.
    pub mono_ns: u64,
    /// A random value drawn at each boot of the device.
    pub boot: [u8; 8],
    /// The last gateway beacon seen (see `mirror::beacon`): the entry is not older than it.
    pub beacon: Option<Hash>,
}

/// Keys 2 to 6: what the writer of the entry states in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryHeader {
    /// Key 2: equals the leaf index.
    pub seq: u64,
    /// Key 3: random event id.
    pub event_id: [u8; 16],
    /// Key 4.
    pub class: EntryClass,
    /// Key 5.
    pub time: EntryTime,
    /// Key 6: the tree root before this leaf.
    pub prior_root: Hash,
}

/// The first 8 bytes of SHA-256 of a recipient's serialised public key.
pub type KeyId = [u8; 8];

/// The content key, wrapped to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// Which recipient.
    pub kid: KeyId,
    /// The HPKE encapsulated key.
    pub enc: Vec<u8>,
    /// The HPKE ciphertext of the content key.
    pub wrapped_cek: Vec<u8>,
}

/// One entry of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    header: EntryHeader,
    suite: CipherSuite,
    recipients: Vec<WrappedKey>,
    body: Vec<u8>,
    commitment: [u8; 32],
}

impl Entry {
    /// Puts an encrypted entry together; refuses parts that do not belong together.
    pub fn new(
        header: EntryHeader,
        suite: CipherSuite,
        recipients: Vec<WrappedKey>,
        body: Vec<u8>,
        commitment: [u8; 32],
    ) -> Result<Self, EntryError> {
        let entry = Self { header, suite, recipients, body, commitment };
        entry.check()?;
        if entry.encode().len() > MAX_ENTRY_BYTES {
            return Err(EntryError::TooLong);
        }
        Ok(entry)
    }

    /// A class 5 entry: the commitment to a receipt, in the clear.
    pub fn receipt(header: EntryHeader, commitment: Hash) -> Result<Self, EntryError> {
        Self::new(header, CipherSuite::Clear, Vec::new(), commitment.as_bytes().to_vec(), [0; 32])
    }

    fn check(&self) -> Result<(), EntryError> {
        self.view().check()
    }

    fn view(&self) -> EntryView<'_> {
        EntryView {
            header: self.header,
            suite: self.suite,
            recipients: self
                .recipients
                .iter()
                .map(|key| view::WrappedView { kid: key.kid, enc: &key.enc, wrapped_cek: &key.wrapped_cek })
                .collect(),
            body: &self.body,
            commitment: self.commitment,
        }
    }

    /// Keys 2 to 6.
    pub const fn header(&self) -> &EntryHeader {
        &self.header
    }

    /// Key 7.
    pub const fn suite(&self) -> CipherSuite {
        self.suite
    }

    /// Key 8, ascending by key id.
    pub fn recipients(&self) -> &[WrappedKey] {
        &self.recipients
    }

    /// Key 9: ciphertext and tag, or a receipt's commitment.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Key 10.
    pub const fn commitment(&self) -> &[u8; 32] {
        &self.commitment
    }

    /// The receipt commitment of a class 5 entry.
    pub fn receipt_commitment(&self) -> Option<Hash> {
        if self.suite == CipherSuite::Clear { Hash::from_slice(&self.body).ok() } else { None }
    }
}
