//! `device` and `change`: what two people must approve.
//!
//! A force that keeps an approver's key elsewhere carries a file between desks: `change propose` writes it where the
//! store is, `change approve` adds a signature where a key is, `change submit` appends it to the force log.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use peel_domain::id::{DeploymentId, EnrolmentId};
use peel_gateway::force::{ForceDir, approver_key};
use peel_gateway::service::{
    Authority, RevocationReason, ServiceError, approve, change_file, describe, prepare_restart, propose_enrolment,
    propose_giving_up, propose_pins, propose_policy, propose_restart, propose_revocation, read_change_file, submit,
};
use peel_gateway::storage::{Tx, listed_devices};
use peel_ledger::force_log::Change::{ForceLogEnded, PinChange};
use peel_ledger::force_log::ForceLeaf;

use super::admin::read;
use super::tls::move_files;
use super::{CliError, Data, say};

/// The force's own logs, after its store was put back from a backup
#[derive(Debug, Subcommand)]
pub(crate) enum ForceLog {
    /// Let them go on under other names, where both approvers' keys are at hand; else `change propose restart`
    Restart {
        #[command(flatten)]
        data: Data,
        /// A checkpoint of the force log that an outsider kept, if it is newer than anything known here
        #[arg(long, value_name = "FILE")]
        seen: Option<PathBuf>,
    },
    /// Take for signed what the store holds, where nothing is known of what was signed: a directory of an older version
    Adopt {
        #[command(flatten)]
        data: Data,
    },
}

fn prepare(data: &Data, seen: Option<&Path>) -> Result<(), CliError> {
    let seen = seen.map(|path| read(path, "the checkpoint's file")).transpose()?;
    Ok(prepare_restart(&ForceDir::new(data.path()), seen.as_deref())?)
}

impl ForceLog {
    pub(super) fn run(self) -> Result<(), CliError> {
        match self {
            Self::Restart { data, seen } => {
                prepare(&data, seen.as_deref())?;
                let leaf = data.change_put_back(|authority, tx| {
                    let leaf = propose_restart(authority, tx)?;
                    submit(authority, tx, &leaf, None)?;
                    Ok(leaf)
                })?;
                say(&describe(&leaf));
            }
            Self::Adopt { data } => {
                data.authority()?.adopt()?;
                say(&serde_json::json!({ "adopted": true }));
            }
        }
        Ok(())
    }
}

/// Devices
#[derive(Debug, Subcommand)]
pub(crate) enum Device {
    /// Print every enrolment, a line of JSON each: model, standing, how much of its log is here, and what it goes on from
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Revoke a device's enrolment, where both approvers' keys are at hand; else `change propose revocation`
    Revoke {
        #[command(flatten)]
        data: Data,
        /// The device's enrolment
        #[arg(long, value_name = "ENROLMENT")]
        device: EnrolmentId,
        /// lost, stolen, compromised, replaced or retired
        #[arg(long, value_name = "CODE")]
        reason: RevocationReason,
    },
    /// Give a phone up for good, so that a deployment's record can be published and names it as missing; where both
    /// approvers' keys are at hand, else `change propose giving-up`. What the phone still brings is taken and counts
    GiveUp {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        phone: LostPhone,
    },
}

/// Which phone is given up, for which deployment, and why.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct LostPhone {
    /// The device's enrolment
    #[arg(long, value_name = "ENROLMENT")]
    device: EnrolmentId,
    /// The deployment whose record waits for it
    #[arg(long, value_name = "ID")]
    deployment: DeploymentId,
    /// lost, stolen, compromised, replaced or retired
    #[arg(long, value_name = "CODE")]
    reason: RevocationReason,
}

impl LostPhone {
    fn propose(self, authority: &Authority, tx: &Tx) -> Result<ForceLeaf, ServiceError> {
        propose_giving_up(authority, tx, self.device, self.deployment, self.reason)
    }
}

impl Device {
    pub(super) fn run(self) -> Result<(), CliError> {
        match self {
            Self::List { data } => {
                for device in data.change(|_, tx| Ok(listed_devices(tx)?))? {
                    say(&serde_json::json!({
                        "device": device.enrolment_id, "model": device.model, "enrolled_ms": device.enrolled_ms,
                        "standing": device.standing.name(), "entries": device.entries, "replaces": device.replaces,
                    }));
                }
            }
            Self::Revoke { data, device, reason } => {
                data.change(|authority, tx| {
                    let leaf = propose_revocation(authority, tx, device, reason)?;
                    submit(authority, tx, &leaf, None)
                })?;
                say(&serde_json::json!({ "device": device, "revoked": reason.code() }));
            }
            Self::GiveUp { data, phone } => {
                let leaf = data.change(|authority, tx| {
                    let leaf = phone.propose(authority, tx)?;
                    submit(authority, tx, &leaf, None)?;
                    Ok(leaf)
                })?;
                say(&describe(&leaf));
            }
        }
        Ok(())
    }
}

