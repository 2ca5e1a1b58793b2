//! Where a store is: a file of the force's directory, or a database server.
//!
//! Must never: be printed; an address may hold a password. Or reach a server of another machine without TLS, or one whose
//! certificate the force's authority for it has not signed.

use std::path::{Path, PathBuf};

use postgres::config::Host;
use zeroize::Zeroizing;

use super::StoreError;
use super::engine::{Access, Engine, File, Server};
use super::tx::Tx;
use crate::force::{client_config, read_certificates};

/// Where a store is.
#[derive(Clone)]
pub enum StoreAddress {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database.
    Server(ServerAddress),
}

/// A PostgreSQL database: its connection URL, and the authority of the server's certificate where the connection has TLS.
#[derive(Clone)]
pub struct ServerAddress {
    pub(super) url: Zeroizing<String>,
    pub(super) authority_pem: Option<String>,
}

impl ServerAddress {
    /// The connection URL, which may hold a password.
    pub fn expose_url(&self) -> &str {
        &self.url
    }

    /// The authority that the server's certificate must be signed by; without it the server is on this machine.
    pub fn authority_pem(&self) -> Option<&str> {
        self.authority_pem.as_deref()
    }
}

impl std::fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File(_) => "File([redacted])",
            Self::Server(_) => "Server([redacted])",
        })
    }
}

/// Whether everything said to the server stays on this machine.
fn is_local(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

fn names_an_authority(pem: &str) -> bool {
    read_certificates(pem).is_ok_and(|certificates| !certificates.is_empty()) && client_config(pem).is_ok()
}

fn read(url: &str) -> Result<(Zeroizing<String>, postgres::Config), StoreError> {
    let url = url.trim();
    if !url.starts_with("postgresql://") && !url.starts_with("postgres://") {
        return Err(StoreError::Address);
    }
    let config: postgres::Config = url.parse().map_err(|_| StoreError::Address)?;
    if config.get_hosts().is_empty() {
        return Err(StoreError::Address);
    }
    Ok((Zeroizing::new(url.to_owned()), config))
}

impl StoreAddress {
    /// Reads a `postgresql://` URL. The server must be on this machine: the connection has no TLS.
    pub fn server(url: &str) -> Result<Self, StoreError> {
        let (url, config) = read(url)?;
        let named = config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback);
        if !config.get_hosts().iter().all(is_local) || !named {
            return Err(StoreError::Plain);
        }
        Ok(Self::Server(ServerAddress { url, authority_pem: None }))
    }

    /// Reads a `postgresql://` URL of a server that is reached with TLS, wherever it is, and whose certificate one of these
    /// authorities signed for the name that the URL calls it by.
    pub fn server_with_tls(url: &str, authority_pem: &str) -> Result<Self, StoreError> {
        let (url, config) = read(url)?;
        let by_network = |host: &Host| matches!(host, Host::Tcp(_));
        if !config.get_hosts().iter().all(by_network) || !names_an_authority(authority_pem) {
            return Err(StoreError::Address);
        }
        Ok(Self::Server(ServerAddress { url, authority_pem: Some(authority_pem.to_owned()) }))
    }

    /// A file.
    pub fn file(path: &Path) -> Self {
        Self::File(path.to_path_buf())
    }

    /// Whether other gateway processes may write there at the same time.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Server(_))
    }

    fn connect(&self, access: Access) -> Result<Box<dyn Engine>, StoreError> {
        Ok(match self {
            Self::File(path) => Box::new(File::open(path, access)?),
            Self::Server(url) => Box::new(Server::open(url)?),
        })
    }

    /// Connects for writing and brings the tables to the present version.
    pub(super) fn open_writer(&self) -> Result<Tx, StoreError> {
        let engine = self.connect(Access::Write)?;
        engine.migrate()?;
        Ok(Tx::new(engine))
    }

    /// Connects for what is forgotten within minutes and may be lost with the machine: nothing there waits for a disk.
    pub(super) fn open_admissions(&self) -> Result<Tx, StoreError> {
        Ok(Tx::new(match self {
            Self::File(path) => Box::new(File::open_admissions(&path.with_extension("admissions.db"))?),
            Self::Server(url) => Box::new(Server::open_admissions(url)?),
        }))
    }

    /// Connects for reading.
    pub(super) fn open_reader(&self) -> Result<Tx, StoreError> {
        Ok(Tx::new(self.connect(Access::Read)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_of_this_machine_is_an_address() {
        for good in [
            "postgresql://peel:secret@localhost/peel",
            "postgresql://peel@127.0.0.1:5432/peel",
            "postgresql:///peel?host=/run/postgresql",
            "postgres://peel@[::1]/peel",
        ] {
            assert!(StoreAddress::server(good).is_ok(), "{good}");
        }
        for bad in ["", "mysql://localhost/peel", "postgresql:///peel", "a b"] {
            assert_eq!(StoreAddress::server(bad).unwrap_err(), StoreError::Address, "{bad}");
        }
        for elsewhere in [
            "postgresql://peel@db.example/peel",
            "postgresql://peel@10.0.0.7/peel",
            "postgresql://peel@localhost,db.example/peel",
            "postgresql://peel@localhost/peel?hostaddr=10.0.0.7",
            "postgresql://peel@db.example/peel?sslmode=require",
        ] {
            assert_eq!(StoreAddress::server(elsewhere).unwrap_err(), StoreError::Plain, "{elsewhere}");
        }
        for bad in ["postgresql:///peel?host=/run/postgresql", "postgresql://peel@db.example/peel"] {
            assert_eq!(StoreAddress::server_with_tls(bad, "no authority").unwrap_err(), StoreError::Address, "{bad}");
        }
    }

    #[test]
    fn an_address_does_not_print() {
        let address = StoreAddress::server("postgresql://peel:secret@localhost/peel").unwrap();
        assert!(!format!("{address:?}").contains("secret"));
    }
}
