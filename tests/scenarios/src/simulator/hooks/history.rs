//! One history: groups, a policy, what befalls them, and every invocation that comes of it.
//!
//! This module never judges; after each step it asks the rules.

mod judging;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use homeostat_core::id::{GroupName, InstanceId, Region};
use homeostat_core::policy::{self, HookPolicy, LaunchPolicy, Policy};
use homeostat_core::ports::Pause;
use homeostat_lambda::Failure;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use world::{Cloud, Instance, MemoryLedger, TargetType, WakeUpQueue, World};

use super::annals::Annals;
use super::aws::{Aws, Double};
use super::deed::Deed;
use super::draw;
use super::queue;
use super::rules::{self, Sent};
use super::truth::{Past, Truth};
use super::weather::{Mend, Storm};
use crate::simulator::Broken;
use crate::simulator::deliveries::{Delivery, Work};
use crate::simulator::dice::Dice;
use crate::simulator::gated::Gated;
use crate::simulator::hindsight::Index;
use crate::simulator::invocation::{Invocation, Progress, Task};
use crate::simulator::note::InvocationId;
use crate::simulator::noted::Noted;
use crate::simulator::script::Script;
use crate::simulator::stage::{SkewedClock, Stage};
use crate::simulator::toll::Toll;
use crate::simulator::view::View;
use crate::{RESYNC_EVERY, SWEEP_EVERY};

/// Time moves on by no more at once: so often the truth is noted.
const HOP: SignedDuration = SignedDuration::from_secs(15);

pub(super) enum Happening {
    Invoke(Delivery),
    Sweep,
    Resync,
    Timeout(InvocationId),
    Strike,
    Mend(Mend),
    /// Whoever has the hook completes it.
    Other(String),
}

pub(super) struct History {
    pub(super) stage: Arc<Stage>,
    pub(super) cloud: Cloud,
    pub(super) ledger: MemoryLedger,
    pub(super) policy: Policy,
    pub(super) group: GroupName,
    pub(super) truth: Truth,
    pub(super) view: View,
    pub(super) annals: Annals,
    pub(super) storm: Storm,
    /// Every pause there was, each with its beginning.
    pub(super) pauses: Vec<(Timestamp, Pause)>,
    pub(super) is_off: bool,
    /// What waits in the queue while the function is off.
    pub(super) kept_back: Vec<Delivery>,
    /// In place of a section that the policy doesn't have.
    no_hooks: HookPolicy,
    drains_jobs: bool,
    region: Region,
    double: Double,
    past: Arc<Mutex<Past>>,
    journal: Arc<Mutex<Vec<Deed>>>,
    queue: WakeUpQueue,
    agenda: BTreeMap<(Timestamp, u64), Happening>,
    scheduled: u64,
    running: Vec<Invocation>,
    invoked: u64,
    noted: Noted,
}

impl History {
    pub(super) fn new(seed: u64, now: Timestamp, script: &Script, double: Double) -> Result<Self, Broken> {
        let mut dice = Dice::of(seed);
        let drawn = draw::draw(&mut dice, now).map_err(|refusal| Broken::drawn(&refusal.to_string()))?;
        let policy = policy::parse(&drawn.policy).map_err(|mistakes| Broken::drawn(&format!("{mistakes:?}")))?;
        let storm = Storm::draw(&mut dice);
        let region = drawn.world.place().region.clone();
        let cloud = Cloud::over(drawn.world);
        let stage = Arc::new(Stage::new(cloud.clock().clone(), dice, script));
        stage.log(|| format!("seed {seed}, {storm:?}, policy:\n{}", drawn.policy));
        let settings = cloud.with(|world| world.group(&drawn.group).map(|group| group.settings.clone()));
        stage.log(|| format!("{settings:?}"));
        let mut history = History {
            ledger: MemoryLedger::sampling(cloud.clock().clone()),
            annals: Annals::default(),
            stage,
            cloud,
            policy,
            group: drawn.group,
            truth: Truth::default(),
            view: View::default(),
            storm,
            pauses: Vec::new(),
            is_off: false,
            kept_back: Vec::new(),
            no_hooks: HookPolicy::without_hooks(),
            drains_jobs: drawn.drains_jobs,
            region,
            double,
            past: Arc::default(),
            journal: Arc::default(),
            queue: WakeUpQueue::default(),
            agenda: BTreeMap::new(),
            scheduled: 0,
            running: Vec::new(),
            invoked: 0,
            noted: Noted::default(),
        };
        if history.cloud.see(|world| world.target_groups().any(|one| one.target_type == TargetType::Ip)) {
            history.stage.count("drawn: targets by address");
        }
        history.note_truth();
        history.annals.seen_losses = history.cloud.with(|world| world.losses().len());
        history.later(SWEEP_EVERY, Happening::Sweep);
        history.later(RESYNC_EVERY, Happening::Resync);
        history.plan_strikes();
        history.storm.lasts = script.lasts(history.storm.lasts);
        Ok(history)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.stage.now()
    }

