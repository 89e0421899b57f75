//! What the whole group is like: a target group that is gone, processes that are suspended, a group that is parked.

use homeostat_core::aws::fleet::{Checks, Machine};
use homeostat_core::signal::{Notice, NoticeKind};

use super::*;
use crate::instance::reasons::{Attached, GroupState, HoldReason, PageReason};
use crate::instance::{Promise, group_state, whole_group};

impl Situation {
    pub(super) fn as_group(&mut self) {
        let subject = Subject::of_group("eu-west-1".parse().unwrap(), &"web".parse().unwrap());
        let kind = InstanceKind::Group { group: "web".parse().unwrap(), notice: None, gone: Gone::default() };
        self.incident = Incident::new(subject, kind, self.now, self.now);
    }

    /// One look at the group, as the loop writes it down.
    pub(super) fn group_look(&mut self) -> Decision {
        let policy = self.policy.instances.group(&"web".parse().unwrap());
        let incident = remembering::absorb_group(self.now, self.incident.clone(), &self.seen, policy);
        let is_accused = !group_state::accused(self.now, &self.seen, policy.unwrap()).is_empty();
        self.incident = incident.judged(self.now, if is_accused { Verdict::Suspected } else { Verdict::Unknown });
        let decision = whole_group::decide(self.now, &self.incident, &self.seen, &self.around, policy);
        let rungs = whole_group::rungs(self.now, &self.incident, &self.seen, &self.around, policy);
        let is_at_the_top = rungs.iter().all(|rung| rung.passed == Some(true));
        assert!(!rungs.is_empty());
        assert!(!is_at_the_top || matches!(decision, Decision::Close(_)), "{decision}: {rungs:?}");
        let decision = in_time(self.now, &self.incident, decision, &waiting::TIMES);
        self.incident = match &decision {
            Decision::Hold { until, because } => self.incident.hold(self.now, *until, because),
            Decision::Page(page) => self.incident.page(self.now, self.now, page),
            Decision::Close(close) => self.incident.close(self.now, close),
            Decision::Act { .. } => panic!("{decision}"),
        };
        decision
    }

    pub(super) fn second_target_group_is_gone(&mut self) {
        let arn: TargetGroupArn =
            "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/old/0123456789abcdef".parse().unwrap();
        self.group().target_groups.push(arn.clone());
        self.seen.gone.push(arn);
    }

    pub(super) fn machines(&mut self, state: &str) {
        let machine = |number| {
            (instance(number), Machine { state: state.into(), checks: Checks::Passed, started_at: None, ends_at: None })
        };
        self.seen.machines = (1..=4).map(machine).collect();
    }

    pub(super) fn suspend(&mut self, processes: &[&str]) {
        self.group().suspended = processes.iter().map(|process| (*process).to_owned()).collect();
    }
}

pub(super) const ALL: [&str; 9] = [
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
];

#[test]
fn a_target_group_that_is_gone_hides_no_other_and_nothing_is_taken_out_that_would_not_come_back() {
    let mut it = situation();
    it.second_target_group_is_gone();
    it.look_at(1000);
    it.look_at(1120);
    let Hold::Own(HoldReason::GroupState(GroupState::TargetGroupGone(Attached { target_groups, .. }))) =
        it.held_because()
    else {
        panic!("{}", it.decide())
    };
    assert_eq!(target_groups, it.seen.gone);
    it.target(1, Some(TargetHealth::Healthy));
    assert!(
        matches!(it.held_because(), Hold::Own(HoldReason::NotConfirmed { .. })),
        "the other one still counts: {}",
        it.decide()
    );
    it.incident = it.incident.hold(it.now, it.now, &Hold::InFlight);
    it.target(1, Some(sick()));
    it.now += SignedDuration::from_hours(1);
    assert!(matches!(it.decide(), Decision::Page(Page::Waited { .. })), "{}", it.decide());
}

