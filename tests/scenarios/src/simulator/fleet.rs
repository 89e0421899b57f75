//! The play of fleets: groups whose applications, machines, versions and zones fail, and the function that replaces instances.
//!
//! The oracle never asks the code under test who is sick: it looks at the applications and machines themselves.

mod alarms;
mod answers;
pub(crate) mod bulletins;
mod calm;
mod draw;
mod heard;
mod hindsight;
mod intake;
mod judging;
mod proven;
mod rules;
mod tally;
mod truth;
mod weather;

use std::sync::Arc;

use bulletins::Bulletins;
use futures_util::FutureExt;
use hindsight::Hindsight;
use homeostat_core::ports::{DueIncidents, DueList};
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::Step;
use intake::Intake;
use jiff::{SignedDuration, Timestamp};
use proven::Proven;
use serde_json::Value;
use tally::Tally;
use truth::Truth;
use weather::Repair;
use world::{Cloud, Refusal};

use super::deliveries::{Delivery, Letter, Limits, Work};
use super::dice::Dice;
use super::engine::{self, Drawn, Engine, Happening, Play};
use super::gated::Gated;
use super::invocation::Task;
use super::note::InvocationId;
use super::noted::Noted;
use super::script::Script;
use super::service::Service;
use super::stage::SkewedClock;
use super::toll::Toll;
use super::{Broken, Told};
use crate::event_rules;

/// The ledger of this play.
pub(in crate::simulator) type View = crate::simulator::view::View<InstanceKind>;

/// For how long a describe call may answer with what was.
const HINDSIGHT: SignedDuration = SignedDuration::from_secs(10);

/// What the next sweep may still see is the index as it is some seconds before it.
const BEFORE_THE_SWEEP: SignedDuration = SignedDuration::from_secs(50);

type History = Engine<Fleet>;

/// Tells the history of a seed by a script.
pub(super) fn tell_by(seed: u64, script: &Script) -> Told {
    engine::tell_by::<Fleet>(seed, (), script)
}

#[derive(Default)]
struct Fleet {
    truth: Truth,
    tally: Tally,
    bulletins: Bulletins,
    proven: Proven,
    noted: Noted,
    /// At what time all that is true then was held against the rules.
    judged_at: Option<Timestamp>,
    /// How often an invocation reads what was, in percent.
    stale: f64,
    /// Since when no call and no event is lost.
    faultless_since: Option<Timestamp>,
    service: Service,
    world_before: Option<(Timestamp, Cloud)>,
    index_before: Option<Arc<DueList>>,
    intake: Intake,
}

enum Own {
    /// The index is noted, for a sweep that sees it late.
    NoteIndex,
    /// A message reaches the intake queue.
    Arrives(Letter),
    /// Its next batch is full, or has waited long enough.
    Gathers,
}

impl Play for Fleet {
    const FLAGS: &'static str = "";
    const LIMITS: Limits = Limits::USUAL;
    type Kind = InstanceKind;
    type Double = ();
    type Repair = Repair;
    type Own = Own;

    fn draw(dice: &mut Dice, now: Timestamp, (): ()) -> Result<Drawn<Self>, Refusal> {
        let (world, policy) = draw::draw(dice, now)?;
        let (storm, stale) = weather::storm(dice);
        let is_gentle = [storm.losses, storm.rates.lost, storm.rates.crash, stale].iter().all(|rate| *rate <= 0.0);
        let faultless_since = is_gentle.then_some(now);
        let own = Fleet { stale, faultless_since, intake: Intake::draw(dice), ..Fleet::default() };
        Ok(Drawn { world, policy, storm, own })
    }

    fn begin(engine: &mut History) {
        engine.announcements();
    }

    /// Both are thrown for whatever comes of the first: else each seed that is known by its number would tell another history.
    fn deliver(engine: &mut History, event: &Value) {
        if event_rules::let_through("ReplaceInstance", event) {
            let delivery = Delivery::first(Work::Event(event.clone()));
            engine.stage.turn(|| delivery.name());
            let (is_lost, twice) = (engine.is_lost(&delivery), engine.comes_twice(&delivery));
            match is_lost {
                true => {}
                false if event_rules::by_queue("ReplaceInstance", event) => engine.send_in(&delivery, event, twice),
                false => _ = engine.carry(&delivery, twice),
            }
        }
    }

