//! The gateway's stream: numbered, signed messages.
//!
//! Must never: show a payload before its signature verified. Always: the signature covers the enrolment, the number
//! and the payload's exact text, so that a message cannot be moved, renumbered or altered.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::deployment::{DeploymentState, Feed};
use crate::event::CoordinationStatus;
use crate::id::{AlertId, DeploymentId, EnrolmentId, FeedId, OfficerId};
use crate::wire::AlertDto;

/// One message to one enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamEvent {
    /// An alert.
    LfrAlert(Box<AlertDto>),
    /// The operator withdrew an alert.
    LfrWithdraw {
        /// The alert.
        alert_id: AlertId,
        /// Whether because it was judged false.
        judged_false: bool,
    },
    /// An alert's time is over, and its content is gone.
    LfrExpire {
        /// The alert.
        alert_id: AlertId,
    },
    /// A deployment's state.
    DeploymentState {
        /// The deployment.
        deployment_id: DeploymentId,
        /// Its state.
        state: DeploymentState,
    },
    /// What another officer does about an alert.
    Coordination {
        /// The alert.
        alert_id: AlertId,
        /// The other officer.
        officer_id: OfficerId,
        /// What they do.
        status: CoordinationStatus,
    },
    /// A policy takes effect: fetch it.
    Policy {
        /// Its version.
        version: u32,
    },
    /// A drone's feed may be viewed.
    DroneAssigned {
        /// The deployment.
        deployment_id: DeploymentId,
        /// The feed.
        feed: Feed,
    },
    /// A drone's feed is over.
    DroneEnded {
        /// The feed.
        feed_id: FeedId,
    },
}

impl StreamEvent {
    /// The name in the stream's `event` field.
    pub fn name(&self) -> &'static str {
        match self {
            Self::LfrAlert(_) => "lfr.alert",
            Self::LfrWithdraw { .. } => "lfr.withdraw",
            Self::LfrExpire { .. } => "lfr.expire",
            Self::DeploymentState { .. } => "deployment.state",
            Self::Coordination { .. } => "coordination",
            Self::Policy { .. } => "policy",
            Self::DroneAssigned { .. } => "drone.assigned",
            Self::DroneEnded { .. } => "drone.ended",
        }
    }
}

/// A stored message as it stands in the stream's `data` field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamEnvelope {
    /// Contiguous for this enrolment, from 1.
    pub alert_seq: u64,
    /// The JSON text of a [`StreamEvent`], exactly as it was signed.
    pub payload: String,
    /// Ed25519 by the gateway's sequence key over [`Self::signed_message`], standard base64.
    pub signature: String,
}

/// Why a message was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// The envelope is not one.
    #[error("read a stream message")]
    Envelope,
    /// The gateway did not sign it for this enrolment and number.
    #[error("verify a stream message")]
    Signature,
    /// Signed, but of a form that this build does not know.
    #[error("read a signed stream message of an unknown form")]
    Payload,
}

impl StreamError {
    /// A stable code, for the trail.
    pub fn code(self) -> &'static str {
        match self {
            Self::Envelope => "stream.envelope",
            Self::Signature => "stream.signature",
            Self::Payload => "stream.payload",
        }
    }
}

impl StreamEnvelope {
    /// What the gateway's sequence key signs.
    pub fn signed_message(enrolment_id: EnrolmentId, alert_seq: u64, payload: &str) -> Vec<u8> {
        let mut message = format!("peel/v1/seq\n{enrolment_id}\n{alert_seq}\n");
        for byte in Sha256::digest(payload.as_bytes()) {
            let _ = write!(message, "{byte:02x}"); // writing to a string cannot fail
        }
        message.into_bytes()
    }

    /// Reads the `data` field.
    pub fn parse(data: &str) -> Result<Self, StreamError> {
        serde_json::from_str(data).map_err(|_| StreamError::Envelope)
    }

    /// Verifies the signature with the gateway's sequence key and then, and only then, reads the payload.
    pub fn verify(&self, enrolment_id: EnrolmentId, sequence_key: &[u8; 32]) -> Result<StreamEvent, StreamError> {
        let key = VerifyingKey::from_bytes(sequence_key).map_err(|_| StreamError::Signature)?;
        let signature = STANDARD.decode(&self.signature).map_err(|_| StreamError::Signature)?;
        let signature = Signature::from_slice(&signature).map_err(|_| StreamError::Signature)?;
        let message = Self::signed_message(enrolment_id, self.alert_seq, &self.payload);
        key.verify_strict(&message, &signature).map_err(|_| StreamError::Signature)?;
        serde_json::from_str(&self.payload).map_err(|_| StreamError::Payload)
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};
    use uuid::Uuid;

    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn envelope(event: &StreamEvent) -> StreamEnvelope {
        let payload = serde_json::to_string(event).unwrap();
        let message = StreamEnvelope::signed_message(EnrolmentId(Uuid::nil()), 4, &payload);
        let signature = STANDARD.encode(key().sign(&message).to_bytes());
        StreamEnvelope { alert_seq: 4, payload, signature }
    }

    fn verify(envelope: &StreamEnvelope) -> Result<StreamEvent, StreamError> {
        envelope.verify(EnrolmentId(Uuid::nil()), &key().verifying_key().to_bytes())
    }

    #[test]
    fn a_signed_message_comes_back() {
        let event = StreamEvent::LfrWithdraw { alert_id: AlertId(Uuid::nil()), judged_false: true };
        let sent = envelope(&event);
        let data = serde_json::to_string(&sent).unwrap();
        assert_eq!(verify(&StreamEnvelope::parse(&data).unwrap()), Ok(event));
        assert!(sent.payload.starts_with(r#"{"lfr_withdraw""#));
    }

    #[test]
    fn a_moved_renumbered_or_altered_message_is_refused() {
        let sent = envelope(&StreamEvent::Policy { version: 2 });
        assert_eq!(
            sent.verify(EnrolmentId(Uuid::max()), &key().verifying_key().to_bytes()),
            Err(StreamError::Signature)
        );
        let altered = [
            StreamEnvelope { alert_seq: 5, ..sent.clone() },
            StreamEnvelope { payload: sent.payload.replace('2', "3"), ..sent.clone() },
            StreamEnvelope { signature: "AAAA".to_owned(), ..sent.clone() },
            StreamEnvelope { signature: "not base64".to_owned(), ..sent.clone() },
        ];
        for envelope in altered {
            assert_eq!(verify(&envelope), Err(StreamError::Signature));
        }
        assert_eq!(StreamEnvelope::parse("{}"), Err(StreamError::Envelope));
    }

    #[test]
    fn a_signed_message_of_an_unknown_form_is_told_apart() {
        let payload = r#"{"watchlist":[]}"#.to_owned();
        let message = StreamEnvelope::signed_message(EnrolmentId(Uuid::nil()), 4, &payload);
        let signature = STANDARD.encode(key().sign(&message).to_bytes());
        assert_eq!(verify(&StreamEnvelope { alert_seq: 4, payload, signature }), Err(StreamError::Payload));
    }
}
