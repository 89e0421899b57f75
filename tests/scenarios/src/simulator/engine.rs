//! One history of any play: a world, a policy, what befalls them, and every invocation that comes of it.
//!
//! The engine never judges, and knows no remedy: it carries events and wake-ups to where the template would, lets time pass, and asks
//! its play after each step.

mod carrying;
mod invoking;
mod people;
mod play;

use std::collections::BTreeMap;
use std::sync::Arc;

use homeostat_core::id::Region;
use homeostat_core::ports::Pause;
use homeostat_remedies::policy;
use homeostat_remedies::policy::Policy;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use world::{Cloud, MemoryLedger, WakeUpQueue, World};

pub(super) use play::{Drawn, Play};

use super::deliveries::{Delivery, Work};
use super::dice::Dice;
use super::invocation::Invocation;
use super::note::InvocationId;
use super::rules::{Broken, Writes, judge_writes, tell};
use super::script::Script;
use super::stage::Stage;
use super::storm::Storm;
use super::view::View;
use super::{Told, noon};
use crate::{RESYNC_EVERY, SWEEP_EVERY};

/// What is measured goes on for so long after the storm.
const AFTERWARDS: SignedDuration = SignedDuration::from_hours(3);

/// Time moves on by no more at once: so often the truth is noted.
const HOP: SignedDuration = SignedDuration::from_secs(15);

pub(super) enum Happening<P: Play> {
    Invoke(Delivery),
    Sweep,
    Resync,
    Timeout(InvocationId),
    Strike,
    Repair(P::Repair),
    Own(P::Own),
}

pub(super) struct Engine<P: Play> {
    pub(super) stage: Arc<Stage>,
    pub(super) cloud: Cloud,
    pub(super) ledger: MemoryLedger,
    pub(super) policy: Policy,
    pub(super) region: Region,
    pub(super) queue: WakeUpQueue,
    pub(super) view: View<P::Kind>,
    pub(super) storm: Storm,
    /// Every pause there was, each with its beginning.
    pub(super) pauses: Vec<(Timestamp, Pause)>,
    /// What its play remembers.
    pub(super) own: P,
    agenda: BTreeMap<(Timestamp, u64), Happening<P>>,
    scheduled: u64,
    running: Vec<Invocation>,
    invoked: u64,
    pub(super) measures: bool,
    has_nobody: bool,
}

/// Tells the history of a seed by a script, which may leave some of it out, over a port that may break its promise.
pub(super) fn tell_by<P: Play>(seed: u64, double: P::Double, script: &Script) -> Told {
    match Engine::<P>::new(seed, noon(), script, double) {
        Err(broken) => Told::undrawn(seed, P::FLAGS, broken),
        Ok(mut engine) => {
            let broken = engine.run().err();
            if let Some(broken) = &broken {
                engine.stage.log(|| format!("broken: {}: {}", broken.rule, broken.what));
            }
            Told { service: P::service(&engine), ..Told::of(seed, P::FLAGS, broken, &engine.stage) }
        }
    }
}

impl<P: Play> Engine<P> {
    fn new(seed: u64, now: Timestamp, script: &Script, double: P::Double) -> Result<Self, Broken> {
        let mut dice = Dice::of(seed);
        let drawn = P::draw(&mut dice, now, double).map_err(|refusal| Broken::drawn(&refusal.to_string()))?;
        let policy = policy::parse(&drawn.policy).map_err(|mistakes| Broken::drawn(&format!("{mistakes:?}")))?;
        let region = drawn.world.place().region.clone();
        let cloud = Cloud::over(drawn.world);
        let stage = Arc::new(Stage::new(cloud.clock().clone(), dice, script));
        stage.log(|| format!("seed {seed}, {:?}, policy:\n{}", drawn.storm, drawn.policy));
        let mut engine = Engine {
            ledger: MemoryLedger::sampling(cloud.clock().clone()),
            stage,
            cloud,
            policy,
            region,
            queue: WakeUpQueue::default(),
            view: View::default(),
            storm: drawn.storm,
            pauses: Vec::new(),
            own: drawn.own,
            agenda: BTreeMap::new(),
            scheduled: 0,
            running: Vec::new(),
            invoked: 0,
            measures: script.measures(),
            has_nobody: script.has_nobody(),
        };
        P::begin(&mut engine);
        engine.later(SWEEP_EVERY, Happening::Sweep);
        engine.later(RESYNC_EVERY, Happening::Resync);
        engine.plan_strikes();
        engine.storm.lasts = script.lasts(engine.storm.lasts);
        Ok(engine)
    }

