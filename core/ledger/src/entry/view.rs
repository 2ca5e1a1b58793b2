//! An entry read where it lies: nothing is copied, and its one form is proved while it is read.
//!
//! A value of deterministic CBOR has exactly one encoding when every head is as short as it can be and keys stand in
//! their order; both are checked at each step, so nothing has to be encoded again to be compared.

use minicbor::Decoder;
use minicbor::data::Type;

use super::{
    CipherSuite, ENTRY_VERSION, Entry, EntryClass, EntryError, EntryHeader, EntryTime, KeyId, MAX_ENTRY_BYTES,
    MAX_RECIPIENTS, PADDING_STEP, TAG_BYTES, WRAPPED_KEY_BYTES, WrappedKey,
};
use crate::Hash;
use crate::cbor::Malformed;

/// The content key for one recipient, where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrappedView<'a> {
    pub(super) kid: KeyId,
    pub(super) enc: &'a [u8],
    pub(super) wrapped_cek: &'a [u8],
}

/// A well-formed entry that still lies in the bytes it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryView<'a> {
    pub(super) header: EntryHeader,
    pub(super) suite: CipherSuite,
    pub(super) recipients: Vec<WrappedView<'a>>,
    pub(super) body: &'a [u8],
    pub(super) commitment: [u8; 32],
}

impl<'a> EntryView<'a> {
    /// Reads an entry and refuses every encoding but the deterministic one.
    pub fn read(bytes: &'a [u8]) -> Result<Self, EntryError> {
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(EntryError::TooLong);
        }
        let mut lexer = Lexer(Decoder::new(bytes));
        let view = lexer.entry()?;
        if lexer.0.position() != bytes.len() {
            return Err(EntryError::Malformed);
        }
        view.check()?;
        Ok(view)
    }

    /// Keys 2 to 6.
    pub const fn header(&self) -> &EntryHeader {
        &self.header
    }

    /// Whom the content key is wrapped to, ascending.
    pub fn kids(&self) -> impl Iterator<Item = KeyId> + '_ {
        self.recipients.iter().map(|recipient| recipient.kid)
    }

    /// The receipt commitment of a class 5 entry.
    pub fn receipt_commitment(&self) -> Option<Hash> {
        if self.suite == CipherSuite::Clear { Hash::from_slice(self.body).ok() } else { None }
    }

    /// The same with its own bytes.
    pub fn to_entry(&self) -> Entry {
        let own = |key: &WrappedView<'_>| WrappedKey {
            kid: key.kid,
            enc: key.enc.to_vec(),
            wrapped_cek: key.wrapped_cek.to_vec(),
        };
        Entry {
            header: self.header,
            suite: self.suite,
            recipients: self.recipients.iter().map(own).collect(),
            body: self.body.to_vec(),
            commitment: self.commitment,
        }
    }

    /// Whether class, suite, recipients, lengths and order belong together.
    pub(super) fn check(&self) -> Result<(), EntryError> {
        if self.suite == CipherSuite::Clear {
            let clear = self.header.class == EntryClass::Receipt
                && self.recipients.is_empty()
                && self.body.len() == Hash::LEN
                && self.commitment == [0; 32];
            return if clear { Ok(()) } else { Err(EntryError::Inconsistent) };
        }
        let padded = self.body.len().checked_sub(TAG_BYTES);
        if self.header.class == EntryClass::Receipt
            || padded.is_none_or(|length| length == 0 || length % PADDING_STEP != 0)
        {
            return Err(EntryError::Inconsistent);
        }
        let ascending = self.recipients.is_sorted_by(|a, b| a.kid < b.kid);
        if !ascending || self.recipients.is_empty() || self.recipients.len() > MAX_RECIPIENTS {
            return Err(EntryError::Recipients);
        }
        let sizes = |key: &WrappedView<'_>| {
            key.enc.len() == self.suite.encapsulated_key_bytes() && key.wrapped_cek.len() == WRAPPED_KEY_BYTES
        };
        if self.recipients.iter().all(sizes) { Ok(()) } else { Err(EntryError::Inconsistent) }
    }
}

/// Takes items off the bytes, each head only in its shortest form (RFC 8949 section 4.2.1).
struct Lexer<'b>(Decoder<'b>);

