//! The play of lifecycle hooks: groups that launch and end instances, who completes what holds them, and the function that should.
//!
//! The oracle never asks the code that judges an instance whether it is right: it reads the world's own history of actions, targets and
//! machines, and takes from the ledger only what was recorded and when.

mod annals;
mod aws;
mod calm;
mod deed;
mod draw;
mod judging;
mod people;
mod queue;
mod rules;
mod truth;
mod weather;

use std::sync::{Arc, Mutex, PoisonError};

use annals::Annals;
use homeostat_core::id::{GroupName, InstanceId};
use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::hook::policy::{HookPolicy, LaunchPolicy};
use homeostat_remedies::hook::reasons::{HookStep, Step};
use homeostat_remedies::policy::Policy;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use world::{Instance, Refusal, TargetType, World};

use super::deliveries::{Delivery, Limits, Work};
use super::dice::Dice;
use super::engine::{self, Drawn, Engine, Happening, Play};
use super::gated::Gated;
use super::invocation::Task;
use super::note::InvocationId;
use super::noted::Noted;
use super::script::Script;
use super::stage::SkewedClock;
use super::toll::Toll;
use super::{Broken, Told};
use crate::event_rules;

pub use aws::Double;
use aws::{Aws, Eager, Moods};
use deed::Deed;
use rules::Sent;
use truth::{Past, Truth};
use weather::Repair;

/// The ledger of this play.
pub(in crate::simulator) type View = crate::simulator::view::View<HookKind>;

type History = Engine<Hooks>;

/// Tells the history of a seed by a script, over a port that may break its promise: what the rules are there to catch.
pub fn tell_by(seed: u64, double: Double, script: &Script) -> Told {
    engine::tell_by::<Hooks>(seed, double, script)
}

struct Hooks {
    group: GroupName,
    truth: Truth,
    annals: Annals,
    moods: Moods,
    /// No call, event or schedule fails: whatever goes wrong, goes wrong without any fault.
    is_calm: bool,
    is_off: bool,
    /// What waits in the queue while the function is off.
    kept_back: Vec<Delivery>,
    /// In place of a section that the policy doesn't have.
    no_hooks: HookPolicy,
    drains_jobs: bool,
    double: Double,
    past: Arc<Mutex<Past>>,
    journal: Arc<Mutex<Vec<Deed>>>,
    noted: Noted,
}

/// Whoever has the hook completes the action with that token.
struct OthersComplete(String);

impl Play for Hooks {
    const FLAGS: &'static str = " --hooks";
    const LIMITS: Limits = queue::LIMITS;
    type Kind = HookKind;
    type Double = Double;
    type Repair = Repair;
    type Own = OthersComplete;

    fn draw(dice: &mut Dice, now: Timestamp, double: Double) -> Result<Drawn<Self>, Refusal> {
        let draw::Groups { world, policy, group, drains_jobs } = draw::draw(dice, now)?;
        let (storm, is_calm, moods) = weather::storm(dice);
        let own = Hooks {
            group,
            truth: Truth::default(),
            annals: Annals::default(),
            moods,
            is_calm,
            is_off: false,
            kept_back: Vec::new(),
            no_hooks: HookPolicy::without_hooks(),
            drains_jobs,
            double,
            past: Arc::default(),
            journal: Arc::default(),
            noted: Noted::default(),
        };
        Ok(Drawn { world, policy, storm, own })
    }

    fn begin(engine: &mut History) {
        let settings = engine.cloud.with(|world| world.group(&engine.own.group).map(|group| group.settings.clone()));
        engine.stage.log(|| format!("{:?}", engine.own.moods));
        engine.stage.log(|| format!("{settings:?}"));
        if engine.cloud.see(|world| world.target_groups().any(|one| one.target_type == TargetType::Ip)) {
            engine.stage.count("drawn: targets by address");
        }
        engine.note_truth();
        engine.own.annals.seen_losses = engine.cloud.with(|world| world.losses().len());
    }

    /// Each group's actions reach the function.
    fn deliver(engine: &mut History, event: &Value) {
        let text = |field: &str| event.pointer(field).and_then(Value::as_str).map(str::to_owned);
        let is_let_through = event_rules::let_through("LifecycleActions", event);
        let Some(token) = text("/detail/LifecycleActionToken").filter(|_| is_let_through) else { return };
        engine.stage.log(|| {
            format!("{} of {:?}", event.get("detail-type").unwrap_or(&Value::Null), text("/detail/EC2InstanceId"))
        });
        engine.stage.turn(|| token.clone());
        engine.others_may_complete(&token);
        let delivery = Delivery::first(Work::Message(event.clone()));
        let is_untold = engine.is_lost(&delivery) || {
            let twice = engine.comes_twice(&delivery);
            engine.carry(&delivery, twice)
        };
        engine.own.annals.untold.extend(is_untold.then_some(token));
    }

    fn look(engine: &mut History) {
        if engine.own.noted.is_news(&engine.cloud) {
            engine.note_truth();
        }
    }

