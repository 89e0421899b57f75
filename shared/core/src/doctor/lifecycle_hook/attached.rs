//! The target groups that the policy names with a hook: whose they are, and whether they may be touched.
//!
//! This module never judges what is healthy there.

use super::{Error, Warning, about};
use crate::decision::short;
use crate::doctor::{Facts, Finding, TAG, unreadable};
use crate::id::TargetGroupArn;
use crate::policy::{HeldBy, Mode};

pub(super) fn to_the_group(hook: HeldBy<'_>, facts: &Facts) -> Vec<Finding> {
    let own = facts.group(hook.group()).map(|group| group.target_groups.as_slice()).unwrap_or_default();
    let attached = hook.target_groups().iter().filter(|arn| own.contains(arn));
    let say = |arn: &TargetGroupArn| {
        let (severity, why) = match hook {
            HeldBy::Launch(_) => {
                (Error, "Auto Scaling registers an instance there only after the hook: no launch is ever ready")
            }
            HeldBy::Termination(_) => {
                (Warning, "Auto Scaling deregisters an instance there by itself, and before the hook")
            }
        };
        let what = format!("the policy names {} with it, which is attached to its group; {why}", short(arn));
        Finding::new(severity, about(hook), what, "take it out of the hook's target-groups")
    };
    attached.map(say).collect()
}

/// Nobody is deregistered before a launch, nor where it is only watched.
pub(super) fn permission(hook: HeldBy<'_>, facts: &Facts) -> Vec<Finding> {
    let HeldBy::Termination(policy) = hook else { return Vec::new() };
    let severity = if policy.mode == Mode::Watch { Warning } else { Error };
    let find = |arn: &TargetGroupArn| match facts.hooks.target_groups.get(arn)? {
        Err(unread) => Some(unreadable(about(hook), &format!("its target group {}", short(arn)), unread)),
        Ok(tags) if tags.get(TAG).is_some_and(|value| value == "true") => None,
        Ok(_) => {
            let what = format!(
                "{} lacks the tag {TAG}=true, so the role of lifecycle-hook may not deregister anybody there",
                short(arn)
            );
            Some(Finding::new(severity, about(hook), what, format!("tag the target group: key {TAG}, value true")))
        }
    };
    policy.target_groups.iter().filter_map(find).collect()
}
