//! The alert's way through an officer's hands, through the public interface.

mod support;

use peel_domain::alert::Grade;
use peel_domain::deployment::Role;
use peel_domain::event::{Action, Actor, CoordinationStatus, EventBody, Justification};
use peel_domain::id::OfficerId;
use peel_domain::judgement::{Decision, JudgementKind, JudgementValue, NoEngagementReason, Saw, Sighting, SkipReason};
use peel_domain::permit::ComparisonPurpose;
use peel_domain::policy::{BlindRule, TwoPersonRule};
use peel_domain::time::Moment;
use peel_domain::workflow::{
    AlertState, Command, ComparisonRequest, DecisionKind, Phase, WorkflowError, decide, deployment_ended, due,
    withdrawn,
};
use support::*;

use ComparisonPurpose::{AlertProbe, ClosePhotograph};

fn do_not_engage(reasons: Vec<NoEngagementReason>) -> Command {
    Command::Decide { decision: Decision::DoNotEngage(reasons), note: None }
}

fn actions(events: &[EventBody]) -> Vec<&Action> {
    events.iter().map(|event| &event.action).collect()
}

#[test]
fn s05_the_gated_part_needs_a_blind_judgement_or_its_logged_skip() {
    let alert = alert_with(|_| {});
    let mut state = AlertState::received(&alert, at(0));
    assert!(state.revealed().is_none());
    play(&mut state, Command::Displayed, 100).unwrap();
    assert!(state.revealed().is_none());
    let events = play(&mut state, judge(JudgementValue::CannotTell), 3_000).unwrap();
    assert!(matches!(
        actions(&events).as_slice(),
        [Action::Judged { kind: JudgementKind::Blind, saw_before, .. }, Action::Revealed] if saw_before.is_empty()
    ));
    let proof = state.revealed().expect("judged");
    assert!(alert.gated(&proof).is_some());
    let other = alert_with(|dto| dto.alert_id = peel_domain::id::AlertId(uuid(99)));
    assert!(other.gated(&proof).is_none(), "a proof opens its own alert only");
}

#[test]
fn s05_cannot_judge_now_reveals_at_once_and_is_logged() {
    let mut state = fresh();
    play(&mut state, Command::Displayed, 100).unwrap();
    let skip = Command::Skip { reason: SkipReason::PersonIsHere };
    let events = play(&mut state, skip, 2_000).unwrap();
    let logged = Action::JudgementSkipped { reason: SkipReason::PersonIsHere };
    assert_eq!(actions(&events), [&logged, &Action::Revealed]);
    assert_eq!(state.phase(), Phase::Revealed);
    let late = play(&mut state, judge(JudgementValue::CannotTell), 3_000);
    assert_eq!(late, Err(WorkflowError::AlreadyJudged), "nothing is blind after the reveal");
}

#[test]
fn s05_a_required_judgement_is_put_off_only_with_a_stated_reason() {
    let mut state = fresh();
    play(&mut state, Command::Displayed, 100).unwrap();
    for reason in [SkipReason::NotStated, SkipReason::PolicyOff] {
        assert_eq!(play(&mut state, Command::Skip { reason }, 200), Err(WorkflowError::SkipReason));
    }
    let mut policy = policy();
    policy.judgement.blind = BlindRule::Encouraged;
    let skip = Command::Skip { reason: SkipReason::NotStated };
    assert!(play_under(&mut state, skip, &officer(), &policy, 300).is_ok());
}

#[test]
fn s05_a_policy_without_the_blind_step_still_logs_the_skip() {
    let mut policy = policy();
    policy.judgement.blind = BlindRule::Off;
    let mut state = fresh();
    let events = play_under(&mut state, Command::Displayed, &officer(), &policy, 100).unwrap();
    let skip = Action::JudgementSkipped { reason: SkipReason::PolicyOff };
    assert_eq!(actions(&events), [&Action::AlertDisplayed, &skip, &Action::Revealed]);
}

#[test]
fn s05_no_refusal_before_the_reveal_depends_on_what_is_gated() {
    let amber = fresh();
    let green_child = state_with(|dto| {
        dto.grade = Grade::Green;
        dto.under_18 = true;
        dto.vulnerable = true;
        dto.operator_judgement = None;
    });
    for mut pair in [[amber, green_child]] {
        for command in [Command::Displayed, engage(), contact(), Command::Release, Command::Close, explain()] {
            let answers = pair.each_mut().map(|state| play(state, command.clone(), 500).map(|events| events.len()));
            assert_eq!(answers[0], answers[1], "{command:?}");
        }
    }
}

