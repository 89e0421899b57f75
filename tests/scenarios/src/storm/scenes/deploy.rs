//! A deploy in the middle of a storm, and its rollback: the applications of nearly half of each group die at once, a policy that only watches is
//! deployed while their alarms arrive, and the old one comes back.
//!
//! This module never ends an invocation that runs: Lambda lets each finish under the version that it began with.

use std::collections::BTreeMap;

use homeostat_core::id::{GroupName, InstanceId};
use jiff::SignedDuration;
use serde_json::json;
use world::App;

use super::super::fleet::{FleetOf, Trouble};
use super::super::lock;
use super::super::report::{Report, Spread};
use super::super::rig::Rig;
use super::super::scene::Scene;
use super::super::surroundings::Surroundings;
use super::super::truth::terminated_on_request;
use super::alarms::{decided_of, nearly_half};

const SIZE: u32 = 20;
const BREAKS_AT: SignedDuration = SignedDuration::from_secs(30);
/// After the break: alarms of two minutes are on their way.
const DEPLOYED_AFTER: SignedDuration = SignedDuration::from_secs(150);
const ROLLED_BACK_AFTER: SignedDuration = SignedDuration::from_mins(5);
const LASTS: SignedDuration = SignedDuration::from_mins(40);

pub(in super::super) fn play(scene: &Scene, groups: usize) -> Result<Report, Trouble> {
    let fleet = FleetOf::new(groups, SIZE);
    let names: Vec<GroupName> = (0..groups).map(FleetOf::name).collect::<Result<_, _>>()?;
    let mut rig = Rig::new(fleet.build()?, fleet.policy()?, Surroundings::usual(scene));
    rig.pass(BREAKS_AT);
    let victims: Vec<InstanceId> =
        rig.cloud.see(|world| names.iter().flat_map(|name| nearly_half(world, name)).collect());
    for victim in &victims {
        rig.cloud.with(|world| world.break_app(victim, App::Dead))?;
    }
    let broken_at = rig.now();
    let terminated = |rig: &Rig| rig.cloud.see(terminated_on_request);
    rig.pass(DEPLOYED_AFTER);
    let before = terminated(&rig);
    rig.deploy(fleet.policy_in("watch")?);
    // What ran began before, and ends within this time.
    rig.pass(SignedDuration::from_secs(30));
    let at_deploy = terminated(&rig);
    rig.pass(ROLLED_BACK_AFTER - DEPLOYED_AFTER - SignedDuration::from_secs(30));
    let at_rollback = terminated(&rig);
    rig.deploy(fleet.policy()?);
    rig.pass(LASTS - BREAKS_AT - ROLLED_BACK_AFTER);
    let decided = Spread::of(&names, &lock(&rig.progress).decided, broken_at);
    let more = BTreeMap::from([
        ("unhealthy", json!(victims.len())),
        ("unhealthy_decided", json!(decided_of(&rig, &victims))),
        ("decided", decided.json()),
        ("terminated_before_deploy", json!(before)),
        ("terminated_while_watched", json!(at_rollback - at_deploy)),
    ]);
    Ok(Report { more, ..Report::of(scene.to_string(), &rig) })
}
