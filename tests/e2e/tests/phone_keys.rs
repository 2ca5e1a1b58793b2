//! A phone whose keys are lost, against the real gateway: enrolled again, and the force gets what it did not have.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of a test")]

mod phone_support;

use peel_companion::ffi::{CoreError, EnrolmentView, SyncState};
use peel_domain::event::{Action, CarriedEntries, LogEndCause};
use peel_gateway::desk::Desk;
use peel_ledger::succession::LogEnd;
use peel_ledger::tree::CompactRange;
use peel_ledger::{Hash, Origin};
use phone_support::{OFFICER, PIN, Phone, Street, open_core};

#[tokio::test(flavor = "multi_thread")]
async fn s35_a_phone_that_lost_its_logs_key_is_enrolled_again_and_the_force_gets_the_rest() {
    let street = Street::open().await;
    let phone = Phone::ready(&street, OFFICER).await;
    assert_eq!(phone.core.sync_now(20_000).await.unwrap().state, SyncState::UpToDate);
    assert!(matches!(phone.core.enrol(street.code(600)).await, Err(CoreError::NotAllowedNow { .. })));
    phone.core.suspend_work().await.unwrap();
    std::fs::remove_file(phone.home.path().join("vault").join("log.wrap")).unwrap();

    let core = open_core(phone.home.path(), phone.clock.clone()).unwrap();
    let old_origin = core.session().unwrap().enrolment.unwrap().origin;
    core.leave_deployment().await.unwrap();
    let stopped = core.sync_now(5_000).await.unwrap();
    assert_eq!(stopped.state, SyncState::Stopped);
    assert!(stopped.size > stopped.cosigned_size, "recorded, and not with the force");
    core.enrol(street.code(600)).await.unwrap();
    assert_ne!(core.session().unwrap().enrolment.unwrap().origin, old_origin);
    core.sign_in(OFFICER.to_owned(), PIN.to_owned()).await.unwrap();
    assert_eq!(core.end_shift().await.unwrap().state, SyncState::UpToDate);

    // What the desk opens of the new log is the rest of the old one.
    let (mut ended, mut carried, mut old_size) = (None, CarriedEntries::default(), 0);
    let mut desk = Desk::open(&street.desk(), &street.url()).unwrap();
    let followed = desk
        .follow(&mut |log, index, event| match &event.action {
            Action::LogEnded(end) => ended = Some(end.clone()),
            Action::EntryCarried(part) => assert!(carried.take(part)),
            _ if old_origin.ends_with(log) => old_size = index + 1,
            _ => {}
        })
        .await
        .unwrap();
    assert!(followed.set_aside.is_empty());
    let ended = ended.unwrap();
    assert_eq!((ended.cause, &ended.origin, ended.size), (LogEndCause::LogKeyLost, &old_origin, stopped.size));
    let confirmed = CompactRange::from_bytes(&ended.confirmed).unwrap();
    assert_eq!(confirmed.size(), stopped.cosigned_size);
    assert!(old_size <= confirmed.size());
    let rest = carried.whole().unwrap();
    assert_eq!(u64::try_from(rest.len()).unwrap(), stopped.size - stopped.cosigned_size);
    let origin = Origin::new(ended.origin.as_str()).unwrap();
    let end = LogEnd { origin, size: ended.size, root: Hash::new(ended.root), confirmed };
    end.check(rest.iter().map(Vec::as_slice)).unwrap();
}

/// Enrols a phone to go on from an enrolment of before, and ends the shift: how the desk sees that log end, and how many
/// entries of it are carried.
async fn enrolled_after(street: &Street, phone: &Phone, before: EnrolmentView) -> (LogEndCause, u64) {
    phone.core.leave_deployment().await.unwrap();
    phone.core.enrol(street.code_after(before.enrolment_id)).await.unwrap();
    phone.core.sign_in(OFFICER.to_owned(), PIN.to_owned()).await.unwrap();
    assert_eq!(phone.core.end_shift().await.unwrap().state, SyncState::UpToDate);
    let (mut ended, mut carried) = (None, CarriedEntries::default());
    let mut desk = Desk::open(&street.desk(), &street.url()).unwrap();
    desk.follow(&mut |_, _, event| match &event.action {
        Action::LogEnded(end) if end.origin == before.origin => ended = Some(end.clone()),
        Action::EntryCarried(part) => assert!(carried.take(part)),
        _ => {}
    })
    .await
    .unwrap();
    (ended.unwrap().cause, u64::try_from(carried.whole().unwrap().len()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_a_phone_with_nothing_to_send_learns_that_a_restore_forgot_it_and_is_enrolled_again() {
    let (street, backup) = Street::open().await.backed_up().await;
    let phone = Phone::ready(&street, OFFICER).await;
    let stopped = phone.core.sync_now(20_000).await.unwrap();
    assert_eq!((stopped.state, stopped.size), (SyncState::UpToDate, stopped.cosigned_size));
    let street = street.put_back(&backup).await;
    phone.until_alarm("sync.unknown_device").await;
    let (cause, carried) = enrolled_after(&street, &phone, phone.enrolment()).await;
    assert_eq!(cause, LogEndCause::EnrolmentUnknown);
    assert!(carried > stopped.size, "all of it, as the force has nothing of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_a_phone_with_nothing_to_send_learns_what_a_restore_took_away_and_sends_it_again() {
    let street = Street::open().await;
    let phone = Phone::ready(&street, OFFICER).await;
    let early = phone.core.sync_now(20_000).await.unwrap();
    let (street, backup) = street.backed_up().await;
    phone.until_alert(street.raise().await).await;
    let late = phone.core.sync_now(20_000).await.unwrap();
    assert_eq!((late.state, late.size), (SyncState::UpToDate, late.cosigned_size));
    assert!(late.size > early.size);
    let street = street.put_back(&backup).await;
    phone.until_alarm("sync.server_lost_history").await;
    let enrolment_id = phone.enrolment().enrolment_id;
    phone.until(|_| (street.held(enrolment_id) >= late.size).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_a_phone_that_was_revoked_and_is_back_is_enrolled_again_and_the_force_gets_the_rest() {
    let street = Street::open().await;
    let phone = Phone::ready(&street, OFFICER).await;
    assert_eq!(phone.core.sync_now(20_000).await.unwrap().state, SyncState::UpToDate);
    let before = phone.enrolment();
    street.revoke(before.enrolment_id);
    phone.until_alarm("sync.revoked").await;
    let (cause, carried) = enrolled_after(&street, &phone, before).await;
    assert_eq!(cause, LogEndCause::EnrolmentRevoked);
    assert!(carried > 0, "what was recorded after the force had let it go");
}
