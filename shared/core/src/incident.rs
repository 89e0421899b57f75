//! The record of one disturbance, and the only place where its state changes.
//!
//! Each transition takes the incident as it was read and gives the next version of it. This module never writes anything
//! and never decides; it knows no time but the `now` that it is given.

mod alarms;
pub mod decision;
mod gone;
mod kind;
mod month;
mod parts;
mod recording;
mod repeating;
mod timeline;
mod times;
mod verdict;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::{Scope, Subject};
use crate::line::one_line;
use crate::outcome::Outcome;
pub use alarms::{Alarms, Said, Spoke};
pub use decision::{Close, Decision, Hold, Page};
pub use gone::Gone;
pub use kind::{Announce, Call, Effect, Heals, Kind, Reason};
pub use month::{InvalidMonth, Month};
pub use parts::{Acknowledgement, Doubt, Intent, Note};
pub use timeline::{Actor, HoldEnd, HoldPeriod, Timeline};
pub use verdict::Verdict;

/// Written into every item. An item with another number was written by another version of Homeostat and is left alone.
pub const SCHEMA: u32 = 1;

/// How long an intent keeps others off. Longer than a function may run (30 s), so that an effect and its retries end
/// before anybody else may act; short enough that a crashed function delays a heal by no more than a minute.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// Notes kept on one incident: enough for its whole story, and far below DynamoDB's 400 KB for an item.
pub const MOST_NOTES: usize = 40;
/// In characters: what was seen may be as long as somebody made it.
pub const LONGEST_NOTE: usize = 1_000;
/// In bytes, all notes together: they are for people, and what is decided by needs the room more.
pub const MOST_OF_NOTES: usize = 24_000;

/// A rule of EventBridge tries for a day at most (EventBridge User Guide, "How EventBridge retries delivering events"). What an event
/// dates further back is no time of this disturbance, and would be told as one of days.
const LONGEST_ON_THE_WAY: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Incident<K: Kind> {
    pub schema: u32,
    pub subject: Subject,
    pub kind: K,
    pub state: State,
    /// The fence: each owner's write is conditional on the version it read, and adds 1. 0 = not in the ledger yet.
    pub version: u64,
    /// Wake-ups that the sweep sent since the owner last wrote. Of a closed one there are none, and its index leaves them out.
    #[serde(default)]
    pub wakes: u32,
    /// Grows with each transition that a person wants to hear of: what notify compares.
    pub notify_seq: u32,
    /// The hash of the policy that led to the newest write.
    #[serde(default)]
    pub policy: String,
    /// What the evidence said at the last look.
    #[serde(default)]
    pub verdict: Verdict,
    /// When the disturbance began, as far as the signal tells: at most a day before it was opened, and never after.
    pub signalled_at: Timestamp,
    pub opened_at: Timestamp,
    /// The first intent: deadlines run from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acted_at: Option<Timestamp>,
    /// When the group was first seen to replace the instance by itself: deadlines run from here, if nothing was done before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followed_at: Option<Timestamp>,
    /// The first look since which nothing has taken it back that it is unhealthy: nobody waits for longer than the policy allows from
    /// here, whatever holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unhealthy_since: Option<Timestamp>,
    /// The last look at which any of the evidence called it unhealthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unhealthy_at: Option<Timestamp>,
    /// When the sick instance was known to be taken out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mitigated_at: Option<Timestamp>,
    /// The first look at which the group was whole again, with no relapse since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// What the index of closed incidents goes by. No open one has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_month: Option<Month>,
    /// When it is looked at again, in milliseconds since 1970: the index sorts by it. Every open incident has one.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "jiff::fmt::serde::timestamp::millisecond::optional"
    )]
    pub wake_at: Option<Timestamp>,
    /// When its owner must have closed it or asked for a person: past it, the sweep asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// When the sweep last found that wake-ups lead to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck: Option<Timestamp>,
    /// When the sweep last found the deadline passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue: Option<Timestamp>,
    /// When a person was last asked or reminded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paged_at: Option<Timestamp>,
    #[serde(default)]
    pub reminders: u32,
    /// Why a person was last asked. Another reason is another page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paged_because: Option<Page<K>>,
    /// People heard of what the group does by itself, or of what would be done if Homeostat did not only watch.
    #[serde(default)]
    pub announced: bool,
    /// How far people heard that the fate of a call which they heard of isn't known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledgement>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent<K::Step>>,
    /// The decision that led to the newest write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision<K>>,
    /// For whoever looks back.
    #[serde(default, skip_serializing_if = "Timeline::is_empty", deserialize_with = "timeline::readable")]
    pub timeline: Timeline,
    /// The index of closed incidents leaves them out: no report is made from them, and they may be most of an item.
    #[serde(default)]
    pub notes: Vec<Note>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Holding,
    Acting,
    /// The group replaces the instance by itself.
    Following,
    Verifying,
    /// A person was paged; Homeostat only watches.
    Escalated,
    Closed,
}

