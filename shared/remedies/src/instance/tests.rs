//! The ladder, rung by rung: mostly what must not lead to an act.

mod alarms;
mod dependency;
mod dropped;
mod group_states;
mod guards;
mod held;
mod incident;
mod large;
mod lying;
mod memory_of_a_look;
mod notices;
mod parked;
mod prospects;
mod reading;
mod recovering;
mod serving;
mod shared_budget;
mod shrinking;
mod timeline;
mod waiting;
mod weights;

use std::collections::BTreeMap;

use homeostat_core::aws::Read;
use homeostat_core::aws::alarm::{AlarmReading, AlarmState};
use homeostat_core::aws::fleet::{Group, Launches, Lifecycle, Member, Resized, TargetHealth};
use homeostat_core::aws::units::{Unit, Units};
use homeostat_core::id::{AlarmArn, InstanceId, Subject, TargetGroupArn};
use homeostat_core::incident::{Acknowledgement, Alarms, Gone, Verdict};
use homeostat_core::ports::{Outcome, Pause};
use homeostat_core::reconcile::in_time;
use jiff::{SignedDuration, Timestamp};

use super::observation::Observation;
use super::{decide, remembering};
use crate::instance::kind::InstanceKind;
use crate::instance::reasons::{Circumstances, Close, Crowd, Decision, Hold, Incident, Page};
use crate::instance::reasons::{HoldReason, PageReason};
use crate::policy::{self, Policy};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn instance(number: u8) -> InstanceId {
    format!("i-{number:017x}").parse().unwrap()
}

fn subject(number: u8) -> Subject {
    Subject::of_instance("eu-west-1".parse().unwrap(), &instance(number))
}

fn member(number: u8) -> Member {
    Member {
        id: instance(number),
        lifecycle: Lifecycle("InService".into()),
        healthy: true,
        protected: false,
        units: Some(Units::ONE_INSTANCE),
        launched_from: Some("lt-1:7".into()),
    }
}

fn sick() -> TargetHealth {
    TargetHealth::Unhealthy { reason: "Target.FailedHealthChecks".into() }
}

/// An alarm that calls the first instance sick.
fn red(arn: AlarmArn) -> AlarmReading {
    AlarmReading {
        arn,
        state: AlarmState::Alarm,
        since: at(990),
        reason: "Threshold Crossed".into(),
        actions_enabled: true,
        instances: vec![instance(1)],
    }
}

/// Four instances of which the first is sick beyond doubt, with nothing that speaks against replacing it.
struct Situation {
    now: Timestamp,
    incident: Incident,
    seen: Observation,
    around: Circumstances,
    policy: Policy,
}

fn situation() -> Situation {
    let arn: TargetGroupArn =
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef".parse().unwrap();
    let members = (1..=4).map(member);
    let targets = (1..=4).map(|number| (instance(number), if number == 1 { sick() } else { TargetHealth::Healthy }));
    let group = Group {
        name: "web".parse().unwrap(),
        desired: Units::new(4),
        unit: Unit::Instances,
        members: members.collect(),
        target_groups: vec![arn.clone()],
        grace: SignedDuration::ZERO,
        suspended: Vec::new(),
        launches_from: ["lt-1:7".to_owned()].into(),
        launches_first: false,
        rebalances: false,
        status: None,
        tags: BTreeMap::new(),
    };
    let alarm: AlarmArn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1".parse().unwrap();
    let kind = InstanceKind::Instance {
        group: group.name.clone(),
        alarms: [alarm.clone()].into_iter().collect(),
        notice: None,
        gone: Gone::default(),
    };
    let text = "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\", \"target-health\"]\n\
                grace = \"5m\"\ncheck-every = \"1m\"\nstable-for = \"2m\"\nrecover-within = \"15m\"\n";
    Situation {
        now: at(1000),
        incident: Incident::new(subject(1), kind, at(990), at(1000)).judged(at(1000), Verdict::Unhealthy),
        seen: Observation {
            group: Some(group),
            alarms: [(alarm.clone(), Ok(Some(red(alarm))))].into(),
            targets: [(arn, targets.collect())].into(),
            launches: Launches {
                known: (1..=4).map(|number| (instance(number), at(0))).collect(),
                // Tests take members away without a word of it.
                changes: vec![(at(1_000_000), Resized::Pending)],
                ..Launches::default()
            },
            ..Observation::default()
        },
        around: Circumstances::default(),
        policy: policy::parse(text).unwrap(),
    }
}

