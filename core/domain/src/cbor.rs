//! Deterministic CBOR (RFC 8949 section 4.2.1) for what is signed: policies, certificates, enrolment codes.
//!
//! Must never: accept two encodings of one value. Always: what [`decode`] takes, [`encode`] gives back byte for byte.

use ciborium::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Largest signed document, in bytes.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// The bytes are not one deterministic CBOR value of the expected shape, or the value cannot be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read deterministic CBOR")]
pub(crate) struct NotDeterministic;

fn bytes_of(value: &Value) -> Result<Vec<u8>, NotDeterministic> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_err(|_| NotDeterministic)?;
    Ok(bytes)
}

fn sorted(value: Value) -> Result<Value, NotDeterministic> {
    Ok(match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect::<Result<_, _>>()?),
        Value::Map(pairs) => {
            let mut keyed = Vec::with_capacity(pairs.len());
            for (key, item) in pairs {
                let key = sorted(key)?;
                keyed.push((bytes_of(&key)?, key, sorted(item)?));
            }
            keyed.sort_by(|left, right| left.0.cmp(&right.0));
            let twice = keyed.windows(2).any(|pair| matches!(pair, [left, right] if left.0 == right.0));
            if twice {
                return Err(NotDeterministic);
            }
            Value::Map(keyed.into_iter().map(|(_, key, item)| (key, item)).collect())
        }
        other => other,
    })
}

/// Encodes with shortest numbers, definite lengths and sorted keys.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, NotDeterministic> {
    bytes_of(&sorted(Value::serialized(value).map_err(|_| NotDeterministic)?)?)
}

/// Reads what [`encode`] writes and nothing else.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, NotDeterministic> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(NotDeterministic);
    }
    let value: Value = ciborium::from_reader(bytes).map_err(|_| NotDeterministic)?;
    if bytes_of(&sorted(value.clone())?)? != bytes {
        return Err(NotDeterministic);
    }
    value.deserialized().map_err(|_| NotDeterministic)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn keys_are_sorted_by_their_encoding() {
        let map: BTreeMap<&str, u8> = [("aa", 1), ("b", 2)].into();
        assert_eq!(encode(&map), Ok(vec![0xa2, 0x61, b'b', 2, 0x62, b'a', b'a', 1]));
    }

    #[test]
    fn a_second_encoding_of_the_same_value_is_refused() {
        assert_eq!(decode::<u8>(&[5]), Ok(5));
        assert_eq!(decode::<u8>(&[0x18, 5]), Err(NotDeterministic), "long form of a small number");
        assert_eq!(decode::<u8>(&[5, 0]), Err(NotDeterministic), "trailing byte");
        assert_eq!(
            decode::<BTreeMap<String, u8>>(&[0xa2, 0x61, b'b', 2, 0x61, b'a', 1]),
            Err(NotDeterministic),
            "unsorted keys"
        );
    }
}
