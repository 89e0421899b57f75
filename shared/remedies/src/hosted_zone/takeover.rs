//! How much an endpoint may take over for others now: all that its `max-share` allows, or a part of it and the rest in steps.
//!
//! A shift onto endpoints that can't bear it makes things worse than they were: what they served is lost too, and whoever takes
//! over from them has more to bear still. What stays on an endpoint that is dead is lost as well. So the two are weighed:
//!
//! - Up to twice its share an endpoint takes over at once. What would be more than that waits until it has been proven healthy
//!   with the double for `step-interval`, and so on.
//! - Unless what would have to wait is more than the endpoints that would be overfilled have now: then more is lost for certain by
//!   waiting than is at stake. Who stands by with no weight has nothing at stake.
//! - Who became unhealthy with more than its own share within `flaps-within` is asked for no more than it has then, until it has been
//!   proven healthy for `hold`, doubled each time; and then only in the record's `steps`.
//!
//! This module never lets anybody go over their `max-share`, and never keeps an endpoint from what it had before the incident.

use homeostat_core::aws::share::Share;
use homeostat_core::id::SetIdentifier;
use jiff::Timestamp;

use super::decide::Situation;
use super::judge::{MUCH, name};
use super::returning::held_for;
use super::state::Held;
use crate::hosted_zone::policy::{EndpointPolicy, RecordPolicy};

/// What is regarded. Each has what the one before has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bound {
    MaxShare,
    /// How it went when it took over before.
    Experience,
    /// Nobody is more than doubled at once.
    Doubling,
}

/// An endpoint that is proven healthy and may take over.
pub(super) struct Taker<'a> {
    pub(super) case: Situation<'a>,
    pub(super) record: &'a RecordPolicy,
    pub(super) endpoint: &'a EndpointPolicy,
    pub(super) held: Option<&'a Held>,
    /// Its share before the incident.
    pub(super) own: Share,
    pub(super) has: Share,
}

impl Taker<'_> {
    pub(super) fn limit(&self, bound: Bound) -> Share {
        let most = self.endpoint.max_share;
        let limit = match bound {
            Bound::MaxShare => most,
            Bound::Experience => most.min(self.by_experience()),
            Bound::Doubling => most.min(self.by_experience()).min(self.doubled()),
        };
        limit.max(self.has)
    }

    /// When it may take more than now, if it stays healthy until then.
    pub(super) fn more_at(&self) -> Timestamp {
        match self.failed() {
            Some(failed) => self.trusted_at(failed),
            None => self.healthy_since().unwrap_or(self.case.now) + self.record.pace,
        }
    }

    /// When it failed last with more than its own share, if that was lately.
    pub(super) fn failed_at(&self) -> Option<Timestamp> {
        self.failed().map(|(_, last)| last)
    }

    fn failed(&self) -> Option<(u32, Timestamp)> {
        let memory = &self.case.around.limits.memory;
        let of = |key| memory.failed_takeovers(self.case.now, self.record.flaps_within, &name(key, self.id()));
        // What it could not bear it had by all types of its name.
        let failed = self.record.table.iter().filter_map(of);
        failed.reduce(|(times, last), (others, other)| (times.max(others), last.max(other)))
    }

    fn by_experience(&self) -> Share {
        let Some(failed) = self.failed() else { return Share::ALL };
        if self.case.now < self.trusted_at(failed) {
            return self.own.max(self.has);
        }
        let rest = Share::ALL.less(self.own);
        let mut steps = self.record.steps.iter().map(|step| self.own.plus(step.of(rest)));
        steps.find(|share| share.less(MUCH) > self.has).unwrap_or(Share::ALL)
    }

    /// After the hold; and after a step that it has borne since then, when the next one is due.
    fn trusted_at(&self, (times, last): (u32, Timestamp)) -> Timestamp {
        // Where nothing was held nobody has looked at it since.
        let since = self.healthy_since().unwrap_or(if self.held.is_some() { self.case.now } else { last });
        let has_borne_a_step = self.held.and_then(|held| held.last_step.as_ref()).is_some_and(|step| step.at > last);
        since + if has_borne_a_step { self.record.pace } else { held_for(self.record, times) }
    }

    fn doubled(&self) -> Share {
        let is_borne = self.healthy_since().is_some_and(|since| since + self.record.pace <= self.case.now);
        let borne = if is_borne { self.own.max(self.has) } else { self.own };
        if borne == Share::NONE { Share::ALL } else { borne.plus(borne) }
    }

    fn healthy_since(&self) -> Option<Timestamp> {
        let held = self.held?;
        let returning = held.reduced.get(self.id()).and_then(|reduced| reduced.healthy_since);
        held.bearing.get(self.id()).copied().or(returning)
    }

    fn id(&self) -> &SetIdentifier {
        &self.endpoint.id
    }
}