    pub(super) fn later(&mut self, after: SignedDuration, happening: Happening) {
        self.scheduled += 1;
        self.agenda.insert((self.now() + after, self.scheduled), happening);
    }

    /// Lets time pass until `end`.
    pub(super) fn pass(&mut self, end: Timestamp) -> Result<(), Broken> {
        while self.now() < end {
            self.let_all_run()?;
            self.move_on(end);
            self.judge()?;
            while let Some(first) = self.agenda.first_entry().filter(|first| first.key().0 <= self.stage.now()) {
                let happening = first.remove();
                self.happen(happening);
                self.judge()?;
            }
        }
        Ok(())
    }

    /// Nothing is under way but what the schedules start, and nothing waits to be delivered.
    pub(super) fn is_quiet(&self) -> bool {
        let is_scheduled = |invocation: &Invocation| ["sweep", "resync"].contains(&queue::kind(&invocation.delivery));
        self.running.iter().all(is_scheduled)
            && !self.agenda.values().any(|happening| matches!(happening, Happening::Invoke(_)))
    }

    fn let_all_run(&mut self) -> Result<(), Broken> {
        let turns = self.stage.turn_of_now("turns");
        loop {
            self.stage.turn_to(turns);
            let can: Vec<usize> =
                self.running.iter().enumerate().filter(|(_, one)| one.can_go_on()).map(|(nth, _)| nth).collect();
            let Some(nth) = self.stage.dice().pick(&can) else { return Ok(()) };
            self.let_run(nth)?;
            self.judge()?;
        }
    }

    fn let_run(&mut self, nth: usize) -> Result<(), Broken> {
        let Some(invocation) = self.running.get_mut(nth) else { return Ok(()) };
        self.stage.turn_to(invocation.occasion);
        let id = invocation.id;
        match invocation.go_on() {
            Progress::Waits => {}
            Progress::Crashed => self.failed(nth, "crashed"),
            Progress::Answered(Err(failure)) => {
                self.stage.count(&format!("answer: {}", failure.disposition()));
                self.failed(nth, &failure.to_string());
            }
            Progress::Answered(Ok(answer)) => {
                let invocation = self.running.swap_remove(nth);
                self.annals.gone(id);
                self.take_answer(&invocation, &answer);
                self.stage.log(|| format!("#{id} answers {answer}"));
            }
        }
        let times = if self.double == Double::WakesTooOften { 3 } else { 1 };
        for (after, message) in self.queue.take() {
            for _ in 0..times {
                self.send(after, &message)?;
            }
        }
        Ok(())
    }

    /// A wake-up that a wrong clock takes for one that is early is as good as lost.
    fn take_answer(&mut self, invocation: &Invocation, answer: &Value) {
        let ignored = answer.get("ignored").and_then(Value::as_str);
        if ignored.is_some_and(|why| why.contains("is looked at later")) {
            self.stage.count("wake-up: one too many");
            if self.storm.skew_now() > SignedDuration::from_secs(1) {
                self.annals.faults.push((self.now(), queue::about(&invocation.delivery)));
            }
        }
    }

    /// At least once, a little later than asked for, and after whole seconds.
    fn send(&mut self, after: SignedDuration, message: &Value) -> Result<(), Broken> {
        let after = SignedDuration::from_secs(after.as_secs() + i64::from(after.subsec_nanos() > 0));
        let copies = 1 + u32::from(self.storm.strikes_by(self.storm.duplicates, "a wake-up twice", &self.stage));
        for _ in 0..copies {
            let late = self.stage.dice().seconds(0, 2);
            self.later(after + late, Happening::Invoke(Delivery::first(Work::Message(message.clone()))));
        }
        let Some(subject) = queue::subject(message) else { return Ok(()) };
        let at = self.now();
        let (held, count, failed) = self.annals.send(&subject, at);
        rules::judge_sent(&Sent { subject: &subject, at, held, count, failed }, self.hooks())
    }

