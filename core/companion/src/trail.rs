//! The trail's writer: event bodies become sealed entries, in order, ready to be committed.
//!
//! Must never: hold a key that opens an old entry, or count an entry that was not committed. Always: what is drafted
//! changes nothing until the store has made it durable and [`Trail::adopt`] was called.

use peel_domain::event::{Action, BodyError, EventBody};
use peel_domain::time::Moment;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::{EntryClass, EntryTime};
use peel_ledger::note::{Ed25519Signer, NoteError, SignedNote};
use peel_ledger::seal::RecipientPublicKey;
use peel_ledger::writer::{Appended, WriterError, WriterState};
use peel_ledger::{Hash, Origin};
use rand_core::CryptoRng;

use crate::sealed::{RecordKey, SealedError};
use crate::store::Op;

/// The name of the writer's state in the store.
pub(crate) const WRITER: &str = "writer";

/// A trail error. Texts read after "failed to".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TrailError {
    /// A body.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// An entry.
    #[error(transparent)]
    Writer(#[from] WriterError),
    /// The working cache.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// A checkpoint.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// What is to be written.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    /// An event.
    Event(Box<EventBody>),
    /// A receipt's commitment, in the clear.
    Receipt(Hash, Moment),
}

/// Entries that are ready to be committed.
pub(crate) struct Draft {
    /// The changes to commit, the writer's state among them.
    pub(crate) ops: Vec<Op>,
    /// The state after them.
    pub(crate) state: WriterState,
    /// The index of the first one.
    pub(crate) first: u64,
    /// The entries' bytes.
    pub(crate) entries: Vec<Vec<u8>>,
}

/// The writer of this device's log.
#[derive(Debug)]
pub(crate) struct Trail {
    origin: Origin,
    signer: Ed25519Signer,
    recipients: Vec<RecipientPublicKey>,
    state: WriterState,
    beacon: Option<Hash>,
}

impl Trail {
    /// A trail that continues from `state`.
    pub(crate) fn new(
        origin: Origin,
        signer: Ed25519Signer,
        recipients: Vec<RecipientPublicKey>,
        state: WriterState,
        beacon: Option<Hash>,
    ) -> Self {
        Self { origin, signer, recipients, state, beacon }
    }

    /// Entries so far.
    pub(crate) fn size(&self) -> u64 {
        self.state.size()
    }

    /// The last beacon: entries from now on are not older than it.
    pub(crate) fn witness(&mut self, beacon: Hash) {
        self.beacon = Some(beacon);
    }

    /// A checkpoint of this log with the software key's line. The intent must be durable before.
    pub(crate) fn sign(&self, checkpoint: &Checkpoint) -> Result<SignedNote, TrailError> {
        Ok(checkpoint.sign(&self.signer)?)
    }

    /// The present checkpoint, unsigned.
    pub(crate) fn checkpoint(&self) -> Checkpoint {
        self.state.checkpoint(&self.origin)
    }

    /// Seals `items` one after another. With a cache key, each event is also sealed to this device.
    pub(crate) fn draft(
        &self,
        items: &[Item],
        cache: Option<&RecordKey>,
        rng: &mut impl CryptoRng,
    ) -> Result<Draft, TrailError> {
        let mut draft =
            Draft { ops: Vec::new(), state: self.state.clone(), first: self.state.size(), entries: Vec::new() };
        for item in items {
            let (appended, sealed) = self.append(&draft.state, item, cache, rng)?;
            draft.state = appended.state;
            draft.entries.push(appended.entry.clone());
            let (index, leaf) = (appended.index, appended.leaf.to_bytes());
            draft.ops.push(Op::Entry { index, leaf, bytes: appended.entry, sealed });
        }
        draft.ops.push(Op::Put(WRITER, draft.state.to_bytes()));
        Ok(draft)
    }

    fn append(
        &self,
        state: &WriterState,
        item: &Item,
        cache: Option<&RecordKey>,
        rng: &mut impl CryptoRng,
    ) -> Result<(Appended, Option<Vec<u8>>), TrailError> {
        match item {
            Item::Receipt(commitment, at) => Ok((state.append_receipt(self.time(at), *commitment, rng)?, None)),
            Item::Event(event) => {
                let body = event.to_cbor()?;
                let sealed = cache.map(|key| key.seal(&event_place(state.size()), &body, rng)).transpose()?;
                let (class, time) = (class_of(&event.action), self.time(&event.at));
                Ok((state.append(&self.origin, class, time, &body, &self.recipients, rng)?, sealed))
            }
        }
    }

