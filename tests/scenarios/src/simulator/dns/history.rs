//! One history: a site, a policy, what befalls them, and every invocation that comes of it.
//!
//! This module never judges; after each step it asks the rules.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use homeostat_core::aws::record::{RecordKey, RecordSet};
use homeostat_core::id::HostedZoneId;
use homeostat_core::policy::{self, Policy};
use homeostat_core::ports::Pause;
use homeostat_lambda::Failure;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use world::{Cloud, MemoryLedger, TreatMissingData, WakeUpQueue, World};

use super::annals::{self, Annals, whole};
use super::draw;
use super::route53::{Double, Route53};
use super::rules::{self, Moment};
use super::shares;
use super::siblings::{self, Siblings};
use super::truth::Truth;
use super::weather::{Mend, Storm};
use crate::simulator::Broken;
use crate::simulator::deliveries::{Delivery, TIMEOUT, Work};
use crate::simulator::dice::Dice;
use crate::simulator::gated::Gated;
use crate::simulator::hindsight::Index;
use crate::simulator::history::MOST_SKEW;
use crate::simulator::invocation::{Invocation, Progress, Task};
use crate::simulator::note::InvocationId;
use crate::simulator::rules::{Scene, judge_ledger, tell};
use crate::simulator::script::Script;
use crate::simulator::stage::{SkewedClock, Stage};
use crate::simulator::toll::Toll;
use crate::simulator::view::View;
use crate::{RESYNC_EVERY, SWEEP_EVERY, event_rules};

/// Time moves on by no more at once: so often the truth is noted.
const HOP: SignedDuration = SignedDuration::from_secs(15);

pub(super) enum Happening {
    Invoke(Delivery),
    Sweep,
    Resync,
    Timeout(InvocationId),
    Strike,
    Mend(Mend),
}

pub(super) struct History {
    pub(super) stage: Arc<Stage>,
    pub(super) cloud: Cloud,
    pub(super) ledger: MemoryLedger,
    pub(super) policy: Policy,
    pub(super) zone: HostedZoneId,
    /// The records as an infrastructure tool has them.
    pub(super) template: Vec<RecordSet>,
    pub(super) keys: Vec<RecordKey>,
    pub(super) truth: Truth,
    pub(super) view: View,
    pub(super) annals: Annals,
    siblings: Siblings,
    /// Alarms that somebody deleted, as they were.
    pub(super) deleted: Vec<Mend>,
    pub(super) storm: Storm,
    /// Every pause there was, each with its beginning.
    pub(super) pauses: Vec<(Timestamp, Pause)>,
    missing: TreatMissingData,
    double: Double,
    queue: WakeUpQueue,
    agenda: BTreeMap<(Timestamp, u64), Happening>,
    scheduled: u64,
    running: Vec<Invocation>,
    invoked: u64,
}

