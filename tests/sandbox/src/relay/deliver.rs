//! One event to one target: the permission, the input, the invocation with its retries, the dead-letter queue.
//!
//! What a target asks for and the relay does not do is an error, never a delivery in another form.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_sdk_eventbridge::types::Target;
use aws_sdk_sqs::types::MessageAttributeValue;
use serde_json::{Value, json};

use super::invoke::Failure;
use super::permission::Asks;
use super::{DeployedRule, Label, Relay, envelope};

/// EventBridge retries for a day by default, up to 185 times; the sandbox compresses time.
const MOST_RETRIES: i32 = 3;
const QUEUE: &str = "arn:aws:sqs:";
const FIRST_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub event_id: String,
    pub rule: String,
    /// The ARN of the function, or of the queue.
    pub target: String,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted for an asynchronous invocation, or by the queue.
    Invoked,
    DeadLettered {
        queue: String,
        because: String,
    },
    /// Gone: there is no dead-letter queue, or it does not let EventBridge in.
    Lost {
        because: String,
    },
}

impl Relay {
    pub(super) async fn deliver(
        &self,
        rule: &DeployedRule,
        target: &Target,
        event: &Value,
        label: Option<&Label>,
    ) -> Result<Delivery> {
        let input = input_of(target, event).with_context(|| format!("a target of the rule {}", rule.name))?;
        let outcome = match self.attempt(rule, target, &input, label).await? {
            Ok(()) => Outcome::Invoked,
            Err(failure) => self.bury(rule, target, &input, failure).await?,
        };
        Ok(Delivery { event_id: envelope::id_of(event), rule: rule.name.clone(), target: target.arn.clone(), outcome })
    }

