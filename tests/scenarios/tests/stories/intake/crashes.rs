//! A function that dies at any of its calls while it takes in, or serves what is due: each member is decided about all the same, and
//! terminated once.

use futures_util::FutureExt;
use homeostat_core::ports::{DueHint, DueMarks, DueTrigger, LastServer};
use homeostat_core::signal::{self, Notice, NoticeKind};
use homeostat_remedies::instance::kind::InstanceKind;
use scenarios::event_rules::batch;
use scenarios::{FleetStory, Owner};
use serde_json::Value;

use super::fleets::*;
use super::gates::EndsAt;
use crate::crashing::at_every_call;
use crate::fleet::minutes;

fn began() -> (FleetStory, Value) {
    let (story, events) = storm(3, 10, 1, "act");
    (story, batch(&events))
}

fn is_served(mut story: FleetStory, crash: &str) {
    story.resyncs = false;
    story.pass(secs(120));
    assert!(story.ledger.marks::<InstanceKind>().is_empty(), "{crash}");
    for nth in 0..3 {
        let mut terminated = terminated_in(&story, nth);
        terminated.sort();
        terminated.dedup();
        assert_eq!((terminated.len(), terminated_in(&story, nth).len()), (1, 1), "{crash}");
    }
}

/// SQS hands the batch over again.
#[test]
fn a_batch_that_was_cut_short_is_taken_in_again() {
    at_every_call(began, 5, |mut story, event, crash| {
        story.pass(secs(180));
        story.deliver(event).unwrap_or_else(|failure| panic!("{crash}: {failure}"));
        is_served(story, crash);
    });
}

/// The message that had it serve comes again, or that of the next batch.
#[test]
fn marks_of_a_server_that_died_are_served_by_the_next() {
    let begin = || {
        let (mut story, event) = began();
        story.deliver(event).unwrap();
        story.lose_wake_ups();
        (story, signal::order(&signal::Order::ServeDue))
    };
    at_every_call(begin, 30, |mut story, event, crash| {
        story.resyncs = false;
        story.pass(secs(180));
        story.deliver(event).unwrap_or_else(|failure| panic!("{crash}: {failure}"));
        is_served(story, crash);
    });
}

/// Of one that ends whoever looks at it, all that is lost are some turns: those behind it get theirs.
#[test]
fn a_mark_whose_look_ends_each_server_waits_behind_the_others() {
    for is_urgent in [false, true] {
        let (mut story, events) = storm(3, 10, 1, "watch");
        story.deliver(batch(&events)).unwrap();
        story.lose_wake_ups();
        let mut marks = story.ledger.marks::<InstanceKind>();
        marks.sort_by_key(|mark| mark.turn(LastServer::Done));
        let (first, at) = (marks[0].clone(), story.now());
        let subject = first.hints[0].subject.clone();
        if is_urgent {
            let notice = Notice { what: NoticeKind::Interruption { action: "terminate".to_owned() }, at, by: None };
            let urgent = DueHint { subject: subject.clone(), why: DueTrigger::Notice(notice) };
            let next = first.with(&[urgent]).unwrap();
            story.ledger.mark_due::<InstanceKind>(&next).now_or_never().unwrap().unwrap();
        }
        let gate = EndsAt { subject };
        for turn in 0..3 {
            let answer = story.owner.behind(&gate, signal::order(&signal::Order::ServeDue)).now_or_never();
            assert!(answer.is_none(), "turn {turn} ended: {answer:?}");
            story.cloud.pass(minutes(1));
        }
        let left = story.ledger.marks::<InstanceKind>();
        assert_eq!(left.iter().map(|mark| &mark.scope).collect::<Vec<_>>(), [&first.scope], "urgent: {is_urgent}");
        assert_eq!(story.ledger.open::<InstanceKind>().len(), 2);
        // It is kept, and served as soon as its look ends.
        story.deliver(signal::order(&signal::Order::ServeDue)).unwrap();
        assert!(story.ledger.marks::<InstanceKind>().is_empty());
        assert_eq!(story.ledger.open::<InstanceKind>().len(), 3);
    }
}
