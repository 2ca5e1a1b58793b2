//! How long a phone has been without its force, as far as it can know (S39).
//!
//! For: the images of a phone that nobody hears from lapse, because it may be lost. Must never: let a clock that was set,
//! a phone that was off, or a contact that comes too late lengthen a life. Always: on doubt, lapsed (S27); within a boot
//! the monotonic clock alone counts.

use serde::{Deserialize, Serialize};

use crate::policy::Policy;
use crate::time::Moment;

/// The time since the last contact with the gateway. The phone keeps it, and carries it on at each look at its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The last look at the clock.
    seen: Moment,
    /// Milliseconds without contact until then, as measured.
    ms: u64,
    /// The gateway's clock at that look: its last signed time, and what was measured since.
    gateway_ms: Option<i64>,
    /// It was too long, or how long is in doubt. Only [`Self::settled`] takes that back.
    lapsed: bool,
}

impl Silence {
    /// Begins with a contact.
    pub fn beginning(at: Moment) -> Self {
        Self { seen: at, ms: 0, gateway_ms: None, lapsed: false }
    }

    /// The same silence now. A wall clock that reads earlier than at a look before the reboot was set back: nobody knows
    /// then how long the phone was off.
    #[must_use]
    pub fn carried(self, policy: &Policy, now: &Moment) -> Self {
        let passed = now.since(&self.seen).ms;
        let in_doubt = now.boot_id != self.seen.boot_id && now.utc_ms < self.seen.utc_ms;
        let ms = self.ms.saturating_add(passed);
        Self {
            seen: *now,
            ms,
            gateway_ms: self.gateway_ms.map(|at_ms| at_ms.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX))),
            lapsed: self.lapsed || in_doubt || ms >= limit_ms(policy),
        }
    }

    /// A contact ends it. One that comes too late brings nothing back.
    #[must_use]
    pub fn broken(self, policy: &Policy, now: &Moment) -> Self {
        Self { ms: 0, ..self.carried(policy, now) }
    }

    /// A contact in which the gateway signed its time: what its clock has passed over and ours has not was silence too.
    #[must_use]
    pub fn broken_by_signed(self, policy: &Policy, now: &Moment, signed_ms: i64) -> Self {
        let carried = self.carried(policy, now);
        let hidden = carried.gateway_ms.map_or(0, |known_ms| signed_ms.saturating_sub(known_ms));
        let ms = carried.ms.saturating_add(u64::try_from(hidden).unwrap_or(0));
        let lapsed = carried.lapsed || ms >= limit_ms(policy);
        Self { ms: 0, gateway_ms: Some(signed_ms), lapsed, ..carried }
    }

    /// Whether what the phone holds has lapsed.
    pub fn has_lapsed(&self) -> bool {
        self.lapsed
    }

    /// When it was last looked at.
    pub fn seen(&self) -> Moment {
        self.seen
    }

    /// What had lapsed is destroyed; what comes now may stay, if there was a contact since.
    #[must_use]
    pub fn settled(self) -> Self {
        Self { lapsed: false, ..self }
    }
}

fn limit_ms(policy: &Policy) -> u64 {
    u64::from(policy.device.lapse_without_contact_h).saturating_mul(3_600_000)
}
