//! The ledger in memory, under the same conditions as in DynamoDB: each write is all or nothing.
//!
//! It never keeps what the real one could not: an incident is stored as JSON and read back from it. A ledger that samples keeps most
//! incidents as they are, and says when one that it did read back was another.

mod closed;
mod marks;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use homeostat_core::aws::alarm::AlarmChange;
use homeostat_core::budget::SharedBudget;
use homeostat_core::id::{GroupName, Scope, Subject};
use homeostat_core::incident::{Incident, Kind};
use homeostat_core::memory::Remembered;
use homeostat_core::ports::{
    Control, Due, DueIncidents, DueList, History, Ledger, Limits, Mark, NotWritten, OpenIncidents, Pause, Slots,
    Unavailable, Write, pause_scopes,
};
use homeostat_core::resync::Resync;
use homeostat_core::size;
use homeostat_remedies::registry::AnyIncident;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::clock::VirtualClock;
use super::lock;
pub use closed::IN_CLOSED_INDEX;
use marks::Marks;

/// Clones share one ledger.
#[derive(Debug, Clone)]
pub struct MemoryLedger {
    items: Arc<Mutex<Items>>,
    clock: VirtualClock,
}

#[derive(Debug, Default)]
struct Items {
    open: BTreeMap<Subject, AnyIncident>,
    closed: BTreeMap<Subject, Vec<AnyIncident>>,
    slots: BTreeMap<Scope, Slots>,
    shared: Option<SharedBudget>,
    /// Why the shared budget can't be read, if it can't.
    unreadable: Option<String>,
    /// By the remedy that it is of.
    memories: BTreeMap<(Scope, &'static str), Box<dyn Any + Send>>,
    alarms: BTreeMap<String, AlarmChange>,
    pauses: BTreeMap<String, Pause>,
    resyncs: BTreeMap<&'static str, Resync>,
    /// By remedy.
    due: BTreeMap<&'static str, Marks>,
    /// Grows with each change.
    revision: u64,
    samples: bool,
    flaw: Option<String>,
    /// How the version that writes stores an incident, if it isn't this one.
    version: Option<fn(Value) -> Value>,
}

/// Of so many writes one is read back.
const SAMPLED: u64 = 16;

/// What the keys of an item may take beside what it holds, in bytes.
const KEYS: usize = 300;

impl MemoryLedger {
    pub fn new(clock: VirtualClock) -> Self {
        MemoryLedger { items: Arc::default(), clock }
    }

    /// For histories by the thousand: encoding and decoding each incident would take most of their time.
    pub fn sampling(clock: VirtualClock) -> Self {
        let items = Items { samples: true, ..Items::default() };
        MemoryLedger { items: Arc::new(Mutex::new(items)), clock }
    }

    /// The first incident that a sampling ledger didn't read back as it was written.
    pub fn flaw(&self) -> Option<String> {
        lock(&self.items).flaw.clone()
    }

    /// The same ledger, seen by somebody whose clock is another.
    #[must_use]
    pub fn with_clock(&self, clock: VirtualClock) -> Self {
        MemoryLedger { items: Arc::clone(&self.items), clock }
    }

    /// From now on each incident is stored as another version of Homeostat would store it.
    pub fn write_as(&self, version: fn(Value) -> Value) {
        lock(&self.items).version = Some(version);
    }

    pub fn add_pause(&self, pause: Pause) {
        lock(&self.items).pauses.insert(pause.scope.clone(), pause);
    }

    pub fn remove_pause(&self, scope: &str) {
        lock(&self.items).pauses.remove(scope);
    }

    /// The open incidents of a kind.
    pub fn open<K: Kind>(&self) -> Vec<Incident<K>> {
        lock(&self.items).open.values().filter_map(AnyIncident::of).cloned().collect()
    }

    /// Every open incident.
    pub fn all_open(&self) -> Vec<AnyIncident> {
        lock(&self.items).open.values().cloned().collect()
    }

    /// Every closed incident of a kind, by subject and then by when it was closed.
    pub fn closed<K: Kind>(&self) -> Vec<Incident<K>> {
        lock(&self.items).closed.values().flatten().filter_map(AnyIncident::of).cloned().collect()
    }

