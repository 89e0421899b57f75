//! What weights one record can have: how far its endpoints can take over from others, and from whom they may take it back.
//!
//! This module never moves more at once than `takeover` allows, and never lets the last healthy endpoint be drained.

use std::collections::BTreeMap;

use homeostat_core::aws::record::Weights;
use homeostat_core::aws::share::Share;
use homeostat_core::id::SetIdentifier;

use super::evidence::{Ails, Fitness, alarming};
use super::judge::{Fit, Judge, Known, NEARLY, Wanted, name};
use super::share::{Plan, Wish, plan, shares};
use super::takeover::{Bound, Taker};
use crate::hosted_zone::reasons::Evidence;

/// New weights, and why they leave some of it where it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) weights: Weights,
    pub(super) partly: bool,
    /// What is left follows in steps.
    pub(super) in_steps: bool,
}

/// How much each may have.
pub(super) type Limits = BTreeMap<SetIdentifier, Share>;

impl Judge<'_> {
    /// The weights that give what is wanted as far as these limits go.
    pub(super) fn plan_up_to(&self, limits: &Limits, wanted: &Wanted) -> Option<Plan> {
        let (original, fit) = (self.original(), self.receivers(wanted));
        let planned = |standbys_too| {
            let (now, reduced) = (&self.weights, &wanted.reduced);
            let wish = Wish { original: &original, now, reduced, receivers: limits, standbys_too };
            plan(&wish).filter(|plan| self.breaks_no_rule(plan, &fit, wanted))
        };
        planned(false).or_else(|| planned(true))
    }

    /// Those that are proven well, have all of their share, and whose alarms are silent.
    pub(super) fn receivers(&self, wanted: &Wanted) -> Fit<'_> {
        let unreduced = self.endpoints.iter().filter(|known| !wanted.reduced.contains_key(&known.endpoint.id));
        let fit = unreduced.filter_map(|known| match (&known.fitness, known.alarm_under_traffic) {
            (Fitness::Well(why), None) => Some((&known.endpoint.id, why)),
            _ => None,
        });
        fit.collect()
    }

    /// Those that were drained and are proven healthy by now have all of their share, too, without waiting for their hold; and whoever is to
    /// be drained gives back at first only what it took over. Where enough others are healthy, not while an alarm speaks of one: without traffic it may never clear, and with traffic it
    /// would speak again.
    pub(super) fn rescued(&self, mut wanted: Wanted, latched_too: bool) -> Wanted {
        let are_enough = self.receivers(&wanted).len() >= self.enough();
        let is_loud = |endpoint| are_enough && alarming(endpoint, self.case.seen).is_some();
        for Known { endpoint, fitness, alarm_under_traffic, .. } in &self.endpoints {
            if alarm_under_traffic.is_some() || is_loud(endpoint) {
                continue;
            }
            let is_reduced = wanted.reduced.contains_key(&endpoint.id) && !wanted.drains.contains(&endpoint.id);
            let name = name(&self.record.key, &endpoint.id);
            let is_latched = self.case.around.limits.memory.latched.contains_key(&name) && !latched_too;
            if let (true, false, Fitness::Well(_)) = (is_reduced, is_latched, fitness) {
                wanted.reduced.remove(&endpoint.id);
            }
        }
        self.give_back(&mut wanted);
        wanted
    }

    /// Whoever is to be drained and took over for others is to have its own share.
    fn give_back(&self, wanted: &mut Wanted) {
        for id in wanted.drains.clone() {
            if let Some((own, has)) = self.taken_over(&id) {
                wanted.reduced.entry(id.clone()).and_modify(|share| *share = own.max(*share));
                wanted.because.push(Evidence::TookOver { endpoint: id, own, has });
            }
        }
    }

    /// Who has more than its own share in this record.
    pub(super) fn takes_more(&self) -> impl Iterator<Item = SetIdentifier> {
        let own = if self.held.is_some() { shares(&self.original()) } else { BTreeMap::new() };
        let more = own.into_iter().filter(|(id, own)| self.shares.get(id).is_some_and(|has| has.less(NEARLY) > *own));
        more.map(|(id, _)| id)
    }

    /// Its own share and what it has, if it took over for others.
    fn taken_over(&self, id: &SetIdentifier) -> Option<(Share, Share)> {
        self.held.filter(|_| self.took_over.contains(id))?;
        Some((*shares(&self.original()).get(id)?, *self.shares.get(id)?))
    }

    /// Whether one of those that are to be drained may be healthy again with its own share.
    pub(super) fn may_recover(&self, wanted: &Wanted) -> bool {
        wanted.drains.iter().any(|id| self.taken_over(id).is_some_and(|(own, _)| own > NEARLY))
    }

    /// The last weights that were borne, if nobody serves now.
    pub(super) fn as_last_borne(&self, wanted: &mut Wanted) -> Option<Planned> {
        let held = self.held?;
        let serves = |known: &&Known<'_>| self.weights.get(&known.endpoint.id).is_some_and(|weight| *weight > 0);
        let serving = || self.endpoints.iter().filter(serves);
        let all_are_known = serving().count() == self.weights.values().filter(|weight| **weight > 0).count();
        let nobody_serves = all_are_known && serving().all(|known| matches!(known.ails, Ails::Sick(_)));
        if !nobody_serves {
            return None;
        }
        let original = self.original();
        let borne = held.last_step.as_ref().map_or(&original, |step| &step.before);
        self.give_back(wanted);
        let (is_all_undone, borne_shares) = (*borne == original, shares(borne));
        for Known { endpoint, fitness, .. } in &self.endpoints {
            let id = &endpoint.id;
            let is_healthy = matches!(fitness, Fitness::Well(_)) && alarming(endpoint, self.case.seen).is_none();
            if is_all_undone && is_healthy {
                wanted.reduced.remove(id);
            }
            let share = borne_shares.get(id).copied().unwrap_or(Share::NONE);
            if is_all_undone || self.taken_over(id).is_some() {
                wanted.reduced.entry(id.clone()).and_modify(|reduced| *reduced = share);
            }
        }
        Some(Planned { weights: borne.clone(), partly: !is_all_undone, in_steps: !is_all_undone })
    }

    /// Whoever was to have less than now stays as it is.
    pub(super) fn without_drains(&self, mut wanted: Wanted) -> Wanted {
        for id in std::mem::take(&mut wanted.drains) {
            match self.held.and_then(|held| held.reduced.get(&id)) {
                Some(reduced) => wanted.reduced.insert(id, reduced.share),
                None => wanted.reduced.remove(&id),
            };
        }
        wanted.because.retain(|proof| matches!(proof, Evidence::Healthy { .. }));
        wanted
    }

    /// Those that may take over, each with what its limit depends on.
    pub(super) fn takers<'b>(&'b self, wanted: &Wanted) -> impl Iterator<Item = Taker<'b>> + use<'b> {
        let fit: Vec<SetIdentifier> = self.receivers(wanted).into_keys().cloned().collect();
        let own = shares(&self.original());
        let taker = move |id: SetIdentifier| {
            let endpoint = self.record.endpoint(&id)?;
            let of = |shares: &BTreeMap<SetIdentifier, Share>| shares.get(&id).copied().unwrap_or(Share::NONE);
            let (case, record, held) = (self.case, self.record, self.held);
            Some(Taker { case, record, endpoint, held, own: of(&own), has: of(&self.shares) })
        };
        fit.into_iter().filter_map(taker)
    }

    /// How much each may have: the fit up to their limit, the others what they have now.
    pub(super) fn limits(&self, bound: Bound, wanted: &Wanted) -> Limits {
        let unreduced = self.shares.iter().filter(|(id, _)| !wanted.reduced.contains_key(*id));
        let mut limits: BTreeMap<_, _> = unreduced.map(|(id, has)| (id.clone(), *has)).collect();
        limits.extend(self.takers(wanted).map(|taker| (taker.endpoint.id.clone(), taker.limit(bound))));
        limits
    }

    /// The last look at a plan, without regard to how it was made.
    fn breaks_no_rule(&self, plan: &Plan, fit: &Fit<'_>, wanted: &Wanted) -> bool {
        let serve = |id: &&SetIdentifier| plan.weights.get(*id).is_some_and(|weight| *weight > 0);
        let (now, then) = (&self.shares, shares(&plan.weights));
        let loses_more = |id: &SetIdentifier| now.get(id).is_some_and(|now| then.get(id) < Some(&now.less(NEARLY)));
        // A step that follows a drain is one, too.
        let is_drain = !wanted.drains.is_empty() || wanted.reduced.keys().any(loses_more);
        plan.weights.values().any(|weight| *weight > 0)
            && (!is_drain || fit.keys().copied().filter(serve).count() >= self.enough())
    }
}
