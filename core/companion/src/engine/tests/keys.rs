//! Keys that are lost: recording goes on, the screen says so, and the next enrolment carries what the force does not have.

use peel_domain::event::{Action, CarriedEntries, DeletionReason, LogEndCause};
use peel_domain::id::EnrolmentId;
use peel_domain::policy::Policy;
use peel_ledger::entry::CipherSuite;
use peel_ledger::seal::RecipientPrivateKey;
use peel_ledger::succession::LogEnd;
use peel_ledger::tree::CompactRange;
use peel_ledger::{Hash, Origin};
use uuid::Uuid;

use super::support::{Bench, image, shown};
use crate::engine::state::DeviceRecord;
use crate::engine::{Engine, EngineError, keys};
use crate::ffi::{FaceSide, KeySlot, KeyVault as _, WrapSlot};
use crate::transport::TransportError;

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// What the force would answer to another enrolment of this phone.
fn enrolled_anew(bench: &Bench, engine: &Engine) -> DeviceRecord {
    let enrolment_id = EnrolmentId(Uuid::now_v7());
    DeviceRecord {
        enrolment_id,
        origin: format!("force.example/peel/device/{enrolment_id}"),
        k_log_wrapped: bench.vault.wrap(WrapSlot::Log, vec![8; 32]).unwrap(),
        k_hw_spki: bench.vault.public_key(KeySlot::Hardware).unwrap(),
        k_auth_spki: Some(bench.vault.public_key(KeySlot::Auth).unwrap()),
        ..engine.lock().device().unwrap().clone()
    }
}

#[test]
fn s35_without_the_logs_key_recording_goes_on_and_the_next_log_carries_it_all() {
    let bench = Bench::new();
    bench.vault.destroy(WrapSlot::Log).unwrap();
    let (home, engine) = bench.after_kill();
    assert!(shown(&engine, "key.log_lost"));
    let before = bench.events(&engine);
    engine.acknowledge_briefing().unwrap();
    assert_eq!(bench.events(&engine).len(), before.len() + 1, "durable, unsigned");
    assert!(engine.signed_checkpoint().is_err());
    assert_eq!(run(engine.sync(1_000)).unwrap().state, crate::ffi::SyncState::Stopped);
    assert_eq!(engine.may_enrol(), Err(EngineError::NotNow("deployment.leave_first")));
    run(engine.leave_deployment()).unwrap();
    engine.may_enrol().unwrap();

    let old = engine.lock().trail().unwrap().checkpoint();
    let old_origin = old.origin.clone();
    let old_entries = engine.store.entries(0, old.size).unwrap();
    engine.keep_device(enrolled_anew(&bench, &engine)).unwrap();
    assert!(!shown(&engine, "key.log_lost"));
    assert!(engine.session().shift.is_none(), "the certificate was for the old enrolment");
    let events = bench.events(&engine);
    let Action::LogEnded(ended) = &events[0].action else { panic!("not the end of the old log") };
    assert_eq!(
        (ended.cause, ended.size, ended.origin.as_str()),
        (LogEndCause::LogKeyLost, old.size, old_origin.as_str())
    );
    let mut carried = CarriedEntries::default();
    for event in &events[1..] {
        let Action::EntryCarried(part) = &event.action else { panic!("not a carried entry") };
        assert!(carried.take(part));
    }
    assert_eq!(carried.whole().unwrap(), old_entries);
    let confirmed = CompactRange::from_bytes(&ended.confirmed).unwrap();
    let origin = Origin::new(ended.origin.as_str()).unwrap();
    let end = LogEnd { origin, size: ended.size, root: Hash::new(ended.root), confirmed };
    end.check(old_entries.iter().map(Vec::as_slice)).unwrap();
    assert_eq!(engine.store.retired(old_origin.as_str()).unwrap().unwrap(), old_entries);
    assert_eq!(engine.signed_checkpoint().unwrap().1.signatures().len(), 2);
    assert_eq!(engine.may_enrol(), Err(EngineError::AlreadyEnrolled));
    // A start goes on with the new log.
    engine.close();
    let data = home.path().join("data");
    let again = Engine::open(&data, home.path(), bench.vault.clone(), bench.clock.clone()).unwrap();
    assert_eq!(bench.events(&again), events);
}

