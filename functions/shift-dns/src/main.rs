//! Boots the function: one connection pool, the ledger, the policy, and the queue by which it wakes itself.

use homeostat_aws::{DnsCloud, DynamoLedger, WakeQueues, connect};
use homeostat_lambda::{SystemClock, run, settings};
use shift_dns::{Ready, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let boot = async {
        let policy = settings::policy()?;
        let (table, queues) = (settings::text("TABLE_NAME")?, settings::wake_queues()?);
        let config = connect();
        let wake_ups = WakeQueues::new(&config, queues);
        let (aws, ledger) = (DnsCloud::new(&config), DynamoLedger::new(&config, table));
        Ok(Ready { aws, ledger, wake_ups, clock: SystemClock, policy })
    };
    run(boot, handle).await
}
