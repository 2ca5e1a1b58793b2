//! Opening the engine: what the last run left is checked, opened and continued.
//!
//! Must never: delete what does not open, or begin a second history on an old log. Always: an open stop is found again
//! with its timer right, and what could not be read is set aside and reported.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};

use peel_domain::event::{Action, Actor, EventBody, Justification};
use peel_domain::id::{AlertId, ForceId};
use peel_domain::policy::{Policy, PolicyTrust, verify_policy};
use peel_domain::shift::{Binding, verify_certificate};
use peel_domain::silence::Silence;
use peel_domain::stop_state::StopState;
use peel_domain::time::{Clock as _, Moment};
use peel_domain::workflow::AlertState;
use peel_journal::signing::Signing;
use peel_journal::trail::{Trail, TrailError, event_place};
use peel_ledger::entry::Entry;
use tokio::sync::{Notify, watch};

use super::error::EngineError;
use super::state::{AssignedFeed, DeploymentRecord, DeviceRecord, Held, OpenDeployment, ShiftRecord, State};
use super::{Engine, keys, persist, record};
use crate::clock::CoreClock;
use crate::ffi::{DeviceClock, KeySlot, KeyVault, VaultError, WrapSlot};
use crate::sealed::RecordKey;
use crate::store::{Batch, Op, Opened, Store, StoreError};
use crate::transport::{Authenticator, ForceRoot, GatewayClient};
use crate::vault::{unwrap_key, wrap_key};

/// The force of a phone that has none yet.
const NO_FORCE: &str = "unenrolled";
/// A clock that moved more than this against the monotonic one jumped, in milliseconds.
pub(super) const JUMP_MS: i64 = 5_000;

/// The policy that holds until the force's own is verified.
pub(super) fn strictest(force: &str) -> Result<Policy, EngineError> {
    let force = ForceId::new(force).map_err(|_| EngineError::Integrity("force.malformed"))?;
    Ok(Policy::strictest(force, 0))
}

impl Engine {
    /// Opens the engine on its directory. Blocks.
    pub(crate) fn open(
        directory: &Path,
        models: &Path,
        vault: Arc<dyn KeyVault>,
        device_clock: Arc<dyn DeviceClock>,
    ) -> Result<Self, EngineError> {
        let clock = CoreClock::new(device_clock);
        let now = clock.now();
        let (store, opened) = Store::open(directory, now.utc_ms)?;
        let (store, opened, store_key) = open_key(store, opened, directory, vault.as_ref(), now.utc_ms)?;
        let mut state = State::fresh(strictest(NO_FORCE)?);
        // Where it is not sound the check does not load, and says why.
        state.calibration = peel_face::calibration_in(models).ok();
        let engine = Self {
            store,
            store_key,
            vault,
            clock,
            models: models.to_owned(),
            face: OnceLock::new(),
            previewing: Mutex::new(()),
            state: Mutex::new(State::fresh(strictest(NO_FORCE)?)),
            link: Mutex::new(None),
            changed: watch::channel(0).0,
            wanted: watch::channel((false, 0)).0,
            network: Notify::new(),
            urgent: Notify::new(),
            hardware: Notify::new(),
            signing: Signing::default(),
            resume_online: AtomicBool::new(false),
            syncing: tokio::sync::Mutex::new(()),
        };
        engine.load_alarms(&mut state, opened)?;
        if let Some(device) = engine.load(persist::DEVICE)? {
            engine.load_device(&mut state, device)?;
            engine.load_shift(&mut state)?;
            engine.load_deployment(&mut state)?;
            engine.report_recovery(&mut state, opened, now)?;
        }
        state.last_tick = Some(now);
        *engine.lock() = state;
        Ok(engine)
    }

    fn load<T: serde::de::DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, EngineError> {
        persist::load(&self.store, &self.store_key, name)
    }

    fn load_alarms(&self, state: &mut State, opened: Opened) -> Result<(), EngineError> {
        let kept: Option<BTreeSet<String>> = self.load(persist::ALARMS)?;
        state.alarms = kept.unwrap_or_default();
        if opened.set_aside {
            state.raise("trail.set_aside");
            self.put([persist::put(&self.store_key, persist::ALARMS, &state.alarms)?])?;
        }
        if opened.no_reserve {
            state.raise("storage.full");
        }
        Ok(())
    }

