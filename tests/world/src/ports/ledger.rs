//! The ledger in memory, under the same conditions as in DynamoDB: each write is all or nothing.
//!
//! It never keeps what the real one could not: an incident is stored as JSON and read back from it.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use homeostat_core::id::{GroupName, Subject};
use homeostat_core::incident::Incident;
use homeostat_core::ports::{
    Due, DueIncidents, DueList, History, Ledger, Limits, NotWritten, Pause, Slots, Unavailable, Write, pause_scopes,
};
use jiff::Timestamp;

use super::clock::VirtualClock;
use super::lock;

/// Clones share one ledger.
#[derive(Debug, Clone)]
pub struct MemoryLedger {
    items: Arc<Mutex<Items>>,
    clock: VirtualClock,
}

#[derive(Debug, Default)]
struct Items {
    open: BTreeMap<Subject, Incident>,
    closed: BTreeMap<Subject, Vec<Incident>>,
    slots: BTreeMap<GroupName, Slots>,
    pauses: BTreeMap<String, Pause>,
}

impl MemoryLedger {
    pub fn new(clock: VirtualClock) -> Self {
        MemoryLedger { items: Arc::default(), clock }
    }

    pub fn pause(&self, pause: Pause) {
        lock(&self.items).pauses.insert(pause.scope.clone(), pause);
    }

    pub fn resume(&self, scope: &str) {
        lock(&self.items).pauses.remove(scope);
    }

    pub fn open(&self) -> Vec<Incident> {
        lock(&self.items).open.values().cloned().collect()
    }

    /// Every closed incident, by subject and then by when it was closed.
    pub fn closed(&self) -> Vec<Incident> {
        lock(&self.items).closed.values().flatten().cloned().collect()
    }

    pub fn slots(&self, group: &GroupName) -> Slots {
        lock(&self.items).slots.get(group).cloned().unwrap_or_default()
    }
}

impl Items {
    /// The fence: the incident's version follows the stored one, which is 0 for a subject that has no open incident.
    fn fenced(&self, incident: &Incident) -> Result<(), NotWritten> {
        let stored = self.open.get(&incident.subject).map_or(0, |open| open.version);
        if incident.version == stored + 1 { Ok(()) } else { Err(NotWritten::Conflict) }
    }

    fn slots_fenced(&self, group: &GroupName, slots: &Slots) -> Result<(), NotWritten> {
        let stored = self.slots.get(group).map_or(0, |slots| slots.version);
        if slots.version == stored + 1 { Ok(()) } else { Err(NotWritten::Conflict) }
    }

    fn not_paused(&self, incident: &Incident, now: Timestamp) -> Result<(), NotWritten> {
        let scopes = pause_scopes(&incident.subject, incident.kind.group());
        let mut pauses = scopes.iter().filter_map(|scope| self.pauses.get(scope));
        if pauses.any(|pause| now < pause.until) { Err(NotWritten::Conflict) } else { Ok(()) }
    }

    /// Checks everything before it changes anything.
    fn write(&mut self, write: &Write<'_>) -> Result<(), NotWritten> {
        match *write {
            Write::Update { incident } => {
                self.fenced(incident)?;
                self.open.insert(incident.subject.clone(), stored(incident)?);
            }
            Write::Intent { incident, slots, now } => {
                let group = incident.kind.group();
                self.fenced(incident)?;
                self.slots_fenced(group, slots)?;
                self.not_paused(incident, now)?;
                self.open.insert(incident.subject.clone(), stored(incident)?);
                self.slots.insert(group.clone(), slots.clone());
            }
            Write::Close { incident, slots } => {
                let group = incident.kind.group();
                self.fenced(incident)?;
                if let Some(slots) = slots {
                    self.slots_fenced(group, slots)?;
                }
                self.closed.entry(incident.subject.clone()).or_default().push(stored(incident)?);
                self.open.remove(&incident.subject);
                if let Some(slots) = slots {
                    self.slots.insert(group.clone(), slots.clone());
                }
            }
        }
        Ok(())
    }
}

/// As DynamoDB would give it back: what a field's encoding loses is lost here too.
fn stored(incident: &Incident) -> Result<Incident, Unavailable> {
    let there_and_back = serde_json::to_value(incident).and_then(serde_json::from_value);
    there_and_back.map_err(|error| Unavailable { doing: "store an incident".to_owned(), why: error.to_string() })
}

impl Ledger for MemoryLedger {
    async fn history(&self, subject: &Subject) -> Result<History, Unavailable> {
        self.clock.call();
        let items = lock(&self.items);
        let closed = items.closed.get(subject).and_then(|closed| closed.last());
        Ok(History { open: items.open.get(subject).cloned(), last_closed: closed.cloned() })
    }

    async fn limits(&self, subject: &Subject, group: &GroupName) -> Result<Limits, Unavailable> {
        self.clock.call();
        let items = lock(&self.items);
        let pauses = pause_scopes(subject, group).iter().filter_map(|scope| items.pauses.get(scope)).cloned().collect();
        Ok(Limits { pauses, slots: items.slots.get(group).cloned().unwrap_or_default() })
    }

    async fn open_among(&self, subjects: &[Subject]) -> Result<Vec<Subject>, Unavailable> {
        self.clock.call();
        let items = lock(&self.items);
        Ok(subjects.iter().filter(|subject| items.open.contains_key(subject)).cloned().collect())
    }

    async fn write(&self, write: Write<'_>) -> Result<(), NotWritten> {
        self.clock.call();
        lock(&self.items).write(&write)
    }
}

impl DueIncidents for MemoryLedger {
    /// Soonest first, as the index sorts them. Unlike the index it is never out of date.
    async fn due(&self, now: Timestamp) -> Result<DueList, Unavailable> {
        self.clock.call();
        let items = lock(&self.items);
        let mut due: Vec<Due> = items
            .open
            .values()
            .filter_map(|open| {
                let wake_at = open.wake_at.filter(|at| *at <= now)?;
                Some(Due { subject: open.subject.clone(), version: open.version, wake_at })
            })
            .collect();
        due.sort_by_key(|due| due.wake_at);
        Ok(DueList { due, unreadable: Vec::new() })
    }

    async fn postpone(&self, due: &Due, until: Timestamp) -> Result<(), NotWritten> {
        self.clock.call();
        let mut items = lock(&self.items);
        let unchanged = |open: &&mut Incident| open.version == due.version && open.wake_at == Some(due.wake_at);
        let open = items.open.get_mut(&due.subject).filter(unchanged).ok_or(NotWritten::Conflict)?;
        let mut postponed = open.clone();
        postponed.wake_at = Some(until);
        postponed.wakes += 1;
        *open = stored(&postponed)?;
        Ok(())
    }
}
