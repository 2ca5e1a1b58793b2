//! S05 at run time: every exported function is tried on an alert that was not judged, and nothing gated comes back.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of a test")]

mod phone_support;

use std::fmt::Debug;
use std::sync::Arc;

use peel_companion::ffi::{
    AlertView, BlindAlert, ConnectionListener, ConnectionView, CoreError, DecisionRequest, DroneListener, DroneView,
    FaceSide, FalseAlertRequest, FrameLayout, JudgementRequest, OfficerCore, OfficerPosition, PixelOrder, Place,
    QuarterTurns, VideoUnit,
};
use peel_domain::deployment::Role;
use peel_domain::id::{AlertId, DeploymentId, FeedId};
use peel_domain::judgement::{Decision, JudgementValue, Sighting, SkipReason};
use peel_domain::stop::{
    Explanation, FalseAlertCause, IdentityConclusion, IdentityStepKind, IdentityStepResult, LegalFooting,
    NoActionReason, Outcome, ReceiptChannel, SegmentKind,
};
use phone_support::{LOOK, OFFICER, PIN, Phone, Street, alert};

/// What a shell could see of the gated part, in whatever words it might come.
const CANARIES: [&str; 8] = [
    "score_thousandths",
    "wl-0042",
    "failed to appear",
    "Weapons",
    "WantedByCourt",
    "Amber",
    "Custody",
    "SamePersonLikely",
];

struct Silent;

impl ConnectionListener for Silent {
    fn on_connection(&self, state: ConnectionView) {
        assert_blind("on_connection", &state);
    }
}

impl DroneListener for Silent {
    fn on_drone(&self, view: DroneView) {
        assert_blind("on_drone", &view);
    }

    fn on_access_unit(&self, unit: VideoUnit) {
        assert_blind("on_access_unit", &unit);
    }
}

fn assert_blind(name: &str, answer: &impl Debug) {
    let text = format!("{answer:?}");
    for canary in CANARIES {
        assert!(!text.contains(canary), "{name} tells {canary}");
    }
}

