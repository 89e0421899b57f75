//! Ten thousand events within a minute: the applications of nearly half of each group die at once, and each alarm is told so many times.
//!
//! This module never tells of an alarm that isn't there.

use std::collections::BTreeMap;

use homeostat_core::id::{GroupName, InstanceId, Subject};
use jiff::SignedDuration;
use serde_json::json;
use world::{App, World};

use super::super::fleet::{FleetOf, Trouble, in_service};
use super::super::lock;
use super::super::report::{Report, Spread};
use super::super::rig::Rig;
use super::super::scene::Scene;
use super::super::surroundings::Surroundings;

const SIZE: u32 = 20;
const BREAKS_AT: SignedDuration = SignedDuration::from_secs(30);
const LASTS: SignedDuration = SignedDuration::from_mins(15);

pub(in super::super) fn play(scene: &Scene, groups: usize, copies: u32) -> Result<Report, Trouble> {
    let fleet = FleetOf::new(groups, SIZE);
    let names: Vec<GroupName> = (0..groups).map(FleetOf::name).collect::<Result<_, _>>()?;
    let mut rig = Rig::new(fleet.build()?, fleet.policy()?, Surroundings { copies, ..Surroundings::usual(scene) });
    rig.pass(BREAKS_AT);
    let victims: Vec<InstanceId> =
        rig.cloud.see(|world| names.iter().flat_map(|name| nearly_half(world, name)).collect());
    for victim in &victims {
        rig.cloud.with(|world| world.break_app(victim, App::Dead))?;
    }
    let broken_at = rig.now();
    rig.pass(LASTS - BREAKS_AT);
    let decided = Spread::of(&names, &lock(&rig.progress).decided, broken_at);
    let more = BTreeMap::from([
        ("unhealthy", json!(victims.len())),
        ("unhealthy_decided", json!(decided_of(&rig, &victims))),
        ("decided", decided.json()),
    ]);
    Ok(Report { more, ..Report::of(scene.to_string(), &rig) })
}

pub(super) fn nearly_half(world: &World, group: &GroupName) -> Vec<InstanceId> {
    let members = in_service(world, group);
    // Half of a group are too many to be replaced.
    let most = members.len().saturating_sub(1) / 2;
    members.into_iter().take(most).collect()
}

/// Of these, how many have had an incident of their own.
pub(super) fn decided_of(rig: &Rig, instances: &[InstanceId]) -> usize {
    let region = rig.cloud.see(|world| world.place().region.clone());
    let progress = lock(&rig.progress);
    let subjects = instances.iter().map(|id| Subject::of_instance(region.clone(), id));
    subjects.filter(|subject| progress.subjects.contains_key(subject)).count()
}
