//! Holds what was seen of an endpoint against what the policy asks for: is it sick, and is it proven well?
//!
//! This module never takes one for the opposite of the other. What is not known is neither, and an alarm on served traffic
//! proves nothing about an endpoint that serves none.

use homeostat_core::aws::alarm::{AlarmReading, AlarmState};
use homeostat_core::aws::fleet::TargetHealth;
use homeostat_core::id::{AlarmArn, HealthCheckId, TargetGroupArn};
use jiff::{SignedDuration, Timestamp};

use super::observation::{Checked, CheckerReport, HealthCheckReading, Observation};
use crate::hosted_zone::policy::{Active, Ailment, EndpointPolicy, RecordPolicy};
use crate::hosted_zone::reasons::Evidence;

/// What one source says of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    Sick(Evidence),
    Well(String),
    Unknown(String),
}

/// Whether weight should leave an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ails {
    /// All of the evidence says so.
    Sick(Vec<Evidence>),
    /// Some of it does.
    Perhaps {
        missing: Vec<String>,
    },
    /// It would be sick, but somebody switched this alarm's actions off.
    Disabled(AlarmArn),
    No,
}

/// Whether an endpoint may be given weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fitness {
    Well(Vec<String>),
    /// At least one source says that it is sick.
    Sick(Evidence),
    Unknown(String),
}

/// Checkers that have said nothing for so long have stopped. They ask every 10 or 30 s (API reference, `HealthCheckConfig`).
const STALE: SignedDuration = SignedDuration::from_secs(120);

/// Route 53 calls an endpoint healthy if more than 18 % of its checkers do (Developer Guide, "How Route 53 determines whether a
/// health check is healthy"). Below that it is sick here too.
const SICK_PERCENT: usize = 18;
/// To be given traffic, an endpoint must be well for most of the world, not for a fifth of it.
const WELL_PERCENT: usize = 50;

pub(super) fn ails(now: Timestamp, record: &RecordPolicy, endpoint: &EndpointPolicy, seen: &Observation) -> Ails {
    let findings: Vec<Finding> = record.evidence.iter().map(|ailment| find(now, *ailment, endpoint, seen)).collect();
    let (mut proofs, mut missing) = (Vec::new(), Vec::new());
    for finding in findings {
        match finding {
            Finding::Sick(proof) => proofs.push(proof),
            Finding::Well(why) | Finding::Unknown(why) => missing.push(why),
        }
    }
    match (proofs.is_empty(), missing.is_empty()) {
        (true, _) => Ails::No,
        (false, false) => Ails::Perhaps { missing },
        (false, true) => match switched_off(record, endpoint, seen) {
            Some(alarm) => Ails::Disabled(alarm),
            None => Ails::Sick(proofs),
        },
    }
}

/// Whether all of the evidence but its health check calls it unhealthy, so that the health check settles it.
pub(super) fn hangs_on_its_check(
    now: Timestamp,
    record: &RecordPolicy,
    endpoint: &EndpointPolicy,
    seen: &Observation,
) -> bool {
    let check = Ailment::Active(Active::HealthCheck);
    let mut others = record.evidence.iter().filter(|ailment| **ailment != check);
    record.evidence.contains(&check)
        && others.all(|ailment| matches!(find(now, *ailment, endpoint, seen), Finding::Sick(_)))
}

/// Something says that it is healthy, and nothing that it isn't: the opposite of sick, and not only the lack of proof.
pub(super) fn is_cleared(now: Timestamp, record: &RecordPolicy, endpoint: &EndpointPolicy, seen: &Observation) -> bool {
    let mut findings: Vec<Finding> =
        record.evidence.iter().map(|ailment| find(now, *ailment, endpoint, seen)).collect();
    findings.extend(record.proof.iter().map(|source| active(now, *source, endpoint, seen)));
    let says = |what: fn(&Finding) -> bool| findings.iter().any(what);
    says(|it| matches!(it, Finding::Well(_))) && !says(|it| matches!(it, Finding::Sick(_)))
}

