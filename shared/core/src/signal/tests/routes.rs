//! One change of an alarm by each route: one key, one place to look.

use super::*;

const ARN: &str = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1";
const INSTANCE: &str = "i-0123456789abcdef0";

/// What the three routes say of the same change.
struct Routes {
    bus: Value,
    action: Value,
    topic: Value,
}

fn routes(state: &str, at: &str) -> Routes {
    let data = json!({
        "alarmName": "web-1", "state": {"value": state, "reason": "Threshold crossed", "timestamp": at},
        "previousState": {"value": "OK", "timestamp": "2026-03-01T01:00:00.000+0000"},
        "configuration": {"metrics": [{"id": "m", "metricStat": {"metric": {"namespace": "Web", "name": "Failed",
            "dimensions": {"InstanceId": INSTANCE}}, "period": 86400, "stat": "Sum"}, "returnData": true}]},
    });
    let bus = json!({
        "version": "0", "id": "1", "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
        "account": "123456789012", "region": "eu-west-1", "time": "2026-03-01T02:03:05Z", "resources": [ARN], "detail": data,
    });
    let action = json!({
        "source": "aws.cloudwatch", "alarmArn": ARN, "accountId": "123456789012", "time": "2026-03-01T02:03:04.999+0000",
        "region": "eu-west-1", "alarmData": data,
    });
    let message = json!({
        "AlarmName": "web-1", "AlarmDescription": null, "AWSAccountId": "123456789012", "NewStateValue": state,
        "NewStateReason": "Threshold crossed", "StateChangeTime": at, "Region": "EU (Ireland)", "AlarmArn": ARN,
        "OldStateValue": "OK", "Trigger": {"MetricName": "Failed", "Namespace": "Web", "Statistic": "SUM", "Period": 86400,
            "Dimensions": [{"value": INSTANCE, "name": "InstanceId"}], "TreatMissingData": ""},
    });
    Routes { bus, action, topic: by_topic(&message) }
}

fn by_topic(message: &Value) -> Value {
    json!({"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"Type": "Notification",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms", "Message": message.to_string()}}]})
}

/// As SNS hands it to a queue.
fn by_queue(topic: &Value) -> Value {
    json!({"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": topic["Records"][0]["Sns"].to_string()}]})
}

#[test]
fn one_change_has_one_key_and_one_subject_by_every_route() {
    for state in ["ALARM", "INSUFFICIENT_DATA"] {
        let Routes { bus, action, topic } = routes(state, "2026-03-01T02:03:04.567+0000");
        let first = signal(&bus);
        let bus_by_topic = by_topic(&bus);
        for other in [&action, &topic, &by_queue(&topic), &bus_by_topic, &by_queue(&bus_by_topic)] {
            let other = signal(other);
            assert_eq!((&other.key, &other.fact, &other.region), (&first.key, &first.fact, &first.region));
            assert_eq!((&other.account, &other.at), (&first.account, &first.at));
            assert_eq!(other.evidence, ["Threshold crossed"]);
        }
        assert_eq!(first.region.unwrap().as_str(), "eu-west-1");
    }
}

#[test]
fn another_change_has_another_key() {
    let key = |state, at| signal(&routes(state, at).topic).key;
    let one = key("ALARM", "2026-03-01T02:03:04.567+0000");
    assert_ne!(one, key("ALARM", "2026-03-01T02:03:04.568+0000"));
    assert_ne!(one, key("INSUFFICIENT_DATA", "2026-03-01T02:03:04.567+0000"));
    assert_eq!(one, key("ALARM", "2026-03-01T02:03:04.567Z"));
}

#[test]
fn no_route_reads_a_missing_state_as_a_healthy_one() {
    let Routes { mut bus, mut action, .. } = routes("ALARM", "2026-03-01T02:03:04.567+0000");
    for event in [&mut bus["detail"], &mut action["alarmData"]] {
        event["state"].as_object_mut().unwrap().remove("value");
    }
    let message = json!({"AlarmName": "web-1", "AlarmArn": ARN, "NewStateValue": null,
        "StateChangeTime": "2026-03-01T02:03:04.567+0000"});
    for (event, path) in [
        (bus, "$.detail.state.value"),
        (action, "$.alarmData.state.value"),
        (by_topic(&message), "$.Records[0].Sns.Message.NewStateValue"),
    ] {
        let said = read_one(&event).unwrap_err().to_string();
        assert!(said.starts_with(&format!("malformed event: {path} is ")) && said.contains("ALARM, OK or"), "{said}");
    }
}

#[test]
fn a_topic_without_an_arn_is_refused_since_a_name_for_people_is_no_region() {
    let message = json!({"AlarmName": "web-1", "NewStateValue": "ALARM", "Region": "EU (Ireland)",
        "StateChangeTime": "2026-03-01T02:03:04.567+0000"});
    let said = read_one(&by_topic(&message)).unwrap_err().to_string();
    assert!(said.contains("$.Records[0].Sns.Message.AlarmArn is missing"), "{said}");
}

#[test]
fn contributors_of_one_alarm_have_keys_of_their_own_and_none_is_picked() {
    let contributor = |id: &str| {
        let mut bus = routes("ALARM", "2026-03-01T02:03:04.567+0000").bus;
        bus["detail-type"] = json!("CloudWatch Alarm Contributor State Change");
        bus["detail"]["alarmContributor"] = json!({"id": id, "attributes": {"InstanceId": INSTANCE}});
        bus["detail"]["configuration"] =
            json!({"metrics": [{"id": "q", "expression": "SELECT MAX(Failed) FROM Web GROUP BY InstanceId"}]});
        bus
    };
    assert_ne!(signal(&contributor("a")).key, signal(&contributor("b")).key);
    let fact = alarm(&contributor("a"));
    assert_eq!((fact.kind, values(&fact)), (AlarmKind::Contributor, vec![("InstanceId", vec![INSTANCE])]));
    assert_ne!(fact.change.speaker(), alarm(&contributor("b")).change.speaker());
    let message = json!({
        "AlarmName": "web-1", "AlarmArn": ARN, "NewStateValue": "ALARM", "StateChangeTime": "2026-03-01T02:03:04.567+0000",
        "AlarmContributorId": "a", "AlarmContributorAttributes": {"InstanceId": INSTANCE},
        "Trigger": {"Metrics": [{"Id": "q", "Expression": "SELECT MAX(Failed) FROM Web GROUP BY InstanceId"}]},
    });
    let (bus, topic) = (signal(&contributor("a")), signal(&by_topic(&message)));
    assert_eq!((bus.key, bus.fact), (topic.key, topic.fact));
}
