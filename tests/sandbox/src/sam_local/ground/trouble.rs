//! What is wrong on the ground, so that a function that looks round finds something to act on, with its deployed role.
//!
//! It never tells a function of it: no event does.

use anyhow::{Context, Result, anyhow};
use homeostat_core::id::{GroupName, InstanceId};
use world::{App, EndpointState, LifecycleState, World};

use crate::face::Face;
use crate::stage::{Balance, Held};

/// An application of `web` dies, an endpoint gets slow, and an instance that a hook holds is on its way out.
pub(super) fn make(face: &Face, balance: &Balance, held: &Held) -> Result<()> {
    held.hook(face)?;
    let slow = balance.endpoint("blue");
    let (dead, leaving) = (serving(face, &"web".parse()?)?, serving(face, &held.group)?);
    let made = face.with(|world| {
        world.break_app(&dead, App::Dead)?;
        world.break_endpoint(&slow, EndpointState::Slow)?;
        world.terminate_instance(&leaving, false)
    });
    made.map(drop).map_err(|refusal| anyhow!("{refusal}"))
}

fn serving(face: &Face, group: &GroupName) -> Result<InstanceId> {
    let first = |world: &World| {
        let mut members = world.members(group).filter(|member| member.lifecycle == LifecycleState::InService);
        members.next().map(|member| member.id.clone())
    };
    face.with(|world| first(world)).with_context(|| format!("{group} has no instance in service"))
}
