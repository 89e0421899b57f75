//! What keeps a lifecycle hook from being completed as the policy means it, or does harm while Homeostat can't answer.
//!
//! This module never judges a hook that the policy doesn't name, and never looks at what the hooks share.

mod attached;
mod facts;
mod failing;
mod records;
mod terms;

use homeostat_core::aws::lifecycle::Transition;
use homeostat_core::doctor::Severity::{Error, Note, Warning};
use homeostat_core::doctor::{Finding, Severity, TAG, missing, unreadable};
use homeostat_core::shell;

use crate::hook::policy::{HeldBy, HookPolicy};

pub use facts::{HookFact, HookFacts};

type Facts<'a> = homeostat_core::doctor::Facts<'a, HookFacts>;

/// Looks at one lifecycle hook of the policy.
type Check = fn(HeldBy<'_>, &Facts<'_>) -> Vec<Finding>;

pub(crate) fn check(policy: Option<&HookPolicy>, facts: &Facts<'_>) -> Vec<Finding> {
    let held_by = policy.into_iter().flat_map(|hooks| hooks.held_by());
    held_by.flat_map(|hook| CHECKS.iter().flat_map(move |check| check(hook, facts))).collect()
}

const CHECKS: &[Check] = &[
    existence,
    permission,
    others,
    terms::default_result,
    terms::long_timeout,
    terms::short_timeout,
    terms::global_timeout,
    attached::to_the_group,
    attached::permission,
    attached::target_types,
    records::left_out,
    failing::abandoned,
    failing::earlier_life,
];

fn about(hook: HeldBy<'_>) -> String {
    format!("hook {} of group {}", hook.hook(), hook.group())
}

/// All hooks of its group, if they were read.
fn of_group<'a>(hook: HeldBy<'_>, facts: &'a Facts<'_>) -> Option<&'a [HookFact]> {
    facts.own.of_group.get(hook.group())?.as_ref().ok().map(Vec::as_slice)
}

/// The hook itself, if it is there and of the transition that the policy means.
fn meant<'a>(hook: HeldBy<'_>, facts: &'a Facts<'_>) -> Option<&'a HookFact> {
    let found = of_group(hook, facts)?.iter().find(|fact| fact.name == *hook.hook());
    found.filter(|fact| fact.terms.transition == hook.transition())
}

/// The section of the policy, and what it is for.
fn section(transition: Transition) -> (&'static str, &'static str) {
    match transition {
        Transition::Launching => ("lifecycle-hook.launch", "launches"),
        Transition::Terminating => ("lifecycle-hook.terminate", "terminations"),
    }
}

fn existence(hook: HeldBy<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    if let Some(missing) = missing(hook.group(), facts.shared) {
        return vec![missing];
    }
    if let Some(Err(unread)) = facts.own.of_group.get(hook.group()) {
        return vec![unreadable(format!("group {}", hook.group()), "its lifecycle hooks", unread)];
    }
    let Some(hooks) = of_group(hook, facts) else { return Vec::new() };
    let (section_, things) = section(hook.transition());
    let finding = match hooks.iter().find(|fact| fact.name == *hook.hook()) {
        None => {
            let what = format!("its group has no such hook: none of its {things} is held");
            let fix = format!("fix its name in the policy, or make it: {}", put(hook, 300));
            Finding::new(Error, about(hook), what, fix)
        }
        Some(fact) if fact.terms.transition != hook.transition() => {
            let (right, others) = section(fact.terms.transition);
            let what = format!(
                "it holds {others}, and the policy names it in {section_}: it is completed with CONTINUE at once, and no \
                 {things} are held"
            );
            Finding::new(Error, about(hook), what, format!("move it to {right}, or name the hook that is meant"))
        }
        Some(_) => return Vec::new(),
    };
    vec![finding]
}

/// A hook as it does the least harm, with all that it had: what is left out of the call may get AWS's default.
fn put(hook: HeldBy<'_>, timeout: i64) -> String {
    format!(
        "aws autoscaling put-lifecycle-hook --auto-scaling-group-name {} --lifecycle-hook-name {} --lifecycle-transition {} \
         --heartbeat-timeout {timeout} --default-result CONTINUE",
        shell::word(hook.group().as_str()),
        shell::word(hook.hook().as_str()),
        hook.transition().as_str()
    )
}

/// Also under `watch`: what is only watched is completed with CONTINUE at once, and that is a call, too.
fn permission(hook: HeldBy<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    let group = facts.group(hook.group());
    let lacks = group.filter(|group| group.tags.get(TAG).is_none_or(|value| value != "true"));
    let say = |_| {
        let what = format!(
            "its group lacks the tag {TAG}=true, so the role of lifecycle-hook may not complete it: each instance is held until \
             the timeout"
        );
        Finding::new(Error, about(hook), what, format!("tag the group itself: key {TAG}, value true"))
    };
    lacks.map(say).into_iter().collect()
}

/// An instance goes on only when each hook of its transition is completed.
fn others(hook: HeldBy<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    let is_other = |fact: &&HookFact| fact.terms.transition == hook.transition() && fact.name != *hook.hook();
    let others = of_group(hook, facts).unwrap_or_default().iter().filter(is_other);
    let names: Vec<&str> = others.map(|fact| fact.name.as_str()).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let (_, things) = section(hook.transition());
    let what =
        format!("its group's {things} are held by {}, too, and go on only when all are completed", names.join(", "));
    vec![Finding::new(
        Note,
        about(hook),
        what,
        "nothing, if somebody completes each; else name it in the policy, or delete it",
    )]
}

/// One finding about the hook as it is in AWS.
fn found(
    hook: HeldBy<'_>,
    facts: &Facts<'_>,
    check: impl FnOnce(&HookFact) -> Option<(Severity, String, String)>,
) -> Vec<Finding> {
    let finding = meant(hook, facts).and_then(check);
    finding.map(|(severity, what, fix)| Finding::new(severity, about(hook), what, fix)).into_iter().collect()
}
