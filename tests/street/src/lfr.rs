//! The cameras' LFR system, as a vendor's system would talk to the gateway: its documented ingest interface alone.
//!
//! Which passer-by is raised, and with which score, is part of the story; no watchlist exists and nothing is searched.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use peel_domain::id::AlertId;
use serde_json::{Value, json};

/// What the LFR system says about one passer-by.
#[derive(Debug, Clone)]
pub struct Raised {
    /// The camera.
    pub camera_id: String,
    /// Which way the person goes.
    pub direction: String,
    /// Capture; simulated milliseconds since 1970 UTC.
    pub captured_at_ms: i64,
    /// The probe, JPEG.
    pub probe: Vec<u8>,
    /// The reference, JPEG.
    pub reference: Vec<u8>,
    /// Score, thousandths.
    pub score: u16,
    /// Red, amber or green.
    pub grade: &'static str,
    /// Why the role-player is on the exercise's list.
    pub category: &'static str,
    /// The same in words.
    pub reason: String,
    /// Warning markers.
    pub warning_markers: Vec<&'static str>,
    /// What the operator judged before sending.
    pub operator_judgement: Option<&'static str>,
}

/// The ingest interface said no.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The gateway could not be reached.
    #[error("failed to reach the gateway")]
    Unreachable(#[from] reqwest::Error),
    /// It refused.
    #[error("failed to hand in ({status}, {code})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The gateway's code.
        code: String,
    },
}

/// A vendor's connection to the gateway.
#[derive(Debug, Clone)]
pub struct Lfr {
    client: reqwest::Client,
    base: String,
    key: String,
    operator_key: String,
    deployment_id: String,
}

impl Lfr {
    /// `client` trusts the gateway's root; `base` is `https://host:port`; `key` is the vendor's, `operator_key` the operator's.
    pub fn new(
        client: reqwest::Client,
        base: String,
        key: String,
        operator_key: String,
        deployment_id: String,
    ) -> Self {
        Self { client, base, key, operator_key, deployment_id }
    }

    /// Posts an alert.
    pub async fn raise(&self, raised: &Raised) -> Result<AlertId, IngestError> {
        let body = json!({
            "deployment_id": self.deployment_id,
            "camera_id": raised.camera_id,
            "captured_at_ms": raised.captured_at_ms,
            "direction": raised.direction,
            "probes": [{"image": STANDARD.encode(&raised.probe)}],
            "reference": {"image": STANDARD.encode(&raised.reference), "source": "custody", "age_years": 3},
            "watchlist_entry_ref": format!("exercise-{:06x}", raised.captured_at_ms & 0xff_ffff),
            "score_thousandths": raised.score,
            "threshold_thousandths": 640,
            "grade": raised.grade,
            "categories": [raised.category],
            "reason_text": raised.reason,
            "warning_markers": raised.warning_markers,
            "entry_last_verified_at_ms": raised.captured_at_ms - 3_600_000,
            "operator_judgement": raised.operator_judgement,
        });
        let answer = self.post(&self.key, "/v1/ingest/alerts", &body).await?;
        let refused = IngestError::Refused { status: 201, code: "no alert_id".to_owned() };
        answer.get("alert_id").and_then(Value::as_str).and_then(|text| text.parse().ok()).ok_or(refused)
    }

    /// Withdraws an alert.
    pub async fn withdraw(&self, alert_id: AlertId, judged_false: bool) -> Result<(), IngestError> {
        let path = format!("/v1/ingest/alerts/{alert_id}/withdraw");
        self.post(&self.key, &path, &json!({"judged_false": judged_false})).await.map(|_| ())
    }

    /// Sets the deployment's state; the estimate of faces goes with the end.
    pub async fn state(&self, state: &str, faces_seen_estimate: Option<u64>) -> Result<(), IngestError> {
        let path = format!("/v1/ingest/deployments/{}/state", self.deployment_id);
        let body = json!({"state": state, "faces_seen_estimate": faces_seen_estimate});
        self.post(&self.operator_key, &path, &body).await.map(|_| ())
    }

    async fn post(&self, key: &str, path: &str, body: &Value) -> Result<Value, IngestError> {
        let url = format!("{}{path}", self.base);
        let response = self.client.post(url).bearer_auth(key).json(body).send().await?;
        let status = response.status();
        let answer: Value = response.json().await.unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(answer);
        }
        let code = answer.get("code").and_then(Value::as_str).unwrap_or("no code").to_owned();
        Err(IngestError::Refused { status: status.as_u16(), code })
    }
}

impl Lfr {
    /// Sends a drone's transport stream until its end, beside everything else.
    pub fn send_feed(&self, feed_id: &str, body: tokio::sync::mpsc::Receiver<Result<Vec<u8>, std::io::Error>>) {
        let url = format!("{}/v1/ingest/feeds/{feed_id}", self.base);
        let stream = tokio_stream::wrappers::ReceiverStream::new(body);
        // A drone's stream outlives the timeout of ordinary requests.
        let request = self.client.put(url).bearer_auth(&self.key).timeout(std::time::Duration::from_mins(3));
        let request = request.body(reqwest::Body::wrap_stream(stream));
        tokio::spawn(async move {
            // The officers' view tells whether it arrived.
            let _ = request.send().await;
        });
    }
}
