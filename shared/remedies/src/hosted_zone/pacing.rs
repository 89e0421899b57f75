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
    whole: Plan,
    doubled: Plan,
    up_to_double: Limits,
}

/// The weights for each, as far as the limits allow; but in steps where that is better than all at once. `None` where nothing can be moved.
pub(super) fn paced(steps: Vec<Step<'_>>) -> Vec<Option<Planned>> {
    let all: Vec<Option<Options<'_>>> = steps.into_iter().map(Options::of).collect();
    let there = || all.iter().flatten();
    let in_steps = is_better_in_steps(there());
    let part = there().filter_map(Options::part).min().unwrap_or(Share::ALL);
    let planned = |options: Options<'_>| if in_steps { options.stepped(part) } else { options.at_once() };
    all.into_iter().map(|options| options.map(planned)).collect()
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
        let whole = judge.plan_up_to(&judge.limits(Bound::Experience, wanted), wanted)?;
        let mut up_to_double = judge.limits(Bound::Doubling, wanted);
        // In steps, too, who stands by takes over only what the others can't, and keeps that until they can.
        let original = judge.original();
        for (id, share) in shares(&whole.weights) {
            if original.get(&id) == Some(&0) {
                let most = judge.shares.get(&id).map_or(share, |has| share.max(*has));
                up_to_double.entry(id).and_modify(|limit| *limit = (*limit).min(most));
            }
        }
        let doubled = judge.plan_up_to(&up_to_double, wanted).unwrap_or_else(|| whole.clone());
        Some(Options { step, whole, doubled, up_to_double })
    }

    /// What those have that would be more than doubled.
    fn at_stake(&self) -> Share {
        let (Step { judge, wanted }, then) = (self.step, shares(&self.whole.weights));
        let overfilled = judge.takers(wanted).filter(|taker| {
            then.get(&taker.endpoint.id).is_some_and(|share| share.less(NEARLY) > taker.limit(Bound::Doubling))
        });
        overfilled.fold(Share::NONE, |sum, taker| sum.plus(taker.has))
    }

    /// What would be lost on unhealthy endpoints in steps that isn't at once.
    fn would_wait(&self) -> Share {
        self.leaves(&self.doubled).less(self.leaves(&self.whole))
    }

    /// What those that are reduced would have.
    fn leaves(&self, plan: &Plan) -> Share {
        let then = shares(&plan.weights);
        let reduced = self.step.wanted.reduced.keys().filter_map(|id| then.get(id));
        reduced.fold(Share::NONE, |sum, share| sum.plus(*share))
    }

    /// The part of all that is to be moved which a step moves.
    fn part(&self) -> Option<Share> {
        let reduced = self.step.wanted.reduced.keys().filter_map(|id| self.step.judge.shares.get(id));
        let have = reduced.fold(Share::NONE, |sum, has| sum.plus(*has));
        let [all, now] = [&self.whole, &self.doubled].map(|plan| have.less(self.leaves(plan)).millionths());
        (all > 0).then(|| Share::from_millionths(now * WHOLE / all))
    }

    fn at_once(self) -> Planned {
        let Plan { weights, partly } = self.whole;
        let Step { judge, wanted } = self.step;
        let has_room =
            || judge.plan_up_to(&judge.limits(Bound::MaxShare, wanted), wanted).is_some_and(|all| !all.partly);
        Planned { weights, partly, in_steps: partly && has_room() }
    }

    /// Of all that is to be moved this part, where a step of its own would move more.
    fn stepped(self, part: Share) -> Planned {
        let Step { judge, wanted } = self.step;
        let own = self.part().filter(|own| *own > part);
        let scaled = own.and_then(|own| {
            let of_it = Share::from_millionths(part.millionths() * WHOLE / own.millionths().max(1));
            let mut limits = self.up_to_double.clone();
            for (id, share) in shares(&self.doubled.weights) {
                let has = judge.shares.get(&id).copied().unwrap_or(Share::NONE);
                let gets = has.plus(of_it.of(share.less(has)));
                limits.entry(id).and_modify(|limit| *limit = (*limit).min(gets));
            }
            judge.plan_up_to(&limits, wanted)
        });
        let plan = scaled.unwrap_or_else(|| self.doubled.clone());
        Options { whole: plan, ..self }.at_once()
    }
}