    fn failed(&mut self, nth: usize, why: &str) {
        let invocation = self.running.swap_remove(nth);
        self.annals.gone(invocation.id);
        self.stage.log(|| format!("#{} fails: {why}", invocation.id));
        match queue::again(&invocation.delivery) {
            Some((after, again)) => self.later(after, Happening::Invoke(again)),
            None => self.stage.count(&format!("delivery: {} given up", queue::kind(&invocation.delivery))),
        }
    }

    /// To the next thing that happens.
    fn move_on(&mut self, end: Timestamp) {
        let first = self.agenda.keys().next().map(|(at, _)| *at);
        let next =
            [first, self.stage.next_wake_at(), Some(self.now() + HOP)].into_iter().flatten().fold(end, Timestamp::min);
        self.cloud.pass_until(next, |world| world.has_events());
        self.stage.wake_sleepers();
        if self.cloud.see(World::has_events) {
            let events = self.cloud.with(World::take_events);
            events.iter().for_each(|event| self.deliver(event));
        }
        if self.noted.is_news(&self.cloud) {
            self.note_truth();
        }
    }

    fn note_truth(&mut self) {
        let (truth, policy) = (&mut self.truth, launches(&self.policy));
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        self.cloud.see(|world| {
            truth.note(world, policy);
            past.note(world);
        });
    }

    /// An action's event on its way: lost, late, twice, or as it should be. Each group's reach the function.
    fn deliver(&mut self, event: &Value) {
        let text = |field: &str| event.pointer(field).and_then(Value::as_str).map(str::to_owned);
        let Some(token) = text("/detail/LifecycleActionToken") else { return };
        self.stage.log(|| {
            format!("{} of {:?}", event.get("detail-type").unwrap_or(&Value::Null), text("/detail/EC2InstanceId"))
        });
        self.stage.turn(|| token.clone());
        let action = self.cloud.with(|world| world.active_actions().find(|action| action.token == token).cloned());
        if action.is_some_and(|action| !self.is_ours(&action)) && self.stage.dice().chance(80.0) {
            let is_slow = self.stage.dice().chance(25.0);
            let after = self.stage.dice().seconds(3, if is_slow { 2400 } else { 100 });
            if is_slow {
                self.stage.count("others: take their time");
            }
            self.later(after, Happening::Other(token.clone()));
        }
        let storm = self.storm.clone();
        if storm.strikes_by(storm.losses, "an action lost", &self.stage) {
            self.stage.count("delivery: action lost");
            self.annals.untold.push(token);
            return;
        }
        for _ in 0..=u32::from(storm.strikes_by(storm.duplicates, "an action twice", &self.stage)) {
            let late = storm.strikes_by(storm.delays, "an action late", &self.stage);
            let after = self.stage.dice().seconds(0, if late { 240 } else { 1 });
            if late {
                self.stage.count("delivery: action late");
                self.annals.untold.push(token.clone());
            }
            self.later(after, Happening::Invoke(Delivery::first(Work::Message(event.clone()))));
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Invoke(delivery) => self.invoke(delivery),
            Happening::Sweep => {
                self.later(SWEEP_EVERY, Happening::Sweep);
                self.stage.turn_of_now("the sweep's schedule");
                for _ in 0..self.times() {
                    self.invoke(Delivery::first(Work::Sweep));
                }
            }
            Happening::Resync => {
                self.later(RESYNC_EVERY, Happening::Resync);
                self.stage.turn_of_now("the resync's schedule");
                for _ in 0..self.times() {
                    self.invoke(Delivery::first(Work::Event(json!({ "homeostat": "resync" }))));
                }
            }
            Happening::Timeout(id) => {
                if let Some(nth) = self.running.iter().position(|invocation| invocation.id == id) {
                    self.stage.count("fault: timeout");
                    self.failed(nth, "timed out");
                }
            }
            Happening::Strike => {
                self.stage.turn(|| "strike".to_owned());
                self.strike();
            }
            Happening::Mend(mend) => self.mend(&mend),
            Happening::Other(token) => {
                self.stage.turn(|| format!("other {token}"));
                if self.complete(&token) {
                    self.stage.count("others: completed theirs");
                }
            }
        }
    }

