//! What must hold of whatever the policy parser is given.
//!
//! This check never says which policy is right, only that a mistake has its place in the text, and that what is accepted keeps the
//! promises that the deciding code builds upon.

use std::collections::BTreeSet;

use homeostat_core::aws::share::Share;
use homeostat_core::budget::Thousandths;
use homeostat_core::id::InstanceId;
use homeostat_core::policy::{Budget, Mistake};
use homeostat_remedies::hook::policy::{HeldBy, HookPolicy, LaunchPolicy, Readiness, TerminationPolicy};
use homeostat_remedies::hosted_zone::generation::FENCE_LABEL;
use homeostat_remedies::hosted_zone::policy::{Active, Ailment, DnsPolicy, RecordPolicy};
use homeostat_remedies::instance::policy::GroupPolicy;
use homeostat_remedies::policy::{Policy, parse};
use jiff::SignedDuration;

use super::told::is_plain;

/// All that is known there, and a part of what stands there instead. Each of its characters may have been escaped.
const LONGEST_MESSAGE: usize = 4_500;
const SECOND: SignedDuration = SignedDuration::from_secs(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match parse(text) {
        Ok(policy) => {
            assert_eq!(parse(text).as_ref(), Ok(&policy), "the same text is the same policy");
            is_sound(&policy);
        }
        Err(mistakes) => have_places(&mistakes, text),
    }
}

fn have_places(mistakes: &[Mistake], text: &str) {
    assert!(!mistakes.is_empty(), "refused without a word");
    let lines: Vec<&str> = text.split('\n').collect();
    for Mistake { line, column, message } in mistakes {
        assert!(!message.is_empty() && is_plain(message), "not plain: {message:?}");
        assert!(message.len() <= LONGEST_MESSAGE, "too long: {message}");
        assert!((1..=lines.len()).contains(line), "line {line} of {}: {message}", lines.len());
        let width = lines[line - 1].chars().count();
        assert!((1..=width + 1).contains(column), "column {column} of {width} in line {line}: {message}");
    }
    let in_order = mistakes.is_sorted_by_key(|mistake| (mistake.line, mistake.column));
    assert!(in_order, "not in the order of the text: {mistakes:?}");
}

