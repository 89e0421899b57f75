//! The loop, and there is only one: load, observe, decide, record the intent, perform, record the outcome, look again.
//!
//! Every function and the simulator run this very code. It never performs an effect that was not recorded first, and never
//! takes an event's word for anything but where to look.

mod bought;
mod due;
mod explain;
mod found;
mod fresh;
mod ladder;
mod marking;
mod news;
mod result;
mod route;
mod serve;
mod slices;
mod waiting;

use std::future::Future;

use futures_util::future::{OptionFuture, join, join3};
use jiff::{SignedDuration, Timestamp};

use crate::aws::rates::Pacer;
use crate::budget::Purchase;
use crate::id::{Scope, Subject};
use crate::incident::{Decision, Effect, Hold, Incident, Kind, Page, State, Verdict};
use crate::memory::{News, Remembered};
use crate::outcome::{Outcome, Unavailable};
use crate::ports::{Clock, History, Ledger, Limits, NotWritten, Write};
use crate::signal::{Hint, NoSignal, Signal};
use crate::size;
pub use due::{Attended, Coalesce, DueServed, Placed, TRY_AGAIN_AFTER, Turn, serve_due};
pub use explain::{Explanation, Outlook, explain};
use fresh::{FRESH, SoFar, fresh_enough};
pub use ladder::Rung;
pub use ladder::{Check, checked, climb, climbed};
pub use marking::{Marked, MarkedRoutes, Marks, mark, mark_routes};
use news::news;
pub use result::{Ignored, ReconcileError, Reconciled};
pub use route::{NotSurveyed, Route, Surveyed, WakeUp};
pub use serve::{Foreseen, Look, Ports, Served, foresee, look_at, serve, serve_by_marks};
pub use waiting::in_time;

/// The longest that one effect may take, its retries included. Shorter than the lease, so that an effect which starts
/// early in its lease is over before anybody else may act.
pub const LONGEST_EFFECT: SignedDuration = SignedDuration::from_secs(10);

/// Looks in one call: one that acts, one that sees the result, and some lost races. More than that is a fight over the
/// incident, which the sweep settles better.
const MOST_LOOKS: u32 = 6;

/// An escalated incident is looked at so many times less often: a person is on it, and each look costs calls.
pub const ESCALATED_SLOWER: i32 = 5;

/// What tells one remedy from another.
pub trait Remedy {
    type Kind: Kind;
    /// What can be read before the ledger has answered.
    type Prefetch: Send;
    type Observation: Send;
    /// What a look at more than the subjects that a signal names is about.
    type Survey: Send + Sync;
    /// What one slice of a survey reads for all of its parts.
    type Shared: Default + Send;

    /// Subjects of one signal that are attended to at the same time.
    const SIDE_BY_SIDE: usize;

    /// What of a signal concerns this remedy. It costs no call.
    ///
    /// # Errors
    /// [`NoSignal`]: why nothing does.
    fn route(&self, signal: &Signal) -> Result<Route<Self::Survey>, NoSignal>;

    /// The names of what a survey reads, in its order, if it may have to be read in slices.
    fn parts(&self, survey: &Self::Survey) -> Vec<String>;

    /// The survey of some of its parts.
    fn part(&self, survey: &Self::Survey, names: &[String]) -> Self::Survey;

    /// How long all of its parts take, by the rates of AWS.
    fn period(&self) -> SignedDuration;

    /// Looks at what the survey is about: what is wrong there, and has no open incident.
    fn survey(
        &self,
        ledger: &(impl Ledger + Sync),
        clock: &impl Clock,
        pacer: &mut Pacer,
        shared: &mut Self::Shared,
        survey: &Self::Survey,
    ) -> impl Future<Output = Result<Surveyed, NotSurveyed>> + Send;

    /// What else to look at because of how a look ended.
    fn follow_up(&self, now: Timestamp, attended: &Reconciled<Self::Kind>) -> Option<Hint>;

    /// When the owner should look again by itself, sooner than the sweep would have it look.
    fn wake_after(&self, now: Timestamp, attended: &Reconciled<Self::Kind>) -> Option<WakeUp>;

    fn prefetch(&self, hint: &Hint) -> impl Future<Output = Result<Self::Prefetch, Unavailable>> + Send;

