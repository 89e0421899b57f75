//! What a person can do about a held instance or failing launches, and what happens by itself.
//!
//! This module never promises more than the ladder does.

use homeostat_core::aws::lifecycle::{ActionResult, Transition};
use homeostat_core::hook::kept::Kept;
use homeostat_core::hook::said::LaunchesFail;
use homeostat_core::id::GroupName;
use homeostat_core::incident::Incident;
use homeostat_core::policy::Afterwards;
use homeostat_core::shell;

use super::ended::comes_of;

pub(super) fn look() -> String {
    "To see what else is held or abandoned: homeostat status".to_owned()
}

pub(super) fn launches_fail(kept: &Kept, fail: &LaunchesFail) -> Vec<String> {
    let LaunchesFail { group, abandoned, launched_from, afterwards, .. } = fail;
    let from = launched_from.as_ref().map(|source| format!(", all launched from {source}")).unwrap_or_default();
    let mut lines = vec![
        format!("Why: {abandoned} launches in a row were abandoned{from}, the last of them {}.", kept.instance),
        state(kept, *afterwards),
        "You: find out why they are not ready, and fix it: the image, the launch template's version, what they depend on, or \
         the policy's evidence."
            .to_owned(),
    ];
    if *afterwards == Afterwards::SuspendLaunch && kept.suspension_refused().is_none() {
        lines.push(format!("When it is fixed, have the group launch again: {}", resume_launch(group)));
    }
    let ack = shell::word(&format!("group#{group}"));
    lines.push(format!("When it is fixed, have launches judged as before: homeostat ack {ack} --reason …"));
    lines.push(look());
    lines.push(
        "Next: this stays open, and you are reminded, until a launch is ready, another version is launched and abandoned, or \
         somebody acknowledges the group."
            .to_owned(),
    );
    lines
}

/// In which state the group is left.
fn state(kept: &Kept, afterwards: Afterwards) -> String {
    match (afterwards, kept.suspension_refused()) {
        (Afterwards::Admit, _) => {
            "The group: launches of this version are abandoned no more. One that isn't ready when its time is over comes \
             into service UNPROVEN, since abandoning it helps nobody."
                .to_owned()
        }
        (Afterwards::SuspendLaunch, None) => {
            "The group: its process Launch is SUSPENDED. What is well stays; nothing is added, neither by scaling nor in place \
             of what fails."
                .to_owned()
        }
        (Afterwards::SuspendLaunch, Some(refused)) => {
            format!(
                "The group: Launch was to be suspended and is NOT, as far as is known: {refused}. It goes on launching, and one that \
                 isn't ready when its time is over comes into service UNPROVEN."
            )
        }
    }
}

pub(super) fn resume_launch(group: &GroupName) -> String {
    let group = shell::word(group.as_str());
    format!("aws autoscaling resume-processes --auto-scaling-group-name {group} --scaling-processes Launch")
}

pub(super) fn refused(incident: &Incident, kept: &Kept) -> Vec<String> {
    let call = incident.intent.as_ref().map(|intent| format!("The call: {}.", intent.step));
    let rest = [
        by_itself(kept),
        "You: see whether the group has the tag homeostat:managed=true, without which the role of lifecycle-hook may not touch \
         it."
            .to_owned(),
        complete(kept),
        "Next: Homeostat tries the call again every few minutes, since only that shows whether the role is fixed. It closes the \
         incident, and tells you, once the instance is held no more."
            .to_owned(),
    ];
    call.into_iter().chain(rest).collect()
}

/// What happens if nobody does anything.
pub(super) fn by_itself(kept: &Kept) -> String {
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
pub(super) fn complete(kept: &Kept) -> String {
    let other = match kept.transition {
        Transition::Launching => " (or ABANDON, to have it terminated and another launched)",
        Transition::Terminating => "",
    };
    format!(
        "To let it go on yourself: aws autoscaling complete-lifecycle-action --auto-scaling-group-name {} \
         --lifecycle-hook-name {} --instance-id {} --lifecycle-action-result CONTINUE{other}",
        shell::word(kept.group.as_str()),
        shell::word(kept.hook.as_str()),
        kept.instance
    )
}

pub(super) fn undone() -> String {
    "You: do it by hand. For the next time, see whether the target groups and the group have the tag homeostat:managed=true, \
     and the stack's parameters HookZoneArns and HookRecordNames allow the record (homeostat policy check prints them)."
        .to_owned()
}
