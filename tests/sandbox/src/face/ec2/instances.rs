//! Instances as `DescribeInstances` shows them, and the Spot requests by which some were launched.
//!
//! Subnets, images and instance types are not modelled, and so in no answer.

use world::{Instance, InstanceState, SpotRequest, SpotStatus, World};

use super::{PAGING, ids_or_page, named, state_tree};
use crate::api::{ApiError, Tree, make, read};
use crate::face::only;
use crate::face::paging::page;

/// Set by Auto Scaling on what it launches (EC2 Auto Scaling User Guide, "Tag Auto Scaling groups and instances").
const GROUP_TAG: &str = "aws:autoscaling:groupName";

/// Each in a reservation of its own, as Auto Scaling launches them one by one here.
pub(in crate::face) fn instances(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    only(input, "DescribeInstances", &["InstanceId", "Filter", "MaxResults", "NextToken"])?;
    let ids = ids_or_page(input)?;
    let (machines, next) = if ids.is_empty() {
        let wanted = of_instances(input)?;
        let fits = |machine: &&Instance| wanted.as_ref().is_none_or(|ids| ids.contains(&machine.id.as_str()));
        page(&PAGING, input, world.machines().filter(fits), |machine| machine.id.to_string())?
    } else {
        (named(world, &ids)?, None)
    };
    let reservations = machines.into_iter().map(|machine| {
        make::record([
            ("reservationId", make::text(machine.id.as_str().replacen("i-", "r-", 1))),
            ("ownerId", make::text(&world.place().account)),
            ("instancesSet", make::list([instance_tree(machine)])),
        ])
    });
    let reservations = make::list(reservations);
    Ok(make::record([("reservationSet", reservations)].into_iter().chain(make::maybe("nextToken", next))))
}

/// API reference, `Instance`.
fn instance_tree(machine: &Instance) -> Tree {
    let tags = machine.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let tags = tags.chain([(GROUP_TAG, machine.group.as_str())]);
    let tags = tags.map(|(key, value)| make::record([("key", make::text(key)), ("value", make::text(value))]));
    let fields = [
        ("instanceId", make::text(machine.id.as_str())),
        ("instanceState", state_tree(machine.state)),
        ("launchTime", make::timestamp(machine.started_at)),
        ("placement", make::record([("availabilityZone", make::text(&machine.zone))])),
        ("tagSet", make::list(tags)),
    ];
    // A terminated instance has given its address back.
    let address = (machine.state != InstanceState::Terminated).then(|| make::text(&machine.private_ip));
    let spot = machine.spot.as_ref();
    let fields = fields.into_iter().chain(make::maybe("privateIpAddress", address));
    let fields = fields.chain(make::maybe("instanceLifecycle", spot.map(|_| make::text("spot"))));
    make::record(fields.chain(make::maybe("spotInstanceRequestId", spot.map(|request| make::text(&request.id)))))
}

/// API reference, `DescribeSpotInstanceRequests`: one id that nobody has, and the call fails whole.
pub(in crate::face) fn spot_requests(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    only(input, "DescribeSpotInstanceRequests", &["SpotInstanceRequestId", "Filter"])?;
    let ids = read::texts(input, "SpotInstanceRequestId")?;
    let found: Vec<(&Instance, &SpotRequest)> = if ids.is_empty() {
        let wanted = of_instances(input)?;
        let requested = world.machines().filter_map(|machine| Some((machine, machine.spot.as_ref()?)));
        let fits = |machine: &Instance| wanted.as_ref().is_none_or(|ids| ids.contains(&machine.id.as_str()));
        requested.filter(|(machine, _)| fits(machine)).collect()
    } else {
        let request = |id: &&str| world.spot_request(id).ok_or_else(|| no_request(id));
        ids.iter().map(request).collect::<Result<_, _>>()?
    };
    let requests = found.into_iter().map(|(machine, request)| request_tree(machine, request));
    Ok(make::record([("spotInstanceRequestSet", make::list(requests))]))
}

/// The one filter that is modelled. `None` = not filtered.
fn of_instances(input: &Tree) -> Result<Option<Vec<&str>>, ApiError> {
    match read::items(input, "Filter")? {
        [] => Ok(None),
        [filter] if read::text(filter, "Name")? == "instance-id" => Ok(Some(read::texts(filter, "Value")?)),
        _ => Err(ApiError::not_modelled("ec2", "a filter other than instance-id")),
    }
}

fn no_request(id: &str) -> ApiError {
    let why = format!("The spot instance request ID '{id}' does not exist");
    ApiError::new(400, "InvalidSpotInstanceRequestID.NotFound", why)
}

fn request_tree(machine: &Instance, request: &SpotRequest) -> Tree {
    let is_active = request.status == SpotStatus::Fulfilled;
    let status = [
        ("code", make::text(request.status.code())),
        ("message", make::text(request.status.message())),
        ("updateTime", make::timestamp(request.updated_at)),
    ];
    make::record([
        ("spotInstanceRequestId", make::text(&request.id)),
        ("state", make::text(if is_active { "active" } else { "closed" })),
        ("type", make::text("one-time")),
        ("status", make::record(status)),
        ("instanceId", make::text(machine.id.as_str())),
    ])
}
