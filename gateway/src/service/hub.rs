//! Who waits for events: one mailbox a device, the newest stream wins.
//!
//! Must never: hold events. A mailbox says "look in the store" and keeps the newest state of each drone, so a slow
//! phone costs the same memory as a quick one.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use peel_domain::id::{EnrolmentId, FeedId};
use tokio::sync::Notify;

/// A device's mailbox.
#[derive(Debug, Default)]
pub struct Mailbox {
    wake: Notify,
    closed: AtomicBool,
    drones: Mutex<BTreeMap<FeedId, Arc<str>>>,
}

impl Mailbox {
    /// Waits until there may be something new.
    pub async fn wait(&self) {
        self.wake.notified().await;
    }

    /// Whether a newer stream of the same device has taken over.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// The newest drone states that were not taken yet.
    pub fn take_drone_states(&self) -> Vec<Arc<str>> {
        let mut drones = self.drones.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *drones).into_values().collect()
    }
}

/// All mailboxes.
#[derive(Debug, Default)]
pub struct Hub {
    boxes: Mutex<HashMap<EnrolmentId, Arc<Mailbox>>>,
    stopping: AtomicBool,
}

impl Hub {
    /// Opens a device's mailbox; an older stream of the device ends.
    pub fn open(&self, enrolment_id: EnrolmentId) -> Arc<Mailbox> {
        let mailbox = Arc::new(Mailbox::default());
        mailbox.closed.store(self.stopping.load(Ordering::Acquire), Ordering::Release);
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(older) = boxes.insert(enrolment_id, Arc::clone(&mailbox)) {
            older.closed.store(true, Ordering::Release);
            older.wake.notify_one();
        }
        mailbox
    }

    /// Drops a mailbox that is still the device's own.
    pub fn close(&self, enrolment_id: EnrolmentId, mailbox: &Arc<Mailbox>) {
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        if boxes.get(&enrolment_id).is_some_and(|present| Arc::ptr_eq(present, mailbox)) {
            boxes.remove(&enrolment_id);
        }
    }

    /// Ends a device's stream.
    pub fn end(&self, enrolment_id: EnrolmentId) {
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mailbox) = boxes.remove(&enrolment_id) {
            mailbox.closed.store(true, Ordering::Release);
            mailbox.wake.notify_one();
        }
    }

    /// Tells devices to look in the store.
    pub fn wake(&self, devices: &[EnrolmentId]) {
        let boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        for mailbox in devices.iter().filter_map(|id| boxes.get(id)) {
            mailbox.wake.notify_one();
        }
    }

    /// Puts a drone's newest state in devices' mailboxes; one that was not taken yet is replaced.
    pub fn drone_state(&self, devices: &[EnrolmentId], feed_id: &FeedId, state: &Arc<str>) {
        let boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        for mailbox in devices.iter().filter_map(|id| boxes.get(id)) {
            let mut drones = mailbox.drones.lock().unwrap_or_else(PoisonError::into_inner);
            drones.insert(feed_id.clone(), Arc::clone(state));
            mailbox.wake.notify_one();
        }
    }

    /// Ends all streams: the process is going down.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, mailbox) in boxes.drain() {
            mailbox.closed.store(true, Ordering::Release);
            mailbox.wake.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_newer_stream_ends_the_older_and_drone_states_are_replaced_not_queued() {
        let hub = Hub::default();
        let device = EnrolmentId(uuid::Uuid::nil());
        let older = hub.open(device);
        let newer = hub.open(device);
        older.wait().await;
        assert!(older.is_closed() && !newer.is_closed());
        hub.close(device, &older);
        let feed = FeedId::new("d1").unwrap();
        for state in ["a", "b", "c"] {
            hub.drone_state(&[device], &feed, &Arc::from(state));
        }
        newer.wait().await;
        assert_eq!(newer.take_drone_states(), vec![Arc::from("c")]);
        assert!(newer.take_drone_states().is_empty());
        hub.stop();
        assert!(newer.is_closed() && hub.open(device).is_closed());
    }
}
