//! A whole Homeostat in virtual time: a function's own code over the world and a ledger in memory.
//!
//! This driver never decides anything: it carries events and wake-ups to where the template would, and lets time pass.

use homeostat_core::aws::record::{RecordKey, Weights};
use homeostat_core::id::{GroupName, HostedZoneId, InstanceId};
use homeostat_core::incident::{Acknowledgement, Incident, Kind};
use homeostat_core::memory::Remembered;
use homeostat_core::ports::{Clock, Ledger, NotWritten, Write};
use homeostat_lambda::Failure;
use homeostat_remedies::policy::Policy;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use world::{App, Cloud, Demo, EndpointState, LifecycleState, MemoryLedger, Refusal, VirtualClock, WakeUpQueue, World};

use crate::owners::{DnsOwner, FleetOwner, Handling, HookOwner, Owner, Parts};
use crate::simulator::gated::Gate;
use crate::{RESYNC_EVERY, SWEEP_EVERY, event_rules, ready};

pub type FleetStory = Story<FleetOwner>;
pub type DnsStory = Story<DnsOwner>;
pub type HookStory = Story<HookOwner>;

type Way<O> = Box<dyn Fn(&O, Value) -> Handling>;

pub struct Story<O> {
    pub cloud: Cloud,
    pub ledger: MemoryLedger,
    pub owner: O,
    beside: Option<FleetOwner>,
    sweeper: sweep::Ready<MemoryLedger, WakeUpQueue, VirtualClock>,
    /// Every event that the owner's rule let through, oldest first.
    pub delivered: Vec<Value>,
    /// What the owner answered to events and wake-ups, oldest first.
    pub answers: Vec<Result<Value, Failure>>,
    /// How often each event reaches the owner: none is left to the resync.
    pub deliveries: usize,
    /// Whether the five-minute schedules run.
    pub resyncs: bool,
    /// Whether the owner runs at all.
    pub is_on: bool,
    /// Through a gate, if there is one.
    way: Option<Way<O>>,
    swept_at: Timestamp,
    resynced_at: Timestamp,
    /// Wake-ups on the queue, with the time at which they come out.
    queued: Vec<(Timestamp, Value)>,
}

impl FleetStory {
    /// The demo's fleet at AWS's own pace, under a policy.
    ///
    /// # Errors
    /// [`Refusal`] if the world can't be built.
    pub fn of_demo(demo: Demo, policy: Policy, now: Timestamp) -> Result<Self, Refusal> {
        let (world, _) = demo.build(now)?;
        Ok(Story::new(world, policy))
    }
}

impl<O: Owner> Story<O> {
    pub fn new(world: World, policy: Policy) -> Self {
        let now = world.now();
        let cloud = Cloud::over(world);
        let clock = cloud.clock().clone();
        let ledger = MemoryLedger::new(clock.clone());
        let wake_ups = WakeUpQueue::default();
        let sweeper = sweep::Ready { incidents: ledger.clone(), wake_ups: wake_ups.clone(), clock };
        let parts = Parts { cloud: cloud.clone(), ledger: ledger.clone(), wake_ups, policy };
        Story {
            cloud,
            ledger,
            beside: O::beside(&parts),
            owner: O::of(parts),
            sweeper,
            delivered: Vec::new(),
            answers: Vec::new(),
            deliveries: 1,
            resyncs: true,
            is_on: true,
            way: None,
            swept_at: now,
            resynced_at: now,
            queued: Vec::new(),
        }
    }

