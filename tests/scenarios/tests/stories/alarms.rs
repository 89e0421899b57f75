//! An instance with several alarms: what one of them says never hides what another says, and what is no verdict counts for nothing.

use homeostat_core::id::InstanceId;
use homeostat_core::incident::State;
use homeostat_core::ports::Pause;
use homeostat_remedies::instance::kind::InstanceKind;
use jiff::SignedDuration;
use scenarios::FleetStory;
use world::{AlarmRule, Comparison, Demo, Flaw, Metric, Statistic, TreatMissingData};

use super::fleet::{break_some, fleet, is_whole, minutes, noon, said, shipped_policy, terminated, the_open_one, web};

const BOTH: &str = "evidence = [\"alarm\", \"target-health\"]";
/// The demo's launch automation names an instance's own alarm so.
const BY_ALARM: &str = "evidence = [\"alarm\"]\nhealth-alarms = [\"web-*-failing\"]";

const EMPTY: f64 = 10.0;
const FULL: f64 = 95.0;

/// How full an instance's disk is, and the alarm that watches it.
fn disk(story: &FleetStory, id: &InstanceId, percent: f64) {
    let rule = AlarmRule {
        statistic: Statistic::Maximum,
        period: SignedDuration::from_secs(60),
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: 80.0,
        comparison: Comparison::GreaterThanThreshold,
        missing: TreatMissingData::Ignore,
    };
    story.cloud.with(|world| {
        let metric = Metric::of_instance("CWAgent", "disk_used_percent", id);
        world.put_alarm(&disk_alarm(id), metric.clone(), rule).unwrap();
        world.put_metric(metric, percent);
    });
}

fn disk_alarm(id: &InstanceId) -> String {
    format!("disk-{id}")
}

/// The alarm on the application itself.
fn failing_alarm(id: &InstanceId) -> String {
    format!("web-{id}-failing")
}

/// Whose disk is full for two minutes.
fn blink(story: &mut FleetStory, id: &InstanceId) {
    disk(story, id, FULL);
    story.pass(minutes(2));
    disk(story, id, EMPTY);
    story.pass(minutes(2));
}

fn pause(story: &FleetStory, length: i64) {
    let until = story.now() + minutes(length);
    story.ledger.add_pause(Pause { scope: "group#web".into(), by: "ana".into(), reason: "a deploy".into(), until });
}

/// Two of four are dead; one is being replaced, and the other waits for the budget. It is the other.
fn two_dead(lines: &str) -> (FleetStory, InstanceId) {
    let mut story = fleet(4, lines);
    for id in story.in_service(&web()) {
        disk(&story, &id, EMPTY);
    }
    story.pass(minutes(5));
    let victims = break_some(&story, 2);
    story.pass(minutes(2));
    let waits = story.in_service(&web()).into_iter().find(|id| victims.contains(id)).unwrap();
    (story, waits)
}

#[test]
fn a_blinking_disk_should_not_hide_a_dead_application_that_waits_for_the_budget() {
    let (mut story, waits) = two_dead(BOTH);
    blink(&mut story, &waits);
    story.pass(minutes(60));
    assert!(
        terminated(&story).contains(&waits),
        "{:?}",
        story.ledger.open::<InstanceKind>().iter().map(said).collect::<Vec<_>>()
    );
    is_whole(&story, 4);
}

#[test]
fn a_second_alarm_that_is_deleted_should_not_hide_the_first() {
    let (mut story, waits) = two_dead(BOTH);
    disk(&story, &waits, FULL);
    story.pass(minutes(2));
    story.cloud.with(|world| world.delete_alarm(&disk_alarm(&waits)));
    story.pass(minutes(60));
    assert!(
        terminated(&story).contains(&waits),
        "{:?}",
        story.ledger.open::<InstanceKind>().iter().map(said).collect::<Vec<_>>()
    );
}

#[test]
fn a_second_alarm_under_a_pause_should_not_hide_the_first() {
    for is_enabled in [true, false] {
        let mut story = fleet(4, BOTH);
        let id = story.in_service(&web()).remove(0);
        disk(&story, &id, EMPTY);
        story.cloud.with(|world| world.enable_alarm_actions(&disk_alarm(&id), is_enabled));
        story.pass(minutes(5));
        pause(&story, 10);
        story.break_app(&id).unwrap();
        story.pass(minutes(3));
        disk(&story, &id, FULL);
        story.pass(minutes(2));
        if is_enabled {
            disk(&story, &id, EMPTY);
        }
        story.pass(minutes(60));
        assert_eq!(terminated(&story), [id], "the disk's alarm may act: {is_enabled}");
    }
}

