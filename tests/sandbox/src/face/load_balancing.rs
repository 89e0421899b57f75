//! Elastic Load Balancing: target groups and the health of their targets.
//!
//! Load balancers and listeners are not modelled: each target group is in use, and none says by what.

use homeostat_core::id::{InstanceId, TargetGroupArn};
use world::{Target, TargetGroup, TargetType, World};

use super::paging::{Paging, page};
use super::{only, refused, wanted};
use crate::api::{ApiError, Resource, Tree, make, read};

/// API reference, `DescribeTargetGroups`: up to 400 a page.
const PAGING: Paging = Paging { size: "PageSize", token: "Marker", default: 400, most: 400 };

/// The target group, for the one action with a resource; what describes has no resource-level permissions (Service
/// Authorization Reference, "Elastic Load Balancing V2").
pub(super) fn resource(world: &World, action: &str, input: &Tree) -> Resource {
    if action != "DeregisterTargets" {
        return Resource::any();
    }
    let given = read::text(input, "TargetGroupArn").unwrap_or_default();
    let group = given.parse().ok().and_then(|arn| world.target_group(&arn));
    let tags = group.map(|group| group.tags.clone()).unwrap_or_default();
    Resource { arn: given.to_owned(), tags, ..Resource::any() }
}

pub(super) fn target_groups(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    only(input, "DescribeTargetGroups", &["TargetGroupArns", "Names", "PageSize", "Marker"])?;
    for (field, known) in [
        ("TargetGroupArns", world.target_groups().map(|group| group.arn.to_string()).collect::<Vec<_>>()),
        ("Names", world.target_groups().map(|group| group.name.clone()).collect()),
    ] {
        if read::texts(input, field)?.iter().any(|asked| !known.iter().any(|known| known == asked)) {
            return Err(ApiError::new(400, "TargetGroupNotFound", "One or more target groups not found"));
        }
    }
    let (arns, names) = (wanted(input, "TargetGroupArns")?, wanted(input, "Names")?);
    let found = world.target_groups().filter(|group| arns(group.arn.as_str()) && names(&group.name));
    let (groups, next) = page(&PAGING, input, found, |group| group.arn.to_string())?;
    let groups = groups.into_iter().map(|group| target_group_tree(world, group));
    Ok(make::record([("TargetGroups", make::list(groups))].into_iter().chain(make::maybe("NextMarker", next))))
}

fn target_group_tree(world: &World, group: &TargetGroup) -> Tree {
    let pace = world.pace();
    make::record([
        ("TargetGroupArn", make::text(group.arn.as_str())),
        ("TargetGroupName", make::text(&group.name)),
        ("Protocol", make::text("HTTP")),
        ("ProtocolVersion", make::text("HTTP1")),
        ("Port", make::integer(group.port)),
        ("TargetType", make::text(group.target_type.as_str())),
        ("HealthCheckEnabled", make::flag(true)),
        ("HealthCheckProtocol", make::text("HTTP")),
        ("HealthCheckPort", make::text("traffic-port")),
        ("HealthCheckPath", make::text("/")),
        // AWS has whole seconds here, and no fewer than five; the sandbox's pace has less.
        ("HealthCheckIntervalSeconds", make::integer(pace.target_check_every.as_secs().max(1))),
        ("HealthyThresholdCount", make::integer(pace.healthy_threshold)),
        ("UnhealthyThresholdCount", make::integer(pace.unhealthy_threshold)),
        ("LoadBalancerArns", make::list([])),
    ])
}

pub(super) fn target_health(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    only(input, "DescribeTargetHealth", &["TargetGroupArn", "Targets"])?;
    let group = known(world, input)?;
    let asked: Vec<&str> =
        read::items(input, "Targets")?.iter().map(|target| read::text(target, "Id")).collect::<Result<_, _>>()?;
    let described: Vec<Tree> = if asked.is_empty() {
        let named = |(id, target)| Some(described(group, &world.target_id(&group.arn, id)?, Some(target)));
        group.targets.iter().filter_map(named).chain(balancer(group)).collect()
    } else {
        let target = |name: &str| group.targets.get(&world.target_named(&group.arn, name)?);
        asked.iter().map(|id| described(group, id, target(id))).collect()
    };
    Ok(make::record([("TargetHealthDescriptions", make::list(described))]))
}

