//! One witness over HTTP: one call, bounded in time and bytes.
//!
//! Must never: follow a redirect, use a proxy, or ask the system's trust store. What goes over is public and the
//! cosignature that comes back is signed, so plain `http` is allowed; `https` needs the certificates that its server is
//! checked against. A refusal is not signed: over plain `http` from another machine it stops nothing.

use std::time::Duration;

use futures_util::StreamExt as _;
use peel_ledger::witness::MAX_REPLY_BYTES;

use crate::files;
use crate::force::{ForceDir, ForceError, WitnessConfig, client_config};
use crate::service::ServiceError;

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A witness's reply.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) retry_after_s: Option<u64>,
}

/// A connection to one witness.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    pub(super) fn new(witness: &WitnessConfig, dir: &ForceDir) -> Result<Self, ServiceError> {
        let builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .connect_timeout(PATIENCE);
        let builder = match (&witness.authority, witness.url.starts_with("https://")) {
            (Some(path), true) => {
                let pem = files::read_text(&dir.path().join(path)).map_err(ForceError::from)?;
                builder.tls_backend_preconfigured(client_config(&pem)?).https_only(true)
            }
            (None, false) if witness.url.starts_with("http://") => {
                // Plain HTTP needs no certificates: the empty set of roots is never asked.
                builder.tls_backend_preconfigured(client_config("")?)
            }
            _ => return Err(ForceError::Config.into()),
        };
        let http = builder.build().map_err(|_| ForceError::Config)?;
        Ok(Self { http, url: format!("{}/add-checkpoint", witness.url.trim_end_matches('/')) })
    }

    /// Whether an answer is the witness's: by TLS, or because it is on this machine.
    pub(super) fn is_authentic(&self) -> bool {
        let Ok(url) = reqwest::Url::parse(&self.url) else { return false };
        let here = url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
        here || url.scheme() == "https"
    }

    /// Posts a request; nothing if no whole reply came.
    pub(super) async fn add_checkpoint(&self, body: Vec<u8>) -> Option<Reply> {
        let response = self.http.post(&self.url).body(body).send().await.ok()?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after_s = retry_after.and_then(|text| text.trim().parse().ok());
        let mut body = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.ok()?;
            if body.len() + chunk.len() > MAX_REPLY_BYTES {
                return None;
            }
            body.extend_from_slice(&chunk);
        }
        Some(Reply { status, body, retry_after_s })
    }
}
