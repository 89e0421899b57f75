//! One record: what its endpoints should have by themselves, and whether anything can be moved there at all.
//!
//! This module never decides how much the others take, and never touches a record that is not as Homeostat left it.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::aws::alarm::AlarmReading;
use homeostat_core::aws::record::{RecordKey, RecordSet, Weights, weights};
use homeostat_core::aws::share::Share;
use homeostat_core::dependency::Moves;
use homeostat_core::id::SetIdentifier;

use super::decide::Situation;
use super::drift::unsure;
use super::evidence::{Ails, Fitness, ails, alarming, fitness};
use super::planning::Planned;
use super::reasons::{Awaits, Trouble, Waiting};
use super::returning::{Course, Returning, course};
use super::share::shares;
use super::shift::Move;
use super::standing::{Standing, standing, unfit};
use super::state::{Held, Reduced};
use super::together;
use crate::hosted_zone::memory;
use crate::hosted_zone::policy::{EndpointPolicy, RecordPolicy};
use crate::hosted_zone::reasons::{Evidence, Hold, HoldReason};

/// What is to be done about the records of a zone, and why not.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) act: Vec<(Move, Vec<Evidence>)>,
    /// What would be done, were the record not only watched.
    pub(super) watch: Vec<(Move, Vec<Evidence>)>,
    pub(super) waiting: Vec<Waiting>,
    pub(super) troubles: Vec<Trouble>,
    /// An endpoint that may be sick.
    pub(super) unconfirmed: Option<Hold>,
    /// Route 53 refused a change since the record was not as read, and shows it as it was read.
    pub(super) lost: Option<String>,
    /// Records from which weight would leave an endpoint, but for something that all of their endpoints depend on.
    pub(super) held: Vec<(RecordKey, Moves)>,
}

impl Judged {
    pub(super) fn extend(&mut self, other: Judged) {
        self.act.extend(other.act);
        self.watch.extend(other.watch);
        self.waiting.extend(other.waiting);
        self.troubles.extend(other.troubles);
        self.unconfirmed = self.unconfirmed.take().or(other.unconfirmed);
        self.lost = self.lost.take().or(other.lost);
        self.held.extend(other.held);
    }
}

/// The records of one table.
pub(super) fn judge(case: Situation<'_>, table: &[&RecordPolicy]) -> Judged {
    let (mut all, mut movable) = (Judged::default(), Vec::new());
    for record in table {
        movable.extend(if_movable(case, record, &mut all));
    }
    all.extend(together::move_on(movable));
    all
}

fn if_movable<'a>(case: Situation<'a>, record: &'a RecordPolicy, judged: &mut Judged) -> Option<Judge<'a>> {
    let held = case.kept.records.get(&record.key);
    let sets = case.seen.record(&record.key);
    let ailing: Vec<Ails> = record.endpoints.iter().map(|it| ails(case.now, record, it, case.seen)).collect();
    let there = weights(&sets);
    let is_unfit = unfit(record, &sets).is_some();
    let is_there = |endpoint: &EndpointPolicy| is_unfit || there.contains_key(&endpoint.id);
    let mut each = record.endpoints.iter().zip(&ailing);
    let any_sick = each.any(|(endpoint, ails)| is_there(endpoint) && matches!(ails, Ails::Sick(_)));
    if held.is_none() && !any_sick {
        judged.unconfirmed = unconfirmed(record, &sets, ailing);
        return None;
    }
    if held.is_none()
        && !case.seen.unread.contains_key(&record.key.name)
        && let Some(missing) = unsure(case.now, case.kept, record, &sets)
    {
        judged.unconfirmed = Some(Hold::Own(HoldReason::NotConfirmed { missing: vec![missing] }));
        return None;
    }
    match standing(case, record, held, &sets) {
        Standing::Stale => match held {
            Some(held) => judged.waiting.extend(all_wait(record, held, &Awaits::Reread)),
            None => judged.unconfirmed = Some(Hold::Own(HoldReason::NotConfirmed { missing: vec![STALE.to_owned()] })),
        },
        Standing::Unread { why } => match held {
            Some(held) => judged.waiting.extend(all_wait(record, held, &Awaits::Others { why })),
            None => judged.unconfirmed = Some(Hold::Own(HoldReason::NotConfirmed { missing: vec![why] })),
        },
        Standing::Changed { what } => judged.troubles.push(Trouble::Changed { record: record.key.clone(), what }),
        Standing::Unfit { why } => judged.troubles.push(Trouble::Unfit { record: record.key.clone(), why }),
        // Nobody could tell whether an endpoint that left the policy is healthy.
        Standing::AsLeft if held.is_some_and(|held| !held.names_only_endpoints_of(record)) => {
            judged.troubles.push(Trouble::NotInPolicy { record: record.key.clone() });
        }
        Standing::AsLeft => return Some(Judge::new(case, record, held, sets, ailing)),
    }
    None
}