#[test]
fn s02_only_an_officer_on_shift_with_an_engaging_role_acts() {
    let mut state = fresh();
    let spotter = officer_in("PC-2", Role::Spotter);
    let refused = play_under(&mut state, Command::Displayed, &spotter, &policy(), 100);
    assert_eq!(refused, Err(WorkflowError::RoleMissing));
    let late = play(&mut state, Command::Displayed, 13 * 3_600_000);
    assert_eq!(late, Err(WorkflowError::OffShift));
}

#[test]
fn s02_an_event_that_claims_a_decision_by_anything_but_an_officer_is_refused() {
    let base = revealed();
    let event = decide(&base, &engage(), &officer(), &policy(), at(6_000)).unwrap().remove(0);
    let supervisor = Actor::Supervisor(OfficerId::new("S-1").unwrap());
    for actor in [Actor::Core, Actor::Gateway, Actor::Desk, supervisor] {
        let mut state = base.clone();
        let forged = EventBody { actor, ..event.clone() };
        assert_eq!(state.apply(&forged), Err(WorkflowError::WrongActor));
        assert_eq!(state, base, "a refused event changes nothing");
    }
}

#[test]
fn s01_a_decision_not_to_engage_needs_reasons() {
    let refused = [
        vec![],
        vec![NoEngagementReason::CannotTell, NoEngagementReason::CannotTell],
        vec![NoEngagementReason::Other("  ".to_owned())],
        vec![NoEngagementReason::Other("x".repeat(5_000))],
    ];
    for reasons in refused {
        assert_eq!(play(&mut revealed(), do_not_engage(reasons), 6_000), Err(WorkflowError::Reasons));
    }
    let mut state = revealed();
    play(&mut state, do_not_engage(vec![NoEngagementReason::Other("busy crossing".to_owned())]), 6_000).unwrap();
    assert_eq!(state.phase(), Phase::Closed);
}

#[test]
fn s03_expiry_is_no_decision_and_never_do_not_engage() {
    for mut state in [fresh(), revealed()] {
        assert!(due(&state, &policy(), at(179_999)).events.is_empty());
        let events = due(&state, &policy(), at(180_000)).events;
        assert_eq!(actions(&events), [&Action::NoDecision, &Action::Expired, &Action::Closed]);
        assert!(events.iter().all(|event| event.actor == Actor::Core));
        apply_all(&mut state, &events);
        assert!(state.has_expired() && state.decision().is_none());
        assert_eq!(play(&mut state, engage(), 181_000), Err(WorkflowError::Closed));
    }
}

#[test]
fn s03_a_wall_clock_that_is_set_does_not_make_an_alert_stale_or_fresh() {
    let state = fresh();
    let forward = Moment { utc_ms: START_MS + 10_000_000, ..at(5_000) };
    assert!(due(&state, &policy(), forward).events.is_empty());
    let back = Moment { utc_ms: START_MS - 10_000_000, ..at(180_000) };
    assert_eq!(due(&state, &policy(), back).events.len(), 3);
}

#[test]
fn a_decision_is_taken_once() {
    let mut state = revealed();
    play(&mut state, engage(), 6_000).unwrap();
    assert_eq!(state.phase(), Phase::Decided(DecisionKind::Engage));
    let again = do_not_engage(vec![NoEngagementReason::LostInCrowd]);
    assert_eq!(play(&mut state, again, 7_000), Err(WorkflowError::AlreadyDecided));
    let mut closed = revealed();
    play(&mut closed, do_not_engage(vec![NoEngagementReason::DifferentPerson]), 6_000).unwrap();
    assert_eq!(play(&mut closed, engage(), 7_000), Err(WorkflowError::AlreadyDecided), "also on a closed alert");
}

#[test]
fn nothing_is_decided_before_the_reveal_or_judged_before_the_screen() {
    let mut state = fresh();
    assert_eq!(play(&mut state, judge(JudgementValue::CannotTell), 50), Err(WorkflowError::NotDisplayed));
    play(&mut state, Command::Displayed, 100).unwrap();
    assert_eq!(play(&mut state, engage(), 200), Err(WorkflowError::NotRevealed));
    assert_eq!(play(&mut state, contact(), 200), Err(WorkflowError::NotDecided));
    assert_eq!(play(&mut state, Command::Close, 200), Err(WorkflowError::NotDecided));
    assert_eq!(play(&mut state, Command::Displayed, 300), Ok(vec![]), "shown again is harmless");
}

