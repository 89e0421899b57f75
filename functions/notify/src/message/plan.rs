//! What a person can do about it, and what comes next.
//!
//! This module never promises more than the ladder does.

use homeostat_core::decision::{Attached, Hold, Page};
use homeostat_core::id::TargetGroupArn;
use homeostat_core::shell;

pub(super) fn waits_for(because: &Hold) -> String {
    match because {
        Hold::GroupReplaces { .. } => {
            "Next: it watches the group replace it, and tells you when the group is whole, or if it isn't in time."
        }
        Hold::BreakerOpen { .. } => "Next: it waits for you. Fix what is launched first, then acknowledge.",
        _ => "Next: it keeps looking, and tells you if it acts.",
    }
    .to_owned()
}

pub(super) fn needed(page: &Page) -> [String; 2] {
    let watches = "Next: it only watches now. It closes the incident, and tells you, when the group is whole.";
    let keeps_looking = "Next: it keeps looking, and acts as soon as nothing holds it back.";
    let (you, next) = match page {
        Page::Refused { .. } => (
            "You: see whether the group has the tag homeostat:managed=true, and replace the instance by hand."
                .to_owned(),
            watches,
        ),
        Page::NotRecovered { .. } | Page::GroupStalled { .. } => (
            "You: see the group's activity history, for launches that fail or instances that don't get well."
                .to_owned(),
            watches,
        ),
        Page::NotInPolicy { .. } => (
            "You: put the group back into policy.toml, or finish by hand.".to_owned(),
            "Next: nothing, until the policy names it again.",
        ),
        Page::Waited { holds, .. } if holds.last().is_some_and(|hold| hold == "unchecked") => (
            "You: see why the group's target groups check nothing (no listener, or its zones are not enabled), or take target-health out of the policy's evidence.".to_owned(),
            "Next: nothing in this group is replaced until its targets are checked. Homeostat keeps looking.",
        ),
        Page::Waited { .. } => ("You: see whether what holds it back is still meant to.".to_owned(), keeps_looking),
        Page::ReplacementsFail { group, .. } => (
            format!(
                "You: find out why the instances that the group launches become unhealthy. When that is fixed: homeostat ack {} --reason …",
                shell::word(&format!("group#{group}"))
            ),
            "Next: nothing in this group is replaced until then, or until it launches from another version.",
        ),
        Page::TooManySick(_) => (
            "You: look for what they have in common: a zone, a dependency, an image, a bad deploy.".to_owned(),
            "Next: nothing is replaced while so many are unhealthy. Once fewer are, those still unhealthy are replaced.",
        ),
        Page::TargetGroupGone(Attached { group, target_groups, .. }) => {
            let arns: Vec<&str> = target_groups.iter().map(TargetGroupArn::as_str).collect();
            let (group, arns) = (shell::word(group.as_str()), arns.join(" "));
            let detach = "aws autoscaling detach-load-balancer-target-groups";
            (
                format!("You: detach it: {detach} --auto-scaling-group-name {group} --target-group-arns {arns}"),
                "Next: nothing in this group is replaced until it is detached. Homeostat keeps looking, and closes the incident after that.",
            )
        }
        Page::Weights { .. } => ("You: see the record's weights in Route 53.".to_owned(), keeps_looking),
        Page::LaunchesFail(_) => ("You: see why what the group launches is never ready.".to_owned(), keeps_looking),
    };
    [you, next.to_owned()]
}