/// All that is to prove it; and nothing else that can tell without traffic may call it sick, or an endpoint would be drained on the
/// one, and come back on the other. Such a word alone proves nothing.
pub(super) fn fitness(now: Timestamp, record: &RecordPolicy, endpoint: &EndpointPolicy, seen: &Observation) -> Fitness {
    let (mut well, mut unknown) = (Vec::new(), None);
    for source in &record.proof {
        match active(now, *source, endpoint, seen) {
            Finding::Sick(proof) => return Fitness::Sick(proof),
            Finding::Well(why) => well.push(why),
            Finding::Unknown(why) => unknown = Some(why),
        }
    }
    for ailment in &record.evidence {
        if let Ailment::Active(source) = ailment
            && !record.proof.contains(source)
            && let Finding::Sick(proof) = active(now, *source, endpoint, seen)
        {
            return Fitness::Unknown(proof.to_string());
        }
    }
    unknown.map_or(Fitness::Well(well), Fitness::Unknown)
}

/// An alarm that speaks for the endpoint and is in ALARM, whoever may hear of it.
pub(super) fn alarming<'a>(endpoint: &EndpointPolicy, seen: &'a Observation) -> Option<&'a AlarmReading> {
    let alarms = endpoint.alarms.iter().filter_map(|arn| seen.alarms.get(arn)?.as_ref().ok()?.as_ref());
    alarms.filter(|alarm| alarm.state == AlarmState::Alarm).max_by_key(|alarm| alarm.since)
}

fn switched_off(record: &RecordPolicy, endpoint: &EndpointPolicy, seen: &Observation) -> Option<AlarmArn> {
    let all_off = record.evidence.contains(&Ailment::Alarm)
        && !endpoint
            .alarms
            .iter()
            .filter_map(|arn| seen.alarms.get(arn)?.as_ref().ok()?.as_ref())
            .any(|alarm| alarm.state == AlarmState::Alarm && alarm.actions_enabled);
    alarming(endpoint, seen).filter(|_| all_off).map(|alarm| alarm.arn.clone())
}

fn find(now: Timestamp, ailment: Ailment, endpoint: &EndpointPolicy, seen: &Observation) -> Finding {
    match ailment {
        Ailment::Alarm => any(endpoint.alarms.iter().map(|arn| alarm(arn, seen))),
        Ailment::Active(source) => active(now, source, endpoint, seen),
    }
}

fn active(now: Timestamp, source: Active, endpoint: &EndpointPolicy, seen: &Observation) -> Finding {
    match source {
        Active::HealthCheck => match &endpoint.health_check {
            Some(id) => health_check(now, id, seen),
            None => Finding::Unknown("the policy names no health check".to_owned()),
        },
        Active::TargetHealth => any(endpoint.target_groups.iter().map(|arn| targets(arn, seen))),
        Active::Canary => any(endpoint.canaries.iter().map(|arn| alarm(arn, seen))),
    }
}

/// Sick if one is, well if all are.
fn any(findings: impl Iterator<Item = Finding>) -> Finding {
    let mut worst = None;
    for finding in findings {
        match (finding, &worst) {
            (sick @ Finding::Sick(_), _) => return sick,
            (unknown @ Finding::Unknown(_), _) => worst = Some(unknown),
            (well @ Finding::Well(_), None) => worst = Some(well),
            (Finding::Well(_), Some(_)) => {}
        }
    }
    worst.unwrap_or_else(|| Finding::Unknown("the policy names nothing that could tell".to_owned()))
}

fn alarm(arn: &AlarmArn, seen: &Observation) -> Finding {
    let name = arn.alarm_name();
    match seen.alarms.get(arn) {
        Some(Ok(Some(alarm))) => match alarm.state {
            AlarmState::Alarm => {
                Finding::Sick(Evidence::Alarm { alarm: arn.clone(), since: alarm.since, reason: alarm.reason.clone() })
            }
            AlarmState::Ok => Finding::Well(format!("alarm {name:?} is OK")),
            AlarmState::InsufficientData => Finding::Unknown(format!("alarm {name:?} has too little data to tell")),
        },
        Some(Ok(None)) => Finding::Unknown(format!("there is no alarm {name:?}")),
        Some(Err(why)) => Finding::Unknown(why.clone()),
        None => Finding::Unknown(format!("alarm {name:?} was not read")),
    }
}

