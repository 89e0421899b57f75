//! Rules about whether anything may be done at all.

use homeostat_core::id::{GroupName, HookName, InstanceId};
use homeostat_remedies::hook::reasons::HookStep;
use world::{ActionEnd, ActiveAction, LifecycleTransition};

use super::{Moment, SKEWS};
use crate::simulator::storm::MOST_SKEW;

pub(super) fn has_its_intent(moment: &Moment<'_>) -> Result<(), String> {
    let at = moment.deed.at;
    let Some(open) = moment.recorded() else { return Err(format!("nobody recorded: {}", moment.deed.step)) };
    let Some(intent) = &open.intent else { return Ok(()) };
    if intent.outcome.is_some() || at > intent.until + MOST_SKEW {
        return Err(format!("{}: until {:.3}, {:?}", moment.deed.step, intent.until, intent.outcome));
    }
    Ok(())
}

pub(super) fn is_alone(moment: &Moment<'_>) -> Result<(), String> {
    let calls = &moment.annals.on_the_way;
    let own = calls.iter().filter(|(by, _)| *by == moment.deed.by);
    let of_another = |own: &(InstanceId, Option<HookName>)| {
        calls.iter().find(|(by, call)| *by != moment.deed.by && call == own).map(|(by, _)| *by)
    };
    let mut shared = own.filter_map(|(_, own)| Some((of_another(own)?, own)));
    shared.next().map_or(Ok(()), |(by, own)| Err(format!("#{} and #{by} for {own:?}", moment.deed.by)))
}

pub(super) fn is_unpaused(moment: &Moment<'_>) -> Result<(), String> {
    let deed = moment.deed;
    for (arn, id) in &deed.drained {
        let group = deed.held.iter().find(|held| held.instance == *id).map(|held| &held.group);
        if group.is_some_and(|group| moment.paused(group, id.as_str(), true)) {
            return Err(format!("{id} is deregistered from {arn}"));
        }
    }
    let mut paused = deed.suspended.iter().filter(|group| moment.paused(group, "", true));
    paused.next().map_or(Ok(()), |group| Err(format!("Launch is suspended in {group}")))
}

pub(super) fn is_ours(moment: &Moment<'_>) -> Result<(), String> {
    let deed = moment.deed;
    // What was skipped ended with an ABANDON of another.
    for ended in deed.ended.iter().filter(|ended| matches!(ended.ended_by, ActionEnd::Completed(_))) {
        if moment.held_by(&ended.group, &ended.hook).is_none() {
            return Err(format!("{} of {} was completed for {}", ended.hook, ended.group, ended.instance));
        }
    }
    for (arn, id) in &deed.drained {
        // Whoever's hook it is that still holds it: it leaves.
        let held = deed.held.iter().filter(|held| held.instance == *id).map(|held| (&held.group, held.journey));
        let lately = deed.lately.iter().filter(|ended| ended.instance == *id);
        let leaves = held.chain(lately.map(|ended| (&ended.group, ended.journey))).any(|(group, journey)| {
            let mut policies = moment.policy.terminations.iter().filter(|policy| policy.group == *group);
            let names = policies.any(|policy| policy.target_groups.contains(arn));
            names && journey.transition() == LifecycleTransition::Terminating
        });
        let is_meant = matches!(&deed.step, HookStep::Deregister { instance, target_group, .. }
            if instance == id && target_group == arn);
        if !leaves || !is_meant {
            return Err(format!("{id} was deregistered from {arn}"));
        }
    }
    let launches = |group: &GroupName| moment.policy.launches.iter().any(|policy| policy.group == *group);
    let mut foreign = deed.suspended.iter().filter(|group| !launches(group));
    foreign.next().map_or(Ok(()), |group| Err(format!("Launch was suspended in {group}")))
}

/// Whoever suspends Launch is held for as long as the policy gives it, by the world's own account.
pub(super) fn suspends_after_its_time(moment: &Moment<'_>) -> Result<(), String> {
    for group in &moment.deed.suspended {
        let by = moment.recorded().map(|open| open.kind.state());
        let Some(kept) = by else { continue };
        let Some(held_by) = moment.held_by(group, kept.hook.as_str()) else { continue };
        let is_it = |one: &&ActiveAction| one.instance == kept.instance && one.hook.name == kept.hook.as_str();
        let held = moment.deed.held.iter().find(is_it);
        let is_over = |one: &ActiveAction| moment.deed.at + SKEWS >= one.started_at + held_by.within();
        if held.is_some_and(|one| !is_over(one)) {
            return Err(format!("{} in {group}, held since {:?}", kept.instance, held.map(|one| one.started_at)));
        }
    }
    Ok(())
}
