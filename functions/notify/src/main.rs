//! Boots the function: the topic.

use homeostat_aws::{Topic, connect};
use homeostat_lambda::{run, settings};
use notify::handle;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let boot = async {
        let topic = settings::text("TOPIC_ARN")?;
        Ok(Topic::new(&connect().await, topic))
    };
    run(boot, handle).await
}
