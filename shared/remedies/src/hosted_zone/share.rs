//! Which weights give each endpoint the share of the answers that it is to have.
//!
//! This module never takes an endpoint that is not proven well above the share that it had, never takes any over its limit, and
//! never gives all zeros. Who has the smallest weight that there is may keep it, though beside the largest that is up to
//! 0.4 % of the answers.

use std::collections::BTreeMap;

use homeostat_core::aws::record::{Weight, Weights};
use homeostat_core::aws::share::{Share, WHOLE};
use homeostat_core::id::SetIdentifier;

/// Weights are whole numbers up to 255, so a share can be missed by this much, in millionths. Two parts in a hundred are less
/// than what resolvers' caches move it by.
const TOLERANCE: u64 = 20_000;

/// The share of each in the answers. Where all weights are zero, Route 53 answers with each as often (Developer Guide, "Weighted
/// routing").
pub fn shares(weights: &Weights) -> BTreeMap<SetIdentifier, Share> {
    let total = sum(weights);
    let count = u64::try_from(weights.len()).unwrap_or(u64::MAX);
    let share = |weight: &Weight| (u64::from(*weight) * WHOLE).checked_div(total).unwrap_or(WHOLE / count);
    weights.iter().map(|(id, weight)| (id.clone(), Share::from_millionths(share(weight)))).collect()
}

/// What is wanted of a record.
#[derive(Debug)]
pub struct Wish<'a> {
    /// As it was before Homeostat touched it.
    pub original: &'a Weights,
    /// As it is.
    pub now: &'a Weights,
    /// Who is to have less than there, and how much.
    pub reduced: &'a BTreeMap<SetIdentifier, Share>,
    /// Who may take more, and up to which share. Whoever is in neither list keeps at most what it had.
    pub receivers: &'a BTreeMap<SetIdentifier, Share>,
    /// Who stands by with weight 0 takes its part at once, not only what the others can't.
    pub standbys_too: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub weights: Weights,
    /// The limits of those who take it leave some of it where it was.
    pub partly: bool,
}

/// The weights that fulfil the wish as far as the receivers' limits go. `None` if nothing at all can be moved.
pub fn plan(wish: &Wish<'_>) -> Option<Plan> {
    // Who stood by and took over has nothing to lose there, and is reduced all the same.
    let had = shares(wish.original);
    let has_no_more = |(id, share): (&SetIdentifier, &Share)| had.get(id).is_some_and(|had| had <= share);
    if sum(wish.original) > 0 && wish.reduced.iter().all(has_no_more) {
        return Some(Plan { weights: wish.original.clone(), partly: false });
    }
    let (targets, partly) = targets(wish)?;
    let weights = as_weights(wish, &targets)?;
    Some(Plan { weights, partly })
}

type Millionths = BTreeMap<SetIdentifier, u64>;

fn sum(weights: &Weights) -> u64 {
    weights.values().map(|weight| u64::from(*weight)).sum()
}

fn millionths(weights: &Weights) -> Millionths {
    shares(weights).into_iter().map(|(id, share)| (id, share.millionths())).collect()
}

