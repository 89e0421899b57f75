//! Rules about how an action is completed.

use homeostat_core::id::InstanceId;
use homeostat_core::policy::Mode;
use homeostat_remedies::hook::policy::{HeldBy, LaunchPolicy, OnLimit};
use homeostat_remedies::hook::reasons::HookStep;
use jiff::SignedDuration;
use world::{ActionEnd, ActionResult, Journey, LifecycleTransition};

use super::{Completion, LOOK, Moment, SKEWS};

/// What completing takes, as the product has it.
const COMPLETING: SignedDuration = SignedDuration::from_secs(10);
/// What to expect of a hook that can't be read.
const SHORTEST: SignedDuration = SignedDuration::from_secs(30);

pub(super) fn is_meant(moment: &Moment<'_>) -> Result<(), String> {
    let ended: Vec<_> =
        moment.deed.ended.iter().filter(|ended| matches!(ended.ended_by, ActionEnd::Completed(_))).collect();
    let HookStep::Complete { action, .. } = &moment.deed.step else {
        return ended.first().map_or(Ok(()), |ended| Err(format!("{} ended by {}", ended.hook, moment.deed.step)));
    };
    let intended_at = moment.recorded().and_then(|open| Some(open.intent.as_ref()?.until - open.lease()));
    for one in &ended {
        let is_named = one.instance == action.instance
            && one.hook == action.hook.as_str()
            && action.token.as_ref().is_none_or(|token| token.as_str() == one.token);
        let was_there = intended_at.is_none_or(|at| one.started_at <= at + SKEWS);
        if !is_named || !was_there || ended.len() > 1 {
            return Err(format!("{} of {} by {}", one.hook, one.instance, moment.deed.step));
        }
    }
    Ok(())
}

fn abandoned<'a>(moment: &Moment<'a>) -> impl Iterator<Item = Completion<'a>> {
    moment.completions().filter(|one| one.ended.ended_by == ActionEnd::Completed(ActionResult::Abandon))
}

pub(super) fn abandons_no_termination(moment: &Moment<'_>) -> Result<(), String> {
    let mut abandoned = abandoned(moment).filter(|one| one.was.hook.transition == LifecycleTransition::Terminating);
    abandoned.next().map_or(Ok(()), |one| Err(format!("{}", one.ended.instance)))
}

/// Why there was no more time for the action, as far as anybody could know.
pub(super) fn no_more_time(moment: &Moment<'_>, one: &Completion<'_>) -> Option<&'static str> {
    let (at, was, check_every) = (moment.deed.at + SKEWS, one.was, moment.policy.check_every);
    let kept = moment.recorded().map(|open| open.kind.state());
    // Whoever could not read the hook's terms expects the shortest.
    let knows = kept.is_none_or(|kept| kept.terms.is_some());
    let timeout = if knows { was.hook.heartbeat_timeout } else { SHORTEST };
    let margin = (check_every * 2 + COMPLETING).min(timeout / 4);
    let told = kept.and_then(|kept| kept.last_heartbeat).map_or(was.ends_at, |beat| beat + timeout);
    if at >= was.started_at + one.held_by.within() {
        Some("its time is over")
    } else if at + margin >= was.global_end {
        Some("the global timeout")
    } else if at + margin >= told.min(was.ends_at) {
        Some("the hook's timeout")
    } else {
        None
    }
}

fn judged<'a>(one: &Completion<'a>) -> Option<&'a LaunchPolicy> {
    let HeldBy::Launch(policy) = one.held_by else { return None };
    let into_service = matches!(one.ended.journey, Journey::Ec2ToGroup | Journey::WarmPoolToGroup);
    (into_service && policy.mode == Mode::Act).then_some(policy)
}

pub(super) fn abandons_the_unready(moment: &Moment<'_>) -> Result<(), String> {
    for one in abandoned(moment) {
        let id = &one.ended.instance;
        let Some(policy) = judged(&one) else { return Err(format!("{id} was not to be judged")) };
        let ready_since = moment.truth.instances.get(id).and_then(|known| known.ready_since);
        if ready_since.is_some_and(|since| since + LOOK <= moment.deed.at) {
            return Err(format!("{id} is ready since {ready_since:?}"));
        }
        if !matches!(no_more_time(moment, &one), Some("its time is over" | "the global timeout")) {
            return Err(format!("{id} is held since {:.3}, and has {:#}", one.was.started_at, policy.within));
        }
        if moment.paused(&one.ended.group, id.as_str(), true) {
            return Err(format!("{id} is paused"));
        }
    }
    Ok(())
}

pub(super) fn ends_the_row(moment: &Moment<'_>) -> Result<(), String> {
    for one in abandoned(moment) {
        let Some(policy) = judged(&one).filter(|policy| policy.on_limit == OnLimit::Admit) else { continue };
        let mut annals = moment.annals.clone();
        annals.add(moment.deed, moment.recorded(), moment.truth);
        let most = usize::try_from(policy.max_abandoned).unwrap_or(usize::MAX);
        if let Some(row) = annals.rows.values().find(|row| row.len() > most) {
            return Err(format!("{row:?}, and {most} are allowed"));
        }
    }
    Ok(())
}

fn admitted<'a>(moment: &Moment<'a>) -> impl Iterator<Item = Completion<'a>> {
    moment.completions().filter(|one| one.ended.ended_by == ActionEnd::Completed(ActionResult::Continue))
}

pub(super) fn admits_the_ready(moment: &Moment<'_>) -> Result<(), String> {
    for one in admitted(moment) {
        let id = &one.ended.instance;
        let Some(policy) = judged(&one) else { continue };
        let is_ready = moment.truth.was_ready_since(id, policy, moment.deed.at - LOOK);
        let is_let_through = moment.paused(&one.ended.group, id.as_str(), false);
        if !is_ready && !is_let_through && no_more_time(moment, &one).is_none() {
            return Err(format!("{id} is held since {:.3}, and not ready", one.was.started_at));
        }
    }
    Ok(())
}

/// Only where nothing fails is it certain that the evidence could be read.
pub(super) fn abandons_in_time(moment: &Moment<'_>) -> Result<(), String> {
    for one in admitted(moment).filter(|_| moment.is_calm) {
        let id = &one.ended.instance;
        let Some(policy) = judged(&one) else { continue };
        let version = moment.truth.instances.get(id).map(|known| known.version).unwrap_or_default();
        let of_version = |one: &&InstanceId| moment.truth.instances.get(*one).is_some_and(|one| one.version == version);
        // One whose abandoning was recorded, and that was completed or gone before it was done, counts for whoever decides.
        let row = moment.annals.intended_at(moment.deed.at - LOOK).filter(|one| *one != id).filter(of_version).count();
        let is_latched =
            policy.on_limit == OnLimit::Admit && row >= usize::try_from(policy.max_abandoned).unwrap_or(usize::MAX);
        let is_ready = moment.truth.was_ready_since(id, policy, moment.deed.at - LOOK);
        let is_let_through = moment.paused(&one.ended.group, id.as_str(), false);
        if !is_ready && !is_let_through && !is_latched {
            return Err(format!("{id} is held since {:.3}, and {row} were abandoned", one.was.started_at));
        }
    }
    Ok(())
}
