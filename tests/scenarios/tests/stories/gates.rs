//! Gates through which stories lead an owner: one that counts its turns, one that stops it, one that kills it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use homeostat_lambda::Failure;
use scenarios::simulator::gated::{Answer, Call, Gate, Passage};
use scenarios::{Handling, Owner};
use serde_json::Value;

/// Goes on as far as it can.
pub(crate) fn go_on(handling: &mut Handling) -> Poll<Result<Value, Failure>> {
    handling.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn is_effect(call: Call<'_>) -> bool {
    matches!(call, Call::Effect { .. } | Call::Shift { .. } | Call::Hook { .. })
}

/// Ready at the second look.
struct OneTurn(bool);

impl Future for OneTurn {
    type Output = ();
    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Whoever polls several side by side asks only those that are awake.
        context.waker().wake_by_ref();
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Lets every call through after one turn, so that somebody else may go first, and remembers the turn of the first effect.
#[derive(Debug, Clone, Default)]
pub(crate) struct OneTurnEach {
    turn: Arc<AtomicU32>,
    effect: Arc<AtomicU32>,
}

impl Gate for OneTurnEach {
    async fn before(&self, call: Call<'_>) -> Passage {
        if is_effect(call) {
            let turn = self.turn.load(Ordering::Relaxed);
            _ = self.effect.compare_exchange(0, turn, Ordering::Relaxed, Ordering::Relaxed);
        }
        OneTurn(false).await;
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

/// Each port waits for one turn before it answers. Calls that were sent side by side wait for the same turn, so the number of turns
/// up to an effect is the longest chain of calls before it, plus the effect itself.
pub(crate) fn turn_of_the_effect(owner: &impl Owner, event: Value) -> u32 {
    let gate = OneTurnEach::default();
    let mut handling = owner.behind(&gate, event);
    let finished = (0..100).any(|_| {
        gate.turn.fetch_add(1, Ordering::Relaxed);
        go_on(&mut handling).is_ready()
    });
    assert!(finished);
    gate.effect.load(Ordering::Relaxed)
}

/// Stops its owner right before the effect, until it is released.
#[derive(Debug, Clone, Default)]
pub(crate) struct StopsBeforeTheEffect {
    pub(crate) released: Arc<AtomicBool>,
}

impl Gate for StopsBeforeTheEffect {
    async fn before(&self, call: Call<'_>) -> Passage {
        if is_effect(call) {
            let released = || self.released.load(Ordering::Relaxed);
            std::future::poll_fn(|context| {
                context.waker().wake_by_ref();
                if released() { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
}

/// Lets its owner live until the `nth` call.
#[derive(Debug, Clone)]
pub(crate) struct CrashAt {
    pub(crate) nth: u32,
    pub(crate) when: When,
    pub(crate) calls: Arc<AtomicU32>,
}

impl CrashAt {
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
