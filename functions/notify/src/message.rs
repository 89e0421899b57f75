//! An incident in words for somebody who was just woken: what, why, what next, how to stop it.
//!
//! This module never lets a name or a reason break the subject line: it holds at most 99 ASCII characters.

mod hook;
mod plan;
mod zone;

use homeostat_core::decision::{Close, Decision};
use homeostat_core::id::Subject;
use homeostat_core::incident::{Incident, Kind, State};
use jiff::{SignedDuration, Unit};

use crate::news::News;
use plan::{needed, waits_for};

/// SNS: "Must be ASCII text that begins with a letter, number, or punctuation mark; no line breaks or control characters;
/// less than 100 characters long" (API reference, `Publish`).
const LONGEST_SUBJECT: usize = 99;

/// A note is cut here: the whole of it stands in the ledger, and this is read on a phone.
const LONGEST_NOTE: usize = 160;

pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) body: String,
}

pub(crate) fn about(news: &News) -> Message {
    let (subject, lines) = match news {
        News::Decided(incident) => with_story(incident, decided(incident)),
        News::Stuck(incident) => with_story(incident, stuck(incident)),
        News::Overdue(incident) => with_story(incident, overdue(incident)),
        News::Unreadable { key, why } => unreadable(key, why),
    };
    Message { subject: one_line(&format!("Homeostat: {subject}")), body: lines.join("\n") }
}

/// The subject line without its sender, and the lines of the body.
type Told = (String, Vec<String>);

fn decided(incident: &Incident) -> Told {
    if let Kind::Zone(kept) = &incident.kind {
        return zone::decided(incident, kept);
    }
    if let Kind::Hook(kept) = &incident.kind {
        return hook::decided(incident, kept);
    }
    let (name, what) = (short(incident), long(incident));
    match &incident.decision {
        Some(Decision::Act { step, because }) => {
            let mut lines = vec![format!("Homeostat is replacing {what}."), String::new()];
            lines.extend(because.iter().map(|proof| format!("Why: {proof}.")));
            lines.push(format!("What it does: {step}."));
            lines.push(
                "Next: it watches until the group is whole again, and tells you then, or if it isn't in time.".into(),
            );
            (format!("replacing {name}"), lines)
        }
        Some(Decision::Hold { because, .. }) if incident.state == State::Escalated => {
            reminder(incident, &because.to_string(), &["You: see below what happened, and finish by hand.".into()])
        }
        Some(Decision::Hold { because, .. }) => (
            format!("{} {name}", if incident.state == State::Following { "following" } else { "holding still about" }),
            vec![
                format!("{} {what}, and Homeostat changes nothing for now.", trouble(incident)),
                String::new(),
                format!("Why: {because}."),
                waits_for(because),
            ],
        ),
        Some(Decision::Page(page)) if incident.reminders > 0 => reminder(incident, &page.to_string(), &needed(page)),
        Some(Decision::Page(page)) => {
            let mut lines = vec![format!("Homeostat needs you: {what}."), String::new(), format!("Why: {page}.")];
            lines.extend(needed(page));
            lines.push(acknowledge(incident));
            (format!("NEEDS YOU: {name}"), lines)
        }
        Some(Decision::Close(close)) => closed(close, &name, &what),
        None => (format!("opened: {name}"), vec![format!("{what}: no decision yet.")]),
    }
}

fn trouble(incident: &Incident) -> &'static str {
    match incident.kind.notice() {
        Some(notice) if notice.what.is_yet_to_come() => "AWS has announced something of",
        _ => "Something is wrong with",
    }
}

fn closed(close: &Close, name: &str, what: &str) -> Told {
    match close {
        Close::Recovered => (
            format!("recovered: {name} is replaced"),
            vec![format!("{what} was replaced, and the group is whole. Nothing more will be done."), String::new()],
        ),
        Close::LeftByItself => (
            format!("recovered: {name} has left"),
            vec![
                format!("{what} was taken out by its group or by a person, and the group is whole."),
                "Homeostat changed nothing, and nothing more will be done.".to_owned(),
                String::new(),
            ],
        ),
        Close::NothingWrong { why } => (
            format!("closed: {name}"),
            vec![
                format!("The incident about {what} is closed; Homeostat changed nothing."),
                String::new(),
                format!("Why: {why}."),
            ],
        ),
        Close::TakenOver { .. } | Close::Hook(_) => {
            (format!("closed: {name}"), vec![format!("{what}: {close}."), String::new()])
        }
    }
}

fn reminder(incident: &Incident, why: &str, what_to_do: &[String]) -> Told {
    let mut lines = vec![
        format!("Reminder {}: Homeostat still needs you: {}.", incident.reminders, long(incident)),
        String::new(),
        format!("Why: {why}."),
    ];
    lines.extend_from_slice(what_to_do);
    lines.push(acknowledge(incident));
    (format!("STILL NEEDS YOU: {}", short(incident)), lines)
}

fn acknowledge(incident: &Incident) -> String {
    let scope = match &incident.subject {
        Subject::Instance { id, .. } => format!("instance#{id}"),
        other => other.handle(),
    };
    format!("To end the reminders: homeostat ack {scope:?} --reason …")
}

