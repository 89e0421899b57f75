//! One answer to all that was delivered together.
//!
//! This module never lets one record that fails keep another from being attended to, nor hide that it failed.

use homeostat_core::incident::Kind;
use homeostat_core::json::Malformed;
use homeostat_core::reconcile::Reconciled;
use homeostat_core::signal::{Parsed, Signal};
use serde_json::{Value, json};

use crate::Failure;

/// The answers so far.
#[derive(Debug, Default)]
pub struct Answers {
    given: Vec<Value>,
    retry: Vec<String>,
    drop: Vec<String>,
    page: Vec<String>,
}

impl Answers {
    /// The signal to attend to, if there is one. What is none is answered here.
    pub fn signal(&mut self, parsed: Result<Parsed, Malformed>) -> Option<Signal> {
        match parsed {
            Ok(Parsed::Signal(signal)) => return Some(signal),
            Ok(Parsed::Ignored(why)) => self.given.push(ignored(&why)),
            Err(malformed) => self.drop.push(malformed.to_string()),
        }
        None
    }

    pub fn add(&mut self, answer: Result<Value, Failure>) {
        match answer {
            Ok(answer) => self.given.push(answer),
            Err(Failure::Retry(why)) => self.retry.push(why),
            Err(Failure::Drop(why)) => self.drop.push(why),
            Err(Failure::Page(why)) => self.page.push(why),
        }
    }

    /// The only answer as it is, several in a list.
    ///
    /// # Errors
    /// If any failed: with all the reasons, and as the failure after which the most is tried again.
    pub fn together(self) -> Result<Value, Failure> {
        let reasons = [&self.retry, &self.page, &self.drop].map(|reasons| reasons.as_slice()).concat().join("; ");
        if !self.retry.is_empty() {
            return Err(Failure::Retry(reasons));
        }
        if !self.page.is_empty() {
            return Err(Failure::Page(reasons));
        }
        if !self.drop.is_empty() {
            return Err(Failure::Drop(reasons));
        }
        match <[Value; 1]>::try_from(self.given) {
            Ok([only]) => Ok(only),
            Err(several) => Ok(json!({ "records": several })),
        }
    }
}

/// What was decided, for `sam local invoke` and for tests.
pub fn attended<K: Kind>(attended: Reconciled<K>) -> Value {
    match attended {
        Reconciled::Ignored(why) => ignored(&why),
        Reconciled::Decided { decision, incident } => json!({
            "subject": incident.subject,
            "decision": decision.to_string(),
            "state": incident.state,
            "version": incident.version,
        }),
    }
}

/// What there is nothing to do for, logged and said.
pub fn ignored(why: &dyn std::fmt::Display) -> Value {
    let why = why.to_string();
    tracing::info!(ignored = why, "ignored: {why}");
    json!({ "ignored": why })
}

#[cfg(test)]
mod tests {
    use homeostat_core::signal;

    use super::*;

    const SUBJECT: &str = "eu-west-1#instance#i-0123456789abcdef0";

    fn wake() -> Value {
        json!({"homeostat": "wake", "subject": SUBJECT})
    }

    fn answers(bodies: &[Value]) -> Result<Value, Failure> {
        let records: Vec<Value> = bodies.iter().map(|body| json!({ "body": body.to_string() })).collect();
        let mut answers = Answers::default();
        for parsed in signal::read(&json!({ "Records": records }), jiff::Timestamp::UNIX_EPOCH) {
            if let Some(signal) = answers.signal(parsed) {
                answers.add(Ok(json!(signal.key.to_string())));
            }
        }
        answers.together()
    }

    #[test]
    fn one_is_answered_as_it_is_and_several_in_order() {
        let said = format!("wake {SUBJECT}");
        assert_eq!(answers(&[wake()]), Ok(json!(said)));
        assert_eq!(answers(&[wake(), wake()]), Ok(json!({"records": [said, said]})));
    }

    #[test]
    fn a_malformed_record_is_a_failure_although_the_others_were_attended_to() {
        let failed = answers(&[wake(), json!({"homeostat": "dance"})]);
        let Err(Failure::Drop(why)) = failed else { panic!("{failed:?}") };
        assert!(why.contains("$.Records[1].body.homeostat is \"dance\""), "{why}");
    }

    #[test]
    fn what_may_be_better_later_is_tried_again_and_nothing_is_hidden() {
        let mut answers = Answers::default();
        for failure in [Failure::Drop("a".into()), Failure::Retry("b".into()), Failure::Page("c".into())] {
            answers.add(Err(failure));
        }
        answers.add(Ok(json!("d")));
        assert_eq!(answers.together(), Err(Failure::Retry("b; c; a".into())));
    }
}
