//! What a story wants to go wrong between a function and AWS, and what of it was done.
//!
//! A [`Fault`] says which calls ([`Matcher`]), what happens to them ([`Kind`]), and how often. Of several faults that
//! match a call, the oldest that is not used up happens, alone. Each one shows on its call in the journal.
//!
//! Faults never touch an operator's call, so a story's own clients are safe. A fault that can't be injected never passes in
//! silence: the call is answered with `SandboxFaultFailed`, has no effect unless the fault was to come after it, and
//! [`Faults::failures`] says why.

mod answer;
mod fault;
mod matcher;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::Replied;
use super::killer::{Connection, Killer, NotKilled};
use crate::journal::Who;
pub(super) use answer::{NoWireShape, injected};
pub use fault::{Fault, Kind};
pub use matcher::Matcher;
pub(crate) use matcher::Observation;

/// A handle; clones share the same faults.
#[derive(Clone, Default)]
pub struct Faults {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    killer: Option<Killer>,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    /// By function and root of the trace: how many calls there were.
    counted: HashMap<(Who, String), u32>,
    rules: Vec<Rule>,
    /// By action and subject: the newest real answer.
    answers: HashMap<(String, String), Replied>,
    failures: Vec<String>,
}

struct Rule {
    fault: Fault,
    /// The invocation that the matcher follows, once it is known.
    followed: Option<String>,
    hits: Vec<u64>,
    gate: watch::Sender<Held>,
}

/// The calls that wait for a story.
#[derive(Default)]
struct Held {
    arrived: u32,
    released: bool,
}

/// Which of the faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultId(usize);

/// What is to happen to a call, and the call's number in its invocation.
pub(super) struct Decided {
    pub nth: Option<u32>,
    pub planned: Option<Planned>,
}

pub(super) struct Planned {
    pub id: FaultId,
    pub kind: Kind,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum NotInjected {
    #[error("nothing can be killed here: there is no MiniStack")]
    NoKiller,
    #[error("{action} of {subject:?} had no answer yet that could be repeated")]
    NothingOlder { action: String, subject: String },
    #[error(transparent)]
    NotKilled(#[from] NotKilled),
    #[error(transparent)]
    NoWireShape(#[from] NoWireShape),
}

impl Faults {
    /// The default has nobody who could kill.
    pub fn with(killer: Killer) -> Self {
        Self { shared: Arc::new(Shared { killer: Some(killer), book: Mutex::default() }) }
    }

    pub fn add(&self, fault: Fault) -> FaultId {
        let mut book = self.book();
        book.rules.push(Rule { fault, followed: None, hits: Vec::new(), gate: watch::Sender::default() });
        FaultId(book.rules.len() - 1)
    }

    /// Kills the labelled invocation right before its n-th call has an effect.
    pub fn kill_before(&self, label: &str, nth: u32) -> FaultId {
        self.add(Fault::once(Kind::KillBefore, Matcher::labelled(label).nth(nth)))
    }

    /// Kills the labelled invocation when its n-th call took effect, before the answer is there.
    pub fn kill_after(&self, label: &str, nth: u32) -> FaultId {
        self.add(Fault::once(Kind::KillAfter, Matcher::labelled(label).nth(nth)))
    }

    /// Route 53's control plane takes no change of records until the fault is [removed](Faults::remove), as in October 2025;
    /// DNS itself answers on.
    pub fn refuse_record_changes(&self) -> FaultId {
        let changes = Matcher::any().action("route53", "ChangeResourceRecordSets");
        self.add(Fault::always(Kind::Unavailable, changes))
    }

    /// Lets the calls go that a [`Kind::Hold`] keeps, and those that it would still have kept.
    pub fn release(&self, id: FaultId) {
        if let Some(rule) = self.book().rules.get(id.0) {
            rule.gate.send_modify(|held| held.released = true);
        }
    }

    /// Waits until a [`Kind::Hold`] has a call to keep; `false` = none came in time.
    pub async fn wait_until_held(&self, id: FaultId, patience: Duration) -> bool {
        let Some(mut held) = self.book().rules.get(id.0).map(|rule| rule.gate.subscribe()) else { return false };
        tokio::time::timeout(patience, held.wait_for(|held| held.arrived > 0)).await.is_ok_and(|held| held.is_ok())
    }

    /// From now on the fault does not happen. What it did stays known.
    pub fn remove(&self, id: FaultId) {
        if let Some(rule) = self.book().rules.get_mut(id.0) {
            rule.fault.left = Some(0);
        }
    }

    /// The sequence numbers of the calls to which the fault happened.
    pub fn hits(&self, id: FaultId) -> Vec<u64> {
        self.book().rules.get(id.0).map(|rule| rule.hits.clone()).unwrap_or_default()
    }

    /// The faults that could not be injected, and why.
    pub fn failures(&self) -> Vec<String> {
        self.book().failures.clone()
    }

    /// Counts the call, and uses up the fault that is to happen.
    pub(super) fn decide(&self, seen: &Observation<'_>) -> Decided {
        if *seen.who == Who::Operator {
            return Decided { nth: None, planned: None };
        }
        let mut book = self.book();
        let nth = seen.invocation.map(|root| {
            let count = book.counted.entry((seen.who.clone(), root.to_owned())).or_default();
            *count += 1;
            *count
        });
        let mut planned = None;
        for (index, rule) in book.rules.iter_mut().enumerate() {
            // Each rule looks at each call: it may have to learn which invocation it follows.
            if rule.fits(seen, nth) && planned.is_none() && rule.fault.use_once() {
                planned = Some(Planned { id: FaultId(index), kind: rule.fault.kind.clone() });
            }
        }
        Decided { nth, planned }
    }

    pub(super) fn hit(&self, id: FaultId, sequence: u64) {
        if let Some(rule) = self.book().rules.get_mut(id.0) {
            rule.hits.push(sequence);
        }
    }

    pub(super) fn failed(&self, words: &str) {
        self.book().failures.push(words.to_owned());
    }

    pub(super) fn keep(&self, action: &str, subject: &str, replied: &Replied) {
        self.book().answers.insert((action.to_owned(), subject.to_owned()), replied.clone());
    }

    pub(super) fn older_answer(&self, action: &str, subject: &str) -> Result<Replied, NotInjected> {
        let key = (action.to_owned(), subject.to_owned());
        let found = self.book().answers.get(&key).cloned();
        found.ok_or(NotInjected::NothingOlder { action: key.0, subject: key.1 })
    }

    pub(super) async fn hold_until_released(&self, id: FaultId) {
        let Some(gate) = self.book().rules.get(id.0).map(|rule| rule.gate.clone()) else { return };
        gate.send_modify(|held| held.arrived += 1);
        // The sender is right here, so the wait has no other end than the release.
        _ = gate.subscribe().wait_for(|held| held.released).await;
    }

    pub(super) async fn kill(&self, connection: Connection) -> Result<(), NotInjected> {
        let killer = self.shared.killer.ok_or(NotInjected::NoKiller)?;
        Ok(killer.kill(connection).await?)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.shared.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rule {
    fn fits(&mut self, seen: &Observation<'_>, nth: Option<u32>) -> bool {
        let matcher = &self.fault.matcher;
        if self.followed.is_none() && matcher.is_first_to_mention(seen) {
            self.followed = seen.invocation.map(str::to_owned);
        }
        matcher.fits(seen, nth, self.followed.as_deref())
    }
}
