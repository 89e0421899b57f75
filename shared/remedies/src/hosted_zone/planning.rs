//! Who takes over what from whom in one record, tried in this order:
//!
//! 1. those that have all of their share and are proven healthy;
//! 2. where they can't take all of it, those too that were drained before and are proven healthy by now, without waiting for their
//!    hold, latched ones last. Whoever failed with what it had taken over gives only that back at first: with its own share it may
//!    recover, and if it doesn't, it is drained after `step-interval`. So the whole of the traffic is never swapped in one move from
//!    those that took over to those that they took over from, and back;
//! 3. where all that have weight are unhealthy, one of them with more than its own share: the weights with which the last of them were
//!    proven healthy, which are those of before the last step or of before the incident, whoever is healthy now. Nothing is lost by
//!    it, since nobody served, and whoever fell over under the load of others may recover.
//!
//! This module never moves more at once than `takeover` allows, and never lets the last healthy endpoint be drained.

use std::collections::BTreeMap;

use homeostat_core::aws::record::Weights;
use homeostat_core::aws::share::Share;
use homeostat_core::id::SetIdentifier;
use jiff::Timestamp;

use super::drift::missing;
use super::evidence::{Ails, Fitness, alarming};
use super::judge::{Fit, Judge, Judged, Known, MUCH, NEARLY, Wanted, all_wait, name};
use super::reasons::{Awaits, Trouble, Waiting};
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

