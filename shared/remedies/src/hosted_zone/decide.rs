//! What to change in a zone's records now, and what keeps it from being changed. All that is due goes into one change.
//!
//! This module never waits, asks or changes anything: the same arguments always give the same decision.

use homeostat_core::aws::record::weights;
use homeostat_core::guard;
use homeostat_core::incident::State;
use homeostat_core::policy::Mode;
use homeostat_core::reconcile::climb;
use jiff::{SignedDuration, Timestamp};

use super::dependency::without_drains_that_are_held;
use super::drift::{Drifted, SURE_AFTER};
use super::judge::{Judged, STALE, judge};
use super::ladder::{Judging, ladder};
use super::observation::Observation;
use super::reasons::{Awaits, Trouble, Waiting};
use super::shift::{MOST_SETS, Move, Shift};
use super::state::{PROPAGATES_WITHIN, Propagating, Proven, ZoneState};
use crate::hosted_zone::generation::Generation;
use crate::hosted_zone::policy::{DnsPolicy, HostedZonePolicy};
use crate::hosted_zone::reasons::{
    Circumstances, Decision, Evidence, Hold, HoldReason, Incident, Page, PageReason, Step,
};

/// Everything that one decision rests on.
#[derive(Clone, Copy)]
pub(super) struct Situation<'a> {
    pub(super) now: Timestamp,
    pub(super) incident: &'a Incident,
    pub(super) kept: &'a ZoneState,
    pub(super) seen: &'a Observation,
    pub(super) around: &'a Circumstances,
    pub(super) policy: &'a HostedZonePolicy<'a>,
}

/// A change is asked after as soon as it may have arrived, and then less and less often: a question costs a part of what Route 53
/// grants the whole account.
const FIRST_QUESTION: SignedDuration = SignedDuration::from_secs(5);

/// No request is on its way for longer: whoever sent it, and every proxy between, has given up by then.
const LATE_AT_MOST: SignedDuration = SignedDuration::from_mins(30);

/// What waits for a person to correct it is read as often as the resync reads: its calls are what all of an account share.
const DRIFTED_LOOKS: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn decide(case: Situation<'_>) -> Decision {
    case.within_its_limit(undelayed(case))
}

/// Before the limit that nobody escapes.
pub(super) fn undelayed(case: Situation<'_>) -> Decision {
    climb(&ladder(), &Judging::of(case), Judging::due)
}

pub(super) fn judged(case: Situation<'_>) -> Judged {
    let mut all = Judged::default();
    for table in case.policy.tables() {
        all.extend(without_drains_that_are_held(case, &table, judge(case, &table)));
    }
    let gone = case.kept.records.keys().filter(|key| case.policy.record(key).is_none());
    all.troubles.extend(gone.map(|key| Trouble::NotInPolicy { record: key.clone() }));
    case.without_refused(all)
}

