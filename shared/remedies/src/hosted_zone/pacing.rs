//! Whether weight comes over at once or in steps, and how large a step is: one answer for all records that are decided about together.
//!
//! A shift onto endpoints that can't bear it loses what they served, too; what waits on endpoints that are dead is lost as well
//! (`takeover`). The two are weighed over all of the records, and of what each has to move each moves the same part.
//!
//! This module never lets one of the records be done while another still waits.

use homeostat_core::aws::share::{Share, WHOLE};

use super::judge::{Judge, MUCH, NEARLY, Wanted};
use super::planning::{Limits, Planned};
use super::share::{Plan, shares};
use super::takeover::Bound;

/// What is wanted of one record.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) judge: &'a Judge<'a>,
    pub(super) wanted: &'a Wanted,
}

/// What can be had at once, and what in steps.
struct Options<'a> {
    step: Step<'a>,
    /// As if nobody had ever failed with what it took over.
    all: Plan,
    whole: Bounded,
    doubled: Bounded,
}

/// The weights within these limits.
#[derive(Clone)]
struct Bounded {
    plan: Plan,
    limits: Limits,
}

/// The weights for each, as far as the limits allow; but in steps where that is better than all at once. `None` where nothing can be moved.
pub(super) fn paced(steps: Vec<Step<'_>>) -> Vec<Option<Planned>> {
    let all: Vec<Option<Options<'_>>> = steps.into_iter().map(Options::of).collect();
    let there = || all.iter().flatten();
    let in_steps = is_better_in_steps(there());
    let part = there().filter_map(|options| options.part(options.chosen(in_steps))).min().unwrap_or(Share::ALL);
    let planned = |options: &Options<'_>| options.planned(options.chosen(in_steps), part);
    all.iter().map(|options| options.as_ref().map(planned)).collect()
}

/// What would have to wait is much, and not more than the endpoints have that would be overfilled.
fn is_better_in_steps<'a>(all: impl Iterator<Item = &'a Options<'a>> + Clone) -> bool {
    let waits = all.clone().map(Options::would_wait);
    let at_stake = all.map(|options| options.at_stake().millionths()).sum::<u64>();
    let is_much = waits.clone().any(|waits| waits > MUCH);
    is_much && waits.map(Share::millionths).sum::<u64>() <= at_stake
}

impl<'a> Options<'a> {
    fn of(step: Step<'a>) -> Option<Self> {
        let Step { judge, wanted } = step;
        let within = |limits: Limits| Some(Bounded { plan: judge.plan_up_to(&limits, wanted)?, limits });
        let whole = within(judge.limits(Bound::Experience, wanted))?;
        let mut up_to_double = judge.limits(Bound::Doubling, wanted);
        // In steps, too, who stands by takes over only what the others can't, and keeps that until they can.
        let original = judge.original();
        for (id, share) in shares(&whole.plan.weights) {
            if original.get(&id) == Some(&0) {
                let most = judge.shares.get(&id).map_or(share, |has| share.max(*has));
                up_to_double.entry(id).and_modify(|limit| *limit = (*limit).min(most));
            }
        }
        let doubled = within(up_to_double).unwrap_or_else(|| whole.clone());
        let all = judge.plan_up_to(&judge.limits(Bound::MaxShare, wanted), wanted);
        Some(Options { step, all: all.unwrap_or_else(|| whole.plan.clone()), whole, doubled })
    }

    fn chosen(&self, in_steps: bool) -> &Bounded {
        if in_steps { &self.doubled } else { &self.whole }
    }

    /// What those have that would be more than doubled.
    fn at_stake(&self) -> Share {
        let (Step { judge, wanted }, then) = (self.step, shares(&self.whole.plan.weights));
        let overfilled = judge.takers(wanted).filter(|taker| {
            then.get(&taker.endpoint.id).is_some_and(|share| share.less(NEARLY) > taker.limit(Bound::Doubling))
        });
        overfilled.fold(Share::NONE, |sum, taker| sum.plus(taker.has))
    }

    /// What would be lost on unhealthy endpoints in steps that isn't at once.
    fn would_wait(&self) -> Share {
        self.leaves(&self.doubled.plan).less(self.leaves(&self.whole.plan))
    }

    /// What those that are reduced would have.
    fn leaves(&self, plan: &Plan) -> Share {
        let then = shares(&plan.weights);
        let reduced = self.step.wanted.reduced.keys().filter_map(|id| then.get(id));
        reduced.fold(Share::NONE, |sum, share| sum.plus(*share))
    }

    /// The part of all that is to be moved which these weights move.
    fn part(&self, chosen: &Bounded) -> Option<Share> {
        let reduced = self.step.wanted.reduced.keys().filter_map(|id| self.step.judge.shares.get(id));
        let have = reduced.fold(Share::NONE, |sum, has| sum.plus(*has));
        let [all, now] = [&self.all, &chosen.plan].map(|plan| have.less(self.leaves(plan)).millionths());
        (all > 0).then(|| Share::from_millionths(now * WHOLE / all))
    }

    /// Of all that is to be moved this part, where the record by itself would move more; nothing of it where no weights give so little.
    fn planned(&self, chosen: &Bounded, part: Share) -> Planned {
        let unmoved = || Plan { weights: self.step.judge.weights.clone(), partly: true };
        let Plan { weights, partly } = match self.part(chosen).filter(|own| *own > part) {
            Some(own) => self.scaled(chosen, own, part).unwrap_or_else(unmoved),
            None => chosen.plan.clone(),
        };
        Planned { weights, partly, in_steps: partly && !self.all.partly }
    }

    fn scaled(&self, chosen: &Bounded, own: Share, part: Share) -> Option<Plan> {
        let Step { judge, wanted } = self.step;
        let of_it = Share::from_millionths(part.millionths() * WHOLE / own.millionths().max(1));
        let mut limits = chosen.limits.clone();
        for (id, share) in shares(&chosen.plan.weights) {
            let has = judge.shares.get(&id).copied().unwrap_or(Share::NONE);
            let gets = has.plus(of_it.of(share.less(has)));
            limits.entry(id).and_modify(|limit| *limit = (*limit).min(gets));
        }
        judge.plan_up_to(&limits, wanted)
    }
}