    /// The incident to open for a hint about a subject that has none.
    fn open(
        &self,
        now: Timestamp,
        hint: &Hint,
        prefetch: &Self::Prefetch,
        history: &History<Self::Kind>,
    ) -> Result<Incident<Self::Kind>, Ignored>;

    /// The open incident, with what the hint adds to it.
    fn join(&self, incident: Incident<Self::Kind>, hint: &Hint) -> Incident<Self::Kind>;

    /// Whose limits bear on the subject, if that can be told before its incident is read: it saves a call one after another.
    fn scope(&self, subject: &Subject) -> Option<Scope>;

    /// Whether a wake-up came before its time, as a second one does where each look sends the next.
    fn is_early(&self, now: Timestamp, incident: &Incident<Self::Kind>, hint: &Hint) -> bool;

    /// The incident, with what was seen that is to be remembered, whatever is decided.
    fn absorb(
        &self,
        now: Timestamp,
        incident: Incident<Self::Kind>,
        seen: &Self::Observation,
        limits: &Limits<Self::Kind>,
    ) -> Incident<Self::Kind>;

    /// What all of the evidence says of the subject, as far as the remedy judges by evidence of its own.
    fn verdict(&self, now: Timestamp, incident: &Incident<Self::Kind>, seen: &Self::Observation) -> Verdict;

    fn observe(
        &self,
        now: Timestamp,
        prefetch: Self::Prefetch,
        incident: &Incident<Self::Kind>,
    ) -> impl Future<Output = Result<Self::Observation, Unavailable>> + Send;

    /// What an act takes of the budget above the incident's scope. `None`: nothing.
    fn purchase(&self, incident: &Incident<Self::Kind>, seen: &Self::Observation) -> Option<Purchase>;

    /// Since when what the last observation rests on may have been another, where some of it was read before the look began.
    fn seen_since(&self) -> Option<Timestamp>;

    /// Who else doesn't serve: their own incidents, if open, take them out of what this one waits for.
    fn others_not_serving(&self, incident: &Incident<Self::Kind>, seen: &Self::Observation) -> Vec<Subject>;

    /// Whether the world looks as the incident's step leaves it.
    fn took_effect(&self, incident: &Incident<Self::Kind>, seen: &Self::Observation) -> bool;

    fn decide(
        &self,
        now: Timestamp,
        incident: &Incident<Self::Kind>,
        seen: &Self::Observation,
        around: &Circumstances<Self::Kind>,
    ) -> Decision<Self::Kind>;

    /// Why no incident is opened after all for what the decision would hold or close, if so.
    fn not_opened(
        &self,
        hint: &Hint,
        incident: &Incident<Self::Kind>,
        decision: &Decision<Self::Kind>,
    ) -> Option<Ignored>;

    /// What `decide` would hold for in the first seconds after a step, whatever a look showed: it saves that look.
    fn follows(&self, now: Timestamp, settled: &Incident<Self::Kind>) -> Option<(Timestamp, Hold<Self::Kind>)>;

    /// The ladder as it was climbed, for people: each rung with what it went by.
    fn rungs(
        &self,
        now: Timestamp,
        incident: &Incident<Self::Kind>,
        seen: &Self::Observation,
        around: &Circumstances<Self::Kind>,
    ) -> Vec<Rung>;

    /// What outlives the incident, if the decision adds to it.
    fn remember(
        &self,
        now: Timestamp,
        incident: &Incident<Self::Kind>,
        seen: &Self::Observation,
        decision: &Decision<Self::Kind>,
        memory: &<Self::Kind as Kind>::Memory,
    ) -> Option<<Self::Kind as Kind>::Memory>;

    fn times(&self, incident: &Incident<Self::Kind>) -> Times;

    /// Which policy this is.
    fn policy_hash(&self) -> &str;

    fn perform(&self, step: &<Self::Kind as Kind>::Step) -> impl Future<Output = Outcome> + Send;
}

/// How the policy paces an incident.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    pub check_every: SignedDuration,
    pub recover_within: SignedDuration,
    /// How long nothing may be done about who is unhealthy before a person is asked, where the remedy gives a verdict.
    pub max_wait: SignedDuration,
    pub remind_every: SignedDuration,
}

/// What bears on a decision beside the subject itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Circumstances<K: Kind> {
    pub limits: Limits<K>,
    /// Other members of the group that don't serve and have an open incident of their own.
    pub others_open: Vec<Subject>,
}