    async fn attempt(
        &self,
        rule: &DeployedRule,
        target: &Target,
        input: &str,
        label: Option<&Label>,
    ) -> Result<Result<(), Failure>> {
        if target.arn.starts_with(QUEUE) {
            return self.enqueue(rule, &target.arn, input, label).await;
        }
        if !self.may_invoke(&target.arn, Asks::rule(&rule.arn)).await? {
            let message = format!("{} does not let events.amazonaws.com invoke it for {}", target.arn, rule.arn);
            return Ok(Err(Failure { code: "NO_PERMISSIONS".to_owned(), message }));
        }
        if let Some(label) = label.filter(|label| !label.retried) {
            self.invoke_once(&target.arn, input, label);
            return Ok(Ok(()));
        }
        let asked_for = target.retry_policy().and_then(|policy| policy.maximum_retry_attempts());
        let retries = asked_for.unwrap_or(MOST_RETRIES).min(MOST_RETRIES);
        let mut pause = FIRST_PAUSE;
        let mut failure = self.invoke(&target.arn, input, label).await;
        for _ in 0..retries {
            let Err(Failure { code, .. }) = &failure else { break };
            if code == "ResourceNotFoundException" {
                break;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            failure = self.invoke(&target.arn, input, label).await;
        }
        Ok(failure)
    }

    /// A queue is no function: nothing is repeated, since a message that was taken stays.
    async fn enqueue(
        &self,
        rule: &DeployedRule,
        queue: &str,
        input: &str,
        label: Option<&Label>,
    ) -> Result<Result<(), Failure>> {
        let url = self.url_of(queue).await?;
        if !self.may_send(queue, &url, Asks::rule(&rule.arn)).await? {
            let message = format!("{queue} does not let events.amazonaws.com send for {}", rule.arn);
            return Ok(Err(Failure { code: "NO_PERMISSIONS".to_owned(), message }));
        }
        // What comes out of a queue can't be followed from its first call on: the function gets it as the queue would hand it over.
        if let Some(label) = label.filter(|label| !label.retried) {
            let record =
                json!({ "messageId": label.name, "eventSource": "aws:sqs", "eventSourceARN": queue, "body": input });
            self.invoke_once(&self.reader_of(queue).await?, &json!({ "Records": [record] }).to_string(), label);
            return Ok(Ok(()));
        }
        let sent = self.sqs.send_message().queue_url(url).message_body(input).send().await;
        sent.with_context(|| format!("sending to the queue {queue}"))?;
        Ok(Ok(()))
    }

    /// The function that a queue's messages go to.
    async fn reader_of(&self, queue: &str) -> Result<String> {
        let listed = self.lambda.list_event_source_mappings().event_source_arn(queue).send().await;
        let listed = listed.with_context(|| format!("listing who reads the queue {queue}"))?;
        let function = listed.event_source_mappings().iter().find_map(|mapping| mapping.function_arn());
        function.map(str::to_owned).with_context(|| format!("nobody reads the queue {queue}"))
    }

    pub(super) async fn url_of(&self, queue: &str) -> Result<String> {
        let name = queue.rsplit(':').next().unwrap_or(queue);
        let answer = self.sqs.get_queue_url().queue_name(name).send().await;
        Ok(answer.with_context(|| format!("looking for the queue {queue}"))?.queue_url.unwrap_or_default())
    }

    async fn bury(&self, rule: &DeployedRule, target: &Target, input: &str, failure: Failure) -> Result<Outcome> {
        let because = format!("{}: {}", failure.code, failure.message);
        let Some(queue) = target.dead_letter_config().and_then(|config| config.arn()) else {
            return Ok(Outcome::Lost { because });
        };
        let url = self.url_of(queue).await?;
        if !self.may_send(queue, &url, Asks::rule(&rule.arn)).await? {
            let because = format!("{because}; and {queue} does not let events.amazonaws.com send for {}", rule.arn);
            return Ok(Outcome::Lost { because });
        }
        let mut message = self.sqs.send_message().queue_url(url).message_body(input);
        let details = [
            ("RULE_ARN", &rule.arn),
            ("TARGET_ARN", &target.arn),
            ("ERROR_CODE", &failure.code),
            ("ERROR_MESSAGE", &failure.message),
        ];
        for (name, value) in details {
            let attribute = MessageAttributeValue::builder().data_type("String").string_value(value).build()?;
            message = message.message_attributes(name, attribute);
        }
        message.send().await.with_context(|| format!("sending to the dead-letter queue {queue}"))?;
        Ok(Outcome::DeadLettered { queue: queue.to_owned(), because })
    }
}

fn input_of(target: &Target, event: &Value) -> Result<String> {
    let arn = &target.arn;
    if !arn.starts_with("arn:aws:lambda:") && !arn.starts_with(QUEUE) {
        bail!("{arn} is neither a Lambda function nor a queue, and the relay delivers to nothing else");
    }
    if target.input_transformer().is_some() {
        bail!("{arn} wants its input transformed, which the relay does not do");
    }
    match (target.input(), target.input_path()) {
        (Some(constant), _) => Ok(constant.to_owned()),
        (None, None | Some("$")) => Ok(event.to_string()),
        (None, Some(path)) => part_of(event, path).with_context(|| format!("{arn} wants the input {path}")),
    }
}

/// `$.a.b`, which is the form of InputPath that people use.
fn part_of(event: &Value, path: &str) -> Result<String> {
    let steps = path.strip_prefix("$.").context("only paths like $.detail.state are followed")?;
    let pointer: String = steps.split('.').map(|step| format!("/{step}")).collect();
    Ok(event.pointer(&pointer).context("the event has no such part")?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

    fn target() -> aws_sdk_eventbridge::types::builders::TargetBuilder {
        Target::builder().id("t").arn(FUNCTION)
    }

    #[test]
    fn a_target_gets_the_event_or_its_constant_or_the_part_that_it_asks_for() {
        let event = json!({"detail": {"state": {"value": "ALARM"}}});
        let input =
            |target: aws_sdk_eventbridge::types::builders::TargetBuilder| input_of(&target.build().unwrap(), &event);
        assert_eq!(input(target()).unwrap(), event.to_string());
        assert_eq!(input(target().input(r#"{"homeostat":"resync"}"#)).unwrap(), r#"{"homeostat":"resync"}"#);
        assert_eq!(input(target().input_path("$.detail.state")).unwrap(), r#"{"value":"ALARM"}"#);
        assert!(input(target().input_path("$.detail['state']")).is_err());
    }

    #[test]
    fn a_target_that_the_relay_can_not_serve_is_refused_by_its_name() {
        let topic = Target::builder().id("t").arn("arn:aws:sns:us-east-1:000000000000:t").build().unwrap();
        let refused = input_of(&topic, &json!({})).unwrap_err().to_string();
        assert!(refused.contains("arn:aws:sns:us-east-1:000000000000:t"), "{refused}");
    }
}
