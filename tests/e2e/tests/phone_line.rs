//! The thin line: an alert from the gateway to a synced decision, on the real core and the real gateway.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of a test")]

mod phone_support;

use peel_companion::ffi::{
    AlertPhase, AlertView, CoreError, DecisionRequest, FaceSide, FalseAlertRequest, JudgementRequest, SyncState,
};
use peel_domain::event::Band;
use peel_domain::judgement::{Decision, JudgementValue, NoEngagementReason, SkipReason};
use peel_domain::stop::{
    Explanation, FalseAlertCause, IdentityConclusion, IdentityStepKind, IdentityStepResult, LegalFooting, OtherOutcome,
    Outcome, ReceiptChannel, SegmentKind,
};
use peel_ledger::receipt::ReceiptCode;
use phone_support::{LOOK, OFFICER, Phone, SECOND, Street, alert, face};

const SAME: JudgementRequest = JudgementRequest { value: JudgementValue::SamePersonLikely, look: LOOK };
const DIFFERENT: JudgementRequest = JudgementRequest { value: JudgementValue::DifferentPeopleLikely, look: LOOK };
const ALL_EXPLAINED: Explanation = Explanation {
    identity_of_officer: true,
    reason: true,
    came_from_lfr: true,
    free_to_go_or_detained: true,
    right_to_record: true,
};

