//! A whole Homeostat under load in virtual time: many invocations at once over the world, throttled by AWS's rates.
//!
//! This driver never decides anything about an incident: it delivers, lets time pass once nobody can go on, and counts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use homeostat_lambda::Failure;
use homeostat_remedies::policy::Policy;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use world::{Cloud, MemoryLedger, WakeUpQueue, World};

use super::buckets::Buckets;
use super::counts::Counts;
use super::deliveries::{Deliveries, Delivery, Fate};
use super::executor::{Executor, TaskId};
use super::functions::Functions;
use super::lock;
use super::mail::Mail;
use super::ports::{WiredCloud, WiredLedger, WiredQueue};
use super::progress::Progress;
use super::surroundings::Surroundings;
use super::timers::Timers;
use super::truth::Truth;
use super::wire::Wire;
use crate::simulator::fleet::bulletins::Bulletins;
use crate::{FleetOwner, Owner, event_rules};

/// `Timeout` in the template.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(30);

/// How often events are fetched from the world, and the least that an event is on its way.
const TICK: SignedDuration = SignedDuration::from_millis(100);
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(1);

/// How often the whole fleet is looked at: how it is, and what EC2 and Auto Scaling announce of it.
const LOOK: SignedDuration = SignedDuration::from_secs(5);

/// Between two copies of an event, where it is delivered more than once.
const BETWEEN_COPIES: SignedDuration = SignedDuration::from_millis(200);

type Script = Box<dyn FnMut(&mut World, SignedDuration)>;

pub(super) struct Rig {
    pub(super) cloud: Cloud,
    pub(super) wire: Wire,
    pub(super) progress: Arc<Mutex<Progress>>,
    pub(super) mail: Arc<Mutex<Mail>>,
    pub(super) counts: Counts,
    pub(super) deliveries: Deliveries,
    pub(super) truth: Truth,
    pub(super) began: Timestamp,
    functions: Functions,
    sent: WakeUpQueue,
    executor: Executor<Result<Value, Failure>>,
    running: BTreeMap<TaskId, (Delivery, Timestamp)>,
    script: Option<Script>,
    copies: u32,
    bulletins: Bulletins,
    next_tick: Timestamp,
    next_look: Timestamp,
}

impl Rig {
    pub(super) fn new(world: World, policy: Policy, surroundings: Surroundings) -> Self {
        let began = world.now();
        let truth = Truth::new(&world);
        let progress = Arc::new(Mutex::new(Progress::of(&world)));
        let mut bulletins = Bulletins::default();
        // What is so from the beginning is no news.
        bulletins.news(&world);
        let cloud = Cloud::over(world);
        let timers = Arc::new(Timers::new(cloud.clock().clone()));
        let wire = Wire::new(timers, Buckets::published(surroundings.auto_scaling, began), surroundings.latency);
        let mail: Arc<Mutex<Mail>> = Arc::default();
        let sent = WakeUpQueue::default();
        let wired = WiredCloud { cloud: cloud.clone(), wire: wire.clone(), progress: Arc::clone(&progress) };
        let ledger = WiredLedger {
            ledger: MemoryLedger::sampling(cloud.clock().clone()),
            wire: wire.clone(),
            progress: Arc::clone(&progress),
            mail: Arc::clone(&mail),
        };
        let queue = WiredQueue { queue: sent.clone(), wire: wire.clone() };
        Rig {
            functions: Functions::new(wired, ledger, queue, policy),
            deliveries: Deliveries::new(began, surroundings.way, surroundings.resyncs),
            copies: surroundings.copies,
            bulletins,
            cloud,
            wire,
            progress,
            mail,
            counts: Counts::default(),
            truth,
            began,
            sent,
            executor: Executor::default(),
            running: BTreeMap::new(),
            script: None,
            next_tick: began,
            next_look: began,
        }
    }

    pub(super) fn deploy(&mut self, policy: Policy) {
        self.functions.deploy(policy);
    }

    /// Runs at each tick, with the time since the beginning.
    pub(super) fn script(&mut self, script: impl FnMut(&mut World, SignedDuration) + 'static) {
        self.script = Some(Box::new(script));
    }

    pub(super) fn now(&self) -> Timestamp {
        self.wire.timers.now()
    }

    pub(super) fn since(&self) -> SignedDuration {
        self.now().duration_since(self.began)
    }

