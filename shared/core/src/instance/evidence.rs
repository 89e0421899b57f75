//! Holds what was seen against the evidence that the policy demands.
//!
//! This module never takes a missing fact for a sick instance: what is not known is not confirmed.

use super::seen::{AlarmSeen, AlarmState, Seen, TargetHealth};
use crate::decision::Proof;
use crate::id::{AlarmArn, InstanceId};
use crate::policy::Evidence;

/// What one kind of evidence says of the subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    Sick(Proof),
    Well(String),
    Unknown(String),
}

pub(super) fn find(evidence: Evidence, seen: &Seen, id: &InstanceId, arn: &AlarmArn) -> Finding {
    match evidence {
        Evidence::Alarm => alarm(seen.alarm.as_ref(), id, arn),
        Evidence::TargetHealth => target_health(seen, id),
    }
}

/// The alarm counts only as it was re-read, and only for the instance that its metrics name.
pub(super) fn alarm(alarm: Option<&AlarmSeen>, id: &InstanceId, arn: &AlarmArn) -> Finding {
    let name = arn.alarm_name();
    let Some(alarm) = alarm else {
        return Finding::Unknown(format!("there is no alarm {name:?}"));
    };
    if alarm.instances != std::slice::from_ref(id) {
        return Finding::Unknown(format!("alarm {name:?} does not speak for {id} alone"));
    }
    match alarm.state {
        AlarmState::Alarm => {
            Finding::Sick(Proof::Alarm { alarm: arn.clone(), since: alarm.since, reason: alarm.reason.clone() })
        }
        AlarmState::Ok => Finding::Well(format!("alarm {name:?} is OK")),
        AlarmState::InsufficientData => Finding::Unknown(format!("alarm {name:?} has too little data to tell")),
    }
}

/// Sick if one target group says so; well only if all do.
fn target_health(seen: &Seen, id: &InstanceId) -> Finding {
    if seen.targets.is_empty() {
        return Finding::Unknown("the group has no target group".to_owned());
    }
    let mut unsaid = None;
    for (target_group, targets) in &seen.targets {
        match targets.get(id) {
            Some(TargetHealth::Unhealthy { reason }) => {
                return Finding::Sick(Proof::TargetHealth {
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
