//! Groups and their members.
//!
//! Subnets and instance types are not modelled, and so in no answer.

use world::{AutoScalingGroup, GroupSettings, HealthStatus, Instance, LaunchTemplate, World};

use crate::api::{ApiError, Tree, make, read};
use crate::face::paging::{page, records};
use crate::face::{only, wanted};

/// `DefaultCooldown` unless told otherwise (API reference, `CreateAutoScalingGroup`).
const DEFAULT_COOLDOWN: i64 = 300;

pub(in crate::face) fn groups(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    let known = ["AutoScalingGroupNames", "IncludeInstances", "MaxRecords", "NextToken"];
    only(input, "DescribeAutoScalingGroups", &known)?;
    // "By default, you can only specify up to 50 names. You can optionally increase this limit using the MaxRecords property"
    // (API reference, `DescribeAutoScalingGroups`).
    let most = read::integer(input, "MaxRecords")?.unwrap_or(50);
    if read::texts(input, "AutoScalingGroupNames")?.len() > usize::try_from(most).unwrap_or_default() {
        return Err(ApiError::invalid(format!("AutoScalingGroupNames holds more than {most} names")));
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
    let members = members.map(|member| make::record(as_member(member, group)));
    let fields = [
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
        ("Instances", make::list(members)),
        ("CreatedTime", make::timestamp(group.created_at)),
        ("SuspendedProcesses", make::list(suspended(group))),
        ("EnabledMetrics", make::list([])),
        ("Tags", make::list(tags(settings))),
        ("TerminationPolicies", make::texts(["Default"])),
        ("NewInstancesProtectedFromScaleIn", make::flag(settings.new_instances_protected)),
        ("CapacityRebalance", make::flag(settings.rebalances)),
    ];
    let policy = settings.maintenance.map(|policy| {
        make::record([
            ("MinHealthyPercentage", make::integer(policy.min_healthy)),
            ("MaxHealthyPercentage", make::integer(policy.max_healthy)),
        ])
    });
    let fields =
        fields.into_iter().chain(make::maybe("InstanceMaintenancePolicy", policy)).chain(warm_pool(world, settings));
    let fields = fields.chain(make::maybe("InstanceLifecyclePolicy", retention(settings))).chain([launches(group)]);
    let kind = settings.mixed.capacity.as_str().map(make::text);
    let fields = fields.chain(make::maybe("DesiredCapacityType", kind));
    make::record(fields.chain(make::maybe("Status", group.status().map(make::text))))
}

/// One launch template, or a mixed instances policy (API reference, `MixedInstancesPolicy`).
fn launches(group: &AutoScalingGroup) -> (&'static str, Tree) {
    let version = group.settings.launch_template_version;
    let overrides = &group.settings.mixed.overrides;
    if overrides.is_empty() {
        return ("LaunchTemplate", template_tree(&group.current_template()));
    }
    let overrides = overrides.iter().map(|of| {
        let own = of.template.map(|_| template_tree(&group.template_of(*of, version)));
        let weight = of.weight.map(|weight| make::text(weight.to_string()));
        make::record(
            make::maybe("WeightedCapacity", weight).into_iter().chain(make::maybe("LaunchTemplateSpecification", own)),
        )
    });
    let template = [
        ("LaunchTemplateSpecification", template_tree(&group.current_template())),
        ("Overrides", make::list(overrides)),
    ];
    ("MixedInstancesPolicy", make::record([("LaunchTemplate", make::record(template))]))
}

/// API reference, `WarmPoolConfiguration`.
fn warm_pool(world: &World, settings: &GroupSettings) -> Vec<(&'static str, Tree)> {
    let Some(pool) = settings.warm_pool else { return Vec::new() };
    let size = world.members(&settings.name).filter(|member| member.lifecycle.is_warm()).map(|_| 1).sum::<u32>();
    let configuration = [
        ("MinSize", make::integer(pool.size)),
        ("PoolState", make::text(pool.state.as_str())),
        ("InstanceReusePolicy", make::record([("ReuseOnScaleIn", make::flag(pool.reuse_on_scale_in))])),
    ];
    vec![("WarmPoolConfiguration", make::record(configuration)), ("WarmPoolSize", make::integer(size))]
}

/// API reference, `InstanceLifecyclePolicy`.
fn retention(settings: &GroupSettings) -> Option<Tree> {
    let triggers = make::record([("TerminateHookAbandon", make::text("retain"))]);
    settings.retain_on_abandon.then(|| make::record([("RetentionTriggers", triggers)]))
}

/// The reason in the words of the samples in the API reference, `SuspendedProcess`.
fn suspended(group: &AutoScalingGroup) -> impl Iterator<Item = Tree> {
    group.suspended.iter().map(|(process, since)| {
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ");
        make::record([
            ("ProcessName", make::text(process.as_str())),
            ("SuspensionReason", make::text(format!("User suspended at {since}"))),
        ])
    })
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

fn template_tree(template: &LaunchTemplate) -> Tree {
    make::record([
        ("LaunchTemplateId", make::text(&template.id)),
        ("LaunchTemplateName", make::text(&template.name)),
        ("Version", make::text(template.version.to_string())),
    ])
}

fn as_member(instance: &Instance, group: &AutoScalingGroup) -> impl Iterator<Item = (&'static str, Tree)> {
    let weight = instance.launched_as.shown_weight().map(|weight| make::text(weight.to_string()));
    shared(instance, group).into_iter().chain(make::maybe("WeightedCapacity", weight))
}

/// What an instance shows as a member of its group.
fn shared(instance: &Instance, group: &AutoScalingGroup) -> [(&'static str, Tree); 6] {
    [
        ("InstanceId", make::text(instance.id.as_str())),
        ("AvailabilityZone", make::text(&instance.zone)),
        ("LifecycleState", make::text(instance.lifecycle.as_str())),
        ("HealthStatus", make::text(instance.health.as_str())),
        ("LaunchTemplate", template_tree(&group.template_of(instance.launched_as, instance.launch_template_version))),
        ("ProtectedFromScaleIn", make::flag(instance.protected_from_scale_in)),
    ]
}

pub(in crate::face) fn instances<'a>(world: &'a World, input: &Tree) -> Result<Tree, ApiError> {
    only(input, "DescribeAutoScalingInstances", &["InstanceIds", "MaxRecords", "NextToken"])?;
    let ids = wanted(input, "InstanceIds")?;
    let member = |instance: &'a Instance| Some((instance, world.group(&instance.group)?));
    let found = world.instances().filter(|instance| ids(instance.id.as_str())).filter_map(member);
    let (instances, next) = page(&records(50, 50), input, found, |(instance, _)| instance.id.to_string())?;
    let instances = instances.into_iter().map(|(instance, group)| {
        // Here, and only here, it is in capitals (API reference, `AutoScalingInstanceDetails`).
        let health = match instance.health {
            HealthStatus::Healthy => "HEALTHY",
            HealthStatus::Unhealthy => "UNHEALTHY",
        };
        let as_member = shared(instance, group).into_iter().filter(|(name, _)| *name != "HealthStatus");
        let own = [("AutoScalingGroupName", make::text(instance.group.as_str())), ("HealthStatus", make::text(health))];
        make::record(as_member.chain(own))
    });
    Ok(make::record(
        [("AutoScalingInstances", make::list(instances))].into_iter().chain(make::maybe("NextToken", next)),
    ))
}
