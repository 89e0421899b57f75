//! Lifecycle hooks on the wire, and what else an owner of them needs.

use std::collections::BTreeMap;

use world::{
    ActionEnd, ActionResult, Application, GroupSettings, LifecycleHook, LifecycleState, LifecycleTransition, PoolState,
    TargetType, WarmPool,
};

use super::*;

const BY_HOOK: &str = "AutoScalingGroupName=web&LifecycleHookName=going";

impl Fixture {
    fn set_up(&self, change: impl FnOnce(&mut GroupSettings)) {
        self.face.with(|world| world.update_group(&"web".parse().unwrap(), change)).unwrap();
    }

    /// Terminates the first of `web`, whose hook then holds it: its id and the token.
    fn held(&self) -> (String, String) {
        self.set_up(|settings| {
            settings.hooks = vec![LifecycleHook {
                name: "going".to_owned(),
                transition: LifecycleTransition::Terminating,
                heartbeat_timeout: jiff::SignedDuration::from_secs(60),
                default_result: ActionResult::Abandon,
                notification_metadata: Some("more".to_owned()),
            }];
        });
        let id = self.first_of_web();
        self.query("autoscaling", &terminate(&id)).unwrap();
        self.pass(2);
        (id, self.face.with(|world| world.active_actions().next().unwrap().token.clone()))
    }

    fn state(&self, id: &str) -> String {
        let body = format!("Action=DescribeAutoScalingInstances&InstanceIds.member.1={id}");
        let answer = self.query("autoscaling", &body).unwrap();
        let [instance] = get::items(&answer, "AutoScalingInstances").unwrap() else { panic!("{answer:?}") };
        assert_eq!(get::text(get::field(instance, "LaunchTemplate").unwrap(), "Version").unwrap(), "1");
        get::text(instance, "LifecycleState").unwrap().to_owned()
    }
}

#[test]
fn a_hook_is_described_with_both_of_its_timeouts() {
    let it = fixture();
    it.held();
    let named = |name: &str| {
        let body = format!("Action=DescribeLifecycleHooks&AutoScalingGroupName=web&LifecycleHookNames.member.1={name}");
        let answer = it.query("autoscaling", &body).unwrap();
        get::items(&answer, "LifecycleHooks").unwrap().to_vec()
    };
    let [hook] = named("going").try_into().unwrap();
    for (field, value) in [
        ("LifecycleHookName", "going"),
        ("AutoScalingGroupName", "web"),
        ("LifecycleTransition", "autoscaling:EC2_INSTANCE_TERMINATING"),
        ("HeartbeatTimeout", "60"),
        ("GlobalTimeout", "6000"),
        ("DefaultResult", "ABANDON"),
        ("NotificationMetadata", "more"),
    ] {
        assert_eq!(get::text(&hook, field).unwrap(), value);
    }
    assert!(named("coming").is_empty());
    let nobodys = it.query("autoscaling", "Action=DescribeLifecycleHooks&AutoScalingGroupName=nope").unwrap_err();
    assert_eq!((nobodys.0, nobodys.1.as_str()), (400, "ValidationError"));
}

#[test]
fn an_action_is_kept_alive_and_completed_once() {
    let it = fixture();
    let (id, token) = it.held();
    assert_eq!(it.state(&id), "Terminating:Wait");
    it.pass(50);
    let heartbeat = format!("Action=RecordLifecycleActionHeartbeat&{BY_HOOK}&InstanceId={id}");
    it.query("autoscaling", &heartbeat).unwrap();
    it.pass(50);
    assert_eq!(it.state(&id), "Terminating:Wait");
    let complete =
        format!("Action=CompleteLifecycleAction&{BY_HOOK}&LifecycleActionToken={token}&LifecycleActionResult=CONTINUE");
    it.query("autoscaling", &complete).unwrap();
    assert_eq!(it.state(&id), "Terminating:Proceed");
    let gone = it.query("autoscaling", &complete).unwrap_err();
    let words = format!("No active Lifecycle Action found with token {token}");
    assert_eq!(gone, (400, "ValidationError".to_owned(), words));
    let gone = it.query("autoscaling", &heartbeat).unwrap_err();
    assert_eq!(gone.2, format!("No active Lifecycle Action found with instance ID {id}"));
    let ends: Vec<ActionEnd> =
        it.face.with(|world| world.lifecycle_actions().iter().map(|action| action.ended_by).collect());
    assert_eq!(ends, [ActionEnd::Completed(ActionResult::Continue)]);
}

