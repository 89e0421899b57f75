//! Every file of `events/` is read as its function reads it, and none is left out.

use std::collections::BTreeMap;

use homeostat_core::policy;
use homeostat_core::signal::{self, Parsed, Signal, Survey};
use homeostat_lambda::envelope;
use serde_json::Value;

fn events() -> BTreeMap<String, Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.file_stem().unwrap().to_string_lossy().into_owned(), serde_json::from_str(&text).unwrap())
        })
        .collect()
}

/// What the parser makes of an event.
fn read(event: &Value) -> String {
    match envelope::open(event.clone()).map_err(|failure| failure.to_string()).map(|event| signal::parse(&event)) {
        Err(why) => why,
        Ok(Err(malformed)) => malformed.to_string(),
        Ok(Ok(Parsed::Ignored(why))) => format!("ignored: {why}"),
        Ok(Ok(Parsed::Signal(Signal::One(hint)))) => format!("a hint at {}", hint.subject),
        Ok(Ok(Parsed::Signal(Signal::Held(told)))) => {
            let course = told.course.map_or_else(|| "somewhere".to_owned(), |course| course.to_string());
            format!("hook {} of {} holds {} on its way {course}", told.hook, told.group, told.instance)
        }
        Ok(Ok(Parsed::Signal(Signal::Several(Survey::Resync)))) => "a look at every group".to_owned(),
        Ok(Ok(Parsed::Signal(Signal::Several(Survey::Alarm(alarm))))) => {
            format!("a look at groups {:?} and those of {:?}", alarm.groups, alarm.target_groups)
        }
    }
}

#[test]
fn each_is_what_its_name_says() {
    let expected = BTreeMap::from([
        ("alarm-endpoint", "a look at groups [] and those of []"),
        ("alarm-group", "a look at groups [] and those of [\"targetgroup/web/fedcba9876543210\"]"),
        ("alarm-instance", "a hint at us-east-1#instance#i-0a1b2c3d4e5f60718"),
        (
            "hook-back-to-warm-pool",
            "hook drained of web holds i-0a1b2c3d4e5f60718 on its way out of service, back into the warm pool",
        ),
        ("hook-direct", "hook ready of web holds i-0a1b2c3d4e5f60718 on its way into service"),
        ("hook-from-warm-pool", "hook ready of web holds i-0a1b2c3d4e5f60718 on its way into service"),
        ("hook-into-warm-pool", "hook ready of web holds i-0a1b2c3d4e5f60718 on its way into the warm pool"),
        ("hook-launch", "hook ready of web holds i-0a1b2c3d4e5f60718 on its way into service"),
        ("hook-terminate", "hook drained of web holds i-0a1b2c3d4e5f60718 on its way out of its group"),
        ("hook-test", "ignored: Auto Scaling's test notification for group web"),
        (
            "malformed-hook",
            "malformed event: $.detail.LifecycleActionToken is missing, expected a lifecycle action's token of 36 characters",
        ),
        ("wake-hook", "a hint at us-east-1#hook#web:ready:i-0a1b2c3d4e5f60718"),
        (
            "malformed-alarm",
            "malformed event: $.detail.state.value is missing, expected ALARM, OK or INSUFFICIENT_DATA",
        ),
        ("resync", "a look at every group"),
        (
            "stream-opened",
            "malformed event: $.Records[0].body is not JSON: EOF while parsing a value at line 1 column 0",
        ),
        (
            "sweep",
            "ignored: events of source \"aws.events\" and detail-type \"Scheduled Event\" are none of this function's",
        ),
        ("wake", "a hint at us-east-1#instance#i-0a1b2c3d4e5f60718"),
        ("wake-queued", "a hint at us-east-1#instance#i-0a1b2c3d4e5f60718"),
        ("wake-zone", "a hint at aws-global#zone#Z0123456789ABCDEFGHIJ"),
    ]);
    let read: BTreeMap<String, String> = events().iter().map(|(name, event)| (name.clone(), read(event))).collect();
    let read: BTreeMap<&str, &str> = read.iter().map(|(name, said)| (name.as_str(), said.as_str())).collect();
    assert_eq!(read, expected);
}

#[test]
fn the_policy_of_this_repository_has_no_mistakes() {
    for file in ["policy.toml", "tests/sandbox/policy.toml"] {
        let path = format!("{}/../../{file}", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(policy::parse(&std::fs::read_to_string(path).unwrap()).err(), None, "{file}");
    }
}