    /// The trail, the link and the policy of an enrolled device. A log that contradicts its own state is not continued.
    pub(super) fn load_device(&self, state: &mut State, device: DeviceRecord) -> Result<(), EngineError> {
        let (origin, recipients) = (keys::origin(&device)?, keys::recipients(&device, &state.policy)?);
        state.cosigned = self.store.cosigned_size()?;
        state.latest_gateway_ms = self.store.latest_stated_ms()?;
        state.latest_trail_ms = self.time_of_an_earlier_boot()?;
        state.force_proof = self.load(persist::FORCE_PROOF)?.unwrap_or_default();
        state.cursor = self.store.meta(persist::CURSOR)?.and_then(|b| b.try_into().ok()).map_or(0, u64::from_be_bytes);
        // Without its key the log is still recorded to.
        let trail = match self.log_signer(&device)? {
            Some(signer) => Trail::open(&self.store, origin, signer, recipients),
            None => Trail::open_unsigned(&self.store, origin, recipients),
        };
        state.trail = Some(trail.map_err(|error| match error {
            TrailError::Store(error) => EngineError::Store(error),
            _ => EngineError::Integrity("trail.self_check"),
        })?);
        self.note_lost_keys(state, &device);
        let authenticator = Authenticator { enrolment_id: device.enrolment_id, vault: Arc::clone(&self.vault) };
        let root = &device.root_certificate;
        let client = GatewayClient::new(&device.gateway_url, root, device.spki_pins, Some(authenticator))?;
        let force = ForceRoot::new(device.force_id.as_str(), &device.force_key, &device.approvers)?;
        self.set_link(client.following(force, self.load_pins()?));
        state.policy = strictest(device.force_id.as_str())?;
        if let Some(signed) = self.load::<Vec<u8>>(persist::POLICY)? {
            let trust = PolicyTrust { signers: &device.policy_signers, force_id: &device.force_id, current_version: 0 };
            let verified = verify_policy(&signed, trust).map_err(EngineError::from);
            // One that cannot be taken leaves the strictest, and the enrolment's own keys, which always do.
            if verified.and_then(|verified| keys::take_policy(state, &device, verified.policy)).is_err() {
                state.raise("policy.refused");
            }
        }
        state.device = Some(device);
        Ok(())
    }

    /// The officer, from the certificate as it was verified at sign-in: an expired one still finishes a running stop,
    /// and the workflow sees to it that it does nothing else.
    fn load_shift(&self, state: &mut State) -> Result<(), EngineError> {
        let Some(shift) = self.load::<ShiftRecord>(persist::SHIFT)? else { return Ok(()) };
        let device = state.device()?;
        let k_officer_spki = self.vault.public_key(KeySlot::Officer)?;
        let binding = Binding { enrolment_id: device.enrolment_id, k_officer_spki: &k_officer_spki };
        match verify_certificate(&shift.certificate, &device.force_key, binding, shift.signed_in_at_ms) {
            Ok(officer) => state.officer = Some(officer),
            Err(_) => {
                state.raise("shift.refused");
            }
        }
        Ok(())
    }

    /// What the wall clock read at the trail's last entry, if that is of an earlier boot: a clock that reads less now was
    /// set back.
    fn time_of_an_earlier_boot(&self) -> Result<Option<i64>, EngineError> {
        let Some(last) = self.store.size()?.checked_sub(1) else { return Ok(None) };
        let Some(bytes) = self.store.entries(last, 1)?.pop() else { return Ok(None) };
        let time = Entry::decode(&bytes).map_err(|_| EngineError::Integrity("trail.self_check"))?.header().time;
        Ok((time.boot != self.now().boot_id.0).then_some(time.wall_ms))
    }

    fn load_deployment(&self, state: &mut State) -> Result<(), EngineError> {
        let Some(record) = self.load::<DeploymentRecord>(persist::DEPLOYMENT)? else {
            // Leaving commits first and destroys then; what came between is made good here, or before the next joining.
            let _ = self.destroy_deployment_key();
            return Ok(());
        };
        let cache = match unwrap_key(self.vault.as_ref(), WrapSlot::Deployment, &record.cache_wrapped) {
            Ok(cache) => cache,
            Err(VaultError::Lost) => {
                // Nothing of the working cache can be read any more; the trail is whole, and says what became of the images.
                state.raise("deployment.key_lost");
                return self.forget_lost_deployment(state, record.card.deployment_id);
            }
            Err(error) => return Err(error.into()),
        };
        for feed in &record.feeds {
            state.feeds.insert(feed.feed_id.clone(), AssignedFeed { feed: feed.clone(), told: None });
        }
        state.deployment = Some(OpenDeployment { record, cache });
        self.replay(state)?;
        // An earlier version kept none; its images end by their own time.
        state.silence = self.load(persist::SILENCE)?.or_else(|| Some(Silence::beginning(self.now())));
        let alive: Option<Moment> = self.load(persist::ALIVE)?;
        for held in state.alerts.values_mut() {
            if let Some(alive) = alive {
                held.state.seen_running(alive);
            }
        }
        Ok(())
    }