#[test]
fn a_target_group_is_gone_only_once_a_second_look_a_dwell_later_agrees_and_since_the_first() {
    let mut it = situation();
    it.second_target_group_is_gone();
    for second in [1000, 1060] {
        let Decision::Hold { because, .. } = it.look_at(second) else { panic!("{:?}", it.incident.decision) };
        let is_missing = matches!(because, Hold::Own(HoldReason::GroupState(GroupState::TargetGroupMissing(_))));
        assert!(is_missing && it.incident.notify_seq == 0, "whether it exists isn't known yet: {because}");
    }
    for second in [1120, 1180, 1240] {
        let Decision::Hold { because: Hold::Own(HoldReason::GroupState(GroupState::TargetGroupGone(gone))), .. } =
            it.look_at(second)
        else {
            panic!("{:?}", it.incident.decision)
        };
        assert_eq!(gone.since, at(1000), "at {second}");
    }
    it.seen.gone.clear();
    it.group().target_groups.pop();
    it.now = at(1300);
    it.absorbed();
    assert!(it.is_acting(), "{}", it.decide());
}

#[test]
fn a_target_group_that_was_gone_for_one_look_holds_for_that_look_alone() {
    let mut it = situation();
    it.second_target_group_is_gone();
    it.look_at(1000);
    let gone = std::mem::take(&mut it.seen.gone);
    it.now = at(1060);
    it.absorbed();
    assert!(it.is_acting(), "{}", it.decide());
    it.seen.gone = gone;
    let Decision::Hold { because: Hold::Own(HoldReason::GroupState(GroupState::TargetGroupMissing(_))), .. } =
        it.look_at(1200)
    else {
        panic!("counted anew: {:?}", it.incident.decision)
    };
}

#[test]
fn a_recovery_does_not_wait_for_a_target_group_that_is_gone() {
    let mut it = situation();
    it.acted(Some(Outcome::Done));
    it.replaced();
    it.second_target_group_is_gone();
    assert!(matches!(it.held_because(), Hold::Proving { .. }), "{}", it.decide());
}

#[test]
fn a_target_group_that_is_gone_is_paged_once_a_second_look_a_dwell_later_agrees() {
    let mut it = situation();
    it.as_group();
    it.second_target_group_is_gone();
    assert!(matches!(it.group_look(), Decision::Hold { .. }));
    it.now += SignedDuration::from_secs(119);
    assert!(matches!(it.group_look(), Decision::Hold { .. }));
    it.now += SignedDuration::from_secs(1);
    let Decision::Page(page @ Page::Own(PageReason::TargetGroupGone(_))) = it.group_look() else {
        panic!("{:?}", it.incident.decision)
    };
    assert!(page.to_string().contains("targetgroup/old/0123456789abcdef"), "{page}");
    let told = it.incident.notify_seq;
    it.now += SignedDuration::from_mins(5);
    assert_eq!((it.group_look(), it.incident.notify_seq), (Decision::Page(page), told), "it is no news");
    it.seen.gone.clear();
    assert!(matches!(it.group_look(), Decision::Hold { because: Hold::Proving { .. }, .. }));
    it.now += SignedDuration::from_mins(2);
    assert!(matches!(it.group_look(), Decision::Close(_)));
}

#[test]
fn a_target_group_that_was_gone_for_one_look_is_nothing() {
    let mut it = situation();
    it.as_group();
    it.second_target_group_is_gone();
    assert!(matches!(it.group_look(), Decision::Hold { .. }));
    it.seen.gone.clear();
    it.now += SignedDuration::from_mins(2);
    it.group_look();
    it.now += SignedDuration::from_mins(2);
    assert!(matches!(it.group_look(), Decision::Close(_)), "{:?}", it.incident.decision);
}

#[test]
fn a_dwell_time_of_nothing_still_takes_a_second_look() {
    let mut it = situation();
    let text = "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\nstable-for = \"0s\"\n";
    it.policy = policy::parse(text).unwrap();
    it.as_group();
    it.second_target_group_is_gone();
    assert!(matches!(it.group_look(), Decision::Hold { .. }));
    it.now += SignedDuration::from_secs(30);
    assert!(matches!(it.group_look(), Decision::Page(_)));
}

#[test]
fn nothing_is_replaced_that_would_get_no_traffic() {
    should_hold(
        |it| it.suspend(&["AddToLoadBalancer"]),
        |hold| matches!(hold, Hold::Own(HoldReason::Suspended { processes }) if processes == &["AddToLoadBalancer"]),
    );
    let mut it = situation();
    it.policy = policy::parse(
        "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\n",
    )
    .unwrap();
    it.seen.targets.clear();
    it.group().target_groups.clear();
    it.suspend(&["AddToLoadBalancer"]);
    assert!(it.is_acting(), "without a target group nothing needs it: {}", it.decide());
}

