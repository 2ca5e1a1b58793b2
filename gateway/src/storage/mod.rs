//! The gateway's store: one trait for logs, one SQLite file, one writer thread.
//!
//! For: everything that must outlive the process. Must never: block an async thread, or acknowledge what is not on the
//! disk (WAL with `synchronous=FULL`; a call returns after the commit).
//! Always: one closure is one transaction; the queue before the writer is bounded, and full means busy.

mod access;
mod alerts;
mod db;
mod deployments;
mod logs;
mod media;
mod outbox;
mod schema;

pub use access::{
    ApiKeyKind, Device, EnrolmentKeys, OfficerRow, Roster, Shift, add_enrolment_code, all_devices, api_key_kind,
    device, device_count, note_pin_failure, officer, put_api_key, put_device, put_officer, set_shift,
    take_enrolment_code,
};
pub use alerts::{AlertRow, alert, alerts_of, put_alert, set_alert_withdrawn};
pub use db::{Db, StoreError};
pub use deployments::{
    DeploymentRow, Member, PolicyRow, add_member, deployment, deployments, latest_policy, members, put_deployment,
    put_policy, remove_member, set_state,
};
pub use logs::{Committed, LogRow, LogStore, Pending, SqliteLogs, StoredEntry};
pub use media::{
    MediaRow, due_media, live_media_of_deployment, mark_destroyed, may_read, media, media_files, put_media,
};
pub use outbox::{
    OutboxRow, Recipients, StoredEvent, bounds, events_after, is_over_full, prune, put_event, recipients_of_alert,
    redact_alerts,
};
pub use rusqlite::{Connection, Transaction};

/// Transactions that write begin so, that two writers never deadlock.
pub const IMMEDIATE: rusqlite::TransactionBehavior = rusqlite::TransactionBehavior::Immediate;
