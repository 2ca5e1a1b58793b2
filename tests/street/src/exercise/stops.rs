//! The officers' moves, from an alert on the screen to the person's leaving.

use base64::Engine;
use peel_domain::event::Band;
use peel_domain::id::AlertId;
use peel_domain::judgement::{Decision, JudgementValue, NoEngagementReason, Sighting};
use peel_domain::stop::{
    Explanation, FalseAlertCause, IdentityConclusion, IdentityStepKind, IdentityStepResult, LegalFooting, Outcome,
    ReceiptChannel, SegmentKind,
};
use peel_ledger::receipt::ReceiptCode;

use super::cast::{Cast, LOOK, Receipt};
use super::figures::Step;
use super::{ExerciseError, expect};
use crate::phone::words::{Answer, Call, StopAnswer};
use crate::terminal::Who;

fn judgement_words(value: JudgementValue) -> &'static str {
    match value {
        JudgementValue::SamePersonLikely => "looks like the same person",
        JudgementValue::CannotTell => "cannot tell",
        JudgementValue::DifferentPeopleLikely => "looks like different people",
    }
}

fn band_words(band: Band) -> &'static str {
    match band {
        Band::Supports => "supports",
        Band::Inconclusive => "inconclusive",
        Band::DoesNotSupport => "does not support",
        Band::NotPossible => "not possible",
    }
}

/// How the stop ends: somebody who is arrested does not walk away.
const fn leaving_words(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Arrest { .. } => "the person is taken away under arrest",
        _ => "the person leaves",
    }
}

fn minutes(ms: u64) -> String {
    format!("{}:{:02}", ms / 60_000, ms / 1000 % 60)
}

impl Cast {
    /// Looks at both faces and judges blind; the rest is shown only then.
    pub async fn judge_blind(
        &mut self,
        who: Who,
        alert_id: AlertId,
        value: JudgementValue,
    ) -> Result<(), ExerciseError> {
        self.on(who, "showing an alert", Call::Displayed { alert_id }).await?;
        self.on(who, "looking at two faces", Call::Look { alert_id, visible_ms: 1_800 }).await?;
        if let Answer::Alert(alert) = self.on(who, "reading a blind alert", Call::Alert { alert_id }).await? {
            expect(alert.revealed.is_empty(), "nothing is revealed before the blind judgement")?;
        }
        self.pass(3).await;
        let call = Call::Judge { alert_id, value, look: LOOK };
        let answer = self.timed(who, Step::Judgement, "judging blind", call).await?;
        self.step(who, &format!("judges blind: {}", judgement_words(value)));
        let Answer::Alert(alert) = answer else { return Err(ExerciseError::Expected("an alert came back".to_owned())) };
        let reason = alert.revealed.get("reason").cloned().unwrap_or_default();
        expect(!reason.is_empty(), "the reveal shows the reason")?;
        let above = alert.revealed.get("above_threshold_thousandths").cloned().unwrap_or_default();
        self.step(
            who,
            &format!(
                "sees the rest: amber, {reason}; {above} thousandths above the threshold; the system can be wrong"
            ),
        );
        Ok(())
    }

    /// Runs the secondary face check on the alert's own images.
    pub async fn check(&mut self, who: Who, alert_id: AlertId) -> Result<Band, ExerciseError> {
        let answer = self.timed(who, Step::Check, "checking two faces", Call::Compare { alert_id }).await?;
        self.show_comparison(who, "face check on the same two images", &answer)
    }

    /// Takes a close photograph and compares it with the reference.
    pub async fn close_up(&mut self, who: Who, alert_id: AlertId, photograph: &[u8]) -> Result<Band, ExerciseError> {
        let photograph_base64 = base64::engine::general_purpose::STANDARD.encode(photograph);
        let call = Call::CompareClosePhotograph { alert_id, photograph_base64 };
        let answer = self.timed(who, Step::Check, "checking a close photograph", call).await?;
        self.show_comparison(who, "close-up check, photograph not stored", &answer)
    }

    fn show_comparison(&self, who: Who, what: &str, answer: &Answer) -> Result<Band, ExerciseError> {
        let Answer::Comparison { band, reason, took_ms } = answer else {
            return Err(ExerciseError::Expected("an opinion came back".to_owned()));
        };
        let reason = reason.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        self.step(who, &format!("{what}: {}{reason}", band_words(*band)));
        self.note(who, &format!("the check took {took_ms} ms"));
        Ok(*band)
    }

    /// Judges again after the reveal, and decides.
    pub async fn decide(
        &mut self,
        who: Who,
        alert_id: AlertId,
        value: JudgementValue,
        decision: Decision,
    ) -> Result<(), ExerciseError> {
        let words = match &decision {
            Decision::Engage => "decides: engage",
            Decision::DoNotEngage(_) => "decides: do not engage",
            Decision::PassTo(_) => "decides: pass on",
            Decision::ObserveOnly(_) => "decides: watch only",
        };
        self.on(who, "judging again", Call::JudgeAgain { alert_id, value, look: LOOK }).await?;
        let note = Some("exercise: proportionate to the role-player's warrant".to_owned());
        let call = Call::Decide { alert_id, decision, note };
        self.timed(who, Step::Decision, "deciding", call).await?;
        self.step(who, words);
        Ok(())
    }

