//! A record with two endpoints, 70 to 30.

use std::collections::BTreeMap;

use homeostat_core::aws::alarm::{AlarmReading, AlarmState};
use homeostat_core::aws::fleet::TargetHealth;
use homeostat_core::aws::record::{RecordSet, Routing, Weight};
use homeostat_core::id::{AlarmArn, HostedZoneId};

use super::*;
use crate::hosted_zone::generation::Generation;
use crate::hosted_zone::kind::HostedZoneKind;
use crate::hosted_zone::memory::Memory;
use crate::hosted_zone::observation::{Checked, CheckerReport, HealthCheckReading};
use crate::hosted_zone::policy::RecordPolicy;
use crate::hosted_zone::state::ZoneState;
use crate::hosted_zone::subject::subject;

const POLICY: &str = r#"
schema = 1
[[shift-dns.record]]
hosted-zone = "Z0123456789ABCDEFGHIJ"
name = "www.example.com"
type = "A"
proof = ["health-check", "target-health", "canary"]
[[shift-dns.record.endpoint]]
id = "blue"
alarms = ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:blue-5xx"]
canaries = ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:blue-canary"]
health-check = "00000000-0000-0000-0000-00000000b10e"
target-groups = ["arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/blue/1"]
[[shift-dns.record.endpoint]]
id = "green"
alarms = ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:green-5xx"]
canaries = ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:green-canary"]
health-check = "00000000-0000-0000-0000-00000000abcd"
target-groups = ["arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/green/1"]
"#;

const BLUE_CHECK: &str = "00000000-0000-0000-0000-00000000b10e";

