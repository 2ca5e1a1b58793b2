//! The phone's process: the real core, driven by lines on standard input.

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use base64::Engine;
use peel_companion::ffi::{
    AlertHeader, AlertListener, AlertView, AlertsSnapshot, ClockReading, ComparisonView, ConnectionListener,
    ConnectionView, CoreConfig, CoreError, DecisionRequest, DeviceClock, DroneListener, DroneView, FaceSide,
    FalseAlertRequest, JudgementRequest, OfficerCore, OfficerPosition, Place, StopView, Subscription, SyncOutcome,
    VaultError, VideoUnit, software_vault,
};
use tokio::runtime::Runtime;

use super::words::{AlertAnswer, Answer, Call, DroneLine, Line, Request, StopAnswer};
use crate::clock::ExerciseClock;

impl DeviceClock for ExerciseClock {
    fn now(&self) -> Result<ClockReading, VaultError> {
        let wall_ms = self.now_ms();
        let since_start_ms = u64::try_from(wall_ms.saturating_sub(self.epoch_ms)).unwrap_or(0);
        Ok(ClockReading {
            wall_ms,
            monotonic_ns: since_start_ms.saturating_mul(1_000_000),
            boot_id: self.real_ms.to_be_bytes().to_vec(),
            exercise: true,
        })
    }
}

#[derive(Debug)]
struct Screen {
    out: Mutex<std::io::Stdout>,
    access_units: AtomicU64,
}

impl Screen {
    fn show(&self, line: &Line) {
        let Ok(text) = serde_json::to_string(line) else { return };
        if let Ok(mut out) = self.out.lock() {
            // A director that has gone needs no line.
            let _ = writeln!(out, "{text}").and_then(|()| out.flush());
        }
    }
}

impl AlertListener for Screen {
    fn on_alerts(&self, snapshot: AlertsSnapshot) {
        let alerts = snapshot.alerts.iter().map(|header| alert_answer(header, None)).collect();
        self.show(&Line::Alerts { alerts, feeds: snapshot.feeds, refused: snapshot.refused });
    }
}

impl ConnectionListener for Screen {
    fn on_connection(&self, view: ConnectionView) {
        self.show(&Line::Connection {
            state: format!("{:?}", view.state),
            trail_size: view.trail_size,
            cosigned_size: view.cosigned_size,
            alarms: view.alarms,
        });
    }
}

impl DroneListener for Screen {
    fn on_drone(&self, view: DroneView) {
        let pair = |place: Place| (place.latitude_deg, place.longitude_deg);
        self.show(&Line::Drone(DroneLine {
            freshness: format!("{:?}", view.freshness).to_uppercase(),
            age_ms: view.age_ms,
            position: view.position.map(pair),
            altitude_m: view.altitude_m,
            look_at: view.look_at.map(pair),
            look_at_uncertainty_m: view.look_at_uncertainty_m,
            to_drone: view.to_drone.map(|to| (to.bearing_deg, to.distance_m)),
            to_look_at: view.to_look_at.map(|to| (to.bearing_deg, to.distance_m)),
            eta_s: view.eta_s,
            access_units: self.access_units.load(Ordering::Relaxed),
        }));
    }

    fn on_access_unit(&self, _unit: VideoUnit) {
        self.access_units.fetch_add(1, Ordering::Relaxed);
    }
}

struct App {
    core: Arc<OfficerCore>,
    screen: Arc<Screen>,
    drone: Mutex<Option<Arc<Subscription>>>,
}

/// Runs until standard input ends. The process may be killed at any moment; that is what it is for.
pub fn run(data: &Path, models: &Path, vault: &Path, clock: ExerciseClock) -> std::io::Result<()> {
    let runtime = Runtime::new()?;
    let screen = Arc::new(Screen { out: Mutex::new(std::io::stdout()), access_units: AtomicU64::new(0) });
    let opened = open(data, models, vault, clock);
    let (core, _subscriptions) = match opened.and_then(|core| subscribe(&core, &screen).map(|subs| (core, subs))) {
        Ok(opened) => opened,
        Err(error) => {
            screen.show(&Line::Failed { error: error.to_string() });
            return Err(std::io::Error::other("the core could not be opened"));
        }
    };
    screen.show(&Line::Ready);
    let app = Arc::new(App { core, screen, drone: Mutex::new(None) });
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let Ok(request) = serde_json::from_str::<Request>(&line) else {
            app.screen.show(&Line::Error { id: 0, error: "failed to read a call".to_owned() });
            continue;
        };
        let app = Arc::clone(&app);
        runtime.spawn(async move { app.answer(request).await });
    }
    Ok(())
}

fn open(data: &Path, models: &Path, vault: &Path, clock: ExerciseClock) -> Result<Arc<OfficerCore>, CoreError> {
    let config =
        CoreConfig { data_dir: data.to_string_lossy().into_owned(), models_dir: models.to_string_lossy().into_owned() };
    OfficerCore::open(config, software_vault(vault.to_string_lossy().into_owned())?, Arc::new(clock))
}

