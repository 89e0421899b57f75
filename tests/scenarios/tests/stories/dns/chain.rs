//! How many calls the change waits for one after another, counted without a clock: see the chain of a replacement.

use std::sync::atomic::Ordering;

use super::gates::{OneTurnEach, go_on, handling, owner};
use super::site::*;

#[test]
fn the_change_is_the_third_call_in_a_row() {
    let story = two(USUAL);
    fail(&story, "blue");
    // Past the health check's verdict, with the alarm's event kept back until then.
    story.cloud.pass(minutes(3));
    let event = story.cloud.with(|world| world.take_events()).remove(0);
    let gate = OneTurnEach::default();
    let mut handling = handling(owner(&story, &gate), event);
    let finished = (0..100).any(|_| {
        gate.turn.fetch_add(1, Ordering::Relaxed);
        go_on(&mut handling).is_ready()
    });
    assert!(finished);
    assert_eq!(gate.change.load(Ordering::Relaxed), 3, "read everything, record the intent, change");
    has(&story, &www(), &[0, 30]);
}
