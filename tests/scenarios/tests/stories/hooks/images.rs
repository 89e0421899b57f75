//! A bad image: every launch fails its check. The loop ends, people hear of it, and the group is left as the policy says.

use std::fmt::Write;

use expect_test::expect;
use homeostat_core::id::Scope;
use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::hook::reasons::PageReason;
use homeostat_remedies::hook::reasons::{Decision, Page};
use scenarios::HookStory;
use world::{ActionResult, Flaw, Process};

use super::site::*;

/// Three of four instances are replaced by what never answers; so many hours later.
fn rolled_out(on_limit: &str, hours: i64) -> HookStory {
    let launch = format!("{LAUNCH}timeout = \"4m\"\nmax-abandoned = 3\non-limit = \"{on_limit}\"\n");
    let mut story = site_with(4, minutes(5), &launch, LEAVE);
    story.cloud.with(|world| {
        world.break_version(&web(), 2, Flaw::NeverAnswers);
        world.roll_out(&web(), 2).unwrap();
    });
    for id in story.in_service(&web()).into_iter().take(1) {
        terminate(&story, &id);
    }
    story.pass(minutes(60 * hours));
    story
}

fn pages(story: &HookStory) -> Vec<String> {
    let told = story.ledger.open::<HookKind>().into_iter().filter(|incident| incident.notify_seq > 0);
    told.filter_map(|incident| match &incident.decision {
        Some(Decision::Page(page @ Page::Own(PageReason::LaunchesFail(_)))) => Some(page.to_string()),
        _ => None,
    })
    .collect()
}

#[test]
fn what_is_never_ready_is_abandoned_three_times_and_then_admitted_with_one_page() {
    let story = rolled_out("admit", 3);
    assert_eq!(ended(&story, ActionResult::Abandon), 3);
    let pages = pages(&story);
    assert!(matches!(pages.as_slice(), [page] if page.contains("3 launches of group web")), "{pages:?}");
    assert_eq!(story.in_service(&web()).len(), 4, "capacity, of unknown worth");
    let closed = story.ledger.closed::<HookKind>();
    let told: Vec<String> = closed
        .iter()
        .filter(|incident| incident.is_told_at_the_end())
        .map(|incident| incident.decision.as_ref().unwrap().to_string())
        .collect();
    assert_eq!(told.len(), 2, "each abandoned launch but the one that became the page: {told:?}");
    assert_eq!(timed_out(&story), 0);
}

/// In three hours: without the limit, a launch every six minutes or so would make thirty.
#[test]
fn what_a_bad_image_costs_is_bounded() {
    let mut table = String::new();
    for on_limit in ["admit", "suspend-launch"] {
        let story = rolled_out(on_limit, 3);
        let launches: Vec<_> = actions(&story).into_iter().filter(|action| action.hook == "ready").collect();
        let held: i64 = launches.iter().map(|action| action.ended_at.duration_since(action.started_at).as_secs()).sum();
        let looks = story.answers.iter().flatten().filter(|answer| answer.get("decision").is_some()).count();
        let abandoned = ended(&story, ActionResult::Abandon);
        let (count, serving) = (launches.len(), story.in_service(&web()).len());
        writeln!(table, "{on_limit}: {count} launches, {abandoned} abandoned, held {held} s, {looks} looks, {serving} of 4 in service")
            .unwrap();
    }
    expect![[r#"
        admit: 7 launches, 3 abandoned, held 1680 s, 339 looks, 4 of 4 in service
        suspend-launch: 3 launches, 3 abandoned, held 720 s, 188 looks, 3 of 4 in service
    "#]]
    .assert_eq(&table);
}

#[test]
fn or_launch_is_suspended_and_what_is_well_stays() {
    let story = rolled_out("suspend-launch", 3);
    assert_eq!((ended(&story, ActionResult::Abandon), pages(&story).len()), (3, 1));
    let group = story.cloud.with(|world| world.group(&web()).unwrap().clone());
    assert!(group.is_suspended(Process::Launch) && group.suspended.len() == 1);
    assert_eq!(story.in_service(&web()).len(), 3, "those that serve go on serving");
}

#[test]
fn a_version_that_is_ready_ends_it() {
    let mut story = rolled_out("admit", 1);
    assert_eq!(pages(&story).len(), 1);
    story.cloud.with(|world| world.roll_out(&web(), 3)).unwrap();
    let victim = story.in_service(&web()).remove(0);
    terminate(&story, &victim);
    story.pass(minutes(20));
    assert_eq!(story.ledger.open::<HookKind>(), []);
    assert!(story.ledger.memory_of::<HookKind>(&Scope::of_group(&web())).abandoned.is_empty());
}
