//! Events that somebody made up to do harm.

use super::*;

const HOSTILE: &str = "web\u{1b}[2J\u{9b}31m\r\n\u{202e}live\u{2066}\u{200b}\u{7f}";

fn is_plain(text: &str) -> bool {
    !text.contains(|character: char| character.is_control() || ('\u{200b}'..='\u{206f}').contains(&character))
}

fn alarm(name: &str, reason: &str) -> Value {
    json!({
        "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "account": "123456789012",
        "region": "eu-west-1", "resources": [format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}")],
        "detail": {"state": {"value": "ALARM", "timestamp": "2026-03-01T02:03:04.567+0000", "reason": reason}},
    })
}

#[test]
fn a_hostile_text_is_escaped_in_evidence_and_in_what_is_said_of_the_event() {
    let signal = signal(&alarm("web", HOSTILE));
    assert!(is_plain(&signal.evidence[0]) && signal.evidence[0].contains("live"), "{:?}", signal.evidence);
    for ignored in [
        json!({"source": HOSTILE, "detail-type": HOSTILE}),
        json!({"source": "aws.rds", "detail-type": HOSTILE}),
        json!({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm Configuration Change",
            "detail": {"alarmName": HOSTILE, "operation": HOSTILE}}),
        json!({"Event": "autoscaling:TEST_NOTIFICATION", "AutoScalingGroupName": HOSTILE}),
        json!({"source": "aws.arc-zonal-shift", "detail-type": HOSTILE, "detail": {"metadata": {"awayFrom": HOSTILE}}}),
        json!({"source": "aws.health", "detail-type": "AWS Health Event", "detail": {"service": HOSTILE, "eventTypeCode": HOSTILE}}),
        json!({"Records": [{"Sns": {"TopicArn": HOSTILE, "Message": "hello"}}]}),
    ] {
        let Ok(Parsed::Ignored(why)) = read_one(&ignored) else { panic!("{ignored}") };
        assert!(is_plain(&why.to_string()), "{why}");
    }
}

#[test]
fn a_hostile_value_does_no_harm_in_an_error() {
    for malformed in [
        json!(HOSTILE),
        json!({"homeostat": HOSTILE}),
        alarm("web\u{1b}[2J", ""),
        json!({"Records": [{"body": HOSTILE}]}),
        json!({"Records": [{"Sns": {"Message": format!("{{{HOSTILE}")}}]}),
    ] {
        let said = read_one(&malformed).unwrap_err().to_string();
        assert!(is_plain(&said) && said.len() < 400, "{said}");
    }
}

fn told(signal: &Signal) -> String {
    format!("{} {} {} {}", signal.key, signal.fact, signal.fact.about(), signal.evidence.join(" "))
}

#[test]
fn what_is_told_of_a_signal_is_plain_whatever_stands_in_names() {
    let launch = json!({"source": "aws.autoscaling", "detail-type": "EC2 Instance Launch Unsuccessful", "account": "123456789012",
        "region": "eu-west-1", "time": "2026-03-01T02:03:04Z",
        "detail": {"AutoScalingGroupName": "web\u{202e}live", "ActivityId": HOSTILE, "Cause": HOSTILE}});
    let retirement = json!({"source": "aws.health", "detail-type": "AWS Health Event", "account": "123456789012",
        "region": "eu-west-1", "time": "2026-03-01T02:03:04Z", "id": HOSTILE,
        "detail": {"service": "EC2", "eventTypeCode": "AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED", "page": HOSTILE,
            "startTime": "Thu, 27 Aug 2026 13:19:03 GMT", "affectedEntities": [{"entityValue": "i-0123456789abcdef0"}]}});
    let group: Subject = "eu-west-1#group#web\u{202e}live".parse().unwrap();
    for event in [alarm("web\u{202e}live", ""), launch, retirement, wake(&group)] {
        let told = told(&signal(&event));
        assert!(is_plain(&told), "{told}");
    }
}

#[test]
fn an_activity_of_any_length_makes_a_short_key() {
    let event = json!({"source": "aws.autoscaling", "detail-type": "EC2 Instance Launch Unsuccessful", "account": "123456789012",
        "region": "eu-west-1", "time": "2026-03-01T02:03:04Z",
        "detail": {"AutoScalingGroupName": "web", "ActivityId": "a".repeat(100_000)}});
    assert!(signal(&event).key.to_string().len() < 2_000);
}

/// AWS allows it: no control character is in it.
#[test]
fn a_name_that_turns_the_direction_is_a_name_and_is_shown_escaped() {
    let mut event = alarm("web\u{202e}live", "");
    event["detail"]["state"]["value"] = json!("OK");
    let Ok(Parsed::Ignored(why)) = read_one(&event) else { panic!() };
    assert!(is_plain(&why.to_string()), "{why}");
}

#[test]
fn a_reason_of_any_length_stays_short() {
    let signal = signal(&alarm("web", &"☃".repeat(100_000)));
    assert_eq!(signal.evidence[0].chars().count(), LONGEST_LINE + 1);
}

#[test]
fn a_time_that_nothing_can_be_reckoned_from_is_malformed() {
    let instance = "eu-west-1#instance#i-0123456789abcdef0";
    for time in ["9999-12-30T22:00:00Z", "-009999-01-02T01:59:59Z", "1969-12-31T23:59:59Z"] {
        let interruption = json!({"source": "aws.ec2", "detail-type": "EC2 Spot Instance Interruption Warning", "account": "123456789012",
            "region": "eu-west-1", "time": time, "detail": {"instance-id": "i-0123456789abcdef0", "instance-action": "stop"}});
        let mut change = alarm("web", "");
        change["detail"]["state"]["timestamp"] = json!(time);
        for event in [interruption, change] {
            let said = read_one(&event).unwrap_err().to_string();
            assert!(said.contains("expected a time"), "{said}");
        }
    }
    for look in [-1, 253_402_207_200_000_i64, i64::MAX] {
        assert!(read_one(&json!({"homeostat": "wake", "subject": instance, "look": look})).is_err(), "{look}");
    }
}

#[test]
fn envelopes_in_envelopes_come_to_an_end() {
    let mut event = wake(&"eu-west-1#instance#i-0123456789abcdef0".parse().unwrap());
    for depth in 0..12 {
        let body = event.to_string();
        event = json!({"Records": [{"body": body}]});
        let read = read_one(&event);
        assert_eq!(read.is_ok(), depth < 2, "{depth}: {read:?}");
    }
}

#[test]
fn numbers_and_nesting_beyond_measure_are_refused_or_passed_over() {
    for body in [
        "1e999".to_owned(),
        "[".repeat(100_000),
        format!("{{\"a\":{}}}", "[".repeat(100_000)),
        "{\"a\":1e999}".to_owned(),
    ] {
        assert!(read_one(&json!({"Records": [{"body": body}]})).is_err());
    }
    let mut deep = json!(0);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let mut event = alarm("web", "");
    event["detail"]["unknown"] = deep;
    event["detail"]["huge"] = json!(u64::MAX);
    assert!(read_one(&event).is_ok());
}
