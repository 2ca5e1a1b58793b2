//! Whatever the order of commands and accidents: what must never happen does not.

mod support;

use peel_domain::event::{Action, Actor, EventBody};
use peel_domain::id::EngagementId;
use peel_domain::judgement::{Decision, JudgementValue, NoEngagementReason, Sighting, SkipReason};
use peel_domain::stop::{
    FalseAlertCause, IdentityConclusion, IdentityStepKind, IdentityStepResult, LegalFooting, NoActionReason, Outcome,
    SegmentKind,
};
use peel_domain::stop_state::StopState;
use peel_domain::wire::{AlertDto, EnrolmentCode, StreamEnvelope};
use peel_domain::workflow::{AlertState, Command, FalseAlertForm, decide, deployment_ended, due, withdrawn};
use proptest::prelude::*;
use support::*;

#[derive(Clone, Debug)]
enum Step {
    Command(Command),
    Withdraw(bool),
    Due,
    End,
}

fn command() -> impl Strategy<Value = Command> {
    let reasons = vec![NoEngagementReason::LostInCrowd];
    prop::sample::select(vec![
        Command::Displayed,
        judge(JudgementValue::SamePersonLikely),
        judge(JudgementValue::DifferentPeopleLikely),
        Command::Skip { reason: SkipReason::PersonIsHere },
        Command::Skip { reason: SkipReason::PolicyOff },
        Command::JudgeRevealed { value: JudgementValue::CannotTell, look: None },
        engage(),
        Command::Decide { decision: Decision::DoNotEngage(reasons.clone()), note: None },
        Command::Decide { decision: Decision::ObserveOnly(reasons), note: None },
        Command::Decide { decision: Decision::PassTo(vec![]), note: None },
        Command::Sighted(Sighting::WithMe),
        contact(),
        Command::ContactMade { engagement_id: EngagementId(uuid(55)), footing: LegalFooting::Arrest },
        Command::StartSegment(SegmentKind::Medical),
        Command::ChangeFooting(LegalFooting::S60),
        explain(),
        step(IdentityStepKind::Document, IdentityStepResult::Supports),
        step(IdentityStepKind::Face1To1, IdentityStepResult::Supports),
        Command::ConcludeIdentity(IdentityConclusion::SamePerson),
        Command::ConcludeIdentity(IdentityConclusion::NotThePerson),
        Command::RecordOutcome(Outcome::FalseAlertReleased),
        Command::RecordOutcome(Outcome::NoAction(NoActionReason::NoLongerWanted)),
        Command::ReportFalseAlert(FalseAlertForm {
            causes: vec![FalseAlertCause::Unknown],
            primary: FalseAlertCause::Unknown,
            apology_given: true,
            follow_up_wanted: false,
        }),
        receipt(),
        Command::Release,
        Command::Close,
    ])
}

/// The usual way, cut anywhere, so that what comes after it is reached often.
fn usual_way() -> impl Strategy<Value = Vec<Step>> {
    let reasons = || vec![NoEngagementReason::CannotTell];
    let gate = prop::sample::select(vec![
        judge(JudgementValue::SamePersonLikely),
        Command::Skip { reason: SkipReason::NotSafeToLook },
    ]);
    let decision = prop::sample::select(vec![
        engage(),
        engage(),
        Command::Decide { decision: Decision::ObserveOnly(reasons()), note: None },
        Command::Decide { decision: Decision::DoNotEngage(reasons()), note: None },
    ]);
    (gate, decision, 0_usize..9).prop_map(|(gate, decision, length)| {
        let way = [
            Command::Displayed,
            gate,
            decision,
            contact(),
            step(IdentityStepKind::Verbal, IdentityStepResult::Contradicts),
            Command::ConcludeIdentity(IdentityConclusion::NotThePerson),
            explain(),
            receipt(),
        ];
        way.into_iter().take(length).map(Step::Command).collect()
    })
}

fn steps() -> impl Strategy<Value = Vec<(Step, i64)>> {
    let step = prop_oneof![
        30 => command().prop_map(Step::Command),
        1 => any::<bool>().prop_map(Step::Withdraw),
        2 => Just(Step::Due),
        1 => Just(Step::End),
    ];
    let waited = |step| (step, 0_i64..8_000);
    (usual_way(), prop::collection::vec(step, 0..50)).prop_flat_map(move |(way, rest)| {
        let all: Vec<_> = way.into_iter().chain(rest).map(|step| waited(Just(step))).collect();
        all
    })
}

