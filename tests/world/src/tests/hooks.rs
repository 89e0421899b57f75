use homeostat_core::id::InstanceId;
use serde_json::Value;

use super::{fleet, ids, in_service, noon, secs, web, when};
use crate::{
    ActionBy, ActionEnd, ActionResult, ActivityKind, ActivityStatus, HealthCheckType, LifecycleHook, LifecycleState,
    LifecycleTransition, Pace, World,
};

pub(super) fn hook(name: &str, transition: LifecycleTransition, default_result: ActionResult) -> LifecycleHook {
    LifecycleHook {
        name: name.to_owned(),
        transition,
        heartbeat_timeout: secs(60),
        default_result,
        notification_metadata: None,
    }
}

fn coming(default_result: ActionResult) -> LifecycleHook {
    hook("coming", LifecycleTransition::Launching, default_result)
}

fn going(name: &str, default_result: ActionResult) -> LifecycleHook {
    hook(name, LifecycleTransition::Terminating, default_result)
}

fn with_hooks(hooks: &[LifecycleHook]) -> World {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    world.update_group(&web(), |settings| settings.hooks = hooks.to_vec()).unwrap();
    world
}

fn state(world: &World, id: &InstanceId) -> &'static str {
    world.instance(id).map_or("gone", |instance| instance.lifecycle.as_str())
}

/// Terminates one and waits until a hook holds it.
fn leaving(world: &mut World) -> InstanceId {
    let id = ids(world, "web")[0].clone();
    world.terminate_instance(&id, false).unwrap();
    assert!(when(world, secs(10), |world| state(world, &id) == "Terminating:Wait").is_some());
    id
}

/// Terminates one, and waits until a hook holds its replacement.
fn arriving(world: &mut World) -> InstanceId {
    let before = ids(world, "web");
    world.terminate_instance(&before[0], false).unwrap();
    let held = |world: &World| world.active_actions().any(|action| !before.contains(&action.instance));
    assert!(when(world, secs(20), held).is_some());
    world.active_actions().find(|action| !before.contains(&action.instance)).unwrap().instance.clone()
}

fn token_of(world: &World, id: &InstanceId) -> ActionBy {
    ActionBy::Token(world.active_actions().find(|action| action.instance == *id).unwrap().token.clone())
}

fn ends(world: &World) -> Vec<ActionEnd> {
    world.lifecycle_actions().iter().map(|action| action.ended_by).collect()
}

#[test]
fn an_instance_that_is_held_on_its_way_in_should_neither_serve_nor_be_in_its_grace_period() {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    world.update_group(&web(), |settings| settings.hooks = vec![coming(ActionResult::Abandon)]).unwrap();
    let id = arriving(&mut world);
    assert_eq!(state(&world, &id), "Pending:Wait");
    world.step(world.now() + secs(30));
    let instance = world.instance(&id).unwrap();
    assert!(instance.state.as_str() == "running" && instance.in_service_at.is_none());
    assert!(!world.target_group(&target_group).unwrap().targets.contains_key(&id));
    assert_eq!(in_service(&world), 3);

    let by = token_of(&world, &id);
    world.complete_lifecycle_action(&web(), "coming", by, ActionResult::Continue).unwrap();
    let since = world.now();
    assert_eq!(state(&world, &id), "Pending:Proceed");
    assert!(!world.target_group(&target_group).unwrap().targets.contains_key(&id));
    assert!(when(&mut world, secs(2), |world| state(world, &id) == "InService").is_some());
    assert_eq!(world.instance(&id).unwrap().in_service_at, Some(since + world.pace().proceed));
    assert!(world.target_group(&target_group).unwrap().targets.contains_key(&id));
}

