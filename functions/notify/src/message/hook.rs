//! An incident of a held instance in words: what holds it, what was missing or still in use, and what the group does next.
//!
//! This module never tells of a launch or a termination that went well, and never calls Launch suspended where AWS refused it.

mod ended;
mod plan;
#[cfg(test)]
pub(super) mod tests;

use homeostat_core::aws::lifecycle::Transition;
use homeostat_core::decision::{Close, Decision, Page};
use homeostat_core::hook::kept::Kept;
use homeostat_core::incident::{Incident, State};
use homeostat_core::shell;

use super::{Told, acknowledge, long, short, times};

pub(super) fn decided(incident: &Incident, kept: &Kept) -> Told {
    match &incident.decision {
        Some(Decision::Page(page)) => asks(incident, kept, page, None),
        Some(Decision::Hold { because, .. }) if incident.state == State::Escalated => match &incident.paged_because {
            Some(page) => asks(incident, kept, page, Some(because.to_string())),
            None => (short(incident), vec![format!("{}: {because}.", long(incident))]),
        },
        Some(Decision::Close(Close::Hook(ended))) => ended::closed(incident, kept, ended),
        Some(decision) => (short(incident), vec![format!("{}: {decision}.", long(incident)), String::new()]),
        None => (format!("opened: {}", short(incident)), vec![format!("{}: no decision yet.", long(incident))]),
    }
}

/// `now`: what holds it up at this look.
fn asks(incident: &Incident, kept: &Kept, page: &Page, now: Option<String>) -> Told {
    let (what, subject, lines) = match page {
        Page::LaunchesFail(fail) => {
            let what = format!("what group {} launches is never ready", fail.group);
            let subject = format!("{} launches in a row abandoned in {}", fail.abandoned, fail.group);
            (what, subject, plan::launches_fail(kept, fail))
        }
        Page::Refused { .. } => {
            let subject = format!("{}: AWS refused the call", short(incident));
            (long(incident), subject, [vec![format!("Why: {page}.")], plan::refused(incident, kept)].concat())
        }
        _ => (long(incident), short(incident), vec![format!("Why: {page}."), plan::look()]),
    };
    let (urgency, greeting) = match incident.reminders {
        0 => ("NEEDS YOU", format!("Homeostat needs you: {what}.")),
        count => ("STILL NEEDS YOU", format!("Reminder {count}: Homeostat still needs you: {what}.")),
    };
    let mut body = vec![greeting, String::new()];
    body.extend(lines);
    body.extend(now.map(|now| format!("Now: {now}.")));
    body.extend(part_of(kept));
    body.push(acknowledge(incident));
    // A pause lets go by the very call that was refused.
    body.extend(matches!(page, Page::LaunchesFail(_)).then(|| stop(kept)));
    (format!("{urgency}: {subject}"), body)
}

/// What a person can do about the hook itself, and what happens if nobody does anything.
pub(super) fn by_hand(incident: &Incident, kept: &Kept) -> Vec<String> {
    if kept.completed(incident.intent.as_ref()).is_some() {
        return vec![format!(
            "Its hook was completed: {} is not held any more. What is left is to see how the launches after it go.",
            kept.instance
        )];
    }
    vec![plan::by_itself(kept), plan::complete(kept)]
}

/// What a pause means here: whoever doesn't judge holds nobody up.
fn stop(kept: &Kept) -> String {
    let what = match kept.transition {
        Transition::Launching => "what is launched then comes into service at once, unproven",
        Transition::Terminating => "what leaves then leaves at once, whatever of it is in use",
    };
    let scope = shell::word(&format!("group#{}", kept.group));
    format!(
        "To stop it for this group: homeostat pause {scope} --reason … (its hooks are then completed with CONTINUE at once: \
         {what})"
    )
}

/// Since when, how long and by which hook; and what it was launched from.
fn held(incident: &Incident, kept: &Kept) -> Vec<String> {
    let until = incident.mitigated_at.or(incident.closed_at);
    let how_long = until.and_then(|until| times("Held for", Some(until.duration_since(kept.began))));
    let begins = if kept.token.is_some() { "Held since" } else { "Found held at" };
    let since = format!("{begins} {:.0} by hook {}, with {} heartbeat(s).", kept.began, kept.hook, kept.heartbeats);
    let source = kept.launched_from.as_ref().map(|source| format!("Launched from: {source}."));
    [Some(since), how_long, source].into_iter().flatten().collect()
}

/// The replacement that brought it about.
fn part_of(kept: &Kept) -> Option<String> {
    let subject = kept.part_of.as_ref()?;
    Some(format!("Part of: the replacement of {} (SUBJECT#{subject}).", subject.name()))
}
