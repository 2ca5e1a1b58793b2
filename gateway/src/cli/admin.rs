//! Setting a force up: init, deployments, officers, enrolment codes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use peel_domain::deployment::Role;
use peel_domain::id::{DeploymentId, EnrolmentId, OfficerId};
use peel_gateway::force::{AuditorKey, ForceDir, InitRequest, create, new_evidence_key};
use peel_gateway::service::{
    Authority, DeploymentFile, ServiceError, add_officer, create_deployment, enrolment_text, replacement_text,
};
use peel_gateway::storage::{DeploymentRow, Roster, StoreAddress, Tx, deployments};
use peel_ledger::seal::RecipientPublicKey;

use super::{CliError, Data, Time, say};

/// Make a force
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The new data directory of `serve`
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The force's domain name
    #[arg(long, value_name = "DOMAIN")]
    force: String,
    /// For exercises only: deployments are exercises, and a simulated clock is allowed
    #[arg(long)]
    exercise: bool,
    /// Host names and addresses of the server certificate
    #[arg(long = "name", value_name = "NAME", default_values = ["localhost", "127.0.0.1"])]
    names: Vec<String>,
    /// The desk's directory: operations key, desk access key, authority
    #[arg(long, value_name = "DIR")]
    desk: PathBuf,
    /// Where a new private key of the auditor goes
    #[arg(long, value_name = "DIR", required_unless_present = "auditor_public")]
    auditor_key_out: Option<PathBuf>,
    /// The auditor's own public key, as `peel-audit keygen` prints it; then no key of the auditor is made here
    #[arg(long, value_name = "KEY", conflicts_with = "auditor_key_out")]
    auditor_public: Option<RecipientPublicKey>,
    /// Where a new private key of the evidence system goes; its public half is printed, for the policy's `evidence_key`
    #[arg(long, value_name = "DIR")]
    evidence_key_out: Option<PathBuf>,
    /// Where the LFR system's and the operator's access keys go
    #[arg(long, value_name = "DIR")]
    vendor: PathBuf,
    /// A PostgreSQL server instead of a file, `postgresql://...`; `-` reads the address, which may hold a password, from
    /// standard input. One of another machine needs --store-ca
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// The authority that signed the database server's certificate, PEM: the server is reached with TLS alone
    #[arg(long, value_name = "FILE", requires = "store")]
    store_ca: Option<PathBuf>,
}

impl Init {
    pub(super) fn run(self) -> Result<(), CliError> {
        let url = self.store.map(|url| if url == "-" { line_of_input() } else { Ok(url) }).transpose()?;
        let authority = self.store_ca.map(|path| read(&path, "the database server's authority")).transpose()?;
        let store = url.map(zeroize::Zeroizing::new).map(|url| match &authority {
            None => StoreAddress::server(&url),
            Some(authority) => StoreAddress::server_with_tls(&url, authority),
        });
        let store = store.transpose()?;
        let auditor = match (self.auditor_public, self.auditor_key_out) {
            (Some(public), _) => AuditorKey::Theirs(public),
            (None, Some(folder)) => AuditorKey::New(folder),
            (None, None) => return Err(CliError::Argument("--auditor-key-out")),
        };
        let request = InitRequest {
            data: self.data,
            force: self.force,
            exercise: self.exercise,
            names: self.names,
            desk: self.desk,
            auditor,
            vendor: self.vendor,
            store,
        };
        let created = create(&request, &mut rand::rng())?;
        if !request.exercise {
            // While both approvers' keys are still here. An exercise begins with its own clock.
            let data = Data { data: request.data, time: Time { exercise_clock: None } };
            data.change(Authority::begin_events_log)?;
        }
        let evidence = self.evidence_key_out.map(|folder| new_evidence_key(&folder, &mut rand::rng())).transpose()?;
        let mut said = serde_json::json!({ "force": created.config.force, "exercise": created.config.exercise });
        if let (Some(key), Some(said)) = (evidence, said.as_object_mut()) {
            said.insert("evidence_key".to_owned(), key.to_string().into());
        }
        say(&said);
        Ok(())
    }
}

impl Data {
    /// The force's data directory.
    pub(super) fn path(&self) -> &Path {
        &self.data
    }

    /// Opens the force and runs `work` in one transaction of its store, which must not be an old backup.
    pub(super) fn change<T: Send>(
        &self,
        work: impl FnOnce(&Authority, &Tx) -> Result<T, ServiceError> + Send,
    ) -> Result<T, CliError> {
        Ok(self.authority()?.change_present(work)?)
    }

    /// The same where it may be one: for the command that lets the force's logs go on.
    pub(super) fn change_put_back<T: Send>(
        &self,
        work: impl FnOnce(&Authority, &Tx) -> Result<T, ServiceError> + Send,
    ) -> Result<T, CliError> {
        Ok(self.authority()?.change(work)?)
    }