#[test]
fn s35_a_conflict_that_anybody_could_forge_stops_the_sending_and_the_phone_is_enrolled_again_with_the_evidence() {
    for (code, cause) in [
        ("sync.rollback", LogEndCause::OtherHistory),
        ("trail.second_history", LogEndCause::OtherHistory),
        ("sync.unknown_device", LogEndCause::EnrolmentUnknown),
    ] {
        let bench = Bench::new();
        let signed = bench.engine.signed_checkpoint().unwrap().1.to_text();
        bench.engine.alarm(code).unwrap();
        let (_home, engine) = bench.after_kill();
        assert!(shown(&engine, code), "also after a restart");
        let before = bench.events(&engine).len();
        engine.acknowledge_briefing().unwrap();
        assert_eq!(bench.events(&engine).len(), before + 1, "{code}: recording goes on");
        assert_eq!(run(engine.sync(1_000)).unwrap().state, crate::ffi::SyncState::Stopped);
        run(engine.leave_deployment()).unwrap();
        engine.may_enrol().unwrap();
        let old = engine.lock().trail().unwrap().checkpoint();
        let entries = engine.store.entries(0, old.size).unwrap();
        engine.keep_device(enrolled_anew(&bench, &engine)).unwrap();
        assert!(!shown(&engine, code));
        let events = bench.events(&engine);
        let Action::LogEnded(ended) = &events[0].action else { panic!("not the end of the old log") };
        assert_eq!((ended.cause, ended.size, ended.root), (cause, old.size, old.root.to_bytes()));
        let evidence = ended.signed.as_ref().unwrap();
        assert!(code == "sync.unknown_device" || *evidence == signed, "what this phone signed last goes along");
        let mut carried = CarriedEntries::default();
        for event in &events[1..] {
            let Action::EntryCarried(part) = &event.action else { panic!("not a carried entry") };
            assert!(carried.take(part));
        }
        assert_eq!(carried.whole().unwrap(), entries);
        assert_eq!(engine.store.retired(old.origin.as_str()).unwrap().unwrap(), entries);
        assert_eq!(engine.signed_checkpoint().unwrap().1.signatures().len(), 2);
    }
}

#[test]
fn s35_what_a_refusal_says_of_the_enrolment_is_shown_and_lets_the_phone_be_enrolled_again() {
    let refused = |code: &str| TransportError::Refused { status: 403, code: code.to_owned() };
    for (refusal, code, cause) in [
        (refused("device.unknown"), "sync.unknown_device", LogEndCause::EnrolmentUnknown),
        (refused("device.revoked"), "sync.revoked", LogEndCause::EnrolmentRevoked),
        (refused("device.pending"), "sync.pending", LogEndCause::EnrolmentPending),
        (TransportError::PinsOutdated, "tls.pins_outdated", LogEndCause::GatewayKeysMissed),
    ] {
        let bench = Bench::new();
        run(bench.engine.leave_deployment()).unwrap();
        assert_eq!(bench.engine.may_enrol(), Err(EngineError::AlreadyEnrolled));
        assert_eq!(bench.engine.heed(bench.enrolment_id, &refusal), Ok(true));
        assert!(shown(&bench.engine, code));
        bench.engine.may_enrol().unwrap();
        bench.engine.keep_device(enrolled_anew(&bench, &bench.engine)).unwrap();
        assert!(!shown(&bench.engine, code));
        let events = bench.events(&bench.engine);
        assert!(matches!(&events[0].action, Action::LogEnded(ended) if ended.cause == cause), "{code}");
    }
    let bench = Bench::new();
    let of = bench.enrolment_id;
    assert_eq!(bench.engine.heed(of, &refused("officer.not_rostered")), Ok(false), "nothing about the enrolment");
}

#[test]
fn s35_what_is_answered_late_about_an_enrolment_says_nothing_of_the_one_after_it() {
    let bench = Bench::new();
    let late = bench.confirmation();
    bench.engine.alarm("sync.unknown_device").unwrap();
    run(bench.engine.leave_deployment()).unwrap();
    bench.engine.keep_device(enrolled_anew(&bench, &bench.engine)).unwrap();
    let refusal = TransportError::Refused { status: 404, code: "device.unknown".to_owned() };
    assert_eq!(bench.engine.heed(bench.enrolment_id, &refusal), Ok(true), "what was asked is over");
    assert!(!shown(&bench.engine, "sync.unknown_device"));
    let end = Err(refusal.into());
    assert!(!bench.engine.note_end(Some(bench.enrolment_id), &end), "the next enrolment has its own connection");
    assert!(!shown(&bench.engine, "gateway.unknown_device"));
    let present = bench.engine.lock().device.as_ref().map(|device| device.enrolment_id);
    assert!(bench.engine.note_end(present, &end));
    assert!(shown(&bench.engine, "gateway.unknown_device"));
    bench.engine.keep_receipt(&late).unwrap();
    assert_eq!(bench.engine.lock().cosigned, 0);
    assert_eq!(bench.engine.store.cosigned_size().unwrap(), 0);
    bench.engine.keep_loss(bench.enrolment_id, 1).unwrap();
}

#[test]
fn s35_what_a_refusal_said_is_over_once_the_gateway_serves_the_enrolment_and_a_conflict_is_not() {
    let bench = Bench::new();
    let passing = ["sync.unknown_device", "sync.pending", "tls.pins_outdated", "gateway.refused"];
    let staying = ["sync.revoked", "sync.rollback", "tls.untrusted"];
    for code in passing.iter().chain(&staying) {
        bench.engine.alarm(code).unwrap();
    }
    bench.engine.served(&mut bench.engine.lock()).unwrap();
    for (codes, expected) in [(&passing[..], false), (&staying[..], true)] {
        assert!(codes.iter().all(|code| shown(&bench.engine, code) == expected), "{codes:?}");
    }
    let (_home, again) = bench.after_kill();
    assert!(!shown(&again, "sync.unknown_device"), "also after a restart");
    assert!(shown(&again, "sync.revoked") && shown(&again, "sync.rollback"));
}

