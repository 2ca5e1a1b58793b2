//! `bundle`.

use std::path::PathBuf;

use clap::Args;
use peel_gateway::bundle::{bundle_files, trust_text, write_bundle};
use peel_gateway::force::ForceDir;
use peel_gateway::service::Authority;
use peel_gateway::storage::{Db, DbLimits};
use peel_gateway::witness::{Outcome, Witnesses};

use super::serve::block_on;
use super::{CliError, Data, say};

/// Write the bundle for outsiders, and the trust file that goes to them another way
#[derive(Debug, Args)]
pub(crate) struct Bundle {
    #[command(flatten)]
    data: Data,
    /// The bundle's folder; a bundle that is there is replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The trust file; beside the bundle's folder unless said otherwise
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

impl Bundle {
    /// Asks the witnesses about the newest checkpoint first, so that the bundle has their lines if they answer in time.
    fn ask_witnesses(&self) -> Result<(), CliError> {
        let dir = ForceDir::new(self.data.path());
        let authority = Authority::open(dir.clone(), self.data.time.exercise_clock)?;
        let witnesses = Witnesses::new(&authority.config, &dir)?;
        if witnesses.is_empty() {
            return Ok(());
        }
        let outcomes = block_on(async {
            let limits = DbLimits { queue: authority.config.limits.queue, file_mib: authority.config.limits.store_mib };
            // Cosignatures are no leaves: nothing is to be sealed.
            let db = Db::open(&authority.store, limits, std::sync::Arc::new(|_| Ok(())))?;
            Ok(witnesses.round(&authority, &db).await?)
        })?;
        let cosigned = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Cosigned { .. })).count();
        if cosigned < authority.config.witnesses_required {
            eprintln!("{cosigned} witnesses have cosigned; those who check ask for more");
        }
        Ok(())
    }

    pub(super) fn run(self) -> Result<(), CliError> {
        self.ask_witnesses()?;
        let (files, trust) =
            self.data.change(|authority, tx| Ok((bundle_files(authority, tx)?, trust_text(authority, tx)?)))?;
        write_bundle(&self.out, &files)?;
        let beside = || self.out.parent().map_or_else(|| PathBuf::from("trust.toml"), |dir| dir.join("trust.toml"));
        std::fs::write(self.trust.clone().unwrap_or_else(beside), trust)?;
        say(&serde_json::json!({ "files": files.len() }));
        Ok(())
    }
}
