//! In front of MiniStack's Route 53: what it lacks, and what it wrongly lets pass.
//!
//! Roles are held against the calls here, since MiniStack knows none of the conditions on changes of records; names reach it
//! in Route 53's own form; a batch that AWS would refuse never reaches it; a change stays PENDING as long as a story wants;
//! and the health of endpoints is the model's. What passes is signed anew with the account's own key, for a changed request
//! has no valid signature. It never keeps a record: MiniStack holds them all.

mod batch;
mod gate;
mod name;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub(super) use gate::Gate;
pub(crate) use name::normal;

/// On AWS up to a minute (Route 53 Developer Guide, "Best practices for Amazon Route 53 DNS").
const PROPAGATION: Duration = Duration::from_secs(2);

/// What a story sets and asks. A handle; clones share the same state.
#[derive(Clone, Default)]
pub struct Dns {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    book: Mutex<Book>,
    /// A batch is held against the records as they are when it is carried out: one after another.
    changing: tokio::sync::Mutex<()>,
}

struct Book {
    propagation: Duration,
    /// By the change's id.
    submitted: HashMap<String, Instant>,
}

impl Default for Book {
    fn default() -> Self {
        Self { propagation: PROPAGATION, submitted: HashMap::new() }
    }
}

impl Dns {
    /// How long a change is PENDING: for those to come, and for those under way.
    pub fn set_propagation(&self, propagation: Duration) {
        self.book().propagation = propagation;
    }

    fn submitted(&self, change: &str) {
        self.book().submitted.insert(change.to_owned(), Instant::now());
    }

    /// `None` = it came by another way, and only MiniStack knows.
    fn is_pending(&self, change: &str) -> Option<bool> {
        let book = self.book();
        book.submitted.get(change).map(|at| at.elapsed() < book.propagation)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.shared.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
