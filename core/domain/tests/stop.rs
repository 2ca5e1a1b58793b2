//! The stop: timer, explanation, identity, outcome, release.

#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions

mod support;

use peel_domain::calibration::LikelihoodInterval;
use peel_domain::ethnicity::{EthnicityCode, NotStated, SelfDefined};
use peel_domain::event::{Action, Band, CalibrationRef, ComparisonRecord};
use peel_domain::permit::ComparisonPurpose;
use peel_domain::stop::{
    ArrestCause, ArrestKind, CodeGNecessity, FalseAlertCause, ForceUse, IdentityConclusion, IdentityStepKind,
    IdentityStepResult, NoActionReason, OtherOutcome, Outcome, Power, SegmentKind, Truth, Verification,
};
use peel_domain::time::{BootId, Elapsed, Moment};
use peel_domain::workflow::{AlertState, Command, ComparisonRequest, FalseAlertForm, Phase, WorkflowError, due};
use support::*;

use IdentityStepKind::{Document, Face1To1, MobileFingerprint, Verbal};
use IdentityStepResult::{Contradicts, Declined, Supports};

/// The same stop, on boot 2: `utc_ms` after the start, `up_ms` after the boot.
fn rebooted(utc_ms: i64, up_ms: u64) -> Moment {
    Moment { utc_ms: START_MS + utc_ms, monotonic_ns: up_ms * 1_000_000, boot_id: BootId([2; 8]), ..at(0) }
}

fn concluded(conclusion: IdentityConclusion) -> AlertState {
    let mut state = in_contact();
    let result = if conclusion == IdentityConclusion::NotThePerson { Contradicts } else { Supports };
    play(&mut state, step(Verbal, result), 40_000).unwrap();
    play(&mut state, Command::ConcludeIdentity(conclusion), 60_000).unwrap();
    state
}

fn arrest(kind: ArrestKind, power: Power, grounds: &str, code_g: &[CodeGNecessity]) -> Outcome {
    let cause = ArrestCause::LfrReason;
    Outcome::Arrest { kind, cause, power, grounds: grounds.to_owned(), code_g: code_g.to_vec() }
}

fn close_photograph(number: u128) -> Command {
    Command::RecordComparison(ComparisonRecord {
        comparison_id: comparison(number),
        purpose: ComparisonPurpose::ClosePhotograph,
        model_sha256: [1; 32],
        calibration_id: "close-1".to_owned(),
        calibration: None,
        score_millionths: Some(512_000),
        likelihood: None,
        band: Band::Supports,
        reason: None,
        took_ms: 300,
    })
}

#[test]
fn the_timer_runs_on_the_monotonic_clock_and_segments_fill_it() {
    let mut state = in_contact();
    play(&mut state, Command::StartSegment(SegmentKind::WaitingForCheck), 50_000).unwrap();
    let set_back = Moment { utc_ms: 0, ..at(80_000) };
    let stop = state.stop().unwrap();
    assert_eq!(stop.elapsed(&set_back), Elapsed { ms: 60_000, uncertainty_ms: 0 });
    let lengths: Vec<u64> = stop.segment_lengths(&at(80_000)).iter().map(|segment| segment.elapsed.ms).collect();
    assert_eq!(lengths, [30_000, 30_000]);
}

#[test]
fn the_timer_survives_a_kill_exactly_and_a_reboot_with_stated_uncertainty() {
    let mut state = in_contact();
    state.seen_running(at(50_000));
    assert_eq!(state.stop().unwrap().elapsed(&at(70_000)).uncertainty_ms, 0, "a kill is no reboot");
    let elapsed = state.stop().unwrap().elapsed(&rebooted(80_000, 10_000));
    assert_eq!(elapsed, Elapsed { ms: 60_000, uncertainty_ms: 1_000 });
    play(&mut state, explain(), 60_000).unwrap();
    let lying = rebooted(30_000, 15_000);
    let elapsed = state.stop().unwrap().elapsed(&lying);
    assert_eq!(elapsed.ms, 55_000, "40 s before the reboot and at least the 15 s since");
    assert!(elapsed.uncertainty_ms >= 45_000, "and it says that the clock went back");
}

#[test]
fn prompts_come_at_two_five_and_ten_minutes() {
    let state = in_contact();
    let prompts = |ms: i64| due(&state, &policy(), at(20_000 + ms)).prompts_s;
    assert!(prompts(119_999).is_empty());
    assert_eq!(prompts(120_000), [120]);
    assert_eq!(prompts(600_000), [120, 300, 600]);
}

