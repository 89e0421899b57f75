//! What becomes of a launch that AWS was asked to abandon.
//!
//! This module never counts one whose abandoning AWS refused, or that was shown in service after it.

use homeostat_core::aws::lifecycle::{ActionResult, Course};
use homeostat_core::ports::Outcome;
use jiff::Timestamp;

use super::observation::Observation;
use super::reasons::HookStep;
use super::state::HookState;
use crate::hook::memory::{Launch, Memory};
use crate::hook::reasons::{Incident, Step};

/// As its row knows it.
pub(super) fn launch(kept: &HookState) -> Launch<'_> {
    Launch {
        instance: &kept.instance,
        from: kept.launched_from.as_deref(),
        at: kept.launched_at(),
        is_fresh: kept.is_fresh(),
    }
}

/// With the last try settled, if AWS has answered. `most` in a row are enough.
pub(super) fn settled(now: Timestamp, incident: &Incident, memory: &Memory, most: u32) -> Memory {
    let kept = incident.kind.state();
    // A person, or a launch that was ready, may have forgiven it meanwhile.
    if !memory.is_abandoning(&kept.hook, &kept.instance) {
        return memory.clone();
    }
    let Some(intent) = &incident.intent else { return memory.clone() };
    let Step::Hook(step) = &intent.step;
    let result = match &**step {
        HookStep::Complete { result, .. } => Some(*result),
        _ => None,
    };
    let abandoned = result == Some(ActionResult::Abandon);
    match &intent.outcome {
        Some(Outcome::Done | Outcome::AlreadyDone) if abandoned => memory.abandon(now, &kept.hook, &launch(kept), most),
        // No such action is what an earlier try leaves behind, too, and the SDK repeats a call by itself.
        Some(Outcome::Lost { .. }) if abandoned => memory.clone(),
        Some(Outcome::Refused { .. }) if abandoned => memory.spared(&kept.hook, &kept.instance),
        // What was only inferred from where it is now may be what an earlier ABANDON did.
        Some(Outcome::Done) if result.is_some() => memory.spared(&kept.hook, &kept.instance),
        _ => memory.clone(),
    }
}

/// The action is over. What AWS never answered is told by what became of the instance: one that was not let into service counts. One
/// that is shown waiting yet tells nothing.
pub(super) fn over(now: Timestamp, incident: &Incident, seen: &Observation, memory: &Memory, most: u32) -> Memory {
    let memory = settled(now, incident, memory, most);
    let kept = incident.kind.state();
    let shown = seen.shown();
    let waits = shown.is_some_and(|member| Course::of(kept.transition, &member.lifecycle).is_some());
    if waits || !memory.is_abandoning(&kept.hook, &kept.instance) {
        return memory;
    }
    match shown.is_some_and(|member| ActionResult::Continue.shows_in(kept.transition, &member.lifecycle)) {
        true => memory.spared(&kept.hook, &kept.instance),
        false => memory.abandon(now, &kept.hook, &launch(kept), most),
    }
}
