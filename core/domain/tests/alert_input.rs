//! Alerts that must not be taken.

mod support;

use peel_domain::wire::{AlertDto, AlertError, DroneStateDto, MAX_PROBES, PlaceDto};
use support::*;

fn refused(change: impl FnOnce(&mut AlertDto)) -> AlertError {
    let mut dto = alert_dto();
    change(&mut dto);
    dto.validate(START_MS).expect_err("must be refused")
}

#[test]
fn a_sound_alert_is_taken() {
    assert!(alert_dto().validate(START_MS).is_ok());
}

#[test]
fn malformed_alerts_are_told_apart() {
    assert_eq!(refused(|dto| dto.probes.clear()), AlertError::ProbeCount);
    assert_eq!(refused(|dto| dto.probes = (20..=28).map(media).collect()), AlertError::ProbeCount);
    assert_eq!((20..=28).count(), MAX_PROBES + 1);
    assert_eq!(refused(|dto| dto.reference.sha256 = "AB".repeat(32)), AlertError::Media);
    assert_eq!(refused(|dto| dto.reference.sha256 = "é".repeat(32)), AlertError::Media);
    assert_eq!(refused(|dto| dto.reference.size = 0), AlertError::Media);
    assert_eq!(refused(|dto| dto.probes[0].size = 200_000_000), AlertError::Media);
    assert_eq!(refused(|dto| dto.reference = media(10)), AlertError::MediaRepeated);
    assert_eq!(refused(|dto| dto.score_thousandths = 639), AlertError::ScoreContradicts);
    assert_eq!(refused(|dto| dto.score_thousandths = 1_001), AlertError::ScoreContradicts);
    assert_eq!(refused(|dto| dto.categories.clear()), AlertError::NoCategory);
    assert_eq!(refused(|dto| dto.reason_text = " ".to_owned()), AlertError::Text);
    assert_eq!(refused(|dto| dto.camera_name = "a\u{7}b".to_owned()), AlertError::Text);
    assert_eq!(refused(|dto| dto.direction = Some("x".repeat(501))), AlertError::Text);
}

#[test]
fn times_must_be_possible() {
    assert_eq!(refused(|dto| dto.captured_at_ms = START_MS + 120_001), AlertError::FromTheFuture);
    assert_eq!(refused(|dto| dto.captured_at_ms = i64::MAX), AlertError::FromTheFuture);
    assert_eq!(refused(|dto| dto.captured_at_ms = i64::MIN), AlertError::TooOld);
    assert_eq!(refused(|dto| dto.sent_at_ms = START_MS - 600), AlertError::TimesContradict);
    assert_eq!(refused(|dto| dto.stale_at_ms = START_MS - 300), AlertError::TimesContradict);
    assert_eq!(refused(|dto| dto.media_expire_at_ms = START_MS + 25 * 3_600_000), AlertError::TimesContradict);
}

#[test]
fn s13_an_alert_has_exactly_one_reference() {
    let mut json = serde_json::to_value(alert_dto()).unwrap();
    let two = serde_json::json!([json["reference"], json["reference"]]);
    json["reference"] = two;
    assert!(serde_json::from_value::<AlertDto>(json).is_err());
}

#[test]
fn a_default_is_taken_for_optional_fields_only() {
    for field in ["alert_id", "probes", "reference", "grade", "categories", "score_thousandths", "reason_text"] {
        let mut json = serde_json::to_value(alert_dto()).unwrap();
        json.as_object_mut().unwrap().remove(field);
        assert!(serde_json::from_value::<AlertDto>(json).is_err(), "{field}");
    }
}

#[test]
fn a_drones_state_is_in_range() {
    let good = DroneStateDto {
        feed_id: peel_domain::id::FeedId::new("drone-1").unwrap(),
        measured_at_ms: START_MS,
        sent_at_ms: START_MS,
        position: Some(PlaceDto { latitude_deg: 51.5, longitude_deg: -0.1 }),
        altitude_m: Some(60.0),
        heading_deg: Some(359.9),
        camera_azimuth_deg: None,
        camera_elevation_deg: Some(-45.0),
        look_at: None,
        look_at_uncertainty_m: None,
        eta_s: None,
    };
    assert!(good.clone().validate().is_ok());
    let place = |latitude_deg| Some(PlaceDto { latitude_deg, longitude_deg: 0.0 });
    let bad = [
        DroneStateDto { position: place(f64::NAN), ..good.clone() },
        DroneStateDto { look_at: place(90.1), ..good.clone() },
        DroneStateDto { altitude_m: Some(f64::INFINITY), ..good.clone() },
        DroneStateDto { heading_deg: Some(-1.0), ..good.clone() },
    ];
    for state in bad {
        assert!(state.validate().is_err());
    }
}
