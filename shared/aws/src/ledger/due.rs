//! What the sweep does with the table: it lists what is due, and moves it.
//!
//! This module never reads more of an incident than the index holds, and never touches anything of it but `wake_at`, `wakes`
//! and the two marks.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use homeostat_core::ports::{Due, DueIncidents, DueList, Mark, NotWritten, Unavailable};
use jiff::Timestamp;

use super::item::{self, Key};
use super::{DynamoLedger, not_written};
use crate::call::unavailable;

/// The sparse index of what is open, by when it is due: `sk`, `wake_at`.
pub(super) const DUE_INDEX: &str = "due";

impl DueIncidents for DynamoLedger {
    async fn due(&self, until: Timestamp) -> Result<DueList, Unavailable> {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(DUE_INDEX)
            .key_condition_expression("sk = :open AND wake_at <= :until")
            .expression_attribute_values(":open", AttributeValue::S(item::OPEN.to_owned()))
            .expression_attribute_values(":until", AttributeValue::N(until.as_millisecond().to_string()));
        let mut pages = request.into_paginator().items().send();
        let mut list = DueList::default();
        while let Some(item) = pages.next().await {
            match item::due(&item.map_err(|error| unavailable("read what is due", &error))?) {
                Ok(due) => list.due.push(due),
                Err(unreadable) => list.unreadable.push(unreadable.to_string()),
            }
        }
        Ok(list)
    }

    async fn postpone(&self, due: &Due, until: Timestamp, marks: &[Mark], now: Timestamp) -> Result<(), NotWritten> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::open(&due.subject).attributes()))
            .update_expression(update(marks))
            .condition_expression("version = :version AND wake_at = :due")
            .set_expression_attribute_values(Some(values(due, until, marks, now)));
        request.send().await.map(drop).map_err(|error| not_written("move a wake-up", &error))
    }
}

fn update(marks: &[Mark]) -> String {
    let sets: String = marks.iter().map(|mark| format!(", {} = :now", field(*mark))).collect();
    format!("SET wake_at = :until{sets} ADD wakes :one")
}

fn values(due: &Due, until: Timestamp, marks: &[Mark], now: Timestamp) -> HashMap<String, AttributeValue> {
    let number = |number: i64| AttributeValue::N(number.to_string());
    let mut values = HashMap::from([
        (":until".to_owned(), number(until.as_millisecond())),
        (":one".to_owned(), number(1)),
        (":version".to_owned(), AttributeValue::N(due.version.to_string())),
        (":due".to_owned(), number(due.wake_at.as_millisecond())),
    ]);
    // DynamoDB refuses a value that no expression uses.
    if !marks.is_empty() {
        values.insert(":now".to_owned(), item::moment(now));
    }
    values
}

/// Its name in `homeostat_core::incident::Incident`.
fn field(mark: Mark) -> &'static str {
    match mark {
        Mark::Stuck => "stuck",
        Mark::Overdue => "overdue",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_up_that_marks_nothing_sets_nothing_but_its_time() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let subject = "eu-west-1#instance#i-0123456789abcdef0".parse().unwrap();
        let due = Due { subject, version: 1, wake_at: now, wakes: 0, deadline: None, stuck: None, overdue: None };
        assert_eq!(update(&[]), "SET wake_at = :until ADD wakes :one");
        assert!(!values(&due, now, &[], now).contains_key(":now"));
        let marks = [Mark::Stuck, Mark::Overdue];
        assert_eq!(update(&marks), "SET wake_at = :until, stuck = :now, overdue = :now ADD wakes :one");
        assert!(values(&due, now, &marks, now).contains_key(":now"));
    }
}
