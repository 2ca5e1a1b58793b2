//! Honest phones and an honest force on real clocks: nothing that they do may look like tampering, and what one officer
//! judges counts for the other.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of a test")]

mod phone_support;

mod e2e {
    use std::process::Command;

    use peel_companion::ffi::{CoreError, DecisionRequest, JudgementRequest, SyncState};
    use peel_domain::judgement::{Decision, JudgementValue};
    use peel_domain::stop::{
        Explanation, IdentityConclusion, IdentityStepKind, IdentityStepResult, LegalFooting, OtherOutcome, Outcome,
        ReceiptChannel,
    };
    use peel_gateway::desk::Desk;
    use peel_street::exercise::director;
    use serde_json::json;

    use crate::phone_support::{LOOK, OFFICER, Phone, SECOND, Street, alert};

    const SAME: JudgementRequest = JudgementRequest { value: JudgementValue::SamePersonLikely, look: LOOK };

    fn engage() -> DecisionRequest {
        DecisionRequest { decision: Decision::Engage, note: None }
    }

    async fn stop_with_a_receipt(street: &Street, phone: &Phone) {
        let alert_id = street.raise().await;
        phone.until_alert(alert_id).await;
        let core = &phone.core;
        core.displayed(alert_id).await.unwrap();
        core.judge(alert_id, SAME).await.unwrap();
        core.decide(alert_id, engage()).await.unwrap();
        core.contact_made(alert_id, LegalFooting::VoluntaryConversation).await.unwrap();
        let explained = Explanation {
            identity_of_officer: true,
            reason: true,
            came_from_lfr: true,
            free_to_go_or_detained: true,
            right_to_record: true,
        };
        core.explain(alert_id, explained).await.unwrap();
        let (kind, result) = (IdentityStepKind::Document, IdentityStepResult::Supports);
        core.identity_step(alert_id, kind, result, None).await.unwrap();
        core.conclude_identity(alert_id, IdentityConclusion::SamePerson).await.unwrap();
        let outcome = Outcome::Other(OtherOutcome::ConditionsCheckedCompliant);
        core.record_outcome(alert_id, outcome).await.unwrap();
        core.offer_receipt(alert_id, ReceiptChannel::Qr).await.unwrap();
        core.release(alert_id).await.unwrap();
        core.close_alert(alert_id).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_an_honest_shift_leaves_is_never_called_tampered() {
        let street = Street::open().await;
        let phone = Phone::ready(&street, OFFICER).await;
        stop_with_a_receipt(&street, &phone).await;
        // Somebody at the force works beside the running gateway: another process writes the same logs.
        street.create_another_deployment();
        stop_with_a_receipt(&street, &phone).await;
        // A whole alert's life passes while the phone is away, and its images are destroyed before it comes back.
        phone.core.disconnect().unwrap();
        let missed = street.raise().await;
        assert_eq!(street.state("ended").await.status(), 200);
        phone.core.connect().unwrap();
        phone.until(|seen| seen.refused.iter().any(|code| code == "alert.gone").then_some(())).await;
        assert!(matches!(phone.core.alert(missed), Err(CoreError::NotFound { .. })));
        assert_eq!(phone.core.end_shift().await.unwrap().state, SyncState::UpToDate);

        let (bundle, trust, key) = street.bundle();
        let auditor = director::programs().unwrap().auditor;
        let verify = |open: bool| {
            let mut command = Command::new(&auditor);
            command.arg("verify").arg(&bundle).arg("--trust").arg(&trust);
            if open {
                command.arg("--open").arg(&key);
            }
            command.output().unwrap()
        };
        for open in [false, true] {
            let output = verify(open);
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "opened {open}: {said}{}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(open, said.contains("refused by the phone"), "{said}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn s04_another_officers_blind_judgement_lets_a_child_be_approached_and_nothing_else_does() {
        let street = Street::open().await;
        let (one, other) = (Phone::ready(&street, OFFICER).await, Phone::ready(&street, SECOND).await);
        let mut desk = Desk::open(&street.desk(), &street.url()).unwrap();
        let mut child = alert(street.deployment_id, "avery_2.jpg", "avery_1.jpg");
        child["under_18"] = json!(true);
        let alert_id = street.raise_as(&child).await;
        for phone in [&one, &other] {
            phone.until_alert(alert_id).await;
            phone.core.displayed(alert_id).await.unwrap();
        }
        one.core.judge(alert_id, SAME).await.unwrap();
        let with_a_note = || DecisionRequest { note: Some("he looks about fifteen".to_owned()), ..engage() };
        let alone = format!("{:?}", one.core.decide(alert_id, with_a_note()).await);
        assert!(alone.contains("second_officer_needed"), "{alone}");
        other.core.judge(alert_id, SAME).await.unwrap();
        assert_eq!(other.core.sync_now(20_000).await.unwrap().state, SyncState::UpToDate);
        desk.follow(&mut |_, _, _| {}).await.unwrap();
        let both = |seen: &peel_companion::ffi::AlertsSnapshot| {
            seen.alerts.iter().any(|header| header.alert_id == alert_id && !header.others.is_empty()).then_some(())
        };
        one.until(both).await;
        one.core.decide(alert_id, with_a_note()).await.unwrap();
    }
}
