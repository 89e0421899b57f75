//! What the model promises, each rule by a story of its own.

mod alarms;
mod endpoints;
mod group_alarms;
mod health;
mod hooks;
mod launches;
mod machines;
mod mixed;
mod monitoring;
mod replacement;
mod spot;
mod standby;
mod suspending;
mod time;
mod warm_pool;
mod work;

use homeostat_core::id::{GroupName, InstanceId, TargetGroupArn};
use jiff::{SignedDuration, Timestamp};

use crate::lifecycle::LifecycleState;
use crate::target_group::TargetState;
use crate::{Activity, Demo, HealthCheckType, Pace, World, alarm_name};

/// Monday noon: no test depends on it.
fn noon() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// The demo's fleet, and its target group.
fn fleet(pace: Pace, health_check: HealthCheckType) -> (World, TargetGroupArn) {
    let demo = Demo { pace, health_check, ..Demo::new().unwrap() };
    demo.build(noon()).unwrap()
}

fn ids(world: &World, group: &str) -> Vec<InstanceId> {
    world.members(&group.parse().unwrap()).map(|member| member.id.clone()).collect()
}

fn web() -> GroupName {
    "web".parse().unwrap()
}

fn newest(world: &World) -> Activity {
    world.activities(&web()).next().unwrap().clone()
}

fn alarm_of(id: &InstanceId) -> String {
    alarm_name(&web(), id)
}

/// How many members of `web` are in service.
fn in_service(world: &World) -> usize {
    world.members(&web()).filter(|member| member.lifecycle == LifecycleState::InService).count()
}

/// How many members of `web` are in service in each zone, and how many targets are healthy.
fn serving(world: &World, target_group: &TargetGroupArn) -> (usize, usize, usize) {
    let web = "web".parse().unwrap();
    let in_zone = |zone: &str| {
        let in_service = world.members(&web).filter(|member| member.lifecycle == LifecycleState::InService);
        in_service.filter(|member| member.zone == zone).count()
    };
    let targets = world.target_group(target_group).unwrap().targets.values();
    let healthy = targets.filter(|target| target.state == TargetState::Healthy).count();
    (in_zone("us-east-1a"), in_zone("us-east-1b"), healthy)
}

/// Steps from event to event until `done`, and says when that was.
fn when(world: &mut World, within: SignedDuration, done: impl Fn(&World) -> bool) -> Option<Timestamp> {
    let deadline = world.now() + within;
    while !done(world) {
        let next = world.next_event_at().filter(|next| *next <= deadline)?;
        world.step(next);
    }
    Some(world.now())
}
