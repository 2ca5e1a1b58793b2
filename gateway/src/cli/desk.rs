//! `desk`, `record` and `debrief`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use peel_domain::event::EventBody;
use peel_domain::id::{AlertId, DeploymentId, ForceId, OfficerId};
use peel_domain::policy::Policy;
use peel_domain::record::{GivenUpPhone, Issue};
use peel_domain::stop::Truth;
use peel_gateway::desk::{Desk as Follower, DeskDir, DeskError, Followed, read_record};
use peel_gateway::service::record_truth;

use super::admin::line_of_input;
use super::serve::{block_on, told_to_stop};
use super::{CliError, Data, say};

/// Open the mirror, tell phones what they must know
#[derive(Debug, Args)]
pub(crate) struct Desk {
    /// The desk's own directory, with the operations key
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The gateway's address, https://host:port
    #[arg(long, value_name = "URL")]
    gateway: String,
    /// How often to look, in milliseconds
    #[arg(long, default_value_t = 250)]
    every_ms: u64,
    /// Follow once and stop
    #[arg(long)]
    once: bool,
    /// Print each opened event's log, position, action and alert as a line of JSON
    #[arg(long)]
    events: bool,
}

/// Make the desk's key for a period and print its public half, for the policy
#[derive(Debug, Args)]
pub(crate) struct OperationsKey {
    /// The desk's own directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The period's name, such as 2026-12
    #[arg(long)]
    period: String,
}

impl OperationsKey {
    pub(super) fn run(self) -> Result<(), CliError> {
        let public_key = DeskDir::new(&self.data).add_operations_key(&self.period, &mut rand::rng())?;
        say(&serde_json::json!({ "period": self.period, "operations_key": public_key }));
        Ok(())
    }
}

fn action_name(event: &EventBody) -> String {
    match serde_json::to_value(&event.action) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Object(map)) => map.into_iter().next().map_or_else(String::new, |(name, _)| name),
        _ => String::new(),
    }
}

fn show(log: &str, index: u64, event: &EventBody) {
    say(&serde_json::json!({
        "log": log, "index": index, "action": action_name(event), "alert_id": event.alert_id,
        "at_ms": event.at.utc_ms,
    }));
}

/// Says which logs could not be followed: they are named after enrolments, and somebody must look.
pub(super) fn warn(followed: &Followed) {
    for log in &followed.set_aside {
        eprintln!(
            "peel-gateway desk: set aside the log {log}: it is not what its signed checkpoint says, or does not open"
        );
    }
}

impl Desk {
    pub(super) fn run(self) -> Result<(), CliError> {
        let mut desk = Follower::open(&DeskDir::new(&self.data), &self.gateway)?;
        let events = self.events;
        let mut seen = move |log: &str, index: u64, event: &EventBody| {
            if events {
                show(log, index, event);
            }
        };
        block_on(async {
            if self.once {
                let followed = desk.follow(&mut seen).await?;
                warn(&followed);
                say(&serde_json::json!({ "entries": followed.entries, "told": followed.told }));
                return Ok(());
            }
            say(&serde_json::json!({ "following": self.gateway }));
            let every = Duration::from_millis(self.every_ms.clamp(20, 60_000));
            let stop = told_to_stop();
            tokio::pin!(stop);
            loop {
                let round = desk.follow(&mut seen).await;
                match round {
                    Ok(followed) => warn(&followed),
                    // The gateway may be starting or away, a disk full: try again.
                    Err(error) if error.may_pass() => eprintln!("peel-gateway desk: failed to {error}"),
                    Err(error) => return Err(error.into()),
                }
                tokio::select! {
                    stopped = &mut stop => return stopped,
                    () = tokio::time::sleep(every) => {}
                }
            }
        })
    }
}

/// Compute the deployment record of 16 columns
#[derive(Debug, Args)]
pub(crate) struct Record {
    /// The desk's directory
    #[arg(long, value_name = "DIR")]
    desk: PathBuf,
    /// The deployment
    #[arg(long, value_name = "ID")]
    deployment: DeploymentId,
    /// Follow the gateway at this address once before
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
    /// Write the CSV here instead of to standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the public export here, as JSON: the columns and everything that is published beside them
    #[arg(long, value_name = "FILE")]
    figures: Option<PathBuf>,
    /// The force's policy as TOML, for its limits; the strictest where it is not given
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Leave this device's log out, because it cannot be read; it is named beside the record
    #[arg(long, value_name = "LOG")]
    leave_out: Vec<String>,
}

