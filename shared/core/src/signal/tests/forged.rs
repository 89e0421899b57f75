//! Events of people who may send one and nothing else: a time that they made up, and a way by which nothing of the kind comes.

use super::*;

const LATER: i64 = 5 * 60;

fn after(seconds: i64) -> String {
    (NOW + jiff::SignedDuration::from_secs(seconds)).to_string()
}

fn bus(source: &str, detail_type: &str, time: &str, detail: Value) -> Value {
    json!({"source": source, "detail-type": detail_type, "account": "123456789012", "region": "eu-west-1", "time": time,
        "resources": ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1"], "detail": detail})
}

fn action(time: &str) -> Value {
    json!({"LifecycleActionToken": "87654321-4321-4321-4321-210987654321", "AutoScalingGroupName": "web",
        "LifecycleHookName": "ready", "EC2InstanceId": "i-0123456789abcdef0", "Time": time,
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "Origin": "EC2", "Destination": "AutoScalingGroup"})
}

/// One of each kind, as it comes without an envelope, with the place of its time.
fn told_at(time: &str) -> Vec<(Value, &'static str)> {
    let state = json!({"state": {"value": "ALARM", "timestamp": time, "reason": "r"}});
    let retirement = json!({"service": "EC2", "eventTypeCode": "AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED", "communicationId": "c",
        "startTime": "Sun, 15 Mar 2037 02:00:00 GMT", "affectedEntities": [{"entityValue": "i-0123456789abcdef0"}]});
    let machine = json!({"instance-id": "i-0123456789abcdef0", "instance-action": "terminate", "state": "stopped"});
    let ec2 = |kind| (bus("aws.ec2", kind, time, machine.clone()), "$.time");
    vec![
        (bus("aws.cloudwatch", "CloudWatch Alarm State Change", time, state.clone()), "$.detail.state.timestamp"),
        (
            bus("aws.cloudwatch", "CloudWatch Alarm Contributor State Change", time, state.clone()),
            "$.detail.state.timestamp",
        ),
        (
            json!({"source": "aws.cloudwatch", "alarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1", "alarmData": state}),
            "$.alarmData.state.timestamp",
        ),
        (
            json!({"AlarmName": "web-1", "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1",
                "NewStateValue": "ALARM", "StateChangeTime": time}),
            "$.StateChangeTime",
        ),
        (bus("aws.autoscaling", "EC2 Instance-launch Lifecycle Action", time, action(time)), "$.time"),
        (action(time), "$.Time"),
        (
            bus(
                "aws.autoscaling",
                "EC2 Instance Launch Unsuccessful",
                time,
                json!({"AutoScalingGroupName": "web", "ActivityId": "a"}),
            ),
            "$.time",
        ),
        ec2("EC2 Instance State-change Notification"),
        ec2("EC2 Spot Instance Interruption Warning"),
        ec2("EC2 Instance Rebalance Recommendation"),
        (bus("aws.health", "AWS Health Event", time, retirement), "$.time"),
    ]
}

fn by_queue(event: &Value) -> Value {
    json!({"Records": [{"eventSource": "aws:sqs", "body": event.to_string()}]})
}

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:alarms";

fn by_topic(event: &Value) -> Value {
    json!({"Records": [{"EventSource": "aws:sns", "Sns": {"TopicArn": TOPIC, "Message": event.to_string()}}]})
}

/// Each way that a message of a topic may be wrapped in.
fn by_topic_somehow(event: &Value) -> [Value; 4] {
    let notification = json!({"Type": "Notification", "TopicArn": TOPIC, "Message": event.to_string()});
    [by_topic(event), notification.clone(), by_queue(&notification), by_topic(&by_queue(event))]
}

fn times(signal: &Signal) -> Vec<Timestamp> {
    let told = match &signal.fact {
        Fact::Alarm(alarm) => alarm.change.changed_at,
        Fact::Notice { notice, .. } => notice.at,
        Fact::Action(told) => told.at,
        Fact::Order(order) => panic!("{order:?}"),
    };
    signal.at.into_iter().chain([told]).collect()
}

#[test]
fn a_time_that_has_not_come_is_malformed_by_every_way_in() {
    for seconds in [LATER + 1, 86_400, 900_000_000] {
        for (event, path) in told_at(&after(seconds)) {
            let said = read_one(&event).unwrap_err().to_string();
            let expected = format!(
                "{path} is {:?}, expected a time at most five minutes ahead of now, 2027-01-15T08:00:00Z",
                after(seconds)
            );
            assert!(said.contains(&expected), "{said}");
            let wrapped = [vec![by_queue(&event)], by_topic_somehow(&event).to_vec()].concat();
            for event in wrapped {
                assert!(!matches!(read_one(&event), Ok(Parsed::Signal(_))), "{event}");
            }
        }
    }
}

#[test]
fn a_clock_that_is_ahead_by_a_little_is_taken_for_now_and_the_key_stays_as_told() {
    for (event, _) in told_at(&after(LATER)) {
        let (soon, later) = (read(&event, NOW), read(&event, NOW + jiff::SignedDuration::from_secs(LATER)));
        let ([Ok(Parsed::Signal(soon))], [Ok(Parsed::Signal(later))]) = (&soon[..], &later[..]) else {
            panic!("{event}")
        };
        assert!(times(soon).iter().all(|at| *at == NOW), "{soon:?}");
        assert!(times(later).iter().all(|at| *at > NOW), "{later:?}");
        assert_eq!(soon.key, later.key);
    }
}

#[test]
fn only_the_date_that_is_announced_may_be_to_come() {
    let noticed = |event: &Value| match signal(event).fact {
        Fact::Notice { notice, .. } => notice.by,
        other => panic!("{other:?}"),
    };
    for (event, _) in told_at(&after(LATER)) {
        match event["detail-type"].as_str() {
            Some("AWS Health Event") => assert!(noticed(&event) > Some(NOW)),
            Some("EC2 Spot Instance Interruption Warning") => {
                assert_eq!(noticed(&event), Some(NOW + jiff::SignedDuration::from_mins(2)));
            }
            _ => {}
        }
    }
}

#[test]
fn from_a_topic_only_alarms_are_taken_however_it_is_wrapped() {
    let subject = "eu-west-1#instance#i-0123456789abcdef0".parse().unwrap();
    let own = [wake(&subject), look(&subject, NOW), json!({"homeostat": "resync"}), json!({"homeostat": 7})];
    let told = told_at(&after(-60)).into_iter().map(|(event, _)| event);
    for event in told.chain(own) {
        let is_alarm =
            event.get("AlarmName").is_some() || event["source"] == "aws.cloudwatch" && event.get("alarmData").is_none();
        for wrapped in by_topic_somehow(&event) {
            match read_one(&wrapped) {
                Ok(Parsed::Signal(_)) if is_alarm => {}
                Ok(Parsed::Ignored(why @ NoSignal::Route { .. })) if !is_alarm => {
                    let said = why.to_string();
                    assert!(said.ends_with("from a topic only alarms are taken") && said.contains(TOPIC), "{said}");
                }
                other => panic!("{other:?} for {wrapped}"),
            }
        }
    }
}

#[test]
fn a_queue_brings_no_resync() {
    let read = read_one(&by_queue(&json!({"homeostat": "resync"})));
    let Ok(Parsed::Ignored(why)) = read else { panic!("{read:?}") };
    assert!(why.to_string().contains("came by a queue, by which none is taken"), "{why}");
}

/// An owner puts it there itself.
#[test]
fn an_alarms_own_action_is_the_same_signal_by_a_queue() {
    let (action, _) = told_at(&after(-60)).into_iter().find(|(event, _)| event.get("alarmData").is_some()).unwrap();
    let (by_call, queued) = (read_one(&action), read_one(&by_queue(&action)));
    assert!(matches!(by_call, Ok(Parsed::Signal(_))), "{by_call:?}");
    assert_eq!(by_call, queued);
}

#[test]
fn each_message_of_a_batch_is_read_by_itself_and_what_is_none_of_a_queue_is_no_batch() {
    let message = |id: &str, body: &str| json!({"eventSource": "aws:sqs", "messageId": id, "body": body});
    let wake = json!({"homeostat": "wake", "subject": "eu-west-1#instance#i-0123456789abcdef0"}).to_string();
    let batch = json!({"Records": [message("a", "no event"), message("b", &wake)]});
    let each = messages(&batch).unwrap();
    assert_eq!(each.iter().map(|message| message.message_id.as_deref()).collect::<Vec<_>>(), [Some("a"), Some("b")]);
    let why = each[0].read(NOW)[0].as_ref().unwrap_err().to_string();
    assert!(why.contains("$.Records[0].body"), "{why}");
    assert!(matches!(&each[1].read(NOW)[..], [Ok(Parsed::Signal(_))]));
    let sns = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"TopicArn": TOPIC, "Message": wake}}]});
    for other in [json!({"homeostat": "resync"}), json!({"Records": []}), sns] {
        assert!(messages(&other).is_none(), "{other}");
    }
}

