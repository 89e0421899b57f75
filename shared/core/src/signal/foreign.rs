//! Events of services, and of zones, that no remedy takes: known by name, so that `explain` can say what comes of them.
//!
//! This module never makes a signal.

use serde_json::Value;

use super::{NoSignal, Route};
use crate::json::JsonCursor;

const ZONAL_SHIFT: &str = "aws.arc-zonal-shift";

/// The services whose events people are likely to route here. A test holds that no rule of the template does (`event_rules`).
const OTHERS: [&str; 3] = ["aws.rds", "aws.elasticache", "aws.ecs"];

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
    OTHERS
        .contains(&source)
        .then(|| NoSignal::OtherService { service: source.to_owned(), what: detail_type.to_owned() })
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
    let other =
        |service: &str, what: &str| Some(NoSignal::OtherService { service: service.to_owned(), what: what.to_owned() });
    if let Some(name) = event.as_object()?.keys().find(|name| name.starts_with("ElastiCache:")) {
        return other("aws.elasticache", name);
    }
    if event.get("Event Source").is_some() {
        return other("aws.rds", text("Event Message").unwrap_or_default());
    }
    let what = text("Event").filter(|what| what.starts_with("autoscaling:"))?;
    Some(NoSignal::Kind { source: "aws.autoscaling".to_owned(), detail_type: what.to_owned() })
}
