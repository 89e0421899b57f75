//! A look at whole groups: who of them is sick now, and has no incident yet. It finds what no event told, and whom a group's
//! alarm can only hint at.
//!
//! This module never opens an incident itself, and never takes a group's alarm for evidence against a member.

use futures_util::future::{OptionFuture, join, join_all};
use homeostat_core::aws::alarm::AlarmReading;
use homeostat_core::aws::fleet::Group;
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::id::{AlarmArn, InstanceId, Region, Subject};
use homeostat_core::ports::{Ledger, Unavailable};
use homeostat_core::reconcile::{NotSurveyed, Surveyed};
use homeostat_core::signal::{Hint, NoSignal, Notice, NoticeKind, Trigger};
use jiff::Timestamp;

use super::Fleet;
use super::crowd::sick_at_once;
use super::evidence::sick_without_alarm;
use super::group_state::is_unchecked;
use super::observation::Observation;
use super::observer::{Health, Observer, calls_unhealthy};
use super::processes::parked;
use super::route::{GroupAlarm, Survey};
use super::tally::Limit;
use crate::instance::policy::{EvidenceSource, GroupPolicy};

/// EC2 calls it so where AWS Health has a code of its own.
const SCHEDULED: &str = "a scheduled event that ends the instance";

/// Looks at the groups that the survey is about.
///
/// # Errors
/// [`NotSurveyed`]: there are no such groups; or they, the alarms or the ledger could not be read.
pub(super) async fn survey<A: Fleet + Sync, S: StatusChecks + Sync>(
    observer: &Observer<'_, A, S>,
    ledger: &(impl Ledger + Sync),
    now: Timestamp,
    region: &Region,
    survey: &Survey,
) -> Result<Surveyed, NotSurveyed> {
    let names = observer.policy.group_names();
    // Most alarms of an account are about nothing of ours: they cost one call. Who set a composite one off is among those in ALARM.
    let says_all_itself = matches!(survey, Survey::Alarm(alarm) if alarm.children.is_empty());
    let (groups, alarms) = if says_all_itself {
        let groups = observer.aws.groups(&names).await?;
        let concerns = |group: &Group| {
            observer.policy.group(&group.name).is_some_and(|policy| is_about(survey, group, policy, &[]))
        };
        let concerned: Vec<Group> = groups.into_iter().filter(concerns).collect();
        let alarms = if concerned.is_empty() { Vec::new() } else { in_alarm(observer).await? };
        (concerned, alarms)
    } else {
        let (groups, alarms) = join(observer.aws.groups(&names), in_alarm(observer)).await;
        (groups?, alarms?)
    };
    let mut concerned = Vec::new();
    for group in groups {
        let policy = observer.policy.group(&group.name);
        concerned
            .extend(policy.filter(|policy| is_about(survey, &group, policy, &alarms)).map(|policy| (group, policy)));
    }
    if concerned.is_empty() {
        return Err(NotSurveyed::Nothing(nothing_of_ours(survey)));
    }
    let looks = concerned.iter().map(|(group, policy)| sick_of(observer, group, policy, &alarms, now, region, survey));
    let (mut hints, mut failed) = (Vec::new(), Vec::new());
    for ((group, _), look) in concerned.iter().zip(join_all(looks).await) {
        match look {
            Ok(sick) => hints.extend(sick),
            Err(unavailable) => failed.push(format!("group {}: {unavailable}", group.name)),
        }
    }
    let subjects: Vec<Subject> = hints.iter().map(|hint| hint.subject.clone()).collect();
    let open = ledger.open_among(&subjects).await?;
    hints.retain(|hint| !open.contains(&hint.subject));
    let looked_at = concerned.into_iter().map(|(group, _)| group.name.to_string()).collect();
    let open = subjects.into_iter().filter(|subject| open.contains(subject)).collect();
    Ok(Surveyed { looked_at, hints, open, failed, unread: Vec::new() })
}

fn nothing_of_ours(survey: &Survey) -> NoSignal {
    match survey {
        Survey::Resync => NoSignal::NothingThere { what: "none of the policy's groups exists".to_owned() },
        Survey::Alarm(alarm) => alarm.names_nobody(),
    }
}

/// Read only where some group's evidence is an alarm.
async fn in_alarm<A: Fleet + Sync, S>(observer: &Observer<'_, A, S>) -> Result<Vec<AlarmReading>, Unavailable> {
    let by_alarm = observer.policy.groups().any(|policy| policy.evidence.contains(&EvidenceSource::Alarm));
    let alarms: OptionFuture<_> = by_alarm.then(|| observer.aws.alarms_in_alarm()).into();
    Ok(alarms.await.transpose()?.unwrap_or_default())
}

