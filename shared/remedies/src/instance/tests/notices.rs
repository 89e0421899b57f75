//! What AWS announces: the group's own business first, and acted on in time where the group doesn't.

use homeostat_core::aws::fleet::{Checks, Machine};
use homeostat_core::signal::{Notice, NoticeKind};

use super::*;
use crate::instance::reasons::{Evidence, HoldReason, Page, PageReason, Step};

/// An instance that is well, and of which AWS announced this at second 1000.
fn announced(what: NoticeKind, by: Option<i64>) -> Situation {
    let mut it = situation();
    let notice = Notice { what, at: at(1000), by: by.map(at) };
    let kind = InstanceKind::Instance {
        group: "web".parse().unwrap(),
        alarms: Alarms::default(),
        notice: Some(notice),
        gone: Gone::default(),
    };
    it.incident = Incident::new(subject(1), kind, at(1000), at(1000));
    it.seen.alarms.clear();
    it.now = at(1000);
    it.target(1, Some(TargetHealth::Healthy));
    it.machine("running", None);
    it
}

fn interrupted() -> Situation {
    let mut it = announced(NoticeKind::Interruption { action: "terminate".into() }, Some(1120));
    it.seen.interruption = Some(at(1000));
    it
}

fn retiring(by: i64) -> Situation {
    let mut it = announced(NoticeKind::Retirement { code: "AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED".into() }, Some(by));
    it.machine("running", Some(by));
    it
}

impl Situation {
    /// A look that holds, as the loop writes it down.
    fn holds(&mut self) -> Hold {
        let policy = self.policy.instances.group(&"web".parse().unwrap());
        let incident = remembering::absorb(self.now, self.incident.clone(), &self.seen, policy);
        let verdict = decide::verdict(self.now, &incident, &self.seen, policy.unwrap());
        self.incident = incident.judged(self.now, verdict);
        let Decision::Hold { until, because } = self.decide() else { panic!("{}", self.decide()) };
        self.incident = self.incident.hold(self.now, until, &because);
        because
    }

    fn machine(&mut self, state: &str, ends_at: Option<i64>) {
        let machine =
            Machine { state: state.into(), checks: Checks::Passed, started_at: None, ends_at: ends_at.map(at) };
        self.seen.machines.insert(instance(1), machine);
    }

    fn is_left_alone(&self) -> bool {
        matches!(self.decide(), Decision::Close(Close::NothingWrong { .. }))
    }
}

#[test]
fn an_interruption_is_left_to_the_group_for_half_a_minute_and_then_acted_on() {
    let mut it = interrupted();
    for second in [1000, 1029] {
        it.now = at(second);
        let Hold::Own(HoldReason::Announced { from, .. }) = it.held_because() else { panic!() };
        assert_eq!(from, at(1030));
    }
    it.now = at(1030);
    let Decision::Act { because, .. } = it.decide() else { panic!("{:?}", it.decide()) };
    assert!(because[0].to_string().contains("EC2 is going to terminate this Spot Instance"), "{}", because[0]);
}

#[test]
fn the_times_that_an_event_gives_are_not_believed() {
    // The interruption is when EC2 says, and not when the event did.
    for by in [1, 1_000_000] {
        let mut it = announced(NoticeKind::Interruption { action: "terminate".into() }, Some(by));
        it.seen.interruption = Some(at(1000));
        it.now = at(1029);
        let Hold::Own(HoldReason::Announced { from, .. }) = it.held_because() else { panic!("{by}") };
        assert_eq!(from, at(1030), "{by}");
        it.now = at(1030);
        assert!(it.is_acting(), "{by}");
    }
    // Announced long ago, says the event; heard of only now, so its group gets its turn all the same.
    let mut it = retiring(1000 + 3600);
    let InstanceKind::Instance { notice: Some(notice), .. } = &mut it.incident.kind else { panic!() };
    notice.at = at(0);
    it.now = at(1010);
    assert!(!it.is_acting(), "{:?}", it.decide());
}