    fn look(engine: &mut History) {
        if engine.measures {
            let service = &mut engine.own.service;
            engine.cloud.see(|world| service.note(world));
        }
        if engine.own.noted.is_news(&engine.cloud) {
            let announcements = engine.announcements();
            announcements.iter().for_each(|event| Self::deliver(engine, event));
            engine.note_truth();
        }
    }

    fn holds_nobody_up(_: &Step) -> bool {
        false
    }

    fn owner(engine: &mut History, gate: Toll, clock: SkewedClock, event: Value) -> Task {
        let before = engine.hindsight();
        let cloud = Hindsight { stage: Arc::clone(&engine.stage), now: engine.cloud.clone(), before };
        let ready = replace_instance::Ready {
            aws: Gated { port: cloud.clone(), gate: gate.clone() },
            checks: Gated { port: cloud, gate: gate.clone() },
            ledger: Gated { port: engine.ledger.clone(), gate: gate.clone() },
            queues: Gated { port: engine.queue.clone(), gate },
            clock,
            policy: engine.policy.clone(),
            region: engine.region.clone(),
            stack: None,
        };
        Box::pin(async move { replace_instance::handle(&ready, event).await })
    }

    fn strike(engine: &mut History) {
        engine.strike();
    }

    fn repair(engine: &mut History, repair: &Repair) {
        engine.carry_out(repair);
    }

    fn happen(engine: &mut History, own: Own) {
        match own {
            Own::NoteIndex => {
                let list = engine.ledger.due(Timestamp::MAX).now_or_never().and_then(Result::ok);
                engine.own.index_before = list.filter(|_| !engine.storm.is_over).map(Arc::new);
            }
            Own::Arrives(letter) => engine.arrives(letter),
            Own::Gathers => engine.gathers(),
        }
    }

    fn judge(engine: &mut History) -> Result<(), Broken> {
        engine.judge()
    }

    fn calm(engine: &mut History) -> Result<(), Broken> {
        engine.calm()
    }

    fn index_before(engine: &mut History) -> Option<Arc<DueList>> {
        let stale = engine.befalls(engine.own.stale, || "an index of what was".to_owned());
        engine.later(BEFORE_THE_SWEEP, Happening::Own(Own::NoteIndex));
        engine.own.index_before.clone().filter(|_| stale)
    }

    fn answered(engine: &mut History, delivery: &Delivery, answer: &Value) -> Result<(), Broken> {
        answers::count(&engine.stage, answer);
        engine.batch_answered(delivery, answer)
    }

    fn handed_back(engine: &mut History, letters: Vec<Letter>, is_hurt: bool) -> Result<(), Broken> {
        engine.hand_back(letters, is_hurt)
    }

    fn service(engine: &History) -> Option<Service> {
        Some(engine.own.service.clone())
    }

    fn holds_messages(engine: &History) -> bool {
        engine.own.intake.holds_messages()
    }

    fn gone(engine: &mut History, invocation: InvocationId) {
        engine.own.tally.gone(invocation);
    }
}

impl History {
    fn announcements(&mut self) -> Vec<Value> {
        let bulletins = &mut self.own.bulletins;
        self.cloud.see(|world| bulletins.news(world))
    }

    /// How the world was, for an invocation that reads what was.
    fn hindsight(&mut self) -> Option<Cloud> {
        if !self.befalls(self.own.stale, || "descriptions of what was".to_owned()) {
            return None;
        }
        let now = self.now();
        if self.own.world_before.as_ref().is_none_or(|(at, _)| now > *at + HINDSIGHT) {
            let world = self.cloud.with(|world| world.clone());
            self.own.world_before = Some((now, Cloud::over(world)));
        }
        self.own.world_before.as_ref().map(|(_, cloud)| cloud.clone())
    }
}
