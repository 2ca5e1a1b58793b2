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

/// Reads what [`encode`] writes and nothing else: what was read is written again and compared, because a reader of
/// fields would also take a tag, or a list of numbers for a byte string.
pub(crate) fn decode<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, NotDeterministic> {
    let value = glance(bytes)?;
    if encode(&value)? == bytes { Ok(value) } else { Err(NotDeterministic) }
}

/// Reads the fields that `T` names and no others: to tell a document of another version from noise, never to take
/// anything from it.
pub(crate) fn glance<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, NotDeterministic> {
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
    fn keys_of_every_kind_stand_in_the_order_of_rfc_8949() {
        // Section 4.2.1's own example: 10, 100, -1, "z", "aa", [100], [-1], false.
        let one = |number: i64| Value::Integer(number.into());
        let in_order = [
            one(10),
            one(100),
            one(-1),
            Value::Text("z".to_owned()),
            Value::Text("aa".to_owned()),
            Value::Array(vec![one(100)]),
            Value::Array(vec![one(-1)]),
            Value::Bool(false),
        ];
        let pairs: Vec<_> = in_order.into_iter().map(|key| (key, Value::Null)).collect();
        let expected = bytes_of(&Value::Map(pairs.clone())).unwrap();
        assert_eq!(expected, bytes_from("a80af61864f620f6617af6626161f6811864f68120f6f4f6"));
        for turn in 0..pairs.len() {
            let mut turned = pairs.clone();
            turned.rotate_left(turn);
            turned.reverse();
            assert_eq!(bytes_of(&sorted(Value::Map(turned)).unwrap()).unwrap(), expected);
        }
    }

    #[test]
    fn numbers_are_as_short_as_in_rfc_8949_appendix_a() {
        let numbers: [(i64, &str); 9] = [
            (0, "00"),
            (23, "17"),
            (24, "1818"),
            (1000, "1903e8"),
            (1_000_000, "1a000f4240"),
            (1_000_000_000_000, "1b000000e8d4a51000"),
            (-1, "20"),
            (-100, "3863"),
            (-1000, "3903e7"),
        ];
        for (number, bytes) in numbers {
            assert_eq!(encode(&number).unwrap(), bytes_from(bytes));
        }
    }

    fn bytes_from(hexadecimal: &str) -> Vec<u8> {
        let digits = |at| u8::from_str_radix(&hexadecimal[at..at + 2], 16).unwrap();
        (0..hexadecimal.len()).step_by(2).map(digits).collect()
    }

    #[test]
    fn a_tag_or_a_list_in_the_place_of_a_byte_string_is_refused() {
        #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
        struct Pin {
            #[serde(with = "crate::bytes")]
            pin: [u8; 2],
        }
        let sound = encode(&Pin { pin: [1, 2] }).unwrap();
        assert_eq!(decode::<Pin>(&sound), Ok(Pin { pin: [1, 2] }));
        let head = &sound[..sound.len() - 3];
        assert_eq!(decode::<Pin>(&[head, &[0x82, 1, 2]].concat()), Err(NotDeterministic), "a list of numbers");
        assert_eq!(decode::<Pin>(&[head, &[0xd8, 99, 0x42, 1, 2]].concat()), Err(NotDeterministic), "a tagged string");
        assert_eq!(decode::<u8>(&[0xd8, 99, 5]), Err(NotDeterministic), "a tagged number");
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
