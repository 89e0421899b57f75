//! Groups that are not four equal instances behind one target group: weights, several launch templates, a target group that was
//! deleted, suspended processes, and groups that somebody parks for the night.

use homeostat_core::incident::State;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{Decision, Hold, HoldReason, Incident, Page, PageReason};
use jiff::SignedDuration;
use scenarios::{Announcement, FleetStory};
use world::{App, CapacityType, Flaw, Machine, Mixed, Override, Process};

use super::fleet::{break_some, fleet, minutes, said, terminated, the_open_one, web, web_scope};

const BOTH: &str = "evidence = [\"alarm\", \"target-health\"]";

/// Four instances of two units each.
fn weighted(capacity: CapacityType, weight: u32) -> FleetStory {
    let mut story = fleet(4, BOTH);
    let of = Override { weight: Some(weight), template: None };
    story.cloud.with(|world| {
        let ids: Vec<_> = world.members(&web()).map(|member| member.id.clone()).collect();
        world
            .update_group(&web(), |settings| {
                settings.mixed = Mixed { capacity, overrides: vec![of] };
                settings.max = 40 * weight;
            })
            .unwrap();
        // A group that gets weights counts those that run by them.
        ids.iter().for_each(|id| world.retype(id, of).unwrap());
        world.set_desired_capacity(&web(), 4 * weight).unwrap();
    });
    story.pass(minutes(2));
    story
}

fn paged(story: &FleetStory) -> Vec<Incident> {
    story.ledger.open::<InstanceKind>().into_iter().filter(|open| open.state == State::Escalated).collect()
}

#[test]
fn one_of_four_with_weights_is_replaced_and_its_incident_closes() {
    for (capacity, weight) in [(CapacityType::Units, 2), (CapacityType::Vcpu, 8)] {
        let mut story = weighted(capacity, weight);
        let victims = break_some(&story, 1);
        story.pass(minutes(30));
        assert_eq!(terminated(&story), victims, "{capacity:?}");
        assert_eq!(story.ledger.open::<InstanceKind>(), [], "{capacity:?}");
        assert_eq!(story.in_service(&web()).len(), 4);
    }
}

#[test]
fn all_of_a_group_with_weights_dead_is_a_page() {
    let mut story = weighted(CapacityType::Units, 2);
    break_some(&story, 4);
    story.pass(minutes(10));
    assert_eq!(terminated(&story), []);
    let open = paged(&story);
    let Some(Decision::Page(Page::Own(PageReason::TooManyUnhealthy(crowd)))) =
        open.first().and_then(|open| open.decision.clone())
    else {
        panic!("{open:?}")
    };
    assert_eq!((crowd.unhealthy, crowd.desired), (8, 8));
}

#[test]
fn a_launch_that_failed_is_forgotten_where_no_unit_is_missing() {
    let mut story = weighted(CapacityType::Units, 2);
    let at = Announcement { place: story.cloud.with(|world| world.place().clone()), at: story.now() };
    story.deliver(at.launch_failed(&web(), "a", "no Spot capacity")).unwrap();
    story.pass(minutes(120));
    assert_eq!(story.ledger.open::<InstanceKind>(), []);
}

#[test]
fn capacity_that_is_not_shown_is_a_page_and_nothing_is_ended() {
    // More than AWS has room for in `WeightedCapacity`.
    let mut story = weighted(CapacityType::MemoryMib, 2048);
    break_some(&story, 1);
    story.pass(minutes(70));
    assert_eq!(terminated(&story), []);
    let open = the_open_one(&story);
    assert_eq!(open.state, State::Escalated);
    assert!(open.notes.iter().any(|note| note.what.contains("counted in MiB of memory")), "{:?}", open.notes);
}

#[test]
fn the_breaker_of_a_group_with_two_templates_stays_open_however_they_take_turns() {
    let mut story = fleet(4, &format!("{BOTH}\nbreaker = 3"));
    let overrides = [None, Some(1)].map(|template| Override { weight: None, template });
    story.cloud.with(|world| {
        world
            .update_group(&web(), |settings| {
                settings.mixed = Mixed { capacity: CapacityType::Units, overrides: overrides.into() };
            })
            .unwrap();
        world.roll_out(&web(), 2).unwrap();
        world.break_version(&web(), 2, Flaw::DiesAfter(minutes(12)));
    });
    break_some(&story, 1);
    story.pass(minutes(24 * 60));
    assert!(terminated(&story).len() <= 4, "{:?}", terminated(&story));
    let breaker = story.ledger.memory_of::<InstanceKind>(&web_scope()).breaker.unwrap();
    assert_eq!(breaker.launched_from.from.len(), 2, "{breaker:?}");
}

