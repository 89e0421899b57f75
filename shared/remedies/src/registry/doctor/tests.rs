mod hooks;
mod records;

use std::collections::BTreeMap;

use homeostat_core::aws::fleet::{Group, Lifecycle, Member};
use homeostat_core::aws::source::Source;
use homeostat_core::aws::units::{Unit, Units};
use homeostat_core::doctor::Severity::{Error, Note, Warning};
use homeostat_core::doctor::{Read, Severity, Shared, Unread};
use homeostat_core::id::{GroupName, InstanceId};
use homeostat_core::incident::{Acknowledgement, Alarms, Gone, Incident, Page};
use homeostat_core::ports::Pause;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::hook::doctor::{HookFact, HookFacts};
use crate::hosted_zone::doctor::DnsFacts;
use crate::instance::doctor::{Alarm, InstanceFacts};
use crate::instance::kind::InstanceKind;
use crate::instance::memory::{Breaker, Memory};
use crate::policy;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn web() -> GroupName {
    "web".parse().unwrap()
}

fn id(number: u32) -> InstanceId {
    format!("i-{number:08x}").parse().unwrap()
}

fn a_policy(more: &str) -> Policy {
    let group = "schema = 1\n[[replace-instance.group]]\nname = \"web\"\n";
    policy::parse(&format!("{group}{more}\n")).unwrap()
}

fn both() -> Policy {
    a_policy("evidence = [\"alarm\", \"target-health\"]")
}

fn member(number: u32) -> Member {
    let lifecycle = Lifecycle("InService".into());
    Member {
        id: id(number),
        lifecycle,
        healthy: true,
        protected: false,
        units: Some(Units::ONE_INSTANCE),
        launched_from: None,
    }
}

fn group() -> Group {
    Group {
        name: web(),
        desired: Units::new(2),
        unit: Unit::Instances,
        members: vec![member(1), member(2)],
        target_groups: vec!["arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1".parse().unwrap()],
        grace: SignedDuration::ZERO,
        suspended: Vec::new(),
        launches_from: ["lt-1:7".to_owned()].into(),
        launches_first: false,
        rebalances: false,
        status: None,
        tags: BTreeMap::from([("homeostat:managed".into(), "true".into())]),
    }
}

fn alarm(name: &str, instances: &[u32]) -> Alarm {
    Alarm { name: name.into(), actions_enabled: true, instances: instances.iter().map(|number| id(*number)).collect() }
}

/// An account in which nothing is to be fixed.
fn well() -> Facts {
    Facts {
        shared: Shared { now: at(0), groups: Ok(vec![group()]) },
        audience: Ok(Audience { confirmed: 1, pending: 0 }),
        dead_letters: Ok(0),
        open: Ok(Vec::new()),
        pauses: Ok(Vec::new()),
        instances: InstanceFacts {
            health_checks: Ok(BTreeMap::from([(web(), "EC2".into())])),
            targets: BTreeMap::new(),
            refreshes: BTreeMap::from([(web(), Ok(None))]),
            alarms: Ok(vec![alarm("web-1", &[1]), alarm("web-2", &[2])]),
            memories: BTreeMap::from([(web(), Ok(Memory::default()))]),
        },
        dns: DnsFacts::default(),
        hooks: HookFacts::default(),
        dependencies: BTreeMap::new(),
    }
}

fn with(change: impl FnOnce(&mut Group)) -> Facts {
    let mut group = group();
    change(&mut group);
    of_groups(Ok(vec![group]))
}

fn of_groups(groups: Read<Vec<Group>>) -> Facts {
    Facts { shared: Shared { groups, ..well().shared }, ..well() }
}

fn of_instances(change: impl FnOnce(&mut InstanceFacts)) -> Facts {
    let mut facts = well();
    change(&mut facts.instances);
    facts
}

/// The only finding, and a word of it.
fn only(policy: &Policy, facts: &Facts, severity: Severity, word: &str) {
    let findings = examine(Some(policy), facts);
    let [finding] = findings.as_slice() else { panic!("{word}: {findings:#?}") };
    assert_eq!(finding.severity, severity, "{finding:?}");
    assert!(finding.what.contains(word) && !finding.fix.is_empty(), "{word}: {finding:?}");
}

