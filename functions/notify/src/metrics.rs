//! Metrics in CloudWatch's embedded format: one JSON object, on a line of its own, for a change that counts.
//!
//! This module never counts a look that changed nothing, a reminder, or a deletion. No name that anybody can choose becomes a
//! dimension. Each record is counted before it is told, and once by one process; a process that ends in between counts its
//! batch again in the next one, at most as often as the mapping's `MaximumRetryAttempts` says.

mod counts;

use homeostat_core::line::one_line;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::change::Change;
use counts::{By, Count, counts, moment};

const NAMESPACE: &str = "Homeostat";

/// CloudWatch takes up to 1024 characters for a dimension's value; this is a member beside, for people who search the log.
const LONGEST_SUBJECT: usize = 700;

/// The line, if the change counts.
pub(crate) fn line(change: &Change, stack: &str) -> Option<String> {
    let incident = change.after.as_ref().ok()?;
    let counts = counts(change, incident);
    let incident = incident.head();
    if counts.is_empty() {
        return None;
    }
    let mut root = Map::new();
    root.insert("_aws".to_owned(), metadata(&counts, moment(&incident)));
    root.insert("Stack".to_owned(), json!(stack));
    root.insert("Remedy".to_owned(), json!(incident.remedy));
    for count in counts {
        if let By::Reason(reason) = count.by {
            root.insert("Reason".to_owned(), json!(reason));
        }
        root.insert(count.name.to_owned(), json!(count.value));
    }
    root.insert("incident".to_owned(), json!(one_line(&incident.subject.to_string(), LONGEST_SUBJECT)));
    Some(Value::Object(root).to_string())
}

/// The moment is the incident's own: a record that is told late is counted where it belongs.
fn metadata(counts: &[Count], at: Timestamp) -> Value {
    let directives: Vec<Value> = counts.iter().map(directive).collect();
    json!({ "Timestamp": at.as_millisecond(), "CloudWatchMetrics": directives })
}

fn directive(count: &Count) -> Value {
    let by = match count.by {
        By::Remedy => "Remedy",
        By::Reason(_) => "Reason",
    };
    json!({
        "Namespace": NAMESPACE,
        "Dimensions": [["Stack"], ["Stack", by]],
        "Metrics": [{ "Name": count.name, "Unit": count.unit }],
    })
}

#[cfg(test)]
mod tests;