    /// Opens the force.
    pub(super) fn authority(&self) -> Result<Authority, CliError> {
        Ok(Authority::open(ForceDir::new(&self.data), self.time.exercise_clock)?)
    }
}

/// Deployments
#[derive(Debug, Subcommand)]
pub(crate) enum Deployment {
    /// Print every deployment, a line of JSON each: identifier, state, place, times
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Make a deployment from a TOML file; prints its identifier
    Create {
        #[command(flatten)]
        data: Data,
        /// The deployment, in TOML
        file: PathBuf,
    },
}

impl Deployment {
    pub(super) fn run(self) -> Result<(), CliError> {
        let (data, file) = match self {
            Self::Create { data, file } => (data, file),
            Self::List { data } => {
                for DeploymentRow { card, state } in data.change(|_, tx| Ok(deployments(tx)?))? {
                    say(&serde_json::json!({
                        "deployment_id": card.deployment_id, "state": state, "place": card.location_text,
                        "planned_start_ms": card.planned_start_ms, "planned_end_ms": card.planned_end_ms,
                    }));
                }
                return Ok(());
            }
        };
        let file = DeploymentFile::parse(&read(&file, "the deployment's file")?)?;
        let card = data.change(|authority, tx| create_deployment(authority, tx, file))?;
        say(&serde_json::json!({ "deployment_id": card.deployment_id }));
        Ok(())
    }
}

/// Reads a file that an argument names; the error says which one, and never where it lies.
pub(super) fn read(path: &Path, what: &'static str) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|error| CliError::Read(what, error.kind()))
}

/// Officers
#[derive(Debug, Subcommand)]
pub(crate) enum Officer {
    /// Add an officer, or replace PIN and roster
    Add {
        #[command(flatten)]
        data: Data,
        /// The officer's number
        #[arg(long)]
        id: String,
        /// The PIN, six characters or more; `-` reads it from standard input
        #[arg(long)]
        pin: String,
        /// DEPLOYMENT:ROLE[+ROLE...], as often as needed
        #[arg(long, value_name = "DEPLOYMENT:ROLE[+ROLE]")]
        roster: Vec<String>,
    },
}

fn roster_of(texts: &[String]) -> Option<Roster> {
    let mut roster = Roster::new();
    for text in texts {
        let (deployment, roles) = text.split_once(':')?;
        let deployment: DeploymentId = deployment.parse().ok()?;
        let role = |name: &str| serde_json::from_value::<Role>(serde_json::Value::String(name.to_owned())).ok();
        let roles = roles.split('+').map(role).collect::<Option<BTreeSet<Role>>>()?;
        roster.entry(deployment).or_default().extend(roles);
    }
    Some(roster)
}

impl Officer {
    pub(super) fn run(self) -> Result<(), CliError> {
        let Self::Add { data, id, pin, roster } = self;
        let officer_id = OfficerId::new(id).map_err(|_| CliError::Argument("--id"))?;
        let roster = roster_of(&roster).ok_or(CliError::Argument("--roster"))?;
        let pin = zeroize::Zeroizing::new(if pin == "-" { line_of_input()? } else { pin });
        data.change(|_, tx| add_officer(tx, officer_id.clone(), &pin, roster, &mut rand::rng()))?;
        say(&serde_json::json!({ "officer_id": officer_id }));
        Ok(())
    }
}

/// One line of standard input: a secret that must not stand in a list of processes.
pub(super) fn line_of_input() -> Result<String, CliError> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// Print a one-time enrolment code
#[derive(Debug, Args)]
pub(crate) struct Enrol {
    #[command(flatten)]
    data: Data,
    /// The gateway's address as the phone will call it, https://host:port
    #[arg(long, value_name = "URL")]
    url: String,
    /// How long the code is good, in seconds
    #[arg(long, default_value_t = 900)]
    ttl: u32,
    /// The enrolment of the same phone that the new one goes on from: its keys are lost, it was revoked and is back, or the
    /// force lost that it was enrolled
    #[arg(long, value_name = "ENROLMENT")]
    replaces: Option<EnrolmentId>,
}

impl Enrol {
    pub(super) fn run(self) -> Result<(), CliError> {
        let code = self.data.change(|authority, tx| match self.replaces {
            None => enrolment_text(authority, tx, &self.url, self.ttl, &mut rand::rng()),
            Some(before) => replacement_text(authority, tx, &self.url, self.ttl, before, &mut rand::rng()),
        })?;
        say(&serde_json::json!({ "code": code.as_str() }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roster_names_deployments_and_roles() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let roster = roster_of(&[format!("{id}:engagement_officer+spotter")]).unwrap();
        assert_eq!(roster.values().next().unwrap().len(), 2);
        for bad in ["", "x:spotter", &format!("{id}:"), &format!("{id}:boss"), id] {
            assert!(roster_of(&[bad.to_owned()]).is_none(), "{bad}");
        }
    }
}
