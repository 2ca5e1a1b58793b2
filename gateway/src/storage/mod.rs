//! The gateway's store: one set of functions over two engines, a SQLite file and a PostgreSQL server.
//!
//! For: everything that must outlive the process. Must never: block an async thread, or acknowledge what is not on the
//! disk (a call returns after a commit that the engine has made durable; `admission` alone is of another kind).
//! Always: one closure is one transaction; writers come one after the other, whatever process they are in; readers have
//! snapshots and wait for nobody; the queues are bounded, and full means busy.

mod access;
mod address;
mod admission;
mod alerts;
mod db;
mod deployments;
mod engine;
mod error;
mod evidence;
mod group;
mod logs;
mod media;
mod outbox;
mod schema;
mod tx;
mod value;
mod witnesses;

pub use access::{
    ApiKeyKind, Device, EnrolmentKeys, ListedDevice, OfficerRow, PinFailures, Roster, Shift, Standing,
    add_enrolment_code, all_devices, api_key_kind, device, device_count, listed_devices, note_pin_failures, officer,
    pin_failures, put_api_key, put_device, put_officer, refused_devices, replaced_by, replaced_by_code,
    replacements_of, set_replacement, set_shift, set_standing, take_enrolment_code,
};
pub use address::{ServerAddress, StoreAddress};
pub use admission::{Draw, draw, forget_proofs, use_proof};
pub use alerts::{
    AlertRow, alert, alert_of_seq, alert_over_ms, alerts_of, close_issued, closed_everywhere, put_alert,
    put_alert_over, put_issued, set_alert_withdrawn,
};
pub use db::{AfterCommit, AroundCommit, BeforeCommit, Db, DbLimits};
pub use deployments::{
    DeploymentRow, Member, PolicyRow, add_member, deployment, deployments, has_policy, latest_policy, members,
    policies, put_deployment, put_policy, remove_member, set_state,
};
pub use error::StoreError;
pub use evidence::{HoldRow, due_holds, end_hold, held_images, hold, is_known_hold, put_held_image, put_hold};
pub use logs::{Committed, LogRow, LogStore, Logs, NewestReceipt, Pending, StoredEntry};
pub use media::{
    MediaRow, due_media, live_media_of_alert, live_media_of_deployment, mark_destroyed, may_read, media, media_files,
    put_media,
};
pub use outbox::{
    OutboxRow, Recipients, StoredEvent, begin_numbers, bounds, events_after, is_over_full, prune, put_event,
    recipients_of_alert, redact_alerts,
};
pub use tx::Tx;
pub use value::{Cell, FromCell, Row, ToValue, Value};
pub use witnesses::{
    CosignatureRow, cosignatures, cosigned_sizes, forget_cosignatures, prune_cosignatures, put_cosignature,
    witnessed_size,
};