fn engage() -> DecisionRequest {
    DecisionRequest { decision: Decision::Engage, note: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_judged_checked_decided_and_synced() {
    let street = Street::open().await;
    let phone = Phone::ready(&street, OFFICER).await;
    let alert_id = street.raise().await;
    let header = phone.until_alert(alert_id).await;
    assert_eq!((header.phase, header.probe_count), (AlertPhase::Received, 1));
    let core = &phone.core;
    core.displayed(alert_id).await.unwrap();
    for side in [FaceSide::Probe { index: 0 }, FaceSide::Reference] {
        assert!(core.face_image(alert_id, side).await.unwrap().starts_with(&[0xff, 0xd8]));
        core.face_viewed(alert_id, side, 1_000, true).await.unwrap();
    }
    assert!(matches!(core.compare(alert_id).await, Err(CoreError::NotAllowedNow { .. })));
    core.judge(alert_id, SAME).await.unwrap();
    let revealed = phone.revealed(alert_id);
    assert_eq!((revealed.score_thousandths, revealed.threshold_thousandths), (671, 640));
    assert!(revealed.known_error_rate.faces_seen > 0);
    assert_eq!(revealed.blind_judgement, Some(JudgementValue::SamePersonLikely));
    let opinion = core.compare(alert_id).await.unwrap();
    assert_eq!(opinion.band, Band::Supports);
    assert!(opinion.limits.iter().any(|limit| limit == "cannot_separate_twins_or_close_relatives"));
    // Its rates and limits are those of the calibration that the record names: read again, they are still known.
    let rates: Vec<(&str, u64, u64)> =
        opinion.tested_rates.iter().map(|rate| (rate.code.as_str(), rate.numerator, rate.denominator)).collect();
    assert!(rates.contains(&("false_alerts_given_supports", 60, 1_000)), "{rates:?}");
    assert_eq!(phone.revealed(alert_id).comparisons, [opinion]);
    core.decide(alert_id, engage()).await.unwrap();
    let again = core.decide(alert_id, engage()).await;
    assert!(matches!(again, Err(CoreError::AlreadyDecided { .. })), "{again:?}");
    let outcome = core.sync_now(20_000).await.unwrap();
    assert_eq!(outcome.state, SyncState::UpToDate);
    assert_eq!(outcome.size, outcome.cosigned_size);
    assert!(outcome.size >= 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_runs_to_its_receipt_and_release() {
    let street = Street::open().await;
    let phone = Phone::ready(&street, OFFICER).await;
    let alert_id = street.raise().await;
    phone.until_alert(alert_id).await;
    let core = &phone.core;
    core.displayed(alert_id).await.unwrap();
    core.judge(alert_id, SAME).await.unwrap();
    core.decide(alert_id, engage()).await.unwrap();
    core.contact_made(alert_id, LegalFooting::VoluntaryConversation).await.unwrap();
    phone.clock.advance(60);
    core.start_segment(alert_id, SegmentKind::WaitingForCheck).await.unwrap();
    let early = core.release(alert_id).await;
    assert!(matches!(early, Err(CoreError::NotAllowedNow { .. })), "{early:?}");
    core.explain(alert_id, ALL_EXPLAINED).await.unwrap();
    core.identity_step(alert_id, IdentityStepKind::Document, IdentityStepResult::Supports, None).await.unwrap();
    let opinion = core.compare_close_photograph(alert_id, face("avery_3.jpg"), None).await.unwrap();
    assert_ne!(opinion.band, Band::NotPossible, "{opinion:?}");
    core.hold_photograph(alert_id, face("avery_3.jpg"), None).unwrap();
    let held = core.compare_held_photograph(alert_id, None).await.unwrap();
    assert_eq!((held.band, held.purpose), (opinion.band, opinion.purpose));
    let gone = core.compare_held_photograph(alert_id, None).await;
    assert!(matches!(gone, Err(CoreError::NotFound { .. })), "{gone:?}");
    phone.clock.advance(65);
    let stop = core.conclude_identity(alert_id, IdentityConclusion::SamePerson).await.unwrap();
    assert_eq!(stop.prompts_due_min, [2]);
    assert!(stop.elapsed_ms >= 125_000 && stop.uncertainty_ms == 0);
    assert_eq!(stop.segments.len(), 2);
    core.record_outcome(alert_id, Outcome::Other(OtherOutcome::ConditionsCheckedCompliant)).await.unwrap();
    let receipt = core.offer_receipt(alert_id, ReceiptChannel::Qr).await.unwrap();
    assert!(receipt.qr_payload.len() < 1_024, "{}", receipt.qr_payload.len());
    let on_paper = ReceiptCode::decode(&receipt.qr_payload).unwrap();
    assert_eq!(on_paper.origin().as_str(), core.session().unwrap().enrolment.unwrap().origin);
    assert!(!core.release(alert_id).await.unwrap().running);
    core.close_alert(alert_id).await.unwrap();
    assert_eq!(core.sync_now(20_000).await.unwrap().state, SyncState::UpToDate);
    let path = format!("{}/v1/receipts/{}", street.url(), receipt.paper_code);
    assert_eq!(street.http.get(path).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_false_alert_is_reported_and_its_images_are_destroyed_with_receipts() {
    let street = Street::open().await;
    let phone = Phone::ready(&street, OFFICER).await;
    let alert_id = street.raise_as(&alert(street.deployment_id, "blair_1.jpg", "avery_1.jpg")).await;
    phone.until_alert(alert_id).await;
    let core = &phone.core;
    core.displayed(alert_id).await.unwrap();
    core.judge(alert_id, DIFFERENT).await.unwrap();
    let decision =
        DecisionRequest { decision: Decision::DoNotEngage(vec![NoEngagementReason::DifferentPerson]), note: None };
    core.decide(alert_id, decision).await.unwrap();
    let report = FalseAlertRequest {
        causes: vec![FalseAlertCause::UnrelatedLookalikeGoodImages],
        primary: FalseAlertCause::UnrelatedLookalikeGoodImages,
        apology_given: false,
        follow_up_wanted: false,
    };
    core.report_false_alert(alert_id, report).await.unwrap();
    assert!(core.face_image(alert_id, FaceSide::Reference).await.is_ok());
    phone.clock.advance(61);
    let gone = core.face_image(alert_id, FaceSide::Reference).await;
    assert!(matches!(gone, Err(CoreError::NotFound { .. })), "{gone:?}");
    phone.until(|s| s.alerts.iter().find(|a| a.alert_id == alert_id && !a.has_media).map(|_| ())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_nobody_looks_at_expires_and_one_that_is_withdrawn_ends() {
    let street = Street::open().await;
    let phone = Phone::ready(&street, OFFICER).await;
    let withdrawn = street.raise().await;
    phone.until_alert(withdrawn).await;
    street.withdraw(withdrawn, true).await;
    phone.until(|s| s.alerts.iter().find(|a| a.alert_id == withdrawn && a.withdrawn).map(|_| ())).await;
    let stale = street.raise().await;
    phone.until_alert(stale).await;
    phone.clock.advance(181);
    let find = |s: &peel_companion::ffi::AlertsSnapshot| s.alerts.iter().find(|a| a.alert_id == stale).map(|a| a.phase);
    phone.until(|s| find(s).filter(|phase| *phase == AlertPhase::Expired)).await;
    let late = phone.core.judge(stale, SAME).await;
    assert!(matches!(late, Err(CoreError::NotAllowedNow { .. })), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_a_stop_survives_a_kill_with_its_timer_right_and_syncs_afterwards() {
    let street = Street::open().await;
    let phone = Phone::ready(&street, OFFICER).await;
    let alert_id = street.raise().await;
    phone.until_alert(alert_id).await;
    let core = &phone.core;
    core.displayed(alert_id).await.unwrap();
    core.skip_judgement(alert_id, SkipReason::PersonIsHere).await.unwrap();
    core.disconnect().unwrap();
    core.decide(alert_id, engage()).await.unwrap();
    let before = core.contact_made(alert_id, LegalFooting::VoluntaryConversation).await.unwrap();
    let after = phone.after_kill();
    phone.clock.advance(90);
    let stop = after.core.stop(alert_id).unwrap();
    assert!(stop.running && stop.engagement_id == before.engagement_id);
    assert!((90_000..120_000).contains(&stop.elapsed_ms), "{}", stop.elapsed_ms);
    assert_eq!(stop.uncertainty_ms, 0);
    // The trail goes on where it was: what the killed phone acknowledged is what the new one sends.
    let outcome = after.core.sync_now(20_000).await.unwrap();
    assert_eq!(outcome.state, SyncState::UpToDate);
    assert!(matches!(after.core.alert(alert_id).unwrap(), AlertView::Revealed { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_phones_get_the_same_alert_and_a_dropped_call_loses_nothing() {
    let street = Street::open().await;
    let (one, other) = (Phone::ready(&street, OFFICER).await, Phone::ready(&street, SECOND).await);
    let alert_id = street.raise().await;
    one.until_alert(alert_id).await;
    other.until_alert(alert_id).await;
    one.core.displayed(alert_id).await.unwrap();
    // The shell's coroutine is cancelled right after it began: the judgement stands all the same.
    tokio::select! {
        biased;
        answer = one.core.judge(alert_id, SAME) => panic!("answered at once: {answer:?}"),
        () = std::future::ready(()) => {}
    }
    let revealed = |s: &peel_companion::ffi::AlertsSnapshot| {
        s.alerts.iter().any(|a| a.phase == AlertPhase::Revealed).then_some(())
    };
    one.until(revealed).await;
    assert!(matches!(other.core.alert(alert_id).unwrap(), AlertView::Blind { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployments_end_and_the_shifts_end_leave_no_image_and_a_synced_trail() {
    let street = Street::open().await;
    let phone = Phone::ready(&street, OFFICER).await;
    let alert_id = street.raise().await;
    phone.until_alert(alert_id).await;
    let open = phone.core.leave_deployment().await;
    assert!(matches!(open, Err(CoreError::NotAllowedNow { .. })), "{open:?}");
    assert_eq!(street.state("ended").await.status(), 200);
    phone.until(|s| s.alerts.iter().find(|a| a.alert_id == alert_id && !a.has_media).map(|_| ())).await;
    let outcome = phone.core.end_shift().await.unwrap();
    assert_eq!(outcome.state, SyncState::UpToDate);
    let session = phone.core.session().unwrap();
    assert!(session.shift.is_none() && session.deployment_id.is_none());
    assert!(matches!(phone.core.alert(alert_id), Err(CoreError::NotFound { .. })));
}
