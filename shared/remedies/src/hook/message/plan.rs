//! What a person can do about a held instance or failing launches, and what happens by itself.
//!
//! This module never promises more than the ladder does.

use homeostat_core::aws::lifecycle::{ActionResult, Transition};
use homeostat_core::id::GroupName;
use homeostat_core::shell;
use homeostat_core::view::{Command, Point};

use super::ended::comes_of;
use crate::hook::policy::OnLimit;
use crate::hook::reasons::LaunchesFail;
use crate::hook::state::HookState;
use crate::hook::view::HookView;

pub(super) fn look() -> Command {
    Command::new("To see what else is held or abandoned", "homeostat status")
}

pub(super) fn launches_fail(kept: &HookState, fail: &LaunchesFail) -> Point {
    let LaunchesFail { group, abandoned, launched_from, on_limit, .. } = fail;
    let from = launched_from.as_ref().map(|source| format!(", all launched from {source}")).unwrap_or_default();
    let why = format!("{abandoned} launches in a row were abandoned{from}, the last of them {}", kept.instance);
    let you = "You: find out why they are not ready, and fix it: the image, the launch template's version, what they depend on, or \
               the policy's evidence.";
    let is_suspended = *on_limit == OnLimit::SuspendLaunch && kept.suspension_refused().is_none();
    let resume = || Command::new("When it is fixed, have the group launch again", resume_launch(group));
    let ack = format!("homeostat ack {} --reason …", shell::word(&format!("group#{group}")));
    let judge = Command::new("When it is fixed, have launches judged as before", ack);
    let next = "this stays open, and you are reminded, until a launch is ready, another version is launched and abandoned, or \
                somebody acknowledges the group.";
    Point {
        why: vec![why],
        facts: vec![state(kept, *on_limit)],
        you: vec![you.to_owned()],
        commands: is_suspended.then(resume).into_iter().chain([judge, look()]).collect(),
        next: Some(next.to_owned()),
        ..Point::default()
    }
}

/// In which state the group is left.
fn state(kept: &HookState, on_limit: OnLimit) -> String {
    match (on_limit, kept.suspension_refused()) {
        (OnLimit::Admit, _) => {
            "The group: launches of this version are abandoned no more. One that isn't ready when its time is over comes \
             into service UNPROVEN, since abandoning it helps nobody."
                .to_owned()
        }
        (OnLimit::SuspendLaunch, None) => {
            "The group: its process Launch is SUSPENDED. What is well stays; nothing is added, neither by scaling nor in place \
             of what fails."
                .to_owned()
        }
        (OnLimit::SuspendLaunch, Some(refused)) => {
            format!(
                "The group: Launch was to be suspended and is NOT, as far as is known: {refused}. It goes on launching, and one that \
                 isn't ready when its time is over comes into service UNPROVEN."
            )
        }
    }
}

pub(in crate::hook) fn resume_launch(group: &GroupName) -> String {
    let group = shell::word(group.as_str());
    format!("aws autoscaling resume-processes --auto-scaling-group-name {group} --scaling-processes Launch")
}

pub(super) fn refused(view: &HookView, why: String) -> Point {
    let (incident, kept) = (view.about.incident, view.kept);
    let tag = "You: see whether the group has the tag homeostat:managed=true, without which the role of lifecycle-hook may not touch \
               it.";
    let next = "Homeostat tries the call again every few minutes, since only that shows whether the role is fixed. It closes the \
                incident, and tells you, once the instance is held no more.";
    Point {
        why: vec![why],
        done: incident.intent.iter().map(|intent| format!("The call: {}.", intent.step)).collect(),
        you: vec![by_itself(kept), tag.to_owned()],
        commands: vec![complete(kept)],
        next: Some(next.to_owned()),
        ..Point::default()
    }
}

/// What happens if nobody does anything.
pub(super) fn by_itself(kept: &HookState) -> String {
    let when = kept.expires().or(kept.ends()).map_or_else(
        || "when its timeout is over".to_owned(),
        |at| format!("at about {at:.0}, unless it is given more time"),
    );
    let result = kept.terms.as_ref().map_or_else(
        || "with its default result, which could not be read".to_owned(),
        |terms| {
            let comes = comes_of(kept.transition, terms.default == ActionResult::Continue);
            format!("with its default result, {}: {comes}", terms.default)
        },
    );
    format!("By itself: the hook ends {when}, {result}.")
}

/// The hook completed by hand.
pub(super) fn complete(kept: &HookState) -> Command {
    let other = match kept.transition {
        Transition::Launching => Some("or ABANDON, to have it terminated and another launched".to_owned()),
        Transition::Terminating => None,
    };
    let line = format!(
        "aws autoscaling complete-lifecycle-action --auto-scaling-group-name {} \
         --lifecycle-hook-name {} --instance-id {} --lifecycle-action-result CONTINUE",
        shell::word(kept.group.as_str()),
        shell::word(kept.hook.as_str()),
        kept.instance
    );
    Command { consequences: other.into_iter().collect(), ..Command::new("To let it go on yourself", line) }
}

pub(super) fn undone() -> String {
    "You: do it by hand. For the next time, see whether the target groups and the group have the tag homeostat:managed=true, \
     and the stack's parameters HookZoneArns and HookRecordNames allow the record (homeostat policy check prints them)."
        .to_owned()
}
