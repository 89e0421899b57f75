//! The budget of all groups together: who waits for whom, and that one person is asked, once.

use std::fmt::Write;

use homeostat_core::id::{GroupName, InstanceId};
use homeostat_core::incident::State;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{Decision, Hold, Incident, Page};
use homeostat_remedies::policy;
use scenarios::FleetStory;
use world::{ActivityKind, Another, App, Demo};

use super::fleet::{minutes, noon};

fn name(nth: usize) -> GroupName {
    format!("svc-{nth}").parse().unwrap()
}

/// So many groups of that size, each a service of its own.
fn groups(count: usize, size: u32, lines: &str) -> FleetStory {
    let more = (1..count).map(|nth| Another { name: name(nth), instances: size, maintenance: None }).collect();
    let demo = Demo { group: name(0), target_group: "svc-0".to_owned(), instances: size, more, ..Demo::new().unwrap() };
    let mut text = "schema = 1\n".to_owned();
    for nth in 0..count {
        let evidence = "evidence = [\"alarm\", \"target-health\"]";
        writeln!(text, "[[replace-instance.group]]\nname = \"{}\"\n{evidence}", name(nth)).unwrap();
    }
    FleetStory::of_demo(demo, policy::parse(&(text + lines)).unwrap(), noon()).unwrap()
}

fn break_one_of(story: &FleetStory, nth: usize) -> InstanceId {
    let victim = story.in_service(&name(nth)).remove(0);
    story.cloud.with(|world| world.break_app(&victim, App::Dead)).unwrap();
    victim
}

fn terminated_in(story: &FleetStory, nth: usize) -> usize {
    let group = name(nth);
    story.cloud.with(|world| world.activities(&group).filter(|it| it.kind == ActivityKind::Terminate).count())
}

fn terminated(story: &FleetStory, count: usize) -> usize {
    (0..count).map(|nth| terminated_in(story, nth)).sum()
}

fn waits(open: &Incident) -> bool {
    matches!(&open.decision, Some(Decision::Hold { because: Hold::SharedBudget(_), .. }))
}

fn asks(open: &Incident) -> bool {
    matches!(&open.decision, Some(Decision::Page(Page::SharedBudget(_)))) && open.state == State::Escalated
}

/// Of four groups of one instance, one may be out at once.
#[test]
fn of_several_groups_that_fail_together_one_is_replaced_after_the_other() {
    let mut story = groups(4, 1, "");
    (0..4).for_each(|nth| _ = break_one_of(&story, nth));
    let mut most_out = 0;
    for _ in 0..90 {
        story.pass(minutes(1));
        most_out = most_out.max(story.ledger.shared().groups.values().map(|used| used.holders.len()).sum());
    }
    assert_eq!((most_out, terminated(&story, 4)), (1, 4));
    assert!((0..4).all(|nth| terminated_in(&story, nth) == 1 && story.in_service(&name(nth)).len() == 1));
    assert_eq!(story.ledger.open::<InstanceKind>(), []);
    assert!(story.ledger.shared().groups.values().all(|used| used.holders.is_empty()), "and all of it was given back");
    assert!(story.answers.iter().all(Result::is_ok), "{:?}", story.answers);
}

/// The first group never recovers: there is no capacity for it.
#[test]
fn one_page_is_sent_for_all_that_wait_and_it_says_who_used_the_budget() {
    let mut story = groups(6, 1, "");
    story.cloud.with(|world| world.lack_capacity_for_group(&name(0), true));
    break_one_of(&story, 0);
    story.pass(minutes(4));
    assert_eq!(terminated_in(&story, 0), 1);
    (1..6).for_each(|nth| _ = break_one_of(&story, nth));
    story.pass(minutes(12));
    assert!(!story.ledger.open::<InstanceKind>().iter().any(asks), "turns take minutes as a rule");
    story.pass(minutes(60));
    let open = story.ledger.open::<InstanceKind>();
    assert_eq!(open.iter().filter(|open| asks(open)).count(), 1, "{open:?}");
    assert_eq!(open.iter().filter(|open| waits(open)).count(), 4, "{open:?}");
    let asking = open.iter().find(|open| asks(open)).unwrap();
    let said = asking.paged_because.as_ref().unwrap().to_string();
    assert!(said.contains("used by group svc-0 (1: 1 open"), "{said}");
    assert_eq!(terminated(&story, 6), 1);
}

#[test]
fn nothing_is_replaced_while_the_budget_cannot_be_read_and_what_acted_before_closes() {
    let mut story = groups(2, 4, "");
    break_one_of(&story, 0);
    story.pass(minutes(4));
    assert_eq!(terminated_in(&story, 0), 1);
    story.ledger.spoil_shared_budget("item BUDGET#account SLOTS has schema \"2\", and this version knows 1");
    break_one_of(&story, 1);
    story.pass(minutes(30));
    assert_eq!(terminated_in(&story, 1), 0);
    let open = story.ledger.open::<InstanceKind>();
    let [held] = &open[..] else { panic!("{open:?}") };
    assert!(held.decision.as_ref().unwrap().to_string().contains("BUDGET#account"), "{held:?}");
    assert!(story.answers.iter().all(Result::is_ok), "{:?}", story.answers);
}
