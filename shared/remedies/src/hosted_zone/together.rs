//! The records that one table of the policy lists, decided about together. What calls an endpoint unhealthy calls it so in each of them, so
//! each goes the same way at the same time, whatever shares it has. Tried in this order:
//!
//! 1. those take over that have all of their share and are proven healthy;
//! 2. where they can't take all of it, those too that were drained before and are proven healthy by now, without waiting for their
//!    hold, latched ones last. Whoever failed with what it had taken over gives only that back at first: with its own share it may
//!    recover, and if it doesn't, it is drained after `step-interval`. So the whole of the traffic is never swapped in one move from
//!    those that took over to those that they took over from, and back;
//! 3. where all that have weight are unhealthy, one of them with more than its own share: the weights with which the last of them were
//!    proven healthy, which are those of before the last step or of before the incident, whoever is healthy now. Nothing is lost by
//!    it, since nobody served, and whoever fell over under the load of others may recover.
//!
//! This module never lets one record wait for another that is not as Homeostat left it, or that Route 53 refused to change.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::aws::share::Share;
use homeostat_core::id::SetIdentifier;

use super::decide::acts;
use super::judge::{Judge, Judged, Wanted};
use super::pacing::{Step, paced};
use super::planning::Planned;
use super::reasons::Trouble;
use super::share::shares;
use super::shift::Move;
use crate::hosted_zone::generation::Generation;

/// One of the records.
struct Part<'a> {
    judge: Judge<'a>,
    /// Who has less than its own by now, and is to have how much.
    is_now: BTreeMap<SetIdentifier, Share>,
    wanted: Wanted,
    judged: Judged,
}

pub(super) fn move_on(judges: Vec<Judge<'_>>) -> Judged {
    let mut all = Judged::default();
    for parts in alike(judges) {
        all.extend(decided(parts));
    }
    all
}

/// Those with the same endpoints reduced. Who is at another point of its way goes on by itself.
fn alike(judges: Vec<Judge<'_>>) -> Vec<Vec<Part<'_>>> {
    let mut alike: Vec<Vec<Part<'_>>> = Vec::new();
    for part in judges.into_iter().map(Part::of) {
        let is_like = |others: &&mut Vec<Part<'_>>| {
            others.iter().all(|other| {
                let is_refused = part.is_refused() || other.is_refused();
                !is_refused && part.judge.held.is_some() == other.judge.held.is_some() && part.reduces_those_of(other)
            })
        };
        match alike.iter_mut().find(is_like) {
            Some(others) => others.push(part),
            None => alike.push(vec![part]),
        }
    }
    alike
}

fn decided(mut parts: Vec<Part<'_>>) -> Judged {
    let took_over: BTreeSet<SetIdentifier> = parts.iter().flat_map(|part| part.judge.takes_more()).collect();
    for part in &mut parts {
        part.judge.took_over.clone_from(&took_over);
        part.want();
    }
    let plans = planned(&mut parts);
    let is_due =
        parts.iter().zip(&plans).any(|(part, plan)| plan.as_ref().is_some_and(|plan| part.is_due_by_itself(plan)));
    let mut all = Judged::default();
    for (part, plan) in parts.into_iter().zip(plans) {
        all.extend(part.concluded(plan, is_due));
    }
    all
}