fn health_check(now: Timestamp, id: &HealthCheckId, seen: &Observation) -> Finding {
    let check = match seen.health_checks.get(id) {
        Some(Ok(Some(check))) => check,
        Some(Ok(None)) => return Finding::Unknown(format!("there is no health check {id}")),
        Some(Err(why)) => return Finding::Unknown(why.clone()),
        None => return Finding::Unknown(format!("health check {id} was not read")),
    };
    if let Some(why) = says_nothing(check) {
        return Finding::Unknown(format!("health check {id} {why}"));
    }
    let fresh: Vec<&CheckerReport> = check.reports.iter().filter(|seen| seen.at + STALE > now).collect();
    let (found_well, of) = (fresh.iter().filter(|seen| seen.is_well).count(), fresh.len());
    if of == 0 {
        return Finding::Unknown(format!("health check {id}: no checker has said anything lately"));
    }
    // Route 53 inverts its verdict, not what its checkers report.
    let is_sick =
        if check.inverted { found_well * 100 > SICK_PERCENT * of } else { found_well * 100 <= SICK_PERCENT * of };
    let well = if check.inverted { of - found_well } else { found_well };
    let inverted = if check.inverted { ", inverted" } else { "" };
    let said = || format!("health check {id}{inverted}: {well} of {of} checkers find it healthy");
    if is_sick {
        let of_the_sick = fresh.iter().find(|seen| seen.is_well == check.inverted);
        let mut status = of_the_sick.map(|seen| seen.status.clone()).unwrap_or_default();
        if check.inverted {
            status.push_str(", and the health check is inverted");
        }
        return Finding::Sick(Evidence::HealthCheck { id: id.clone(), unhealthy: of - well, of, status });
    }
    if well * 100 > WELL_PERCENT * of { Finding::Well(said()) } else { Finding::Unknown(said()) }
}

/// Why nothing about the endpoint follows from it.
pub(crate) fn says_nothing(check: &HealthCheckReading) -> Option<&'static str> {
    match check.of {
        _ if check.disabled => Some("is disabled: Route 53 checks nothing, and routes as if it were healthy"),
        Checked::Endpoint => None,
        Checked::HealthChecks => Some("is calculated from others: Route 53 does not report its status"),
        Checked::Alarm => Some("follows a CloudWatch alarm: Route 53 does not report its status"),
        Checked::RoutingControl => {
            Some("follows a routing control: it says what people switched, not how the endpoint is")
        }
    }
}

/// Sick without any healthy target; well with more healthy ones than others.
fn targets(arn: &TargetGroupArn, seen: &Observation) -> Finding {
    let targets = match seen.targets.get(arn) {
        Some(Ok(Some(targets))) => targets,
        Some(Ok(None)) => return Finding::Unknown(format!("there is no target group {arn}")),
        Some(Err(why)) => return Finding::Unknown(why.clone()),
        None => return Finding::Unknown(format!("the targets of {arn} were not read")),
    };
    let healthy = targets.iter().filter(|target| **target == TargetHealth::Healthy).count();
    let unhealthy = targets.iter().filter(|target| matches!(target, TargetHealth::Unhealthy { .. })).count();
    let of = targets.len();
    let said = format!("{healthy} of {of} targets of {} are healthy", arn.short_name());
    match (healthy, unhealthy) {
        (0, 0) => Finding::Unknown(said),
        (0, _) => Finding::Sick(Evidence::Targets { target_group: arn.clone(), of }),
        _ if healthy * 2 > of => Finding::Well(said),
        _ => Finding::Unknown(said),
    }
}
