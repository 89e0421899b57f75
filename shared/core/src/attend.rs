//! The loop, and there is only one: load, observe, decide, record the intent, perform, record the outcome, look again.
//!
//! Every function and the simulator run this very code. It never performs an effect that was not recorded first, and never
//! takes an event's word for anything but where to look.

use std::fmt;
use std::future::Future;

use futures_util::future::join;
use jiff::{SignedDuration, Timestamp};

use crate::decision::{Decision, Hold, Step};
use crate::id::{GroupName, Subject};
use crate::incident::{Incident, State};
use crate::ports::{Clock, History, Ledger, Limits, NotWritten, Outcome, Slots, Unavailable, Write};
use crate::signal::Signal;

/// The longest that one effect may take, its retries included. Shorter than the lease, so that an effect which starts
/// early in its lease is over before anybody else may act.
pub const LONGEST_EFFECT: SignedDuration = SignedDuration::from_secs(10);

/// Looks in one call: one that acts, one that sees the result, and some lost races. More than that is a fight over the
/// incident, which the sweep settles better.
const MOST_LOOKS: u32 = 6;

/// An escalated incident is looked at this much later: a person is on it, and each look costs calls.
const ESCALATED_LOOK: SignedDuration = SignedDuration::from_mins(5);

/// What tells one remedy from another.
pub trait Remedy {
    /// What can be read before the ledger has answered.
    type Glance: Send;
    type Seen: Send;

    fn glance(&self, signal: &Signal) -> impl Future<Output = Result<Self::Glance, Unavailable>> + Send;

    /// The incident to open for a signal about a subject that has none.
    fn open(
        &self,
        now: Timestamp,
        signal: &Signal,
        glance: &Self::Glance,
        history: &History,
    ) -> Result<Incident, Ignored>;

    /// The open incident, with what the signal adds to it.
    fn join(&self, incident: Incident, signal: &Signal) -> Incident;

    fn observe(
        &self,
        glance: Self::Glance,
        incident: &Incident,
    ) -> impl Future<Output = Result<Self::Seen, Unavailable>> + Send;

    /// Who else doesn't serve: their own incidents, if open, take them out of what this one waits for.
    fn unwell(&self, incident: &Incident, seen: &Self::Seen) -> Vec<Subject>;

    /// Whether the world looks as the incident's step leaves it.
    fn took_effect(&self, incident: &Incident, seen: &Self::Seen) -> bool;

    fn decide(&self, now: Timestamp, incident: &Incident, seen: &Self::Seen, around: &Circumstances) -> Decision;

    fn perform(&self, step: &Step) -> impl Future<Output = Outcome> + Send;
}

/// What bears on a decision beside the subject itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circumstances {
    pub limits: Limits,
    /// Other members of the group that don't serve and have an open incident of their own.
    pub others_open: Vec<Subject>,
}

/// How a call of [`attend`] ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Attended {
    /// Nothing to record.
    Ignored(Ignored),
    /// The newest decision, and the incident as recorded with it.
    Decided { decision: Decision, incident: Box<Incident> },
}

/// Why a signal led to no incident. Logged and counted; no item, no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ignored {
    OutsidePolicy {
        subject: Subject,
        groups: Vec<GroupName>,
    },
    /// It was dealt with, and has left its group since.
    Handled {
        subject: Subject,
        closed_at: Timestamp,
    },
    NothingWrong {
        subject: Subject,
        why: String,
    },
    NothingOpen {
        subject: Subject,
    },
}

/// The loop gave up for now. Disposition: retry, by Lambda's or the queue's own retries, then by the sweep.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("the ledger changed during each of {MOST_LOOKS} looks at {subject}; leaving it to the next wake-up")]
    Contended { subject: Subject },
}

/// Attends to a signal until there is nothing to do now. `on_decision` hears each decision as it is made.
///
/// # Errors
/// [`Trouble`]: the world or the ledger could not be read or written. Nothing is lost: an effect's intent stands in the
/// ledger before the effect, and the next look starts from there.
pub async fn attend<R: Remedy>(
    remedy: &R,
    ledger: &impl Ledger,
    clock: &impl Clock,
    signal: &Signal,
    mut on_decision: impl FnMut(&Incident, &Decision),
) -> Result<Attended, Trouble> {
    for attempt in 1..=MOST_LOOKS {
        match look(remedy, ledger, clock, signal, &mut on_decision).await {
            Ok(Some(attended)) => return Ok(attended),
            Ok(None) => {}
            Err(NotWritten::Conflict) => clock.back_off(attempt).await,
            Err(NotWritten::Unavailable(unavailable)) => return Err(unavailable.into()),
        }
    }
    Err(Trouble::Contended { subject: signal.subject().clone() })
}