/// The weights for what is wanted; what is wanted becomes what can be had.
fn planned(parts: &mut [Part<'_>]) -> Vec<Option<Planned>> {
    let mut plans = all_paced(parts.iter().map(|part| (&part.judge, &part.wanted)).collect());
    rescue(parts, &mut plans);
    let may_recover = parts.iter().any(|part| part.judge.may_recover(&part.wanted));
    for (part, plan) in parts.iter_mut().zip(&mut plans) {
        if plan.is_none() && may_recover && part.drains() {
            *plan = part.judge.as_last_borne(&mut part.wanted);
        }
        match plan {
            Some(_) if part.drains() => part.judge.say_who_takes_over(&mut part.wanted),
            Some(_) => {}
            None => part.judge.say_why_not(&part.wanted, &mut part.judged),
        }
    }
    // Those that get their share back don't wait for one whose share nobody can take.
    let (mut left, mut places) = (Vec::new(), Vec::new());
    for (part, plan) in parts.iter_mut().zip(&mut plans).filter(|(part, plan)| plan.is_none() && part.drains()) {
        part.wanted = part.judge.without_drains(std::mem::take(&mut part.wanted));
        left.push((&part.judge, &part.wanted));
        places.push(plan);
    }
    for (place, plan) in places.into_iter().zip(all_paced(left)) {
        *place = plan;
    }
    plans
}

fn all_paced(wishes: Vec<(&Judge<'_>, &Wanted)>) -> Vec<Option<Planned>> {
    paced(wishes.into_iter().map(|(judge, wanted)| Step { judge, wanted }).collect())
}

/// The others can't take over all of it: then those can that were drained before, in all of the records or in none.
fn rescue(parts: &mut [Part<'_>], plans: &mut [Option<Planned>]) {
    let falls_short =
        |part: &Part<'_>, plan: &Option<Planned>| part.drains() && plan.as_ref().is_none_or(|plan| plan.partly);
    for latched_too in [false, true] {
        let mut short = parts.iter().zip(&*plans).filter(|(part, plan)| falls_short(part, plan));
        // What follows in steps is no reason to let one come back that failed again and again.
        let is_left = |plan: &Option<Planned>| plan.as_ref().is_none_or(|plan| !plan.in_steps);
        if !short.any(|(_, plan)| !latched_too || is_left(plan)) {
            return;
        }
        let rescued: Vec<Wanted> = parts.iter().map(|part| part.rescued(latched_too)).collect();
        let rescues = all_paced(parts.iter().map(|part| &part.judge).zip(&rescued).collect());
        let each = || parts.iter().zip(&*plans).zip(&rescues).filter(|((part, _), _)| part.drains());
        let improves = |before: &Option<Planned>, rescue: &Planned| {
            before.as_ref().is_none_or(|before| before.partly && !rescue.partly)
        };
        let helps = each().any(|((_, plan), rescue)| rescue.as_ref().is_some_and(|rescue| improves(plan, rescue)));
        let is_worse = each().any(|((_, plan), rescue)| {
            plan.as_ref().zip(rescue.as_ref()).is_some_and(|(before, rescue)| !before.partly && rescue.partly)
        });
        if is_worse || !helps {
            continue;
        }
        for ((part, plan), (wanted, rescue)) in parts.iter_mut().zip(plans).zip(rescued.into_iter().zip(rescues)) {
            if part.drains() && rescue.is_some() {
                part.wanted = wanted;
                *plan = rescue;
            }
        }
        return;
    }
}

impl<'a> Part<'a> {
    fn of(judge: Judge<'a>) -> Self {
        let reduced = judge.held.iter().flat_map(|held| &held.reduced);
        let is_now = reduced.map(|(id, reduced)| (id.clone(), reduced.share)).collect();
        Part { judge, is_now, wanted: Wanted::default(), judged: Judged::default() }
    }

    fn is_refused(&self) -> bool {
        self.judge.case.kept.refused.contains_key(&self.judge.record.key)
    }

    fn reduces_those_of(&self, other: &Part<'_>) -> bool {
        self.is_now.keys().eq(other.is_now.keys())
    }

    fn drains(&self) -> bool {
        !self.wanted.drains.is_empty()
    }

    fn want(&mut self) {
        let original = self.judge.original();
        self.wanted = self.judge.wanted(&original, &mut self.judged);
        if !self.drains() && self.judge.is_as_before(&self.wanted, &shares(&original)) {
            self.wanted.reduced.clear();
        }
    }

    fn rescued(&self, latched_too: bool) -> Wanted {
        let wanted = self.wanted.clone();
        if self.drains() { self.judge.rescued(wanted, latched_too) } else { wanted }
    }

    fn is_due_by_itself(&self, plan: &Planned) -> bool {
        self.wanted.reduced != self.is_now || self.judge.moves_more(plan)
    }

    /// However little it would move by itself, it takes the steps of the others.
    fn follows(&self, plan: &Planned) -> bool {
        let then = shares(&plan.weights);
        self.wanted.reduced.keys().any(|id| then.get(id) < self.judge.shares.get(id))
    }

    fn concluded(mut self, plan: Option<Planned>, is_due: bool) -> Judged {
        let Some(plan) = plan else { return self.judged };
        let (case, record) = (self.judge.case, self.judge.record);
        let is_due = self.is_due_by_itself(&plan) || is_due && self.follows(&plan);
        if !is_due {
            let is_left = plan.partly && self.judge.held.is_some_and(|held| held.partly);
            if is_left && plan.in_steps {
                self.judge.say_what_waits(&self.wanted, &mut self.judged);
            } else if is_left {
                let (record, weights) = (record.key.clone(), self.judge.weights.clone());
                self.judged.troubles.push(Trouble::Partly { record, weights });
            }
            return self.judged;
        }
        if self.wanted.because.is_empty() {
            self.judge.say_who_takes_over(&mut self.wanted);
        }
        let last = case.seen.generation(&record.key.name);
        let moved = Move {
            key: record.key.clone(),
            before: self.judge.sets,
            after: plan.weights,
            reduced: self.wanted.reduced,
            partly: plan.partly,
            in_steps: plan.in_steps,
            fence: case.seen.fence(&record.key.name).cloned(),
            generation: Generation::after(last.as_ref(), case.now),
        };
        let list = if acts(record.mode) { &mut self.judged.act } else { &mut self.judged.watch };
        list.push((moved, self.wanted.because));
        self.judged
    }
}
