//! Auto Scaling: the groups of the policy, when an instance was launched, and the one effect.
//!
//! This module never asks for all groups, and never lowers a desired capacity.

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::error::ProvideErrorMetadata;
use aws_sdk_autoscaling::primitives::DateTime;
use aws_sdk_autoscaling::types::{Activity, AutoScalingGroup, Instance};
use homeostat_core::id::{GroupName, InstanceId};
use homeostat_core::instance::{Group, Launches, Lifecycle, Member};
use homeostat_core::ports::{Outcome, Unavailable};
use jiff::{SignedDuration, Timestamp};

use crate::call::{outcome, unavailable};

/// `DescribeAutoScalingGroups` takes 50 names unless told otherwise (API reference, `AutoScalingGroupNames`).
const MOST_NAMES: usize = 50;

#[derive(Debug, Clone)]
pub(crate) struct AutoScaling {
    client: Client,
}

impl AutoScaling {
    pub(crate) fn new(config: &aws_config::SdkConfig) -> Self {
        AutoScaling { client: Client::new(config) }
    }

    pub(crate) async fn groups(&self, names: &[GroupName]) -> Result<Vec<Group>, Unavailable> {
        let mut groups = Vec::new();
        // No chunk, no call: to AWS an empty list of names means every group there is.
        for names in names.chunks(MOST_NAMES) {
            let names = names.iter().map(ToString::to_string).collect();
            let request = self.client.describe_auto_scaling_groups().set_auto_scaling_group_names(Some(names));
            let mut pages = request.into_paginator().items().send();
            while let Some(found) = pages.next().await {
                let found = found.map_err(|error| unavailable("read the policy's groups", &error))?;
                groups.push(group(&found)?);
            }
        }
        Ok(groups)
    }

    /// From the group's newest activities. Auto Scaling keeps them for six weeks (API reference, `DescribeScalingActivities`),
    /// and writes one for each launch and each attached instance; only its description names the instance.
    pub(crate) async fn launches(&self, group: &GroupName) -> Result<Launches, Unavailable> {
        let request =
            self.client.describe_scaling_activities().auto_scaling_group_name(group.as_str()).max_records(100);
        let answer = request.send().await.map_err(|error| unavailable("read the group's activities", &error))?;
        let mut launches = Launches::default();
        for activity in answer.activities() {
            if let Some(instance) = started(activity) {
                let moment = moment(activity.end_time().or(activity.start_time()))?;
                // Newest first: a later launch of the same instance counts, a return from a warm pool say.
                launches.known.entry(instance).or_insert(moment);
            }
        }
        if answer.next_token().is_some() {
            let oldest =
                answer.activities().last().ok_or_else(|| unreadable("an empty page of activities before others"))?;
            launches.others_before = Some(moment(oldest.start_time())?);
        }
        Ok(launches)
    }

    pub(crate) async fn terminate(&self, instance: &InstanceId) -> Outcome {
        let request = self
            .client
            .terminate_instance_in_auto_scaling_group()
            .instance_id(instance.as_str())
            .should_decrement_desired_capacity(false);
        match request.send().await {
            Ok(_) => Outcome::Done,
            Err(error) if is_gone(error.code(), error.message()) => Outcome::AlreadyDone,
            Err(error) => outcome(&error),
        }
    }
}

/// `ValidationError` stands for many things; only this one means that there is nothing left to terminate.
fn is_gone(code: Option<&str>, message: Option<&str>) -> bool {
    code == Some("ValidationError") && message.is_some_and(|message| message.contains("No managed instance found"))
}

/// The instance that the activity launched or attached.
fn started(activity: &Activity) -> Option<InstanceId> {
    let description = activity.description().unwrap_or_default();
    let starts = description.starts_with("Launching") || description.starts_with("Attaching");
    let words = || description.split([' ', ',', '.']);
    starts.then(|| words().find_map(|word| word.parse().ok())).flatten()
}

fn moment(moment: Option<&DateTime>) -> Result<Timestamp, Unavailable> {
    let read = moment.and_then(|moment| Timestamp::from_second(moment.secs()).ok());
    read.ok_or_else(|| unreadable("an activity without a start time"))
}

fn group(found: &AutoScalingGroup) -> Result<Group, Unavailable> {
    let name = found.auto_scaling_group_name().unwrap_or_default();
    let missing = || unreadable(&format!("group {name:?} without a field that every group has"));
    let target_groups: Result<Vec<_>, _> = found.target_group_arns().iter().map(|arn| arn.parse()).collect();
    Ok(Group {
        name: name.parse().map_err(|_| missing())?,
        desired: found.desired_capacity().and_then(|desired| u32::try_from(desired).ok()).ok_or_else(missing)?,
        members: found.instances().iter().map(member).collect::<Result<_, _>>()?,
        target_groups: target_groups.map_err(|_| missing())?,
        // "Default: 0 seconds" (API reference, `AutoScalingGroup`).
        grace: SignedDuration::from_secs(i64::from(found.health_check_grace_period().unwrap_or(0))),
    })
}

fn member(found: &Instance) -> Result<Member, Unavailable> {
    let id = found.instance_id().unwrap_or_default();
    let lifecycle = found.lifecycle_state().ok_or_else(|| unreadable("a member without a lifecycle state"))?;
    Ok(Member {
        id: id.parse().map_err(|_| unreadable(&format!("a member with the id {id:?}")))?,
        lifecycle: Lifecycle(lifecycle.as_str().to_owned()),
        healthy: found.health_status() == Some("Healthy"),
    })
}

fn unreadable(what: &str) -> Unavailable {
    Unavailable { doing: "understand Auto Scaling's answer".to_owned(), why: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_launches_and_attachments_start_an_instance() {
        let said = |description: &str| started(&Activity::builder().description(description).build());
        let instance: InstanceId = "i-0123456789abcdef0".parse().unwrap();
        assert_eq!(said("Launching a new EC2 instance: i-0123456789abcdef0").as_ref(), Some(&instance));
        assert_eq!(said("Attaching an existing EC2 instance: i-0123456789abcdef0").as_ref(), Some(&instance));
        assert_eq!(said("Terminating EC2 instance: i-0123456789abcdef0"), None);
        assert_eq!(said("Launching a new EC2 instance"), None);
        assert_eq!(said("Launching a new EC2 instance.  Status Reason: i-nonsense"), None);
    }

    #[test]
    fn no_other_validation_error_passes_for_done() {
        assert!(is_gone(
            Some("ValidationError"),
            Some("Instance Id not found - No managed instance found for instance ID: i-1")
        ));
        assert!(!is_gone(Some("ValidationError"), Some("Currently, desiredSize equals minSize (2)")));
        assert!(!is_gone(Some("AccessDenied"), Some("No managed instance found")));
        assert!(!is_gone(None, None));
    }
}
