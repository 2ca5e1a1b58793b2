//! Where a store is: a file of the force's directory, or a database server.
//!
//! Must never: be printed; an address may hold a password.

use std::path::{Path, PathBuf};

use postgres::config::Host;
use zeroize::Zeroizing;

use super::StoreError;
use super::engine::{Access, Engine, File, Server};
use super::tx::Tx;

/// Where a store is.
#[derive(Clone)]
pub enum StoreAddress {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database, by its connection URL.
    Server(Zeroizing<String>),
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

impl StoreAddress {
    /// Reads a `postgresql://` URL. The server must be on this machine: the connection has no TLS.
    pub fn server(url: &str) -> Result<Self, StoreError> {
        let url = url.trim();
        if !url.starts_with("postgresql://") && !url.starts_with("postgres://") {
            return Err(StoreError::Address);
        }
        let config: postgres::Config = url.parse().map_err(|_| StoreError::Address)?;
        let named = config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback);
        if config.get_hosts().is_empty() || !config.get_hosts().iter().all(is_local) || !named {
            return Err(StoreError::Address);
        }
        Ok(Self::Server(Zeroizing::new(url.to_owned())))
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
        for bad in ["", "mysql://localhost/peel", "postgresql://peel@db.example/peel", "postgresql:///peel", "a b"] {
            assert_eq!(StoreAddress::server(bad).unwrap_err(), StoreError::Address, "{bad}");
        }
    }

    #[test]
    fn an_address_does_not_print() {
        let address = StoreAddress::server("postgresql://peel:secret@localhost/peel").unwrap();
        assert!(!format!("{address:?}").contains("secret"));
    }
}
