//! Every call that passed the proxy: who made it, in which invocation, what it did, when, and how it ended; and every
//! [invocation](Invocation) of a function.
//!
//! The journal never changes what it was told, with one exception: calls of a function that was not registered yet get
//! its name when it is. It holds no request bodies.

mod action;
mod call;
mod chain;
mod failure;
mod invocation;
mod labels;
mod origin;
mod subject;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock;

pub(crate) use action::{action_of, is_form};
pub use call::{Call, Caller, Function, Who};
pub use chain::{is_effect, longest_chain, up_to_the_effect};
pub(crate) use failure::failure_of;
pub use invocation::{End, Invocation};
pub use labels::Labels;
pub(crate) use origin::Origin;
pub(crate) use subject::subject_of;

/// How many of the last calls an unfulfilled wait shows.
const LAST_CALLS_SHOWN: usize = 20;

/// A handle; clones share one journal.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

struct Shared {
    started: Instant,
    started_at: SystemTime,
    book: Mutex<Book>,
    news: watch::Sender<u64>,
    labels: Labels,
}

#[derive(Default)]
struct Book {
    next: u64,
    calls: Vec<Call>,
    functions: HashMap<String, Function>,
    invocations: Vec<Invocation>,
}

/// A wait that its deadline ended.
#[derive(Debug, thiserror::Error)]
#[error("not journalled within {deadline:?}: {awaited}\nthe last calls:\n{last_calls}")]
pub struct NotJournalled {
    pub awaited: String,
    pub deadline: Duration,
    pub last_calls: String,
}

impl Default for Journal {
    fn default() -> Self {
        Self::new()
    }
}

impl Journal {
    pub fn new() -> Self {
        let (news, _) = watch::channel(0);
        let (started, started_at) = (Instant::now(), SystemTime::now());
        Self {
            shared: Arc::new(Shared { started, started_at, book: Mutex::default(), news, labels: Labels::default() }),
        }
    }

    /// All finished calls, in the order in which they ended.
    pub fn calls(&self) -> Vec<Call> {
        self.book().calls.clone()
    }

    pub fn calls_of(&self, function: &str) -> Vec<Call> {
        self.select(|call| call.who.function() == Some(function))
    }

    /// The calls of one invocation, by the root of its trace.
    pub fn calls_in(&self, invocation: &str) -> Vec<Call> {
        self.select(|call| call.invocation.as_deref() == Some(invocation))
    }

    /// The calls of the invocations that a story put under this label.
    pub fn calls_labelled(&self, label: &str) -> Vec<Call> {
        self.select(|call| call.label.as_deref() == Some(label))
    }

    pub fn labels(&self) -> &Labels {
        &self.shared.labels
    }

    pub fn select(&self, wanted: impl Fn(&Call) -> bool) -> Vec<Call> {
        self.book().calls.iter().filter(|call| wanted(call)).cloned().collect()
    }

    /// The sequence number of the next call: what happens from here on has at least this one.
    pub fn mark(&self) -> u64 {
        self.book().next
    }

    /// Waits for a call, past or future, and returns the first that fits.
    pub async fn wait_for(
        &self,
        awaited: &str,
        deadline: Duration,
        fits: impl Fn(&Call) -> bool,
    ) -> Result<Call, NotJournalled> {
        self.wait_until(awaited, deadline, |calls| calls.iter().find(|call| fits(call)).cloned()).await
    }

    /// Waits until the calls so far, taken together, give an answer.
    pub async fn wait_until<T>(
        &self,
        awaited: &str,
        deadline: Duration,
        answer: impl Fn(&[Call]) -> Option<T>,
    ) -> Result<T, NotJournalled> {
        let mut news = self.shared.news.subscribe();
        let until = tokio::time::Instant::now() + deadline;
        loop {
            if let Some(found) = answer(&self.book().calls) {
                return Ok(found);
            }
            // The sender lives in `self`, so a change is the only news; past the deadline there is none.
            if tokio::time::timeout_at(until, news.changed()).await.is_err() {
                return Err(self.nothing_of(awaited, deadline));
            }
        }
    }

    /// Lets calls signed with the keys of these functions go by their names, earlier ones included.
    pub fn register(&self, functions: impl IntoIterator<Item = Function>) {
        let mut book = self.book();
        for function in functions {
            for call in book.calls.iter_mut().filter(|call| call.key.as_deref() == Some(&function.access_key)) {
                call.who = Who::Function(function.name.clone());
            }
            book.functions.insert(function.access_key.clone(), function);
        }
        drop(book);
        self.announce();
    }

    pub fn functions(&self) -> Vec<Function> {
        self.book().functions.values().cloned().collect()
    }

    pub(crate) fn who(&self, key: Option<&str>) -> Who {
        match key {
            // Keys of sessions; MiniStack gives one to each function and to nobody else here.
            Some(key) if key.starts_with("ASIA") => match self.book().functions.get(key) {
                Some(function) => Who::Function(function.name.clone()),
                None => Who::Unregistered(key.to_owned()),
            },
            _ => Who::Operator,
        }
    }

    /// The sequence number of a call that starts now, the time since the start, and the wall clock.
    pub(crate) fn open(&self) -> (u64, Duration, Timestamp) {
        let mut book = self.book();
        let sequence = book.next;
        book.next += 1;
        let started = self.shared.started.elapsed();
        (sequence, started, clock::at(self.shared.started_at + started))
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.shared.started.elapsed()
    }

    pub(crate) fn record(&self, call: Call) {
        self.book().calls.push(call);
        self.announce();
    }

    fn announce(&self) {
        self.shared.news.send_modify(|count| *count += 1);
    }

    fn nothing_of(&self, awaited: &str, deadline: Duration) -> NotJournalled {
        let book = self.book();
        let skipped = book.calls.len().saturating_sub(LAST_CALLS_SHOWN);
        let lines: Vec<String> = book.calls.iter().skip(skipped).map(ToString::to_string).collect();
        NotJournalled { awaited: awaited.to_owned(), deadline, last_calls: lines.join("\n") }
    }

    /// A panic elsewhere, in a predicate say, leaves the book itself whole.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.shared.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
