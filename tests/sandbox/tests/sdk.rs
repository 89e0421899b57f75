//! AWS's own clients read what the face writes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_autoscaling::error::ProvideErrorMetadata;
use aws_sdk_autoscaling::types::{AutoScalingGroup, InstanceRefreshStatus, LifecycleState as Lifecycle};
use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use jiff::{SignedDuration, Timestamp};
use sandbox::face::Face;
use sandbox::journal::Journal;
use sandbox::proxy::{Backends, Door, Proxy};
use sandbox::roles::Roles;
use world::{App, Demo, HealthStatus, MaintenancePolicy, Pace, Process, RefreshStatus, VirtualClock, World};

struct Fixture {
    face: Face,
    clock: VirtualClock,
    _proxy: Proxy,
    scaling: aws_sdk_autoscaling::Client,
    alarms: aws_sdk_cloudwatch::Client,
    balancing: aws_sdk_elasticloadbalancingv2::Client,
}

#[expect(clippy::unwrap_used, reason = "outside of a test's own function, clippy doesn't see that this is a test")]
async fn fixture(grace: SignedDuration) -> Fixture {
    let demo = Demo { pace: Pace::sandbox(), grace, ..Demo::new().unwrap() };
    let noon: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
    let (world, _) = demo.build(noon).unwrap();
    let clock = VirtualClock::starting_at(noon, SignedDuration::ZERO);
    let now = clock.clone();
    let face = Face::new(Arc::new(Mutex::new(world)), move || homeostat_core::ports::Clock::now(&now));
    let backends = Backends {
        faults: sandbox::proxy::faults::Faults::default(),
        dns: sandbox::proxy::dns::Dns::default(),
        api: Arc::new(face.clone()),
        roles: Roles::default(),
        journal: Journal::new(),
        census: None,
        // Nothing of what is asked here goes to MiniStack.
        upstream: "http://127.0.0.1:1".to_owned(),
        latency: Duration::ZERO,
    };
    let proxy = Proxy::serve(Door::open(0).await.unwrap(), backends).unwrap();
    let config = sandbox::account::sdk_config(proxy.endpoint());
    Fixture {
        face,
        clock,
        scaling: aws_sdk_autoscaling::Client::new(&config),
        alarms: aws_sdk_cloudwatch::Client::new(&config),
        balancing: aws_sdk_elasticloadbalancingv2::Client::new(&config),
        _proxy: proxy,
    }
}

#[expect(clippy::unwrap_used, reason = "outside of a test's own function, clippy doesn't see that this is a test")]
impl Fixture {
    fn story<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        self.face.with(act)
    }

    fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    fn first(&self) -> homeostat_core::id::InstanceId {
        let web = "web".parse().unwrap();
        self.story(|world| world.members(&web).next().unwrap().id.clone())
    }

    async fn web(&self) -> Option<AutoScalingGroup> {
        let request = self.scaling.describe_auto_scaling_groups().auto_scaling_group_names("web");
        request.send().await.unwrap().auto_scaling_groups().first().cloned()
    }
}

#[tokio::test]
async fn a_group_as_it_was_made_should_not_show_what_nobody_set() {
    let it = fixture(SignedDuration::ZERO).await;
    let group = it.web().await.unwrap();
    assert!(group.suspended_processes().is_empty());
    assert_eq!((group.status(), group.instance_maintenance_policy()), (None, None));
    assert_eq!((group.capacity_rebalance(), group.new_instances_protected_from_scale_in()), (Some(false), Some(false)));
    let template = group.launch_template().unwrap();
    assert_eq!((template.launch_template_name(), template.version()), (Some("web-template"), Some("1")));
    assert!(template.launch_template_id().unwrap().starts_with("lt-0"));
    for member in group.instances() {
        assert_eq!(member.launch_template(), Some(template));
        assert_eq!(member.protected_from_scale_in(), Some(false));
    }
}

#[tokio::test]
async fn what_a_story_sets_on_a_group_is_what_its_client_reads() {
    let it = fixture(SignedDuration::ZERO).await;
    let web = "web".parse().unwrap();
    let id = it.first();
    it.story(|world| {
        world.suspend_processes(&web, &[Process::AzRebalance, Process::Launch]).unwrap();
        let policy = MaintenancePolicy { min_healthy: 90, max_healthy: 120 };
        world.update_group(&web, |settings| settings.maintenance = Some(policy)).unwrap();
        world.roll_out(&web, 7).unwrap();
        world.protect_from_scale_in(&id, true).unwrap();
        world.enter_standby(&id, true).unwrap();
    });
    let group = it.web().await.unwrap();
    let suspended: Vec<_> = group.suspended_processes().iter().map(|process| process.process_name().unwrap()).collect();
    assert_eq!(suspended, ["Launch", "AZRebalance"]);
    for process in group.suspended_processes() {
        assert_eq!(process.suspension_reason(), Some("User suspended at 2026-03-02T12:00:00Z"));
    }
    let policy = group.instance_maintenance_policy().unwrap();
    assert_eq!((policy.min_healthy_percentage(), policy.max_healthy_percentage()), (Some(90), Some(120)));
    assert_eq!(group.launch_template().unwrap().version(), Some("7"));
    assert_eq!(group.desired_capacity(), Some(3));
    let member = group.instances().iter().find(|member| member.instance_id() == Some(id.as_str())).unwrap();
    assert_eq!(member.lifecycle_state(), Some(&Lifecycle::EnteringStandby));
    assert_eq!(member.protected_from_scale_in(), Some(true));
    assert_eq!(member.launch_template().unwrap().version(), Some("1"), "it runs what it was launched from");
}