fn subscribe(core: &Arc<OfficerCore>, screen: &Arc<Screen>) -> Result<[Arc<Subscription>; 2], CoreError> {
    let alerts = core.subscribe_alerts(Arc::clone(screen) as Arc<dyn AlertListener>)?;
    let connection = core.subscribe_connection(Arc::clone(screen) as Arc<dyn ConnectionListener>)?;
    Ok([alerts, connection])
}

impl App {
    async fn answer(&self, request: Request) {
        let started = Instant::now();
        let result = self.act(request.call).await;
        let took_ms = started.elapsed().as_secs_f64() * 1000.0;
        self.screen.show(&match result {
            Ok(answer) => Line::Reply { id: request.id, answer, took_ms },
            Err(error) => Line::Error { id: request.id, error: error.to_string() },
        });
    }

    async fn act(&self, call: Call) -> Result<Answer, CoreError> {
        match call {
            Call::Displayed { .. }
            | Call::Look { .. }
            | Call::Alert { .. }
            | Call::Judge { .. }
            | Call::SkipJudgement { .. }
            | Call::JudgeAgain { .. }
            | Call::Compare { .. }
            | Call::Decide { .. }
            | Call::Sighted { .. }
            | Call::Close { .. } => self.act_on_alert(call).await,
            Call::ContactMade { .. }
            | Call::StartSegment { .. }
            | Call::Explain { .. }
            | Call::IdentityStep { .. }
            | Call::CompareClosePhotograph { .. }
            | Call::ConcludeIdentity { .. }
            | Call::RecordOutcome { .. }
            | Call::ReportFalseAlert { .. }
            | Call::OfferReceipt { .. }
            | Call::Release { .. }
            | Call::Stop { .. } => self.act_on_stop(call).await,
            other => self.act_on_shift(other).await,
        }
    }

    async fn act_on_shift(&self, call: Call) -> Result<Answer, CoreError> {
        let core = &self.core;
        Ok(match call {
            Call::Enrol { code } => Answer::Enrolled(core.enrol(code).await?.enrolment_id.to_string()),
            Call::SignIn { officer_number, pin } => core.sign_in(officer_number, pin).await.map(|_| Answer::Done)?,
            Call::Deployments => {
                Answer::Deployments(core.deployments().await?.into_iter().map(|view| view.deployment_id).collect())
            }
            Call::Join { deployment_id, role } => core.join(deployment_id, role).await.map(|()| Answer::Done)?,
            Call::AcknowledgeBriefing => core.acknowledge_briefing().await.map(|()| Answer::Done)?,
            Call::Connect => core.connect().map(|()| Answer::Done)?,
            Call::Disconnect => core.disconnect().map(|()| Answer::Done)?,
            Call::NetworkChanged => core.network_changed().map(|()| Answer::Done)?,
            Call::SetPosition { latitude_deg, longitude_deg, heading_deg } => {
                let place = Place { latitude_deg, longitude_deg };
                core.set_position(OfficerPosition { place, accuracy_m: 5.0, heading_deg })?;
                Answer::Done
            }
            Call::OpenDrone { feed_id } => {
                let listener = Arc::clone(&self.screen) as Arc<dyn DroneListener>;
                let view = core.open_drone_view(feed_id, listener).await?;
                self.hold_drone(Some(view))?;
                Answer::Done
            }
            Call::CloseDrone => {
                self.hold_drone(None)?;
                Answer::Done
            }
            Call::Sync { budget_ms } => sync_answer(&core.sync_now(budget_ms).await?),
            Call::LeaveDeployment => core.leave_deployment().await.map(|()| Answer::Done)?,
            Call::EndShift => sync_answer(&core.end_shift().await?),
            _ => {
                let session = core.session()?;
                Answer::Session { signed_in: session.shift.is_some(), joined: session.deployment_id.is_some() }
            }
        })
    }

    fn hold_drone(&self, view: Option<Arc<Subscription>>) -> Result<(), CoreError> {
        let previous = self.drone.lock().ok().and_then(|mut held| std::mem::replace(&mut *held, view));
        previous.map_or(Ok(()), |subscription| subscription.cancel())
    }

