//! What is kept of devices, officers, deployments, policies, alerts and events.

use peel_domain::alert::Thousandths;
use peel_domain::deployment::{DeploymentCard, DeploymentState, Role};
use peel_domain::event::MediaClass;
use peel_domain::id::{AlertId, DeploymentId, ForceId, HoldId, MediaId, OfficerId};
use peel_gateway::storage::*;

use super::{Kit, device_id, keys};

pub(crate) async fn devices_codes_and_keys_are_kept(kit: Kit) {
    let hash = [7; 32];
    kit.once(|tx| put_api_key(tx, ApiKeyKind::Desk, &hash)).unwrap();
    assert_eq!(kit.once(|tx| api_key_kind(tx, &hash)).unwrap(), Some(ApiKeyKind::Desk));
    assert_eq!(kit.once(|tx| api_key_kind(tx, &[8; 32])).unwrap(), None);
    kit.once(|tx| add_enrolment_code(tx, &hash, 100, None)).unwrap();
    assert_eq!(kit.once(|tx| take_enrolment_code(tx, &hash, 100)).unwrap(), Some(false), "its time is over");
    assert_eq!(kit.once(|tx| take_enrolment_code(tx, &hash, 99)).unwrap(), Some(true));
    assert_eq!(kit.once(|tx| take_enrolment_code(tx, &hash, 99)).unwrap(), Some(false), "it is good once");
    assert_eq!(kit.once(|tx| take_enrolment_code(tx, &[8; 32], 1)).unwrap(), None);
    kit.once(|tx| put_device(tx, device_id(2), &keys(), "model", 5)).unwrap();
    kit.once(|tx| put_device(tx, device_id(1), &keys(), "model", 5)).unwrap();
    assert!(kit.once(|tx| put_device(tx, device_id(1), &keys(), "model", 5)).is_err());
    assert_eq!(kit.once(device_count).unwrap(), 2);
    assert_eq!(kit.once(all_devices).unwrap(), [], "nobody is served before two people have approved it");
    for number in [1, 2] {
        kit.once(|tx| set_standing(tx, device_id(number), Standing::Good)).unwrap();
    }
    assert_eq!(kit.once(all_devices).unwrap(), [device_id(1), device_id(2)]);
    let shift = Shift { officer_id: OfficerId::new("PC-1").unwrap(), until_ms: i64::MAX };
    kit.once(|tx| set_shift(tx, device_id(1), &shift)).unwrap();
    let found = kit.once(|tx| device(tx, device_id(1))).unwrap().unwrap();
    assert_eq!((found.keys, found.last_seq, found.shift), (keys(), 0, Some(shift)));
    kit.once(|tx| set_standing(tx, device_id(1), Standing::Revoked)).unwrap();
    let found = kit.once(|tx| device(tx, device_id(1))).unwrap().unwrap();
    assert_eq!((found.standing, found.shift), (Standing::Revoked, None), "nobody is signed in on it any more");
    assert_eq!(kit.once(all_devices).unwrap(), [device_id(2)]);
    assert_eq!(kit.once(refused_devices).unwrap(), [(device_id(1), Standing::Revoked)]);
    assert!(kit.once(|tx| device(tx, device_id(3))).unwrap().is_none());
}

pub(crate) async fn officers_are_kept_and_replaced(kit: Kit) {
    let officer_id = OfficerId::new("PC-1").unwrap();
    let roster = Roster::from([(DeploymentId(uuid::Uuid::nil()), [Role::Supervisor, Role::Spotter].into())]);
    let row = |salt: u8| OfficerRow {
        officer_id: officer_id.clone(),
        salt: vec![salt; 16],
        pin_hash: vec![3; 32],
        roster: roster.clone(),
    };
    kit.once(|tx| put_officer(tx, &row(1))).unwrap();
    let found = kit.once(|tx| officer(tx, &officer_id)).unwrap().unwrap();
    assert_eq!((found.salt, found.roster), (vec![1; 16], roster.clone()));
    kit.once(|tx| put_officer(tx, &row(2))).unwrap();
    assert_eq!(kit.once(|tx| officer(tx, &officer_id)).unwrap().unwrap().salt, vec![2; 16]);
    assert!(kit.once(|tx| officer(tx, &OfficerId::new("PC-2").unwrap())).unwrap().is_none());
}