impl<K: Kind> Incident<K> {
    /// An incident that the ledger does not hold yet.
    pub fn new(subject: Subject, kind: K, signalled_at: Timestamp, now: Timestamp) -> Self {
        Incident {
            schema: SCHEMA,
            subject,
            kind,
            state: State::Holding,
            version: 0,
            wakes: 0,
            notify_seq: 0,
            policy: String::new(),
            verdict: Verdict::default(),
            signalled_at: signalled_at.clamp(now - LONGEST_ON_THE_WAY, now),
            opened_at: now,
            acted_at: None,
            followed_at: None,
            unhealthy_since: None,
            unhealthy_at: None,
            mitigated_at: None,
            recovered_at: None,
            closed_at: None,
            closed_month: None,
            wake_at: None,
            deadline: None,
            stuck: None,
            overdue: None,
            paged_at: None,
            reminders: 0,
            paged_because: None,
            announced: false,
            doubt: None,
            acknowledged: None,
            intent: None,
            decision: None,
            timeline: Timeline::default(),
            notes: Vec::new(),
        }
    }

    /// Whose budget, memory and pauses bear on it.
    pub fn scope(&self) -> Scope {
        self.kind.scope()
    }

    /// How long an intent keeps others off.
    pub fn lease(&self) -> SignedDuration {
        self.kind.lease()
    }

    /// When the replacement began, by Homeostat or by the group.
    pub fn began_at(&self) -> Option<Timestamp> {
        self.acted_at.or(self.followed_at)
    }

    /// As it is written under a policy.
    #[must_use]
    pub fn under(self, policy: &str) -> Self {
        Incident { policy: policy.to_owned(), ..self }
    }

    /// As it is written by an owner that may take so long.
    #[must_use]
    pub fn due_within(self, within: SignedDuration) -> Self {
        // An escalated incident has been told; from then on there are reminders.
        let deadline = self.began_at().filter(|_| self.state != State::Escalated && self.closed_at.is_none());
        // Nobody is late before the time for which they said that they will look again.
        let deadline = deadline.map(|began| self.wake_at.map_or(began + within, |wake_at| wake_at.max(began + within)));
        Incident { deadline, ..self }
    }

    pub fn is_new(&self) -> bool {
        self.version == 0
    }

    /// The intent whose effect is not known yet.
    pub fn unsettled_intent(&self) -> Option<&Intent<K::Step>> {
        self.intent.as_ref().filter(|intent| matches!(intent.outcome, None | Some(Outcome::Unknown { .. })))
    }

    /// `step` is about to be tried, and nobody else tries anything until the lease ends.
    #[must_use]
    pub fn intend(&self, now: Timestamp, step: &K::Step, decision: &Decision<K>) -> Self {
        let mut next = self.next(now, decision.to_string());
        let is_first = self.is_new() || self.acted_at.is_none();
        if self.kind.is_announced() && (is_first || self.takes_more(step)) {
            next.notify_seq += 1;
            next.doubt = None;
        }
        let because = match decision {
            Decision::Act { because, .. } => because.as_slice(),
            Decision::Hold { .. } | Decision::Close(_) | Decision::Page(_) => &[],
        };
        next.kind.intended(step, because, self.unsettled_intent().map(|intent| &intent.step));
        let until = now + self.kind.lease();
        next.state = State::Acting;
        next.acted_at = self.acted_at.or(Some(now));
        next.wake_at = Some(until);
        next.intent = Some(Intent { step: step.clone(), until, outcome: None });
        next.decision = Some(decision.clone());
        next.recorded(now)
    }

