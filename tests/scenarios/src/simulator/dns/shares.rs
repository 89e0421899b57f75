//! Weights as shares in per cent, reckoned anew: the oracle's own arithmetic.
//!
//! This module never calls the code that plans.

use std::collections::BTreeMap;

use homeostat_core::aws::record::{RecordKey, RecordSet, Weights};

/// What whole weights can miss a share by, as the product promises it: two parts in a hundred.
pub(super) const ROUNDING: f64 = 2.1;
/// From one side of a share that whole weights can only miss to the other.
pub(super) const ACROSS: f64 = 2.0 * ROUNDING;
/// Of a comparison of two quotients.
pub(super) const HAIR: f64 = 0.01;

/// In an order of their own: what a batch deletes and creates again comes after what it leaves alone.
pub(super) fn of(key: &RecordKey, sets: &[RecordSet]) -> Vec<RecordSet> {
    let mut sets: Vec<RecordSet> = sets.iter().filter(|set| set.is_of(key)).cloned().collect();
    sets.sort_by_cached_key(|set| format!("{:?}", set.routing));
    sets
}

pub(super) fn weights(key: &RecordKey, sets: &[RecordSet]) -> Weights {
    let weighted = |set: &RecordSet| set.weighted().map(|(id, weight)| (id.clone(), weight));
    sets.iter().filter(|set| set.is_of(key)).filter_map(weighted).collect()
}

pub(super) fn percents(weights: &Weights) -> BTreeMap<String, f64> {
    let total: f64 = weights.values().map(|weight| f64::from(*weight)).sum();
    let count: f64 = weights.values().map(|_| 1.0).sum();
    let percent = |weight: u8| if total == 0.0 { 100.0 / count } else { f64::from(weight) * 100.0 / total };
    weights.iter().map(|(id, weight)| (id.to_string(), percent(*weight))).collect()
}

/// `blue 0, green 30`.
pub(super) fn shown(weights: &Weights) -> String {
    weights.iter().map(|(id, weight)| format!("{id} {weight}")).collect::<Vec<_>>().join(", ")
}
