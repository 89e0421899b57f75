//! What all kinds of events have in common: envelopes, keys, and that nothing is ever guessed.

mod forged;
mod hostile;
mod routes;

use serde_json::{Value, json};

use super::*;

/// Later than what these events tell of.
const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// The answer to an event that came alone.
pub(super) fn read_one(event: &Value) -> Result<Parsed, Malformed> {
    let mut read = read(event, NOW);
    assert_eq!(read.len(), 1, "{event}");
    read.remove(0)
}

pub(super) fn signal(event: &Value) -> Signal {
    match read_one(event) {
        Ok(Parsed::Signal(signal)) => signal,
        other => panic!("{other:?} for {event}"),
    }
}

pub(super) fn alarm(event: &Value) -> AlarmFact {
    match signal(event).fact {
        Fact::Alarm(alarm) => alarm,
        other => panic!("{other:?} for {event}"),
    }
}

pub(super) fn values(alarm: &AlarmFact) -> Vec<(&str, Vec<&str>)> {
    let dimensions = alarm.dimensions.0.iter();
    dimensions.map(|(name, values)| (name.as_str(), values.iter().map(String::as_str).collect())).collect()
}

fn order(event: &Value) -> Order {
    match signal(event).fact {
        Fact::Order(order) => order,
        other => panic!("{other:?} for {event}"),
    }
}

#[test]
fn a_wake_up_is_read_back_as_sent() {
    let subject: Subject = "eu-west-1#instance#i-0123456789abcdef0".parse().unwrap();
    assert_eq!(order(&wake(&subject)).hint(), Some(Hint::wake(subject)));
    let at = Timestamp::from_millisecond(1_800_000_000_123).unwrap();
    let subject: Subject = "eu-west-1#hook#web:ready:i-0123456789abcdef0".parse().unwrap();
    assert_eq!(order(&look(&subject, at)).hint(), Some(Hint { subject, why: Trigger::Look { at } }));
    assert_eq!(order(&json!({"homeostat": "resync"})), Order::Resync);
}

#[test]
fn a_foreign_event_is_ignored_by_name() {
    for (source, detail_type) in [
        ("aws.rds", "RDS DB Instance Event"),
        ("aws.ecs", "ECS Task State Change"),
        ("aws.elasticache", "ElastiCache Serverless Cache Event"),
        ("com.example.shop", "Order Placed"),
        ("aws.ec2", "EC2 Something New"),
        ("aws.autoscaling", "EC2 Auto Scaling Something New"),
        ("aws.cloudwatch", "CloudWatch Alarm Surprise"),
    ] {
        let event = json!({"source": source, "detail-type": detail_type, "detail": {}});
        let Ok(Parsed::Ignored(why)) = read_one(&event) else { panic!("{:?}", read_one(&event)) };
        let why = why.to_string();
        assert!(why.contains(source) && why.contains(detail_type), "{why}");
    }
}

