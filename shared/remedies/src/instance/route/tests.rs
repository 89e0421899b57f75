//! Which signals concern this remedy, and that what doesn't costs no call.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use homeostat_core::aws::alarm::{AlarmReading, AlarmReadings};
use homeostat_core::aws::fleet::{Group, Launches, Machine, TargetHealths};
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::id::GroupName;
use homeostat_core::id::{Scope, TargetGroupArn};
use homeostat_core::incident::Kind;
use homeostat_core::ports::{Clock, History, Ledger, NoQueue, NotWritten, Outcome, Unavailable, Write};
use homeostat_core::reconcile::{Ports, Served, serve};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::instance::{Fleet, Observer, Replace, ReplaceInstance};
use crate::made::{alarm_on, held, interruption, of_other_services, resync, woken};
use crate::policy::{self, Policy};

const INSTANCE: &str = "i-0123456789abcdef0";
const TARGETS: &str = "targetgroup/web/0123456789abcdef";

fn policy(more: &str) -> Policy {
    let text =
        format!("schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"target-health\"]\n{more}");
    policy::parse(&text).unwrap()
}

fn routed(signal: &Signal) -> Result<Route<Survey>, NoSignal> {
    route(&policy("").instances, &"eu-west-1".parse().unwrap(), signal)
}

fn hints(signal: &Signal) -> Vec<Hint> {
    match routed(signal) {
        Ok(Route::Hints(hints)) => hints,
        other => panic!("{other:?} for {signal:?}"),
    }
}

fn group_alarm(signal: &Signal) -> GroupAlarm {
    match routed(signal) {
        Ok(Route::Survey(Survey::Alarm(alarm))) => alarm,
        other => panic!("{other:?} for {signal:?}"),
    }
}

fn why_not(signal: &Signal) -> String {
    routed(signal).unwrap_err().to_string()
}

fn of(instance: &str) -> Value {
    json!({ "InstanceId": instance })
}

#[test]
fn an_alarm_on_one_instance_leads_to_it_however_often_it_is_named() {
    for sets in [vec![of(INSTANCE)], vec![of(INSTANCE), of(INSTANCE)]] {
        let [Hint { subject, why: Trigger::Alarm(change) }] = &hints(&alarm_on("ALARM", &sets))[..] else {
            panic!("{sets:?}")
        };
        assert_eq!(subject.to_string(), "eu-west-1#instance#i-0123456789abcdef0");
        assert_eq!(change.changed_at.to_string(), "2026-03-01T02:03:04.567Z");
    }
}

#[test]
fn too_little_data_is_a_reason_to_look_and_says_so() {
    let [Hint { why: Trigger::Silence(_), .. }] = hints(&alarm_on("INSUFFICIENT_DATA", &[of(INSTANCE)]))[..] else {
        panic!()
    };
}

#[test]
fn an_alarm_over_several_instances_or_a_contributor_picks_none() {
    let several = group_alarm(&alarm_on("ALARM", &[of(INSTANCE), of("i-0123456789abcdef1")]));
    assert_eq!((several.groups.len(), several.target_groups.len(), several.instances.len()), (0, 0, 2));
    let mut contributor = alarm_on("ALARM", &[of(INSTANCE)]);
    let Fact::Alarm(alarm) = &mut contributor.fact else { panic!() };
    alarm.kind = AlarmKind::Contributor;
    assert_eq!(group_alarm(&contributor).instances, [INSTANCE.parse().unwrap()]);
}

#[test]
fn an_alarm_over_a_group_or_target_group_leads_to_a_survey_of_those() {
    let alarm = group_alarm(&alarm_on("ALARM", &[json!({"AutoScalingGroupName": "web", "TargetGroup": TARGETS})]));
    assert_eq!((alarm.groups, alarm.target_groups), (vec!["web".into()], vec![TARGETS.into()]));
    assert!(matches!(routed(&alarm_on("ALARM", &[json!({ "TargetGroup": TARGETS })])), Ok(Route::Survey(_))));
}

#[test]
fn an_alarm_that_the_policy_lists_leads_to_a_survey_whatever_it_is_about() {
    let region = "eu-west-1".parse().unwrap();
    for sets in
        [vec![], vec![json!({"DBInstanceIdentifier": "orders"})], vec![json!({"AutoScalingGroupName": "other"})]]
    {
        let signal = alarm_on("ALARM", &sets);
        assert!(why_not(&signal).contains("names neither an instance nor a group of the policy"), "{sets:?}");
        let listed = route(&policy("alarms = [\"web-1\"]").instances, &region, &signal);
        assert!(matches!(listed, Ok(Route::Survey(Survey::Alarm(_)))), "{listed:?}");
    }
}

#[test]
fn for_whom_the_alarms_speak_that_set_another_off_is_for_aws_to_say() {
    let mut composite = alarm_on("ALARM", &[]);
    let Fact::Alarm(alarm) = &mut composite.fact else { panic!() };
    alarm.children = vec!["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-2".parse().unwrap()];
    assert_eq!(group_alarm(&composite).children.len(), 1);
}

#[test]
fn an_instance_dimension_that_is_no_instance_id_is_another_services_and_never_looked_at() {
    for foreign in ["*", "", "i-1; drop", "i-0123456789abcdef0#x", "mi-0123456789abcdef0"] {
        let said = why_not(&alarm_on("ALARM", &[of(INSTANCE), of(foreign), json!({"AutoScalingGroupName": "web"})]));
        assert_eq!(said, format!("alarm \"web-1\" is about {foreign:?}, which is no EC2 instance"));
    }
}

