//! What is over stays over: after a restart, whatever the clock says, and for whoever reads the flash.

use peel_domain::deployment::Role;
use peel_domain::id::AlertId;

use super::support::{Bench, START_MS, rostered};
use crate::engine::persist;
use crate::ffi::{KeyVault as _, VaultError, WrapSlot};
use crate::store::{Batch, Op};

const HOUR_MS: i64 = 3_600_000;

/// An alert whose images live for an hour; then something of which the phone has a time, two hours later by the force's
/// clock or its own.
fn later(bench: &Bench, what: impl FnOnce(&Bench)) -> AlertId {
    let alert_id = bench.receive(1);
    what(bench);
    alert_id
}

/// What is left of the images when the phone was off, and comes back with its wall clock at six minutes after the alert.
fn left_after_a_clock_set_back(bench: &Bench) -> usize {
    bench.clock.reboot();
    bench.clock.set_wall(START_MS + 6 * 60_000);
    let (_home, again) = bench.after_kill();
    again.tick().unwrap();
    again.store.media_lines().unwrap().len()
}

#[test]
fn s27_a_clock_set_back_over_a_restart_revives_nothing_that_the_force_had_seen_end() {
    let bench = Bench::new();
    later(&bench, |bench| {
        let checkpoint = bench.engine.lock().trail().unwrap().checkpoint();
        let mut batch = Batch::new();
        let (size, root) = (checkpoint.size, checkpoint.root.to_bytes());
        let stated_ms = START_MS + 2 * HOUR_MS;
        batch.push(Op::Cosigned { size, root, note: String::new(), stated_ms, wall_ms: bench.now() });
        bench.engine.store.commit(batch).unwrap();
    });
    assert_eq!(left_after_a_clock_set_back(&bench), 0);
}

#[test]
fn s27_a_clock_set_back_over_a_restart_revives_nothing_that_the_trail_had_seen_end() {
    let bench = Bench::new();
    later(&bench, |bench| {
        bench.clock.set_wall(START_MS + 2 * HOUR_MS);
        // Of no alert: the alert's own events say nothing of that time.
        bench.engine.refuse_message(2, "alert.malformed").unwrap();
    });
    assert_eq!(left_after_a_clock_set_back(&bench), 0);
}

#[test]
fn s27_a_restart_with_an_honest_clock_keeps_what_is_not_over() {
    let bench = Bench::new();
    later(&bench, |bench| bench.engine.refuse_message(2, "alert.malformed").unwrap());
    assert_eq!(left_after_a_clock_set_back(&bench), 2);
}

#[test]
fn s25_what_an_earlier_deployment_wrapped_opens_no_more() {
    let bench = Bench::new();
    let wrap = || bench.vault.wrap(WrapSlot::Deployment, b"an image's key and salt".to_vec()).unwrap();
    let opens = |wrapped: &[u8]| bench.vault.unwrap(WrapSlot::Deployment, wrapped.to_vec());
    // Killed after leaving was on record and before the key was destroyed.
    let wrapped = wrap();
    let mut batch = Batch::new();
    batch.extend([Op::ForgetDeployment, Op::Forget(persist::DEPLOYMENT)]);
    bench.engine.store.commit(batch).unwrap();
    assert!(opens(&wrapped).is_ok());
    let (_home, again) = bench.after_kill();
    assert_eq!(opens(&wrapped).unwrap_err(), VaultError::Lost);
    // The key store refused then, and the phone went on: the next deployment has a key of its own all the same.
    let wrapped = wrap();
    again.keep_joined(rostered(bench.deployment_id), Role::EngagementOfficer).unwrap();
    assert_eq!(opens(&wrapped).unwrap_err(), VaultError::Lost);
}
