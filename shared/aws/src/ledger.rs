//! The ledger in one DynamoDB table.
//!
//! Every write is conditional on what was read, and every read of the table itself is consistent. This module never scans,
//! and never overwrites an item that it did not read.

mod closed;
mod control;
mod due;
#[cfg(test)]
mod golden;
mod item;
mod marks;
mod write;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::future::{OptionFuture, join};
use homeostat_core::aws::alarm::AlarmChange;
use homeostat_core::id::{Scope, Subject};
use homeostat_core::incident::Kind;
use homeostat_core::ports::{History, Ledger, Limits, NotWritten, Unavailable, Write, pause_scopes};
use homeostat_core::resync::Resync;

use serde::de::DeserializeOwned;

use crate::call::unavailable;
use item::{Item, Key};

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
            let wanted = wanted.map_err(|error| unbuilt(&error.to_string()))?;
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

    async fn incidents<K: Kind>(&self, subject: &Subject) -> Result<History<K>, Unavailable> {
        let mut history = History::default();
        for item in self.newest_items(subject, 2).await? {
            if item::is_open(&item) {
                history.open = Some(item::read(item)?);
            } else {
                history.last_closed_at = history.last_closed_at.or(item::closed_at(&item));
                history.last_closed = history.last_closed.or_else(|| item::read(item).ok().map(Box::new));
            }
        }
        Ok(history)
    }

    /// One query: `OPEN` sorts after every `CLOSED#…`, so from the end come the open incident, if any, and the last closed.
    async fn newest_items(&self, subject: &Subject, most: i32) -> Result<Vec<Item>, Unavailable> {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :subject")
            .expression_attribute_values(":subject", AttributeValue::S(Key::open(subject).pk))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(most);
        let answer = request.send().await.map_err(|error| unavailable("read the incident", &error))?;
        Ok(answer.items.unwrap_or_default())
    }

    /// The subject's open incident, or else the one that was closed last.
    ///
    /// # Errors
    /// [`Unavailable`]: it could not be read.
    pub async fn newest<I: DeserializeOwned>(&self, subject: &Subject) -> Result<Option<I>, Unavailable> {
        let newest = self.newest_items(subject, 1).await?.into_iter().next();
        newest.map(item::read).transpose()
    }

    async fn alarm(&self, change: &AlarmChange) -> Result<Option<AlarmChange>, Unavailable> {
        let key = Key::alarm_memory(change).attributes();
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        let answer = request.send().await.map_err(|error| unavailable("read what is known of the alarm", &error))?;
        answer.item.map(item::read).transpose()
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

impl Ledger for DynamoLedger {
    async fn history<K: Kind>(
        &self,
        subject: &Subject,
        change: Option<&AlarmChange>,
    ) -> Result<History<K>, Unavailable> {
        let alarm: OptionFuture<_> = change.map(|change| self.alarm(change)).into();
        let (incidents, alarm) = join(self.incidents(subject), alarm).await;
        Ok(History { alarm: alarm.transpose()?.flatten(), ..incidents? })
    }

    async fn limits<K: Kind>(&self, subject: &Subject, scope: &Scope) -> Result<Limits<K>, Unavailable> {
        let mut keys: Vec<Key> = pause_scopes::<K>(subject, scope).iter().map(|scope| Key::pause(scope)).collect();
        keys.extend([Key::slots(scope), Key::memory::<K>(scope)]);
        keys.extend(K::SHARES_BUDGET.then(Key::shared_budget));
        let mut limits = Limits::default();
        for item in self.get(keys).await? {
            if item::is_pause(&item) {
                limits.pauses.push(item::pause(item));
            } else if item::is_memory(&item) {
                limits.memory = item::read(item)?;
            } else if item::is_shared_budget(&item) {
                // It keeps nobody from being looked at, nor an incident from being closed.
                limits.shared = item::read(item).map_err(|unreadable: Unavailable| unreadable.to_string());
            } else {
                limits.slots = item::read(item)?;
            }
        }
        Ok(limits)
    }

    async fn open_among(&self, subjects: &[Subject]) -> Result<Vec<Subject>, Unavailable> {
        let items = self.get(subjects.iter().map(Key::open).collect()).await?;
        // By its key alone: an incident of another schema is open all the same.
        Ok(items.iter().filter_map(item::subject).collect())
    }

    async fn write<K: Kind>(&self, write: Write<'_, K>) -> Result<(), NotWritten> {
        self.write_at_once(write).await
    }

    async fn resync(&self, remedy: &'static str) -> Result<Resync, Unavailable> {
        let found = self.get(vec![Key::resync(remedy)]).await?.into_iter().next();
        found.map_or_else(|| Ok(Resync::default()), item::resync)
    }

    async fn write_resync(&self, remedy: &'static str, resync: &Resync) -> Result<(), NotWritten> {
        let put = self.put_over(item::written(resync, &Key::resync(remedy))?, resync.version)?;
        self.put_alone(put).await
    }
}

fn unbuilt(why: &str) -> Unavailable {
    Unavailable { doing: "build a request to the ledger".to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::operation::put_item::PutItemError;

    #[test]
    fn only_a_quicker_writer_is_a_conflict() {
        let raw = || HttpResponse::new(400_u16.try_into().unwrap(), Vec::new().into());
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
}
