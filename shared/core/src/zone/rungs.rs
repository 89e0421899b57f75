//! The ladder for a zone as it is climbed, for people: the first rung that is not passed decides.
//!
//! This module never decides anything: it asks what the decision asks.

use super::decide::{Case, decide, judged};
use super::evidence::{Ails, ails};
use super::judge::Judged;
use super::said::Trouble;
use super::standing::{Standing, standing};
use crate::attend::{Rung, climbed};
use crate::decision::{Decision, Page, list};
use crate::policy::{EndpointPolicy, RecordPolicy};

pub(super) fn rungs(case: Case<'_>) -> Vec<Rung> {
    let (unsettled, propagating) = (case.unsettled(), case.propagating());
    let concerned: Vec<&RecordPolicy> =
        case.policy.records.iter().copied().filter(|record| is_held(case, record) || is_sick(case, record)).collect();
    let strangers = case.kept.records.keys().filter(|key| case.policy.record(key).is_none());
    let strangers: Vec<String> = strangers.map(|key| format!("{key}: held, and no longer in the policy")).collect();
    let left_out = case.kept.siblings.iter().filter(|(_, sibling)| !sibling.is_in_policy);
    let left_out = left_out.map(|(key, it)| format!("{key} is not in the policy and is not moved ({})", it.shares()));
    let none_is_concerned = concerned.is_empty() && strangers.is_empty();
    let all: Vec<String> = case
        .policy
        .records
        .iter()
        .map(|record| health(case, record))
        .chain(strangers.iter().cloned())
        .chain(left_out)
        .collect();
    let standings: Vec<(&RecordPolicy, Standing)> =
        concerned.iter().map(|record| (*record, standing_of(case, record))).collect();
    let judged = judged(case);
    // Against a batch of unknown fate, whatever else there is to do.
    let fence = case.fence_off(&judged.act).map(|(fence, _)| fence.to_string());
    let pause = case.pause();
    let refused: Vec<String> =
        case.kept.refused.iter().map(|(key, refused)| format!("{key}: {}", refused.why)).collect();
    let waited = |trouble: &Trouble| matches!(trouble, Trouble::Waited { .. });
    let asks_first = Some(decide(case)).filter(|decision| match decision {
        Decision::Page(Page::Weights { troubles }) => troubles.iter().any(waited),
        _ => false,
    });
    let has_something_to_do = !judged.act.is_empty() || fence.is_some();
    climbed([
        ("nobody else is acting on it", unsettled.is_none(), or_none(unsettled.as_ref(), "no call is under way")),
        (
            "no refusal keeps it from being tried",
            refused.is_empty() || has_something_to_do,
            if refused.is_empty() { "none does".to_owned() } else { refused.join("; ") },
        ),
        ("the last change has arrived", propagating.is_none(), or_none(propagating.as_ref(), "none is on its way")),
        ("an endpoint is sick, or has not its own weight", !none_is_concerned || fence.is_some(), all.join("; ")),
        (
            "its record is as it was left",
            standings.iter().any(|(_, standing)| *standing == Standing::AsLeft) || fence.is_some(),
            standings.iter().map(|(record, standing)| in_words(record, standing)).collect::<Vec<_>>().join("; "),
        ),
        ("there is something to change now", has_something_to_do, due(&judged, fence)),
        ("nothing is paused", pause.is_none(), or_none(pause.as_ref(), "no pause covers it")),
        (
            "nobody has to hear first that it takes too long",
            asks_first.is_none(),
            or_none(asks_first.as_ref(), "nobody"),
        ),
    ])
}

fn or_none(decision: Option<&Decision>, none: &str) -> String {
    decision.map_or_else(|| none.to_owned(), ToString::to_string)
}

fn is_held(case: Case<'_>, record: &RecordPolicy) -> bool {
    case.kept.records.contains_key(&record.key)
}

fn is_sick(case: Case<'_>, record: &RecordPolicy) -> bool {
    record.endpoints.iter().any(|endpoint| matches!(ails(case.now, record, endpoint, case.seen), Ails::Sick(_)))
}

fn health(case: Case<'_>, record: &RecordPolicy) -> String {
    let of = |endpoint: &EndpointPolicy| {
        let says = match ails(case.now, record, endpoint, case.seen) {
            Ails::Sick(proofs) => format!("sick ({})", list(&proofs)),
            Ails::Perhaps { missing } => format!("perhaps sick ({})", list(&missing)),
            Ails::Disabled(alarm) => format!("its alarm {:?} may not act", alarm.alarm_name()),
            Ails::No => "not sick".to_owned(),
        };
        format!("{}: {says}", endpoint.id)
    };
    let held = if is_held(case, record) { ", held by Homeostat" } else { "" };
    let endpoints: Vec<String> = record.endpoints.iter().map(of).collect();
    format!("{}{held}: {}", record.key, endpoints.join(", "))
}

fn standing_of(case: Case<'_>, record: &RecordPolicy) -> Standing {
    standing(case, record, case.kept.records.get(&record.key), &case.seen.record(&record.key))
}

fn in_words(record: &RecordPolicy, is: &Standing) -> String {
    let says = match is {
        Standing::AsLeft => "as it was left",
        Standing::Stale => "Route 53 still shows what was there before the last change",
        Standing::Unread { why } => why,
        Standing::Changed { what } => what,
        Standing::Unfit { why } => why,
    };
    format!("{}: {says}", record.key)
}

fn due(judged: &Judged, fence: Option<String>) -> String {
    let moves = judged.act.iter().map(|(moved, _)| moved.to_string());
    let watched = judged.watch.iter().map(|(moved, _)| format!("only watching: {moved}"));
    let waits = judged.waiting.iter().map(ToString::to_string);
    let troubles = judged.troubles.iter().map(ToString::to_string);
    let unconfirmed = judged.unconfirmed.iter().map(ToString::to_string);
    let all: Vec<String> = moves.chain(fence).chain(watched).chain(waits).chain(troubles).chain(unconfirmed).collect();
    if all.is_empty() { "nothing is due".to_owned() } else { all.join("; ") }
}
