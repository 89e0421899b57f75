//! One heal as machines get it, on real parts: attributes that a subscription filters by, metrics in the log, and a closed item
//! that expires.

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use homeostat_core::id::InstanceId;
use sandbox::account::REGION;
use sandbox::stage::{Inbox, PATIENCE, Stage};
use sandbox::{Stack, demo};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::parts::on_a_stage;

const CLOSED_ONLY: &str = r#"{ "event": ["closed"], "group": ["web"] }"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_heal_can_be_filtered_counted_and_forgotten() {
    on_a_stage(play).await;
}

async fn play(stage: &Stage) -> Result<()> {
    let stack = stage.deploy(&stage.policy(), &mut |_| {}).await?;
    let pager = Pager::subscribe(stage, &stack).await?;
    let inbox = Inbox::subscribe(&stage.sandbox().sdk_config(), stack.output("TopicArn")?).await?;
    let healed = demo::heal(stage, &stack, &inbox, |_| {}).await?;
    let victim: InstanceId = healed.replaced.parse()?;
    only_the_close_passes_the_filter(&pager, &victim).await?;
    the_heal_is_counted(stage, &victim).await?;
    the_closed_item_expires(stage, &stack, &victim).await
}

/// A queue that is told only of what it asks for.
struct Pager {
    queue: aws_sdk_sqs::Client,
    url: String,
}

impl Pager {
    async fn subscribe(stage: &Stage, stack: &Stack) -> Result<Self> {
        let config = stage.sandbox().sdk_config();
        let queue = aws_sdk_sqs::Client::new(&config);
        let made = queue.create_queue().queue_name("pager").send().await?;
        let url = made.queue_url.context("a queue without a URL")?;
        let asked = queue.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::QueueArn);
        let arn = asked.send().await?.attributes.and_then(|mut all| all.remove(&QueueAttributeName::QueueArn));
        let (arn, topic) = (arn.context("a queue without ARN")?, stack.output("TopicArn")?);
        let may_send = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" }, "Action": "sqs:SendMessage",
            "Resource": arn, "Condition": { "ArnEquals": { "aws:SourceArn": topic } },
        }] });
        let request = queue.set_queue_attributes().queue_url(&url);
        let request = request.attributes(QueueAttributeName::Policy, may_send.to_string());
        request.send().await.context("letting the topic send to the queue")?;
        let request = aws_sdk_sns::Client::new(&config).subscribe().topic_arn(topic).protocol("sqs").endpoint(arn);
        request.attributes("FilterPolicy", CLOSED_ONLY).send().await.context("subscribing with a filter")?;
        Ok(Pager { queue, url })
    }

    async fn first(&self) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.queue.receive_message().queue_url(&self.url).wait_time_seconds(1).send().await?;
            if let Some(message) = answer.messages.into_iter().flatten().next() {
                return Ok(serde_json::from_str(&message.body.unwrap_or_default())?);
            }
            ensure!(Instant::now() < deadline, "nothing passed the filter within {PATIENCE:?}");
        }
    }
}

async fn only_the_close_passes_the_filter(pager: &Pager, victim: &InstanceId) -> Result<()> {
    let first = pager.first().await?;
    let recovered = format!("Homeostat: recovered: {victim} of web is replaced");
    ensure!(first["Subject"] == recovered, "the opening came before it, and did not pass: {first}");
    let value = |name: &str| &first["MessageAttributes"][name]["Value"];
    let named = [("event", "closed"), ("severity", "info"), ("remedy", "replace-instance"), ("stack", "homeostat")];
    for (name, expected) in named {
        ensure!(value(name) == expected, "{name}: {first}");
    }
    ensure!(first["MessageAttributes"]["notify_seq"]["Type"] == "Number", "{first}");
    let (message, incident) = (value("message").as_str(), value("incident").as_str());
    let (message, incident) = (message.context("no number")?, incident.context("no incident")?);
    ensure!(message.starts_with(&format!("{incident}/")) && incident.contains(victim.as_str()), "{first}");
    Ok(())
}

async fn the_heal_is_counted(stage: &Stage, victim: &InstanceId) -> Result<()> {
    let closed = |line: &str| line.contains("\"TimeToRecover\"") && line.contains(victim.as_str());
    let line = stage.wait_for_log("notify", 0, closed).await?;
    let document: Value = serde_json::from_str(&line).context("a metric stands alone in its line")?;
    ensure!(document["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Homeostat", "{line}");
    ensure!(document["Stack"] == "homeostat" && document["Remedy"] == "replace-instance", "{line}");
    ensure!(
        document["Closed"] == 1 && document["TimeToMitigate"].as_i64() <= document["TimeToRecover"].as_i64(),
        "{line}"
    );
    let lines = stage.log_of("notify").await?;
    for (count, times) in [("\"Opened\":1", 1), ("\"Closed\":1", 1), ("\"Escalated\":1", 0)] {
        let found = lines.iter().filter(|line| line.contains(count) && line.contains(victim.as_str())).count();
        ensure!(found == times, "{count} {found} times: {lines:#?}");
    }
    Ok(())
}

async fn the_closed_item_expires(stage: &Stage, stack: &Stack, victim: &InstanceId) -> Result<()> {
    let table = aws_sdk_dynamodb::Client::new(&stage.sandbox().sdk_config());
    let subject = AttributeValue::S(format!("SUBJECT#{REGION}#instance#{victim}"));
    let request = table.query().table_name(stack.output("TableName")?).key_condition_expression("pk = :subject");
    let items = request.expression_attribute_values(":subject", subject).send().await?.items.unwrap_or_default();
    let [closed] = items.as_slice() else { anyhow::bail!("{items:?}") };
    let expires = closed.get("expires").and_then(|expires| expires.as_n().ok()).context("it never expires")?;
    let incident = stage.newest_incident(stack, victim).await?.context("`homeostat status` can't read it")?;
    let closed_at = incident.closed_at.context("it is not closed")?.as_second();
    ensure!(expires.parse() == Ok(closed_at + 400 * 86_400), "{} of {}", json!(expires), closed_at);
    Ok(())
}