#[test]
fn a_leaving_instance_is_held_only_after_it_has_drained() {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    world.update_group(&web(), |settings| settings.hooks = vec![going("going", ActionResult::Continue)]).unwrap();
    let id = ids(&world, "web")[0].clone();
    world.terminate_instance(&id, false).unwrap();
    assert_eq!((state(&world, &id), world.active_actions().count()), ("Terminating", 0));
    world.step(noon() + secs(1));
    assert_eq!((state(&world, &id), world.active_actions().count()), ("Terminating:Wait", 1));
    assert!(!world.target_group(&target_group).unwrap().targets.contains_key(&id));
    assert_eq!(world.instance(&id).unwrap().state.as_str(), "running");
    let by = ActionBy::Instance(id.clone());
    world.complete_lifecycle_action(&web(), "going", by, ActionResult::Continue).unwrap();
    let instance = world.instance(&id).unwrap();
    assert_eq!((instance.lifecycle.as_str(), instance.state.as_str()), ("Terminating:Proceed", "shutting-down"));
    assert!(when(&mut world, secs(2), |world| state(world, &id) == "gone").is_some());
}

#[test]
fn an_event_names_the_action_and_nothing_tells_of_it_when_events_get_lost() {
    let metadata = Some("additional-info".to_owned());
    let named = LifecycleHook { notification_metadata: metadata, ..going("going", ActionResult::Continue) };
    let mut world = with_hooks(&[named]);
    let id = leaving(&mut world);
    let [event] = world.take_events().try_into().unwrap();
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
    assert_eq!(
        (text("/source"), text("/detail-type")),
        ("aws.autoscaling".into(), "EC2 Instance-terminate Lifecycle Action".into())
    );
    assert_eq!(text("/resources/0"), world.group(&web()).unwrap().arn);
    assert_eq!(text("/time"), "2026-03-02T12:00:01Z");
    let action = world.active_actions().next().unwrap();
    let told = [
        "LifecycleActionToken",
        "AutoScalingGroupName",
        "LifecycleHookName",
        "EC2InstanceId",
        "LifecycleTransition",
        "NotificationMetadata",
        "Origin",
        "Destination",
    ];
    let expected = [
        &action.token,
        "web",
        "going",
        id.as_str(),
        "autoscaling:EC2_INSTANCE_TERMINATING",
        "additional-info",
        "AutoScalingGroup",
        "EC2",
    ];
    assert_eq!(told.map(|name| text(&format!("/detail/{name}"))), expected.map(ToOwned::to_owned));

    world.lose_hook_events(true);
    let other = ids(&world, "web").into_iter().find(|other| *other != id).unwrap();
    world.terminate_instance(&other, false).unwrap();
    assert!(when(&mut world, secs(10), |world| state(world, &other) == "Terminating:Wait").is_some());
    assert!(world.take_events().is_empty());
}

#[test]
fn an_action_that_nobody_completes_should_not_last_longer_than_its_timeout() {
    let mut world = with_hooks(&[going("going", ActionResult::Continue)]);
    let id = leaving(&mut world);
    let since = world.now();
    world.step(since + secs(59));
    assert_eq!(state(&world, &id), "Terminating:Wait");
    world.step(since + secs(60));
    assert_eq!((state(&world, &id), ends(&world)), ("Terminating:Proceed", vec![ActionEnd::TimedOut]));
    let [action] = world.lifecycle_actions() else { panic!("one") };
    assert_eq!((action.started_at, action.ended_at, action.heartbeats), (since, since + secs(60), 0));
}

#[test]
fn a_heartbeat_restarts_the_timeout_but_never_beyond_the_global_end() {
    let mut world = with_hooks(&[going("going", ActionResult::Continue)]);
    let id = leaving(&mut world);
    let since = world.now();
    let by = token_of(&world, &id);
    for turn in 1..=149 {
        world.step(since + secs(40 * turn));
        world.record_lifecycle_action_heartbeat(&web(), "going", by.clone()).unwrap();
        let action = world.active_actions().next().unwrap();
        assert_eq!(action.ends_at, since + secs((40 * turn + 60).min(6000)));
    }
    world.step(since + secs(5999));
    assert_eq!(state(&world, &id), "Terminating:Wait");
    world.step(since + secs(6000));
    assert_eq!((world.lifecycle_actions()[0].heartbeats, ends(&world)), (149, vec![ActionEnd::TimedOut]));
    let long = LifecycleHook { heartbeat_timeout: secs(7200), ..going("long", ActionResult::Continue) };
    assert_eq!(long.global_timeout(), secs(48 * 3600));
}

