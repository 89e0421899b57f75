//! What AWS announces of instances and groups: followed where the group acts by itself, acted on in time where it doesn't.

use homeostat_core::id::InstanceId;
use homeostat_core::incident::State;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{Close, CloseReason, Decision};
use jiff::{SignedDuration, Timestamp};
use scenarios::{Announcement, FleetStory};
use serde_json::json;
use world::{EventCode, Machine, Process};

use super::fleet::{fleet, is_whole, minutes, said, terminated, the_open_one, web};

const BOTH: &str = "evidence = [\"alarm\", \"target-health\"]";

fn one(story: &FleetStory) -> InstanceId {
    story.in_service(&web()).remove(0)
}

fn announced(story: &FleetStory) -> Announcement {
    Announcement { place: story.cloud.with(|world| world.place().clone()), at: story.now() }
}

/// EC2 plans to retire one, and its group doesn't look.
fn retires_unseen(story: &FleetStory, hours: i64) -> (InstanceId, Timestamp) {
    story.cloud.with(|world| world.suspend_processes(&web(), &[Process::HealthCheck])).unwrap();
    let (id, starts) = (one(story), story.now() + SignedDuration::from_hours(hours));
    story.cloud.with(|world| world.schedule_event(&id, EventCode::InstanceRetirement, starts)).unwrap();
    (id, starts)
}

/// A group of Spot Instances that launched anew.
fn spot(rebalances: bool) -> FleetStory {
    let mut story = fleet(4, BOTH);
    let settings = |settings: &mut world::GroupSettings| (settings.spot, settings.rebalances) = (true, rebalances);
    story.cloud.with(|world| world.update_group(&web(), settings)).unwrap();
    for id in story.in_service(&web()) {
        story.cloud.with(|world| world.terminate_instance(&id, false)).unwrap();
    }
    story.pass(minutes(20));
    is_whole(&story, 4);
    story
}

fn interrupt(story: &mut FleetStory) -> InstanceId {
    let id = one(story);
    story.cloud.with(|world| world.interrupt_spot(&id)).unwrap();
    let answer = story.deliver(announced(story).interruption(&id)).unwrap();
    assert!(answer["decision"].is_string(), "{answer}");
    id
}

#[test]
fn without_capacity_rebalancing_an_interrupted_instance_leaves_in_good_time() {
    let mut story = spot(false);
    let before = terminated(&story).len();
    let id = interrupt(&mut story);
    assert!(said(&the_open_one(&story)).contains("is left to replace it by itself"), "{}", said(&the_open_one(&story)));
    assert_eq!(terminated(&story).len(), before, "not at once");
    story.pass(SignedDuration::from_secs(100));
    assert_eq!(terminated(&story)[before..], [id], "before EC2 takes it");
    story.pass(minutes(20));
    is_whole(&story, 4);
    let closed = story.ledger.closed::<InstanceKind>();
    let incident = closed.last().unwrap();
    assert!(matches!(incident.decision, Some(Decision::Close(Close::Recovered))), "{incident:?}");
}

#[test]
fn with_capacity_rebalancing_it_is_followed_and_nothing_is_done() {
    let mut story = spot(true);
    let id = interrupt(&mut story);
    story.pass(minutes(20));
    is_whole(&story, 4);
    let closed = story.ledger.closed::<InstanceKind>();
    let [incident] = &closed[..] else { panic!("{closed:?}") };
    assert_eq!((incident.subject.instance(), incident.acted_at), (Some(id), None));
    assert!(matches!(incident.decision, Some(Decision::Close(Close::Own(CloseReason::LeftByItself)))), "{incident:?}");
}

#[test]
fn an_interruption_that_ec2_knows_nothing_of_is_left_alone() {
    let mut story = spot(false);
    let before = terminated(&story).len();
    let id = one(&story);
    let answer = story.deliver(announced(&story).interruption(&id)).unwrap();
    assert!(answer["ignored"].as_str().unwrap().contains("does not say"), "{answer}");
    story.pass(minutes(10));
    assert_eq!((terminated(&story).len(), story.ledger.open::<InstanceKind>().len()), (before, 0));
}

#[test]
fn a_retirement_that_the_group_sees_to_is_followed() {
    let mut story = fleet(4, BOTH);
    let (id, starts) = (one(&story), story.now() + SignedDuration::from_hours(14 * 24));
    story.cloud.with(|world| world.schedule_event(&id, EventCode::InstanceRetirement, starts)).unwrap();
    story.deliver(announced(&story).retirement(&id, starts)).unwrap();
    story.pass(minutes(70));
    is_whole(&story, 4);
    let [incident] = &story.ledger.closed::<InstanceKind>()[..] else {
        panic!("{:?}", story.ledger.closed::<InstanceKind>())
    };
    assert_eq!((incident.acted_at, terminated(&story)), (None, vec![id]));
    assert!(matches!(incident.decision, Some(Decision::Close(Close::Own(CloseReason::LeftByItself)))), "{incident:?}");
}

