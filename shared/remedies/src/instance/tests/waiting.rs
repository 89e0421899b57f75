//! Nobody stays unhealthy for longer than `max-wait` without an act or a page, whatever holds and however that changes.

use homeostat_core::reconcile::Times;

use super::*;
use crate::instance::reasons::{Attached, HoldReason, PageReason};

/// As the policy of these tests has them.
pub(super) const TIMES: Times = Times {
    check_every: SignedDuration::from_mins(1),
    recover_within: SignedDuration::from_mins(15),
    max_wait: SignedDuration::from_hours(1),
    remind_every: SignedDuration::from_mins(30),
};

/// What may hold back Homeostat from an instance that was proven unhealthy, and never ends by itself.
const HOLDS: [fn(&mut Situation); 9] = [
    |it| it.alarm().state = AlarmState::InsufficientData,
    |it| it.alarm().state = AlarmState::Ok,
    |it| it.alarm().actions_enabled = false,
    Situation::lose_alarm,
    |it| it.target(1, Some(TargetHealth::Initial)),
    |it| it.group().grace = SignedDuration::from_hours(9),
    |it| it.group().members[0].lifecycle = Lifecycle("Standby".into()),
    |it| it.group().members[0].protected = true,
    |it| _ = it.around.limits.slots.holders.insert(subject(9), at(1)),
];

/// A look that changes nothing, as the loop writes it down.
fn look(it: &mut Situation) {
    it.absorbed();
    let Decision::Hold { until, because } = it.decide() else { panic!("{}", it.decide()) };
    it.incident = it.incident.hold(it.now, until, &because);
}

#[test]
fn no_hold_should_keep_a_proven_instance_from_a_page() {
    for (index, hold) in HOLDS.iter().enumerate() {
        let mut it = situation();
        hold(&mut it);
        for minute in 0..60 {
            it.now = at(1000 + minute * 60);
            look(&mut it);
        }
        it.now = at(1000 + 3600);
        assert!(matches!(it.decide(), Decision::Page(Page::Waited { .. })), "{index}: {}", it.decide());
    }
}

#[test]
fn no_change_of_holds_should_restart_the_count() {
    for first in HOLDS {
        for second in HOLDS {
            let mut it = situation();
            first(&mut it);
            look(&mut it);
            let mut changed = situation();
            second(&mut changed);
            changed.incident = it.incident;
            changed.now = at(1000 + 3599);
            look(&mut changed);
            changed.now = at(1000 + 3600);
            assert!(matches!(changed.decide(), Decision::Page(Page::Waited { .. })), "{}", changed.decide());
        }
    }
}

#[test]
fn only_what_calls_it_healthy_should_restart_the_count() {
    let mut it = situation();
    it.around.limits.slots.holders.insert(subject(9), at(1));
    look(&mut it);
    it.now = at(1000 + 3000);
    it.target(1, Some(TargetHealth::Healthy));
    look(&mut it);
    it.target(1, Some(sick()));
    it.now = at(1000 + 3060);
    look(&mut it);
    it.now = at(1000 + 3600);
    assert!(matches!(it.held_because(), Hold::Budget { .. }), "{}", it.decide());
    it.now = at(1000 + 3060 + 3600);
    assert!(matches!(it.decide(), Decision::Page(Page::Waited { .. })), "{}", it.decide());
}

#[test]
fn who_may_still_be_booting_should_not_be_counted_as_unhealthy() {
    let mut it = situation();
    it.incident.unhealthy_since = None;
    it.group().grace = SignedDuration::from_hours(9);
    for hour in 0..8 {
        it.now = at(1000 + hour * 3600);
        look(&mut it);
        assert_eq!(it.incident.unhealthy_since, None);
    }
}

#[test]
fn one_healthy_reading_should_not_end_what_was_unhealthy_a_minute_ago() {
    let mut it = situation();
    it.alarm().state = AlarmState::InsufficientData;
    for minute in 0..60 {
        it.now = at(1000 + minute * 60);
        look(&mut it);
    }
    it.now = at(1000 + 3600);
    it.absorbed();
    let Decision::Page(page) = it.decide() else { panic!("{}", it.decide()) };
    it.incident = it.incident.page(it.now, at(1000 + 3900), &page);
    it.target(1, Some(TargetHealth::Healthy));
    it.now = at(1000 + 3660);
    it.absorbed();
    assert!(!matches!(it.decide(), Decision::Close(_)), "its target flaps, and its alarm can't tell: {}", it.decide());
    assert!(it.incident.unhealthy_since.is_some(), "one source of two does not end it");
    it.now = at(1000 + 3600 + 3599);
    it.absorbed();
    assert!(!matches!(it.decide(), Decision::Close(_)), "{}", it.decide());
    it.now = at(1000 + 3600 + 3600);
    it.absorbed();
    assert!(matches!(it.decide(), Decision::Close(_)), "nothing has called it unhealthy for an hour: {}", it.decide());
}