#[test]
fn a_malformed_completion_should_not_end_an_action() {
    let it = fixture();
    let (id, _) = it.held();
    for wrong in [
        format!("&InstanceId={id}&LifecycleActionResult=STOP"),
        format!("&InstanceId={id}"),
        "&LifecycleActionResult=CONTINUE".to_owned(),
        "&InstanceId=web&LifecycleActionResult=CONTINUE".to_owned(),
    ] {
        let refused = it.query("autoscaling", &format!("Action=CompleteLifecycleAction&{BY_HOOK}{wrong}"));
        assert_eq!(refused.unwrap_err().1, "ValidationError", "{wrong}");
    }
    assert_eq!(it.state(&id), "Terminating:Wait");
}

#[test]
fn processes_are_suspended_by_name() {
    let it = fixture();
    let suspend = |processes: &str| {
        it.query("autoscaling", &format!("Action=SuspendProcesses&AutoScalingGroupName=web{processes}"))
    };
    assert_eq!(suspend("&ScalingProcesses.member.1=Lunch").unwrap_err().1, "ValidationError");
    suspend("&ScalingProcesses.member.1=Launch&ScalingProcesses.member.2=AZRebalance").unwrap();
    let answer =
        it.query("autoscaling", "Action=DescribeAutoScalingGroups&AutoScalingGroupNames.member.1=web").unwrap();
    let [group] = get::items(&answer, "AutoScalingGroups").unwrap() else { panic!("{answer:?}") };
    assert_eq!(texts(get::items(group, "SuspendedProcesses").unwrap(), "ProcessName"), ["Launch", "AZRebalance"]);
    assert!(get::field(group, "WarmPoolConfiguration").is_none());
}

#[test]
fn a_warm_pool_and_a_retention_show_in_the_group_that_has_them() {
    let it = fixture();
    it.set_up(|settings| {
        settings.warm_pool = Some(WarmPool { size: 1, state: PoolState::Stopped, reuse_on_scale_in: true });
        settings.retain_on_abandon = true;
    });
    it.pass(10);
    let answer =
        it.query("autoscaling", "Action=DescribeAutoScalingGroups&AutoScalingGroupNames.member.1=web").unwrap();
    let [group] = get::items(&answer, "AutoScalingGroups").unwrap() else { panic!("{answer:?}") };
    let pool = get::field(group, "WarmPoolConfiguration").unwrap();
    assert_eq!((get::text(pool, "PoolState").unwrap(), get::integer(pool, "MinSize").unwrap()), ("Stopped", Some(1)));
    let reuse = get::field(pool, "InstanceReusePolicy").unwrap();
    assert_eq!(get::flag(reuse, "ReuseOnScaleIn").unwrap(), Some(true));
    assert_eq!(get::integer(group, "WarmPoolSize").unwrap(), Some(1));
    let triggers = get::field(get::field(group, "InstanceLifecyclePolicy").unwrap(), "RetentionTriggers").unwrap();
    assert_eq!(get::text(triggers, "TerminateHookAbandon").unwrap(), "retain");
    let warm = it.face.with(|world| {
        let warm = |instance: &&world::Instance| instance.lifecycle == LifecycleState::WarmedStopped;
        world.instances().find(warm).unwrap().id.to_string()
    });
    assert_eq!(it.state(&warm), "Warmed:Stopped");
}

