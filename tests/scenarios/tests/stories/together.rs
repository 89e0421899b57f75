//! Several at once: who goes first, who waits, and when it is no instance that is sick.

use futures_util::FutureExt;
use homeostat_core::incident::State;
use homeostat_core::memory::Remembered;
use homeostat_core::ports::Control;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{Close, Decision};
use jiff::SignedDuration;
use serde_json::json;
use world::{App, Flaw, MaintenancePolicy};

use super::fleet::{break_some, fleet, fleet_with_budget, is_whole, minutes, said, terminated, web, web_scope};

#[test]
fn of_two_that_fail_at_the_same_instant_one_is_replaced_and_then_the_other() {
    let mut story = fleet_with_budget(10, 1);
    let victims = break_some(&story, 2);
    let mut most_slots = 0;
    for _ in 0..240 {
        story.pass(SignedDuration::from_secs(10));
        most_slots = most_slots.max(story.ledger.slots_of(&web()).holders.len());
        assert!(story.in_service(&web()).len() >= 9, "never more than one is out");
    }
    let mut gone = terminated(&story);
    gone.sort();
    assert_eq!((most_slots, gone), (1, victims));
    is_whole(&story, 10);
    let [first, second] = &story.ledger.closed::<InstanceKind>()[..] else { panic!() };
    let (first, second) = if first.acted_at < second.acted_at { (first, second) } else { (second, first) };
    assert!(first.closed_at.unwrap() <= second.acted_at.unwrap(), "the slot was given back before it was taken again");
    assert!(second.acted_at.unwrap() >= first.acted_at.unwrap() + minutes(5), "and the cooldown had passed");
}

#[test]
fn when_a_zone_dies_one_page_is_sent_for_the_group_and_nothing_is_replaced() {
    let mut story = fleet_with_budget(10, 2);
    break_some(&story, 6);
    story.pass(minutes(30));
    assert_eq!(terminated(&story), []);
    let open = story.ledger.open::<InstanceKind>();
    let of_the_group: Vec<_> = open.iter().filter(|it| it.subject.group().is_some()).collect();
    let [group] = &of_the_group[..] else { panic!("{open:?}") };
    assert_eq!(group.state, State::Escalated);
    assert!(said(group).contains("6 of 10 instances are unhealthy at once"), "{}", said(group));
    assert!(open.iter().filter(|it| it.state == State::Escalated).count() == 1, "one page, not seven");

    for victim in story.in_service(&web()) {
        story.cloud.with(|world| world.break_app(&victim, App::Well)).unwrap();
    }
    story.pass(minutes(30));
    is_whole(&story, 10);
    assert_eq!(terminated(&story), []);
}

#[test]
fn those_still_sick_when_it_is_few_again_are_healed() {
    let mut story = fleet_with_budget(10, 2);
    let victims = break_some(&story, 6);
    story.pass(minutes(30));
    for victim in &victims[..4] {
        story.cloud.with(|world| world.break_app(victim, App::Well)).unwrap();
    }
    story.pass(minutes(60));
    let mut gone = terminated(&story);
    gone.sort();
    assert_eq!(gone, victims[4..]);
    is_whole(&story, 10);
}

#[test]
fn a_group_that_launches_first_never_has_one_less_in_service() {
    let mut story = fleet(4, "evidence = [\"alarm\", \"target-health\"]");
    let keep_all = MaintenancePolicy { min_healthy: 100, max_healthy: 200 };
    story.cloud.with(|world| world.update_group(&web(), |settings| settings.maintenance = Some(keep_all))).unwrap();
    let victims = break_some(&story, 1);
    for _ in 0..180 {
        story.pass(SignedDuration::from_secs(10));
        assert!(story.in_service(&web()).len() >= 4, "the sick one goes when its replacement serves");
    }
    assert_eq!(terminated(&story), victims);
    is_whole(&story, 4);
    let [closed] = &story.ledger.closed::<InstanceKind>()[..] else { panic!() };
    assert_eq!(closed.decision, Some(Decision::Close(Close::Recovered)));
}

#[test]
fn a_bad_version_is_not_launched_over_and_over() {
    let mut story = fleet(4, "evidence = [\"alarm\", \"target-health\"]\nbreaker = 3");
    story.cloud.with(|world| {
        world.roll_out(&web(), 2).unwrap();
        world.break_version(&web(), 2, Flaw::DiesAfter(minutes(12)));
    });
    break_some(&story, 1);
    story.pass(minutes(60 * 6));
    let gone = terminated(&story).len();
    assert!((2..=4).contains(&gone), "{gone} were replaced in six hours");
    assert!(story.ledger.memory_of::<InstanceKind>(&web_scope()).breaker.is_some());
    assert!(
        story.ledger.open::<InstanceKind>().iter().any(|it| it.state == State::Escalated),
        "{:?}",
        story.ledger.open::<InstanceKind>()
    );

    story.cloud.with(|world| world.roll_out(&web(), 3)).unwrap();
    let read = story.ledger.memory_of::<InstanceKind>(&web_scope());
    let memory = read.acknowledged().over(&read);
    story.ledger.remember::<InstanceKind>(&web_scope(), &memory).now_or_never().unwrap().unwrap();
    story.pass(minutes(60));
    is_whole(&story, 4);
}

#[test]
fn a_groups_alarm_has_everybody_looked_at_and_picks_only_who_the_evidence_confirms() {
    let mut story = fleet(4, "evidence = [\"target-health\"]\nalarms = [\"web-5xx\"]");
    story.resyncs = false;
    let alarm = |name: &str, at: &str| {
        json!({
            "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
            "resources": [format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}")],
            "detail": {"alarmName": name, "state": {"value": "ALARM", "timestamp": at}, "configuration": {"metrics": []}},
        })
    };
    story.pass(minutes(10));
    let answer = story.deliver(alarm("web-5xx", "2026-03-01T12:09:59.000+0000")).unwrap();
    assert_eq!(answer["found"], json!([]), "nobody is sick: {answer}");
    assert_eq!(story.ledger.open::<InstanceKind>(), []);
    let victims = break_some(&story, 1);
    story.pass(minutes(3));
    let answer = story.deliver(alarm("other", "2026-03-01T12:12:59.000+0000")).unwrap();
    assert!(answer["ignored"].as_str().unwrap().contains("names neither an instance nor a group"), "{answer}");
    story.deliver(alarm("web-5xx", "2026-03-01T12:13:00.000+0000")).unwrap();
    story.pass(minutes(20));
    assert_eq!(terminated(&story), victims);
    is_whole(&story, 4);
}

#[test]
fn one_that_its_group_replaces_is_followed_and_not_touched() {
    let mut story = fleet(4, "evidence = [\"alarm\"]\nhealth-alarms = [\"*\"]");
    story.cloud.with(|world| {
        world.update_group(&web(), |settings| settings.health_check = world::HealthCheckType::Elb).unwrap();
    });
    let victims = break_some(&story, 1);
    story.pass(minutes(30));
    assert_eq!(terminated(&story), victims, "once, by the group or by Homeostat");
    is_whole(&story, 4);
    assert_eq!(story.ledger.closed::<InstanceKind>().len(), 1);
}
