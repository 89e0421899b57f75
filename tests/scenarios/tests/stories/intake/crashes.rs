//! A function that dies at any of its calls while it takes in, or serves what is due: each member is decided about all the same, and
//! terminated once.

use homeostat_core::signal;
use homeostat_remedies::instance::kind::InstanceKind;
use scenarios::FleetStory;
use scenarios::event_rules::batch;
use serde_json::Value;

use super::fleets::*;
use crate::crashing::at_every_call;

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
