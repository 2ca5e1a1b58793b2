//! Everything that a policy says against itself, listed at once so that a force can mend it in one go.

use std::collections::BTreeSet;

use crate::policy::{BlindRule, POLICY_FORMAT, Policy, TwoPersonRule};
use crate::stop::Power;

/// Longest life of any image, in seconds: a policy may shorten it only (S25).
pub const MAX_MEDIA_LIFE_S: u32 = 86_400;
/// Longest life of a close photograph in memory, in seconds: a policy may shorten it only (S19).
pub const MAX_LIVE_CAPTURE_S: u32 = 60;
/// Longest time after closing that images of people who were not engaged may live, in seconds (S24).
pub const MAX_AFTER_CLOSE_S: u32 = 60;

macro_rules! contradictions {
    ($($name:ident, $code:literal, $text:literal;)*) => {
        /// One thing that a policy says against itself or against what no policy may change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
        pub enum Contradiction {
            $(#[doc = $text] #[error($text)] $name,)*
        }

        impl Contradiction {
            /// A stable code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

contradictions! {
    Format, "policy.format", "the format is unknown";
    Version, "policy.version", "the version is zero";
    SkipShare, "policy.skip_share", "the share of skips is above 100 per cent";
    SecondNotBlind, "policy.second_not_blind", "two officers must judge but the blind judgement is not required";
    NeverFresh, "policy.never_fresh", "alerts are stale as soon as they arrive";
    StaleAfterMedia, "policy.stale_after_media", "alerts are acted on for longer than their images may live";
    LateContactAfterMedia, "policy.late_contact", "contact may be recorded for longer than images may live";
    Threshold, "policy.threshold", "a threshold is above 1";
    PromptsOrder, "policy.prompts_order", "the stop's prompts are not ascending or one is at zero";
    MediaLife, "policy.media_life", "images live longer than a day or not at all";
    MediaAfterClose, "policy.media_after_close", "images of closed alerts live longer than the safeguard allows";
    LiveCapture, "policy.live_capture", "a close photograph lives longer than a minute or not at all";
    EvidenceHold, "policy.evidence_hold", "an evidence hold has no length, or lasts for more than a year";
    EvidenceKey, "policy.evidence_key", "the evidence key is not written as a public key";
    LockAfterSession, "policy.lock_after_session", "the phone locks later than the session ends, or never";
    Session, "policy.session", "a session is longer than a day or has no length";
    Unlocks, "policy.unlocks", "no failed unlock, or more than ten, is allowed";
    LapsesAtOnce, "policy.lapses_at_once", "images lapse without any time for a contact";
    BackupHorizon, "policy.backup_horizon", "the force's backups reach back no day, or more than a year";
    OperationsKey, "policy.operations_key", "the desk's key is not written as a public key";
    Witnesses, "policy.witnesses", "no witness is asked for, one is named twice, or more are asked for than are named";
    Signage, "policy.signage", "signage is never checked";
    Cell, "policy.cell", "published cells may be smaller than five";
    GroundsWords, "policy.grounds_words", "grounds of an arrest need no word of their own";
    ArrestWithoutPower, "policy.arrest_without_power", "a kind of arrest has no power";
    PowerWithoutArrest, "policy.power_without_arrest", "a power that is not one of arrest is listed for an arrest";
    CodeGUnused, "policy.code_g_unused", "a Code G reason is asked for a power that no arrest uses";
    CodeGMissing, "policy.code_g_missing", "PACE section 24 needs no Code G reason";
    DocumentsNever, "policy.documents_never", "fingerprints are allowed and never need a reason after documents";
    Rates, "policy.rates", "a known error rate contradicts itself or has no source";
}

impl Policy {
    /// Everything that is wrong with it; empty for a sound policy.
    pub fn contradictions(&self) -> BTreeSet<Contradiction> {
        let mut found = BTreeSet::new();
        let mut note = |wrong: bool, what: Contradiction| {
            if wrong {
                found.insert(what);
            }
        };
        note(self.format != POLICY_FORMAT, Contradiction::Format);
        note(self.version == 0, Contradiction::Version);
        note(self.judgement.skip_review_percent > 100, Contradiction::SkipShare);
        let two = self.judgement.two_person != TwoPersonRule::Off;
        note(two && self.judgement.blind != BlindRule::Required, Contradiction::SecondNotBlind);
        note(self.alert.stale_after_s == 0, Contradiction::NeverFresh);
        note(self.alert.stale_after_s > self.media.after_capture_s, Contradiction::StaleAfterMedia);
        note(self.alert.late_contact_s > self.media.after_capture_s, Contradiction::LateContactAfterMedia);
        note(self.alert.threshold_floor.0 > 1000, Contradiction::Threshold);
        note(self.known_rates.iter().any(|rate| rate.from_threshold.0 > 1000), Contradiction::Threshold);
        self.note_media(&mut note);
        self.note_device(&mut note);
        self.note_stop(&mut note);
        note(self.deployment.signage_check_every_min == 0, Contradiction::Signage);
        note(self.deployment.published_cell_min < 5, Contradiction::Cell);
        let bad_rate = self.known_rates.iter().any(|rate| {
            rate.false_alerts > rate.alerts || rate.alerts > rate.faces || rate.faces == 0 || rate.source.is_empty()
        });
        note(bad_rate, Contradiction::Rates);
        found
    }

    fn note_media(&self, note: &mut impl FnMut(bool, Contradiction)) {
        let life = self.media.after_capture_s;
        note(life == 0 || life > MAX_MEDIA_LIFE_S, Contradiction::MediaLife);
        note(self.media.after_close_s > MAX_AFTER_CLOSE_S.min(life), Contradiction::MediaAfterClose);
        let hold_days = self.media.evidence_hold_max_days;
        note(hold_days == 0 || hold_days > 366, Contradiction::EvidenceHold);
        let key = self.media.evidence_key.as_deref();
        note(key.is_some_and(|text| !is_public_key(text)), Contradiction::EvidenceKey);
        let capture = self.check.live_capture_max_s;
        note(capture == 0 || capture > MAX_LIVE_CAPTURE_S, Contradiction::LiveCapture);
    }

    fn note_device(&self, note: &mut impl FnMut(bool, Contradiction)) {
        let device = &self.device;
        note(device.lock_after_s == 0 || device.lock_after_s > device.session_max_s, Contradiction::LockAfterSession);
        note(device.session_max_s == 0 || device.session_max_s > 86_400, Contradiction::Session);
        note(device.failed_unlocks_max == 0 || device.failed_unlocks_max > 10, Contradiction::Unlocks);
        note(device.lapse_without_contact_h == 0, Contradiction::LapsesAtOnce);
        let horizon = self.trail.backup_horizon_days;
        note(horizon == 0 || horizon > 366, Contradiction::BackupHorizon);
        let key = self.trail.operations_key.as_deref();
        note(key.is_some_and(|text| !is_public_key(text)), Contradiction::OperationsKey);
        let impossible = self.trail.witnesses.as_ref().is_some_and(|rule| {
            let named: BTreeSet<&String> = rule.keys.iter().collect();
            rule.needed == 0 || named.len() != rule.keys.len() || named.len() < rule.needed as usize
        });
        note(impossible, Contradiction::Witnesses);
    }

    fn note_stop(&self, note: &mut impl FnMut(bool, Contradiction)) {
        let prompts = &self.stop.prompts_s;
        let ascending = prompts.windows(2).all(|pair| matches!(pair, [earlier, later] if earlier < later));
        note(!ascending || prompts.first() == Some(&0), Contradiction::PromptsOrder);
        note(self.stop.grounds_min_words == 0, Contradiction::GroundsWords);
        note(self.stop.fingerprint_allowed && self.stop.documents_enough == 0, Contradiction::DocumentsNever);
        note(self.arrest_powers.values().any(BTreeSet::is_empty), Contradiction::ArrestWithoutPower);
        let used: BTreeSet<Power> = self.arrest_powers.values().flatten().copied().collect();
        let search_only =
            [Power::PaceS1Search, Power::MdaS23Search, Power::CjpoaS60, Power::MentalHealthS136, Power::NoneVoluntary];
        note(search_only.iter().any(|power| used.contains(power)), Contradiction::PowerWithoutArrest);
        note(!self.code_g_powers.is_subset(&used), Contradiction::CodeGUnused);
        let s24 = used.contains(&Power::PaceS24) && !self.code_g_powers.contains(&Power::PaceS24);
        note(s24, Contradiction::CodeGMissing);
    }
}

/// The text of an X25519 key or of an uncompressed P-256 point.
fn is_public_key(text: &str) -> bool {
    let (hexadecimal, bytes) = match text.split_once(':') {
        Some(("x25519", rest)) => (rest, 32),
        Some(("p256", rest)) => (rest, 65),
        _ => return false,
    };
    hexadecimal.len() == 2 * bytes && hexadecimal.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