impl Situation<'_> {
    /// Nobody stays proven unhealthy for longer than the policy says without a change or a page, whatever the reason is.
    fn within_its_limit(&self, decision: Decision) -> Decision {
        let why = match &decision {
            // Somebody else's: a write would break their fence.
            Decision::Hold { because: Hold::InFlight, .. } => return decision,
            // It is judged as soon as the change has arrived, and that has a limit of its own.
            Decision::Hold { because: Hold::Own(HoldReason::Propagating { .. }), .. } => return decision,
            // What is tried for the first time may well succeed. What is tried again has failed before.
            Decision::Act { .. } if self.incident.unsettled_intent().is_none() => return decision,
            Decision::Act { .. } => "Route 53 has not answered whether it took the change".to_owned(),
            Decision::Hold { because, .. } => because.to_string(),
            Decision::Page(page) => page.to_string(),
            Decision::Close(_) => return decision,
        };
        let mut troubles = match &decision {
            Decision::Page(Page::Own(PageReason::Weights { troubles })) => troubles.clone(),
            _ => Vec::new(),
        };
        let within = self.policy.dns.max_wait;
        let overdue = self.kept.proven.iter().filter(|proven| self.now >= proven.since + within);
        let mut is_news = false;
        for Proven { record, endpoint, since } in overdue {
            let waited =
                Trouble::Waited { record: record.clone(), endpoint: endpoint.clone(), since: *since, why: why.clone() };
            if !troubles.iter().any(|trouble| trouble.covers(record, endpoint)) {
                is_news |= !self.was_asked(&waited);
                troubles.push(waited);
            }
        }
        match decision {
            Decision::Page(Page::Own(PageReason::Weights { .. })) => {
                Decision::Page(Page::Own(PageReason::Weights { troubles }))
            }
            _ if is_news => Decision::Page(Page::Own(PageReason::Weights { troubles })),
            decision => decision,
        }
    }

    /// Whether people were asked about it last.
    pub(super) fn was_asked(&self, trouble: &Trouble) -> bool {
        let Some(Page::Own(PageReason::Weights { troubles })) = &self.incident.paged_because else { return false };
        troubles.iter().any(|last| trouble.is_same(last))
    }

    /// Leaves out what Route 53 refused before: nothing has changed since that could change its answer. Every other record goes on.
    fn without_refused(&self, mut all: Judged) -> Judged {
        for (moved, because) in std::mem::take(&mut all.act) {
            let Some(refused) = self.kept.refused.get(&moved.key) else {
                all.act.push((moved, because));
                continue;
            };
            // What was read may be older than what Route 53 compares with, but not for long.
            if refused.is_lost && self.now < refused.at + self.policy.dns.in_sync_within {
                all.lost = Some(refused.why.clone());
                continue;
            }
            let (record, since, why) = (moved.key, refused.at, refused.why.clone());
            all.troubles.push(Trouble::Refused { record, since, why });
        }
        all
    }

    /// All that is due in one batch, if there is room for it; but of those that were refused together each by itself, after the others.
    pub(super) fn at_once(&self, act: Vec<(Move, Vec<Evidence>)>) -> Vec<(Move, Vec<Evidence>)> {
        let (mut apart, together): (Vec<_>, Vec<_>) =
            act.into_iter().partition(|(moved, _)| self.kept.apart.contains(&moved.key));
        if together.is_empty() {
            apart.truncate(1);
            return apart;
        }
        as_many_as_fit(together)
    }

    /// What is tried once more is the very same batch, generation included: whichever of them arrives, it is known again.
    pub(super) fn again(&self, shift: Shift) -> Shift {
        let last = self.incident.unsettled_intent().map(|intent| &intent.step);
        match last {
            Some(Step::Shift(last)) if last.is_the_same_but_for_its_generations(&shift) => last.clone(),
            _ => shift,
        }
    }

    /// A batch of unknown fate that could still apply, if it is only late, is kept from it before anything else is decided: its
    /// record gets another generation, and nothing else.
    pub(super) fn fence_off(&self, act: &[(Move, Vec<Evidence>)]) -> Option<(Move, Vec<Evidence>)> {
        let last = self.unsettled_shift();
        // What somebody added since is in no batch, so it keeps none from applying.
        let is_as_read = |moved: &Move| {
            let there = self.seen.record(&moved.key);
            moved.before.iter().all(|set| there.contains(set))
                && self.seen.fence(&moved.key.name) == moved.fence.as_ref()
                && !act.iter().any(|(other, _)| other.key.name == moved.key.name)
                // What Route 53 refuses to change, it refuses in a late batch too.
                && !self.kept.refused.contains_key(&moved.key)
        };
        let mut tried = self.kept.tried.iter().chain(last);
        let moved = tried.find(|tried| tried.moves.iter().all(is_as_read))?.moves.first()?;
        let held = self.kept.records.get(&moved.key);
        let last = self.seen.generation(&moved.key.name);
        let reduced = held.into_iter().flat_map(|held| &held.reduced);
        let fence = Move {
            key: moved.key.clone(),
            // Nor is it in this one: what Homeostat did not leave there is not what it left.
            after: weights(&moved.before),
            before: moved.before.clone(),
            reduced: reduced.map(|(id, reduced)| (id.clone(), reduced.share)).collect(),
            partly: held.is_some_and(|held| held.partly),
            in_steps: false,
            fence: moved.fence.clone(),
            generation: Generation::after(last.as_ref(), self.now),
        };
        Some((fence, Vec::new()))
    }

    /// A batch of unknown fate that can't be kept from applying yet: nobody could read whether it has applied, or Route 53 refuses the
    /// change that would prevent it. Once the incident is closed, nobody would know whose change it was.
    pub(super) fn may_still_apply(&self) -> Option<Hold> {
        let last = self.unsettled_shift();
        let open = self.kept.tried.iter().chain(last);
        let missing = open.flat_map(|tried| &tried.moves).find_map(|moved| {
            let name = &moved.key.name;
            let why = match self.seen.unread.get(name) {
                Some(why) => why.clone(),
                None if self.is_older_than(moved) => STALE.to_owned(),
                // What it refuses now, since a health check was deleted, it takes once that is back.
                None if self.is_refused_for_now(moved) => {
                    "Route 53 refuses the change that would prevent it".to_owned()
                }
                None => return None,
            };
            Some(format!("{}: an earlier change may still apply ({why})", moved.key))
        })?;
        Some(Hold::Own(HoldReason::NotConfirmed { missing: vec![missing] }))
    }

    fn is_refused_for_now(&self, moved: &Move) -> bool {
        let may_be_late = self.now < moved.generation.at + LATE_AT_MOST;
        may_be_late
            && self.kept.refused.contains_key(&moved.key)
            && self.seen.fence(&moved.key.name) == moved.fence.as_ref()
    }

    /// The list shows what was there before that from which the change was made.
    fn is_older_than(&self, moved: &Move) -> bool {
        let from = moved.fence.as_ref().and_then(Generation::of);
        let left = self.kept.generations.get(&moved.key.name);
        let newest = from.as_ref().max(left);
        newest.is_some_and(|newest| {
            let is_recent = self.now < newest.at + self.policy.dns.in_sync_within;
            is_recent && self.seen.generation(&moved.key.name).as_ref() < Some(newest)
        })
    }

    fn unsettled_shift(&self) -> Option<&Shift> {
        let Step::Shift(shift) = &self.incident.unsettled_intent()?.step;
        Some(shift)
    }

    /// Nothing calls an endpoint unhealthy any more, and nothing calls it healthy either.
    pub(super) fn still_proven(&self) -> Option<Hold> {
        let says = |proven: &Proven| {
            let Proven { record, endpoint, since } = proven;
            format!(
                "{record}: {endpoint} was proven unhealthy at {since:.0}, and nothing says since that it is healthy"
            )
        };
        let missing: Vec<String> = self.kept.proven.iter().map(says).collect();
        (!missing.is_empty()).then_some(Hold::Own(HoldReason::NotConfirmed { missing }))
    }

    /// What was begun, or asked of a person, comes to its own end; the next resync finds the drift again.
    pub(super) fn is_untouched(&self) -> bool {
        self.incident.acted_at.is_none() && self.incident.state != State::Escalated
    }

    pub(super) fn differs(&self, drifted: Drifted) -> Decision {
        let unsure = self.kept.drifts.iter().filter(|noticed| !noticed.is_sure(self.now));
        let sure = unsure.map(|noticed| noticed.since + SURE_AFTER).min();
        let usual = self.policy.dns.check_every;
        let every = if self.is_untouched() { usual.max(DRIFTED_LOOKS) } else { usual };
        let until = sure.unwrap_or(self.now + every);
        Decision::Hold { until, because: Hold::Own(HoldReason::Drifted(drifted)) }
    }

    pub(super) fn hold(&self, until: Option<Timestamp>, because: Hold) -> Decision {
        let dns = self.policy.dns;
        Decision::Hold { until: no_later(self.now, until.unwrap_or(self.now + dns.check_every), dns), because }
    }

    /// When the facts alone can make a difference; else at the usual pace.
    pub(super) fn next_look(&self, waiting: &Waiting) -> Option<Timestamp> {
        match waiting.awaits {
            Awaits::Hold { until, .. }
            | Awaits::Step { until }
            | Awaits::OthersBear { until }
            | Awaits::Recovery { until } => Some(until),
            Awaits::Reread => Some(self.now + FIRST_QUESTION),
            Awaits::Proof { .. } | Awaits::Alarm { .. } | Awaits::Others { .. } => None,
        }
    }

    /// One change at a time: the next waits until this one is on all name servers.
    pub(super) fn propagating(&self) -> Option<Decision> {
        let dns = self.policy.dns;
        if let Some(Propagating { change: Some(change), since, .. }) = &self.kept.propagating
            && self.now.duration_since(*since) >= dns.in_sync_within
        {
            let troubles = vec![Trouble::NotInSync { change: change.clone(), since: *since }];
            return Some(Decision::Page(Page::Own(PageReason::Weights { troubles })));
        }
        let (until, because) = on_its_way(self.now, self.kept, dns)?;
        Some(Decision::Hold { until, because })
    }

    /// What a person said last: nothing is moved under their hands.
    pub(super) fn pause(&self) -> Option<Decision> {
        let because = guard::paused(self.now, &self.around.limits)?;
        let within = self.policy.dns.max_wait;
        let since = self.incident.opened_at.max(self.incident.signalled_at);
        if self.now >= since + within && self.incident.state != State::Escalated {
            return Some(Decision::Page(Page::Waited {
                within,
                holds: vec![because.name().to_owned()],
                why: because.to_string(),
            }));
        }
        Some(self.hold(None, because))
    }
}