/// The share of each, and whether some of what was to move has to stay.
fn targets(wish: &Wish<'_>) -> Option<(Millionths, bool)> {
    let had = millionths(wish.original);
    let mut targets = had.clone();
    let mut freed = 0;
    for (id, share) in wish.reduced {
        let target = targets.get_mut(id)?;
        let less = share.millionths().min(*target);
        freed += *target - less;
        *target = less;
    }
    let weighted = |id: &SetIdentifier| wish.original.get(id).map_or(0, |weight| u64::from(*weight));
    let average = average_weight(wish);
    let part = |id: &SetIdentifier| match weighted(id) {
        0 if wish.standbys_too => average,
        weight => weight,
    };
    let active: Millionths = wish.receivers.keys().map(|id| (id.clone(), part(id))).collect();
    // Who had no weight stands by: it takes what the others can't.
    let standby = active.iter().map(|(id, weight)| (id.clone(), u64::from(*weight == 0))).collect();
    let mut left = freed;
    for by in [&active, &standby] {
        left = fill(&mut targets, wish.receivers, by, left);
    }
    if freed == 0 || left >= freed {
        return None;
    }
    let has = millionths(wish.now);
    let over = |id: &SetIdentifier, target: u64| has.get(id).map_or(0, |has| has.saturating_sub(target));
    let stays: u64 = wish.reduced.keys().filter_map(|id| Some(over(id, *targets.get(id)?))).sum();
    for (id, share) in wish.reduced {
        let (target, had) = (targets.get_mut(id)?, had.get(id)?);
        // What nobody can take stays with those who have it: another that is drained is no better place for it. Only what is more than
        // they have, or a hair of it since shares are rounded, is for all of those who had it.
        let (kept, rest) = (left.min(stays), left.saturating_sub(stays));
        *target += kept * over(id, *target) / stays.max(1) + rest * (had - share.millionths().min(*had)) / freed;
    }
    Some((targets, left * WHOLE > freed * TOLERANCE))
}

/// What a receiver has on the average, and at least 1.
fn average_weight(wish: &Wish<'_>) -> u64 {
    let weights = wish.receivers.keys().filter_map(|id| wish.original.get(id)).filter(|weight| **weight > 0);
    let (sum, count) = weights.fold((0, 0), |(sum, count), weight| (sum + u64::from(*weight), count + 1));
    sum.checked_div(count).unwrap_or(1).max(1)
}

/// Gives what is to be given to the receivers, in proportion and up to their limits; what is left comes back.
fn fill(targets: &mut Millionths, limits: &BTreeMap<SetIdentifier, Share>, by: &Millionths, mut left: u64) -> u64 {
    loop {
        let room = |id: &SetIdentifier| {
            let (limit, has) =
                (limits.get(id).copied().unwrap_or(Share::NONE), targets.get(id).copied().unwrap_or(WHOLE));
            limit.millionths().saturating_sub(has)
        };
        let open: Vec<_> = by.iter().filter(|(id, by)| **by > 0 && room(id) > 0).collect();
        let total: u64 = open.iter().map(|(_, by)| **by).sum();
        let gifts: Vec<_> =
            open.iter().map(|(id, by)| (*id, (left * **by).div_ceil(total.max(1)).min(room(id)))).collect();
        if left == 0 || gifts.is_empty() {
            return left;
        }
        for (id, gift) in gifts {
            let gift = gift.min(left);
            left -= gift;
            targets.entry(id.clone()).and_modify(|target| *target += gift);
        }
    }
}

/// Whole numbers for the targets: those of the original where they will do, since people know them.
fn as_weights(wish: &Wish<'_>, targets: &Millionths) -> Option<Weights> {
    let total = sum(wish.original);
    let most = u64::try_from(wish.original.len()).ok()? * u64::from(Weight::MAX);
    let (had, has) = (millionths(wish.original), millionths(wish.now));
    let fitting = || {
        let multiples = (1..=most / total.max(1)).map(|times| times * total);
        let others = (1..=most).rev();
        let apportioned = multiples.chain(others).filter_map(|total| apportion(wish, targets, total));
        let beside_the_others = std::iter::once_with(|| beside_the_others(wish, targets)).flatten();
        beside_the_others.chain(apportioned).filter(|weights| holds(wish, &had, targets, weights))
    };
    fitting().find(|weights| is_steady(&has, targets, weights)).or_else(|| fitting().next())
}

/// Nobody loses what is only rounding: up at one step and down at the next would be twice as much as either.
fn is_steady(has: &Millionths, targets: &Millionths, weights: &Weights) -> bool {
    let will_have = millionths(weights);
    has.iter().all(|(id, has)| {
        let target = targets.get(id).copied().unwrap_or(0);
        let is_to_lose = *has > target + TOLERANCE;
        is_to_lose || will_have.get(id).is_some_and(|will_have| will_have + TOLERANCE >= *has)
    })
}

