//! Why the store did not do something.
//!
//! Must never: carry the database's own message, which may quote what was written or the address it was written to.

/// Why the store did not do something. The text reads after "failed to".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Too many jobs are waiting, or another process held the writer's lock for too long.
    #[error("take more work while the store is busy")]
    Busy,
    /// The store is shutting down.
    #[error("reach the store, which is closed")]
    Closed,
    /// The database server cannot be reached, or went away in between: what was asked for may or may not be done.
    #[error("reach the database server")]
    Unavailable,
    /// SQLite is too old to be trusted with acknowledged writes.
    #[error("open the store with a database library older than 3.51.3")]
    OldLibrary,
    /// The server is set up so that a commit may be lost (`fsync`, `full_page_writes` or `synchronous_commit` is off).
    #[error("open a store whose commits may be lost")]
    NotDurable,
    /// The server is on another machine, and no authority was given to reach it with TLS.
    #[error("reach a database server of another machine without TLS")]
    Plain,
    /// The server does not speak TLS.
    #[error("reach the database server with TLS, which it does not offer")]
    NoTls,
    /// The server's certificate is not one of the authority that was given, or not for its name.
    #[error("trust the certificate of the database server")]
    Certificate,
    /// The store's address is not one.
    #[error("read the address of the store")]
    Address,
    /// The store was written by a newer gateway.
    #[error("open a store of a newer version")]
    Newer,
    /// The disk is full.
    #[error("write to a full disk")]
    Full,
    /// The database refused.
    #[error("read or write the store")]
    Database,
    /// What was read does not make sense.
    #[error("read a record of the store")]
    Corrupt,
    /// The store holds less of the force's logs than was signed, or something else: it was put back from a backup.
    #[error(
        "sign anything: the store is older than what was signed before (docs/operate.md, \"Restored from a backup\")"
    )]
    RolledBack,
    /// Somebody else changed it in between.
    #[error("change a record that has changed meanwhile")]
    Conflict,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Self::Busy,
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => Self::Corrupt,
            _ => Self::Database,
        }
    }
}

/// Whether a handshake failed. The reason lies some way below, in an error of the connection.
fn is_of_tls(error: &postgres::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let within = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if cause.is::<rustls::Error>() || matches!(within, Some(inner) if inner.is::<rustls::Error>()) {
            return true;
        }
        source = cause.source();
    }
    false
}

impl From<postgres::Error> for StoreError {
    fn from(error: postgres::Error) -> Self {
        use postgres::error::SqlState;
        if is_of_tls(&error) {
            return Self::Certificate;
        }
        let Some(code) = error.code() else {
            // Without a code it is not the server's answer: the connection is gone, or a value did not fit its column.
            return if error.is_closed()
                || std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
            {
                Self::Unavailable
            } else {
                Self::Database
            };
        };
        if [SqlState::DISK_FULL, SqlState::PROGRAM_LIMIT_EXCEEDED].contains(code) {
            return Self::Full;
        }
        if [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE]
            .contains(code)
        {
            return Self::Busy;
        }
        if [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(code) {
            return Self::Corrupt;
        }
        // Class 08 connection, 53 too many connections or no memory, 57 the operator stops the server.
        if ["08", "53", "57"].iter().any(|class| code.code().starts_with(class)) {
            return Self::Unavailable;
        }
        Self::Database
    }
}