/// Bytes of the shortest head with this argument.
const fn head_bytes(argument: u64) -> usize {
    match argument {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

impl<'b> Lexer<'b> {
    /// Takes one item; `argument` is what its head says, `content` the bytes that follow the head.
    fn item<T>(
        &mut self,
        take: impl FnOnce(&mut Decoder<'b>) -> Result<T, minicbor::decode::Error>,
        argument: impl FnOnce(&T) -> u64,
        content: impl FnOnce(&T) -> usize,
    ) -> Result<T, EntryError> {
        let start = self.0.position();
        let value = take(&mut self.0).map_err(Malformed::from)?;
        let shortest = head_bytes(argument(&value)) + content(&value);
        if self.0.position() - start == shortest { Ok(value) } else { Err(EntryError::NotCanonical) }
    }

    fn unsigned(&mut self) -> Result<u64, EntryError> {
        self.item(Decoder::u64, |value| *value, |_| 0)
    }

    fn signed(&mut self) -> Result<i64, EntryError> {
        // A negative number's argument is one less than its magnitude.
        self.item(Decoder::i64, |value| value.unsigned_abs() - u64::from(*value < 0), |_| 0)
    }

    fn bytes(&mut self) -> Result<&'b [u8], EntryError> {
        self.item(Decoder::bytes, |bytes| bytes.len() as u64, |bytes| bytes.len())
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], EntryError> {
        self.bytes()?.try_into().map_err(|_| EntryError::Malformed)
    }

    /// The length of a definite array.
    fn array(&mut self) -> Result<u64, EntryError> {
        self.item(Decoder::array, |length| length.unwrap_or_default(), |_| 0)?.ok_or(EntryError::Malformed)
    }

    fn array_of(&mut self, length: u64) -> Result<(), EntryError> {
        if self.array()? == length { Ok(()) } else { Err(EntryError::Malformed) }
    }

    fn map_of(&mut self, length: u64) -> Result<(), EntryError> {
        let found = self.item(Decoder::map, |length| length.unwrap_or_default(), |_| 0)?;
        if found == Some(length) { Ok(()) } else { Err(EntryError::Malformed) }
    }

    fn key(&mut self, expected: u64) -> Result<(), EntryError> {
        if self.unsigned()? == expected { Ok(()) } else { Err(EntryError::Malformed) }
    }

    fn code(&mut self) -> Result<u8, EntryError> {
        self.unsigned()?.try_into().map_err(|_| EntryError::Malformed)
    }

    fn entry(&mut self) -> Result<EntryView<'b>, EntryError> {
        self.map_of(10)?;
        self.key(1)?;
        if self.unsigned()? != u64::from(ENTRY_VERSION) {
            return Err(EntryError::Version);
        }
        let header = self.header()?;
        self.key(7)?;
        let suite = CipherSuite::from_code(self.code()?)?;
        self.key(8)?;
        let recipients = self.recipients()?;
        self.key(9)?;
        let body = self.bytes()?;
        self.key(10)?;
        Ok(EntryView { header, suite, recipients, body, commitment: self.fixed()? })
    }

    fn header(&mut self) -> Result<EntryHeader, EntryError> {
        self.key(2)?;
        let seq = self.unsigned()?;
        self.key(3)?;
        let event_id = self.fixed()?;
        self.key(4)?;
        let class = EntryClass::from_code(self.code()?)?;
        self.key(5)?;
        self.array_of(4)?;
        let time = EntryTime {
            wall_ms: self.signed()?,
            mono_ns: self.unsigned()?,
            boot: self.fixed()?,
            beacon: self.fixed_or_null()?.map(Hash::new),
        };
        self.key(6)?;
        let prior_root = Hash::new(self.fixed()?);
        Ok(EntryHeader { seq, event_id, class, time, prior_root })
    }

    fn fixed_or_null<const N: usize>(&mut self) -> Result<Option<[u8; N]>, EntryError> {
        if self.0.datatype().map_err(Malformed::from)? == Type::Null {
            self.0.null().map_err(Malformed::from)?;
            return Ok(None);
        }
        self.fixed().map(Some)
    }

    fn recipients(&mut self) -> Result<Vec<WrappedView<'b>>, EntryError> {
        let count = usize::try_from(self.array()?).ok().filter(|count| *count <= MAX_RECIPIENTS);
        let count = count.ok_or(EntryError::Recipients)?;
        let mut recipients = Vec::with_capacity(count);
        for _ in 0..count {
            self.array_of(3)?;
            recipients.push(WrappedView { kid: self.fixed()?, enc: self.bytes()?, wrapped_cek: self.bytes()? });
        }
        Ok(recipients)
    }
}
