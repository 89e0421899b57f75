//! An incident of a hosted zone in words: which endpoint of which record, what share of the answers it gets, and what it had.
//!
//! This module never calls a change done that Route 53 has not taken, and never names a figure that the incident doesn't hold.

mod figures;
mod plan;
#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeSet;

use homeostat_core::decision::{Close, Decision, Hold, Page, Proof, Step};
use homeostat_core::incident::{Incident, State};
use homeostat_core::zone::drift::{Drift, Drifted};
use homeostat_core::zone::kept::Kept;
use homeostat_core::zone::said::Trouble;
use homeostat_core::zone::shift::{Move, Shift};

use super::{Told, acknowledge, seen};
use figures::{beside, held, left_out, moved, runs_out};
use plan::{also, needed, waits_for};

pub(super) fn decided(incident: &Incident, kept: &Kept) -> Told {
    match &incident.decision {
        Some(Decision::Act { step: Step::Shift(shift), because }) => acts(shift, because, kept),
        Some(Decision::Act { step, .. }) => (name(incident, kept), vec![format!("Homeostat is about to {step}.")]),
        Some(Decision::Hold { because, .. }) if incident.state == State::Escalated => {
            let mut lines = match &incident.paged_because {
                Some(page) => asked(page, "Why you were asked"),
                None => Vec::new(),
            };
            lines.push(format!("Now: {because}."));
            asks(incident, kept, lines)
        }
        Some(Decision::Hold { because: Hold::Watching { step: Step::Shift(shift), because }, .. }) => {
            watches(shift, because, kept)
        }
        Some(Decision::Hold { because: Hold::Drifted(drifted), .. }) => differs(kept, drifted),
        Some(Decision::Hold { because, .. }) => {
            let name = name(incident, kept);
            let what = format!("Something may be wrong with {name}, and Homeostat moves no weight for now.");
            let seen = format!("Seen: {}.", seen(incident));
            let mut lines = vec![what, String::new(), seen, format!("Why: {because}."), waits_for(because)];
            lines.extend(left_out(kept));
            (format!("holding still about {name}"), lines)
        }
        Some(Decision::Page(page)) => asks(incident, kept, asked(page, "Why")),
        Some(Decision::Close(close)) => closed(close, kept),
        None => {
            let name = name(incident, kept);
            (format!("opened: {name}"), vec![format!("{name}: no decision yet.")])
        }
    }
}

/// The policy and AWS do not agree: told at noon, so that nobody has to find it at night.
fn differs(kept: &Kept, drifted: &Drifted) -> Told {
    let about: BTreeSet<String> = drifted.news.iter().map(Drift::about).collect();
    let about: Vec<String> = about.into_iter().collect();
    let mut lines = vec![
        "The policy and AWS do not agree, so Homeostat could do less in an emergency than the policy says.".to_owned(),
        String::new(),
    ];
    lines.extend(drifted.news.iter().map(|drift| format!("Seen twice, at least a minute apart: {drift}.")));
    let before = drifted.known.iter().filter(|drift| !drifted.news.contains(drift));
    lines.extend(before.map(|drift| format!("Told before, and still so: {drift}.")));
    lines.push(
        "You: correct policy.toml or what it names, whichever is wrong. To see all of it: homeostat doctor".to_owned(),
    );
    lines.push(
        "Next: no reminder. Homeostat goes on with what is there, and closes the incident when the two agree."
            .to_owned(),
    );
    (format!("{}: not as the policy says", first(&about, kept)), lines)
}

/// The records that it is about, as far as the incident tells; else the zone.
pub(super) fn name(incident: &Incident, kept: &Kept) -> String {
    let tried = incident.intent.iter().filter_map(|intent| match &intent.step {
        Step::Shift(shift) => Some(shift.moves.iter().map(|moved| moved.key.to_string())),
        Step::Replace { .. } | Step::MarkUnhealthy { .. } | Step::Hook(_) => None,
    });
    let records: Vec<String> =
        if kept.records.is_empty() { tried.flatten().collect() } else { keys(kept.records.keys()) };
    first(&records, kept)
}

fn keys<T: ToString>(keys: impl Iterator<Item = T>) -> Vec<String> {
    keys.map(|key| key.to_string()).collect()
}

/// `www.example.com A and 2 more`.
fn first(names: &[String], kept: &Kept) -> String {
    match names {
        [] => format!("zone {}", kept.zone),
        [one] => one.clone(),
        [one, more @ ..] => format!("{one} and {} more", more.len()),
    }
}

fn acts(shift: &Shift, because: &[Proof], kept: &Kept) -> Told {
    let mut lines = vec![format!("Homeostat is {}.", doing(shift)), String::new()];
    lines.extend(because.iter().map(|proof| format!("Why: {proof}.")));
    lines.push(format!("What it does, in one change of zone {}:", shift.zone));
    lines.extend(shift.moves.iter().flat_map(moved));
    lines.extend(beside(shift, kept));
    lines.extend(runs_out(shift));
    lines.push(
        "Next: what was drained gets its share back in steps, once it was proven well for the hold time of the policy. \
         You hear when all is as before, or if a person is needed."
            .to_owned(),
    );
    (headline(shift, "draining"), lines)
}

fn watches(shift: &Shift, because: &[Proof], kept: &Kept) -> Told {
    let mut lines = vec![format!("Homeostat only watches, and changes nothing. Else it would be {}.", doing(shift))];
    lines.push(String::new());
    lines.extend(because.iter().map(|proof| format!("Why: {proof}.")));
    lines.push("What it would do:".to_owned());
    lines.extend(shift.moves.iter().flat_map(moved));
    lines.extend(beside(shift, kept));
    lines.push("Next: it keeps watching. The policy says mode = \"watch\"; with \"act\" it would act.".to_owned());
    (headline(shift, "only watching, would drain"), lines)
}