    /// The intent's effect was tried.
    #[must_use]
    pub fn settle(&self, now: Timestamp, outcome: Outcome) -> Self {
        let mut next = self.next(now, format!("the call: {outcome}"));
        next.doubt_as_of(&outcome);
        let took_effect = outcome.took_effect();
        if took_effect {
            next.state = State::Verifying;
        }
        if let Some(Intent { step, until, .. }) = &self.intent {
            let (tried_at, policy) = (*until - self.kind.lease(), self.policy.as_str());
            next.kind.settled(&Call { step, outcome: &outcome, tried_at, now, policy });
        }
        let leads_there = self.intent.as_ref().is_some_and(|intent| !intent.step.mitigates());
        if took_effect && !leads_there {
            next.mitigated(now, outcome.whose());
        }
        if let Some(intent) = &mut next.intent {
            intent.outcome = Some(outcome);
        }
        next
    }

    /// Holds, in the very version that is not written yet.
    #[must_use]
    pub fn and_hold(&self, now: Timestamp, until: Timestamp, because: &Hold<K>) -> Self {
        Incident { version: self.version, ..self.hold(now, until, because) }
    }

    /// The pending intent's change turned out to have taken effect, while something else was on.
    #[must_use]
    pub fn found_done(mut self, now: Timestamp) -> Self {
        let outcome = Outcome::AlreadyDone;
        if let Some(intent) = &mut self.intent {
            let tried_at = intent.until - self.kind.lease();
            let call = Call { step: &intent.step, outcome: &outcome, tried_at, now, policy: &self.policy };
            self.kind.settled(&call);
            intent.outcome = Some(Outcome::AlreadyDone);
        }
        self.doubt_as_of(&outcome);
        self.mitigated(now, outcome.whose());
        self
    }

    /// Nothing is done for now.
    #[must_use]
    pub fn hold(&self, now: Timestamp, until: Timestamp, because: &Hold<K>) -> Self {
        let decision = Decision::Hold { until, because: because.clone() };
        let mut next = self.next(now, format!("hold: {because}"));
        let is_first = self.is_untold() && !matches!(because.told(), Announce::If(_)) && !self.verdict.is_no_news();
        if self.kind.is_announced() && (is_first || self.is_news(because)) {
            next.notify_seq += 1;
        }
        next.announced = self.announced || because.told() == Announce::Once;
        if because.keeps_waiting() && self.mitigated_at.is_none() && self.state != State::Escalated {
            // Whatever was tried did not take effect, and is not being tried: time runs from the next act.
            next.acted_at = None;
        }
        let heals = because.heals();
        next.state = match self.state {
            State::Escalated => State::Escalated,
            _ if next.acted_at.is_none() && heals.is_some() => {
                next.followed_at = self.followed_at.or(Some(now));
                State::Following
            }
            _ if next.acted_at.is_none() => State::Holding,
            state => state,
        };
        if next.state == State::Following && heals == Some(Heals::Mitigated) {
            next.mitigated(now, self.follows_whom());
        }
        if next.state == State::Holding {
            next.followed_at = None;
        }
        next.recovered_at = match because {
            Hold::Proving { since } => Some(*since),
            _ => None,
        };
        next.wake_at = Some(match because {
            Hold::Own(own) => next.kind.held(until, own),
            _ => until,
        });
        next.decision = Some(decision);
        next.recorded(now)
    }

    /// A person is needed; the incident is watched on, more slowly.
    #[must_use]
    pub fn page(&self, now: Timestamp, until: Timestamp, because: &Page<K>) -> Self {
        let mut next = self.next(now, format!("page: {because}"));
        let is_known = self.paged_because.as_ref().is_some_and(|last| because.is_same(last));
        // Between two steps of the same return, and two tries of a refused completion, the same trouble is no news.
        let is_over = self.state != State::Escalated && K::is_news_again(because) && self.kind.is_announced();
        if is_over || !is_known {
            next.notify_seq += 1;
            next.paged_at = Some(now);
            next.reminders = 0;
            next.acknowledged = None;
        }
        next.paged_because = Some(because.clone());
        next.state = State::Escalated;
        next.recovered_at = None;
        next.wake_at = Some(until);
        next.decision = Some(Decision::Page(because.clone()));
        next.recorded(now)
    }

