//! Runs many futures on one thread until none can go on without time passing.
//!
//! This module never lets time pass, and never polls a future that nobody woke.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use super::lock;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct TaskId(u64);

pub(super) type Task<T> = Pin<Box<dyn Future<Output = T>>>;

pub(super) struct Executor<T> {
    running: BTreeMap<TaskId, Running<T>>,
    ready: Arc<Mutex<VecDeque<TaskId>>>,
    last: u64,
}

struct Running<T> {
    task: Task<T>,
    turn: Arc<Turn>,
}

/// A task's place in the queue of those that can go on.
struct Turn {
    id: TaskId,
    is_queued: AtomicBool,
    ready: Arc<Mutex<VecDeque<TaskId>>>,
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        if !self.is_queued.swap(true, Ordering::Relaxed) {
            lock(&self.ready).push_back(self.id);
        }
    }
}

impl<T> Default for Executor<T> {
    fn default() -> Self {
        Executor { running: BTreeMap::new(), ready: Arc::default(), last: 0 }
    }
}

impl<T> Executor<T> {
    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    pub(super) fn spawn(&mut self, task: Task<T>) -> TaskId {
        self.last += 1;
        let id = TaskId(self.last);
        let turn = Arc::new(Turn { id, is_queued: AtomicBool::new(false), ready: Arc::clone(&self.ready) });
        Arc::clone(&turn).wake();
        self.running.insert(id, Running { task, turn });
        id
    }

    /// Ends a task where it is. What it waits for wakes nobody.
    pub(super) fn kill(&mut self, id: TaskId) {
        self.running.remove(&id);
    }

    /// Lets one task go on that can; `None` = none can. `before` hears whose turn it is.
    pub(super) fn turn(&mut self, before: impl FnOnce(TaskId)) -> Option<(TaskId, Poll<T>)> {
        loop {
            let id = lock(&self.ready).pop_front()?;
            let Some(running) = self.running.get_mut(&id) else { continue };
            running.turn.is_queued.store(false, Ordering::Relaxed);
            before(id);
            let waker = Waker::from(Arc::clone(&running.turn));
            let progress = running.task.as_mut().poll(&mut Context::from_waker(&waker));
            if progress.is_ready() {
                self.running.remove(&id);
            }
            return Some((id, progress));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use jiff::{SignedDuration, Timestamp};
    use world::VirtualClock;

    use super::super::timers::{Timers, sleep};
    use super::*;

    /// Runs to the end, and gives the order in which tasks ended and how long it took.
    fn run(clock: &VirtualClock, timers: &Timers, executor: &mut Executor<u32>) -> (Vec<u32>, SignedDuration) {
        let (began, mut ended) = (timers.now(), Vec::new());
        loop {
            timers.fire();
            while let Some((_, progress)) = executor.turn(|_| {}) {
                if let Poll::Ready(told) = progress {
                    ended.push(told);
                }
            }
            let Some(next) = timers.next_at() else { return (ended, timers.now().duration_since(began)) };
            clock.advance_to(next);
        }
    }

    fn stage() -> (VirtualClock, Arc<Timers>) {
        let clock = VirtualClock::starting_at(Timestamp::UNIX_EPOCH, SignedDuration::ZERO);
        (clock.clone(), Arc::new(Timers::new(clock)))
    }

    const MS: SignedDuration = SignedDuration::from_millis(1);

    #[test]
    fn time_passes_once_for_all_that_wait_together() {
        let (clock, timers) = stage();
        let mut executor = Executor::default();
        let inner = Arc::clone(&timers);
        executor.spawn(Box::pin(async move {
            join_all((0..300).map(|_| sleep(&inner, MS * 40))).await;
            1
        }));
        assert_eq!(run(&clock, &timers, &mut executor), (vec![1], MS * 40));
    }

    #[test]
    fn tasks_end_in_the_order_of_their_times() {
        let (clock, timers) = stage();
        let mut executor = Executor::default();
        for wait in [30, 10, 20] {
            let timers = Arc::clone(&timers);
            executor.spawn(Box::pin(async move {
                sleep(&timers, MS * wait).await;
                u32::try_from(wait).unwrap()
            }));
        }
        assert_eq!(run(&clock, &timers, &mut executor), (vec![10, 20, 30], MS * 30));
    }

    #[test]
    fn a_task_that_was_killed_never_ends() {
        let (clock, timers) = stage();
        let mut executor = Executor::default();
        let inner = Arc::clone(&timers);
        let killed = executor.spawn(Box::pin(async move {
            sleep(&inner, MS).await;
            1
        }));
        executor.spawn(Box::pin(async { 2 }));
        _ = executor.turn(|_| {});
        executor.kill(killed);
        assert_eq!(run(&clock, &timers, &mut executor).0, vec![2]);
        assert_eq!(executor.len(), 0);
    }
}