impl<K: Kind> Default for Circumstances<K> {
    fn default() -> Self {
        Circumstances { limits: Limits::default(), others_open: Vec::new() }
    }
}

/// Attends to a hint until there is nothing to do now. `on_decision` hears each decision as it is made.
///
/// # Errors
/// [`ReconcileError`]: the world or the ledger could not be read or written. Nothing is lost: an effect's intent stands in the
/// ledger before the effect, and the next look starts from there. Whoever was overtaken at each look, by others that wrote the open
/// incident, failed at nothing: they looked, and the incident says when it is looked at next.
pub async fn reconcile<R: Remedy>(
    remedy: &R,
    ledger: &impl Ledger,
    clock: &impl Clock,
    hint: &Hint,
    mut on_decision: impl FnMut(&Incident<R::Kind>, &Decision<R::Kind>),
) -> Result<Reconciled<R::Kind>, ReconcileError> {
    let mut so_far = SoFar::default();
    while so_far.looks < MOST_LOOKS {
        let looked = look(remedy, ledger, clock, hint, &mut so_far, &mut on_decision).await;
        so_far.looks += 1;
        match looked {
            Ok(Some(attended)) => return Ok(attended),
            Ok(None) => {}
            Err(NotWritten::Conflict) => {
                so_far.overtaken += 1;
                clock.back_off(so_far.looks).await;
            }
            Err(NotWritten::Unavailable(unavailable)) => return Err(unavailable.into()),
        }
    }
    let subject = hint.subject.clone();
    let open = ledger.history::<R::Kind>(&subject, None).await?.open;
    match open.and_then(|open| open.wake_at) {
        Some(next_look) => Ok(Reconciled::Ignored(Ignored::Overtaken { subject, next_look })),
        None => Err(ReconcileError::Contended { subject }),
    }
}

/// One round. `None` = look again.
async fn look<R: Remedy>(
    remedy: &R,
    ledger: &impl Ledger,
    clock: &impl Clock,
    hint: &Hint,
    so_far: &mut SoFar,
    on_decision: &mut impl FnMut(&Incident<R::Kind>, &Decision<R::Kind>),
) -> Result<Option<Reconciled<R::Kind>>, NotWritten> {
    let began = clock.now();
    let reading = read(remedy, ledger, clock, hint, so_far.has_done_something).await?;
    let Looked { now, stored, incident, seen, around, news } = match reading {
        Reading::Nothing(ignored) => return Ok(Some(Reconciled::Ignored(ignored))),
        Reading::TookEffect { settled, news } => {
            ledger.write(Write { alarm: news.as_ref(), ..Write::of(&settled) }).await?;
            so_far.has_done_something = true;
            return Ok(None);
        }
        Reading::Looked(looked) => *looked,
    };
    let began = remedy.seen_since().map_or(began, |since| since.min(began));
    let news = news.as_ref();
    let times = remedy.times(&incident);
    let decided_by_remedy = remedy.decide(now, &incident, &seen, &around);
    let Some(decision) = fresh_enough(decided_by_remedy, began, clock, &incident, &around, &times, so_far) else {
        return Ok(None);
    };
    let decision = in_time(now, &incident, decision, &times);
    let decision = with_room(now, &incident, decision);
    if let Some(ignored) = not_opened(remedy, hint, &incident, &decision) {
        return Ok(Some(Reconciled::Ignored(ignored)));
    }
    on_decision(&incident, &decision);
    let memory = remedy.remember(now, &incident, &seen, &decision, &around.limits.memory);
    let memory = memory.map(|memory| memory.over(&around.limits.memory));
    let next = match &decision {
        Decision::Act { step, .. } => incident.intend(now, step, &decision),
        // The incident is somebody else's until the lease ends: writing would break their fence.
        Decision::Hold { because: Hold::InFlight, .. } => return decided(decision, incident),
        Decision::Hold { until, because } => incident.hold(now, slower(&incident, now, *until, &times), because),
        Decision::Page(because) => incident.page(now, now + times.check_every * ESCALATED_SLOWER, because),
        Decision::Close(close) => incident.close(now, close),
    };
    let next = paced(remedy, now, next, &times);
    let write = Write { memory: memory.as_ref(), alarm: news, ..Write::of(&next) };
    if let Decision::Act { step, .. } = &decision {
        let slots = next.kind.takes_slot().then(|| around.limits.slots.taken_by(&next.subject, now));
        let shared = bought::taken(&around, now, &next.subject, remedy.purchase(&incident, &seen));
        let unpaused_at = step.respects_pauses().then_some(now);
        ledger.write(Write { slots: slots.as_ref(), shared: shared.as_ref(), unpaused_at, ..write }).await?;
        so_far.has_done_something = true;
        return act(remedy, ledger, clock, began, step, &next, on_decision).await;
    }
    let gives_back = next.closed_at.is_some() || (incident.acted_at.is_some() && next.acted_at.is_none());
    let freed = if gives_back { around.limits.slots.freed_by(&next.subject) } else { None };
    let shared = bought::freed_or_paged(&around, now, &next.subject, gives_back, &decision);
    if let Some(stored) = stored
        && hint.is_of_an_event()
        && (freed.is_none() && shared.is_none() && memory.is_none() && news.is_none())
        && next.repeats(&stored, now, times.check_every)
    {
        return decided(decision, stored);
    }
    ledger.write(Write { slots: freed.as_ref(), shared: shared.as_ref(), ..write }).await?;
    decided(decision, next)
}