#[test]
fn each_promise_takes_its_own_processes() {
    for (promise, process, takes) in [
        (Promise::Replace, "HealthCheck", false),
        (Promise::Replace, "ReplaceUnhealthy", true),
        (Promise::ReplaceMarked, "HealthCheck", false),
        (Promise::ReplaceStopped, "HealthCheck", true),
        (Promise::Rebalance, "ReplaceUnhealthy", false),
        (Promise::Rebalance, "Terminate", true),
        (Promise::Rebalance, "AddToLoadBalancer", true),
        (Promise::Replace, "AZRebalance", false),
        (Promise::ReplaceStopped, "AlarmNotification", false),
    ] {
        let mut it = situation();
        it.suspend(&[process]);
        assert_eq!(!promise.suspended(it.group()).is_empty(), takes, "{promise:?}: {process}");
    }
}

/// It doesn't run, and that is all that is known of it.
pub(super) fn stopped() -> Situation {
    let mut it = situation();
    let notice = Some(Notice { what: NoticeKind::NotRunning { state: "stopped".into() }, at: at(1000), by: None });
    let kind = InstanceKind::Instance {
        group: "web".parse().unwrap(),
        alarms: Alarms::default(),
        notice,
        gone: Gone::default(),
    };
    it.incident = Incident::new(subject(1), kind, at(1000), at(1000));
    it.seen.alarms.clear();
    it.target(1, Some(TargetHealth::Healthy));
    it.machines("running");
    it.seen.machines.get_mut(&instance(1)).unwrap().state = "stopped".into();
    it
}

#[test]
fn what_does_not_run_is_left_to_a_group_only_if_it_looks() {
    assert!(matches!(stopped().held_because(), Hold::Own(HoldReason::GroupReplaces { .. })), "{}", stopped().decide());
    let mut it = stopped();
    it.suspend(&["HealthCheck"]);
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::Suspended { .. })), "{}", it.decide());
    it.absorbed();
    it.incident = it.incident.hold(it.now, it.now, &it.held_because());
    it.now += SignedDuration::from_hours(1);
    let Decision::Page(page @ Page::Waited { .. }) = it.decide() else { panic!("{}", it.decide()) };
    assert!(page.to_string().contains("HealthCheck"), "{page}");
    // Whoever is unhealthy by the policy's own evidence waits for no health check of the group.
    let mut it = situation();
    it.suspend(&["HealthCheck"]);
    assert!(it.is_acting(), "{}", it.decide());
}

/// The group's only target group has no listener: it checks nobody.
pub(super) fn without_listener(evidence: &str) -> Situation {
    let mut it = situation();
    it.policy(&format!("evidence = [{evidence}]\nmax-wait = \"1h\""));
    it.seen.targets.clear();
    let mut reds = vec![it.alarm().clone()];
    for number in 2..=4 {
        let arn: AlarmArn = format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-{number}").parse().unwrap();
        reds.push(AlarmReading { instances: vec![instance(number)], ..red(arn) });
    }
    it.seen.in_alarm = reds;
    it
}

#[test]
fn where_nothing_checks_a_group_its_alarms_are_one_page_of_the_group_and_none_of_its_instances() {
    for evidence in ["\"alarm\", \"target-health\"", "\"target-health\""] {
        let mut it = without_listener(evidence);
        for second in [1000, 4600, 9000] {
            let Decision::Hold { because: Hold::Own(HoldReason::GroupState(GroupState::Unchecked { .. })), .. } =
                it.look_at(second)
            else {
                panic!("{:?}", it.incident.decision)
            };
        }
        let mut it = without_listener(evidence);
        it.as_group();
        for second in [1000, 1060, 1000 + 3599] {
            it.now = at(second);
            assert!(matches!(it.group_look(), Decision::Hold { .. }), "{:?}", it.incident.decision);
        }
        it.now = at(1000 + 3600);
        let Decision::Page(page @ Page::Waited { .. }) = it.group_look() else { panic!("{:?}", it.incident.decision) };
        assert!(page.to_string().contains("i-00000000000000001 and i-00000000000000002"), "{page}");
        let told = it.incident.notify_seq;
        for second in [5000, 6000] {
            it.now = at(second);
            it.group_look();
        }
        assert_eq!(it.incident.notify_seq, told, "once");
        it.seen.in_alarm.clear();
        it.now = at(7000);
        assert!(matches!(it.group_look(), Decision::Hold { because: Hold::Proving { .. }, .. }));
        it.now = at(7200);
        assert!(matches!(it.group_look(), Decision::Close(_)), "{:?}", it.incident.decision);
    }
}

