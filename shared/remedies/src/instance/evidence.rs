//! Holds what was seen against the evidence that the policy demands.
//!
//! This module never takes a missing fact for a sick instance: what is not known is not confirmed.

use homeostat_core::aws::Read;
use homeostat_core::aws::alarm::{AlarmReading, AlarmState};
use homeostat_core::aws::fleet::{Checks, TargetHealth};
use homeostat_core::id::{AlarmArn, InstanceId};
use homeostat_core::incident::{Alarms, Verdict};

use super::observation::Observation;
use crate::instance::policy::{EvidenceSource, GroupPolicy};
use crate::instance::reasons::Evidence;

/// What one kind of evidence says of the subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    Sick(Evidence),
    Well(String),
    Unknown(String),
}

impl Finding {
    pub(super) fn well(&self) -> Option<&str> {
        match self {
            Finding::Well(why) => Some(why),
            Finding::Sick(_) | Finding::Unknown(_) => None,
        }
    }
}

/// What several say together, the alarms among them apart.
pub(super) fn verdict(findings: &[Finding]) -> Verdict {
    let by_alarm = |finding: &&Finding| matches!(finding, Finding::Sick(Evidence::Alarm { .. }));
    let sick = findings.iter().filter(|finding| matches!(finding, Finding::Sick(_)));
    let is_ending = |finding: &Finding| matches!(finding, Finding::Sick(proof) if proof.is_foretold());
    let (sick, alarms) = (sick.clone().count(), sick.filter(by_alarm).count());
    let is_healthy = findings.iter().any(|finding| matches!(finding, Finding::Well(_)));
    let is_unclear = findings.iter().any(|finding| matches!(finding, Finding::Unknown(_)));
    match (sick, is_healthy) {
        (0, true) if is_unclear => Verdict::Unclear,
        (0, true) => Verdict::Healthy,
        (0, false) => Verdict::Unknown,
        _ if findings.iter().all(is_ending) => Verdict::Ending,
        (sick, _) if sick == findings.len() => Verdict::Unhealthy,
        (_, false) => Verdict::Suspected,
        (sick, true) if sick == alarms => Verdict::OnlyAlarm,
        (_, true) => Verdict::Disputed,
    }
}

pub(super) fn find(evidence: EvidenceSource, seen: &Observation, id: &InstanceId, spoke: &Alarms) -> Finding {
    match evidence {
        EvidenceSource::Alarm => alarms(spoke, seen, id),
        EvidenceSource::InstanceStatus => instance_status(seen, id),
        EvidenceSource::TargetHealth => target_health(seen, id),
    }
}

/// Whether all of the policy's evidence but the alarm calls the instance sick.
pub(super) fn sick_without_alarm(policy: &GroupPolicy, seen: &Observation, id: &InstanceId) -> bool {
    let mut others = policy.evidence.iter().filter(|evidence| **evidence != EvidenceSource::Alarm).peekable();
    others.peek().is_some()
        && others.all(|evidence| matches!(find(*evidence, seen, id, &Alarms::default()), Finding::Sick(_)))
}

/// Whether any of the policy's evidence but the alarm says so: no alarm proves it unhealthy then.
pub(super) fn is_called_healthy(policy: &GroupPolicy, seen: &Observation, id: &InstanceId) -> bool {
    let mut others = policy.evidence.iter().filter(|evidence| **evidence != EvidenceSource::Alarm);
    others.any(|evidence| matches!(find(*evidence, seen, id, &Alarms::default()), Finding::Well(_)))
}

