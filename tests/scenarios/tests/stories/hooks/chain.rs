//! How many calls the completion waits for one after another, counted without a clock: see the chain of a replacement.

use scenarios::HookStory;
use world::LifecycleState;

use super::site::*;
use crate::gates::turn_of_the_effect;

#[test]
fn a_launch_that_is_ready_is_completed_by_the_third_call_in_a_row() {
    let mut story = site_with(4, minutes(15), LAUNCH, LEAVE);
    story.is_on = false;
    story.cloud.with(|world| world.set_desired_capacity(&web(), 5)).unwrap();
    story.pass(minutes(4));
    let event = story.delivered.iter().find(|event| event.to_string().contains("LAUNCHING")).unwrap().clone();
    assert_eq!(turn_of_the_effect(&story.owner, event), 3, "read everything, record the intent, complete");
}

#[test]
fn a_leaving_instance_is_deregistered_by_the_third_call_in_a_row() {
    let mut story = site_with(4, minutes(15), LAUNCH, LEAVE);
    story.is_on = false;
    let victim = story.in_service(&web()).remove(0);
    terminate(&story, &victim);
    let is_held = |story: &HookStory| {
        story.cloud.with(|world| {
            world.instance(&victim).is_some_and(|member| member.lifecycle == LifecycleState::TerminatingWait)
        })
    };
    while !is_held(&story) {
        story.pass(secs(1));
    }
    let event = story.delivered.iter().find(|event| event.to_string().contains("TERMINATING")).unwrap().clone();
    assert_eq!(turn_of_the_effect(&story.owner, event), 3, "read everything, record the intent, deregister");
}
