//! `tls`: the gateway's TLS keys.

use clap::Subcommand;
use peel_gateway::force::{ForceConfig, ForceDir, Rotation};
use peel_gateway::service::{propose_pins, submit};
use peel_ledger::force_log::ForceLeaf;

use super::{CliError, Data, say};

/// The gateway's TLS keys
#[derive(Debug, Subcommand)]
pub(crate) enum Tls {
    /// Move the server to the next key and make the key after it; a running server follows within a second. Where an
    /// approver's key is kept elsewhere: `change propose pins`
    Rotate {
        #[command(flatten)]
        data: Data,
    },
}

impl Tls {
    pub(super) fn run(self) -> Result<(), CliError> {
        let Self::Rotate { data } = self;
        let leaf = data.change(|authority, tx| {
            let leaf = propose_pins(authority, tx)?;
            submit(authority, tx, &leaf, None)?;
            Ok(leaf)
        })?;
        move_files(&data, &leaf)?;
        say(&serde_json::json!({ "rotated": true }));
        Ok(())
    }
}

/// After the change stands in the force log.
pub(super) fn move_files(data: &Data, leaf: &ForceLeaf) -> Result<(), CliError> {
    let dir = ForceDir::new(data.path());
    Ok(Rotation::of(&dir).approve_and_complete(&ForceConfig::read(&dir)?.force, leaf)?)
}