fn incident() -> Incident<InstanceKind> {
    let subject = "eu-west-1#instance#i-00000001".parse().unwrap();
    let kind = InstanceKind::Instance { group: web(), alarms: Alarms::default(), notice: None, gone: Gone::default() };
    Incident::new(subject, kind, at(0), at(0)).page(at(0), at(60), &Page::Refused { why: "AccessDenied".into() })
}

#[test]
fn an_account_in_order_gives_nothing_to_mend() {
    assert_eq!(examine(Some(&both()), &well()), []);
}

#[test]
fn what_keeps_a_group_from_being_healed_is_an_error() {
    only(&both(), &of_groups(Ok(Vec::new())), Error, "no such Auto Scaling group");
    only(&both(), &with(|group| group.tags.clear()), Error, "homeostat:managed=true");
    only(&both(), &with(|group| group.suspended = vec!["AZRebalance".into(), "Launch".into()]), Error, "Launch is");
    let unseen = |group: &mut Group| {
        group.unit = Unit::Mebibytes;
        group.members[1].units = None;
    };
    only(&both(), &with(unseen), Error, "counted in MiB of memory");
    only(&both(), &with(|group| group.suspended = vec!["AddToLoadBalancer".into()]), Error, "AddToLoadBalancer is");
    let arn = |facts: &Facts| facts.shared.group(&web()).unwrap().target_groups[0].clone();
    let gone = of_instances(|facts| facts.targets = BTreeMap::from([(arn(&well()), Ok(false))]));
    only(&both(), &gone, Error, "does not exist, so its launches fail");
    assert!(examine(Some(&both()), &gone)[0].fix.contains("detach-load-balancer-target-groups"));
    only(&both(), &with(|group| group.target_groups.clear()), Error, "no target group");
    only(&both(), &of_instances(|facts| facts.alarms = Ok(vec![alarm("both", &[1, 2])])), Error, "none names one");
    let named = a_policy("evidence = [\"target-health\"]\nalarms = [\"web-5xx\"]");
    only(&named, &well(), Error, "\"web-5xx\"");
}

#[test]
fn a_group_that_is_only_watched_needs_no_tag_yet() {
    let watched = a_policy("evidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\nmode = \"watch\"");
    only(&watched, &with(|group| group.tags.clear()), Warning, "homeostat:managed=true");
}

#[test]
fn evidence_that_the_policy_does_not_ask_for_may_be_missing() {
    let status = a_policy("evidence = [\"instance-status\"]");
    let mut facts = with(|group| group.target_groups.clear());
    facts.instances.alarms = Ok(Vec::new());
    assert_eq!(examine(Some(&status), &facts), []);
}

#[test]
fn what_works_less_well_than_one_may_think_is_a_warning() {
    only(&both(), &of_instances(|facts| facts.alarms = Ok(vec![alarm("web-1", &[1])])), Warning, "1 of 2 in service");
    let disabled = Alarm { actions_enabled: false, ..alarm("web-2", &[2]) };
    only(&both(), &of_instances(|facts| facts.alarms = Ok(vec![alarm("web-1", &[1]), disabled])), Warning, "disabled");
    only(&both(), &with(|group| group.suspended = vec!["HealthCheck".into()]), Warning, "what stops running");
    only(&both(), &with(|group| group.desired = Units::new(1)), Warning, "outage");
    let one_large = |group: &mut Group| {
        (group.unit, group.desired) = (Unit::Weights, Units::new(4));
        group.members.iter_mut().for_each(|member| member.units = Some(Units::new(4)));
    };
    only(&both(), &with(one_large), Warning, "4 units of capacity, one instance");
    only(&both(), &with(|group| group.desired = Units::NONE), Warning, "nothing to heal");
    only(&both(), &with(|group| group.status = Some("Delete in progress".into())), Warning, "Delete in progress");
    only(&both(), &Facts { dead_letters: Ok(3), ..well() }, Warning, "3 of its messages");
    only(&both(), &Facts { audience: Ok(Audience { confirmed: 1, pending: 2 }), ..well() }, Warning, "2 of its");
    let breaker = Breaker { since: at(-60), failures: 3, launched_from: Source::of(["lt-1:7"]) };
    let groups = BTreeMap::from([(web(), Ok(Memory::default().broken(breaker)))]);
    only(&both(), &of_instances(|facts| facts.memories = groups), Warning, "3 replacements of lt-1:7");
}

