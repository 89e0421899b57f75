//! Boots the function: the topic, and what the template says of the stack and of chat.

use homeostat_aws::{Topic, connect};
use homeostat_lambda::{run, settings};
use notify::{Notify, Settings, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let boot = async {
        let (topic, stack) = (settings::text("TOPIC_ARN")?, settings::text("STACK_NAME")?);
        let chat = settings::text("CHAT_NOTIFICATIONS")? == "true";
        Ok(Notify::new(Topic::new(&connect(), topic), Settings { stack, chat }))
    };
    run(boot, handle).await
}
