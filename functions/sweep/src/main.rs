//! Boots the function: the table and the owners' queues of wake-ups.

use homeostat_aws::{DynamoLedger, WakeQueues, connect};
use homeostat_lambda::{SystemClock, run, settings};
use sweep::{Ready, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let boot = async {
        let table = settings::text("TABLE_NAME")?;
        let queues = settings::wake_queues()?;
        let config = connect();
        let (incidents, wake_ups) = (DynamoLedger::new(&config, table), WakeQueues::new(&config, queues));
        Ok(Ready { incidents, wake_ups, clock: SystemClock })
    };
    run(boot, handle).await
}
