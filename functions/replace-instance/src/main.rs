//! Boots the function: one connection pool, the ledger, the policy.

use homeostat_aws::{DynamoLedger, InstanceCloud, connect};
use homeostat_lambda::{SystemClock, run, settings};
use replace_instance::{Ready, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let boot = async {
        let policy = settings::policy()?;
        let table = settings::text("TABLE_NAME")?;
        let config = connect().await;
        let ledger = DynamoLedger::new(&config, table);
        Ok(Ready { aws: InstanceCloud::new(&config), ledger, clock: SystemClock, policy })
    };
    run(boot, handle).await
}
