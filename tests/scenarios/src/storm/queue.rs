//! A queue and its event source mapping: batches, a window, so many batches at a time, visibility, receives, partial failures.
//!
//! This module never knows what a message says.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A queue and its mapping, as template.yaml sets them up.
#[derive(Debug, Clone, Copy)]
pub struct QueueSettings {
    pub batch: usize,
    /// `MaximumBatchingWindowInSeconds`.
    pub window: SignedDuration,
    /// `MaximumConcurrency`.
    pub at_once: usize,
    pub visibility: SignedDuration,
    /// `maxReceiveCount`: after so many it is a dead letter.
    pub receives: u32,
    /// `ReportBatchItemFailures`.
    pub reports_failures: bool,
}

impl QueueSettings {
    /// The wake queue: one wake-up, one invocation, five at a time.
    pub const WAKE_UPS: QueueSettings = QueueSettings {
        batch: 1,
        window: SignedDuration::ZERO,
        at_once: 5,
        visibility: SignedDuration::from_secs(180),
        receives: 3,
        reports_failures: false,
    };

    /// A queue for events, which come by the thousand: what is alike shall be served together.
    pub const INTAKE: QueueSettings = QueueSettings {
        batch: 100,
        window: SignedDuration::from_secs(1),
        at_once: 2,
        visibility: SignedDuration::from_secs(180),
        receives: 5,
        reports_failures: true,
    };
}

#[derive(Debug, Clone)]
pub(super) struct Message {
    id: u64,
    body: String,
    sent_at: Timestamp,
    receives: u32,
}

/// Messages that one invocation has.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    messages: Vec<Message>,
    received_at: Timestamp,
}

#[derive(Debug)]
pub(super) struct Queue {
    settings: QueueSettings,
    visible: VecDeque<Message>,
    /// Sent with a delay, or received and not deleted, by when they can be received.
    hidden: BTreeMap<(Timestamp, u64), Message>,
    at_work: usize,
    /// Since when the mapping gathers its next batch.
    gathers_since: Option<Timestamp>,
    last: u64,
    pub(super) most_waiting: usize,
    /// The longest that a message waited to be received the first time.
    pub(super) longest_wait: SignedDuration,
}

impl Queue {
    pub(super) fn new(settings: QueueSettings) -> Self {
        Queue {
            settings,
            visible: VecDeque::new(),
            hidden: BTreeMap::new(),
            at_work: 0,
            gathers_since: None,
            last: 0,
            most_waiting: 0,
            longest_wait: SignedDuration::ZERO,
        }
    }

    /// A message that can be received from then on.
    pub(super) fn send(&mut self, at: Timestamp, body: &Value) {
        self.last += 1;
        let message = Message { id: self.last, body: body.to_string(), sent_at: at, receives: 0 };
        self.hidden.insert((at, message.id), message);
    }

    /// When the next batch may be due, unless one that is at work ends first.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        let appears = self.hidden.keys().next().map(|(at, _)| *at);
        let is_free = self.at_work < self.settings.at_once;
        let gathered = self.gathers_since.filter(|_| is_free).map(|since| since + self.settings.window);
        appears.into_iter().chain(gathered).min()
    }

    /// The next batch, if the mapping would invoke its function now.
    pub(super) fn receive(&mut self, now: Timestamp) -> Option<Batch> {
        while let Some(first) = self.hidden.first_entry().filter(|first| first.key().0 <= now) {
            self.visible.push_back(first.remove());
        }
        self.most_waiting = self.most_waiting.max(self.visible.len());
        if self.visible.is_empty() || self.at_work >= self.settings.at_once {
            return None;
        }
        let since = *self.gathers_since.get_or_insert(now);
        if self.visible.len() < self.settings.batch && now < since + self.settings.window {
            return None;
        }
        let many = self.visible.len().min(self.settings.batch);
        let mut messages: Vec<Message> = self.visible.drain(..many).collect();
        for message in &mut messages {
            if message.receives == 0 {
                self.longest_wait = self.longest_wait.max(now.duration_since(message.sent_at));
            }
            message.receives += 1;
        }
        self.gathers_since = (!self.visible.is_empty()).then_some(now);
        self.at_work += 1;
        Some(Batch { messages, received_at: now })
    }

    /// What became of a batch: `None` = the invocation failed. Gives how many of its messages are dead letters now.
    pub(super) fn settle(&mut self, batch: Batch, answer: Option<&Value>) -> u64 {
        self.at_work = self.at_work.saturating_sub(1);
        let failed = answer.map(|answer| self.failed(answer));
        let mut dead = 0;
        for message in batch.messages {
            if failed.as_ref().is_some_and(|failed| !failed.contains(&message.id.to_string())) {
                continue;
            }
            if message.receives >= self.settings.receives {
                dead += 1;
            } else {
                self.hidden.insert((batch.received_at + self.settings.visibility, message.id), message);
            }
        }
        dead
    }

    fn failed(&self, answer: &Value) -> BTreeSet<String> {
        let items = answer.get("batchItemFailures").and_then(Value::as_array).into_iter().flatten();
        let items = items.filter(|_| self.settings.reports_failures);
        items.filter_map(|item| Some(item.get("itemIdentifier")?.as_str()?.to_owned())).collect()
    }
}