#[tokio::test]
async fn every_lifecycle_state_is_one_that_the_client_knows() {
    use world::LifecycleState as Told;
    let it = fixture(SignedDuration::ZERO).await;
    let id = it.first();
    for state in [
        Told::Pending,
        Told::PendingWait,
        Told::PendingProceed,
        Told::InService,
        Told::EnteringStandby,
        Told::Standby,
        Told::Terminating,
        Told::TerminatingWait,
        Told::TerminatingProceed,
        Told::Detaching,
        Told::Detached,
        Told::Quarantined,
        Told::WarmedPending,
        Told::WarmedRunning,
        Told::WarmedStopped,
        Told::WarmedHibernated,
        Told::WarmedTerminating,
    ] {
        it.story(|world| world.set_lifecycle(&id, state)).unwrap();
        let group = it.web().await.unwrap();
        let member = group.instances().iter().find(|member| member.instance_id() == Some(id.as_str())).unwrap();
        let read = member.lifecycle_state().unwrap();
        assert!(Lifecycle::values().contains(&read.as_str()), "{read:?}");
        assert_eq!(read.as_str(), state.as_str());
    }
}

#[tokio::test]
async fn a_group_that_is_deleted_says_so_until_nobody_knows_it() {
    let it = fixture(SignedDuration::ZERO).await;
    it.story(|world| world.delete_group(&"web".parse().unwrap())).unwrap();
    assert_eq!(it.web().await.unwrap().status(), Some("Delete in progress"));
    it.pass(60);
    assert_eq!(it.web().await, None);
    let request = it.scaling.describe_scaling_activities().auto_scaling_group_name("web");
    assert_eq!(request.send().await.unwrap_err().code(), Some("ValidationError"));
}

#[tokio::test]
async fn health_that_is_set_within_the_grace_period_should_not_stick_unless_told_so() {
    let it = fixture(SignedDuration::from_hours(2)).await;
    let id = it.first();
    let health = || it.story(|world| world.instance(&id).unwrap().health);
    let set = |status: &str| it.scaling.set_instance_health().instance_id(id.as_str()).health_status(status);
    set("Unhealthy").send().await.unwrap();
    assert_eq!(health(), HealthStatus::Healthy, "the grace period is respected by default");
    set("Unhealthy").should_respect_grace_period(false).send().await.unwrap();
    assert_eq!(health(), HealthStatus::Unhealthy);

    assert_eq!(set("Sick").send().await.unwrap_err().code(), Some("ValidationError"));
    let unknown = set("Unhealthy").instance_id("i-00000000000000000").send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("ValidationError"));
    assert!(unknown.message().unwrap().contains("No managed instance found"));
}

#[tokio::test]
async fn refreshes_are_listed_newest_first() {
    let it = fixture(SignedDuration::ZERO).await;
    let web = "web".parse().unwrap();
    let first = it.story(|world| world.start_refresh(&web)).unwrap();
    it.story(|world| world.end_refresh(&web, RefreshStatus::Successful)).unwrap();
    let second = it.story(|world| world.start_refresh(&web)).unwrap();
    let request = || it.scaling.describe_instance_refreshes().auto_scaling_group_name("web");
    let answer = request().send().await.unwrap();
    let [running, over] = answer.instance_refreshes() else { panic!("{answer:?}") };
    assert_eq!((running.instance_refresh_id(), over.instance_refresh_id()), (Some(&*second), Some(&*first)));
    assert_eq!(running.status(), Some(&InstanceRefreshStatus::InProgress));
    assert_eq!(over.status(), Some(&InstanceRefreshStatus::Successful));
    assert!(running.start_time().is_some() && running.end_time().is_none() && over.end_time().is_some());

    let page = request().max_records(1).send().await.unwrap();
    let next = request().next_token(page.next_token().unwrap()).send().await.unwrap();
    assert_eq!(next.instance_refreshes(), std::slice::from_ref(over));
    let nobody = it.scaling.describe_instance_refreshes().auto_scaling_group_name("nope").send().await;
    assert_eq!(nobody.unwrap_err().code(), Some("ValidationError"));
}