    fn holds_nobody_up(Step::Hook(step): &Step) -> bool {
        matches!(**step, HookStep::Complete { .. } | HookStep::Heartbeat { .. })
    }

    fn owner(engine: &mut History, gate: Toll, clock: SkewedClock, event: Value) -> Task {
        let aws = Aws {
            stage: Arc::clone(&engine.stage),
            cloud: engine.cloud.clone(),
            by: gate.by,
            moods: if engine.storm.is_over { Moods::default() } else { engine.own.moods },
            double: engine.own.double,
            past: Arc::clone(&engine.own.past),
            journal: Arc::clone(&engine.own.journal),
        };
        let wake_ups = Eager { queue: engine.queue.clone(), double: engine.own.double };
        let ready = lifecycle_hook::Ready {
            aws: Gated { port: aws.clone(), gate: gate.clone() },
            machines: Gated { port: aws, gate: gate.clone() },
            ledger: Gated { port: engine.ledger.clone(), gate: gate.clone() },
            wake_ups: Gated { port: wake_ups, gate },
            clock,
            policy: engine.policy.clone(),
            region: engine.region.clone(),
        };
        Box::pin(async move { lifecycle_hook::handle(&ready, event).await })
    }

    fn strike(engine: &mut History) {
        engine.strike();
    }

    fn repair(engine: &mut History, repair: &Repair) {
        engine.carry_out(repair);
    }

    fn happen(engine: &mut History, OthersComplete(token): OthersComplete) {
        engine.stage.turn(|| format!("other {token}"));
        if engine.complete(&token) {
            engine.stage.count("others: completed theirs");
        }
    }

    fn judge(engine: &mut History) -> Result<(), Broken> {
        engine.judge()
    }

    fn calm(engine: &mut History) -> Result<(), Broken> {
        engine.calm()
    }

    fn admits(engine: &mut History, delivery: Delivery) -> Option<Delivery> {
        match delivery.work {
            Work::Sweep => Some(delivery),
            _ if !engine.own.is_off => Some(delivery),
            Work::Message(_) => {
                engine.own.kept_back.push(delivery);
                None
            }
            Work::Event(_) | Work::Batch(_) => None,
        }
    }

    fn sends(engine: &mut History, after: SignedDuration, message: &Value) -> Result<SignedDuration, Broken> {
        if let Some(subject) = queue::subject(message) {
            let at = engine.now();
            let (held, count, failed) = engine.own.annals.send(&subject, at);
            rules::judge_sent(&Sent { subject: &subject, at, held, count, failed }, engine.hooks())?;
        }
        Ok(queue::whole_seconds(after))
    }

    /// A wake-up that a wrong clock takes for one that is early is as good as lost.
    fn answered(engine: &mut History, delivery: &Delivery, answer: &Value) -> Result<(), Broken> {
        let ignored = answer.get("ignored").and_then(Value::as_str);
        if ignored.is_some_and(|why| why.contains("is looked at later")) {
            engine.stage.count("wake-up: one too many");
            if engine.storm.skew > SignedDuration::from_secs(1) {
                engine.own.annals.faults.push((engine.now(), queue::about(delivery)));
            }
        }
        Ok(())
    }

    fn gone(engine: &mut History, invocation: InvocationId) {
        engine.own.annals.gone(invocation);
    }

    fn missed(engine: &mut History) {
        engine.own.annals.faults.push((engine.now(), None));
    }
}

impl History {
    fn note_truth(&mut self) {
        let (truth, policy) = (&mut self.own.truth, launches(&self.policy));
        let mut past = self.own.past.lock().unwrap_or_else(PoisonError::into_inner);
        self.cloud.see(|world| {
            truth.note(world, policy);
            past.note(world);
        });
    }

    fn hooks(&self) -> &HookPolicy {
        self.policy.hooks.as_ref().unwrap_or(&self.own.no_hooks)
    }

    fn members_that(&self, is_wanted: impl Fn(&Instance) -> bool) -> Vec<InstanceId> {
        let of = |world: &mut World| {
            let members = world.members(&self.own.group).filter(|one| is_wanted(one));
            members.map(|one| one.id.clone()).collect()
        };
        self.cloud.with(of)
    }

    /// Those of others' hooks do, mostly.
    fn others_may_complete(&mut self, token: &str) {
        let action = self.cloud.with(|world| world.active_actions().find(|action| action.token == token).cloned());
        if action.is_some_and(|action| !self.is_ours(&action)) && self.stage.dice().chance(80.0) {
            let is_slow = self.stage.dice().chance(25.0);
            let after = self.stage.dice().seconds(3, if is_slow { 2400 } else { 100 });
            if is_slow {
                self.stage.count("others: take their time");
            }
            self.later(after, Happening::Own(OthersComplete(token.to_owned())));
        }
    }
}

fn launches(policy: &Policy) -> Option<&LaunchPolicy> {
    policy.hooks.as_ref()?.launches.first()
}