impl Batch {
    /// As Lambda hands it to a function (shape: events/README.md).
    pub(super) fn event(&self) -> Value {
        let record = |message: &Message| {
            json!({
                "messageId": message.id.to_string(), "receiptHandle": message.id.to_string(), "body": message.body,
                "attributes": {
                    "ApproximateReceiveCount": message.receives.to_string(),
                    "SentTimestamp": message.sent_at.as_millisecond().to_string(),
                },
                "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:homeostat",
            })
        };
        json!({ "Records": self.messages.iter().map(record).collect::<Vec<_>>() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    fn queue(settings: QueueSettings, messages: usize) -> Queue {
        let mut queue = Queue::new(settings);
        for number in 0..messages {
            queue.send(at(0), &json!({ "number": number }));
        }
        queue
    }

    fn many(batch: &Batch) -> usize {
        batch.messages.len()
    }

    #[test]
    fn no_more_batches_than_allowed_are_at_work() {
        let mut queue = queue(QueueSettings::WAKE_UPS, 7);
        let batches: Vec<Batch> = std::iter::from_fn(|| queue.receive(at(0))).collect();
        assert_eq!(batches.iter().map(many).collect::<Vec<_>>(), [1; 5]);
        assert_eq!(queue.settle(batches[0].clone(), Some(&Value::Null)), 0);
        assert!(queue.receive(at(1)).is_some() && queue.receive(at(1)).is_none());
    }

    #[test]
    fn a_batch_goes_when_it_is_full_or_its_window_is_over() {
        let mut queue = queue(QueueSettings::INTAKE, 150);
        assert_eq!(queue.receive(at(0)).as_ref().map(many), Some(100));
        assert!(queue.receive(at(0)).is_none(), "fifty wait for more");
        assert_eq!(queue.next_at(), Some(at(1)));
        assert_eq!(queue.receive(at(1)).as_ref().map(many), Some(50));
    }

    #[test]
    fn what_fails_comes_again_after_its_visibility_until_it_is_a_dead_letter() {
        let mut queue = queue(QueueSettings::WAKE_UPS, 1);
        for (second, dead) in [(0, 0), (180, 0), (360, 1)] {
            assert!(queue.receive(at(second - 1)).is_none());
            let batch = queue.receive(at(second)).unwrap();
            assert_eq!(queue.settle(batch, None), dead);
        }
        assert!(queue.receive(at(9_999)).is_none());
    }

    #[test]
    fn only_those_come_again_that_the_answer_names() {
        let mut queue = queue(QueueSettings::INTAKE, 3);
        queue.receive(at(0));
        let batch = queue.receive(at(1)).unwrap();
        let second = batch.event()["Records"][1]["messageId"].clone();
        queue.settle(batch, Some(&json!({ "batchItemFailures": [{ "itemIdentifier": second }] })));
        assert!(queue.receive(at(181)).is_none());
        let again = queue.receive(at(182)).unwrap().event();
        assert_eq!((again["Records"].as_array().unwrap().len(), &again["Records"][0]["messageId"]), (1, &second));
    }
}
