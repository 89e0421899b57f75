//! The face as its callers meet it: each request and each answer goes through the wire.

mod ec2;
mod hooks;
mod instances;
mod mixed;

use std::sync::atomic::{AtomicI64, Ordering};

use hyper::HeaderMap;
use world::{App, Demo, Pace, alarm_name};

use super::*;
use crate::api::make;
use crate::journal::Who;
use crate::tree::read as get;
use crate::wire::{Protocol, xml};

const NOON: i64 = 1_772_452_800;

/// A face whose clock stands at noon, until it is moved.
struct Fixture {
    face: Face,
    seconds: Arc<AtomicI64>,
    target_group: String,
}

fn fixture() -> Fixture {
    let demo = Demo { pace: Pace::sandbox(), ..Demo::new().unwrap() };
    let (world, target_group) = demo.build(Timestamp::from_second(NOON).unwrap()).unwrap();
    let seconds = Arc::new(AtomicI64::new(NOON));
    let clock = seconds.clone();
    let now = move || Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap();
    Fixture { face: Face::new(Arc::new(Mutex::new(world)), now), seconds, target_group: target_group.to_string() }
}

impl Fixture {
    fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    /// An answer of the Query protocol: the result, or status and code of the error.
    fn query(&self, service: &str, body: &str) -> Result<Tree, (u16, String, String)> {
        let protocol = Protocol::of(service, &HeaderMap::new());
        let request = protocol.read("/", body.as_bytes()).unwrap();
        let caller = Caller { who: Who::Operator, invocation: None };
        let outcome = self.face.call(&caller, service, &request.action, &request.input);
        let answer = protocol.answer(&request.action, outcome.as_ref(), "id-1");
        let text = String::from_utf8(answer.body).unwrap();
        let document = xml::read(&text).unwrap();
        if answer.status == 200 {
            return Ok(get::field(&document, &format!("{}Result", request.action)).unwrap().clone());
        }
        let error = get::field(&document, "Error").unwrap();
        let field = |name| get::text(error, name).unwrap().to_owned();
        Err((answer.status, field("Code"), field("Message")))
    }

    fn describe_alarms(&self, input: &Tree) -> Result<Tree, (u16, String)> {
        self.cbor("DescribeAlarms", input)
    }

    /// An answer of CloudWatch, which speaks rpc-v2-cbor.
    fn cbor(&self, action: &str, input: &Tree) -> Result<Tree, (u16, String)> {
        let mut headers = HeaderMap::new();
        headers.insert("smithy-protocol", "rpc-v2-cbor".parse().unwrap());
        let protocol = Protocol::of("monitoring", &headers);
        let mut body = Vec::new();
        ciborium::into_writer(input, &mut body).unwrap();
        let path = format!("/service/GraniteServiceVersion20100801/operation/{action}");
        let request = protocol.read(&path, &body).unwrap();
        let caller = Caller { who: Who::Operator, invocation: None };
        let outcome = self.face.call(&caller, "monitoring", &request.action, &request.input);
        let answer = protocol.answer(&request.action, outcome.as_ref(), "id-1");
        let tree: Tree = ciborium::from_reader(answer.body.as_slice()).unwrap();
        if answer.status == 200 {
            Ok(tree)
        } else {
            Err((answer.status, get::text(&tree, "__type").unwrap().to_owned()))
        }
    }

    fn first_of_web(&self) -> String {
        self.face.with(|world| world.members(&"web".parse().unwrap()).next().unwrap().id.to_string())
    }

    fn break_app(&self, id: &str) {
        self.face.with(|world| world.break_app(&id.parse().unwrap(), App::Dead)).unwrap();
    }
}

fn texts(items: &[Tree], name: &str) -> Vec<String> {
    items.iter().map(|item| get::text(item, name).unwrap().to_owned()).collect()
}