#[test]
fn what_needs_no_mending_is_a_note() {
    let refreshes = BTreeMap::from([(web(), Ok(Some("r-1".into())))]);
    only(&both(), &of_instances(|facts| facts.refreshes = refreshes), Note, "refresh r-1");
    let health_checks = Ok(BTreeMap::from([(web(), "EC2,ELB".into())]));
    only(&both(), &of_instances(|facts| facts.health_checks = health_checks), Note, "HealthCheckType is ELB");
    only(&both(), &with(|group| group.members[0].protected = true), Note, "1 instance is protected");
    only(&both(), &with(|group| group.grace = SignedDuration::from_mins(10)), Note, "the longer counts");
    assert_eq!(
        examine(Some(&both()), &with(|group| (group.desired, group.launches_first) = (Units::new(1), true))),
        []
    );
}

#[test]
fn nobody_hears_without_a_confirmed_subscription() {
    only(&both(), &Facts { audience: Ok(Audience::default()), ..well() }, Error, "nobody hears");
}

#[test]
fn an_incident_that_waits_for_a_person_is_an_error_until_somebody_says_that_they_know() {
    let open = |incident: Incident<InstanceKind>| Facts { open: Ok(vec![incident.into()]), ..well() };
    only(&both(), &open(incident()), Error, "AccessDenied");
    let word = Acknowledgement { by: "ana".into(), at: at(9), reason: "looking".into() };
    only(&both(), &open(incident().acknowledge(word)), Warning, "acknowledged by ana: looking");
    only(&both(), &open(Incident { stuck: Some(at(9)), ..incident() }), Error, "stuck");
    only(&both(), &open(Incident { overdue: Some(at(9)), ..incident() }), Error, "overdue");
}

#[test]
fn a_pause_is_told_only_while_it_is_in_force() {
    let paused = |until: Timestamp| {
        let pause = Pause { scope: "group#web".into(), by: "ana".into(), reason: "move".into(), until };
        Facts { pauses: Ok(vec![pause]), ..well() }
    };
    assert_eq!(examine(Some(&both()), &paused(at(0))), []);
    only(&both(), &paused(at(60)), Note, "by ana: move");
    only(&both(), &paused(Timestamp::MAX), Warning, "not for days");
}

#[test]
fn another_policy_than_the_deployed_one_is_told() {
    let facts = Facts { open: Ok(vec![incident().under("0123456789ab").into()]), ..well() };
    let findings = examine(Some(&both()), &facts);
    assert!(findings.iter().any(|finding| finding.severity == Note && finding.what.contains("0123456789ab")));
}

#[test]
fn what_could_not_be_read_never_passes_for_fine() {
    let no = || Unread::Failed { action: "sqs:GetQueueAttributes", why: "AccessDenied: no".into() };
    only(&both(), &Facts { dead_letters: Err(no()), ..well() }, Error, "AccessDenied");
    only(&both(), &of_instances(|facts| facts.alarms = Err(no())), Error, "not checked");
    only(&both(), &of_groups(Err(no())), Error, "not checked");
    only(&both(), &Facts { audience: Err(Unread::NoPlace { what: "the topic" }), ..well() }, Warning, "not checked");
}

#[test]
fn the_worst_comes_first() {
    let facts = Facts {
        audience: Ok(Audience { confirmed: 0, pending: 1 }),
        ..with(|group| group.members[0].protected = true)
    };
    let severities: Vec<Severity> = examine(Some(&both()), &facts).iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Error, Warning, Note]);
}

#[test]
fn an_alarm_of_a_dependency_that_is_not_there_is_an_error() {
    let arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:orders-db-failover";
    let tables = format!("[[dependency]]\nname = \"orders-db\"\nalarms = [{arn:?}]");
    let lines = "evidence = [\"alarm\", \"target-health\"]\ndepends-on = [\"orders-db\"]\n";
    let policy = a_policy(&format!("{lines}{tables}"));
    let facts = |read| Facts { dependencies: BTreeMap::from([(arn.parse().unwrap(), read)]), ..well() };
    let no = || Unread::Failed { action: "cloudwatch:DescribeAlarms", why: "AccessDenied: no".into() };
    assert_eq!(examine(Some(&policy), &facts(Ok(true))), []);
    only(&policy, &facts(Ok(false)), Error, "orders-db-failover, and there is none");
    only(&policy, &facts(Err(no())), Error, "\"orders-db-failover\" can't be read");
}
