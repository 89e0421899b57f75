//! Auto Scaling: groups, instances, activities, and the one effect.
//!
//! Launch templates, subnets and instance types are not modelled, and so in no answer.

use homeostat_core::id::InstanceId;
use world::{Activity, AutoScalingGroup, GroupSettings, HealthStatus, Instance, Refusal, World};

use super::paging::{page, records};
use super::{only, refused, wanted};
use crate::api::{ApiError, Resource, Tree, make, read};

/// `DefaultCooldown` unless told otherwise (API reference, `CreateAutoScalingGroup`).
const DEFAULT_COOLDOWN: i64 = 300;

/// The group that an instance belongs to, for the one action with a resource (Service Authorization Reference, "Amazon
/// EC2 Auto Scaling"). For an instance in no group AWS says nowhere what it asks the policy about: no group's ARN and
/// no tags, so that only a policy on every group, without a condition on tags, lets the call through to its error.
pub(super) fn resource(world: &World, action: &str, input: &Tree) -> Resource {
    if action != "TerminateInstanceInAutoScalingGroup" {
        return Resource::any();
    }
    let id = read::text(input, "InstanceId").ok().and_then(|id| id.parse::<InstanceId>().ok());
    let group = id.and_then(|id| world.group(&world.instance(&id)?.group));
    match group {
        Some(group) => Resource { arn: group.arn.clone(), tags: group.settings.tags.clone() },
        None => {
            let (region, account) = (&world.place().region, &world.place().account);
            let arn = format!("arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/*");
            Resource { arn, ..Resource::any() }
        }
    }
}

pub(super) fn groups(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    let known = ["AutoScalingGroupNames", "IncludeInstances", "MaxRecords", "NextToken"];
    only(input, "DescribeAutoScalingGroups", &known)?;
    // "By default, you can only specify up to 50 names" (API reference, `DescribeAutoScalingGroups`).
    if read::texts(input, "AutoScalingGroupNames")?.len() > 50 {
        return Err(ApiError::invalid("AutoScalingGroupNames holds more than 50 names"));
    }
    let names = wanted(input, "AutoScalingGroupNames")?;
    let found = world.groups().filter(|group| names(group.settings.name.as_str()));
    let (groups, next) = page(&records(50, 100), input, found, |group| group.settings.name.to_string())?;
    let with_instances = read::flag(input, "IncludeInstances")?.unwrap_or(true);
    let groups = groups.into_iter().map(|group| group_tree(world, group, with_instances));
    Ok(make::record([("AutoScalingGroups", make::list(groups))].into_iter().chain(make::maybe("NextToken", next))))
}

fn group_tree(world: &World, group: &AutoScalingGroup, with_instances: bool) -> Tree {
    let settings = &group.settings;
    let members = world.members(&settings.name).filter(|_| with_instances);
    make::record([
        ("AutoScalingGroupName", make::text(settings.name.as_str())),
        ("AutoScalingGroupARN", make::text(&group.arn)),
        ("MinSize", make::integer(settings.min)),
        ("MaxSize", make::integer(settings.max)),
        ("DesiredCapacity", make::integer(settings.desired)),
        ("DefaultCooldown", make::integer(DEFAULT_COOLDOWN)),
        ("AvailabilityZones", make::texts(&settings.zones)),
        ("LoadBalancerNames", make::list([])),
        ("TargetGroupARNs", make::texts(settings.target_groups.iter().map(ToString::to_string))),
        ("HealthCheckType", make::text(settings.health_check.as_str())),
        ("HealthCheckGracePeriod", make::integer(settings.grace.as_secs())),
        ("Instances", make::list(members.map(|member| make::record(shared(member))).collect::<Vec<_>>())),
        ("CreatedTime", make::timestamp(group.created_at)),
        ("SuspendedProcesses", make::list([])),
        ("EnabledMetrics", make::list([])),
        ("Tags", make::list(tags(settings))),
        ("TerminationPolicies", make::texts(["Default"])),
        ("NewInstancesProtectedFromScaleIn", make::flag(false)),
    ])
}

