//! Signals made up for the tests of each remedy's routing.

use homeostat_core::signal::{Parsed, Signal, read, wake};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Later than what these events tell of.
const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

fn signal(event: &Value) -> Signal {
    match read(event, NOW).remove(0) {
        Ok(Parsed::Signal(signal)) => signal,
        other => panic!("{other:?} for {event}"),
    }
}

/// Of the alarm `web-1`, on a metric with each of these sets of dimensions.
pub(crate) fn alarm_on(state: &str, dimensions: &[Value]) -> Signal {
    let metric = |set: &Value| json!({"id": "m", "metricStat": {"metric": {"namespace": "Web", "name": "Failed", "dimensions": set}}});
    signal(&json!({
        "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "account": "123456789012",
        "region": "eu-west-1", "resources": ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1"],
        "detail": {"state": {"value": state, "timestamp": "2026-03-01T02:03:04.567+0000"},
            "configuration": {"metrics": dimensions.iter().map(metric).collect::<Vec<_>>()}},
    }))
}

/// EC2 takes an instance back.
pub(crate) fn interruption() -> Signal {
    signal(&json!({
        "source": "aws.ec2", "detail-type": "EC2 Spot Instance Interruption Warning", "account": "123456789012",
        "region": "eu-west-1", "time": "2026-03-01T02:03:05Z",
        "detail": {"instance-id": "i-0123456789abcdef0", "instance-action": "terminate"},
    }))
}

/// The hook `ready` of the group `web` holds an instance.
pub(crate) fn held() -> Signal {
    signal(&json!({
        "source": "aws.autoscaling", "detail-type": "EC2 Instance-launch Lifecycle Action", "account": "123456789012",
        "region": "eu-west-1", "time": "2026-03-01T02:03:04Z",
        "detail": {"LifecycleActionToken": "87654321-4321-4321-4321-210987654321", "AutoScalingGroupName": "web",
            "LifecycleHookName": "ready", "EC2InstanceId": "i-0123456789abcdef0",
            "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"},
    }))
}

pub(crate) fn woken(subject: &str) -> Signal {
    signal(&wake(&subject.parse().unwrap()))
}

pub(crate) fn resync() -> Signal {
    signal(&json!({"homeostat": "resync"}))
}

/// Alarms of services that have no remedy, or whose things are not this product's: their dimensions are all that there is.
pub(crate) fn of_other_services() -> Vec<Signal> {
    [
        json!({"DBInstanceIdentifier": "orders"}),
        json!({"ClusterName": "web", "ServiceName": "shop"}),
        json!({"LoadBalancer": "app/web/0123456789abcdef"}),
        json!({"InstanceId": "mi-0123456789abcdef0"}),
    ]
    .map(|dimensions| alarm_on("ALARM", &[dimensions]))
    .into()
}
