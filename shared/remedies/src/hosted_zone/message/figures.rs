//! Weights as people think of them: who gets which share of the answers.
//!
//! This module never takes what Homeostat left in a record for what is there now.

use homeostat_core::aws::record::{RecordKey, Weights, weights};
use homeostat_core::aws::share::Share;

use crate::hosted_zone::drift::Sibling;
use crate::hosted_zone::share::shares;
use crate::hosted_zone::shift::{Move, Shift};
use crate::hosted_zone::state::{Held, ZoneState};

/// A move, endpoint by endpoint.
pub(super) fn moved(moved: &Move) -> Vec<String> {
    let mut lines = vec![moved.key.to_string()];
    lines.extend(changes(&weights(&moved.before), &moved.after));
    if moved.in_steps {
        lines.push(
            "  (a part for now: the rest follows in steps, each once the others were proven well with the last)"
                .to_owned(),
        );
    } else if moved.partly {
        lines.push("  (only a part: the others' max-share leaves no room for all of it)".to_owned());
    }
    lines
}

/// A record that Homeostat holds.
pub(super) fn held(key: &RecordKey, held: &Held) -> Vec<String> {
    let mut lines = vec![format!("{key}, from before the incident to how Homeostat left it:")];
    lines.extend(changes(&weights(&held.saved), &held.applied));
    lines
}

/// `  blue: 70 % -> 0 % of answers (weight 70 -> 0)`.
fn changes(before: &Weights, after: &Weights) -> Vec<String> {
    let (had, gets) = (shares(before), shares(after));
    let line = |(id, weight): (&_, &u8)| {
        let share = |shares: &std::collections::BTreeMap<_, Share>| shares.get(id).copied().unwrap_or(Share::NONE);
        let weight = match before.get(id) {
            Some(was) if was != weight => format!("weight {was} -> {weight}"),
            _ => format!("weight {weight}"),
        };
        format!("  {id}: {} -> {} of answers ({weight})", share(&had), share(&gets))
    };
    after.iter().map(line).collect()
}

/// What else answers for a name whose weights move, by its own figures: a share of one family is none of the other.
pub(super) fn beside(shift: &Shift, kept: &ZoneState) -> Vec<String> {
    let stays = |key: &RecordKey| {
        shift.moves.iter().any(|moved| moved.key.name == key.name) && shift.moves.iter().all(|moved| moved.key != *key)
    };
    let staying = kept.siblings.iter().filter(|(key, _)| stays(key));
    staying
        .map(|(key, sibling)| if sibling.is_in_policy { in_policy(key, sibling) } else { not_in_policy(key, sibling) })
        .collect()
}

/// What the policy leaves out beside its records.
pub(super) fn left_out(kept: &ZoneState) -> Vec<String> {
    let left_out = kept.siblings.iter().filter(|(_, sibling)| !sibling.is_in_policy);
    left_out.map(|(key, sibling)| not_in_policy(key, sibling)).collect()
}

fn in_policy(key: &RecordKey, sibling: &Sibling) -> String {
    format!("{key} stays as it is: {}.", sibling.shares())
}

fn not_in_policy(key: &RecordKey, sibling: &Sibling) -> String {
    format!(
        "{key} is NOT in the policy, and Homeostat does not move it: {}. To have both move: type = [\"A\", \"AAAA\"].",
        sibling.shares()
    )
}

/// How long clients go on with the answers that they hold. An alias has no time of its own.
pub(super) fn runs_out(shift: &Shift) -> Option<String> {
    let seconds = shift.moves.iter().flat_map(|moved| &moved.before).filter_map(|set| set.ttl).max()?;
    Some(format!("Clients follow as the answers that they hold run out (TTL: {seconds} s)."))
}
