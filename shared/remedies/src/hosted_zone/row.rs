//! What `status` shows of an incident's records, as a value and in words.
//!
//! This module never reads Route 53: it shows what Homeostat left there.

use std::collections::BTreeMap;

use homeostat_core::aws::record::{RecordKey, Weight, weights};
use homeostat_core::aws::share::Share;
use homeostat_core::id::SetIdentifier;
use jiff::Timestamp;
use serde::Serialize;

use super::reasons::Waiting;
use super::share::shares;
use super::state::{Held, ZoneState};
use crate::hosted_zone::reasons::{Decision, Hold, HoldReason, Incident};

/// A record whose weights Homeostat moved and has not given back yet.
#[derive(Debug, Serialize)]
pub(super) struct HeldRecord {
    record: RecordKey,
    endpoints: Vec<HeldEndpoint>,
    /// Addresses of the other family under the same name, which the policy leaves out.
    left_out: Vec<String>,
}

#[derive(Debug, Serialize)]
struct HeldEndpoint {
    endpoint: SetIdentifier,
    /// As Homeostat left it.
    weight: Weight,
    weight_before: Option<Weight>,
    /// Of all answers.
    share: String,
    share_before: String,
    /// Since when it is without its own share.
    reduced_since: Option<Timestamp>,
    proven_well_since: Option<Timestamp>,
    waits_for: Option<String>,
}

pub(super) fn held(incident: &Incident, kept: &ZoneState) -> Vec<HeldRecord> {
    let waiting: &[Waiting] = match &incident.decision {
        Some(Decision::Hold { because: Hold::Own(HoldReason::Returning { waiting }), .. }) => waiting,
        _ => &[],
    };
    let left_out = |of: &RecordKey| {
        let beside = kept.siblings.iter().filter(|(key, sibling)| !sibling.is_in_policy && key.name == of.name);
        beside.map(|(key, it)| format!("{key} is not in the policy and is not moved: {}", it.shares())).collect()
    };
    let shown = |(key, held): (&RecordKey, &Held)| HeldRecord {
        record: key.clone(),
        endpoints: endpoints(key, held, waiting),
        left_out: left_out(key),
    };
    kept.records.iter().map(shown).collect()
}

fn endpoints(key: &RecordKey, held: &Held, waiting: &[Waiting]) -> Vec<HeldEndpoint> {
    let before = weights(&held.saved);
    let (had, has) = (shares(&before), shares(&held.applied));
    let shown = |(id, weight): (&SetIdentifier, &Weight)| {
        let reduced = held.reduced.get(id);
        let waits = waiting.iter().find(|waiting| waiting.record == *key && waiting.endpoint == *id);
        HeldEndpoint {
            endpoint: id.clone(),
            weight: *weight,
            weight_before: before.get(id).copied(),
            share: part(&has, id),
            share_before: part(&had, id),
            reduced_since: reduced.map(|reduced| reduced.since),
            proven_well_since: reduced.and_then(|reduced| reduced.healthy_since),
            waits_for: waits.map(ToString::to_string),
        }
    };
    held.applied.iter().map(shown).collect()
}

fn part(shares: &BTreeMap<SetIdentifier, Share>, id: &SetIdentifier) -> String {
    shares.get(id).copied().unwrap_or(Share::NONE).to_string()
}

impl HeldRecord {
    /// `www.example.com A: blue 0 % of answers (70 % before; weight 0, 70 before), green …`
    pub(super) fn sentence(&self) -> String {
        let each = self.endpoints.iter().map(|shown| {
            let HeldEndpoint { endpoint, weight, share, share_before, .. } = shown;
            let before = shown.weight_before.map_or_else(|| "none".to_owned(), |weight| weight.to_string());
            format!("{endpoint} {share} of answers ({share_before} before; weight {weight}, {before} before)")
        });
        let mut said = format!("holds {}: {}", self.record, each.collect::<Vec<_>>().join(", "));
        for left_out in &self.left_out {
            said.push_str("; ");
            said.push_str(left_out);
        }
        said
    }
}
