//! A lifecycle action: as EventBridge delivers it ("EC2 Instance-launch Lifecycle Action" and its counterpart, EC2 Auto Scaling
//! User Guide, "Amazon EC2 Auto Scaling event reference"), and as Auto Scaling sends it to a queue, a topic or a function itself.
//!
//! This module never guesses a token: without one, it would not be known which action is meant.

use jiff::Timestamp;
use serde_json::Value;

use super::{Fact, Key, NoSignal, Parsed, Signal, moment, of_bus};
use crate::aws::lifecycle::{Course, LifecycleEvent, Place, Transition};
use crate::id::{Account, Region};
use crate::json::{JsonCursor, Malformed};

pub(super) const LAUNCH: &str = "EC2 Instance-launch Lifecycle Action";
pub(super) const TERMINATE: &str = "EC2 Instance-terminate Lifecycle Action";

/// Sent once to each new notification target of a hook (same guide, "Prepare to add a lifecycle hook").
const TEST: &str = "autoscaling:TEST_NOTIFICATION";

pub(super) fn parse(root: &JsonCursor<'_>, now: Timestamp) -> Result<Parsed, Malformed> {
    let told = told(&root.field("detail"), &root.field("time"), now)?;
    let (account, region) = of_bus(root)?;
    Ok(signal(told, Some(account), Some(region)))
}

/// Whether it is what Auto Scaling sends itself, which has no envelope.
pub(super) fn is_direct(event: &Value) -> bool {
    let has = |field| event.get(field).is_some();
    !has("source") && (has("LifecycleTransition") || event.get("Event").and_then(Value::as_str) == Some(TEST))
}

pub(super) fn parse_direct(root: &JsonCursor<'_>, now: Timestamp) -> Result<Parsed, Malformed> {
    if root.field("Event").text() == Ok(TEST) {
        let group = root.field("AutoScalingGroupName").text()?.to_owned();
        return Ok(Parsed::Ignored(NoSignal::Test { group }));
    }
    let account = root.field("AccountId");
    let account = account.is_present().then(|| account.parse("an account id of 12 digits")).transpose()?;
    Ok(signal(told(root, &root.field("Time"), now)?, account, None))
}

/// A token is of one action alone.
fn signal(told: LifecycleEvent, account: Option<Account>, region: Option<Region>) -> Parsed {
    Parsed::Signal(Signal {
        key: Key::of(&format!("action {} {}", told.instance, told.token)),
        at: Some(told.at),
        account,
        region,
        fact: Fact::Action(told),
        evidence: Vec::new(),
    })
}

fn told(detail: &JsonCursor<'_>, time: &JsonCursor<'_>, now: Timestamp) -> Result<LifecycleEvent, Malformed> {
    let (origin, course) = journey(detail)?;
    Ok(LifecycleEvent {
        group: detail.field("AutoScalingGroupName").parse("a group's name")?,
        hook: detail.field("LifecycleHookName").parse("a lifecycle hook's name")?,
        instance: detail.field("EC2InstanceId").parse("an instance id, such as i-0123456789abcdef0")?,
        token: detail.field("LifecycleActionToken").parse("a lifecycle action's token of 36 characters")?,
        at: moment::past(time, "a time, such as 2026-03-01T02:03:04Z", now)?.at,
        transition: detail
            .field("LifecycleTransition")
            .parse::<Transition>("autoscaling:EC2_INSTANCE_LAUNCHING or autoscaling:EC2_INSTANCE_TERMINATING")?,
        origin,
        course,
    })
}

/// Groups without a warm pool did not always have the two fields.
fn journey(detail: &JsonCursor<'_>) -> Result<(Option<Place>, Option<Course>), Malformed> {
    let (origin, destination) = (detail.field("Origin"), detail.field("Destination"));
    if !origin.is_present() && !destination.is_present() {
        return Ok((None, None));
    }
    // A pair that AWS comes to add is no reason to leave the hook alone: the state that the instance is in tells its course.
    let (origin, destination) = (Place::named(origin.text()?), Place::named(destination.text()?));
    let course = origin.zip(destination).and_then(|(origin, destination)| Course::between(origin, destination));
    Ok((origin.filter(|_| course.is_some()), course))
}

#[cfg(test)]
mod tests {
    use super::super::tests::read_one as parse_event;
    use super::*;
    use serde_json::json;

    const TOKEN: &str = "87654321-4321-4321-4321-210987654321";

    fn event() -> Value {
        json!({
            "version": "0", "id": "12345678-1234-1234-1234-123456789012", "source": "aws.autoscaling",
            "detail-type": "EC2 Instance-launch Lifecycle Action", "account": "123456789012", "time": "2026-03-01T02:03:04Z",
            "region": "eu-west-1", "resources": [],
            "detail": {
                "LifecycleActionToken": TOKEN, "AutoScalingGroupName": "web", "LifecycleHookName": "ready",
                "EC2InstanceId": "i-0123456789abcdef0", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
                "NotificationMetadata": "anything", "Origin": "WarmPool", "Destination": "AutoScalingGroup",
            },
        })
    }

    fn held(event: &Value) -> LifecycleEvent {
        let Ok(Parsed::Signal(Signal { fact: Fact::Action(told), .. })) = parse_event(event) else {
            panic!("{:?}", parse_event(event))
        };
        told
    }

    #[test]
    fn both_forms_tell_the_same() {
        let by_rule = held(&event());
        assert_eq!((by_rule.token.as_str(), by_rule.course), (TOKEN, Some(Course::IntoService)));
        assert_eq!(by_rule.origin, Some(Place::WarmPool), "the course alone doesn't say whether it is a new machine");
        let mut direct = event()["detail"].clone();
        direct["Time"] = json!("2026-03-01T02:03:04.000Z");
        direct["Service"] = json!("AWS Auto Scaling");
        assert_eq!(held(&direct), by_rule);
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_and_never_guessed() {
        for field in [
            "LifecycleActionToken",
            "AutoScalingGroupName",
            "LifecycleHookName",
            "EC2InstanceId",
            "LifecycleTransition",
        ] {
            for wrong in [json!(null), json!(""), json!(7), json!({})] {
                let mut event = event();
                event["detail"][field] = wrong;
                let error = parse_event(&event).unwrap_err();
                assert!(error.to_string().contains(&format!("$.detail.{field}")), "{error}");
            }
        }
        let mut nowhere = event();
        nowhere["detail"]["Origin"] = json!("EC2");
        nowhere["detail"]["Destination"] = json!("Moon");
        assert_eq!((held(&nowhere).origin, held(&nowhere).course), (None, None), "the state will tell");
    }

    #[test]
    fn a_test_notification_is_no_action() {
        let test = json!({"Event": TEST, "AutoScalingGroupName": "web", "AccountId": "123456789012"});
        let Ok(Parsed::Ignored(why)) = parse_event(&test) else { panic!("{:?}", parse_event(&test)) };
        assert!(why.to_string().contains("test notification"), "{why}");
    }
}
