//! An incident in words for somebody who was just woken: what, why, what next, how to stop it.
//!
//! This module never lets a name or a reason break a line, hide in it, turn its direction or flood it: the subject is at most 99
//! ASCII characters, the body's lines hold what can be seen, and are so long that no command is cut.

mod hook;
mod instance;
mod outcome;
mod pause;
mod plan;
mod zone;

use homeostat_core::id::Subject;
use homeostat_core::incident::{Incident, Kind};
use homeostat_core::line::one_line;
use homeostat_core::shell;
use jiff::{SignedDuration, Unit};

use crate::news::News;

/// SNS: "Must be ASCII text that begins with a letter, number, or punctuation mark; no line breaks or control characters;
/// less than 100 characters long" (API reference, `Publish`).
const LONGEST_SUBJECT: usize = 99;

/// A note is cut here: the whole of it stands in the ledger, and this is read on a phone.
const LONGEST_NOTE: usize = 160;

/// Named one by one.
const MOST_ALARMS: usize = 5;

/// Longer than any command with names of 255 characters, each of them a quote.
const LONGEST_LINE: usize = 2_500;

/// In bytes. SNS takes 256 KB for all of a message (API reference, `Publish`); a zone's records can be so many that nobody reads them.
const LONGEST_BODY: usize = 32_000;

pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) body: String,
}

pub(crate) fn about(news: &News, stack: &str) -> Message {
    let (subject, lines) = match news {
        News::Decided(incident) => with_story(incident, decided(incident)),
        News::Outcome(incident) => with_story(incident, outcome::of(incident)),
        News::Stuck(incident) => with_story(incident, stuck(incident)),
        News::Overdue(incident) => with_story(incident, overdue(incident)),
        News::Paused(pause) => pause::set(pause),
        News::Resumed(pause) => pause::lifted(pause),
        News::Unreadable { key, why, .. } => unreadable(key, why),
    };
    let last = format!("Ledger: stack {stack}, {}", reference(news));
    Message { subject: ascii(&format!("Homeostat: {subject}")), body: body(lines, &last) }
}

/// Where it can be looked up. The version tells this message from all others of the incident.
fn reference(news: &News) -> String {
    match news {
        News::Unreadable { key, .. } => key.clone(),
        News::Paused(pause) | News::Resumed(pause) => format!("CONTROL, PAUSE#{}", pause.scope),
        News::Decided(incident) | News::Outcome(incident) | News::Stuck(incident) | News::Overdue(incident) => {
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

/// The subject line without its sender, and the lines of the body.
type Told = (String, Vec<String>);

fn decided(incident: &Incident) -> Told {
    match &incident.kind {
        Kind::Zone(kept) => zone::decided(incident, kept),
        Kind::Hook(kept) => hook::decided(incident, kept),
        Kind::Instance { .. } | Kind::Group { .. } => instance::decided(incident),
    }
}

fn acknowledge(incident: &Incident) -> String {
    let scope = match &incident.subject {
        Subject::Instance { id, .. } => format!("instance#{id}"),
        other => other.handle(),
    };
    format!("To end the reminders: homeostat ack {} --reason …", shell::word(&scope))
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
        format!("Homeostat itself needs you: there is news that it can't read in its own ledger, of {key}."),
        String::new(),
        format!("Why: {why}."),
        "You: see whether another version of Homeostat wrote it, and deploy that one again; or heal the subject by hand and \
         delete the item."
            .to_owned(),
        "Next: what this version can't read it leaves alone; all other incidents are attended to and told.".to_owned(),
    ];
    (format!("NEEDS YOU: unreadable: {key}"), lines)
}

fn with_story(incident: &Incident, (subject, mut lines): Told) -> Told {
    let scope = shell::word(&incident.scope().to_string());
    let stop = match &incident.kind {
        Kind::Zone(_) => {
            lines.extend(took(incident, "the change of weights", "all weights back"));
            Some(format!("To stop it for this zone: homeostat pause {scope} --reason …"))
        }
        Kind::Instance { .. } | Kind::Group { .. } => {
            lines.extend(took(incident, "taken out", "a whole group"));
            Some(format!("To stop it for this group: homeostat pause {scope} --reason …"))
        }
        // A held instance is no disturbance: how long it was held, and what a pause does about it, is told as that.
        Kind::Hook(_) => None,
    };
    lines.extend(stop.filter(|_| incident.closed_at.is_none()));
    lines.push(String::new());
    lines.extend(incident.kind.notice().map(|notice| format!("Announced at {:.0}: {notice}.", notice.at)));
    lines.extend(alarms(incident));
    lines.push(format!("{}. What happened:", capitalized(&seen(incident))));
    lines.extend(incident.notes.iter().map(|note| format!("{:.0} {}", note.at, one_line(&note.what, LONGEST_NOTE))));
    (subject, lines)
}

/// What it began with.
fn seen(incident: &Incident) -> String {
    let at = incident.signalled_at;
    match &incident.kind {
        Kind::Instance { alarms, .. } if !alarms.is_empty() => {
            let names: Vec<String> = alarms.arns().map(|arn| format!("{:?}", arn.alarm_name())).collect();
            let which = if names.len() == 1 { "alarm" } else { "alarms" };
            format!("{which} {}, {at:.0}", some(&names, ", "))
        }
        Kind::Instance { .. } | Kind::Group { .. } => format!("found at {at:.0}"),
        // One incident for all of a zone's alarms: which of them spoke, the story tells.
        Kind::Zone(_) => format!("first signal at {at:.0}"),
        Kind::Hook(kept) if kept.token.is_none() => format!("found held at {at:.0}"),
        Kind::Hook(_) => format!("held since {at:.0}"),
    }
}

/// What each alarm that spoke of it said at the last look.
fn alarms(incident: &Incident) -> Option<String> {
    let said: Vec<String> = incident.kind.alarms()?.iter().map(ToString::to_string).collect();
    (!said.is_empty()).then(|| format!("Its alarms at the last look: {}.", some(&said, "; ")))
}

/// The first few: the rest is in `homeostat status`.
fn some(items: &[String], between: &str) -> String {
    let told = items.iter().take(MOST_ALARMS).cloned().collect::<Vec<_>>().join(between);
    match items.len().saturating_sub(MOST_ALARMS) {
        0 => told,
        more => format!("{told}{between}and {more} more"),
    }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
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

fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(LONGEST_SUBJECT).collect()
}

#[cfg(test)]
mod every;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
