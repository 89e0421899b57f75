//! What was true of each endpoint, and when: what a rule holds a change against.
//!
//! This module never asks what anybody was told; it looks at the applications themselves.

use std::collections::BTreeMap;

use homeostat_remedies::hosted_zone::policy::{Active, RecordPolicy};
use jiff::{SignedDuration, Timestamp};
use world::{EndpointState, HealthCheck, World};

/// What was so this long ago may have been seen as if it were so now: an alarm's two periods and its evaluation, or a report of
/// checkers that stopped, and the time that a change takes from its decision.
pub(super) const LATELY: SignedDuration = SignedDuration::from_mins(5);

#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Route 53 could have called it healthy: it answered, however late; or not all of its checkers reached it, and its health check is
    /// inverted.
    pub(super) last_answering: Option<Timestamp>,
    pub(super) last_well: Option<Timestamp>,
    pub(super) last_unwell: Option<Timestamp>,
    pub(super) dead_since: Option<Timestamp>,
    pub(super) well_since: Option<Timestamp>,
    /// Some checkers don't reach it, whatever its state.
    pub(super) is_cut_off: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Truth {
    pub(super) endpoints: BTreeMap<String, Known>,
}

impl Truth {
    pub(super) fn note(&mut self, world: &World) {
        let now = world.now();
        for endpoint in world.endpoints() {
            let known = self.endpoints.entry(endpoint.name.clone()).or_default();
            let state = endpoint.state;
            let since = |before: Option<Timestamp>, holds: bool| holds.then(|| before.unwrap_or(now));
            let check = endpoint.health_check.as_ref().filter(|check| world.health_check(&check.id).is_some());
            let is_plain = check.is_some_and(|check| !check.inverted && !check.disabled);
            known.dead_since = since(known.dead_since, state == EndpointState::Dead && is_plain);
            known.well_since = since(known.well_since, state == EndpointState::Well && is_plain);
            let answers = state != EndpointState::Dead;
            // Seed 183443080: an inverted one counts for healthy what its checkers don't reach.
            let finds_healthy = |check: &HealthCheck| match check.inverted {
                true => !answers || check.cut_off() > 0,
                false => answers,
            };
            if check.is_some_and(|check| !check.disabled && finds_healthy(check)) {
                known.last_answering = Some(now);
            }
            if state == EndpointState::Well {
                known.last_well = Some(now);
            }
            if state != EndpointState::Well || known.is_cut_off {
                known.last_unwell = Some(now);
            }
        }
    }

    /// Everything that the policy takes for proof could have found it well at that time.
    pub(super) fn was_well(&self, record: &RecordPolicy, endpoint: &str, at: Timestamp) -> bool {
        let Some(known) = self.endpoints.get(endpoint) else { return false };
        record.proof.iter().all(|source| {
            let last = match source {
                Active::HealthCheck | Active::TargetHealth => known.last_answering,
                Active::Canary => known.last_well,
            };
            last.is_some_and(|last| last + LATELY >= at)
        })
    }

    pub(super) fn is_well_for(&self, endpoint: &str, now: Timestamp, duration: SignedDuration) -> bool {
        let since = self.endpoints.get(endpoint).and_then(|known| known.well_since);
        since.is_some_and(|since| since + duration <= now)
    }

    pub(super) fn is_dead_for(&self, endpoint: &str, now: Timestamp, duration: SignedDuration) -> bool {
        let since = self.endpoints.get(endpoint).and_then(|known| known.dead_since);
        since.is_some_and(|since| since + duration <= now)
    }
}
