//! From a signal to all that a remedy does about it: route, survey, attend to each, follow up, wake up.
//!
//! Every function serves by this code, and `explain` foresees by it. This module never knows what a signal says: the remedy does.
//! One subject that fails keeps no other from being attended to.

use futures_util::{StreamExt, stream};
use jiff::SignedDuration;

use super::{
    Explanation, NotSurveyed, Outlook, ReconcileError, Reconciled, Remedy, Route, Surveyed, explain, reconcile,
};
use crate::id::Subject;
use crate::incident::{Decision, Incident, Kind};
use crate::outcome::Unavailable;
use crate::ports::{Clock, Ledger, WakeUps};
use crate::signal::{Hint, NoSignal, Signal};

/// What became of a signal.
#[derive(Debug)]
pub enum Served<K: Kind> {
    /// It is nothing to this remedy.
    Nothing(NoSignal),
    /// One look for each subject that it is about.
    Hints(Vec<Look<K>>),
    /// One look for each hint of the survey that it asked for.
    Survey(Surveyed, Vec<Look<K>>),
}

/// What became of one hint.
#[derive(Debug)]
pub struct Look<K: Kind> {
    pub subject: Subject,
    pub outcome: Result<Reconciled<K>, ReconcileError>,
    /// Why no wake-up could be sent: the sweep comes round all the same.
    pub not_woken: Option<Unavailable>,
}

/// The loop's ports, as one function has them.
#[derive(Debug)]
pub struct Ports<'a, L, C, W> {
    pub ledger: &'a L,
    pub clock: &'a C,
    /// The function's own queue.
    pub wake_ups: &'a W,
}

impl<L, C, W> Clone for Ports<'_, L, C, W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L, C, W> Copy for Ports<'_, L, C, W> {}

/// Does all that a signal asks of a remedy. `on_decision` hears each decision as it is made.
///
/// # Errors
/// [`Unavailable`]: the survey could not look. Nothing was changed.
pub async fn serve<R, L, C, W>(
    remedy: &R,
    ports: Ports<'_, L, C, W>,
    signal: &Signal,
    on_decision: &impl Fn(&Incident<R::Kind>, &Decision<R::Kind>),
) -> Result<Served<R::Kind>, Unavailable>
where
    R: Remedy,
    L: Ledger + Sync,
    C: Clock,
    W: WakeUps,
{
    let (surveyed, hints) = match found(remedy, ports.ledger, ports.clock, signal).await? {
        Found::Nothing(why) => return Ok(Served::Nothing(why)),
        Found::Hints(hints) => (None, hints),
        Found::Survey(surveyed) => {
            let hints = surveyed.hints.clone();
            (Some(surveyed), hints)
        }
    };
    let looks = hints.iter().map(|hint| one(remedy, ports, hint, on_decision));
    let looks = stream::iter(looks).buffer_unordered(R::SIDE_BY_SIDE).collect().await;
    Ok(match surveyed {
        None => Served::Hints(looks),
        Some(surveyed) => Served::Survey(surveyed, looks),
    })
}

/// Where to look.
enum Found {
    Nothing(NoSignal),
    Hints(Vec<Hint>),
    Survey(Surveyed),
}

async fn found<R: Remedy>(
    remedy: &R,
    ledger: &(impl Ledger + Sync),
    clock: &impl Clock,
    signal: &Signal,
) -> Result<Found, Unavailable> {
    match remedy.route(signal) {
        Err(why) => Ok(Found::Nothing(why)),
        Ok(Route::Hints(hints)) => Ok(Found::Hints(hints)),
        Ok(Route::Survey(survey)) => match remedy.survey(ledger, clock.now(), &survey).await {
            Ok(surveyed) => Ok(Found::Survey(surveyed)),
            Err(NotSurveyed::Nothing(why)) => Ok(Found::Nothing(why)),
            Err(NotSurveyed::Unavailable(unavailable)) => Err(unavailable),
        },
    }
}

/// One subject, and what follows from how it is.
async fn one<R, L, C, W>(
    remedy: &R,
    ports: Ports<'_, L, C, W>,
    hint: &Hint,
    on_decision: &impl Fn(&Incident<R::Kind>, &Decision<R::Kind>),
) -> Look<R::Kind>
where
    R: Remedy,
    L: Ledger,
    C: Clock,
    W: WakeUps,
{
    let look = look_at(remedy, ports, hint, on_decision).await;
    let next = look.outcome.as_ref().ok().and_then(|attended| remedy.follow_up(ports.clock.now(), attended));
    let Some(next) = next else { return look };
    match look_at(remedy, ports, &next, on_decision).await {
        Look { outcome: Err(trouble), .. } => Look { outcome: Err(trouble), ..look },
        Look { not_woken, .. } => Look { not_woken: look.not_woken.or(not_woken), ..look },
    }
}

/// One subject alone. Whoever calls this follows up by itself.
pub async fn look_at<R, L, C, W>(
    remedy: &R,
    ports: Ports<'_, L, C, W>,
    hint: &Hint,
    on_decision: &impl Fn(&Incident<R::Kind>, &Decision<R::Kind>),
) -> Look<R::Kind>
where
    R: Remedy,
    L: Ledger,
    C: Clock,
    W: WakeUps,
{
    let Ports { ledger, clock, wake_ups } = ports;
    let subject = hint.subject.clone();
    let outcome = reconcile(remedy, ledger, clock, hint, on_decision).await;
    let wake_up = outcome.as_ref().ok().and_then(|attended| remedy.wake_after(clock.now(), attended));
    let sent = match wake_up.map(|wake_up| (wake_up.after.max(SignedDuration::ZERO), wake_up.look)) {
        Some((after, Some(look))) => wake_ups.wake_for(&subject, look, after).await,
        Some((after, None)) => wake_ups.wake(&subject, after).await,
        None => Ok(()),
    };
    Look { subject, outcome, not_woken: sent.err() }
}

/// What serving a signal would come to now.
#[derive(Debug)]
pub enum Foreseen<K: Kind> {
    Nothing(NoSignal),
    Looks { surveyed: Option<Surveyed>, looks: Vec<(Hint, Explanation<K>)> },
}

/// Says what [`serve`] would do, and does none of it.
///
/// # Errors
/// [`Unavailable`]: something could not be read.
pub async fn foresee<R: Remedy>(
    remedy: &R,
    ledger: &(impl Ledger + Sync),
    clock: &impl Clock,
    signal: &Signal,
) -> Result<Foreseen<R::Kind>, Unavailable> {
    let (surveyed, hints) = match found(remedy, ledger, clock, signal).await? {
        Found::Nothing(why) => return Ok(Foreseen::Nothing(why)),
        Found::Hints(hints) => (None, hints),
        Found::Survey(surveyed) => {
            let hints = surveyed.hints.clone();
            (Some(surveyed), hints)
        }
    };
    let mut looks: Vec<(Hint, Explanation<R::Kind>)> = Vec::new();
    for hint in hints {
        let mut next = Some(hint);
        while let Some(hint) = next.take() {
            let is_known = looks.iter().any(|(known, _)| known.subject == hint.subject);
            if !is_known {
                let explanation = explain(remedy, ledger, clock, &hint).await?;
                if let Outlook::Reconciled(attended) = &explanation.outcome {
                    next = remedy.follow_up(clock.now(), attended);
                }
                looks.push((hint, explanation));
            }
        }
    }
    Ok(Foreseen::Looks { surveyed, looks })
}