#[test]
fn s04_two_officers_judge_blind_before_engage() {
    let mut policy = policy();
    policy.judgement.two_person = TwoPersonRule::Always;
    let mut state = revealed();
    let alone = play_under(&mut state, engage(), &officer(), &policy, 6_000);
    assert_eq!(alone, Err(WorkflowError::SecondOfficerNeeded));
    let told = |officer: &str| EventBody {
        v: 1,
        at: at(5_000),
        actor: Actor::Gateway,
        deployment_id: Some(deployment()),
        alert_id: Some(state.alert_id()),
        justification: Justification::AlertResponse,
        action: Action::Coordination {
            officer_id: OfficerId::new(officer).unwrap(),
            status: CoordinationStatus::Judged,
        },
    };
    let (own, other) = (told("PC-1"), told("PC-2"));
    state.apply(&own).unwrap();
    let same = play_under(&mut state, engage(), &officer(), &policy, 6_500);
    assert_eq!(same, Err(WorkflowError::SecondOfficerNeeded), "one officer on two phones is one officer");
    state.apply(&other).unwrap();
    assert!(play_under(&mut state, engage(), &officer(), &policy, 7_000).is_ok());
}

#[test]
fn s04_somebody_who_put_the_judgement_off_does_not_count_as_one_of_two() {
    let mut state = state_with(|dto| dto.vulnerable = true);
    play(&mut state, Command::Displayed, 100).unwrap();
    play(&mut state, Command::Skip { reason: SkipReason::NotSafeToLook }, 200).unwrap();
    assert_eq!(play(&mut state, engage(), 300), Err(WorkflowError::OwnJudgementNeeded));
}

#[test]
fn s22_engaging_on_green_or_under_18_needs_a_note() {
    let mut policy = policy();
    policy.judgement.two_person = TwoPersonRule::Off;
    let changes: [fn(&mut peel_domain::wire::AlertDto); 2] =
        [|dto| dto.grade = Grade::Green, |dto| dto.under_18 = true];
    for change in changes {
        let mut state = state_with(change);
        play(&mut state, Command::Displayed, 100).unwrap();
        play(&mut state, judge(JudgementValue::SamePersonLikely), 200).unwrap();
        let proof = state.revealed().unwrap();
        assert_eq!(state.note_needed(&proof), Some(true));
        for note in [None, Some("   ".to_owned()), Some("ok".to_owned())] {
            let command = Command::Decide { decision: Decision::Engage, note };
            let refused = play_under(&mut state, command, &officer(), &policy, 300);
            assert_eq!(refused, Err(WorkflowError::NoteNeeded));
        }
        let note = Some("risk to a child, no other unit near".to_owned());
        let command = Command::Decide { decision: Decision::Engage, note };
        assert!(play_under(&mut state, command, &officer(), &policy, 400).is_ok());
    }
}

#[test]
fn the_second_judgement_says_what_was_seen_before_it() {
    let mut state = revealed();
    let command = Command::JudgeRevealed { value: JudgementValue::SamePersonLikely, look: None };
    let events = play(&mut state, command, 5_000).unwrap();
    assert!(matches!(
        actions(&events).as_slice(),
        [Action::Judged { kind: JudgementKind::Revealed, saw_before, .. }]
            if *saw_before == [Saw::Score, Saw::Category, Saw::OtherJudgement]
    ));
}

#[test]
fn a_withdrawal_before_contact_ends_the_alert() {
    let mut state = revealed();
    let events = withdrawn(&state, true, at(4_000));
    apply_all(&mut state, &events);
    assert_eq!(state.phase(), Phase::Closed);
    assert_eq!(play(&mut state, engage(), 5_000), Err(WorkflowError::Closed));
}

#[test]
fn a_withdrawal_after_contact_is_information_only() {
    let mut state = in_contact();
    let events = withdrawn(&state, true, at(25_000));
    assert!(matches!(actions(&events).as_slice(), [Action::Withdrawn { after_contact: true, .. }]));
    apply_all(&mut state, &events);
    assert_eq!(state.phase(), Phase::Contact);
    assert!(state.stop().unwrap().is_running());
    assert!(state.withdrawal().unwrap().after_contact);
}

#[test]
fn a_stop_that_happens_late_is_still_on_record() {
    let mut stale = revealed();
    play(&mut stale, engage(), 6_000).unwrap();
    let events = due(&stale, &policy(), at(180_000)).events;
    assert_eq!(actions(&events), [&Action::Expired]);
    apply_all(&mut stale, &events);
    assert!(due(&stale, &policy(), at(200_000)).events.is_empty());
    let mut withdrawn_state = revealed();
    play(&mut withdrawn_state, engage(), 6_000).unwrap();
    let events = withdrawn(&withdrawn_state, false, at(10_000));
    apply_all(&mut withdrawn_state, &events);
    for mut state in [stale.clone(), withdrawn_state] {
        play(&mut state, contact(), 210_000).unwrap();
        assert_eq!(state.phase(), Phase::Contact);
    }
    let events = due(&stale, &policy(), at(780_000)).events;
    assert_eq!(actions(&events), [&Action::Closed], "not for ever");
}

