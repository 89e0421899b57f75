//! A record of the stream as the change of an incident.
//!
//! This module never takes an item that can't be read for one that says nothing: what stands in plain sight of it is compared.

use aws_lambda_events::dynamodb::EventRecord;
use homeostat_core::incident::SCHEMA;
use homeostat_remedies::registry::AnyIncident;
use serde_dynamo::{AttributeValue, Item};

pub(crate) struct Change {
    /// None: the item is new.
    old: Option<Item>,
    new: Item,
    pub(crate) before: Option<AnyIncident>,
    pub(crate) after: Result<AnyIncident, String>,
}

impl Change {
    /// None, if no incident was written: another item, or one that was deleted, by its owner when it closed or by DynamoDB when its
    /// time to live was over.
    pub(crate) fn of(record: &EventRecord) -> Option<Change> {
        let change = &record.change;
        let Some(AttributeValue::S(key)) = change.keys.get("pk") else { return None };
        if !key.starts_with("SUBJECT#") || change.new_image.is_empty() {
            return None;
        }
        let old = Some(&change.old_image).filter(|old| !old.is_empty()).cloned();
        let before = old.as_ref().and_then(|old| read(old).ok());
        Some(Change { old, before, after: read(&change.new_image), new: change.new_image.clone() })
    }

    pub(crate) fn is_new(&self) -> bool {
        self.old.is_none()
    }

    /// Whether the incident says that people want to hear of this. As the attribute says it, since the rest of an old image may be
    /// another version's.
    pub(crate) fn is_marked_as_news(&self) -> bool {
        let nothing_yet = AttributeValue::N("0".to_owned());
        let told = |item: &Item| item.get("notify_seq").cloned();
        told(&self.new) != self.old.as_ref().map_or(Some(nothing_yet), told)
    }

    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.new.get("state"), Some(AttributeValue::S(state)) if state == "closed")
    }

    /// Whether the sweep set this mark, or set it again.
    pub(crate) fn is_marked(&self, mark: &str) -> bool {
        let marked = |item: &Item| item.get(mark).filter(|value| !matches!(value, AttributeValue::Null(_))).cloned();
        marked(&self.new).is_some() && marked(&self.new) != self.old.as_ref().and_then(marked)
    }

    /// Whether it is the first mark of its kind.
    pub(crate) fn is_first_marked(&self, mark: &str) -> bool {
        let has_old = |old: &Item| old.get(mark).is_some_and(|value| !matches!(value, AttributeValue::Null(_)));
        self.is_marked(mark) && !self.old.as_ref().is_some_and(has_old)
    }
}

fn read(image: &Item) -> Result<AnyIncident, String> {
    let schema = image.get("schema");
    if schema != Some(&AttributeValue::N(SCHEMA.to_string())) {
        return Err(format!("it has the schema {schema:?}, and this version knows {SCHEMA}"));
    }
    serde_dynamo::from_item(image.clone()).map_err(|error| error.to_string())
}
