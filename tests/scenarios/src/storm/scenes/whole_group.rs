//! Every member of one group fails at the same moment, and each alarm is told twice.
//!
//! This module never breaks a part of a group.

use std::collections::BTreeMap;

use homeostat_core::id::InstanceId;
use jiff::SignedDuration;
use serde_json::json;
use world::App;

use super::super::fleet::{FleetOf, Trouble, in_service};
use super::super::lock;
use super::super::report::{Report, Spread};
use super::super::rig::Rig;
use super::super::scene::Scene;
use super::super::surroundings::Surroundings;

const BREAKS_AT: SignedDuration = SignedDuration::from_mins(1);
const LASTS: SignedDuration = SignedDuration::from_mins(15);

pub(in super::super) fn play(scene: &Scene, size: u32) -> Result<Report, Trouble> {
    let fleet = FleetOf::new(1, size);
    let group = FleetOf::name(0)?;
    let mut rig = Rig::new(fleet.build()?, fleet.policy()?, Surroundings::usual(scene));
    rig.pass(BREAKS_AT);
    let victims: Vec<InstanceId> = rig.cloud.see(|world| in_service(world, &group));
    for victim in &victims {
        rig.cloud.with(|world| world.break_app(victim, App::Dead))?;
    }
    let broken_at = rig.now();
    rig.pass(LASTS - BREAKS_AT);
    let decided = Spread::of([&group], &lock(&rig.progress).decided, broken_at);
    let more = BTreeMap::from([("unhealthy", json!(victims.len())), ("decided", decided.json())]);
    Ok(Report { more, ..Report::of(scene.to_string(), &rig) })
}
