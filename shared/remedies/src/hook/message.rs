//! What was decided about a held instance, in words: what holds it, what was missing or still in use, and what the group does next.
//!
//! This module never tells of a launch or a termination that went well, and never calls Launch suspended where AWS refused it.

mod ended;
mod over;
mod plan;

use homeostat_core::aws::lifecycle::Transition;
use homeostat_core::incident::State;
use homeostat_core::shell;
use homeostat_core::view::{ByHand, Command, Message, Point, Sort, Time};

use super::state::HookState;
use super::view::HookView;
use crate::hook::reasons::{About, Close, CloseReason, Decision, Page, PageReason};

pub(super) use plan::resume_launch;

pub(super) fn decided(view: &HookView) -> Message {
    let About { incident, short, long } = &view.about;
    let only = |first: String| Message::new(sort(view), short.clone(), vec![first]);
    match &incident.decision {
        Some(Decision::Page(page)) => asks(view, page, None),
        Some(Decision::Hold { because, .. }) if incident.state == State::Escalated => match &incident.paged_because {
            Some(page) => asks(view, page, Some(because.to_string())),
            None => only(format!("{long}: {because}.")),
        },
        Some(Decision::Close(Close::Own(CloseReason::Hook(ended)))) => ended::closed(view, ended),
        Some(decision) => Message { points: vec![Point::default()], ..only(format!("{long}: {decision}.")) },
        None => view.about.undecided(sort(view)),
    }
}

fn sort(view: &HookView) -> Sort {
    view.about.sort("hook")
}

/// `now`: what holds it up at this look.
fn asks(view: &HookView, page: &Page, now: Option<String>) -> Message {
    let (About { short, long, .. }, kept) = (&view.about, view.kept);
    let (what, headline, point) = match page {
        Page::Own(PageReason::LaunchesFail(fail)) => {
            let what = format!("what group {} launches is never ready", fail.group);
            let headline = format!("{} launches in a row abandoned in {}", fail.abandoned, fail.group);
            (what, headline, plan::launches_fail(kept, fail))
        }
        Page::Refused { .. } => {
            (long.clone(), format!("{short}: AWS refused the call"), plan::refused(view, page.to_string()))
        }
        _ => {
            let point = Point { why: vec![page.to_string()], commands: vec![plan::look()], ..Point::default() };
            (long.clone(), short.clone(), point)
        }
    };
    let (urgency, first) = view.about.needs_you(&what);
    Message {
        points: vec![point],
        now,
        details: part_of(kept).into_iter().collect(),
        acknowledge: Some(view.about.acknowledge()),
        // A pause lets go by the very call that was refused.
        stop: matches!(page, Page::Own(PageReason::LaunchesFail(_))).then(|| stop(kept)),
        ..Message::new(sort(view), format!("{urgency}: {headline}"), vec![first])
    }
}

/// What a person can do about the hook itself, and what happens if nobody does anything.
pub(super) fn by_hand(view: &HookView) -> ByHand {
    let kept = view.kept;
    if kept.completed(view.about.incident.intent.as_ref()).is_some() {
        let completed = format!(
            "Its hook was completed: {} is not held any more. What is left is to see how the launches after it go.",
            kept.instance
        );
        return ByHand { you: vec![completed], ..ByHand::default() };
    }
    ByHand { you: vec![plan::by_itself(kept)], commands: vec![plan::complete(kept)] }
}

/// What a pause means here: whoever doesn't judge holds nobody up.
fn stop(kept: &HookState) -> Command {
    let what = match kept.transition {
        Transition::Launching => "what is launched then comes into service at once, unproven",
        Transition::Terminating => "what leaves then leaves at once, whatever of it is in use",
    };
    let scope = shell::word(&format!("group#{}", kept.group));
    Command {
        consequences: vec![format!("its hooks are then completed with CONTINUE at once: {what}")],
        ..Command::new("To stop it for this group", format!("homeostat pause {scope} --reason …"))
    }
}

/// Since when, how long and by which hook; and what it was launched from.
fn held(view: &HookView) -> Vec<String> {
    let (incident, kept) = (view.about.incident, view.kept);
    let until = incident.mitigated_at.or(incident.closed_at);
    let how_long = until.map(|until| {
        let held = Time { what: "Held for".to_owned(), took: until.duration_since(kept.began) };
        format!("{held}.")
    });
    let begins = if kept.token.is_some() { "Held since" } else { "Found held at" };
    let since = format!("{begins} {:.0} by hook {}, with {} heartbeat(s).", kept.began, kept.hook, kept.heartbeats);
    let source = kept.launched_from.as_ref().map(|source| format!("Launched from: {source}."));
    [Some(since), how_long, source].into_iter().flatten().collect()
}

/// The replacement that brought it about.
fn part_of(kept: &HookState) -> Option<String> {
    let subject = kept.part_of.as_ref()?;
    Some(format!("Part of: the replacement of {} (SUBJECT#{subject}).", subject.name()))
}