/// `www.example.com A: draining blue`.
fn headline(shift: &Shift, verb: &str) -> String {
    let Some(first) = shift.moves.first() else { return format!("zone {}: {verb}", shift.zone) };
    let drained = keys(first.drained());
    // Both families of one name, where the same is done to both.
    let is_alike = |other: &&Move| other.key.name == first.key.name && keys(other.drained()) == drained;
    let alike: Vec<&str> = shift.moves.iter().filter(is_alike).map(|moved| moved.key.kind.as_str()).collect();
    let record = format!("{} {}", first.key.name, alike.join(" and "));
    let what = match drained.as_slice() {
        [] => "giving weight back".to_owned(),
        drained => format!("{verb} {}", drained.join(", ")),
    };
    let rest = shift.moves.len() - alike.len();
    let more = if rest > 0 { format!(" (and {rest} more)") } else { String::new() };
    format!("{record}: {what}{more}")
}

/// `taking weight from blue of www.example.com A`.
fn doing(shift: &Shift) -> String {
    let each = shift.moves.iter().map(|moved| match keys(moved.drained()).as_slice() {
        [] => format!("giving weight back in {}", moved.key),
        drained => format!("taking weight from {} of {}", drained.join(" and "), moved.key),
    });
    each.collect::<Vec<_>>().join(", and ")
}

/// Why a person is needed, what they can do, and what comes next.
fn asked(page: &Page, why: &str) -> Vec<String> {
    let Page::Weights { troubles } = page else {
        return [vec![format!("{why}: {page}.")], needed(page)].concat();
    };
    let each = |trouble: &Trouble| [vec![format!("{why}: {trouble}.")], plan::fixed(trouble)].concat();
    troubles.iter().map(each).collect::<Vec<_>>().join(&String::new())
}

fn asks(incident: &Incident, kept: &Kept, asked: Vec<String>) -> Told {
    let name = name(incident, kept);
    let (subject, greeting) = match incident.reminders {
        0 => ("NEEDS YOU", format!("Homeostat needs you: {name}.")),
        count => ("STILL NEEDS YOU", format!("Reminder {count}: Homeostat still needs you: {name}.")),
    };
    let mut lines = vec![greeting, String::new()];
    lines.extend(asked);
    lines.extend(kept.records.iter().flat_map(|(key, record)| held(key, record)));
    lines.extend(left_out(kept));
    lines.push(acknowledge(incident));
    lines.extend(incident.paged_because.iter().flat_map(also));
    let what = incident.paged_because.as_ref().map_or(name.clone(), |page| trouble(page, &name));
    (format!("{subject}: {what}"), lines)
}

/// What fits a subject line.
fn trouble(page: &Page, name: &str) -> String {
    let troubles = match page {
        Page::Weights { troubles } => troubles.as_slice(),
        Page::Waited { .. } => return format!("{name}: sick, and held back"),
        _ => return name.to_owned(),
    };
    let more = if troubles.len() > 1 { format!(" (and {} more)", troubles.len() - 1) } else { String::new() };
    let first = troubles.first().map_or_else(
        || name.to_owned(),
        |trouble| match trouble {
            Trouble::NoTarget { record, endpoint, .. } => format!("{record}: {endpoint} is sick, and keeps its weight"),
            Trouble::Partly { record, .. } => format!("{record}: only a part was moved"),
            Trouble::Changed { record, .. } => format!("{record}: somebody else changed it"),
            Trouble::Unfit { record, .. } => format!("{record}: its weights can't be moved"),
            Trouble::Latched { record, endpoint, .. } => format!("{record}: {endpoint} fails again and again"),
            Trouble::StillReduced { record, endpoint, .. } => {
                format!("{record}: {endpoint} is still without its share")
            }
            Trouble::NotInPolicy { record } => format!("{record}: not in the policy any more"),
            Trouble::NotInSync { .. } => format!("{name}: Route 53 does not finish a change"),
            Trouble::Waited { record, endpoint, .. } => {
                format!("{record}: {endpoint} is unhealthy and still gets traffic")
            }
            Trouble::Refused { record, .. } => format!("{record}: Route 53 refused to change it"),
        },
    );
    format!("{first}{more}")
}

fn closed(close: &Close, kept: &Kept) -> Told {
    let (subject, mut lines) = ended(close, kept);
    lines.extend(left_out(kept));
    (subject, lines)
}

fn ended(close: &Close, kept: &Kept) -> Told {
    let changed = first(&keys(kept.generations.keys()), kept);
    let nothing_more = "Nothing more will be done.".to_owned();
    match close {
        Close::Recovered => (
            format!("recovered: {changed} has its own weights again"),
            vec![
                format!("The weights of {changed} are what they were before, and nothing was found sick since."),
                nothing_more,
                String::new(),
            ],
        ),
        Close::TakenOver { what } => (
            format!("closed: {} is left to who changed it", first(&keys(kept.taken_over.iter()), kept)),
            vec![
                format!(
                    "Somebody else changed {what} while Homeostat held it, and nothing is found wrong with it now."
                ),
                "Its weights stay as they are: Homeostat brings none of those from before back.".to_owned(),
                nothing_more,
                String::new(),
            ],
        ),
        Close::NothingWrong { .. } | Close::LeftByItself | Close::Hook(_) => (
            format!("closed: zone {}", kept.zone),
            vec![
                format!("The incident about zone {} is closed; Homeostat moved no weight.", kept.zone),
                String::new(),
                format!("Why: {close}."),
            ],
        ),
    }
}