#[test]
fn what_aws_announces_and_what_is_due_is_looked_at() {
    let [Hint { subject, why: Trigger::Notice(_) }] = &hints(&interruption())[..] else { panic!() };
    assert_eq!(subject.to_string(), "eu-west-1#instance#i-0123456789abcdef0");
    for subject in ["eu-west-1#instance#i-0123456789abcdef0", "eu-west-1#group#web"] {
        assert_eq!(hints(&woken(subject)), [Hint::wake(subject.parse().unwrap())]);
    }
    assert_eq!(routed(&resync()), Ok(Route::Survey(Survey::Resync(vec!["web".parse().unwrap()]))));
}

#[test]
fn what_is_another_remedys_or_another_stacks_is_left_with_the_reason() {
    assert_eq!(why_not(&held()), "hook ready holds i-0123456789abcdef0, which is not this function's to complete");
    for subject in ["aws-global#hosted-zone#Z0123456789ABCDEFGHIJ", "eu-west-1#hook#web:ready:i-0123456789abcdef0"] {
        assert_eq!(why_not(&woken(subject)), format!("{subject} is not this function's to look after"));
    }
    let elsewhere = route(&policy("").instances, &"us-east-1".parse().unwrap(), &alarm_on("ALARM", &[of(INSTANCE)]));
    assert_eq!(elsewhere.unwrap_err().to_string(), "it is about eu-west-1, and this stack looks after us-east-1");
}

#[test]
fn an_alarm_of_another_service_is_answered_without_a_call() {
    let (policy, region) = (policy(""), "eu-west-1".parse().unwrap());
    let remedy = ReplaceInstance {
        observer: Observer { aws: &Untouched, checks: &Untouched, policy: &policy.instances },
        hash: &policy.hash,
        region: &region,
        checks_later: false,
    };
    let ports = Ports { ledger: &Untouched, clock: &Untouched, wake_ups: &NoQueue };
    let signals = of_other_services();
    assert_eq!(signals.len(), 4);
    for signal in signals {
        let served = serve(&remedy, ports, &signal, &|_, _| ()).now_or_never().expect("nothing here waits");
        let Ok(Served::Nothing(NoSignal::NotAbout { .. })) = served else { panic!("{served:?} for {signal:?}") };
    }
}

/// What is this function's by its tag and names nothing ends in the dead-letter queue, not as another function's.
#[test]
fn an_order_about_an_instance_or_a_group_whose_id_cannot_be_read_is_unreadable() {
    for subject in ["eu-west-1#instance#web", "eu-west-1#instance#*", "eu-west-1#group#a:b"] {
        let answer = routed(&woken(subject));
        assert!(matches!(&answer, Err(NoSignal::Unreadable { .. })), "{subject}: {answer:?}");
    }
}

/// Any call is one too many.
struct Untouched;

impl Fleet for Untouched {
    async fn groups(&self, _: &[GroupName]) -> Result<Vec<Group>, Unavailable> {
        panic!("asked for groups")
    }
    async fn group_of(&self, _: &InstanceId) -> Result<Option<GroupName>, Unavailable> {
        panic!("asked for an instance's group")
    }
    async fn alarms(&self, _: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        panic!("asked for alarms")
    }
    async fn alarms_in_alarm(&self) -> Result<Vec<AlarmReading>, Unavailable> {
        panic!("asked for alarms")
    }
    async fn target_health(&self, _: &TargetGroupArn) -> Result<Option<TargetHealths>, Unavailable> {
        panic!("asked for targets")
    }
    async fn launches(&self, _: &GroupName, _: SignedDuration) -> Result<Launches, Unavailable> {
        panic!("asked for launches")
    }
    async fn refresh(&self, _: &GroupName) -> Result<Option<String>, Unavailable> {
        panic!("asked for refreshes")
    }
}

impl StatusChecks for Untouched {
    async fn machines(&self, _: &[InstanceId]) -> Result<BTreeMap<InstanceId, Machine>, Unavailable> {
        panic!("asked for machines")
    }
    async fn interruption(&self, _: &InstanceId) -> Result<Option<Timestamp>, Unavailable> {
        panic!("asked for an interruption")
    }
}

impl Replace for Untouched {
    async fn replace(&self, _: &InstanceId) -> Outcome {
        panic!("replaced")
    }
    async fn mark_unhealthy(&self, _: &InstanceId) -> Outcome {
        panic!("marked")
    }
}

impl Ledger for Untouched {
    async fn history<K: Kind>(&self, _: &Subject, _: Option<&AlarmChange>) -> Result<History<K>, Unavailable> {
        panic!("read the ledger")
    }
    async fn limits<K: Kind>(&self, _: &Subject, _: &Scope) -> Result<homeostat_core::ports::Limits<K>, Unavailable> {
        panic!("read the ledger")
    }
    async fn open_among(&self, _: &[Subject]) -> Result<Vec<Subject>, Unavailable> {
        panic!("read the ledger")
    }
    async fn write<K: Kind>(&self, _: Write<'_, K>) -> Result<(), NotWritten> {
        panic!("wrote")
    }
    async fn resync(&self, _: &'static str) -> Result<homeostat_core::resync::Resync, Unavailable> {
        panic!("read the ledger")
    }
    async fn write_resync(&self, _: &'static str, _: &homeostat_core::resync::Resync) -> Result<(), NotWritten> {
        panic!("wrote")
    }
}

impl Clock for Untouched {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    async fn wait(&self, _: SignedDuration) {}
    async fn back_off(&self, _: u32) {}
}
