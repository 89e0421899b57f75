//! Who invokes what, and what becomes of an invocation that failed, as the template has it: events and schedules by
//! asynchronous invocation, wake-ups by the queue.
//!
//! This module never looks into an event, but for whom it is about.

use homeostat_core::id::InstanceId;
use jiff::SignedDuration;
use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) work: Work,
    /// From 1.
    pub(super) attempt: u32,
    /// Anything but a throttle has befallen one of its tries.
    pub(super) is_hurt: bool,
}

/// One message of an intake queue.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) id: u64,
    pub(super) event: Value,
    pub(super) received: u32,
    /// Anything but a throttle has befallen one of its tries.
    pub(super) is_hurt: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Work {
    /// By a rule, or the resync's.
    Event(Value),
    /// From the queue of wake-ups.
    Message(Value),
    /// From an intake queue, several together.
    Batch(Vec<Letter>),
    Sweep,
}

/// Lambda's waits before its two retries of an asynchronous invocation (Lambda Developer Guide, "How Lambda handles errors and
/// retries with asynchronous invocation").
const RETRIES: [SignedDuration; 2] = [SignedDuration::from_mins(1), SignedDuration::from_mins(2)];

/// Every queue's `maxReceiveCount` in template.yaml.
const MOST_RECEIVES: u32 = 3;

/// The sweeper's `Timeout` there.
const SWEEPER_TIMEOUT: SignedDuration = SignedDuration::from_secs(30);

/// What template.yaml sets for a function and the queue before it.
pub(super) struct Limits {
    pub(super) timeout: SignedDuration,
    pub(super) visible_again_after: SignedDuration,
}

impl Limits {
    /// Of those that read whole fleets.
    pub(super) const USUAL: Limits =
        Limits { timeout: SignedDuration::from_secs(30), visible_again_after: SignedDuration::from_secs(180) };
}

impl Letter {
    fn record(&self) -> Value {
        json!({
            "messageId": self.id.to_string(), "receiptHandle": self.id.to_string(), "body": self.event.to_string(),
            "attributes": { "ApproximateReceiveCount": self.received.to_string() }, "eventSource": "aws:sqs",
        })
    }
}

/// Of a lifecycle action, as EventBridge sends it or as Auto Scaling does.
pub(super) fn held_instance(message: &Value) -> Option<InstanceId> {
    let told = message.pointer("/detail/EC2InstanceId").or(message.get("EC2InstanceId"));
    told?.as_str()?.parse().ok()
}

impl Delivery {
    pub(super) fn first(work: Work) -> Self {
        Delivery { work, attempt: 1, is_hurt: false }
    }

    /// The next try of one that failed, and how long after; `None` = it becomes a dead letter, or nothing.
    pub(super) fn again(&self, limits: &Limits) -> Option<(SignedDuration, Delivery)> {
        let next = Delivery { work: self.work.clone(), attempt: self.attempt + 1, is_hurt: self.is_hurt };
        match self.work {
            Work::Event(_) => {
                let failed_before = usize::try_from(self.attempt - 1).unwrap_or(usize::MAX);
                Some((*RETRIES.get(failed_before)?, next))
            }
            Work::Message(_) => (self.attempt < MOST_RECEIVES).then_some((limits.visible_again_after, next)),
            // `MaximumRetryAttempts: 0`: the next one is a minute away. Each letter of a batch comes again by itself.
            Work::Sweep | Work::Batch(_) => None,
        }
    }

    /// As Lambda hands it to the function; of a sweep there is nothing to hand over.
    pub(super) fn event(&self) -> Value {
        match &self.work {
            Work::Event(event) => event.clone(),
            Work::Message(message) => json!({ "Records": [{ "body": message.to_string() }] }),
            Work::Batch(letters) => json!({ "Records": letters.iter().map(Letter::record).collect::<Vec<_>>() }),
            Work::Sweep => Value::Null,
        }
    }

    pub(super) fn timeout(&self, limits: &Limits) -> SignedDuration {
        if matches!(self.work, Work::Sweep) { SWEEPER_TIMEOUT } else { limits.timeout }
    }

    /// Of a lifecycle action, whose it is.
    fn held_instance(&self) -> Option<InstanceId> {
        let (Work::Event(message) | Work::Message(message)) = &self.work else { return None };
        held_instance(message)
    }

    pub(super) fn name(&self) -> String {
        if let Some(id) = self.held_instance() {
            return format!("action of {id}, attempt {}", self.attempt);
        }
        let name = match &self.work {
            Work::Event(event) => match event.pointer("/detail/alarmName").and_then(Value::as_str) {
                Some(alarm) => format!("event of {alarm}"),
                None => event.get("detail-type").and_then(Value::as_str).unwrap_or("resync").to_owned(),
            },
            Work::Message(message) => match message.get("subject").and_then(Value::as_str) {
                Some(subject) => format!("wake-up of {subject}"),
                None => format!("order {}", message.get("homeostat").unwrap_or(&Value::Null)),
            },
            Work::Batch(letters) => {
                let letters: Vec<String> =
                    letters.iter().map(|letter| format!("{}/{}", letter.id, letter.received)).collect();
                return format!("batch of {}", letters.join(" "));
            }
            Work::Sweep => "sweep".to_owned(),
        };
        format!("{name}, attempt {}", self.attempt)
    }

    pub(super) fn kind(&self) -> &'static str {
        match &self.work {
            _ if self.held_instance().is_some() => "action",
            Work::Event(event) if event.get("homeostat").is_some() => "resync",
            Work::Event(event) if event.pointer("/detail/alarmName").is_some() => "alarm",
            Work::Event(_) => "announcement",
            Work::Message(message) if message.get("subject").is_none() && message.get("homeostat").is_some() => "order",
            Work::Message(_) => "wake-up",
            Work::Batch(_) => "batch",
            Work::Sweep => "sweep",
        }
    }
}