#[test]
fn a_group_shows_its_members_and_no_group_is_answered_for_another() {
    let it = fixture();
    let answer = it
        .query(
            "autoscaling",
            "Action=DescribeAutoScalingGroups&AutoScalingGroupNames.member.1=web&AutoScalingGroupNames.member.2=nope",
        )
        .unwrap();
    let [group] = get::items(&answer, "AutoScalingGroups").unwrap() else { panic!("{answer:?}") };
    assert_eq!(get::text(group, "AutoScalingGroupName").unwrap(), "web");
    assert_eq!(get::integer(group, "DesiredCapacity").unwrap(), Some(4));
    assert_eq!(get::text(group, "HealthCheckType").unwrap(), "EC2");
    assert_eq!(get::texts(group, "TargetGroupARNs").unwrap(), [it.target_group.as_str()]);
    let [tag] = get::items(group, "Tags").unwrap() else { panic!("{group:?}") };
    assert_eq!((get::text(tag, "Key").unwrap(), get::text(tag, "Value").unwrap()), ("homeostat:managed", "true"));
    let members = get::items(group, "Instances").unwrap();
    assert_eq!(texts(members, "LifecycleState"), ["InService"; 4]);
    assert_eq!(texts(members, "HealthStatus"), ["Healthy"; 4]);

    let none = it.query("autoscaling", "Action=DescribeAutoScalingGroups&AutoScalingGroupNames.member.1=nope").unwrap();
    assert!(get::items(&none, "AutoScalingGroups").unwrap().is_empty());
}

#[test]
fn paging_should_not_lose_or_repeat_what_is_there() {
    let it = fixture();
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let body = format!("Action=DescribeScalingActivities&AutoScalingGroupName=web&MaxRecords=3{token}");
        let page = it.query("autoscaling", &body).unwrap();
        seen.extend(texts(get::items(&page, "Activities").unwrap(), "ActivityId"));
        // New activities come first, so they move what a counting token would count.
        if seen.len() == 3 {
            let id = it.first_of_web();
            it.query("autoscaling", &terminate(&id)).unwrap();
        }
        match get::maybe_text(&page, "NextToken").unwrap() {
            Some(next) => token = format!("&NextToken={next}"),
            None => break,
        }
    }
    let mut distinct = seen.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!((seen.len(), distinct.len()), (4, 4), "four launches, each once");
    let (status, code, _) = it.query("autoscaling", "Action=DescribeAutoScalingGroups&NextToken=made-up").unwrap_err();
    assert_eq!((status, code.as_str()), (400, "InvalidNextToken"));
}

fn terminate(id: &str) -> String {
    format!("Action=TerminateInstanceInAutoScalingGroup&InstanceId={id}&ShouldDecrementDesiredCapacity=false")
}

