//! Services that Homeostat has no remedy for yet, and zones: known by name, so that what comes of them can be told.
//!
//! This module never makes a signal.

use serde_json::Value;

use super::{NoSignal, Route};
use crate::json::JsonCursor;

const ZONAL_SHIFT: &str = "aws.arc-zonal-shift";

/// The services whose events will have a remedy one day.
const LATER: [&str; 3] = ["aws.rds", "aws.elasticache", "aws.ecs"];

/// What is known of an event of another service by EventBridge.
pub(super) fn on_bus(root: &JsonCursor<'_>, source: &str, detail_type: &str) -> Option<NoSignal> {
    if source == ZONAL_SHIFT {
        let away_from = root
            .field("detail")
            .field("metadata")
            .field("awayFrom")
            .text()
            .unwrap_or("a zone that it does not name")
            .to_owned();
        return Some(NoSignal::ZonalShift { what: detail_type.to_owned(), away_from });
    }
    let later = LATER.contains(&source);
    later.then(|| NoSignal::NoRemedyYet { service: source.to_owned(), what: detail_type.to_owned() })
}

/// What an event of Homeostat's has at least one of, and a document of somebody else's on the same topic may lack.
const MARKS: [&str; 7] =
    ["source", "detail-type", "AlarmArn", "NewStateValue", "LifecycleTransition", "Event", "Records"];

/// What is known of a message that came by a topic, or by a queue that a topic fills without its own envelope.
pub(super) fn on_topic(event: &Value, route: &Route) -> Option<NoSignal> {
    let marked = || MARKS.iter().any(|mark| event.get(mark).is_some());
    let of_people = || match route {
        Route::Topic(topic) if !marked() => Some(NoSignal::Message { topic: topic.clone() }),
        Route::Topic(_) | Route::Queue | Route::Call => None,
    };
    of_service(event).or_else(of_people)
}

/// Those messages have no envelope: ElastiCache's one field is named for the service (ElastiCache User Guide, "Event notifications and
/// Amazon SNS"), RDS and Auto Scaling name theirs (RDS User Guide, "Working with Amazon RDS event notification"; EC2 Auto Scaling User
/// Guide, "Amazon SNS notification options").
fn of_service(event: &Value) -> Option<NoSignal> {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    let none_yet =
        |service: &str, what: &str| Some(NoSignal::NoRemedyYet { service: service.to_owned(), what: what.to_owned() });
    if let Some(name) = event.as_object()?.keys().find(|name| name.starts_with("ElastiCache:")) {
        return none_yet("aws.elasticache", name);
    }
    if event.get("Event Source").is_some() {
        return none_yet("aws.rds", text("Event Message").unwrap_or_default());
    }
    let what = text("Event").filter(|what| what.starts_with("autoscaling:"))?;
    Some(NoSignal::Kind { source: "aws.autoscaling".to_owned(), detail_type: what.to_owned() })
}
