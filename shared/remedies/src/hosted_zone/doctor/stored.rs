//! Whether all that one incident may have to store of a zone fits its item in the ledger, by the record sets that are there.
//!
//! This module never counts what the policy doesn't name.

use homeostat_core::aws::record::RecordSet;
use homeostat_core::doctor::Finding;
use homeostat_core::doctor::Severity::Warning;
use homeostat_core::size;

use super::Facts;
use crate::hosted_zone::policy::HostedZonePolicy;
use crate::hosted_zone::shift::MOST_SETS;

/// A change is stored as what is tried, as the decision that led to it, and once more where it may be late.
const COPIES: usize = 3;

/// What else an incident stores: its notes, mostly.
const BESIDE: usize = 40_000;

pub(super) fn too_large(zone: &HostedZonePolicy<'_>, facts: &Facts<'_>) -> Option<Finding> {
    let sets: Vec<RecordSet> = zone.records.iter().filter_map(|record| facts.own.record(record)).flatten().collect();
    let mut bytes: Vec<usize> = sets.iter().map(size::of).collect();
    bytes.sort_unstable_by(|one, other| other.cmp(one));
    let change: usize = bytes.iter().take(MOST_SETS).sum();
    let stored = bytes.iter().sum::<usize>() + COPIES * change + BESIDE;
    (stored > size::ENOUGH).then(|| {
        let what = format!(
            "its {} record sets may need {stored} bytes in one incident, and {} are kept for it: then nothing more is moved",
            sets.len(),
            size::ENOUGH
        );
        let fix = "take records or endpoints of this zone out of the policy, or shorten what they answer";
        Finding::new(Warning, format!("hosted zone {}", zone.id), what, fix)
    })
}
