//! A phone whose keys are lost, against the real gateway: enrolled again, and the force gets what it did not have.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of a test")]

mod phone_support;

use peel_companion::ffi::{CoreError, SyncState};
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
