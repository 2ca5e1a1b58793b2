//! `serve`.

use std::net::SocketAddr;

use clap::Args;
use peel_gateway::force::ForceDir;
use peel_gateway::server::RunningServer;
use tokio::signal::unix::{SignalKind, signal};

use super::{CliError, Data, say};

/// Serve phones and the LFR system
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    data: Data,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
}

/// Runs on a multi-thread runtime.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Waits for the system to say stop.
pub(super) async fn told_to_stop() -> Result<(), CliError> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

impl Serve {
    pub(super) fn run(self) -> Result<(), CliError> {
        block_on(async {
            let dir = ForceDir::new(&self.data.data);
            let server = RunningServer::start(dir, self.listen, self.data.time.exercise_clock).await?;
            say(&serde_json::json!({ "listening": server.address() }));
            told_to_stop().await?;
            server.shut_down().await;
            Ok(())
        })
    }
}
