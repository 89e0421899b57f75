//! From a signal to all that a remedy does about it: route, survey, attend to each, follow up, wake up.
//!
//! Every function serves by this code, and `explain` foresees by it. This module never knows what a signal says: the remedy does.
//! One subject that fails keeps no other from being attended to.

use futures_util::{StreamExt, stream};
use jiff::SignedDuration;

use super::found::{Attend, ByMarks, InTurn};
use super::slices::{AT_ONCE, hand_over, slice};
use super::{
    Coalesce, Explanation, NotSurveyed, Outlook, ReconcileError, Reconciled, Remedy, Route, Surveyed, explain,
    reconcile,
};
use crate::aws::rates::Pacer;
use crate::id::Subject;
use crate::incident::{Decision, Incident, Kind};
use crate::outcome::Unavailable;
use crate::ports::{Clock, DueMarks, Ledger, WakeUps};
use crate::signal::{Fact, Hint, NoSignal, Order, Signal};

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
    serve_as(remedy, ports, signal, &InTurn, on_decision).await
}

/// The same, but that many subjects which a resync finds together are marked as due, and whoever serves marks is called.
///
/// # Errors
/// [`Unavailable`]: the survey could not look. Nothing was changed.
pub async fn serve_by_marks<R, L, C, W>(
    remedy: &R,
    ports: Ports<'_, L, C, W>,
    signal: &Signal,
    on_decision: &impl Fn(&Incident<R::Kind>, &Decision<R::Kind>),
) -> Result<Served<R::Kind>, Unavailable>
where
    R: Coalesce,
    L: Ledger + DueMarks + Sync,
    C: Clock,
    W: WakeUps,
{
    let mut served = serve_as(remedy, ports, signal, &ByMarks(ports.ledger), on_decision).await;
    if let Ok(Served::Survey(surveyed, _)) = &mut served
        && !surveyed.marked.is_empty()
        && let Err(unavailable) = ports.wake_ups.order(&Order::ServeDue, SignedDuration::ZERO).await
    {
        // The marks stay, and the next resync calls for them.
        surveyed.unread.push(unavailable.to_string());
    }
    served
}

async fn serve_as<R, L, C, W>(
    remedy: &R,
    ports: Ports<'_, L, C, W>,
    signal: &Signal,
    attend: &impl Attend<R>,
    on_decision: &impl Fn(&Incident<R::Kind>, &Decision<R::Kind>),
) -> Result<Served<R::Kind>, Unavailable>
where
    R: Remedy,
    L: Ledger + Sync,
    C: Clock,
    W: WakeUps,
{
    let (surveyed, hints) = match remedy.route(signal) {
        Err(why) => return Ok(Served::Nothing(why)),
        Ok(Route::Hints(hints)) => (None, hints),
        Ok(Route::Survey(survey)) => {
            let names = remedy.parts(&survey);
            let continues = matches!(signal.fact, Fact::Order(Order::ContinueResync));
            // One that is read in slices goes on from where it is.
            let is_under_way = !names.is_empty() && ports.ledger.resync(R::Kind::REMEDY).await?.began_at.is_some();
            if names.len() > AT_ONCE || continues || is_under_way {
                return slice(remedy, ports, &survey, &names, continues, attend, on_decision).await;
            }
            let mut pacer = Pacer::default();
            match at_once(remedy, ports.ledger, ports.clock, &mut pacer, &survey).await {
                Ok(surveyed) => (Some((names, surveyed.clone(), pacer)), surveyed.hints),
                Err(NotSurveyed::Nothing(why)) => return Ok(Served::Nothing(why)),
                Err(NotSurveyed::Unavailable(unavailable)) => return Err(unavailable),
            }
        }
    };
    let looks = hints.iter().map(|hint| one(remedy, ports, hint, on_decision));
    let looks = stream::iter(looks).buffer_unordered(R::SIDE_BY_SIDE).collect().await;
    let Some((names, mut surveyed, pacer)) = surveyed else { return Ok(Served::Hints(looks)) };
    if !surveyed.put_off.is_empty()
        && let Err(unavailable) = hand_over::<R>(ports, &names, pacer, &mut surveyed).await
    {
        // The next resync reads it.
        surveyed.unread.push(unavailable.to_string());
    }
    Ok(Served::Survey(surveyed, looks))
}

/// All that a survey is about, by one look.
async fn at_once<R: Remedy>(
    remedy: &R,
    ledger: &(impl Ledger + Sync),
    clock: &impl Clock,
    pacer: &mut Pacer,
    survey: &R::Survey,
) -> Result<Surveyed, NotSurveyed> {
    remedy.survey(ledger, clock, pacer, &mut R::Shared::default(), survey).await
}

/// One subject, and what follows from how it is.
pub(super) async fn one<R, L, C, W>(
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

/// Says what [`serve`] would do, and does none of it. `on_progress` hears how many names of how many a long survey has read.
///
/// # Errors
/// [`Unavailable`]: something could not be read.
pub async fn foresee<R: Remedy>(
    remedy: &R,
    ledger: &(impl Ledger + Sync),
    clock: &impl Clock,
    signal: &Signal,
    on_progress: &impl Fn(usize, usize),
) -> Result<Foreseen<R::Kind>, Unavailable> {
    let (surveyed, hints) = match remedy.route(signal) {
        Err(why) => return Ok(Foreseen::Nothing(why)),
        Ok(Route::Hints(hints)) => (None, hints),
        Ok(Route::Survey(survey)) => match all_of(remedy, ledger, clock, &survey, on_progress).await {
            Ok(surveyed) => (Some(surveyed.clone()), surveyed.hints),
            Err(NotSurveyed::Nothing(why)) => return Ok(Foreseen::Nothing(why)),
            Err(NotSurveyed::Unavailable(unavailable)) => return Err(unavailable),
        },
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

/// The whole survey, however long it takes: what is read in slices, wave after wave.
async fn all_of<R: Remedy>(
    remedy: &R,
    ledger: &(impl Ledger + Sync),
    clock: &impl Clock,
    survey: &R::Survey,
    on_progress: &impl Fn(usize, usize),
) -> Result<Surveyed, NotSurveyed> {
    let names = remedy.parts(survey);
    if names.is_empty() {
        return at_once(remedy, ledger, clock, &mut Pacer::default(), survey).await;
    }
    let (mut pacer, mut shared) = (Pacer::default(), R::Shared::default());
    let mut all = Surveyed::default();
    let mut rest = names.as_slice();
    while !rest.is_empty() {
        let wave = rest.get(..AT_ONCE).unwrap_or(rest);
        let surveyed = match remedy.survey(ledger, clock, &mut pacer, &mut shared, &remedy.part(survey, wave)).await {
            Err(NotSurveyed::Nothing(_)) => Surveyed::default(),
            surveyed => surveyed?,
        };
        let count = wave.iter().take_while(|name| !surveyed.put_off.contains(name)).count();
        if !surveyed.put_off.is_empty() {
            clock.wait(pacer.full_in(clock.now())).await;
        }
        rest = rest.get(count..).unwrap_or_default();
        all.looked_at.extend(surveyed.looked_at);
        all.hints.extend(surveyed.hints);
        all.open.extend(surveyed.open);
        all.failed.extend(surveyed.failed);
        all.partial.extend(surveyed.partial);
        all.unread.extend(surveyed.unread);
        if names.len() > AT_ONCE {
            on_progress(names.len() - rest.len(), names.len());
        }
    }
    Ok(all)
}
