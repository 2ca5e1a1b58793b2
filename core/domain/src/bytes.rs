//! Byte fields as CBOR byte strings instead of lists of numbers.
//!
//! For: `#[serde(with = "crate::bytes")]` on `Vec<u8>` and `[u8; N]`. Must never: accept more than the field holds.
//! Always: formats without byte strings (JSON) give and take a list of numbers.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserializer, Serializer};

/// Longest byte field that is read, in bytes; more is refused before it is held.
const MAX_FIELD_BYTES: usize = 1 << 20;

pub(crate) fn serialize<S: Serializer, T: AsRef<[u8]>>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(value.as_ref())
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<Vec<u8>>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_byte_buf(Bytes(PhantomData))
}

struct Bytes<T>(PhantomData<T>);

impl<'de, T: TryFrom<Vec<u8>>> Visitor<'de> for Bytes<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a byte string of the right length")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<T, E> {
        self.visit_byte_buf(bytes.to_vec())
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<T, E> {
        let length = bytes.len();
        if length > MAX_FIELD_BYTES {
            return Err(E::invalid_length(length, &self));
        }
        T::try_from(bytes).map_err(|_| E::invalid_length(length, &"the field's own length"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
        let mut bytes = Vec::with_capacity(list.size_hint().unwrap_or(0).min(64));
        while let Some(byte) = list.next_element::<u8>()? {
            if bytes.len() >= MAX_FIELD_BYTES {
                return Err(A::Error::invalid_length(bytes.len(), &self));
            }
            bytes.push(byte);
        }
        self.visit_byte_buf(bytes)
    }
}
