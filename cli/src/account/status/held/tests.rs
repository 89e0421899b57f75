use homeostat_core::aws::lifecycle::{ActionResult, Course, Terms, Transition};
use homeostat_core::id::InstanceId;
use homeostat_core::incident::{Alarms, Gone};
use homeostat_core::ports::{Outcome, Slots};
use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::hook::memory::{Launch, Memory};
use homeostat_remedies::hook::policy::OnLimit;
use homeostat_remedies::hook::reasons::{
    Decision, Hold, HoldReason, HookStep, Incident, LaunchesFail, Page as Asked, PageReason, Step, Waits,
};
use homeostat_remedies::hook::state::HookState;
use homeostat_remedies::hook::subject::HeldInstance;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::registry::AnyIncident;
use jiff::{SignedDuration, Timestamp};

use super::super::shown::{HeldBack, Open, Status};
use super::*;
use crate::page::Page;
use crate::report::Report;

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// A launch that began two minutes ago, under a hook of five minutes.
fn launching(group: &str, instance: u32) -> Incident {
    let (group, hook, instance): (GroupName, HookName, InstanceId) =
        (group.parse().unwrap(), "ready".parse().unwrap(), format!("i-{instance:017x}").parse().unwrap());
    let began = now() - SignedDuration::from_mins(2);
    let region = "eu-west-1".parse().unwrap();
    let subject = HeldInstance { group: group.clone(), hook: hook.clone(), instance: instance.clone() }.subject(region);
    let (timeout, global) = (SignedDuration::from_mins(5), SignedDuration::from_mins(500));
    let kept = HookState {
        last_heartbeat: Some(began),
        heartbeats: 1,
        terms: Some(Terms { timeout, global, default: ActionResult::Continue, transition: Transition::Launching }),
        course: Some(Course::IntoService),
        launched_from: Some("lt-1:7".into()),
        part_of: Some("eu-west-1#instance#i-00000000000000009".parse().unwrap()),
        ..HookState::found(&group, &hook, &instance, Transition::Launching, began)
    };
    Incident::new(subject, HookKind::Hook(Box::new(kept)), began, began)
}

fn waiting(group: &str, instance: u32) -> Incident {
    let missing = vec!["tag app:ready: not set".to_owned()];
    launching(group, instance).hold(now(), now(), &Hold::Own(HoldReason::Hook(Waits::Evidence { missing })))
}

fn failing() -> Incident {
    let open = launching("web", 3);
    let action = open.kind.state().action();
    let step = Step::Hook(Box::new(HookStep::Complete { action, result: ActionResult::Abandon }));
    let decision = Decision::Act { step: step.clone(), because: Vec::new() };
    let (group, hook) = ("web".parse().unwrap(), "ready".parse().unwrap());
    let on_limit = OnLimit::Admit;
    let page = Asked::Own(PageReason::LaunchesFail(LaunchesFail {
        group,
        hook,
        abandoned: 3,
        launched_from: None,
        on_limit,
        not_done: Vec::new(),
    }));
    open.intend(now(), &step, &decision).settle(now(), Outcome::Done).page(now(), now(), &page)
}

fn abandoned_thrice() -> Memory {
    let after = |memory: Memory, number: u32| {
        let instance = format!("i-{number:017x}").parse().unwrap();
        memory.abandon(
            now(),
            &"ready".parse().unwrap(),
            &Launch { instance: &instance, from: Some("lt-1:7"), at: now(), is_fresh: true },
            3,
        )
    };
    (1..=3).fold(Memory::default(), after)
}

fn status(open: Vec<AnyIncident>, launches: Memory) -> Status {
    let groups = vec![HeldBack::new("web".parse().unwrap(), Slots::default(), Default::default(), launches)];
    Status {
        place: "stack homeostat in eu-west-1".into(),
        at: now(),
        open: open.into_iter().map(|incident| Open::new(&incident, &[])).collect(),
        pauses: vec![],
        budget: None,
        groups,
        zones: vec![],
        remarks: vec![],
    }
}

fn text(status: &Status) -> String {
    let mut page = Page::default();
    status.print(&mut page);
    let text = page.finish();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    text
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn who_is_held_shows_for_what_and_for_how_long_at_most() {
    let status = status(vec![waiting("web", 1).into()], Memory::default());
    let words = words(&text(&status));
    for said in [
        "group hook instance held state since web ready i-00000000000000001 launching holding 2m",
        "on its way into service, launched from lt-1:7",
        "its hook times out at 2027-01-15 08:03 UTC unless it is given more time, and at 2027-01-15 16:18 UTC at the latest; \
         1 heartbeat(s) so far",
        "part of the replacement of i-00000000000000009",
        "held until it is ready: tag app:ready: not set",
    ] {
        assert!(words.contains(said), "{said}: {words}");
    }
    assert!(!words.contains("next look") && !words.contains("homeostat ack"), "{words}");
    let json = serde_json::to_value(&status).unwrap();
    let held = &json["open"][0]["held"];
    assert_eq!((&held["transition"], &held["course"]), (&"launching".into(), &"into_service".into()));
    assert_eq!((&held["heartbeats"], &held["times_out_at"]), (&1.into(), &"2027-01-15T08:03:00Z".into()));
    assert_eq!(held["waits_for"], "held until it is ready: tag app:ready: not set");
    assert_eq!(held["completed_with"], serde_json::Value::Null);
}

#[test]
fn held_instances_stand_together_by_group_and_apart_from_what_is_sick() {
    let sick = "eu-west-1#instance#i-00000000000000005".parse().unwrap();
    let kind = InstanceKind::Instance {
        group: "web".parse().unwrap(),
        alarms: Alarms::default(),
        notice: None,
        gone: Gone::default(),
    };
    let sick = homeostat_core::incident::Incident::new(sick, kind, now(), now()).into();
    let text = text(&status(
        vec![waiting("web", 2).into(), sick, waiting("api", 4).into(), waiting("web", 1).into()],
        Memory::default(),
    ));
    let place = |id: &str| text.find(id).unwrap();
    let order = ["i-00000000000000005", "i-00000000000000004", "i-00000000000000001", "i-00000000000000002"].map(place);
    assert!(order.is_sorted(), "{order:?}: {text}");
    assert!(text.contains("4 open"), "{text}");
}

#[test]
fn abandoned_launches_stand_with_their_group_and_say_how_to_end_the_row() {
    let words = words(&text(&status(vec![failing().into()], abandoned_thrice())));
    for said in [
        "hook ready: 3 launch(es) of lt-1:7 in a row abandoned since 2027-01-15 08:00 UTC, the last of them i-00000000000000003",
        "homeostat ack group#web",
        "held no more: its hook was completed with ABANDON",
        "homeostat ack hook#web:ready:i-00000000000000003",
    ] {
        assert!(words.contains(said), "{said}: {words}");
    }
    assert!(!words.contains("times out at"), "{words}");
    let json = serde_json::to_value(status(Vec::new(), abandoned_thrice())).unwrap();
    let abandoned = &json["groups"][0]["abandoned_launches"]["ready"][0];
    assert_eq!((&abandoned["launched_from"], abandoned["instances"].as_array().unwrap().len()), (&"lt-1:7".into(), 3));
}