/// What a round starts from.
enum Reading<R: Remedy> {
    Nothing(Ignored),
    /// The step whose outcome nobody knew shows in the world.
    TookEffect {
        settled: Box<Incident<R::Kind>>,
        news: Option<News>,
    },
    Looked(Box<Looked<R>>),
}

/// All that a decision rests on.
struct Looked<R: Remedy> {
    /// The hour of all of it. A lease that is over for the decision, and was not for what was seen, would leave an effect that
    /// shows unsettled, and the decision blind to it.
    now: Timestamp,
    /// As it was read, if it is open.
    stored: Option<Incident<R::Kind>>,
    incident: Incident<R::Kind>,
    seen: R::Observation,
    around: Circumstances<R::Kind>,
    news: Option<News>,
}

/// Reads, and changes nothing.
async fn read<R: Remedy>(
    remedy: &R,
    ledger: &impl Ledger,
    clock: &impl Clock,
    hint: &Hint,
    has_done_something: bool,
) -> Result<Reading<R>, Unavailable> {
    let change = hint.change();
    let history = ledger.history::<R::Kind>(&hint.subject, change);
    let scope = remedy.scope(&hint.subject);
    let early: OptionFuture<_> = scope.as_ref().map(|scope| ledger.limits(&hint.subject, scope)).into();
    let (history, prefetch, early) = join3(history, remedy.prefetch(hint), early).await;
    let (history, prefetch, early) = (history?, prefetch?, early.transpose()?);
    let news = match news(clock.now(), change, history.alarm.as_ref()) {
        Ok(news) => news,
        Err(stale) => return Ok(Reading::Nothing(stale)),
    };
    let incident = match &history.open {
        // Whoever has done something sees it through, whatever it was woken for.
        Some(open) if !has_done_something && remedy.is_early(clock.now(), open, hint) => {
            return Ok(Reading::Nothing(Ignored::NotDue { subject: hint.subject.clone() }));
        }
        Some(open) => remedy.join(open.clone(), hint),
        None => match remedy.open(clock.now(), hint, &prefetch, &history) {
            Ok(incident) => incident,
            Err(ignored) => return Ok(Reading::Nothing(ignored)),
        },
    };
    let scope = incident.scope();
    let late: OptionFuture<_> = early.is_none().then(|| ledger.limits(&incident.subject, &scope)).into();
    let (seen, late) = join(remedy.observe(clock.now(), prefetch, &incident), late).await;
    let (seen, limits) = (seen?, late.transpose()?.or(early).unwrap_or_default());
    let now = clock.now();
    if let Some(settled) = effect_seen_late(remedy, now, &incident, &seen) {
        return Ok(Reading::TookEffect { settled: Box::new(settled), news });
    }
    let incident = remedy.absorb(now, incident, &seen, &limits);
    let verdict = remedy.verdict(now, &incident, &seen);
    let incident = incident.judged(now, verdict);
    let others_open = match incident.began_at() {
        Some(_) => ledger.open_among(&remedy.others_not_serving(&incident, &seen)).await?,
        None => Vec::new(),
    };
    let around = Circumstances { limits, others_open };
    Ok(Reading::Looked(Box::new(Looked { now, stored: history.open, incident, seen, around, news })))
}

