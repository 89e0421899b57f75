//! An incident in words for somebody who was just woken: what, why, what next, how to stop it.
//!
//! This module never lets a name or a reason break the subject line: it holds at most 99 ASCII characters.

use homeostat_core::decision::{Close, Decision, Page};
use homeostat_core::incident::{Incident, Kind};
use jiff::{SignedDuration, Unit};

/// SNS: "Must be ASCII text that begins with a letter, number, or punctuation mark; no line breaks or control characters;
/// less than 100 characters long" (API reference, `Publish`).
const LONGEST_SUBJECT: usize = 99;

/// A note is cut here: the whole of it stands in the ledger, and this is read on a phone.
const LONGEST_NOTE: usize = 160;

pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) body: String,
}

pub(crate) fn about(incident: &Incident) -> Message {
    let Kind::Instance { group, alarm } = &incident.kind;
    let name = incident.subject.name();
    let (subject, mut lines) = match &incident.decision {
        Some(Decision::Act { step, because }) => {
            let mut lines = vec![format!("Homeostat is replacing instance {name} of group {group}."), String::new()];
            lines.extend(because.iter().map(|proof| format!("Why: {proof}.")));
            lines.push(format!("What it does: {step}."));
            lines.push(
                "Next: it watches until the group is whole again, and tells you then, or if it isn't in time.".into(),
            );
            (format!("replacing {name} of {group}"), lines)
        }
        Some(Decision::Hold { because, .. }) => (
            format!("holding still about {name} of {group}"),
            vec![
                format!("Instance {name} of group {group} looks sick, and Homeostat changes nothing for now."),
                String::new(),
                format!("Why: {because}."),
                "Next: it keeps looking, and tells you if it acts.".into(),
            ],
        ),
        Some(Decision::Page(page)) => {
            let mut lines = vec![format!("Homeostat needs you: instance {name} of group {group}."), String::new()];
            lines.push(format!("Why: {page}."));
            lines.extend(needed(page));
            (format!("NEEDS YOU: {name} of {group}"), lines)
        }
        Some(Decision::Close(Close::Recovered)) => (
            format!("recovered: {name} of {group} is replaced"),
            vec![
                format!(
                    "Instance {name} of group {group} was replaced, and the group is whole. Nothing more will be done."
                ),
                String::new(),
            ],
        ),
        Some(Decision::Close(Close::NothingWrong { why })) => (
            format!("closed: {name} of {group}"),
            vec![
                format!("The incident about instance {name} of group {group} is closed; Homeostat changed nothing."),
                String::new(),
                format!("Why: {why}."),
            ],
        ),
        None => {
            (format!("opened: {name} of {group}"), vec![format!("Instance {name} of group {group}: no decision yet.")])
        }
    };
    lines.extend(times("Time to mitigate (alarm to termination)", incident.time_to_mitigate()));
    lines.extend(times("Time to recover (alarm to a whole group)", incident.time_to_recover()));
    if incident.closed_at.is_none() {
        lines.push(format!("To stop it for this group: README, \"Stop it\", with the scope group#{group}."));
    }
    lines.push(String::new());
    lines.push(format!("Alarm {:?}, {:.0}. What happened:", alarm.alarm_name(), incident.signalled_at));
    lines.extend(incident.notes.iter().map(|note| format!("{:.0} {}", note.at, shortened(&note.what))));
    lines.push(format!("Ledger: SUBJECT#{}", incident.subject));
    Message { subject: one_line(&format!("Homeostat: {subject}")), body: lines.join("\n") }
}

/// What a person can do about it, and what comes next.
fn needed(page: &Page) -> [String; 2] {
    let watches = "Next: it only watches now. It closes the incident, and tells you, when the group is whole.";
    let (you, next) = match page {
        Page::Refused { .. } => (
            "You: see whether the group has the tag homeostat:managed=true, and replace the instance by hand.",
            watches,
        ),
        Page::NotRecovered { .. } => {
            ("You: see the group's activity history, for launches that fail or instances that don't get well.", watches)
        }
        Page::NotInPolicy { .. } => (
            "You: put the group back into policy.toml, or finish by hand.",
            "Next: nothing, until the policy names it again.",
        ),
    };
    [you.to_owned(), next.to_owned()]
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
mod tests {
    use super::*;
    use homeostat_core::decision::{Hold, Step};
    use homeostat_core::ports::Outcome;
    use jiff::Timestamp;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn acting_on_group(group: &str) -> Incident {
        let (subject, id) =
            ("eu-west-1#instance#i-0123456789abcdef0".parse().unwrap(), "i-0123456789abcdef0".parse().unwrap());
        let alarm = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1".parse().unwrap();
        let kind = Kind::Instance { group: group.parse().unwrap(), alarm };
        let step = Step::Replace { group: group.parse().unwrap(), instance: id };
        let decision = Decision::Act { step: step.clone(), because: Vec::new() };
        Incident::new(subject, kind, at(0), at(1)).intend(at(1), &step, &decision)
    }

    #[test]
    fn a_subject_is_never_longer_than_sns_takes_nor_anything_but_ascii() {
        for group in ["web", "wéb ☃ \u{202e}gnp", &"x".repeat(255)] {
            let subject = about(&acting_on_group(group)).subject;
            assert!(subject.len() < 100 && subject.bytes().all(|b| (0x20..0x7f).contains(&b)), "{subject}");
            assert!(subject.starts_with("Homeostat: replacing i-0123456789abcdef0 of "), "{subject}");
        }
    }

    #[test]
    fn an_open_incident_says_how_to_stop_it_and_a_closed_one_does_not() {
        let open = acting_on_group("web");
        assert!(about(&open).body.contains("with the scope group#web"));
        let proving = open.settle(at(2), Outcome::Done).hold(at(60), at(90), &Hold::Proving { since: at(60) });
        let closed = about(&proving.close(at(90), &Close::Recovered)).body;
        assert!(!closed.contains("To stop it"), "{closed}");
        assert!(
            closed.contains("(alarm to termination): 2s.") && closed.contains("(alarm to a whole group): 1m."),
            "{closed}"
        );
    }

    #[test]
    fn a_refusal_is_told_in_aws_own_words_and_with_what_to_do() {
        let because = Page::Refused { why: "AccessDenied: not authorized".into() };
        let message = about(&acting_on_group("web").page(at(2), at(9), &because));
        assert!(message.subject.contains("NEEDS YOU"), "{}", message.subject);
        assert!(
            message.body.contains("AccessDenied: not authorized") && message.body.contains("homeostat:managed=true")
        );
    }
}