/// Plays the steps on a fresh alert and gives every state with the events that led to it.
fn run(steps: &[(Step, i64)]) -> (Vec<AlertState>, Vec<EventBody>) {
    let (officer, policy) = (officer(), policy());
    let mut state = fresh();
    let (mut states, mut trail, mut ms) = (vec![state.clone()], Vec::new(), 0);
    for (step, wait) in steps {
        ms += wait;
        let events = match step {
            Step::Command(command) => decide(&state, command, &officer, &policy, at(ms)).unwrap_or_default(),
            Step::Withdraw(judged_false) => withdrawn(&state, *judged_false, at(ms)),
            Step::Due => due(&state, &policy, at(ms)).events,
            Step::End => deployment_ended(&state, at(ms)),
        };
        apply_all(&mut state, &events);
        trail.extend(events);
        states.push(state.clone());
    }
    (states, trail)
}

fn position(trail: &[EventBody], wanted: impl Fn(&Action) -> bool) -> Option<usize> {
    trail.iter().position(|event| wanted(&event.action))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn s05_no_order_of_commands_reveals_without_a_judgement_or_a_logged_skip(steps in steps()) {
        let (states, trail) = run(&steps);
        let gate = position(&trail, |action| {
            matches!(action, Action::Judged { .. } | Action::JudgementSkipped { .. })
        });
        let reveal = position(&trail, |action| *action == Action::Revealed);
        if let Some(reveal) = reveal {
            prop_assert!(gate.is_some_and(|gate| gate < reveal));
        }
        let any_revealed = states.iter().any(|state| state.revealed().is_some());
        prop_assert_eq!(any_revealed, gate.is_some());
    }

    #[test]
    fn s02_s03_decisions_come_from_an_officer_once_and_after_the_reveal(steps in steps()) {
        let (_, trail) = run(&steps);
        let decided: Vec<&EventBody> =
            trail.iter().filter(|event| matches!(event.action, Action::Decided { .. })).collect();
        prop_assert!(decided.len() <= 1);
        for event in &decided {
            prop_assert!(matches!(event.actor, Actor::Officer(_)));
            let at = position(&trail, |action| matches!(action, Action::Decided { .. }));
            prop_assert!(position(&trail, |action| *action == Action::Revealed) < at);
        }
        let contact = position(&trail, |action| matches!(action, Action::ContactMade { .. }));
        if contact.is_some() {
            let engaged = decided.iter().any(|event| {
                matches!(&event.action, Action::Decided { decision: Decision::Engage, .. })
            });
            prop_assert!(engaged);
        }
    }

    #[test]
    fn the_same_events_give_the_same_state(steps in steps()) {
        let (states, trail) = run(&steps);
        let mut replayed = fresh();
        for event in &trail {
            let bytes = event.to_cbor().unwrap();
            replayed.apply(&EventBody::from_cbor(&bytes).unwrap()).unwrap();
        }
        prop_assert_eq!(Some(&replayed), states.last());
    }

    #[test]
    fn a_running_stop_is_never_closed_and_a_closed_alert_stays_closed(steps in steps()) {
        let (states, _) = run(&steps);
        let mut closed = false;
        for state in &states {
            let running = state.stop().is_some_and(StopState::is_running);
            prop_assert!(!(running && state.phase().is_closed()));
            prop_assert!(!closed || state.phase().is_closed());
            closed = state.phase().is_closed();
        }
    }

    #[test]
    fn foreign_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in ".{0,200}") {
        let _ = EventBody::from_cbor(&bytes);
        let _ = EnrolmentCode::parse(&text, 0);
        let _ = StreamEnvelope::parse(&text);
        let _ = serde_json::from_slice::<AlertDto>(&bytes);
        let key = force_key().verifying_key().to_bytes();
        prop_assert!(peel_domain::shift::verify_certificate(&bytes, &key, binding(), START_MS).is_err());
        let force = policy().force_id;
        let trust = peel_domain::policy::PolicyTrust { signers: &[], force_id: &force, current_version: 0 };
        prop_assert!(peel_domain::policy::verify_policy(&bytes, trust).is_err());
        prop_assert!(peel_domain::policy::Policy::from_toml(&text).is_err());
    }
}