/// How long the last change is waited for before it is asked after. Nothing that could be read has a say in it.
pub(super) fn on_its_way(now: Timestamp, kept: &ZoneState, dns: &DnsPolicy) -> Option<(Timestamp, Hold)> {
    let Propagating { change, since, .. } = kept.propagating.clone()?;
    let age = now.duration_since(since).max(FIRST_QUESTION);
    let until = if change.is_some() { now + age } else { since + PROPAGATES_WITHIN };
    Some((no_later(now, until, dns), Hold::Own(HoldReason::Propagating { change, since })))
}

/// The usual pace is the slowest.
fn no_later(now: Timestamp, until: Timestamp, dns: &DnsPolicy) -> Timestamp {
    until.min(now + dns.check_every).max(now)
}

/// What keeps a late batch from applying comes first, then what takes weight from who is unhealthy.
fn as_many_as_fit(mut due: Vec<(Move, Vec<Evidence>)>) -> Vec<(Move, Vec<Evidence>)> {
    let sets = |due: &[(Move, Vec<Evidence>)]| due.iter().map(|(moved, _)| moved.before.len()).sum::<usize>();
    if sets(&due) > MOST_SETS {
        due.sort_by_key(|(moved, _)| match moved.drained().next() {
            _ if moved.after == weights(&moved.before) => 0,
            Some(_) => 1,
            None => 2,
        });
    }
    while due.len() > 1 && sets(&due) > MOST_SETS {
        due.pop();
    }
    due
}

/// Whether records in this mode are changed or only watched.
pub(super) fn acts(mode: Mode) -> bool {
    mode == Mode::Act
}
