//! Serves what is marked as due: one look for each marked scope, what waits longest first, by one server at a time.
//!
//! A mark is deleted only after its look, and only as it was read: a crash, a throttle or a hint that came meanwhile leaves it to the
//! next turn. This module never decides about a subject: the loop does.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Look, Marks, Ports, Remedy, Route, mark};
use crate::aws::rates::{Api, Pacer, Share};
use crate::id::Scope;
use crate::incident::{Decision, Incident, Kind};
use crate::outcome::Unavailable;
use crate::ports::{Clock, DueHint, DueMark, DueMarks, LastServer, Ledger, NotWritten, UnreadableMark, WakeUps};
use crate::signal::Order;

/// After so much of its 30 s a function begins no other look: 10 s are left for the one that is under way.
const TIME_TO_BEGIN: SignedDuration = SignedDuration::from_secs(20);

/// Longer than the function may run: whoever crashed keeps others off for no longer than this.
const CLAIM: SignedDuration = SignedDuration::from_secs(40);

/// After what was tried in vain, most likely because AWS throttled it.
pub const TRY_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(15);

/// Marks for which the remedy reads ahead at a time: no more than are looked at before what was read is too old to act on.
const AHEAD: usize = 10;

/// A remedy whose events may wait in marks.
pub trait Coalesce: Remedy {
    /// What one call reads for several marks.
    type Ahead: Default;

    /// Reads what the looks at these marks begin with, where one call answers for several; and what it cost of AWS's rates. What it can't
    /// read, each look reads for itself.
    fn read_ahead(
        &self,
        clock: &impl Clock,
        marks: &[DueMark],
    ) -> impl Future<Output = (Self::Ahead, Vec<(Api, usize)>)>;

    /// What placing has read of AWS. It is kept for one invocation at most.
    type Reading: Default;

    /// Which scopes each of these is about, in their order: by one read for all of them, and for all that are placed with the same
    /// reading.
    fn place(
        &self,
        routes: &[&Route<Self::Survey>],
        reading: &mut Self::Reading,
    ) -> impl Future<Output = Result<Vec<Placed>, Unavailable>>;

    /// One look at a marked scope: observes once, and decides for each of its hints and for the whole.
    fn attend<L, C, W>(
        &self,
        ports: Ports<'_, L, C, W>,
        mark: &DueMark,
        turn: Turn<'_, Self::Ahead>,
        on_decision: &impl Fn(&Incident<Self::Kind>, &Decision<Self::Kind>),
    ) -> impl Future<Output = Attended<Self::Kind>>
    where
        L: Ledger + Sync,
        C: Clock + Sync,
        W: WakeUps;
}

/// What a mark's look may use.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a, A> {
    pub ahead: &'a A,
    /// What hasn't begun by then is left.
    pub until: Timestamp,
    /// Whether other marks wait for theirs.
    pub others_wait: bool,
}

/// Where a route leads.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Placed {
    pub at: Vec<(Scope, DueHint)>,
    /// Why it leads nowhere else, each a whole sentence.
    pub outside: Vec<String>,
}

/// What became of a mark's look.
#[derive(Debug)]
pub struct Attended<K: Kind> {
    pub looks: Vec<Look<K>>,
    /// Hints that nothing came of yet, and whether all members have yet to be looked at.
    pub left: Vec<DueHint>,
    pub all_left: bool,
    /// Why something is left, if it was not for want of time.
    pub trouble: Option<String>,
    /// What it cost of AWS's rates.
    pub calls: Vec<(Api, usize)>,
}

/// What one server did.
#[derive(Debug)]
pub struct DueServed<K: Kind> {
    /// Somebody else serves.
    pub is_elsewhere: bool,
    pub served: Vec<(Scope, Vec<Look<K>>)>,
    /// What was tried in vain, and why.
    pub kept: Vec<(Scope, String)>,
    pub unreadable: Vec<UnreadableMark>,
    /// How long the oldest mark waited when this began.
    pub oldest: SignedDuration,
    /// After how long marks are served again, if any are left.
    pub again: Option<SignedDuration>,
}

