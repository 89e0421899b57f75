//! What is read of AWS, and what follows where a part of it can't be.

use futures_util::FutureExt;
use homeostat_core::aws::alarm::{AlarmChange, AlarmReadings};
use homeostat_core::aws::fleet::{Machine, TargetHealths};
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::ports::Unavailable;

use super::*;
use crate::instance::reasons::HoldReason;
use crate::instance::{Fleet, Observer, Prefetch};

/// AWS, in a large account where not all alarms in ALARM can be listed.
struct Large {
    seen: Observation,
}

impl Fleet for Large {
    async fn groups(&self, _: &[homeostat_core::id::GroupName]) -> Result<Vec<Group>, Unavailable> {
        Ok(self.seen.group.iter().cloned().collect())
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
        let aws = Large { seen: self.seen.clone() };
        let observer = Observer { aws: &aws, checks: &aws, policy: &self.policy.instances };
        let prefetch = Prefetch { groups: self.seen.group.iter().cloned().collect(), change };
        observer.observe(prefetch, &self.incident).now_or_never().expect("nothing here waits")
    }
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
    assert!(it.read(None).expect("so do the targets of the group").is_unlisted);
}

#[test]
fn where_alarms_are_all_the_evidence_a_list_that_cannot_be_had_is_no_empty_list() {
    let mut it = situation();
    it.policy("evidence = [\"alarm\"]\nhealth-alarms = [\"*\"]");
    assert!(it.read(None).is_err(), "how many are unhealthy at once isn't known");
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
