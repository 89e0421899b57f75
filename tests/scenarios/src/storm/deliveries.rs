//! What reaches which function when: events and schedules by Lambda's asynchronous invocation with its retries, wake-ups by their queue.
//!
//! This module never runs a function, and never drops what should be delivered again.

use std::collections::BTreeMap;
use std::fmt;

use homeostat_lambda::Failure;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::queue::{Batch, Queue, QueueSettings};
use crate::{FleetOwner, Owner, RESYNC_EVERY, SWEEP_EVERY, event_rules};

/// What an invocation was begun for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Event,
    WakeUp,
    Resync,
    Sweep,
}

impl Source {
    pub const ALL: [Source; 4] = [Source::Event, Source::WakeUp, Source::Resync, Source::Sweep];
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Event => "event",
            Source::WakeUp => "wake-up",
            Source::Resync => "resync",
            Source::Sweep => "sweep",
        })
    }
}

/// How alarm and EC2 events reach the owner.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    /// Each invokes it.
    Invocation,
    Queue(QueueSettings),
}

/// "If the function returns an error, Lambda attempts to run it two more times, with a one-minute wait before the first two attempts, and
/// two minutes between the second and third" (Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation").
const WAITS: [SignedDuration; 2] = [SignedDuration::from_mins(1), SignedDuration::from_mins(2)];

/// One event for one function, and what it came by.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) source: Source,
    pub(super) event: Value,
    by: By,
}

#[derive(Debug)]
enum By {
    /// With the retries that are left.
    Invocation(usize),
    Intake(Batch),
    WakeQueue(Batch),
}

/// How an invocation ended.
#[derive(Debug)]
pub(super) enum Fate {
    Answered(Result<Value, Failure>),
    TimedOut,
}

#[derive(Debug)]
pub(super) struct Deliveries {
    invocations: BTreeMap<(Timestamp, u64), Delivery>,
    last: u64,
    intake: Option<Queue>,
    pub(super) wake_ups: Queue,
    next_sweep: Timestamp,
    next_resync: Option<Timestamp>,
    pub(super) dead_letters: BTreeMap<Source, u64>,
}

impl Deliveries {
    /// The schedules begin a while after `now`, each at a time of its own.
    pub(super) fn new(now: Timestamp, way: Way, resyncs: bool) -> Self {
        Deliveries {
            invocations: BTreeMap::new(),
            last: 0,
            intake: match way {
                Way::Invocation => None,
                Way::Queue(settings) => Some(Queue::new(settings)),
            },
            wake_ups: Queue::new(QueueSettings::WAKE_UPS),
            next_sweep: now + SignedDuration::from_secs(23),
            next_resync: resyncs.then(|| now + SignedDuration::from_secs(137)),
            dead_letters: BTreeMap::new(),
        }
    }

    /// An event for the owner, that reaches it or its queue at that time. What is urgent never comes by the queue.
    pub(super) fn event(&mut self, at: Timestamp, event: Value) {
        match &mut self.intake {
            Some(intake) if event_rules::by_queue(FleetOwner::RESOURCE, &event) => intake.send(at, &event),
            _ => self.invoke(at, Delivery { source: Source::Event, event, by: By::Invocation(WAITS.len()) }),
        }
    }

    pub(super) fn wake_up(&mut self, at: Timestamp, message: &Value) {
        self.wake_ups.send(at, message);
    }

    fn invoke(&mut self, at: Timestamp, delivery: Delivery) {
        self.last += 1;
        self.invocations.insert((at, self.last), delivery);
    }