#[test]
fn s50_s48_left_needs_the_explanation_and_an_offered_receipt() {
    let mut state = in_contact();
    assert_eq!(play(&mut state, Command::Release, 30_000), Err(WorkflowError::ExplanationNeeded));
    play(&mut state, explain(), 31_000).unwrap();
    assert_eq!(play(&mut state, Command::Release, 32_000), Err(WorkflowError::ReceiptNeeded));
    play(&mut state, receipt(), 33_000).unwrap();
    let events = play(&mut state, Command::Release, 140_000).unwrap();
    let duration = Elapsed { ms: 120_000, uncertainty_ms: 0 };
    assert_eq!(events[0].action, Action::Released { duration });
    assert_eq!(state.phase(), Phase::Released);
    assert_eq!(play(&mut state, Command::Release, 150_000), Err(WorkflowError::StopEnded));
}

#[test]
fn somebody_who_ran_away_needs_no_receipt() {
    let mut state = in_contact();
    play(&mut state, Command::ConcludeIdentity(IdentityConclusion::NotEstablished), 30_000).unwrap();
    let lost = Outcome::NoAction(NoActionReason::LostAfterContact);
    play(&mut state, Command::RecordOutcome(lost), 31_000).unwrap();
    assert!(play(&mut state, Command::Release, 32_000).is_ok());
    assert!(play(&mut state, Command::Close, 33_000).is_ok());
}

#[test]
fn s51_documents_come_before_a_fingerprint_and_enough_of_them_ask_for_a_reason() {
    let mut allowed = policy();
    allowed.stop.fingerprint_allowed = true;
    let mut state = in_contact();
    let fingerprint = step(MobileFingerprint, Supports);
    assert_eq!(play(&mut state, fingerprint.clone(), 30_000), Err(WorkflowError::FingerprintOff));
    let early = play_under(&mut state, fingerprint.clone(), &officer(), &allowed, 30_000);
    assert_eq!(early, Err(WorkflowError::DocumentsFirst));
    play(&mut state, step(Document, Supports), 31_000).unwrap();
    play(&mut state, step(Document, Supports), 32_000).unwrap();
    let unreasoned = play_under(&mut state, fingerprint, &officer(), &allowed, 33_000);
    assert_eq!(unreasoned, Err(WorkflowError::IntrusiveReason));
    let request = |reason| ComparisonRequest {
        comparison_id: comparison(6),
        purpose: ComparisonPurpose::ClosePhotograph,
        reason,
    };
    let permit = |reason| state.comparison_permit(request(reason), &officer(), &policy(), at(34_000)).map(|_| ());
    assert_eq!(permit(None), Err(WorkflowError::IntrusiveReason));
    assert_eq!(permit(Some("documents bear different names")), Ok(()));
    let reasoned = Command::IdentityStep {
        kind: MobileFingerprint,
        result: Supports,
        reason: Some("documents bear different names".to_owned()),
    };
    assert!(play_under(&mut state, reasoned, &officer(), &allowed, 35_000).is_ok());
}

#[test]
fn s20_declining_is_recorded_whatever_the_policy_allows() {
    let mut state = in_contact();
    play(&mut state, step(MobileFingerprint, Declined), 30_000).unwrap();
    play(&mut state, step(Face1To1, Declined), 31_000).unwrap();
    assert_eq!(state.phase(), Phase::Verifying);
}

#[test]
fn s10_a_face_check_alone_never_concludes_identity() {
    let mut state = in_contact();
    assert_eq!(play(&mut state, step(Face1To1, Supports), 30_000), Err(WorkflowError::FaceStep));
    play(&mut state, close_photograph(6), 31_000).unwrap();
    assert_eq!(play(&mut state, close_photograph(6), 32_000), Err(WorkflowError::Comparison), "recorded once");
    play(&mut state, step(Face1To1, Supports), 33_000).unwrap();
    let same = Command::ConcludeIdentity(IdentityConclusion::SamePerson);
    assert_eq!(play(&mut state, same.clone(), 34_000), Err(WorkflowError::Unsupported));
    play(&mut state, step(Verbal, Supports), 35_000).unwrap();
    let events = play(&mut state, same, 36_000).unwrap();
    let truth = Action::TruthRecorded { truth: Truth::TrueAlert, verification: Verification::Confirmed };
    assert_eq!(events[1].action, truth);
}