#[test]
fn a_second_alarm_heard_while_it_boots_should_not_hide_the_first() {
    let mut story = fleet(4, BOTH);
    story.cloud.with(|world| {
        world.roll_out(&web(), 2).unwrap();
        world.break_version(&web(), 2, Flaw::NeverAnswers);
    });
    let old = story.in_service(&web());
    story.cloud.with(|world| world.terminate_instance(&old[0], false)).unwrap();
    story.pass(SignedDuration::from_secs(70));
    let new = story.in_service(&web()).into_iter().find(|id| !old.contains(id)).unwrap();
    blink(&mut story, &new);
    story.pass(minutes(30));
    assert!(
        terminated(&story).contains(&new),
        "{:?}",
        story.ledger.open::<InstanceKind>().iter().map(said).collect::<Vec<_>>()
    );
}

#[test]
fn of_several_alarms_the_resync_should_not_find_one_alone() {
    let mut story = fleet(4, BOTH);
    story.deliveries = 0;
    let id = story.in_service(&web()).remove(0);
    disk(&story, &id, EMPTY);
    story.pass(minutes(4));
    pause(&story, 10);
    story.break_app(&id).unwrap();
    disk(&story, &id, FULL);
    story.pass(minutes(4));
    disk(&story, &id, EMPTY);
    story.pass(minutes(30));
    assert_eq!(terminated(&story), [id]);
}

/// Its event was lost, and another alarm's wasn't.
#[test]
fn an_alarm_whose_event_was_lost_should_not_stay_unheard_behind_another() {
    let mut story = fleet(4, BOTH);
    let id = story.in_service(&web()).remove(0);
    disk(&story, &id, EMPTY);
    story.pass(minutes(5));
    disk(&story, &id, FULL);
    story.pass(minutes(2));
    story.deliveries = 0;
    story.break_app(&id).unwrap();
    disk(&story, &id, EMPTY);
    story.pass(minutes(20));
    assert_eq!(terminated(&story), [id]);
}

#[test]
fn where_alarms_are_the_only_evidence_one_that_is_ok_should_not_close_what_another_opened() {
    let mut story = fleet(4, "evidence = [\"alarm\"]\nhealth-alarms = [\"*\"]");
    let id = story.in_service(&web()).remove(0);
    disk(&story, &id, EMPTY);
    story.pass(minutes(5));
    pause(&story, 60);
    story.break_app(&id).unwrap();
    story.pass(minutes(3));
    for _ in 0..3 {
        blink(&mut story, &id);
        story.pass(minutes(6));
    }
    assert_eq!(story.ledger.closed::<InstanceKind>(), []);
    story.pass(minutes(40));
    assert_eq!(terminated(&story), [id]);
}

#[test]
fn a_full_disk_should_not_end_a_healthy_instance() {
    for lines in [BY_ALARM, BOTH] {
        let mut story = fleet(4, lines);
        let ids = story.in_service(&web());
        ids.iter().for_each(|id| disk(&story, id, EMPTY));
        story.pass(minutes(5));
        for _ in 0..6 {
            ids.iter().for_each(|id| disk(&story, id, FULL));
            story.pass(minutes(10));
            ids.iter().for_each(|id| disk(&story, id, EMPTY));
            story.pass(minutes(10));
        }
        assert_eq!(terminated(&story), [], "{lines}");
        let told = story.ledger.closed::<InstanceKind>().iter().map(|it| it.notify_seq).sum::<u32>();
        assert_eq!(told, 0, "nobody should hear of a disk that blinks: {lines}");
        is_whole(&story, 4);
    }
}