    /// What begins now.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<Delivery> {
        let mut due = Vec::new();
        if self.next_sweep <= now {
            self.next_sweep += SWEEP_EVERY;
            due.push(Delivery { source: Source::Sweep, event: Value::Null, by: By::Invocation(0) });
        }
        if self.next_resync.is_some_and(|at| at <= now) {
            self.next_resync = self.next_resync.map(|at| at + RESYNC_EVERY);
            let event = json!({ "homeostat": "resync" });
            due.push(Delivery { source: Source::Resync, event, by: By::Invocation(WAITS.len()) });
        }
        while let Some(first) = self.invocations.first_entry().filter(|first| first.key().0 <= now) {
            due.push(first.remove());
        }
        while let Some(batch) = self.wake_ups.receive(now) {
            due.push(Delivery { source: Source::WakeUp, event: batch.event(), by: By::WakeQueue(batch) });
        }
        while let Some(batch) = self.intake.as_mut().and_then(|intake| intake.receive(now)) {
            due.push(Delivery { source: Source::Event, event: batch.event(), by: By::Intake(batch) });
        }
        due
    }

    pub(super) fn next_at(&self) -> Timestamp {
        let queues = self.wake_ups.next_at().into_iter().chain(self.intake.as_ref().and_then(Queue::next_at));
        let invocation = self.invocations.keys().next().map(|(at, _)| *at);
        queues.chain(invocation).chain(self.next_resync).fold(self.next_sweep, Timestamp::min)
    }

    /// Delivers again what failed, or counts it among the dead letters.
    pub(super) fn ended(&mut self, now: Timestamp, delivery: Delivery, fate: &Fate) {
        let answer = match fate {
            Fate::Answered(Ok(answer)) => Some(answer),
            Fate::Answered(Err(_)) | Fate::TimedOut => None,
        };
        let Delivery { source, event, by } = delivery;
        let dead = match by {
            By::Invocation(_) if answer.is_some() => 0,
            By::Invocation(left) => match left.checked_sub(1).zip(WAITS.iter().rev().nth(left.saturating_sub(1))) {
                Some((left, wait)) => {
                    self.invoke(now + *wait, Delivery { source, event, by: By::Invocation(left) });
                    0
                }
                None => 1,
            },
            By::WakeQueue(batch) => self.wake_ups.settle(batch, answer),
            By::Intake(batch) => self.intake.as_mut().map_or(0, |intake| intake.settle(batch, answer)),
        };
        *self.dead_letters.entry(source).or_default() += dead;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn an_event_that_fails_comes_again_after_one_minute_and_after_two_more() {
        let mut deliveries = Deliveries::new(at(1_000), Way::Invocation, false);
        deliveries.event(at(0), json!("an event"));
        for second in [0, 60, 180] {
            assert_eq!(deliveries.next_at(), at(second));
            let delivery = deliveries.due(at(second)).pop().unwrap();
            assert_eq!((delivery.source, &delivery.event), (Source::Event, &json!("an event")));
            assert_eq!(deliveries.dead_letters.get(&Source::Event).copied().unwrap_or_default(), 0);
            deliveries.ended(at(second), delivery, &Fate::TimedOut);
        }
        assert_eq!(deliveries.dead_letters[&Source::Event], 1);
        assert_eq!(deliveries.next_at(), at(1_023), "the sweep alone is left");
    }

    #[test]
    fn what_was_answered_is_over() {
        let mut deliveries = Deliveries::new(at(1_000), Way::Invocation, false);
        deliveries.event(at(0), json!("an event"));
        let delivery = deliveries.due(at(0)).pop().unwrap();
        deliveries.ended(at(1), delivery, &Fate::Answered(Ok(Value::Null)));
        assert_eq!((deliveries.next_at(), deliveries.dead_letters[&Source::Event]), (at(1_023), 0));
    }

    #[test]
    fn the_schedules_come_each_at_its_own_pace() {
        let mut deliveries = Deliveries::new(at(0), Way::Invocation, true);
        let mut begun = Vec::new();
        while begun.len() < 8 {
            let now = deliveries.next_at();
            begun.extend(deliveries.due(now).into_iter().map(|delivery| (now.as_second(), delivery.source)));
        }
        let resyncs: Vec<i64> = begun.iter().filter(|(_, source)| *source == Source::Resync).map(|it| it.0).collect();
        assert_eq!(resyncs, [137]);
        assert_eq!(begun[0], (23, Source::Sweep));
    }
}
