//! Held instances, and what is done about them.

use homeostat_core::aws::lifecycle::{ActionResult, Course, LifecycleEvent, Place, Terms, Transition};
use homeostat_core::aws::record::{RecordSet, Routing};
use homeostat_remedies::hook::Claim;
use homeostat_remedies::hook::observation::TargetId;
use homeostat_remedies::hook::reasons::{Because, HookStep};
use homeostat_remedies::hook::state::HookState;

use crate::ledger::golden::samples::{at, aws, event, id, mins, secs, texts};

pub(super) const ID: &str = "i-0123456789abcdef0";
const TOKEN: &str = "71514b9d-6a40-4b26-8523-05e7ee35fa40";
const TARGET_GROUP: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/jobs/0123456789abcdef";

fn reported(transition: Transition, origin: Place, course: Course) -> HookState {
    let terms = Terms { timeout: mins(60), global: mins(6_000), default: ActionResult::Abandon, transition };
    let action = LifecycleEvent {
        group: id("web"),
        hook: id("ready"),
        instance: id(ID),
        token: id(TOKEN),
        at: event(-3),
        transition,
        origin: Some(origin),
        course: Some(course),
    };
    HookState { terms: Some(terms), ..HookState::told(&action) }
}

pub(super) fn launching() -> HookState {
    on(Course::IntoService)
}

pub(super) fn terminating() -> HookState {
    on(Course::OutForGood)
}

pub(super) fn on(course: Course) -> HookState {
    match course {
        Course::IntoService | Course::IntoPool => launched(reported(Transition::Launching, Place::Ec2, course)),
        Course::OutForGood | Course::BackToPool => leaving(reported(Transition::Terminating, Place::Group, course)),
        Course::OutOfPool => leaving(reported(Transition::Terminating, Place::WarmPool, course)),
    }
}

fn launched(kept: HookState) -> HookState {
    HookState { launched_from: Some("lt-0123456789abcdef0:7".to_owned()), started_at: Some(aws(-30)), ..kept }
}

fn leaving(kept: HookState) -> HookState {
    HookState { addresses: texts(&["10.0.0.7"]), ..kept }
}

/// By a survey: no event has reported it.
pub(super) fn found() -> HookState {
    HookState::found(&id("web"), &id("ready"), &id(ID), Transition::Launching, at(0))
}

/// Another action that an event reported, of which Auto Scaling is still to be asked.
pub(super) fn claimed() -> HookState {
    let token = id("81514b9d-6a40-4b26-8523-05e7ee35fa40");
    let claim = Claim { token, at: event(-1), origin: None, course: None, lost: 0 };
    HookState { accepted: true, claim: Some(claim), ..terminating() }
}

/// Of an instance that left for the warm pool, and whose hook may hold it again on its way out.
pub(super) fn in_full() -> HookState {
    let token = id("81514b9d-6a40-4b26-8523-05e7ee35fa40");
    let (origin, course) = (Some(Place::WarmPool), Some(Course::OutOfPool));
    HookState {
        accepted: true,
        claim: Some(Claim { token, at: event(-1), origin, course, lost: 1 }),
        last_heartbeat: Some(at(1)),
        heartbeats: 2,
        failed_heartbeats: 1,
        launched_from: Some("lt-0123456789abcdef0:7".to_owned()),
        started_at: Some(aws(-30)),
        part_of: Some(id("eu-west-1#instance#i-0123456789abcdef0")),
        lost: 1,
        unresolved_from: Some(at(2)),
        unresolved_ttl: Some(secs(60)),
        addresses: texts(&["10.0.0.7", "ip-10-0-0-7.eu-west-1.compute.internal"]),
        completed_because: Some(Because::Drained),
        completed_on: Some(Course::BackToPool),
        not_done: texts(&["deregister i-0123456789abcdef0 from targetgroup/jobs/0123456789abcdef: AccessDenied"]),
        ..on(Course::BackToPool)
    }
}

pub(super) fn deregister() -> HookStep {
    let by_id = TargetId { id: ID.to_owned(), port: Some(8080) };
    let by_address = TargetId { id: "10.0.0.7".to_owned(), port: None };
    HookStep::Deregister { instance: id(ID), target_group: id(TARGET_GROUP), targets: vec![by_id, by_address] }
}

pub(super) fn remove_records() -> HookStep {
    let set = |kind: &str, value: &str| RecordSet {
        name: id("i-0123456789abcdef0.jobs.example.com"),
        kind: kind.to_owned(),
        routing: Routing::Simple,
        ttl: Some(60),
        values: texts(&[value]),
        alias: None,
        health_check: None,
        traffic_policy: None,
    };
    HookStep::RemoveRecords {
        zone: id("Z0123456789ABCDEFGHIJ"),
        sets: vec![set("A", "10.0.0.7"), set("AAAA", "2001:db8::7")],
    }
}
