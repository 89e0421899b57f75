use homeostat_core::aws::alarm::{AlarmReading, AlarmState};
use homeostat_core::aws::units::Unit;
use homeostat_core::id::AlarmArn;
use homeostat_core::incident::{Alarms, Gone};
use homeostat_core::ports::Outcome;
use homeostat_core::signal::{Notice, NoticeKind};
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{
    Close, CloseReason, Crowd, Decision, Hold, HoldReason, Incident, Page, Step,
};
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::news::made;

pub(in crate::message) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(in crate::message) fn incident_in(group: &str) -> Incident {
    let subject = "eu-west-1#instance#i-0123456789abcdef0".parse().unwrap();
    let alarm: AlarmArn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1".parse().unwrap();
    let mut alarms = Alarms::default();
    alarms.hear(&alarm);
    let reason = "Threshold Crossed".to_owned();
    let (state, since) = (AlarmState::Alarm, at(0));
    let seen = AlarmReading { arn: alarm.clone(), state, since, reason, actions_enabled: true, instances: Vec::new() };
    alarms.read(at(1), &alarm, &Ok(Some(seen)));
    Incident::new(
        subject,
        InstanceKind::Instance { group: group.parse().unwrap(), alarms, notice: None, gone: Gone::default() },
        at(0),
        at(1),
    )
}

pub(in crate::message) fn acting_on_group(group: &str) -> Incident {
    let step = Step::Replace { group: group.parse().unwrap(), instance: "i-0123456789abcdef0".parse().unwrap() };
    let decision = Decision::Act { step: step.clone(), because: Vec::new() };
    incident_in(group).intend(at(1), &step, &decision)
}

fn told(incident: &Incident) -> Message {
    about(&made::decided(incident.clone()), "homeostat")
}

pub(in crate::message) fn refused() -> Page {
    Page::Refused { why: "AccessDenied: not authorized".into() }
}

pub(super) fn crowd() -> Crowd {
    Crowd { unhealthy: 3, most: 2, unit: Unit::Instances, desired: 4, desired_unit: Unit::Instances }
}

#[test]
fn a_subject_is_never_longer_than_sns_takes_nor_anything_but_ascii() {
    for group in ["web", "wéb ☃ \u{202e}gnp", &"x".repeat(255)] {
        let incident = acting_on_group(group);
        let unreadable = News::Unreadable { key: format!("SUBJECT#{group}"), id: "1".into(), why: "schema".into() };
        let news =
            [made::decided(incident.clone()), made::stuck(incident.clone()), made::overdue(incident), unreadable];
        for news in news {
            let subject = about(&news, "homeostat").subject;
            assert!(subject.len() < 100 && subject.bytes().all(|b| (0x20..0x7f).contains(&b)), "{subject}");
            assert!(subject.starts_with("Homeostat: "), "{subject}");
        }
    }
}

#[test]
fn an_open_incident_says_how_to_stop_it_and_a_closed_one_does_not() {
    let open = acting_on_group("web");
    assert!(told(&open).body.contains("homeostat pause group#web"));
    let proving = open.settle(at(2), Outcome::Done).hold(at(60), at(90), &Hold::Proving { since: at(60) });
    let closed = told(&proving.close(at(90), &Close::Recovered)).body;
    assert!(!closed.contains("To stop it"), "{closed}");
    assert!(closed.contains("taken out): 2s.") && closed.contains("a whole group): 1m."), "{closed}");
}

#[test]
fn a_refusal_is_told_in_aws_own_words_and_with_what_to_do() {
    let message = told(&acting_on_group("web").page(at(2), at(9), &refused()));
    assert!(message.subject.contains("NEEDS YOU"), "{}", message.subject);
    assert!(message.body.contains("AccessDenied: not authorized") && message.body.contains("homeostat:managed=true"));
    assert!(message.body.contains("homeostat ack instance#i-0123456789abcdef0"), "{}", message.body);
}

#[test]
fn a_reminder_says_that_it_is_one_whatever_holds_the_incident_meanwhile() {
    let paged = incident_in("web").page(at(2), at(9), &refused());
    let held = paged.hold(
        at(99),
        at(199),
        &Hold::Own(HoldReason::GroupMissing { group: "web".parse().unwrap(), since: at(99) }),
    );
    for again in [paged, held] {
        let reminded = again.reminded(at(9999), SignedDuration::from_mins(30));
        let message = told(&reminded);
        assert!(
            message.subject.contains("STILL NEEDS YOU") && message.body.starts_with("Reminder 1"),
            "{}",
            message.body
        );
    }
}

#[test]
fn what_was_only_watched_or_followed_is_never_said_to_be_done() {
    let step = Step::Replace { group: "web".parse().unwrap(), instance: "i-0123456789abcdef0".parse().unwrap() };
    let watched = incident_in("web").hold(at(1), at(2), &Hold::Watching { step, because: Vec::new() });
    let followed =
        incident_in("web").hold(at(1), at(2), &Hold::Own(HoldReason::GroupReplaces { why: "it said so".into() }));
    for incident in [&watched, &followed] {
        let message = told(incident);
        assert!(!message.subject.contains("replacing") && message.body.contains("changes nothing"), "{}", message.body);
    }
    let left = followed
        .hold(at(3), at(4), &Hold::Proving { since: at(3) })
        .close(at(9), &Close::Own(CloseReason::LeftByItself));
    assert!(told(&left).body.contains("Homeostat changed nothing"), "{}", told(&left).body);
}

#[test]
fn the_sweeps_findings_name_what_nobody_attends_to() {
    for news in [made::stuck(acting_on_group("web")), made::overdue(acting_on_group("web"))] {
        let message = about(&news, "homeostat");
        assert!(message.subject.contains("NEEDS YOU") && message.subject.contains("i-0123456789abcdef0"));
        assert!(message.body.starts_with("Homeostat itself needs you"), "{}", message.body);
    }
}

#[test]
fn what_is_only_announced_is_named_with_its_date_and_never_called_wrong() {
    let what = NoticeKind::Retirement { code: "AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED".into() };
    let notice = Notice { what, at: at(0), by: Some(at(86_400)) };
    let mut retiring = incident_in("web");
    let InstanceKind::Instance { notice: announced, .. } = &mut retiring.kind else { panic!() };
    *announced = Some(notice.clone());
    for because in [Hold::Own(HoldReason::Announced { notice, from: at(60) }), Hold::Own(HoldReason::Protected)] {
        let body = told(&retiring.hold(at(1), at(2), &because)).body;
        assert!(body.contains("RETIREMENT_SCHEDULED, at 2027-01-16") && !body.contains("wrong"), "{body}");
    }
    let body = told(&incident_in("web").hold(at(1), at(2), &Hold::Own(HoldReason::Protected))).body;
    assert!(body.starts_with("Something is wrong") && !body.contains("Announced"), "{body}");
}
