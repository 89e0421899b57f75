//! News as a message for somebody who was just woken: what, why, what next, how to stop it.
//!
//! This module knows no remedy: what is said of an incident comes from its own. It never lets a name or a reason break a line, hide
//! in it, turn its direction or flood it: the subject is at most 99 ASCII characters, the body's lines hold what can be seen, and
//! are so long that no command is cut.

mod layout;
mod pause;

use homeostat_core::line::one_line;
use homeostat_core::view::{self, Point, Severity, Sort};

use crate::news::News;

/// SNS: "Must be ASCII text that begins with a letter, number, or punctuation mark; no line breaks or control characters;
/// less than 100 characters long" (API reference, `Publish`).
const LONGEST_SUBJECT: usize = 99;

/// Longer than any command with names of 255 characters, each of them a quote.
const LONGEST_LINE: usize = 2_500;

/// In bytes. SNS takes 256 KB for all of a message (API reference, `Publish`); a zone's records can be so many that nobody reads them.
const LONGEST_BODY: usize = 32_000;

pub(crate) struct Message {
    pub(crate) sort: Sort,
    pub(crate) subject: String,
    pub(crate) body: String,
}

pub(crate) fn about(news: &News, stack: &str) -> Message {
    let message = match news {
        News::Decided(incident) => incident.view().message(view::News::Decided),
        News::Outcome(incident) => incident.view().message(view::News::Outcome),
        News::Stuck(incident) => incident.view().message(view::News::Stuck),
        News::Overdue(incident) => incident.view().message(view::News::Overdue),
        News::Paused(pause) => pause::set(pause),
        News::Resumed(pause) => pause::lifted(pause),
        News::Unreadable { key, why, .. } => unreadable(key, why),
    };
    let last = format!("Ledger: stack {stack}, {}", reference(news));
    Message {
        sort: message.sort,
        subject: ascii(&format!("Homeostat: {}", message.headline)),
        body: body(layout::lines(&message), &last),
    }
}

/// Where it can be looked up. The version tells this message from all others of the incident.
fn reference(news: &News) -> String {
    match news {
        News::Unreadable { key, .. } => key.clone(),
        News::Paused(pause) | News::Resumed(pause) => format!("CONTROL, PAUSE#{}", pause.scope),
        News::Decided(incident) | News::Outcome(incident) | News::Stuck(incident) | News::Overdue(incident) => {
            let incident = incident.head();
            format!("SUBJECT#{}, version {}, policy {}", incident.subject, incident.version, incident.policy)
        }
    }
}

fn body(lines: Vec<String>, last: &str) -> String {
    let mut body = String::new();
    for line in lines {
        let line = one_line(&line, LONGEST_LINE);
        if body.len() + line.len() > LONGEST_BODY {
            body.push_str("… The rest stands in the ledger.\n");
            break;
        }
        body.push_str(&line);
        body.push('\n');
    }
    body.push_str(&one_line(last, LONGEST_LINE));
    body
}

fn unreadable(key: &str, why: &str) -> view::Message {
    let you = "You: see whether another version of Homeostat wrote it, and deploy that one again; or heal the subject by hand and \
               delete the item.";
    let next = "what this version can't read it leaves alone; all other incidents are attended to and told.";
    let point =
        Point { why: vec![why.to_owned()], you: vec![you.to_owned()], next: Some(next.to_owned()), ..Point::default() };
    let sort = Sort { event: "needs-you", severity: Severity::Critical, reason: "unreadable" };
    let first = format!("Homeostat itself needs you: there is news that it can't read in its own ledger, of {key}.");
    let headline = format!("NEEDS YOU: unreadable: {key}");
    view::Message { points: vec![point], ..view::Message::new(sort, headline, vec![first]) }
}

fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(LONGEST_SUBJECT).collect()
}

#[cfg(test)]
mod every;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod zones;