impl History {
    pub(super) fn new(seed: u64, now: Timestamp, script: &Script, double: Double) -> Result<Self, Broken> {
        let mut dice = Dice::of(seed);
        let drawn = draw::draw(&mut dice, now).map_err(|refusal| Broken::drawn(&refusal.to_string()))?;
        let policy = policy::parse(&drawn.policy).map_err(|mistakes| Broken::drawn(&format!("{mistakes:?}")))?;
        let storm = Storm::draw(&mut dice);
        let zone = drawn.zone;
        let template = drawn.world.zone(&zone).map(|zone| zone.sets().to_vec()).unwrap_or_default();
        let cloud = Cloud::over(drawn.world);
        let stage = Arc::new(Stage::new(cloud.clock().clone(), dice, script));
        stage.log(|| format!("seed {seed}, {storm:?}, policy:\n{}", drawn.policy));
        let keys: Vec<RecordKey> =
            policy.dns.iter().flat_map(|dns| &dns.records).map(|record| record.key.clone()).collect();
        for key in &keys {
            stage.log(|| format!("{key}: {}", shares::shown(&shares::weights(key, &template))));
        }
        let seen = cloud.with(|world| world.zone(&zone).map_or(0, |zone| zone.changes().len()));
        let mut history = History {
            ledger: MemoryLedger::sampling(cloud.clock().clone()),
            annals: Annals { seen, ..Annals::default() },
            siblings: Siblings::of(&policy, &template),
            deleted: Vec::new(),
            stage,
            cloud,
            policy,
            zone,
            template,
            keys,
            truth: Truth::default(),
            view: View::default(),
            storm,
            pauses: Vec::new(),
            missing: drawn.missing,
            double,
            queue: WakeUpQueue::default(),
            agenda: BTreeMap::new(),
            scheduled: 0,
            running: Vec::new(),
            invoked: 0,
        };
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
        let is_scheduled = |invocation: &Invocation| ["sweep", "resync"].contains(&invocation.delivery.kind());
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
            self.let_run(nth);
            self.judge()?;
        }
    }

    fn let_run(&mut self, nth: usize) {
        let Some(invocation) = self.running.get_mut(nth) else { return };
        self.stage.turn_to(invocation.occasion);
        match invocation.go_on() {
            Progress::Waits => {}
            Progress::Crashed => self.failed(nth, "crashed"),
            Progress::Answered(Err(failure)) => {
                self.stage.count(&format!("answer: {}", failure.disposition()));
                self.failed(nth, &failure.to_string());
            }
            Progress::Answered(Ok(answer)) => {
                let invocation = self.running.swap_remove(nth);
                self.stage.log(|| format!("#{} answers {answer}", invocation.id));
            }
        }
        for (after, message) in self.queue.take() {
            self.send(after, &message);
        }
    }

    /// At least once, and a little later than asked for.
    fn send(&mut self, after: SignedDuration, message: &Value) {
        let copies = 1 + u32::from(self.storm.strikes_by(self.storm.duplicates, "a wake-up twice", &self.stage));
        for _ in 0..copies {
            let late = self.stage.dice().seconds(0, 2);
            self.later(after + late, Happening::Invoke(Delivery::first(Work::Message(message.clone()))));
        }
    }

    fn failed(&mut self, nth: usize, why: &str) {
        let invocation = self.running.swap_remove(nth);
        self.stage.log(|| format!("#{} fails: {why}", invocation.id));
        match invocation.delivery.again() {
            Some((after, again)) => self.later(after, Happening::Invoke(again)),
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
            let events = self.cloud.with(World::take_events);
            events.iter().for_each(|event| self.deliver(event));
        }
        let truth = &mut self.truth;
        self.cloud.see(|world| truth.note(world));
    }

    /// An alarm's event on its way: lost, late, twice, or as it should be.
    fn deliver(&mut self, event: &Value) {
        if !event_rules::let_through("ShiftDns", event) {
            return;
        }
        self.stage.turn(|| Delivery::first(Work::Event(event.clone())).name());
        let storm = self.storm.clone();
        if storm.strikes_by(storm.losses, "an alarm lost", &self.stage) {
            self.stage.count("delivery: alarm lost");
            return;
        }
        for _ in 0..=u32::from(storm.strikes_by(storm.duplicates, "an alarm twice", &self.stage)) {
            let late = storm.strikes_by(storm.delays, "an alarm late", &self.stage);
            let after = self.stage.dice().seconds(0, if late { 240 } else { 1 });
            self.later(after, Happening::Invoke(Delivery::first(Work::Event(event.clone()))));
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
        }
    }

    /// A schedule is missed now and then, or fires twice.
    fn times(&self) -> u32 {
        if self.storm.strikes_by(self.storm.losses, "a schedule missed", &self.stage) {
            return 0;
        }
        1 + u32::from(self.storm.strikes_by(self.storm.duplicates, "a schedule twice", &self.stage))
    }

    fn invoke(&mut self, delivery: Delivery) {
        self.invoked += 1;
        self.stage.turn(|| delivery.name());
        let (id, crashed) = (self.invoked, Arc::new(AtomicBool::new(false)));
        let stage = Arc::clone(&self.stage);
        let rates = self.storm.rates_now();
        let gate = Toll { stage: Arc::clone(&stage), by: id, rates, crashed: Arc::clone(&crashed) };
        let skew = stage.dice().between(-MOST_SKEW, MOST_SKEW);
        let clock = SkewedClock { stage: Arc::clone(&stage), skew };
        stage.log(|| format!("#{id} {}, its clock {skew:#} off", delivery.name()));
        stage.count(&format!("invocation: {}", delivery.kind()));
        let task: Task = match &delivery.work {
            Work::Event(event) => Box::pin(self.owner(gate, clock, event.clone())),
            Work::Message(message) => {
                let event = json!({ "Records": [{ "body": message.to_string() }] });
                Box::pin(self.owner(gate, clock, event))
            }
            Work::Sweep => Box::pin(self.sweeper(gate, clock)),
        };
        self.running.push(Invocation::new(id, delivery, self.stage.occasion(), crashed, task));
        self.later(TIMEOUT, Happening::Timeout(id));
    }

    fn owner(
        &self,
        gate: Toll,
        clock: SkewedClock,
        event: Value,
    ) -> impl Future<Output = Result<Value, Failure>> + use<> {
        let (moods, double) = (self.storm.moods_now(), self.double);
        let aws = Route53 { stage: Arc::clone(&self.stage), cloud: self.cloud.clone(), moods, double };
        let ready = shift_dns::Ready {
            aws: Gated { port: aws, gate: gate.clone() },
            ledger: Gated { port: self.ledger.clone(), gate: gate.clone() },
            wake_ups: Gated { port: self.queue.clone(), gate },
            clock,
            policy: self.policy.clone(),
        };
        async move { shift_dns::handle(&ready, event).await }
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

    /// Holds what happened against the rules.
    pub(super) fn judge(&mut self) -> Result<(), Broken> {
        self.stage.take_notes();
        self.judge_changes()?;
        if self.truth.endpoints.keys().any(|name| self.truth.is_dead_for(name, self.now(), rules::PATIENCE)) {
            let sets =
                self.cloud.with(|world| world.zone(&self.zone).map(|zone| zone.sets().to_vec())).unwrap_or_default();
            let can_be_called_sick = |record: &_, endpoint: &_| self.can_be_called_sick(record, endpoint);
            let seen = (&self.view, &self.annals);
            rules::judge_waits(self.now(), &sets, &self.truth, &self.policy, seen, can_be_called_sick)?;
        }
        self.judge_siblings()?;
        if self.ledger.revision() == self.view.revision {
            return Ok(());
        }
        let view = View::of(&self.ledger, &self.policy, &self.view);
        let before = std::mem::replace(&mut self.view, view);
        tell(&self.stage, &before, &self.view);
        let now = self.now();
        self.annals.take_in(now, &self.zone, &before, &self.view);
        self.judge_told(&before)?;
        let views = (&before, &self.view);
        rules::judge_kept(now, &self.zone, &self.truth, &self.policy, &self.annals, views)?;
        let gone: Vec<RecordKey> = self.annals.let_go(&self.zone, &before, &self.view).cloned().collect();
        for key in gone {
            self.annals.base.remove(&key);
            self.annals.left.remove(&key);
            self.annals.told_of.remove(&key);
        }
        let pauses: Vec<Pause> = self.pauses_in_force();
        judge_ledger(&Scene {
            now,
            before: Some(&before),
            after: &self.view,
            truth: &Default::default(),
            policy: &self.policy,
            notes: &[],
            pauses: &pauses,
            tally: &Default::default(),
            proven: &Default::default(),
        })
    }

    fn judge_siblings(&mut self) -> Result<(), Broken> {
        let (now, zone, annals, siblings) = (self.stage.now(), &self.zone, &self.annals, &mut self.siblings);
        let judged =
            self.cloud.see(|world| world.zone(zone).map_or(Ok(()), |zone| siblings.judge(now, zone, &annals.edited)));
        judged.map_err(|what| Broken::end("what one table lists never goes apart", what, now))
    }

    /// What people hear of the other family of a name is so.
    fn judge_told(&self, before: &View) -> Result<(), Broken> {
        let now = self.stage.now();
        let is_told = |open: &&homeostat_core::incident::Incident| {
            open.tell > before.open.get(&open.subject).map_or(0, |before| before.tell)
        };
        for open in self.view.open.values().filter(is_told) {
            let judged = self
                .cloud
                .see(|world| world.zone(&self.zone).map_or(Ok(()), |zone| siblings::is_told_rightly(now, zone, open)));
            judged.map_err(|what| Broken::end("no message claims a share of a type that is false", what, now))?;
        }
        Ok(())
    }

    fn judge_changes(&mut self) -> Result<(), Broken> {
        let (zone, seen) = (&self.zone, self.annals.seen);
        let new = self.cloud.see(|world| {
            let changes = world.zone(zone).map(|zone| zone.changes().get(seen..).unwrap_or_default().to_vec());
            changes.unwrap_or_default()
        });
        for change in new {
            self.annals.seen += 1;
            self.log_change(&change);
            if change.by == world::Author::Homeostat {
                self.stage.count("change: by Homeostat");
                rules::judge(&Moment {
                    change: &change,
                    zone: &self.zone,
                    view: &self.view,
                    truth: &self.truth,
                    policy: &self.policy,
                    annals: &self.annals,
                    pauses: &self.pauses,
                    alarms_forget: self.missing != TreatMissingData::Ignore,
                })?;
            }
            let kept = annals::kept(&self.view, &self.zone).map(|kept| kept.records.clone()).unwrap_or_default();
            self.annals.add(&change, &self.keys, |key| kept.contains_key(key));
        }
        Ok(())
    }

    fn log_change(&self, change: &world::ZoneChange) {
        for key in &self.keys {
            let (before, after) = (whole(key, &change.before), whole(key, &change.after));
            if before != after {
                let generation = annals::generation(&key.name, &after).map(|generation| generation.number);
                self.stage.log(|| {
                    let weights = shares::shown(&shares::weights(key, &after));
                    format!("  zone: {key} to {weights}, generation {generation:?}, by {:?}", change.by)
                });
            }
        }
    }
}
