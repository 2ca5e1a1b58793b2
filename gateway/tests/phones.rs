//! Phones that do not come back, and phones that come back as another enrolment: what the record says of the one, and that
//! what the other carries counts where the force says that it is the same phone, and nowhere else.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::collections::BTreeSet;

use peel_domain::event::{Action, Actor, BODY_VERSION, EventBody, Justification};
use peel_domain::id::{AlertId, EnrolmentId, OfficerId};
use peel_domain::record::Issue;
use peel_domain::time::{Clock as _, Moment};
use peel_gateway::bundle::{bundle_files, trust_text};
use peel_gateway::clock::GatewayClock;
use peel_gateway::desk::{Desk, DeskDir, deployment_record};
use peel_ledger::bundle::{Report, Trust, Verdict, VerifyOptions, verify};
use support::device_log::Log;
use support::{OFFICER, TestGateway, TestPhone};

/// Writes what happened on a phone.
struct Hand<'a> {
    gateway: &'a TestGateway,
    clock: GatewayClock,
    alert_id: AlertId,
}

impl Hand<'_> {
    fn write(&self, log: &mut Log, actor: Actor, action: Action) {
        let at: Moment = self.clock.now();
        log.event(&EventBody {
            v: BODY_VERSION,
            at,
            actor,
            deployment_id: Some(self.gateway.force.deployment_id),
            alert_id: (!matches!(action, Action::LogEnded(_) | Action::EntryCarried(_))).then_some(self.alert_id),
            justification: Justification::Exercise,
            action,
        });
    }

    /// The officer looks at it.
    fn show(&self, log: &mut Log) {
        self.write(log, Actor::Officer(OfficerId::new(OFFICER).unwrap()), Action::AlertDisplayed);
    }

    /// The end of an alert, as its officer and its phone record it.
    fn close(&self, log: &mut Log) {
        let skipped = Action::JudgementSkipped { reason: peel_domain::judgement::SkipReason::NotStated };
        self.write(log, Actor::Officer(OfficerId::new(OFFICER).unwrap()), skipped);
        self.write(log, Actor::Core, Action::Closed);
    }

    /// A log of which the first half was sent.
    async fn half_sent(&self, phone: &TestPhone) -> Log {
        let mut log = Log::new(phone);
        self.show(&mut log);
        sync(self.gateway, phone, &log).await;
        self.close(&mut log);
        log
    }

    /// The first entries of a log that goes on from another, of which the force confirmed so many.
    fn carry(&self, new: &mut Log, old: &Log, confirmed: usize) {
        for action in old.last_words(confirmed, None) {
            self.write(new, Actor::Core, action);
        }
    }
}

async fn sync(gateway: &TestGateway, phone: &TestPhone, log: &Log) {
    assert_eq!(phone.announce(gateway, log, 0).await.0, 200);
    assert_eq!(phone.upload(gateway, log, 0).await.0, 200);
}

async fn issues(gateway: &TestGateway) -> BTreeSet<Issue> {
    let dir = DeskDir::new(gateway.force.path("desk"));
    let followed = Desk::open(&dir, &gateway.url()).unwrap().follow(&mut |_, _, _| ()).await.unwrap();
    assert!(followed.set_aside.is_empty());
    deployment_record(&dir, gateway.force.deployment_id, &[]).unwrap().issues
}

/// A phone in a live deployment, and the alert that it was sent.
async fn alerted(gateway: &TestGateway) -> (TestPhone, AlertId) {
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    (phone, gateway.ingest().await)
}

fn hand(gateway: &TestGateway, alert_id: AlertId) -> Hand<'_> {
    Hand { gateway, clock: GatewayClock::new(None, &mut rand::rng()), alert_id }
}

fn checked(gateway: &TestGateway) -> Report {
    let made = |authority: &_, tx: &_| Ok((bundle_files(authority, tx)?, trust_text(authority, tx)?));
    let (files, trust) = gateway.force.change(made).unwrap();
    verify(&files, &Trust::parse(&trust).unwrap(), VerifyOptions::default(), &mut |_| {})
}

fn is_missing(issues: &BTreeSet<Issue>, alert_id: AlertId, phone: EnrolmentId) -> bool {
    issues.contains(&Issue::PhoneMissing(alert_id, phone))
}