    /// Every closed incident, in the same order.
    pub fn all_closed(&self) -> Vec<AnyIncident> {
        lock(&self.items).closed.values().flatten().cloned().collect()
    }

    pub fn last_closed<K: Kind>(&self, subject: &Subject) -> Option<Incident<K>> {
        lock(&self.items).closed.get(subject)?.last()?.of().cloned()
    }

    /// Whether anything changed since the last look: it grows with each write.
    pub fn revision(&self) -> u64 {
        lock(&self.items).revision
    }

    pub fn slots_of(&self, group: &GroupName) -> Slots {
        lock(&self.items).slots.get(&Scope::of_group(group)).cloned().unwrap_or_default()
    }

    /// What is out of all groups together.
    pub fn shared(&self) -> SharedBudget {
        lock(&self.items).shared.clone().unwrap_or_default()
    }

    /// From now on the shared budget can't be read.
    pub fn spoil_shared_budget(&self, why: &str) {
        lock(&self.items).unreadable = Some(why.to_owned());
    }

    pub fn memory_of<K: Kind>(&self, scope: &Scope) -> K::Memory {
        lock(&self.items).memory::<K>(scope).unwrap_or_default()
    }
}

/// The fence of an item: what is written follows what is stored, which is 0 for an item that isn't there.
fn follows(stored: Option<u64>, written: u64) -> Result<(), NotWritten> {
    if written == stored.unwrap_or(0) + 1 { Ok(()) } else { Err(NotWritten::Conflict) }
}

impl Items {
    fn memory<K: Kind>(&self, scope: &Scope) -> Option<K::Memory> {
        self.memories.get(&(scope.clone(), K::REMEDY))?.downcast_ref().cloned()
    }

    fn not_paused<K: Kind>(&self, incident: &Incident<K>, now: Timestamp) -> Result<(), NotWritten> {
        let scopes = pause_scopes::<K>(&incident.subject, &incident.scope());
        let mut pauses = scopes.iter().filter_map(|scope| self.pauses.get(scope));
        if pauses.any(|pause| now < pause.until) { Err(NotWritten::Conflict) } else { Ok(()) }
    }

    /// Whether the next write is: each one, unless the ledger samples.
    fn is_read_back(&self) -> bool {
        !self.samples || self.revision.is_multiple_of(SAMPLED)
    }

    fn kept<K: Kind>(&mut self, incident: &Incident<K>) -> Result<Incident<K>, Unavailable> {
        if let Some(version) = self.version {
            return stored_by(version, incident);
        }
        if !self.samples {
            return stored(incident);
        }
        let kept = Incident { wake_at: incident.wake_at.map(to_the_millisecond), ..incident.clone() };
        if self.is_read_back() {
            let read = stored(incident)?;
            if read != kept {
                self.flaw.get_or_insert_with(|| format!("{incident:?} was read back as {read:?}"));
            }
        }
        Ok(kept)
    }

