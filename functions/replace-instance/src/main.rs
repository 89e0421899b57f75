//! Boots the function: one connection pool, the ledger, the policy, and the Region whose instances it looks after.

use homeostat_aws::{DynamoLedger, InstanceCloud, OwnQueues, WakeQueues, connect};
use homeostat_aws_ec2::Ec2;
use homeostat_lambda::{SystemClock, run, settings};
use replace_instance::{Ready, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let boot = async {
        let policy = settings::policy()?;
        let (table, region) = (settings::text("TABLE_NAME")?, settings::region()?);
        let (wake_queues, intake) = (settings::wake_queues()?, settings::text("INTAKE_QUEUE")?);
        let stack = Some(settings::text("STACK_NAME")?);
        let config = connect();
        let queues = OwnQueues::new(WakeQueues::new(&config, wake_queues), intake);
        let (aws, checks) = (InstanceCloud::new(&config), Ec2::new(&config));
        let ledger = DynamoLedger::new(&config, table);
        Ok(Ready { aws, checks, ledger, queues, clock: SystemClock, policy, region, stack })
    };
    run(boot, handle).await
}
