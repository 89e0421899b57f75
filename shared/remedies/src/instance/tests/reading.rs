//! What is read of AWS, and what follows where a part of it can't be.

use std::sync::Mutex;

use futures_util::FutureExt;
use homeostat_core::aws::alarm::{AlarmChange, AlarmReadings};
use homeostat_core::aws::fleet::{Machine, TargetHealths};
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::ports::Unavailable;
use homeostat_core::signal::{Hint, Trigger};

use super::*;
use crate::instance::reasons::{Circumstances, HoldReason};
use crate::instance::{Fleet, Observer, Prefetch, whole_group};

/// AWS, in a large account where not all alarms in ALARM can be listed. It notes which groups it was asked for.
pub(super) struct Large {
    seen: Observation,
    pub(super) asked: Mutex<Vec<String>>,
}

impl Large {
    pub(super) fn of(seen: &Observation) -> Self {
        Large { seen: seen.clone(), asked: Mutex::default() }
    }
}

impl Fleet for Large {
    async fn groups(&self, names: &[homeostat_core::id::GroupName]) -> Result<Vec<Group>, Unavailable> {
        assert!(!names.is_empty(), "to AWS that means all groups there are");
        self.asked.lock().unwrap().push(format!("{} groups from {}", names.len(), names[0]));
        let named = self.seen.group.iter().filter(|group| names.contains(&group.name));
        Ok(named.cloned().collect())
    }
    async fn group_of(&self, instance: &InstanceId) -> Result<Option<homeostat_core::id::GroupName>, Unavailable> {
        self.asked.lock().unwrap().push(format!("the group of {instance}"));
        Ok(self.seen.group.as_ref().map(|group| group.name.clone()))
    }
    async fn alarms(&self, arns: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        let read = |arn: &AlarmArn| Some((arn.clone(), self.seen.alarms.get(arn)?.clone().transpose()?));
        Ok(arns.iter().filter_map(read).collect())
    }
    async fn alarms_in_alarm(&self) -> Result<Vec<AlarmReading>, Unavailable> {
        Err(Unavailable {
            doing: "read the alarms in ALARM".into(),
            why: "there are more than 20 pages of them".into(),
        })
    }
    async fn target_health(&self, arn: &TargetGroupArn) -> Result<Option<TargetHealths>, Unavailable> {
        Ok(self.seen.targets.get(arn).cloned())
    }
    async fn launches(&self, _: &homeostat_core::id::GroupName, _: SignedDuration) -> Result<Launches, Unavailable> {
        Ok(self.seen.launches.clone())
    }
    async fn refresh(&self, _: &homeostat_core::id::GroupName) -> Result<Option<String>, Unavailable> {
        Ok(None)
    }
}

impl StatusChecks for Large {
    async fn machines(&self, _: &[InstanceId]) -> Result<BTreeMap<InstanceId, Machine>, Unavailable> {
        Ok(BTreeMap::new())
    }
    async fn interruption(&self, _: &InstanceId) -> Result<Option<Timestamp>, Unavailable> {
        Ok(None)
    }
}

impl Situation {
    fn read(&self, change: Option<AlarmChange>) -> Result<Observation, Unavailable> {
        let aws = Large::of(&self.seen);
        let observer = Observer { aws: &aws, checks: &aws, policy: &self.policy.instances };
        let groups: Vec<Group> = self.seen.group.iter().cloned().collect();
        let asked = groups.iter().map(|group| group.name.clone()).collect();
        let prefetch = Prefetch { groups, asked, change };
        observer.observe(prefetch, &self.incident).now_or_never().expect("nothing here waits")
    }
}

/// The rest of a policy that names so many groups beside `web`.
fn named(others: usize) -> String {
    let evidence = "evidence = [\"alarm\", \"target-health\"]\n";
    let other = |number| format!("[[replace-instance.group]]\nname = \"z-{number}\"\n{evidence}");
    evidence.to_owned() + &(0..others).map(other).collect::<String>()
}

/// What of the groups is read for a look, with so many groups in the policy beside `web`.
fn asked(others: usize, hint: &Hint) -> Vec<String> {
    let mut it = situation();
    it.policy(&named(others));
    let aws = Large::of(&it.seen);
    let observer = Observer { aws: &aws, checks: &aws, policy: &it.policy.instances };
    let prefetch = observer.prefetch(hint).now_or_never().expect("nothing here waits").unwrap();
    let seen = observer.observe(prefetch, &it.incident).now_or_never().expect("nothing here waits").unwrap();
    assert!(seen.group.is_some(), "whichever way");
    aws.asked.into_inner().unwrap()
}

