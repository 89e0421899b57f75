//! An incident of an instance or a group in words.
//!
//! This module never says of what was only watched or followed that Homeostat did it.

use homeostat_core::decision::{Close, Decision, GroupState, Hold, Page, Proof, Step};
use homeostat_core::incident::{Incident, Intent, State};

use super::plan::{needed, waits_for};
use super::{Told, acknowledge, capitalized, long, seen, short};

pub(super) fn decided(incident: &Incident) -> Told {
    let (name, what) = (short(incident), long(incident));
    match &incident.decision {
        Some(Decision::Act { step, because }) => acts(incident, step, because),
        Some(Decision::Hold { because, .. }) if incident.state == State::Escalated => {
            let you = ["You: see below what happened, and finish by hand.".to_owned()];
            let mut told = asks(incident, &because.to_string(), &you);
            told.0 = format!("STILL NEEDS YOU: {name}");
            told
        }
        Some(Decision::Hold { because: Hold::Watching { step, because }, .. }) => watches(incident, step, because),
        Some(Decision::Hold { because: Hold::GroupState(GroupState::Parked { .. }), .. }) => parked(incident),
        Some(Decision::Hold { because, .. }) => holds(incident, because),
        Some(Decision::Page(page)) => {
            let (subject, lines) = asks(incident, &page.to_string(), &needed(page));
            (format!("{subject}: {}", in_short(page)), lines)
        }
        Some(Decision::Close(close)) => closed(incident, close),
        None => (format!("opened: {name}"), vec![format!("{what}: no decision yet.")]),
    }
}

fn acts(incident: &Incident, step: &Step, because: &[Proof]) -> Told {
    let mut lines = vec![format!("Homeostat is replacing {}.", long(incident)), String::new()];
    lines.extend(because.iter().map(|proof| format!("Why: {proof}.")));
    lines.push(format!("What it does: {step}."));
    lines.push("Next: it watches until the group is whole again, and tells you then, or if it isn't in time.".into());
    (format!("replacing {}", short(incident)), lines)
}

fn watches(incident: &Incident, step: &Step, because: &[Proof]) -> Told {
    let first = format!("{} {}. Homeostat only watches, and changes nothing.", trouble(incident), long(incident));
    let mut lines = vec![first, String::new(), format!("Seen: {}.", seen(incident))];
    lines.extend(because.iter().map(|proof| format!("Why: {proof}.")));
    lines.push(format!("What it would do: {step}."));
    lines.push("Next: it keeps watching. The policy says mode = \"watch\"; with \"act\" it would act.".to_owned());
    (format!("only watching, would replace {}", short(incident)), lines)
}

fn holds(incident: &Incident, because: &Hold) -> Told {
    let verb = if incident.state == State::Following { "following" } else { "holding still about" };
    let lines = vec![
        format!("{} {}, and Homeostat changes nothing for now.", trouble(incident), long(incident)),
        String::new(),
        format!("Seen: {}.", seen(incident)),
        format!("Why: {because}."),
        waits_for(because),
    ];
    (format!("{verb} {}", short(incident)), lines)
}

/// Nothing is wrong, and nobody has to do anything.
fn parked(incident: &Incident) -> Told {
    let why = match &incident.decision {
        Some(Decision::Hold { because, .. }) => because.to_string(),
        _ => "the group is parked".to_owned(),
    };
    let lines = vec![
        format!("{} is parked, and Homeostat leaves it alone.", capitalized(&long(incident))),
        String::new(),
        format!("Seen: {why}."),
        "Next: it watches the group as usual once an instance runs again or a process is resumed.".to_owned(),
    ];
    (format!("parked: {}", short(incident)), lines)
}

fn trouble(incident: &Incident) -> &'static str {
    match incident.kind.notice() {
        Some(notice) if notice.what.is_yet_to_come() => "AWS has announced something of",
        _ => "Something is wrong with",
    }
}

fn asks(incident: &Incident, why: &str, what_to_do: &[String]) -> Told {
    let what = long(incident);
    let (urgency, first) = match incident.reminders {
        0 => ("NEEDS YOU", format!("Homeostat needs you: {what}.")),
        count => ("STILL NEEDS YOU", format!("Reminder {count}: Homeostat still needs you: {what}.")),
    };
    let mut lines = vec![first, String::new(), format!("Why: {why}.")];
    lines.extend(last_call(incident));
    lines.extend_from_slice(what_to_do);
    lines.push(acknowledge(incident));
    (format!("{urgency}: {}", short(incident)), lines)
}

/// What fits a subject line.
fn in_short(page: &Page) -> &'static str {
    match page {
        Page::Refused { .. } => "AWS refused the call",
        Page::NotRecovered { .. } => "not recovered in time",
        Page::NotInPolicy { .. } => "not in the policy any more",
        Page::Waited { .. } => "sick, and held back",
        Page::GroupStalled { .. } => "the group does not replace it",
        Page::ReplacementsFail { .. } => "its replacements fail",
        Page::TooManySick(_) => "too many are unhealthy at once",
        Page::TargetGroupGone(_) => "its target group does not exist",
        Page::Weights { .. } => "its weights",
        Page::LaunchesFail(_) => "its launches fail",
    }
}

/// The effect's outcome, for who was told a second before it that it was being tried.
fn last_call(incident: &Incident) -> Option<String> {
    let Intent { step, outcome, .. } = incident.intent.as_ref()?;
    let outcome = outcome.as_ref().map_or_else(|| "no answer yet".to_owned(), ToString::to_string);
    Some(format!("What it did: {step}. AWS's answer: {outcome}."))
}

fn closed(incident: &Incident, close: &Close) -> Told {
    let (name, what) = (short(incident), long(incident));
    let (subject, mut lines) = match close {
        Close::Recovered => {
            let first =
                format!("{} was replaced, and the group is whole. Nothing more will be done.", capitalized(&what));
            (format!("recovered: {name} is replaced"), vec![first, String::new()])
        }
        Close::LeftByItself => {
            let first =
                format!("{} was taken out by its group or by a person, and the group is whole.", capitalized(&what));
            let nothing = "Homeostat changed nothing, and nothing more will be done.".to_owned();
            (format!("recovered: {name} has left"), vec![first, nothing, String::new()])
        }
        Close::NothingWrong { why } => {
            let is_untouched = last_call(incident).is_none();
            let changed = if is_untouched { "; Homeostat changed nothing" } else { "" };
            let first = format!("The incident about {what} is closed{changed}.");
            (format!("closed: {name}"), vec![first, String::new(), format!("Why: {why}.")])
        }
        Close::TakenOver { .. } | Close::Hook(_) => {
            (format!("closed: {name}"), vec![format!("{}: {close}.", capitalized(&what)), String::new()])
        }
    };
    let tells_of_it = matches!(close, Close::Recovered | Close::NothingWrong { .. });
    lines.extend(last_call(incident).filter(|_| tells_of_it));
    (subject, lines)
}