fn tags(settings: &GroupSettings) -> impl Iterator<Item = Tree> {
    settings.tags.iter().map(|(key, value)| {
        make::record([
            ("ResourceId", make::text(settings.name.as_str())),
            ("ResourceType", make::text("auto-scaling-group")),
            ("Key", make::text(key)),
            ("Value", make::text(value)),
            ("PropagateAtLaunch", make::flag(false)),
        ])
    })
}

/// What an instance shows as a member of its group.
fn shared(instance: &Instance) -> [(&'static str, Tree); 5] {
    [
        ("InstanceId", make::text(instance.id.as_str())),
        ("AvailabilityZone", make::text(&instance.zone)),
        ("LifecycleState", make::text(instance.lifecycle.as_str())),
        ("HealthStatus", make::text(instance.health.as_str())),
        ("ProtectedFromScaleIn", make::flag(false)),
    ]
}

pub(super) fn instances(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    only(input, "DescribeAutoScalingInstances", &["InstanceIds", "MaxRecords", "NextToken"])?;
    let ids = wanted(input, "InstanceIds")?;
    let found = world.instances().filter(|instance| ids(instance.id.as_str()));
    let (instances, next) = page(&records(50, 50), input, found, |instance| instance.id.to_string())?;
    let instances = instances.into_iter().map(|instance| {
        // Here, and only here, it is in capitals (API reference, `AutoScalingInstanceDetails`).
        let health = match instance.health {
            HealthStatus::Healthy => "HEALTHY",
            HealthStatus::Unhealthy => "UNHEALTHY",
        };
        let as_member = shared(instance).into_iter().filter(|(name, _)| *name != "HealthStatus");
        let own = [("AutoScalingGroupName", make::text(instance.group.as_str())), ("HealthStatus", make::text(health))];
        make::record(as_member.chain(own))
    });
    Ok(make::record(
        [("AutoScalingInstances", make::list(instances))].into_iter().chain(make::maybe("NextToken", next)),
    ))
}

/// Of one group: the account-wide list is not modelled.
pub(super) fn activities(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    only(input, "DescribeScalingActivities", &["AutoScalingGroupName", "MaxRecords", "NextToken"])?;
    let Some(name) = read::maybe_text(input, "AutoScalingGroupName")? else {
        let refusal = Refusal::NotModelled { what: "DescribeScalingActivities without a group".to_owned() };
        return Err(refused(&refusal));
    };
    let group = name.parse().ok().and_then(|name| world.group(&name));
    let group = group.ok_or_else(|| {
        ApiError::invalid(format!("AutoScalingGroup name not found - AutoScalingGroup {name} not found"))
    })?;
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
    make::record(fields.into_iter().chain(make::maybe("EndTime", activity.ended_at.map(make::timestamp))))
}

pub(super) fn terminate(world: &mut World, input: &Tree) -> Result<Tree, ApiError> {
    let action = "TerminateInstanceInAutoScalingGroup";
    only(input, action, &["InstanceId", "ShouldDecrementDesiredCapacity"])?;
    let given = read::text(input, "InstanceId")?;
    let decrement = read::flag(input, "ShouldDecrementDesiredCapacity")?
        .ok_or_else(|| ApiError::invalid("ShouldDecrementDesiredCapacity is required"))?;
    let id: InstanceId = given.parse().map_err(|_| {
        ApiError::invalid(format!("Instance Id not found - No managed instance found for instance ID: {given}"))
    })?;
    let activity = world.terminate_instance(&id, decrement).map_err(|refusal| refused(&refusal))?;
    let group = world.group(&activity.group).ok_or_else(|| ApiError::invalid("the instance's group is gone"))?;
    Ok(make::record([("Activity", activity_tree(&activity, group))]))
}
