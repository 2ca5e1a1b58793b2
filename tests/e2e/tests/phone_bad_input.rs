//! Bad input from the first day: each a typed error that an officer can act on, and nothing lost.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of a test")]

mod phone_support;

use peel_companion::ffi::{CoreError, SyncState};
use peel_domain::deployment::Role;
use peel_domain::wire::EnrolmentCode;
use phone_support::{OFFICER, PIN, Phone, Street, TestClock, open_core};

fn reason(result: Result<impl std::fmt::Debug, CoreError>) -> String {
    match result {
        Err(
            CoreError::Refused { reason }
            | CoreError::Integrity { reason }
            | CoreError::Offline { reason }
            | CoreError::NotEnrolled { reason }
            | CoreError::NotAllowedNow { reason }
            | CoreError::SignInNeeded { reason }
            | CoreError::NotPossible { reason }
            | CoreError::Invalid { reason },
        ) => reason,
        other => panic!("not a refusal: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn enrolment_codes_that_are_wrong_used_expired_or_no_codes_are_told_apart() {
    let street = Street::open().await;
    let phone = Phone::new();
    let no_code = phone.core.enrol("not a code".to_owned()).await;
    assert!(matches!(no_code, Err(CoreError::Invalid { reason }) if reason == "enrolment_code.malformed"));
    let code = street.code(600);
    let parsed = EnrolmentCode::parse(&code, 0).unwrap();
    let with = |change: &dyn Fn(&mut EnrolmentCode)| {
        let mut changed = parsed.clone();
        change(&mut changed);
        changed.to_text().unwrap()
    };
    // The gateway judges a code's time, not a phone's clock.
    let over = with(&|c| (c.expires_ms, c.secret) = (1, [0; 32]));
    assert_eq!(reason(phone.core.enrol(over).await), "enrolment_code.wrong");
    assert_eq!(reason(phone.core.enrol(with(&|c| c.secret = [0; 32])).await), "enrolment_code.wrong");
    assert_eq!(reason(phone.core.enrol(with(&|c| c.spki_pins = [[0; 32]; 2])).await), "gateway.untrusted");
    let gone = with(&|c| c.gateway_url = "https://127.0.0.1:9".to_owned());
    assert_eq!(reason(phone.core.enrol(gone).await), "gateway.unreachable");
    let mut other_keys = EnrolmentCode::parse(&street.code(600), 0).unwrap();
    other_keys.keys_sha256 = [0; 32];
    let answered_by_another = phone.core.enrol(other_keys.to_text().unwrap()).await;
    assert!(matches!(answered_by_another, Err(CoreError::Integrity { reason }) if reason == "enrolment.keys"));
    phone.core.enrol(code.clone()).await.unwrap();
    assert_eq!(reason(phone.core.enrol(code.clone()).await), "device.already_enrolled");
    assert_eq!(reason(Phone::new().core.enrol(code).await), "enrolment_code.used");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_is_not_ready_says_what_comes_first() {
    let street = Street::open().await;
    let phone = Phone::new();
    assert_eq!(reason(phone.core.connect()), "device.not_enrolled");
    assert_eq!(reason(phone.core.sign_in(OFFICER.to_owned(), PIN.to_owned()).await), "device.not_enrolled");
    phone.core.enrol(street.code(600)).await.unwrap();
    assert_eq!(reason(phone.core.deployments().await), "shift.none");
    assert!(matches!(
        phone.core.sign_in(OFFICER.to_owned(), "000000".to_owned()).await,
        Err(CoreError::Refused { .. })
    ));
    phone.core.sign_in(OFFICER.to_owned(), PIN.to_owned()).await.unwrap();
    assert_eq!(reason(phone.core.join(street.deployment_id, Role::Supervisor).await), "deployment.role_not_rostered");
    assert_eq!(reason(phone.core.acknowledge_briefing().await), "deployment.none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_core_on_the_same_directory_is_refused() {
    let phone = Phone::new();
    assert_eq!(reason(open_core(phone.home.path(), TestClock::new()).map(|_| ())), "store.in_use");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_gone_loses_nothing_and_is_found_again() {
    let street = Street::open().await;
    let phone = Phone::ready(&street, OFFICER).await;
    let alert_id = street.raise().await;
    phone.until_alert(alert_id).await;
    street.server.shut_down().await;
    phone.core.displayed(alert_id).await.unwrap();
    let outcome = phone.core.sync_now(1_500).await.unwrap();
    assert!(matches!(outcome.state, SyncState::Waiting | SyncState::MoreLeft), "{outcome:?}");
    assert!(outcome.cosigned_size < outcome.size);
    let session = phone.core.session().unwrap();
    assert!(session.shift.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_was_suspended_goes_on_in_the_same_core_and_in_another() {
    let street = Street::open().await;
    let phone = Phone::ready(&street, OFFICER).await;
    let alert_id = street.raise().await;
    phone.until_alert(alert_id).await;
    phone.core.suspend_work().await.unwrap();
    assert_eq!(reason(phone.core.displayed(alert_id).await), "store.closed");
    phone.core.resume_work().await.unwrap();
    phone.core.displayed(alert_id).await.unwrap();
    assert_eq!(phone.core.sync_now(20_000).await.unwrap().state, SyncState::UpToDate);
    phone.core.suspend_work().await.unwrap();
    let again = open_core(phone.home.path(), phone.clock.clone()).unwrap();
    again.displayed(alert_id).await.unwrap();
    assert_eq!(again.sync_now(20_000).await.unwrap().state, SyncState::UpToDate);
}