/// Only those change that are reduced.
fn beside_the_others(wish: &Wish<'_>, targets: &Millionths) -> Option<Weights> {
    let unreduced = |(id, _): &(&SetIdentifier, &Weight)| !wish.reduced.contains_key(*id);
    let rest: u64 = wish.original.iter().filter(unreduced).map(|(_, weight)| u64::from(*weight)).sum();
    let taken: u64 = wish.reduced.keys().filter_map(|id| targets.get(id)).sum();
    let mut weights = wish.original.clone();
    for id in wish.reduced.keys() {
        let target = *targets.get(id)?;
        let weight = (target * rest + (WHOLE - taken) / 2).checked_div(WHOLE - taken)?;
        let weight = if target > 0 { weight.max(1) } else { 0 };
        *weights.get_mut(id)? = Weight::try_from(weight).ok()?;
    }
    Some(weights)
}

/// The targets as parts of a total: rounded down, and what that leaves goes to who may have it.
fn apportion(wish: &Wish<'_>, targets: &Millionths, total: u64) -> Option<Weights> {
    let part = |target: u64| if target == 0 { 0 } else { (target * total / WHOLE).max(1) };
    let mut parts: Millionths = targets.iter().map(|(id, target)| (id.clone(), part(*target))).collect();
    let mut left = total.checked_sub(parts.values().sum())?;
    let limit = |id: &SetIdentifier| {
        let (limit, has) = (wish.receivers.get(id)?, targets.get(id)?);
        (*has > 0).then(|| limit.millionths().max(*has) * total / WHOLE)
    };
    while left > 0 {
        let room = |(id, part): &(&SetIdentifier, &mut u64)| limit(id).map_or(0, |limit| limit.saturating_sub(**part));
        let most_room = parts.iter_mut().map(|entry| (room(&entry), entry)).max_by_key(|(room, _)| *room);
        match most_room {
            Some((room, (_, part))) if room > 0 => *part += 1,
            // Nobody may have more: it stays with those who are reduced, if they have any.
            _ => {
                let reduced = |(id, _): &(&SetIdentifier, &mut u64)| {
                    wish.reduced.contains_key(*id) && targets.get(*id).is_some_and(|target| *target > 0)
                };
                *parts.iter_mut().find(reduced)?.1 += 1;
            }
        }
        left -= 1;
    }
    parts.into_iter().map(|(id, part)| Some((id, Weight::try_from(part).ok()?))).collect()
}

