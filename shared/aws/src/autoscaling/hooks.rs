//! Auto Scaling's lifecycle hooks: whom they hold, on what terms, and the two calls that let go or ask for time.
//!
//! This module never completes an action twice on purpose, and never suspends any process but `Launch`.

use aws_sdk_autoscaling::error::ProvideErrorMetadata;
use aws_sdk_autoscaling::types::{AutoScalingInstanceDetails, LifecycleHook};
use homeostat_core::aws::fleet::Lifecycle;
use homeostat_core::aws::lifecycle::{ActionId, ActionResult, Terms};
use homeostat_core::id::{GroupName, HookName, InstanceId};
use homeostat_core::ports::{Outcome, Unavailable};
use homeostat_remedies::hook::observation::HeldMember;
use jiff::SignedDuration;

use super::{AutoScaling, unreadable};
use crate::call::{outcome, unavailable, words};

/// The process that launches (API reference, `SuspendProcesses`).
const LAUNCH: &str = "Launch";

impl AutoScaling {
    pub(crate) async fn member(&self, instance: &InstanceId) -> Result<Option<HeldMember>, Unavailable> {
        let request = self.client.describe_auto_scaling_instances().instance_ids(instance.as_str());
        let answer = request.send().await.map_err(|error| unavailable("read where the instance stands", &error))?;
        let same = answer.auto_scaling_instances().iter().find(|one| one.instance_id() == Some(instance.as_str()));
        same.map(held_member).transpose()
    }

    pub(crate) async fn terms(&self, group: &GroupName, hook: &HookName) -> Result<Option<Terms>, Unavailable> {
        let request = self.client.describe_lifecycle_hooks().auto_scaling_group_name(group.as_str());
        let answer = request.lifecycle_hook_names(hook.as_str()).send().await;
        let answer = answer.map_err(|error| unavailable("read the lifecycle hook", &error))?;
        answer.lifecycle_hooks().first().map(terms).transpose()
    }

    pub(crate) async fn complete(&self, action: &ActionId, result: ActionResult) -> Outcome {
        let request = self
            .client
            .complete_lifecycle_action()
            .auto_scaling_group_name(action.group.as_str())
            .lifecycle_hook_name(action.hook.as_str())
            .instance_id(action.instance.as_str())
            .set_lifecycle_action_token(action.token.as_ref().map(ToString::to_string))
            .lifecycle_action_result(result.to_string());
        match request.send().await {
            Ok(_) => Outcome::Done,
            Err(error) if is_not_active(error.code(), error.message()) => Outcome::Lost { why: words(&error) },
            Err(error) => outcome(&error),
        }
    }

    pub(crate) async fn heartbeat(&self, action: &ActionId) -> Outcome {
        let request = self
            .client
            .record_lifecycle_action_heartbeat()
            .auto_scaling_group_name(action.group.as_str())
            .lifecycle_hook_name(action.hook.as_str())
            .instance_id(action.instance.as_str())
            .set_lifecycle_action_token(action.token.as_ref().map(ToString::to_string));
        match request.send().await {
            Ok(_) => Outcome::Done,
            Err(error) if is_not_active(error.code(), error.message()) => Outcome::Lost { why: words(&error) },
            Err(error) => outcome(&error),
        }
    }

    pub(crate) async fn suspend_launch(&self, group: &GroupName) -> Outcome {
        let request = self.client.suspend_processes().auto_scaling_group_name(group.as_str());
        match request.scaling_processes(LAUNCH).send().await {
            Ok(_) => Outcome::Done,
            Err(error) => outcome(&error),
        }
    }
}

/// `ValidationError` stands for many things; only this one means that the action is over, or not there yet. The API reference
/// names no error for it: these are the words that users report (spacelift-io/terraform-aws-spacelift-workerpool-on-ec2,
/// pull request 197).
fn is_not_active(code: Option<&str>, message: Option<&str>) -> bool {
    code == Some("ValidationError")
        && message.is_some_and(|message| message.contains("No active Lifecycle Action found"))
}

fn held_member(found: &AutoScalingInstanceDetails) -> Result<HeldMember, Unavailable> {
    let group = found.auto_scaling_group_name().unwrap_or_default();
    let lifecycle = found.lifecycle_state().ok_or_else(|| unreadable("an instance without a lifecycle state"))?;
    let template = found
        .launch_template()
        .and_then(|template| Some(format!("{}:{}", template.launch_template_id()?, template.version()?)));
    Ok(HeldMember {
        group: group.parse().map_err(|_| unreadable(&format!("an instance of group {group:?}")))?,
        lifecycle: Lifecycle(lifecycle.to_owned()),
        launched_from: template.or_else(|| found.launch_configuration_name().map(str::to_owned)),
    })
}

pub(crate) fn terms(found: &LifecycleHook) -> Result<Terms, Unavailable> {
    let name = found.lifecycle_hook_name().unwrap_or_default();
    let missing = |what: &str| unreadable(&format!("lifecycle hook {name:?} without {what}"));
    let seconds = |seconds: Option<i32>| seconds.map(|seconds| SignedDuration::from_secs(i64::from(seconds)));
    let transition = found.lifecycle_transition().and_then(|transition| transition.parse().ok());
    Ok(Terms {
        timeout: seconds(found.heartbeat_timeout()).ok_or_else(|| missing("HeartbeatTimeout"))?,
        global: seconds(found.global_timeout()).ok_or_else(|| missing("GlobalTimeout"))?,
        default: match found.default_result() {
            Some("CONTINUE") => ActionResult::Continue,
            Some("ABANDON") => ActionResult::Abandon,
            _ => return Err(missing("a DefaultResult")),
        },
        transition: transition.ok_or_else(|| missing("a LifecycleTransition"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::aws::lifecycle::Transition;

    #[test]
    fn no_other_validation_error_passes_for_an_action_that_is_over() {
        let words = "No active Lifecycle Action found with token f66c3d47-e602-4af0-8edd-d4e4d2fe4620";
        assert!(is_not_active(Some("ValidationError"), Some(words)));
        assert!(!is_not_active(Some("ValidationError"), Some("AutoScalingGroup name not found")));
        assert!(!is_not_active(Some("AccessDenied"), Some(words)));
        assert!(!is_not_active(None, Some(words)));
    }

    #[test]
    fn a_hook_is_read_whole_or_not_at_all() {
        let hook = || {
            LifecycleHook::builder()
                .lifecycle_hook_name("ready")
                .lifecycle_transition("autoscaling:EC2_INSTANCE_LAUNCHING")
                .heartbeat_timeout(300)
                .global_timeout(30_000)
        };
        let read = terms(&hook().default_result("ABANDON").build()).unwrap();
        assert_eq!((read.default, read.transition), (ActionResult::Abandon, Transition::Launching));
        assert_eq!((read.timeout.as_secs(), read.global.as_secs()), (300, 30_000));
        for broken in [
            hook(),
            hook().default_result("RETRY"),
            hook().default_result("CONTINUE").set_global_timeout(None),
            hook().default_result("CONTINUE").set_heartbeat_timeout(None),
            hook().default_result("CONTINUE").lifecycle_transition("autoscaling:OTHER"),
        ] {
            assert!(terms(&broken.build()).is_err());
        }
    }
}