fn deployment_row(number: u8) -> DeploymentRow {
    let card = DeploymentCard {
        deployment_id: DeploymentId(uuid::Uuid::from_bytes([number; 16])),
        force_id: ForceId::new("force.example").unwrap(),
        exercise: true,
        use_case: peel_domain::deployment::UseCase::CrimeHotspot,
        location_text: "Hauptstraße \u{1f6a7}".to_owned(),
        authority_ref: "A".to_owned(),
        planned_start_ms: 1,
        planned_end_ms: 2,
        cameras: Vec::new(),
        feeds: Vec::new(),
        algorithm: "a".to_owned(),
        threshold: Thousandths(640),
        watchlist_size: 1,
        faces_seen_estimate: None,
        policy_version: 1,
    };
    DeploymentRow { card, state: DeploymentState::NotLive }
}

pub(crate) async fn deployments_and_members_are_kept(kit: Kit) {
    let (first, second) = (deployment_row(9), deployment_row(3));
    let id = first.card.deployment_id;
    kit.once(|tx| put_deployment(tx, &first, 10)).unwrap();
    kit.once(|tx| put_deployment(tx, &second, 20)).unwrap();
    assert_eq!(kit.once(|tx| put_deployment(tx, &first, 30)), Err(StoreError::Conflict));
    let all = kit.once(deployments).unwrap();
    assert_eq!(all.iter().map(|row| row.card.deployment_id).collect::<Vec<_>>(), [id, second.card.deployment_id]);
    let mut ended = first.clone();
    ended.state = DeploymentState::Ended;
    kit.once(|tx| set_state(tx, &ended, 40)).unwrap();
    let found = kit.once(|tx| deployment(tx, id)).unwrap().unwrap();
    assert_eq!((found.state, found.card), (DeploymentState::Ended, first.card));
    kit.once(|tx| put_device(tx, device_id(1), &keys(), "model", 5)).unwrap();
    let member = |role| Member { enrolment_id: device_id(1), officer_id: OfficerId::new("PC-1").unwrap(), role };
    kit.once(|tx| add_member(tx, id, &member(Role::Spotter))).unwrap();
    kit.once(|tx| add_member(tx, id, &member(Role::EngagementOfficer))).unwrap();
    assert_eq!(kit.once(|tx| members(tx, id)).unwrap(), [member(Role::EngagementOfficer)]);
    assert_eq!(kit.once(|tx| Recipients::Engaging.of(tx, id)).unwrap(), [device_id(1)]);
    // Another officer on the device has no place in the deployment.
    let shift = |name: &str| Shift { officer_id: OfficerId::new(name).unwrap(), until_ms: 1 };
    kit.once(|tx| set_shift(tx, device_id(1), &shift("PC-1"))).unwrap();
    assert_eq!(kit.once(|tx| members(tx, id)).unwrap().len(), 1);
    kit.once(|tx| set_shift(tx, device_id(1), &shift("PC-2"))).unwrap();
    assert!(kit.once(|tx| members(tx, id)).unwrap().is_empty());
    kit.once(|tx| add_member(tx, id, &member(Role::Spotter))).unwrap();
    kit.once(|tx| remove_member(tx, id, device_id(1))).unwrap();
    assert!(kit.once(|tx| members(tx, id)).unwrap().is_empty());
}

