//! Boots the function: the table and the wake-up queue.

use homeostat_aws::{DynamoLedger, WakeQueue, connect};
use homeostat_lambda::{SystemClock, run, settings};
use reconcile::{Ready, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let boot = async {
        let (table, queue) = (settings::text("TABLE_NAME")?, settings::text("WAKE_QUEUE_URL")?);
        let config = connect().await;
        let (incidents, wake_ups) = (DynamoLedger::new(&config, table), WakeQueue::new(&config, queue));
        Ok(Ready { incidents, wake_ups, clock: SystemClock })
    };
    run(boot, handle).await
}
