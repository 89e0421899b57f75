//! What is marked as due, in memory: stored as JSON, as the real ledger stores it.
//!
//! It never gives back a mark that it could not have stored.

use std::collections::BTreeMap;

use homeostat_core::id::Scope;
use homeostat_core::incident::Kind;
use homeostat_core::ports::{DueMark, DueMarks, LastServer, MarkList, NotWritten, Unavailable, UnreadableMark};
use jiff::Timestamp;
use serde_json::Value;

use super::{MemoryLedger, follows, lock, to_the_millisecond};

/// Of one remedy.
#[derive(Debug, Default)]
pub(super) struct Marks {
    by_scope: BTreeMap<Scope, Value>,
    claimed_until: Option<Timestamp>,
    /// Whether whoever claimed them is through.
    rests: bool,
    writes: u32,
}

impl Marks {
    fn version(&self, scope: &Scope) -> Option<u64> {
        self.by_scope.get(scope)?.get("version")?.as_u64()
    }
}

impl MemoryLedger {
    /// How often a mark of that kind was written.
    pub fn mark_writes<K: Kind>(&self) -> u32 {
        lock(&self.items).due.get(K::REMEDY).map_or(0, |marks| marks.writes)
    }

    /// The marks of that kind, by scope.
    pub fn marks<K: Kind>(&self) -> Vec<DueMark> {
        let items = lock(&self.items);
        let stored = items.due.get(K::REMEDY).into_iter().flat_map(|marks| marks.by_scope.values());
        stored.filter_map(|mark| serde_json::from_value(mark.clone()).ok()).collect()
    }

    /// A mark as a version wrote it that this one can't read.
    pub fn spoil_mark<K: Kind>(&self, scope: &Scope, stored: Value) {
        lock(&self.items).due.entry(K::REMEDY).or_default().by_scope.insert(scope.clone(), stored);
    }
}

fn list<'a>(stored: impl Iterator<Item = (&'a Scope, &'a Value)>) -> MarkList {
    let mut list = MarkList::default();
    for (scope, mark) in stored {
        match serde_json::from_value(mark.clone()) {
            Ok(mark) => list.marks.push(mark),
            Err(error) => list.unreadable.push(UnreadableMark {
                scope: scope.to_string(),
                since: mark.get("since").and_then(Value::as_str).and_then(|since| since.parse().ok()),
                why: error.to_string(),
            }),
        }
    }
    list
}

impl DueMarks for MemoryLedger {
    async fn due_marks_of<K: Kind>(&self, scopes: &[Scope]) -> Result<MarkList, Unavailable> {
        self.clock.call();
        let items = lock(&self.items);
        let marks = items.due.get(K::REMEDY).into_iter().flat_map(|marks| &marks.by_scope);
        Ok(list(marks.filter(|(scope, _)| scopes.contains(scope))))
    }

    async fn due_marks<K: Kind>(&self) -> Result<MarkList, Unavailable> {
        self.clock.call();
        let items = lock(&self.items);
        Ok(list(items.due.get(K::REMEDY).into_iter().flat_map(|marks| &marks.by_scope)))
    }

    async fn mark_due<K: Kind>(&self, mark: &DueMark) -> Result<(), NotWritten> {
        self.clock.call();
        let mut items = lock(&self.items);
        let marks = items.due.entry(K::REMEDY).or_default();
        follows(marks.version(&mark.scope), mark.version)?;
        let stored = serde_json::to_value(mark);
        let stored =
            stored.map_err(|error| Unavailable { doing: "store a mark".to_owned(), why: error.to_string() })?;
        marks.by_scope.insert(mark.scope.clone(), stored);
        marks.writes += 1;
        Ok(())
    }

    async fn unmark_due<K: Kind>(&self, mark: &DueMark) -> Result<(), NotWritten> {
        self.clock.call();
        let mut items = lock(&self.items);
        let marks = items.due.entry(K::REMEDY).or_default();
        if marks.version(&mark.scope) != Some(mark.version) {
            return Err(NotWritten::Conflict);
        }
        marks.by_scope.remove(&mark.scope);
        Ok(())
    }

    async fn claim_due<K: Kind>(&self, now: Timestamp, until: Timestamp) -> Result<LastServer, NotWritten> {
        self.clock.call();
        let mut items = lock(&self.items);
        let marks = items.due.entry(K::REMEDY).or_default();
        if marks.claimed_until.is_some_and(|until| until > now) {
            return Err(NotWritten::Conflict);
        }
        let died = marks.claimed_until.is_some() && !marks.rests;
        marks.claimed_until = Some(to_the_millisecond(until));
        marks.rests = false;
        Ok(if died { LastServer::Died } else { LastServer::Done })
    }

    async fn release_due<K: Kind>(&self, until: Timestamp, rests_until: Option<Timestamp>) -> Result<(), NotWritten> {
        self.clock.call();
        let mut items = lock(&self.items);
        let marks = items.due.entry(K::REMEDY).or_default();
        if marks.claimed_until != Some(to_the_millisecond(until)) {
            return Err(NotWritten::Conflict);
        }
        marks.claimed_until = rests_until.map(to_the_millisecond);
        marks.rests = rests_until.is_some();
        Ok(())
    }
}
