//! What subscriptions filter by: a few words beside each message, for machines.
//!
//! This module never sends more than ten attributes, an empty one, or a name that holds more than printable characters.

use homeostat_aws::Attribute;
use homeostat_core::decision::{Close, Decision, GroupState, Hold, Page, Step};
use homeostat_core::hook::said::Because;
use homeostat_core::incident::{Doubt, Incident, State};
use homeostat_core::line::one_line;

use crate::news::News;

/// The longest name is a held instance's: a group and a hook of 255 characters each, a Region, an instance.
const LONGEST: usize = 700;

/// What a message is about, in three words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sort {
    /// `acting`, `holding`, `outcome`, `needs-you`, `reminder`, `closed`, `paused`, `resumed`.
    pub(crate) event: &'static str,
    /// `critical`: a person is needed. `warning`: something is wrong, and being seen to. `info`: it is over.
    pub(crate) severity: &'static str,
    /// The kind of step, hold, page or close.
    pub(crate) reason: &'static str,
}

pub(crate) fn of(news: &News, stack: &str) -> Vec<(&'static str, Attribute)> {
    let Sort { event, severity, reason } = sort(news);
    let mut attributes = vec![
        ("event", text(event)),
        ("severity", text(severity)),
        ("reason", text(reason)),
        ("stack", text(stack)),
        // Not cut: two messages must never have the same.
        ("message", Attribute::Text(number(news))),
    ];
    if let Some(incident) = news.incident() {
        attributes.push(("incident", Attribute::Text(name(incident))));
        attributes.push(("remedy", text(incident.kind.remedy())));
        attributes.push(("tell", Attribute::Number(incident.tell.into())));
        attributes.extend(incident.kind.group().map(|group| ("group", text(group.as_str()))));
        attributes.extend(incident.kind.zone().map(|kept| ("zone", text(kept.zone.as_str()))));
    }
    if let News::Paused(pause) | News::Resumed(pause) = news {
        attributes.push(("scope", text(&pause.scope)));
        attributes.extend(pause.group().map(|group| ("group", text(group.as_str()))));
        attributes.extend(pause.zone().map(|zone| ("zone", text(zone.as_str()))));
    }
    attributes
}

/// An incident among all of its subject: what makes a thread.
pub(crate) fn name(incident: &Incident) -> String {
    format!("{}/{:.3}", one_line(&incident.subject.to_string(), LONGEST), incident.opened_at)
}

/// A message among all: the same in each copy of it, and in no other.
pub(crate) fn number(news: &News) -> String {
    match news {
        News::Decided(incident) | News::Outcome(incident) => format!("{}/{}", name(incident), incident.version),
        News::Stuck(incident) => mark(incident, "stuck", incident.stuck),
        News::Overdue(incident) => mark(incident, "overdue", incident.overdue),
        News::Paused(pause) | News::Resumed(pause) => {
            format!("PAUSE#{}/{}", one_line(&pause.scope, LONGEST), one_line(&pause.id, LONGEST))
        }
        News::Unreadable { key, id, .. } => format!("{}/{}", one_line(key, LONGEST), one_line(id, LONGEST)),
    }
}

fn mark(incident: &Incident, mark: &str, at: Option<jiff::Timestamp>) -> String {
    format!("{}/{mark}/{:.3}", name(incident), at.unwrap_or(incident.opened_at))
}

pub(crate) fn sort(news: &News) -> Sort {
    let critical = |event, reason| Sort { event, severity: "critical", reason };
    match news {
        News::Decided(incident) => decided(incident),
        News::Outcome(incident) if incident.doubt == Some(Doubt::Settled) => {
            Sort { event: "outcome", severity: "info", reason: "took-effect" }
        }
        News::Outcome(_) => Sort { event: "outcome", severity: "warning", reason: "outcome-unknown" },
        News::Stuck(_) => critical("needs-you", "stuck"),
        News::Overdue(_) => critical("needs-you", "overdue"),
        News::Paused(_) => Sort { event: "paused", severity: "warning", reason: "paused" },
        News::Resumed(_) => Sort { event: "resumed", severity: "info", reason: "resumed" },
        News::Unreadable { .. } => critical("needs-you", "unreadable"),
    }
}

fn decided(incident: &Incident) -> Sort {
    let asks = |reason| {
        let event = if incident.reminders > 0 { "reminder" } else { "needs-you" };
        Sort { event, severity: "critical", reason }
    };
    match &incident.decision {
        Some(Decision::Act { step, .. }) => Sort { event: "acting", severity: "warning", reason: step_name(step) },
        Some(Decision::Hold { because, .. }) if incident.state == State::Escalated => {
            asks(incident.paged_because.as_ref().map_or(because.name(), Page::name))
        }
        // Somebody meant it so.
        Some(Decision::Hold { because: because @ Hold::GroupState(GroupState::Parked { .. }), .. }) => {
            Sort { event: "holding", severity: "info", reason: because.name() }
        }
        Some(Decision::Hold { because, .. }) => Sort { event: "holding", severity: "warning", reason: because.name() },
        Some(Decision::Page(page)) => asks(page.name()),
        Some(Decision::Close(close)) => closed(incident, close),
        None => Sort { event: "holding", severity: "warning", reason: "undecided" },
    }
}

fn closed(incident: &Incident, close: &Close) -> Sort {
    let over = Sort { event: "closed", severity: "info", reason: close.name() };
    let Close::Hook(ended) = close else { return over };
    if matches!(incident.paged_because, Some(Page::LaunchesFail(_))) {
        return over;
    }
    match &ended.because {
        Some(Because::NotReady { .. }) => Sort { event: "needs-you", severity: "critical", reason: "launch-abandoned" },
        Some(Because::OutOfTime { .. }) => Sort { severity: "warning", reason: "left-in-use", ..over },
        Some(Because::MachineGone { .. }) => Sort { severity: "warning", reason: "left-registered", ..over },
        Some(Because::Unjudged { .. }) => Sort { severity: "warning", reason: "admitted-unproven", ..over },
        _ if !ended.undone.is_empty() => Sort { severity: "warning", reason: "left-undone", ..over },
        _ => over,
    }
}

fn step_name(step: &Step) -> &'static str {
    match step {
        Step::Replace { .. } => "replace",
        Step::MarkUnhealthy { .. } => "mark-unhealthy",
        Step::Shift(_) => "shift",
        Step::Hook(_) => "hook",
    }
}

fn text(text: &str) -> Attribute {
    Attribute::Text(if text.is_empty() { "?".to_owned() } else { one_line(text, LONGEST) })
}