impl Record {
    pub(super) fn run(self) -> Result<(), CliError> {
        let dir = DeskDir::new(&self.desk);
        if let Some(gateway) = &self.gateway {
            let mut desk = Follower::open(&dir, gateway)?;
            warn(&block_on(async { Ok(desk.follow(&mut |_, _, _| {}).await?) })?);
        }
        let text = read_record(&dir, self.deployment, &self.leave_out).inspect_err(|error| {
            if let DeskError::Incomplete(_) = error {
                list_issues(&dir, self.deployment, &self.leave_out);
            }
        })?;
        for phone in &text.record.given_up {
            // Beside the record, whose columns have no place for it; it is to be published with it.
            eprintln!("given up: {}", missing(phone));
        }
        for log in &self.leave_out {
            eprintln!("left out: the log {log}");
        }
        if let Some(path) = &self.figures {
            let policy = policy_of(&dir, self.policy.as_deref())?;
            let export = text.record.export(&policy).map_err(|_| DeskError::Incomplete(text.record.issues.len()))?;
            let json = serde_json::to_vec_pretty(&export).map_err(std::io::Error::from)?;
            std::fs::write(path, json)?;
        }
        match &self.out {
            Some(path) => std::fs::write(path, text.csv)?,
            None => print!("{}", text.csv),
        }
        Ok(())
    }
}

/// The policy of a file, or the strictest.
pub(super) fn policy_of(dir: &DeskDir, file: Option<&Path>) -> Result<Policy, CliError> {
    let Some(file) = file else {
        let force = ForceId::new(dir.config()?.force).map_err(|_| CliError::Argument("--desk"))?;
        return Ok(Policy::strictest(force, 1));
    };
    let text = std::fs::read_to_string(file).map_err(|error| CliError::Read("--policy", error.kind()))?;
    let policy = Policy::from_toml(&text).map_err(|_| CliError::Argument("--policy"))?;
    if policy.contradictions().is_empty() { Ok(policy) } else { Err(CliError::Argument("--policy")) }
}

/// What a record says of a phone that was given up.
fn missing(phone: &GivenUpPhone) -> serde_json::Value {
    let alerts = phone
        .alerts_missing
        .iter()
        .map(|(alert_id, alert_seq)| serde_json::json!({ "alert_id": alert_id, "alert_seq": alert_seq }));
    serde_json::json!({
        "phone": phone.enrolment_id, "reason": phone.reason, "entries_then": phone.size_then,
        "entries_since": phone.entries_since, "alerts_missing": alerts.collect::<Vec<_>>(),
        "stops_open": phone.stops_open,
    })
}

fn list_issues(dir: &DeskDir, deployment: DeploymentId, leave_out: &[String]) {
    if let Ok(record) = peel_gateway::desk::deployment_record(dir, deployment, leave_out) {
        for issue in &record.issues {
            eprintln!("issue: {} [{}]", issue_in_words(issue), issue.code());
        }
    }
}

/// What keeps the record from being published, and of which alert and phone.
pub(super) fn issue_in_words(issue: &Issue) -> String {
    let alert = issue.alert_id().map_or_else(String::new, |alert_id| format!(" (alert {alert_id})"));
    let phone = match issue {
        Issue::PhoneMissing(_, enrolment_id) => format!(" (phone {enrolment_id})"),
        _ => String::new(),
    };
    format!("{issue}{alert}{phone}")
}

/// State the truth of an alert that nobody judged, as supervisor at the debrief
#[derive(Debug, Args)]
pub(crate) struct Debrief {
    #[command(flatten)]
    data: Data,
    /// The supervisor's number
    #[arg(long)]
    supervisor: String,
    /// The supervisor's PIN; `-` reads it from standard input
    #[arg(long)]
    pin: String,
    /// The alert
    #[arg(long, value_name = "ID")]
    alert: AlertId,
    /// `true_alert` or `false_alert`
    #[arg(long)]
    truth: String,
}

impl Debrief {
    pub(super) fn run(self) -> Result<(), CliError> {
        let supervisor = OfficerId::new(self.supervisor).map_err(|_| CliError::Argument("--supervisor"))?;
        let truth: Truth =
            serde_json::from_value(serde_json::Value::String(self.truth)).map_err(|_| CliError::Argument("--truth"))?;
        let pin = zeroize::Zeroizing::new(if self.pin == "-" { line_of_input()? } else { self.pin });
        self.data.change(|authority, tx| record_truth(authority, tx, &supervisor, &pin, self.alert, truth))?;
        say(&serde_json::json!({ "alert_id": self.alert }));
        Ok(())
    }
}
