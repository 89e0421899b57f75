//! What AWS sometimes answers, and what must not come of it.

use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt;
use homeostat_core::aws::alarm::{AlarmReading, AlarmReadings, AlarmState};
use homeostat_core::aws::fleet::{Group, Launches, TargetHealths};
use homeostat_core::id::{AlarmArn, GroupName, InstanceId, TargetGroupArn};
use homeostat_core::incident::State;
use homeostat_core::ports::{Outcome, Pause, Unavailable};
use homeostat_core::signal;
use homeostat_lambda::Failure;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{Close, Decision};
use homeostat_remedies::instance::{Fleet, Replace};
use homeostat_remedies::policy;
use jiff::SignedDuration;
use scenarios::FleetStory;
use serde_json::Value;
use world::{Cloud, Demo, MemoryLedger, VirtualClock, WakeUpQueue};

use crate::fleet::shipped_policy;

/// The world, with some of its answers changed on the way.
struct Twisted {
    cloud: Cloud,
    alarm: fn(AlarmReading) -> AlarmReading,
    outcome: fn(Outcome) -> Outcome,
    replaced: AtomicU32,
    /// The groups were deleted.
    groups_gone: bool,
}

impl Fleet for Twisted {
    async fn groups(&self, names: &[GroupName]) -> Result<Vec<Group>, Unavailable> {
        if self.groups_gone { Ok(Vec::new()) } else { self.cloud.groups(names).await }
    }
    async fn group_of(&self, instance: &InstanceId) -> Result<Option<GroupName>, Unavailable> {
        self.cloud.group_of(instance).await
    }
    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        let read = Fleet::alarms(&self.cloud, alarms).await?;
        Ok(read.into_iter().map(|(arn, read)| (arn, read.map(self.alarm))).collect())
    }
    async fn target_health(&self, target_group: &TargetGroupArn) -> Result<Option<TargetHealths>, Unavailable> {
        self.cloud.target_health(target_group).await
    }
    async fn alarms_in_alarm(&self) -> Result<Vec<AlarmReading>, Unavailable> {
        self.cloud.alarms_in_alarm().await
    }
    async fn refresh(&self, group: &GroupName) -> Result<Option<String>, Unavailable> {
        self.cloud.refresh(group).await
    }
    async fn launches(&self, group: &GroupName, back: SignedDuration) -> Result<Launches, Unavailable> {
        let group = if self.groups_gone { "no-such-group".parse().unwrap() } else { group.clone() };
        self.cloud.launches(&group, back).await
    }
}

impl Replace for Twisted {
    async fn replace(&self, instance: &InstanceId) -> Outcome {
        self.replaced.fetch_add(1, Ordering::Relaxed);
        (self.outcome)(self.cloud.replace(instance).await)
    }
    async fn mark_unhealthy(&self, instance: &InstanceId) -> Outcome {
        self.cloud.mark_unhealthy(instance).await
    }
}

type Owner = replace_instance::Ready<Twisted, Cloud, MemoryLedger, WakeUpQueue, VirtualClock>;

/// A story whose first instance is sick beyond doubt, with its alarm's event kept back.
fn sick() -> (FleetStory, Value) {
    let noon = "2026-03-01T12:00:00Z".parse().unwrap();
    let story = FleetStory::of_demo(Demo::new().unwrap(), policy::parse(&shipped_policy()).unwrap(), noon).unwrap();
    let victim = story.in_service(&"web".parse().unwrap())[0].clone();
    story.break_app(&victim).unwrap();
    story.cloud.pass(SignedDuration::from_mins(3));
    let event = story.cloud.with(|world| world.take_events()).remove(0);
    (story, event)
}

fn owner(story: &FleetStory, alarm: fn(AlarmReading) -> AlarmReading, outcome: fn(Outcome) -> Outcome) -> Owner {
    replace_instance::Ready {
        aws: Twisted { cloud: story.cloud.clone(), alarm, outcome, replaced: AtomicU32::new(0), groups_gone: false },
        checks: story.cloud.clone(),
        ledger: story.ledger.clone(),
        queues: story.owner.queues.clone(),
        clock: story.cloud.clock().clone(),
        policy: story.owner.policy.clone(),
        region: story.owner.region.clone(),
        stack: None,
    }
}

fn handle(owner: &Owner, event: &Value) -> Result<Value, Failure> {
    replace_instance::handle(owner, event.clone()).now_or_never().unwrap()
}

