//! `test-walk`: how members of staff who tested the system walked past its cameras.

use clap::Args;
use peel_domain::ethnicity::EthnicGroup;
use peel_domain::id::DeploymentId;
use peel_gateway::service::{TestWalk as Walk, record_test_walk};

use super::evidence::Supervisor;
use super::{CliError, Data, say};

/// Record how test subjects ("blue list") of one group walked past, as supervisor: the record publishes the true
/// recognition rate by group
#[derive(Debug, Args)]
pub(crate) struct TestWalk {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    supervisor: Supervisor,
    /// The deployment
    #[arg(long, value_name = "ID")]
    deployment: DeploymentId,
    /// How they define their own ethnicity: white, mixed, asian, black, other or `not_stated`
    #[arg(long)]
    group: String,
    /// How often they walked past
    #[arg(long)]
    passes: u32,
    /// How often the system raised an alert
    #[arg(long)]
    recognised: u32,
}

impl TestWalk {
    pub(super) fn run(self) -> Result<(), CliError> {
        let (supervisor, pin) = self.supervisor.read()?;
        let group: EthnicGroup =
            serde_json::from_value(serde_json::Value::String(self.group)).map_err(|_| CliError::Argument("--group"))?;
        let walk = Walk { group, passes: self.passes, recognised: self.recognised };
        let deployment = self.deployment;
        self.data.change(|authority, tx| record_test_walk(authority, tx, &supervisor, &pin, deployment, walk))?;
        say(&serde_json::json!({ "deployment_id": deployment }));
        Ok(())
    }
}
