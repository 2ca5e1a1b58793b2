//! The desk's calls to `serve`.

use std::time::Duration;

use base64::Engine as _;
use reqwest::{Response, StatusCode};
use zeroize::Zeroizing;

use super::{DeskDir, DeskError};
use crate::force::client_config;
use crate::service::{DeskClosing, DeskEntries, DeskEvent, DeskLog};

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A connection to `serve`.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    access_key: Zeroizing<String>,
}

fn checked(response: Response) -> Result<Response, DeskError> {
    match response.status() {
        status if status.is_success() => Ok(response),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(DeskError::Refused),
        _ => Err(DeskError::Gateway),
    }
}

impl Client {
    pub(super) fn new(dir: &DeskDir, url: &str) -> Result<Self, DeskError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(client_config(&dir.authority_pem()?)?)
            .https_only(true)
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .map_err(|_| DeskError::Gateway)?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned(), access_key: dir.access_key()? })
    }

    async fn json<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, DeskError> {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(self.access_key.as_str());
        let response = request.send().await.map_err(|_| DeskError::Gateway)?;
        checked(response)?.json().await.map_err(|_| DeskError::Gateway)
    }

    pub(super) async fn logs(&self) -> Result<Vec<DeskLog>, DeskError> {
        self.json("/v1/desk/logs").await
    }

    pub(super) async fn entries(&self, log: &str, from: u64) -> Result<Vec<Vec<u8>>, DeskError> {
        let answer: DeskEntries = self.json(&format!("/v1/desk/logs/{log}/entries?from={from}")).await?;
        let decode = |text: &String| base64::engine::general_purpose::STANDARD.decode(text);
        if answer.from != from {
            return Err(DeskError::Gateway);
        }
        answer.entries.iter().map(decode).collect::<Result<_, _>>().map_err(|_| DeskError::Gateway)
    }

    /// Hands an event back.
    pub(super) async fn tell(&self, event: &DeskEvent) -> Result<(), DeskError> {
        self.post("/v1/desk/events", event).await
    }

    /// Says that an alert came to its end on a phone.
    pub(super) async fn tell_closing(&self, closing: &DeskClosing) -> Result<(), DeskError> {
        self.post("/v1/desk/closings", closing).await
    }

    /// An alert that the gateway does not know is nobody's concern any more.
    async fn post(&self, path: &str, what: &impl serde::Serialize) -> Result<(), DeskError> {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(self.access_key.as_str());
        let body = serde_json::to_vec(what).map_err(|_| DeskError::Gateway)?;
        let response = request.body(body).send().await.map_err(|_| DeskError::Gateway)?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(());
        }
        checked(response).map(|_| ())
    }
}