#[test]
fn a_refusal_of_what_has_taken_effect_is_no_refusal() {
    let (mut story, event) = sick();
    let refused =
        owner(&story, |alarm| alarm, |_| Outcome::Refused { why: "ValidationError: it is terminating".into() });
    handle(&refused, &event).unwrap();
    let [incident] = &story.ledger.open::<InstanceKind>()[..] else { panic!() };
    assert_eq!((incident.state, incident.notify_seq), (State::Verifying, 1), "{:?}", incident.decision);
    assert!(incident.mitigated_at.is_some());
    story.pass(SignedDuration::from_mins(20));
    assert_eq!(story.ledger.closed::<InstanceKind>()[0].decision, Some(Decision::Close(Close::Recovered)));
}

#[test]
fn a_lost_answer_is_no_second_call() {
    let (story, event) = sick();
    let cut = owner(&story, |alarm| alarm, |_| Outcome::Unknown { why: "cut".into() });
    for _ in 0..3 {
        handle(&cut, &event).unwrap();
    }
    assert_eq!(cut.aws.replaced.load(Ordering::Relaxed), 1);
    assert_eq!(story.ledger.open::<InstanceKind>()[0].state, State::Verifying, "the world shows that it took effect");
}

#[test]
fn an_alarm_read_from_before_the_event_is_read_again_and_never_believed() {
    let (story, event) = sick();
    let before = |alarm: AlarmReading| AlarmReading {
        state: AlarmState::Ok,
        since: alarm.since - SignedDuration::from_hours(9),
        ..alarm
    };
    let stale = owner(&story, before, |outcome| outcome);
    let Err(Failure::Retry(why)) = handle(&stale, &event) else { panic!() };
    assert!(why.contains("still shows its state"), "{why}");
    assert_eq!(story.ledger.open::<InstanceKind>(), []);
}

#[test]
fn an_alarm_with_its_actions_disabled_is_not_acted_on_by_a_wake_up_either() {
    let (mut story, event) = sick();
    let name = event["detail"]["alarmName"].as_str().unwrap().to_owned();
    story.ledger.add_pause(Pause {
        scope: "all".into(),
        by: "ana".into(),
        reason: "it is opened, and not acted on".into(),
        until: story.now() + SignedDuration::from_secs(30),
    });
    story.deliver(event).unwrap();
    story.cloud.with(|world| world.enable_alarm_actions(&name, false));
    story.pass(SignedDuration::from_mins(10));
    let [incident] = &story.ledger.open::<InstanceKind>()[..] else { panic!() };
    assert!(incident.decision.as_ref().unwrap().to_string().contains("are disabled"), "{:?}", incident.decision);
    assert_eq!(incident.acted_at, None);
}

/// Of two alarms on one instance, what is told is the one that proved it.
#[test]
fn another_alarm_on_the_same_instance_speaks_for_itself_alone() {
    let (mut story, event) = sick();
    let first = event["detail"]["alarmName"].as_str().unwrap().to_owned();
    let second = story.cloud.with(|world| {
        world.enable_alarm_actions(&first, false);
        let alarm = world.alarm(&first).unwrap().clone();
        world.add_alarm("second", alarm.metric, alarm.rule).unwrap()
    });
    let ignored = story.deliver(event).unwrap().to_string();
    assert!(ignored.contains("are disabled") && story.ledger.open::<InstanceKind>().is_empty(), "{ignored}");
    story.cloud.pass(SignedDuration::from_mins(1));
    let events = story.cloud.with(|world| world.take_events());
    let of_second = events.iter().find(|event| event["resources"][0] == second.as_str()).unwrap();
    let answer = story.deliver(of_second.clone()).unwrap().to_string();
    assert!(!answer.contains(&first), "{answer}");
    let notes: Vec<String> =
        story.ledger.open::<InstanceKind>()[0].notes.iter().map(|note| note.what.clone()).collect();
    let act = notes.iter().find(|what| what.starts_with("act:")).unwrap();
    assert!(act.contains("alarm \"second\" is in ALARM") && !act.contains(&first), "{act}");
}

#[test]
fn the_incident_of_a_group_that_is_deleted_after_the_act_is_held_and_then_closed() {
    let (story, event) = sick();
    let mut owner = owner(&story, |alarm| alarm, |outcome| outcome);
    handle(&owner, &event).unwrap();
    owner.aws.groups_gone = true;
    let wake_up = signal::wake(&story.ledger.open::<InstanceKind>()[0].subject);
    let held = handle(&owner, &wake_up).unwrap().to_string();
    assert!(held.contains("group web was not found"), "{held}");
    story.cloud.pass(SignedDuration::from_mins(1));
    handle(&owner, &wake_up).unwrap();
    assert_eq!(story.ledger.open::<InstanceKind>().len(), 1, "it may have been one bad answer");
    story.cloud.pass(SignedDuration::from_mins(1));
    let closed = handle(&owner, &wake_up).unwrap().to_string();
    assert!(closed.contains("group web does not exist any more"), "{closed}");
    assert!(story.ledger.slots_of(&"web".parse().unwrap()).holders.is_empty(), "its slot is given back");
}