fn dns(text: &str) -> Policy {
    policy::parse(text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

fn the_policy() -> Policy {
    dns(POLICY)
}

fn set(identifier: &str, weight: Weight) -> RecordSet {
    let check = if identifier == "blue" { BLUE_CHECK } else { "00000000-0000-0000-0000-00000000ABCD" };
    RecordSet {
        name: "www.example.com".parse().unwrap(),
        kind: "A".to_owned(),
        routing: Routing::Weighted { identifier: identifier.parse().unwrap(), weight },
        ttl: Some(60),
        values: vec!["192.0.2.1".to_owned()],
        alias: None,
        health_check: Some(check.to_owned()),
        traffic_policy: None,
    }
}

fn seen(arn: &AlarmArn) -> AlarmReading {
    let (state, reason) = (AlarmState::Ok, String::new());
    AlarmReading { arn: arn.clone(), state, since: at(-9), reason, actions_enabled: true, instances: Vec::new() }
}

fn check(reports: Vec<CheckerReport>) -> HealthCheckReading {
    HealthCheckReading { of: Checked::Endpoint, inverted: false, disabled: false, reports }
}

/// An account in which nothing of these records is to be fixed.
fn of(policy: &Policy, sets: Vec<RecordSet>) -> Facts {
    let records = &policy.dns.as_ref().unwrap().records;
    let endpoints = || records.iter().flat_map(|record| &record.endpoints);
    let arns = endpoints().flat_map(|endpoint| endpoint.alarms.iter().chain(&endpoint.canaries));
    let observation = CheckerReport { at: at(-30), is_well: true, status: "Success".into() };
    let place = |record: &RecordPolicy| (record.zone.clone(), record.key.name.clone());
    let dns = DnsFacts {
        memories: BTreeMap::new(),
        region: Some("eu-west-1".parse().unwrap()),
        sets: records.iter().map(|record| (place(record), Ok(sets.clone()))).collect(),
        alarms: arns.map(|arn| (arn.clone(), Ok(Some(seen(arn))))).collect(),
        health_checks: endpoints()
            .filter_map(|endpoint| Some((endpoint.health_check.clone()?, Ok(Some(check(vec![observation.clone()]))))))
            .collect(),
        targets: endpoints()
            .flat_map(|endpoint| &endpoint.target_groups)
            .map(|arn| (arn.clone(), Ok(Some(vec![TargetHealth::Healthy]))))
            .collect(),
    };
    let mut facts = Facts { dns, ..of_groups(Ok(Vec::new())) };
    facts.instances.health_checks = Ok(BTreeMap::new());
    facts
}

fn pair() -> Vec<RecordSet> {
    vec![set("blue", 70), set("green", 30)]
}

fn in_order() -> Facts {
    of(&the_policy(), pair())
}

fn changed(change: impl FnOnce(&mut DnsFacts)) -> Facts {
    let mut facts = in_order();
    change(&mut facts.dns);
    facts
}

/// The only finding about a record with these sets.
fn only_of(sets: Vec<RecordSet>, severity: Severity, word: &str) {
    only(&the_policy(), &of(&the_policy(), sets), severity, word);
}

fn failed() -> Unread {
    Unread::Failed { action: "route53:ListResourceRecordSets", why: "NoSuchHostedZone: no".into() }
}

#[test]
fn records_in_order_give_nothing_to_mend() {
    assert_eq!(examine(Some(&the_policy()), &in_order()), []);
    let ours = Generation::after(None, at(-99)).fence(&"www.example.com".parse().unwrap()).unwrap();
    assert_eq!(examine(Some(&the_policy()), &of(&the_policy(), [pair(), vec![ours]].concat())), []);
}

#[test]
fn a_zone_whose_record_sets_leave_no_room_in_the_ledger_is_said() {
    let long = |identifier: &str| RecordSet { values: vec!["x".repeat(40_000)], ..set(identifier, 50) };
    only_of(vec![long("blue"), long("green")], Warning, "in one incident");
    let bearable = |identifier: &str| RecordSet { values: vec!["x".repeat(10_000)], ..set(identifier, 50) };
    assert_eq!(examine(Some(&the_policy()), &of(&the_policy(), vec![bearable("blue"), bearable("green")])), []);
}

#[test]
fn a_record_whose_weights_cannot_be_moved_is_an_error() {
    only_of(vec![], Error, "no such record");
    only_of(vec![RecordSet { routing: Routing::Simple, ..set("blue", 1) }], Error, "a simple record");
    let owned = |set| RecordSet { traffic_policy: Some("t-1".into()), ..set };
    only_of(pair().into_iter().map(owned).collect(), Error, "traffic policy instance t-1");
    only_of(vec![set("blue", 0), set("green", 0)], Error, "zero already");
    let watched = POLICY.replace("type = \"A\"", "type = \"A\"\nmode = \"watch\"");
    only(&dns(&watched), &of(&dns(&watched), vec![]), Warning, "no such record");
}

#[test]
fn an_endpoint_without_a_set_is_an_error_of_its_own_and_hides_no_other() {
    only_of(vec![set("blue", 70)], Error, "no set with the identifier \"green\"");
    let renamed = examine(Some(&the_policy()), &of(&the_policy(), vec![set("blue", 70), set("green-2", 30)]));
    let said: Vec<&str> = renamed.iter().map(|found| found.what.as_str()).collect();
    assert_eq!(renamed.len(), 3, "{renamed:#?}");
    assert!(
        said[0].contains("nothing is moved") && said[1].contains("\"green\"") && said[2].contains("green-2"),
        "{said:?}"
    );
    let none = examine(Some(&the_policy()), &of(&the_policy(), vec![set("cyan", 70)]));
    assert!(none[0].severity == Error && none[0].what.contains("none of the set identifiers"), "{none:#?}");
}

#[test]
fn the_other_family_of_a_name_that_the_policy_leaves_out_is_an_error() {
    let aaaa = |identifier, weight| RecordSet { kind: "AAAA".into(), ..set(identifier, weight) };
    let both = [pair(), vec![aaaa("blue", 70), aaaa("green", 30)]].concat();
    only_of(both.clone(), Error, "www.example.com AAAA is there too");
    let listed = dns(&POLICY.replace("type = \"A\"", "type = [\"A\", \"AAAA\"]"));
    assert_eq!(examine(Some(&listed), &of(&listed, both)), []);
    let simple = RecordSet { routing: Routing::Simple, ..aaaa("blue", 1) };
    only_of([pair(), vec![simple]].concat(), Warning, "www.example.com AAAA is there too");
}

#[test]
fn what_could_not_be_read_of_a_record_never_passes_for_fine() {
    let unread = changed(|dns| dns.sets.values_mut().for_each(|read| *read = Err(failed())));
    only(&the_policy(), &unread, Error, "NoSuchHostedZone");
}

#[test]
fn a_text_of_somebody_else_in_homeostats_place_is_an_error() {
    let mut fence = Generation::after(None, at(0)).fence(&"www.example.com".parse().unwrap()).unwrap();
    fence.values = vec!["\"v=spf1\"".to_owned()];
    only_of([pair(), vec![fence]].concat(), Error, "v=spf1");
}

#[test]
fn what_moves_less_well_than_one_may_think_is_a_warning() {
    only_of([pair(), vec![set("red", 5)]].concat(), Warning, "doesn't name red");
    only_of(vec![RecordSet { ttl: Some(30), ..set("blue", 70) }, set("green", 30)], Warning, "from 30 to 60 s");
    let slow = |identifier, weight| RecordSet { ttl: Some(300), ..set(identifier, weight) };
    only_of(vec![slow("blue", 70), slow("green", 30)], Warning, "its TTL is 300 s");
}

#[test]
fn health_checks_of_the_record_that_are_not_those_of_the_policy_are_notes() {
    let with = |health_check: Option<&str>| {
        vec![RecordSet { health_check: health_check.map(str::to_owned), ..set("blue", 70) }, set("green", 30)]
    };
    only_of(with(None), Note, "no health check");
    only_of(with(Some("other")), Note, "the health check other");
}

#[test]
fn whether_the_others_have_room_is_told_before_it_is_needed() {
    let limited = |limit: &str| dns(&POLICY.replacen("id = \"green\"", &format!("id = \"green\"\n{limit}"), 1));
    let facts = |policy: &Policy| of(policy, pair());
    let partly = limited("max-share = \"60%\"");
    only(&partly, &facts(&partly), Warning, "it keeps 40");
    let none = limited("max-share = \"30%\"");
    only(&none, &facts(&none), Error, "leaves no room");
    let never = limited("drain-to = \"30%\"");
    only(&never, &facts(&never), Warning, "never drained");
    let fewer = [POLICY, &POLICY[POLICY.find("[[shift-dns.record.endpoint]]\nid = \"green\"").unwrap()..]].concat();
    let (head, last) = fewer.split_at(POLICY.len());
    let standby =
        format!("{head}{}", last.replace("green", "red").replace("id = \"red\"", "id = \"red\"\nmax-share = \"0%\""))
            .replace("type = \"A\"", "type = \"A\"\nmin-healthy = 2");
    let standby = dns(&standby);
    let sets = vec![
        set("blue", 70),
        set("green", 30),
        RecordSet { health_check: Some("00000000-0000-0000-0000-00000000abcd".into()), ..set("red", 0) },
    ];
    let findings = examine(Some(&standby), &of(&standby, sets));
    assert_eq!(findings.len(), 2, "{findings:#?}");
    assert!(findings.iter().all(|found| found.severity == Error && found.what.contains("asks for 2")), "{findings:#?}");
}

#[test]
fn what_the_policy_judges_by_must_be_there_and_say_something() {
    let alarm =
        |name: &str| -> AlarmArn { format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}").parse().unwrap() };
    for name in ["blue-5xx", "green-canary"] {
        let facts = changed(|dns| _ = dns.alarms.insert(alarm(name), Ok(None)));
        only(&the_policy(), &facts, Error, name);
        let facts = changed(|dns| _ = dns.alarms.insert(alarm(name), Err(failed())));
        only(&the_policy(), &facts, Error, "can't be read");
    }
    let disabled = |name: &str| {
        let off = AlarmReading { actions_enabled: false, ..seen(&alarm(name)) };
        changed(|dns| _ = dns.alarms.insert(alarm(name), Ok(Some(off))))
    };
    only(&the_policy(), &disabled("blue-5xx"), Warning, "are disabled");
    assert_eq!(examine(Some(&the_policy()), &disabled("blue-canary")), [], "a canary's word needs no actions");
    let stopped = CheckerReport { at: at(-121), is_well: true, status: "Success".into() };
    let fresh = || check(vec![CheckerReport { at: at(-30), is_well: true, status: "Success".into() }]);
    for (there, severity, says) in [
        (Some(check(vec![])), Error, "has reported in the last"),
        (Some(check(vec![stopped])), Error, "has reported in the last"),
        (None, Error, "does not exist"),
        (Some(HealthCheckReading { disabled: true, ..fresh() }), Error, "is disabled"),
        (Some(HealthCheckReading { of: Checked::HealthChecks, ..check(vec![]) }), Error, "is calculated from others"),
        (Some(HealthCheckReading { of: Checked::Alarm, ..check(vec![]) }), Error, "follows a CloudWatch alarm"),
        (Some(HealthCheckReading { inverted: true, ..fresh() }), Warning, "is inverted"),
    ] {
        let facts = changed(|dns| _ = dns.health_checks.insert(BLUE_CHECK.parse().unwrap(), Ok(there)));
        only(&the_policy(), &facts, severity, says);
    }
    let unread = changed(|dns| _ = dns.health_checks.insert(BLUE_CHECK.parse().unwrap(), Err(failed())));
    only(&the_policy(), &unread, Error, "its health check");
    let first = |dns: &mut DnsFacts, read| *dns.targets.values_mut().next().unwrap() = read;
    only(&the_policy(), &changed(|dns| first(dns, Ok(Some(vec![])))), Error, "no targets");
    only(&the_policy(), &changed(|dns| first(dns, Ok(None))), Error, "does not exist");
    only(&the_policy(), &changed(|dns| first(dns, Err(failed()))), Error, "its target group");
}

#[test]
fn alarms_of_another_region_are_a_note_and_one_for_all_of_them() {
    let facts = changed(|dns| dns.region = Some("us-west-2".parse().unwrap()));
    only(&the_policy(), &facts, Note, "\"blue-5xx\", \"blue-canary\", \"green-5xx\", \"green-canary\"");
}

#[test]
fn what_nothing_is_judged_by_may_be_missing() {
    let policy = dns(&POLICY.replace(
        "proof = [\"health-check\", \"target-health\", \"canary\"]",
        "evidence = [\"alarm\", \"canary\"]\nproof = [\"canary\"]",
    ));
    let mut facts = of(&policy, pair());
    facts.dns.health_checks.values_mut().for_each(|read| *read = Err(failed()));
    facts.dns.targets.clear();
    assert_eq!(examine(Some(&policy), &facts), []);
}

#[test]
fn a_latch_and_an_incident_of_a_zone_are_told_as_what_they_are() {
    let zone: HostedZoneId = "Z0123456789ABCDEFGHIJ".parse().unwrap();
    let memory = Memory::default().latch(at(-60), &"www.example.com A blue".to_owned());
    let latched = changed(|dns| dns.memories = BTreeMap::from([(zone.clone(), Ok(memory))]));
    only(&the_policy(), &latched, Warning, "latched");
    assert!(examine(None, &latched)[0].fix.contains("homeostat ack hosted-zone#Z0123456789ABCDEFGHIJ"));
    let subject = subject(&zone);
    let incident = Incident::new(subject, HostedZoneKind::HostedZone(ZoneState::new(zone)), at(0), at(0));
    let stuck = Facts { open: Ok(vec![Incident { stuck: Some(at(9)), ..incident }.into()]), ..in_order() };
    assert!(examine(None, &stuck)[0].fix.contains("shift-dns"));
}

#[test]
fn one_alarm_that_suffices_for_a_drain_is_a_warning() {
    let policy = dns(&POLICY.replace("proof = ", "evidence = [\"alarm\"]\nproof = "));
    only(&policy, &of(&policy, pair()), Warning, "whoever may set the state of one alarm");
}