#[test]
fn an_action_should_not_be_completed_twice_nor_by_another_name() {
    let mut world = with_hooks(&[going("going", ActionResult::Continue), coming(ActionResult::Continue)]);
    let id = leaving(&mut world);
    let (by, other) = (token_of(&world, &id), ids(&world, "web").into_iter().find(|other| *other != id).unwrap());
    let before = world.clone();
    let complete = |world: &mut World, hook: &str, by: ActionBy| {
        let refused = world.complete_lifecycle_action(&web(), hook, by, ActionResult::Continue).unwrap_err();
        assert_eq!(refused.code(), "ValidationError");
        refused.to_string()
    };
    let none = ActionBy::Token("71514b9d-6a40-4b26-8523-05e7e0000000".to_owned());
    let words = "No active Lifecycle Action found with token 71514b9d-6a40-4b26-8523-05e7e0000000";
    assert_eq!(complete(&mut world, "going", none), words);
    complete(&mut world, "coming", by.clone());
    assert_eq!(
        complete(&mut world, "going", ActionBy::Instance(other.clone())),
        format!("No active Lifecycle Action found with instance ID {other}")
    );
    assert!(world.record_lifecycle_action_heartbeat(&web(), "nope", by.clone()).is_err());
    let batch = "batch".parse().unwrap();
    assert!(world.complete_lifecycle_action(&batch, "going", by.clone(), ActionResult::Continue).is_err());
    assert_eq!(world, before);
    world.complete_lifecycle_action(&web(), "going", by.clone(), ActionResult::Continue).unwrap();
    complete(&mut world, "going", by.clone());
    assert!(world.record_lifecycle_action_heartbeat(&web(), "going", by).is_err());
    assert_eq!(ends(&world), [ActionEnd::Completed(ActionResult::Continue)]);
}

#[test]
fn an_instance_should_not_go_on_before_all_its_hooks_are_done() {
    let mut world = with_hooks(&[going("one", ActionResult::Continue), going("two", ActionResult::Continue)]);
    let id = leaving(&mut world);
    let tokens: Vec<String> = world.active_actions().map(|action| action.token.clone()).collect();
    assert!(tokens.len() == 2 && tokens[0] != tokens[1]);
    let by = || ActionBy::Instance(id.clone());
    world.complete_lifecycle_action(&web(), "two", by(), ActionResult::Continue).unwrap();
    assert_eq!(state(&world, &id), "Terminating:Wait");
    world.complete_lifecycle_action(&web(), "one", by(), ActionResult::Continue).unwrap();
    assert_eq!(state(&world, &id), "Terminating:Proceed");
}

#[test]
fn an_abandoned_termination_skips_the_other_hooks() {
    let mut world = with_hooks(&[going("one", ActionResult::Continue), going("two", ActionResult::Continue)]);
    let id = leaving(&mut world);
    let by = ActionBy::Instance(id.clone());
    world.complete_lifecycle_action(&web(), "two", by, ActionResult::Abandon).unwrap();
    assert_eq!(state(&world, &id), "Terminating:Proceed");
    assert_eq!(ends(&world), [ActionEnd::Completed(ActionResult::Abandon), ActionEnd::Skipped]);
    world.step(world.now() + secs(120));
    assert_eq!(world.lifecycle_actions().len(), 2, "nothing ends twice");
}

#[test]
fn an_abandoned_launch_should_not_enter_service_and_is_replaced() {
    let mut world = with_hooks(&[coming(ActionResult::Abandon), going("going", ActionResult::Continue)]);
    let id = arriving(&mut world);
    assert!(when(&mut world, secs(61), |world| state(world, &id) != "Pending:Wait").is_some());
    assert_eq!(state(&world, &id), "Terminating:Wait", "never registered, so there is nothing to drain");
    let launch = world.activities.iter().find(|activity| activity.instance == id).unwrap();
    assert_eq!((launch.kind, launch.status), (ActivityKind::Launch, ActivityStatus::Cancelled));
    assert!(launch.status_message.as_ref().unwrap().ends_with("was abandoned: Heartbeat Timeout"));
    let waits = |member: &&crate::Instance| member.lifecycle == LifecycleState::PendingWait;
    let replaced = |world: &World| world.members(&web()).any(|member| waits(&member));
    assert!(when(&mut world, secs(10), replaced).is_some());
    assert!(world.instance(&id).is_none_or(|instance| instance.in_service_at.is_none()));
}