fn known<'a>(world: &'a World, input: &Tree) -> Result<&'a TargetGroup, ApiError> {
    let given = read::text(input, "TargetGroupArn")?;
    let arn: TargetGroupArn =
        given.parse().map_err(|_| ApiError::invalid(format!("'{given}' is not a valid target group ARN")))?;
    world
        .target_group(&arn)
        .ok_or_else(|| ApiError::new(400, "TargetGroupNotFound", format!("Target groups '{given}' not found")))
}

/// API reference, `DeregisterTargets`.
pub(super) fn deregister(world: &mut World, input: &Tree) -> Result<Tree, ApiError> {
    only(input, "DeregisterTargets", &["TargetGroupArn", "Targets"])?;
    let (arn, group_type) = known(world, input).map(|group| (group.arn.clone(), group.target_type))?;
    let mut targets = Vec::new();
    for target in read::items(input, "Targets")? {
        only(target, "DeregisterTargets", &["Id", "Port"])?;
        let id = read::text(target, "Id")?;
        let what = match group_type {
            TargetType::Ip => "IP address",
            TargetType::Instance | TargetType::Alb | TargetType::Lambda => "instance ID",
        };
        let invalid = || ApiError::new(400, "InvalidTarget", format!("The target '{id}' is not a valid {what}"));
        let port = read::integer(target, "Port")?.map(u16::try_from).transpose();
        let port = port.map_err(|_| ApiError::invalid("Port is not 1 to 65535"))?;
        let is_valid = match group_type {
            TargetType::Instance => id.parse::<InstanceId>().is_ok(),
            TargetType::Ip => id.parse::<std::net::IpAddr>().is_ok(),
            TargetType::Alb | TargetType::Lambda => false,
        };
        targets.push((is_valid.then_some(id).ok_or_else(invalid)?, port));
    }
    if targets.is_empty() {
        return Err(ApiError::invalid("Targets is required"));
    }
    for (name, port) in targets {
        let Some(id) = world.target_named(&arn, name) else { continue };
        world.deregister_target(&arn, &id, port).map_err(|refusal| refused(&refusal))?;
    }
    Ok(make::nothing())
}

/// The one target of a target group that holds an Application Load Balancer.
fn balancer(group: &TargetGroup) -> Option<Tree> {
    let arn = group.arn.as_str().replacen("targetgroup/", "loadbalancer/app/", 1);
    let health = make::record([("State", make::text("healthy"))]);
    (group.target_type == TargetType::Alb).then(|| {
        make::record([
            ("Target", make::record([("Id", make::text(arn)), ("Port", make::integer(group.port))])),
            ("HealthCheckPort", make::text(group.port.to_string())),
            ("TargetHealth", health),
        ])
    })
}

/// A target that is asked for but not registered is `unused` (Elastic Load Balancing, "Health checks for your target
/// groups", "Health check reason codes").
fn described(group: &TargetGroup, id: &str, target: Option<&Target>) -> Tree {
    let (state, reason) = match target {
        Some(target) => (target.state.as_str(), target.reason()),
        None => ("unused", Some(("Target.NotRegistered", "Target is not registered to the target group"))),
    };
    let (code, description) = reason.map(|(code, words)| (make::text(code), make::text(words))).unzip();
    let health = [("State", make::text(state))].into_iter();
    let health = health.chain(make::maybe("Reason", code)).chain(make::maybe("Description", description));
    make::record([
        ("Target", make::record([("Id", make::text(id)), ("Port", make::integer(group.port))])),
        ("HealthCheckPort", make::text(group.port.to_string())),
        ("TargetHealth", make::record(health)),
    ])
}
