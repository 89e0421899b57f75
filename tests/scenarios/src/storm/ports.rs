//! The world's ports at the end of a wire: what each call of a port costs in calls of AWS's, as the adapters make them.
//!
//! This module never answers for the world, but for an error where a call was throttled.

mod fleet;
mod ledger;
mod wake_ups;

use std::sync::{Arc, Mutex};

use world::{Cloud, MemoryLedger, WakeUpQueue};

use super::mail::Mail;
use super::progress::Progress;
use super::wire::Wire;

/// Auto Scaling, load balancing, CloudWatch and EC2.
#[derive(Debug, Clone)]
pub(super) struct WiredCloud {
    pub(super) cloud: Cloud,
    pub(super) wire: Wire,
    pub(super) progress: Arc<Mutex<Progress>>,
}

/// The table.
#[derive(Debug, Clone)]
pub(super) struct WiredLedger {
    pub(super) ledger: MemoryLedger,
    pub(super) wire: Wire,
    pub(super) progress: Arc<Mutex<Progress>>,
    pub(super) mail: Arc<Mutex<Mail>>,
}

/// The queues, as those see them who send.
#[derive(Debug, Clone)]
pub(super) struct WiredQueue {
    pub(super) queue: WakeUpQueue,
    pub(super) wire: Wire,
}
