//! An alarm's own actions: a function that it calls, or a topic that it notifies ("Invoke a Lambda function from an alarm" and "Notifying
//! users on alarm changes" in the CloudWatch User Guide).
//!
//! What it says is the change that EventBridge was told of, in the other two forms. It never calls a function that doesn't let alarms
//! in, nor notifies a topic whose subscribers don't let the topic in.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::Relay;
use super::permission::Asks;
use crate::account::REGION;

/// Whom an alarm is, to a function (same guide).
const ALARMS: &str = "lambda.alarms.cloudwatch.amazonaws.com";

impl Relay {
    /// Runs one action of the alarm that an event is about.
    ///
    /// # Errors
    /// If the action is none of the two kinds, if it is not allowed, or if the call fails.
    pub async fn run_action(&self, action: &str, event: &Value) -> Result<()> {
        let alarm = event.pointer("/resources/0").and_then(Value::as_str).context("the event is about no alarm")?;
        if action.starts_with("arn:aws:lambda:") {
            let asks = Asks { service: ALARMS, source_arn: alarm };
            ensure!(self.may_invoke(action, asks).await?, "{action} does not let alarm {alarm} in");
            let called = self.invoke(action, &to_function(event).to_string(), None).await;
            return called.map_err(|failure| anyhow::anyhow!("{}: {}", failure.code, failure.message));
        }
        if !action.starts_with("arn:aws:sns:") {
            bail!("{action} is neither a function nor a topic, and no other action of an alarm is taken");
        }
        self.lets_topic_in(action).await?;
        let message = to_topic(event)?.to_string();
        let request = self.sns.publish().topic_arn(action).subject("ALARM").message(message);
        request.send().await.with_context(|| format!("publishing to {action}"))?;
        Ok(())
    }

    async fn lets_topic_in(&self, topic: &str) -> Result<()> {
        let listed = self.sns.list_subscriptions_by_topic().topic_arn(topic).send().await;
        for subscription in listed.with_context(|| format!("listing who listens to {topic}"))?.subscriptions() {
            let asks = Asks { service: "sns.amazonaws.com", source_arn: topic };
            let (protocol, Some(to)) = (subscription.protocol(), subscription.endpoint()) else { continue };
            let is_let_in = match protocol {
                Some("lambda") => self.may_invoke(to, asks).await?,
                Some("sqs") => self.may_send(to, &self.url_of(to).await?, asks).await?,
                _ => true,
            };
            ensure!(is_let_in, "{to} does not let topic {topic} in");
        }
        Ok(())
    }
}

fn to_function(event: &Value) -> Value {
    json!({
        "source": "aws.cloudwatch",
        "alarmArn": at(event, "/resources/0"),
        "accountId": at(event, "/account"),
        "time": at(event, "/detail/state/timestamp"),
        "region": at(event, "/region"),
        "alarmData": at(event, "/detail"),
    })
}

/// The world's alarms are on one metric each.
fn to_topic(event: &Value) -> Result<Value> {
    let stat = event.pointer("/detail/configuration/metrics/0/metricStat");
    let stat = stat.context("an alarm on something else than a metric")?;
    let dimensions = stat.pointer("/metric/dimensions").and_then(Value::as_object).into_iter().flatten();
    let dimensions: Vec<Value> = dimensions.map(|(name, value)| json!({ "name": name, "value": value })).collect();
    Ok(json!({
        "AlarmName": at(event, "/detail/alarmName"),
        "AlarmDescription": null,
        "AWSAccountId": at(event, "/account"),
        "NewStateValue": at(event, "/detail/state/value"),
        "NewStateReason": at(event, "/detail/state/reason"),
        "StateChangeTime": at(event, "/detail/state/timestamp"),
        "Region": format!("{REGION}, by the name that people give it"),
        "AlarmArn": at(event, "/resources/0"),
        "OldStateValue": at(event, "/detail/previousState/value"),
        "Trigger": {
            "MetricName": at(stat, "/metric/name"), "Namespace": at(stat, "/metric/namespace"), "StatisticType": "Statistic",
            "Statistic": at(stat, "/stat"), "Period": at(stat, "/period"), "Dimensions": dimensions, "TreatMissingData": "",
        },
    }))
}

fn at<'a>(document: &'a Value, place: &str) -> &'a Value {
    document.pointer(place).unwrap_or(&Value::Null)
}
