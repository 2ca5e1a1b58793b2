//! A drone's feed: who may send it, who may see it, and what its telemetry says.
//!
//! Must never: look at a picture. Only metadata units are read; video units are dropped undecoded.
//! Always: a feed belongs to a live deployment's card, with an incident and overt.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use peel_domain::deployment::{DeploymentState, Feed as CardFeed};
use peel_domain::id::{DeploymentId, EnrolmentId, FeedId};
use peel_domain::wire::{DroneStateDto, PlaceDto, StreamEvent};
use peel_feeds::geometry::uncertainty_radius;
use peel_feeds::klv::{Classification, Item, SetKind, UasPacket, UasState, triplets};
use peel_feeds::ts::{Demuxer, TsEvent};

use super::relay::{Sending, Viewer};
use super::{Gateway, ServiceError, fanout};
use crate::storage::{self, Recipients, Shift, Tx};

/// States are sent at most this often.
const STATE_EVERY: Duration = Duration::from_millis(500);

/// A feed that is being sent.
#[derive(Debug)]
pub struct ActiveFeed {
    gateway: Arc<Gateway>,
    sending: Sending,
    feed_id: FeedId,
    deployment_id: DeploymentId,
    devices: Vec<EnrolmentId>,
    devices_read: Option<Instant>,
    telemetry: Telemetry,
}

/// The deployment whose card has the feed and which is not over.
fn placed(tx: &Tx, feed_id: &FeedId) -> Result<(DeploymentId, CardFeed), ServiceError> {
    for row in storage::deployments(tx)? {
        if !matches!(row.state, DeploymentState::Live | DeploymentState::Paused) {
            continue;
        }
        if let Some(feed) = row.card.feeds.into_iter().find(|feed| feed.feed_id == *feed_id) {
            if !feed.overt || feed.incident_ref.trim().is_empty() {
                return Err(ServiceError::FeedRefused);
            }
            return Ok((row.card.deployment_id, feed));
        }
    }
    Err(ServiceError::NotFound)
}

impl Gateway {
    /// Begins to relay a feed and tells the deployment of it.
    pub async fn begin_feed(self: &Arc<Self>, feed_id: FeedId) -> Result<ActiveFeed, ServiceError> {
        let wanted = feed_id.clone();
        let authority = self.authority.clone();
        let (deployment_id, feed) = self.db.read(move |tx| placed(tx, &wanted)).await?;
        let sending = self.relays.begin(feed_id.clone()).ok_or(ServiceError::Store(storage::StoreError::Conflict))?;
        let devices = self
            .db
            .write(move |tx| {
                let assigned = StreamEvent::DroneAssigned { deployment_id, feed };
                fanout::send_to(&authority, tx, deployment_id, Recipients::Everybody, &assigned)
            })
            .await?;
        self.hub.wake(&devices);
        Ok(ActiveFeed {
            gateway: Arc::clone(self),
            sending,
            telemetry: Telemetry::new(feed_id.clone()),
            feed_id,
            deployment_id,
            devices,
            devices_read: None,
        })
    }

    /// A viewer for a device that is in the feed's deployment.
    pub async fn view_feed(&self, device: EnrolmentId, shift: Shift, feed_id: FeedId) -> Result<Viewer, ServiceError> {
        let wanted = feed_id.clone();
        self.db
            .read(move |tx| {
                let (deployment_id, _) = placed(tx, &wanted)?;
                let members = storage::members(tx, deployment_id)?;
                let here =
                    |member: &storage::Member| member.enrolment_id == device && member.officer_id == shift.officer_id;
                if members.iter().any(here) { Ok(()) } else { Err(ServiceError::NotFound) }
            })
            .await?;
        Ok(self.relays.feed(&feed_id).ok_or(ServiceError::NotFound)?.view())
    }
}

impl ActiveFeed {
    /// Relays bytes and, at most twice a second, what their telemetry says.
    pub async fn push(&mut self, chunk: Bytes) -> Result<(), ServiceError> {
        let now = Instant::now();
        let gateway = Arc::clone(&self.gateway);
        let now_ms = gateway.authority.clock.now_ms();
        let state = self.telemetry.take(&chunk, now, now_ms);
        self.sending.feed().push(chunk, now);
        let Some(state) = state else { return Ok(()) };
        if self.devices_read.is_none_or(|read| now.duration_since(read) > Duration::from_secs(2)) {
            let deployment_id = self.deployment_id;
            let feed_id = self.feed_id.clone();
            let members = gateway.db.read(move |tx| {
                // The deployment may be over by now, and with it the feed.
                placed(tx, &feed_id)?;
                Recipients::Everybody.of(tx, deployment_id).map_err(ServiceError::from)
            });
            self.devices = members.await?;
            self.devices_read = Some(now);
        }
        let json: Arc<str> = serde_json::to_string(&state).map_err(|_| ServiceError::Internal)?.into();
        gateway.hub.drone_state(&self.devices, &self.feed_id, &json);
        Ok(())
    }

