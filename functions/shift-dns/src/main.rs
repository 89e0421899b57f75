//! Boots the function: one connection pool, the ledger, the policy, and the queues by which it wakes itself and takes events in.

use homeostat_aws::{DnsCloud, DynamoLedger, OwnQueues, WakeQueues, connect};
use homeostat_lambda::{SystemClock, run, settings};
use shift_dns::{Ready, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let boot = async {
        let policy = settings::policy()?;
        let (table, wake_queues) = (settings::text("TABLE_NAME")?, settings::wake_queues()?);
        let (intake, stack) = (settings::text("INTAKE_QUEUE")?, Some(settings::text("STACK_NAME")?));
        let config = connect();
        let queues = OwnQueues::new(WakeQueues::new(&config, wake_queues), intake);
        let (aws, ledger) = (DnsCloud::new(&config), DynamoLedger::new(&config, table));
        Ok(Ready { aws, ledger, queues, clock: SystemClock, policy, stack })
    };
    run(boot, handle).await
}
