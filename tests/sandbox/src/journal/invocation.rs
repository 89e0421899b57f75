//! Invocations of functions, by whomever: callers, retries, queues, streams. MiniStack tells of each when it is over.
//!
//! It never says which calls were part of one: the roots of their traces do.

use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Deserialize;

use super::Journal;
use crate::clock;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The wall clock at the end.
    pub ended: Timestamp,
    /// Its physical name.
    pub function: String,
    pub end: End,
    /// How old the last record of a stream's batch was at the start, rounded down: MiniStack stamps records with whole seconds.
    pub record_age: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    Succeeded,
    /// With an error, by a timeout, or with its process.
    Failed,
    /// Never begun: there was no concurrency left.
    Throttled,
}

/// A line of the guard's.
#[derive(Deserialize)]
struct Told {
    function: String,
    end: End,
    record_age_ms: Option<u64>,
}

/// By which a record may seem older than it is.
const STAMP_MS: u64 = 1000;

impl Invocation {
    fn read(line: &str) -> Result<Self> {
        let told: Told = serde_json::from_str(line).with_context(|| format!("what MiniStack told: {line}"))?;
        let Told { function, end, record_age_ms } = told;
        let record_age = record_age_ms.map(|age| Duration::from_millis(age.saturating_sub(STAMP_MS)));
        Ok(Self { ended: clock::now(), function, end, record_age })
    }
}

impl Journal {
    /// All that are over, in the order in which they ended.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.book().invocations.clone()
    }

    /// Waits until there are more than so many, and returns those.
    pub(crate) async fn invocations_after(&self, known: usize) -> Vec<Invocation> {
        let mut news = self.shared.news.subscribe();
        loop {
            let new: Vec<Invocation> = self.book().invocations.iter().skip(known).cloned().collect();
            // Without a sender there is no news; but the sender lives as long as `self`.
            if !new.is_empty() || news.changed().await.is_err() {
                return new;
            }
        }
    }

    pub(crate) fn record_invocation(&self, line: &str) -> Result<()> {
        let invocation = Invocation::read(line)?;
        self.book().invocations.push(invocation);
        self.announce();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_invocation_is_heard_of_when_it_is_over() {
        let journal = Journal::new();
        let listener = journal.clone();
        let listening = tokio::spawn(async move { listener.invocations_after(2).await });
        for end in ["succeeded", "failed", "throttled"] {
            let line = format!(r#"{{"function": "f", "end": "{end}", "record_age_ms": null}}"#);
            journal.record_invocation(&line).unwrap();
        }
        let heard = tokio::time::timeout(Duration::from_secs(10), listening).await.unwrap().unwrap();
        assert_eq!(heard.iter().map(|one| one.end).collect::<Vec<_>>(), [End::Throttled]);
    }

    #[test]
    fn a_record_should_not_seem_older_than_it_is() {
        let journal = Journal::new();
        for age in [900, 3400] {
            let line = format!(r#"{{"function": "f", "end": "succeeded", "record_age_ms": {age}}}"#);
            journal.record_invocation(&line).unwrap();
        }
        let ages: Vec<_> = journal.invocations().iter().map(|one| one.record_age.unwrap().as_millis()).collect();
        assert_eq!(ages, [0, 2400]);
    }

    #[test]
    fn a_line_that_tells_of_no_invocation_should_not_be_taken_for_one() {
        let journal = Journal::new();
        for line in ["", "{}", r#"{"function": "f", "end": "exploded", "record_age_ms": null}"#] {
            assert!(journal.record_invocation(line).is_err(), "{line}");
        }
        assert!(journal.invocations().is_empty());
    }
}
