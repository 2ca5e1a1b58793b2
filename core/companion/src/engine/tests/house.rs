//! What the phone keeps in order by itself: checkpoints in time, bodies that go, files that are let go of.

use futures_util::FutureExt as _;
use peel_domain::deployment::Role;
use peel_domain::event::{Action, Actor, Justification};
use peel_ledger::tree::subtree_root;

use super::support::Bench;
use crate::engine::force_log::ForceProof;
use crate::engine::{Engine, EngineError, record};
use crate::store::{Batch, Op, Store, StoreError};

const DAY_MS: i64 = 86_400_000;

/// Whether somebody asked for a signature since the last look; signs, as the core's task would.
fn signed(engine: &Engine) -> bool {
    let asked = engine.hardware.notified().now_or_never().is_some();
    if asked {
        engine.signed_checkpoint().unwrap();
    }
    asked
}

fn write(engine: &Engine, count: usize) {
    let mut state = engine.lock();
    let event =
        record::event(&state, Action::BriefingAcknowledged, Actor::Core, Justification::Integrity, engine.now());
    engine.record(&mut state, &vec![event; count], Batch::new()).unwrap();
}

#[test]
fn the_trail_says_which_version_of_the_core_joined() {
    let bench = Bench::new();
    let software = Some(env!("CARGO_PKG_VERSION").to_owned());
    let joined = Action::Joined { role: Role::EngagementOfficer, software };
    assert!(bench.events(&bench.engine).iter().any(|event| event.action == joined));
}

#[test]
fn an_event_has_a_signed_checkpoint_within_a_minute_and_without_one_nothing_is_signed() {
    let bench = Bench::new();
    bench.engine.tick().unwrap();
    assert!(signed(&bench.engine), "what a start finds unsigned is signed at once");
    for _ in 0..100 {
        bench.clock.advance(1_000);
        bench.engine.tick().unwrap();
        assert!(!signed(&bench.engine), "nothing new");
    }
    write(&bench.engine, 1);
    let mut waited_s = 0;
    loop {
        bench.engine.tick().unwrap();
        if signed(&bench.engine) {
            break;
        }
        bench.clock.advance(1_000);
        waited_s += 1;
        assert!(waited_s <= 60);
    }
    assert!(waited_s >= 50, "{waited_s}");
    assert_eq!(bench.engine.store.signed_size().unwrap(), bench.engine.lock().trail().unwrap().size());
    write(&bench.engine, 64);
    bench.engine.tick().unwrap();
    assert!(signed(&bench.engine), "sixty-four at once");
}

#[test]
fn s36_bodies_go_when_policy_and_the_forces_signature_allow_it() {
    let bench = Bench::new();
    write(&bench.engine, 300);
    let cosign = || {
        let store = &bench.engine.store;
        let size = store.size().unwrap();
        let (root, now) = (subtree_root(store, 0, size).unwrap().to_bytes(), bench.now());
        let mut batch = Batch::new();
        batch.push(Op::Cosigned { size, root, note: String::new(), stated_ms: now, wall_ms: now });
        store.commit(batch).unwrap();
    };
    let pruned = || {
        bench.engine.tick().unwrap();
        bench.engine.store.pruned().unwrap()
    };
    bench.clock.advance(40 * DAY_MS);
    assert_eq!(pruned(), 0, "no cosignature");
    cosign();
    bench.clock.advance(30 * DAY_MS);
    cosign();
    assert_eq!(pruned(), 0, "the policy keeps them for 31 days");
    bench.clock.advance(DAY_MS);
    assert_eq!(pruned(), 0, "the force has not been heard since");
    write(&bench.engine, 1);
    cosign();
    bench.clock.advance(60_000);
    assert_eq!(pruned(), 0, "nothing proves that the force's public log holds it");
    bench.engine.lock().force_proof = ForceProof::up_to(bench.engine.store.cosigned_size().unwrap());
    bench.clock.advance(60_000);
    assert_eq!(pruned(), 256);
    let (_home, again) = bench.after_kill();
    assert_eq!(again.store.pruned().unwrap(), 256);
    write(&again, 1);
}

#[test]
fn a_suspended_core_holds_no_lock_and_goes_on_afterwards() {
    let bench = Bench::new();
    let alert_id = bench.receive(1);
    let data = bench.home.path().join("data");
    bench.engine.suspend();
    assert_eq!(bench.engine.displayed(alert_id).err(), Some(EngineError::Store(StoreError::Closed)));
    bench.engine.tick().unwrap_or_default();
    let (other, opened) = Store::open(&data, 1).unwrap();
    assert!(!opened.unclean && !opened.set_aside);
    assert!(bench.engine.resume().is_err(), "another core has the file");
    other.close();
    bench.engine.resume().unwrap();
    bench.engine.displayed(alert_id).unwrap();
    // Somebody wrote to the file meanwhile: this core must not continue it.
    bench.engine.suspend();
    let (other, _) = Store::open(&data, 1).unwrap();
    let mut batch = Batch::new();
    batch.push(Op::Put("writer", vec![0; 8]));
    other.commit(batch).unwrap();
    other.close();
    assert_eq!(bench.engine.resume().err(), Some(EngineError::Integrity("trail.self_check")));
    assert!(bench.engine.displayed(alert_id).is_err());
}

#[test]
fn a_full_phone_says_so_until_there_is_space_again() {
    let bench = Bench::new();
    let shown = || bench.engine.connection_view().alarms.contains(&"storage.full".to_owned());
    bench.engine.tick().unwrap();
    bench.engine.store.limit_pages(0).unwrap();
    for _ in 0..20 {
        write(&bench.engine, 5);
    }
    assert!(shown() && bench.engine.store.reserve_is_spent());
    bench.clock.advance(60_000);
    bench.engine.tick().unwrap();
    assert!(shown(), "there is no space yet");
    bench.engine.store.limit_pages(5_000).unwrap();
    bench.clock.advance(60_000);
    bench.engine.tick().unwrap();
    assert!(!shown() && !bench.engine.store.reserve_is_spent());
}
