//! Two that serve what is due at once, and what comes while one looks.

use std::task::Poll;

use futures_util::FutureExt;
use homeostat_core::id::Scope;
use homeostat_core::ports::{Clock, DueHint, DueMark, DueMarks, DueTrigger};
use homeostat_core::signal;
use homeostat_remedies::instance::kind::InstanceKind;
use scenarios::Owner;
use scenarios::event_rules::batch;
use world::{App, MemoryLedger};

use super::fleets::*;
use super::gates::{Counting, Meanwhile};
use crate::gates::go_on;

#[test]
fn of_two_servers_at_once_one_looks_at_each_group() {
    let (mut story, events) = storm(10, 20, 3, "watch");
    story.deliver(batch(&events)).unwrap();
    let counting = Counting::default();
    let both = || story.owner.behind(&Meanwhile::others_go_first(&counting), signal::order(&signal::Order::ServeDue));
    let mut running = vec![both(), both()];
    let mut answers = Vec::new();
    while !running.is_empty() {
        running.retain_mut(|server| match go_on(server) {
            Poll::Ready(answer) => {
                answers.push(answer.unwrap());
                false
            }
            Poll::Pending => true,
        });
    }
    let elsewhere = answers.iter().filter(|answer| answer["elsewhere"] == true).count();
    assert_eq!((answers.len(), elsewhere), (2, 1), "{answers:?}");
    assert_eq!(counting.of("read targets"), 10, "{counting:?}");
    assert_eq!(story.ledger.open::<InstanceKind>().len(), 30);
    assert!(story.ledger.marks::<InstanceKind>().is_empty());
}

/// Adds hints to the mark of a group, as another batch does.
fn grow(ledger: &MemoryLedger, hints: &[DueHint]) {
    let mark: DueMark = ledger.marks::<InstanceKind>().remove(0);
    let next = mark.with(hints).unwrap();
    ledger.mark_due::<InstanceKind>(&next).now_or_never().unwrap().unwrap();
}

#[test]
fn a_hint_that_comes_during_a_look_is_looked_at_after_it_and_nobody_else_again() {
    let (mut story, events) = storm(1, 20, 4, "watch");
    story.deliver(batch(&events)).unwrap();
    let mark = story.ledger.marks::<InstanceKind>().remove(0);
    let late = mark.hints[3].clone();
    // As if the last of the four had not been told yet.
    let three = DueMark { hints: mark.hints[..3].to_vec(), version: mark.version + 1, ..mark };
    story.ledger.mark_due::<InstanceKind>(&three).now_or_never().unwrap().unwrap();

    let ledger = story.ledger.clone();
    let counting = Counting::default();
    let gate = Meanwhile::at("write", &counting, move || grow(&ledger, std::slice::from_ref(&late)));
    let answer = story.owner.behind(&gate, signal::order(&signal::Order::ServeDue)).now_or_never().unwrap();
    let decided = decided(&answer);
    assert_eq!(decided.len(), 4);
    assert!(decided.values().all(|times| *times == 1), "{decided:?}");
    assert!(story.ledger.marks::<InstanceKind>().is_empty());
}

#[test]
fn what_is_left_when_the_time_is_over_is_served_by_the_next_invocation() {
    // One call takes so long that the time is over after the first group.
    let (mut story, events) = storm(30, 20, 3, "watch");
    story.deliver(batch(&events)).unwrap();
    let slow = story.cloud.clock().clone();
    let counting = Counting::default();
    story.put_behind(Meanwhile::at("read refreshes", &counting, move || _ = slow.advance(secs(25))));
    story.pass(secs(1));
    let answer = story.answers.last().unwrap().as_ref().unwrap();
    assert_eq!(answer["again"], 0, "{answer}");
    assert!(story.ledger.marks::<InstanceKind>().len() >= 28, "one group was looked at");
    story.pass(secs(5));
    assert!(story.ledger.marks::<InstanceKind>().is_empty());
    assert_eq!(story.ledger.open::<InstanceKind>().len(), 90);
}

#[test]
fn what_nobody_was_woken_for_is_served_after_the_next_resync() {
    let (mut story, events) = storm(3, 20, 3, "watch");
    story.deliver(batch(&events)).unwrap();
    let hints: Vec<DueMark> = story.ledger.marks::<InstanceKind>();
    assert_eq!(hints.len(), 3);
    // All of them got well, so that the resync itself finds nobody.
    for nth in 0..3 {
        for id in story.in_service(&name(nth)) {
            story.cloud.with(|world| world.break_app(&id, App::Well)).unwrap();
        }
    }
    story.lose_wake_ups();
    story.pass(secs(301));
    assert!(story.ledger.marks::<InstanceKind>().is_empty());
}

/// An instance that somebody moved to another group of the policy while its mark waited is looked at there.
#[test]
fn an_incident_of_another_group_is_not_called_out_of_the_policy() {
    let (mut story, events) = storm(2, 20, 1, "watch");
    story.deliver(batch(&events[1..])).unwrap();
    let open = story.ledger.open::<InstanceKind>().remove(0);
    assert_eq!(*open.kind.group(), name(1));
    let now = story.cloud.clock().now();
    let alarms = open.kind.alarms().unwrap().arns().cloned().collect();
    let hint = DueHint { subject: open.subject.clone(), why: DueTrigger::Found { at: now, since: now, alarms } };
    let mark = DueMark::new(Scope::of_group(&name(0)), now).with(&[hint]).unwrap();
    story.ledger.mark_due::<InstanceKind>(&mark).now_or_never().unwrap().unwrap();
    story.deliver(signal::order(&signal::Order::ServeDue)).unwrap();
    let after = story.ledger.open::<InstanceKind>().remove(0);
    assert_eq!((after.state, after.paged_at), (open.state, None), "{after:?}");
    assert!(story.ledger.marks::<InstanceKind>().is_empty());
}
