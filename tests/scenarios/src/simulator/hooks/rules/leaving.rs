//! Rules about instances that leave.

use homeostat_core::policy::Mode;
use homeostat_remedies::hook::policy::HeldBy;
use jiff::SignedDuration;
use world::{ActionEnd, Journey, LifecycleTransition};

use super::completing::no_more_time;
use super::{Completion, LOOK, Moment};
use crate::simulator::hooks::annals::LetGo;

/// Whose hook Homeostat completed now, and why it may have work all the same.
pub(super) fn excuse(moment: &Moment<'_>, one: &Completion<'_>) -> Option<&'static str> {
    let (id, at) = (&one.ended.instance, moment.deed.at);
    let serves = matches!(one.ended.journey, Journey::GroupToEc2 | Journey::GroupToWarmPool);
    if !serves {
        Some("it served nobody")
    } else if one.held_by.mode() == Mode::Watch {
        Some("the policy only watches")
    } else if moment.paused(&one.ended.group, id.as_str(), false) {
        Some("a pause")
    } else if moment.truth.was_broken_since(id, one.was.started_at - LOOK) {
        Some("it died, or was interrupted")
    } else {
        no_more_time(moment, one).filter(|_| at >= one.was.started_at)
    }
}

pub(in crate::simulator::hooks) fn let_go(moment: &Moment<'_>) -> Vec<(homeostat_core::id::InstanceId, LetGo)> {
    let leaves = |one: &Completion<'_>| one.was.hook.transition == LifecycleTransition::Terminating;
    let of = |one: Completion<'_>| {
        let excuse = excuse(moment, &one);
        (one.ended.instance.clone(), LetGo { at: moment.deed.at, excuse })
    };
    moment.completions().filter(leaves).map(of).collect()
}

/// The longest drain, the longest job and the slowest metric that a history draws.
const DRAINED_IN: SignedDuration = SignedDuration::from_secs(300 + 150 + 180);

pub(super) fn is_not_held_for_nothing(moment: &Moment<'_>) -> Result<(), String> {
    for one in moment.completions().filter(|_| moment.is_calm) {
        let HeldBy::Termination(policy) = one.held_by else { continue };
        let held = moment.deed.at.duration_since(one.was.started_at);
        let by_us = matches!(one.ended.ended_by, ActionEnd::Completed(_));
        let is_excused = matches!(excuse(moment, &one), Some(why) if why != "its time is over");
        if by_us && !is_excused && !policy.target_groups.is_empty() && held > DRAINED_IN {
            return Err(format!("{} was held for {held:#}", one.ended.instance));
        }
    }
    Ok(())
}
