//! The rights that AWS's services use with a function's role, by the function's deployed configuration.
//!
//! No call of these passes the proxy, and MiniStack doesn't hold them against the role. What is here is what AWS's pages say
//! that the service needs; never what a role happens to allow.

use anyhow::{Context, Result};
use aws_sdk_lambda::types::TracingMode;

use crate::account::{ACCOUNT_ID, REGION};

/// A right, and the service that needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lent {
    pub to: String,
    pub action: &'static str,
    pub on: String,
    /// Keys of the request, by lower-case name.
    pub keys: Vec<(&'static str, String)>,
}

/// Lambda Developer Guide, "Defining Lambda function permissions with an execution role", "Creating and configuring an Amazon SQS
/// event source mapping", "Process DynamoDB records with Lambda", "Capturing records of Lambda asynchronous invocations".
pub(super) async fn to_lambda(lambda: &aws_sdk_lambda::Client, function: &str) -> Result<Vec<Lent>> {
    let configured = lambda.get_function_configuration().function_name(function).send().await;
    let configured = configured.with_context(|| format!("reading the configuration of {function}"))?;
    let mut lent = Vec::new();
    let log_group = configured.logging_config().and_then(|logging| logging.log_group());
    let log_group = log_group.map_or_else(|| format!("/aws/lambda/{function}"), str::to_owned);
    let streams = format!("arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{log_group}:log-stream:any");
    lent.extend(each("Lambda, for logs", &["logs:CreateLogStream", "logs:PutLogEvents"], &streams));
    if configured.tracing_config().and_then(|tracing| tracing.mode()) == Some(&TracingMode::Active) {
        let actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"];
        lent.extend(each("Lambda, for traces", &actions, "*"));
    }
    let mappings = lambda.list_event_source_mappings().function_name(function).send().await;
    for mapping in mappings.with_context(|| format!("listing the mappings of {function}"))?.event_source_mappings() {
        let source = mapping.event_source_arn().context("a mapping without a source")?;
        let (polls, actions): (_, &[&'static str]) = if source.contains(":sqs:") {
            ("Lambda, which polls", &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"])
        } else {
            let actions = &[
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:ListStreams",
            ];
            ("Lambda, which reads the stream", actions)
        };
        lent.extend(each(polls, actions, source));
        let failed = mapping.destination_config().and_then(|destinations| destinations.on_failure());
        lent.extend(failed.and_then(|failed| failed.destination()).into_iter().flat_map(dead_letter));
    }
    // SAM configures the newest version. A function without a configuration is told of as an error.
    let invoked = lambda.get_function_event_invoke_config().function_name(function).qualifier("$LATEST");
    let invoked = invoked.send().await.ok();
    let destinations = invoked.as_ref().and_then(|invoked| invoked.destination_config());
    let failed = destinations.and_then(|destinations| destinations.on_failure());
    lent.extend(failed.and_then(|failed| failed.destination()).into_iter().flat_map(dead_letter));
    Ok(lent)
}

/// SNS Developer Guide, "Managing encryption keys and costs": whoever publishes to a topic with a key of the account's own needs
/// both, by way of SNS.
pub(super) async fn to_sns(sns: &aws_sdk_sns::Client, topic: &str) -> Result<Vec<Lent>> {
    let attributes = sns.get_topic_attributes().topic_arn(topic).send().await;
    let attributes = attributes.with_context(|| format!("reading the attributes of {topic}"))?;
    let key = attributes.attributes().and_then(|attributes| attributes.get("KmsMasterKeyId"));
    let Some(key) = key.filter(|key| !key.is_empty() && !key.contains("alias/aws/")) else { return Ok(Vec::new()) };
    let place = format!("arn:aws:kms:{REGION}:{ACCOUNT_ID}:");
    let arn = if key.starts_with("arn:") { key.clone() } else { format!("{place}key/{key}") };
    let mut lent = each("SNS, which encrypts", &["kms:GenerateDataKey", "kms:Decrypt"], &arn).collect::<Vec<_>>();
    for right in &mut lent {
        right.keys = vec![
            ("kms:viaservice", format!("sns.{REGION}.amazonaws.com")),
            ("kms:encryptioncontext:aws:sns:topicarn", topic.to_owned()),
        ];
    }
    Ok(lent)
}

fn dead_letter(queue: &str) -> impl Iterator<Item = Lent> + use<> {
    each("Lambda, for dead letters", &["sqs:SendMessage"], queue)
}

fn each(to: &str, actions: &[&'static str], on: &str) -> impl Iterator<Item = Lent> + use<> {
    let (to, on, actions) = (to.to_owned(), on.to_owned(), actions.to_vec());
    actions.into_iter().map(move |action| Lent { to: to.clone(), action, on: on.clone(), keys: Vec::new() })
}
