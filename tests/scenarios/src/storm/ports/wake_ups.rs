//! The owner's queues over the wire.
//!
//! This module never delivers what was sent.

use homeostat_core::id::Subject;
use homeostat_core::ports::{Intake, Unavailable, WakeUps};
use homeostat_core::signal::Order;
use jiff::{SignedDuration, Timestamp};

use super::super::api::Api;
use super::WiredQueue;

impl WakeUps for WiredQueue {
    async fn wake(&self, subject: &Subject, after: SignedDuration) -> Result<(), Unavailable> {
        self.wire.call(Api::SendMessage).await?;
        self.queue.wake(subject, after).await
    }

    async fn wake_for(&self, subject: &Subject, look: Timestamp, after: SignedDuration) -> Result<(), Unavailable> {
        self.wire.call(Api::SendMessage).await?;
        self.queue.wake_for(subject, look, after).await
    }
    async fn order(&self, order: &Order, after: SignedDuration) -> Result<(), Unavailable> {
        self.wire.call(Api::SendMessage).await?;
        self.queue.order(order, after).await
    }
}

impl Intake for WiredQueue {
    async fn put(&self, event: &str) -> Result<(), Unavailable> {
        self.wire.call(Api::SendMessage).await?;
        self.queue.put(event).await
    }

    async fn delete(&self, receipts: &[String]) -> Result<(), Unavailable> {
        self.wire.call(Api::DeleteMessageBatch).await?;
        self.queue.delete(receipts).await
    }
}