#[test]
fn a_retirement_that_the_group_does_not_see_to_is_acted_on_a_day_before() {
    let mut story = fleet(4, BOTH);
    let (id, starts) = retires_unseen(&story, 48);
    story.deliver(announced(&story).retirement(&id, starts)).unwrap();
    story.pass(SignedDuration::from_hours(23));
    assert_eq!(terminated(&story), []);
    let looks = the_open_one(&story).version;
    assert!((270..300).contains(&looks), "every five minutes: {looks}");
    story.pass(SignedDuration::from_hours(2));
    assert_eq!(terminated(&story), [id]);
    is_whole(&story, 4);
}

#[test]
fn an_instance_that_somebody_stopped_is_followed_until_the_group_is_whole() {
    let mut story = fleet(4, BOTH);
    let id = one(&story);
    story.cloud.with(|world| world.break_machine(&id, Machine::Stopped)).unwrap();
    let answer = story.deliver(announced(&story).state_change(&id, "stopping")).unwrap();
    assert!(answer["decision"].as_str().unwrap().contains("its group replaces it by itself"), "{answer}");
    assert_eq!(the_open_one(&story).state, State::Following);
    story.pass(minutes(20));
    is_whole(&story, 4);
    let [incident] = &story.ledger.closed::<InstanceKind>()[..] else {
        panic!("{:?}", story.ledger.closed::<InstanceKind>())
    };
    assert_eq!(incident.acted_at, None);
}

#[test]
fn an_instance_that_leaves_its_group_and_one_that_runs_again_are_no_incidents() {
    let mut story = fleet(4, BOTH);
    let id = one(&story);
    let answer = story.deliver(announced(&story).state_change(&id, "stopped")).unwrap();
    assert!(answer["ignored"].as_str().unwrap().contains("it is running"), "{answer}");
    story.cloud.with(|world| world.terminate_instance(&id, false)).unwrap();
    for state in ["shutting-down", "terminated"] {
        let answer = story.deliver(announced(&story).state_change(&id, state)).unwrap();
        assert!(answer["ignored"].is_string(), "{answer}");
    }
    assert_eq!((story.ledger.open::<InstanceKind>().len(), story.ledger.closed::<InstanceKind>().len()), (0, 0));
}

#[test]
fn launches_that_fail_are_told_of_at_once_and_paged_when_the_group_stays_short() {
    let mut story = fleet(4, BOTH);
    story.cloud.with(|world| world.lack_capacity_for_group(&web(), true));
    let id = one(&story);
    story.cloud.with(|world| world.terminate_instance(&id, false)).unwrap();
    story.pass(minutes(1));
    let why = "We currently do not have sufficient m7g.large capacity.";
    story.deliver(announced(&story).launch_failed(&web(), "a", why)).unwrap();
    let open = the_open_one(&story);
    assert!(
        said(&open).contains("sufficient m7g.large capacity")
            && said(&open).contains("3 of 4 instances are in service"),
        "{}",
        said(&open)
    );
    story.pass(minutes(14));
    assert_ne!(the_open_one(&story).state, State::Escalated);
    story.pass(minutes(3));
    assert_eq!(the_open_one(&story).state, State::Escalated);
    story.cloud.with(|world| world.lack_capacity_for_group(&web(), false));
    story.pass(minutes(30));
    is_whole(&story, 4);
}

#[test]
fn what_is_announced_of_others_is_nothing_to_us() {
    let mut story = fleet(4, BOTH);
    let stranger: InstanceId = "i-0123456789abcdef0".parse().unwrap();
    let mut elsewhere = announced(&story).state_change(&stranger, "stopped");
    elsewhere["region"] = json!("ap-south-1");
    let other_group = "nobody".parse().unwrap();
    for (event, said) in [
        (announced(&story).state_change(&stranger, "stopped"), "no group that the policy names"),
        (elsewhere, "this stack looks after"),
        (announced(&story).launch_failed(&other_group, "a", "no capacity"), "no group that the policy names"),
    ] {
        let answer = story.deliver(event).unwrap();
        assert!(answer["ignored"].as_str().is_some_and(|why| why.contains(said)), "{answer}");
    }
    assert_eq!(story.ledger.open::<InstanceKind>(), []);
}

