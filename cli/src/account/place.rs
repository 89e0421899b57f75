//! Where the deployed Homeostat is: a stack by its name, or its table.
//!
//! This module never picks a Region or a stack that nobody named.

use clap::Args;
use homeostat_aws::DynamoLedger;
use homeostat_aws::operator::{Choice, Outputs, SdkConfig, connect, outputs};

use crate::report::Failed;

#[derive(Args)]
pub(crate) struct Place {
    /// The CloudFormation stack
    #[arg(long, env = "HOMEOSTAT_STACK", default_value = "homeostat")]
    stack: String,
    /// The table itself; the stack is then not read, and neither are its topic and its queue
    #[arg(long, env = "HOMEOSTAT_TABLE", conflicts_with = "stack")]
    table: Option<String>,
    /// As with the AWS CLI [default: the environment's, or the profile's]
    #[arg(long)]
    region: Option<String>,
    /// A profile of ~/.aws/config [default: the environment's]
    #[arg(long)]
    profile: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Deployment {
    /// In words: whoever looks into the wrong Region sees that all is well.
    pub(crate) place: String,
    pub(crate) config: SdkConfig,
    pub(crate) outputs: Outputs,
}

impl Deployment {
    pub(crate) fn ledger(&self) -> DynamoLedger {
        DynamoLedger::new(&self.config, self.outputs.table.clone())
    }
}

impl Place {
    pub(crate) async fn find(self) -> Result<Deployment, Failed> {
        let config = connect(Choice { region: self.region, profile: self.profile }).await;
        let Some(region) = config.region().map(ToString::to_string).filter(|region| !region.is_empty()) else {
            let why =
                "no Region: name it by --region or AWS_REGION, or in the profile that --profile or AWS_PROFILE names";
            return Err(Failed::because(why));
        };
        if let Some(table) = self.table {
            let place = format!("table {table} in {region}");
            return Ok(Deployment { place, config, outputs: Outputs { table, topic: None, dead_letters: None } });
        }
        let outputs = outputs(&config, &self.stack).await?.ok_or_else(|| {
            Failed::because(format!(
                "there is no stack {:?} in {region}: name it by --stack or HOMEOSTAT_STACK, its Region by --region, or its \
                 table by --table",
                self.stack
            ))
        })?;
        Ok(Deployment { place: format!("stack {} in {region}", self.stack), config, outputs })
    }
}