#[test]
fn garbage_is_malformed_and_never_a_signal() {
    for event in [
        json!(null),
        json!([]),
        json!({}),
        json!("text"),
        json!({"homeostat": 1}),
        json!({"homeostat": "sync"}),
        json!({"homeostat": "wake"}),
        json!({"homeostat": "wake", "subject": "eu-west-1#instance#i-0123456789abcdef0", "look": "now"}),
        json!({"homeostat": "wake", "subject": "i-0123456789abcdef0"}),
        json!({"source": "aws.cloudwatch"}),
        json!({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change"}),
        json!({"alarmData": {}}),
        json!({"AlarmName": "web", "NewStateValue": "ALARM"}),
        json!({"Records": 7}),
        json!({"Records": []}),
        json!({"Records": [{}]}),
        json!({"Records": [{"body": "not json"}]}),
        json!({"Records": [{"body": "7"}]}),
        json!({"Records": [{"Sns": {"Message": "{", "TopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms"}}]}),
        json!({"Records": [{"Sns": {}}]}),
    ] {
        assert!(read_one(&event).is_err(), "{event}");
    }
}

#[test]
fn one_odd_entity_of_a_health_event_hides_no_other() {
    let retirement = |entities: Value| {
        json!({"source": "aws.health", "detail-type": "AWS Health Event", "account": "123456789012", "region": "eu-west-1",
            "time": "2026-03-01T02:03:05Z", "detail": {"service": "EC2", "communicationId": "c",
            "eventTypeCode": "AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED", "startTime": "Sun, 15 Mar 2026 02:00:00 GMT",
            "affectedEntities": entities}})
    };
    let odd = json!({"entityValue": "UNKNOWN"});
    for odd in [&odd, &json!({}), &json!({"entityValue": 7}), &json!(null)] {
        let both = retirement(json!([odd, {"entityValue": "i-0123456789abcdef0"}]));
        assert_eq!(signal(&both).fact.about(), "i-0123456789abcdef0");
    }
    let said = read_one(&retirement(json!([odd]))).unwrap_err().to_string();
    assert!(said.contains("$.detail.affectedEntities[0].entityValue is \"UNKNOWN\""), "{said}");
}

#[test]
fn every_code_that_ends_an_instance_is_a_retirement_and_a_reboot_is_none() {
    let of = |code: &str| {
        read_one(&json!({"source": "aws.health", "detail-type": "AWS Health Event", "account": "123456789012",
            "region": "eu-west-1", "time": "2026-03-01T02:03:05Z", "detail": {"service": "EC2", "communicationId": "c",
            "eventTypeCode": code, "startTime": "Sun, 15 Mar 2026 02:00:00 GMT",
            "affectedEntities": [{"entityValue": "i-0123456789abcdef0"}]}}))
    };
    for code in
        ["PERSISTENT_INSTANCE_RETIREMENT_EXPEDITED", "INSTANCE_TERMINATION_SCHEDULED", "INSTANCE_STOP_SCHEDULED"]
    {
        assert!(matches!(of(&format!("AWS_EC2_{code}")), Ok(Parsed::Signal(_))), "{code}");
    }
    for code in ["INSTANCE_REBOOT_MAINTENANCE_SCHEDULED", "DEDICATED_HOST_RETIREMENT_SCHEDULED", "OPERATIONAL_ISSUE"] {
        assert!(matches!(of(&format!("AWS_EC2_{code}")), Ok(Parsed::Ignored(NoSignal::HealthNews { .. }))), "{code}");
    }
}

#[test]
fn each_record_has_its_own_answer() {
    let wake = wake(&"eu-west-1#instance#i-0123456789abcdef0".parse().unwrap()).to_string();
    let records = json!({"Records": [{"body": wake}, {"body": "{"}, {"body": wake}, {"eventSource": "aws:s3", "eventName": "Put"}]});
    let read = read(&records, NOW);
    assert!(
        matches!(read.as_slice(), [Ok(Parsed::Signal(_)), Err(_), Ok(Parsed::Signal(_)), Ok(Parsed::Ignored(_))]),
        "{read:?}"
    );
    let said = read[1].as_ref().unwrap_err().to_string();
    assert!(said.starts_with("malformed event: $.Records[1].body is "), "{said}");
}

#[test]
fn a_message_for_people_is_no_event_and_a_broken_one_is_malformed() {
    let by_topic = |message: &str| json!({"Records": [{"EventSource": "aws:sns", "Sns": {"TopicArn": "team", "Message": message}}]});
    assert!(matches!(read_one(&by_topic("Your budget is spent.")), Ok(Parsed::Ignored(NoSignal::Message { .. }))));
    let of_others = json!({"notificationType": "Bounce", "bounce": {"bounceType": "Permanent"}}).to_string();
    assert!(matches!(read_one(&by_topic(&of_others)), Ok(Parsed::Ignored(NoSignal::Message { .. }))));
    let alarm_without_arn = json!({"AlarmName": "web-1", "NewStateReason": "…"}).to_string();
    assert!(read_one(&by_topic(&alarm_without_arn)).is_err());
    let said = read_one(&by_topic("{\"AlarmName\": ")).unwrap_err().to_string();
    assert!(said.contains("$.Records[0].Sns.Message"), "{said}");
}
