//! The force's authority to write in its own logs: keys, recipients, clock.
//!
//! Must never: read what it has sealed; it holds public keys of recipients only.
//! Always: an append, its checkpoint and the force log's leaf are one transaction, and a checkpoint is signed over
//! what that transaction holds.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use peel_domain::event::{Action, Actor, BODY_VERSION, EventBody, Justification};
use peel_domain::id::{AlertId, DeploymentId};
use peel_domain::time::{Clock as _, Moment};
use peel_ledger::entry::{Entry, EntryClass, EntryTime};
use peel_ledger::seal::RecipientPublicKey;
use peel_ledger::writer::WriterState;
use peel_ledger::{Hash, Origin};

use super::signed::SignedMemory;
use super::{ServiceError, force_log, policy};
use crate::clock::{ExerciseClock, GatewayClock};
use crate::force::{ForceConfig, ForceDir, ForceKeys, RecipientPurpose, Rotation};
use crate::storage::{AroundCommit, Committed, Db, LogStore as _, Logs, StoreAddress, StoreError, StoredEntry, Tx};

/// What an event is about.
#[derive(Clone, Copy, Debug, Default)]
pub struct About {
    /// The deployment.
    pub deployment_id: Option<DeploymentId>,
    /// The alert.
    pub alert_id: Option<AlertId>,
}

/// A force, ready to sign.
pub struct Authority {
    /// Its directory.
    pub dir: ForceDir,
    /// Its configuration.
    pub config: ForceConfig,
    /// Its signing keys.
    pub keys: ForceKeys,
    /// Recipients of sealed bodies.
    pub recipients: Vec<RecipientPublicKey>,
    /// The events log's origin.
    pub events_origin: Origin,
    /// The force log's origin.
    pub force_log_origin: Origin,
    /// Its time.
    pub clock: GatewayClock,
    /// Where its store is.
    pub store: StoreAddress,
    /// What was signed last, outside the store.
    pub signed: Arc<SignedMemory>,
    /// The desk's key by the policy of this hash, once it was verified.
    period: Mutex<Option<(Hash, Option<RecipientPublicKey>)>>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("force", &self.config.force).finish_non_exhaustive()
    }
}

impl Authority {
    /// Reads a force's directory. An exercise clock is refused where the force is not an exercise force.
    pub fn open(dir: ForceDir, exercise_clock: Option<ExerciseClock>) -> Result<Self, ServiceError> {
        let config = ForceConfig::read(&dir)?;
        if exercise_clock.is_some() && !config.exercise {
            return Err(ServiceError::Invalid("exercise_clock"));
        }
        let keys = ForceKeys::read(&dir, &config.force)?.in_epoch(&config)?;
        Rotation::of(&dir).state_where_missing(&keys, &config.force)?;
        Ok(Self {
            recipients: config.recipient_keys()?,
            events_origin: config.events_origin()?,
            force_log_origin: config.force_log_origin()?,
            clock: GatewayClock::new(exercise_clock, &mut rand::rng()),
            store: dir.store()?,
            signed: Arc::new(SignedMemory::open(dir.signed())?),
            period: Mutex::default(),
            keys,
            config,
            dir,
        })
    }

    /// The desk's first key.
    pub(super) fn operations_key(&self) -> Result<&RecipientPublicKey, ServiceError> {
        let mut named = self.config.recipients.iter().zip(&self.recipients);
        let found = named.find(|(recipient, _)| recipient.purpose == RecipientPurpose::Operations);
        found.map(|(_, key)| key).ok_or(ServiceError::Internal)
    }

    /// The desk's key that a policy names: the same signatures are verified once.
    pub(super) fn of_policy(
        &self,
        cose: &[u8],
        read: impl FnOnce(&[u8]) -> Option<RecipientPublicKey>,
    ) -> Option<RecipientPublicKey> {
        let hash = Hash::of(&[cose]);
        let mut known = self.period.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = known.as_ref().filter(|(known, _)| *known == hash) {
            return key.clone();
        }
        let key = read(cose);
        *known = Some((hash, key.clone()));
        key
    }

    /// [`Self::change`] of a store that continues what was signed: one that was put back from an old backup is refused,
    /// also where nothing would be signed.
    pub fn change_present<T: Send>(
        &self,
        work: impl FnOnce(&Self, &Tx) -> Result<T, ServiceError> + Send,
    ) -> Result<T, ServiceError> {
        self.change(|authority, tx| {
            authority.signed.check(&authority.force_log_origin, tx)?;
            work(authority, tx)
        })
    }

    /// Opens the store for one transaction, runs `work` in it and commits: for set-up and commands.
    pub fn change<T: Send>(
        &self,
        work: impl FnOnce(&Self, &Tx) -> Result<T, ServiceError> + Send,
    ) -> Result<T, ServiceError> {
        let (value, sealed) = Db::once(&self.store, |tx| {
            let value = work(self, tx)?;
            Ok::<_, ServiceError>((value, force_log::seal(self, tx)?))
        })?;
        if sealed {
            Db::once(&self.store, |tx| self.remember(tx))?;
        }
        Ok(value)
    }

    /// The force log's origin and the events log's.
    pub fn origins(&self) -> [Origin; 2] {
        [self.force_log_origin.clone(), self.events_origin.clone()]
    }