#[test]
fn a_termination_answers_with_its_activity_and_shows_everywhere() {
    let it = fixture();
    let id = it.first_of_web();
    let answer = it.query("autoscaling", &terminate(&id)).unwrap();
    let activity = get::field(&answer, "Activity").unwrap();
    assert_eq!(get::text(activity, "Description").unwrap(), format!("Terminating EC2 instance: {id}"));
    assert_eq!(get::text(activity, "StatusCode").unwrap(), "InProgress");
    assert_eq!(get::timestamp(activity, "StartTime").unwrap(), Some(Timestamp::from_second(NOON).unwrap()));
    assert!(get::field(activity, "EndTime").is_none());

    let body = format!("Action=DescribeAutoScalingInstances&InstanceIds.member.1={id}");
    let instances = it.query("autoscaling", &body).unwrap();
    let [instance] = get::items(&instances, "AutoScalingInstances").unwrap() else { panic!("{instances:?}") };
    assert_eq!(get::text(instance, "LifecycleState").unwrap(), "Terminating");
    assert_eq!(get::text(instance, "HealthStatus").unwrap(), "HEALTHY");

    let health = it.health(&id);
    assert_eq!(get::text(&health, "State").unwrap(), "draining");
    assert_eq!(get::text(&health, "Reason").unwrap(), "Target.DeregistrationInProgress");

    let (status, code, _) = it.query("autoscaling", &terminate(&id)).unwrap_err();
    assert_eq!((status, code.as_str()), (400, "ScalingActivityInProgress"));

    it.pass(10);
    let (status, code, message) = it.query("autoscaling", &terminate(&id)).unwrap_err();
    assert_eq!((status, code.as_str()), (400, "ValidationError"));
    assert_eq!(message, format!("Instance Id not found - No managed instance found for instance ID: {id}"));
    assert_eq!(get::text(&it.health(&id), "State").unwrap(), "unused");
    let activities = it.query("autoscaling", "Action=DescribeScalingActivities&AutoScalingGroupName=web").unwrap();
    let newest = get::items(&activities, "Activities").unwrap().first().unwrap();
    assert!(get::text(newest, "Description").unwrap().starts_with("Launching a new EC2 instance: i-"), "{newest:?}");
    assert_eq!(get::text(newest, "StatusCode").unwrap(), "Successful");
    assert!(get::timestamp(newest, "EndTime").unwrap().is_some());
}

impl Fixture {
    fn health(&self, id: &str) -> Tree {
        let arn = &self.target_group;
        let body = format!("Action=DescribeTargetHealth&TargetGroupArn={arn}&Targets.member.1.Id={id}");
        let answer = self.query("elasticloadbalancing", &body).unwrap();
        let [described] = get::items(&answer, "TargetHealthDescriptions").unwrap() else { panic!("{answer:?}") };
        get::field(described, "TargetHealth").unwrap().clone()
    }
}

#[test]
fn a_dead_application_shows_in_target_health_and_in_its_alarm_but_not_in_its_group() {
    let it = fixture();
    let id = it.first_of_web();
    it.break_app(&id);
    it.pass(5);
    let health = it.health(&id);
    assert_eq!(get::text(&health, "State").unwrap(), "unhealthy");
    assert_eq!(get::text(&health, "Reason").unwrap(), "Target.FailedHealthChecks");

    let input = make::record([("StateValue", make::text("ALARM")), ("AlarmTypes", make::texts(["MetricAlarm"]))]);
    let answer = it.describe_alarms(&input).unwrap();
    let [alarm] = get::items(&answer, "MetricAlarms").unwrap() else { panic!("{answer:?}") };
    let name = alarm_name(&"web".parse().unwrap(), &id.parse().unwrap());
    assert_eq!(get::text(alarm, "AlarmName").unwrap(), name);
    assert!(get::text(alarm, "StateReason").unwrap().starts_with("Threshold Crossed: 2 out of the last 2 datapoints"));
    assert_eq!(get::flag(alarm, "ActionsEnabled").unwrap(), Some(true));
    assert!(get::timestamp(alarm, "StateTransitionedTimestamp").unwrap().unwrap().as_second() > NOON);
    let [dimension] = get::items(alarm, "Dimensions").unwrap() else { panic!("{alarm:?}") };
    assert_eq!(
        (get::text(dimension, "Name").unwrap(), get::text(dimension, "Value").unwrap()),
        ("InstanceId", id.as_str())
    );

    let instances = it.query("autoscaling", &format!("Action=DescribeAutoScalingInstances&InstanceIds.member.1={id}"));
    let instances = instances.unwrap();
    assert_eq!(texts(get::items(&instances, "AutoScalingInstances").unwrap(), "HealthStatus"), ["HEALTHY"]);
}