/// Whether these weights are what was wanted, and break no limit.
fn holds(wish: &Wish<'_>, had: &Millionths, targets: &Millionths, weights: &Weights) -> bool {
    let total = sum(weights);
    total > 0
        && weights.iter().all(|(id, weight)| {
            let share = u64::from(*weight) * WHOLE / total;
            let (target, had) = (targets.get(id).copied().unwrap_or(0), had.get(id).copied().unwrap_or(0));
            let least = if *weight == 1 && had > 0 { Share::FINEST.millionths() } else { 0 };
            let limit = match wish.receivers.get(id) {
                Some(limit) => limit.millionths().max(had).max(least),
                None if wish.reduced.contains_key(id) => (target + TOLERANCE).min(had.max(target)),
                None => had,
            };
            (*weight == 0) == (target == 0) && share <= limit && share + TOLERANCE >= target
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> SetIdentifier {
        text.parse().unwrap()
    }

    fn weights(list: &[(&str, Weight)]) -> Weights {
        list.iter().map(|(name, weight)| (id(name), *weight)).collect()
    }

    fn percents(list: &[(&str, u8)]) -> BTreeMap<SetIdentifier, Share> {
        list.iter().map(|(name, percent)| (id(name), Share::percent(*percent))).collect()
    }

    fn planned(original: &[(&str, Weight)], reduced: &[(&str, u8)], receivers: &[(&str, u8)]) -> Option<Plan> {
        let (original, reduced, receivers) = (weights(original), percents(reduced), percents(receivers));
        plan(&Wish {
            original: &original,
            now: &original,
            reduced: &reduced,
            receivers: &receivers,
            standbys_too: false,
        })
    }

    fn whole(list: &[(&str, Weight)]) -> Plan {
        Plan { weights: weights(list), partly: false }
    }

    /// Found by seed 359282774: what nobody could take was a hair more than what was there, so all of it was shared out anew, and one that
    /// was drained got back what another that was drained had.
    #[test]
    fn what_nobody_can_take_should_not_go_from_one_that_is_drained_to_another() {
        let original = weights(&[("blue", 97), ("green", 88), ("red", 81)]);
        let now = weights(&[("blue", 99), ("green", 142), ("red", 27)]);
        let reduced = percents(&[("green", 10), ("red", 10)]);
        let receivers = BTreeMap::from([(id("blue"), shares(&now)[&id("blue")])]);
        let wish =
            Wish { original: &original, now: &now, reduced: &reduced, receivers: &receivers, standbys_too: false };
        let red = |weights: &Weights| shares(weights)[&id("red")];
        assert!(plan(&wish).is_none_or(|plan| red(&plan.weights) <= Share::percent(11)), "{:?}", plan(&wish));
    }

    #[test]
    fn who_was_rounded_up_is_not_rounded_down_at_the_next_step() {
        let (original, now) =
            (weights(&[("a", 9), ("b", 10), ("c", 0), ("d", 0)]), weights(&[("a", 6), ("b", 10), ("c", 0), ("d", 0)]));
        let reduced = BTreeMap::from([(id("a"), Share::from_millionths(355_000)), (id("b"), Share::NONE)]);
        let receivers = percents(&[("c", 100), ("d", 100)]);
        let plan = plan(&Wish {
            original: &original,
            now: &now,
            reduced: &reduced,
            receivers: &receivers,
            standbys_too: false,
        });
        let shares = shares(&plan.unwrap().weights);
        assert!(shares[&id("a")] >= Share::from_millionths(355_000), "{shares:?}");
    }

    #[test]
    fn a_failing_endpoint_goes_to_zero_and_the_others_keep_their_weights() {
        assert_eq!(
            planned(&[("a", 70), ("b", 30)], &[("a", 0)], &[("b", 100)]).unwrap(),
            whole(&[("a", 0), ("b", 30)])
        );
        let three = [("a", 50), ("b", 30), ("c", 20)];
        let drained = whole(&[("a", 0), ("b", 30), ("c", 20)]);
        assert_eq!(planned(&three, &[("a", 0)], &[("b", 100), ("c", 100)]).unwrap(), drained);
    }

    #[test]
    fn a_return_of_all_gives_the_original_back_exactly() {
        assert_eq!(planned(&[("a", 70), ("b", 30)], &[], &[]).unwrap(), whole(&[("a", 70), ("b", 30)]));
    }

    #[test]
    fn a_slow_endpoint_is_brought_to_a_share() {
        let plan = planned(&[("a", 70), ("b", 30)], &[("a", 20)], &[("b", 100)]).unwrap();
        assert_eq!((plan.weights, plan.partly), (weights(&[("a", 8), ("b", 30)]), false), "8 of 38 are 21 %");
    }

    #[test]
    fn nobody_is_pushed_over_its_limit_and_the_rest_stays() {
        let plan = planned(&[("a", 70), ("b", 30)], &[("a", 0)], &[("b", 60)]).unwrap();
        assert!(plan.partly);
        let shares = shares(&plan.weights);
        assert!(shares[&id("b")] <= Share::percent(60), "{shares:?}");
        assert!(shares[&id("a")] <= Share::percent(42), "{shares:?}");
    }

    #[test]
    fn what_nobody_can_take_stays_with_who_has_it() {
        let (original, now) = (weights(&[("a", 39), ("b", 7), ("c", 99)]), weights(&[("a", 0), ("b", 7), ("c", 99)]));
        let (reduced, receivers) = (percents(&[("a", 0), ("c", 0)]), percents(&[("b", 68)]));
        let wish =
            Wish { original: &original, now: &now, reduced: &reduced, receivers: &receivers, standbys_too: false };
        let plan = plan(&wish).unwrap();
        assert!(plan.partly && plan.weights[&id("a")] == 0, "a was drained before: {plan:?}");
        assert!(shares(&plan.weights)[&id("b")] >= Share::percent(66), "{plan:?}");
    }

    #[test]
    fn who_is_not_proven_well_gets_nothing_more() {
        let plan = planned(&[("a", 50), ("b", 25), ("c", 25)], &[("a", 0)], &[("b", 100)]).unwrap();
        assert_eq!((plan.weights, plan.partly), (weights(&[("a", 0), ("b", 75), ("c", 25)]), false));
        assert_eq!(planned(&[("a", 70), ("b", 30)], &[("a", 0)], &[]), None);
    }

    #[test]
    fn who_stands_by_takes_over_only_if_the_others_cannot() {
        assert_eq!(
            planned(&[("a", 100), ("b", 0)], &[("a", 0)], &[("b", 100)]).unwrap(),
            whole(&[("a", 0), ("b", 100)])
        );
        let with_another = planned(&[("a", 70), ("b", 30), ("c", 0)], &[("a", 0)], &[("b", 100), ("c", 100)]);
        assert_eq!(with_another.unwrap(), whole(&[("a", 0), ("b", 30), ("c", 0)]));
        let beyond = planned(&[("a", 70), ("b", 30), ("c", 0)], &[("a", 0)], &[("b", 50), ("c", 100)]).unwrap();
        assert!(!beyond.partly && shares(&beyond.weights)[&id("c")] >= Share::percent(48), "{beyond:?}");
    }

    #[test]
    fn small_weights_are_scaled_up_where_a_share_needs_it() {
        let plan = planned(&[("a", 1), ("b", 1)], &[("a", 5)], &[("b", 100)]).unwrap();
        let shares = shares(&plan.weights);
        assert!(shares[&id("a")] > Share::NONE && shares[&id("a")] <= Share::percent(7), "{plan:?}");
    }

    /// Numbers without a pattern, the same in each run.
    fn scattered(seed: u64) -> impl FnMut(u64) -> u64 {
        let mut state = seed;
        move |below| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        }
    }

    #[test]
    fn no_plan_breaks_a_limit_whatever_the_weights() {
        let mut planned = 0;
        for seed in 0..20_000 {
            let mut next = scattered(seed);
            let ids: Vec<SetIdentifier> = (0..2 + next(4)).map(|number| id(&format!("e{number}"))).collect();
            let scale = [2, 11, 101, 256][usize::try_from(next(4)).unwrap()];
            let small = |number: u64| u8::try_from(number).unwrap();
            let original: Weights = ids.iter().map(|id| (id.clone(), small(next(scale)))).collect();
            let (mut reduced, mut receivers) = (BTreeMap::new(), BTreeMap::new());
            for id in &ids {
                match next(3) {
                    0 => {
                        _ = reduced.insert(id.clone(), Share::percent(small(if next(2) == 0 { 0 } else { next(101) })))
                    }
                    1 => _ = receivers.insert(id.clone(), Share::percent(small(next(101)))),
                    _ => {}
                }
            }
            let wish = Wish {
                original: &original,
                now: &original,
                reduced: &reduced,
                receivers: &receivers,
                standbys_too: seed % 2 == 0,
            };
            let Some(plan) = plan(&wish) else { continue };
            planned += usize::from(!reduced.is_empty());
            let (before, after) = (shares(&original), shares(&plan.weights));
            assert!(sum(&plan.weights) > 0 || reduced.is_empty(), "seed {seed}: all zero");
            for id in ids.iter().filter(|_| !reduced.is_empty()) {
                let limit = receivers.get(id).copied().unwrap_or(Share::NONE).max(before[id]);
                assert!(after[id] <= limit.max(before[id]), "seed {seed}: {id} {wish:?} {plan:?}");
                let to_zero = reduced.get(id) == Some(&Share::NONE) && !plan.partly;
                assert!(!to_zero || plan.weights[id] <= 6, "seed {seed}: {id} {wish:?} {plan:?}");
            }
        }
        assert!(planned > 2000, "{planned}");
    }
}