    /// An escalated incident of which nobody has said that they know: once in `every`, people hear of it again.
    #[must_use]
    pub fn reminded(self, now: Timestamp, every: SignedDuration) -> Self {
        let is_time = self.paged_at.is_some_and(|paged| now >= paged + every);
        if self.state != State::Escalated || self.acknowledged.is_some() || !is_time {
            return self;
        }
        let (tell, reminders) = (self.notify_seq + 1, self.reminders + 1);
        Incident { notify_seq: tell, reminders, paged_at: Some(now), ..self }
    }

    /// A person knows. It is looked at once more soon, since what they did may have fixed it.
    #[must_use]
    pub fn acknowledge(&self, acknowledgement: Acknowledgement) -> Self {
        let Acknowledgement { by, at, reason } = &acknowledgement;
        let mut next = self.next(*at, format!("acknowledged by {by}: {reason}"));
        next.wake_at = Some(*at);
        next.timeline.acknowledged.get_or_insert_with(|| acknowledgement.clone());
        next.acknowledged = Some(acknowledgement);
        next
    }

    #[must_use]
    pub fn close(&self, now: Timestamp, how: &Close<K>) -> Self {
        let mut next = self.next(now, format!("close: {how}"));
        next.state = State::Closed;
        next.closed_at = Some(now);
        next.closed_month = Some(Month::of(now));
        if how.is_recovery() {
            next.recovered_at = self.recovered_at.or(Some(now));
        }
        next.wake_at = None;
        next.decision = Some(Decision::Close(how.clone()));
        next.recorded(now)
    }

    /// Whether people hear of its end.
    pub fn is_told_at_the_end(&self) -> bool {
        self.notify_seq > 0 || matches!(&self.decision, Some(Decision::Close(how)) if how.is_told())
    }

    /// Nobody was told that anything is wrong with what it is about.
    fn is_untold(&self) -> bool {
        self.notify_seq == 0 || K::is_untold(self)
    }

    /// Of all holds after the first, people hear only of these: Homeostat would act and only watches, or it heals by itself.
    /// Once: what is about to be done may change with every look.
    fn is_news(&self, because: &Hold<K>) -> bool {
        let is_news = match because.told() {
            Announce::First => false,
            Announce::Once => !self.announced,
            Announce::If(is_news) => is_news,
        };
        is_news && self.state != State::Escalated
    }

    /// People hear of an outcome only where it isn't what they were told to expect: the ordinary one stands in the next message.
    fn doubt_as_of(&mut self, outcome: &Outcome) {
        let took_effect = outcome.took_effect();
        let doubt = match (self.doubt, outcome) {
            (None, Outcome::Unknown { .. }) if self.kind.is_announced() => Some(Doubt::Once),
            (Some(Doubt::Once), Outcome::Unknown { .. }) => Some(Doubt::Told),
            (Some(Doubt::Once), _) => None,
            (Some(Doubt::Told), _) if took_effect => Some(Doubt::Settled),
            (doubt, _) => doubt,
        };
        if doubt != self.doubt && matches!(doubt, Some(Doubt::Told | Doubt::Settled)) {
            self.notify_seq += 1;
        }
        self.doubt = doubt;
    }

    /// What is only tried again is no news.
    fn takes_more(&self, step: &K::Step) -> bool {
        let pending = self.intent.as_ref().filter(|intent| !intent.took_effect());
        K::is_more(step, pending.map(|intent| &intent.step))
    }

    fn next(&self, now: Timestamp, what: String) -> Self {
        let mut next = self.clone();
        next.version += 1;
        next.wakes = 0;
        next.stuck = None;
        next.note(now, &what);
        next
    }

    /// For whoever reads its story; it changes nothing else.
    pub fn note(&mut self, now: Timestamp, what: &str) {
        let what = one_line(what, LONGEST_NOTE);
        if self.notes.last().is_none_or(|last| last.what != what) {
            self.notes.push(Note { at: now, what });
        }
        // The beginning and the end tell the story; the middle goes first.
        while self.notes.len() > MOST_NOTES || (self.notes.len() > 2 && self.bytes_of_notes() > MOST_OF_NOTES) {
            self.notes.remove(self.notes.len() / 2);
        }
    }

    fn bytes_of_notes(&self) -> usize {
        self.notes.iter().map(|note| note.what.len()).sum()
    }
}
