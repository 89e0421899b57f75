//! The index of closed incidents: what of each the template has it hold, and no more.
//!
//! Unlike the real one it is never out of date.

use homeostat_core::incident::Month;
use homeostat_core::ports::{ClosedIncidents, ClosedPage, Cursor, Unavailable};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{MemoryLedger, lock};

/// As the template projects them, beside the keys. A story compares the two.
pub const IN_CLOSED_INDEX: [&str; 20] = [
    "schema",
    "subject",
    "kind",
    "state",
    "version",
    "notify_seq",
    "verdict",
    "signalled_at",
    "opened_at",
    "acted_at",
    "followed_at",
    "unhealthy_at",
    "mitigated_at",
    "recovered_at",
    "reminders",
    "paged_because",
    "acknowledged",
    "intent",
    "decision",
    "timeline",
];
const KEYS: [&str; 2] = ["closed_month", "closed_at"];

impl ClosedIncidents for MemoryLedger {
    async fn closed_in<I: DeserializeOwned + Send>(
        &self,
        month: Month,
        most: u16,
        after: Option<&Cursor>,
    ) -> Result<ClosedPage<I>, Unavailable> {
        let mut listed: Vec<(Cursor, Value)> = self.listed(month)?;
        listed.sort_by(|(one, _), (other, _)| other.0.cmp(&one.0));
        let from = after.map_or(Ok(0), |after| {
            let last = listed.iter().position(|(cursor, _)| cursor == after);
            last.map(|last| last + 1).ok_or_else(|| amiss("no list ended there"))
        })?;
        let page: Vec<_> = listed.iter().skip(from).take(most.into()).collect();
        let is_last = from + page.len() >= listed.len();
        let next = page.last().filter(|_| !is_last).map(|(cursor, _)| cursor.clone());
        let (mut read, mut unreadable) = (Vec::new(), Vec::new());
        for (_, incident) in page {
            match I::deserialize(incident) {
                Ok(incident) => read.push(incident),
                Err(error) => unreadable.push(error.to_string()),
            }
        }
        Ok(ClosedPage { read, unreadable, next })
    }
}

impl MemoryLedger {
    /// What the index has of the month, each with its place.
    fn listed(&self, month: Month) -> Result<Vec<(Cursor, Value)>, Unavailable> {
        let mut listed = Vec::new();
        for closed in lock(&self.items).closed.values().flatten() {
            let Value::Object(item) = serde_json::to_value(closed).map_err(amiss)? else { continue };
            let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            if text("closed_month") == month.to_string() {
                let keys = ["closed_at", "subject", "opened_at"].map(|name| (name.to_owned(), text(name)));
                listed.push((Cursor(keys.into()), Value::Object(projected(item))));
            }
        }
        Ok(listed)
    }
}

fn projected(item: Map<String, Value>) -> Map<String, Value> {
    let is_projected = |name: &str| IN_CLOSED_INDEX.contains(&name) || KEYS.contains(&name);
    item.into_iter().filter(|(name, _)| is_projected(name)).collect()
}

fn amiss(why: impl ToString) -> Unavailable {
    Unavailable { doing: "read what has closed".to_owned(), why: why.to_string() }
}
