//! What becomes of an invocation that failed, as the template has it for this function: events and wake-ups come through one queue,
//! the resync by asynchronous invocation.
//!
//! This module never looks into a message, but for whom it is about.

use homeostat_core::id::{InstanceId, Subject};
use jiff::SignedDuration;
use serde_json::Value;

use crate::simulator::deliveries::{Delivery, Work};

/// `HookQueue`'s `VisibilityTimeout` and `maxReceiveCount` in template.yaml.
const VISIBLE_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(90);
const MOST_RECEIVES: u32 = 3;

/// `LifecycleHook`'s and the sweeper's `Timeout` there.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(15);
const SWEEPER_TIMEOUT: SignedDuration = SignedDuration::from_secs(30);

pub(super) fn again(delivery: &Delivery) -> Option<(SignedDuration, Delivery)> {
    match &delivery.work {
        Work::Message(_) => {
            let next = Delivery { work: delivery.work.clone(), attempt: delivery.attempt + 1 };
            (delivery.attempt < MOST_RECEIVES).then_some((VISIBLE_AGAIN_AFTER, next))
        }
        Work::Event(_) | Work::Sweep => delivery.again(),
    }
}

pub(super) fn timeout(delivery: &Delivery) -> SignedDuration {
    if matches!(delivery.work, Work::Sweep) { SWEEPER_TIMEOUT } else { TIMEOUT }
}

/// For the census and the log.
pub(super) fn kind(delivery: &Delivery) -> &'static str {
    match &delivery.work {
        Work::Message(message) | Work::Event(message) if action(message).is_some() => "action",
        _ => delivery.kind(),
    }
}

/// Whom it is about; `None` = everybody.
pub(super) fn about(delivery: &Delivery) -> Option<InstanceId> {
    let (Work::Message(message) | Work::Event(message)) = &delivery.work else { return None };
    action(message).or_else(|| subject(message)?.instance().cloned())
}

/// Of a lifecycle action, as EventBridge sends it or as Auto Scaling does.
fn action(message: &Value) -> Option<InstanceId> {
    let told = message.pointer("/detail/EC2InstanceId").or(message.get("EC2InstanceId"));
    told?.as_str()?.parse().ok()
}

pub(super) fn subject(message: &Value) -> Option<Subject> {
    message.get("subject")?.as_str()?.parse().ok()
}
