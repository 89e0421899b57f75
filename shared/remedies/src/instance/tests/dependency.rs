//! What the group depends on moves: nothing is replaced that may lack nothing else, and what has evidence of its own is.

use futures_util::FutureExt;
use homeostat_core::aws::fleet::{Checks, Machine};
use homeostat_core::dependency::AlarmsSay;
use homeostat_core::memory::Remembered;
use homeostat_core::ports::Unavailable;
use homeostat_core::reconcile::Remedy;

use super::reading::Large;
use super::*;
use crate::instance::memory::Memory;
use crate::instance::{Observer, Prefetch, ReplaceInstance};

const LINES: &str = "evidence = [\"alarm\", \"target-health\"]\ndepends-on = [\"orders-db\"]\n[[dependency]]\nname = \"orders-db\"\n\
    alarms = [\"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders-db\"]\nsettle = \"5m\"";

fn orders_db() -> AlarmArn {
    "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders-db".parse().unwrap()
}

fn says(state: AlarmState, since: i64) -> AlarmReading {
    let (since, actions_enabled, instances) = (at(since), false, Vec::new());
    let reason = "Threshold Crossed".to_owned();
    AlarmReading { arn: orders_db(), state, since, reason, actions_enabled, instances }
}

/// The first of four is unhealthy beyond doubt, and its database says this.
fn depending(database: Read<Option<AlarmReading>>) -> Situation {
    let mut it = situation();
    it.policy(LINES);
    it.seen.dependencies.insert(orders_db(), database);
    it
}

impl Situation {
    /// What the group's memory is once this was decided.
    fn remembered(&self, decision: &Decision) -> Option<Memory> {
        let aws = Large::of(&self.seen);
        let observer = Observer { aws: &aws, checks: &aws, policy: &self.policy.instances };
        let (hash, region) = (&self.policy.hash, "eu-west-1".parse().unwrap());
        let remedy = ReplaceInstance { observer, hash, region: &region, checks_later: false };
        remedy.remember(self.now, &self.incident, &self.seen, decision, &self.around.limits.memory)
    }

    fn looks(&mut self) -> Decision {
        let decision = self.decide();
        if let Some(memory) = self.remembered(&decision) {
            self.around.limits.memory = memory;
        }
        decision
    }
}

#[test]
fn while_what_it_depends_on_moves_it_is_held_and_then_for_a_while() {
    let it = depending(Ok(Some(says(AlarmState::Alarm, 900))));
    assert!(matches!(it.held_because(), Hold::Dependency(moves) if matches!(moves.said, AlarmsSay::InAlarm { .. })));
    let it = depending(Ok(Some(says(AlarmState::Ok, 900))));
    assert!(matches!(it.held_because(), Hold::Dependency(moves) if moves.until == at(1200)));
    assert!(matches!(it.decide(), Decision::Hold { until, .. } if until == at(1060)));
    assert!(depending(Ok(Some(says(AlarmState::Ok, 700)))).is_acting(), "it has settled");
}

#[test]
fn what_can_not_be_read_holds_nobody_by_itself() {
    for read in [Err("Throttling".to_owned()), Ok(None), Ok(Some(says(AlarmState::InsufficientData, 900)))] {
        assert!(depending(read.clone()).is_acting(), "{read:?}");
    }
}

#[test]
fn what_its_machine_says_or_aws_announces_holds_whatever_it_depends_on() {
    let impaired = Checks::Impaired { checks: "reachability".into(), since: None };
    let mut it = depending(Ok(Some(says(AlarmState::Alarm, 900))));
    let machine = Machine { state: "running".into(), checks: impaired, started_at: None, ends_at: None };
    it.seen.machines.insert(instance(1), machine.clone());
    assert!(it.is_acting(), "its status checks fail: {}", it.decide());
    let passes = Machine { checks: Checks::Passed, ..machine };
    it.seen.machines.insert(instance(1), passes.clone());
    assert!(matches!(it.held_because(), Hold::Dependency(_)));
    it.seen.machines.insert(instance(1), Machine { state: "stopped".into(), ..passes });
    assert!(!matches!(it.held_because(), Hold::Dependency(_)), "{}", it.decide());
}

#[test]
fn who_is_one_of_too_many_is_held_for_that_and_the_page_goes_out_all_the_same() {
    let mut it = depending(Ok(Some(says(AlarmState::Alarm, 900))));
    (2..=4).for_each(|number| it.target(number, Some(sick())));
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::TooManyUnhealthy(_))), "{}", it.decide());
}

#[test]
fn it_is_held_for_half_an_hour_in_two_and_then_the_other_guards_decide() {
    let mut it = depending(Ok(Some(says(AlarmState::Alarm, 900))));
    let mut held = 0;
    for _ in 0..30 {
        assert!(matches!(it.looks(), Decision::Hold { because: Hold::Dependency(_), .. }), "{}", it.decide());
        held += 1;
        it.now += SignedDuration::from_mins(1);
    }
    assert!(it.is_acting(), "{}", it.decide());
    it.around.limits.memory = it.around.limits.memory.acknowledged();
    assert!(it.is_acting(), "a person's answer gives no more of it");
    assert_eq!(held, 30);
}

#[test]
fn an_unread_answer_ends_no_hold_and_renews_none() {
    let mut it = depending(Ok(Some(says(AlarmState::Alarm, 900))));
    it.looks();
    it.seen.dependencies.insert(orders_db(), Err("Throttling".to_owned()));
    for _ in 0..5 {
        assert!(matches!(it.looks(), Decision::Hold { because: Hold::Dependency(_), .. }), "{}", it.decide());
        it.now += SignedDuration::from_mins(1);
    }
    assert!(it.is_acting());
}

#[test]
fn who_waits_for_it_too_long_has_a_person_asked() {
    let mut it = depending(Ok(Some(says(AlarmState::Alarm, 900))));
    it.now += waiting::TIMES.max_wait;
    let Decision::Page(Page::Waited { holds, why, .. }) = it.decide() else { panic!("{}", it.decide()) };
    assert_eq!(holds, ["dependency"]);
    assert!(why.contains("orders-db"), "{why}");
}

fn read(it: &Situation) -> Result<Observation, Unavailable> {
    let aws = Large::of(&it.seen);
    let observer = Observer { aws: &aws, checks: &aws, policy: &it.policy.instances };
    let groups: Vec<Group> = it.seen.group.iter().cloned().collect();
    let asked = groups.iter().map(|group| group.name.clone()).collect();
    let prefetch = Prefetch { groups, asked, change: None };
    observer.observe(prefetch, &it.incident).now_or_never().expect("nothing here waits")
}

#[test]
fn the_alarms_of_what_it_depends_on_are_read_beside_its_own_until_something_was_done() {
    let mut it = depending(Ok(Some(says(AlarmState::Alarm, 900))));
    it.seen.alarms.insert(orders_db(), Ok(Some(says(AlarmState::Alarm, 900))));
    let seen = read(&it).unwrap();
    assert_eq!(seen.dependencies, [(orders_db(), Ok(Some(says(AlarmState::Alarm, 900))))].into());
    assert_eq!(seen.alarms.len(), 1, "it speaks of no instance: {:?}", seen.alarms);
    it.seen.dependencies.clear();
    let (unknown, done) = (Outcome::Unknown { why: "Throttling".into() }, Outcome::Done);
    it.acted(Some(unknown));
    assert_eq!(read(&it).unwrap().dependencies.len(), 1, "it would be tried again");
    it.incident = it.incident.settle(it.now, done);
    assert!(read(&it).unwrap().dependencies.is_empty());
}