#[test]
fn a_permission_is_asked_on_the_named_group_and_on_the_target_group() {
    let it = fixture();
    let of = |action: &str, group: &str| {
        it.face.resource("autoscaling", action, &make::record([("AutoScalingGroupName", make::text(group))]))
    };
    for action in ["CompleteLifecycleAction", "RecordLifecycleActionHeartbeat", "SuspendProcesses"] {
        let managed = of(action, "web");
        assert!(managed.arn.ends_with(":autoScalingGroupName/web"), "{managed:?}");
        assert_eq!(managed.tags.get("homeostat:managed").map(String::as_str), Some("true"));
        assert!(of(action, "batch").tags.is_empty());
        assert!(of(action, "nope").arn.ends_with(":autoScalingGroupName/*"));
    }
    assert_eq!(of("DescribeLifecycleHooks", "web"), Resource::any());

    let arn = it.target_group.as_str();
    let of = |action: &str| {
        it.face.resource("elasticloadbalancing", action, &make::record([("TargetGroupArn", make::text(arn))]))
    };
    assert!(of("DeregisterTargets").arn == arn && of("DeregisterTargets").tags.is_empty());
    let tags = BTreeMap::from([("homeostat:managed".to_owned(), "true".to_owned())]);
    it.face.with(|world| world.tag_target_group(&arn.parse().unwrap(), tags.clone())).unwrap();
    assert_eq!(of("DeregisterTargets").tags, tags);
    assert_eq!(of("DescribeTargetHealth"), Resource::any());
}

#[test]
fn a_deregistered_target_drains_and_then_is_unused() {
    let it = fixture();
    let (id, arn) = (it.first_of_web(), it.target_group.clone());
    let deregister = |arn: &str, id: &str| {
        let body = format!(
            "Action=DeregisterTargets&TargetGroupArn={arn}&Targets.member.1.Id={id}&Targets.member.1.Port=8080"
        );
        it.query("elasticloadbalancing", &body)
    };
    deregister(&arn, &id).unwrap();
    deregister(&arn, "i-00000000000000000").unwrap();
    let health = it.health(&id);
    assert_eq!(
        (get::text(&health, "State").unwrap(), get::text(&health, "Reason").unwrap()),
        ("draining", "Target.DeregistrationInProgress")
    );
    it.pass(2);
    let health = it.health(&id);
    assert_eq!(
        (get::text(&health, "State").unwrap(), get::text(&health, "Reason").unwrap()),
        ("unused", "Target.NotRegistered")
    );
    deregister(&arn, &id).unwrap();
    assert_eq!(deregister(&arn, "web").unwrap_err().1, "InvalidTarget");
    let nobodys = arn.replace("targetgroup/web", "targetgroup/nope");
    assert_eq!(deregister(&nobodys, &id).unwrap_err().1, "TargetGroupNotFound");
    let none = format!("Action=DeregisterTargets&TargetGroupArn={arn}");
    assert_eq!(it.query("elasticloadbalancing", &none).unwrap_err().1, "ValidationError");
}

#[test]
fn a_target_that_is_an_address_goes_by_that_address_and_its_own_port_alone() {
    let it = fixture();
    let arn = it.face.with(|world| world.add_target_group_of(TargetType::Ip, "jobs", 9090)).unwrap();
    let registers_with = vec![arn.clone()];
    it.set_up(|settings| settings.application = Some(Application { registers_with, ..Application::default() }));
    it.query("autoscaling", &terminate(&it.first_of_web())).unwrap();
    it.pass(20);
    let described = || {
        let answer = it.query("elasticloadbalancing", &format!("Action=DescribeTargetHealth&TargetGroupArn={arn}"));
        let answer = answer.unwrap();
        let [one] = get::items(&answer, "TargetHealthDescriptions").unwrap() else { panic!("{answer:?}") };
        let of = |field, name| get::text(get::field(one, field).unwrap(), name).unwrap().to_owned();
        (of("Target", "Id"), of("TargetHealth", "State"))
    };
    let (address, state) = described();
    assert!(address.parse::<std::net::IpAddr>().is_ok() && state == "healthy", "{address} {state}");
    let deregister = |id: &str, port: u16| {
        let target = format!("Targets.member.1.Id={id}&Targets.member.1.Port={port}");
        it.query("elasticloadbalancing", &format!("Action=DeregisterTargets&TargetGroupArn={arn}&{target}"))
    };
    let instance = it.face.with(|world| world.target_named(&arn, &address)).unwrap();
    assert_eq!(deregister(instance.as_str(), 9090).unwrap_err().1, "InvalidTarget");
    deregister(&address, 8080).unwrap();
    assert_eq!(described().1, "healthy", "that is another target");
    deregister(&address, 9090).unwrap();
    assert_eq!(described().1, "draining");
}