    /// Takes the state of a draft that is durable.
    pub(crate) fn adopt(&mut self, state: WriterState) {
        self.state = state;
    }

    fn time(&self, at: &Moment) -> EntryTime {
        EntryTime { wall_ms: at.utc_ms, mono_ns: at.monotonic_ns, boot: at.boot_id.0, beacon: self.beacon }
    }
}

/// Where an event's sealed copy belongs.
pub(crate) fn event_place(index: u64) -> Vec<u8> {
    format!("peel/v1/event/{index}").into_bytes()
}

fn class_of(action: &Action) -> EntryClass {
    match action {
        Action::ShiftStarted { .. }
        | Action::ShiftEnded
        | Action::PolicyApplied { .. }
        | Action::Joined { .. }
        | Action::BriefingAcknowledged
        | Action::Left => EntryClass::Control,
        Action::Recovered { .. } => EntryClass::Recovery,
        Action::ClockJumped { .. } => EntryClass::Clock,
        _ => EntryClass::Event,
    }
}

#[cfg(test)]
mod tests {
    use peel_domain::event::{Actor, BODY_VERSION, Justification};
    use peel_domain::time::{BootId, TimeSource};
    use peel_ledger::entry::{CipherSuite, Entry};
    use peel_ledger::seal::{RecipientPrivateKey, open};

    use super::*;

    fn at(ms: i64) -> Moment {
        Moment { utc_ms: ms, monotonic_ns: 7, boot_id: BootId([1; 8]), source: TimeSource::Device, uncertainty_ms: 0 }
    }

    fn event(action: Action) -> EventBody {
        EventBody {
            v: BODY_VERSION,
            at: at(5),
            actor: Actor::Core,
            deployment_id: None,
            alert_id: None,
            justification: Justification::Integrity,
            action,
        }
    }

    fn trail() -> (Trail, RecipientPrivateKey) {
        let mut rng = rand::rng();
        let key = RecipientPrivateKey::generate(CipherSuite::X25519ChaCha20Poly1305, &mut rng).unwrap();
        let origin = Origin::device("force.example", "e1").unwrap();
        let signer = Ed25519Signer::generate(origin.as_str(), &mut rng).unwrap();
        (Trail::new(origin, signer, vec![key.public_key().unwrap()], WriterState::new(), None), key)
    }

    #[test]
    fn a_draft_changes_nothing_until_it_is_adopted() {
        let (mut trail, key) = trail();
        let cache = RecordKey::generate(&mut rand::rng());
        let items = [Item::Event(Box::new(event(Action::ShiftEnded))), Item::Receipt(Hash::default(), at(6))];
        let draft = trail.draft(&items, Some(&cache), &mut rand::rng()).unwrap();
        assert_eq!(trail.size(), 0);
        trail.adopt(draft.state);
        assert_eq!(trail.size(), 2);
        let entry = Entry::decode(&draft.entries[0]).unwrap();
        assert_eq!(entry.header().class, EntryClass::Control);
        let body = open(&entry, &trail.checkpoint().origin, &key).unwrap();
        assert_eq!(EventBody::from_cbor(&body).unwrap(), event(Action::ShiftEnded));
        let Some(Op::Entry { sealed: Some(sealed), .. }) = draft.ops.first() else { panic!("an entry comes first") };
        assert_eq!(cache.open(&event_place(0), sealed).unwrap(), body);
    }

    #[test]
    fn entries_name_the_last_beacon() {
        let (mut trail, _) = trail();
        trail.witness(Hash::of(&[b"beacon"]));
        let draft = trail.draft(&[Item::Event(Box::new(event(Action::ShiftEnded)))], None, &mut rand::rng()).unwrap();
        let entry = Entry::decode(&draft.entries[0]).unwrap();
        assert_eq!(entry.header().time.beacon, Some(Hash::of(&[b"beacon"])));
    }
}