#[test]
fn a_comparison_record_must_agree_with_itself() {
    let mut state = in_contact();
    let Command::RecordComparison(good) = close_photograph(6) else { unreachable!() };
    let mut scoreless = good.clone();
    scoreless.score_millionths = None;
    let mut impossible = good.clone();
    impossible.band = Band::NotPossible;
    let mut beyond = good.clone();
    beyond.score_millionths = Some(1_000_001);
    let ratio = |from, to| {
        let interval = LikelihoodInterval { from_log10_thousandths: from, to_log10_thousandths: to };
        ComparisonRecord { likelihood: Some(interval), ..good.clone() }
    };
    let not_possible = ComparisonRecord {
        band: Band::NotPossible,
        score_millionths: None,
        reason: Some("probe.no_face".to_owned()),
        ..ratio(0, 1)
    };
    for record in [scoreless, impossible, beyond, ratio(2, 1), ratio(0, i32::MAX), ratio(i32::MIN, 0), not_possible] {
        let refused = play(&mut state, Command::RecordComparison(record), 30_000);
        assert_eq!(refused, Err(WorkflowError::Comparison));
    }
    assert!(play(&mut state, Command::RecordComparison(ratio(1, 2)), 30_000).is_ok());
}

#[test]
fn a_comparison_recorded_before_calibrations_were_documents_is_still_read() {
    let Command::RecordComparison(old) = close_photograph(6) else { unreachable!() };
    let text = serde_json::to_string(&old).unwrap();
    assert!(!text.contains("likelihood") && !text.contains("\"calibration\""), "what is absent is not written");
    assert_eq!(serde_json::from_str::<ComparisonRecord>(&text).unwrap(), old);
    let new = ComparisonRecord { calibration: Some(CalibrationRef { version: 3, sha256: [7; 32] }), ..old };
    assert_eq!(serde_json::from_str::<ComparisonRecord>(&serde_json::to_string(&new).unwrap()).unwrap(), new);
}

#[test]
fn s11_grounds_must_say_more_than_the_alert() {
    for grounds in ["LFR", "match", "LFR alert.", "matched by the camera", "Live facial recognition alert!", "", "a b"]
    {
        let mut state = concluded(IdentityConclusion::SamePerson);
        let outcome = arrest(ArrestKind::Warrant, Power::MagistratesWarrant, grounds, &[]);
        let refused = play(&mut state, Command::RecordOutcome(outcome), 70_000);
        assert_eq!(refused, Err(WorkflowError::Grounds), "{grounds}");
    }
    let mut state = concluded(IdentityConclusion::SamePerson);
    let grounds = "warrant not backed for bail, confirmed with control room";
    let outcome = arrest(ArrestKind::Warrant, Power::MagistratesWarrant, grounds, &[]);
    assert!(play(&mut state, Command::RecordOutcome(outcome), 70_000).is_ok());
}

#[test]
fn s11_section_24_needs_a_code_g_reason_and_the_power_must_fit() {
    let grounds = "seen on footage breaking the shop window yesterday";
    let harm = [CodeGNecessity::PreventHarm];
    let cases = [
        (arrest(ArrestKind::S24Offence, Power::PaceS24, grounds, &[]), Err(WorkflowError::CodeG)),
        (arrest(ArrestKind::Warrant, Power::MagistratesWarrant, grounds, &harm), Err(WorkflowError::CodeG)),
        (arrest(ArrestKind::S24Offence, Power::NoneVoluntary, grounds, &harm), Err(WorkflowError::Power)),
        (arrest(ArrestKind::Warrant, Power::PaceS24, grounds, &harm), Err(WorkflowError::Power)),
        (arrest(ArrestKind::S24Offence, Power::PaceS24, grounds, &harm), Ok(())),
    ];
    for (outcome, expected) in cases {
        let mut state = concluded(IdentityConclusion::SamePerson);
        assert_eq!(play(&mut state, Command::RecordOutcome(outcome), 70_000).map(|_| ()), expected);
    }
}

#[test]
fn the_outcome_must_be_lawful_for_the_conclusion() {
    use IdentityConclusion::{NotEstablished, NotThePerson, SamePerson};
    let found = |cause| Outcome::Arrest {
        kind: ArrestKind::NewOffenceFound,
        cause,
        power: Power::PaceS24,
        grounds: "knife in plain view on the belt".to_owned(),
        code_g: vec![CodeGNecessity::PreventHarm],
    };
    let contradicts = Err(WorkflowError::OutcomeContradicts);
    let cases = [
        (NotThePerson, Outcome::FalseAlertReleased, Ok(())),
        (NotThePerson, Outcome::Other(OtherOutcome::Referral), contradicts),
        (NotThePerson, found(ArrestCause::LfrReason), contradicts),
        (NotThePerson, found(ArrestCause::FoundDuringStop), Ok(())),
        (SamePerson, Outcome::FalseAlertReleased, contradicts),
        (SamePerson, Outcome::NoAction(NoActionReason::IdentityNotEstablished), contradicts),
        (SamePerson, Outcome::Other(OtherOutcome::ConditionsCheckedCompliant), Ok(())),
        (NotEstablished, Outcome::FalseAlertReleased, contradicts),
        (NotEstablished, Outcome::NoAction(NoActionReason::IdentityNotEstablished), Ok(())),
    ];
    for (conclusion, outcome, expected) in cases {
        let mut state = concluded(conclusion);
        let answer = play(&mut state, Command::RecordOutcome(outcome.clone()), 70_000).map(|_| ());
        assert_eq!(answer, expected, "{conclusion:?} {outcome:?}");
    }
    let mut state = in_contact();
    let early = play(&mut state, Command::RecordOutcome(Outcome::FalseAlertReleased), 30_000);
    assert_eq!(early, Err(WorkflowError::NotConcluded));
}

