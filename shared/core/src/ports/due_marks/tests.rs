//! What a mark keeps of the hints that it is given.

use jiff::SignedDuration;

use super::*;
use crate::signal::NoticeKind;

fn noon() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn change(alarm: &str, second: i64) -> AlarmChange {
    let alarm = format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{alarm}").parse().unwrap();
    AlarmChange { alarm, contributor: None, changed_at: noon() + SignedDuration::from_secs(second) }
}

fn of(instance: u32, why: DueTrigger) -> DueHint {
    DueHint { subject: format!("eu-west-1#instance#i-{instance:017x}").parse().unwrap(), why }
}

fn alarm(instance: u32, second: i64) -> DueHint {
    of(instance, DueTrigger::Alarm(change(&format!("web-{instance}"), second)))
}

fn notice(what: NoticeKind, second: i64) -> DueHint {
    of(1, DueTrigger::Notice(Notice { what, at: noon() + SignedDuration::from_secs(second), by: None }))
}

fn unmarked() -> DueMark {
    DueMark::new("group#web".parse().unwrap(), noon())
}

#[test]
fn the_same_hint_again_and_an_older_change_are_no_write() {
    let mark = unmarked().with(&[alarm(1, 5), alarm(2, 5)]).unwrap();
    assert_eq!((mark.version, mark.hints.len(), mark.all), (1, 2, false));
    for known in [alarm(1, 5), alarm(2, 4)] {
        assert_eq!(mark.with(&[known]), None);
    }
    assert_eq!(unmarked().with(&[]), None, "of nothing there is no mark");
}

#[test]
fn the_newest_change_of_an_alarm_replaces_the_others_and_no_other_alarm_does() {
    let silence = of(1, DueTrigger::Silence(change("web-1", 9)));
    let mark = unmarked().with(&[alarm(1, 5)]).unwrap().with(std::slice::from_ref(&silence)).unwrap();
    assert_eq!((mark.version, &mark.hints[..]), (2, &[silence.clone()][..]));
    let other = of(1, DueTrigger::Alarm(change("web-1-disk", 7)));
    let mark = mark.with(std::slice::from_ref(&other)).unwrap();
    assert_eq!(mark.hints, [silence, other], "all that may say the same are kept");
}

#[test]
fn each_kind_of_notice_is_kept_once_and_the_weightier_of_two() {
    let state = |state: &str| NoticeKind::NotRunning { state: state.to_owned() };
    let retirement = NoticeKind::Retirement { code: "AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED".to_owned() };
    let mark = unmarked().with(&[notice(state("stopping"), 1), notice(retirement, 2)]).unwrap();
    let next = mark.with(&[notice(state("stopped"), 3)]).unwrap();
    assert_eq!((next.hints.len(), &next.hints[0]), (2, &notice(state("stopped"), 3)));
    assert_eq!(next.with(&[notice(state("stopping"), 1)]), None, "it was so before");
}

#[test]
fn what_is_gone_within_minutes_comes_first_and_what_was_looked_at_comes_last() {
    let at = |second| noon() + SignedDuration::from_secs(second);
    let interruption = NoticeKind::Interruption { action: "terminate".to_owned() };
    let urgent = DueMark { since: at(90), ..unmarked().with(&[notice(interruption, 90)]).unwrap() };
    let first = DueMark { since: at(60), ..unmarked().with(&[alarm(1, 60)]).unwrap() };
    let rest = DueMark { since: at(0), tried_at: Some(at(30)), looked_at: Some(at(30)), ..first.clone() };
    let in_vain = DueMark { since: at(0), tried_at: Some(at(50)), ..first.clone() };
    let mut marks = [&rest, &first, &in_vain, &urgent];
    marks.sort_by_key(|mark| mark.turn(LastServer::Done));
    assert_eq!(marks, [&urgent, &in_vain, &first, &rest]);
}

#[test]
fn past_the_most_hints_a_mark_asks_for_all_members_and_each_further_hint_is_another_version() {
    let hints: Vec<DueHint> = (0..150).map(|instance| alarm(instance, 1)).collect();
    let mark = unmarked().with(&hints).unwrap();
    assert_eq!((mark.hints.len(), mark.all, mark.asks_for_all()), (MOST_HINTS, true, true));
    assert_eq!(mark.with(&hints[..MOST_HINTS]), None);
    assert_eq!(mark.with(&hints[MOST_HINTS..]).map(|next| (next.version, next.hints.len())), Some((2, MOST_HINTS)));
}

#[test]
fn a_full_mark_of_the_longest_names_is_below_half_of_an_item() {
    let longest = "\u{1F600}".repeat(255);
    let hints: Vec<DueHint> =
        (0..150).map(|instance| of(instance, DueTrigger::Alarm(change(&longest, i64::from(instance))))).collect();
    let mark = unmarked().with(&hints).unwrap();
    assert!(serde_json::to_string(&mark).unwrap().len() < 200 * 1024);
}

#[test]
fn an_alarm_of_the_whole_asks_for_all_members_and_is_no_hint_at_one() {
    let survey = of(1, DueTrigger::Survey(change("web-5xx", 1)));
    assert!(unmarked().with(std::slice::from_ref(&survey)).unwrap().asks_for_all());
    assert_eq!(survey.hint(), None);
    let told = alarm(1, 5);
    assert_eq!(DueHint::of(&told.hint().unwrap()), Some(told));
}
