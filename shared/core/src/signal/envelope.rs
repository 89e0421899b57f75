//! Takes events out of what carried them: a queue's or a topic's records, a topic's message inside a queue's.
//!
//! This module never takes an event apart itself, and one record that can't be read hides no other.

use std::borrow::Cow;

use serde_json::Value;

use super::{NoSignal, Route};
use crate::json::{JsonCursor, Malformed};

/// A topic inside a queue is the deepest that AWS packs (Amazon SNS Developer Guide, "Fanout to Amazon SQS queues").
const DEEPEST: usize = 2;

/// What one record came to.
pub(super) enum Envelope<'a> {
    /// An event, where it was, and how it came.
    Event {
        path: String,
        event: Cow<'a, Value>,
        route: Route,
    },
    Nothing(NoSignal),
}

/// Every event that was delivered together, in order.
pub(super) fn open(event: &Value) -> Vec<Result<Envelope<'_>, Malformed>> {
    open_at("$".to_owned(), Cow::Borrowed(event), Route::Call, 0)
}

fn open_at(path: String, event: Cow<'_, Value>, route: Route, depth: usize) -> Vec<Result<Envelope<'_>, Malformed>> {
    if event.get("Records").is_some() {
        let at = JsonCursor::rooted(path, &event);
        return if depth == DEEPEST {
            vec![Err(at.malformed("an event, and no further envelope"))]
        } else {
            records(&at, &route, depth)
        };
    }
    // What a topic hands to a queue (Amazon SNS Developer Guide, "Parsing message formats").
    if event.get("Type").and_then(Value::as_str) == Some("Notification") && event.get("TopicArn").is_some() {
        return message(&JsonCursor::rooted(path, &event), &route, depth);
    }
    vec![Ok(Envelope::Event { path, event, route })]
}

fn records<'a>(at: &JsonCursor<'_>, route: &Route, depth: usize) -> Vec<Result<Envelope<'a>, Malformed>> {
    let records = at.field("Records");
    match records.items() {
        Err(malformed) => vec![Err(malformed)],
        Ok(items) if items.is_empty() => vec![Err(records.malformed("at least one record"))],
        Ok(items) => items.iter().flat_map(|record| of_record(record, route, depth)).collect(),
    }
}

pub(super) fn of_record<'a>(
    record: &JsonCursor<'_>,
    route: &Route,
    depth: usize,
) -> Vec<Result<Envelope<'a>, Malformed>> {
    if record.field("Sns").is_present() {
        return message(&record.field("Sns"), route, depth);
    }
    if record.field("body").is_present() {
        return inside(&record.field("body"), depth, within(route, Route::Queue));
    }
    let source = ["eventSource", "EventSource"].into_iter().find_map(|name| record.field(name).text().ok());
    match source {
        // Those two have their own fields: without them, a record of theirs is broken.
        Some(source) if !matches!(source, "aws:sns" | "aws:sqs") => {
            let detail_type = record.field("eventName").text().unwrap_or_default().to_owned();
            vec![Ok(Envelope::Nothing(NoSignal::Kind { source: source.to_owned(), detail_type }))]
        }
        _ => vec![Err(record.malformed("a record with an SNS message (Sns) or an SQS message (body)"))],
    }
}

fn message<'a>(sns: &JsonCursor<'_>, route: &Route, depth: usize) -> Vec<Result<Envelope<'a>, Malformed>> {
    let topic = sns.field("TopicArn").text().unwrap_or_default().to_owned();
    inside(&sns.field("Message"), depth, within(route, Route::Topic(topic)))
}

/// What a topic carried came by a topic, whatever it was wrapped in.
fn within(outer: &Route, inner: Route) -> Route {
    match outer {
        Route::Topic(_) => outer.clone(),
        Route::Call | Route::Queue => inner,
    }
}

/// The document in a text. A topic also carries messages for people, a queue of Homeostat's never does.
fn inside<'a>(text: &JsonCursor<'_>, depth: usize, route: Route) -> Vec<Result<Envelope<'a>, Malformed>> {
    let written = match text.text() {
        Ok(written) => written,
        Err(malformed) => return vec![Err(malformed)],
    };
    match (serde_json::from_str::<Value>(written), route) {
        (Ok(event @ Value::Object(_)), route) => open_at(text.path().to_owned(), Cow::Owned(event), route, depth + 1),
        (_, Route::Topic(topic)) if !written.trim_start().starts_with('{') => {
            vec![Ok(Envelope::Nothing(NoSignal::Message { topic }))]
        }
        (Ok(_), _) => vec![Err(text.malformed("an event, a JSON object"))],
        (Err(error), _) => vec![Err(text.malformed(&format!("an event in JSON ({error})")))],
    }
}