#[test]
fn with_capacity_rebalancing_the_group_acts_and_is_followed() {
    for mut it in [interrupted(), announced(NoticeKind::Rebalance, None)] {
        it.group().rebalances = true;
        it.now = at(1100);
        assert!(matches!(it.held_because(), Hold::Own(HoldReason::GroupReplaces { .. })), "{:?}", it.decide());
    }
}

#[test]
fn what_ec2_does_not_say_again_is_not_acted_on() {
    let mut it = interrupted();
    (it.seen.interruption, it.now) = (None, at(1060));
    assert!(it.is_left_alone());
    let mut it = retiring(1200);
    it.machine("running", None);
    assert!(it.is_left_alone());
    let mut it = announced(NoticeKind::NotRunning { state: "stopped".into() }, None);
    assert!(it.is_left_alone());
    it.seen.machines.clear();
    assert!(!it.is_acting());
}

#[test]
fn a_recommendation_alone_is_nobodys_business_and_stops_being_the_groups() {
    let mut it = announced(NoticeKind::Rebalance, None);
    assert!(it.is_left_alone(), "without Capacity Rebalancing nobody acts on it");
    it.group().rebalances = true;
    it.now = at(1000 + 15 * 60);
    assert!(it.is_left_alone(), "a group that doesn't follow it in time is no reason to wake anybody");
}

#[test]
fn a_retirement_in_two_weeks_is_acted_on_a_day_before_and_looked_at_as_often_as_the_resync() {
    const TWO_WEEKS: i64 = 14 * 86_400;
    let mut it = retiring(1000 + TWO_WEEKS);
    let Decision::Hold { until, because: Hold::Own(HoldReason::Announced { from, .. }) } = it.decide() else {
        panic!("{:?}", it.decide())
    };
    assert_eq!((until, from), (at(1300), at(1000 + TWO_WEEKS - 86_400)));
    it.now = from - SignedDuration::from_secs(1);
    assert!(!it.is_acting());
    it.now = from;
    assert!(it.is_acting());
}

#[test]
fn a_retirement_that_is_near_still_gives_the_group_its_time_unless_there_is_none() {
    for (by, from) in [(1000 + 7200, 1000 + 900), (1000 + 600, 1000 + 600 - 90), (1000 + 30, 1000 + 30 - 90)] {
        let mut it = retiring(by);
        it.now = at(from);
        assert!(it.is_acting(), "{by}");
        it.now = at(from - 1);
        assert!(!it.is_acting(), "{by}");
    }
}

#[test]
fn ec2s_own_date_counts_and_not_the_announced_one() {
    let mut it = retiring(1000 + 7200);
    it.machine("running", Some(1000 + 14 * 86_400));
    it.now = at(1000 + 7200);
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::Announced { .. })));
}

#[test]
fn a_machine_that_stopped_is_the_groups_to_replace() {
    let mut it = announced(NoticeKind::NotRunning { state: "stopping".into() }, None);
    it.machine("stopped", None);
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::GroupReplaces { why }) if why.contains("stopped")));
    it.group().suspended = vec!["Terminate".into()];
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::Suspended { .. })));
}

#[test]
fn every_guard_stands_between_an_announcement_and_an_act() {
    let guards: [fn(&mut Situation); 4] = [
        |it| it.group().members[0].protected = true,
        |it| it.group().suspended.push("Launch".into()),
        |it| it.seen.refresh = Some("08b91cf7".into()),
        |it| {
            it.around.limits.pauses.push(Pause {
                scope: "all".into(),
                by: "a".into(),
                reason: "b".into(),
                until: at(9999),
            })
        },
    ];
    for guard in guards {
        let mut it = interrupted();
        it.now = at(1030);
        assert!(it.is_acting());
        guard(&mut it);
        assert!(!it.is_acting(), "{:?}", it.decide());
    }
}