/// What DynamoDB would refuse to store is not begun, and said while there is room to say so.
fn with_room<K: Kind>(now: Timestamp, incident: &Incident<K>, decision: Decision<K>) -> Decision<K> {
    let Decision::Act { step, .. } = &decision else { return decision };
    let bytes = size::of(&incident.intend(now, step, &decision));
    if bytes <= size::ENOUGH {
        return decision;
    }
    let counted = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
    Decision::Page(Page::NoRoom { bytes: counted(bytes), enough: counted(size::ENOUGH) })
}

fn paced<R: Remedy>(remedy: &R, now: Timestamp, next: Incident<R::Kind>, times: &Times) -> Incident<R::Kind> {
    next.reminded(now, times.remind_every).due_within(times.recover_within).under(remedy.policy_hash())
}

#[expect(clippy::unnecessary_wraps, reason = "reads as the end of `look`")]
fn decided<K: Kind>(decision: Decision<K>, incident: Incident<K>) -> Result<Option<Reconciled<K>>, NotWritten> {
    Ok(Some(Reconciled::Decided { decision, incident: Box::new(incident) }))
}

/// A reason not to open an incident after all.
fn not_opened<R: Remedy>(
    remedy: &R,
    hint: &Hint,
    incident: &Incident<R::Kind>,
    decision: &Decision<R::Kind>,
) -> Option<Ignored> {
    if !incident.is_new() {
        return None;
    }
    match decision {
        Decision::Close(close) => Some(Ignored::nothing_wrong(incident, close)),
        Decision::Act { .. } | Decision::Hold { .. } | Decision::Page(_) => remedy.not_opened(hint, incident, decision),
    }
}

fn slower<K: Kind>(incident: &Incident<K>, now: Timestamp, until: Timestamp, times: &Times) -> Timestamp {
    match incident.state {
        State::Escalated => until.max(now + times.check_every * ESCALATED_SLOWER),
        _ => until,
    }
}

/// Intent before effect, outcome after: a crash between any two lines leaves a record to start from. What follows whatever
/// the world shows is written with the outcome.
async fn act<R: Remedy>(
    remedy: &R,
    ledger: &impl Ledger,
    clock: &impl Clock,
    began: Timestamp,
    step: &<R::Kind as Kind>::Step,
    acting: &Incident<R::Kind>,
    on_decision: &mut impl FnMut(&Incident<R::Kind>, &Decision<R::Kind>),
) -> Result<Option<Reconciled<R::Kind>>, NotWritten> {
    let intended_by = clock.now();
    let in_time = acting.intent.as_ref().is_some_and(|intent| intended_by + LONGEST_EFFECT <= intent.until);
    let outcome = if !in_time {
        Outcome::Unknown { why: "recording the intent took so long that its lease was nearly over".to_owned() }
    } else if intended_by.duration_since(began) > FRESH {
        let why = format!("recording the intent took so long that what was seen was more than {FRESH:#} old");
        Outcome::Unknown { why }
    } else {
        remedy.perform(step).await
    };
    let now = clock.now();
    let settled = acting.settle(now, outcome);
    let Some((until, because)) = remedy.follows(now, &settled) else {
        ledger.write(Write::of(&settled)).await?;
        return Ok(None);
    };
    let next = paced(remedy, now, settled.and_hold(now, until, &because), &remedy.times(&settled));
    let decision = Decision::Hold { until, because };
    on_decision(&next, &decision);
    ledger.write(Write::of(&next)).await?;
    decided(decision, next)
}

/// The effect of an intent whose outcome nobody recorded, or whose answer was lost, shows in the world. So does that of a call
/// that was refused: the SDK's second try may meet what its first one did.
fn effect_seen_late<R: Remedy>(
    remedy: &R,
    now: Timestamp,
    incident: &Incident<R::Kind>,
    seen: &R::Observation,
) -> Option<Incident<R::Kind>> {
    let intent = incident.intent.as_ref().filter(|_| incident.state == State::Acting)?;
    let ours_to_settle = intent.outcome.is_some() || now >= intent.until;
    (ours_to_settle && remedy.took_effect(incident, seen)).then(|| incident.settle(now, Outcome::AlreadyDone))
}
