//! The owners' queues, of wake-ups and of what is to be taken in, in memory.
//!
//! It never delivers by itself and never loses a message.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use homeostat_core::id::Subject;
use homeostat_core::ports::{Intake, Unavailable, WakeUps};
use homeostat_core::signal::{self, Order};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::lock;

/// Clones share one queue.
#[derive(Debug, Clone, Default)]
pub struct WakeUpQueue {
    waiting: Arc<Mutex<VecDeque<(SignedDuration, Value)>>>,
    intake: Arc<Mutex<VecDeque<String>>>,
    deleted: Arc<Mutex<Vec<String>>>,
}

impl WakeUpQueue {
    /// The messages that wait, oldest first, each with its delay, as an owner gets them after it.
    pub fn take(&self) -> Vec<(SignedDuration, Value)> {
        lock(&self.waiting).drain(..).collect()
    }

    /// The events that an owner put on its intake queue, oldest first.
    pub fn take_in(&self) -> Vec<String> {
        lock(&self.intake).drain(..).collect()
    }

    /// By which receipts an owner deleted what it had taken in.
    pub fn take_deleted(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.deleted))
    }

    pub fn len(&self) -> usize {
        lock(&self.waiting).len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl WakeUps for WakeUpQueue {
    async fn wake(&self, subject: &Subject, after: SignedDuration) -> Result<(), Unavailable> {
        lock(&self.waiting).push_back((after, signal::wake(subject)));
        Ok(())
    }

    async fn wake_for(&self, subject: &Subject, look: Timestamp, after: SignedDuration) -> Result<(), Unavailable> {
        lock(&self.waiting).push_back((after, signal::look(subject, look)));
        Ok(())
    }

    async fn order(&self, order: &Order, after: SignedDuration) -> Result<(), Unavailable> {
        lock(&self.waiting).push_back((after, signal::order(order)));
        Ok(())
    }
}

impl Intake for WakeUpQueue {
    async fn put(&self, event: &str) -> Result<(), Unavailable> {
        lock(&self.intake).push_back(event.to_owned());
        Ok(())
    }

    async fn delete(&self, receipts: &[String]) -> Result<(), Unavailable> {
        lock(&self.deleted).extend(receipts.iter().cloned());
        Ok(())
    }
}