pub(super) fn is_about(survey: &Survey, group: &Group, policy: &GroupPolicy, in_alarm: &[AlarmReading]) -> bool {
    match survey {
        Survey::Resync => true,
        Survey::Alarm(GroupAlarm { change, groups, target_groups, instances, children }) => {
            let name = change.alarm.alarm_name();
            let serves = |dimension: &String| {
                // The dimension is the end of the target group's ARN.
                group.target_groups.iter().any(|arn| arn.as_str().ends_with(&format!(":{dimension}")))
            };
            let is_member = |id: &InstanceId| group.member(id).is_some();
            let speaks = |child: &AlarmArn| {
                let child = in_alarm.iter().find(|alarm| alarm.arn == *child);
                child.and_then(AlarmReading::instance).is_some_and(is_member)
            };
            policy.alarms.iter().any(|alarm| alarm == name || children.iter().any(|child| child.alarm_name() == alarm))
                || instances.iter().any(is_member)
                || children.iter().any(speaks)
                || groups.iter().any(|dimension| dimension == group.name.as_str())
                || target_groups.iter().any(serves)
        }
    }
}

/// One hint for each member that is sick, or a single one for the group where too many are.
pub(super) async fn sick_of<A: Fleet + Sync, S: StatusChecks + Sync>(
    observer: &Observer<'_, A, S>,
    group: &Group,
    policy: &GroupPolicy,
    alarms: &[AlarmReading],
    now: Timestamp,
    region: &Region,
    survey: &Survey,
) -> Result<Vec<Hint>, Unavailable> {
    let (health, launches) = join(observer.health(group), observer.aws.launches(&group.name)).await;
    let (Health { targets, gone, machines }, launches) = (health?, launches?);
    let alarms = if policy.evidence.contains(&EvidenceSource::Alarm) { alarms.to_vec() } else { Vec::new() };
    let seen = Observation {
        group: Some(group.clone()),
        targets,
        gone,
        machines,
        launches,
        in_alarm: alarms.clone(),
        ..Observation::default()
    };
    let told_by = match survey {
        Survey::Resync => None,
        Survey::Alarm(alarm) => Some(alarm.change.clone()),
    };
    let of_the_group = || {
        let subject = Subject::of_group(region.clone(), &group.name);
        Hint { subject, why: Trigger::Found { since: now, alarms: Vec::new(), told_by: told_by.clone() } }
    };
    if parked(&seen).is_some() {
        return Ok(vec![of_the_group()]);
    }
    let mut sick = Vec::new();
    for member in group.members.iter().filter(|member| member.lifecycle.is_in_service()) {
        let speak: Vec<&AlarmReading> =
            alarms.iter().filter(|alarm| calls_unhealthy(alarm, &member.id, policy)).collect();
        let without_alarm =
            !policy.evidence.contains(&EvidenceSource::Alarm) && sick_without_alarm(policy, &seen, &member.id);
        if !speak.is_empty() || without_alarm {
            let subject = Subject::of_instance(region.clone(), &member.id);
            let since = speak.iter().map(|alarm| alarm.since).min().unwrap_or(now);
            let alarms = speak.into_iter().map(|alarm| alarm.arn.clone()).collect();
            sick.push(Hint { subject, why: Trigger::Found { since, alarms, told_by: told_by.clone() } });
        }
    }
    // One trouble of the group, however many alarms say so.
    if is_unchecked(&seen, policy) && !sick.is_empty() {
        sick = vec![of_the_group()];
    }
    if matches!(survey, Survey::Resync) {
        let known: Vec<Subject> = sick.iter().map(|hint| hint.subject.clone()).collect();
        sick.extend(announced(group, &seen, now, region).filter(|hint| !known.contains(&hint.subject)));
    }
    if !Limit::of(group, policy.max_unhealthy).allows(sick_at_once(now, &seen, group, policy)) {
        return Ok(vec![of_the_group()]);
    }
    // It may be all that is wrong, and nobody would notice until something has to be launched.
    sick.extend((!seen.gone.is_empty()).then(of_the_group));
    Ok(sick)
}

/// Whom EC2 has scheduled an event for that ends them, and whose machine doesn't run, if no event told.
fn announced<'a>(
    group: &'a Group,
    seen: &'a Observation,
    now: Timestamp,
    region: &'a Region,
) -> impl Iterator<Item = Hint> + 'a {
    let in_service = group.members.iter().filter(|member| member.lifecycle.is_in_service());
    in_service.filter_map(move |member| {
        let machine = seen.machines.get(&member.id)?;
        let (what, by) = match machine.ends_at {
            _ if !machine.is_running() => (NoticeKind::NotRunning { state: machine.state.clone() }, None),
            by => (NoticeKind::Retirement { code: SCHEDULED.to_owned() }, Some(by?)),
        };
        let notice = Notice { what, at: now, by };
        let subject = Subject::of_instance(region.clone(), &member.id);
        Some(Hint { subject, why: Trigger::Notice(notice) })
    })
}
