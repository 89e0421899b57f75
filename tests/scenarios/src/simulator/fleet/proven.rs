//! Who has been unhealthy so plainly that every look had to prove it, and since when: until they are healthy or gone, whatever becomes of
//! the evidence meanwhile.
//!
//! This module never judges. While calls fail and events are lost there is nothing that has to be seen.

use std::collections::BTreeMap;

use homeostat_core::id::InstanceId;
use homeostat_remedies::instance::policy::{EvidenceSource, GroupPolicy};
use homeostat_remedies::policy::Policy;
use jiff::{SignedDuration, Timestamp};

use super::rules::is_plainly_sick;
use super::truth::{Known, Truth};

/// Until the slowest evidence says so, and the next survey or look has read it.
const SEEN_WITHIN: SignedDuration = SignedDuration::from_mins(12);

#[derive(Debug, Clone, Default)]
pub(super) struct Proven(pub(super) BTreeMap<InstanceId, Timestamp>);

impl Proven {
    /// `faultless`: since when all calls and events have arrived.
    pub(super) fn note(&mut self, truth: &Truth, policy: &Policy, now: Timestamp, faultless: Option<Timestamp>) {
        self.0.retain(|id, _| {
            let known = truth.instances.get(id);
            known.is_some_and(|known| {
                policy.instances.group(&known.group).is_some_and(|policy| is_still_sick(known, policy))
            })
        });
        if faultless.is_none_or(|since| now < since + SEEN_WITHIN) {
            return;
        }
        for (id, known) in &truth.instances {
            let (Some(facts), Some(policy)) = (truth.groups.get(&known.group), policy.instances.group(&known.group))
            else {
                continue;
            };
            if !self.0.contains_key(id) && is_plainly_sick(known, facts, policy, now, SEEN_WITHIN) {
                self.0.insert(id.clone(), now);
            }
        }
    }
}

fn is_still_sick(known: &Known, policy: &GroupPolicy) -> bool {
    let is = |evidence: &EvidenceSource| match evidence {
        EvidenceSource::TargetHealth => known.sick_since.is_some(),
        EvidenceSource::InstanceStatus => known.machine_bad_since.is_some(),
        // Seed 71025313: people heard of it, and deleted the only alarm that could tell. Seed 813983392: its machine failed too, and
        // an alarm that takes missing data for good is OK. Seed 91002411: people heard of it, and then the alarm lost its data for good.
        EvidenceSource::Alarm => {
            let can_ring = known.machine_bad_since.is_none() && known.heard.own_alarm_since.is_some();
            let is_heard = can_ring || known.heard.own_rings;
            known.app_dead_since.is_some() && !known.heard.own_is_gone && is_heard
        }
    };
    known.is_here && known.in_service_since.is_some() && policy.evidence.iter().all(is)
}