/// Its agent falls silent while the target group is still making up its mind.
#[test]
fn an_alarm_without_data_never_takes_the_place_of_the_one_that_proves_it() {
    let mut story = fleet(4, BOTH);
    let id = one(&story);
    story.break_app(&id).unwrap();
    story.pass(minutes(2));
    let alarm = story.delivered.iter().find(|event| event.to_string().contains(id.as_str())).unwrap().clone();
    let proves = the_open_one(&story);
    let mut silent = alarm.clone();
    silent["resources"][0] = json!(alarm["resources"][0].as_str().unwrap().replace("-failing", "-disk"));
    silent["detail"]["alarmName"] = json!("disk");
    silent["detail"]["state"]["value"] = json!("INSUFFICIENT_DATA");
    story.deliver(silent).unwrap();
    assert_eq!(the_open_one(&story).kind, proves.kind);
    story.pass(minutes(30));
    assert_eq!(terminated(&story), [id]);
    is_whole(&story, 4);
}

#[test]
fn too_little_data_about_an_instance_that_is_well_is_no_incident() {
    let mut story = fleet(4, BOTH);
    let id = one(&story);
    story.pass(minutes(10));
    let detail = json!({"alarmName": "disk", "state": {"value": "INSUFFICIENT_DATA", "timestamp": story.now().to_string()},
        "configuration": {"metrics": [{"metricStat": {"metric": {"dimensions": {"InstanceId": id}}}}]}});
    let mut event = announced(&story).event("aws.cloudwatch", "CloudWatch Alarm State Change", detail);
    event["resources"] = json!([format!("arn:aws:cloudwatch:{}:123456789012:alarm:disk", story.owner.region)]);
    let answer = story.deliver(event).unwrap();
    assert!(answer["ignored"].is_string(), "{answer}");
    assert_eq!((story.ledger.open::<InstanceKind>().len(), story.ledger.closed::<InstanceKind>().len()), (0, 0));
}

#[test]
fn a_retirement_that_no_event_told_of_is_found_by_the_resync() {
    let mut story = fleet(4, BOTH);
    let (id, _) = retires_unseen(&story, 48);
    story.pass(minutes(10));
    assert!(said(&the_open_one(&story)).contains("a scheduled event that ends the instance"));
    story.pass(SignedDuration::from_hours(26));
    assert_eq!(terminated(&story), [id]);
    is_whole(&story, 4);
}

/// The incident that the announcement opened has no alarm, and the survey leaves alone whoever has an incident.
#[test]
fn who_falls_sick_days_before_its_retirement_is_healed_although_the_alarms_event_is_lost() {
    let mut story = fleet(4, BOTH);
    let (id, starts) = retires_unseen(&story, 14 * 24);
    story.deliver(announced(&story).retirement(&id, starts)).unwrap();
    story.pass(minutes(30));
    assert_eq!(terminated(&story), []);
    story.deliveries = 0;
    story.break_app(&id).unwrap();
    story.pass(minutes(15));
    assert_eq!(terminated(&story), [id]);
    story.pass(minutes(15));
    is_whole(&story, 4);
}

#[test]
fn a_machine_that_stopped_is_found_by_the_resync_although_no_event_told_of_it() {
    let mut story = fleet(4, BOTH);
    story.cloud.with(|world| world.suspend_processes(&web(), &[Process::ReplaceUnhealthy])).unwrap();
    story.deliveries = 0;
    let id = one(&story);
    story.cloud.with(|world| world.break_machine(&id, Machine::Stopped)).unwrap();
    story.pass(minutes(6));
    let open = the_open_one(&story);
    assert!(open.subject.is_instance(&id) && open.kind.notice().is_some(), "{open:?}");
}

/// What failed before is no reason to page about what failed now.
#[test]
fn a_failed_launch_gives_its_group_its_time_although_an_older_incident_is_open() {
    let mut story = fleet(4, BOTH);
    let all = story.in_service(&web());
    for id in &all[..3] {
        story.break_app(id).unwrap();
    }
    story.pass(minutes(40));
    let group = |story: &FleetStory| {
        story.ledger.open::<InstanceKind>().into_iter().find(|open| open.subject.instance().is_none())
    };
    let told = group(&story).unwrap().notify_seq;
    story.deliver(announced(&story).launch_failed(&web(), "a", "no capacity")).unwrap();
    for id in &all[..3] {
        story.cloud.with(|world| world.break_app(id, world::App::Well)).unwrap();
    }
    story.cloud.with(|world| world.lack_capacity_for_group(&web(), true));
    story.cloud.with(|world| world.terminate_instance(&all[3], false)).unwrap();
    story.pass(minutes(5));
    assert_eq!(group(&story).map(|open| open.notify_seq), Some(told));
}
