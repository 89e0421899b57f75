//! The wake queue over the wire.
//!
//! This module never delivers what was sent.

use homeostat_core::id::Subject;
use homeostat_core::ports::{Unavailable, WakeUps};
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
}