#[tokio::test]
async fn s35_what_a_phone_that_is_enrolled_again_carries_counts_as_its_old_logs() {
    let gateway = TestGateway::start().await;
    let (phone, alert_id) = alerted(&gateway).await;
    let hand = hand(&gateway, alert_id);
    // The rest is recorded and its key is lost before it is sent.
    let log = hand.half_sent(&phone).await;
    assert!(is_missing(&issues(&gateway).await, alert_id, phone.id()));
    let again = TestPhone::enrol_again(&gateway, phone.id()).await;
    let mut next = Log::new(&again);
    hand.carry(&mut next, &log, 1);
    sync(&gateway, &again, &next).await;
    assert!(!is_missing(&issues(&gateway).await, alert_id, phone.id()));
    let report = checked(&gateway);
    assert_eq!(report.verdict, Verdict::Good, "{report:?}");
    assert_eq!(report.replaces.get(next.origin.as_str()).map(String::as_str), Some(log.origin.as_str()));
}

#[tokio::test]
async fn s34_a_phone_that_the_force_does_not_name_adds_nothing_to_anothers_record() {
    let gateway = TestGateway::start().await;
    let (phone, alert_id) = alerted(&gateway).await;
    let hand = hand(&gateway, alert_id);
    let log = hand.half_sent(&phone).await;
    // A stranger, one that goes on from a third phone, and the right one with another history.
    let stranger = TestPhone::enrol(&gateway).await;
    let third = TestPhone::enrol(&gateway).await;
    let of_third = TestPhone::enrol_again(&gateway, third.id()).await;
    for other in [&stranger, &of_third] {
        let mut next = Log::new(other);
        hand.carry(&mut next, &log, 1);
        sync(&gateway, other, &next).await;
        assert!(is_missing(&issues(&gateway).await, alert_id, phone.id()));
    }
    let again = TestPhone::enrol_again(&gateway, phone.id()).await;
    let mut forged = Log::new(&phone);
    hand.show(&mut forged);
    hand.close(&mut forged);
    let mut next = Log::new(&again);
    hand.carry(&mut next, &forged, 1);
    sync(&gateway, &again, &next).await;
    assert!(is_missing(&issues(&gateway).await, alert_id, phone.id()), "it does not join what the mirror has");
}

#[tokio::test]
async fn an_enrolment_is_replaced_once_unless_it_was_in_vain() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    // The reply to the first is lost: the phone comes with a second code.
    let in_vain = TestPhone::enrol_again(&gateway, phone.id()).await;
    let again = TestPhone::enrol_again(&gateway, phone.id()).await;
    let mut log = Log::new(&again);
    log.write(1);
    sync(&gateway, &again, &log).await;
    let code = |before| {
        let text = |authority: &_, tx: &_| {
            peel_gateway::service::replacement_text(authority, tx, "https://x", 60, before, &mut rand::rng()).map(drop)
        };
        gateway.force.change(text).map_err(|error| error.code())
    };
    assert_eq!(code(phone.id()), Err("enrolment.replaces"));
    assert_eq!(code(EnrolmentId(uuid::Uuid::nil())), Err("device.unknown"));
    assert_eq!(code(again.id()), Ok(()), "and so on");
    let report = checked(&gateway);
    assert_eq!(report.verdict, Verdict::Good, "{report:?}");
    assert_eq!(report.replaces.keys().collect::<Vec<_>>(), [log.origin.as_str()]);
    drop(in_vain);
}

