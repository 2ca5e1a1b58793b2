//! What the gateway does, without HTTP: routes and commands call this and hold no rules.
//!
//! Must never: open a body, or tell anybody what the store has not committed.
//! Always: a change of anything and the events that say so are one transaction.

mod admission;
mod authority;
mod buckets;
mod changes;
mod deployments;
mod desk_feed;
mod drone;
mod enrolment;
mod error;
mod evidence;
mod fanout;
mod force_log;
mod hashing;
mod hub;
mod ingest;
mod media;
mod mirror;
mod pin;
mod policy;
mod receipts;
mod relay;
mod restored;
mod retention;
mod sessions;
mod sign_in;
mod signed;
mod standing;
mod tiles;

use std::sync::Arc;

pub use authority::Authority;
pub use buckets::{BucketKey, Buckets};
pub use changes::{
    RevocationReason, approve, change_file, describe, propose_enrolment, propose_giving_up, propose_pins,
    propose_policy, propose_revocation, read_change_file, submit,
};
pub use deployments::{DeploymentFile, create_deployment};
pub use desk_feed::{AlertEnd, DeskClosing, DeskEntries, DeskEvent, DeskLog};
pub use drone::ActiveFeed;
pub use enrolment::{NewCode, NewDevice, enrolment_code, enrolment_text, replacement_text};
pub use error::ServiceError;
pub use evidence::{Held, HoldRequest, export_evidence, hold_evidence, release_evidence, remove_sealed_files};
pub use fanout::stream_text;
pub use force_log::APPROVALS;
pub use hub::{Hub, Mailbox};
pub use mirror::MirrorReply;

pub use policy::{OperationsPeriod, install_policy, operations_keys};
pub use receipts::{ReceiptOnRecord, ReceiptPage, Wanted, paper_code};
pub use relay::Relays;
pub use restored::{prepare_restart, propose_restart};
pub use sessions::{FreshProof, NONCE_WINDOW_S, Prover, Sessions, TOKEN_LIFE_S, TokenClaims, TooManyProofs, Window};
pub use sign_in::{TestWalk, add_officer, record_test_walk, record_truth};
pub use signed::{LastSigned, SignedMemory};
pub use standing::Standings;
pub use tiles::TileRoots;

use crate::force::{ServerIdentity, TlsFiles};
use crate::storage::{Db, DbLimits};

/// Everything that `serve` shares between its connections.
#[derive(Debug)]
pub struct Gateway {
    /// Keys, clock and origins.
    pub authority: Arc<Authority>,
    /// The store.
    pub db: Db,
    /// Streams that wait for events.
    pub hub: Hub,
    /// Tokens, nonces and proofs.
    pub sessions: Sessions,
    /// Devices that are not served.
    pub standings: Standings,
    /// Requests a device may make.
    pub buckets: Buckets,
    /// Turns for hashing PINs.
    hashing: hashing::Hashing,
    /// Live drone feeds.
    pub relays: Relays,
    /// Hashes of full tiles.
    pub tile_roots: Arc<TileRoots>,
    /// The certificate and the pins that phones are shown.
    pub identity: Arc<ServerIdentity>,
}

impl Gateway {
    /// Opens a force's store and gets ready to serve.
    pub fn open(authority: Authority) -> Result<Arc<Self>, ServiceError> {
        let limits = authority.config.limits;
        let authority = Arc::new(authority);
        let bounds = DbLimits { queue: limits.queue, file_mib: limits.store_mib };
        Db::once(&authority.store, |tx| authority.signed.check(&authority.force_log_origin, tx))?;
        let db = Db::open_around(&authority.store, bounds, authority.around_commit())?;
        let identity = ServerIdentity::open(TlsFiles::of(&authority.dir))?;
        let sessions = Sessions::new(authority.keys.access.clone());
        let gateway = Arc::new(Self {
            authority,
            db,
            hub: Hub::default(),
            sessions,
            standings: Standings::default(),
            buckets: Buckets::new(limits.device_burst, limits.device_per_second),
            hashing: hashing::Hashing::default(),
            relays: Relays::default(),
            tile_roots: Arc::default(),
            identity,
        });
        gateway.hear_other_processes()?;
        Ok(gateway)
    }

    /// Wakes the streams of devices for which another process has written something.
    fn hear_other_processes(self: &Arc<Self>) -> Result<(), ServiceError> {
        let gateway = Arc::downgrade(self);
        Ok(self.db.listen(move |told| {
            let Some(gateway) = gateway.upgrade() else { return false };
            if let Some(device) = told.and_then(|text| text.parse().ok()) {
                gateway.hub.wake(&[device]);
            }
            true
        })?)
    }
}