#[test]
fn a_stop_is_finished_after_the_shift_and_the_deployment_ended() {
    let mut state = in_contact();
    assert!(deployment_ended(&state, at(30_000)).is_empty());
    play(&mut state, Command::StartSegment(peel_domain::stop::SegmentKind::Medical), 13 * 3_600_000).unwrap();
}

#[test]
fn the_end_of_the_deployment_closes_what_nobody_acts_on() {
    let mut state = fresh();
    let events = deployment_ended(&state, at(1_000));
    apply_all(&mut state, &events);
    assert_eq!(state.phase(), Phase::Closed);
    let mut engaged = revealed();
    play(&mut engaged, engage(), 6_000).unwrap();
    assert_eq!(actions(&deployment_ended(&engaged, at(7_000))), [&Action::Closed]);
}

#[test]
fn sightings_belong_to_a_pursued_alert() {
    let mut state = revealed();
    assert_eq!(play(&mut state, Command::Sighted(Sighting::Seen), 4_000), Err(WorkflowError::NotDecided));
    play(&mut state, engage(), 6_000).unwrap();
    play(&mut state, Command::Sighted(Sighting::Lost), 8_000).unwrap();
    assert_eq!((state.phase(), state.sighting()), (Phase::Locating, Some(Sighting::Lost)));
}

#[test]
fn s33_a_view_is_recorded_even_after_the_image_was_destroyed_and_only_of_this_alert() {
    let mut state = fresh();
    let view = |number| Command::FaceViewed {
        media_id: peel_domain::id::MediaId(uuid(number)),
        visible_ms: 900,
        zoomed: false,
    };
    assert!(play(&mut state, view(10), 100).is_ok());
    assert_eq!(play(&mut state, view(77), 100), Err(WorkflowError::UnknownMedia));
}

#[test]
fn s18_a_photograph_may_be_aimed_at_exactly_when_it_could_be_compared() {
    let policies = [policy(), {
        let mut off = policy();
        off.check.close_photograph = false;
        off
    }];
    let states = [fresh(), revealed(), in_contact()];
    let officers = [officer(), officer_in("PC-1", Role::Spotter)];
    let mut allowed = 0;
    for policy in &policies {
        for state in &states {
            for officer in &officers {
                for now in [at(30_000), at(100_000_000)] {
                    let request =
                        ComparisonRequest { comparison_id: comparison(6), purpose: ClosePhotograph, reason: None };
                    let permit = state.comparison_permit(request, officer, policy, now).map(|_| ());
                    assert_eq!(state.photograph_allowed(None, officer, policy, now), permit);
                    allowed += usize::from(permit.is_ok());
                }
            }
        }
    }
    assert!(allowed > 0);
}

#[test]
fn s18_a_comparison_needs_a_revealed_open_alert_and_for_a_photograph_a_stop() {
    let (officer, policy) = (officer(), policy());
    let permit = |state: &AlertState, purpose, ms| {
        let request = ComparisonRequest { comparison_id: comparison(6), purpose, reason: None };
        state.comparison_permit(request, &officer, &policy, at(ms)).map(|permit| permit.purpose())
    };
    assert_eq!(permit(&fresh(), AlertProbe, 10), Err(WorkflowError::NotRevealed));
    assert_eq!(permit(&revealed(), AlertProbe, 4_000), Ok(AlertProbe));
    assert_eq!(permit(&revealed(), ClosePhotograph, 4_000), Err(WorkflowError::NoContact));
    assert_eq!(permit(&in_contact(), ClosePhotograph, 30_000), Ok(ClosePhotograph));
    let mut closed = revealed();
    play(&mut closed, do_not_engage(vec![NoEngagementReason::DifferentPerson]), 6_000).unwrap();
    assert_eq!(permit(&closed, AlertProbe, 7_000), Err(WorkflowError::Closed));
    assert_eq!(permit(&revealed(), AlertProbe, 13 * 3_600_000), Err(WorkflowError::OffShift));
}

#[test]
fn refusals_have_codes_of_their_own_and_the_house_style() {
    let mut codes: Vec<&str> = WorkflowError::ALL.iter().map(|error| error.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), WorkflowError::ALL.len());
    for error in WorkflowError::ALL {
        let text = error.to_string();
        assert!(!text.ends_with('.') && !text.contains("match"), "{text}");
        assert!(text.starts_with(|first: char| first.is_lowercase()), "{text}");
    }
}

#[test]
fn s05_a_state_prints_nothing_gated() {
    let state = state_with(|dto| dto.under_18 = true);
    let text = format!("{state:?}");
    assert!(!text.contains("under_18") && !text.contains("712") && text.contains("[redacted]"), "{text}");
}
