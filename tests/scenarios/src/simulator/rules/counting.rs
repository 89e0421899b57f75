//! Rules about how many are out, and who may be.

use super::Scene;
use crate::simulator::note::What;

/// Asked when a slot is taken: a budget that shrinks takes none back.
pub(super) fn slots_are_within_the_budget(scene: &Scene<'_>) -> Result<(), String> {
    let Some(before) = scene.before else { return Ok(()) };
    for (group, slots) in &scene.after.slots {
        let (Some(policy), Some(facts)) = (scene.policy.group(group), scene.truth.groups.get(group)) else { continue };
        let had = before.slots.get(group).map_or(0, |slots| slots.holders.len());
        let most = policy.budget.slots(facts.most_desired.max(facts.desired));
        if slots.holders.len() > had && slots.holders.len() > usize::try_from(most).unwrap_or(usize::MAX) {
            return Err(format!("{} hold a slot of {group}, and {most} may", slots.holders.len()));
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
        let slots = open.kind.group().and_then(|group| scene.after.slots.get(group));
        if !slots.is_some_and(|slots| slots.holders.contains_key(&open.subject)) {
            return Err(format!("{} has acted and holds no slot", open.subject));
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
        let (Some(policy), Some(facts)) = (scene.policy.group(group), scene.truth.groups.get(group)) else { continue };
        let is_out = |id| scene.truth.instances.get(id).is_none_or(|known| known.in_service_since.is_none());
        let missing = usize::try_from(facts.desired.saturating_sub(facts.in_service)).unwrap_or_default();
        let out = taken_out.iter().filter(|id| is_out(id)).count().min(missing);
        let most = policy.budget.slots(facts.most_desired.max(facts.desired));
        if out > usize::try_from(most).unwrap_or(usize::MAX) {
            return Err(format!("{out} of {group} are out because of Homeostat, and {most} may be: {taken_out:?}"));
        }
    }
    Ok(())
}
