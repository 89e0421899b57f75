//! What AWS announces beside alarms, as EventBridge carries it (shapes: `events/README.md`).
//!
//! This module never makes anything come about.

use homeostat_core::id::{GroupName, InstanceId};
use jiff::Timestamp;
use serde_json::{Value, json};
use world::Place;

/// Where and when something is announced.
#[derive(Debug, Clone)]
pub struct Announcement {
    pub place: Place,
    pub at: Timestamp,
}

impl Announcement {
    pub fn event(&self, source: &str, detail_type: &str, detail: Value) -> Value {
        json!({
            "version": "0", "id": "12345678-1234-1234-1234-123456789012", "detail-type": detail_type, "source": source,
            "account": self.place.account, "time": self.at.to_string(), "region": self.place.region.as_str(),
            "resources": [], "detail": detail,
        })
    }

    pub fn state_change(&self, id: &InstanceId, state: &str) -> Value {
        self.event("aws.ec2", "EC2 Instance State-change Notification", json!({ "instance-id": id, "state": state }))
    }

    pub fn interruption(&self, id: &InstanceId) -> Value {
        let detail = json!({ "instance-id": id, "instance-action": "terminate" });
        self.event("aws.ec2", "EC2 Spot Instance Interruption Warning", detail)
    }

    pub fn rebalance(&self, id: &InstanceId) -> Value {
        self.event("aws.ec2", "EC2 Instance Rebalance Recommendation", json!({ "instance-id": id }))
    }

    pub fn retirement(&self, id: &InstanceId, starts: Timestamp) -> Value {
        let detail = json!({
            "service": "EC2", "eventTypeCode": "AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED",
            "eventTypeCategory": "scheduledChange", "communicationId": "c", "statusCode": "upcoming",
            "eventRegion": self.place.region.as_str(),
            "startTime": starts.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
            "affectedEntities": [{ "entityValue": id }],
        });
        self.event("aws.health", "AWS Health Event", detail)
    }

    pub fn launch_failed(&self, group: &GroupName, activity: &str, why: &str) -> Value {
        let detail = json!({
            "AutoScalingGroupName": group.as_str(), "ActivityId": activity, "StatusCode": "Failed", "EC2InstanceId": "",
            "StatusMessage": why,
        });
        self.event("aws.autoscaling", "EC2 Instance Launch Unsuccessful", detail)
    }
}