    /// Lets time pass, with events, sweeps and wake-ups delivered as they come.
    pub fn pass(&mut self, duration: SignedDuration) {
        let end = self.now() + duration;
        while self.now() < end {
            let next_sweep = self.swept_at + SWEEP_EVERY;
            let next_resync = self.resynced_at + RESYNC_EVERY;
            let next_wake_up = self.queued.iter().map(|(at, _)| *at).min().unwrap_or(end);
            let next = next_sweep.min(next_resync).min(next_wake_up).min(end);
            self.cloud.pass_until(next, |world| world.has_events());
            self.deliver_events();
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
        if !self.is_on {
            return Ok(Value::Null);
        }
        let answer = match &self.way {
            Some(way) => ready(way(&self.owner, event)),
            None => ready(self.owner.handling(event)),
        };
        self.answers.push(answer.clone());
        self.take_wake_ups();
        answer
    }

    /// Whatever wake-ups wait never arrive.
    pub fn lose_wake_ups(&mut self) {
        self.take_wake_ups();
        self.queued.clear();
    }

    /// From now on the owner is behind that gate.
    pub fn put_behind(&mut self, gate: impl Gate + Clone + 'static) {
        self.way = Some(Box::new(move |owner, event| owner.behind(&gate, event)));
    }

    pub fn now(&self) -> Timestamp {
        self.cloud.clock().now()
    }

    /// # Errors
    /// [`Refusal`] for an instance that isn't there.
    pub fn break_app(&self, id: &InstanceId) -> Result<(), Refusal> {
        self.cloud.with(|world| world.break_app(id, App::Dead))
    }

    /// The group's instances in service, by id.
    pub fn in_service(&self, group: &GroupName) -> Vec<InstanceId> {
        self.cloud.with(|world| {
            let members = world.members(group).filter(|member| member.lifecycle == LifecycleState::InService);
            members.map(|member| member.id.clone()).collect()
        })
    }

    /// # Errors
    /// [`Refusal`] for an endpoint that the site doesn't have.
    pub fn break_endpoint(&self, name: &str, state: EndpointState) -> Result<(), Refusal> {
        self.cloud.with(|world| world.break_endpoint(name, state))
    }

    pub fn weights(&self, zone: &HostedZoneId, key: &RecordKey) -> Weights {
        self.cloud.with(|world| world.zone(zone).map(|zone| zone.weights(key)).unwrap_or_default())
    }

    /// A person says that they know, of every open incident.
    ///
    /// # Errors
    /// [`NotWritten`]: somebody else wrote first.
    pub fn acknowledge(&self, by: &str) -> Result<(), NotWritten> {
        let word = || Acknowledgement { by: by.to_owned(), at: self.now(), reason: "looking into it".to_owned() };
        self.ledger.open::<O::Kind>().iter().try_for_each(|open| acknowledge(&self.ledger, open, word()))
    }

    fn deliver_events(&mut self) {
        for event in self.cloud.with(|world| world.take_events()) {
            if event_rules::let_through(O::RESOURCE, &event) {
                self.delivered.push(event.clone());
                let is_queued = O::TAKES_IN && event_rules::by_queue(O::RESOURCE, &event);
                let event = if is_queued { event_rules::batch(std::slice::from_ref(&event)) } else { event.clone() };
                for _ in 0..self.deliveries {
                    _ = self.deliver(event.clone());
                }
            }
            if event_rules::let_through(FleetOwner::RESOURCE, &event) {
                self.tell_beside(event);
            }
        }
    }

    fn tell_beside(&self, event: Value) {
        if let Some(beside) = &self.beside {
            _ = ready(beside.handling(event));
        }
    }

    fn resync(&mut self) {
        self.resynced_at = self.now();
        if self.resyncs {
            let resync = json!({ "homeostat": "resync" });
            _ = self.deliver(resync.clone());
            self.tell_beside(resync);
        }
    }

    fn sweep(&mut self) {
        self.swept_at = self.now();
        _ = ready(sweep::handle(&self.sweeper, Value::Null));
        self.take_wake_ups();
    }

    /// SQS delays by whole seconds.
    fn take_wake_ups(&mut self) {
        let now = self.now();
        let whole =
            |after: SignedDuration| SignedDuration::from_secs(after.as_secs() + i64::from(after.subsec_nanos() > 0));
        let sent = self.sweeper.wake_ups.take().into_iter();
        self.queued.extend(sent.map(|(after, message)| (now + whole(after), message)));
    }

    fn deliver_wake_ups(&mut self) {
        let now = self.now();
        let (ripe, queued) = std::mem::take(&mut self.queued).into_iter().partition(|(at, _)| *at <= now);
        self.queued = queued;
        let ripe: Vec<(Timestamp, Value)> = ripe;
        for (_, message) in ripe {
            if O::owns(&message) {
                _ = self.deliver(message);
            } else {
                self.tell_beside(message);
            }
        }
    }
}

/// As `homeostat ack` does it: what it remembers is forgiven in the same write.
pub(crate) fn acknowledge<K: Kind>(
    ledger: &MemoryLedger,
    open: &Incident<K>,
    word: Acknowledgement,
) -> Result<(), NotWritten> {
    let memory = ledger.memory_of::<K>(&open.kind.scope());
    let forgiven = memory.acknowledged().over(&memory);
    let known = open.acknowledge(word);
    ready(ledger.write(Write { memory: Some(&forgiven), ..Write::of(&known) }))
}