/// One round. `None` = something was done: look again.
async fn look<R: Remedy>(
    remedy: &R,
    ledger: &impl Ledger,
    clock: &impl Clock,
    signal: &Signal,
    on_decision: &mut impl FnMut(&Incident, &Decision),
) -> Result<Option<Attended>, NotWritten> {
    let (history, glance) = join(ledger.history(signal.subject()), remedy.glance(signal)).await;
    let (history, glance) = (history?, glance?);
    let incident = match &history.open {
        Some(open) => remedy.join(open.clone(), signal),
        None => match remedy.open(clock.now(), signal, &glance, &history) {
            Ok(incident) => incident,
            Err(ignored) => return Ok(Some(Attended::Ignored(ignored))),
        },
    };
    let limits = ledger.limits(&incident.subject, incident.kind.group());
    let (seen, limits) = join(remedy.observe(glance, &incident), limits).await;
    let (seen, limits) = (seen?, limits?);
    if let Some(settled) = effect_seen_late(remedy, clock.now(), &incident, &seen) {
        ledger.write(Write::Update { incident: &settled }).await?;
        return Ok(None);
    }
    let others_open = match incident.acted_at {
        Some(_) => ledger.open_among(&remedy.unwell(&incident, &seen)).await?,
        None => Vec::new(),
    };
    let around = Circumstances { limits, others_open };
    let now = clock.now();
    let decision = remedy.decide(now, &incident, &seen, &around);
    on_decision(&incident, &decision);
    match &decision {
        Decision::Act { step, .. } => {
            let slots = around.limits.slots.taken_by(&incident.subject, now);
            let acting = incident.intend(now, step, &decision);
            act(remedy, ledger, clock, step, &acting, &slots).await?;
            Ok(None)
        }
        // The incident is somebody else's until the lease ends: writing would break their fence.
        Decision::Hold { because: Hold::InFlight, .. } => decided(decision, incident),
        Decision::Hold { until, because } => {
            let until = if incident.state == State::Escalated { (*until).max(now + ESCALATED_LOOK) } else { *until };
            let held = incident.hold(now, until, because);
            ledger.write(Write::Update { incident: &held }).await?;
            decided(decision, held)
        }
        Decision::Page(because) => {
            let paged = incident.page(now, now + ESCALATED_LOOK, because);
            ledger.write(Write::Update { incident: &paged }).await?;
            decided(decision, paged)
        }
        Decision::Close(close) if incident.is_new() => {
            let (subject, why) = (incident.subject, close.to_string());
            Ok(Some(Attended::Ignored(Ignored::NothingWrong { subject, why })))
        }
        Decision::Close(close) => {
            let closed = incident.close(now, close);
            let freed = around.limits.slots.freed_by(&incident.subject);
            ledger.write(Write::Close { incident: &closed, slots: freed.as_ref() }).await?;
            decided(decision, closed)
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "reads as the end of `look`")]
fn decided(decision: Decision, incident: Incident) -> Result<Option<Attended>, NotWritten> {
    Ok(Some(Attended::Decided { decision, incident: Box::new(incident) }))
}

/// Intent before effect, outcome after: a crash between any two lines leaves a record to start from.
async fn act<R: Remedy>(
    remedy: &R,
    ledger: &impl Ledger,
    clock: &impl Clock,
    step: &Step,
    acting: &Incident,
    slots: &Slots,
) -> Result<(), NotWritten> {
    ledger.write(Write::Intent { incident: acting, slots, now: clock.now() }).await?;
    let in_time = acting.intent.as_ref().is_some_and(|intent| clock.now() + LONGEST_EFFECT <= intent.until);
    let outcome = if in_time {
        remedy.perform(step).await
    } else {
        Outcome::Unknown { why: "recording the intent took so long that its lease was nearly over".to_owned() }
    };
    ledger.write(Write::Update { incident: &acting.settle(clock.now(), outcome) }).await
}

/// The effect of an intent whose outcome nobody recorded, or whose answer was lost, shows in the world. So does that of a call
/// that was refused: the SDK's second try may meet what its first one did.
fn effect_seen_late<R: Remedy>(remedy: &R, now: Timestamp, incident: &Incident, seen: &R::Seen) -> Option<Incident> {
    let intent = incident.intent.as_ref().filter(|_| incident.state == State::Acting)?;
    let ours_to_settle = intent.outcome.is_some() || now >= intent.until;
    (ours_to_settle && remedy.took_effect(incident, seen)).then(|| incident.settle(now, Outcome::AlreadyDone))
}

impl Slots {
    fn taken_by(&self, subject: &Subject, now: Timestamp) -> Slots {
        let mut slots = self.clone();
        slots.version += 1;
        slots.holders.entry(subject.clone()).or_insert(now);
        slots
    }

    fn freed_by(&self, subject: &Subject) -> Option<Slots> {
        let mut slots = self.clone();
        slots.version += 1;
        slots.holders.remove(subject).map(|_| slots)
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ignored::OutsidePolicy { subject, groups } => {
                let groups: Vec<&str> = groups.iter().map(GroupName::as_str).collect();
                write!(f, "{} is in no group that the policy names ({})", subject.name(), groups.join(", "))
            }
            Ignored::Handled { subject, closed_at } => {
                write!(f, "{} has left its group, and its incident was closed at {closed_at:.0}", subject.name())
            }
            Ignored::NothingWrong { subject, why } => write!(f, "{}: {why}", subject.name()),
            Ignored::NothingOpen { subject } => write!(f, "{} has no open incident", subject.name()),
        }
    }
}
