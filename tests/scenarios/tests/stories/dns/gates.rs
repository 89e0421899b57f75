//! Gates through which the stories of weighted records lead an owner: one that stops it, and one that counts its turns.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use homeostat_lambda::Failure;
use scenarios::DnsStory;
use scenarios::simulator::gated::{Answer, Call, Gate, Gated, Passage};
use serde_json::Value;
use world::{Cloud, MemoryLedger, VirtualClock, WakeUpQueue};

pub(super) type GatedOwner<G> =
    shift_dns::Ready<Gated<Cloud, G>, Gated<MemoryLedger, G>, Gated<WakeUpQueue, G>, VirtualClock>;

/// Another owner over the same world, ledger and queue, with this gate before each of its ports.
pub(super) fn owner<G: Gate + Clone>(story: &DnsStory, gate: &G) -> GatedOwner<G> {
    shift_dns::Ready {
        aws: Gated { port: story.cloud.clone(), gate: gate.clone() },
        ledger: Gated { port: story.ledger.clone(), gate: gate.clone() },
        wake_ups: Gated { port: story.owner.wake_ups.clone(), gate: gate.clone() },
        clock: story.cloud.clock().clone(),
        policy: story.owner.policy.clone(),
    }
}

pub(super) type Handling = Pin<Box<dyn Future<Output = Result<Value, Failure>>>>;

pub(super) fn handling<G: Gate + Clone + 'static>(owner: GatedOwner<G>, event: Value) -> Handling {
    Box::pin(async move { shift_dns::handle(&owner, event).await })
}

/// Goes on as far as it can.
pub(super) fn go_on(handling: &mut Handling) -> Poll<Result<Value, Failure>> {
    handling.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// Ready at the second look.
struct OneTurn(bool);

impl Future for OneTurn {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Lets every call through after one turn, so that somebody else may go first, and remembers the turn of the change.
#[derive(Debug, Clone, Default)]
pub(super) struct OneTurnEach {
    pub(super) turn: Arc<AtomicU32>,
    pub(super) change: Arc<AtomicU32>,
}

impl Gate for OneTurnEach {
    async fn before(&self, call: Call<'_>) -> Passage {
        if let Call::Shift { .. } = call {
            self.change.store(self.turn.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        OneTurn(false).await;
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

/// Stops its owner right before the change is sent, until it is released.
#[derive(Debug, Clone, Default)]
pub(super) struct StopsBeforeTheChange {
    pub(super) released: Arc<AtomicBool>,
}

impl Gate for StopsBeforeTheChange {
    async fn before(&self, call: Call<'_>) -> Passage {
        if let Call::Shift { .. } = call {
            let released = || self.released.load(Ordering::Relaxed);
            std::future::poll_fn(|_| if released() { Poll::Ready(()) } else { Poll::Pending }).await;
        }
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Before,
    After,
}

/// Lets its owner live until the `nth` call.
#[derive(Debug, Clone)]
pub(super) struct CrashAt {
    pub(super) nth: u32,
    pub(super) when: When,
    pub(super) calls: Arc<AtomicU32>,
}

impl CrashAt {
    pub(super) fn new(nth: u32, when: When) -> Self {
        CrashAt { nth, when, calls: Arc::default() }
    }

    async fn crash_if(&self, now: bool) {
        if now {
            std::future::pending::<()>().await;
        }
    }
}

impl Gate for CrashAt {
    async fn before(&self, _: Call<'_>) -> Passage {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        self.crash_if(call == self.nth && self.when == When::Before).await;
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        // The calls of these stories are answered at once, so the newest is this one.
        self.crash_if(self.calls.load(Ordering::Relaxed) == self.nth && self.when == When::After).await;
        Answer::Told
    }
}
