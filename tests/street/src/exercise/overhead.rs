//! The drone's scene: it is assigned, the first officer opens its view, and sees where it looks and how old that is.

use std::time::Duration;

use peel_domain::id::FeedId;
use tokio::sync::mpsc;

use super::cast::Cast;
use super::force::{FEED, INCIDENT};
use super::{Doing, ExerciseError, expect};
use crate::drone::{DroneFlight, Waypoint};
use crate::phone::handle::Shown;
use crate::phone::words::{Call, DroneLine};
use crate::terminal::Who;

/// Where the first officer stands, degrees north and east.
const OFFICER: (f64, f64) = (51.501_4, -0.141_7);

fn base() -> Waypoint {
    Waypoint { latitude_deg: 51.504_9, longitude_deg: -0.146_2 }
}

fn incident() -> Waypoint {
    Waypoint { latitude_deg: 51.502_2, longitude_deg: -0.142_6 }
}

/// Flies the drone over the incident while the officer watches.
pub async fn fly(cast: &mut Cast, seed: u64) -> Result<(), ExerciseError> {
    let feed_id = FeedId::new(FEED).map_err(|_| ExerciseError::Expected("the feed has a name".to_owned()))?;
    let sending = send(cast, seed);
    let assigned = |shown: &Shown| shown.feeds.iter().any(|feed| feed == FEED);
    let phone = cast.first.phone()?;
    phone.until(assigned, super::PATIENCE).await.doing("waiting for a drone")?;
    cast.step(Who::Drone, &format!("assigned to incident {INCIDENT}, blue light, overt; on its way"));
    let (latitude_deg, longitude_deg) = OFFICER;
    let here = Call::SetPosition { latitude_deg, longitude_deg, heading_deg: None };
    cast.on(Who::First, "saying where the officer is", here).await?;
    cast.on(Who::First, "opening the drone's view", Call::OpenDrone { feed_id }).await?;
    cast.step(Who::First, "opens the drone's view");
    let seeing = |shown: &Shown| {
        shown.drone.as_ref().is_some_and(|drone| {
            drone.look_at.is_some() && drone.to_look_at.is_some() && drone.access_units > 0 && drone.age_ms.is_some()
        })
    };
    for _ in 0..3 {
        let phone = cast.first.phone()?;
        let shown = phone.until(seeing, super::PATIENCE).await.doing("watching the drone")?;
        if let Some(drone) = shown.drone {
            cast.note(Who::First, &words(&drone));
        }
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    cast.step(Who::First, "sees where the drone is, where it looks, bearing, distance and the frame's age");
    cast.on(Who::First, "closing the drone's view", Call::CloseDrone).await?;
    drop(sending);
    cast.step(Who::Drone, "released; no frame was stored");
    Ok(())
}

fn send(cast: &Cast, seed: u64) -> mpsc::Sender<()> {
    let clock = cast.clock;
    let now_us = move || u64::try_from(clock.now_ms()).unwrap_or(0).saturating_mul(1_000);
    let mut flight = DroneFlight::new(seed, base(), incident(), now_us());
    let (sender, mut stop) = mpsc::channel::<()>(1);
    let (bytes, body) = mpsc::channel::<Result<Vec<u8>, std::io::Error>>(8);
    tokio::spawn(async move {
        // The stream ends when the scene drops its end of `stop`, and at the latest after two minutes.
        for _ in 0..1_200 {
            tokio::select! {
                _ = stop.recv() => break,
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
            let segment = flight.segment(now_us());
            if !segment.is_empty() && bytes.send(Ok(segment)).await.is_err() {
                break;
            }
        }
    });
    cast.lfr.send_feed(FEED, body);
    sender
}

fn words(drone: &DroneLine) -> String {
    let pair = |place: Option<(f64, f64)>| {
        place.map_or_else(|| "unknown".to_owned(), |(north, east)| format!("{north:.5}, {east:.5}"))
    };
    let to = |to: Option<(f64, f64)>| {
        to.map_or_else(|| "unknown".to_owned(), |(bearing, metres)| format!("{bearing:.0} degrees, {metres:.0} m"))
    };
    let age = drone.age_ms.map_or_else(|| "unknown".to_owned(), |ms| format!("{ms} ms"));
    format!(
        "drone {}: at {}, looks at {} (within {:.0} m), from here {}; frame age {age}",
        drone.freshness,
        pair(drone.position),
        pair(drone.look_at),
        drone.look_at_uncertainty_m.unwrap_or(f64::NAN),
        to(drone.to_look_at),
    )
}

/// The scene needs a drone that sends and an officer who sees: both are checked above.
pub(crate) fn watched(cast: &Cast) -> Result<(), ExerciseError> {
    let shown = cast.first.phone()?.shown();
    expect(shown.drone.is_some_and(|drone| drone.access_units > 0), "the officer's phone was handed video")
}
