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
        let own =
            |part: &str| enrolment_id.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        if enrolment_id.contains('/') || own("log") || own("events") {
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

    /// The force log since it began anew for the `epoch`th time: `<force domain>/peel/log-<epoch>`, without a number in the
    /// first epoch.
    pub fn force_log_of(force_domain: &str, epoch: u32) -> Result<Self, OriginError> {
        Self::numbered(force_domain, "log", epoch)
    }

    /// The gateway's own events in an epoch, named like the force log.
    pub fn events_of(force_domain: &str, epoch: u32) -> Result<Self, OriginError> {
        Self::numbered(force_domain, "events", epoch)
    }

    fn numbered(force_domain: &str, part: &str, epoch: u32) -> Result<Self, OriginError> {
        let number = if epoch < 2 { String::new() } else { format!("-{epoch}") };
        Self::new(format!("{force_domain}/peel/{part}{number}"))
    }

    /// The epoch of this force log of a force; nothing for any other log.
    pub fn force_log_epoch(&self, force_domain: &str) -> Option<u32> {
        self.epoch(force_domain, "log")
    }

    /// The epoch of this events log of a force; nothing for any other log.
    pub fn events_epoch(&self, force_domain: &str) -> Option<u32> {
        self.epoch(force_domain, "events")
    }

    fn epoch(&self, force_domain: &str, part: &str) -> Option<u32> {
        let own = format!("{force_domain}/peel/{part}");
        let number = self.0.strip_prefix(&own)?;
        let epoch = if number.is_empty() { 1 } else { number.strip_prefix('-')?.parse().ok()? };
        (Self::numbered(force_domain, part, epoch).ok()? == *self).then_some(epoch)
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
        assert!(Origin::device("force.example", "log-2").is_err());
    }

    #[test]
    fn an_epoch_has_one_name() {
        for epoch in [1, 2, 17] {
            let log = Origin::force_log_of("force.example", epoch).unwrap();
            assert_eq!(log.force_log_epoch("force.example"), Some(epoch));
            assert_eq!((log.events_epoch("force.example"), log.force_log_epoch("other.example")), (None, None));
        }
        assert_eq!(Origin::force_log_of("force.example", 1), Origin::force_log("force.example"));
        for other in ["log-0", "log-1", "log-02", "log-", "log-2x", "logs"] {
            let origin = Origin::new(format!("force.example/peel/{other}")).unwrap();
            assert_eq!(origin.force_log_epoch("force.example"), None, "{other}");
        }
    }
}