#[test]
fn what_a_look_reads_is_the_same_for_any_number_of_groups() {
    let told = |subject| Hint { subject, why: Trigger::Found { since: at(990), alarms: Vec::new(), told_by: None } };
    let event = told(subject(1));
    assert_eq!(asked(99, &event), ["100 groups from web"], "one call, as AWS takes a hundred names");
    for others in [100, 499] {
        assert_eq!(asked(others, &event), ["the group of i-00000000000000001", "1 groups from web"]);
        assert_eq!(asked(others, &Hint::wake(subject(1))), ["1 groups from web"], "its incident knows its group");
    }
    assert_eq!(asked(9, &Hint::wake(subject(1))), ["10 groups from web"], "few: the incident isn't waited for");
    let group = Subject::of_group("eu-west-1".parse().unwrap(), &"web".parse().unwrap());
    for others in [0, 99, 499] {
        assert_eq!(asked(others, &told(group.clone())), ["1 groups from web"]);
    }
}

#[test]
fn who_is_in_a_group_that_the_policy_does_not_name_costs_one_question() {
    let mut it = situation();
    it.policy(&named(150));
    it.group().name = "somebody-elses".parse().unwrap();
    let aws = Large::of(&it.seen);
    let observer = Observer { aws: &aws, checks: &aws, policy: &it.policy.instances };
    let hint = Hint { subject: subject(1), why: Trigger::Found { since: at(990), alarms: Vec::new(), told_by: None } };
    let prefetch = observer.prefetch(&hint).now_or_never().expect("nothing here waits").unwrap();
    assert!(prefetch.groups.is_empty());
    assert_eq!(aws.asked.into_inner().unwrap(), ["the group of i-00000000000000001"]);
}

#[test]
fn a_list_that_only_adds_should_stop_no_look_where_it_cannot_be_had() {
    let mut it = situation();
    it.alarm().state = AlarmState::InsufficientData;
    it.incident = it.incident.hold(it.now, it.now, &Hold::Own(HoldReason::Protected));
    let seen = it.read(None).expect("its target says enough");
    assert_eq!((&seen.targets, &seen.alarms), (&it.seen.targets, &it.seen.alarms));
    assert!(seen.is_unlisted && seen.in_alarm.is_empty());
    it.as_group();
    assert!(!it.read(None).expect("so do the targets of the group").is_unlisted, "the list was not asked for");
    it.group().target_groups.clear();
    assert!(it.read(None).expect("nothing checks it, and nobody can tell whom alarms call unhealthy").is_unlisted);
}

#[test]
fn all_alarms_are_listed_only_where_one_that_nobody_reported_would_be_the_proof() {
    let mut it = situation();
    it.alarm().state = AlarmState::Ok;
    it.incident = it.incident.hold(it.now, it.now, &Hold::Own(HoldReason::Protected));
    assert!(it.read(None).expect("its target calls it unhealthy").is_unlisted);
    it.target(1, Some(TargetHealth::Initial));
    assert!(!it.read(None).expect("no alarm would prove it").is_unlisted, "nothing was asked for");
}

#[test]
fn where_alarms_are_all_the_evidence_a_list_that_cannot_be_had_is_no_empty_list() {
    let mut it = situation();
    it.policy("evidence = [\"alarm\"]\nhealth-alarms = [\"*\"]");
    let seen = it.read(None).expect("that there are too many of them is no failure of one look");
    assert!(seen.is_unlisted);
    it.seen.is_unlisted = true;
    let because = it.held_because();
    assert!(matches!(because, Hold::Own(HoldReason::NotConfirmed { .. })), "{because}");
    assert!(because.to_string().contains("how many of the group are unhealthy at once isn't known"), "{because}");
    it.as_group();
    it.incident = it.incident.hold(it.now, it.now, &Hold::InFlight);
    let group = it.policy.instances.group(it.incident.kind.group());
    let decision = whole_group::decide(it.now, &it.incident, &it.seen, &Circumstances::default(), group);
    assert!(matches!(decision, Decision::Hold { .. }), "and its group is not taken for well: {decision}");
}

#[test]
fn an_alarm_that_cannot_be_read_is_not_deleted_and_its_event_is_not_forgotten() {
    let mut it = situation();
    let arn = it.second_alarm("zzz").arn.clone();
    it.seen.alarms.insert(arn.clone(), Err("AccessDenied".into()));
    let seen = it.read(None).expect("the other can be read");
    assert_eq!(seen.alarms.get(&arn), Some(&Err("AccessDenied".to_owned())));
    let change = AlarmChange { alarm: arn, contributor: None, changed_at: at(995) };
    assert!(it.read(Some(change)).is_err());
}