#[test]
fn an_alarm_that_joins_is_judged_by_its_own_evidence_once_the_announcement_is_void() {
    let mut it = situation();
    let InstanceKind::Instance { notice, .. } = &mut it.incident.kind else { panic!() };
    *notice =
        Some(Notice { what: NoticeKind::Interruption { action: "stop".into() }, at: at(990), by: Some(at(1110)) });
    it.machine("running", None);
    let Decision::Act { because, .. } = it.decide() else { panic!("{:?}", it.decide()) };
    assert_eq!(because.len(), 2, "the alarm and the target, and not the interruption that EC2 knows nothing of");
}

#[test]
fn what_comes_first_is_minded_and_a_recommendation_last() {
    let notice = |what, second| Notice { what, at: at(second), by: None };
    let interruption = notice(NoticeKind::Interruption { action: "stop".into() }, 5);
    let rebalance = notice(NoticeKind::Rebalance, 9);
    assert!(interruption.outweighs(Some(&rebalance)) && !rebalance.outweighs(Some(&interruption)));
    assert!(rebalance.outweighs(None) && !rebalance.outweighs(Some(&notice(NoticeKind::Rebalance, 8))));
    let stop = |second| notice(NoticeKind::Interruption { action: "stop".into() }, second);
    assert!(stop(6).outweighs(Some(&stop(5))) && !stop(4).outweighs(Some(&stop(5))));
    let repeated = |at, by| Notice { by: Some(self::at(by)), ..notice(interruption.what.clone(), at) };
    assert!(!repeated(6, 126).outweighs(Some(&repeated(5, 125))), "who repeats a warning postpones nothing");
    assert!(repeated(4, 124).outweighs(Some(&repeated(5, 125))), "what comes to pass first counts");
    assert!(repeated(125, 245).outweighs(Some(&repeated(5, 125))), "the first one is over");
    assert!(!notice(NoticeKind::Rebalance, 7).outweighs(Some(&rebalance)));
}

#[test]
fn a_date_that_is_far_away_hides_nothing_that_is_sick_now() {
    let mut it = situation();
    let InstanceKind::Instance { notice, .. } = &mut it.incident.kind else { panic!() };
    let retirement = NoticeKind::Retirement { code: "AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED".into() };
    *notice = Some(Notice { what: retirement, at: at(990), by: Some(at(14 * 86_400)) });
    it.machine("running", Some(14 * 86_400));
    let Decision::Act { because, .. } = it.decide() else { panic!("{:?}", it.decide()) };
    assert!(because.iter().all(|proof| !matches!(proof, Evidence::Notice(_))), "{because:?}");
}

#[test]
fn a_void_announcement_closes_nothing_that_is_sick_by_evidence_of_its_own() {
    let mut it = announced(NoticeKind::Rebalance, None);
    it.policy =
        policy::parse("schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"target-health\"]\n")
            .unwrap();
    it.target(1, Some(sick()));
    assert!(!it.is_left_alone(), "{:?}", it.decide());
    it.target(1, Some(TargetHealth::Healthy));
    assert!(it.is_left_alone());
}

#[test]
fn what_is_held_back_before_its_time_has_waited_for_nothing() {
    const TWO_WEEKS: i64 = 14 * 86_400;
    let mut it = retiring(1000 + TWO_WEEKS);
    let pause = Pause { scope: "all".into(), by: "ana".into(), reason: "moving".into(), until: Timestamp::MAX };
    it.around.limits.pauses.push(pause);
    for second in [1000, 1000 + TWO_WEEKS - 86_401, 1000 + TWO_WEEKS - 86_400, 1000 + TWO_WEEKS - 86_400 + 3599] {
        it.now = at(second);
        assert!(matches!(it.holds(), Hold::Paused { .. }), "nobody is asked about what was a day away");
    }
    it.now = at(1000 + TWO_WEEKS - 86_400 + 3600);
    assert!(matches!(it.decide(), Decision::Page(Page::Waited { .. })), "{:?}", it.decide());
}

