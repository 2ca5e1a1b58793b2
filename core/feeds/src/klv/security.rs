//! The security local set, MISB ST 0102, nested as item 48.
//!
//! It says who may see the stream. It must never be guessed: a set without a readable classification is
//! unreadable, and what then holds is decided by whoever gates the view.

use super::KlvError;
use super::ber::{self, Items};

const CLASSIFICATION: u32 = 1;
const CLASSIFYING_COUNTRY: u32 = 3;
const CAVEATS: u32 = 5;
const RELEASING_INSTRUCTIONS: u32 = 6;
const VERSION: u32 = 22;

/// How far a stream may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Classification {
    /// For anyone.
    Unclassified = 1,
    /// Restricted.
    Restricted = 2,
    /// Confidential.
    Confidential = 3,
    /// Secret.
    Secret = 4,
    /// Top secret.
    TopSecret = 5,
}

impl Classification {
    /// The level as a word of the standard, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unclassified => "unclassified",
            Self::Restricted => "restricted",
            Self::Confidential => "confidential",
            Self::Secret => "secret",
            Self::TopSecret => "top secret",
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Unclassified, Self::Restricted, Self::Confidential, Self::Secret, Self::TopSecret]
            .into_iter()
            .find(|&level| level as u8 == byte)
    }
}

/// What the security set says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Security<'a> {
    /// How far the stream may be shown.
    pub classification: Classification,
    /// The classifying country as sent, with its leading slashes.
    pub country: &'a [u8],
    /// Caveats as sent, empty where there are none.
    pub caveats: &'a [u8],
    /// Releasing instructions as sent, empty where there are none.
    pub releasing: &'a [u8],
    /// The version of ST 0102, if sent.
    pub version: Option<u16>,
}

impl<'a> Security<'a> {
    pub(super) fn decode(set: &'a [u8]) -> Result<Self, KlvError> {
        let mut classification = None;
        let (mut country, mut caveats, mut releasing, mut version) = (&[][..], &[][..], &[][..], None);
        for item in Items::new(set) {
            match item? {
                (CLASSIFICATION, &[byte]) if classification.is_none() => {
                    classification = Classification::from_byte(byte);
                }
                (CLASSIFICATION, _) => return Err(KlvError::Malformed),
                (CLASSIFYING_COUNTRY, value) => country = value,
                (CAVEATS, value) => caveats = value,
                (RELEASING_INSTRUCTIONS, value) => releasing = value,
                (VERSION, value) => version = ber::unsigned(value).and_then(|number| u16::try_from(number).ok()),
                _ => {}
            }
        }
        let classification = classification.ok_or(KlvError::Malformed)?;
        Ok(Self { classification, country, caveats, releasing, version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_set_whatever_the_order_of_its_items() {
        let set = [0x16, 2, 0, 9, 1, 1, 1, 2, 1, 1, 3, 4, b'/', b'/', b'G', b'B'];
        let security = Security::decode(&set).unwrap();
        assert_eq!(
            (security.classification, security.country, security.version),
            (Classification::Unclassified, &b"//GB"[..], Some(9))
        );
    }

    #[test]
    fn refuses_a_set_without_one_valid_classification() {
        for set in [&[][..], &[3, 1, b'G'], &[1, 1, 0], &[1, 1, 6], &[1, 0], &[1, 1, 1, 1, 1, 4], &[1, 5, 1]] {
            assert!(Security::decode(set).is_err(), "{set:?}");
        }
    }
}