/// Notes that a function was tried.
struct Tried(Vec<&'static str>);

impl Tried {
    fn note(&mut self, name: &'static str, answer: &impl Debug) {
        assert_blind(name, answer);
        self.0.push(name);
    }
}

async fn try_the_session(core: &Arc<OfficerCore>, deployment_id: DeploymentId, tried: &mut Tried) {
    tried.note("enrol", &core.enrol("AAAA".to_owned()).await);
    tried.note("sign_in", &core.sign_in(OFFICER.to_owned(), PIN.to_owned()).await.is_ok());
    tried.note("deployments", &core.deployments().await);
    tried.note("join", &core.join(deployment_id, Role::EngagementOfficer).await);
    tried.note("acknowledge_briefing", &core.acknowledge_briefing().await);
    tried.note("session", &core.session());
    tried.note("connect", &core.connect());
    tried.note("network_changed", &core.network_changed());
    tried.note("subscribe_connection", &core.subscribe_connection(Arc::new(Silent)).is_ok());
    let place = Place { latitude_deg: 51.5, longitude_deg: -0.12 };
    tried.note("set_position", &core.set_position(OfficerPosition { place, accuracy_m: 5.0, heading_deg: None }));
    tried.note("sync_now", &core.sync_now(5_000).await.map(|outcome| outcome.state));
    let feed_id = FeedId::new("drone-9").unwrap();
    tried.note("open_drone_view", &core.open_drone_view(feed_id, Arc::new(Silent)).await.is_ok());
    tried.note("leave_deployment", &core.leave_deployment().await);
    tried.note("disconnect", &core.disconnect());
}

async fn try_the_alert(core: &Arc<OfficerCore>, id: AlertId, tried: &mut Tried) {
    let engage = DecisionRequest { decision: Decision::Engage, note: Some("necessary and proportionate".to_owned()) };
    tried.note("alert", &core.alert(id));
    tried.note("displayed", &core.displayed(id).await);
    tried.note("face_viewed", &core.face_viewed(id, FaceSide::Reference, 10, false).await);
    tried.note("face_image", &core.face_image(id, FaceSide::Reference).await.map(|image| image.len() > 100));
    let again = JudgementRequest { value: JudgementValue::CannotTell, look: LOOK };
    tried.note("judge_again", &core.judge_again(id, again).await);
    tried.note("compare", &core.compare(id).await);
    tried.note("decide", &core.decide(id, engage).await);
    tried.note("sighted", &core.sighted(id, Sighting::Seen).await);
    tried.note("close_alert", &core.close_alert(id).await);
}

async fn try_the_stop(core: &Arc<OfficerCore>, id: AlertId, tried: &mut Tried) {
    let explanation = Explanation {
        identity_of_officer: true,
        reason: true,
        came_from_lfr: true,
        free_to_go_or_detained: true,
        right_to_record: true,
    };
    let report = FalseAlertRequest {
        causes: vec![FalseAlertCause::Unknown],
        primary: FalseAlertCause::Unknown,
        apology_given: false,
        follow_up_wanted: false,
    };
    tried.note("stop", &core.stop(id));
    tried.note("contact_made", &core.contact_made(id, LegalFooting::VoluntaryConversation).await);
    tried.note("start_segment", &core.start_segment(id, SegmentKind::Medical).await);
    tried.note("change_footing", &core.change_footing(id, LegalFooting::Other).await);
    tried.note("explain", &core.explain(id, explanation).await);
    let step = core.identity_step(id, IdentityStepKind::Verbal, IdentityStepResult::Supports, None).await;
    tried.note("identity_step", &step);
    let photograph = phone_support::face("avery_3.jpg");
    tried.note("compare_close_photograph", &core.compare_close_photograph(id, photograph, None).await);
    let layout = FrameLayout { width: 4, height: 2, row_bytes: 16, order: PixelOrder::Rgba, turns: QuarterTurns::None };
    tried.note("preview_photograph", &core.preview_photograph(id, layout, &[90; 32], None));
    tried.note("hold_photograph", &core.hold_photograph(id, phone_support::face("avery_3.jpg"), None));
    tried.note("compare_held_photograph", &core.compare_held_photograph(id, None).await);
    tried.note("drop_photograph", &core.drop_photograph());
    tried.note("conclude_identity", &core.conclude_identity(id, IdentityConclusion::SamePerson).await);
    tried.note("record_outcome", &core.record_outcome(id, Outcome::NoAction(NoActionReason::AlreadyOnBail)).await);
    tried.note("report_false_alert", &core.report_false_alert(id, report).await);
    tried.note("offer_receipt", &core.offer_receipt(id, ReceiptChannel::Qr).await);
    tried.note("release", &core.release(id).await);
}

/// The functions that the source exports on the core.
fn exported() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/companion/src/ffi");
    let mut names = Vec::new();
    for file in ["core_session.rs", "core_alerts.rs", "core_stops.rs", "core_photograph.rs", "core_drone.rs"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let lines = text.lines().map(str::trim);
        let heads = lines.filter_map(|line| line.strip_prefix("pub async fn ").or(line.strip_prefix("pub fn ")));
        names.extend(heads.filter_map(|head| head.split('(').next()).map(str::to_owned));
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn s05_no_exported_function_yields_a_gated_field_before_the_judgement() {
    let street = Street::open().await;
    let phone = Phone::ready(&street, OFFICER).await;
    let mut body = alert(street.deployment_id, "avery_2.jpg", "avery_1.jpg");
    body["captured_at_ms"] = (phone_support::now_ms() - 400).into();
    let alert_id = street.raise_as(&body).await;
    phone.until_alert(alert_id).await;
    let mut tried = Tried(Vec::new());
    try_the_session(&phone.core, street.deployment_id, &mut tried).await;
    try_the_alert(&phone.core, alert_id, &mut tried).await;
    try_the_stop(&phone.core, alert_id, &mut tried).await;
    tried.note("subscribe_alerts", &phone.snapshot());
    // Still blind after all of this: none of it was a way round.
    assert!(matches!(phone.core.alert(alert_id), Ok(AlertView::Blind { alert: BlindAlert { .. } })));
    // Those that end the trial come last; judging and its skip are what reveals.
    let revealed = phone.core.skip_judgement(alert_id, SkipReason::CannotSeeScreen).await.unwrap();
    assert!(matches!(revealed, AlertView::Revealed { .. }));
    for canary in ["score_thousandths: 671", "failed to appear", "Weapons"] {
        assert!(format!("{revealed:?}").contains(canary), "the canaries would be seen: {canary}");
    }
    let judged_late =
        phone.core.judge(alert_id, JudgementRequest { value: JudgementValue::CannotTell, look: LOOK }).await;
    assert!(matches!(judged_late, Err(CoreError::NotAllowedNow { .. })));
    let not_tried = ["open", "judge", "skip_judgement", "end_shift", "suspend_work", "resume_work"];
    for name in exported() {
        let known = tried.0.contains(&name.as_str()) || not_tried.contains(&name.as_str());
        assert!(known, "{name} is exported and was not tried on a blind alert");
    }
    assert!(tried.0.len() >= 39, "{}", tried.0.len());
}
