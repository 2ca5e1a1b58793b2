//! Accepting connections: TLS, bounded numbers, bounded waiting, and an end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::guard::Peer;
use super::routes;
use crate::force::ForceError;
use crate::service::{Gateway, ServiceError};

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long open requests may go on when the server stops.
const LAST_REQUESTS: Duration = Duration::from_secs(5);
/// A connection without an answer to a ping for this long is dead.
const PING: Duration = Duration::from_secs(20);

struct Listener {
    gateway: Arc<Gateway>,
    router: axum::Router,
    acceptor: TlsAcceptor,
    connections: Arc<Semaphore>,
}

/// Binds and begins to accept; gives the bound address and the task that ends when the server has stopped.
pub(super) async fn start(
    gateway: Arc<Gateway>,
    tls: rustls::ServerConfig,
    address: SocketAddr,
    stopped: watch::Receiver<bool>,
) -> Result<(SocketAddr, JoinHandle<()>), ServiceError> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| ServiceError::Listen { address, kind: error.kind() })?;
    let bound = listener.local_addr().map_err(ForceError::from)?;
    let shared = Listener {
        router: routes::router(&gateway),
        acceptor: TlsAcceptor::from(Arc::new(tls)),
        connections: Arc::new(Semaphore::new(gateway.authority.config.limits.connections)),
        gateway,
    };
    Ok((bound, tokio::spawn(accept(listener, shared, stopped))))
}

async fn accept(listener: TcpListener, shared: Listener, mut stopped: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    loop {
        // A connection over the bound waits in the system's own queue.
        let Ok(place) = Arc::clone(&shared.connections).acquire_owned().await else { break };
        let accepted = tokio::select! {
            _ = stopped.changed() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (acceptor, router) = (shared.acceptor.clone(), shared.router.clone());
        let seconds = shared.gateway.authority.config.limits.request_seconds;
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            serve_connection(stream, peer, acceptor, router, seconds, watcher).await;
            drop(place);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(LAST_REQUESTS, graceful.shutdown()).await;
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    acceptor: TlsAcceptor,
    router: axum::Router,
    header_seconds: u64,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let _ = stream.set_nodelay(true);
    let Ok(Ok(tls)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await else { return };
    let service = router.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(Peer(peer.ip()));
        request.map(axum::body::Body::new)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(header_seconds));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .max_concurrent_streams(64);
    let connection = builder.serve_connection(TokioIo::new(tls), TowerToHyperService::new(service));
    // A peer that breaks off is no fault of ours and nothing to log.
    let _ = watcher.watch(connection.into_owned()).await;
}
