//! The event stream of one device, pulled by its connection.
//!
//! Always: nothing is read ahead of what the connection takes, so a slow phone holds one batch of memory; the store
//! decides what is sent, the mailbox only says when to look.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use peel_domain::id::EnrolmentId;

use crate::service::{Gateway, Mailbox, ServiceError, stream_text};
use crate::storage;

/// A comment at least this often, so that both ends notice a dead connection.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// The store is looked at this often even without a call: commands of other processes write there too.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Events in one batch.
const BATCH: u32 = 32;

struct Events {
    gateway: Arc<Gateway>,
    device: EnrolmentId,
    mailbox: Arc<Mailbox>,
    cursor: u64,
    begun: bool,
    quiet_since: tokio::time::Instant,
}

impl Drop for Events {
    fn drop(&mut self) {
        self.gateway.hub.close(self.device, &self.mailbox);
    }
}

impl Events {
    /// Where to begin: the device's own cursor, or a reset if that is not within what is kept.
    async fn begin(&mut self) -> Result<String, ServiceError> {
        let device = self.device;
        let (oldest, last) =
            self.gateway.db.read(move |tx| storage::bounds(tx, device).map_err(ServiceError::from)).await?;
        self.begun = true;
        if (oldest..=last).contains(&self.cursor) {
            return Ok(": connected\n\n".to_owned());
        }
        self.cursor = oldest;
        Ok(format!("event: reset\ndata: {{\"after\":{oldest}}}\n\n"))
    }

    async fn batch(&mut self) -> Result<String, ServiceError> {
        let (device, cursor) = (self.device, self.cursor);
        let read = move |tx: &storage::Tx| storage::events_after(tx, device, cursor, BATCH).map_err(ServiceError::from);
        let mut text = String::new();
        for row in self.gateway.db.read(read).await? {
            self.cursor = row.seq;
            text.push_str(&stream_text(row)?);
        }
        for state in self.mailbox.take_drone_states() {
            let _ = write!(text, "event: drone.state\ndata: {state}\n\n");
        }
        Ok(text)
    }

    async fn next(&mut self) -> Result<Option<String>, ServiceError> {
        if !self.begun {
            return self.begin().await.map(Some);
        }
        loop {
            if self.mailbox.is_closed() {
                return Ok(None);
            }
            let text = self.batch().await?;
            if !text.is_empty() {
                return Ok(Some(text));
            }
            if self.quiet_since.elapsed() >= KEEP_ALIVE {
                return Ok(Some(": keep-alive\n\n".to_owned()));
            }
            let _ = tokio::time::timeout(LOOK_AGAIN, self.mailbox.wait()).await;
        }
    }
}

/// The events of a device after its cursor.
pub(super) fn events(
    gateway: Arc<Gateway>,
    device: EnrolmentId,
    cursor: u64,
) -> impl Stream<Item = Result<Bytes, ServiceError>> + Send {
    let mailbox = gateway.hub.open(device);
    let quiet_since = tokio::time::Instant::now();
    let events = Events { gateway, device, mailbox, cursor, begun: false, quiet_since };
    futures_util::stream::unfold(Some(events), |state| async move {
        let mut events = state?;
        match events.next().await {
            Ok(Some(text)) => {
                events.quiet_since = tokio::time::Instant::now();
                Some((Ok(Bytes::from(text)), Some(events)))
            }
            Ok(None) => None,
            // The connection breaks off and the phone comes back with its cursor.
            Err(error) => Some((Err(error), None)),
        }
    })
}