    /// Checks everything before it changes anything.
    fn write<K: Kind>(&mut self, write: &Write<'_, K>) -> Result<(), NotWritten> {
        let Write { incident, slots, shared, memory, alarm, unpaused_at } = *write;
        let (subject, scope) = (&incident.subject, incident.scope());
        follows(self.open.get(subject).map(|open| open.head().version), incident.version)?;
        if let Some(slots) = slots {
            follows(self.slots.get(&scope).map(|stored| stored.version), slots.version)?;
        }
        if let Some(shared) = shared {
            follows(self.shared.as_ref().map(|stored| stored.version), shared.version)?;
        }
        if let Some(memory) = memory {
            follows(self.memory::<K>(&scope).map(|stored| stored.version()), memory.version())?;
        }
        if let Some(alarm) = alarm
            && self.alarms.get(&alarm.change.speaker()).map(|stored| stored.changed_at) != alarm.over
        {
            return Err(NotWritten::Conflict);
        }
        if let Some(now) = unpaused_at {
            self.not_paused(incident, now)?;
        }
        if self.is_read_back() {
            fits(incident)?;
        }
        slots.map_or(Ok(()), fits)?;
        shared.map_or(Ok(()), fits)?;
        memory.map_or(Ok(()), fits)?;
        let kept = self.kept(incident)?;
        let is_closed = kept.closed_at.is_some();
        let kept = any_of(&kept)?;
        if is_closed {
            self.closed.entry(subject.clone()).or_default().push(kept);
            self.open.remove(subject);
        } else {
            self.open.insert(subject.clone(), kept);
        }
        self.revision += 1;
        self.shared = shared.cloned().or_else(|| self.shared.take());
        self.slots.extend(slots.map(|slots| (scope.clone(), slots.clone())));
        if let Some(memory) = memory {
            self.memories.insert((scope, K::REMEDY), Box::new(memory.clone()));
        }
        self.alarms.extend(alarm.map(|alarm| (alarm.change.speaker(), alarm.change.clone())));
        Ok(())
    }
}

/// DynamoDB refuses a larger item, and with it all of the transaction.
fn fits(item: &impl Serialize) -> Result<(), Unavailable> {
    if size::of(item) + KEYS <= size::MOST {
        return Ok(());
    }
    let why = "ValidationException: Item size has exceeded the maximum allowed size".to_owned();
    Err(Unavailable { doing: "write an item of the ledger".to_owned(), why })
}

/// The key of the index of what is due is a number of milliseconds.
fn to_the_millisecond(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

/// As DynamoDB would give it back: what a field's encoding loses is lost here too.
fn stored<K: Kind>(incident: &Incident<K>) -> Result<Incident<K>, Unavailable> {
    there_and_back(incident)
}

fn stored_by<T: Serialize + DeserializeOwned>(version: fn(Value) -> Value, stored: &T) -> Result<T, Unavailable> {
    let stored = serde_json::to_value(stored).map(version).and_then(serde_json::from_value);
    stored.map_err(|error| Unavailable { doing: "store an incident".to_owned(), why: error.to_string() })
}

fn there_and_back<T: DeserializeOwned>(stored: &impl Serialize) -> Result<T, Unavailable> {
    let there_and_back = serde_json::to_value(stored).and_then(serde_json::from_value);
    there_and_back.map_err(|error| Unavailable { doing: "store an incident".to_owned(), why: error.to_string() })
}

/// The same incident, of one of the kinds that there are.
fn any_of<K: Kind>(incident: &Incident<K>) -> Result<AnyIncident, Unavailable> {
    let incident: &dyn Any = incident;
    let instance = || incident.downcast_ref().map(|it| AnyIncident::Instance(Incident::clone(it)));
    let zone = || incident.downcast_ref().map(|it| AnyIncident::Zone(Incident::clone(it)));
    let hook = || incident.downcast_ref().map(|it| AnyIncident::Hook(Incident::clone(it)));
    instance().or_else(zone).or_else(hook).ok_or_else(|| Unavailable {
        doing: "store an incident".to_owned(),
        why: format!("no remedy is called {}", K::REMEDY),
    })
}

fn postponed<K: Kind>(open: &mut Incident<K>, until: Timestamp, marks: &[Mark], now: Timestamp) {
    open.wake_at = Some(to_the_millisecond(until));
    open.wakes += 1;
    for mark in marks {
        match mark {
            Mark::Stuck => open.stuck = Some(now),
            Mark::Overdue => open.overdue = Some(now),
        }
    }
}

impl Ledger for MemoryLedger {
    async fn history<K: Kind>(
        &self,
        subject: &Subject,
        change: Option<&AlarmChange>,
    ) -> Result<History<K>, Unavailable> {
        self.clock.call();
        let items = lock(&self.items);
        let closed = items.closed.get(subject).and_then(|closed| closed.last());
        Ok(History {
            open: items.open.get(subject).and_then(AnyIncident::of).cloned(),
            last_closed_at: closed.and_then(|closed| closed.head().closed_at),
            last_closed: closed.and_then(AnyIncident::of).cloned().map(Box::new),
            alarm: change.and_then(|change| items.alarms.get(&change.speaker())).cloned(),
        })
    }

    async fn limits<K: Kind>(&self, subject: &Subject, scope: &Scope) -> Result<Limits<K>, Unavailable> {
        self.clock.call();
        let items = lock(&self.items);
        let pauses =
            pause_scopes::<K>(subject, scope).iter().filter_map(|scope| items.pauses.get(scope)).cloned().collect();
        let slots = items.slots.get(scope).cloned().unwrap_or_default();
        let shared = match &items.unreadable {
            Some(why) if K::SHARES_BUDGET => Err(why.clone()),
            _ => Ok(items.shared.clone().filter(|_| K::SHARES_BUDGET).unwrap_or_default()),
        };
        Ok(Limits { pauses, slots, shared, memory: items.memory::<K>(scope).unwrap_or_default() })
    }

    async fn open_among(&self, subjects: &[Subject]) -> Result<Vec<Subject>, Unavailable> {
        self.clock.call();
        let items = lock(&self.items);
        Ok(subjects.iter().filter(|subject| items.open.contains_key(subject)).cloned().collect())
    }

    async fn write<K: Kind>(&self, write: Write<'_, K>) -> Result<(), NotWritten> {
        self.clock.call();
        lock(&self.items).write(&write)
    }

    async fn resync(&self, remedy: &'static str) -> Result<Resync, Unavailable> {
        self.clock.call();
        let stored = lock(&self.items).resyncs.get(remedy).cloned();
        stored.map_or_else(|| Ok(Resync::default()), |stored| there_and_back(&stored))
    }

    async fn write_resync(&self, remedy: &'static str, resync: &Resync) -> Result<(), NotWritten> {
        self.clock.call();
        let mut items = lock(&self.items);
        follows(items.resyncs.get(remedy).map(|stored| stored.version), resync.version)?;
        items.resyncs.insert(remedy, resync.clone());
        items.revision += 1;
        Ok(())
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
                let open = open.head();
                Some(Due {
                    subject: open.subject.clone(),
                    version: open.version,
                    wake_at: open.wake_at.filter(|at| *at <= now)?,
                    wakes: open.wakes,
                    deadline: open.deadline,
                    stuck: open.stuck,
                    overdue: open.overdue,
                })
            })
            .collect();
        due.sort_by_key(|due| due.wake_at);
        Ok(DueList { due, unreadable: Vec::new() })
    }