#[tokio::test]
async fn a_launch_that_failed_should_not_name_an_instance() {
    let it = fixture(SignedDuration::ZERO).await;
    let (web, id) = ("web".parse().unwrap(), it.first());
    it.story(|world| {
        world.lack_capacity_for_group(&web, true);
        world.terminate_instance(&id, false).unwrap();
    });
    it.pass(1);
    let request = it.scaling.describe_scaling_activities().auto_scaling_group_name("web");
    let answer = request.send().await.unwrap();
    let newest = answer.activities().first().unwrap();
    assert_eq!(newest.status_code().unwrap().as_str(), "Failed");
    assert!(newest.status_message().unwrap().contains("InsufficientInstanceCapacity"));
    assert!(!newest.description().unwrap().contains("i-"), "{:?}", newest.description());
    assert!(newest.end_time().is_some());
}

#[tokio::test]
async fn alarms_are_found_by_state_and_name_in_pages() {
    let it = fixture(SignedDuration::ZERO).await;
    let web: homeostat_core::id::GroupName = "web".parse().unwrap();
    let dead: Vec<_> = it.story(|world| world.members(&web).take(3).map(|member| member.id.clone()).collect());
    for id in &dead {
        it.story(|world| world.break_app(id, App::Dead)).unwrap();
    }
    it.pass(10);
    let mut names: Vec<String> = dead.iter().map(|id| world::alarm_name(&web, id)).collect();
    names.sort();
    let request = || it.alarms.describe_alarms().alarm_types(AlarmType::MetricAlarm).state_value(StateValue::Alarm);
    let name = |alarm: &aws_sdk_cloudwatch::types::MetricAlarm| alarm.alarm_name().unwrap().to_owned();
    let mut seen: Vec<String> = Vec::new();
    let mut pages = request().max_records(2).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.metric_alarms().len() <= 2);
        seen.extend(page.metric_alarms().iter().map(name));
    }
    assert_eq!(seen, names);

    let well = it.alarms.describe_alarms().state_value(StateValue::Ok).alarm_names(&names[0]).send().await.unwrap();
    assert!(well.metric_alarms().is_empty());
    let named = request().alarm_names(&names[1]).alarm_names("nope").send().await.unwrap();
    assert_eq!(named.metric_alarms().iter().map(name).collect::<Vec<_>>(), [names[1].clone()]);
    let composite = it.alarms.describe_alarms().alarm_types(AlarmType::CompositeAlarm).send().await.unwrap();
    assert!(composite.metric_alarms().is_empty() && composite.composite_alarms().is_empty());
}

#[tokio::test]
async fn an_alarm_on_an_endpoint_names_it_and_no_instance() {
    let it = fixture(SignedDuration::ZERO).await;
    it.story(|world| {
        let rule = world.alarms().next().unwrap().rule.clone();
        world.add_endpoint("blue").unwrap();
        world.set_share("blue", 1000).unwrap();
        world.add_alarm("blue-failing", world::Metric::served_failures("blue"), rule).unwrap();
        world.break_endpoint("blue", world::EndpointState::Dead).unwrap();
    });
    it.pass(30);
    let request = it.alarms.describe_alarms().state_value(StateValue::Alarm).alarm_names("blue-failing");
    let answer = request.send().await.unwrap();
    let [alarm] = answer.metric_alarms() else { panic!("{answer:?}") };
    assert!(alarm.alarm_arn().unwrap().contains(":us-east-1:"), "the world's own Region");
    let [dimension] = alarm.dimensions() else { panic!("{alarm:?}") };
    assert_eq!((dimension.name(), dimension.value()), (Some("Endpoint"), Some("blue")));
}

#[tokio::test]
async fn an_alarm_on_a_target_group_names_it_as_its_arn_does() {
    let it = fixture(SignedDuration::ZERO).await;
    let target_groups = it.balancing.describe_target_groups().names("web").send().await.unwrap();
    let arn = target_groups.target_groups()[0].target_group_arn().unwrap().to_owned();
    it.story(|world| {
        let metric = world::Metric::unhealthy_hosts(world.target_groups().next().unwrap());
        let rule = world.alarms().next().unwrap().rule.clone();
        world.add_alarm("web-unhealthy-hosts", metric, rule)
    })
    .unwrap();
    let answer = it.alarms.describe_alarms().alarm_names("web-unhealthy-hosts").send().await.unwrap();
    let [alarm] = answer.metric_alarms() else { panic!("{answer:?}") };
    let dimension = |name: &str| {
        alarm.dimensions().iter().find(|dimension| dimension.name() == Some(name)).and_then(|found| found.value())
    };
    assert_eq!(dimension("TargetGroup"), arn.rsplit(':').next());
    assert!(dimension("LoadBalancer").unwrap().starts_with("app/"));
    assert_eq!(dimension("InstanceId"), None);
}
