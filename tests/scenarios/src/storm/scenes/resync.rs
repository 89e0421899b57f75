//! A fleet in good health is read, and then one member falls ill of whom no event tells.
//!
//! This module never wakes the owner itself: the schedule does.

use std::collections::BTreeMap;

use homeostat_core::id::{GroupName, Subject};
use jiff::SignedDuration;
use serde_json::json;
use world::App;

use super::super::fleet::{FleetOf, Trouble, in_service};
use super::super::lock;
use super::super::report::{Report, Spread};
use super::super::rig::Rig;
use super::super::scene::Scene;
use super::super::surroundings::Surroundings;

const SIZE: u32 = 20;

/// Until when every group should have been read at the latest, and then the lost event's instance found.
const MOST_TO_READ: SignedDuration = SignedDuration::from_mins(35);
const MOST_TO_FIND: SignedDuration = SignedDuration::from_mins(60);

pub(in super::super) fn play(scene: &Scene, groups: usize, target_groups: usize) -> Result<Report, Trouble> {
    let fleet = FleetOf { target_groups, ..FleetOf::new(groups, SIZE) };
    let names: Vec<GroupName> = (0..groups).map(FleetOf::name).collect::<Result<_, _>>()?;
    let mut rig = Rig::new(fleet.build()?, fleet.policy()?, Surroundings { copies: 0, ..Surroundings::usual(scene) });
    lock(&rig.progress).follows_reads = true;
    rig.pass_until(MOST_TO_READ, |rig| lock(&rig.progress).read.len() >= groups);
    let read = Spread::of(&names, &lock(&rig.progress).read, rig.began);
    // As it was up to here: what follows is another story.
    let healthy = Report::of(scene.to_string(), &rig);
    lock(&rig.progress).follows_reads = false;

    let last = names.last().ok_or("a scene of no groups")?;
    let (victim, region) =
        rig.cloud.see(|world| (in_service(world, last).into_iter().next(), world.place().region.clone()));
    let victim = victim.ok_or_else(|| format!("{last} has nobody in service"))?;
    rig.cloud.with(|world| world.break_app(&victim, App::Dead))?;
    let (subject, broken_at) = (Subject::of_instance(region, &victim), rig.now());
    let found = |rig: &Rig| lock(&rig.progress).subjects.get(&subject).copied();
    rig.pass_until(MOST_TO_FIND, |rig| found(rig).is_some());
    let found_after = found(&rig).map(|at| at.duration_since(broken_at).as_secs_f64());
    let end = Report::of(scene.to_string(), &rig);
    let more = BTreeMap::from([
        ("read", read.json()),
        ("lost_event_found_after_s", json!(found_after)),
        ("dead_letters_until_found", json!(end.dead_letters())),
    ]);
    Ok(Report { more, ..healthy })
}