    /// Does not engage, because the faces are of different people.
    pub async fn leave_alone(&mut self, who: Who, alert_id: AlertId) -> Result<(), ExerciseError> {
        let decision = Decision::DoNotEngage(vec![NoEngagementReason::DifferentPerson]);
        self.decide(who, alert_id, JudgementValue::DifferentPeopleLikely, decision).await?;
        self.on(who, "closing an alert", Call::Close { alert_id }).await?;
        self.step(who, "closes the alert; its images go");
        Ok(())
    }

    /// Finds the person and makes contact: the timer starts.
    pub async fn contact(&mut self, who: Who, alert_id: AlertId) -> Result<(), ExerciseError> {
        self.on(who, "reporting a sighting", Call::Sighted { alert_id, sighting: Sighting::Seen }).await?;
        let footing = LegalFooting::VoluntaryConversation;
        self.on(who, "making contact", Call::ContactMade { alert_id, footing }).await?;
        self.step(who, "contact made; the timer runs");
        let explanation = Explanation {
            identity_of_officer: true,
            reason: true,
            came_from_lfr: true,
            free_to_go_or_detained: true,
            right_to_record: true,
        };
        self.on(who, "explaining", Call::Explain { alert_id, explanation }).await?;
        self.step(who, "explains: who we are, why, this began with live facial recognition, we may be wrong");
        Ok(())
    }

    /// Records an identity step.
    pub async fn identity(
        &mut self,
        who: Who,
        alert_id: AlertId,
        kind: IdentityStepKind,
        result: IdentityStepResult,
    ) -> Result<(), ExerciseError> {
        self.on(who, "recording an identity step", Call::IdentityStep { alert_id, kind, result }).await?;
        self.step(who, &format!("identity, {kind:?}: {result:?}").to_lowercase());
        Ok(())
    }

    /// Begins another segment of the stop.
    pub async fn segment(&mut self, who: Who, alert_id: AlertId, kind: SegmentKind) -> Result<(), ExerciseError> {
        self.on(who, "starting a segment", Call::StartSegment { alert_id, kind }).await.map(|_| ())
    }

    /// Concludes, records the outcome, gives the receipt; the stop ends.
    pub async fn finish_true(
        &mut self,
        who: Who,
        alert_id: AlertId,
        outcome: Outcome,
        words: &str,
    ) -> Result<StopAnswer, ExerciseError> {
        let leaves = leaving_words(&outcome);
        let conclusion = IdentityConclusion::SamePerson;
        self.on(who, "concluding about identity", Call::ConcludeIdentity { alert_id, conclusion }).await?;
        self.on(who, "recording an outcome", Call::RecordOutcome { alert_id, outcome }).await?;
        self.step(who, words);
        self.hand_over(who, alert_id, leaves).await
    }

    /// Finds the alert false, apologises, gives the receipt; the person leaves.
    pub async fn finish_false(&mut self, who: Who, alert_id: AlertId) -> Result<StopAnswer, ExerciseError> {
        let conclusion = IdentityConclusion::NotThePerson;
        self.on(who, "concluding about identity", Call::ConcludeIdentity { alert_id, conclusion }).await?;
        let outcome = Outcome::FalseAlertReleased;
        self.on(who, "recording an outcome", Call::RecordOutcome { alert_id, outcome }).await?;
        let report = Call::ReportFalseAlert {
            alert_id,
            causes: vec![FalseAlertCause::LowLight, FalseAlertCause::BlurOrLowResolution],
            primary: FalseAlertCause::BlurOrLowResolution,
            apology_given: true,
            follow_up_wanted: false,
        };
        self.on(who, "reporting a false alert", report).await?;
        self.step(who, "not the person: a false alert; apologises and records why");
        self.hand_over(who, alert_id, leaving_words(&Outcome::FalseAlertReleased)).await
    }

    async fn hand_over(&mut self, who: Who, alert_id: AlertId, leaves: &str) -> Result<StopAnswer, ExerciseError> {
        let call = Call::OfferReceipt { alert_id, channel: ReceiptChannel::Qr };
        let receipt = self.on(who, "offering a receipt", call).await?;
        let Answer::Receipt { reference, lines, qr_text, qr_payload_hex, paper_code } = receipt else {
            return Err(ExerciseError::Expected("a receipt came back".to_owned()));
        };
        let payload = hex::decode(&qr_payload_hex).unwrap_or_default();
        let same = ReceiptCode::parse_text(&qr_text).is_ok_and(|code| code.encode() == payload);
        expect(same, "the receipt's text and its QR code are one code")?;
        self.receipts.push(Receipt { reference, lines, code_text: qr_text, payload, paper_code });
        self.step(who, "hands over the receipt as a QR code");
        let answer = self.on(who, "ending a stop", Call::Release { alert_id }).await?;
        let Answer::Stop(stop) = answer else { return Err(ExerciseError::Expected("a stop came back".to_owned())) };
        expect(!stop.running, "the timer ends with the stop")?;
        self.step(who, &format!("{leaves}; the timer ends"));
        self.note(who, &format!("the stop lasted {}", minutes(stop.elapsed_ms)));
        self.on(who, "closing an alert", Call::Close { alert_id }).await?;
        Ok(stop)
    }

    /// The stop as the screen has it.
    pub async fn stop(&self, who: Who, alert_id: AlertId) -> Result<StopAnswer, ExerciseError> {
        match self.on(who, "reading a stop", Call::Stop { alert_id }).await? {
            Answer::Stop(stop) => Ok(stop),
            _ => Err(ExerciseError::Expected("a stop came back".to_owned())),
        }
    }
}
