//! What the function's answers say, for the census.
//!
//! This module never judges an answer.

use serde_json::Value;

use crate::simulator::stage::Stage;

/// What of an answer's words stands for what.
const COUNTED: &[(&str, &str)] = &[
    ("another invocation is acting", "decision: Hold InFlight"),
    ("is older than its change", "ignored: Stale"),
    ("is in no group that the policy", "ignored: OutsidePolicy"),
    ("has left its group, and", "ignored: Handled"),
    ("are unhealthy at once, so it is handled", "ignored: TooManyUnhealthy"),
    ("is parked, so it is handled", "ignored: Parked"),
    ("no target group checks", "ignored: Unchecked"),
    ("has no open incident", "ignored: NothingOpen"),
    ("looked_at", "answer: surveyed"),
];

pub(super) fn count(stage: &Stage, answer: &Value) {
    let mut texts = Vec::new();
    all_texts(answer, &mut texts);
    for (words, name) in COUNTED {
        if texts.iter().any(|text| text.contains(words)) {
            stage.count(name);
        }
    }
}

/// Keys included.
fn all_texts<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(values) => values.iter().for_each(|value| all_texts(value, texts)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            texts.push(key);
            all_texts(value, texts);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
