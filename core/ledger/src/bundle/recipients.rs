//! Whom each entry is sealed to, compared with whom the reader knows.
//!
//! A phone that seals to one key more shows its records to a stranger; one that leaves a key out hides them from
//! somebody who must be able to open them. Both are found without opening anything.

use super::logs::CheckedLog;
use super::report::{Problem, Report};
use super::trust::{RecipientPurpose, Trust, TrustedRecipient};
use crate::entry::KeyId;

/// Checks the recipients of every entry that has some.
pub(super) fn check_recipients(log: &CheckedLog<'_>, trust: &Trust, report: &mut Report) {
    let name = log.origin.as_str();
    if trust.recipients.is_empty() {
        report.not_checked(Some(name), "recipients: the trust file names none", true);
        return;
    }
    let before = report.failures;
    let mut sealed = 0;
    for (index, entry) in (0_u64..).zip(&log.entries) {
        let Some(clear) = entry.as_ref().filter(|clear| clear.receipt.is_none()) else { continue };
        let at = usize::try_from(index).ok().and_then(|at| log.bounds.get(at)).copied().unwrap_or_default();
        let kids = log.recipients.get(clear.sealed_to).map(Vec::as_slice).unwrap_or_default();
        sealed += 1;
        if !sealed_as_named(kids, at.not_before_s, at.not_after_s, &trust.recipients) {
            report.fail(Some(name), Some(index), Problem::Recipients);
        }
    }
    if report.failures == before {
        report.checked(Some(name), "entries sealed to the recipients that the trust file names", sealed);
    }
}

/// Whether every recipient of an entry, made at some time of `[not_before_s, not_after_s]` in seconds since 1970-01-01 UTC,
/// is known and good for this time, and of every purpose that the force has keys for at this time there is one.
pub fn sealed_as_named(
    kids: &[KeyId],
    not_before_s: u64,
    not_after_s: Option<u64>,
    named: &[TrustedRecipient],
) -> bool {
    let good = |known: &&TrustedRecipient| known.is_good_for(not_before_s, not_after_s);
    let all_known = kids.iter().all(|kid| named.iter().filter(good).any(|known| known.kid == *kid));
    let reaches = |purpose: RecipientPurpose| {
        let mut of_it = named.iter().filter(good).filter(|known| known.purpose == purpose).peekable();
        of_it.peek().is_none() || of_it.any(|known| kids.contains(&known.kid))
    };
    all_known && reaches(RecipientPurpose::Auditor) && reaches(RecipientPurpose::Operations)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDITOR: KeyId = [1; 8];
    const NOVEMBER: KeyId = [2; 8];
    const DECEMBER: KeyId = [3; 8];

    fn named() -> Vec<TrustedRecipient> {
        let of = |kid, purpose, from_s, until_s| TrustedRecipient { kid, purpose, from_s, until_s };
        vec![
            of(AUDITOR, RecipientPurpose::Auditor, None, None),
            of(NOVEMBER, RecipientPurpose::Operations, None, Some(1_000)),
            of(DECEMBER, RecipientPurpose::Operations, Some(900), None),
        ]
    }

    fn sound(kids: &[KeyId], not_before_s: u64, not_after_s: Option<u64>) -> bool {
        sealed_as_named(kids, not_before_s, not_after_s, &named())
    }

    #[test]
    fn known_recipients_of_each_purpose_pass_and_nothing_else_does() {
        assert!(sound(&[AUDITOR, NOVEMBER], 0, Some(500)));
        assert!(!sound(&[AUDITOR, NOVEMBER, [9; 8]], 0, Some(500)), "a stranger");
        assert!(!sound(&[AUDITOR], 0, Some(500)), "nobody of the desk");
        assert!(!sound(&[NOVEMBER], 0, Some(500)), "no auditor");
        assert!(!sound(&[], 0, Some(500)));
    }

    #[test]
    fn a_key_of_another_period_is_another_recipient_and_a_turn_of_the_month_takes_both() {
        assert!(!sound(&[AUDITOR, DECEMBER], 0, Some(500)), "not begun");
        assert!(!sound(&[AUDITOR, NOVEMBER], 1_000, Some(1_100)), "over");
        assert!(sound(&[AUDITOR, DECEMBER], 1_000, None));
        for month in [NOVEMBER, DECEMBER] {
            assert!(sound(&[AUDITOR, month], 880, Some(1_100)));
        }
    }
}