fn stuck(incident: &Incident) -> Told {
    let see = "You: see that function's log and the dead-letter queue";
    let you = match &incident.kind {
        Kind::Instance { .. } | Kind::Group { .. } => vec![format!("{see}; until it works, heal the group by hand.")],
        Kind::Zone(_) => vec![format!("{see}; until it works, move the weights by hand.")],
        Kind::Hook(kept) => [vec![format!("{see}.")], hook::by_hand(incident, kept)].concat(),
    };
    let mut lines = vec![
        format!("Homeostat itself needs you: nobody attends to {}.", long(incident)),
        String::new(),
        format!("Why: {} wake-ups were sent, and the function that owns the incident wrote nothing.", incident.wakes),
    ];
    lines.extend(you);
    lines.push("Next: it is woken every five minutes, and goes on from where it was once it answers.".to_owned());
    (format!("NEEDS YOU: stuck on {}", short(incident)), lines)
}

fn overdue(incident: &Incident) -> Told {
    let (you, next) = match &incident.kind {
        Kind::Zone(_) => (
            "You: see the record's weights in Route 53, and the function's log for what it waits for.",
            "Next: it goes on looking. What it moved stays moved until then.",
        ),
        Kind::Instance { .. } | Kind::Group { .. } => (
            "You: see the group's activity history, and the function's log for what it waits for.",
            "Next: it goes on looking. Its slot of the budget stays taken until the incident is closed.",
        ),
        Kind::Hook(_) => (
            "You: see the group's activity history, and the function's log for what it waits for.",
            "Next: it goes on looking, and completes the hook once it can.",
        ),
    };
    let mut lines = vec![
        format!("Homeostat itself needs you: it does not come to an end with {}.", long(incident)),
        String::new(),
        "Why: its time to recover is over; its owner still looks at it, and neither closes it nor asks for you.".into(),
        you.to_owned(),
    ];
    lines.extend(incident.kind.hook().into_iter().flat_map(|kept| hook::by_hand(incident, kept)));
    lines.push(next.to_owned());
    (format!("NEEDS YOU: overdue: {}", short(incident)), lines)
}

fn unreadable(key: &str, why: &str) -> Told {
    let lines = vec![
        format!("Homeostat itself needs you: it can't read the incident {key} in its own ledger."),
        String::new(),
        format!("Why: {why}. Another version of Homeostat wrote it."),
        "You: deploy the newer version again, or heal the subject by hand and delete the item.".to_owned(),
        "Next: nothing is done about this subject; all others are attended to.".to_owned(),
    ];
    (format!("NEEDS YOU: unreadable: {key}"), lines)
}

fn with_story(incident: &Incident, (subject, mut lines): Told) -> Told {
    let scope = incident.kind.scope().to_string();
    let stop = match &incident.kind {
        Kind::Zone(_) => {
            lines.extend(took(incident, "the change of weights", "all weights back"));
            Some(format!("To stop it for this zone: homeostat pause {scope:?} --reason …"))
        }
        Kind::Instance { .. } | Kind::Group { .. } => {
            lines.extend(took(incident, "taken out", "a whole group"));
            Some(format!("To stop it for this group: homeostat pause {scope:?} --reason …"))
        }
        // A held instance is no disturbance: how long it was held, and what a pause does about it, is told as that.
        Kind::Hook(_) => None,
    };
    lines.extend(stop.filter(|_| incident.closed_at.is_none()));
    lines.push(String::new());
    lines.extend(incident.kind.notice().map(|notice| format!("Announced at {:.0}: {notice}.", notice.at)));
    lines.push(format!("{}{:.0}. What happened:", alarm(incident), incident.signalled_at));
    lines.extend(incident.notes.iter().map(|note| format!("{:.0} {}", note.at, shortened(&note.what))));
    lines.push(format!("Ledger: SUBJECT#{}, policy {}", incident.subject, incident.policy));
    (subject, lines)
}

fn alarm(incident: &Incident) -> String {
    match &incident.kind {
        Kind::Instance { alarm: Some(alarm), .. } => format!("Alarm {:?}, ", alarm.alarm_name()),
        Kind::Instance { alarm: None, .. } | Kind::Group { .. } => "Found at ".to_owned(),
        // One incident for all of a zone's alarms: which of them spoke, the story tells.
        Kind::Zone(_) => "First signal at ".to_owned(),
        Kind::Hook(kept) if kept.token.is_none() => "Found held at ".to_owned(),
        Kind::Hook(_) => "Held since ".to_owned(),
    }
}

fn short(incident: &Incident) -> String {
    match &incident.kind {
        Kind::Instance { group, .. } => format!("{} of {group}", incident.subject.name()),
        Kind::Group { group, .. } => format!("group {group}"),
        Kind::Zone(kept) => zone::name(incident, kept),
        Kind::Hook(kept) => format!("{} of {}, held by hook {}", kept.instance, kept.group, kept.hook),
    }
}

fn long(incident: &Incident) -> String {
    match &incident.kind {
        Kind::Instance { group, .. } => format!("instance {} of group {group}", incident.subject.name()),
        Kind::Hook(kept) => {
            format!("instance {} of group {}, which hook {} holds", kept.instance, kept.group, kept.hook)
        }
        Kind::Group { .. } | Kind::Zone(_) => short(incident),
    }
}

fn took(incident: &Incident, mitigated: &str, recovered: &str) -> impl Iterator<Item = String> {
    let mitigate = times(&format!("Time to mitigate (signal to {mitigated})"), incident.time_to_mitigate());
    mitigate.into_iter().chain(times(&format!("Time to recover (signal to {recovered})"), incident.time_to_recover()))
}

fn times(what: &str, time: Option<SignedDuration>) -> Option<String> {
    let rounded = time?.round(Unit::Second).ok()?;
    Some(format!("{what}: {rounded:#}."))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_NOTE) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(LONGEST_SUBJECT).collect()
}

#[cfg(test)]
mod tests;