pub(crate) async fn policies_are_never_replaced(kit: Kit) {
    assert_eq!(kit.once(latest_policy).unwrap(), None);
    let row = |version, byte| PolicyRow { version, cose: vec![byte; 3] };
    kit.once(|tx| put_policy(tx, &row(u32::MAX, 1), 1)).unwrap();
    kit.once(|tx| put_policy(tx, &row(5, 2), 1)).unwrap();
    assert_eq!(kit.once(|tx| put_policy(tx, &row(5, 3), 1)), Err(StoreError::Conflict));
    assert_eq!(kit.once(latest_policy).unwrap(), Some(row(u32::MAX, 1)));
}

pub(crate) async fn alerts_and_their_images_are_kept_until_destroyed(kit: Kit) {
    let deployment = deployment_row(1);
    let deployment_id = deployment.card.deployment_id;
    let alert_id = AlertId(uuid::Uuid::from_bytes([5; 16]));
    let row = AlertRow { alert_id, deployment_id, withdrawn: false, media_expire_ms: 90 };
    let media_id = MediaId(uuid::Uuid::from_bytes([6; 16]));
    let image = MediaRow {
        media_id,
        alert_id,
        class: MediaClass::Reference,
        file: "name".to_owned(),
        key: Some(vec![1; 32].into()),
        salt: Some(vec![2; 32].into()),
        commitment: [3; 32],
        content_type: "image/png".to_owned(),
        size: u32::MAX,
        expire_ms: 90,
    };
    kit.once(|tx| {
        put_deployment(tx, &deployment, 1)?;
        put_alert(tx, &row, 2)?;
        put_media(tx, &image)?;
        put_device(tx, device_id(1), &keys(), "model", 5)?;
        let event = StoredEvent { name: "lfr.alert", payload: "why", alert_id: Some(alert_id) };
        put_event(tx, device_id(1), &event, 3, |seq| format!("s{seq}"))
    })
    .unwrap();
    assert_eq!(kit.once(|tx| alert(tx, alert_id)).unwrap().unwrap(), row);
    assert_eq!(kit.once(|tx| alerts_of(tx, deployment_id)).unwrap(), [alert_id]);
    kit.once(|tx| set_alert_withdrawn(tx, alert_id)).unwrap();
    assert!(kit.once(|tx| alert(tx, alert_id)).unwrap().unwrap().withdrawn);
    assert!(kit.once(|tx| may_read(tx, media_id, device_id(1))).unwrap());
    assert!(!kit.once(|tx| may_read(tx, media_id, device_id(2))).unwrap());
    assert_eq!(kit.once(|tx| recipients_of_alert(tx, alert_id)).unwrap(), [device_id(1)]);
    assert!(kit.once(|tx| due_media(tx, 89)).unwrap().is_empty());
    let due = kit.once(|tx| due_media(tx, 90)).unwrap();
    assert_eq!((due.len(), due[0].key.as_deref(), due[0].size), (1, Some(&vec![1; 32]), u32::MAX));
    assert_eq!(kit.once(|tx| live_media_of_deployment(tx, deployment_id)).unwrap().len(), 1);
    assert_eq!(kit.once(media_files).unwrap(), ["name"]);
    kit.once(|tx| mark_destroyed(tx, media_id, 91)).unwrap();
    let gone = kit.once(|tx| media(tx, media_id)).unwrap().unwrap();
    assert!(gone.key.is_none() && gone.salt.is_none() && gone.commitment == [3; 32]);
    assert!(kit.once(media_files).unwrap().is_empty());
    let over = StoredEvent { name: "lfr.expire", payload: "over", alert_id: Some(alert_id) };
    kit.once(|tx| redact_alerts(tx, alert_id, "lfr.alert", &over, |_, seq| format!("t{seq}"))).unwrap();
    let stored = kit.once(|tx| events_after(tx, device_id(1), 0, 9)).unwrap();
    let text = |text: &str| text.to_owned();
    assert_eq!(stored, [OutboxRow { seq: 1, name: text("lfr.expire"), payload: text("over"), signature: text("t1") }]);
    kit.db().forget_deleted().await.unwrap();
}

