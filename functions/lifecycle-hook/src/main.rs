//! Boots the function: one connection pool, the ledger, the policy, and the queue by which it wakes itself.

use homeostat_aws::{DynamoLedger, HookCloud, QueueUrls, WakeQueues, connect_briskly};
use homeostat_aws_ec2::Ec2;
use homeostat_lambda::{SystemClock, run, settings};
use lifecycle_hook::{Ready, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let boot = async {
        let (policy, region) = (settings::policy()?, settings::region()?);
        let (table, hooks) = (settings::text("TABLE_NAME")?, Some(settings::text("HOOK_QUEUE_URL")?));
        let config = connect_briskly();
        let wake_ups = WakeQueues::new(&config, QueueUrls { hooks, ..QueueUrls::default() });
        let (aws, machines) = (HookCloud::new(&config), Ec2::new(&config));
        let ledger = DynamoLedger::new(&config, table);
        Ok(Ready { aws, machines, ledger, wake_ups, clock: SystemClock, policy, region })
    };
    run(boot, handle).await
}
