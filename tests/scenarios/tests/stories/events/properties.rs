//! What holds of any event: an answer without a panic, the same answer whatever is added (the order of fields is lost before the parser sees them), and one key
//! for one change by any route.

use homeostat_core::signal::{self, Parsed, Signal};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{NOW, events};

/// Names that the parser asks for: without them, made-up events would hardly ever get beyond the first look.
const NAMES: [&str; 30] = [
    "Records",
    "Sns",
    "body",
    "Message",
    "Type",
    "TopicArn",
    "homeostat",
    "subject",
    "look",
    "source",
    "detail-type",
    "detail",
    "alarmData",
    "alarmArn",
    "AlarmName",
    "NewStateValue",
    "AlarmArn",
    "StateChangeTime",
    "Trigger",
    "Dimensions",
    "Metrics",
    "state",
    "value",
    "timestamp",
    "configuration",
    "metrics",
    "metricStat",
    "resources",
    "Event",
    "LifecycleTransition",
];

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        proptest::sample::select(&NAMES[..]).prop_map(str::to_owned),
        Just("ALARM".to_owned()),
        Just("resync".to_owned()),
        Just("aws.cloudwatch".to_owned()),
        Just("2026-03-01T02:03:04.567+0000".to_owned()),
        Just("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web".to_owned()),
        Just("{\"Records\":[{\"body\":\"{}\"}]}".to_owned()),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((any_text(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Somewhere in the document, by a walk that the choices steer, as a JSON pointer.
fn place(event: &Value, choices: &[usize]) -> String {
    let (mut at, mut pointer) = (event, String::new());
    for choice in choices {
        let name = match at {
            Value::Array(list) if !list.is_empty() => (choice % list.len()).to_string(),
            Value::Object(fields) if !fields.is_empty() => fields.keys().nth(choice % fields.len()).unwrap().clone(),
            _ => break,
        };
        let next = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
        (at, pointer) = (event.pointer(&next).unwrap(), next);
    }
    pointer
}

/// What is told to people and written to logs.
fn answers(event: &Value) -> Vec<String> {
    let one = |parsed| match parsed {
        Ok(Parsed::Signal(Signal { key, fact, evidence, .. })) => {
            format!("{key} {fact} {} {}", fact.about(), evidence.join(" "))
        }
        Ok(Parsed::Ignored(why)) => why.to_string(),
        Err(malformed) => homeostat_core::json::Malformed::to_string(&malformed),
    };
    signal::read(event, NOW).into_iter().map(one).collect()
}

fn is_answered(event: &Value) {
    let answers = answers(event);
    assert!(!answers.is_empty() && answers.iter().all(|answer| !answer.is_empty()), "{event}");
    for answer in answers {
        assert!(!answer.contains(char::is_control), "{answer:?} for {event}");
    }
}

/// The document as a text whose fields stand in another order, those of documents within texts too, each with one more.
fn rewritten(value: &Value, order: usize) -> String {
    match value {
        Value::Object(fields) => {
            let mut written: Vec<String> =
                fields.iter().map(|(name, value)| format!("{}:{}", json!(name), rewritten(value, order))).collect();
            written.push(format!("\"added-{order}\":{{\"state\":\"OK\"}}"));
            let by = order % written.len();
            written.rotate_left(by);
            if order % 2 == 1 {
                written.reverse();
            }
            format!("{{{}}}", written.join(","))
        }
        Value::Array(list) => {
            let written: Vec<String> = list.iter().map(|value| rewritten(value, order)).collect();
            format!("[{}]", written.join(","))
        }
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ Value::Object(_)) => json!(rewritten(&inner, order)).to_string(),
            _ => value.to_string(),
        },
        _ => value.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_document_gets_an_answer(event in any_json()) {
        is_answered(&event);
    }

    #[test]
    fn a_real_event_with_something_else_somewhere_gets_an_answer(
        which in any::<proptest::sample::Index>(), path in proptest::collection::vec(0_usize..9, 1..8), other in any_json(),
    ) {
        let events = events();
        let mut event = events.values().nth(which.index(events.len())).unwrap().clone();
        let place = place(&event, &path);
        *event.pointer_mut(&place).unwrap() = other;
        is_answered(&event);
    }

    #[test]
    fn a_change_has_one_key_by_every_route(
        name in "[ -~]{1,40}", instance in "i-[0-9a-f]{17}", ms in 0_u64..1_772_500_000_000, insufficient in any::<bool>(),
        dimension in prop_oneof![Just("InstanceId"), Just("AutoScalingGroupName"), Just("Other")],
    ) {
        let state = if insufficient { "INSUFFICIENT_DATA" } else { "ALARM" };
        let at = jiff::Timestamp::from_millisecond(i64::try_from(ms).unwrap()).unwrap().to_string();
        let arn = format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}");
        let data = json!({"alarmName": name, "state": {"value": state, "timestamp": at}, "configuration": {"metrics": [
            {"id": "m", "metricStat": {"metric": {"dimensions": {dimension: instance}}}}]}});
        let bus = json!({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "resources": [arn],
            "account": "123456789012", "region": "eu-west-1", "detail": data});
        let action = json!({"source": "aws.cloudwatch", "alarmArn": arn, "alarmData": data});
        let message = json!({"AlarmName": name, "AlarmArn": arn, "NewStateValue": state, "StateChangeTime": at, "Region": "EU (Ireland)",
            "Trigger": {"MetricName": "m", "Dimensions": [{"name": dimension, "value": instance}]}});
        let topic = json!({"Records": [{"Sns": {"TopicArn": "arn", "Message": message.to_string()}}]});
        let one = signal::read(&bus, NOW);
        prop_assert!(matches!(one.as_slice(), [Ok(Parsed::Signal(_))]), "{one:?}");
        prop_assert_eq!(&signal::read(&action, NOW), &one);
        prop_assert_eq!(&signal::read(&topic, NOW), &one);
    }
}

#[test]
fn new_fields_change_nothing_of_what_is_read() {
    for (name, event) in events() {
        let expected = signal::read(&event, NOW);
        for order in 0..24 {
            let again: Value = serde_json::from_str(&rewritten(&event, order)).unwrap();
            assert!(again.to_string().contains("added-"), "{name}");
            assert_eq!(signal::read(&again, NOW), expected, "{name}, {order}");
        }
    }
}
