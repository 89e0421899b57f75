//! What subscriptions filter by: a few words beside each message, for machines.
//!
//! This module never sends more than ten attributes, an empty one, or a name that holds more than printable characters.

use std::borrow::Cow;

use homeostat_aws::Attribute;
use homeostat_core::id::Scope;
use homeostat_core::line::one_line;
use homeostat_core::view::{Head, Sort};
use homeostat_remedies::registry;

use crate::news::News;

/// The longest name is a held instance's: a group and a hook of 255 characters each, a Region, an instance.
const LONGEST: usize = 700;

pub(crate) fn of(news: &News, sort: Sort, stack: &str) -> Vec<(Cow<'static, str>, Attribute)> {
    let Sort { event, severity, reason } = sort;
    let mut attributes = vec![
        ("event".into(), text(event)),
        ("severity".into(), text(severity.as_str())),
        ("reason".into(), text(reason)),
        ("stack".into(), text(stack)),
        // Not cut: two messages must never have the same.
        ("message".into(), Attribute::Text(number(news))),
    ];
    if let Some(incident) = news.incident() {
        let incident = incident.head();
        attributes.push(("incident".into(), Attribute::Text(name(&incident))));
        attributes.push(("remedy".into(), text(incident.remedy)));
        attributes.push(("notify_seq".into(), Attribute::Number(incident.notify_seq.into())));
        attributes.push(place(&incident.scope));
    }
    if let News::Paused(pause) | News::Resumed(pause) = news {
        attributes.push(("scope".into(), text(&pause.scope)));
        attributes.extend(registry::scope(&pause.scope).as_ref().map(place));
    }
    attributes
}

/// An incident among all of its subject: what makes a thread.
pub(crate) fn name(incident: &Head<'_>) -> String {
    format!("{}/{:.3}", one_line(&incident.subject.to_string(), LONGEST), incident.opened_at)
}

/// A message among all: the same in each copy of it, and in no other.
pub(crate) fn number(news: &News) -> String {
    match news {
        News::Decided(incident) | News::Outcome(incident) => {
            format!("{}/{}", name(&incident.head()), incident.head().version)
        }
        News::Stuck(incident) => mark(&incident.head(), "stuck", incident.head().stuck),
        News::Overdue(incident) => mark(&incident.head(), "overdue", incident.head().overdue),
        News::Paused(pause) | News::Resumed(pause) => {
            format!("PAUSE#{}/{}", one_line(&pause.scope, LONGEST), one_line(&pause.id, LONGEST))
        }
        News::Unreadable { key, id, .. } => format!("{}/{}", one_line(key, LONGEST), one_line(id, LONGEST)),
    }
}

fn mark(incident: &Head<'_>, mark: &str, at: Option<jiff::Timestamp>) -> String {
    format!("{}/{mark}/{:.3}", name(incident), at.unwrap_or(incident.opened_at))
}

/// The group or zone that it is about.
fn place(scope: &Scope) -> (Cow<'static, str>, Attribute) {
    (scope.tag().to_owned().into(), text(scope.id()))
}

fn text(text: &str) -> Attribute {
    Attribute::Text(if text.is_empty() { "?".to_owned() } else { one_line(text, LONGEST) })
}