/// Sick if one of them says so, whatever the others say; well only if all do.
pub(super) fn alarms(spoke: &Alarms, seen: &Observation, id: &InstanceId) -> Finding {
    let findings: Vec<Finding> = spoke.arns().map(|arn| alarm(arn, seen.alarms.get(arn), id)).collect();
    let since = |finding: &&Finding| match finding {
        Finding::Sick(Evidence::Alarm { since, .. }) => Some(*since),
        _ => None,
    };
    let first = findings.iter().filter(|finding| since(finding).is_some()).min_by_key(since);
    if let Some(sick) = first {
        return sick.clone();
    }
    let said = findings.iter().map(|finding| match finding {
        Finding::Well(why) | Finding::Unknown(why) => why.as_str(),
        Finding::Sick(_) => "",
    });
    let said = said.collect::<Vec<_>>().join(" and ");
    if findings.is_empty() {
        Finding::Unknown("no alarm has spoken of it".to_owned())
    } else if findings.iter().all(|finding| matches!(finding, Finding::Well(_))) {
        Finding::Well(said)
    } else {
        Finding::Unknown(said)
    }
}

/// An alarm counts only as it was re-read, and only for the instance that its metrics name.
fn alarm(arn: &AlarmArn, read: Option<&Read<Option<AlarmReading>>>, id: &InstanceId) -> Finding {
    let name = arn.alarm_name();
    let alarm = match read {
        Some(Ok(Some(alarm))) => alarm,
        Some(Ok(None)) => return Finding::Unknown(format!("there is no alarm {name:?}")),
        Some(Err(why)) => return Finding::Unknown(format!("alarm {name:?} could not be read: {why}")),
        None => return Finding::Unknown(format!("alarm {name:?} was not read")),
    };
    if alarm.instance() != Some(id) {
        return Finding::Unknown(format!("alarm {name:?} does not speak for {id} alone"));
    }
    match alarm.state {
        AlarmState::Alarm if !alarm.actions_enabled => {
            Finding::Unknown(format!("alarm {name:?} is in ALARM, and its actions are disabled"))
        }
        AlarmState::Alarm => {
            Finding::Sick(Evidence::Alarm { alarm: arn.clone(), since: alarm.since, reason: alarm.reason.clone() })
        }
        AlarmState::Ok => Finding::Well(format!("alarm {name:?} is OK")),
        AlarmState::InsufficientData => Finding::Unknown(format!("alarm {name:?} has too little data to tell")),
    }
}

/// Sick if one target group says so; well only if all do.
fn target_health(seen: &Observation, id: &InstanceId) -> Finding {
    if seen.targets.is_empty() {
        if let Some(gone) = seen.gone.first() {
            return Finding::Unknown(format!("{}, attached to its group, does not exist", gone.short_name()));
        }
        return Finding::Unknown("the group has no target group".to_owned());
    }
    let mut unsaid = None;
    for (target_group, targets) in &seen.targets {
        match targets.get(id) {
            Some(TargetHealth::Unhealthy { reason }) => {
                return Finding::Sick(Evidence::TargetHealth {
                    target_group: target_group.clone(),
                    reason: reason.clone(),
                });
            }
            Some(TargetHealth::Healthy) => {}
            Some(TargetHealth::Initial) => unsaid = Some("its target is initial".to_owned()),
            Some(TargetHealth::Other { state }) => unsaid = Some(format!("its target is {state}")),
            None => unsaid = Some("it is no target of the group's target group".to_owned()),
        }
    }
    match unsaid {
        Some(why) => Finding::Unknown(why),
        None => Finding::Well("its target is healthy".to_owned()),
    }
}

fn instance_status(seen: &Observation, id: &InstanceId) -> Finding {
    match seen.machines.get(id).map(|machine| &machine.checks) {
        Some(Checks::Impaired { checks, since }) => {
            Finding::Sick(Evidence::InstanceStatus { checks: checks.clone(), since: *since })
        }
        Some(Checks::Passed) => Finding::Well("EC2's status checks pass".to_owned()),
        Some(Checks::Unknown { status }) => Finding::Unknown(format!("EC2's status checks say {status}")),
        None => Finding::Unknown("EC2 does not tell its status".to_owned()),
    }
}