#[test]
fn a_deleted_target_group_is_paged_with_its_arn_and_nothing_is_ended() {
    let mut story = fleet(4, "evidence = [\"alarm\"]\nhealth-alarms = [\"*\"]");
    let gone = story.cloud.with(|world| {
        let arn = world.group(&web()).unwrap().settings.target_groups[0].clone();
        world.delete_target_group(&arn).unwrap();
        arn
    });
    break_some(&story, 1);
    story.pass(minutes(30));
    assert_eq!(terminated(&story), [], "its replacement could not be launched");
    assert!(story.answers.iter().all(Result::is_ok), "{:?}", story.answers);
    let page = paged(&story).into_iter().find(|open| open.subject.instance().is_none()).unwrap();
    assert!(said(&page).contains(gone.as_str()), "{}", said(&page));
    story.cloud.with(|world| world.detach_missing_target_groups(&web())).unwrap();
    story.pass(minutes(60));
    assert_eq!(terminated(&story).len(), 1, "the alarm says enough");
    assert_eq!(story.ledger.open::<InstanceKind>(), []);
}

#[test]
fn nothing_is_ended_whose_replacement_would_get_no_traffic() {
    let mut story = fleet(4, BOTH);
    story.cloud.with(|world| world.suspend_processes(&web(), &[Process::AddToLoadBalancer])).unwrap();
    break_some(&story, 1);
    story.pass(minutes(30));
    assert_eq!(terminated(&story), []);
    assert!(said(&the_open_one(&story)).contains("AddToLoadBalancer"), "{}", said(&the_open_one(&story)));
    story.cloud.with(|world| world.resume_processes(&web(), &[])).unwrap();
    story.pass(minutes(30));
    assert_eq!((terminated(&story).len(), story.ledger.open::<InstanceKind>()), (1, Vec::new()));
}

#[test]
fn whom_no_target_group_checks_is_unknown_and_not_unhealthy() {
    let mut story = fleet(4, "evidence = [\"target-health\"]");
    let before = story.in_service(&web());
    story.cloud.with(|world| world.suspend_processes(&web(), &[Process::AddToLoadBalancer])).unwrap();
    story.cloud.with(|world| world.terminate_instance(&before[0], false)).unwrap();
    story.pass(minutes(10));
    let new = story.in_service(&web()).into_iter().find(|id| !before.contains(id)).unwrap();
    story.cloud.with(|world| world.resume_processes(&web(), &[])).unwrap();
    let is_target = story.cloud.see(|world| {
        let attached = world.group(&web()).unwrap().settings.target_groups.clone();
        attached.iter().any(|arn| world.target_group(arn).unwrap().targets.contains_key(&new))
    });
    assert!(!is_target, "resuming the process registers nobody");
    story.cloud.with(|world| world.break_app(&new, App::Dead)).unwrap();
    story.pass(minutes(58));
    assert_eq!(the_open_one(&story).paged_at, None, "its hour is not over");
    story.pass(minutes(62));
    assert_eq!(terminated(&story), before[..1], "absent from a list is no proof");
    // Its alarm says so, and none of the policy's evidence can tell: a person is asked.
    let open = the_open_one(&story);
    assert_eq!((open.subject.instance(), open.acted_at, open.state), (Some(new.clone()), None, State::Escalated));
    story.cloud.with(|world| world.break_app(&new, App::Well)).unwrap();
    story.pass(minutes(65));
    assert_eq!(story.ledger.open::<InstanceKind>(), [], "nothing has called it unhealthy for an hour");
}

