use peel_domain::event::{Actor, BODY_VERSION, Justification};
use peel_domain::id::{AlertId, CameraId, EnrolmentId};
use peel_domain::time::{BootId, Moment};
use peel_ledger::Origin;
use peel_ledger::bundle::Bounds;
use peel_ledger::entry::{EntryClass, EntryHeader, EntryTime};
use peel_ledger::note::Ed25519Signer;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::*;

const PHONE: Uuid = Uuid::from_u128(3);

/// What the force issued and what the phone recorded: numbers, each with its alert.
fn told(issued: &[(u64, u128)], recorded: &[(u64, u128)]) -> TrailReport {
    let mut trail = Trail::new(Some("force.example".to_owned()), None);
    let events = Origin::events("force.example").unwrap();
    for (seq, (alert_seq, alert)) in (0..).zip(issued) {
        let issued = Action::AlertIssued { enrolment_id: EnrolmentId(PHONE), alert_seq: *alert_seq };
        take(&mut trail, &events, seq, Actor::Gateway, *alert, issued);
    }
    let phone = Origin::device("force.example", &PHONE.to_string()).unwrap();
    for (seq, (alert_seq, alert)) in (0..).step_by(2).zip(recorded) {
        let (alert_seq, camera_id) = (*alert_seq, CameraId::new("c1").unwrap());
        let received = Action::AlertReceived { alert_seq, camera_id, captured_at_ms: 0, media: Vec::new() };
        take(&mut trail, &phone, seq, Actor::Core, *alert, received);
        take(&mut trail, &phone, seq + 1, Actor::Core, *alert, Action::NoDecision);
    }
    let mirror = Ed25519Signer::from_seed("force.example/peel/gateway", &[1; 32]).unwrap().cosigner_verifier().unwrap();
    trail.conclude(&Ground {
        replaces: &BTreeMap::new(),
        heads: &BTreeMap::new(),
        keys: &[],
        root: None,
        recipients: &[],
        policies: &BTreeMap::new(),
        beacons: &BTreeMap::new(),
        restored: false,
        mirror: &mirror,
    })
}

fn take(trail: &mut Trail, origin: &Origin, seq: u64, actor: Actor, alert: u128, action: Action) {
    let time = EntryTime { wall_ms: 0, mono_ns: seq, boot: [0; 8], beacon: None };
    let event_id = Uuid::new_v4().into_bytes();
    let header = EntryHeader { seq, event_id, class: EntryClass::Event, time, prior_root: Hash::default() };
    let source = TimeSource::Device;
    let at = Moment { utc_ms: 0, monotonic_ns: seq, boot_id: BootId([0; 8]), source, uncertainty_ms: 0 };
    let (alert_id, justification) = (Some(AlertId(Uuid::from_u128(alert))), Justification::AlertResponse);
    let body = EventBody { v: BODY_VERSION, at, actor, deployment_id: None, alert_id, justification, action };
    let content = Content::Body(Zeroizing::new(body.to_cbor().unwrap()));
    trail.take(&OpenedEntry { origin, header: &header, bounds: Bounds::default(), content });
}

#[test]
fn s34_a_phone_hides_no_alert_behind_the_identifier_of_another() {
    let issued = [(5, 1), (6, 2)];
    let sound = told(&issued, &issued);
    assert_eq!((&sound.failed[..], sound.alerts.len()), (&[][..], 2), "{sound:?}");
    for recorded in [[(5, 1), (6, 1)], [(5, 1), (6, 9)], [(5, 2), (6, 1)]] {
        let report = told(&issued, &recorded);
        assert!(report.failed[0].contains("under the number of another"), "{recorded:?}: {report:?}");
    }
}

#[test]
fn an_alert_that_the_force_issued_twice_is_received_twice() {
    let issued = [(5, 1), (6, 1), (7, 2)];
    let report = told(&issued, &issued);
    assert_eq!((&report.failed[..], report.alerts.len()), (&[][..], 2), "{report:?}");
    // A phone that knows an alert records it once.
    let report = told(&issued, &[(5, 1), (7, 2)]);
    assert_eq!(report.failed, [] as [String; 0], "{report:?}");
}
