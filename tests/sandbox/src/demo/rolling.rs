//! The third act: a group is replaced one instance after the other while requests and longer jobs flow.
//!
//! It shows only what it saw: what the world counts as served and lost, and how long each hook held its instance.

use std::fmt;
use std::time::Instant;

use anyhow::{Result, anyhow};
use homeostat_core::id::InstanceId;
use serde::Serialize;
use world::{ActionEnd, LifecycleAction, LifecycleState, Tally, TargetState, World};

use super::report::item;
use crate::stage::{Held, Stage};

#[derive(Debug, Serialize)]
pub struct Rolled {
    pub group: String,
    pub replaced: Vec<String>,
    pub requests: Flowed,
    pub jobs: Flowed,
    pub held: Vec<Row>,
    pub seconds: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Flowed {
    pub served: u64,
    pub lost: u64,
}

/// One hook that held one instance.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    pub instance: String,
    pub hook: String,
    pub seconds: f64,
    pub heartbeats: u32,
    pub ended: String,
}

/// Everybody who was there at the beginning is replaced.
pub async fn roll(stage: &Stage, held: &Held, say: fn(&str)) -> Result<Rolled> {
    let first = stage.wait_for_world("a whole group with hooks", |world| all_serve(world, held)).await?;
    held.hook(stage.face())?;
    held.work(stage.face())?;
    let began = Instant::now();
    say(&format!(
        "{} has {} instances; requests flow to it, and jobs of 4 s; now each instance is replaced, one after the other",
        held.group,
        first.len()
    ));
    for id in &first {
        stage.face().with(|world| world.terminate_instance(id, false)).map_err(|refusal| anyhow!("{refusal}"))?;
        let gone = |world: &World| world.instance(id).is_none().then_some(());
        stage.wait_for_world(&format!("the end of {id}"), gone).await?;
        stage.wait_for_world("the whole group again", |world| all_serve(world, held)).await?;
        let (requests, jobs) = held.tallies(stage.face());
        say(&format!("  {id} is replaced; lost so far: {} requests, {} jobs", requests.lost, jobs.lost));
    }
    held.stop_work(stage.face());
    stage.wait_for_world("the end of what was in flight", |world| is_idle(world, held)).await?;
    let (requests, jobs) = held.tallies(stage.face());
    Ok(Rolled {
        group: held.group.to_string(),
        replaced: first.iter().map(ToString::to_string).collect(),
        requests: flowed(requests),
        jobs: flowed(jobs),
        held: held.actions(stage.face()).iter().map(row).collect(),
        seconds: began.elapsed().as_secs_f64(),
    })
}

fn is_idle(world: &World, held: &Held) -> Option<()> {
    let (requests, jobs) = held.tallies_in(world);
    (requests.in_flight + jobs.in_flight == 0).then_some(())
}

/// Its members, if all that are wanted serve in both target groups.
fn all_serve(world: &World, held: &Held) -> Option<Vec<InstanceId>> {
    let desired = usize::try_from(world.group(&held.group)?.settings.desired).ok()?;
    let serves = |id: &InstanceId| {
        let targets: Vec<_> = world.target_groups().filter_map(|target_group| target_group.targets.get(id)).collect();
        targets.len() == 2 && targets.iter().all(|target| target.state == TargetState::Healthy)
    };
    let members = world.members(&held.group).filter(|member| member.lifecycle == LifecycleState::InService);
    let serving: Vec<InstanceId> = members.map(|member| member.id.clone()).filter(serves).collect();
    (serving.len() == desired).then_some(serving)
}

fn flowed(tally: Tally) -> Flowed {
    Flowed { served: tally.served, lost: tally.lost }
}

fn row(action: &LifecycleAction) -> Row {
    Row {
        instance: action.instance.to_string(),
        hook: action.hook.clone(),
        seconds: action.ended_at.duration_since(action.started_at).as_secs_f64(),
        heartbeats: action.heartbeats,
        ended: match action.ended_by {
            ActionEnd::Completed(result) => result.as_str().to_owned(),
            ActionEnd::TimedOut => "timed out".to_owned(),
            ActionEnd::Skipped => "skipped".to_owned(),
            ActionEnd::InstanceGone => "the instance was gone".to_owned(),
        },
    }
}

impl fmt::Display for Rolled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replaced = format!("{} instances of {}, in {:.0} s", self.replaced.len(), self.group, self.seconds);
        item(f, "replaced", &replaced)?;
        for (name, flowed) in [("requests", self.requests), ("jobs", self.jobs)] {
            item(f, name, &format!("{} served, {} lost", flowed.served, flowed.lost))?;
        }
        for (index, row) in self.held.iter().enumerate() {
            let title = if index == 0 { "held" } else { "" };
            let Row { instance, hook, seconds, heartbeats, ended } = row;
            item(f, title, &format!("{instance} by {hook} for {seconds:>4.1} s, {heartbeats} heartbeats: {ended}"))?;
        }
        Ok(())
    }
}