impl Judge<'_> {
    /// The weights for what is wanted. `None`, and why not, if it can't be had.
    pub(super) fn plan(&self, original: &Weights, wanted: &mut Wanted, judged: &mut Judged) -> Option<Planned> {
        let enough = usize::try_from(self.record.min_healthy).unwrap_or(usize::MAX);
        let plan = self.sound_plan(original, wanted, enough);
        if wanted.drains.is_empty() {
            if plan.is_none() {
                self.say_why_not(wanted, enough, judged);
            }
            return plan;
        }
        if plan.as_ref().is_none_or(|plan| plan.partly)
            && let Some((rescued, rescue)) = self.rescue(original, wanted, enough, plan.as_ref())
        {
            *wanted = rescued;
            self.say_who_takes_over(wanted);
            return Some(rescue);
        }
        if plan.is_some() {
            self.say_who_takes_over(wanted);
            return plan;
        }
        if let Some(before) = self.as_last_borne(original, wanted) {
            self.say_who_takes_over(wanted);
            return Some(before);
        }
        self.say_why_not(wanted, enough, judged);
        // Those that get their share back don't wait for one whose share nobody can take.
        *wanted = self.without_drains(std::mem::take(wanted));
        self.sound_plan(original, wanted, enough)
    }

    /// As much as the limits allow; but in steps where that is better than all at once.
    fn sound_plan(&self, original: &Weights, wanted: &Wanted, enough: usize) -> Option<Planned> {
        let whole = self.plan_within(Bound::Experience, None, original, wanted, enough)?;
        let doubled = self.plan_within(Bound::Doubling, Some(&whole), original, wanted, enough);
        let (at_stake, would_wait) = self.weighed(&whole, doubled.as_ref(), wanted);
        let is_better_in_steps = would_wait > MUCH && would_wait <= at_stake;
        let Plan { weights, partly } = if is_better_in_steps { doubled? } else { whole };
        let has_room =
            || self.plan_within(Bound::MaxShare, None, original, wanted, enough).is_some_and(|all| !all.partly);
        let in_steps = partly && has_room();
        Some(Planned { weights, partly, in_steps })
    }

    /// What those have that would be more than doubled, and what would be lost on unhealthy endpoints in steps that isn't at once.
    fn weighed(&self, whole: &Plan, doubled: Option<&Plan>, wanted: &Wanted) -> (Share, Share) {
        let then = shares(&whole.weights);
        let in_steps = doubled.map_or_else(|| self.shares.clone(), |doubled| shares(&doubled.weights));
        let of = |shares: &BTreeMap<SetIdentifier, Share>, id: &SetIdentifier| {
            shares.get(id).copied().unwrap_or(Share::NONE)
        };
        let overfilled = self.takers(wanted).filter(|taker| {
            let id = &taker.endpoint.id;
            of(&then, id).less(NEARLY) > taker.limit(Bound::Doubling)
        });
        let at_stake = overfilled.fold(Share::NONE, |sum, taker| sum.plus(taker.has));
        let waits = |id: &SetIdentifier| of(&in_steps, id).less(of(&then, id));
        let would_wait = wanted.reduced.keys().fold(Share::NONE, |sum, id| sum.plus(waits(id)));
        (at_stake, would_wait)
    }

    fn plan_within(
        &self,
        bound: Bound,
        whole: Option<&Plan>,
        original: &Weights,
        wanted: &Wanted,
        enough: usize,
    ) -> Option<Plan> {
        let fit = self.receivers(wanted);
        let mut limits = self.limits(bound, wanted);
        // In steps, too, who stands by takes over only what the others can't.
        for (id, share) in whole.map(|whole| shares(&whole.weights)).into_iter().flatten() {
            if original.get(&id) == Some(&0) {
                limits.entry(id).and_modify(|limit| *limit = (*limit).min(share));
            }
        }
        let planned = |standbys_too| {
            let wish =
                Wish { original, now: &self.weights, reduced: &wanted.reduced, receivers: &limits, standbys_too };
            plan(&wish).filter(|plan| self.breaks_no_rule(plan, &fit, wanted, enough))
        };
        planned(false).or_else(|| planned(true))
    }

    pub(super) fn say_who_takes_over(&self, wanted: &mut Wanted) {
        let well =
            |(id, why): (&SetIdentifier, &Vec<String>)| Evidence::Healthy { endpoint: id.clone(), why: why.clone() };
        let takers: Vec<Evidence> = self.receivers(wanted).into_iter().map(well).collect();
        wanted.because.extend(takers);
    }

    /// It is for a person, too, if one of the others failed with what it had taken over.
    pub(super) fn say_what_waits(&self, wanted: &Wanted, judged: &mut Judged) {
        for taker in self.takers(wanted) {
            if let Some(failed_at) = taker.failed_at() {
                let (record, endpoint) = (self.record.key.clone(), taker.endpoint.id.clone());
                judged.troubles.push(Trouble::Overloaded { record, endpoint, failed_at, more_at: taker.more_at() });
            }
        }
        let until = self.more_at(wanted);
        for (id, share) in &wanted.reduced {
            let has = self.shares.get(id).copied().unwrap_or(Share::NONE);
            if has.less(NEARLY) > *share {
                // What it is to have is not what it has.
                judged.waiting.retain(|other| other.record != self.record.key || other.endpoint != *id);
                judged.waiting.push(Waiting {
                    record: self.record.key.clone(),
                    endpoint: id.clone(),
                    share: has,
                    awaits: Awaits::OthersBear { until },
                });
            }
        }
    }

    /// When the first of those that may take over takes more.
    fn more_at(&self, wanted: &Wanted) -> Timestamp {
        let now = self.case.now;
        let times = self.takers(wanted).map(|taker| taker.more_at()).filter(|at| *at > now);
        times.min().unwrap_or(now + self.case.policy.dns.check_every)
    }

    /// Those that are proven well, have all of their share, and whose alarms are silent.
    fn receivers(&self, wanted: &Wanted) -> Fit<'_> {
        let unreduced = self.endpoints.iter().filter(|known| !wanted.reduced.contains_key(&known.endpoint.id));
        let fit = unreduced.filter_map(|known| match (&known.fitness, known.alarm_under_traffic) {
            (Fitness::Well(why), None) => Some((&known.endpoint.id, why)),
            _ => None,
        });
        fit.collect()
    }

    /// Nobody else can take over all of it: then those can that were drained before and are proven well by now.
    fn rescue(
        &self,
        original: &Weights,
        wanted: &Wanted,
        enough: usize,
        instead_of: Option<&Planned>,
    ) -> Option<(Wanted, Planned)> {
        let is_better = |rescue: &Planned| instead_of.is_none() || !rescue.partly;
        let rescue = |latched_too| {
            let rescued = self.rescued(wanted.clone(), enough, latched_too);
            let rescue = self.sound_plan(original, &rescued, enough).filter(is_better)?;
            Some((rescued, rescue))
        };
        // What follows in steps is no reason to let one come back that failed again and again.
        let is_left = instead_of.is_none_or(|plan| !plan.in_steps);
        rescue(false).or_else(|| rescue(true).filter(|_| is_left))
    }

    /// Where enough others are healthy, not while an alarm speaks of one: without traffic it may never clear, and with traffic it
    /// would speak again.
    fn rescued(&self, mut wanted: Wanted, enough: usize, latched_too: bool) -> Wanted {
        let are_enough = self.receivers(&wanted).len() >= enough;
        let is_loud = |endpoint| are_enough && alarming(endpoint, self.case.seen).is_some();
        for Known { endpoint, fitness, alarm_under_traffic, .. } in &self.endpoints {
            if alarm_under_traffic.is_some() || is_loud(endpoint) {
                continue;
            }
            let is_reduced = wanted.reduced.contains_key(&endpoint.id) && !wanted.drains.contains(&endpoint.id);
            let name = name(self.record, &endpoint.id);
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

    /// Its own share and what it has, if that is more.
    fn taken_over(&self, id: &SetIdentifier) -> Option<(Share, Share)> {
        self.held?;
        let (own, has) = (*shares(&self.original()).get(id)?, *self.shares.get(id)?);
        (has.less(NEARLY) > own).then_some((own, has))
    }

    /// The last weights that were borne.
    fn as_last_borne(&self, original: &Weights, wanted: &mut Wanted) -> Option<Planned> {
        let serves = |known: &&Known<'_>| self.weights.get(&known.endpoint.id).is_some_and(|weight| *weight > 0);
        let serving = || self.endpoints.iter().filter(serves);
        let all_are_known = serving().count() == self.weights.values().filter(|weight| **weight > 0).count();
        let nobody_serves = all_are_known && serving().all(|known| matches!(known.ails, Ails::Sick(_)));
        let may_recover = |id: &SetIdentifier| self.taken_over(id).is_some_and(|(own, _)| own > NEARLY);
        if !nobody_serves || !wanted.drains.iter().any(may_recover) {
            return None;
        }
        let borne = self.held.and_then(|held| held.last_step.as_ref()).map_or(original, |step| &step.before);
        self.give_back(wanted);
        let (is_all_undone, borne_shares) = (borne == original, shares(borne));
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
    fn without_drains(&self, mut wanted: Wanted) -> Wanted {
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
    fn takers<'b>(&'b self, wanted: &Wanted) -> impl Iterator<Item = Taker<'b>> + use<'b> {
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
    fn limits(&self, bound: Bound, wanted: &Wanted) -> BTreeMap<SetIdentifier, Share> {
        let unreduced = self.shares.iter().filter(|(id, _)| !wanted.reduced.contains_key(*id));
        let mut limits: BTreeMap<_, _> = unreduced.map(|(id, has)| (id.clone(), *has)).collect();
        limits.extend(self.takers(wanted).map(|taker| (taker.endpoint.id.clone(), taker.limit(bound))));
        limits
    }

    /// The last look at a plan, without regard to how it was made.
    fn breaks_no_rule(&self, plan: &Plan, fit: &Fit<'_>, wanted: &Wanted, enough: usize) -> bool {
        let serve = |id: &&SetIdentifier| plan.weights.get(*id).is_some_and(|weight| *weight > 0);
        let is_drain = !wanted.drains.is_empty();
        plan.weights.values().any(|weight| *weight > 0)
            && (!is_drain || fit.keys().copied().filter(serve).count() >= enough)
    }

    fn say_why_not(&self, wanted: &Wanted, enough: usize, judged: &mut Judged) {
        let whole = self.plan_within(Bound::Experience, None, &self.original(), wanted, enough);
        if whole.is_some() && !wanted.drains.is_empty() {
            return self.say_what_waits(wanted, judged);
        }
        let why = self.why_nobody(wanted, enough);
        for id in &wanted.drains {
            let (record, endpoint) = (self.record.key.clone(), id.clone());
            judged.troubles.push(Trouble::NoTarget { record, endpoint, why: why.clone() });
        }
        if let (true, Some(held)) = (wanted.drains.is_empty(), self.held) {
            let others = Awaits::Others { why };
            let has = |id: &SetIdentifier, to_have| self.shares.get(id).copied().unwrap_or(to_have);
            let waiting = all_wait(self.record, held, &others).into_iter();
            judged.waiting.extend(waiting.map(|it| Waiting { share: has(&it.endpoint, it.share), ..it }));
        }
    }

    fn why_nobody(&self, wanted: &Wanted, enough: usize) -> String {
        let others = self.endpoints.iter().filter(|known| !wanted.drains.contains(&known.endpoint.id));
        let why = |known: &Known<'_>| {
            let why = match (&known.fitness, known.alarm_under_traffic) {
                (_, Some(alarm)) => format!("alarm {:?} is in ALARM", alarm.arn.alarm_name()),
                (Fitness::Well(_), None) => self.why_no_more(known, wanted),
                (Fitness::Sick(proof), None) => format!("is sick too ({proof})"),
                (Fitness::Unknown(why), None) => format!("is not proven well ({why})"),
            };
            format!("{} {why}", known.endpoint.id)
        };
        let gone = missing(self.record, self.sets).map(|endpoint| format!("{} has no record set", endpoint.id));
        let said: Vec<String> = others.map(why).chain(gone).collect();
        if said.is_empty() {
            return "all endpoints are sick".to_owned();
        }
        format!("of the others at least {enough} must be proven well and able to take it: {}", said.join(", "))
    }

    fn why_no_more(&self, known: &Known<'_>, wanted: &Wanted) -> String {
        let taker = self.takers(wanted).find(|taker| taker.endpoint.id == known.endpoint.id);
        let failed_at = |taker: &Taker<'_>| Some((taker.failed_at()?, taker.more_at()));
        match taker.as_ref().and_then(failed_at) {
            Some((failed_at, more_at)) => format!(
                "is well, and failed at {failed_at:.0} when it had taken over; it takes over in steps from {more_at:.0} on, if it \
                 stays well"
            ),
            None => "is well, and can take no more".to_owned(),
        }
    }
}
