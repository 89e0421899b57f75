//! What has closed in a month, by the index that lists it.
//!
//! This module never reads an item of the table: the index holds what a report is made from.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use homeostat_core::incident::Month;
use homeostat_core::ports::{ClosedIncidents, ClosedPage, Cursor, Unavailable};
use serde::de::DeserializeOwned;

use super::DynamoLedger;
use super::item::{self, Item};
use crate::call::unavailable;

/// The sparse index of what is closed, by when: `closed_month`, `closed_at`.
const CLOSED_INDEX: &str = "closed";

impl ClosedIncidents for DynamoLedger {
    async fn closed_in<I: DeserializeOwned + Send>(
        &self,
        month: Month,
        most: u16,
        after: Option<&Cursor>,
    ) -> Result<ClosedPage<I>, Unavailable> {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(CLOSED_INDEX)
            .key_condition_expression("closed_month = :month")
            .expression_attribute_values(":month", AttributeValue::S(month.to_string()))
            .scan_index_forward(false)
            .limit(i32::from(most))
            .set_exclusive_start_key(after.map(start_key));
        let answer = request.send().await.map_err(|error| unavailable("read what has closed", &error))?;
        let next = answer.last_evaluated_key.map(cursor).transpose()?;
        let mut page = ClosedPage { read: Vec::new(), unreadable: Vec::new(), next };
        for item in answer.items.unwrap_or_default() {
            match item::read(item) {
                Ok(incident) => page.read.push(incident),
                Err(unreadable) => page.unreadable.push(unreadable.to_string()),
            }
        }
        Ok(page)
    }
}

fn start_key(Cursor(keys): &Cursor) -> Item {
    keys.iter().map(|(name, key)| (name.clone(), AttributeValue::S(key.clone()))).collect()
}

/// Each key of the table and of the index is a text.
fn cursor(last: Item) -> Result<Cursor, Unavailable> {
    let text = |(name, key): (String, AttributeValue)| match key {
        AttributeValue::S(key) => Ok((name, key)),
        other => Err(Unavailable {
            doing: "read what has closed".to_owned(),
            why: format!("the index goes on from a key that is no text: {name} is {other:?}"),
        }),
    };
    last.into_iter().map(text).collect::<Result<BTreeMap<_, _>, _>>().map(Cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_goes_on_from_the_very_key_where_it_ended() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let last = Item::from([
            ("pk".to_owned(), text("SUBJECT#eu-west-1#instance#i-1")),
            ("sk".to_owned(), text("CLOSED#2026-11-30T10:00:00.000Z")),
            ("closed_month".to_owned(), text("2026-11")),
            ("closed_at".to_owned(), text("2026-11-30T11:00:00.5Z")),
        ]);
        assert_eq!(start_key(&cursor(last.clone()).unwrap()), last);
        let odd = Item::from([("pk".to_owned(), AttributeValue::N("1".to_owned()))]);
        assert!(cursor(odd).unwrap_err().to_string().contains("pk is N"));
    }
}