impl Situation {
    fn group(&mut self) -> &mut Group {
        self.seen.group.as_mut().unwrap()
    }

    fn alarm(&mut self) -> &mut AlarmReading {
        self.seen.alarms.values_mut().next().unwrap().as_mut().unwrap().as_mut().unwrap()
    }

    fn target(&mut self, number: u8, health: Option<TargetHealth>) {
        let targets = self.seen.targets.values_mut().next().unwrap();
        match health {
            Some(health) => _ = targets.insert(instance(number), health),
            None => _ = targets.remove(&instance(number)),
        }
    }

    /// As it is after an act that was answered with `outcome`, at once.
    fn acted(&mut self, outcome: Option<Outcome>) {
        let decision = self.decide();
        let Decision::Act { step, .. } = &decision else { panic!("{decision:?}") };
        let acting = self.incident.intend(self.now, step, &decision);
        self.incident = match outcome {
            Some(outcome) => acting.settle(self.now, outcome),
            None => acting,
        };
        self.around.limits.slots.holders.insert(subject(1), self.now);
    }

    /// The sick instance is gone, and a healthy one is in its place.
    fn replaced(&mut self) {
        self.group().members.remove(0);
        let newcomer = member(5);
        self.group().members.push(newcomer);
        self.target(1, None);
        self.target(5, Some(TargetHealth::Healthy));
    }

    fn decide(&self) -> Decision {
        let group = self.policy.instances.group(self.incident.kind.group());
        let verdict = group.map(|group| decide::verdict(self.now, &self.incident, &self.seen, group));
        let incident = self.incident.clone().judged(self.now, verdict.unwrap_or_default());
        let decision = decide(self.now, &incident, &self.seen, &self.around, group);
        let rungs = decide::rungs(self.now, &incident, &self.seen, &self.around, group);
        // All that decides is a rung, and whoever is past the last one acts.
        let is_at_the_top = rungs.iter().all(|rung| rung.passed == Some(true));
        assert!(!rungs.is_empty());
        assert_eq!(is_at_the_top, matches!(decision, Decision::Act { .. }), "{decision}: {rungs:?}");
        in_time(self.now, &incident, decision, &waiting::TIMES)
    }

    fn held_because(&self) -> Hold {
        match self.decide() {
            Decision::Hold { because, .. } => because,
            other => panic!("{other:?}"),
        }
    }

    fn is_acting(&self) -> bool {
        matches!(self.decide(), Decision::Act { .. })
    }
}

/// Changes one thing and expects that nothing is done because of `reason`.
fn should_hold(change: impl FnOnce(&mut Situation), reason: impl FnOnce(&Hold) -> bool) {
    let mut situation = situation();
    assert!(situation.is_acting(), "the situation itself must lead to an act");
    change(&mut situation);
    let because = situation.held_because();
    assert!(reason(&because), "{because:?}");
}

#[test]
fn a_sick_instance_is_replaced_with_both_proofs_named() {
    let Decision::Act { step, because } = situation().decide() else { panic!() };
    assert_eq!(because.len(), 2);
    assert!(step.to_string().contains("i-00000000000000001 in group web"), "{step}");
}

#[test]
fn a_pause_comes_before_every_other_reason() {
    let pause = Pause { scope: "all".into(), by: "ana".into(), reason: "migration".into(), until: at(2000) };
    should_hold(
        |it| {
            it.around.limits.pauses.push(pause);
            it.alarm().actions_enabled = false;
        },
        |hold| matches!(hold, Hold::Paused { by, .. } if by == "ana"),
    );
}

