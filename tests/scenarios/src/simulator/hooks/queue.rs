//! What comes through the queue of lifecycle hooks: events of actions and wake-ups.
//!
//! This module never looks into a message, but for whom it is about.

use homeostat_core::id::{InstanceId, Subject};
use homeostat_remedies::hook::subject::HeldInstance;
use jiff::SignedDuration;
use serde_json::Value;

use crate::simulator::deliveries::{Delivery, Limits, Work, held_instance};

/// `LifecycleHook`'s `Timeout` and `HookQueue`'s `VisibilityTimeout` in template.yaml.
pub(super) const LIMITS: Limits =
    Limits { timeout: SignedDuration::from_secs(15), visible_again_after: SignedDuration::from_secs(90) };

/// Whom it is about; `None` = everybody.
pub(super) fn about(delivery: &Delivery) -> Option<InstanceId> {
    let (Work::Message(message) | Work::Event(message)) = &delivery.work else { return None };
    held_instance(message).or_else(|| Some(HeldInstance::of(&subject(message)?)?.instance))
}

pub(super) fn subject(message: &Value) -> Option<Subject> {
    message.get("subject")?.as_str()?.parse().ok()
}

/// SQS delays by whole seconds.
pub(super) fn whole_seconds(after: SignedDuration) -> SignedDuration {
    SignedDuration::from_secs(after.as_secs() + i64::from(after.subsec_nanos() > 0))
}
