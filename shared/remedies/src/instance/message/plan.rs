//! What a person can do about it, and what comes next.
//!
//! This module never promises more than the ladder does.

use homeostat_core::id::TargetGroupArn;
use homeostat_core::shell;
use homeostat_core::view::{Command, Point};

use crate::instance::reasons::{Attached, Hold, HoldReason, Page, PageReason};

pub(super) fn waits_for(because: &Hold) -> &'static str {
    match because {
        Hold::Own(HoldReason::GroupReplaces { .. }) => {
            "it watches the group replace it, and tells you when the group is whole, or if it isn't in time."
        }
        Hold::Own(HoldReason::BreakerOpen { .. }) => "it waits for you. Fix what is launched first, then acknowledge.",
        _ => "it keeps looking, and tells you if it acts.",
    }
}

/// What a person does.
enum You {
    Looks(&'static str),
    Runs(Command),
}

pub(super) fn needed(page: &Page) -> Point {
    let (you, next) = you(page);
    let next = Some(next.to_owned());
    match you {
        You::Looks(you) => Point { you: vec![you.to_owned()], next, ..Point::default() },
        You::Runs(command) => Point { commands: vec![command], next, ..Point::default() },
    }
}

fn you(page: &Page) -> (You, &'static str) {
    let watches = "it only watches now. It closes the incident, and tells you, when the group is whole.";
    let keeps_looking = "it keeps looking, and acts as soon as nothing holds it back.";
    match page {
        Page::Refused { .. } => (
            You::Looks(
                "You: see whether the group has the tag homeostat:managed=true, and replace the instance by hand.",
            ),
            watches,
        ),
        Page::NotRecovered { .. } | Page::Own(PageReason::GroupStalled { .. }) => (
            You::Looks(
                "You: see the group's activity history, for launches that fail or instances that don't get well.",
            ),
            watches,
        ),
        Page::Own(PageReason::NotInPolicy { .. }) => (
            You::Looks("You: put the group back into policy.toml, or finish by hand."),
            "nothing, until the policy names it again.",
        ),
        Page::Waited { holds, .. } if holds.last().is_some_and(|hold| hold == "unchecked") => (
            You::Looks(
                "You: see why the group's target groups check nothing (no listener, or its zones are not enabled), or take target-health out of the policy's evidence.",
            ),
            "nothing in this group is replaced until its targets are checked. Homeostat keeps looking.",
        ),
        Page::SharedBudget(_) => (
            You::Looks(
                "You: see what makes so many instances unhealthy at the same time: a shared dependency, a zone, a bad deploy. If they are to be replaced all the same, raise at-once or per-hour of [replace-instance] in policy.toml.",
            ),
            "whatever waits for the budget is replaced as soon as there is room. This is the only page about it within an hour, whoever waits.",
        ),
        Page::NoRoom { .. } => (You::Looks("You: replace the instance by hand."), watches),
        Page::Waited { .. } => (You::Looks("You: see whether what holds it back is still meant to."), keeps_looking),
        Page::Own(PageReason::ReplacementsFail { group, .. }) => (
            You::Runs(Command::new(
                "You: find out why the instances that the group launches become unhealthy. When that is fixed",
                format!("homeostat ack {} --reason …", shell::word(&format!("group#{group}"))),
            )),
            "nothing in this group is replaced until then, or until it launches from another version.",
        ),
        Page::Own(PageReason::TooManyUnhealthy(_)) => (
            You::Looks("You: look for what they have in common: a zone, a dependency, an image, a bad deploy."),
            "nothing is replaced while so many are unhealthy. Once fewer are, those still unhealthy are replaced.",
        ),
        Page::Own(PageReason::TargetGroupGone(Attached { group, target_groups, .. })) => {
            let arns: Vec<&str> = target_groups.iter().map(TargetGroupArn::as_str).collect();
            let (group, arns) = (shell::word(group.as_str()), arns.join(" "));
            let detach = "aws autoscaling detach-load-balancer-target-groups";
            (
                You::Runs(Command::new(
                    "You: detach it",
                    format!("{detach} --auto-scaling-group-name {group} --target-group-arns {arns}"),
                )),
                "nothing in this group is replaced until it is detached. Homeostat keeps looking, and closes the incident after that.",
            )
        }
    }
}
