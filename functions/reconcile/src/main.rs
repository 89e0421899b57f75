//! Boots the function: the table and the owners' queues of wake-ups.

use homeostat_aws::{DynamoLedger, QueueUrls, WakeQueues, connect};
use homeostat_lambda::{SystemClock, run, settings};
use reconcile::{Ready, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let boot = async {
        let table = settings::text("TABLE_NAME")?;
        let queue = |name| settings::text(name).map(Some);
        let (instances, zones) = (queue("INSTANCE_WAKE_QUEUE_URL")?, queue("ZONE_WAKE_QUEUE_URL")?);
        let queues = QueueUrls { instances, zones, hooks: queue("HOOK_QUEUE_URL")? };
        let config = connect();
        let (incidents, wake_ups) = (DynamoLedger::new(&config, table), WakeQueues::new(&config, queues));
        Ok(Ready { incidents, wake_ups, clock: SystemClock })
    };
    run(boot, handle).await
}
