//! The ledger in one DynamoDB table.
//!
//! Every write is conditional on what was read, and every read of the table itself is consistent. This module never scans,
//! and never overwrites an item that it did not read.

mod item;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, KeysAndAttributes, Put, TransactWriteItem};
use homeostat_core::id::{GroupName, Subject};
use homeostat_core::incident::Incident;
use homeostat_core::ports::{
    Due, DueIncidents, DueList, History, Ledger, Limits, NotWritten, Slots, Unavailable, Write, pause_scopes,
};
use jiff::Timestamp;

use crate::call::unavailable;
use item::{Item, Key};

/// The sparse index of what is open, by when it is due: `sk`, `wake_at`.
const DUE_INDEX: &str = "due";
/// `BatchGetItem` takes 100 keys (DynamoDB API reference).
const MOST_KEYS: usize = 100;

#[derive(Debug, Clone)]
pub struct DynamoLedger {
    client: Client,
    table: String,
}

impl DynamoLedger {
    pub fn new(config: &aws_config::SdkConfig, table: String) -> Self {
        DynamoLedger { client: Client::new(config), table }
    }

    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Item>, Unavailable> {
        let mut items = Vec::new();
        for keys in keys.chunks(MOST_KEYS) {
            let keys = keys.iter().map(Key::attributes).collect();
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            let wanted = wanted.map_err(|error| unreadable(&error.to_string()))?;
            let request = self.client.batch_get_item().request_items(&self.table, wanted);
            let answer = request.send().await.map_err(|error| unavailable("read the ledger", &error))?;
            if answer.unprocessed_keys().is_some_and(|left| !left.is_empty()) {
                return Err(Unavailable {
                    doing: "read the ledger".to_owned(),
                    why: "DynamoDB answered only a part".to_owned(),
                });
            }
            items.extend(answer.responses.into_iter().flatten().flat_map(|(_, items)| items));
        }
        Ok(items)
    }

    fn put(&self, item: Item, read_version: u64) -> Result<Put, Unavailable> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = match read_version {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            read => put
                .condition_expression("version = :read")
                .expression_attribute_values(":read", AttributeValue::N(read.to_string())),
        };
        put.build().map_err(|error| unreadable(&error.to_string()))
    }

    fn put_incident(&self, incident: &Incident) -> Result<Put, Unavailable> {
        self.put(item::incident(incident)?, incident.version.saturating_sub(1))
    }

    fn put_slots(&self, group: &GroupName, slots: &Slots) -> Result<TransactWriteItem, Unavailable> {
        let put = self.put(item::slots(group, slots)?, slots.version.saturating_sub(1))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn check_not_paused(&self, scope: &str, now: Timestamp) -> Result<TransactWriteItem, Unavailable> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(Key::pause(scope).attributes()))
            .condition_expression("attribute_not_exists(pk) OR #until BETWEEN :oldest AND :now")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":oldest", AttributeValue::N(item::OLDEST_PAUSE.to_string()))
            .expression_attribute_values(":now", AttributeValue::N(now.as_millisecond().to_string()))
            .build();
        let check = check.map_err(|error| unreadable(&error.to_string()))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    async fn update(&self, incident: &Incident) -> Result<(), NotWritten> {
        let put = self.put_incident(incident)?;
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_values(put.expression_attribute_values);
        request.send().await.map(drop).map_err(|error| not_written("write the incident", &error))
    }

    async fn intend(&self, incident: &Incident, slots: &Slots, now: Timestamp) -> Result<(), NotWritten> {
        let group = incident.kind.group();
        let mut writes =
            vec![TransactWriteItem::builder().put(self.put_incident(incident)?).build(), self.put_slots(group, slots)?];
        for scope in pause_scopes(&incident.subject, group) {
            writes.push(self.check_not_paused(&scope, now)?);
        }
        self.transact("record the intent", writes).await
    }

    async fn close(&self, incident: &Incident, slots: Option<&Slots>) -> Result<(), NotWritten> {
        let read = incident.version.saturating_sub(1);
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(Key::open(&incident.subject).attributes()))
            .condition_expression("version = :read")
            .expression_attribute_values(":read", AttributeValue::N(read.to_string()))
            .build()
            .map_err(|error| unreadable(&error.to_string()))?;
        let mut writes = vec![
            TransactWriteItem::builder().delete(delete).build(),
            TransactWriteItem::builder().put(self.put(item::incident(incident)?, 0)?).build(),
        ];
        if let Some(slots) = slots {
            writes.push(self.put_slots(incident.kind.group(), slots)?);
        }
        self.transact("close the incident", writes).await
    }

    async fn transact(&self, doing: &str, writes: Vec<TransactWriteItem>) -> Result<(), NotWritten> {
        match self.client.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_conflict(&error) => Err(NotWritten::Conflict),
            Err(error) => Err(unavailable(doing, &error).into()),
        }
    }
}

/// Why a write of one item did not happen. A failed condition or a concurrent transaction: somebody else was quicker.
fn not_written<E>(doing: &str, error: &SdkError<E, HttpResponse>) -> NotWritten
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.code() {
        Some("ConditionalCheckFailedException" | "TransactionConflictException") => NotWritten::Conflict,
        _ => unavailable(doing, error).into(),
    }
}

