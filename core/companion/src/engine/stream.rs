//! The connection: kept up while it is wanted, resumed from the cursor, tried again with full jitter.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use peel_domain::id::EnrolmentId;
use peel_feeds::sse::{SseItem, SseReader};
use tokio::sync::watch;

use super::Engine;
use super::error::EngineError;
use super::sync::{GATEWAY_REFUSED, GATEWAY_UNKNOWN, PINS_OUTDATED};
use crate::ffi::ConnectionState;
use crate::store::Batch;
use crate::transport::{BackOff, TransportError};

/// Runs until the runtime ends.
pub(crate) async fn run(engine: Arc<Engine>) {
    let mut wanted = engine.wanted.subscribe();
    loop {
        if wanted.borrow_and_update().0 {
            keep_up(&engine, &mut wanted).await;
        } else {
            engine.set_connection(ConnectionState::Idle);
            if wanted.changed().await.is_err() {
                return;
            }
        }
    }
}

/// Connects again and again until the wish changes.
async fn keep_up(engine: &Arc<Engine>, wanted: &mut watch::Receiver<(bool, u64)>) {
    let mut back_off = BackOff::new();
    loop {
        engine.set_connection(ConnectionState::Connecting);
        let of = engine.lock().device.as_ref().map(|device| device.enrolment_id);
        let must_act = tokio::select! {
            result = engine.follow(&mut back_off) => engine.note_end(of, &result),
            () = engine.network.notified() => {
                back_off.reset();
                continue;
            }
            _ = wanted.changed() => return,
        };
        let pause = back_off.next(&mut rand::rng());
        if must_act {
            engine.set_connection(ConnectionState::Stopped);
            engine.bump();
            let _ = wanted.changed().await;
            return;
        }
        engine.set_connection(ConnectionState::Offline);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = engine.network.notified() => back_off.reset(),
            _ = wanted.changed() => return,
        }
    }
}

/// The alarm of an end after which somebody must act before there is another connection.
fn stops(result: &Result<(), EngineError>) -> Option<&'static str> {
    match result {
        Err(EngineError::Transport(TransportError::Untrusted)) => Some("tls.untrusted"),
        Err(EngineError::Transport(TransportError::PinsOutdated)) => Some(PINS_OUTDATED),
        // People are about to approve it.
        Err(EngineError::Transport(TransportError::Refused { code, .. })) if code == "device.pending" => None,
        Err(EngineError::Transport(TransportError::Refused { status: 401 | 403, .. })) => Some(GATEWAY_REFUSED),
        Err(EngineError::Transport(TransportError::Refused { status: 404, .. })) => Some(GATEWAY_UNKNOWN),
        Err(EngineError::Store(crate::store::StoreError::Closed)) => Some("store.closed"),
        _ => None,
    }
}

impl Engine {
    /// Shows what the end of a connection says. Gives true where somebody must act before there is another. `of` is the
    /// enrolment that asked for the connection: the end says nothing of one that came after it.
    pub(super) fn note_end(&self, of: Option<EnrolmentId>, result: &Result<(), EngineError>) -> bool {
        if let (Some(of), Err(EngineError::Transport(refusal))) = (of, result)
            && self.heed(of, refusal).is_err()
        {
            // An alarm that the store cannot keep is kept at the next refusal.
            return false;
        }
        let mut state = self.lock();
        match stops(result) {
            Some(alarm) if of.is_none_or(|of| state.is_of(of)) => {
                state.raise(alarm);
                true
            }
            _ => false,
        }
    }

    /// One connection, from the cursor to its end.
    async fn follow(self: &Arc<Self>, back_off: &mut BackOff) -> Result<(), EngineError> {
        let cursor = self.lock().cursor;
        let last = (cursor > 0).then(|| cursor.to_string());
        let response = self.link()?.stream("/v1/events", last.as_deref()).await?;
        back_off.reset();
        self.heard();
        self.blocking(Self::settle_lapse).await?;
        self.blocking(Self::note_served).await?;
        self.set_connection(ConnectionState::Online);
        self.urgent.notify_one();
        let mut reader = last.map_or_else(SseReader::new, SseReader::resuming_from);
        let mut body = response.bytes_stream();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|_| TransportError::Unreachable)?;
            self.heard();
            for item in reader.read(&chunk) {
                match item {
                    Ok(SseItem::Event(event)) => self.take_stream_event(&event.event, event.data).await?,
                    Ok(SseItem::Retry(_)) => {}
                    Err(_) => {
                        self.blocking(|engine| engine.refuse_now(None, "stream.malformed")).await?;
                        // Not at once: the same bytes would come again.
                        tokio::time::sleep(Duration::from_millis(250)).await;
                        return Err(TransportError::Malformed.into());
                    }
                }
            }
        }
        Ok(())
    }

    /// The gateway granted a stream: it is asked what its mirror has. Blocks.
    fn note_served(&self) -> Result<(), EngineError> {
        let mut state = self.lock();
        self.served(&mut state)?;
        state.asks_mirror = true;
        Ok(())
    }

    pub(super) fn heard(&self) {
        let now = self.now();
        self.lock().note_contact(now, None);
    }

    /// Records a refused input on its own. Blocks.
    pub(super) fn refuse_now(&self, alert_seq: Option<u64>, code: &str) -> Result<(), EngineError> {
        let mut state = self.lock();
        self.refuse(&mut state, alert_seq, code, Batch::new())
    }
}