/// Changes of the force log that two people approve
#[derive(Debug, Subcommand)]
pub(crate) enum Change {
    /// Write a change's file; an approver whose key is in the data directory approves with that
    #[command(subcommand)]
    Propose(Propose),
    /// Print what a change says and who has approved it. A policy is there by its SHA-256: compare that of the signed file
    Show {
        /// The change's file
        file: PathBuf,
    },
    /// Approve a change with an approver's key, wherever it is kept
    Approve {
        /// The change's file, which takes the signature
        file: PathBuf,
        /// The approver's key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The approver's name, as the force's configuration has it: force.example/peel/approver-2
        #[arg(long)]
        name: String,
    },
    /// Append an approved change to the force log and put it into effect
    Submit {
        #[command(flatten)]
        data: Data,
        /// The change's file
        file: PathBuf,
        /// The signed policy, if the change is one
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
}

/// What to propose.
#[derive(Debug, Subcommand)]
pub(crate) enum Propose {
    /// Revoke a device's enrolment
    Revocation {
        #[command(flatten)]
        to: Proposal,
        /// The device's enrolment
        #[arg(long, value_name = "ENROLMENT")]
        device: EnrolmentId,
        /// lost, stolen, compromised, replaced or retired
        #[arg(long, value_name = "CODE")]
        reason: RevocationReason,
    },
    /// Give a phone up for good, for one deployment's record
    GivingUp {
        #[command(flatten)]
        to: Proposal,
        #[command(flatten)]
        phone: LostPhone,
    },
    /// Serve a device that has enrolled and waits
    Enrolment {
        #[command(flatten)]
        to: Proposal,
        /// The device's enrolment
        #[arg(long, value_name = "ENROLMENT")]
        device: EnrolmentId,
    },
    /// Move the server to its next TLS key
    Pins {
        #[command(flatten)]
        to: Proposal,
    },
    /// Let the force's own logs go on under other names, after its store was put back from a backup
    Restart {
        #[command(flatten)]
        to: Proposal,
        /// A checkpoint of the force log that an outsider kept, if it is newer than anything known here
        #[arg(long, value_name = "FILE")]
        seen: Option<PathBuf>,
    },
    /// Put a signed policy into force
    Policy {
        #[command(flatten)]
        to: Proposal,
        /// The signed policy, as `policy sign --out` writes it
        policy: PathBuf,
    },
}

/// Whose change, and where its file goes.
#[derive(Debug, Args)]
pub(crate) struct Proposal {
    #[command(flatten)]
    data: Data,
    /// The change's new file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

fn read_change(path: &Path) -> Result<ForceLeaf, CliError> {
    Ok(read_change_file(&read(path, "the change's file")?)?)
}

fn read_policy(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|error| CliError::Read("the signed policy's file", error.kind()))
}

impl Change {
    pub(super) fn run(self) -> Result<(), CliError> {
        match self {
            Self::Propose(propose) => propose.run(),
            Self::Show { file } => {
                say(&describe(&read_change(&file)?));
                Ok(())
            }
            Self::Approve { file, key, name } => {
                let mut leaf = read_change(&file)?;
                approve(&mut leaf, &approver_key(&key, &name)?)?;
                std::fs::write(&file, change_file(&leaf))?;
                say(&describe(&leaf));
                Ok(())
            }
            Self::Submit { data, file, policy } => {
                let leaf = read_change(&file)?;
                let policy = policy.as_deref().map(read_policy).transpose()?;
                let restarts = matches!(leaf, ForceLeaf::Change { change: ForceLogEnded { .. }, .. });
                let work = |authority: &Authority, tx: &Tx| submit(authority, tx, &leaf, policy);
                if restarts {
                    data.change_put_back(work)?;
                } else {
                    data.change(work)?;
                }
                if matches!(leaf, ForceLeaf::Change { change: PinChange { .. }, .. }) {
                    move_files(&data, &leaf)?;
                }
                say(&describe(&leaf));
                Ok(())
            }
        }
    }
}

impl Propose {
    fn run(self) -> Result<(), CliError> {
        let (out, leaf) = match self {
            Self::Revocation { to, device, reason } => {
                (to.out, to.data.change(|authority, tx| propose_revocation(authority, tx, device, reason))?)
            }
            Self::GivingUp { to, phone } => (to.out, to.data.change(|authority, tx| phone.propose(authority, tx))?),
            Self::Enrolment { to, device } => {
                (to.out, to.data.change(|authority, tx| propose_enrolment(authority, tx, device))?)
            }
            Self::Restart { to, seen } => {
                prepare(&to.data, seen.as_deref())?;
                (to.out, to.data.change_put_back(propose_restart)?)
            }
            Self::Pins { to } => (to.out, to.data.change(propose_pins)?),
            Self::Policy { to, policy } => {
                let cose = read_policy(&policy)?;
                (to.out, to.data.change(|authority, tx| propose_policy(authority, tx, &cose))?)
            }
        };
        std::fs::write(out, change_file(&leaf))?;
        say(&describe(&leaf));
        Ok(())
    }
}
