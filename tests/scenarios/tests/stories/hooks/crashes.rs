//! The crash drill of both hooks. Whatever comes next, every hook is completed, once in effect, and nothing of an instance is lost.

use homeostat_remedies::hook::kind::HookKind;
use scenarios::HookStory;
use serde_json::Value;
use world::{ActionResult, LifecycleState};

use super::site::*;
use crate::crashing::{Then, at_every_call};

/// No look that completes or deregisters has fewer calls.
const LEAST_CALLS: u32 = 7;

/// The first look at a leaving instance that serves, or at a launch that is ready already; the event was not delivered.
fn held(launching: bool) -> (HookStory, Value) {
    let mut story = site_with(4, minutes(15), LAUNCH, LEAVE);
    work(&story);
    story.deliveries = 0;
    if launching {
        story.cloud.with(|world| world.set_desired_capacity(&web(), 5)).unwrap();
        story.is_on = false;
        story.pass(minutes(4));
        story.is_on = true;
    } else {
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
    }
    let about = if launching { "LAUNCHING" } else { "TERMINATING" };
    let event = story.delivered.iter().find(|event| event.to_string().contains(about)).unwrap().clone();
    (story, event)
}

fn drill(launching: bool, next: Then) {
    at_every_call(
        || held(launching),
        LEAST_CALLS,
        |mut story, event, crash| {
            let name = format!("{crash}, launching: {launching}, then {next:?}");
            story.deliveries = 1;
            next.follows(&mut story, event, &name);
            story.resyncs = true;
            story.pass(minutes(30));
            assert_eq!(timed_out(&story), 0, "{name}");
            assert_eq!(ended(&story, ActionResult::Abandon), 0, "{name}");
            assert_eq!(
                (story.ledger.open::<HookKind>().len(), lost(&story)),
                (0, (0, 0)),
                "{name}: {:?}",
                story.ledger.open::<HookKind>()
            );
            let expected = if launching { 5 } else { 4 };
            assert_eq!(story.in_service(&web()).len(), expected, "{name}");
            let completed = ended(&story, ActionResult::Continue);
            assert_eq!(completed, actions(&story).len(), "{name}: each completed once");
        },
    );
}

#[test]
fn after_a_crash_at_any_call_of_a_launch_the_event_again_completes_it() {
    drill(true, Then::TheEventAgain);
}

#[test]
fn after_a_crash_at_any_call_of_a_launch_the_schedules_alone_complete_it() {
    drill(true, Then::OnlyTheSchedules);
}

#[test]
fn after_a_crash_at_any_call_of_a_termination_the_event_again_completes_it() {
    drill(false, Then::TheEventAgain);
}

#[test]
fn after_a_crash_at_any_call_of_a_termination_the_schedules_alone_complete_it() {
    drill(false, Then::OnlyTheSchedules);
}
