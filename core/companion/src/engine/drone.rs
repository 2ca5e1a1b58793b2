//! The drone's live view: bytes in, numbers and access units out, nothing kept.
//!
//! Must never: store a frame, or hand one to anything but the shell's decoder. Always: that the view was opened and for
//! how long is in the trail; the picture's age is told with every state.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use peel_domain::deployment::Feed;
use peel_domain::event::{Action, Actor, Justification};
use peel_domain::id::FeedId;
use peel_domain::time::Moment;
use peel_feeds::age::Freshness as FeedFreshness;
use peel_feeds::drone::{DroneSettings, DroneState, DroneStream, FromOfficer, Officer, OvertFeed};
use peel_feeds::geometry::{Compass, Geodetic, LookAt};
use peel_feeds::ts::{Codec, HardwareDecoder, Pts};
use tokio::runtime::Handle;

use super::error::EngineError;
use super::{Engine, record};
use crate::ffi::{
    Bearing, DroneListener, DroneView, Freshness, OfficerPosition, Place, Subscription, VideoCodec, VideoUnit,
};
use crate::store::Batch;
use crate::transport::BackOff;

/// How often the state is told.
const TELL_EVERY: Duration = Duration::from_millis(200);
/// What a compass of a phone is taken to be wrong by, in degrees.
const COMPASS_ACCURACY_DEG: f64 = 10.0;

/// One open view.
struct View {
    feed_id: FeedId,
    stream: DroneStream,
    listener: Arc<dyn DroneListener>,
    cancelled: Arc<AtomicBool>,
    told_at: Option<Moment>,
}

/// Hands one access unit to the shell.
struct ToShell<'a>(&'a View);

impl HardwareDecoder for ToShell<'_> {
    fn queue(&mut self, codec: Codec, pts: Option<Pts>, key_frame: bool, annex_b: &[u8]) {
        self.0.listener.on_access_unit(VideoUnit {
            feed_id: self.0.feed_id.clone(),
            codec: match codec {
                Codec::H264 => VideoCodec::H264,
                Codec::H265 => VideoCodec::H265,
            },
            data: annex_b.to_vec(),
            presentation_us: pts.and_then(|pts| i64::try_from(pts.ticks() * 100 / 9).ok()),
            key_frame,
        });
    }
}

fn officer(position: &OfficerPosition) -> Option<Officer> {
    let place = Geodetic::new(position.place.latitude_deg, position.place.longitude_deg, 0.0)?;
    let compass = |heading_deg| Compass { heading_deg, accuracy_deg: COMPASS_ACCURACY_DEG };
    Some(Officer { place, compass: position.heading_deg.map(compass) })
}

fn place(point: &Geodetic) -> Place {
    Place { latitude_deg: point.latitude_deg(), longitude_deg: point.longitude_deg() }
}

fn bearing(from: FromOfficer) -> Option<Bearing> {
    let distance_m = from.separation.distance_m;
    from.separation.bearing_deg.map(|bearing_deg| Bearing { bearing_deg, distance_m })
}

fn view_of(state: &DroneState) -> DroneView {
    let (look_at, radius) = match &state.look_at {
        LookAt::Zone { point, radius_m, .. } => (Some(place(point)), Some(*radius_m)),
        LookAt::DirectionOnly { .. } | LookAt::Unknown => (None, None),
    };
    let age_us = state.frame_age_us.into_iter().chain(state.telemetry_age_us).min();
    DroneView {
        feed_id: state.feed_id.clone(),
        incident_ref: state.incident_ref.clone(),
        freshness: match state.freshness {
            FeedFreshness::Live => Freshness::Live,
            FeedFreshness::Late => Freshness::Late,
            FeedFreshness::Lost => Freshness::Lost,
        },
        age_ms: age_us.map(|age| age / 1000),
        position: state.position.as_ref().map(place),
        altitude_m: state.position.map(|position| position.height_m()),
        look_at,
        look_at_uncertainty_m: radius,
        to_drone: state.to_drone.and_then(bearing),
        to_look_at: state.to_look_at.and_then(bearing),
        eta_s: state.eta_s.map(seconds),
    }
}

fn seconds(eta_s: f64) -> u32 {
    let whole = eta_s.ceil().clamp(0.0, f64::from(u32::MAX));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped just above")]
    let whole = whole as u32;
    whole
}