    async fn postpone(&self, due: &Due, until: Timestamp, marks: &[Mark], now: Timestamp) -> Result<(), NotWritten> {
        self.clock.call();
        let mut guard = lock(&self.items);
        let items = &mut *guard;
        let unchanged =
            |open: &&mut AnyIncident| open.head().version == due.version && open.head().wake_at == Some(due.wake_at);
        let open = items.open.get_mut(&due.subject).filter(unchanged).ok_or(NotWritten::Conflict)?;
        match open {
            AnyIncident::Instance(open) => postponed(open, until, marks, now),
            AnyIncident::Zone(open) => postponed(open, until, marks, now),
            AnyIncident::Hook(open) => postponed(open, until, marks, now),
        }
        items.revision += 1;
        Ok(())
    }
}

impl Control for MemoryLedger {
    async fn open_incidents<I: DeserializeOwned + Send>(&self) -> Result<OpenIncidents<I>, Unavailable> {
        let read = self.all_open().iter().map(there_and_back).collect::<Result<_, _>>()?;
        Ok(OpenIncidents { read, unreadable: Vec::new() })
    }

    async fn pauses(&self) -> Result<Vec<Pause>, Unavailable> {
        Ok(lock(&self.items).pauses.values().cloned().collect())
    }

    async fn pause(&self, pause: &Pause) -> Result<(), Unavailable> {
        self.add_pause(pause.clone());
        Ok(())
    }

    async fn resume(&self, scope: &str) -> Result<bool, Unavailable> {
        Ok(lock(&self.items).pauses.remove(scope).is_some())
    }

    async fn slots(&self, scope: &Scope) -> Result<Slots, Unavailable> {
        Ok(lock(&self.items).slots.get(scope).cloned().unwrap_or_default())
    }

    async fn shared_budget(&self) -> Result<SharedBudget, Unavailable> {
        Ok(self.shared())
    }

    async fn memory<K: Kind>(&self, scope: &Scope) -> Result<K::Memory, Unavailable> {
        Ok(self.memory_of::<K>(scope))
    }

    async fn remember<K: Kind>(&self, scope: &Scope, memory: &K::Memory) -> Result<(), NotWritten> {
        let mut items = lock(&self.items);
        follows(items.memory::<K>(scope).map(|stored| stored.version()), memory.version())?;
        items.memories.insert((scope.clone(), K::REMEDY), Box::new(memory.clone()));
        items.revision += 1;
        Ok(())
    }
}
