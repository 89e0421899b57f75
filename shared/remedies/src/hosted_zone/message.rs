//! What was decided about a hosted zone, in words: which endpoint of which record, what share of the answers it gets, and what it
//! had.
//!
//! This module never calls a change done that Route 53 has not taken, and never names a figure that the incident doesn't hold.

mod asks;
mod ended;
mod figures;
mod plan;

use std::collections::BTreeSet;

use figures::{beside, left_out, moved, runs_out};
use homeostat_core::incident::State;
use homeostat_core::view::{Message, Point, Sort};

use super::drift::{Drift, Drifted};
use super::shift::{Move, Shift};
use super::state::ZoneState;
use super::view::HostedZoneView;
use crate::hosted_zone::reasons::HoldReason;
use crate::hosted_zone::reasons::{Decision, Evidence, Hold, Incident, Intent, Step};

pub(super) fn decided(view: &HostedZoneView) -> Message {
    let incident = view.about.incident;
    match &incident.decision {
        Some(Decision::Act { step: Step::Shift(shift), because }) => acts(view, shift, because),
        Some(Decision::Hold { because, .. }) if incident.state == State::Escalated => asks::still(view, because),
        Some(Decision::Hold { because: Hold::Watching { step: Step::Shift(shift), because }, .. }) => {
            watches(view, shift, because)
        }
        Some(Decision::Hold { because: Hold::Own(HoldReason::Drifted(drifted)), .. }) => differs(view, drifted),
        Some(Decision::Hold { because, .. }) => holds(view, because),
        Some(Decision::Page(page)) => asks::now(view, page),
        Some(Decision::Close(close)) => ended::closed(view, close),
        None => view.about.undecided(sort(view)),
    }
}

fn sort(view: &HostedZoneView) -> Sort {
    view.about.sort("shift")
}

fn message(view: &HostedZoneView, headline: String, first: String, point: Point) -> Message {
    Message { points: vec![point], ..Message::new(sort(view), headline, vec![first]) }
}

fn proofs(because: &[Evidence]) -> Vec<String> {
    because.iter().map(ToString::to_string).collect()
}

fn holds(view: &HostedZoneView, because: &Hold) -> Message {
    let name = &view.about.short;
    let point = Point {
        seen: Some(view.seen()),
        why: vec![because.to_string()],
        next: Some(plan::waits_for(because).to_owned()),
        ..Point::default()
    };
    let first = format!("Something may be wrong with {name}, and Homeostat moves no weight for now.");
    let holds = message(view, format!("holding still about {name}"), first, point);
    Message { details: left_out(view.kept), ..holds }
}

/// The policy and AWS do not agree: told at noon, so that nobody has to find it at night.
fn differs(view: &HostedZoneView, drifted: &Drifted) -> Message {
    let about: BTreeSet<String> = drifted.news.iter().map(Drift::about).collect();
    let about: Vec<String> = about.into_iter().collect();
    let new = drifted.news.iter().map(|drift| format!("Seen twice, at least a minute apart: {drift}."));
    let before = drifted.known.iter().filter(|drift| !drifted.news.contains(drift));
    let before = before.map(|drift| format!("Told before, and still so: {drift}."));
    let you =
        "You: correct policy.toml or what it names, whichever is wrong. To see all of it: homeostat doctor".to_owned();
    let next =
        "no reminder. Homeostat goes on with what is there, and closes the incident when the two agree.".to_owned();
    let point = Point { facts: new.chain(before).collect(), you: vec![you], next: Some(next), ..Point::default() };
    let first = "The policy and AWS do not agree, so Homeostat could do less in an emergency than the policy says.";
    message(view, format!("{}: not as the policy says", first_of(&about, view.kept)), first.to_owned(), point)
}

/// The records that it is about, as far as the incident tells; else the zone.
pub(super) fn name(incident: &Incident, kept: &ZoneState) -> String {
    let tried = incident.intent.iter().flat_map(|Intent { step: Step::Shift(shift), .. }| &shift.moves);
    let records: Vec<String> =
        if kept.records.is_empty() { keys(tried.map(|moved| &moved.key)) } else { keys(kept.records.keys()) };
    first_of(&records, kept)
}

fn keys<T: ToString>(keys: impl Iterator<Item = T>) -> Vec<String> {
    keys.map(|key| key.to_string()).collect()
}

/// `www.example.com A and 2 more`.
fn first_of(names: &[String], kept: &ZoneState) -> String {
    match names {
        [] => format!("zone {}", kept.zone),
        [one] => one.clone(),
        [one, more @ ..] => format!("{one} and {} more", more.len()),
    }
}

fn acts(view: &HostedZoneView, shift: &Shift, because: &[Evidence]) -> Message {
    let mut done = vec![format!("What it does, in one change of zone {}:", shift.zone)];
    done.extend(shift.moves.iter().flat_map(moved));
    done.extend(beside(shift, view.kept));
    done.extend(runs_out(shift));
    let next = "what was drained gets its share back in steps, once it was proven well for the hold time of the policy. \
                You hear when all is as before, or if a person is needed.";
    let point = Point { why: proofs(because), done, next: Some(next.to_owned()), ..Point::default() };
    message(view, headline(shift, "draining"), format!("Homeostat is {}.", doing(shift)), point)
}

fn watches(view: &HostedZoneView, shift: &Shift, because: &[Evidence]) -> Message {
    let mut done = vec!["What it would do:".to_owned()];
    done.extend(shift.moves.iter().flat_map(moved));
    done.extend(beside(shift, view.kept));
    let next = "it keeps watching. The policy says mode = \"watch\"; with \"act\" it would act.";
    let point = Point { why: proofs(because), done, next: Some(next.to_owned()), ..Point::default() };
    let first = format!("Homeostat only watches, and changes nothing. Else it would be {}.", doing(shift));
    message(view, headline(shift, "only watching, would drain"), first, point)
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
