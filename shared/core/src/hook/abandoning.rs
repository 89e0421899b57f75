//! What becomes of a launch that AWS was asked to abandon.
//!
//! This module never counts one whose abandoning AWS did not accept.

use jiff::Timestamp;

use super::action::ActionResult;
use super::kept::Kept;
use super::said::HookStep;
use crate::decision::Step;
use crate::incident::Incident;
use crate::memory::{Launch, Memory};
use crate::ports::Outcome;

/// As its row knows it.
pub(super) fn launch(kept: &Kept) -> Launch<'_> {
    Launch { instance: &kept.instance, from: kept.launched_from.as_deref(), at: kept.launched_at() }
}

/// With the last try settled, if AWS has answered. `most` in a row are enough.
pub(super) fn settled(now: Timestamp, incident: &Incident, memory: &Memory, most: u32) -> Memory {
    let Some(kept) = incident.kind.hook() else { return memory.clone() };
    // A person, or a launch that was ready, may have forgiven it meanwhile.
    if !memory.is_abandoning(&kept.hook, &kept.instance) {
        return memory.clone();
    }
    let Some(intent) = &incident.intent else { return memory.clone() };
    let result = match &intent.step {
        Step::Hook(step) => match &**step {
            HookStep::Complete { result, .. } => Some(*result),
            _ => None,
        },
        _ => None,
    };
    let abandoned = result == Some(ActionResult::Abandon);
    match &intent.outcome {
        Some(Outcome::Done | Outcome::AlreadyDone) if abandoned => memory.abandon(now, &kept.hook, &launch(kept), most),
        Some(Outcome::Lost { .. } | Outcome::Refused { .. }) if abandoned => memory.spared(&kept.hook, &kept.instance),
        Some(Outcome::Done | Outcome::AlreadyDone) if result.is_some() => memory.spared(&kept.hook, &kept.instance),
        _ => memory.clone(),
    }
}
