//! A phone's stream of messages.

use std::time::Duration;

use peel_domain::id::EnrolmentId;
use peel_domain::wire::{StreamEnvelope, StreamEvent};
use reqwest::Response;

/// A stream's messages, verified.
pub(crate) struct TestStream {
    response: Response,
    text: String,
    id: EnrolmentId,
    key: [u8; 32],
}

/// One message of a stream.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: Option<u64>,
    pub(crate) event: String,
    pub(crate) data: String,
}

impl TestStream {
    pub(crate) fn new(response: Response, id: EnrolmentId, key: [u8; 32]) -> Self {
        Self { response, text: String::new(), id, key }
    }

    /// The next message that is not a comment; `None` when the stream ends.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                let rest = rest.to_owned();
                self.text = rest;
                let field = |name: &str| {
                    block.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).map(str::to_owned)
                };
                if let Some(event) = field("event") {
                    let id = field("id").map(|id| id.parse().unwrap());
                    return Some(Message { id, event, data: field("data").unwrap() });
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.response.chunk()).await.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk.unwrap_or(None)?).unwrap());
        }
    }

    /// The next stored message, its signature checked.
    pub(crate) async fn next_stored(&mut self) -> Option<(u64, StreamEvent)> {
        loop {
            let message = self.next().await?;
            let Some(id) = message.id else { continue };
            let envelope = StreamEnvelope::parse(&message.data).unwrap();
            assert_eq!(envelope.alert_seq, id);
            let event = envelope.verify(self.id, &self.key).unwrap();
            assert_eq!(event.name(), message.event);
            return Some((id, event));
        }
    }

    /// Reads on until an alert comes.
    pub(crate) async fn next_alert(&mut self) -> (u64, Box<peel_domain::wire::AlertDto>) {
        loop {
            if let (id, StreamEvent::LfrAlert(alert)) = self.next_stored().await.unwrap() {
                return (id, alert);
            }
        }
    }
}
