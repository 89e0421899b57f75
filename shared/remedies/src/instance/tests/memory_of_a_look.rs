//! What a look at a marked group answers from memory: as long as it is fresh, never past an effect, and never without saying how old.

use std::sync::Mutex;

use futures_util::FutureExt;
use homeostat_core::aws::alarm::AlarmChange;
use homeostat_core::id::{GroupName, Scope};
use homeostat_core::ports::{Clock, DueHint, DueMark, DueTrigger};

use super::reading::Large;
use super::*;
use crate::instance::once::Once;
use crate::instance::survey::wants_alarms;
use crate::instance::{Fleet, Observer, Replace, ahead};

struct Hand(Mutex<Timestamp>);

impl Hand {
    fn moves_to(&self, second: i64) {
        *self.0.lock().unwrap() = at(second);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
    async fn back_off(&self, _: u32) {}
    async fn wait(&self, _: SignedDuration) {}
}

impl Replace for Large {
    async fn replace(&self, _: &InstanceId) -> Outcome {
        Outcome::Done
    }
    async fn mark_unhealthy(&self, _: &InstanceId) -> Outcome {
        Outcome::Done
    }
}

fn web() -> GroupName {
    "web".parse().unwrap()
}

/// Looks at the marked group of a situation, with what was read ahead at second 0.
fn look(then: impl FnOnce(&Once<'_, Large, Large, Hand>, &Hand, &Large)) {
    let it = situation();
    let (aws, clock) = (Large::of(&it.seen), Hand(Mutex::new(at(0))));
    let observer = Observer { aws: &aws, checks: &aws, policy: &it.policy.instances };
    let alarm = it.seen.alarms.keys().next().unwrap().clone();
    let why = DueTrigger::Alarm(AlarmChange { alarm, contributor: None, changed_at: at(0) });
    let mark = DueMark::new(Scope::of_group(&web()), at(0)).with(&[DueHint { subject: subject(1), why }]).unwrap();
    let (ahead, calls) = ahead::read(&observer, &clock, std::slice::from_ref(&mark)).now_or_never().unwrap();
    assert_eq!(calls.iter().map(|(_, count)| count).sum::<usize>(), 2, "its group, and its alarm");
    then(&ahead.over(&aws, &aws, &clock, &web(), &mark), &clock, &aws);
}

fn times_read(aws: &Large) -> usize {
    aws.asked.lock().unwrap().len()
}

#[test]
fn what_was_read_ahead_is_not_read_again_and_says_how_old_it_is() {
    look(|once, clock, aws| {
        clock.moves_to(4);
        assert_eq!(once.groups(&[web()]).now_or_never().unwrap().unwrap().len(), 1);
        assert_eq!((times_read(aws), once.oldest_answer()), (1, Some(at(0))));
        assert_eq!(once.oldest_answer(), None, "it is said once, for one look");
    });
}

#[test]
fn what_is_no_longer_fresh_is_read_again() {
    look(|once, clock, aws| {
        clock.moves_to(6);
        once.groups(&[web()]).now_or_never().unwrap().unwrap();
        assert_eq!((times_read(aws), once.oldest_answer()), (2, None));
    });
}

#[test]
fn after_an_effect_nothing_of_the_group_is_answered_from_memory() {
    look(|once, _, aws| {
        once.replace(&instance(1)).now_or_never().unwrap();
        once.groups(&[web()]).now_or_never().unwrap().unwrap();
        assert_eq!(times_read(aws), 2);
    });
}

#[test]
fn the_list_of_alarms_matters_unless_other_evidence_calls_everybody_healthy() {
    for (health, matters) in [
        (Some(TargetHealth::Healthy), false),
        (Some(TargetHealth::Initial), true),
        (Some(TargetHealth::Other { state: "draining".into() }), true),
        (None, true),
    ] {
        let mut it = situation();
        it.policy("evidence = [\"alarm\", \"target-health\"]");
        let all: Vec<InstanceId> = it.group().members.iter().map(|member| member.id.clone()).collect();
        for healths in it.seen.targets.values_mut() {
            healths.extend(all.iter().map(|id| (id.clone(), TargetHealth::Healthy)));
        }
        it.target(1, health.clone());
        let policy = it.policy.instances.group(&web()).unwrap();
        assert_eq!(wants_alarms(policy, &it.seen), matters, "{health:?}");
    }
}