#[test]
fn a_pause_that_ended_holds_nothing() {
    let mut it = situation();
    it.around.limits.pauses.push(Pause { scope: "all".into(), by: "ana".into(), reason: "x".into(), until: at(1000) });
    assert!(it.is_acting());
}

#[test]
fn an_alarm_whose_actions_are_disabled_is_not_acted_on() {
    should_hold(
        |it| it.alarm().actions_enabled = false,
        |hold| matches!(hold, Hold::Own(HoldReason::ActionsDisabled { .. })),
    );
}

#[test]
fn a_target_that_is_not_unhealthy_confirms_nothing() {
    for health in [
        Some(TargetHealth::Healthy),
        Some(TargetHealth::Initial),
        Some(TargetHealth::Other { state: "draining".into() }),
        None,
    ] {
        should_hold(|it| it.target(1, health), |hold| matches!(hold, Hold::Own(HoldReason::NotConfirmed { .. })));
    }
}

#[test]
fn an_event_whose_alarm_says_otherwise_when_re_read_opens_nothing() {
    let changes: [fn(&mut Situation); 5] = [
        |it| it.alarm().state = AlarmState::Ok,
        |it| it.alarm().state = AlarmState::InsufficientData,
        |it| it.alarm().instances = vec![instance(2)],
        |it| it.alarm().instances = vec![instance(1), instance(2)],
        Situation::lose_alarm,
    ];
    for change in changes {
        let mut it = situation();
        change(&mut it);
        assert!(
            matches!(it.held_because(), Hold::Own(HoldReason::NotConfirmed { .. })),
            "its target is unhealthy: hold and tell"
        );
        it.target(1, Some(TargetHealth::Healthy));
        assert!(matches!(it.decide(), Decision::Close(Close::NothingWrong { .. })), "{:?}", it.decide());
    }
}

#[test]
fn an_open_incident_is_not_closed_for_lack_of_data() {
    let changes: [fn(&mut Situation); 2] =
        [|it| it.alarm().state = AlarmState::InsufficientData, Situation::lose_alarm];
    for change in changes {
        let mut it = situation();
        it.incident = it.incident.hold(it.now, it.now, &Hold::InFlight);
        change(&mut it);
        assert!(matches!(it.held_because(), Hold::Own(HoldReason::NotConfirmed { .. })));
    }
}

#[test]
fn an_instance_in_its_grace_period_is_left_alone_and_looked_at_right_after_it() {
    let mut it = situation();
    _ = it.seen.launches.known.insert(instance(1), at(900));
    let Decision::Hold { until, because: Hold::Own(HoldReason::Grace { .. }) } = it.decide() else {
        panic!("{:?}", it.decide())
    };
    assert_eq!(until, at(1060), "no later than any other look");
    it.now = at(1199);
    let Decision::Hold { until, because: Hold::Own(HoldReason::Grace { .. }) } = it.decide() else {
        panic!("{:?}", it.decide())
    };
    assert_eq!(until, at(1200));
    it.now = until;
    assert!(it.is_acting());
}

#[test]
fn the_groups_own_grace_period_counts_if_it_is_longer() {
    should_hold(
        |it| it.group().grace = SignedDuration::from_mins(30),
        |hold| matches!(hold, Hold::Own(HoldReason::Grace { .. })),
    );
}

#[test]
fn an_instance_older_than_all_records_is_past_its_grace() {
    let mut it = situation();
    it.seen.launches.known.clear();
    assert!(it.is_acting());
}

#[test]
fn only_in_service_is_ours_to_touch() {
    for state in ["Pending", "Pending:Wait", "Standby", "EnteringStandby", "Warmed:Stopped", "Quarantined"] {
        should_hold(
            |it| it.group().members[0].lifecycle = Lifecycle(state.into()),
            |hold| matches!(hold, Hold::Own(HoldReason::NotInService { lifecycle }) if lifecycle == state),
        );
    }
}

