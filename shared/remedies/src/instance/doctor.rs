//! What keeps a group's instances from being replaced, or makes it dearer than one may think.
//!
//! This module never looks at what the groups share.

mod facts;
use homeostat_core::aws::fleet::Group;
use homeostat_core::doctor::Severity::{Error, Note, Warning};
use homeostat_core::doctor::{Finding, Severity, TAG, counted, missing};
use homeostat_core::id::{InstanceId, TargetGroupArn};
use homeostat_core::policy::Mode;
use homeostat_core::shell;

use super::Promise;
use crate::instance::policy::{EvidenceSource, GroupPolicy, InstancePolicy};

pub use facts::{Alarm, InstanceFacts};

type Facts<'a> = homeostat_core::doctor::Facts<'a, InstanceFacts>;

/// Looks at one group of the policy.
type Check = fn(&GroupPolicy, &Facts<'_>) -> Vec<Finding>;

pub(crate) fn check(policy: Option<&InstancePolicy>, facts: &Facts<'_>) -> Vec<Finding> {
    let groups = policy.into_iter().flat_map(InstancePolicy::groups);
    let of_groups = groups.flat_map(|group| CHECKS.iter().flat_map(|check| check(group, facts)));
    of_groups.chain(breakers(facts)).collect()
}

const CHECKS: &[Check] = &[
    existence,
    permission,
    suspension,
    refresh,
    target_groups,
    target_groups_gone,
    coverage,
    disabled_alarms,
    named_alarms,
    size,
    counting,
    own_health_checks,
    protection,
    grace,
];

/// Names told in one finding: enough to start with, and still one line or two.
const MOST_NAMED: usize = 5;

fn about(policy: &GroupPolicy) -> String {
    format!("group {}", policy.name)
}

/// One finding about a group that exists, if the check has one.
fn found(
    policy: &GroupPolicy,
    facts: &Facts<'_>,
    check: impl FnOnce(&Group) -> Option<(Severity, String, String)>,
) -> Vec<Finding> {
    let finding = facts.group(&policy.name).and_then(check);
    finding.map(|(severity, what, fix)| Finding::new(severity, about(policy), what, fix)).into_iter().collect()
}

fn existence(policy: &GroupPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    if let Some(missing) = missing(&policy.name, facts.shared) {
        return vec![missing];
    }
    found(policy, facts, |group| {
        let status = group.status.as_ref()?;
        Some((Warning, format!("its status is {status:?}"), "take it out of the policy once it is gone".to_owned()))
    })
}

fn permission(policy: &GroupPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    found(policy, facts, |group| {
        if group.tags.get(TAG).is_some_and(|value| value == "true") {
            return None;
        }
        let severity = if policy.mode == Mode::Watch { Warning } else { Error };
        let what = format!("it lacks the tag {TAG}=true, so the functions' roles may not touch it");
        let fix = format!("tag the group itself: key {TAG}, value true");
        Some((severity, what, fix))
    })
}

fn suspension(policy: &GroupPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    found(policy, facts, |group| {
        let (needed, all) = (Promise::Replace.suspended(group), Promise::ReplaceStopped.suspended(group));
        let (severity, what) = if needed.is_empty() {
            let what = format!("{} is suspended, so the group doesn't replace what stops running", all.join(" and "));
            (Warning, what)
        } else {
            (Error, format!("{} is suspended, so nothing is replaced", needed.join(" and ")))
        };
        let fix = format!(
            "resume it, when its reason is gone: aws autoscaling resume-processes --auto-scaling-group-name {}",
            shell::word(group.name.as_str())
        );
        (!all.is_empty()).then_some((severity, what, fix))
    })
}

fn refresh(policy: &GroupPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    found(policy, facts, |group| {
        let refresh = facts.own.refreshes.get(&group.name)?.as_ref().ok()?.as_ref()?;
        let what = format!("instance refresh {refresh} is running, and nothing else is replaced meanwhile");
        Some((Note, what, "nothing, unless it hangs: then cancel it".to_owned()))
    })
}

fn target_groups(policy: &GroupPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    found(policy, facts, |group| {
        let lacks = policy.evidence.contains(&EvidenceSource::TargetHealth) && group.target_groups.is_empty();
        let what = "its evidence asks for target-health, and it has no target group: nothing is ever confirmed";
        let fix = "attach a target group, or take target-health out of its evidence";
        lacks.then(|| (Error, what.to_owned(), fix.to_owned()))
    })
}

fn target_groups_gone(policy: &GroupPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    found(policy, facts, |group| {
        let is_gone = |arn: &&TargetGroupArn| matches!(facts.own.targets.get(*arn), Some(Ok(false)));
        let gone: Vec<&str> = group.target_groups.iter().filter(is_gone).map(TargetGroupArn::as_str).collect();
        let name = shell::word(group.name.as_str());
        let fix = format!(
            "detach it: aws autoscaling detach-load-balancer-target-groups --auto-scaling-group-name {name} \
             --target-group-arns {}",
            gone.join(" ")
        );
        let what =
            format!("a target group that is attached to it does not exist, so its launches fail: {}", some(&gone));
        (!gone.is_empty()).then_some((Error, what, fix))
    })
}

fn coverage(policy: &GroupPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let Ok(alarms) = &facts.own.alarms else { return Vec::new() };
    found(policy, facts, |group| {
        let speaks_for =
            |alarm: &Alarm, id: &InstanceId| alarm.instance() == Some(id) && policy.is_verdict_by(&alarm.name);
        let has_alarm = |id: &InstanceId| alarms.iter().any(|alarm| speaks_for(alarm, id));
        let served = || group.members.iter().filter(|member| member.lifecycle.is_in_service());
        let bare: Vec<&str> =
            served().map(|member| &member.id).filter(|id| !has_alarm(id)).map(InstanceId::as_str).collect();
        if !policy.evidence.contains(&EvidenceSource::Alarm) || bare.is_empty() {
            return None;
        }
        let fix = "have its launch automation make an alarm for each instance, with the dimension InstanceId and a name that its \
                    health-alarms match, or take alarm out of its evidence";
        let (severity, what) = if bare.len() == served().count() {
            (
                Error,
                "its evidence asks for an alarm, and none names one of its instances alone: none is ever confirmed"
                    .to_owned(),
            )
        } else {
            (
                Warning,
                format!(
                    "{} of {} in service have no alarm of their own: {}",
                    bare.len(),
                    served().count(),
                    some(&bare)
                ),
            )
        };
        Some((severity, what, fix.to_owned()))
    })
}

fn disabled_alarms(policy: &GroupPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    found(policy, facts, |group| {
        let is_of_it = |alarm: &&Alarm| {
            let is_members = alarm.instance().is_some_and(|id| group.member(id).is_some());
            policy.alarms.contains(&alarm.name) || (is_members && policy.is_verdict_by(&alarm.name))
        };
        let alarms = facts.own.alarms.iter().flatten().filter(is_of_it).filter(|alarm| !alarm.actions_enabled);
        let names: Vec<&str> = alarms.map(|alarm| alarm.name.as_str()).collect();
        let what = format!(
            "the actions of {} are disabled, and what it says is not acted on: {}",
            counted(names.len(), "alarm"),
            some(&names)
        );
        let fix =
            "enable them, when their reason is gone: aws cloudwatch enable-alarm-actions --alarm-names …".to_owned();
        (!names.is_empty()).then_some((Warning, what, fix))
    })
}

fn named_alarms(policy: &GroupPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let Ok(alarms) = &facts.own.alarms else { return Vec::new() };
    let is_missing = |name: &&String| !alarms.iter().any(|alarm| alarm.name == **name);
    let say = |name: &String| {
        let what = format!("its policy names the alarm {name:?}, and there is none in this Region");
        Finding::new(Error, about(policy), what, "fix the name in its alarms, or create the alarm")
    };
    policy.alarms.iter().filter(is_missing).map(say).collect()
}

fn size(policy: &GroupPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    found(policy, facts, |group| match group.instances_of(group.desired) {
        0 => Some((
            Warning,
            "its desired capacity is 0: there is nothing to heal".to_owned(),
            "raise it, or take the group out of the policy".to_owned(),
        )),
        1 if !group.launches_first => Some((
            Warning,
            format!(
                "its desired capacity is {} {}, one instance: to replace it is an outage",
                group.desired, group.unit
            ),
            "raise it to two instances, or give it an instance maintenance policy that launches before it terminates"
                .to_owned(),
        )),
        _ => None,
    })
}

fn counting(policy: &GroupPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    found(policy, facts, |group| {
        let names: Vec<&str> = group.uncounted().into_iter().map(InstanceId::as_str).collect();
        let what = format!(
            "its capacity is counted in {}, and Auto Scaling doesn't show how much {} provide, so nothing is replaced: {}",
            group.unit,
            counted(names.len(), "instance"),
            some(&names)
        );
        let fix = "give each instance type of its mixed instances policy a WeightedCapacity, or set DesiredCapacityType to \
                    units";
        (!names.is_empty()).then_some((Error, what, fix.to_owned()))
    })
}

fn own_health_checks(policy: &GroupPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let kind = facts.own.health_checks.as_ref().ok().and_then(|kinds| kinds.get(&policy.name));
    found(policy, facts, |_| {
        let replaces = kind.is_some_and(|kind| kind.split(',').any(|kind| kind.trim() == "ELB"));
        let what = "its HealthCheckType is ELB: what its target groups call unhealthy, it replaces by itself, without a budget";
        let fix =
            "nothing: Homeostat then follows; set it to EC2 if Homeostat's budget and breaker shall bound that, too";
        replaces.then(|| (Note, what.to_owned(), fix.to_owned()))
    })
}

fn protection(policy: &GroupPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    found(policy, facts, |group| {
        let protected = group.members.iter().filter(|member| member.protected);
        let names: Vec<&str> = protected.map(|member| member.id.as_str()).collect();
        let what = format!("{} protected from scale-in, and never replaced: {}", is_or_are(names.len()), some(&names));
        let fix = "nothing, if somebody wants it so; people are asked when one is sick for long".to_owned();
        (!names.is_empty()).then_some((Note, what, fix))
    })
}

fn is_or_are(count: usize) -> String {
    format!("{} {}", counted(count, "instance"), if count == 1 { "is" } else { "are" })
}

fn grace(policy: &GroupPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    found(policy, facts, |group| {
        let what = format!(
            "its grace is {:#} in the policy and {:#} in Auto Scaling: the longer counts",
            policy.grace, group.grace
        );
        (policy.grace < group.grace).then_some((Note, what, "nothing, or set both alike".to_owned()))
    })
}

fn some(names: &[&str]) -> String {
    let told = names.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
    if names.len() > MOST_NAMED { format!("{told}, …") } else { told }
}

fn breakers(facts: &Facts<'_>) -> Vec<Finding> {
    let read = facts.own.memories.iter();
    let open = read.filter_map(|(group, memory)| Some((group, memory.as_ref().ok()?.breaker.as_ref()?)));
    open.map(|(group, breaker)| {
        let from = &breaker.launched_from;
        let source = if from.is_unknown() { String::new() } else { format!(" of {from}") };
        let what = format!(
            "its breaker is open since {:.0}: {} replacements{source} failed, and nothing is replaced",
            breaker.since, breaker.failures
        );
        let fix =
            format!("fix what the group launches, then: homeostat ack {}", shell::word(&format!("group#{group}")));
        Finding::new(Warning, format!("group {group}"), what, fix)
    })
    .collect()
}
