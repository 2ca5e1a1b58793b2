//! Officers' signatures over their decisions, checked by the certificates of the force that stand in the record.
//!
//! Must never: take a key from the record that the force's root key has not signed for. Always: an unsigned decision
//! stands and is counted; a wrong signature or certificate is a failure.

use peel_domain::event::{Action, Actor, CertificateBytes, EventBody};
use peel_domain::shift::{CertificateClaims, read_certificate};
use peel_domain::signed_decision::DecisionStatement;

use crate::times::Entry;
use crate::trail::{OfficerSignature, SignatureRow};

/// The officer's key on one phone, and what was signed by it.
#[derive(Debug, Default)]
pub(crate) struct Signatures {
    /// The certificate of the shift that is on.
    officer: Option<CertificateClaims>,
    counts: SignatureRow,
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
        match read_certificate(bytes, root) {
            Err(_) => failed.push(format!("{}: a shift's certificate is not the force's", entry.place())),
            Ok(claims) => {
                let own = claims.enrolment_id.to_string() == log
                    && body.actor == Actor::Officer(claims.officer_id.clone())
                    && claims.until_ms == *until_ms;
                if own {
                    self.officer = Some(claims);
                } else {
                    failed.push(format!("{}: a shift's certificate is of another officer or phone", entry.place()));
                }
            }
        }
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
            self.counts.unsigned += 1;
            return Some(OfficerSignature::Unsigned);
        };
        let by = self.officer.as_ref().filter(|claims| body.actor == Actor::Officer(claims.officer_id.clone()));
        let (Some(claims), Some(alert_id)) = (by, body.alert_id) else {
            self.counts.not_verified += 1;
            return Some(OfficerSignature::NotVerified);
        };
        let note = note.as_deref();
        let statement = DecisionStatement { enrolment_id: claims.enrolment_id, alert_id, decision, note };
        if statement.verify(signature, &claims.k_officer_spki).is_ok() {
            self.counts.verified += 1;
            return Some(OfficerSignature::Verified);
        }
        self.counts.wrong += 1;
        failed.push(format!("{}: a decision's signature is not the officer's over this decision", entry.place()));
        Some(OfficerSignature::Wrong)
    }

    /// The counts, where there was a decision.
    pub(crate) fn conclude(self, log: &str) -> Option<SignatureRow> {
        let row = SignatureRow { log: log.to_owned(), ..self.counts };
        (row.verified + row.unsigned + row.wrong + row.not_verified > 0).then_some(row)
    }
}
