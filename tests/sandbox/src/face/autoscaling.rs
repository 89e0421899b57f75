//! Auto Scaling: groups, instances, activities, refreshes, hooks, and the effects on an instance or a group.
//!
//! It never answers for a group or an instance that the world lacks.

mod groups;
mod hooks;
mod refreshes;

use homeostat_core::id::InstanceId;
use world::{Activity, AutoScalingGroup, HealthStatus, Process, Refusal, World};

pub(super) use groups::{groups, instances};
pub(super) use hooks::{complete, heartbeat, hooks};
pub(super) use refreshes::refreshes;

use super::paging::{page, records};
use super::{only, refused};
use crate::api::{ApiError, Resource, Tree, make, read};

/// The group that is named, or that an instance belongs to, for the actions with a resource (Service Authorization Reference, "Amazon EC2
/// Auto Scaling"). For an instance in no group, and a group that isn't there, AWS says nowhere what it asks the policy about: no group's ARN and no tags,
/// so that only a policy on every group, without a condition on tags, lets the call through to its error.
pub(super) fn resource(world: &World, action: &str, input: &Tree) -> Resource {
    let group = match action {
        "TerminateInstanceInAutoScalingGroup" | "SetInstanceHealth" => {
            let id = read::text(input, "InstanceId").ok().and_then(|id| id.parse::<InstanceId>().ok());
            id.and_then(|id| world.group(&world.instance(&id)?.group))
        }
        "CompleteLifecycleAction" | "RecordLifecycleActionHeartbeat" | "SuspendProcesses" => {
            read::text(input, "AutoScalingGroupName").ok().and_then(|name| known(world, name).ok())
        }
        _ => return Resource::any(),
    };
    match group {
        Some(group) => Resource { arn: group.arn.clone(), tags: group.settings.tags.clone(), ..Resource::any() },
        None => {
            let (region, account) = (&world.place().region, &world.place().account);
            let arn = format!("arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/*");
            Resource { arn, ..Resource::any() }
        }
    }
}

fn known<'a>(world: &'a World, name: &str) -> Result<&'a AutoScalingGroup, ApiError> {
    let group = name.parse().ok().and_then(|name| world.group(&name));
    group.ok_or_else(|| {
        ApiError::invalid(format!("AutoScalingGroup name not found - AutoScalingGroup {name} not found"))
    })
}

/// Of one group: the account-wide list is not modelled.
pub(super) fn activities(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    only(input, "DescribeScalingActivities", &["AutoScalingGroupName", "MaxRecords", "NextToken"])?;
    let Some(name) = read::maybe_text(input, "AutoScalingGroupName")? else {
        let refusal = Refusal::NotModelled { what: "DescribeScalingActivities without a group".to_owned() };
        return Err(refused(&refusal));
    };
    let group = known(world, name)?;
    let found = world.activities(&group.settings.name);
    let (activities, next) = page(&records(100, 100), input, found, |activity| activity.id.clone())?;
    let activities = activities.into_iter().map(|activity| activity_tree(activity, group));
    Ok(make::record([("Activities", make::list(activities))].into_iter().chain(make::maybe("NextToken", next))))
}

fn activity_tree(activity: &Activity, group: &AutoScalingGroup) -> Tree {
    let details = serde_json::json!({ "Availability Zone": activity.zone });
    let fields = [
        ("ActivityId", make::text(&activity.id)),
        ("AutoScalingGroupName", make::text(activity.group.as_str())),
        ("Description", make::text(activity.description())),
        ("Cause", make::text(&activity.cause)),
        ("StartTime", make::timestamp(activity.started_at)),
        ("StatusCode", make::text(activity.status.as_str())),
        ("Progress", make::integer(activity.progress())),
        ("Details", make::text(details.to_string())),
        ("AutoScalingGroupARN", make::text(&group.arn)),
    ];
    let message = activity.status_message.as_ref().map(make::text);
    let fields = fields.into_iter().chain(make::maybe("StatusMessage", message));
    make::record(fields.chain(make::maybe("EndTime", activity.ended_at.map(make::timestamp))))
}

pub(super) fn terminate(world: &mut World, input: &Tree) -> Result<Tree, ApiError> {
    let action = "TerminateInstanceInAutoScalingGroup";
    only(input, action, &["InstanceId", "ShouldDecrementDesiredCapacity"])?;
    let decrement = read::flag(input, "ShouldDecrementDesiredCapacity")?
        .ok_or_else(|| ApiError::invalid("ShouldDecrementDesiredCapacity is required"))?;
    let id = instance_id(input)?;
    let activity = world.terminate_instance(&id, decrement).map_err(|refusal| refused(&refusal))?;
    let group = world.group(&activity.group).ok_or_else(|| ApiError::invalid("the instance's group is gone"))?;
    Ok(make::record([("Activity", activity_tree(&activity, group))]))
}

/// The grace period is respected unless told otherwise (API reference, `SetInstanceHealth`).
pub(super) fn set_health(world: &mut World, input: &Tree) -> Result<Tree, ApiError> {
    only(input, "SetInstanceHealth", &["InstanceId", "HealthStatus", "ShouldRespectGracePeriod"])?;
    let health = match read::text(input, "HealthStatus")? {
        "Healthy" => HealthStatus::Healthy,
        "Unhealthy" => HealthStatus::Unhealthy,
        other => return Err(ApiError::invalid(format!("HealthStatus is {other:?}, neither Healthy nor Unhealthy"))),
    };
    let respect_grace = read::flag(input, "ShouldRespectGracePeriod")?.unwrap_or(true);
    let id = instance_id(input)?;
    world.set_instance_health(&id, health, respect_grace).map_err(|refusal| refused(&refusal))?;
    Ok(make::nothing())
}

/// No process named means all (API reference, `SuspendProcesses`).
pub(super) fn suspend(world: &mut World, input: &Tree) -> Result<Tree, ApiError> {
    only(input, "SuspendProcesses", &["AutoScalingGroupName", "ScalingProcesses"])?;
    let group = known(world, read::text(input, "AutoScalingGroupName")?)?.settings.name.clone();
    let process = |name: &&str| {
        let found = Process::ALL.into_iter().find(|process| process.as_str() == *name);
        found.ok_or_else(|| ApiError::invalid(format!("{name:?} is no scaling process")))
    };
    let processes: Vec<Process> =
        read::texts(input, "ScalingProcesses")?.iter().map(process).collect::<Result<_, _>>()?;
    world.suspend_processes(&group, &processes).map_err(|refusal| refused(&refusal))?;
    Ok(make::nothing())
}

fn instance_id(input: &Tree) -> Result<InstanceId, ApiError> {
    let given = read::text(input, "InstanceId")?;
    given.parse().map_err(|_| {
        ApiError::invalid(format!("Instance Id not found - No managed instance found for instance ID: {given}"))
    })
}
