//! Identifiers: newtypes, so that an alert can never be mistaken for a deployment.
//!
//! UUIDs are version 7 (RFC 9562 section 5.7) and are made by callers, because this crate draws no random numbers.
//! Text identifiers are bounded and printable, so that they can stand in a log origin or a file name.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }
    };
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes 1 to [`TEXT_ID_MAX`] characters of `a-z A-Z 0-9 . _ -`.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                if is_text_id(&text) { Ok(Self(text)) } else { Err(InvalidId) }
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

/// Longest text identifier, in characters.
pub const TEXT_ID_MAX: usize = 64;

fn is_text_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= TEXT_ID_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        && !text.starts_with('.')
}

/// The text is not an identifier of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read an identifier")]
pub struct InvalidId;

uuid_id!(/** One alert of the LFR system, the same on every phone that receives it. */ AlertId);
uuid_id!(/** One deployment. */ DeploymentId);
uuid_id!(/** One stop. */ EngagementId);
uuid_id!(/** One probe image, reference image or close photograph. */ MediaId);
uuid_id!(/** One enrolment of a device: its log's name. */ EnrolmentId);
uuid_id!(/** One hold of evidence by a supervisor. */ HoldId);
uuid_id!(/** One comparison by the secondary face check. */ ComparisonId);
text_id!(/** An officer's number as the force gives it. */ OfficerId);
text_id!(/** A camera of a deployment. */ CameraId);
text_id!(/** A drone's feed. */ FeedId);
text_id!(/** A force, by its domain name. */ ForceId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ids_are_bounded_and_printable() {
        assert!(OfficerId::new("PC-4471").is_ok());
        for bad in ["", "a b", "../x", ".hidden", "é", &"x".repeat(TEXT_ID_MAX + 1)] {
            assert_eq!(OfficerId::new(bad), Err(InvalidId), "{bad}");
        }
    }
}
