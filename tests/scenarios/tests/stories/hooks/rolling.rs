//! Five of ten instances are replaced one after another under a steady stream, with Homeostat and without.

use homeostat_remedies::hook::kind::HookKind;
use world::ActionResult;

use super::site::*;

/// Replaces the five that were there first, each when the group is whole again; what was lost of requests and jobs.
fn roll(story: &mut scenarios::HookStory) -> (u64, u64) {
    work(story);
    story.pass(minutes(5));
    assert_eq!(lost(story), (0, 0), "nothing is lost while nobody leaves");
    for id in story.in_service(&web()).into_iter().take(5) {
        terminate(story, &id);
        story.pass(secs(20));
        until_whole(story, 10, minutes(30));
    }
    // Until the last of them is gone, and what it had was done or lost.
    story.pass(minutes(30));
    lost(story)
}

#[test]
fn with_homeostat_nothing_is_lost() {
    let mut story = site(10);
    assert_eq!(roll(&mut story), (0, 0));
    assert_eq!((ended(&story, ActionResult::Continue), timed_out(&story)), (10, 0));
    assert_eq!(story.ledger.open::<HookKind>(), []);
    assert!(
        story
            .ledger
            .closed::<HookKind>()
            .iter()
            .all(|incident| incident.notify_seq == 0 && !incident.is_told_at_the_end())
    );
}

#[test]
fn without_homeostat_jobs_are_lost_with_and_without_hooks() {
    let mut off = site(10);
    off.is_on = false;
    let (requests, jobs) = roll(&mut off);
    // Hooks that nobody answers hold each for five minutes: the jobs that run end, but new ones come all the while, until the
    // machine goes.
    assert_eq!((requests, jobs), (0, 12));

    let mut bare = site(10);
    bare.is_on = false;
    bare.cloud.with(|world| world.update_group(&web(), |settings| settings.hooks.clear())).unwrap();
    let (requests, without_hooks) = roll(&mut bare);
    assert_eq!((requests, without_hooks), (0, 10));
}