#[test]
fn an_alarm_that_blinks_should_not_page_for_a_group_that_nothing_checks() {
    let mut it = without_listener("\"alarm\", \"target-health\"");
    it.as_group();
    let reds = it.seen.in_alarm.clone();
    for minute in 0..240 {
        it.now = at(1000 + minute * 60);
        it.seen.in_alarm = if minute % 30 < 20 { reds.clone() } else { Vec::new() };
        it.seen.is_unlisted = minute % 7 == 0 && minute % 30 < 20;
        if it.seen.is_unlisted {
            it.seen.in_alarm.clear();
        }
        assert!(!matches!(it.group_look(), Decision::Page(_)), "{:?}", it.incident.decision);
        if it.incident.closed_at.is_some() {
            it.as_group();
        }
    }
}

#[test]
fn whom_nothing_checks_and_its_alarm_calls_unhealthy_is_paged_in_time_and_forgotten_when_it_is_ok() {
    let unregistered = || {
        let mut it = situation();
        it.policy("evidence = [\"target-health\"]\nmax-wait = \"1h\"");
        it.target(1, None);
        it
    };
    let mut it = unregistered();
    for second in [1000, 1000 + 3599] {
        assert!(matches!(
            it.look_at(second),
            Decision::Hold { because: Hold::Own(HoldReason::NotConfirmed { .. }), .. }
        ));
    }
    assert!(matches!(it.look_at(1000 + 3600), Decision::Page(Page::Waited { .. })), "{:?}", it.incident.decision);
    let mut it = unregistered();
    it.look_at(1000);
    it.alarm().state = AlarmState::Ok;
    for second in [1060, 1000 + 3599] {
        assert!(matches!(
            it.look_at(second),
            Decision::Hold { because: Hold::Own(HoldReason::NotConfirmed { .. }), .. }
        ));
    }
    assert!(matches!(it.look_at(1000 + 3600), Decision::Close(_)), "{:?}", it.incident.decision);
}

#[test]
fn whoever_was_stopped_and_started_again_boots_however_long_ago_it_was_launched() {
    let started = |number: u8, second: i64| {
        let machine =
            Machine { state: "running".into(), checks: Checks::Passed, started_at: Some(at(second)), ends_at: None };
        (instance(number), machine)
    };
    should_hold(
        |it| it.seen.machines = [started(1, 800)].into(),
        |hold| matches!(hold, Hold::Own(HoldReason::Grace { started, .. }) if *started == at(800)),
    );
    should_hold(
        |it| {
            it.seen.launches = Launches::default();
            it.seen.machines = [started(1, 800)].into();
        },
        |hold| matches!(hold, Hold::Own(HoldReason::Grace { .. })),
    );
    let mut it = situation();
    it.seen.machines = [started(1, -9000)].into();
    assert!(it.is_acting(), "the group's own record is later: {}", it.decide());
    // Nor does it count as one of too many.
    let mut it = situation();
    for number in 2..=3 {
        it.target(number, Some(sick()));
    }
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::TooManyUnhealthy(_))), "{}", it.decide());
    it.seen.machines = [started(2, 900), started(3, 900)].into();
    assert!(!matches!(it.held_because(), Hold::Own(HoldReason::TooManyUnhealthy(_))), "{}", it.decide());
}

#[test]
fn a_group_without_target_groups_never_confirms_by_target_health() {
    should_hold(
        |it| it.seen.targets.clear(),
        |hold| matches!(hold, Hold::Own(HoldReason::GroupState(GroupState::Unchecked { .. }))),
    );
}
