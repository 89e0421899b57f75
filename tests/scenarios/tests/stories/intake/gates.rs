//! Gates for what is taken in together: one that counts calls, one that throttles some, one during which something else happens.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use homeostat_core::id::Subject;
use scenarios::simulator::gated::{Answer, Call, Gate, Passage};

/// What is asked of AWS, and not of the ledger.
const AWS: [&str; 9] = [
    "read groups",
    "read alarms by name",
    "read alarms",
    "read targets",
    "read launches",
    "read refreshes",
    "read machines",
    "read a Spot request",
    "effect",
];

fn kind(call: Call<'_>) -> &'static str {
    match call {
        Call::Read { what } => what,
        Call::Write { .. } => "write",
        Call::Postpone { .. } => "postpone",
        Call::Wake { .. } => "wake",
        Call::Mark => "mark",
        Call::Resync => "resync",
        Call::Send { .. } => "send",
        Call::Effect { .. } => "effect",
        Call::Shift { .. } | Call::Hook { .. } => "other",
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Counting {
    calls: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

impl Counting {
    pub(crate) fn of(&self, what: &str) -> usize {
        self.calls.lock().unwrap().get(what).copied().unwrap_or_default()
    }

    pub(crate) fn all(&self) -> usize {
        self.calls.lock().unwrap().values().sum()
    }

    /// Reads of AWS; an effect is counted by itself.
    pub(crate) fn aws(&self) -> usize {
        AWS.iter().filter(|what| **what != "effect").map(|what| self.of(what)).sum()
    }
}

impl Gate for Counting {
    async fn before(&self, call: Call<'_>) -> Passage {
        *self.calls.lock().unwrap().entry(kind(call)).or_default() += 1;
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

/// Refuses calls of one kind until it ends.
#[derive(Debug, Clone)]
pub(crate) struct Throttling {
    what: &'static str,
    is_over: Arc<AtomicBool>,
}

impl Throttling {
    pub(crate) fn of(what: &'static str) -> Self {
        Throttling { what, is_over: Arc::default() }
    }

    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

impl Gate for Throttling {
    async fn before(&self, call: Call<'_>) -> Passage {
        let is_refused = kind(call) == self.what && !self.is_over.load(Ordering::Relaxed);
        if is_refused { Passage::Throttled } else { Passage::Open }
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

/// What happens besides, once.
type Aside = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// Counts, and has something happen right before the first call of one kind.
#[derive(Clone)]
pub(crate) struct Meanwhile {
    counting: Counting,
    at: &'static str,
    aside: Aside,
    /// Somebody else goes first at each call.
    yields: bool,
}

impl Meanwhile {
    pub(crate) fn at(at: &'static str, counting: &Counting, aside: impl FnOnce() + Send + 'static) -> Self {
        let aside: Box<dyn FnOnce() + Send> = Box::new(aside);
        Meanwhile { counting: counting.clone(), at, aside: Arc::new(Mutex::new(Some(aside))), yields: false }
    }

    pub(crate) fn others_go_first(counting: &Counting) -> Self {
        Meanwhile { counting: counting.clone(), at: "never", aside: Aside::default(), yields: true }
    }
}

impl Gate for Meanwhile {
    async fn before(&self, call: Call<'_>) -> Passage {
        self.counting.before(call).await;
        let aside = if kind(call) == self.at { self.aside.lock().unwrap().take() } else { None };
        if let Some(happen) = aside {
            happen();
        }
        let mut waited = !self.yields;
        std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

/// Ends the invocation that writes about one subject, however often it is tried: it runs out of memory, say.
#[derive(Debug, Clone)]
pub(crate) struct EndsAt {
    pub(crate) subject: Subject,
}

impl Gate for EndsAt {
    async fn before(&self, call: Call<'_>) -> Passage {
        if matches!(call, Call::Write { subject, .. } if *subject == self.subject) {
            std::future::pending::<()>().await;
        }
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}