fn is_sound(policy: &Policy) {
    assert!(policy.hash.len() == 12 && policy.hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{}", policy.hash);
    let hooks = policy.hooks.iter().flat_map(HookPolicy::held_by).count();
    let records = policy.dns.iter().map(|dns| dns.records.len()).sum::<usize>();
    assert!(policy.instances.groups().count() + records + hooks > 0, "a policy names something");
    are_once(policy.instances.groups().map(|group| &group.name));
    are_once(policy.dependencies.iter().map(|dependency| &dependency.name));
    let of_groups = policy.instances.groups().flat_map(|group| &group.depends_on);
    for dependency in of_groups.chain(&policy.dependencies) {
        assert!(policy.dependencies.contains(dependency), "{} is not named", dependency.name);
        assert!(!dependency.alarms.is_empty() && dependency.settle <= DAY, "{} can move", dependency.name);
    }
    for group in policy.instances.groups() {
        assert_eq!(policy.instances.group(&group.name), Some(group), "found by its name");
        is_group(group);
    }
    policy.dns.iter().for_each(is_dns);
    policy.hooks.iter().for_each(are_hooks);
}

fn is_group(group: &GroupPolicy) {
    is_list(&group.evidence);
    are_once(group.alarms.iter());
    group.alarms.iter().for_each(|name| is_name(name));
    for (time, least) in [
        (group.grace, SignedDuration::ZERO),
        (group.cooldown, SignedDuration::ZERO),
        (group.dwell, SignedDuration::ZERO),
        (group.breaker_within, SECOND),
        (group.check_every, SECOND),
        (group.recover_within, SECOND),
        (group.max_wait, SECOND),
        (group.remind_every, SECOND),
    ] {
        is_between(time, least, DAY);
    }
    assert!(group.check_every <= group.recover_within && group.dwell <= group.recover_within);
    assert!((1..=20).contains(&group.breaker));
    is_budget(group.budget);
    is_budget(group.max_unhealthy);
    is_name(&group.service);
    for bound in [Some(group.bounds.account), group.bounds.service].into_iter().flatten() {
        assert!(bound.at_once >= Thousandths::ONE_GROUP, "a group of one instance can be healed: {bound:?}");
        assert!(bound.at_once <= bound.per_hour, "{bound:?}");
    }
}

fn is_budget(budget: Budget) {
    for desired in [0, 1, 2, 4, 5, 99, 100, u32::MAX] {
        let slots = budget.slots(desired);
        assert!(slots <= desired && (slots > 0 || desired == 0), "{budget:?} of {desired} is {slots}");
    }
}

fn is_dns(dns: &DnsPolicy) {
    for time in [dns.check_every, dns.in_sync_within, dns.max_wait, dns.remind_every] {
        is_between(time, SECOND, DAY);
    }
    is_between(dns.dwell, SignedDuration::ZERO, DAY);
    are_once(dns.records.iter().map(|record| (&record.zone, &record.key)));
    for zone in dns.zones() {
        let names: BTreeSet<_> = dns.zone(zone).records.iter().map(|record| &record.key.name).collect();
        assert!((1..=10).contains(&names.len()), "{zone} has {} names", names.len());
    }
    dns.records.iter().for_each(is_record);
}

fn is_record(record: &RecordPolicy) {
    is_list(&record.evidence);
    is_list(&record.proof);
    is_between(record.hold, SignedDuration::ZERO, DAY);
    is_between(record.pace, SECOND, DAY);
    is_between(record.flaps_within, SECOND, DAY);
    assert!((1..=20).contains(&record.flaps));
    assert!(record.key.name.under(FENCE_LABEL).is_ok(), "{} leaves no room for its generation", record.key);
    let name = record.key.name.as_str();
    assert_eq!(name.parse().as_ref(), Ok(&record.key.name), "a name in its one form stays as it is");
    assert!((2..=16).contains(&record.endpoints.len()), "{} endpoints", record.endpoints.len());
    let healthy = usize::try_from(record.min_healthy).expect("a small number");
    assert!((1..record.endpoints.len()).contains(&healthy), "{healthy} of {} endpoints", record.endpoints.len());
    assert!(record.steps.is_sorted_by(|one, next| one < next), "each step gives more: {:?}", record.steps);
    are_once(record.endpoints.iter().map(|endpoint| &endpoint.id));
    for endpoint in &record.endpoints {
        assert_eq!(record.endpoint(&endpoint.id), Some(endpoint), "found by its id");
        assert!(endpoint.drain_to <= Share::ALL && endpoint.max_share <= Share::ALL);
        let asks = |active| record.proof.contains(&active) || record.evidence.contains(&Ailment::Active(active));
        assert!(!record.evidence.contains(&Ailment::Alarm) || !endpoint.alarms.is_empty());
        assert!(!asks(Active::HealthCheck) || endpoint.health_check.is_some());
        assert!(!asks(Active::TargetHealth) || !endpoint.target_groups.is_empty());
        assert!(!asks(Active::Canary) || !endpoint.canaries.is_empty());
    }
}

fn are_hooks(hooks: &HookPolicy) {
    is_between(hooks.check_every, SECOND, SignedDuration::from_mins(1));
    is_between(hooks.remind_every, SECOND, DAY);
    are_once(hooks.hooks());
    for held in hooks.held_by() {
        is_between(held.within(), SECOND, DAY);
        assert_eq!(hooks.of(held.group(), held.hook()).map(|found| found.transition()), Some(held.transition()));
        match held {
            HeldBy::Launch(launch) => is_launch(launch),
            HeldBy::Termination(termination) => is_termination(termination),
        }
    }
}

fn is_launch(launch: &LaunchPolicy) {
    is_list(&launch.evidence);
    assert!((1..=20).contains(&launch.max_abandoned));
    assert_eq!(launch.evidence.contains(&Readiness::Tag), launch.tag.is_some());
    assert_eq!(launch.evidence.contains(&Readiness::TargetHealth), !launch.target_groups.is_empty());
}

fn is_termination(termination: &TerminationPolicy) {
    let instances = ["i-0123456789abcdef0", "i-1a2b3c4d"].map(|id| id.parse::<InstanceId>().expect("an id"));
    for instance in &instances {
        if let Some(metric) = &termination.busy_metric {
            is_name(&metric.namespace);
            is_name(&metric.name);
            is_between(metric.period, SECOND, SignedDuration::from_hours(1));
            let seconds = metric.period.as_secs();
            assert!([1, 5, 10, 20, 30].contains(&seconds) || seconds % 60 == 0, "{:#}", metric.period);
            assert_eq!(metric.period, SignedDuration::from_secs(seconds));
            let of_instance = metric.dimensions_of(instance);
            assert!(of_instance.values().any(|value| value.contains(instance.as_str())), "{of_instance:?}");
        }
        if let Some(record) = &termination.record {
            let name = record.name_of(instance).expect("a name with any instance's id in it");
            assert!(name.as_str().contains(instance.as_str()), "{name}");
        }
    }
}

/// CloudWatch refuses a call with any other.
fn is_name(name: &str) {
    assert!(!name.is_empty() && name.chars().count() <= 255 && !name.contains(char::is_control), "{name:?}");
}

fn is_list<T: Ord>(list: &[T]) {
    assert!(!list.is_empty(), "at least one");
    are_once(list.iter());
}

fn are_once<T: Ord>(things: impl Iterator<Item = T>) {
    let all: Vec<T> = things.collect();
    let count = all.len();
    assert_eq!(all.into_iter().collect::<BTreeSet<T>>().len(), count, "each once");
}

fn is_between(time: SignedDuration, least: SignedDuration, most: SignedDuration) {
    assert!((least..=most).contains(&time), "{time:#} is not between {least:#} and {most:#}");
}