    /// A schedule is missed now and then, or fires twice.
    fn times(&mut self) -> u32 {
        if self.storm.strikes_by(self.storm.losses, "a schedule missed", &self.stage) {
            self.stage.count("delivery: schedule missed");
            self.annals.faults.push((self.now(), None));
            return 0;
        }
        1 + u32::from(self.storm.strikes_by(self.storm.duplicates, "a schedule twice", &self.stage))
    }

    fn invoke(&mut self, delivery: Delivery) {
        match delivery.work {
            Work::Message(_) if self.is_off => return self.kept_back.push(delivery),
            Work::Event(_) if self.is_off => return,
            _ => {}
        }
        self.invoked += 1;
        self.stage.turn(|| delivery.name());
        let (id, crashed) = (self.invoked, Arc::new(AtomicBool::new(false)));
        let stage = Arc::clone(&self.stage);
        let rates = self.storm.rates_now();
        let gate = Toll { stage: Arc::clone(&stage), by: id, rates, crashed: Arc::clone(&crashed) };
        let skew = stage.dice().between(-self.storm.skew_now(), self.storm.skew_now());
        let clock = SkewedClock { stage: Arc::clone(&stage), skew };
        stage.log(|| format!("#{id} {} {:?}, its clock {skew:#} off", delivery.name(), queue::about(&delivery)));
        stage.count(&format!("invocation: {}", queue::kind(&delivery)));
        let timeout = queue::timeout(&delivery);
        let task: Task = match &delivery.work {
            Work::Event(event) => Box::pin(self.owner(id, gate, clock, event.clone())),
            Work::Message(message) => {
                let event = json!({ "Records": [{ "body": message.to_string() }] });
                Box::pin(self.owner(id, gate, clock, event))
            }
            Work::Sweep => Box::pin(self.sweeper(gate, clock)),
        };
        self.running.push(Invocation::new(id, delivery, self.stage.occasion(), crashed, task));
        self.later(timeout, Happening::Timeout(id));
    }

    fn owner(
        &self,
        by: InvocationId,
        gate: Toll,
        clock: SkewedClock,
        event: Value,
    ) -> impl Future<Output = Result<Value, Failure>> + use<> {
        let aws = Aws {
            stage: Arc::clone(&self.stage),
            cloud: self.cloud.clone(),
            by,
            moods: self.storm.moods_now(),
            double: self.double,
            past: Arc::clone(&self.past),
            journal: Arc::clone(&self.journal),
        };
        let ready = lifecycle_hook::Ready {
            aws: Gated { port: aws.clone(), gate: gate.clone() },
            machines: Gated { port: aws, gate: gate.clone() },
            ledger: Gated { port: self.ledger.clone(), gate: gate.clone() },
            wake_ups: Gated { port: self.queue.clone(), gate },
            clock,
            policy: self.policy.clone(),
            region: self.region.clone(),
        };
        async move { lifecycle_hook::handle(&ready, event).await }
    }

    fn sweeper(&self, gate: Toll, clock: SkewedClock) -> impl Future<Output = Result<Value, Failure>> + use<> {
        let index = Index { stage: Arc::clone(&self.stage), ledger: self.ledger.clone(), before: None };
        let ready = reconcile::Ready {
            incidents: Gated { port: index, gate: gate.clone() },
            wake_ups: Gated { port: self.queue.clone(), gate },
            clock,
        };
        async move { reconcile::handle(&ready, Value::Null).await }
    }

    fn hooks(&self) -> &HookPolicy {
        self.policy.hooks.as_ref().unwrap_or(&self.no_hooks)
    }

    pub(super) fn members_that(&self, is_wanted: impl Fn(&Instance) -> bool) -> Vec<InstanceId> {
        self.cloud
            .with(|world| world.members(&self.group).filter(|one| is_wanted(one)).map(|one| one.id.clone()).collect())
    }
}

fn launches(policy: &Policy) -> Option<&LaunchPolicy> {
    policy.hooks.as_ref()?.launches.first()
}
