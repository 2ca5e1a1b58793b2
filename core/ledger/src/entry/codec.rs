//! The bytes of an entry, written over integer keys; [`EntryView`] reads them.

use minicbor::Encoder;

use super::{CipherSuite, ENTRY_VERSION, Entry, EntryError, EntryHeader, EntryView};
use crate::cbor::{self, Malformed};

type Written = Result<(), minicbor::encode::Error<core::convert::Infallible>>;

impl From<Malformed> for EntryError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl Entry {
    /// The deterministic encoding: the bytes that the leaf hashes.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|e| {
            e.map(10)?;
            write_clear(e, &self.header, self.suite)?;
            e.u8(8)?.array(self.recipients.len() as u64)?;
            for key in &self.recipients {
                e.array(3)?.bytes(&key.kid)?.bytes(&key.enc)?.bytes(&key.wrapped_cek)?;
            }
            e.u8(9)?.bytes(&self.body)?;
            e.u8(10)?.bytes(&self.commitment)?;
            Ok(())
        })
    }

    /// Reads an entry and refuses every encoding but the deterministic one.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        EntryView::read(bytes).map(|view| view.to_entry())
    }

    /// The associated data of body and wrapped keys: keys 1 to 7 and 10, deterministic.
    pub fn associated_data(header: &EntryHeader, suite: CipherSuite, commitment: &[u8; 32]) -> Vec<u8> {
        cbor::encode(|e| {
            e.map(8)?;
            write_clear(e, header, suite)?;
            e.u8(10)?.bytes(commitment)?;
            Ok(())
        })
    }
}

/// Keys 1 to 7.
fn write_clear(e: &mut Encoder<&mut Vec<u8>>, header: &EntryHeader, suite: CipherSuite) -> Written {
    e.u8(1)?.u8(ENTRY_VERSION)?;
    e.u8(2)?.u64(header.seq)?;
    e.u8(3)?.bytes(&header.event_id)?;
    e.u8(4)?.u8(header.class.code())?;
    e.u8(5)?.array(4)?;
    e.i64(header.time.wall_ms)?.u64(header.time.mono_ns)?.bytes(&header.time.boot)?;
    match &header.time.beacon {
        Some(beacon) => e.bytes(beacon.as_bytes())?,
        None => e.null()?,
    };
    e.u8(6)?.bytes(header.prior_root.as_bytes())?;
    e.u8(7)?.u8(suite.code())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Hash;
    use crate::entry::{EntryClass, EntryTime, MAX_ENTRY_BYTES, WrappedKey};

    fn header(class: EntryClass) -> EntryHeader {
        EntryHeader {
            seq: 300,
            event_id: [7; 16],
            class,
            time: EntryTime { wall_ms: -5, mono_ns: 1 << 40, boot: [1; 8], beacon: None },
            prior_root: Hash::of(&[b"root"]),
        }
    }

    fn sealed(kids: &[u8]) -> Result<Entry, EntryError> {
        let recipients =
            kids.iter().map(|kid| WrappedKey { kid: [*kid; 8], enc: vec![3; 32], wrapped_cek: vec![4; 48] }).collect();
        Entry::new(header(EntryClass::Event), CipherSuite::X25519ChaCha20Poly1305, recipients, vec![9; PADDED], [5; 32])
    }

    const PADDED: usize = 256 + 16;

    #[test]
    fn reads_back_what_it_wrote() {
        let entry = sealed(&[1, 2]).unwrap();
        assert_eq!(Entry::decode(&entry.encode()), Ok(entry));
        let receipt = Entry::receipt(header(EntryClass::Receipt), Hash::of(&[b"r"])).unwrap();
        assert_eq!(Entry::decode(&receipt.encode()), Ok(receipt.clone()));
        assert_eq!(receipt.receipt_commitment(), Some(Hash::of(&[b"r"])));
    }

    #[test]
    fn refuses_recipients_out_of_order_doubled_missing_or_too_many() {
        assert_eq!(sealed(&[2, 1]), Err(EntryError::Recipients));
        assert_eq!(sealed(&[1, 1]), Err(EntryError::Recipients));
        assert_eq!(sealed(&[]), Err(EntryError::Recipients));
        assert_eq!(sealed(&(0..17).collect::<Vec<_>>()), Err(EntryError::Recipients));
    }

    #[test]
    fn refuses_a_clear_body_outside_class_5_and_a_sealed_receipt() {
        let clear = Entry::receipt(header(EntryClass::Event), Hash::default());
        assert_eq!(clear, Err(EntryError::Inconsistent));
        let sealed_receipt = Entry::new(
            header(EntryClass::Receipt),
            CipherSuite::X25519ChaCha20Poly1305,
            vec![WrappedKey { kid: [1; 8], enc: vec![0; 32], wrapped_cek: vec![0; 48] }],
            vec![0; PADDED],
            [0; 32],
        );
        assert_eq!(sealed_receipt, Err(EntryError::Inconsistent));
    }

    #[test]
    fn refuses_longer_forms_of_the_same_value() {
        let bytes = sealed(&[1]).unwrap().encode();
        // Key 1 with value 1 becomes key 1 with a two-byte encoding of 1.
        let mut longer = vec![0xaa, 0x01, 0x18, 0x01];
        longer.extend_from_slice(&bytes[3..]);
        assert_eq!(Entry::decode(&longer), Err(EntryError::NotCanonical));
        let mut indefinite = vec![0xbf];
        indefinite.extend_from_slice(&bytes[1..]);
        indefinite.push(0xff);
        assert_eq!(Entry::decode(&indefinite), Err(EntryError::Malformed));
        let mut trailing = bytes;
        trailing.push(0);
        assert_eq!(Entry::decode(&trailing), Err(EntryError::Malformed));
        assert_eq!(Entry::decode(&vec![0; MAX_ENTRY_BYTES + 1]), Err(EntryError::TooLong));
    }

    /// An entry whose heads have arguments of every length.
    fn with_long_heads() -> Vec<u8> {
        let mut entry = sealed(&[1, 2]).unwrap();
        entry.header.time = EntryTime { wall_ms: -70_000, mono_ns: 200, boot: [0; 8], beacon: Some(Hash::default()) };
        entry.encode()
    }

    #[test]
    fn refuses_every_head_in_any_longer_form() {
        let bytes = with_long_heads();
        assert!(Entry::decode(&bytes).is_ok());
        for at in 0..bytes.len() {
            let (major, length) = (bytes[at] & 0xe0, bytes[at] & 0x1f);
            // The same argument in a head one size larger; where no head stands, the bytes after it are no entry.
            let (head, argument) = match length {
                0..=23 => (24, vec![length]),
                24 => (25, vec![0]),
                25 => (26, vec![0, 0]),
                26 => (27, vec![0; 4]),
                _ => continue,
            };
            let mut longer = bytes[..at].to_vec();
            longer.push(major | head);
            longer.extend(argument);
            longer.extend_from_slice(&bytes[at + 1..]);
            assert!(Entry::decode(&longer).is_err(), "byte {at}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn whatever_is_read_is_what_would_be_written(at in 0_usize..800, put in any::<u8>(), cut in 0_usize..3, more in any::<bool>()) {
            let mut bytes = with_long_heads();
            let at = at % bytes.len();
            if more { bytes.insert(at, put) } else { bytes.splice(at..(at + cut).min(bytes.len()), [put]); }
            if let Ok(entry) = Entry::decode(&bytes) {
                prop_assert_eq!(entry.encode(), bytes);
            }
        }
    }
}