impl<K: Kind> Default for DueServed<K> {
    fn default() -> Self {
        DueServed {
            is_elsewhere: false,
            served: Vec::new(),
            kept: Vec::new(),
            unreadable: Vec::new(),
            oldest: SignedDuration::ZERO,
            again: None,
        }
    }
}

/// Serves marks until none is left or the time is over. While some are left, it has its owner go on.
///
/// # Errors
/// [`Unavailable`]: the ledger could not be read or written, or the owner can't be woken. Each mark that was not served stays.
pub async fn serve_due<R, L, C, W>(
    remedy: &R,
    ports: Ports<'_, L, C, W>,
    on_decision: &impl Fn(&Incident<R::Kind>, &Decision<R::Kind>),
) -> Result<DueServed<R::Kind>, Unavailable>
where
    R: Coalesce,
    L: Ledger + DueMarks + Sync,
    C: Clock + Sync,
    W: WakeUps,
{
    let Ports { ledger, clock, wake_ups } = ports;
    let begun = clock.now();
    let until = begun + CLAIM;
    let last_server = match ledger.claim_due::<R::Kind>(begun, until).await {
        Ok(last_server) => last_server,
        Err(NotWritten::Conflict) => return Ok(DueServed { is_elsewhere: true, ..DueServed::default() }),
        Err(NotWritten::Unavailable(unavailable)) => return Err(unavailable),
    };
    let (pacer, done) = (Pacer::default(), DueServed::default());
    let mut server = Server { remedy, ports, last_server, until: begun + TIME_TO_BEGIN, pacer, done };
    let is_through = server.serve_all(on_decision).await;
    let rest = server.rest();
    // Whoever comes before AWS's rates have room again finds it claimed.
    let rests_until = rest.is_positive().then(|| clock.now() + rest);
    let released = ledger.release_due::<R::Kind>(until, rests_until).await;
    let mut done = server.done;
    done.again = if rest.is_positive() {
        // All that is left, and whatever comes meanwhile.
        Some(rest)
    } else if !is_through? {
        Some(SignedDuration::ZERO)
    } else if is_left::<R::Kind>(ledger, &done).await? {
        // Whoever marked it met the claim, and left it to us.
        Some(SignedDuration::ZERO)
    } else {
        (!done.kept.is_empty()).then_some(TRY_AGAIN_AFTER)
    };
    if matches!(released, Err(NotWritten::Unavailable(_))) {
        done.again = Some(until.duration_since(clock.now()).max(SignedDuration::ZERO));
    }
    if let Some(after) = done.again {
        wake_ups.order(&Order::ServeDue, after).await?;
    }
    Ok(done)
}

async fn is_left<K: Kind>(ledger: &impl DueMarks, done: &DueServed<K>) -> Result<bool, Unavailable> {
    let list = ledger.due_marks::<K>().await?;
    Ok(list.marks.iter().any(|mark| !done.kept.iter().any(|(kept, _)| *kept == mark.scope)))
}

struct Server<'a, R: Remedy, L, C, W> {
    remedy: &'a R,
    ports: Ports<'a, L, C, W>,
    last_server: LastServer,
    until: Timestamp,
    pacer: Pacer,
    done: DueServed<R::Kind>,
}

