//! One invocation of a function: a future that is polled when the dice say so, and dropped when it crashes or times out.
//!
//! This module never wakes an invocation by itself: what it waits for does.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use homeostat_lambda::Failure;
use serde_json::Value;

use super::deliveries::Delivery;
use super::note::InvocationId;
use super::occasions::Occasion;

type Answer = Result<Value, Failure>;

pub(super) type Task = Pin<Box<dyn Future<Output = Answer>>>;

pub(super) struct Invocation {
    pub(super) id: InvocationId,
    pub(super) delivery: Delivery,
    /// On which its calls are thrown for.
    pub(super) occasion: Occasion,
    task: Task,
    woken: Arc<Woken>,
    crashed: Arc<AtomicBool>,
}

pub(super) enum Progress {
    Waits,
    Crashed,
    Answered(Answer),
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Invocation {
    pub(super) fn new(
        id: InvocationId,
        delivery: Delivery,
        occasion: Occasion,
        crashed: Arc<AtomicBool>,
        task: Task,
    ) -> Self {
        Invocation { id, delivery, occasion, task, woken: Arc::new(Woken(AtomicBool::new(true))), crashed }
    }

    pub(super) fn can_go_on(&self) -> bool {
        self.woken.0.load(Ordering::Relaxed)
    }

    pub(super) fn go_on(&mut self) -> Progress {
        self.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.woken));
        match self.task.as_mut().poll(&mut Context::from_waker(&waker)) {
            _ if self.crashed.load(Ordering::Relaxed) => Progress::Crashed,
            Poll::Pending => Progress::Waits,
            Poll::Ready(answer) => Progress::Answered(answer),
        }
    }
}
