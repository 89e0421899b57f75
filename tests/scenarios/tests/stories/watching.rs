//! Watch mode, pauses and escalation: what people set is obeyed, and what they need to know is told.

use futures_util::FutureExt;
use homeostat_core::incident::{Acknowledgement, State};
use homeostat_core::ports::{Ledger, Pause, Write};
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{Close, Decision};
use homeostat_remedies::policy;
use world::Process;

use super::fleet::{
    break_some, fleet, is_whole, minutes, noon, said, shipped_policy, terminated, the_open_one, web, web_scope,
};

#[test]
fn a_group_that_is_watched_is_told_of_and_left_alone_until_the_policy_says_act() {
    let mut story = fleet(4, "evidence = [\"alarm\", \"target-health\"]\nmode = \"watch\"");
    let [victim] = &break_some(&story, 1)[..] else { panic!() };
    story.pass(minutes(180));
    let watched = the_open_one(&story);
    assert!(said(&watched).contains(&format!("only watching; would terminate {victim}")), "{}", said(&watched));
    assert_eq!((watched.acted_at, watched.state), (None, State::Holding));
    assert_eq!(watched.notify_seq, 1, "what would be done: three hours are no news");
    assert_eq!(terminated(&story), []);
    assert!(
        story.ledger.slots_of(&web()).holders.is_empty()
            && story.ledger.memory_of::<InstanceKind>(&web_scope()).acts.is_empty()
    );

    story.owner.policy = policy::parse(&shipped_policy()).unwrap();
    story.pass(minutes(20));
    assert_eq!(terminated(&story), std::slice::from_ref(victim));
    is_whole(&story, 4);
}

#[test]
fn a_pause_takes_hold_before_the_next_step_and_in_the_middle_of_an_incident() {
    let mut story = fleet(10, "evidence = [\"alarm\", \"target-health\"]\nbudget = 1\ncooldown = \"0s\"");
    let victims = break_some(&story, 2);
    story.pass(minutes(3));
    let first = terminated(&story);
    assert_eq!(first.len(), 1, "one is acted on, and the other waits");
    let until = noon() + minutes(40);
    story.ledger.add_pause(Pause { scope: "group#web".into(), by: "ana".into(), reason: "a deploy".into(), until });
    story.pass(minutes(36));
    assert_eq!(terminated(&story), first, "nothing is done under a pause");
    let waiting = the_open_one(&story);
    assert!(said(&waiting).contains("paused for group#web by ana: a deploy"), "{}", said(&waiting));
    assert_eq!(story.ledger.closed::<InstanceKind>().len(), 1, "what was begun is watched to its end");
    story.pass(minutes(20));
    let mut both = terminated(&story);
    both.sort();
    assert_eq!(both, victims);
    is_whole(&story, 10);
}

#[test]
fn a_pause_for_one_instance_holds_no_other() {
    let mut story = fleet(10, "evidence = [\"alarm\", \"target-health\"]\nbudget = 2");
    let victims = break_some(&story, 2);
    let (scope, until) = (format!("instance#{}", victims[0]), noon() + minutes(400));
    story.ledger.add_pause(Pause { scope, by: "ana".into(), reason: "forensics".into(), until });
    story.pass(minutes(30));
    assert_eq!(terminated(&story), [victims[1].clone()]);
}

#[test]
fn what_waits_under_a_pause_for_an_hour_is_paged_and_reminded_of() {
    let mut story = fleet(4, "evidence = [\"alarm\", \"target-health\"]");
    let until = noon() + minutes(60 * 24);
    story.ledger.add_pause(Pause { scope: "all".into(), by: "ana".into(), reason: "holidays".into(), until });
    break_some(&story, 1);
    story.pass(minutes(59));
    assert_eq!(the_open_one(&story).state, State::Holding);
    story.pass(minutes(10));
    let paged = the_open_one(&story);
    assert_eq!((paged.state, paged.reminders), (State::Escalated, 0), "{}", said(&paged));
    story.pass(minutes(60));
    let reminded = the_open_one(&story);
    assert!((1..=2).contains(&reminded.reminders), "{}", reminded.reminders);
    assert_eq!(terminated(&story), []);
}

#[test]
fn an_escalated_incident_keeps_its_slot_reminds_and_closes_when_the_group_is_whole() {
    let mut story = fleet(4, "evidence = [\"alarm\", \"target-health\"]");
    story.cloud.with(|world| world.lack_capacity_for_group(&web(), true));
    break_some(&story, 1);
    story.pass(minutes(20));
    let paged = the_open_one(&story);
    assert_eq!(paged.state, State::Escalated, "{}", said(&paged));
    assert!(said(&paged).contains("not recovered within 15m"), "{}", said(&paged));
    story.pass(minutes(60));
    let later = the_open_one(&story);
    assert!((1..=2).contains(&later.reminders), "an hour, and one reminder each half hour: {}", later.reminders);
    assert_eq!(later.notify_seq, paged.notify_seq + later.reminders, "and nothing else is told");
    assert_eq!(story.ledger.slots_of(&web()).holders.len(), 1, "the group is still one short");
    assert_eq!(terminated(&story).len(), 1, "nothing more is tried");

    let known = Acknowledgement { by: "ana".into(), at: story.now(), reason: "capacity is ordered".into() };
    let acknowledged = later.acknowledge(known);
    story.ledger.write(Write::of(&acknowledged)).now_or_never().unwrap().unwrap();
    story.pass(minutes(90));
    assert_eq!(the_open_one(&story).reminders, later.reminders, "somebody knows");
    story.cloud.with(|world| world.lack_capacity_for_group(&web(), false));
    story.pass(minutes(60));
    is_whole(&story, 4);
    assert_eq!(story.ledger.closed::<InstanceKind>()[0].decision, Some(Decision::Close(Close::Recovered)));
}

#[test]
fn suspended_processes_hold_the_heal_until_somebody_resumes_them() {
    let mut story = fleet(4, "evidence = [\"alarm\", \"target-health\"]");
    story.cloud.with(|world| world.suspend_processes(&web(), &[Process::Launch])).unwrap();
    break_some(&story, 1);
    story.pass(minutes(30));
    assert!(said(&the_open_one(&story)).contains("while Launch is suspended"), "{}", said(&the_open_one(&story)));
    assert_eq!(terminated(&story), []);
    story.cloud.with(|world| world.resume_processes(&web(), &[Process::Launch])).unwrap();
    story.pass(minutes(20));
    is_whole(&story, 4);
}
