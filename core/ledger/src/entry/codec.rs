//! The bytes of an entry, written and read by hand over integer keys.
//!
//! Reading never allocates more than the input holds, and always ends by encoding again and comparing.

use minicbor::{Decoder, Encoder};

use super::{
    CipherSuite, ENTRY_VERSION, Entry, EntryClass, EntryError, EntryHeader, EntryTime, MAX_ENTRY_BYTES, MAX_RECIPIENTS,
    WrappedKey,
};
use crate::Hash;
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
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(EntryError::TooLong);
        }
        let entry = read(bytes)?;
        entry.check()?;
        if entry.encode() == bytes { Ok(entry) } else { Err(EntryError::NotCanonical) }
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

fn read(bytes: &[u8]) -> Result<Entry, EntryError> {
    let mut d = Decoder::new(bytes);
    cbor::map(&mut d, 10)?;
    cbor::key(&mut d, 1)?;
    if d.u64().map_err(Malformed::from)? != u64::from(ENTRY_VERSION) {
        return Err(EntryError::Version);
    }
    let header = read_header(&mut d)?;
    cbor::key(&mut d, 7)?;
    let suite = CipherSuite::from_code(d.u8().map_err(Malformed::from)?)?;
    cbor::key(&mut d, 8)?;
    let recipients = read_recipients(&mut d)?;
    cbor::key(&mut d, 9)?;
    let body = cbor::bounded(&mut d, MAX_ENTRY_BYTES)?;
    cbor::key(&mut d, 10)?;
    let commitment = cbor::fixed(&mut d)?;
    if d.position() != bytes.len() {
        return Err(EntryError::Malformed);
    }
    Ok(Entry { header, suite, recipients, body, commitment })
}

fn read_header(d: &mut Decoder<'_>) -> Result<EntryHeader, EntryError> {
    cbor::key(d, 2)?;
    let seq = d.u64().map_err(Malformed::from)?;
    cbor::key(d, 3)?;
    let event_id = cbor::fixed(d)?;
    cbor::key(d, 4)?;
    let class = EntryClass::from_code(d.u8().map_err(Malformed::from)?)?;
    cbor::key(d, 5)?;
    cbor::array(d, 4)?;
    let time = EntryTime {
        wall_ms: d.i64().map_err(Malformed::from)?,
        mono_ns: d.u64().map_err(Malformed::from)?,
        boot: cbor::fixed(d)?,
        beacon: cbor::fixed_or_null(d)?.map(Hash::new),
    };
    cbor::key(d, 6)?;
    let prior_root = Hash::new(cbor::fixed(d)?);
    Ok(EntryHeader { seq, event_id, class, time, prior_root })
}

fn read_recipients(d: &mut Decoder<'_>) -> Result<Vec<WrappedKey>, EntryError> {
    let count = cbor::array_up_to(d, MAX_RECIPIENTS).map_err(|_| EntryError::Recipients)?;
    let mut recipients = Vec::with_capacity(count);
    for _ in 0..count {
        cbor::array(d, 3)?;
        let kid = cbor::fixed(d)?;
        let enc = cbor::bounded(d, MAX_ENTRY_BYTES)?;
        let wrapped_cek = cbor::bounded(d, MAX_ENTRY_BYTES)?;
        recipients.push(WrappedKey { kid, enc, wrapped_cek });
    }
    Ok(recipients)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