    /// Makes durable outside the store what was signed, before anybody sees it.
    pub(super) fn remember(&self, tx: &Tx) -> Result<(), ServiceError> {
        self.signed.remember([&self.force_log_origin, &self.events_origin], tx)
    }

    /// The same for what is about to be shown to somebody.
    pub(crate) fn cover(&self, tx: &Tx) -> Result<(), ServiceError> {
        self.signed.cover([&self.force_log_origin, &self.events_origin], tx)
    }

    /// Takes for signed what the store holds, where nothing is known of what was signed: on an operator's word.
    pub fn adopt(&self) -> Result<(), ServiceError> {
        self.signed.adopt(&self.force_log_origin)?;
        Db::once(&self.store, |tx| self.remember(tx))
    }

    /// What must be true of every transaction of the service when it is committed, and before it is answered.
    pub(super) fn around_commit(self: &Arc<Self>) -> AroundCommit {
        let of_the_store = |error| match error {
            ServiceError::Store(error) => error,
            _ => StoreError::Corrupt,
        };
        let (before, after) = (Arc::clone(self), Arc::clone(self));
        AroundCommit {
            before: Arc::new(move |tx| force_log::seal(&before, tx).map(drop).map_err(of_the_store)),
            after: Arc::new(move |tx| after.remember(tx).map_err(of_the_store)),
        }
    }

    /// An event of the force, now.
    pub fn event(&self, actor: Actor, about: About, action: Action) -> EventBody {
        EventBody {
            v: BODY_VERSION,
            at: self.clock.now(),
            actor,
            deployment_id: about.deployment_id,
            alert_id: about.alert_id,
            justification: if self.config.exercise {
                Justification::Exercise
            } else {
                Justification::DeploymentManagement
            },
            action,
        }
    }

    /// Begins the events log, where it has not begun: when the force is made, while both approvers' keys are there.
    pub fn begin_events_log(&self, tx: &Tx) -> Result<(), ServiceError> {
        if Logs(tx).log(self.events_log())?.is_none() {
            self.create_events_log(tx)?;
            let key = self.keys.events.verifier().map_err(|_| ServiceError::Internal)?;
            force_log::append_events_enrolment(self, tx, key)?;
        }
        Ok(())
    }

    /// The events log's short name in the store.
    fn events_log(&self) -> &str {
        self.events_origin.last_part()
    }

    pub(super) fn create_events_log(&self, tx: &Tx) -> Result<(), ServiceError> {
        Ok(Logs(tx).create_log(self.events_log(), &self.events_origin, &WriterState::new().to_bytes())?)
    }

    /// Seals events, appends them to the events log and checkpoints it in the force log.
    pub fn append_events(&self, tx: &Tx, events: &[EventBody]) -> Result<(), ServiceError> {
        if events.is_empty() {
            return Ok(());
        }
        self.begin_events_log(tx)?;
        let logs = Logs(tx);
        let row = logs.log(self.events_log())?.ok_or(ServiceError::Internal)?;
        let mut state = WriterState::from_bytes(&row.state).map_err(|_| ServiceError::Internal)?;
        let mut last_ns = last_time(&logs, self.events_log(), row.next_index)?;
        let recipients: Vec<_> = policy::recipients_in_force(self, tx)?.into_iter().map(|(_, key)| key).collect();
        let mut appended = Vec::with_capacity(events.len());
        for event in events {
            let body = event.to_cbor().map_err(|_| ServiceError::Internal)?;
            let time = entry_time(event.at, &mut last_ns);
            let next = state
                .append(&self.events_origin, EntryClass::Event, time, &body, &recipients, &mut rand::rng())
                .map_err(|_| ServiceError::Internal)?;
            state = next.state.clone();
            appended.push(next);
        }
        let entries: Vec<StoredEntry<'_>> =
            appended.iter().map(|next| StoredEntry { leaf: &next.leaf, body: &next.entry }).collect();
        logs.put_package(self.events_log(), row.next_index, &entries, &state.to_bytes())?;
        let note = state.checkpoint(&self.events_origin).sign(&self.keys.events).map_err(|_| ServiceError::Internal)?;
        let at_ms = force_log::next_ms(self, tx)?;
        let note = force_log::append_events_checkpoint(self, tx, note, at_ms)?;
        let committed = Committed { size: state.size(), note: note.to_text(), at_ms };
        Ok(logs.commit_size(self.events_log(), &committed)?)
    }
}

/// The monotonic time of the events log's last entry.
fn last_time(logs: &Logs<'_>, events: &str, size: u64) -> Result<u64, ServiceError> {
    let Some(last) = size.checked_sub(1) else { return Ok(0) };
    let entry = logs.read_entries(events, last, 1, usize::MAX)?.pop().ok_or(ServiceError::Internal)?;
    Ok(Entry::decode(&entry).map_err(|_| ServiceError::Internal)?.header().time.mono_ns)
}

/// A moment as the envelope states it. Several processes of the force, on several machines, write this one log: so it
/// has one clock, boot 0, which is the wall clock in nanoseconds and never goes back.
fn entry_time(at: Moment, last_ns: &mut u64) -> EntryTime {
    let wall_ns = u64::try_from(at.utc_ms).unwrap_or(0).saturating_mul(1_000_000);
    *last_ns = wall_ns.max(*last_ns);
    EntryTime { wall_ms: at.utc_ms, mono_ns: *last_ns, boot: [0; 8], beacon: None }
}
