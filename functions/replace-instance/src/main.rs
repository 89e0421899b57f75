//! Boots the function: one connection pool, the ledger, the policy, and the Region whose instances it looks after.

use homeostat_aws::{DynamoLedger, InstanceCloud, WakeQueues, connect};
use homeostat_aws_ec2::Ec2;
use homeostat_lambda::{SystemClock, run, settings};
use replace_instance::{Ready, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let boot = async {
        let policy = settings::policy()?;
        let (table, region) = (settings::text("TABLE_NAME")?, settings::region()?);
        let config = connect();
        let (aws, checks) = (InstanceCloud::new(&config), Ec2::new(&config));
        let ledger = DynamoLedger::new(&config, table);
        let wake_ups = WakeQueues::new(&config, settings::wake_queues()?);
        Ok(Ready { aws, checks, ledger, clock: SystemClock, wake_ups, policy, region })
    };
    run(boot, handle).await
}