pub(crate) async fn an_alert_is_over_when_no_phone_that_is_served_has_it_open(kit: Kit) {
    let deployment = deployment_row(1);
    let alert_id = AlertId(uuid::Uuid::from_bytes([5; 16]));
    let row =
        AlertRow { alert_id, deployment_id: deployment.card.deployment_id, withdrawn: false, media_expire_ms: 90 };
    let [first, second, third] = [1, 2, 3].map(device_id);
    let image = MediaRow {
        media_id: MediaId(uuid::Uuid::from_bytes([6; 16])),
        alert_id,
        class: MediaClass::Probe,
        file: "name".to_owned(),
        key: Some(vec![1; 32].into()),
        salt: Some(vec![2; 32].into()),
        commitment: [3; 32],
        content_type: "image/png".to_owned(),
        size: 1,
        expire_ms: 900,
    };
    kit.once(|tx| {
        put_deployment(tx, &deployment, 1)?;
        put_alert(tx, &row, 20)?;
        put_media(tx, &image)?;
        for device in [first, second, third] {
            put_device(tx, device, &keys(), "model", 5)?;
        }
        let event = StoredEvent { name: "lfr.alert", payload: "why", alert_id: Some(alert_id) };
        put_event(tx, first, &event, 3, |_| String::new())
    })
    .unwrap();
    assert_eq!(kit.once(closed_everywhere).unwrap(), [(alert_id, 20)], "nobody was sent it");
    kit.once(|tx| put_issued(tx, alert_id, first)).unwrap();
    kit.once(|tx| put_issued(tx, alert_id, second)).unwrap();
    assert_eq!(kit.once(|tx| alert_of_seq(tx, first, 1)).unwrap(), Some(alert_id));
    assert_eq!(kit.once(|tx| alert_of_seq(tx, second, 1)).unwrap(), None);
    assert!(kit.once(closed_everywhere).unwrap().is_empty());
    assert!(kit.once(|tx| close_issued(tx, alert_id, first, 30)).unwrap());
    assert!(kit.once(|tx| close_issued(tx, alert_id, first, 70)).unwrap(), "again, and nothing changes");
    assert!(!kit.once(|tx| close_issued(tx, alert_id, third, 70)).unwrap(), "it was not sent the alert");
    assert!(kit.once(closed_everywhere).unwrap().is_empty(), "the second has it");
    kit.once(|tx| set_standing(tx, second, Standing::Revoked)).unwrap();
    assert_eq!(kit.once(closed_everywhere).unwrap(), [(alert_id, 30)]);
    kit.once(|tx| put_alert_over(tx, alert_id, 30, 90)).unwrap();
    kit.once(|tx| put_alert_over(tx, alert_id, 40, 1_000)).unwrap();
    assert_eq!(kit.once(|tx| alert_over_ms(tx, alert_id)).unwrap(), Some(30), "the first time counts");
    assert!(kit.once(closed_everywhere).unwrap().is_empty(), "that is known");
    assert!(kit.once(|tx| due_media(tx, 89)).unwrap().is_empty());
    assert_eq!(kit.once(|tx| due_media(tx, 90)).unwrap().len(), 1);
    assert_eq!(kit.once(|tx| due_media(tx, 29)).unwrap().len(), 1, "a clock that was set back");
}

