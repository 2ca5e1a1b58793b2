//! `bundle`.

use std::path::PathBuf;

use clap::Args;
use peel_gateway::bundle::{bundle_files, trust_text, write_bundle};

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
    pub(super) fn run(self) -> Result<(), CliError> {
        let (files, trust) =
            self.data.change(|authority, tx| Ok((bundle_files(authority, tx)?, trust_text(authority, tx)?)))?;
        write_bundle(&self.out, &files)?;
        let beside = || self.out.parent().map_or_else(|| PathBuf::from("trust.toml"), |dir| dir.join("trust.toml"));
        std::fs::write(self.trust.clone().unwrap_or_else(beside), trust)?;
        say(&serde_json::json!({ "files": files.len() }));
        Ok(())
    }
}
