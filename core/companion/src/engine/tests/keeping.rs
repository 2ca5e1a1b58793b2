use peel_domain::event::{Action, DeletionReason, EventBody};
use peel_domain::id::AlertId;
use peel_domain::judgement::{Decision, JudgementValue, Look};
use peel_domain::shift::{CertificateClaims, certificate_sha256, read_certificate};
use peel_domain::signed_decision::{DecisionStatement, StatementVersion};
use peel_domain::stop::LegalFooting;
use peel_domain::time::Moment;

use super::support::{Bench, CANARY, image};
use crate::engine::EngineError;
use crate::ffi::{
    AlertPhase, AlertView, DecisionRequest, FaceSide, JudgementRequest, KeySlot, KeyVault as _, WrapSlot,
};
use crate::store::StoreError;
use crate::vault::VaultFault;

const SAME: JudgementRequest = JudgementRequest {
    value: JudgementValue::SamePersonLikely,
    look: Look { probe_ms: 1_000, reference_ms: 900, zoomed: false },
};

fn engage() -> DecisionRequest {
    DecisionRequest { decision: Decision::Engage, note: None }
}

fn decided_with(bench: &Bench, form: &DecisionRequest) -> AlertId {
    let alert_id = bench.receive(1);
    bench.engine.displayed(alert_id).unwrap();
    bench.engine.judge(alert_id, SAME).unwrap();
    bench.engine.decide(alert_id, form).unwrap();
    alert_id
}

fn in_contact(bench: &Bench) -> AlertId {
    let alert_id = decided_with(bench, &engage());
    bench.engine.contact_made(alert_id, LegalFooting::VoluntaryConversation).unwrap();
    alert_id
}

#[test]
fn s35_everything_that_was_acknowledged_is_there_after_a_kill() {
    let bench = Bench::new();
    let alert_id = in_contact(&bench);
    let acknowledged = bench.events(&bench.engine);
    bench.clock.advance(61_000);
    let (_home, engine) = bench.after_kill();
    let found = bench.events(&engine);
    assert_eq!(found[..acknowledged.len()], acknowledged[..]);
    assert_eq!(found.last().map(|event| event.action.clone()), Some(Action::Recovered { open_stops: 1 }));
    let stop = engine.stop(alert_id).unwrap();
    assert_eq!((stop.running, stop.elapsed_ms, stop.uncertainty_ms), (true, 61_000, 0));
    // The log goes on where it was: the writer's own check holds for what follows.
    engine.release(alert_id).unwrap_err();
    engine.displayed(alert_id).unwrap();
}

#[test]
fn a_stop_over_a_reboot_says_how_far_its_timer_may_be_wrong() {
    let bench = Bench::new();
    let alert_id = in_contact(&bench);
    bench.engine.tick().unwrap();
    bench.clock.advance(90_000);
    bench.clock.reboot();
    let (_home, engine) = bench.after_kill();
    let stop = engine.stop(alert_id).unwrap();
    assert_eq!(stop.elapsed_ms, 90_000);
    assert!(stop.uncertainty_ms > 0);
}

#[test]
fn a_clock_that_jumps_is_on_record_and_lengthens_no_life() {
    let bench = Bench::new();
    let alert_id = bench.receive(1);
    bench.engine.tick().unwrap();
    bench.clock.set_wall(bench.now() - 3_600_000);
    bench.engine.tick().unwrap();
    let jumped = bench.events(&bench.engine).iter().any(|event| matches!(event.action, Action::ClockJumped { .. }));
    assert!(jumped);
    bench.clock.advance(181_000);
    bench.engine.tick().unwrap();
    let phase = bench.engine.alerts_snapshot().alerts[0].phase;
    assert_eq!(phase, AlertPhase::Expired, "s27: the monotonic clock counts");
    bench.clock.advance(61_000);
    bench.engine.tick().unwrap();
    assert!(bench.engine.face_image(alert_id, FaceSide::Reference).is_err());
}

#[test]
fn s25_s29_images_are_unreadable_when_their_time_is_over_and_each_leaves_a_receipt() {
    let bench = Bench::new();
    let alert_id = bench.receive(1);
    assert_eq!(bench.engine.face_image(alert_id, FaceSide::Probe { index: 0 }).unwrap().as_slice(), image(1));
    bench.clock.advance(3_600_000);
    // Before any tick: the release itself looks at the time.
    let late = bench.engine.face_image(alert_id, FaceSide::Probe { index: 0 });
    assert_eq!(late.err(), Some(EngineError::NotFound("media.destroyed")));
    bench.engine.tick().unwrap();
    let events = bench.events(&bench.engine);
    let deleted = events.iter().filter(|event| matches!(event.action, Action::MediaDeleted(_))).count();
    assert_eq!(deleted, 2);
    assert!(bench.engine.store.media_lines().unwrap().is_empty());
}

#[test]
fn s31_nothing_readable_of_an_alert_lies_in_the_phones_files() {
    let bench = Bench::new();
    let alert_id = in_contact(&bench);
    let _ = bench.engine.face_image(alert_id, FaceSide::Reference).unwrap();
    let mut searched = 0;
    for file in std::fs::read_dir(bench.home.path().join("data")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        searched += bytes.len();
        for canary in [CANARY.as_bytes(), b"canary image", b"wl-canary", b"Van, north", b"PC-1"] {
            assert!(!bytes.windows(canary.len()).any(|part| part == canary));
        }
    }
    assert!(searched > 100_000);
}

fn decision(bench: &Bench) -> EventBody {
    let mut events = bench.events(&bench.engine).into_iter();
    events.find(|event| matches!(event.action, Action::Decided { .. })).unwrap()
}

