//! What EventBridge puts round a detail. Never touches the detail.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::account::{ACCOUNT_ID, REGION};
use crate::clock;

/// Fills in what is missing; refuses what EventBridge would not send.
pub(super) fn complete(event: Value) -> Result<Value> {
    let Value::Object(mut event) = event else { bail!("an event is a JSON object, not {event}") };
    for name in ["source", "detail-type"] {
        if !event.get(name).is_some_and(Value::is_string) {
            bail!("the event's {name} is missing or no text: {:?}", event.get(name));
        }
    }
    if !event.get("detail").is_some_and(Value::is_object) {
        bail!("the event's detail is missing or no object: {:?}", event.get("detail"));
    }
    let aws = event.get("source").and_then(Value::as_str).is_some_and(|source| source.starts_with("aws."));
    if !aws {
        bail!("the event's source is {:?}: other than aws.* ones, PutEvents takes it", event.get("source"));
    }
    for (name, value) in frame([]) {
        event.entry(name).or_insert(value);
    }
    Ok(Value::Object(event))
}

/// What a schedule sends where its target has no constant input.
pub(super) fn scheduled(rule_arn: &str) -> Value {
    let mut event = frame([Value::from(rule_arn)]);
    event.insert("source".to_owned(), Value::from("aws.events"));
    event.insert("detail-type".to_owned(), Value::from("Scheduled Event"));
    event.insert("detail".to_owned(), json!({}));
    Value::Object(event)
}

pub(super) fn id_of(event: &Value) -> String {
    event.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn frame(resources: impl IntoIterator<Item = Value>) -> Map<String, Value> {
    let now = clock::now();
    Map::from_iter([
        ("version".to_owned(), Value::from("0")),
        ("id".to_owned(), Value::from(new_id())),
        ("account".to_owned(), Value::from(ACCOUNT_ID)),
        ("region".to_owned(), Value::from(REGION)),
        // EventBridge's times have whole seconds.
        ("time".to_owned(), Value::from(format!("{now:.0}"))),
        ("resources".to_owned(), Value::from_iter(resources)),
    ])
}

/// In the form of a UUID; unlike any other of this process and, by the clock, of others.
fn new_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let seed = format!("{}/{}/{}", std::process::id(), clock::now(), COUNT.fetch_add(1, Ordering::Relaxed));
    let hex: String = Sha256::digest(seed).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_filled_in_and_what_is_there_stays() {
        let event = json!({"source": "aws.cloudwatch", "detail-type": "X", "detail": {}, "account": "1"});
        let event = complete(event).unwrap();
        assert_eq!(event["account"], "1");
        assert_eq!(event["region"], "us-east-1");
        assert_eq!(event["resources"], json!([]));
        assert_eq!(event["id"].as_str().unwrap().len(), 36);
        let time = event["time"].as_str().unwrap();
        assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
    }

    #[test]
    fn an_event_that_eventbridge_would_not_send_is_refused_by_the_name_of_the_field() {
        let refused = |event| complete(event).unwrap_err().to_string();
        assert!(refused(json!({"detail-type": "X", "detail": {}})).contains("source"));
        assert!(refused(json!({"source": "aws.ec2", "detail-type": "X"})).contains("detail is missing"));
        assert!(refused(json!({"source": "my.app", "detail-type": "X", "detail": {}})).contains("my.app"));
        assert!(refused(json!("x")).contains("JSON object"));
    }

    #[test]
    fn no_two_events_share_an_id() {
        assert_ne!(id_of(&scheduled("arn:r")), id_of(&scheduled("arn:r")));
    }
}
