//! Names that a story gives to invocations, so that it can tell afterwards, and while they run, which is whose.
//!
//! Most calls of an invocation do not say which instance it is for, and its first calls run in parallel. So nothing is
//! inferred from calls: the relay chooses the root of the trace when it invokes, as any caller of Lambda may, and the root
//! stands in every call of that invocation, from the first. It names one *attempt*: Lambda's own retries of the event
//! and wake-ups from the queue have roots of their own, and are under no label.
//!
//! Nothing else that could tell holds from the first call on: a bootstrap hears of its event from MiniStack directly, past
//! the proxy, the request's id is in none of its calls, and all processes of a function sign with one key.
//!
//! It never renames: what was once under a label stays there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::clock;

/// A handle; clones share the same labels.
#[derive(Clone, Default)]
pub struct Labels {
    by_root: Arc<Mutex<HashMap<String, String>>>,
}

impl Labels {
    /// The label of an invocation, by the root of its trace.
    pub fn of(&self, root: &str) -> Option<String> {
        self.book().get(root).cloned()
    }

    /// The header `X-Amzn-Trace-Id` for an invocation that goes by this label.
    pub(crate) fn trace(&self, label: &str) -> String {
        let (root, parent) = new_ids();
        self.book().insert(root.clone(), label.to_owned());
        format!("Root={root};Parent={parent};Sampled=1")
    }

    fn book(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.by_root.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A root and a segment in X-Ray's forms; unlike any other of this process and, by the clock, of others.
fn new_ids() -> (String, String) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = clock::now();
    let seed = format!("trace {}/{now}/{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let hex: String = Sha256::digest(seed).iter().map(|byte| format!("{byte:02x}")).collect();
    let (random, rest) = hex.split_at(24);
    (format!("1-{:08x}-{random}", now.as_second()), rest.chars().take(16).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_invocation_under_a_label_has_a_root_of_its_own() {
        let labels = Labels::default();
        let [first, second] = [labels.trace("drill"), labels.trace("drill")];
        assert_ne!(first, second);
        let root = first.strip_prefix("Root=").unwrap().split(';').next().unwrap();
        assert_eq!(root.len(), "1-58406520-a006649127e371903a2de979".len());
        assert_eq!(labels.of(root).as_deref(), Some("drill"));
        assert_eq!(labels.of("1-58406520-a006649127e371903a2de979"), None);
    }
}
