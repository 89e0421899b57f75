//! What is marked as due: one item for each scope under its remedy's key, and one that says who serves them.
//!
//! This module never overwrites a mark that it did not read, and a mark that can't be read hides no other.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use homeostat_core::id::Scope;
use homeostat_core::incident::Kind;
use homeostat_core::ports::{DueMark, DueMarks, LastServer, MarkList, NotWritten, Unavailable};
use jiff::Timestamp;

use super::item::{self, Item, Key};
use super::{DynamoLedger, not_written};
use crate::call::unavailable;

/// Pages of a query, of 1 MB each (DynamoDB API reference, `Query`). More marks than that are served when these are.
const MOST_PAGES: usize = 5;

/// Claims end by this attribute, in milliseconds since 1970.
const UNTIL: &str = "until";

impl DueMarks for DynamoLedger {
    async fn due_marks_of<K: Kind>(&self, scopes: &[Scope]) -> Result<MarkList, Unavailable> {
        let keys = scopes.iter().map(|scope| Key::mark::<K>(&scope.to_string())).collect();
        Ok(list(self.get(keys).await?))
    }

    async fn due_marks<K: Kind>(&self) -> Result<MarkList, Unavailable> {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :remedy")
            .expression_attribute_values(":remedy", AttributeValue::S(Key::server::<K>().pk))
            .consistent_read(true);
        let mut pages = request.into_paginator().send();
        let mut items = Vec::new();
        for _ in 0..MOST_PAGES {
            let Some(page) = pages.next().await else { break };
            let page = page.map_err(|error| unavailable("read what is marked as due", &error))?;
            items.extend(page.items.unwrap_or_default());
        }
        Ok(list(items.into_iter().filter(|item| !item::is_server(item))))
    }

    async fn mark_due<K: Kind>(&self, mark: &DueMark) -> Result<(), NotWritten> {
        let put = self.put_over(item::mark::<K>(mark)?, mark.version)?;
        self.put_alone(put).await
    }

    async fn unmark_due<K: Kind>(&self, mark: &DueMark) -> Result<(), NotWritten> {
        let read = AttributeValue::N(mark.version.to_string());
        let request = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(Key::mark::<K>(&mark.scope.to_string()).attributes()))
            .condition_expression("version = :read")
            .expression_attribute_values(":read", read);
        request.send().await.map(drop).map_err(|error| not_written("delete a mark", &error))
    }

    async fn claim_due<K: Kind>(&self, now: Timestamp, until: Timestamp) -> Result<LastServer, NotWritten> {
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item::server::<K>(until)))
            .return_values(ReturnValue::AllOld)
            .condition_expression("attribute_not_exists(#until) OR #until <= :now")
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":now", AttributeValue::N(now.as_millisecond().to_string()));
        let sent = request.send().await.map_err(|error| not_written("claim what is due", &error))?;
        Ok(sent.attributes.as_ref().map_or(LastServer::Done, item::last_server))
    }

    async fn release_due<K: Kind>(&self, until: Timestamp, rests_until: Option<Timestamp>) -> Result<(), NotWritten> {
        let ours = AttributeValue::N(until.as_millisecond().to_string());
        match rests_until {
            Some(rests_until) => {
                let request = self.client.put_item().table_name(&self.table);
                let request = request
                    .set_item(Some(item::resting_server::<K>(rests_until)))
                    .condition_expression("#until = :ours");
                let request = request.expression_attribute_names("#until", UNTIL);
                let sent = request.expression_attribute_values(":ours", ours).send().await;
                sent.map(drop).map_err(|error| not_written("give back what is due", &error))
            }
            None => {
                let request = self.client.delete_item().table_name(&self.table);
                let request = request.set_key(Some(Key::server::<K>().attributes()));
                let request =
                    request.condition_expression("#until = :ours").expression_attribute_names("#until", UNTIL);
                let sent = request.expression_attribute_values(":ours", ours).send().await;
                sent.map(drop).map_err(|error| not_written("give back what is due", &error))
            }
        }
    }
}

fn list(items: impl IntoIterator<Item = Item>) -> MarkList {
    let mut list = MarkList::default();
    for item in items {
        match item::read_mark(item) {
            Ok(mark) => list.marks.push(mark),
            Err(unreadable) => list.unreadable.push(unreadable),
        }
    }
    list
}