#[test]
fn an_instance_that_is_leaving_anyway_is_no_case() {
    for state in ["Terminating", "Terminating:Wait", "Terminated", "Detaching"] {
        let mut it = situation();
        it.group().members[0].lifecycle = Lifecycle(state.into());
        assert!(matches!(it.decide(), Decision::Close(Close::NothingWrong { .. })), "{state}: {:?}", it.decide());
    }
}

#[test]
fn the_budget_counts_slots_of_others_and_members_that_are_missing_or_starting() {
    let changes: [fn(&mut Situation); 7] = [
        |it| it.target(3, Some(TargetHealth::Other { state: "draining".into() })),
        |it| it.group().members[2].healthy = false,
        |it| {
            it.target(3, Some(sick()));
            _ = it.seen.launches.known.insert(instance(3), at(900));
        },
        |it| _ = it.around.limits.slots.holders.insert(subject(9), at(1)),
        |it| _ = it.group().members.remove(3),
        |it| it.target(3, Some(TargetHealth::Initial)),
        |it| it.group().members[2].lifecycle = Lifecycle("Pending".into()),
    ];
    for change in changes {
        should_hold(change, |hold| matches!(hold, Hold::Budget { taken: 1, slots: 1, .. }));
    }
}

#[test]
fn a_replacement_that_a_slot_accounts_for_is_not_counted_twice() {
    let mut it = situation();
    it.policy =
        policy::parse("schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\nbudget = 2\n")
            .unwrap();
    it.around.limits.slots.holders.insert(subject(9), at(1));
    it.group().members.pop();
    assert!(it.is_acting(), "1 of 2 is out: {:?}", it.decide());
}

#[test]
fn a_slot_whose_instance_is_still_in_service_does_not_account_for_another_that_is_missing() {
    let mut it = situation();
    let text = "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\nbudget = 2\n";
    it.policy = policy::parse(text).unwrap();
    it.around.limits.slots.holders.insert(subject(2), at(1));
    it.group().members.pop();
    assert!(matches!(it.held_because(), Hold::Budget { taken: 2, slots: 2, .. }), "{:?}", it.decide());
}

#[test]
fn an_instance_whose_launch_may_be_among_unread_records_is_in_its_grace_period() {
    should_hold(
        |it| it.seen.launches = Launches { others_before: Some(at(900)), ..Launches::default() },
        |hold| matches!(hold, Hold::Own(HoldReason::Grace { .. })),
    );
}

#[test]
fn a_sick_member_on_which_nobody_acted_takes_no_slot() {
    let mut it = situation();
    it.target(2, Some(sick()));
    assert!(it.is_acting(), "{:?}", it.decide());
}

#[test]
fn its_own_slot_does_not_keep_an_incident_from_trying_again() {
    let mut it = situation();
    it.acted(Some(Outcome::Unknown { why: "cut".into() }));
    assert!(matches!(it.held_because(), Hold::OutcomeUnknown { .. }), "within the lease it only looks");
    it.now = it.incident.intent.as_ref().unwrap().until;
    assert!(it.is_acting(), "{:?}", it.decide());
}

#[test]
fn nobody_acts_while_another_holds_the_lease() {
    let mut it = situation();
    it.acted(None);
    assert_eq!(it.held_because(), Hold::InFlight);
}

#[test]
fn a_refused_call_is_paged_and_never_tried_again() {
    let mut it = situation();
    it.acted(Some(Outcome::Refused { why: "AccessDenied".into() }));
    let Decision::Page(because @ Page::Refused { .. }) = it.decide() else { panic!("{:?}", it.decide()) };
    it.incident = it.incident.page(it.now, it.now, &because);
    it.now = at(99_000);
    assert_eq!(it.decide(), Decision::Page(because));
}