    /// Lets time pass until `done` holds, which is asked once a second; `false` = it didn't within that time.
    pub(super) fn pass_until(&mut self, most: SignedDuration, mut done: impl FnMut(&Rig) -> bool) -> bool {
        let end = self.now() + most;
        while self.now() < end {
            self.pass(SignedDuration::from_secs(1).min(end.duration_since(self.now())));
            if done(self) {
                return true;
            }
        }
        false
    }

    pub(super) fn pass(&mut self, duration: SignedDuration) {
        let end = self.now() + duration;
        loop {
            self.happens_now();
            if self.now() >= end {
                return;
            }
            let waits = self.wire.timers.next_at().into_iter().chain(self.first_deadline());
            let next = waits.chain([self.deliveries.next_at(), self.next_tick]).fold(end, Timestamp::min);
            // Whatever should have come before now comes in a moment: time never stands still.
            let next = next.max(self.now() + SignedDuration::from_micros(1));
            self.cloud.clock().advance_to(next);
        }
    }

    fn first_deadline(&self) -> Option<Timestamp> {
        // Tasks begin in the order of their ids, and all have the same time.
        self.running.values().next().map(|(_, began)| *began + TIMEOUT)
    }

    fn happens_now(&mut self) {
        let now = self.now();
        self.wire.timers.fire();
        if now >= self.next_tick {
            self.next_tick = now + TICK;
            self.tick();
        }
        loop {
            self.time_out();
            for delivery in self.deliveries.due(now) {
                self.begin(delivery);
            }
            if !self.go_on() {
                return;
            }
            self.carry_wake_ups();
        }
    }

    fn tick(&mut self) {
        let since = self.since();
        if let Some(script) = &mut self.script {
            self.cloud.with(|world| script(world, since));
        }
        let mut events = Vec::new();
        if self.cloud.see(World::has_events) {
            events = self.cloud.with(World::take_events);
        }
        if self.now() >= self.next_look {
            self.next_look = self.now() + LOOK;
            self.cloud.see(|world| self.truth.look(world, since));
            events.extend(self.cloud.see(|world| self.bulletins.news(world)));
        }
        self.carry(events);
    }

    fn carry(&mut self, events: Vec<Value>) {
        let now = self.now();
        for event in events {
            if !event_rules::let_through(FleetOwner::RESOURCE, &event) {
                continue;
            }
            self.counts.events += 1;
            for copy in 0..self.copies {
                let jitter = self.wire.timers.draw(ON_ITS_WAY);
                let copies_before = i32::try_from(copy).unwrap_or(i32::MAX);
                self.deliveries.event(now + ON_ITS_WAY + jitter + BETWEEN_COPIES * copies_before, event.clone());
            }
        }
    }

    /// SQS delays by whole seconds.
    fn carry_wake_ups(&mut self) {
        let now = self.now();
        for (after, message) in self.sent.take() {
            let whole = SignedDuration::from_secs(after.as_secs() + i64::from(after.subsec_nanos() > 0));
            self.deliveries.wake_up(now + whole, &message);
        }
    }

    fn begin(&mut self, delivery: Delivery) {
        let task = self.functions.invocation(delivery.source, delivery.event.clone());
        self.counts.begins(delivery.source, self.executor.len() + 1);
        let id = self.executor.spawn(task);
        self.running.insert(id, (delivery, self.now()));
    }

    /// Lets all go on that can; `false` = none could.
    fn go_on(&mut self) -> bool {
        let mut any = false;
        while let Some((id, progress)) = self.executor.turn(|id| self.wire.turn_to(id)) {
            any = true;
            if let Poll::Ready(answer) = progress {
                self.ended(id, Fate::Answered(answer));
            }
        }
        any
    }

    fn time_out(&mut self) {
        while self.first_deadline().is_some_and(|deadline| deadline <= self.now()) {
            let Some(id) = self.running.keys().next().copied() else { return };
            self.executor.kill(id);
            self.ended(id, Fate::TimedOut);
        }
    }

    fn ended(&mut self, id: TaskId, fate: Fate) {
        let Some((delivery, began)) = self.running.remove(&id) else { return };
        let now = self.now();
        let (calls, effect) = lock(&self.wire.meter).of_task(id);
        if let Some(effect) = effect {
            self.counts.acted(effect.calls, effect.own_calls, effect.at.duration_since(began));
        }
        lock(&self.progress).ended(id, !matches!(fate, Fate::TimedOut));
        self.counts.ended(delivery.source, &fate, calls, now.duration_since(began));
        self.deliveries.ended(now, delivery, &fate);
    }
}
