//! The moving target indicator set, MISB ST 0903, nested as item 74.
//!
//! Only its counts and frame size are read. It must never become tracking: no target's place, shape or identity
//! leaves this module.

use super::KlvError;
use super::ber::{self, Items};

const TARGETS_DETECTED: u32 = 5;
const TARGETS_REPORTED: u32 = 6;
const FRAME_WIDTH: u32 = 8;
const FRAME_HEIGHT: u32 = 9;
const TARGET_SERIES: u32 = 101;

/// The counts of a moving target set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Vmti {
    /// Moving objects that the sender detected in the frame.
    pub detected: Option<u32>,
    /// Moving objects that the sender says it reports.
    pub reported: Option<u32>,
    /// Moving objects in the series that came.
    pub in_series: u32,
    /// Frame width in pixels.
    pub frame_width: Option<u32>,
    /// Frame height in pixels.
    pub frame_height: Option<u32>,
}

impl Vmti {
    pub(super) fn decode(set: &[u8]) -> Result<Self, KlvError> {
        let mut vmti = Self::default();
        for item in Items::new(set) {
            let (tag, value) = item?;
            match tag {
                TARGETS_DETECTED => vmti.detected = Some(number(value)?),
                TARGETS_REPORTED => vmti.reported = Some(number(value)?),
                FRAME_WIDTH => vmti.frame_width = Some(number(value)?),
                FRAME_HEIGHT => vmti.frame_height = Some(number(value)?),
                TARGET_SERIES => vmti.in_series = count_series(value)?,
                _ => {}
            }
        }
        Ok(vmti)
    }
}

fn number(value: &[u8]) -> Result<u32, KlvError> {
    ber::unsigned(value).and_then(|number| u32::try_from(number).ok()).ok_or(KlvError::Malformed)
}

fn count_series(mut series: &[u8]) -> Result<u32, KlvError> {
    let mut count = 0;
    while !series.is_empty() {
        let (length, rest) = ber::length(series)?;
        let (pack, rest) = rest.split_at_checked(length).ok_or(KlvError::Truncated)?;
        let (_identifier, set) = ber::oid(pack)?;
        Items::new(set).try_for_each(|item| item.map(drop))?;
        series = rest;
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_targets_and_refuses_a_torn_series() {
        let set = [5, 1, 2, 6, 1, 2, 8, 2, 2, 0x80, 101, 12, 5, 1, 1, 2, 0, 9, 5, 2, 1, 2, 0, 9];
        let vmti = Vmti::decode(&set).unwrap();
        assert_eq!((vmti.detected, vmti.in_series, vmti.frame_width), (Some(2), 2, Some(640)));
        assert!(Vmti::decode(&[101, 3, 5, 1, 1]).is_err());
        assert!(Vmti::decode(&[5, 0]).is_err());
    }
}