#[test]
fn an_alarm_that_may_not_act_keeps_nobody_from_what_aws_announces() {
    let mut it = situation();
    let InstanceKind::Instance { notice, .. } = &mut it.incident.kind else { panic!() };
    *notice =
        Some(Notice { what: NoticeKind::Interruption { action: "stop".into() }, at: at(900), by: Some(at(1020)) });
    it.seen.interruption = Some(at(900));
    it.machine("running", None);
    it.target(1, Some(TargetHealth::Healthy));
    it.alarm().actions_enabled = false;
    assert!(it.is_acting(), "{:?}", it.decide());
}

const DAY: i64 = 86_400;

/// Its alarm is in ALARM, its target not yet unhealthy, and its machine goes out of use in two weeks.
fn retiring_and_suspected() -> Situation {
    let mut it = situation();
    let InstanceKind::Instance { notice, .. } = &mut it.incident.kind else { panic!() };
    let what = NoticeKind::Retirement { code: "AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED".into() };
    *notice = Some(Notice { what, at: at(990), by: Some(at(14 * DAY)) });
    it.machine("running", Some(14 * DAY));
    it.target(1, Some(TargetHealth::Healthy));
    it
}

#[test]
fn what_is_days_away_should_not_blind_it_for_who_falls_sick() {
    let it = retiring_and_suspected();
    let Decision::Hold { until, .. } = it.decide() else { panic!("{}", it.decide()) };
    assert_eq!(until, it.now + SignedDuration::from_mins(1));
}

#[test]
fn who_was_only_announced_for_days_has_not_waited_for_days() {
    let mut it = retiring_and_suspected();
    for now in [1000, 10 * DAY] {
        it.now = at(now);
        it.holds();
    }
    it.target(1, Some(sick()));
    it.around.limits.slots.holders.insert(subject(2), at(10 * DAY));
    it.holds();
    for (later, pages) in [(60, false), (3599, false), (3600, true)] {
        it.now = at(10 * DAY + later);
        assert_eq!(matches!(it.decide(), Decision::Page(Page::Waited { .. })), pages, "{later}: {}", it.decide());
    }
}

#[test]
fn what_ec2_takes_back_is_no_failed_replacement_and_opens_no_breaker() {
    use crate::instance::memory::{Act, Memory};
    use homeostat_core::aws::source::Source;
    let mut it = interrupted();
    it.now = at(1030);
    let from = Source::of(["lt-1:7"]);
    let three = |memory: Memory| (7..10).fold(memory, |memory, n| memory.failed(at(900), &subject(n), &from));
    it.around.limits.memory = three(Memory::default());
    assert!(it.is_acting(), "{}", it.decide());
    let mut sick = situation();
    sick.around.limits.memory = three(Memory::default());
    assert!(
        matches!(sick.decide(), Decision::Page(Page::Own(PageReason::ReplacementsFail { .. }))),
        "{}",
        sick.decide()
    );
    sick.seen.launches.known.insert(instance(1), at(-300));
    let is_relapse = |foretold| {
        let memory = Memory::default().acted(Act { at: at(-600), subject: subject(9), announced: foretold });
        let policy = it.policy.instances.group(&"web".parse().unwrap()).unwrap();
        super::super::breaker::is_relapse(sick.now, &sick.incident, &sick.seen, &memory, policy)
    };
    assert!(!is_relapse(true) && is_relapse(false));
}

#[test]
fn a_recommendation_should_not_page_or_stay_open_because_an_alarm_has_spoken_too() {
    for (evidence, state) in [
        ("\"alarm\"", AlarmState::InsufficientData),
        ("\"alarm\", \"target-health\"", AlarmState::InsufficientData),
        ("\"alarm\", \"target-health\"", AlarmState::Alarm),
    ] {
        let mut it = announced(NoticeKind::Rebalance, None);
        it.group().rebalances = true;
        let text = format!(
            "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [{evidence}]\nhealth-alarms = [\"*\"]\n"
        );
        it.policy = policy::parse(&text).unwrap();
        let Decision::Hold { until, because } = it.decide() else { panic!() };
        it.incident = it.incident.hold(it.now, until, &because);
        it.second_alarm("web-1").state = state;
        for minutes in [16, 59] {
            it.now = at(1000 + minutes * 60);
            assert!(
                matches!(it.held_because(), Hold::Own(HoldReason::NotConfirmed { .. })),
                "{evidence} {state}: {}",
                it.decide()
            );
        }
        it.now = at(1000 + 60 * 60);
        assert_eq!(it.is_left_alone(), state == AlarmState::InsufficientData, "{evidence} {state}: {}", it.decide());
    }
}

