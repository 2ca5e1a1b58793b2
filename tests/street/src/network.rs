//! A phone's network: a relay on loopback that can be cut and mended.
//!
//! It carries bytes and never looks at them: TLS goes from the phone to the gateway. Cut, it closes every connection
//! and drops new ones at once, as a phone in a cellar would see it.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Most connections that one relay carries at a time.
const MAX_CONNECTIONS: usize = 64;

/// A relay from an address of its own to the gateway.
#[derive(Debug)]
pub struct Network {
    address: SocketAddr,
    up: Arc<watch::Sender<bool>>,
    task: JoinHandle<()>,
}

impl Network {
    /// Listens on loopback and relays to `gateway`.
    pub async fn to(gateway: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let up = Arc::new(watch::Sender::new(true));
        let task = tokio::spawn(accept(listener, gateway, Arc::clone(&up)));
        Ok(Self { address, up, task })
    }

    /// Where the phone connects to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts it: open connections end, new ones are dropped.
    pub fn cut(&self) {
        self.up.send_replace(false);
    }

    /// Mends it.
    pub fn mend(&self) {
        self.up.send_replace(true);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, gateway: SocketAddr, up: Arc<watch::Sender<bool>>) {
    let places = Arc::new(tokio::sync::Semaphore::new(MAX_CONNECTIONS));
    while let Ok((phone, _)) = listener.accept().await {
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let mut state = up.subscribe();
        if !*state.borrow() {
            continue;
        }
        tokio::spawn(async move {
            tokio::select! {
                () = relay(phone, gateway) => {}
                _ = state.wait_for(|up| !up) => {}
            }
            drop(place);
        });
    }
}

async fn relay(mut phone: TcpStream, gateway: SocketAddr) {
    let Ok(mut server) = TcpStream::connect(gateway).await else { return };
    // A connection that ends in an error has ended all the same: TLS tells the two sides what they lack.
    let _ = tokio::io::copy_bidirectional(&mut phone, &mut server).await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        address
    }

    #[tokio::test]
    async fn a_cut_ends_open_connections_and_drops_new_ones_until_it_is_mended() {
        let network = Network::to(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(network.address()).await.unwrap();
        let mut byte = [0_u8; 1];
        stream.write_all(b"a").await.unwrap();
        assert_eq!(stream.read(&mut byte).await.unwrap(), 1);
        network.cut();
        assert_eq!(stream.read(&mut byte).await.unwrap_or(0), 0);
        let mut dropped = TcpStream::connect(network.address()).await.unwrap();
        assert_eq!(dropped.read(&mut byte).await.unwrap_or(0), 0);
        network.mend();
        let mut again = TcpStream::connect(network.address()).await.unwrap();
        again.write_all(b"b").await.unwrap();
        assert_eq!(again.read(&mut byte).await.unwrap(), 1);
    }
}
