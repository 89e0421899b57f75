//! An incident in words for somebody who was just woken: what, why, what next, how to stop it.
//!
//! This module never lets a name or a reason break the subject line: it holds 100 ASCII characters and nothing else.

use homeostat_core::decision::Decision;
use homeostat_core::incident::{Incident, Kind, State};
use jiff::SignedDuration;

/// SNS: "Must be ASCII text that begins with a letter, number, or punctuation mark; no line breaks or control characters;
/// less than 100 characters long" (API reference, `Publish`).
const LONGEST_SUBJECT: usize = 99;

pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) body: String,
}

pub(crate) fn about(incident: &Incident) -> Message {
    let Kind::Instance { group, alarm } = &incident.kind;
    let name = incident.subject.name();
    let (verb, next) = match (&incident.decision, incident.state) {
        (Some(Decision::Close(_)), _) | (_, State::Closed) => ("closed", "Nothing more will be done."),
        (Some(Decision::Page(_)), _) => {
            ("NEEDS YOU", "Homeostat only watches now, and closes the incident when the group is whole.")
        }
        (Some(Decision::Act { .. }), _) => {
            ("replacing", "Next: it verifies that the group is whole again, and tells you.")
        }
        (Some(Decision::Hold { .. }) | None, _) => {
            ("holding", "Nothing is changed for now; it looks again and tells you if it acts.")
        }
    };
    let why = incident.decision.as_ref().map_or_else(|| "no decision".to_owned(), ToString::to_string);
    let mut lines = vec![
        format!("Instance {name} of group {group}: {verb}."),
        format!("Decision: {why}."),
        format!("Signal: alarm {:?} at {:.0}.", alarm.alarm_name(), incident.signalled_at),
    ];
    lines.extend(times("Time to mitigate", incident.time_to_mitigate()));
    if incident.state == State::Closed {
        lines.extend(times("Time to recover", incident.time_to_recover()));
    }
    lines.push(next.to_owned());
    if incident.state != State::Closed {
        lines.push(format!(
            "To stop it for this group, put the item pk=CONTROL, sk=PAUSE#group#{group} into Homeostat's table (README, \"Stop it\")."
        ));
    }
    lines.push(format!("Incident: SUBJECT#{}, opened {:.0}.", incident.subject, incident.opened_at));
    lines.push(String::new());
    lines.extend(incident.notes.iter().map(|note| format!("{:.0}  {}", note.at, note.what)));
    Message { subject: subject(&format!("Homeostat: {verb} {name} of {group}")), body: lines.join("\n") }
}

fn times(what: &str, time: Option<SignedDuration>) -> Option<String> {
    time.map(|time| format!("{what}: {:#}.", SignedDuration::from_secs(time.as_secs())))
}

fn subject(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(LONGEST_SUBJECT).collect()
}
