//! What an alarm tells a topic, as CloudWatch publishes it.
//!
//! Nothing is published unless the topic's policy lets CloudWatch, and so does that of the key by which the topic is encrypted. An
//! alarm that is kept out says so nowhere on AWS but in its own history.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::Relay;
use super::permission::{Asks, Wish, allowed};

const CLOUDWATCH: &str = "cloudwatch.amazonaws.com";

/// What a service needs of a key to publish to a topic that it encrypts (SNS Developer Guide, "Enable compatibility between event
/// sources from AWS services and encrypted topics").
const OF_THE_KEY: [&str; 2] = ["kms:GenerateDataKey", "kms:Decrypt"];

/// A message of an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub alarm_arn: String,
    pub topic: String,
    pub subject: String,
    pub body: String,
}

impl Relay {
    /// # Errors
    /// If CloudWatch may not publish there, or if the call fails.
    pub async fn notify(&self, notice: &Notice) -> Result<()> {
        let Notice { alarm_arn, topic, subject, body } = notice;
        self.lets_alarm_publish(topic, alarm_arn).await?;
        let request = self.sns.publish().topic_arn(topic).subject(subject).message(body);
        request.send().await.with_context(|| format!("publishing to {topic}"))?;
        Ok(())
    }

    async fn lets_alarm_publish(&self, topic: &str, alarm_arn: &str) -> Result<()> {
        let answer = self.sns.get_topic_attributes().topic_arn(topic).send().await;
        let answer = answer.with_context(|| format!("reading the attributes of {topic}"))?;
        let attribute = |name: &str| answer.attributes()?.get(name).map(String::as_str).filter(|text| !text.is_empty());
        let asks = Asks { service: CLOUDWATCH, source_arn: alarm_arn };
        topic_lets_in(attribute("Policy"), topic, asks)?;
        let Some(key) = attribute("KmsMasterKeyId") else { return Ok(()) };
        ensure!(!is_of_aws(key), "{key}, by which {topic} is encrypted, is AWS's own, and lets no alarm in");
        let known = self.account.json("kms", "TrentService.DescribeKey", &json!({ "KeyId": key })).await?;
        let arn = known.pointer("/KeyMetadata/Arn").and_then(|arn| arn.as_str()).context("a key without an ARN")?;
        let input = json!({ "KeyId": key, "PolicyName": "default" });
        let policy = self.account.json("kms", "TrentService.GetKeyPolicy", &input).await?;
        key_lets_in(policy.get("Policy").and_then(|policy| policy.as_str()), arn, asks)
    }
}

/// The policy of such a key is AWS's, and can't be changed (same page).
fn is_of_aws(key: &str) -> bool {
    key.rsplit(':').next().unwrap_or(key).starts_with("alias/aws/")
}

fn topic_lets_in(policy: Option<&str>, topic: &str, asks: Asks<'_>) -> Result<()> {
    let wish = Wish { action: "sns:Publish", resource: topic, asks };
    let may = allowed(policy, &wish).with_context(|| format!("reading the policy of {topic}"))?;
    ensure!(may, "the policy of {topic} does not let {} publish for {}", asks.service, asks.source_arn);
    Ok(())
}

fn key_lets_in(policy: Option<&str>, key: &str, asks: Asks<'_>) -> Result<()> {
    for action in OF_THE_KEY {
        let may = allowed(policy, &Wish { action, resource: key, asks });
        let may = may.with_context(|| format!("reading the policy of the key {key}"))?;
        ensure!(may, "the policy of the key {key} does not let {} do {action} for {}", asks.service, asks.source_arn);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:homeostat";
    const KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/k";
    const ALARM: &str = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:homeostat-errors";

    fn alarm() -> Asks<'static> {
        Asks { service: CLOUDWATCH, source_arn: ALARM }
    }

    fn statement(service: &str, action: &str, condition: &serde_json::Value) -> String {
        let statement = json!({
            "Effect": "Allow", "Principal": { "Service": service }, "Action": action, "Resource": "*",
            "Condition": condition,
        });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    }

    fn of_this_account() -> serde_json::Value {
        json!({ "StringEquals": { "aws:SourceAccount": "000000000000" } })
    }

    #[test]
    fn a_topic_lets_in_the_alarms_that_its_policy_names_and_no_others() {
        let here = json!({ "ArnLike": { "aws:SourceArn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:*" } });
        let elsewhere = json!({ "ArnLike": { "aws:SourceArn": "arn:aws:cloudwatch:us-east-1:111111111111:alarm:*" } });
        let lets_in = |policy: Option<&str>| topic_lets_in(policy, TOPIC, alarm()).is_ok();
        assert!(lets_in(Some(&statement(CLOUDWATCH, "sns:Publish", &here))));
        assert!(!lets_in(Some(&statement(CLOUDWATCH, "sns:Publish", &elsewhere))));
        assert!(!lets_in(Some(&statement(CLOUDWATCH, "sns:Subscribe", &here))));
        assert!(!lets_in(Some(&statement("events.amazonaws.com", "sns:Publish", &here))));
        assert!(!lets_in(None));
    }

    #[test]
    fn a_refusal_of_whatever_is_not_over_tls_should_not_keep_alarms_out() {
        let refused = |transport: &str| {
            let deny = json!({
                "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": TOPIC,
                "Condition": { "Bool": { "aws:SecureTransport": transport } },
            });
            let allow = json!({
                "Effect": "Allow", "Principal": { "Service": CLOUDWATCH }, "Action": "sns:Publish", "Resource": TOPIC,
            });
            topic_lets_in(Some(&json!({ "Statement": [allow, deny] }).to_string()), TOPIC, alarm()).is_err()
        };
        assert!(!refused("false"));
        assert!(refused("true"));
    }

    #[test]
    fn a_key_that_grants_half_of_what_is_needed_keeps_alarms_out() {
        let lets_in =
            |action: &str| key_lets_in(Some(&statement(CLOUDWATCH, action, &of_this_account())), KEY, alarm());
        assert!(lets_in("kms:*").is_ok());
        for half in ["kms:Decrypt", "kms:GenerateDataKey*"] {
            let why = lets_in(half).unwrap_err().to_string();
            assert!(why.contains(KEY) && why.contains(CLOUDWATCH) && why.contains(ALARM), "{why}");
        }
    }

    /// What every key's policy says of its account speaks of principals of IAM, not of services.
    #[test]
    fn a_key_for_its_own_account_should_not_let_alarms_in() {
        let root = json!({
            "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::000000000000:root" }, "Action": "kms:*", "Resource": "*",
        });
        assert!(key_lets_in(Some(&json!({ "Statement": [root] }).to_string()), KEY, alarm()).is_err());
    }

    #[test]
    fn a_key_of_aws_is_known_by_its_alias() {
        for key in ["alias/aws/sns", "arn:aws:kms:us-east-1:000000000000:alias/aws/sns"] {
            assert!(is_of_aws(key), "{key}");
        }
        for key in ["alias/homeostat", "arn:aws:kms:us-east-1:000000000000:alias/homeostat", KEY, "k"] {
            assert!(!is_of_aws(key), "{key}");
        }
    }
}
