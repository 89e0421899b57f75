//! What the policy judges endpoints by: whether it is there, and can say anything.
//!
//! This module never judges what it says.

use std::collections::BTreeMap;

use homeostat_core::aws::alarm::AlarmReading;
use homeostat_core::doctor::Severity::{Error, Note, Warning};
use homeostat_core::doctor::{Finding, Read};
use homeostat_core::id::{AlarmArn, HealthCheckId, Region};
use jiff::SignedDuration;

use super::{Facts, about, about_endpoint, unreadable, uses};
use crate::hosted_zone::observation::HealthCheckReading;
use crate::hosted_zone::policy::{Active, EndpointPolicy, RecordPolicy};
use crate::hosted_zone::says_nothing;

/// So much longer than the longest time between two checks, 30 s, that who said nothing has stopped.
const SILENT: SignedDuration = SignedDuration::from_secs(120);

/// The alarms that count, and whether it matters that their actions are enabled.
fn named<'a>(record: &RecordPolicy, endpoint: &'a EndpointPolicy) -> impl Iterator<Item = (&'a AlarmArn, bool)> {
    let canaries = endpoint.canaries.iter().filter(|_| uses(record, Active::Canary));
    endpoint.alarms.iter().map(|arn| (arn, true)).chain(canaries.map(|arn| (arn, false)))
}

pub(super) fn alarms(record: &RecordPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for endpoint in &record.endpoints {
        let about = about_endpoint(record, endpoint);
        for (arn, acts) in named(record, endpoint) {
            findings.extend(facts.own.alarms.get(arn).and_then(|read| alarm(&about, arn, acts, read)));
        }
    }
    findings
}

fn alarm(about: &str, arn: &AlarmArn, acts: bool, read: &Read<Option<AlarmReading>>) -> Option<Finding> {
    let name = arn.alarm_name();
    match read {
        Err(unread) => Some(unreadable(about.to_owned(), &format!("its alarm {name:?}"), unread)),
        Ok(None) => {
            let what = format!("its policy names the alarm {arn}, and there is none");
            Some(Finding::new(Error, about, what, "fix the ARN in the policy, or create the alarm"))
        }
        Ok(Some(alarm)) if acts && !alarm.actions_enabled => {
            let what = format!("the actions of its alarm {name:?} are disabled, and what it says is not acted on");
            let fix = "enable them, when their reason is gone: aws cloudwatch enable-alarm-actions --alarm-names …";
            Some(Finding::new(Warning, about, what, fix))
        }
        Ok(Some(_)) => None,
    }
}

/// Events stay in their Region, unless a rule there forwards them.
pub(super) fn elsewhere(record: &RecordPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let Some(here) = &facts.own.region else { return Vec::new() };
    let mut by_region: BTreeMap<Region, Vec<String>> = BTreeMap::new();
    for (arn, _) in record.endpoints.iter().flat_map(|endpoint| named(record, endpoint)) {
        if let Ok(region) = arn.region()
            && region != *here
        {
            by_region.entry(region).or_default().push(format!("{:?}", arn.alarm_name()));
        }
    }
    let say = |(region, names): (Region, Vec<String>)| {
        let what = format!(
            "in {region} and not in {here}, where Homeostat runs: {}. Unless it is forwarded, what they say is found only \
             by the five-minute resync",
            names.join(", ")
        );
        let fix = format!(
            "nothing, if an EventBridge rule in {region} forwards \"CloudWatch Alarm State Change\" to the default bus of \
             {here}; else make that rule"
        );
        Finding::new(Note, about(record), what, fix)
    };
    by_region.into_iter().map(say).collect()
}

pub(super) fn health_checks(record: &RecordPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let used = record.endpoints.iter().filter(|_| uses(record, Active::HealthCheck));
    let found = used.filter_map(|endpoint| {
        let (about, id) = (about_endpoint(record, endpoint), endpoint.health_check.as_ref()?);
        match facts.own.health_checks.get(id)? {
            Err(unread) => Some(unreadable(about, &format!("its health check {id}"), unread)),
            Ok(None) => {
                let what =
                    format!("its health check {id} does not exist: it says neither \"healthy\" nor \"unhealthy\"");
                Some(Finding::new(Error, about, what, "create a health check, and name its id in the policy"))
            }
            Ok(Some(check)) => health_check(about, id, check, facts),
        }
    });
    found.collect()
}

fn health_check(about: String, id: &HealthCheckId, check: &HealthCheckReading, facts: &Facts<'_>) -> Option<Finding> {
    if let Some(why) = says_nothing(check) {
        let what = format!("its health check {id} {why}. So it says neither \"healthy\" nor \"unhealthy\"");
        let fix = "enable it, or name one that checks the endpoint itself; or use a CloudWatch alarm on its HealthCheckStatus \
                   metric as a canary";
        return Some(Finding::new(Error, about, what, fix));
    }
    if !check.reports.iter().any(|seen| seen.at + SILENT > facts.shared.now) {
        let what = format!(
            "no checker of its health check {id} has reported in the last {SILENT:#}: it says neither \"healthy\" nor \"unhealthy\""
        );
        return Some(Finding::new(Error, about, what, "name a health check that Route 53's checkers run"));
    }
    check.inverted.then(|| {
        let what = format!(
            "its health check {id} is inverted: the endpoint counts as unhealthy while Route 53's checkers reach it"
        );
        let fix = "nothing, if it is meant so; else turn off \"invert health check status\"";
        Finding::new(Warning, about, what, fix)
    })
}

pub(super) fn target_groups(record: &RecordPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let used = record.endpoints.iter().filter(|_| uses(record, Active::TargetHealth));
    let groups = used.flat_map(|endpoint| endpoint.target_groups.iter().map(move |arn| (endpoint, arn)));
    let found = groups.filter_map(|(endpoint, arn)| {
        let about = about_endpoint(record, endpoint);
        match facts.own.targets.get(arn)? {
            Err(unread) => Some(unreadable(about, &format!("its target group {arn}"), unread)),
            Ok(None) => {
                let what =
                    format!("its target group {arn} does not exist: it says neither \"healthy\" nor \"unhealthy\"");
                Some(Finding::new(Error, about, what, "correct the ARN in the policy, or create the target group"))
            }
            Ok(Some(targets)) if targets.is_empty() => {
                let what =
                    format!("its target group {arn} has no targets: it says neither \"healthy\" nor \"unhealthy\"");
                Some(Finding::new(
                    Error,
                    about,
                    what,
                    "register its targets, or name another target group in the policy",
                ))
            }
            Ok(Some(_)) => None,
        }
    });
    found.collect()
}