pub(super) const STALE: &str = "Route 53 still shows what was there before Homeostat's last change";

/// Some of the evidence calls an endpoint sick that gives answers.
fn unconfirmed(record: &RecordPolicy, sets: &[RecordSet], ailing: Vec<Ails>) -> Option<Hold> {
    let weights = weights(sets);
    let serves = |endpoint: &EndpointPolicy| weights.get(&endpoint.id).is_some_and(|weight| *weight > 0);
    let mut serving = record.endpoints.iter().zip(ailing).filter(|(endpoint, _)| serves(endpoint));
    serving.find_map(|(_, ails)| match ails {
        Ails::Perhaps { missing } => Some(Hold::Own(HoldReason::NotConfirmed { missing })),
        Ails::Disabled(alarm) => Some(Hold::Own(HoldReason::ActionsDisabled { alarm })),
        Ails::Sick(_) | Ails::No => None,
    })
}

pub(super) fn all_wait(record: &RecordPolicy, held: &Held, awaits: &Awaits) -> Vec<Waiting> {
    let waiting = |(id, reduced): (&SetIdentifier, &Reduced)| Waiting {
        record: record.key.clone(),
        endpoint: id.clone(),
        share: reduced.share,
        awaits: awaits.clone(),
    };
    held.reduced.iter().map(waiting).collect()
}

pub(super) struct Judge<'a> {
    pub(super) case: Situation<'a>,
    pub(super) record: &'a RecordPolicy,
    pub(super) held: Option<&'a Held>,
    pub(super) sets: Vec<RecordSet>,
    /// As they are now.
    pub(super) weights: Weights,
    pub(super) shares: BTreeMap<SetIdentifier, Share>,
    pub(super) endpoints: Vec<Known<'a>>,
    /// Who has more than its own share, in this record or in another of its table.
    pub(super) took_over: BTreeSet<SetIdentifier>,
}

/// An endpoint of the policy, and what the evidence says of it.
pub(super) struct Known<'a> {
    pub(super) endpoint: &'a EndpointPolicy,
    pub(super) ails: Ails,
    pub(super) fitness: Fitness,
    /// What nobody asks for has no say in an alarm on what is asked for: it may stay red for want of data.
    pub(super) alarm_under_traffic: Option<&'a AlarmReading>,
}

/// Who can take over, and why that is believed.
pub(super) type Fit<'a> = BTreeMap<&'a SetIdentifier, &'a Vec<String>>;

/// What is wanted of each endpoint.
#[derive(Clone, Default)]
pub(super) struct Wanted {
    pub(super) reduced: BTreeMap<SetIdentifier, Share>,
    pub(super) because: Vec<Evidence>,
    /// Who is to have less than now.
    pub(super) drains: Vec<SetIdentifier>,
    /// Somebody gave back what it had taken over, and may recover without it.
    may_recover: bool,
}

impl<'a> Judge<'a> {
    fn new(
        case: Situation<'a>,
        record: &'a RecordPolicy,
        held: Option<&'a Held>,
        sets: Vec<RecordSet>,
        ailing: Vec<Ails>,
    ) -> Self {
        let weights = weights(&sets);
        let known = |(endpoint, ails): (&'a EndpointPolicy, Ails)| {
            let serves = weights.get(&endpoint.id).is_some_and(|weight| *weight > 0);
            let fitness = fitness(case.now, record, endpoint, case.seen);
            Known { endpoint, ails, fitness, alarm_under_traffic: alarming(endpoint, case.seen).filter(|_| serves) }
        };
        // Who has no set can neither lose weight nor take any.
        let there = record.endpoints.iter().zip(ailing).filter(|(endpoint, _)| weights.contains_key(&endpoint.id));
        let endpoints = there.map(known).collect();
        Judge { case, record, held, sets, shares: shares(&weights), weights, endpoints, took_over: BTreeSet::new() }
    }

    /// So many that are proven well must carry weight after a drain.
    pub(super) fn enough(&self) -> usize {
        usize::try_from(self.record.min_healthy).unwrap_or(usize::MAX)
    }

    pub(super) fn original(&self) -> Weights {
        self.held.map_or_else(|| self.weights.clone(), |held| weights(&held.saved))
    }

    /// Nobody is to have less than its own: a standby that took over and gave it back has nothing to wait for.
    pub(super) fn is_as_before(&self, wanted: &Wanted, own: &BTreeMap<SetIdentifier, Share>) -> bool {
        let is_latched = |id| self.case.around.limits.memory.latched.contains_key(&name(&self.record.key, id));
        !wanted.may_recover
            && wanted.reduced.iter().all(|(id, share)| own.get(id).is_some_and(|own| own <= share) && !is_latched(id))
    }