/// The same for a transaction, each part of which has a reason of its own. Anything else than the two, such as a throttle, is
/// no conflict.
fn is_conflict<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled
            .cancellation_reasons()
            .iter()
            .any(|reason| matches!(reason.code(), Some("ConditionalCheckFailed" | "TransactionConflict"))),
        _ => false,
    }
}

impl Ledger for DynamoLedger {
    /// One query: `OPEN` sorts after every `CLOSED#…`, so from the end come the open incident, if any, and the last closed.
    async fn history(&self, subject: &Subject) -> Result<History, Unavailable> {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :subject")
            .expression_attribute_values(":subject", AttributeValue::S(Key::open(subject).pk))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(2);
        let answer = request.send().await.map_err(|error| unavailable("read the incident", &error))?;
        let mut history = History::default();
        for item in answer.items.into_iter().flatten() {
            let incident = item::read::<Incident>(item)?;
            match incident.closed_at {
                None => history.open = Some(incident),
                Some(_) => history.last_closed = history.last_closed.or(Some(incident)),
            }
        }
        Ok(history)
    }

    async fn limits(&self, subject: &Subject, group: &GroupName) -> Result<Limits, Unavailable> {
        let mut keys: Vec<Key> = pause_scopes(subject, group).iter().map(|scope| Key::pause(scope)).collect();
        keys.push(Key::slots(group));
        let mut limits = Limits::default();
        for item in self.get(keys).await? {
            if item::is_pause(&item) {
                limits.pauses.push(item::pause(item));
            } else {
                limits.slots = item::read(item)?;
            }
        }
        Ok(limits)
    }

    async fn open_among(&self, subjects: &[Subject]) -> Result<Vec<Subject>, Unavailable> {
        let items = self.get(subjects.iter().map(Key::open).collect()).await?;
        items.into_iter().map(|item| item::read::<Incident>(item).map(|incident| incident.subject)).collect()
    }

    async fn write(&self, write: Write<'_>) -> Result<(), NotWritten> {
        match write {
            Write::Update { incident } => self.update(incident).await,
            Write::Intent { incident, slots, now } => self.intend(incident, slots, now).await,
            Write::Close { incident, slots } => self.close(incident, slots).await,
        }
    }
}

impl DueIncidents for DynamoLedger {
    async fn due(&self, now: Timestamp) -> Result<DueList, Unavailable> {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(DUE_INDEX)
            .key_condition_expression("sk = :open AND wake_at <= :now")
            .expression_attribute_values(":open", AttributeValue::S(item::OPEN.to_owned()))
            .expression_attribute_values(":now", AttributeValue::N(now.as_millisecond().to_string()));
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

    async fn postpone(&self, due: &Due, until: Timestamp) -> Result<(), NotWritten> {
        let number = |number: i64| AttributeValue::N(number.to_string());
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::open(&due.subject).attributes()))
            .update_expression("SET wake_at = :until ADD wakes :one")
            .condition_expression("version = :version AND wake_at = :due")
            .set_expression_attribute_values(Some(HashMap::from([
                (":until".to_owned(), number(until.as_millisecond())),
                (":one".to_owned(), number(1)),
                (":version".to_owned(), AttributeValue::N(due.version.to_string())),
                (":due".to_owned(), number(due.wake_at.as_millisecond())),
            ])));
        request.send().await.map(drop).map_err(|error| not_written("move a wake-up", &error))
    }
}

fn unreadable(why: &str) -> Unavailable {
    Unavailable { doing: "build a request to the ledger".to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::operation::put_item::PutItemError;
    use aws_sdk_dynamodb::types::CancellationReason;
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;

    fn raw() -> HttpResponse {
        HttpResponse::new(400_u16.try_into().unwrap(), Vec::new().into())
    }

    #[test]
    fn only_a_quicker_writer_is_a_conflict() {
        let refused = |code: &str| {
            let no = PutItemError::generic(ErrorMetadata::builder().code(code).build());
            not_written("write", &SdkError::service_error(no, raw()))
        };
        assert!(matches!(refused("ConditionalCheckFailedException"), NotWritten::Conflict));
        assert!(matches!(refused("TransactionConflictException"), NotWritten::Conflict));
        for code in ["ThrottlingException", "ProvisionedThroughputExceededException", "ResourceNotFoundException"] {
            assert!(matches!(refused(code), NotWritten::Unavailable(_)), "{code}");
        }
    }

    #[test]
    fn a_throttled_part_of_a_transaction_is_no_conflict() {
        let cancelled = |code: &str| {
            let reason = CancellationReason::builder().code(code).build();
            let none = CancellationReason::builder().code("None").build();
            let why = TransactionCanceledException::builder().cancellation_reasons(none).cancellation_reasons(reason);
            is_conflict(&SdkError::service_error(
                TransactWriteItemsError::TransactionCanceledException(why.build()),
                raw(),
            ))
        };
        assert!(cancelled("ConditionalCheckFailed") && cancelled("TransactionConflict"));
        assert!(!cancelled("ThrottlingError") && !cancelled("ValidationError") && !cancelled("None"));
    }
}