#[test]
fn alarms_are_found_by_name_by_prefix_and_in_pages() {
    let it = fixture();
    let count = |input: &[(&'static str, Tree)]| {
        let answer = it.describe_alarms(&make::record(input.iter().cloned())).unwrap();
        get::items(&answer, "MetricAlarms").unwrap().len()
    };
    assert_eq!(count(&[]), 6);
    assert_eq!(count(&[("AlarmNamePrefix", make::text("batch-"))]), 2);
    assert_eq!(count(&[("AlarmNames", make::texts(["nope"]))]), 0);
    assert_eq!(count(&[("AlarmTypes", make::texts(["CompositeAlarm"]))]), 0);
    assert_eq!(count(&[("MaxRecords", make::integer(4))]), 4);
    let both = make::record([("AlarmNames", make::texts(["a"])), ("AlarmNamePrefix", make::text("a"))]);
    assert_eq!(it.describe_alarms(&both).unwrap_err(), (400, "InvalidParameterCombination".to_owned()));
}

#[test]
fn a_target_group_that_is_not_there_should_not_be_answered_for() {
    let it = fixture();
    let arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/nope/0123456789abcdef";
    for (body, message) in [
        (format!("Action=DescribeTargetHealth&TargetGroupArn={arn}"), format!("Target groups '{arn}' not found")),
        (
            "Action=DescribeTargetGroups&Names.member.1=nope".to_owned(),
            "One or more target groups not found".to_owned(),
        ),
    ] {
        let refused = it.query("elasticloadbalancing", &body).unwrap_err();
        assert_eq!(refused, (400, "TargetGroupNotFound".to_owned(), message));
    }
    let all = it.query("elasticloadbalancing", "Action=DescribeTargetGroups").unwrap();
    assert_eq!(texts(get::items(&all, "TargetGroups").unwrap(), "TargetGroupArn"), [it.target_group.as_str()]);
}

#[test]
fn what_is_not_modelled_should_not_look_like_a_success() {
    let it = fixture();
    let id = it.first_of_web();
    for (service, body) in [
        ("autoscaling", "Action=SetDesiredCapacity&AutoScalingGroupName=web&DesiredCapacity=9".to_owned()),
        ("autoscaling", "Action=DescribeAutoScalingGroups&Filters.member.1.Name=tag%3Aapp".to_owned()),
        ("autoscaling", "Action=DescribeScalingActivities".to_owned()),
        ("autoscaling", terminate(&id).replace("=false", "=true")),
        ("elasticloadbalancing", "Action=DescribeLoadBalancers".to_owned()),
        ("monitoring", "Action=SetAlarmState&AlarmName=x&StateValue=ALARM&StateReason=y".to_owned()),
    ] {
        let (status, code, _) = it.query(service, &body).unwrap_err();
        assert_eq!((status, code.as_str()), (501, "NotModelled"), "{body}");
    }
    let actions = it.query("autoscaling", "Action=DescribeScalingActivities&AutoScalingGroupName=web").unwrap();
    assert_eq!(get::items(&actions, "Activities").unwrap().len(), 4, "nothing happened");
}

#[test]
fn a_permission_is_asked_on_the_instances_group_and_its_tags() {
    let it = fixture();
    let bystander = it.face.with(|world| world.members(&"batch".parse().unwrap()).next().unwrap().id.to_string());
    for action in ["TerminateInstanceInAutoScalingGroup", "SetInstanceHealth"] {
        let of = |id: &str| it.face.resource("autoscaling", action, &make::record([("InstanceId", make::text(id))]));
        let managed = of(&it.first_of_web());
        assert!(managed.arn.ends_with(":autoScalingGroupName/web"), "{managed:?}");
        assert_eq!(managed.tags.get("homeostat:managed").map(String::as_str), Some("true"));
        assert!(of(&bystander).tags.is_empty());
        let unknown = of("i-00000000000000000");
        assert!(unknown.tags.is_empty() && unknown.arn.ends_with(":autoScalingGroupName/*"), "{unknown:?}");
    }
    assert_eq!(it.face.resource("autoscaling", "DescribeAutoScalingGroups", &make::nothing()), Resource::any());
}
