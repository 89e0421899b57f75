//! The play of weighted records: endpoints that die, records that people edit, and the function that moves weight.
//!
//! The oracle never asks the code that plans a change whether it is right: it reads the zone's own history, and what was true of each
//! endpoint.

mod annals;
mod calm;
mod draw;
mod heard;
mod judging;
mod route53;
mod rules;
mod shares;
mod siblings;
mod truth;
mod weather;

use std::convert::Infallible;
use std::sync::Arc;

use annals::Annals;
use homeostat_core::aws::record::{RecordKey, RecordSet};
use homeostat_core::id::HostedZoneId;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::hosted_zone::reasons::Step;
use jiff::Timestamp;
use serde_json::Value;
use world::{Refusal, TreatMissingData};

use super::deliveries::{Delivery, Limits, Work};
use super::dice::Dice;
use super::engine::{self, Drawn, Engine, Play};
use super::gated::Gated;
use super::invocation::Task;
use super::script::Script;
use super::stage::SkewedClock;
use super::toll::Toll;
use super::{Broken, Told};
use crate::event_rules;
use heard::{Heard, Unread};
pub use route53::Double;
use route53::{Moods, Route53};
use siblings::Siblings;
use truth::Truth;
use weather::Repair;

/// The ledger of this play.
pub(in crate::simulator) type View = crate::simulator::view::View<HostedZoneKind>;

type History = Engine<Dns>;

/// Tells the history of a seed by a script, over a port that may break its promise: what the rules are there to catch.
pub fn tell_by(seed: u64, double: Double, script: &Script) -> Told {
    engine::tell_by::<Dns>(seed, double, script)
}

struct Dns {
    zone: HostedZoneId,
    /// The records as an infrastructure tool has them.
    template: Vec<RecordSet>,
    keys: Vec<RecordKey>,
    truth: Truth,
    annals: Annals,
    unread: Unread,
    siblings: Siblings,
    /// Alarms that somebody deleted, as they were.
    deleted: Vec<Repair>,
    missing: TreatMissingData,
    moods: Moods,
    double: Double,
}

impl Play for Dns {
    const FLAGS: &'static str = " --dns";
    const LIMITS: Limits = Limits::USUAL;
    type Kind = HostedZoneKind;
    type Double = Double;
    type Repair = Repair;
    type Own = Infallible;

    fn draw(dice: &mut Dice, now: Timestamp, double: Double) -> Result<Drawn<Self>, Refusal> {
        let draw::DrawnSite { world, policy, zone, missing } = draw::draw(dice, now)?;
        let (storm, moods) = weather::storm(dice);
        let of_zone = world.zone(&zone);
        let own = Dns {
            template: of_zone.map(|zone| zone.sets().to_vec()).unwrap_or_default(),
            annals: Annals { seen: of_zone.map_or(0, |zone| zone.changes().len()), ..Annals::default() },
            zone,
            keys: Vec::new(),
            truth: Truth::default(),
            unread: Unread::default(),
            siblings: Siblings::default(),
            deleted: Vec::new(),
            missing,
            moods,
            double,
        };
        Ok(Drawn { world, policy, storm, own })
    }

    fn begin(engine: &mut History) {
        let records = engine.policy.dns.iter().flat_map(|dns| &dns.records);
        engine.own.keys = records.map(|record| record.key.clone()).collect();
        engine.own.siblings = Siblings::of(&engine.policy, &engine.own.template);
        engine.stage.log(|| format!("{:?}", engine.own.moods));
        for key in &engine.own.keys {
            engine.stage.log(|| format!("{key}: {}", shares::shown(&shares::weights(key, &engine.own.template))));
        }
    }

    fn deliver(engine: &mut History, event: &Value) {
        if !event_rules::let_through("ShiftDns", event) {
            return;
        }
        if event.pointer("/detail/state/value").and_then(Value::as_str) == Some("INSUFFICIENT_DATA") {
            engine.stage.count("delivery: an alarm without data");
        }
        let delivery = Delivery::first(Work::Event(event.clone()));
        engine.stage.turn(|| delivery.name());
        if !engine.is_lost(&delivery) {
            let twice = engine.comes_twice(&delivery);
            engine.carry(&delivery, twice);
        }
    }

    fn look(engine: &mut History) {
        let truth = &mut engine.own.truth;
        engine.cloud.see(|world| truth.note(world));
    }

    fn holds_nobody_up(_: &Step) -> bool {
        false
    }

    fn owner(engine: &mut History, gate: Toll, clock: SkewedClock, event: Value) -> Task {
        let moods = if engine.storm.is_over { Moods::default() } else { engine.own.moods };
        let (stage, cloud) = (Arc::clone(&engine.stage), engine.cloud.clone());
        let aws = Route53 { stage, cloud, moods, double: engine.own.double };
        let ready = shift_dns::Ready {
            aws: Heard::new(Gated { port: aws, gate: gate.clone() }, engine.own.unread.clone()),
            ledger: Gated { port: engine.ledger.clone(), gate: gate.clone() },
            queues: Gated { port: engine.queue.clone(), gate },
            clock,
            policy: engine.policy.clone(),
            stack: None,
        };
        Box::pin(async move { shift_dns::handle(&ready, event).await })
    }

    fn strike(engine: &mut History) {
        engine.strike();
    }

    fn repair(engine: &mut History, repair: &Repair) {
        engine.carry_out(repair);
    }

    fn happen(_: &mut History, own: Infallible) {
        match own {}
    }

    fn judge(engine: &mut History) -> Result<(), Broken> {
        engine.judge()
    }

    fn calm(engine: &mut History) -> Result<(), Broken> {
        engine.calm()
    }
}