    /// The projection, from the sealed alerts and events.
    fn replay(&self, state: &mut State) -> Result<(), EngineError> {
        let cache = &state.deployment()?.cache;
        let mut alerts = std::collections::BTreeMap::new();
        for (alert_id, sealed) in self.store.alerts()? {
            let alert: peel_domain::alert::Alert =
                persist::decode(&cache.open(&persist::alert_place(alert_id), &sealed)?)?;
            alerts.insert(AlertId(uuid::Uuid::from_bytes(alert_id)), alert);
        }
        let mut events = Vec::new();
        for (index, sealed) in self.store.events()? {
            let body = cache.open(&event_place(index), &sealed)?;
            events.push(EventBody::from_cbor(&body).map_err(|_| EngineError::Integrity("cache.event"))?);
        }
        for event in events {
            if let (Action::AlertReceived { .. }, Some(alert_id)) = (&event.action, event.alert_id) {
                if let Some(alert) = alerts.remove(&alert_id) {
                    let alert_state = AlertState::received(&alert, event.at);
                    let held = Held { alert, state: alert_state, comparisons: Vec::new(), prompts_due: Vec::new() };
                    state.alerts.insert(alert_id, held);
                }
            } else {
                state.apply(&event);
            }
        }
        Ok(())
    }

    /// What a kill left is said in the trail, and so is a clock that moved meanwhile.
    fn report_recovery(&self, state: &mut State, opened: Opened, now: Moment) -> Result<(), EngineError> {
        if state.deployment.is_none() {
            return Ok(());
        }
        let mut events = Vec::new();
        let running = state.alerts.values().filter(|held| held.state.stop().is_some_and(StopState::is_running));
        let open_stops = u32::try_from(running.count()).unwrap_or(u32::MAX);
        if opened.unclean {
            let action = Action::Recovered { open_stops };
            events.push(record::event(state, action, Actor::Core, Justification::Integrity, now));
        }
        if let Some(before) = self.load::<Moment>(persist::ALIVE)?
            && let Some(by_ms) = jump(&before, &now)
        {
            let action = Action::ClockJumped { by_ms };
            events.push(record::event(state, action, Actor::Core, Justification::Integrity, now));
        }
        if events.is_empty() { Ok(()) } else { self.record(state, &events, Batch::new()) }
    }
}

/// By how much the wall clock moved against the monotonic one, where that is too much. Across boots only going back
/// shows.
pub(super) fn jump(before: &Moment, now: &Moment) -> Option<i64> {
    let wall_ms = now.utc_ms.saturating_sub(before.utc_ms);
    if before.boot_id != now.boot_id {
        return (wall_ms < -JUMP_MS).then_some(wall_ms);
    }
    let passed = i64::try_from(now.monotonic_ns.saturating_sub(before.monotonic_ns) / 1_000_000).unwrap_or(i64::MAX);
    let by_ms = wall_ms.saturating_sub(passed);
    (by_ms.abs() > JUMP_MS).then_some(by_ms)
}

/// The store's own key. Where the key store lost it, nothing sealed can be read: the file is set aside.
fn open_key(
    store: Store,
    opened: Opened,
    directory: &Path,
    vault: &dyn KeyVault,
    now_ms: i64,
) -> Result<(Store, Opened, RecordKey), EngineError> {
    if let Some(wrapped) = store.meta(persist::STORE_KEY)? {
        match unwrap_key(vault, WrapSlot::Store, &wrapped) {
            Ok(key) => return Ok((store, opened, key)),
            Err(VaultError::Lost) => {}
            Err(error) => return Err(error.into()),
        }
        let (store, opened) = store.set_aside(directory, now_ms)?;
        let key = new_key(&store, vault)?;
        return Ok((store, opened, key));
    }
    let key = new_key(&store, vault)?;
    Ok((store, opened, key))
}

fn new_key(store: &Store, vault: &dyn KeyVault) -> Result<RecordKey, EngineError> {
    let key = RecordKey::generate(&mut rand::rng());
    let mut batch = Batch::new();
    batch.push(Op::Put(persist::STORE_KEY, wrap_key(vault, WrapSlot::Store, &key)?));
    store.commit(batch).map_err(|error: StoreError| EngineError::from(error))?;
    Ok(key)
}
