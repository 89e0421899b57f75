//! The warm pool: entering it is no launch into service, leaving it is, and returning to it is no end.

use homeostat_core::aws::lifecycle::Course;
use homeostat_remedies::hook::kind::HookKind;
use world::{ActionResult, LifecycleState, PoolState, WarmPool};

use super::site::*;

fn pooled(state: PoolState) -> scenarios::HookStory {
    let story = site(4);
    let pool = WarmPool { size: 2, state, reuse_on_scale_in: true };
    story.cloud.with(|world| world.update_group(&web(), |settings| settings.warm_pool = Some(pool))).unwrap();
    story
}

fn courses(story: &scenarios::HookStory) -> Vec<Course> {
    let closed = story.ledger.closed::<HookKind>();
    let mut courses: Vec<_> =
        closed.iter().map(|incident| (incident.opened_at, incident.kind.state().course.unwrap())).collect();
    courses.sort_by_key(|(at, _)| *at);
    courses.into_iter().map(|(_, course)| course).collect()
}

#[test]
fn each_transition_does_what_its_origin_and_destination_mean() {
    for state in [PoolState::Stopped, PoolState::Running] {
        let mut story = pooled(state);
        story.pass(minutes(5));
        assert_eq!(courses(&story), [Course::IntoPool, Course::IntoPool]);
        let held: Vec<i64> =
            actions(&story).iter().map(|action| action.ended_at.duration_since(action.started_at).as_secs()).collect();
        assert!(held.iter().all(|seconds| *seconds < 2), "held for nothing: {held:?}");

        story.cloud.with(|world| world.set_desired_capacity(&web(), 5)).unwrap();
        story.pass(minutes(6));
        assert_eq!(story.in_service(&web()).len(), 5);
        assert!(courses(&story).contains(&Course::IntoService), "{state:?}");

        work(&story);
        story.pass(minutes(3));
        story.cloud.with(|world| world.set_desired_capacity(&web(), 3)).unwrap();
        story.pass(minutes(20));
        assert_eq!(courses(&story).iter().filter(|course| **course == Course::BackToPool).count(), 2, "{state:?}");
        assert_eq!(lost(&story), (0, 0), "{state:?}: whatever it had was done before it was stopped");
        let warm = story.cloud.with(|world| world.members(&web()).filter(|member| member.lifecycle.is_warm()).count());
        assert!(warm >= 2 && timed_out(&story) == 0);
        assert_eq!(ended(&story, ActionResult::Abandon), 0);
        assert_eq!(story.ledger.open::<HookKind>(), []);
    }
}

/// It went into the pool with the tag of its first life: out of it, only what it says since its machine was started counts.
#[test]
fn the_tag_of_an_earlier_life_admits_nobody() {
    let mut story = pooled(PoolState::Stopped);
    story.pass(minutes(5));
    let pooled: Vec<_> = story.cloud.with(|world| {
        world.members(&web()).filter(|member| member.lifecycle == LifecycleState::WarmedStopped).cloned().collect()
    });
    let old = noon().to_string();
    for member in &pooled {
        story.cloud.with(|world| world.set_instance_tag(&member.id, "app:ready", &old)).unwrap();
    }
    story.cloud.with(|world| world.set_desired_capacity(&web(), 5)).unwrap();
    story.pass(secs(25));
    assert_eq!(story.in_service(&web()).len(), 4, "not yet");
    story.pass(minutes(5));
    assert_eq!(story.in_service(&web()).len(), 5);
}
