//! What the operator's command reads and writes in the ledger.
//!
//! This module never changes an incident: that goes through [`homeostat_core::ports::Ledger`], with its fence. It never takes
//! the index for the truth either: it lists what is open, and each is then read from the table.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use homeostat_core::budget::SharedBudget;
use homeostat_core::id::{Scope, Subject};
use homeostat_core::incident::{Kind, SCHEMA};
use homeostat_core::memory::Remembered;
use homeostat_core::ports::{Control, NotWritten, OpenIncidents, Pause, Slots, Unavailable};
use serde::de::DeserializeOwned;

use super::DynamoLedger;
use super::due::DUE_INDEX;
use super::item::{self, Item, Key};
use crate::call::unavailable;

impl Control for DynamoLedger {
    async fn open_incidents<I: DeserializeOwned + Send>(&self) -> Result<OpenIncidents<I>, Unavailable> {
        let (keys, unreadable) = self.open_keys().await?;
        let mut items = self.get(keys).await?;
        items.sort_by_key(|item| (item::opened_at(item), item::subject(item)));
        let mut open = OpenIncidents { read: Vec::new(), unreadable };
        // Closed since the index was read: no longer there, and no longer open.
        for item in items {
            match item::read(item) {
                Ok(incident) => open.read.push(incident),
                Err(unreadable) => open.unreadable.push(unreadable.to_string()),
            }
        }
        Ok(open)
    }

    async fn pauses(&self) -> Result<Vec<Pause>, Unavailable> {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :control")
            .expression_attribute_values(":control", AttributeValue::S(Key::pause("").pk))
            .consistent_read(true);
        let mut pages = request.into_paginator().items().send();
        let mut pauses = Vec::new();
        while let Some(found) = pages.next().await {
            let found = found.map_err(|error| unavailable("read the pauses", &error))?;
            if item::is_pause(&found) {
                pauses.push(item::pause(found));
            }
        }
        Ok(pauses)
    }

    /// Unconditional: a person's newest word is the one that holds, whatever stood there, legible or not.
    async fn pause(&self, pause: &Pause) -> Result<(), Unavailable> {
        let request = self.client.put_item().table_name(&self.table).set_item(Some(pause_item(pause)));
        request.send().await.map(drop).map_err(|error| unavailable("write the pause", &error))
    }

    async fn resume(&self, scope: &str) -> Result<bool, Unavailable> {
        let request = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(Key::pause(scope).attributes()))
            .return_values(ReturnValue::AllOld);
        let answer = request.send().await.map_err(|error| unavailable("remove the pause", &error))?;
        Ok(answer.attributes.is_some_and(|old| !old.is_empty()))
    }

    async fn slots(&self, scope: &Scope) -> Result<Slots, Unavailable> {
        self.one(Key::slots(scope)).await
    }

    async fn shared_budget(&self) -> Result<SharedBudget, Unavailable> {
        self.one(Key::shared_budget()).await
    }

    async fn memory<K: Kind>(&self, scope: &Scope) -> Result<K::Memory, Unavailable> {
        self.one(Key::memory::<K>(scope)).await
    }

    async fn remember<K: Kind>(&self, scope: &Scope, memory: &K::Memory) -> Result<(), NotWritten> {
        let put = self.put_over(item::memory::<K>(scope, memory)?, memory.version())?;
        self.put_alone(put).await
    }
}

impl DynamoLedger {
    /// Of those that are open, and which entries of the index name no subject.
    async fn open_keys(&self) -> Result<(Vec<Key>, Vec<String>), Unavailable> {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(DUE_INDEX)
            .key_condition_expression("sk = :open")
            .expression_attribute_values(":open", AttributeValue::S(item::OPEN.to_owned()));
        let mut pages = request.into_paginator().items().send();
        let (mut keys, mut unreadable) = (Vec::new(), Vec::new());
        while let Some(found) = pages.next().await {
            let found = found.map_err(|error| unavailable("read what is open", &error))?;
            match subject(&found) {
                Ok(subject) => keys.push(Key::open(&subject)),
                Err(unnamed) => unreadable.push(unnamed.to_string()),
            }
        }
        Ok((keys, unreadable))
    }

    /// One item, or what stands for it as long as there is none.
    async fn one<T: Default + DeserializeOwned>(&self, key: Key) -> Result<T, Unavailable> {
        let found: Option<Item> = self.get(vec![key]).await?.into_iter().next();
        found.map_or_else(|| Ok(T::default()), item::read)
    }
}

/// As people who have no such command at hand write it, too: README.md shows the very attributes.
pub(super) fn pause_item(pause: &Pause) -> Item {
    let mut item = Key::pause(&pause.scope).attributes();
    let texts = [("scope", &pause.scope), ("by", &pause.by), ("reason", &pause.reason)];
    item.extend(texts.map(|(name, text)| (name.to_owned(), AttributeValue::S(text.clone()))));
    let numbers = [("schema", i64::from(SCHEMA)), ("until", pause.until.as_millisecond())];
    item.extend(numbers.map(|(name, number)| (name.to_owned(), AttributeValue::N(number.to_string()))));
    item
}

fn subject(listed: &Item) -> Result<Subject, Unavailable> {
    let pk = listed.get("pk").and_then(|pk| pk.as_s().ok()).map_or("", String::as_str);
    let subject = pk.strip_prefix("SUBJECT#").and_then(|subject| subject.parse().ok());
    subject.ok_or_else(|| Unavailable {
        doing: "read what is open".to_owned(),
        why: format!("the index lists {pk:?}, which names no subject"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn a_pause_is_read_back_as_written() {
        let until = Timestamp::from_millisecond(1_800_000_000_000).unwrap();
        let pause = Pause { scope: "group#web #1".into(), by: "ana".into(), reason: "move".into(), until };
        let written = pause_item(&pause);
        assert!(item::is_pause(&written) && !written.contains_key("expires"));
        assert_eq!(item::pause(written), pause);
    }

    #[test]
    fn the_index_is_not_believed_to_name_only_subjects() {
        let listed = |pk: &str| Item::from([("pk".to_owned(), AttributeValue::S(pk.to_owned()))]);
        let id = "eu-west-1#group#web";
        assert_eq!(subject(&listed(&format!("SUBJECT#{id}"))).unwrap().to_string(), id);
        assert!(subject(&listed("CONTROL")).unwrap_err().to_string().contains("CONTROL"));
        assert!(subject(&Item::new()).is_err());
    }
}