    async fn act_on_alert(&self, call: Call) -> Result<Answer, CoreError> {
        let core = &self.core;
        let view = match call {
            Call::Displayed { alert_id } => core.displayed(alert_id).await?,
            Call::Look { alert_id, visible_ms } => {
                for side in [FaceSide::Probe { index: 0 }, FaceSide::Reference] {
                    core.face_image(alert_id, side).await?;
                    core.face_viewed(alert_id, side, visible_ms, false).await?;
                }
                core.alert(alert_id)?
            }
            Call::Judge { alert_id, value, look } => core.judge(alert_id, JudgementRequest { value, look }).await?,
            Call::SkipJudgement { alert_id, reason } => core.skip_judgement(alert_id, reason).await?,
            Call::JudgeAgain { alert_id, value, look } => {
                core.judge_again(alert_id, JudgementRequest { value, look }).await?
            }
            Call::Compare { alert_id } => return Ok(comparison_answer(core.compare(alert_id).await?)),
            Call::Decide { alert_id, decision, note } => {
                core.decide(alert_id, DecisionRequest { decision, note }).await?
            }
            Call::Sighted { alert_id, sighting } => core.sighted(alert_id, sighting).await?,
            Call::Close { alert_id } => core.close_alert(alert_id).await?,
            Call::Alert { alert_id } => core.alert(alert_id)?,
            _ => return Err(CoreError::Invalid { reason: "street.call".to_owned() }),
        };
        Ok(Answer::Alert(view_answer(&view)))
    }

    async fn act_on_stop(&self, call: Call) -> Result<Answer, CoreError> {
        let core = &self.core;
        let view = match call {
            Call::ContactMade { alert_id, footing } => core.contact_made(alert_id, footing).await?,
            Call::StartSegment { alert_id, kind } => core.start_segment(alert_id, kind).await?,
            Call::Explain { alert_id, explanation } => core.explain(alert_id, explanation).await?,
            Call::IdentityStep { alert_id, kind, result } => core.identity_step(alert_id, kind, result, None).await?,
            Call::CompareClosePhotograph { alert_id, photograph_base64 } => {
                let photograph = base64::engine::general_purpose::STANDARD
                    .decode(photograph_base64)
                    .map_err(|_| CoreError::Invalid { reason: "street.photograph".to_owned() })?;
                return Ok(comparison_answer(core.compare_close_photograph(alert_id, photograph, None).await?));
            }
            Call::ConcludeIdentity { alert_id, conclusion } => core.conclude_identity(alert_id, conclusion).await?,
            Call::RecordOutcome { alert_id, outcome } => core.record_outcome(alert_id, outcome).await?,
            Call::ReportFalseAlert { alert_id, causes, primary, apology_given, follow_up_wanted } => {
                let report = FalseAlertRequest { causes, primary, apology_given, follow_up_wanted };
                return core.report_false_alert(alert_id, report).await.map(|()| Answer::Done);
            }
            Call::OfferReceipt { alert_id, channel } => {
                let receipt = core.offer_receipt(alert_id, channel).await?;
                return Ok(Answer::Receipt {
                    reference: receipt.reference,
                    qr_text: receipt.qr_text,
                    qr_payload_hex: hex::encode(receipt.qr_payload),
                    lines: receipt.lines.into_iter().map(|line| (line.code, line.value)).collect(),
                    paper_code: receipt.paper_code,
                });
            }
            Call::Release { alert_id } => core.release(alert_id).await?,
            Call::Stop { alert_id } => core.stop(alert_id)?,
            _ => return Err(CoreError::Invalid { reason: "street.call".to_owned() }),
        };
        Ok(Answer::Stop(stop_answer(&view)))
    }
}

fn comparison_answer(view: ComparisonView) -> Answer {
    Answer::Comparison { band: view.band, reason: view.reason, took_ms: view.took_ms }
}

fn sync_answer(outcome: &SyncOutcome) -> Answer {
    Answer::Sync {
        uploaded: outcome.uploaded,
        size: outcome.size,
        cosigned_size: outcome.cosigned_size,
        state: format!("{:?}", outcome.state),
    }
}

fn stop_answer(view: &StopView) -> StopAnswer {
    StopAnswer {
        running: view.running,
        elapsed_ms: view.elapsed_ms,
        uncertainty_ms: view.uncertainty_ms,
        segments_ms: view.segments.iter().map(|segment| segment.elapsed_ms).collect(),
        identity_steps: view.identity_steps.len(),
        outcome_recorded: view.outcome_recorded,
    }
}

fn view_answer(view: &AlertView) -> AlertAnswer {
    match view {
        AlertView::Blind { alert } => alert_answer(&alert.header, None),
        AlertView::Revealed { alert } => alert_answer(&alert.header, Some(alert)),
    }
}

fn alert_answer(header: &AlertHeader, revealed: Option<&peel_companion::ffi::RevealedAlert>) -> AlertAnswer {
    let shown = revealed.map(|alert| {
        let place = i32::from(alert.score_thousandths) - i32::from(alert.threshold_thousandths);
        [
            ("grade", format!("{:?}", alert.grade).to_lowercase()),
            ("reason", alert.reason_text.clone()),
            ("above_threshold_thousandths", place.to_string()),
            ("warning_markers", alert.warning_markers.len().to_string()),
        ]
    });
    AlertAnswer {
        alert_id: header.alert_id,
        phase: format!("{:?}", header.phase),
        withdrawn: header.withdrawn,
        has_media: header.has_media,
        revealed: shown.into_iter().flatten().map(|(key, value)| (key.to_owned(), value)).collect(),
    }
}