    /// The whole history.
    fn run(&mut self) -> Result<(), Broken> {
        let storm = self.now() + self.storm.lasts;
        self.pass(storm)?;
        self.storm.is_over = true;
        self.stage.log(|| "the storm is over".to_owned());
        if self.measures {
            let end = self.now() + AFTERWARDS;
            return self.pass(end);
        }
        P::calm(self)
    }

    /// What is measured is not held against the rules.
    fn hold_to_rules(&mut self) -> Result<(), Broken> {
        if self.measures { Ok(()) } else { P::judge(self) }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.stage.now()
    }

    pub(super) fn later(&mut self, after: SignedDuration, happening: Happening<P>) {
        self.scheduled += 1;
        self.agenda.insert((self.now() + after, self.scheduled), happening);
    }

    /// Lets time pass until `end`.
    pub(super) fn pass(&mut self, end: Timestamp) -> Result<(), Broken> {
        while self.now() < end {
            self.let_all_run()?;
            self.move_on(end);
            self.hold_to_rules()?;
            while let Some(first) = self.agenda.first_entry().filter(|first| first.key().0 <= self.stage.now()) {
                let happening = first.remove();
                self.happen(happening)?;
                self.hold_to_rules()?;
            }
        }
        Ok(())
    }

    /// Nothing is under way but what the schedules start, and nothing waits to be delivered.
    pub(super) fn is_quiet(&self) -> bool {
        let is_scheduled = |invocation: &Invocation| ["sweep", "resync"].contains(&invocation.delivery.kind());
        self.running.iter().all(is_scheduled)
            && !P::holds_messages(self)
            && !self.agenda.values().any(|happening| matches!(happening, Happening::Invoke(_)))
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
            events.iter().for_each(|event| P::deliver(self, event));
        }
        P::look(self);
    }

    fn happen(&mut self, happening: Happening<P>) -> Result<(), Broken> {
        match happening {
            Happening::Invoke(delivery) => self.invoke(delivery),
            Happening::Sweep => {
                self.later(SWEEP_EVERY, Happening::Sweep);
                self.fire("sweep", &Work::Sweep);
            }
            Happening::Resync => {
                self.later(RESYNC_EVERY, Happening::Resync);
                self.fire("resync", &Work::Event(json!({ "homeostat": "resync" })));
            }
            Happening::Timeout(id) => {
                if let Some(nth) = self.running.iter().position(|invocation| invocation.id == id) {
                    self.stage.count("fault: timeout");
                    self.stage.befell(id);
                    self.failed(nth, "timed out")?;
                }
            }
            Happening::Strike => {
                self.stage.turn(|| "strike".to_owned());
                P::strike(self);
            }
            Happening::Repair(repair) => self.repair(&repair),
            Happening::Own(own) => P::happen(self, own),
        }
        Ok(())
    }

    /// The ledger as it was, if it is another by now; what was written is counted and logged.
    pub(super) fn renew_view(&mut self) -> Option<View<P::Kind>> {
        if self.ledger.revision() == self.view.revision {
            return None;
        }
        let view = View::of(&self.ledger, &self.policy, &self.view);
        let before = std::mem::replace(&mut self.view, view);
        tell(&self.stage, &before, &self.view);
        Some(before)
    }

    /// By the rules for whatever an incident is about.
    pub(super) fn judge_writes(&self, before: &View<P::Kind>) -> Result<(), Broken> {
        judge_writes::<P>(&Writes { now: self.now(), before, after: &self.view, pauses: &self.pauses_in_force() })
    }
}
