//! `evidence`: hold, export, release.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use peel_domain::id::{AlertId, HoldId, OfficerId};
use peel_gateway::force::ForceDir;
use peel_gateway::service::{HoldRequest, export_evidence, hold_evidence, release_evidence, remove_sealed_files};
use zeroize::Zeroizing;

use super::admin::line_of_input;
use super::{CliError, Data, say};

/// Who holds or ends a hold.
#[derive(Debug, Args)]
pub(crate) struct Supervisor {
    /// The supervisor's number
    #[arg(long, value_name = "NUMBER")]
    supervisor: String,
    /// The supervisor's PIN; `-` reads it from standard input
    #[arg(long)]
    pin: String,
}

impl Supervisor {
    pub(super) fn read(self) -> Result<(OfficerId, Zeroizing<String>), CliError> {
        let number = OfficerId::new(self.supervisor).map_err(|_| CliError::Argument("--supervisor"))?;
        let pin = Zeroizing::new(if self.pin == "-" { line_of_input()? } else { self.pin });
        Ok((number, pin))
    }
}

/// Evidence holds
#[derive(Debug, Subcommand)]
pub(crate) enum Evidence {
    /// Seal an alert's images to the policy's evidence key, as its supervisor; refused once they are gone
    Hold {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        by: Supervisor,
        /// The alert
        #[arg(long, value_name = "ID")]
        alert: AlertId,
        /// Why
        #[arg(long)]
        reason: String,
        /// The case
        #[arg(long, value_name = "REFERENCE")]
        case: String,
        /// For how many days; the policy says how many at most
        #[arg(long)]
        days: u32,
    },
    /// Copy a hold's sealed images, which only the evidence key opens (`peel-audit evidence`)
    Export {
        #[command(flatten)]
        data: Data,
        /// The hold
        #[arg(long, value_name = "ID")]
        hold: HoldId,
        /// The folder to copy to
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// End a hold before its date
    Release {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        by: Supervisor,
        /// The hold
        #[arg(long, value_name = "ID")]
        hold: HoldId,
    },
}

impl Evidence {
    pub(super) fn run(self) -> Result<(), CliError> {
        match self {
            Self::Hold { data, by, alert: alert_id, reason, case: case_ref, days } => {
                let (number, pin) = by.read()?;
                let request = HoldRequest { alert_id, reason, case_ref, days };
                let held = data
                    .change(|authority, tx| hold_evidence(authority, tx, (&number, &pin), request, &mut rand::rng()))?;
                say(&serde_json::json!({ "hold_id": held.hold_id, "until_ms": held.until_ms, "media": held.media }));
            }
            Self::Export { data, hold, out } => {
                let files = data.change(|authority, tx| export_evidence(authority, tx, hold, &out))?;
                say(&serde_json::json!({ "hold_id": hold, "files": files }));
            }
            Self::Release { data, by, hold } => {
                let (number, pin) = by.read()?;
                let files = data.change(|authority, tx| release_evidence(authority, tx, (&number, &pin), hold))?;
                remove_sealed_files(&ForceDir::new(data.path()), &files);
                say(&serde_json::json!({ "hold_id": hold, "released": files.len() }));
            }
        }
        Ok(())
    }
}