/// Whoever deletes an alarm has nobody wait for it. The other alarm is evidence as much as it was.
#[test]
fn an_alarm_that_was_deleted_should_keep_no_incident_open_beside_one_that_is_ok() {
    let mut story = fleet(4, "evidence = [\"alarm\"]\nhealth-alarms = [\"*\"]");
    let id = story.in_service(&web()).remove(0);
    disk(&story, &id, EMPTY);
    story.pass(minutes(5));
    pause(&story, 20);
    story.break_app(&id).unwrap();
    story.pass(minutes(3));
    disk(&story, &id, FULL);
    story.pass(minutes(2));
    assert_eq!(the_open_one(&story).kind.alarms().unwrap().arns().count(), 2);
    story.cloud.with(|world| world.delete_alarm(&failing_alarm(&id)));
    disk(&story, &id, EMPTY);
    story.pass(minutes(5));
    assert_eq!(
        story.ledger.open::<InstanceKind>(),
        [],
        "{:?}",
        story.ledger.open::<InstanceKind>().iter().map(said).collect::<Vec<_>>()
    );
    assert!(story.ledger.closed::<InstanceKind>().iter().all(|closed| closed.paged_at.is_none()));
    story.pass(minutes(120));
    assert_eq!((terminated(&story), story.ledger.open::<InstanceKind>()), (vec![], vec![]));
}

#[test]
fn an_alarm_that_is_no_verdict_should_open_nothing() {
    let mut story = fleet(4, BY_ALARM);
    let id = story.in_service(&web()).remove(0);
    disk(&story, &id, FULL);
    story.pass(minutes(12));
    assert_eq!((story.ledger.open::<InstanceKind>(), story.ledger.closed::<InstanceKind>()), (vec![], vec![]));
    story.break_app(&id).unwrap();
    story.pass(minutes(30));
    assert_eq!(terminated(&story), [id], "and hide nothing");
}

#[test]
fn an_alarm_whose_actions_are_disabled_should_open_nothing_by_any_route() {
    let mut story = fleet(4, BOTH);
    let id = story.in_service(&web()).remove(0);
    disk(&story, &id, EMPTY);
    story.cloud.with(|world| world.enable_alarm_actions(&disk_alarm(&id), false));
    story.pass(minutes(5));
    for _ in 0..3 {
        blink(&mut story, &id);
        story.pass(minutes(6));
    }
    assert_eq!((story.ledger.open::<InstanceKind>(), story.ledger.closed::<InstanceKind>()), (vec![], vec![]));
}

/// The agent dies with the application, and takes the alarm's data along.
#[test]
fn nobody_should_stay_unhealthy_unheard_because_an_alarm_lost_its_data() {
    let (mut story, waits) = two_dead(BOTH);
    let name = failing_alarm(&waits);
    story.cloud.with(|world| {
        let rule = world.alarm(&name).unwrap().rule.clone();
        world.put_alarm(&name, Metric::of_instance("Web", "Silent", &waits), rule).unwrap();
    });
    story.pass(minutes(58));
    assert_eq!(the_open_one(&story).paged_at, None, "its hour is not over");
    story.pass(minutes(5));
    let paged = the_open_one(&story);
    assert_eq!((paged.subject.instance(), paged.state), (Some(waits), State::Escalated), "{}", said(&paged));
}

/// The policy that ships, but that it acts: two of four die, and the disk of the one that waits fills up every other hour.
#[test]
fn under_the_shipped_policy_two_of_four_are_replaced_whatever_a_disk_says() {
    let policy = homeostat_remedies::policy::parse(&shipped_policy()).unwrap();
    let mut story = FleetStory::of_demo(Demo::new().unwrap(), policy, noon()).unwrap();
    let all = story.in_service(&web());
    all.iter().for_each(|id| disk(&story, id, EMPTY));
    story.pass(minutes(5));
    let victims = break_some(&story, 2);
    story.pass(minutes(2));
    let waits = story.in_service(&web()).into_iter().find(|id| victims.contains(id)).unwrap();
    let survivor = all.iter().find(|id| !victims.contains(id)).unwrap();
    for hour in 0..24 {
        blink(&mut story, &waits);
        blink(&mut story, survivor);
        story.pass(minutes(52));
        if hour == 0 {
            is_whole(&story, 4);
        }
    }
    let mut replaced = terminated(&story);
    replaced.sort();
    assert_eq!(replaced, victims, "and nobody else");
    let told: Vec<u32> = story
        .ledger
        .closed::<InstanceKind>()
        .iter()
        .filter(|it| it.acted_at.is_none())
        .map(|it| it.notify_seq)
        .collect();
    assert!(told.iter().all(|tell| *tell == 0), "nobody should hear of a disk that blinks: {told:?}");
}