#[test]
fn a_message_says_how_often_it_was_received_and_one_that_does_not_came_for_the_first_time() {
    let message = |attributes: Value| {
        let record = json!({ "eventSource": "aws:sqs", "receiptHandle": "r", "body": "", "attributes": attributes });
        let batch = json!({ "Records": [record] });
        let messages = messages(&batch).unwrap();
        (messages[0].received, messages[0].receipt.clone())
    };
    let receipt = Some("r".to_owned());
    assert_eq!(message(json!({ "ApproximateReceiveCount": "3" })), (3, receipt.clone()));
    for odd in [json!({}), json!(null), json!({ "ApproximateReceiveCount": "often" })] {
        assert_eq!(message(odd), (1, receipt.clone()));
    }
}

#[test]
fn an_announcements_code_is_a_code_and_no_text() {
    for code in
        ["Call 555-0100 now: INSTANCE_RETIREMENT_SCHEDULED", &format!("{}_INSTANCE_STOP_SCHEDULED", "A".repeat(100))]
    {
        let (mut event, _) = told_at(&after(-60)).pop().unwrap();
        event["detail"]["eventTypeCode"] = json!(code);
        let said = read_one(&event).unwrap_err().to_string();
        assert!(said.contains("$.detail.eventTypeCode is"), "{said}");
    }
}
