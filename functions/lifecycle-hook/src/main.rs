//! Boots the function: one connection pool, the ledger, the policy, and the queue by which it wakes itself.

use homeostat_aws::{DynamoLedger, HookCloud, WakeQueues, connect_briskly};
use homeostat_aws_ec2::Ec2;
use homeostat_lambda::{SystemClock, run, settings};
use lifecycle_hook::{Ready, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let boot = async {
        let (policy, region) = (settings::policy()?, settings::region()?);
        let (table, queues) = (settings::text("TABLE_NAME")?, settings::wake_queues()?);
        let config = connect_briskly();
        let wake_ups = WakeQueues::new(&config, queues);
        let (aws, machines) = (HookCloud::new(&config), Ec2::new(&config));
        let ledger = DynamoLedger::new(&config, table);
        Ok(Ready { aws, machines, ledger, wake_ups, clock: SystemClock, policy, region })
    };
    run(boot, handle).await
}
