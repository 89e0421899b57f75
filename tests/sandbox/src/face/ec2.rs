//! EC2: machines, their tags and states, their status checks, what EC2 has planned for them, and Spot requests.
//!
//! It never changes a machine.

mod instances;

use homeostat_core::id::InstanceId;
use world::{EventCode, Instance, InstanceState, ScheduledEvent, StatusCheck, World};

pub(super) use instances::{instances, spot_requests};

use super::only;
use super::paging::{Paging, page};
use crate::api::{ApiError, Tree, make, read};

/// API reference, `DescribeInstanceStatus`: "between 5 and 1000", and everything unless told otherwise.
const PAGING: Paging = Paging { size: "MaxResults", token: "NextToken", default: 1000, most: 1000 };

const FEWEST_RESULTS: i64 = 5;

/// "Maximum 100 explicitly specified instance IDs" (same page).
const MOST_IDS: usize = 100;

/// Only those that run, unless all are asked for (same page).
pub(super) fn instance_status(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    let known = ["InstanceId", "IncludeAllInstances", "MaxResults", "NextToken"];
    only(input, "DescribeInstanceStatus", &known)?;
    let ids = ids_or_page(input)?;
    let all = read::flag(input, "IncludeAllInstances")?.unwrap_or(false);
    let shown = |machine: &&Instance| all || machine.state == InstanceState::Running;
    let (machines, next) = if ids.is_empty() {
        page(&PAGING, input, world.machines().filter(shown), |machine| machine.id.to_string())?
    } else {
        (named(world, &ids)?.into_iter().filter(shown).collect(), None)
    };
    let statuses = machines.into_iter().filter_map(|machine| status_tree(world, machine));
    Ok(make::record([("instanceStatusSet", make::list(statuses))].into_iter().chain(make::maybe("nextToken", next))))
}

/// Ids or a page, but not both.
fn ids_or_page(input: &Tree) -> Result<Vec<&str>, ApiError> {
    let ids = read::texts(input, "InstanceId")?;
    if !ids.is_empty() && read::field(input, "MaxResults").is_some() {
        let why = "The parameter instancesSet cannot be used with the parameter maxResults";
        return Err(ApiError::new(400, "InvalidParameterCombination", why));
    }
    if let Some(few) = read::integer(input, "MaxResults")?.filter(|asked| *asked < FEWEST_RESULTS) {
        let why = format!("Value ( {few} ) for parameter maxResults is invalid. Expecting a value greater than 5.");
        return Err(ApiError::new(400, "InvalidParameterValue", why));
    }
    if ids.len() > MOST_IDS {
        let why = format!("InstanceId holds more than {MOST_IDS} ids");
        return Err(ApiError::new(400, "InvalidParameterValue", why));
    }
    Ok(ids)
}

fn state_tree(state: InstanceState) -> Tree {
    make::record([("code", make::integer(state.code())), ("name", make::text(state.as_str()))])
}

/// One id that is none, or that nobody has, and the call fails whole (EC2 API reference, "Error codes").
fn named<'a>(world: &'a World, ids: &[&str]) -> Result<Vec<&'a Instance>, ApiError> {
    let parsed = ids.iter().map(|id| {
        let malformed = |_| ApiError::new(400, "InvalidInstanceID.Malformed", format!("Invalid id: \"{id}\""));
        id.parse::<InstanceId>().map_err(malformed)
    });
    let parsed: Vec<InstanceId> = parsed.collect::<Result<_, _>>()?;
    let unknown: Vec<&str> = parsed.iter().filter(|id| world.machine(id).is_none()).map(InstanceId::as_str).collect();
    match unknown.as_slice() {
        [] => Ok(parsed.iter().filter_map(|id| world.machine(id)).collect()),
        [one] => Err(not_found(format!("The instance ID '{one}' does not exist"))),
        several => Err(not_found(format!("The instance IDs '{}' do not exist", several.join(", ")))),
    }
}

fn not_found(why: String) -> ApiError {
    ApiError::new(400, "InvalidInstanceID.NotFound", why)
}

/// API reference, `InstanceStatus`.
fn status_tree(world: &World, machine: &Instance) -> Option<Tree> {
    let status = world.machine_status(&machine.id)?;
    let fields = [
        ("instanceId", make::text(machine.id.as_str())),
        ("availabilityZone", make::text(&machine.zone)),
        ("instanceState", state_tree(status.state)),
        ("systemStatus", check_tree(status.system)),
        ("instanceStatus", check_tree(status.instance)),
        ("attachedEbsStatus", check_tree(status.attached_ebs)),
    ];
    let planned = machine.scheduled_events.iter().map(event_tree);
    let events = (!machine.scheduled_events.is_empty()).then(|| make::list(planned));
    Some(make::record(fields.into_iter().chain(make::maybe("eventsSet", events))))
}

/// API reference, `InstanceStatusSummary` and `InstanceStatusDetails`.
fn check_tree(check: StatusCheck) -> Tree {
    let detail = check.detail().map(|detail| {
        let since = match check {
            StatusCheck::Impaired { since } => Some(make::timestamp(since)),
            _ => None,
        };
        let fields = [("name", make::text("reachability")), ("status", make::text(detail))];
        make::list([make::record(fields.into_iter().chain(make::maybe("impairedSince", since)))])
    });
    make::record([("status", make::text(check.as_str()))].into_iter().chain(make::maybe("details", detail)))
}

/// API reference, `InstanceStatusEvent`; the descriptions are of its samples.
fn event_tree(event: &ScheduledEvent) -> Tree {
    let description = match event.code {
        EventCode::InstanceRetirement => "The instance is running on degraded hardware",
        EventCode::InstanceStop => "The instance will be stopped",
    };
    make::record([
        ("instanceEventId", make::text(&event.id)),
        ("code", make::text(event.code.as_str())),
        ("description", make::text(description)),
        ("notBefore", make::timestamp(event.not_before)),
    ])
}
