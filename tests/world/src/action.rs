//! Lifecycle actions: one hook that holds one instance once, from the wait state's beginning until something ends it.
//!
//! This module never ends an action by itself, and never lets two share a token.

use homeostat_core::id::{GroupName, InstanceId};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::hook::{ActionResult, LifecycleHook, LifecycleTransition};
use crate::journey::Journey;
use crate::place::Place;

/// An action that still holds its instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveAction {
    pub token: String,
    pub group: GroupName,
    pub instance: InstanceId,
    /// As it was when the action began: on no page whether a later change of the hook reaches what it holds.
    pub hook: LifecycleHook,
    pub journey: Journey,
    pub started_at: Timestamp,
    /// When the hook's default result applies, unless a heartbeat comes first.
    pub ends_at: Timestamp,
    /// Beyond which no heartbeat moves the end.
    pub global_end: Timestamp,
    pub heartbeats: u32,
}

/// An action that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleAction {
    pub token: String,
    pub group: GroupName,
    pub instance: InstanceId,
    pub hook: String,
    pub journey: Journey,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub ended_by: ActionEnd,
    pub heartbeats: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionEnd {
    Completed(ActionResult),
    /// The hook's default result applied.
    TimedOut,
    /// Another action's ABANDON ended it: "ABANDON stops any remaining actions, such as other lifecycle hooks" (EC2 Auto
    /// Scaling User Guide, "Add lifecycle hooks").
    Skipped,
    /// The instance left the wait state, or EC2 shut it down, whatever its hooks would have said.
    InstanceGone,
}

/// How a caller names an action: by `LifecycleActionToken`, or by `InstanceId`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionBy {
    Token(String),
    Instance(InstanceId),
}

impl ActiveAction {
    pub(crate) fn begun(
        token: String,
        group: GroupName,
        instance: InstanceId,
        hook: LifecycleHook,
        journey: Journey,
        now: Timestamp,
    ) -> Self {
        let (ends_at, global_end) = (now + hook.heartbeat_timeout, now + hook.global_timeout());
        let started_at = now;
        ActiveAction { token, group, instance, hook, journey, started_at, ends_at, global_end, heartbeats: 0 }
    }

    /// "Restart the timeout period by recording a heartbeat": the whole of it from now on, never beyond the global end.
    pub(crate) fn heartbeat(&mut self, now: Timestamp) {
        self.heartbeats += 1;
        self.ends_at = (now + self.hook.heartbeat_timeout).min(self.global_end);
    }

    pub(crate) fn is(&self, by: &ActionBy) -> bool {
        match by {
            ActionBy::Token(token) => self.token == *token,
            ActionBy::Instance(id) => self.instance == *id,
        }
    }

    pub(crate) fn ended(self, ended_at: Timestamp, ended_by: ActionEnd) -> LifecycleAction {
        LifecycleAction {
            token: self.token,
            group: self.group,
            instance: self.instance,
            hook: self.hook.name,
            journey: self.journey,
            started_at: self.started_at,
            ended_at,
            ended_by,
            heartbeats: self.heartbeats,
        }
    }

    /// In the shape of the samples in the EC2 Auto Scaling User Guide, "Amazon EC2 Auto Scaling event reference" and "Warm
    /// pool events and patterns".
    pub(crate) fn event(&self, place: &Place, group_arn: &str, event_id: String) -> Value {
        let detail_type = match self.journey.transition() {
            LifecycleTransition::Launching => "EC2 Instance-launch Lifecycle Action",
            LifecycleTransition::Terminating => "EC2 Instance-terminate Lifecycle Action",
        };
        let mut detail = json!({
            "LifecycleActionToken": self.token,
            "AutoScalingGroupName": self.group.as_str(),
            "LifecycleHookName": self.hook.name,
            "EC2InstanceId": self.instance.as_str(),
            "LifecycleTransition": self.journey.transition().as_str(),
            "Origin": self.journey.origin(),
            "Destination": self.journey.destination(),
        });
        if let (Some(metadata), Some(fields)) = (&self.hook.notification_metadata, detail.as_object_mut()) {
            fields.insert("NotificationMetadata".to_owned(), metadata.as_str().into());
        }
        json!({
            "version": "0",
            "id": event_id,
            "detail-type": detail_type,
            "source": "aws.autoscaling",
            "account": place.account,
            "time": self.started_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": place.region.as_str(),
            "resources": [group_arn],
            "detail": detail,
        })
    }
}