#[test]
fn what_was_signed_already_is_asked_about_without_another_signature() {
    let bench = Bench::new();
    assert_eq!(bench.engine.kept_checkpoint(), Ok(None));
    let signed = bench.engine.signed_checkpoint().unwrap();
    assert_eq!(bench.engine.kept_checkpoint(), Ok(Some(signed)));
    bench.engine.acknowledge_briefing().unwrap();
    assert_eq!(bench.engine.kept_checkpoint(), Ok(None), "an entry came after it");
}

#[test]
fn without_the_hardware_key_checkpoints_carry_the_software_line_and_the_screen_says_so() {
    let bench = Bench::new();
    assert_eq!(bench.engine.signed_checkpoint().unwrap().1.signatures().len(), 2);
    bench.vault.lose_signing_key(KeySlot::Hardware).unwrap();
    bench.engine.acknowledge_briefing().unwrap();
    assert_eq!(bench.engine.signed_checkpoint().unwrap().1.signatures().len(), 1);
    assert!(shown(&bench.engine, "key.hardware_lost"));
    let (_home, again) = bench.after_kill();
    assert!(shown(&again, "key.hardware_lost"), "the key store has another key now");
    assert_eq!(again.signed_checkpoint().unwrap().1.signatures().len(), 1);
    assert!(!shown(&again, "key.log_lost") && !shown(&again, "key.auth_lost"));
}

#[test]
fn without_the_access_key_the_phone_records_and_may_be_enrolled_again() {
    let bench = Bench::new();
    bench.vault.lose_signing_key(KeySlot::Auth).unwrap();
    let (_home, engine) = bench.after_kill();
    assert!(shown(&engine, "key.auth_lost"));
    engine.acknowledge_briefing().unwrap();
    run(engine.leave_deployment()).unwrap();
    engine.keep_device(enrolled_anew(&bench, &engine)).unwrap();
    assert!(!shown(&engine, "key.auth_lost"));
    let Action::LogEnded(ended) = &bench.events(&engine)[0].action else { panic!("not the end of the old log") };
    assert_eq!(ended.cause, LogEndCause::AuthKeyLost);
}

#[test]
fn a_phone_with_all_its_keys_is_not_enrolled_twice() {
    let bench = Bench::new();
    assert_eq!(bench.engine.may_enrol(), Err(EngineError::AlreadyEnrolled));
    let device = enrolled_anew(&bench, &bench.engine);
    assert_eq!(bench.engine.keep_device(device).err(), Some(EngineError::AlreadyEnrolled));
    let before = bench.events(&bench.engine).len();
    assert_eq!(before, 2);
}

#[test]
fn a_deployments_key_that_is_lost_takes_the_images_and_leaves_the_alert() {
    let bench = Bench::new();
    let alert_id = bench.receive(1);
    let probe = FaceSide::Probe { index: 0 };
    assert_eq!(bench.engine.face_image(alert_id, probe).unwrap().as_slice(), image(1));
    bench.vault.destroy(WrapSlot::Deployment).unwrap();
    assert_eq!(bench.engine.face_image(alert_id, probe).err(), Some(EngineError::NotFound("media.destroyed")));
    assert!(shown(&bench.engine, "deployment.key_lost"));
    let events = bench.events(&bench.engine);
    let lost = events.iter().filter(|event| match &event.action {
        Action::MediaDeleted(deleted) => deleted.reason == DeletionReason::KeyLost,
        _ => false,
    });
    assert_eq!(lost.count(), 2);
    bench.engine.displayed(alert_id).unwrap();
}

#[test]
fn the_policys_key_takes_the_place_of_the_desks_and_of_no_others() {
    let bench = Bench::new();
    let key = || {
        let key = RecipientPrivateKey::generate(CipherSuite::X25519ChaCha20Poly1305, &mut rand::rng()).unwrap();
        key.public_key().unwrap().to_string()
    };
    let (auditor, first, december) = (bench.auditor.public_key().unwrap().to_string(), key(), key());
    let (mut device, mut policy) = {
        let state = bench.engine.lock();
        (state.device().unwrap().clone(), state.policy.clone())
    };
    device.recipients = vec![auditor.clone(), first.clone()];
    device.operations = vec![first.clone()];
    let sealed_to = |device: &DeviceRecord, policy: &Policy| {
        let recipients = keys::recipients(device, policy).unwrap();
        recipients.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(sealed_to(&device, &policy), [auditor.clone(), first]);
    policy.trail.operations_key = Some(december.clone());
    assert_eq!(sealed_to(&device, &policy), [auditor.clone(), december]);
    policy.trail.operations_key = Some(format!("p256:{}", "00".repeat(65)));
    assert!(keys::recipients(&device, &policy).is_err(), "not a point of the curve");
    assert_eq!(bench.events(&bench.engine).len(), 2);
}