    /// Ends the feed: the deployment is told, then viewers' bodies end and the feed may begin anew. In this order: a feed
    /// that began before its last end was written would be taken for ended.
    pub async fn end(self) -> Result<(), ServiceError> {
        let Self { gateway, deployment_id, feed_id, sending, .. } = self;
        let authority = gateway.authority.clone();
        let devices = gateway
            .db
            .write(move |tx| {
                let ended = StreamEvent::DroneEnded { feed_id };
                fanout::send_to(&authority, tx, deployment_id, Recipients::Everybody, &ended)
            })
            .await;
        drop(sending);
        gateway.hub.wake(&devices?);
        Ok(())
    }
}

/// Telemetry out of a transport stream.
#[derive(Debug)]
struct Telemetry {
    feed_id: FeedId,
    demuxer: Demuxer,
    state: UasState,
    begun: Instant,
    said: Option<Instant>,
}

impl Telemetry {
    fn new(feed_id: FeedId) -> Self {
        Self { feed_id, demuxer: Demuxer::new(), state: UasState::default(), begun: Instant::now(), said: None }
    }

    fn take(&mut self, bytes: &[u8], now: Instant, now_ms: i64) -> Option<DroneStateDto> {
        let since_us = u64::try_from(now.duration_since(self.begun).as_micros()).unwrap_or(u64::MAX);
        let mut fresh = false;
        self.demuxer.push(bytes);
        while let Some(event) = self.demuxer.next_event() {
            let TsEvent::Metadata(unit) = event else { continue };
            for triplet in triplets(&unit.bytes).map_while(Result::ok) {
                if triplet.kind != SetKind::UasLocalSet {
                    continue;
                }
                // A packet with a wrong checksum is rejected whole.
                if let Ok(packet) = UasPacket::from_triplet(&triplet) {
                    self.state.apply(&packet, since_us);
                    fresh = true;
                }
            }
        }
        if !fresh || self.said.is_some_and(|said| now.duration_since(said) < STATE_EVERY) {
            return None;
        }
        self.said = Some(now);
        self.dto(since_us, now_ms)
    }

    /// `None` where the sender's own marking does not let it out.
    fn dto(&self, since_us: u64, now_ms: i64) -> Option<DroneStateDto> {
        let classified = self.state.classification().is_some_and(|marking| marking != Classification::Unclassified);
        if classified {
            return None;
        }
        let value = |item| self.state.value(item, since_us);
        let place =
            |latitude, longitude| Some(PlaceDto { latitude_deg: value(latitude)?, longitude_deg: value(longitude)? });
        let look_at = place(Item::TargetLatitude, Item::TargetLongitude)
            .or_else(|| place(Item::FrameCentreLatitude, Item::FrameCentreLongitude));
        let heading = value(Item::PlatformHeading);
        let elevation = value(Item::SensorRelativeElevation);
        let height = value(Item::SensorTrueAltitude);
        let ground = value(Item::FrameCentreElevation).unwrap_or(0.0);
        let modelled = || Some(uncertainty_radius((height? - ground).max(0.0), -elevation?));
        let uncertainty = value(Item::TargetErrorCe90).or_else(modelled).filter(|_| look_at.is_some());
        let azimuth = |heading: f64| Some((heading + value(Item::SensorRelativeAzimuth)?).rem_euclid(360.0));
        let measured_us = self.state.timestamp_us()?;
        DroneStateDto {
            feed_id: self.feed_id.clone(),
            measured_at_ms: i64::try_from(measured_us / 1_000).ok()?,
            sent_at_ms: now_ms,
            position: place(Item::SensorLatitude, Item::SensorLongitude),
            altitude_m: height,
            heading_deg: heading,
            camera_azimuth_deg: heading.and_then(azimuth),
            camera_elevation_deg: elevation,
            look_at,
            look_at_uncertainty_m: uncertainty.filter(|metres| metres.is_finite()),
            eta_s: None,
        }
        .validate()
        .ok()
    }
}
