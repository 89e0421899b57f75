//! The first heal in virtual time, at AWS's own pace, through the functions' own code.

use homeostat_core::id::{GroupName, InstanceId};
use homeostat_core::incident::State;
use homeostat_core::ports::Pause;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{Close, Decision};
use homeostat_remedies::policy;
use jiff::{SignedDuration, Timestamp};
use scenarios::FleetStory;
use world::{ActivityKind, Demo, Pace};

use crate::fleet::shipped_policy;

fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn story() -> FleetStory {
    FleetStory::of_demo(Demo::new().unwrap(), policy::parse(&shipped_policy()).unwrap(), noon()).unwrap()
}

fn web() -> GroupName {
    "web".parse().unwrap()
}

fn terminations(story: &FleetStory, group: &GroupName) -> usize {
    story
        .cloud
        .with(|world| world.activities(group).filter(|activity| activity.kind == ActivityKind::Terminate).count())
}

fn break_first(story: &FleetStory) -> InstanceId {
    let victim = story.in_service(&web())[0].clone();
    story.break_app(&victim).unwrap();
    victim
}

#[test]
fn a_dead_application_is_replaced_once_and_its_incident_closed() {
    let mut story = story();
    let victim = break_first(&story);
    story.pass(SignedDuration::from_mins(30));

    assert_eq!(terminations(&story, &web()), 1);
    let members = story.in_service(&web());
    assert!(members.len() == 4 && !members.contains(&victim), "{members:?}");
    assert_eq!(story.ledger.open::<InstanceKind>(), []);
    let [incident] = &story.ledger.closed::<InstanceKind>()[..] else {
        panic!("{:?}", story.ledger.closed::<InstanceKind>())
    };
    assert_eq!(incident.decision, Some(Decision::Close(Close::Recovered)));
    assert_eq!(incident.subject.name(), victim.as_str());
    assert_eq!(
        incident.notify_seq, 1,
        "the plan alone: what only the alarm said, before the target group did, is not reported"
    );
    let (mitigated, recovered) = (incident.time_to_mitigate().unwrap(), incident.time_to_recover().unwrap());
    assert!(mitigated < recovered && recovered < SignedDuration::from_mins(10), "{mitigated:#} {recovered:#}");
    assert_eq!(story.ledger.slots_of(&web()).holders.len(), 0, "the slot is given back");
}

#[test]
fn the_same_event_again_and_again_never_replaces_a_second_instance() {
    let mut story = story();
    break_first(&story);
    story.pass(SignedDuration::from_mins(2));
    let event = story.delivered[0].clone();
    for minutes in [0, 1, 5, 30] {
        story.pass(SignedDuration::from_mins(minutes));
        story.deliver(event.clone()).unwrap();
    }
    assert_eq!(terminations(&story, &web()), 1);
    assert_eq!((story.ledger.open::<InstanceKind>().len(), story.ledger.closed::<InstanceKind>().len()), (0, 1));
    let last = story.answers.last().unwrap().as_ref().unwrap();
    assert!(last["ignored"].as_str().unwrap().contains("its incident was closed"), "{last}");
}

#[test]
fn a_group_outside_the_policy_is_not_touched_and_leaves_no_item() {
    let mut story = story();
    let batch: GroupName = "batch".parse().unwrap();
    let victim = story.in_service(&batch)[0].clone();
    story.break_app(&victim).unwrap();
    story.pass(SignedDuration::from_mins(30));

    assert_eq!(terminations(&story, &batch), 0);
    assert_eq!((story.ledger.open::<InstanceKind>().len(), story.ledger.closed::<InstanceKind>().len()), (0, 0));
    let answer = &story.answers[0].as_ref().unwrap()["records"][0];
    assert!(answer["ignored"].as_str().unwrap().contains("no group that the policy names (web)"), "{answer}");
}

#[test]
fn a_pause_holds_the_heal_until_it_ends_and_no_longer() {
    let mut story = story();
    let until = noon() + SignedDuration::from_mins(20);
    story.ledger.add_pause(Pause { scope: "group#web".into(), by: "ana".into(), reason: "migration".into(), until });
    break_first(&story);
    story.pass(SignedDuration::from_mins(19));
    assert_eq!(terminations(&story, &web()), 0);
    assert!(
        story.ledger.open::<InstanceKind>()[0]
            .decision
            .as_ref()
            .unwrap()
            .to_string()
            .contains("paused for group#web by ana")
    );
    story.pass(SignedDuration::from_mins(30));
    assert_eq!(terminations(&story, &web()), 1);
    assert_eq!(story.ledger.closed::<InstanceKind>()[0].notify_seq, 2, "the hold at the opening, and then the plan");
}

#[test]
fn two_sick_instances_are_replaced_one_after_the_other() {
    let mut story = story();
    let victims = story.in_service(&web())[..2].to_vec();
    for victim in &victims {
        story.break_app(victim).unwrap();
    }
    for _ in 0..60 {
        story.pass(SignedDuration::from_mins(1));
        let held = story.ledger.slots_of(&web()).holders.len();
        assert!(held <= 1, "20 % of four is one at a time");
        assert!(story.in_service(&web()).len() >= 3, "never two out at once");
    }
    assert_eq!(terminations(&story, &web()), 2);
    assert_eq!((story.ledger.open::<InstanceKind>().len(), story.ledger.closed::<InstanceKind>().len()), (0, 2));
}

#[test]
fn a_group_that_cannot_recover_is_paged_and_stays_open() {
    let policy = shipped_policy().replace("recover-within = \"15m\"", "recover-within = \"2m\"");
    let slow = Pace { answers_after: SignedDuration::from_mins(5), ..Pace::aws() };
    let demo = Demo { pace: slow, ..Demo::new().unwrap() };
    let mut story = FleetStory::of_demo(demo, policy::parse(&policy).unwrap(), noon()).unwrap();
    break_first(&story);
    let escalated = (0..12).find_map(|_| {
        story.pass(SignedDuration::from_secs(30));
        story.ledger.open::<InstanceKind>().into_iter().find(|incident| incident.state == State::Escalated)
    });
    let incident = escalated.unwrap();
    assert!(incident.decision.as_ref().unwrap().to_string().starts_with("page: not recovered within 2m"));
    assert_eq!(incident.notify_seq, 2, "plan, page");
    assert!(incident.wake_at.is_some(), "an open incident is always looked at again");
    assert_eq!(story.ledger.slots_of(&web()).holders.len(), 1, "it keeps its slot");
    story.pass(SignedDuration::from_mins(30));
    assert_eq!(
        story.ledger.closed::<InstanceKind>().len(),
        1,
        "it closes once the group is whole, and nobody is asked to"
    );
}

#[test]
fn every_open_incident_always_has_a_wake_up() {
    let mut story = story();
    break_first(&story);
    for _ in 0..90 {
        story.pass(SignedDuration::from_secs(10));
        assert!(story.ledger.open::<InstanceKind>().iter().all(|incident| incident.wake_at.is_some()));
    }
}