#[test]
fn a_retained_instance_runs_on_outside_the_desired_capacity_until_it_is_terminated() {
    for times_out in [true, false] {
        let default_result = if times_out { ActionResult::Abandon } else { ActionResult::Continue };
        let mut world = with_hooks(&[going("going", default_result)]);
        world.update_group(&web(), |settings| settings.retain_on_abandon = true).unwrap();
        let id = leaving(&mut world);
        if times_out {
            world.step(world.now() + secs(60));
        } else {
            let by = token_of(&world, &id);
            world.complete_lifecycle_action(&web(), "going", by, ActionResult::Abandon).unwrap();
        }
        world.step(world.now() + secs(3600));
        assert_eq!((state(&world, &id), in_service(&world)), ("Terminating:Retained", 4));
        assert_eq!(world.instance(&id).unwrap().state.as_str(), "running");
        assert_eq!(ids(&world, "web").len(), 5);
        world.terminate_instance(&id, false).unwrap();
        world.step(world.now() + secs(10));
        assert_eq!((state(&world, &id), in_service(&world), world.active_actions().count()), ("gone", 4, 0));
    }
}

#[test]
fn a_completed_termination_should_not_be_retained() {
    let mut world = with_hooks(&[going("going", ActionResult::Abandon)]);
    world.update_group(&web(), |settings| settings.retain_on_abandon = true).unwrap();
    let id = leaving(&mut world);
    let by = token_of(&world, &id);
    world.complete_lifecycle_action(&web(), "going", by, ActionResult::Continue).unwrap();
    assert!(when(&mut world, secs(5), |world| state(world, &id) == "gone").is_some());
}

#[test]
fn a_group_that_is_deleted_by_force_should_not_ask_its_hooks_nor_leave_an_action_behind() {
    let mut world = with_hooks(&[coming(ActionResult::Continue), going("going", ActionResult::Continue)]);
    let held = leaving(&mut world);
    let by = token_of(&world, &held);
    world.complete_lifecycle_action(&web(), "going", by, ActionResult::Continue).unwrap();
    assert!(when(&mut world, secs(20), |world| world.active_actions().next().is_some()).is_some());
    world.take_events();
    world.delete_group(&web()).unwrap();
    assert!(when(&mut world, secs(30), |world| world.group(&web()).is_none()).is_some());
    assert_eq!(ends(&world), [ActionEnd::Completed(ActionResult::Continue), ActionEnd::InstanceGone]);
    assert!(world.active_actions().next().is_none());
    assert!(world.take_events().iter().all(|event| event["source"] != "aws.autoscaling"));
}

#[test]
fn hooks_that_cannot_be_told_apart_should_not_be_taken() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let before = world.clone();
    let timeless = LifecycleHook { heartbeat_timeout: secs(0), ..coming(ActionResult::Continue) };
    for hooks in [vec![going("one", ActionResult::Continue), going("one", ActionResult::Abandon)], vec![timeless]] {
        assert!(world.update_group(&web(), |settings| settings.hooks = hooks).is_err());
    }
    assert_eq!(world, before);
}

#[test]
fn a_member_that_comes_back_from_standby_should_not_meet_a_hook() {
    let mut world = with_hooks(&[coming(ActionResult::Abandon), going("going", ActionResult::Abandon)]);
    let id = ids(&world, "web")[0].clone();
    world.enter_standby(&id, true).unwrap();
    assert!(when(&mut world, secs(10), |world| state(world, &id) == "Standby").is_some());
    world.exit_standby(&id).unwrap();
    assert!(when(&mut world, secs(10), |world| state(world, &id) == "InService").is_some());
    assert!(world.active_actions().next().is_none() && world.lifecycle_actions().is_empty());
}
