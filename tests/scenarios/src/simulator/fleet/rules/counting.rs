//! Rules about how many are out, and who may be.

use std::collections::BTreeSet;

use homeostat_core::budget::{Level, SharedBudget};
use homeostat_core::id::{InstanceId, Subject};
use homeostat_core::policy::Budget;

use super::Scene;
use crate::simulator::fleet::truth::GroupFacts;
use crate::simulator::note::What;

/// Asked when a slot is taken: a budget that shrinks takes none back.
pub(super) fn slots_are_within_the_budget(scene: &Scene<'_>) -> Result<(), String> {
    let Some(before) = scene.before else { return Ok(()) };
    for (group, slots) in &scene.after.slots {
        let (Some(policy), Some(facts)) = (scene.policy.instances.group(group), scene.truth.groups.get(group)) else {
            continue;
        };
        let had = before.slots.get(group).map_or(0, |slots| slots.holders.len());
        let most = policy.budget.slots(facts.most_desired.max(facts.desired));
        let holders: Vec<InstanceId> = slots.holders.keys().filter_map(Subject::instance).collect();
        if slots.holders.len() > had && is_more(scene, policy.budget, facts, &holders, most) {
            return Err(format!("{holders:?} hold a slot of {group}, and {most} may"));
        }
    }
    Ok(())
}

pub(super) fn slots_are_of_those_who_acted(scene: &Scene<'_>) -> Result<(), String> {
    if scene.before.is_none() {
        return Ok(());
    }
    for (group, slots) in &scene.after.slots {
        for holder in slots.holders.keys() {
            if scene.after.open.get(holder).is_none_or(|open| open.acted_at.is_none()) {
                return Err(format!("{holder} holds a slot of {group} without having acted"));
            }
        }
    }
    for open in scene.after.open.values().filter(|open| open.acted_at.is_some()) {
        let slots = scene.after.slots.get(open.kind.group());
        if !slots.is_some_and(|slots| slots.holders.contains_key(&open.subject)) {
            return Err(format!("{} has acted and holds no slot", open.subject));
        }
    }
    Ok(())
}

pub(super) fn shared_budget_is_of_those_who_acted(scene: &Scene<'_>) -> Result<(), String> {
    if scene.before.is_none() {
        return Ok(());
    }
    let holders: BTreeSet<&Subject> = scene.after.shared.groups.values().flat_map(|used| used.holders.keys()).collect();
    let acted: BTreeSet<&Subject> =
        scene.after.open.values().filter(|open| open.acted_at.is_some()).map(|open| &open.subject).collect();
    // Who was asked about an incident for a day is not waited for.
    match acted.symmetric_difference(&holders).find(|subject| !is_old(scene, subject)) {
        None => Ok(()),
        Some(subject) if holders.contains(subject) => {
            Err(format!("{subject} holds of the budget without having acted"))
        }
        Some(subject) => Err(format!("{subject} has acted and holds nothing of the budget")),
    }
}

fn is_old(scene: &Scene<'_>, subject: &Subject) -> bool {
    let acted_at = scene.after.open.get(subject).and_then(|open| open.acted_at);
    acted_at.is_some_and(|at| scene.now.duration_since(at) >= homeostat_core::budget::HELD_FOR)
}

/// Asked when more of it is taken: a policy that allows less takes none back.
pub(super) fn shared_budget_is_kept(scene: &Scene<'_>) -> Result<(), String> {
    let Some(before) = scene.before else { return Ok(()) };
    let Some(bounds) = scene.policy.instances.groups().next().map(|group| group.bounds) else { return Ok(()) };
    let out = |budget: &SharedBudget, level: &Level| budget.usage(scene.now, level).0;
    let services = scene.policy.instances.groups().map(|group| Level::Service(group.service.clone()));
    let limits = services.filter_map(|service| Some((service, bounds.service?)));
    for (level, bound) in limits.chain([(Level::Account, bounds.account)]) {
        let now = out(&scene.after.shared, &level);
        if now > out(&before.shared, &level) && now > bound.at_once {
            return Err(format!("{now} of {} groups is out of {level}", bound.at_once));
        }
    }
    Ok(())
}

/// Of those that are missing, as many as were taken out by Homeostat since the group was last in full service. Asked when one
/// more is taken out: a budget that shrinks brings nobody back.
pub(super) fn out_is_within_the_budget(scene: &Scene<'_>) -> Result<(), String> {
    if !scene.notes.iter().any(|note| matches!(note.what, What::EffectHappened { .. })) {
        return Ok(());
    }
    for (group, taken_out) in &scene.tally.taken_out {
        let (Some(policy), Some(facts)) = (scene.policy.instances.group(group), scene.truth.groups.get(group)) else {
            continue;
        };
        let is_out = |id| scene.truth.instances.get(id).is_none_or(|known| known.in_service_since.is_none());
        // Some of them may have been replaced: no more are out than are missing.
        let missing = usize::try_from(facts.desired.saturating_sub(facts.in_service)).unwrap_or_default();
        let mut out: Vec<InstanceId> = taken_out.iter().filter(|id| is_out(id)).cloned().collect();
        out.sort_by_key(|id| units(scene, id));
        out.truncate(missing);
        let most = policy.budget.slots(facts.most_desired.max(facts.desired));
        let is_missed =
            !facts.has_weights || out.iter().map(|id| units(scene, id)).sum::<u32>() <= missing_units(facts);
        if is_missed && is_more(scene, policy.budget, facts, &out, most) {
            return Err(format!("{out:?} of {group} are out because of Homeostat, and {most} may be: {taken_out:?}"));
        }
    }
    Ok(())
}

fn missing_units(facts: &GroupFacts) -> u32 {
    facts.desired.saturating_sub(facts.in_service)
}

fn units(scene: &Scene<'_>, id: &InstanceId) -> u32 {
    scene.truth.instances.get(id).map_or(1, |known| known.units)
}

/// Whether these are more than the setting allows: a number is of instances, a share of the capacity; one alone never is.
fn is_more(scene: &Scene<'_>, setting: Budget, facts: &GroupFacts, ids: &[InstanceId], most: u32) -> bool {
    let by_units = facts.has_weights && matches!(setting, Budget::Percent(_));
    let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let taken = if by_units { ids.iter().map(|id| units(scene, id)).sum() } else { count };
    count > 1 && taken > most
}
