//! The target groups that the policy names with a hook: whose they are, and whether they may be touched.
//!
//! This module never judges what is healthy there.

use homeostat_core::doctor::{Finding, TAG, unreadable};
use homeostat_core::id::TargetGroupArn;
use homeostat_core::policy::Mode;

use super::Facts;
use super::{Error, Note, Warning, about};
use crate::hook::policy::HeldBy;

pub(super) fn to_the_group(hook: HeldBy<'_>, facts: &Facts<'_>) -> Vec<Finding> {
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
        let what = format!("the policy names {} with it, which is attached to its group; {why}", arn.short_name());
        Finding::new(severity, about(hook), what, "take it out of the hook's target-groups")
    };
    attached.map(say).collect()
}

/// Nobody is deregistered before a launch, nor where it is only watched.
pub(super) fn permission(hook: HeldBy<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    let HeldBy::Termination(policy) = hook else { return Vec::new() };
    let severity = if policy.mode == Mode::Watch { Warning } else { Error };
    let find = |arn: &TargetGroupArn| match facts.own.target_groups.get(arn)? {
        Err(unread) => Some(unreadable(about(hook), &format!("its target group {}", arn.short_name()), unread)),
        Ok(tags) if tags.get(TAG).is_some_and(|value| value == "true") => None,
        Ok(_) => {
            let what = format!(
                "{} lacks the tag {TAG}=true, so the role of lifecycle-hook may not deregister anybody there",
                arn.short_name()
            );
            Some(Finding::new(severity, about(hook), what, format!("tag the target group: key {TAG}, value true")))
        }
    };
    policy.target_groups.iter().filter_map(find).collect()
}

/// What a target group holds decides whether it can say anything of an instance.
pub(super) fn target_types(hook: HeldBy<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    let (judged, never) = match hook {
        HeldBy::Launch(_) => {
            ("admits", "each launch is held until its time is over, and then comes into service unproven")
        }
        HeldBy::Termination(_) => ("waits for", "each termination is held until its time is over"),
    };
    let find = |arn: &TargetGroupArn| {
        let name = arn.short_name();
        let (severity, what, fix) = match facts.own.target_types.get(arn)? {
            Err(unread) => {
                return Some(unreadable(about(hook), &format!("the type of its target group {name}"), unread));
            }
            Ok(Some(of)) if of == "instance" => return None,
            Ok(Some(of)) if of == "ip" => (
                Note,
                format!(
                    "{name} is of type ip: Homeostat {judged} an instance there by the addresses of its network interfaces, and \
                     doesn't see containers with addresses of their own"
                ),
                "nothing, if each instance registers an address of its own; else name other evidence",
            ),
            Ok(Some(of)) => (
                Error,
                format!("{name} is of type {of}, which says nothing of an instance: {never}"),
                "name a target group in which its instances are registered",
            ),
            Ok(None) if matches!(hook, HeldBy::Launch(_)) => (
                Error,
                format!("there is no target group {name}: {never}"),
                "correct its ARN in the policy, or take it out of the hook's target-groups",
            ),
            Ok(None) => (
                Warning,
                format!("there is no target group {name}: nothing is drained there"),
                "correct its ARN in the policy, or take it out of the hook's target-groups",
            ),
        };
        Some(Finding::new(severity, about(hook), what, fix))
    };
    hook.target_groups().iter().filter_map(find).collect()
}