/// Its load balancer has none of its zones, so that, as without a listener, nobody's health is checked.
#[test]
fn alarms_of_a_group_that_nothing_checks_are_one_page_of_the_group() {
    for evidence in [BOTH, "evidence = [\"target-health\"]"] {
        let mut story = fleet(4, evidence);
        story.cloud.with(|world| {
            let arn = world.group(&web()).unwrap().settings.target_groups[0].clone();
            let zones: Vec<String> = world.members(&web()).map(|member| member.zone.clone()).collect();
            zones.iter().for_each(|zone| world.enable_zone(&arn, zone, false).unwrap());
        });
        break_some(&story, 3);
        story.pass(minutes(57));
        assert_eq!(paged(&story), [], "its hour is not over: {evidence}");
        story.pass(minutes(63));
        let page = paged(&story);
        let [page] = &page[..] else { panic!("{page:?}") };
        assert_eq!((page.subject.instance(), terminated(&story)), (None, vec![]));
        assert!(page.notes.iter().any(|note| note.what.contains("no target group checks")), "{:?}", page.notes);
        assert!(story.ledger.open::<InstanceKind>().iter().all(|open| open.subject.instance().is_none()), "{evidence}");
    }
}

/// Somebody stopped it and started it again, and it boots for longer than usual.
#[test]
fn whoever_was_stopped_and_started_again_has_its_grace_once_more() {
    let mut story = fleet(4, "evidence = [\"target-health\"]\ngrace = \"10m\"");
    let processes = [Process::HealthCheck, Process::ReplaceUnhealthy];
    story.cloud.with(|world| world.suspend_processes(&web(), &processes)).unwrap();
    story.pass(minutes(30));
    let id = story.in_service(&web()).remove(0);
    story.cloud.with(|world| world.break_machine(&id, Machine::Stopped)).unwrap();
    story.pass(minutes(30));
    story.cloud.with(|world| {
        world.break_machine(&id, Machine::Well).unwrap();
        world.break_app(&id, App::Dead).unwrap();
        world.resume_processes(&web(), &[]).unwrap();
    });
    story.pass(minutes(5));
    assert_eq!(terminated(&story), []);
    story.cloud.with(|world| world.break_app(&id, App::Well)).unwrap();
    story.pass(minutes(30));
    assert_eq!(terminated(&story), [], "it was only slow to start");
    story.cloud.with(|world| world.break_app(&id, App::Dead)).unwrap();
    story.pass(minutes(30));
    assert_eq!(terminated(&story), [id]);
}

#[test]
fn what_stopped_is_not_said_to_be_replaced_by_a_group_that_does_not_look() {
    let mut story = fleet(4, BOTH);
    story.cloud.with(|world| world.suspend_processes(&web(), &[Process::HealthCheck])).unwrap();
    let id = story.in_service(&web()).remove(0);
    story.cloud.with(|world| world.break_machine(&id, Machine::Stopped)).unwrap();
    story.pass(minutes(4));
    let because = |open: &Incident| match &open.decision {
        Some(Decision::Hold { because, .. }) => because.clone(),
        other => panic!("{other:?}"),
    };
    for open in story.ledger.open::<InstanceKind>() {
        assert!(!matches!(because(&open), Hold::Own(HoldReason::GroupReplaces { .. })), "{}", said(&open));
    }
}

#[test]
fn a_group_that_is_parked_for_the_night_is_told_once_and_pages_nobody() {
    let mut story = fleet(4, BOTH);
    let ids = story.in_service(&web());
    story.cloud.with(|world| {
        world.suspend_processes(&web(), &[]).unwrap();
        ids.iter().for_each(|id| world.break_machine(id, Machine::Stopped).unwrap());
    });
    story.pass(minutes(12 * 60));
    let parked = the_open_one(&story);
    assert!(said(&parked).contains("all processes are suspended, and all its instances are stopped (4)"));
    assert_eq!((parked.notify_seq, parked.reminders, parked.state), (1, 0, State::Holding));
    assert!(
        story.ledger.closed::<InstanceKind>().iter().all(|closed| closed.paged_at.is_none()),
        "{:?}",
        story.ledger.closed::<InstanceKind>()
    );
    story.cloud.with(|world| {
        ids.iter().for_each(|id| world.break_machine(id, Machine::Well).unwrap());
        world.resume_processes(&web(), &[]).unwrap();
    });
    story.pass(minutes(30));
    assert_eq!((terminated(&story), story.ledger.open::<InstanceKind>()), (Vec::new(), Vec::new()));
    story.cloud.with(|world| world.break_app(&ids[0], App::Dead)).unwrap();
    story.pass(minutes(30) + SignedDuration::from_secs(1));
    assert_eq!(terminated(&story), [ids[0].clone()], "it is watched as before");
}
