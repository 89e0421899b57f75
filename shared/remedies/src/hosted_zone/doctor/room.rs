//! Whether the others can take over from each endpoint, if all of them are well: by the same reckoning as in earnest.
//!
//! This module never takes more weight for movable than the policy's limits allow.

use std::collections::BTreeMap;

use homeostat_core::aws::record::{Weights, weights};
use homeostat_core::aws::share::Share;
use homeostat_core::doctor::Severity::{Error, Warning};
use homeostat_core::doctor::{Finding, Severity};
use homeostat_core::id::SetIdentifier;

use super::{Facts, about_endpoint, unfit};
use crate::hosted_zone::policy::{EndpointPolicy, RecordPolicy};
use crate::hosted_zone::share::{Plan, Wish, plan, shares};

pub(super) fn left(record: &RecordPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let Some(sets) = facts.own.record(record).filter(|sets| unfit(record, sets).is_none()) else { return Vec::new() };
    let original = weights(&sets);
    let serving =
        record.endpoints.iter().filter(|endpoint| original.get(&endpoint.id).is_some_and(|weight| *weight > 0));
    let found = serving.filter_map(|endpoint| {
        let (severity, what, fix) = without(record, endpoint, &original)?;
        Some(Finding::new(severity, about_endpoint(record, endpoint), what, fix))
    });
    found.collect()
}

/// What would come of it, if this endpoint fell sick.
fn without(
    record: &RecordPolicy,
    endpoint: &EndpointPolicy,
    original: &Weights,
) -> Option<(Severity, String, &'static str)> {
    let has = shares(original);
    // Where nobody else is there, the missing sets are what is told.
    if has.len() < 2 {
        return None;
    }
    let own = has.get(&endpoint.id).copied().unwrap_or(Share::NONE);
    if endpoint.drain_to >= own {
        let what = format!("it gets {own} of answers, and its drain-to is {}: it is never drained", endpoint.drain_to);
        return Some((Warning, what, "lower its drain-to"));
    }
    let reduced = BTreeMap::from([(endpoint.id.clone(), endpoint.drain_to)]);
    let limit = |id: &SetIdentifier, has: Share| record.endpoint(id).map_or(has, |other| other.max_share.max(has));
    let others = has.iter().filter(|(id, _)| **id != endpoint.id);
    let receivers = others.map(|(id, has)| (id.clone(), limit(id, *has))).collect();
    let room = "raise the others' max-share, if they can bear it, or add an endpoint";
    let carrying = |plan: &Plan| {
        let has_weight = |other: &&EndpointPolicy| plan.weights.get(&other.id).is_some_and(|weight| *weight > 0);
        record.endpoints.iter().filter(|other| other.id != endpoint.id).filter(has_weight).count()
    };
    let enough = usize::try_from(record.min_healthy).unwrap_or(usize::MAX);
    let planned =
        |standbys_too| plan(&Wish { original, now: original, reduced: &reduced, receivers: &receivers, standbys_too });
    let best = planned(false).filter(|plan| carrying(plan) >= enough).or_else(|| planned(true));
    let Some(plan) = best else {
        let what = "if it falls sick, nothing is moved: the others' max-share leaves no room".to_owned();
        return Some((Error, what, room));
    };
    let carrying = carrying(&plan);
    if carrying < enough {
        let what = format!(
            "if it falls sick, nothing is moved: {carrying} of the others would carry weight, and min-healthy asks for {}",
            record.min_healthy
        );
        return Some((Error, what, "lower min-healthy, or give weight to more endpoints"));
    }
    let Plan { weights, partly } = plan;
    let keeps = shares(&weights).get(&endpoint.id).copied().unwrap_or(Share::NONE);
    let what = format!("if it falls sick, only a part is moved, by the others' max-share: it keeps {keeps} of answers");
    partly.then_some((Warning, what, room))
}
