//! What an invocation came to, from what `sam local invoke` printed.
//!
//! It never takes anything for an answer but the JSON of an answer: silence, a panic and an error that no event asked for are
//! failures.

use serde_json::Value;

/// The beginning of every refusal of a malformed event.
const MALFORMED: &str = "malformed event: ";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// The decision.
    Answered(String),
    /// The event is at fault; and what of it.
    Refused(String),
    /// The function is at fault, or what runs it.
    Failed(String),
}

impl Said {
    /// `output` is what the function answered, `log` what it and sam told meanwhile.
    pub(super) fn read(output: &str, log: &str) -> Self {
        if let Some(line) = log.lines().find(|line| line.contains("panicked at")) {
            return Self::Failed(format!("a panic: {}", line.trim()));
        }
        if output.trim().is_empty() {
            return Self::Failed("no answer".to_owned());
        }
        let Ok(answer) = serde_json::from_str::<Value>(output.trim()) else {
            return Self::Failed(format!("an answer that is no JSON: {}", output.trim()));
        };
        if let Some(kind) = text(&answer, "errorType") {
            let message = text(&answer, "errorMessage").unwrap_or_default();
            return match kind {
                "Drop" if message.starts_with(MALFORMED) => Self::Refused(message.to_owned()),
                _ => Self::Failed(format!("{kind}: {message}")),
            };
        }
        match answer.get("batchItemFailures").and_then(Value::as_array) {
            Some(failures) if failures.is_empty() => Self::Answered("no record failed".to_owned()),
            Some(_) => Self::Refused(last_error(log)),
            None => Self::Answered(decision(&answer)),
        }
    }

    /// What is wrong with it, if anything is.
    pub(super) fn fault(&self, is_malformed: bool) -> Option<String> {
        match (self, is_malformed) {
            (Self::Failed(why), _) => Some(why.clone()),
            (Self::Answered(_), true) => {
                Some("a malformed event was answered, and should have been refused".to_owned())
            }
            (Self::Refused(why), true) if !names_a_field(why) => Some(format!("the refusal names no field: {why}")),
            (Self::Refused(why), false) => Some(format!("refused: {why}")),
            (Self::Answered(_), false) | (Self::Refused(_), true) => None,
        }
    }

    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Answered(decision) => decision.clone(),
            Self::Refused(why) => format!("refused: {why}"),
            Self::Failed(why) => format!("failed: {why}"),
        }
    }
}

/// By its path, or in serde's words.
fn names_a_field(why: &str) -> bool {
    why.contains('$') || why.contains('`')
}

/// A partial answer to a batch doesn't say why: the log does.
fn last_error(log: &str) -> String {
    let entries = log.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut errors = entries.filter(|entry| text(entry, "level") == Some("ERROR"));
    let told = errors.find_map(|entry| text(&entry, "message").map(str::to_owned));
    told.unwrap_or_else(|| "a record, without a word why".to_owned())
}

/// An answer in one line.
fn decision(answer: &Value) -> String {
    if let Some(why) = text(answer, "ignored") {
        return format!("ignored: {why}");
    }
    if let Some(decision) = text(answer, "decision") {
        return decision.to_owned();
    }
    match answer {
        Value::Object(fields) if !fields.is_empty() => {
            let told = fields.iter().map(|(name, value)| format!("{} {}", name.replace('_', " "), plain(value)));
            told.collect::<Vec<_>>().join(", ")
        }
        Value::Null => "nothing to say".to_owned(),
        other => plain(other),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join("; "),
        Value::Object(_) => decision(value),
        other => other.to_string(),
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(output: &str) -> String {
        match Said::read(output, "") {
            Said::Answered(decision) => decision,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_is_told_in_one_line() {
        assert_eq!(answered(r#"{"ignored":"no group of the policy"}"#), "ignored: no group of the policy");
        assert_eq!(answered(r#"{"decision":"hold","subject":"x","version":1}"#), "hold");
        assert_eq!(answered(r#"{"looked_at":["web"],"found":[]}"#), "found none, looked at web");
        assert_eq!(answered(r#"{"found":[{"decision":"act","version":2},{"ignored":"y"}]}"#), "found act; ignored: y");
        assert_eq!(answered(r#"{"woken":0,"moved_on":1}"#), "moved on 1, woken 0");
        assert_eq!(answered(r#"{"batchItemFailures":[]}"#), "no record failed");
    }

    #[test]
    fn only_a_malformed_event_may_be_refused_and_it_must_be() {
        let refusal = r#"{"errorType":"Drop","errorMessage":"malformed event: $.detail is missing"}"#;
        let refused = Said::read(refusal, "");
        assert_eq!(refused, Said::Refused("malformed event: $.detail is missing".to_owned()));
        assert_eq!(refused.fault(true), None);
        assert_eq!(refused.fault(false).unwrap(), "refused: malformed event: $.detail is missing");
        assert!(Said::Answered("hold".to_owned()).fault(true).unwrap().contains("should have been refused"));
        assert_eq!(Said::Answered("hold".to_owned()).fault(false), None);
        let vague = Said::Refused("malformed event: bad".to_owned());
        assert_eq!(vague.fault(true).unwrap(), "the refusal names no field: malformed event: bad");
    }

    #[test]
    fn a_batch_that_was_not_told_is_a_refusal_with_the_logs_reason() {
        let log = "START\n{\"level\":\"INFO\",\"message\":\"told: x\"}\n{\"level\":\"ERROR\",\"message\":\"not told: missing field `state`\"}\nEND";
        let refused = Said::read(r#"{"batchItemFailures":[{"itemIdentifier":"1"}]}"#, log);
        assert_eq!(refused, Said::Refused("not told: missing field `state`".to_owned()));
        assert_eq!(refused.fault(true), None);
    }

    #[test]
    fn silence_a_panic_and_any_other_error_are_failures_whatever_was_asked() {
        let failed = |output, log| Said::read(output, log).fault(true).unwrap();
        assert_eq!(failed("", ""), "no answer");
        assert_eq!(failed("Killed", ""), "an answer that is no JSON: Killed");
        assert_eq!(
            failed(r#"{"errorType":"Retry","errorMessage":"the table is away"}"#, ""),
            "Retry: the table is away"
        );
        assert!(failed(r#"{"decision":"hold"}"#, "thread 'main' panicked at src/lib.rs:1:1:").starts_with("a panic: "));
        let other = r#"{"errorType":"Drop","errorMessage":"something else"}"#;
        assert_eq!(failed(other, ""), "Drop: something else");
    }
}