impl<R, L, C, W> Server<'_, R, L, C, W>
where
    R: Coalesce,
    L: Ledger + DueMarks + Sync,
    C: Clock + Sync,
    W: WakeUps,
{
    /// How long AWS's rates have no room for one more look; zero while they have.
    fn rest(&self) -> SignedDuration {
        let now = self.ports.clock.now();
        let has_room = self.pacer.wait_for(now, Share::Events, &Api::ALL.map(|api| (api, 1))).is_zero();
        if has_room { SignedDuration::ZERO } else { self.pacer.full_in(now) }
    }

    /// Whether that was all, but for what was tried in vain.
    async fn serve_all(
        &mut self,
        on_decision: &impl Fn(&Incident<R::Kind>, &Decision<R::Kind>),
    ) -> Result<bool, Unavailable> {
        let mut is_first = true;
        loop {
            let list = self.ports.ledger.due_marks::<R::Kind>().await?;
            if std::mem::take(&mut is_first) {
                let now = self.ports.clock.now();
                let waits = list.marks.iter().map(|mark| mark.since);
                let waits = waits.chain(list.unreadable.iter().filter_map(|mark| mark.since)).min();
                self.done.oldest = waits.map_or(SignedDuration::ZERO, |since| now.duration_since(since));
                self.done.unreadable = list.unreadable;
            }
            let kept: BTreeSet<&Scope> = self.done.kept.iter().map(|(scope, _)| scope).collect();
            let mut marks: Vec<DueMark> = list.marks.into_iter().filter(|mark| !kept.contains(&mark.scope)).collect();
            marks.sort_by_key(|mark| mark.turn(self.last_server));
            if marks.is_empty() {
                return Ok(true);
            }
            let (unresolved, marks): (Vec<_>, Vec<_>) = marks.into_iter().partition(DueMark::is_unresolved);
            self.resolve(&unresolved).await;
            let mut left = marks.len();
            for some in marks.chunks(AHEAD) {
                if !self.has_room() {
                    return Ok(false);
                }
                let (ahead, calls) = self.remedy.read_ahead(self.ports.clock, some).await;
                let mut served = 0;
                // What was read ahead is paid for afterwards: whoever read is to use it.
                for mark in some {
                    if !self.has_room() {
                        break;
                    }
                    let turn = Turn { ahead: &ahead, until: self.until, others_wait: left > 1 };
                    self.one(mark, turn, on_decision).await?;
                    (served, left) = (served + 1, left.saturating_sub(1));
                }
                self.pacer.spend(self.ports.clock.now(), Share::Events, &calls);
                if served < some.len() {
                    return Ok(false);
                }
            }
        }
    }

    /// For one more look.
    fn has_room(&self) -> bool {
        self.ports.clock.now() < self.until && !self.rest().is_positive()
    }

    async fn one(
        &mut self,
        mark: &DueMark,
        turn: Turn<'_, R::Ahead>,
        on_decision: &impl Fn(&Incident<R::Kind>, &Decision<R::Kind>),
    ) -> Result<(), Unavailable> {
        let begun = self.ports.clock.now();
        // Whichever look ended the last server, the next one begins behind it.
        let tried = mark.about_to_be_tried(begun);
        let mark = match self.last_server {
            LastServer::Done => mark,
            LastServer::Died => match self.ports.ledger.mark_due::<R::Kind>(&tried).await {
                Ok(()) => &tried,
                // A hint came meanwhile: it is read again.
                Err(NotWritten::Conflict) => return Ok(()),
                Err(NotWritten::Unavailable(unavailable)) => return Err(unavailable),
            },
        };
        let attended = self.remedy.attend(self.ports, mark, turn, on_decision).await;
        self.pacer.spend(begun, Share::Events, &attended.calls);
        self.ended(mark, attended, begun).await;
        Ok(())
    }

    async fn ended(&mut self, mark: &DueMark, attended: Attended<R::Kind>, begun: Timestamp) {
        let settled = self.settle(mark, &attended, begun).await;
        let Attended { looks, trouble, .. } = attended;
        self.done.served.push((mark.scope.clone(), looks));
        if let Some(why) = settled.err().map(|error| error.to_string()).or(trouble) {
            self.done.kept.push((mark.scope.clone(), why));
        }
    }

    /// Hints whose scopes could not be asked for when they came, by one read for all of them.
    async fn resolve(&mut self, waiting: &[DueMark]) {
        if waiting.is_empty() {
            return;
        }
        let begun = self.ports.clock.now();
        if let Err(why) = self.place(waiting).await {
            self.done.kept.extend(waiting.iter().map(|mark| (mark.scope.clone(), why.clone())));
            return;
        }
        for mark in waiting {
            self.ended(mark, Attended::default(), begun).await;
        }
    }

    async fn place(&self, waiting: &[DueMark]) -> Result<(), String> {
        let hints = waiting.iter().flat_map(|mark| &mark.hints).filter_map(DueHint::hint);
        let routes: Vec<Route<R::Survey>> = hints.map(|hint| Route::Hints(vec![hint])).collect();
        let placed = self.remedy.place(&routes.iter().collect::<Vec<_>>(), &mut R::Reading::default()).await;
        let placed = placed.map_err(|error| error.to_string())?;
        let mut marks = Marks::new();
        for (scope, hint) in placed.into_iter().flat_map(|placed| placed.at) {
            marks.entry(scope).or_default().push(hint);
        }
        let marked = mark::<R::Kind>(self.ports.ledger, self.ports.clock, &marks).await;
        marked.failed.into_values().next().map_or(Ok(()), Err)
    }

    /// Deletes the mark, or leaves of it what nothing came of yet.
    async fn settle(&self, mark: &DueMark, attended: &Attended<R::Kind>, begun: Timestamp) -> Result<(), Unavailable> {
        let Attended { left, all_left, .. } = attended;
        let (ledger, now) = (self.ports.ledger, self.ports.clock.now());
        // What nobody could look at for so long may never be: made up, or of an alarm that says otherwise. All members are looked at
        // instead, as by a resync.
        let (left, outdated): (Vec<DueHint>, Vec<DueHint>) =
            left.iter().cloned().partition(|hint| now.duration_since(hint.at()) <= self.remedy.period());
        let all_left = *all_left || (!outdated.is_empty() && !mark.is_unresolved());
        let settled = if left.is_empty() && !all_left {
            ledger.unmark_due::<R::Kind>(mark).await
        } else {
            // The others' turn comes first.
            let is_looked_at = attended.looks.iter().any(|look| look.outcome.is_ok());
            // What is left waits from here on: nobody is late with what was just looked at.
            let since = if is_looked_at { now } else { mark.since };
            let looked_at = is_looked_at.then_some(now).or(mark.looked_at);
            let next = DueMark { since, tried_at: Some(now), looked_at, ..mark.left_with(left, all_left) };
            ledger.mark_due::<R::Kind>(&next).await
        };
        match settled {
            Ok(()) => Ok(()),
            // A hint came meanwhile: the mark stays, without what was served.
            Err(NotWritten::Conflict) => self.trim(mark, attended, begun).await,
            Err(NotWritten::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    async fn trim(&self, mark: &DueMark, attended: &Attended<R::Kind>, begun: Timestamp) -> Result<(), Unavailable> {
        let ledger = self.ports.ledger;
        let found = ledger.due_marks_of::<R::Kind>(std::slice::from_ref(&mark.scope)).await?;
        let Some(found) = found.marks.into_iter().next() else { return Ok(()) };
        let is_served = |hint: &DueHint| mark.hints.contains(hint) && !attended.left.contains(hint);
        let hints: Vec<DueHint> = found.hints.iter().filter(|hint| !is_served(hint)).cloned().collect();
        // A full mark that is another version by now may have met hints that it could not keep.
        let next = DueMark { since: begun, ..found.left_with(hints, found.all || attended.all_left) };
        match ledger.mark_due::<R::Kind>(&next).await {
            // It grew once more: whoever serves it looks at a few members again.
            Ok(()) | Err(NotWritten::Conflict) => Ok(()),
            Err(NotWritten::Unavailable(unavailable)) => Err(unavailable),
        }
    }
}

impl<K: Kind> Default for Attended<K> {
    fn default() -> Self {
        Attended { looks: Vec::new(), left: Vec::new(), all_left: false, trouble: None, calls: Vec::new() }
    }
}
