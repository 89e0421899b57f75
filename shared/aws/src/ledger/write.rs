//! One write of the ledger: an incident alone, or with all that must change together with it.
//!
//! This module never writes without a condition, and never writes a part of what belongs together.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem};
use homeostat_core::incident::{Incident, Kind};
use homeostat_core::memory::{News, Remembered};
use homeostat_core::ports::{NotWritten, Unavailable, Write, pause_scopes};
use jiff::Timestamp;

use super::item::{self, Item, Key};
use super::{DynamoLedger, not_written, unbuilt};
use crate::call::unavailable;

impl DynamoLedger {
    pub(super) async fn write_at_once<K: Kind>(&self, write: Write<'_, K>) -> Result<(), NotWritten> {
        let parts = self.parts(write)?;
        match parts.as_slice() {
            [TransactWriteItem { put: Some(alone), .. }] => self.put_alone(alone.clone()).await,
            _ => self.transact(parts).await,
        }
    }

    /// A transaction takes 100 (API reference, `TransactWriteItems`); these are nine at most.
    fn parts<K: Kind>(&self, write: Write<'_, K>) -> Result<Vec<TransactWriteItem>, Unavailable> {
        let Write { incident, slots, shared, memory, alarm, unpaused_at } = write;
        let scope = incident.scope();
        let mut parts = self.incident(incident)?;
        if let Some(slots) = slots {
            parts.push(put(self.put_over(item::slots(&scope, slots)?, slots.version)?));
        }
        if let Some(shared) = shared {
            parts.push(put(self.put_over(item::shared_budget(shared)?, shared.version)?));
        }
        if let Some(memory) = memory {
            parts.push(put(self.put_over(item::memory::<K>(&scope, memory)?, memory.version())?));
        }
        if let Some(alarm) = alarm {
            parts.push(put(self.put_news(alarm)?));
        }
        if let Some(now) = unpaused_at {
            for scope in pause_scopes::<K>(&incident.subject, &scope) {
                parts.push(self.check_not_paused(&scope, now)?);
            }
        }
        Ok(parts)
    }

    /// An open incident over what was read; a closed one moves to history.
    fn incident<K: Kind>(&self, incident: &Incident<K>) -> Result<Vec<TransactWriteItem>, Unavailable> {
        let written = item::incident(incident)?;
        if incident.closed_at.is_none() {
            return Ok(vec![put(self.put_over(written, incident.version)?)]);
        }
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(Key::open(&incident.subject).attributes()))
            .condition_expression("version = :read")
            .expression_attribute_values(":read", number(incident.version.saturating_sub(1)))
            .build()
            .map_err(|error| unbuilt(&error.to_string()))?;
        let delete = TransactWriteItem::builder().delete(delete).build();
        Ok(vec![delete, put(self.put_over(written, FIRST)?)])
    }

    /// A version of an item, over the one before it.
    pub(super) fn put_over(&self, item: Item, version: u64) -> Result<Put, Unavailable> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = match version.saturating_sub(1) {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            read => put.condition_expression("version = :read").expression_attribute_values(":read", number(read)),
        };
        put.build().map_err(|error| unbuilt(&error.to_string()))
    }

    /// The change of an alarm, over the one that was read.
    fn put_news(&self, News { change, over }: &News) -> Result<Put, Unavailable> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item::alarm_memory(change)?));
        let put = match over {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(read) => put
                .condition_expression("changed_at = :read")
                .expression_attribute_values(":read", number(read.as_millisecond())),
        };
        put.build().map_err(|error| unbuilt(&error.to_string()))
    }

    fn check_not_paused(&self, scope: &str, now: Timestamp) -> Result<TransactWriteItem, Unavailable> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(Key::pause(scope).attributes()))
            .condition_expression("attribute_not_exists(pk) OR #until BETWEEN :oldest AND :now")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":oldest", number(item::OLDEST_PAUSE))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .build();
        let check = check.map_err(|error| unbuilt(&error.to_string()))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// Half the price and the time of a transaction, which most writes of an incident don't need.
    pub(super) async fn put_alone(&self, put: Put) -> Result<(), NotWritten> {
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_values(put.expression_attribute_values);
        request.send().await.map(drop).map_err(|error| not_written("write an item of the ledger", &error))
    }

    async fn transact(&self, parts: Vec<TransactWriteItem>) -> Result<(), NotWritten> {
        match self.client.transact_write_items().set_transact_items(Some(parts)).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_conflict(&error) => Err(NotWritten::Conflict),
            Err(error) => Err(unavailable("write the ledger", &error).into()),
        }
    }
}

/// The version of what is written where there is nothing yet.
const FIRST: u64 = 1;

fn put(put: Put) -> TransactWriteItem {
    TransactWriteItem::builder().put(put).build()
}

fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Why a transaction did not happen, each part of which has a reason of its own. Anything else than the two, such as a
/// throttle, is no conflict.
fn is_conflict<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled
            .cancellation_reasons()
            .iter()
            .any(|reason| matches!(reason.code(), Some("ConditionalCheckFailed" | "TransactionConflict"))),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Config};
    use aws_sdk_dynamodb::types::CancellationReason;
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;
    use homeostat_core::aws::alarm::AlarmChange;
    use homeostat_core::budget::SharedBudget;
    use homeostat_core::incident::{Alarms, Gone};
    use homeostat_core::ports::Slots;
    use homeostat_remedies::instance::kind::InstanceKind;
    use homeostat_remedies::instance::memory::Memory;
    use homeostat_remedies::instance::reasons::{Close, Incident};

    #[test]
    fn a_throttled_part_of_a_transaction_is_no_conflict() {
        let cancelled = |code: &str| {
            let reason = CancellationReason::builder().code(code).build();
            let none = CancellationReason::builder().code("None").build();
            let why = TransactionCanceledException::builder().cancellation_reasons(none).cancellation_reasons(reason);
            is_conflict(&SdkError::service_error(
                TransactWriteItemsError::TransactionCanceledException(why.build()),
                (),
            ))
        };
        assert!(cancelled("ConditionalCheckFailed") && cancelled("TransactionConflict"));
        assert!(!cancelled("ThrottlingError") && !cancelled("ValidationError") && !cancelled("None"));
    }

    fn ledger() -> DynamoLedger {
        let offline = Config::builder().behavior_version(BehaviorVersion::v2026_01_12()).build();
        DynamoLedger { client: Client::from_conf(offline), table: "table".into() }
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn incident(version: u64) -> Incident {
        let subject = "eu-west-1#instance#i-0123456789abcdef0".parse().unwrap();
        let kind = InstanceKind::Instance {
            group: "web".parse().unwrap(),
            alarms: Alarms::default(),
            notice: None,
            gone: Gone::default(),
        };
        Incident { version, ..Incident::new(subject, kind, now(), now()) }
    }

    /// What is done to which item, and on what condition.
    fn told(part: &TransactWriteItem) -> String {
        let sk = |item: &Item| item.get("sk").and_then(|sk| sk.as_s().ok()).cloned().unwrap();
        match part {
            TransactWriteItem { put: Some(put), .. } => {
                format!("put {} if {}", sk(&put.item), put.condition_expression().unwrap())
            }
            TransactWriteItem { delete: Some(delete), .. } => {
                format!("delete {} if {}", sk(&delete.key), delete.condition_expression().unwrap())
            }
            TransactWriteItem { condition_check: Some(check), .. } => format!("check {}", sk(&check.key)),
            other => panic!("{other:?}"),
        }
    }

    fn parts(write: Write<'_, InstanceKind>) -> Vec<String> {
        ledger().parts(write).unwrap().iter().map(told).collect()
    }

    #[test]
    fn an_incident_alone_is_one_conditional_put() {
        assert_eq!(parts(Write::of(&incident(1))), ["put OPEN if attribute_not_exists(pk)"]);
        assert_eq!(parts(Write::of(&incident(2))), ["put OPEN if version = :read"]);
    }

    #[test]
    fn a_closed_incident_moves_to_history() {
        let closed = incident(1).close(now(), &Close::Recovered);
        let moved =
            ["delete OPEN if version = :read", "put CLOSED#2027-01-15T08:00:00.000Z if attribute_not_exists(pk)"];
        assert_eq!(parts(Write::of(&closed)), moved);
    }

    #[test]
    fn every_part_of_an_act_has_a_condition() {
        let (slots, memory) = (Slots { version: 4, ..Slots::default() }, Memory { version: 1, ..Memory::default() });
        let shared = SharedBudget { version: 7, ..SharedBudget::default() };
        let change = AlarmChange {
            alarm: "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1".parse().unwrap(),
            contributor: None,
            changed_at: now(),
        };
        let alarm = News { change, over: Some(now()) };
        let act = incident(2);
        let write = Write {
            slots: Some(&slots),
            shared: Some(&shared),
            memory: Some(&memory),
            alarm: Some(&alarm),
            unpaused_at: Some(now()),
            ..Write::of(&act)
        };
        let expected = [
            "put OPEN if version = :read",
            "put SLOTS if version = :read",
            "put SLOTS if version = :read",
            "put replace-instance if attribute_not_exists(pk)",
            "put LAST if changed_at = :read",
            "check PAUSE#all",
            "check PAUSE#group#web",
            "check PAUSE#instance#i-0123456789abcdef0",
        ];
        assert_eq!(parts(write), expected);
    }
}