/// The certificate on record, and what it says.
fn certificate(bench: &Bench) -> (Vec<u8>, CertificateClaims) {
    let certificate = bench.events(&bench.engine).into_iter().find_map(|event| match event.action {
        Action::ShiftStarted { certificate, .. } => certificate,
        _ => None,
    });
    let bytes = certificate.unwrap().0;
    let claims = read_certificate(&bytes, &bench.root).unwrap();
    (bytes, claims)
}

#[test]
fn s02_a_decision_carries_the_officers_signature_over_its_own_moment_and_certificate() {
    let bench = Bench::new();
    let note = Some("  seen at the gate ".to_owned());
    let alert_id = decided_with(&bench, &DecisionRequest { note, ..engage() });
    let (bytes, claims) = certificate(&bench);
    let event = decision(&bench);
    let Action::Decided { decision, note, officer_signature } = &event.action else { panic!() };
    assert_eq!(note.as_deref(), Some("seen at the gate"), "as it stands on record, so it is signed");
    let statement = DecisionStatement {
        enrolment_id: bench.enrolment_id,
        alert_id,
        decision,
        note: note.as_deref(),
        at: event.at,
        certificate_sha256: certificate_sha256(&bytes),
    };
    let signed = officer_signature.as_deref().unwrap();
    let found = statement.verify(signed, &claims.k_officer_spki).unwrap();
    assert_eq!(found.version, StatementVersion::Bound);
    let later = Moment { utc_ms: event.at.utc_ms + 1, ..event.at };
    assert!(DecisionStatement { at: later, ..statement }.verify(signed, &claims.k_officer_spki).is_err());
}

#[test]
fn s02_a_decision_stands_without_the_officers_key() {
    let bench = Bench::new();
    bench.vault.inject(VaultFault { refuse: Some(KeySlot::Officer), ..VaultFault::default() });
    in_contact(&bench);
    assert!(matches!(decision(&bench).action, Action::Decided { officer_signature: None, .. }));
}

#[test]
fn a_hardware_key_that_refuses_holds_up_nothing_and_the_software_line_is_there() {
    let bench = Bench::new();
    bench.vault.inject(VaultFault { refuse: Some(KeySlot::Hardware), ..VaultFault::default() });
    let (checkpoint, note) = bench.engine.signed_checkpoint().unwrap();
    assert_eq!((checkpoint.size, note.signatures().len()), (2, 1));
    bench.vault.inject(VaultFault::default());
    bench.receive(1);
    assert_eq!(bench.engine.signed_checkpoint().unwrap().1.signatures().len(), 2);
}

#[test]
fn a_lost_deployment_key_makes_the_images_unreadable_and_leaves_the_trail_whole() {
    let bench = Bench::new();
    let alert_id = bench.receive(1);
    let before = bench.events(&bench.engine);
    bench.vault.destroy(WrapSlot::Deployment).unwrap();
    let (_home, engine) = bench.after_kill();
    assert!(engine.connection_view().alarms.contains(&"deployment.key_lost".to_owned()));
    assert_eq!(engine.alert(alert_id).err(), Some(EngineError::NotFound("alert.unknown")));
    let after = bench.events(&engine);
    assert_eq!(after[..before.len()], before[..]);
    // Each image's end is on record, with its cause.
    let destroyed = after[before.len()..].iter().map(|event| match &event.action {
        Action::MediaDeleted(deleted) => (event.alert_id, event.deployment_id, deleted.reason),
        other => panic!("{other:?}"),
    });
    let gone = (Some(alert_id), Some(bench.deployment_id), DeletionReason::KeyLost);
    assert_eq!(destroyed.collect::<Vec<_>>(), [gone, gone]);
    assert!(engine.store.media_lines().unwrap().is_empty());
}

#[test]
fn a_lost_store_key_sets_the_file_aside() {
    let bench = Bench::new();
    bench.vault.destroy(WrapSlot::Store).unwrap();
    let (home, engine) = bench.after_kill();
    assert!(engine.connection_view().alarms.contains(&"trail.set_aside".to_owned()));
    assert!(engine.session().enrolment.is_none());
    let kept = std::fs::read_dir(home.path().join("data")).unwrap();
    assert!(kept.into_iter().any(|file| file.unwrap().file_name().to_string_lossy().contains("set-aside")));
}

#[test]
fn a_full_phone_finishes_what_is_under_way_and_says_so() {
    let bench = Bench::new();
    let alert_id = in_contact(&bench);
    bench.engine.store.limit_pages(0).unwrap();
    let mut refused = None;
    for index in 0..2_000 {
        let kind = if index % 2 == 0 {
            peel_domain::stop::SegmentKind::WaitingForCheck
        } else {
            peel_domain::stop::SegmentKind::Contact
        };
        if let Err(error) = bench.engine.start_segment(alert_id, kind) {
            refused = Some(error);
            break;
        }
        if index == 40 {
            assert!(bench.engine.connection_view().alarms.contains(&"storage.full".to_owned()));
            bench.engine.store.limit_pages(0).unwrap();
        }
    }
    assert_eq!(refused, Some(EngineError::Store(StoreError::Full)));
    let events = bench.events(&bench.engine);
    let (_home, engine) = bench.after_kill();
    assert_eq!(
        bench.events(&engine)[..events.len()],
        events[..],
        "nothing acknowledged is lost, nothing refused is there"
    );
}

#[test]
fn s05_before_the_judgement_an_alert_is_blind_and_afterwards_it_is_not() {
    let bench = Bench::new();
    let alert_id = bench.receive(1);
    let blind = bench.engine.displayed(alert_id).unwrap();
    assert!(matches!(blind, AlertView::Blind { .. }));
    assert!(!format!("{blind:?}").contains(CANARY));
    let revealed = bench.engine.judge(alert_id, SAME).unwrap();
    assert!(format!("{revealed:?}").contains(CANARY));
}
