//! What makes launches fail one after the other, or pass that should not.
//!
//! This module never takes a few abandoned launches for a latch: the policy's number counts.

use homeostat_core::doctor::Finding;
use homeostat_core::shell;

use super::{Error, Facts, Warning, about};
use crate::hook::memory::Abandoned;
use crate::hook::policy::{HeldBy, LaunchPolicy, OnLimit};

pub(super) fn abandoned(hook: HeldBy<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    let HeldBy::Launch(policy) = hook else { return Vec::new() };
    let memory = facts.own.memories.get(&policy.group).and_then(|read| read.as_ref().ok());
    let by_source = memory.and_then(|memory| memory.abandoned.get(&policy.hook)).into_iter().flatten();
    let latched = by_source.filter(|abandoned| abandoned.limit_reached.is_some());
    latched.map(|abandoned| latch(hook, policy, abandoned)).collect()
}

fn latch(hook: HeldBy<'_>, policy: &LaunchPolicy, abandoned: &Abandoned) -> Finding {
    let (severity, left) = match policy.on_limit {
        OnLimit::Admit => (Warning, "what is launched now comes into service unproven once its time is over"),
        OnLimit::SuspendLaunch => {
            (Error, "the group's Launch was to be suspended, and stays so until somebody resumes it")
        }
    };
    let source = abandoned.launched_from.as_deref().map(|from| format!(" of {from}")).unwrap_or_default();
    let what = format!(
        "{} launches{source} in a row were abandoned since {:.0}: {left}",
        abandoned.instances.len(),
        abandoned.since
    );
    let resume = match policy.on_limit {
        OnLimit::Admit => String::new(),
        OnLimit::SuspendLaunch => format!(
            "aws autoscaling resume-processes --auto-scaling-group-name {} --scaling-processes Launch, and ",
            shell::word(policy.group.as_str())
        ),
    };
    let ack = shell::word(&format!("group#{}", policy.group));
    let fix = format!("fix what the group launches, then: {resume}homeostat ack {ack}");
    Finding::new(severity, about(hook), what, fix)
}

/// A tag with a fixed value says nothing about when it was set.
pub(super) fn earlier_life(hook: HeldBy<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    let HeldBy::Launch(policy) = hook else { return Vec::new() };
    let Some((tag, value)) = policy.tag.as_ref().and_then(|tag| Some((tag, tag.value.as_ref()?))) else {
        return Vec::new();
    };
    if !matches!(facts.own.warm_pools.get(&policy.group), Some(Ok(true))) {
        return Vec::new();
    }
    let what = format!(
        "its group has a warm pool, and its tag has the fixed value {value:?}: an instance that comes back from the pool carries \
         it from an earlier life, and passes for ready at once"
    );
    let fix = format!(
        "name the tag without a value ({:?}), and have instances set the time at which they are ready",
        tag.key
    );
    vec![Finding::new(Warning, about(hook), what, fix)]
}
