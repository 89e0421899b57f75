//! Groups of hundreds and thousands, where records are many pages and a budget is hundreds of acts.

use futures_util::FutureExt;
use homeostat_remedies::instance::Fleet;
use jiff::SignedDuration;

use crate::fleet::*;

#[test]
fn a_cooldown_of_a_large_group_allows_no_more_than_its_budget() {
    let lines = "evidence = [\"alarm\", \"target-health\"]\nbudget = \"15%\"\ncooldown = \"1h\"\nbreaker-within = \"1h\"\nmax-wait = \"3h\"";
    let mut story = fleet(1_000, lines);
    break_some(&story, 155);
    story.pass(minutes(55));
    assert_eq!(terminated(&story).len(), 150, "as many as the budget, more than the hundred newest");
    story.pass(minutes(25));
    assert_eq!(terminated(&story).len(), 155);
    is_whole(&story, 1_000);
}

#[test]
fn whoever_was_launched_before_all_that_a_busy_group_did_lately_is_not_young() {
    let story = fleet(300, "evidence = [\"target-health\"]");
    let members = story.in_service(&web());
    story.cloud.pass(minutes(60));
    for id in &members[..120] {
        story.cloud.with(|world| world.terminate_instance(id, false)).unwrap();
        story.cloud.pass(SignedDuration::from_secs(1));
    }
    story.cloud.pass(minutes(1));
    let launches = story.cloud.launches(&web(), minutes(5)).now_or_never().unwrap().unwrap();
    let old = &members[200];
    assert!(launches.by(old).is_none_or(|launched| launched + minutes(5) <= story.now()), "{:?}", launches.by(old));
    let young = story.in_service(&web()).into_iter().filter(|id| !members.contains(id)).count();
    assert!(
        young > 0
            && story
                .in_service(&web())
                .iter()
                .filter(|id| !members.contains(id))
                .all(|id| launches.known.contains_key(id))
    );
}
