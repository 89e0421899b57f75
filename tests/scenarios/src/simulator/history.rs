//! One history: a fleet, a policy, what befalls them, and every invocation that comes of it.
//!
//! This module never judges; after each step it asks the rules.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures_util::FutureExt;
use homeostat_core::id::Region;
use homeostat_core::policy::{self, Policy};
use homeostat_core::ports::{Control, DueIncidents, DueList, Pause};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use world::{Cloud, MemoryLedger, WakeUpQueue, World};

use super::bulletins::Bulletins;
use super::deliveries::{Delivery, TIMEOUT, Work};
use super::dice::Dice;
use super::fleet;
use super::gated::Gated;
use super::hindsight::{Hindsight, Index};
use super::invocation::{Invocation, Progress, Task};
use super::note::InvocationId;
use super::noted::Noted;
use super::proven::Proven;
use super::rules::{self, Broken, Scene};
use super::script::Script;
use super::stage::{SkewedClock, Stage};
use super::tally::Tally;
use super::toll::{Rates, Toll};
use super::truth::Truth;
use super::view::View;
use super::weather::{Mend, Storm};
use crate::event_rules;

/// The template's schedules.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_mins(1);
const RESYNC_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// Time moves on by no more at once: so often the truth is noted.
const HOP: SignedDuration = SignedDuration::from_secs(15);

/// How wrong an invocation's clock may be. Lambda's are kept by Amazon Time Sync, to well below this.
pub(super) const MOST_SKEW: SignedDuration = SignedDuration::from_secs(3);

/// For how long a describe call may answer with what was.
const HINDSIGHT: SignedDuration = SignedDuration::from_secs(10);

pub(super) enum Happening {
    Invoke(Delivery),
    Sweep,
    Resync,
    Timeout(InvocationId),
    Strike,
    Mend(Mend),
    Resurvey,
}

pub(super) struct History {
    pub(super) stage: Arc<Stage>,
    pub(super) cloud: Cloud,
    pub(super) ledger: MemoryLedger,
    pub(super) policy: Policy,
    pub(super) truth: Truth,
    pub(super) view: View,
    pub(super) storm: Storm,
    pub(super) rates: Rates,
    tally: Tally,
    bulletins: Bulletins,
    queue: WakeUpQueue,
    region: Region,
    agenda: BTreeMap<(Timestamp, u64), Happening>,
    scheduled: u64,
    running: Vec<Invocation>,
    invoked: u64,
    world_before: Option<(Timestamp, Cloud)>,
    index_before: Option<Arc<DueList>>,
    noted: Noted,
    proven: Proven,
    /// Since when no call and no event is lost.
    pub(super) faultless_since: Option<Timestamp>,
}