pub(crate) async fn holds_are_kept_until_their_end_and_their_files_with_them(kit: Kit) {
    let deployment = deployment_row(1);
    let alert_id = AlertId(uuid::Uuid::from_bytes([5; 16]));
    let row =
        AlertRow { alert_id, deployment_id: deployment.card.deployment_id, withdrawn: false, media_expire_ms: 90 };
    let hold_id = HoldId(uuid::Uuid::from_bytes([7; 16]));
    let [first, second] = [1, 2].map(|number| MediaId(uuid::Uuid::from_bytes([number; 16])));
    let held = HoldRow { hold_id, alert_id, until_ms: 500 };
    kit.once(|tx| {
        put_deployment(tx, &deployment, 1)?;
        put_alert(tx, &row, 2)?;
        put_hold(tx, &held, 3)?;
        put_held_image(tx, hold_id, first, "one")?;
        put_held_image(tx, hold_id, second, "two")
    })
    .unwrap();
    assert!(kit.once(|tx| put_hold(tx, &held, 3)).is_err(), "once");
    assert_eq!(kit.once(|tx| hold(tx, hold_id)).unwrap(), Some(held));
    let text = |text: &str| text.to_owned();
    assert_eq!(kit.once(|tx| held_images(tx, hold_id)).unwrap(), [(first, text("one")), (second, text("two"))]);
    assert_eq!(kit.once(media_files).unwrap(), ["one", "two"], "they are not left over");
    assert!(kit.once(|tx| due_holds(tx, 499)).unwrap().is_empty());
    assert_eq!(kit.once(|tx| due_holds(tx, 500)).unwrap(), [held]);
    assert_eq!(kit.once(|tx| end_hold(tx, hold_id, 501)).unwrap(), ["one", "two"]);
    assert!(kit.once(|tx| end_hold(tx, hold_id, 502)).unwrap().is_empty());
    assert_eq!(kit.once(|tx| hold(tx, hold_id)).unwrap(), None);
    assert!(kit.once(|tx| due_holds(tx, 999)).unwrap().is_empty() && kit.once(media_files).unwrap().is_empty());
}

pub(crate) async fn events_are_numbered_without_gaps_and_cut_to_a_bound(kit: Kit) {
    kit.once(|tx| put_device(tx, device_id(1), &keys(), "model", 5)).unwrap();
    assert_eq!(kit.once(|tx| bounds(tx, device_id(1))).unwrap(), (0, 0));
    let event = StoredEvent { name: "n", payload: "{}", alert_id: None };
    for expected in 1..=10 {
        let given = kit.once(|tx| put_event(tx, device_id(1), &event, 1, |seq| seq.to_string())).unwrap();
        assert_eq!(given, expected);
    }
    let undone = kit.once(|tx| {
        put_event(tx, device_id(1), &event, 1, |_| String::new())?;
        Err::<(), _>(StoreError::Conflict)
    });
    assert_eq!(undone, Err(StoreError::Conflict));
    assert_eq!(kit.once(|tx| bounds(tx, device_id(1))).unwrap(), (0, 10));
    let nobody = kit.once(|tx| put_event(tx, device_id(2), &event, 1, |_| String::new()));
    assert_eq!(nobody, Err(StoreError::Conflict));
    let after = kit.once(|tx| events_after(tx, device_id(1), 7, 2)).unwrap();
    assert_eq!(after.iter().map(|row| row.seq).collect::<Vec<_>>(), [8, 9]);
    assert!(kit.once(|tx| is_over_full(tx, 9)).unwrap() && !kit.once(|tx| is_over_full(tx, 10)).unwrap());
    kit.once(|tx| prune(tx, 4)).unwrap();
    assert_eq!(kit.once(|tx| bounds(tx, device_id(1))).unwrap(), (6, 10));
    // Numbers that were passed over after a restore take nothing away that a phone has not fetched.
    kit.once(|tx| begin_numbers(tx, 1_000_000, 1_000_000)).unwrap();
    kit.once(|tx| put_event(tx, device_id(1), &event, 1, |_| String::new())).unwrap();
    assert!(kit.once(|tx| is_over_full(tx, 4)).unwrap() && !kit.once(|tx| is_over_full(tx, 5)).unwrap());
    kit.once(|tx| prune(tx, 5)).unwrap();
    assert_eq!(kit.once(|tx| bounds(tx, device_id(1))).unwrap(), (6, 1_000_011));
    // The same store put back again goes on in a range of its own.
    kit.once(|tx| begin_numbers(tx, 2_000_000, 1_000_000)).unwrap();
    assert_eq!(kit.once(|tx| bounds(tx, device_id(1))).unwrap(), (6, 2_000_011));
}
