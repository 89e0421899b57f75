//! How many calls the change waits for one after another, counted without a clock: see the chain of a replacement.

use super::site::*;
use crate::gates::turn_of_the_effect;

#[test]
fn the_change_is_the_third_call_in_a_row() {
    let story = two(USUAL);
    fail(&story, "blue");
    // Past the health check's verdict, with the alarm's event kept back until then.
    story.cloud.pass(minutes(3));
    let event = story.cloud.with(|world| world.take_events()).remove(0);
    assert_eq!(turn_of_the_effect(&story.owner, event), 3, "read everything, record the intent, change");
    has(&story, &www(), &[0, 30]);
}