impl Engine {
    /// Opens the view of an assigned feed. Blocks for the commit that says so.
    pub(crate) fn open_drone_view(
        self: &Arc<Self>,
        feed_id: FeedId,
        listener: Arc<dyn DroneListener>,
        runtime: &Handle,
    ) -> Result<Arc<Subscription>, EngineError> {
        let feed = self.record_opened(&feed_id)?;
        let feed = OvertFeed::admit(feed).map_err(|_| EngineError::NotNow("feed.refused"))?;
        let (subscription, cancelled, mut ended) = Subscription::live();
        let stream = DroneStream::new(feed, DroneSettings::default());
        let mut view = View { feed_id: feed_id.clone(), stream, listener, cancelled, told_at: None };
        let engine = Arc::clone(self);
        let opened = self.now();
        runtime.spawn(async move {
            tokio::select! {
                () = engine.watch(&mut view) => {}
                _ = ended.changed() => {}
            }
            drop(view.stream.close());
            let _ = engine.blocking(move |engine| engine.record_closed(&feed_id, &opened)).await;
        });
        Ok(subscription)
    }

    fn record_opened(&self, feed_id: &FeedId) -> Result<Feed, EngineError> {
        let mut state = self.lock();
        let feed = state.feeds.get(feed_id).map(|assigned| assigned.feed.clone());
        let feed = feed.ok_or(EngineError::NotFound("feed.unknown"))?;
        let actor = Actor::Officer(state.officer()?.officer_id().clone());
        let action = Action::DroneViewOpened { feed_id: feed_id.clone() };
        let event = record::event(&state, action, actor, Justification::AlertResponse, self.now());
        self.record(&mut state, &[event], Batch::new())?;
        Ok(feed)
    }

    fn record_closed(&self, feed_id: &FeedId, opened: &Moment) -> Result<(), EngineError> {
        let mut state = self.lock();
        let now = self.now();
        let action = Action::DroneViewClosed { feed_id: feed_id.clone(), open_ms: now.since(opened).ms };
        let event = record::event(&state, action, Actor::Core, Justification::AlertResponse, now);
        self.record(&mut state, &[event], Batch::new())
    }

    /// Watches until the feed ends or is taken away.
    async fn watch(self: &Arc<Self>, view: &mut View) {
        let mut back_off = BackOff::new();
        self.tell(view);
        while self.lock().feeds.contains_key(&view.feed_id) {
            if self.watch_once(view, &mut back_off).await.is_err() {
                let pause = back_off.next(&mut rand::rng()).min(Duration::from_secs(5));
                let until = tokio::time::Instant::now() + pause;
                // The age goes on growing on the screen while nothing comes.
                while tokio::time::Instant::now() < until {
                    tokio::time::sleep(TELL_EVERY).await;
                    self.tell(view);
                }
            }
        }
    }

    async fn watch_once(self: &Arc<Self>, view: &mut View, back_off: &mut BackOff) -> Result<(), EngineError> {
        let path = format!("/v1/feeds/{}/stream.ts", view.feed_id);
        let response = self.link()?.stream(&path, None).await?;
        let mut body = response.bytes_stream();
        let mut interval = tokio::time::interval(TELL_EVERY);
        loop {
            tokio::select! {
                chunk = body.next() => {
                    let Some(Ok(chunk)) = chunk else { return Err(EngineError::Task) };
                    back_off.reset();
                    view.stream.push(&chunk, &self.now());
                    self.show_pictures(view);
                }
                _ = interval.tick() => {
                    if !self.lock().feeds.contains_key(&view.feed_id) {
                        return Ok(());
                    }
                    self.tell(view);
                }
            }
        }
    }

    fn show_pictures(&self, view: &mut View) {
        while let Some(picture) = view.stream.next_picture(&self.now()) {
            if view.cancelled.load(Ordering::SeqCst) {
                return;
            }
            tokio::task::block_in_place(|| picture.unit.hand_to(&mut ToShell(view)));
        }
    }

    fn tell(&self, view: &mut View) {
        let now = self.now();
        let (told, position) = {
            let state = self.lock();
            let told = state.feeds.get(&view.feed_id).and_then(|assigned| assigned.told.clone());
            (told, state.position)
        };
        if let Some((told, came_at)) = told
            && view.told_at != Some(came_at)
        {
            view.stream.tracker_mut().take_state(&told, &came_at);
            view.told_at = Some(came_at);
        }
        if view.cancelled.load(Ordering::SeqCst) {
            return;
        }
        let officer = position.as_ref().and_then(officer);
        let shown = view_of(&view.stream.tracker().snapshot(&now, officer.as_ref()));
        tokio::task::block_in_place(|| view.listener.on_drone(shown));
    }
}
