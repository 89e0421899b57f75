//! Marks of what is due, as the intake writes them and as a look in vain leaves them.

use homeostat_core::aws::alarm::AlarmChange;
use homeostat_core::ports::{DueHint, DueMark, DueTrigger};
use homeostat_core::signal::{Notice, NoticeKind};

use super::super::Folder::Due;
use super::super::stored::Stored;
use super::{Sample, at, event, id};

pub(super) fn samples() -> Vec<Sample> {
    let sample = |name: &str, mark: DueMark| Sample { folder: Due, name: name.to_owned(), stored: Stored::Due(mark) };
    let first = marked(&[alarm(1, DueTrigger::Alarm)]);
    vec![
        sample("alarm", first.clone()),
        sample("silence", marked(&[alarm(1, DueTrigger::Silence)])),
        sample("notices", marked(&[notice(launch_failed()), notice(retirement())])),
        sample("group-alarm", marked(&[alarm(1, DueTrigger::Survey)])),
        sample("of-contributor", marked(&[contributor(DueTrigger::Alarm)])),
        sample("silence-of-contributor", marked(&[contributor(DueTrigger::Silence)])),
        sample("group-alarm-of-contributor", marked(&[contributor(DueTrigger::Survey)])),
        sample("full", DueMark { all: true, ..marked(&[alarm(1, DueTrigger::Alarm), alarm(2, DueTrigger::Alarm)]) }),
        sample("tried-in-vain", DueMark { tried_at: Some(at(30)), ..first.left_with(first.hints.clone(), false) }),
        sample(
            "rest",
            DueMark { tried_at: Some(at(30)), looked_at: Some(at(30)), ..first.left_with(Vec::new(), true) },
        ),
        sample(
            "unresolved",
            DueMark { scope: DueMark::unresolved(&id("eu-west-1#instance#i-00000000000000001")), ..first },
        ),
        sample("found", marked(&[found()])),
    ]
}

fn marked(hints: &[DueHint]) -> DueMark {
    DueMark::new(id("group#web #1"), at(0)).with(hints).unwrap()
}

fn change(name: &str) -> AlarmChange {
    let alarm = id(&format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}"));
    AlarmChange { alarm, contributor: None, changed_at: event(0) }
}

fn alarm(nth: usize, why: fn(AlarmChange) -> DueTrigger) -> DueHint {
    DueHint { subject: id(&format!("eu-west-1#instance#i-{nth:017x}")), why: why(change(&format!("web-{nth}"))) }
}

fn found() -> DueHint {
    let alarms = vec![change("web-1").alarm];
    let why = DueTrigger::Found { at: at(60), since: at(0), alarms };
    DueHint { subject: id("eu-west-1#instance#i-00000000000000001"), why }
}

fn contributor(why: fn(AlarmChange) -> DueTrigger) -> DueHint {
    let change = AlarmChange { contributor: Some(id("0a1b2c3d4e5f6071")), ..change("web #1 at 90%") };
    DueHint { subject: id("eu-west-1#instance#i-0123456789abcdef0"), why: why(change) }
}

fn notice(what: NoticeKind) -> DueHint {
    let by = matches!(what, NoticeKind::Retirement { .. }).then(|| event(86_400));
    let why = DueTrigger::Notice(Notice { what, at: event(0), by });
    DueHint { subject: id("eu-west-1#group#web #1"), why }
}

fn launch_failed() -> NoticeKind {
    NoticeKind::LaunchFailed { why: "We currently do not have sufficient m5.large capacity".to_owned() }
}

fn retirement() -> NoticeKind {
    NoticeKind::Retirement { code: "AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED".to_owned() }
}
