//! `serve`: the front over HTTPS.
//!
//! Must never: listen without TLS, hold a rule (routes call [`crate::service`]), or wait for a slow peer without an end.
//! Always: what each route needs of its caller stands in [`routes::table`].

mod error;
mod guard;
mod listen;
mod request;
pub mod routes;
mod stream;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use guard::{Access, DeviceSession};

use crate::clock::ExerciseClock;
use crate::force::{ForceDir, server_config};
use crate::service::{Authority, Gateway, ServiceError};
use crate::witness::{Outcome, Witnesses};

/// How often witnesses are asked about what is new.
const WITNESS_EVERY: Duration = Duration::from_secs(1);
/// How often what is due is looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How long the end of a server waits for the store's last jobs.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// A server that is running in this process.
#[derive(Debug)]
pub struct RunningServer {
    address: SocketAddr,
    gateway: Arc<Gateway>,
    stop: tokio::sync::watch::Sender<bool>,
    listening: tokio::task::JoinHandle<()>,
    sweeping: tokio::task::JoinHandle<()>,
    witnessing: tokio::task::JoinHandle<()>,
}

impl RunningServer {
    /// Starts to serve a force's directory. Port 0 takes a free one.
    pub async fn start(
        dir: ForceDir,
        listen: SocketAddr,
        exercise_clock: Option<ExerciseClock>,
    ) -> Result<Self, ServiceError> {
        let witnesses_dir = dir.clone();
        let authority = Authority::open(dir, exercise_clock)?;
        let witnesses = Witnesses::new(&authority.config, &witnesses_dir)?;
        let gateway = Gateway::open(authority)?;
        let tls = server_config(Arc::clone(&gateway.identity))?;
        gateway.sweep_left_over_files().await?;
        gateway.refresh_standings().await?;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let (address, listening) = listen::start(Arc::clone(&gateway), tls, listen, stopped.clone()).await?;
        let sweeping = tokio::spawn(sweep(Arc::clone(&gateway), stopped.clone()));
        let witnessing = tokio::spawn(witnessed(Arc::clone(&gateway), witnesses, stopped));
        Ok(Self { address, gateway, stop, listening, sweeping, witnessing })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends streams, lets requests finish for a few seconds, and stops. The store is closed then: its file may be copied.
    pub async fn shut_down(self) {
        self.stop.send_replace(true);
        self.gateway.hub.stop();
        let _ = self.listening.await;
        let _ = self.sweeping.await;
        // It may be waiting for a witness; what is not stored is asked for again.
        self.witnessing.abort();
        let _ = self.witnessing.await;
        let closing = self.gateway.db.closing();
        drop(self.gateway);
        if !closing.wait(CLOSE_WITHIN).await {
            eprintln!("failed to close the store in time: something still uses it");
        }
    }
}

async fn sweep(gateway: Arc<Gateway>, mut stopped: tokio::sync::watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
        if let Err(error) = gateway.refresh_standings().await {
            eprintln!("failed to look for revoked devices: failed to {error}");
        }
        if let Err(error) = gateway.identity.reload() {
            eprintln!("failed to look for a new certificate: failed to {error}");
        }
        if let Err(error) = gateway.forget_proofs().await {
            eprintln!("failed to forget proofs that are over: failed to {error}");
        }
        if let Err(error) = gateway.sweep().await {
            eprintln!("failed to destroy what is due: failed to {error}");
        }
    }
}

/// Asks witnesses until the server stops: never on the path of a reply.
async fn witnessed(gateway: Arc<Gateway>, witnesses: Witnesses, mut stopped: tokio::sync::watch::Receiver<bool>) {
    while !witnesses.is_empty() {
        match witnesses.round(&gateway.authority, &gateway.db).await {
            Ok(outcomes) => {
                outcomes.into_iter().for_each(report);
                if let Err(error) = stop_where_behind(&gateway.authority, &witnesses).await {
                    eprintln!("failed to note what witnesses have seen: failed to {error}");
                }
            }
            Err(error) => eprintln!("failed to ask witnesses: failed to {error}"),
        }
        tokio::select! {
            _ = stopped.changed() => return,
            () = tokio::time::sleep(WITNESS_EVERY) => {}
        }
    }
}

/// Signs nothing more where enough witnesses have seen a longer force log.
async fn stop_where_behind(authority: &Authority, witnesses: &Witnesses) -> Result<(), ServiceError> {
    match witnesses.ahead(authority.config.witnesses_required).await {
        Some(size) => authority.signed.note_witnessed(&authority.force_log_origin, size, None),
        None => Ok(()),
    }
}

/// What somebody must look at.
fn report(outcome: Outcome) {
    match outcome {
        Outcome::Unknown => eprintln!("failed to get a cosignature: a witness does not know this force log"),
        Outcome::Ahead { .. } => {
            eprintln!("failed to get a cosignature: a witness has seen a longer force log than this one");
        }
        Outcome::Refused => eprintln!("failed to get a cosignature: a witness refuses this force log's history"),
        Outcome::Malformed => eprintln!("failed to get a cosignature: a witness gave no answer of the protocol"),
        Outcome::Cosigned { .. } | Outcome::NotDue | Outcome::Later => {}
    }
}
