//! Officers' signatures over their decisions, checked by the certificates of the force that stand in the record.
//!
//! Must never: take a key from the record that the force's root key has not signed for. Always: an unsigned decision
//! stands, is listed and is never called complete; a wrong, copied or moved signature or certificate is a failure.

use std::collections::BTreeSet;

use peel_domain::event::{Action, Actor, CertificateBytes, EventBody};
use peel_domain::shift::{CertificateClaims, certificate_sha256, read_certificate};
use peel_domain::signed_decision::{DecisionStatement, StatementVersion};

use crate::times::{Entry, Validity, validity};
use crate::trail::{OfficerSignature, SignatureRow, TrailReport};

/// The most entries that a line names.
const MAX_NAMED: usize = 20;

/// The certificate of the shift that is on.
#[derive(Debug)]
struct Certified {
    claims: CertificateClaims,
    sha256: [u8; 32],
}

/// The officer's key on one phone, and what was signed by it.
#[derive(Debug, Default)]
pub(crate) struct Signatures {
    officer: Option<Certified>,
    /// Every signature so far: one over a moment is there once.
    seen: BTreeSet<[u8; 64]>,
    verified: u64,
    wrong: u64,
    /// Decisions that nothing binds to the officer, to a certificate or to their moment, by their entries.
    unsigned: Vec<u64>,
    not_verified: Vec<u64>,
    moment_not_bound: Vec<u64>,
    /// Certificates in use whose time was compared with an exercise's clock alone.
    in_exercise: u64,
    /// Shifts and decisions after their certificate's end by the force's time, which stood still there.
    stood_still: Vec<u64>,
}

impl Signatures {
    /// A shift began, with the force's certificate where the phone recorded it.
    pub(crate) fn shift(
        &mut self,
        entry: &Entry<'_>,
        body: &EventBody,
        root: Option<&[u8; 32]>,
        failed: &mut Vec<String>,
    ) {
        self.officer = None;
        let (Action::ShiftStarted { until_ms, certificate: Some(CertificateBytes(bytes)) }, Some(root)) =
            (&body.action, root)
        else {
            return;
        };
        let log = entry.log.rsplit('/').next().unwrap_or_default();
        let Ok(claims) = read_certificate(bytes, root) else {
            failed.push(format!("{}: a shift's certificate is not the force's", entry.place()));
            return;
        };
        let own = claims.enrolment_id.to_string() == log
            && body.actor == Actor::Officer(claims.officer_id.clone())
            && claims.until_ms == *until_ms;
        if !own {
            failed.push(format!("{}: a shift's certificate is of another officer or phone", entry.place()));
            return;
        }
        match validity(entry, &body.at, claims.from_ms, claims.until_ms) {
            Validity::Differs => failed.push(format!("{}: a shift's certificate is of another time", entry.place())),
            Validity::InExercise => self.in_exercise += 1,
            Validity::StoodStill => self.stood_still.push(entry.seq),
            Validity::Holds => {}
        }
        self.officer = Some(Certified { claims, sha256: certificate_sha256(bytes) });
    }

    /// The shift is over.
    pub(crate) fn end(&mut self) {
        self.officer = None;
    }

    /// Checks the signature of a decision.
    pub(crate) fn decided(
        &mut self,
        entry: &Entry<'_>,
        body: &EventBody,
        failed: &mut Vec<String>,
    ) -> Option<OfficerSignature> {
        let Action::Decided { decision, note, officer_signature } = &body.action else { return None };
        let Some(signature) = officer_signature else {
            self.unsigned.push(entry.seq);
            return Some(OfficerSignature::Unsigned);
        };
        let by = self.officer.as_ref().filter(|by| body.actor == Actor::Officer(by.claims.officer_id.clone()));
        let (Some(Certified { claims, sha256 }), Some(alert_id)) = (by, body.alert_id) else {
            self.not_verified.push(entry.seq);
            return Some(OfficerSignature::NotVerified);
        };
        match validity(entry, &body.at, claims.from_ms, claims.until_ms) {
            Validity::Differs => {
                failed.push(format!("{}: a decision outside the time of the shift's certificate", entry.place()));
            }
            Validity::StoodStill => self.stood_still.push(entry.seq),
            Validity::InExercise | Validity::Holds => {}
        }
        let (enrolment_id, certificate_sha256) = (claims.enrolment_id, *sha256);
        let (note, at) = (note.as_deref(), body.at);
        let statement = DecisionStatement { enrolment_id, alert_id, decision, note, at, certificate_sha256 };
        let problem = match statement.verify(signature, &claims.k_officer_spki) {
            Err(_) => "is not the officer's over this decision at this moment",
            Ok(found) if !self.seen.insert(found.signature) => "stands in the record before",
            Ok(found) => {
                return Some(match found.version {
                    StatementVersion::Bound => {
                        self.verified += 1;
                        OfficerSignature::Verified
                    }
                    StatementVersion::WithoutMoment => {
                        self.moment_not_bound.push(entry.seq);
                        OfficerSignature::MomentNotBound
                    }
                });
            }
        };
        self.wrong += 1;
        failed.push(format!("{}: a decision's signature {problem}", entry.place()));
        Some(OfficerSignature::Wrong)
    }

    /// The counts, where there was a decision, and what nobody's key answers for. `root`: whether the reader knows the
    /// force's root key.
    pub(crate) fn conclude(self, log: &str, root: bool, report: &mut TrailReport) {
        let count = |entries: &Vec<u64>| entries.len() as u64;
        let row = SignatureRow {
            log: log.to_owned(),
            verified: self.verified,
            unsigned: count(&self.unsigned),
            wrong: self.wrong,
            not_verified: count(&self.not_verified),
            moment_not_bound: count(&self.moment_not_bound),
        };
        let not_verified = if root {
            "whose signature no certificate of the force on record is there for"
        } else {
            "whose signature was not verified: the trust file names no root key of the force"
        };
        let open = [
            (&self.unsigned, "without the officer's signature"),
            (&self.moment_not_bound, "whose signature, of the first version, does not bind its moment"),
            (&self.not_verified, not_verified),
        ];
        for (entries, what) in open.into_iter().filter(|(entries, _)| !entries.is_empty()) {
            report.open.push(format!("{log}: {} decisions {what} ({})", entries.len(), named(entries)));
        }
        if !self.stood_still.is_empty() {
            let what = "a certificate is used after its end by the force's time, which stood still there";
            report.open.push(format!("{log}: {what} ({})", named(&self.stood_still)));
        }
        if self.in_exercise > 0 {
            let what = "certificates' times beside the gateway's: by an exercise's clock";
            report.not_checked.push(format!("{log}: {} {what}", self.in_exercise));
        }
        if row.verified + row.unsigned + row.wrong + row.not_verified + row.moment_not_bound > 0 {
            report.signatures.push(row);
        }
    }
}

fn named(entries: &[u64]) -> String {
    let first: Vec<String> = entries.iter().take(MAX_NAMED).map(u64::to_string).collect();
    let more = if entries.len() > MAX_NAMED { " and more" } else { "" };
    format!("entries {}{more}", first.join(", "))
}