/// A look that finds it held by something else than before, twice in a row, after somebody has answered a page.
#[test]
fn another_hold_after_an_answered_page_asks_again_and_each_only_once() {
    let paged = |decision: &Decision| matches!(decision, Decision::Page(Page::Waited { .. }));
    let mut it = situation();
    it.group().members[0].protected = true;
    it.look_at(1000);
    assert!(paged(&it.look_at(1000 + 3600)));
    it.group().members[0].protected = false;
    it.around.limits.slots.holders.insert(subject(9), at(1));
    for second in [4900, 5200, 5500] {
        assert!(!paged(&it.look_at(second)), "nobody has answered: a reminder tells what holds it now");
    }
    it.incident = it.incident.acknowledge(Acknowledgement { by: "ana".into(), at: at(5600), reason: "ok".into() });
    let told = it.incident.notify_seq;
    assert!(paged(&it.look_at(5600)), "{:?}", it.incident.decision);
    assert_eq!((it.incident.notify_seq, &it.incident.acknowledged), (told + 1, &None));
    it.incident = it.incident.acknowledge(Acknowledgement { by: "ana".into(), at: at(5700), reason: "ok".into() });
    let told = it.incident.notify_seq;
    it.around.limits.slots.holders.clear();
    it.group().members[0].protected = true;
    for second in [5700, 6000, 6300, 40_000] {
        assert!(!paged(&it.look_at(second)), "they were asked about it before: {:?}", it.incident.decision);
    }
    it.group().members[0].protected = false;
    it.group().grace = SignedDuration::from_hours(90);
    assert!(!paged(&it.look_at(40_300)), "it may be over by the next look");
    it.group().grace = SignedDuration::ZERO;
    it.group().members[0].protected = true;
    it.look_at(40_600);
    assert_eq!(it.incident.notify_seq, told);
}

#[test]
fn what_asks_for_another_act_should_not_be_taken_for_known() {
    let source = |version: &str| homeostat_core::aws::source::Source::of(std::iter::once(version.to_owned()));
    let fail = |version: &str| {
        Page::Own(PageReason::ReplacementsFail {
            group: "web".parse().unwrap(),
            failures: 3,
            within: SignedDuration::from_hours(1),
            launched_from: source(version),
        })
    };
    assert!(fail("lt-1:7").is_same(&fail("lt-1:7")) && !fail("lt-1:8").is_same(&fail("lt-1:7")));
    let gone = |names: &[&str]| {
        let arn = |name: &&str| {
            format!("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/{name}/0123456789abcdef")
                .parse()
                .unwrap()
        };
        let target_groups = names.iter().map(arn).collect();
        Page::Own(PageReason::TargetGroupGone(Attached {
            group: "web".parse().unwrap(),
            target_groups,
            since: at(names.len() as i64),
        }))
    };
    assert!(gone(&["a"]).is_same(&gone(&["a", "b"])) && !gone(&["a", "b"]).is_same(&gone(&["a"])));
}

/// Minutes until the next look at what waits, so many minutes after it was opened.
fn minutes_to_the_next_look(it: &mut Situation, minute: i64) -> i64 {
    it.now = at(1000 + minute * 60);
    let Decision::Hold { until, because } = it.decide() else { panic!("{}", it.decide()) };
    assert_eq!(because, Hold::Own(HoldReason::Protected));
    until.duration_since(it.now).as_mins()
}

#[test]
fn looks_at_what_waits_slow_down_with_its_age_and_never_pass_the_time_to_ask_a_person() {
    let mut it = situation();
    it.group().members[0].protected = true;
    let policy = it.policy.instances.group(&"web".parse().unwrap()).unwrap();
    assert_eq!((policy.check_every.as_mins(), policy.max_wait.as_mins()), (1, 60));
    let paces = [0, 9, 10, 19, 20, 45, 54].map(|minute| (minute, minutes_to_the_next_look(&mut it, minute)));
    assert_eq!(paces, [(0, 1), (9, 1), (10, 2), (19, 2), (20, 3), (45, 5), (54, 5)]);
    for minute in 56..60 {
        assert_eq!(minutes_to_the_next_look(&mut it, minute), 60 - minute, "a person is asked in time");
    }
}

#[test]
fn looks_at_what_waits_slow_down_with_how_many_of_its_group_do() {
    let of_sick = |count: u8| {
        let mut it = situation();
        for number in 5..=240 {
            it.group().members.push(member(number));
            it.target(number, Some(if number < 4 + count { sick() } else { TargetHealth::Healthy }));
        }
        it.group().desired = Units::new(240);
        it.group().members[0].protected = true;
        minutes_to_the_next_look(&mut it, 0)
    };
    assert_eq!([1, 39, 40, 60, 99, 110].map(of_sick), [1, 1, 2, 3, 4, 5], "as few looks a minute, however many wait");
}
