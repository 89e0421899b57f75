//! One Availability Zone of three dies in fifty groups, and comes back after an hour.
//!
//! This module never tells anybody of the zone: only its instances show it.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::id::{GroupName, InstanceId};
use jiff::SignedDuration;
use serde_json::json;
use world::{App, TreatMissingData, World};

use super::super::fleet::{FleetOf, Trouble};
use super::super::lock;
use super::super::report::{Report, Spread};
use super::super::rig::Rig;
use super::super::scene::{Scene, ZoneFault};
use super::super::surroundings::Surroundings;
use super::alarms::decided_of;

const GROUPS: usize = 50;
const SIZE: u32 = 20;
const DIES_AT: SignedDuration = SignedDuration::from_mins(1);
const BACK_AT: SignedDuration = SignedDuration::from_mins(60);

pub(in super::super) fn play(scene: &Scene, fault: ZoneFault) -> Result<Report, Trouble> {
    let missing = match fault {
        // A machine that is gone publishes nothing.
        ZoneFault::Machines => TreatMissingData::Breaching,
        ZoneFault::Applications | ZoneFault::Grey => TreatMissingData::Missing,
    };
    let fleet = FleetOf { missing, ..FleetOf::new(GROUPS, SIZE) };
    let world = fleet.build()?;
    let zone = world.place().zone('a');
    let victims: Vec<InstanceId> = in_zone(&world, &zone).collect();
    let groups: BTreeSet<GroupName> = victims.iter().filter_map(|id| Some(world.instance(id)?.group.clone())).collect();
    let mut rig = Rig::new(world, fleet.policy()?, Surroundings::usual(scene));
    rig.script(move |world, since| befall(world, &zone, fault, since));
    rig.pass(lasts(fault));
    let decided = Spread::of(&groups, &lock(&rig.progress).decided, rig.began + DIES_AT);
    let more = BTreeMap::from([
        ("unhealthy", json!(victims.len())),
        ("unhealthy_decided", json!(decided_of(&rig, &victims))),
        ("decided", decided.json()),
    ]);
    Ok(Report { more, ..Report::of(scene.to_string(), &rig) })
}

/// A grey zone leaves more to be repaired.
fn lasts(fault: ZoneFault) -> SignedDuration {
    match fault {
        ZoneFault::Applications | ZoneFault::Machines => SignedDuration::from_mins(100),
        ZoneFault::Grey => SignedDuration::from_mins(150),
    }
}

fn befall(world: &mut World, zone: &str, fault: ZoneFault, since: SignedDuration) {
    let is_dead = (DIES_AT..BACK_AT).contains(&since);
    match fault {
        ZoneFault::Applications => {
            if is_dead {
                break_all(world, zone, App::Dead);
            } else {
                break_all(world, zone, App::Well);
            }
            world.lack_capacity_in_zone(zone, is_dead);
        }
        ZoneFault::Machines if is_dead => world.fail_zone(zone),
        ZoneFault::Machines => world.restore_zone(zone),
        ZoneFault::Grey => break_all(world, zone, if is_dead { App::Dead } else { App::Well }),
    }
}

fn break_all(world: &mut World, zone: &str, app: App) {
    let now = world.now();
    let others = |world: &World, id: &InstanceId| {
        world.instance(id).is_some_and(|one| one.app != app && now >= one.answers_from)
    };
    let changed: Vec<InstanceId> = in_zone(world, zone).filter(|id| others(world, id)).collect();
    for id in changed {
        // It was there a moment ago.
        _ = world.break_app(&id, app);
    }
}

fn in_zone<'a>(world: &'a World, zone: &'a str) -> impl Iterator<Item = InstanceId> + 'a {
    world.instances().filter(move |one| one.zone == zone).map(|one| one.id.clone())
}
