//! What of a signal concerns this remedy: the hosted zones with an endpoint for which an alarm speaks.
//!
//! This module never goes by an alarm's dimensions: the policy names the alarms of each endpoint, wherever they are.

use homeostat_core::reconcile::{Route, WakeUp};
use homeostat_core::signal::{AlarmFact, Fact, Hint, NoSignal, Order, Signal, Trigger};
use jiff::{SignedDuration, Timestamp};

use crate::hosted_zone::policy::DnsPolicy;
use crate::hosted_zone::reasons::HoldReason;
use crate::hosted_zone::reasons::{Decision, Hold, Reconciled};
use crate::hosted_zone::{subject, survey};

/// A look at these names of the policy, each with its zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resync(pub(super) Vec<String>);

pub(super) fn route(dns: &DnsPolicy, signal: &Signal) -> Result<Route<Resync>, NoSignal> {
    match &signal.fact {
        Fact::Alarm(alarm) => of_alarm(dns, alarm),
        Fact::Notice { about, .. } => Err(NoSignal::NotOurs { about: about.to_string() }),
        Fact::Action(told) => Err(told.into()),
        Fact::Order(Order::Resync | Order::ContinueResync) => Ok(Route::Survey(survey::all(dns))),
        Fact::Order(Order::ServeDue) => Err(NoSignal::NotOurs { about: signal.fact.about() }),
        Fact::Order(order @ (Order::Wake(subject) | Order::Look { subject, .. })) => {
            Route::of_order(order, subject, subject::named(subject))
        }
    }
}

/// Any other alarm costs no call at all.
fn of_alarm(dns: &DnsPolicy, AlarmFact { change, .. }: &AlarmFact) -> Result<Route<Resync>, NoSignal> {
    let zones = dns.zones_of(&change.alarm).into_iter();
    let hints: Vec<Hint> =
        zones.map(|zone| Hint { subject: subject::subject(zone), why: Trigger::Alarm(change.clone()) }).collect();
    if hints.is_empty() {
        let why = "speaks for no endpoint that the policy names".to_owned();
        return Err(NoSignal::NotAbout { alarm: change.alarm.clone(), why });
    }
    Ok(Route::Hints(hints))
}

/// A change is on all name servers within seconds as a rule, and the next one waits for it. The sweep comes once a minute.
pub(super) fn wake_after(now: Timestamp, attended: &Reconciled) -> Option<WakeUp> {
    let Reconciled::Decided { decision: Decision::Hold { until, because }, .. } = attended else { return None };
    let after = until.duration_since(now).max(SignedDuration::ZERO);
    matches!(because, Hold::Own(HoldReason::Propagating { .. })).then_some(WakeUp { after, look: None })
}
