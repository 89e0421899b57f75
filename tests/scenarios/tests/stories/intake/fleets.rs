//! Fleets of several groups whose applications are dead beyond doubt, with the events of their alarms kept back.

use std::collections::BTreeMap;
use std::fmt::Write;

use homeostat_core::id::{GroupName, InstanceId};
use homeostat_lambda::Failure;
use homeostat_remedies::policy;
use jiff::SignedDuration;
use scenarios::FleetStory;
use serde_json::{Value, json};
use world::{ActivityKind, Another, App, Demo};

use crate::fleet::{minutes, noon};

pub(super) fn secs(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

pub(super) fn name(nth: usize) -> GroupName {
    format!("svc-{nth}").parse().unwrap()
}

/// So many groups of that size, so many of each of which are dead, and the events of their alarms. All groups may be out at once.
pub(super) fn storm(groups: usize, size: u32, dead: u32, mode: &str) -> (FleetStory, Vec<Value>) {
    let more = (1..groups).map(|nth| Another { name: name(nth), instances: size, maintenance: None }).collect();
    let demo = Demo { group: name(0), target_group: "svc-0".to_owned(), instances: size, more, ..Demo::new().unwrap() };
    let mut text = format!("schema = 1\nmode = \"{mode}\"\n");
    for nth in 0..groups {
        let evidence = "evidence = [\"alarm\", \"target-health\"]";
        writeln!(text, "[[replace-instance.group]]\nname = \"{}\"\n{evidence}", name(nth)).unwrap();
    }
    text += "[replace-instance]\nat-once = \"100%\"\nper-hour = \"100%\"\n";
    let story = FleetStory::of_demo(demo, policy::parse(&text).unwrap(), noon()).unwrap();
    for nth in 0..groups {
        for id in story.in_service(&name(nth)).iter().take(dead as usize) {
            story.cloud.with(|world| world.break_app(id, App::Dead)).unwrap();
        }
    }
    story.cloud.pass(minutes(3));
    let events = story.cloud.with(|world| world.take_events());
    assert_eq!(events.len(), groups * dead as usize);
    (story, events)
}

pub(super) fn terminated_in(story: &FleetStory, nth: usize) -> Vec<InstanceId> {
    let group = name(nth);
    story.cloud.with(|world| {
        let ended = world.activities(&group).filter(|activity| activity.kind == ActivityKind::Terminate);
        ended.map(|activity| activity.instance.clone()).collect()
    })
}

pub(super) fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// How often each subject was decided about, as the server of what is due answered.
pub(super) fn decided(answer: &Result<Value, Failure>) -> BTreeMap<String, u32> {
    let answer = answer.as_ref().unwrap();
    let looks = answer["served"].as_array().unwrap().iter().flat_map(|served| served["looks"].as_array().unwrap());
    let mut decided = BTreeMap::new();
    for look in looks {
        *decided.entry(look["subject"].as_str().unwrap_or("ignored").to_owned()).or_default() += 1;
    }
    decided
}

/// The same alarm, about an instance of no group.
pub(super) fn about_a_stranger(event: &Value, nth: usize) -> Value {
    let alarm = event["detail"]["alarmName"].as_str().unwrap();
    let id = alarm.find("i-").map(|at| &alarm[at..at + 19]).unwrap();
    let stranger = format!("i-{:017x}", 0xf000_0000_0000_usize + nth);
    serde_json::from_str(&event.to_string().replace(id, &stranger)).unwrap()
}

/// The same change as the alarm's own action tells it.
pub(crate) fn action_of(event: &Value) -> Value {
    json!({
        "source": "aws.cloudwatch", "alarmArn": event["resources"][0], "accountId": event["account"],
        "time": event["time"], "region": event["region"], "alarmData": event["detail"],
    })
}

/// An alarm of a group at the same time.
pub(super) fn group_alarm(event: &Value, group: &GroupName) -> Value {
    let mut event = event.clone();
    let arn = format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{group}-5xx");
    event["resources"] = json!([arn]);
    event["detail"]["alarmName"] = json!(format!("{group}-5xx"));
    let metric = json!({
        "namespace": "AWS/EC2", "name": "CPUUtilization", "dimensions": { "AutoScalingGroupName": group.as_str() }
    });
    event["detail"]["configuration"]["metrics"] = json!([{
        "id": "m1", "metricStat": { "metric": metric, "period": 60, "stat": "Sum" }, "returnData": true
    }]);
    event
}
