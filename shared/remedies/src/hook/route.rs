//! What of a signal concerns this remedy: lifecycle actions, and no alarm.
//!
//! This module never asks AWS, nor whether the policy names the hook: what is open already is looked at all the same.

use homeostat_core::id::Region;
use homeostat_core::incident::State;
use homeostat_core::reconcile::{Route, WakeUp};
use homeostat_core::signal::{Fact, Hint, NoSignal, Order, Signal, Trigger};
use jiff::Timestamp;

use crate::hook::reasons::HoldReason;
use crate::hook::reasons::{Decision, Hold, Reconciled};
use crate::hook::subject;
use crate::hook::subject::HeldInstance;

/// All groups whose hooks the policy names: there is no smaller survey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resync;

pub(super) fn route(region: &Region, signal: &Signal) -> Result<Route<Resync>, NoSignal> {
    signal.is_of(region)?;
    match &signal.fact {
        Fact::Action(told) => {
            let subject = HeldInstance::told(told).subject(region.clone());
            Ok(Route::Hints(vec![Hint { subject, why: Trigger::Action(told.clone()) }]))
        }
        Fact::Alarm(alarm) => {
            let why = "is about no lifecycle hook".to_owned();
            Err(NoSignal::NotAbout { alarm: alarm.change.alarm.clone(), why })
        }
        Fact::Notice { about, .. } => Err(NoSignal::NotOurs { about: about.to_string() }),
        Fact::Order(Order::Resync | Order::ContinueResync) => Ok(Route::Survey(Resync)),
        Fact::Order(Order::ServeDue) => Err(NoSignal::NotOurs { about: signal.fact.about() }),
        Fact::Order(order @ (Order::Wake(subject) | Order::Look { subject, .. })) => {
            Route::of_order(order, subject, subject::named(subject))
        }
    }
}

/// The sweep comes once a minute, and a held instance is waited for.
pub(super) fn wake_after(now: Timestamp, attended: &Reconciled) -> Option<WakeUp> {
    let Reconciled::Decided { decision: Decision::Hold { until, because: Hold::Own(HoldReason::Hook(_)) }, incident } =
        attended
    else {
        return None;
    };
    // An escalated one is looked at less often, and the sweep does that.
    let is_waited_for = incident.state != State::Escalated;
    is_waited_for.then(|| WakeUp { after: until.duration_since(now), look: Some(*until) })
}

#[cfg(test)]
mod tests;