#[test]
fn what_is_protected_is_told_of_as_announced_and_not_as_sick() {
    let mut it = retiring(1000 + 14 * DAY);
    it.group().members[0].protected = true;
    it.now = at(1000 + 13 * DAY - 1);
    assert!(matches!(it.holds(), Hold::Own(HoldReason::Announced { .. })), "{}", it.decide());
    it.now = at(1000 + 13 * DAY + 60);
    assert!(matches!(it.holds(), Hold::Own(HoldReason::Protected)), "{}", it.decide());
    it.now = at(1000 + 13 * DAY + 3660);
    let said = it.decide().to_string();
    assert!(
        said.contains("INSTANCE_RETIREMENT_SCHEDULED") && said.contains("protected") && !said.contains("sick"),
        "{said}"
    );
}

#[test]
fn a_mark_that_its_group_would_not_hear_is_not_made() {
    let mut it = interrupted();
    it.now = at(1030);
    it.group().launches_first = true;
    let step = |it: &Situation| it.decide().step().cloned();
    assert!(matches!(step(&it), Some(Step::MarkUnhealthy { .. })), "{}", it.decide());
    it.group().grace = SignedDuration::from_mins(5);
    it.seen.launches.known.insert(instance(1), at(900));
    assert!(matches!(step(&it), Some(Step::Replace { .. })), "{}", it.decide());
}

#[test]
fn who_falls_sick_under_a_pause_long_after_an_announcement_has_not_waited_yet() {
    let mut it = retiring_and_suspected();
    let pause = Pause { scope: "all".into(), by: "ana".into(), reason: "moving".into(), until: Timestamp::MAX };
    it.around.limits.pauses.push(pause);
    for now in [1000, 10 * DAY] {
        it.now = at(now);
        it.holds();
    }
    it.target(1, Some(sick()));
    it.holds();
    it.now = at(10 * DAY + 3599);
    assert!(matches!(it.holds(), Hold::Paused { .. }));
    it.now = at(10 * DAY + 3600);
    assert!(matches!(it.decide(), Decision::Page(Page::Waited { .. })), "{}", it.decide());
}

#[test]
fn an_alarm_whose_event_was_lost_is_found_although_something_was_announced() {
    let mut it = retiring(14 * DAY);
    it.holds();
    it.now = at(2 * DAY);
    it.target(1, Some(sick()));
    assert!(matches!(it.holds(), Hold::Own(HoldReason::Announced { .. })), "no alarm has spoken");
    it.seen.alarms = situation().seen.alarms;
    let policy = it.policy.instances.group(&"web".parse().unwrap());
    it.incident = remembering::absorb(it.now, it.incident.clone(), &it.seen, policy);
    assert!(it.is_acting(), "{}", it.decide());
}

#[test]
fn nobody_hears_of_what_is_announced_of_a_standby_and_a_suspended_group_replaces_nobody() {
    let mut it = retiring(14 * DAY);
    it.group().members[0].lifecycle = Lifecycle("Standby".into());
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::NotInService { .. })), "{}", it.decide());
    for mut it in [interrupted(), announced(NoticeKind::Rebalance, None)] {
        it.group().rebalances = true;
        it.group().suspended.push("Launch".into());
        assert!(matches!(it.held_because(), Hold::Own(HoldReason::Suspended { .. })), "{}", it.decide());
    }
}
