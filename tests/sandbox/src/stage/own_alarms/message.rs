//! An alarm's change in the words in which CloudWatch tells a topic of it: the shape of the samples in "Notifying users on alarm
//! changes" (CloudWatch User Guide) and in the messages that AWS's own Lambda libraries test with.
//!
//! It never says a setting other than the deployed one: the world's are compressed.

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::deployed::Deployed;
use crate::relay::Notice;

/// What CloudWatch calls [`REGION`](crate::account::REGION).
const REGION_NAME: &str = "US East (N. Virginia)";

/// `Publish` takes no longer one (SNS API reference).
const LONGEST_SUBJECT: usize = 100;

/// One for each topic that it notifies at this change.
pub(super) fn notices(alarm: &Deployed, event: &Value) -> Result<Vec<Notice>> {
    let state = event.pointer("/detail/state/value").and_then(Value::as_str).context("a change to no state")?;
    let subject: String =
        format!("{state}: \"{}\" in {REGION_NAME}", alarm.name).chars().take(LONGEST_SUBJECT).collect();
    let body = body(alarm, event)?.to_string();
    let notice = |topic: &String| Notice {
        alarm_arn: alarm.arn.clone(),
        topic: topic.clone(),
        subject: subject.clone(),
        body: body.clone(),
    };
    Ok(alarm.actions(state).iter().map(notice).collect())
}

fn body(alarm: &Deployed, event: &Value) -> Result<Value> {
    let told = |place: &str| event.pointer(place).unwrap_or(&Value::Null);
    let configured = Timestamp::from_second(alarm.configured_at).ok().context("when the alarm was configured")?;
    Ok(json!({
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": told("/account"),
        "AlarmConfigurationUpdatedTimestamp": configured.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string(),
        "NewStateValue": told("/detail/state/value"),
        "NewStateReason": told("/detail/state/reason"),
        "StateChangeTime": told("/detail/state/timestamp"),
        "Region": REGION_NAME,
        "AlarmArn": alarm.arn,
        "OldStateValue": told("/detail/previousState/value"),
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "Trigger": trigger(alarm),
    }))
}

fn trigger(alarm: &Deployed) -> Value {
    let dimensions =
        alarm.dimensions.iter().map(|dimension| json!({ "value": dimension.value, "name": dimension.name }));
    let mut trigger = json!({
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": "Statistic",
        "Statistic": alarm.statistic.as_deref().unwrap_or_default().to_uppercase(),
        "Unit": alarm.unit,
        "Dimensions": dimensions.collect::<Vec<_>>(),
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data.as_deref().unwrap_or("missing"),
        "EvaluateLowSampleCountPercentile": "",
    });
    if let (Some(datapoints), Some(fields)) = (alarm.datapoints_to_alarm, trigger.as_object_mut()) {
        fields.insert("DatapointsToAlarm".to_owned(), datapoints.into());
    }
    trigger
}

#[cfg(test)]
mod tests {
    use homeostat_core::signal::{self, Parsed};

    use super::*;

    const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:homeostat";

    fn alarm(name: &str) -> Deployed {
        let arn = format!("arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}");
        serde_json::from_value(json!({
            "AlarmName": name, "AlarmArn": arn, "AlarmDescription": "No sweep.", "MetricName": "Invocations",
            "Namespace": "AWS/Lambda", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 5, "Threshold": 1.0,
            "ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching", "ActionsEnabled": true,
            "AlarmActions": [TOPIC], "Dimensions": [{ "Name": "FunctionName", "Value": "sweep" }],
            "AlarmConfigurationUpdatedTimestamp": 1_795_219_200,
        }))
        .unwrap()
    }

    fn change(alarm: &Deployed, state: &str) -> Value {
        json!({ "account": "000000000000", "resources": [alarm.arn], "detail": {
            "alarmName": alarm.name,
            "state": { "value": state, "reason": "No datapoints.", "timestamp": "2026-11-21T09:00:00.000+0000" },
            "previousState": { "value": "OK" },
        } })
    }

    #[test]
    fn the_message_says_the_deployed_settings_and_the_change() {
        let alarm = alarm("homeostat-sweep-stopped");
        let [notice] = &notices(&alarm, &change(&alarm, "ALARM")).unwrap()[..] else { panic!("not one notice") };
        assert_eq!(notice.topic, TOPIC);
        assert_eq!(notice.subject, "ALARM: \"homeostat-sweep-stopped\" in US East (N. Virginia)");
        let body: Value = serde_json::from_str(&notice.body).unwrap();
        assert_eq!(body["AlarmArn"], alarm.arn.as_str());
        assert_eq!((&body["NewStateValue"], &body["OldStateValue"]), (&json!("ALARM"), &json!("OK")));
        assert_eq!((&body["Trigger"]["Period"], &body["Trigger"]["Statistic"]), (&json!(60), &json!("SUM")));
        assert_eq!(body["AlarmConfigurationUpdatedTimestamp"], "2026-11-21T00:00:00.000+0000");
    }

    #[test]
    fn a_state_without_an_action_should_not_be_told_of() {
        let alarm = alarm("quiet");
        assert!(notices(&alarm, &change(&alarm, "OK")).unwrap().is_empty());
    }

    #[test]
    fn a_long_name_should_not_make_a_subject_that_sns_refuses() {
        let alarm = alarm(&"a".repeat(255));
        let all = notices(&alarm, &change(&alarm, "ALARM")).unwrap();
        assert_eq!(all[0].subject.chars().count(), LONGEST_SUBJECT);
    }

    /// Homeostat's functions may listen to the same topic by mistake.
    #[test]
    fn the_core_reads_it_as_the_alarm_that_it_is() {
        let alarm = alarm("homeostat-errors");
        let notice = notices(&alarm, &change(&alarm, "ALARM")).unwrap().remove(0);
        let record = json!({ "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": TOPIC, "Sns": {
            "Type": "Notification", "MessageId": "m", "TopicArn": TOPIC, "Subject": notice.subject,
            "Message": notice.body, "Timestamp": "2026-11-21T09:00:01.000Z", "SignatureVersion": "1",
            "Signature": "s", "SigningCertUrl": "c", "UnsubscribeUrl": "u", "MessageAttributes": {},
        } });
        let read = signal::read(&json!({ "Records": [record] }), Timestamp::now());
        let [Ok(Parsed::Signal(signal))] = &read[..] else { panic!("{read:?}") };
        assert!(format!("{signal:?}").contains("homeostat-errors"), "{signal:?}");
    }
}
