//! `policy`: strictest, check, sign.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use peel_domain::id::ForceId;
use peel_domain::policy::{Policy as Document, PolicyError};
use peel_gateway::force::{ForceDir, PolicySigners};
use peel_gateway::service::install_policy;

use super::admin::read;
use super::{CliError, Data, say};

/// Policies
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Print the strictest policy, which is the default one, in TOML
    Strictest(Strictest),
    /// Check a policy in TOML; lists what contradicts itself
    Check {
        /// The policy, in TOML
        file: PathBuf,
    },
    /// Sign a policy with both signers' keys of the force's directory and put it into force
    Sign {
        #[command(flatten)]
        data: Data,
        /// Write the signed policy to this file and do not put it into force: for `change propose policy`
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// The policy, in TOML
        file: PathBuf,
    },
}

/// Print the strictest policy
#[derive(Debug, Args)]
pub(crate) struct Strictest {
    /// The force's domain name
    #[arg(long, value_name = "DOMAIN")]
    force: String,
    /// The policy's version
    #[arg(long, default_value_t = 1)]
    policy_version: u32,
}

fn refused(error: PolicyError) -> CliError {
    match &error {
        PolicyError::Malformed { line: Some(line) } => eprintln!("line {line} is not understood"),
        PolicyError::Contradictory(all) => {
            for contradiction in all {
                eprintln!("contradiction: {}", contradiction.code());
            }
        }
        _ => {}
    }
    CliError::Service(error.into())
}

impl Policy {
    pub(super) fn run(self) -> Result<(), CliError> {
        match self {
            Self::Strictest(Strictest { force, policy_version }) => {
                let force_id = ForceId::new(force).map_err(|_| CliError::Argument("--force"))?;
                let text = Document::strictest(force_id, policy_version).to_toml().map_err(refused)?;
                print!("{text}");
                Ok(())
            }
            Self::Check { file } => {
                let policy = Document::from_toml(&read(&file, "the policy's file")?).map_err(refused)?;
                say(&serde_json::json!({ "policy_version": policy.version, "sound": true }));
                Ok(())
            }
            Self::Sign { data, out, file } => {
                let policy = Document::from_toml(&read(&file, "the policy's file")?).map_err(refused)?;
                let signers = PolicySigners::read(&ForceDir::new(data.path()))?;
                let cose = signers.sign(&policy).map_err(refused)?;
                if let Some(out) = out {
                    std::fs::write(out, cose)?;
                    say(&serde_json::json!({ "policy_version": policy.version, "in_force": false }));
                    return Ok(());
                }
                let version = data.change(|authority, tx| install_policy(authority, tx, cose))?;
                say(&serde_json::json!({ "policy_version": version, "in_force": true }));
                Ok(())
            }
        }
    }
}
