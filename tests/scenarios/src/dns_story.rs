//! A whole Homeostat over weighted records in virtual time: the functions' own code over the world and a ledger in memory.
//!
//! This driver never decides anything: it carries events and wake-ups to where the template would, and lets time pass.

use homeostat_core::aws::record::{RecordKey, Weights};
use homeostat_core::id::HostedZoneId;
use homeostat_core::incident::Acknowledgement;
use homeostat_core::policy::Policy;
use homeostat_core::ports::{Clock, Ledger, NotWritten, Write};
use homeostat_core::zone::kind::ZoneKind;
use homeostat_lambda::Failure;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use world::{Cloud, EndpointState, MemoryLedger, Refusal, VirtualClock, WakeUpQueue, World};

use crate::{RESYNC_EVERY, SWEEP_EVERY, event_rules, ready};

/// The owner as a story has it.
pub type DnsOwner = shift_dns::Ready<Cloud, MemoryLedger, WakeUpQueue, VirtualClock>;

pub struct DnsStory {
    pub cloud: Cloud,
    pub ledger: MemoryLedger,
    pub owner: DnsOwner,
    sweeper: reconcile::Ready<MemoryLedger, WakeUpQueue, VirtualClock>,
    /// Every event that the rule let through, oldest first.
    pub delivered: Vec<Value>,
    /// What the owner answered to events and wake-ups, oldest first.
    pub answers: Vec<Result<Value, Failure>>,
    /// Whether alarms reach the owner. What no event tells is left to the resync.
    pub events_are_delivered: bool,
    /// Whether the owner's five-minute schedule runs.
    pub resyncs: bool,
    swept_at: Timestamp,
    resynced_at: Timestamp,
    /// Wake-ups on the queue, with the time at which they come out.
    queued: Vec<(Timestamp, Value)>,
}

impl DnsStory {
    pub fn new(world: World, policy: Policy) -> Self {
        let now = world.now();
        let cloud = Cloud::over(world);
        let clock = cloud.clock().clone();
        let ledger = MemoryLedger::new(clock.clone());
        let owner = shift_dns::Ready {
            aws: cloud.clone(),
            ledger: ledger.clone(),
            wake_ups: WakeUpQueue::default(),
            clock: clock.clone(),
            policy,
        };
        // One queue for both, as in the template.
        let sweeper = reconcile::Ready { incidents: ledger.clone(), wake_ups: owner.wake_ups.clone(), clock };
        DnsStory {
            cloud,
            ledger,
            owner,
            sweeper,
            delivered: Vec::new(),
            answers: Vec::new(),
            events_are_delivered: true,
            resyncs: true,
            swept_at: now,
            resynced_at: now,
            queued: Vec::new(),
        }
    }

    /// Lets time pass, with alarms, sweeps and wake-ups delivered as they come.
    pub fn pass(&mut self, duration: SignedDuration) {
        let end = self.now() + duration;
        while self.now() < end {
            let next_sweep = self.swept_at + SWEEP_EVERY;
            let next_resync = self.resynced_at + RESYNC_EVERY;
            let next_wake_up = self.queued.iter().map(|(at, _)| *at).min().unwrap_or(end);
            let next = next_sweep.min(next_resync).min(next_wake_up).min(end);
            self.cloud.pass_until(next, |world| world.has_events());
            self.deliver_alarms();
            if self.now() >= next_resync {
                self.resync();
            }
            self.deliver_wake_ups();
            if self.now() >= next_sweep {
                self.sweep();
            }
        }
    }

    /// One event to the owner, as its rule or its queue would deliver it.
    ///
    /// # Errors
    /// [`Failure`], as the owner answers.
    pub fn deliver(&mut self, event: Value) -> Result<Value, Failure> {
        let answer = ready(shift_dns::handle(&self.owner, event));
        self.answers.push(answer.clone());
        self.take_wake_ups();
        answer
    }

    /// # Errors
    /// [`Refusal`] for an endpoint that the site doesn't have.
    pub fn break_endpoint(&self, name: &str, state: EndpointState) -> Result<(), Refusal> {
        self.cloud.with(|world| world.break_endpoint(name, state))
    }

    pub fn now(&self) -> Timestamp {
        self.cloud.clock().now()
    }

    pub fn weights(&self, zone: &HostedZoneId, key: &RecordKey) -> Weights {
        self.cloud.with(|world| world.zone(zone).map(|zone| zone.weights(key)).unwrap_or_default())
    }

    /// A person says that they know, of every open incident, and what the zone remembers is forgiven: `homeostat ack`.
    ///
    /// # Errors
    /// [`NotWritten`]: somebody else wrote first.
    pub fn acknowledge(&self, by: &str) -> Result<(), NotWritten> {
        acknowledge(&self.ledger, self.now(), by)
    }

    fn deliver_alarms(&mut self) {
        for event in self.cloud.with(|world| world.take_events()) {
            if event_rules::let_through("ShiftDns", &event) && self.events_are_delivered {
                self.delivered.push(event.clone());
                _ = self.deliver(event);
            }
        }
    }

    fn resync(&mut self) {
        self.resynced_at = self.now();
        if self.resyncs {
            _ = self.deliver(json!({ "homeostat": "resync" }));
        }
    }

    fn sweep(&mut self) {
        self.swept_at = self.now();
        _ = ready(reconcile::handle(&self.sweeper, Value::Null));
        self.take_wake_ups();
    }

    fn take_wake_ups(&mut self) {
        let now = self.now();
        let sent = self.owner.wake_ups.take().into_iter();
        self.queued.extend(sent.map(|(after, message)| (now + after, message)));
    }

    fn deliver_wake_ups(&mut self) {
        let now = self.now();
        let (ripe, queued) = std::mem::take(&mut self.queued).into_iter().partition(|(at, _)| *at <= now);
        self.queued = queued;
        let ripe: Vec<(Timestamp, Value)> = ripe;
        for (_, message) in ripe {
            _ = self.deliver(message);
        }
    }
}

/// As `homeostat ack` does it: with the zone's memory in the same write.
pub(crate) fn acknowledge(ledger: &MemoryLedger, now: Timestamp, by: &str) -> Result<(), NotWritten> {
    for open in ledger.open::<ZoneKind>() {
        let memory = ledger.memory_of(&open.scope());
        let forgiven = memory.acknowledged().over(&memory);
        let word = Acknowledgement { by: by.to_owned(), at: now, reason: "looking into it".to_owned() };
        let known = open.acknowledge(word);
        ready(ledger.write(Write { memory: Some(&forgiven), ..Write::of(&known) }))?;
    }
    Ok(())
}