impl History {
    pub(super) fn new(seed: u64, now: Timestamp, script: &Script) -> Result<Self, Broken> {
        let mut dice = Dice::of(seed);
        let (world, text) = fleet::draw(&mut dice, now).map_err(|refusal| Broken::drawn(&refusal.to_string()))?;
        let policy = policy::parse(&text).map_err(|mistakes| Broken::drawn(&format!("{mistakes:?}")))?;
        let storm = Storm::draw(&mut dice);
        let rates = storm.rates;
        let faultless_since = storm.is_gentle().then_some(now);
        let region = world.place().region.clone();
        let cloud = Cloud::over(world);
        let stage = Arc::new(Stage::new(cloud.clock().clone(), dice, script));
        stage.log(|| format!("seed {seed}, {storm:?}, policy:\n{text}"));
        let ledger = MemoryLedger::sampling(cloud.clock().clone());
        let mut history = History {
            stage,
            cloud,
            ledger,
            policy,
            truth: Truth::default(),
            view: View::default(),
            storm,
            rates,
            tally: Tally::default(),
            bulletins: Bulletins::default(),
            queue: WakeUpQueue::default(),
            region,
            agenda: BTreeMap::new(),
            scheduled: 0,
            running: Vec::new(),
            invoked: 0,
            world_before: None,
            index_before: None,
            noted: Noted::default(),
            proven: Proven::default(),
            faultless_since,
        };
        history.announcements();
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

    /// Lets time pass until `end`, or until `done` holds between two moments.
    pub(super) fn pass(&mut self, end: Timestamp, done: impl Fn(&History) -> bool) -> Result<(), Broken> {
        while self.now() < end {
            self.let_all_run()?;
            if done(self) {
                return Ok(());
            }
            self.move_on(end);
            self.judge()?;
            while let Some(first) = self.agenda.first_entry().filter(|first| first.key().0 <= self.stage.now()) {
                let happening = first.remove();
                self.happen(happening);
            }
        }
        Ok(())
    }

    /// Nothing is under way but what the schedules start, and nothing waits to be delivered.
    pub(super) fn is_quiet(&self) -> bool {
        let is_scheduled = |invocation: &Invocation| ["sweep", "resync"].contains(&invocation.delivery.kind());
        self.running.iter().all(is_scheduled)
            && !self.agenda.values().any(|happening| matches!(happening, Happening::Invoke(_)))
    }

    pub(super) fn pauses(&self) -> Vec<Pause> {
        self.ledger.pauses().now_or_never().and_then(Result::ok).unwrap_or_default()
    }

    fn let_all_run(&mut self) -> Result<(), Broken> {
        let turns = self.stage.turn_of_now("turns");
        loop {
            self.stage.turn_to(turns);
            let can: Vec<usize> =
                self.running.iter().enumerate().filter(|(_, one)| one.can_go_on()).map(|(nth, _)| nth).collect();
            let Some(nth) = self.stage.dice().pick(&can) else { return Ok(()) };
            self.let_run(nth);
            // Nothing to see, and no time has passed: judged already.
            if self.stage.has_notes() || self.ledger.revision() != self.view.revision {
                self.judge()?;
            }
        }
    }

    fn let_run(&mut self, nth: usize) {
        let Some(invocation) = self.running.get_mut(nth) else { return };
        self.stage.turn_to(invocation.occasion);
        let progress = invocation.go_on();
        match progress {
            Progress::Waits => {}
            Progress::Crashed => self.failed(nth, "crashed"),
            Progress::Answered(Err(failure)) => {
                self.stage.count(&format!("answer: {}", failure.disposition()));
                self.failed(nth, &failure.to_string());
            }
            Progress::Answered(Ok(answer)) => {
                let invocation = self.running.swap_remove(nth);
                self.tally.gone(invocation.id);
                self.stage.log(|| format!("#{} answers {answer}", invocation.id));
                self.count_answer(&answer);
            }
        }
        for (after, message) in self.queue.take() {
            self.send(after, &message);
        }
    }

    fn count_answer(&self, answer: &Value) {
        let mut texts = Vec::new();
        all_texts(answer, &mut texts);
        for (words, name) in [
            ("another invocation is acting", "decision: Hold InFlight"),
            ("is older than its change", "ignored: Stale"),
            ("is in no group that the policy", "ignored: OutsidePolicy"),
            ("has left its group, and", "ignored: Handled"),
            ("are sick at once, so it is handled", "ignored: TooManySick"),
            ("is parked, so it is handled", "ignored: Parked"),
            ("no target group checks", "ignored: Unchecked"),
            ("has no open incident", "ignored: NothingOpen"),
            ("looked_at", "answer: surveyed"),
        ] {
            if texts.iter().any(|text| text.contains(words)) {
                self.stage.count(name);
            }
        }
    }

    /// At least once, and a little later than asked for.
    fn send(&mut self, after: SignedDuration, message: &Value) {
        let copies = 1 + u32::from(self.befalls(self.storm.duplicates, || "a wake-up twice".to_owned()));
        if copies > 1 {
            self.stage.count("delivery: wake-up twice");
        }
        for _ in 0..copies {
            let late = self.stage.dice().seconds(0, 2);
            self.later(after + late, Happening::Invoke(Delivery::first(Work::Message(message.clone()))));
        }
    }

    fn failed(&mut self, nth: usize, why: &str) {
        let invocation = self.running.swap_remove(nth);
        self.tally.gone(invocation.id);
        self.stage.log(|| format!("#{} fails: {why}", invocation.id));
        match invocation.delivery.again() {
            Some((after, again)) => {
                self.stage.count(&format!("delivery: {} tried again", again.kind()));
                self.later(after, Happening::Invoke(again));
            }
            None => self.stage.count(&format!("delivery: {} given up", invocation.delivery.kind())),
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
            let alarms = self.cloud.with(World::take_events);
            alarms.iter().for_each(|event| self.deliver(event));
        }
        if self.noted.is_news(&self.cloud) {
            let announcements = self.announcements();
            announcements.iter().for_each(|event| self.deliver(event));
            self.note_truth();
        }
    }

    fn announcements(&mut self) -> Vec<Value> {
        let bulletins = &mut self.bulletins;
        self.cloud.see(|world| bulletins.news(world))
    }

    pub(super) fn note_truth(&mut self) {
        let truth = &mut self.truth;
        self.cloud.see(|world| truth.note(world));
    }

    /// An event on its way: lost, late, twice, or as it should be.
    pub(super) fn deliver(&mut self, event: &Value) {
        if !event_rules::let_through("ReplaceInstance", event) {
            return;
        }
        let delivery = Delivery::first(Work::Event(event.clone()));
        let kind = delivery.kind();
        self.stage.turn(|| delivery.name());
        let storm = self.storm.clone();
        let name = delivery.name();
        let befalls = |percent, how| self.befalls(percent, || format!("{name} {how}"));
        let (lost, twice) = (befalls(storm.losses, "lost"), befalls(storm.duplicates, "twice"));
        if lost {
            self.stage.count(&format!("delivery: {kind} lost"));
            return;
        }
        if twice {
            self.stage.count(&format!("delivery: {kind} twice"));
        }
        for _ in 0..=u32::from(twice) {
            let late = self.befalls(storm.delays, || format!("{name} late"));
            if late {
                self.stage.count(&format!("delivery: {kind} late"));
            }
            let after = self.stage.dice().seconds(0, if late { 240 } else { 1 });
            self.later(after, Happening::Invoke(Delivery::first(Work::Event(event.clone()))));
        }
    }

    /// As long as the storm lasts.
    fn befalls(&self, percent: f64, what: impl FnOnce() -> String) -> bool {
        !self.storm.is_over && self.stage.befalls(percent, what)
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Invoke(delivery) => self.invoke(delivery),
            Happening::Sweep => {
                self.later(SWEEP_EVERY, Happening::Sweep);
                self.stage.turn_of_now("the sweep's schedule");
                for _ in 0..self.times("sweep") {
                    self.invoke(Delivery::first(Work::Sweep));
                }
            }
            Happening::Resync => {
                self.later(RESYNC_EVERY, Happening::Resync);
                self.stage.turn_of_now("the resync's schedule");
                for _ in 0..self.times("resync") {
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
            Happening::Resurvey => self.note_index(),
        }
    }

    /// A schedule is missed now and then, or fires twice.
    fn times(&self, what: &str) -> u32 {
        let befalls = |percent, how| self.befalls(percent, || format!("{what} {how}"));
        let is_missed = befalls(self.storm.losses, "missed");
        let times = if is_missed { 0 } else { 1 + u32::from(befalls(self.storm.duplicates, "twice")) };
        match times {
            0 => self.stage.count(&format!("delivery: {what} missed")),
            1 => {}
            _ => self.stage.count(&format!("delivery: {what} twice")),
        }
        times
    }

    fn note_index(&mut self) {
        let list = self.ledger.due(Timestamp::MAX).now_or_never().and_then(Result::ok);
        self.index_before = list.filter(|_| !self.storm.is_over).map(Arc::new);
    }

    /// How the world was, for an invocation that reads what was.
    fn hindsight(&mut self) -> Option<Cloud> {
        if !self.befalls(self.storm.stale, || "descriptions of what was".to_owned()) {
            return None;
        }
        let now = self.now();
        if self.world_before.as_ref().is_none_or(|(at, _)| now > *at + HINDSIGHT) {
            let world = self.cloud.with(|world| world.clone());
            self.world_before = Some((now, Cloud::over(world)));
        }
        self.world_before.as_ref().map(|(_, cloud)| cloud.clone())
    }

    fn invoke(&mut self, delivery: Delivery) {
        self.invoked += 1;
        self.stage.turn(|| delivery.name());
        let (id, crashed) = (self.invoked, Arc::new(AtomicBool::new(false)));
        let stage = &self.stage;
        let gate = Toll { stage: Arc::clone(stage), by: id, rates: self.rates, crashed: Arc::clone(&crashed) };
        let skew = stage.dice().between(-MOST_SKEW, MOST_SKEW);
        let clock = SkewedClock { stage: Arc::clone(stage), skew };
        stage.log(|| format!("#{id} {}, its clock {skew:#} off", delivery.name()));
        stage.count(&format!("invocation: {}", delivery.kind()));
        let task: Task = match &delivery.work {
            Work::Event(event) | Work::Message(event) => {
                let event = match &delivery.work {
                    Work::Message(message) => json!({ "Records": [{ "body": message.to_string() }] }),
                    _ => event.clone(),
                };
                Box::pin(self.owner(gate, clock, event))
            }
            Work::Sweep => Box::pin(self.sweeper(gate, clock)),
        };
        self.running.push(Invocation::new(id, delivery, self.stage.occasion(), crashed, task));
        self.later(TIMEOUT, Happening::Timeout(id));
    }

    fn owner(
        &mut self,
        gate: Toll,
        clock: SkewedClock,
        event: Value,
    ) -> impl Future<Output = Result<Value, homeostat_lambda::Failure>> + use<> {
        let before = self.hindsight();
        let cloud = Hindsight { stage: Arc::clone(&self.stage), now: self.cloud.clone(), before };
        let ready = replace_instance::Ready {
            aws: Gated { port: cloud.clone(), gate: gate.clone() },
            checks: Gated { port: cloud, gate: gate.clone() },
            ledger: Gated { port: self.ledger.clone(), gate },
            clock,
            policy: self.policy.clone(),
            region: self.region.clone(),
        };
        async move { replace_instance::handle(&ready, event).await }
    }

    fn sweeper(
        &mut self,
        gate: Toll,
        clock: SkewedClock,
    ) -> impl Future<Output = Result<Value, homeostat_lambda::Failure>> + use<> {
        let stale = self.befalls(self.storm.stale, || "an index of what was".to_owned());
        let before = self.index_before.clone().filter(|_| stale);
        let index = Index { stage: Arc::clone(&self.stage), ledger: self.ledger.clone(), before };
        // What the next sweep may still see: the index as it is some seconds before it.
        self.later(SignedDuration::from_secs(50), Happening::Resurvey);
        let ready = reconcile::Ready {
            incidents: Gated { port: index, gate: gate.clone() },
            wake_ups: Gated { port: self.queue.clone(), gate },
            clock,
        };
        async move { reconcile::handle(&ready, Value::Null).await }
    }

    /// Holds what happened against the rules.
    fn judge(&mut self) -> Result<(), Broken> {
        let notes = self.stage.take_notes();
        let changed = self.ledger.revision() != self.view.revision;
        let before = if changed {
            let view = View::of(&self.ledger, &self.policy, &self.view);
            Some(std::mem::replace(&mut self.view, view))
        } else {
            None
        };
        if let Some(before) = &before {
            rules::tell(&self.stage, before, &self.view);
        }
        self.tally.take_in(&notes, &self.truth, before.as_ref(), &self.view);
        if !notes.is_empty() {
            self.note_truth();
        }
        self.proven.note(&self.truth, &self.policy, self.stage.now(), self.faultless_since);
        let pauses = if changed { self.pauses() } else { Vec::new() };
        rules::judge(&Scene {
            now: self.now(),
            before: before.as_ref(),
            after: &self.view,
            truth: &self.truth,
            policy: &self.policy,
            notes: &notes,
            pauses: &pauses,
            tally: &self.tally,
            proven: &self.proven,
        })
    }
}

/// Keys included.
fn all_texts<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(values) => values.iter().for_each(|value| all_texts(value, texts)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            texts.push(key);
            all_texts(value, texts);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