#[tokio::test]
async fn of_two_that_wait_to_go_on_from_one_phone_the_second_is_refused_once_the_first_has_begun() {
    use peel_gateway::service::{propose_enrolment, submit};
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let force = gateway.stop().await;
    let keys = force.data().keys();
    let aside = |from: &str, to: &str| std::fs::rename(keys.join(from), keys.join(to)).unwrap();
    // With one approver's key alone at hand both wait.
    aside("approver-2.key", "approver-2.aside");
    let gateway = TestGateway::serve(force).await;
    let first = TestPhone::enrol_again_without_token(&gateway, phone.id()).await;
    let second = TestPhone::enrol_again_without_token(&gateway, phone.id()).await;
    aside("approver-2.aside", "approver-2.key");
    let approve = |of: &TestPhone| {
        let (id, force) = (of.id(), &gateway.force);
        let leaf = force.change(|authority, tx| propose_enrolment(authority, tx, id));
        leaf.and_then(|leaf| force.change(|authority, tx| submit(authority, tx, &leaf, None)))
            .map_err(|error| error.code())
    };
    assert_eq!(approve(&first), Ok(()));
    let first = TestPhone { token: first.fetch_token(&gateway).await, ..first };
    let mut log = Log::new(&first);
    log.write(1);
    // A running gateway reads anew who is served, every second.
    for _ in 0..100 {
        if first.announce(&gateway, &log, 0).await.0 == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(first.upload(&gateway, &log, 0).await.0, 200);
    assert_eq!(approve(&second), Err("enrolment.replaces"));
    // Of the next two it comes with the second: the reply to the first was lost. The people approve in another order.
    let in_vain = TestPhone::enrol_again_without_token(&gateway, first.id()).await;
    let come = TestPhone::enrol_again_without_token(&gateway, first.id()).await;
    assert_eq!(approve(&come), Ok(()));
    assert_eq!(approve(&in_vain), Err("enrolment.replaces"));
    let report = checked(&gateway);
    assert_eq!(report.verdict, Verdict::Good, "{report:?}");
    let named = [log.origin.as_str(), come.enrolment.origin.as_str()];
    assert_eq!(report.replaces.keys().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(named));
}

#[tokio::test]
async fn s43_a_phone_that_two_people_gave_up_is_named_by_the_record_and_may_still_come_back() {
    use peel_gateway::desk::{DeskError, read_record};
    use peel_gateway::service::{RevocationReason, propose_giving_up, submit};
    use peel_ledger::force_log::ForceLeaf;
    let gateway = TestGateway::start().await;
    gateway.force.add_officer("PS-1", peel_domain::deployment::Role::Supervisor);
    let (phone, alert_id) = alerted(&gateway).await;
    let hand = hand(&gateway, alert_id);
    let mut log = Log::new(&phone);
    hand.show(&mut log);
    sync(&gateway, &phone, &log).await;
    assert_eq!(gateway.state("ended").await.status(), 200);
    let deployment = gateway.force.deployment_id;
    let supervisor = OfficerId::new("PS-1").unwrap();
    let truth = peel_domain::stop::Truth::FalseAlert;
    let stated = |authority: &_, tx: &_| {
        peel_gateway::service::record_truth(authority, tx, &supervisor, support::PIN, alert_id, truth)
    };
    gateway.force.change(stated).unwrap();
    let dir = DeskDir::new(gateway.force.path("desk"));
    assert_eq!(issues(&gateway).await, [Issue::PhoneMissing(alert_id, phone.id())].into());
    assert!(matches!(read_record(&dir, deployment, &[]), Err(DeskError::Incomplete(1))));

    let reason = RevocationReason::Lost;
    let leaf = gateway.force.change(|authority, tx| propose_giving_up(authority, tx, phone.id(), deployment, reason));
    let leaf = leaf.unwrap();
    // One person alone gives nobody up, nor does anybody make the phone's log longer than it is.
    let ForceLeaf::Change { change, force_log, at_s, approvals } = leaf.clone() else { panic!() };
    let alone = ForceLeaf::Change {
        change: change.clone(),
        force_log: force_log.clone(),
        at_s,
        approvals: approvals[..1].to_vec(),
    };
    let submitted = |leaf: &ForceLeaf| {
        gateway.force.change(|authority, tx| submit(authority, tx, leaf, None)).map_err(|error| error.code())
    };
    assert!(submitted(&alone).is_err());
    let unknown = |authority: &_, tx: &_| {
        propose_giving_up(authority, tx, EnrolmentId(uuid::Uuid::nil()), deployment, reason).map(drop)
    };
    assert_eq!(gateway.force.change(unknown).unwrap_err().code(), "device.unknown");
    assert_eq!(submitted(&leaf), Ok(()));
    assert_eq!(submitted(&leaf), Err("change.repeated"));

    assert!(issues(&gateway).await.is_empty());
    let record = read_record(&dir, deployment, &[]).unwrap().record;
    let given_up = &record.given_up[0];
    assert_eq!((given_up.enrolment_id, given_up.reason.as_str()), (phone.id(), "lost"));
    assert_eq!((given_up.size_then, given_up.entries_since), (1, 0));
    assert_eq!(given_up.alerts_missing.iter().map(|(alert, _)| *alert).collect::<Vec<_>>(), [alert_id]);
    let report = checked(&gateway);
    assert_eq!(report.verdict, Verdict::Good, "{report:?}");
    let says = |report: &Report, what: &str| report.remarks.iter().any(|remark| remark.contains(what));
    assert!(says(&report, "(lost) with 1 entries here; nothing has come of it since"), "{:?}", report.remarks);

    // It is found: what it brings is taken and counts.
    hand.close(&mut log);
    assert_eq!(phone.announce(&gateway, &log, 1).await.0, 200);
    assert_eq!(phone.upload(&gateway, &log, 1).await.0, 200);
    assert!(issues(&gateway).await.is_empty());
    let record = read_record(&dir, deployment, &[]).unwrap().record;
    assert_eq!((record.given_up[0].entries_since, record.given_up[0].alerts_missing.len()), (2, 0));
    assert!(says(&checked(&gateway), "2 entries have come of it since, and count"));
}