    /// What each endpoint should have by itself, whatever the others can take.
    pub(super) fn wanted(&self, original: &Weights, judged: &mut Judged) -> Wanted {
        let had = shares(original);
        let mut wanted = Wanted::default();
        for Known { endpoint, ails, fitness, .. } in &self.endpoints {
            let Some(own) = had.get(&endpoint.id).copied() else { continue };
            let has = self.shares.get(&endpoint.id).copied().unwrap_or(Share::NONE);
            let floor = endpoint.drain_to.min(own);
            let Some(reduced) = self.held.and_then(|held| held.reduced.get(&endpoint.id)) else {
                // Who took over for others has more than its own, and loses that too.
                if let Ails::Sick(proofs) = ails
                    && floor < has
                    && (floor == Share::NONE || floor < has.less(NEARLY))
                {
                    wanted.drain(endpoint, floor, proofs.clone());
                }
                continue;
            };
            let alarm = alarming(endpoint, self.case.seen);
            let (case, record, id) = (self.case, self.record, &endpoint.id);
            let is_needed = self.is_lost_on_others(id);
            let returning = Returning { case, record, id, reduced, own, floor, has, ails, fitness, alarm, is_needed };
            match course(&returning) {
                Course::Relapse(proofs) => wanted.drain(endpoint, floor, proofs),
                Course::Waits(awaits) => {
                    wanted.may_recover |= matches!(awaits, Awaits::Recovery { .. });
                    wanted.reduced.insert(endpoint.id.clone(), reduced.share);
                    self.waits(endpoint, reduced, awaits, judged);
                }
                Course::Latched { drains } => {
                    wanted.reduced.insert(endpoint.id.clone(), reduced.share);
                    let (record, within) = (self.record.key.clone(), self.record.flaps_within);
                    judged.troubles.push(Trouble::Latched { record, endpoint: endpoint.id.clone(), drains, within });
                }
                Course::Recovered => {}
                Course::Step { share, because } => {
                    wanted.because.push(Evidence::Healthy { endpoint: endpoint.id.clone(), why: because });
                    if share < own {
                        wanted.reduced.insert(endpoint.id.clone(), share);
                    }
                }
            }
        }
        wanted
    }

    /// Some of the traffic goes to another endpoint that was proven unhealthy, and of which nothing says since that it is healthy.
    fn is_lost_on_others(&self, id: &SetIdentifier) -> bool {
        self.endpoints.iter().filter(|known| known.endpoint.id != *id).any(|known| {
            let (key, id) = (&self.record.key, &known.endpoint.id);
            let is_proven = || self.case.kept.proven.iter().any(|it| it.record == *key && it.endpoint == *id);
            let has = self.shares.get(id).copied().unwrap_or(Share::NONE);
            (matches!(known.ails, Ails::Sick(_)) || is_proven()) && has.less(NEARLY) > known.endpoint.drain_to
        })
    }

    fn waits(&self, endpoint: &EndpointPolicy, reduced: &Reduced, awaits: Awaits, judged: &mut Judged) {
        let (record, id) = (self.record.key.clone(), endpoint.id.clone());
        if let (Awaits::Proof { why }, true) = (&awaits, self.case.now >= reduced.since + self.case.policy.dns.max_wait)
        {
            let why = why.clone();
            judged.troubles.push(Trouble::StillReduced { record, endpoint: id, since: reduced.since, why });
            return;
        }
        judged.waiting.push(Waiting { record, endpoint: id, share: reduced.share, awaits });
    }

    /// The others can take more by now than when their limits left some of it behind. However little is left, an endpoint that is not
    /// healthy loses it as soon as they can take all of it.
    pub(super) fn moves_more(&self, plan: &Planned) -> bool {
        let Some(held) = self.held.filter(|held| held.partly) else { return false };
        let (now, then) = (&self.shares, shares(&plan.weights));
        let reduced = self.endpoints.iter().filter(|known| held.reduced.contains_key(&known.endpoint.id));
        let mut shares = reduced.filter_map(|known| {
            let id = &known.endpoint.id;
            Some((known, *now.get(id)?, *then.get(id)?))
        });
        shares.any(|(known, now, then)| {
            let is_healthy = matches!(known.fitness, Fitness::Well(_)) && known.alarm_under_traffic.is_none();
            then < now.less(MUCH) || (then < now && !plan.partly && !is_healthy)
        })
    }
}

/// So near to what it would be drained to, an endpoint is drained: weights are whole numbers, and can't tell the two apart.
pub(super) const NEARLY: Share = Share::percent(2);

/// What is worth a change of its own.
pub(super) const MUCH: Share = Share::percent(5);

impl Wanted {
    fn drain(&mut self, endpoint: &EndpointPolicy, floor: Share, proofs: Vec<Evidence>) {
        self.reduced.insert(endpoint.id.clone(), floor);
        self.drains.push(endpoint.id.clone());
        self.because.extend(proofs);
    }
}

/// As the zone's memory has it.
pub(super) fn name(record: &RecordKey, id: &SetIdentifier) -> memory::Endpoint {
    format!("{record} {id}")
}
