//! Weights as people think of them: who gets which share of the answers.
//!
//! This module never takes what Homeostat left in a record for what is there now.

use homeostat_core::zone::kept::Held;
use homeostat_core::zone::record::{RecordKey, Weights, weights};
use homeostat_core::zone::share::{Share, shares};
use homeostat_core::zone::shift::{Move, Shift};

/// A move, endpoint by endpoint.
pub(super) fn moved(moved: &Move) -> Vec<String> {
    let mut lines = vec![moved.key.to_string()];
    lines.extend(changes(&weights(&moved.before), &moved.after));
    if moved.partly {
        lines.push("  (only a part: the others' max-share leaves no room for all of it)".to_owned());
    }
    lines
}

/// A record that Homeostat holds.
pub(super) fn held(key: &RecordKey, held: &Held) -> Vec<String> {
    let mut lines = vec![format!("{key}, from before the incident to how Homeostat left it:")];
    lines.extend(changes(&weights(&held.saved), &held.left));
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

/// How long clients go on with the answers that they hold. An alias has no time of its own.
pub(super) fn runs_out(shift: &Shift) -> Option<String> {
    let seconds = shift.moves.iter().flat_map(|moved| &moved.before).filter_map(|set| set.ttl).max()?;
    Some(format!("Clients follow as the answers that they hold run out (TTL: {seconds} s)."))
}
