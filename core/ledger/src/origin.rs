//! The origin line that names a log, and how the product's logs are named.
//!
//! An origin is also the key name of the log's signatures, so it always obeys the rules of signed-note
//! key names. It never contains a person's name: a device is named by its enrolment id.

use std::fmt;
use std::str::FromStr;

/// The longest origin accepted, in bytes.
pub const MAX_ORIGIN_BYTES: usize = 255;

/// Why a text is not an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Empty, or longer than [`MAX_ORIGIN_BYTES`].
    #[error("read origin: length out of range")]
    Length,
    /// A space, a plus sign, a control character or an empty path part.
    #[error("read origin: character or empty part not allowed")]
    Form,
}

/// The unique name of a log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// Checks and takes an origin.
    pub fn new(text: impl Into<String>) -> Result<Self, OriginError> {
        let text = text.into();
        if text.is_empty() || text.len() > MAX_ORIGIN_BYTES {
            return Err(OriginError::Length);
        }
        let allowed = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
        let safe_part = |part: &str| !part.is_empty() && part != "." && part != "..";
        if !text.chars().all(allowed) || !text.split('/').all(safe_part) {
            return Err(OriginError::Form);
        }
        Ok(Self(text))
    }

    /// `<force domain>/peel/device/<enrolment id>`: one phone's log.
    pub fn device(force_domain: &str, enrolment_id: &str) -> Result<Self, OriginError> {
        if enrolment_id.contains('/') || matches!(enrolment_id, "log" | "events") {
            return Err(OriginError::Form);
        }
        Self::new(format!("{force_domain}/peel/device/{enrolment_id}"))
    }

    /// `<force domain>/peel/events`: the gateway's own events.
    pub fn events(force_domain: &str) -> Result<Self, OriginError> {
        Self::new(format!("{force_domain}/peel/events"))
    }

    /// `<force domain>/peel/log`: the force log.
    pub fn force_log(force_domain: &str) -> Result<Self, OriginError> {
        Self::new(format!("{force_domain}/peel/log"))
    }

    /// `<force domain>/peel/bundle`: the name under which bundle manifests are signed.
    pub fn bundle(force_domain: &str) -> Result<Self, OriginError> {
        Self::new(format!("{force_domain}/peel/bundle"))
    }

    /// The origin as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the last slash: the log's folder in a bundle.
    pub fn last_part(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Origin({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_three_kinds_of_log() {
        let device = Origin::device("force.example", "e1").unwrap();
        assert_eq!(device.as_str(), "force.example/peel/device/e1");
        assert_eq!(device.last_part(), "e1");
        assert_eq!(Origin::events("force.example").unwrap().last_part(), "events");
        assert_eq!(Origin::force_log("force.example").unwrap().last_part(), "log");
    }

    #[test]
    fn refuses_what_is_no_key_name_or_no_safe_path() {
        for bad in ["", "a b", "a+b", "a\nb", "a//b", "/a", "a/..", "a/\u{3000}"] {
            assert!(Origin::new(bad).is_err(), "{bad:?}");
        }
        assert!(Origin::new("a".repeat(MAX_ORIGIN_BYTES + 1)).is_err());
        assert!(Origin::device("force.example", "log").is_err());
        assert!(Origin::device("force.example", "a/b").is_err());
    }
}
