//! Why the store did not do what was asked.

/// A store error. Texts read after "failed to".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no space left, the reserve included.
    #[error("write to a full storage")]
    Full,
    /// The file is damaged.
    #[error("read a damaged store")]
    Damaged,
    /// The entry's body was pruned.
    #[error("read an entry that was pruned")]
    Pruned,
    /// The file was written by a later version of the product.
    #[error("read a store of a later version")]
    LaterVersion,
    /// SQLite is older than the version whose write-ahead log is safe.
    #[error("run on a database library that is too old")]
    LibraryTooOld,
    /// The store was closed.
    #[error("use a closed store")]
    Closed,
    /// A checkpoint of another tree was signed before: nothing may be signed any more.
    #[error("sign a second history")]
    SecondHistory,
    /// Another core holds the file.
    #[error("share a store with another core")]
    InUse,
    /// Another input or output error.
    #[error("read or write the store")]
    Io,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            _ => Self::Io,
        }
    }
}