#[test]
fn a_false_alert_is_closed_with_its_report() {
    let mut state = concluded(IdentityConclusion::NotThePerson);
    play(&mut state, Command::RecordOutcome(Outcome::FalseAlertReleased), 70_000).unwrap();
    assert_eq!(play(&mut state, Command::Close, 71_000), Err(WorkflowError::StopRunning));
    play(&mut state, explain(), 72_000).unwrap();
    play(&mut state, receipt(), 73_000).unwrap();
    play(&mut state, Command::Release, 74_000).unwrap();
    assert_eq!(play(&mut state, Command::Close, 75_000), Err(WorkflowError::ReportNeeded));
    let report = |causes: &[FalseAlertCause]| {
        Command::ReportFalseAlert(FalseAlertForm {
            causes: causes.to_vec(),
            primary: FalseAlertCause::HeadAngle,
            apology_given: true,
            follow_up_wanted: false,
        })
    };
    for causes in [&[][..], &[FalseAlertCause::Glasses], &[FalseAlertCause::HeadAngle, FalseAlertCause::HeadAngle]] {
        assert_eq!(play(&mut state, report(causes), 76_000), Err(WorkflowError::Causes));
    }
    play(&mut state, report(&[FalseAlertCause::HeadAngle, FalseAlertCause::Glasses]), 77_000).unwrap();
    play(&mut state, Command::Close, 78_000).unwrap();
    assert_eq!(state.phase(), Phase::Closed);
    assert_eq!(play(&mut state, Command::Close, 79_000), Ok(vec![]), "closing again is harmless");
}

#[test]
fn a_true_alert_has_no_false_alert_report() {
    let mut state = concluded(IdentityConclusion::SamePerson);
    let form = FalseAlertForm {
        causes: vec![FalseAlertCause::Unknown],
        primary: FalseAlertCause::Unknown,
        apology_given: false,
        follow_up_wanted: false,
    };
    assert_eq!(play(&mut state, Command::ReportFalseAlert(form), 70_000), Err(WorkflowError::NotFalse));
}

#[test]
fn an_arrest_ends_the_stop_as_arrested() {
    let mut state = concluded(IdentityConclusion::SamePerson);
    let grounds = "warrant not backed for bail, confirmed with control room";
    let outcome = arrest(ArrestKind::Warrant, Power::CrownBenchWarrant, grounds, &[]);
    play(&mut state, Command::RecordOutcome(outcome), 70_000).unwrap();
    play(&mut state, explain(), 71_000).unwrap();
    play(&mut state, receipt(), 72_000).unwrap();
    play(&mut state, Command::Release, 90_000).unwrap();
    assert_eq!(state.phase(), Phase::Arrested);
}

#[test]
fn what_a_person_said_of_themselves_and_force_are_stated_at_a_stop_alone_and_may_be_stated_again() {
    let ethnicity = |code| Command::StateEthnicity(SelfDefined::Code(code));
    let force = Command::StateForce(ForceUse::Used { handcuffs: true, injury: false });
    assert_eq!(play(&mut revealed(), ethnicity(EthnicityCode::W1), 5_000), Err(WorkflowError::NoContact));
    assert_eq!(play(&mut revealed(), force.clone(), 5_000), Err(WorkflowError::NoContact));
    let mut state = in_contact();
    for (command, expected) in [
        (ethnicity(EthnicityCode::W1), Action::EthnicityStated(SelfDefined::Code(EthnicityCode::W1))),
        (ethnicity(EthnicityCode::M3), Action::EthnicityStated(SelfDefined::Code(EthnicityCode::M3))),
        (
            Command::StateEthnicity(SelfDefined::NotStated(NotStated::N3)),
            Action::EthnicityStated(SelfDefined::NotStated(NotStated::N3)),
        ),
        (force, Action::ForceStated(ForceUse::Used { handcuffs: true, injury: false })),
        (Command::StateForce(ForceUse::NotUsed), Action::ForceStated(ForceUse::NotUsed)),
    ] {
        let events = play(&mut state, command, 30_000).unwrap();
        assert_eq!(events.iter().map(|event| event.action.clone()).collect::<Vec<_>>(), [expected]);
    }
}
