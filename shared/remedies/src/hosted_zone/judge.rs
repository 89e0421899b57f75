//! One record: what its endpoints should have now, and what stands in the way.
//!
//! This module never drains an endpoint unless others are proven well, and never touches a record that is not as Homeostat left it.

use std::collections::BTreeMap;

use homeostat_core::aws::alarm::AlarmReading;
use homeostat_core::aws::record::{RecordKey, RecordSet, Weights, weights};
use homeostat_core::aws::share::Share;
use homeostat_core::dependency::Moves;
use homeostat_core::id::SetIdentifier;

use super::decide::{Situation, acts};
use super::drift::{missing, unsure};
use super::evidence::{Ails, Fitness, ails, alarming, fitness};
use super::reasons::{Awaits, Trouble, Waiting};
use super::returning::{Course, Returning, course};
use super::share::{Plan, Wish, plan, shares};
use super::shift::Move;
use super::standing::{Standing, standing, unfit};
use super::state::{Held, Reduced};
use crate::hosted_zone::generation::Generation;
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

pub(super) fn judge(case: Situation<'_>, record: &RecordPolicy) -> Judged {
    let held = case.kept.records.get(&record.key);
    let sets = case.seen.record(&record.key);
    let ailing: Vec<Ails> = record.endpoints.iter().map(|it| ails(case.now, record, it, case.seen)).collect();
    let mut judged = Judged::default();
    let there = weights(&sets);
    let is_unfit = unfit(record, &sets).is_some();
    let is_there = |endpoint: &EndpointPolicy| is_unfit || there.contains_key(&endpoint.id);
    let mut each = record.endpoints.iter().zip(&ailing);
    let any_sick = each.any(|(endpoint, ails)| is_there(endpoint) && matches!(ails, Ails::Sick(_)));
    if held.is_none() && !any_sick {
        judged.unconfirmed = unconfirmed(record, &sets, ailing);
        return judged;
    }
    if held.is_none()
        && !case.seen.unread.contains_key(&record.key.name)
        && let Some(missing) = unsure(case.now, case.kept, record, &sets)
    {
        judged.unconfirmed = Some(Hold::Own(HoldReason::NotConfirmed { missing: vec![missing] }));
        return judged;
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
        Standing::AsLeft => Judge::new(case, record, held, &sets, ailing).move_on(&mut judged),
    }
    judged
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

fn all_wait(record: &RecordPolicy, held: &Held, awaits: &Awaits) -> Vec<Waiting> {
    let waiting = |(id, reduced): (&SetIdentifier, &Reduced)| Waiting {
        record: record.key.clone(),
        endpoint: id.clone(),
        share: reduced.share,
        awaits: awaits.clone(),
    };
    held.reduced.iter().map(waiting).collect()
}

struct Judge<'a> {
    case: Situation<'a>,
    record: &'a RecordPolicy,
    held: Option<&'a Held>,
    sets: &'a [RecordSet],
    /// As they are now.
    weights: Weights,
    shares: BTreeMap<SetIdentifier, Share>,
    endpoints: Vec<Known<'a>>,
}

/// An endpoint of the policy, and what the evidence says of it.
struct Known<'a> {
    endpoint: &'a EndpointPolicy,
    ails: Ails,
    fitness: Fitness,
    /// What nobody asks for has no say in an alarm on what is asked for: it may stay red for want of data.
    alarm_under_traffic: Option<&'a AlarmReading>,
}

/// Who can take over, and why that is believed.
type Fit<'a> = BTreeMap<&'a SetIdentifier, &'a Vec<String>>;

/// What is wanted of each endpoint.
#[derive(Clone, Default)]
struct Wanted {
    reduced: BTreeMap<SetIdentifier, Share>,
    because: Vec<Evidence>,
    /// Who is to have less than now.
    drains: Vec<SetIdentifier>,
}

impl<'a> Judge<'a> {
    fn new(
        case: Situation<'a>,
        record: &'a RecordPolicy,
        held: Option<&'a Held>,
        sets: &'a [RecordSet],
        ailing: Vec<Ails>,
    ) -> Self {
        let weights = weights(sets);
        let known = |(endpoint, ails): (&'a EndpointPolicy, Ails)| {
            let serves = weights.get(&endpoint.id).is_some_and(|weight| *weight > 0);
            let fitness = fitness(case.now, record, endpoint, case.seen);
            Known { endpoint, ails, fitness, alarm_under_traffic: alarming(endpoint, case.seen).filter(|_| serves) }
        };
        // Who has no set can neither lose weight nor take any.
        let there = record.endpoints.iter().zip(ailing).filter(|(endpoint, _)| weights.contains_key(&endpoint.id));
        let endpoints = there.map(known).collect();
        Judge { case, record, held, sets, shares: shares(&weights), weights, endpoints }
    }

    /// An endpoint that was drained has left the policy: nobody could tell whether it is well.
    fn holds_a_stranger(&self) -> bool {
        self.held.is_some_and(|held| !held.names_only_endpoints_of(self.record))
    }

    fn original(&self) -> Weights {
        self.held.map_or_else(|| self.weights.clone(), |held| weights(&held.saved))
    }

    fn move_on(&self, judged: &mut Judged) {
        if self.holds_a_stranger() {
            judged.troubles.push(Trouble::NotInPolicy { record: self.record.key.clone() });
            return;
        }
        let original = self.original();
        let mut wanted = self.wanted(&original, judged);
        if wanted.drains.is_empty() && self.is_as_before(&wanted, &shares(&original)) {
            wanted.reduced.clear();
        }
        let is_now: BTreeMap<_, _> =
            self.held.iter().flat_map(|held| &held.reduced).map(|(id, reduced)| (id.clone(), reduced.share)).collect();
        let Some(plan) = self.plan(&original, &mut wanted, judged) else { return };
        if wanted.reduced == is_now && !self.moves_more(&plan) {
            if plan.partly && self.held.is_some_and(|held| held.partly) {
                let (record, weights) = (self.record.key.clone(), self.weights.clone());
                judged.troubles.push(Trouble::Partly { record, weights });
            }
            return;
        }
        if wanted.because.is_empty() {
            self.say_who_takes_over(&mut wanted);
        }
        let last = self.case.seen.generation(&self.record.key.name);
        let moved = Move {
            key: self.record.key.clone(),
            before: self.sets.to_vec(),
            after: plan.weights,
            reduced: wanted.reduced,
            partly: plan.partly,
            fence: self.case.seen.fence(&self.record.key.name).cloned(),
            generation: Generation::after(last.as_ref(), self.case.now),
        };
        let list = if acts(self.record.mode) { &mut judged.act } else { &mut judged.watch };
        list.push((moved, wanted.because));
    }

    /// Nobody is to have less than its own: a standby that took over and gave it back has nothing to wait for.
    fn is_as_before(&self, wanted: &Wanted, own: &BTreeMap<SetIdentifier, Share>) -> bool {
        let is_latched = |id| self.case.around.limits.memory.latched.contains_key(&name(self.record, id));
        wanted.reduced.iter().all(|(id, share)| own.get(id).is_some_and(|own| own <= share) && !is_latched(id))
    }

    /// What each endpoint should have by itself, whatever the others can take.
    fn wanted(&self, original: &Weights, judged: &mut Judged) -> Wanted {
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
            let returning = Returning { case, record, id, reduced, own, floor, has, ails, fitness, alarm };
            match course(&returning) {
                Course::Relapse(proofs) => wanted.drain(endpoint, floor, proofs),
                Course::Waits(awaits) => {
                    wanted.reduced.insert(endpoint.id.clone(), reduced.share);
                    self.waits(endpoint, reduced, awaits, judged);
                }
                Course::Latched { drains } => {
                    wanted.reduced.insert(endpoint.id.clone(), reduced.share);
                    let (record, within) = (self.record.key.clone(), self.record.flaps_within);
                    judged.troubles.push(Trouble::Latched { record, endpoint: endpoint.id.clone(), drains, within });
                }
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

    /// The weights for what is wanted. `None`, and why not, if it can't be had.
    fn plan(&self, original: &Weights, wanted: &mut Wanted, judged: &mut Judged) -> Option<Plan> {
        let enough = usize::try_from(self.record.min_healthy).unwrap_or(usize::MAX);
        let plan = self.sound_plan(original, wanted, enough);
        if wanted.drains.is_empty() {
            if plan.is_none() {
                self.say_why_not(wanted, enough, judged);
            }
            return plan;
        }
        if plan.as_ref().is_none_or(|plan| plan.partly) {
            let rescued = self.rescue(wanted.clone(), enough);
            let rescue = self.sound_plan(original, &rescued, enough);
            if let Some(rescue) = rescue.filter(|rescue| plan.is_none() || !rescue.partly) {
                *wanted = rescued;
                self.say_who_takes_over(wanted);
                return Some(rescue);
            }
        }
        if plan.is_some() {
            self.say_who_takes_over(wanted);
            return plan;
        }
        self.say_why_not(wanted, enough, judged);
        // Those that get their share back don't wait for one whose share nobody can take.
        *wanted = self.without_drains(std::mem::take(wanted));
        self.sound_plan(original, wanted, enough)
    }

    fn sound_plan(&self, original: &Weights, wanted: &Wanted, enough: usize) -> Option<Plan> {
        let fit = self.receivers(wanted);
        let limits = self.limits(&fit, wanted);
        let planned = |standbys_too| {
            let wish =
                Wish { original, now: &self.weights, reduced: &wanted.reduced, receivers: &limits, standbys_too };
            plan(&wish).filter(|plan| self.breaks_no_rule(plan, &fit, wanted, enough))
        };
        planned(false).or_else(|| planned(true))
    }

    fn say_who_takes_over(&self, wanted: &mut Wanted) {
        let well =
            |(id, why): (&SetIdentifier, &Vec<String>)| Evidence::Healthy { endpoint: id.clone(), why: why.clone() };
        let takers: Vec<Evidence> = self.receivers(wanted).into_iter().map(well).collect();
        wanted.because.extend(takers);
    }

    /// Those that are proven well, have all of their share, and whose alarms are silent.
    fn receivers(&self, wanted: &Wanted) -> Fit<'_> {
        let unreduced = self.endpoints.iter().filter(|known| !wanted.reduced.contains_key(&known.endpoint.id));
        let fit = unreduced.filter_map(|known| match (&known.fitness, known.alarm_under_traffic) {
            (Fitness::Well(why), None) => Some((&known.endpoint.id, why)),
            _ => None,
        });
        fit.collect()
    }

    /// Nobody else can take over all of it: then those can that were drained before and are proven well by now. Where enough others
    /// are, not while an alarm speaks of one: without traffic it may never clear, and with traffic it would speak again.
    fn rescue(&self, mut wanted: Wanted, enough: usize) -> Wanted {
        let are_enough = self.receivers(&wanted).len() >= enough;
        let is_loud = |endpoint| are_enough && alarming(endpoint, self.case.seen).is_some();
        for Known { endpoint, fitness, alarm_under_traffic, .. } in &self.endpoints {
            if alarm_under_traffic.is_some() || is_loud(endpoint) {
                continue;
            }
            let is_reduced = wanted.reduced.contains_key(&endpoint.id) && !wanted.drains.contains(&endpoint.id);
            let name = name(self.record, &endpoint.id);
            let is_latched = self.case.around.limits.memory.latched.contains_key(&name);
            if let (true, false, Fitness::Well(_)) = (is_reduced, is_latched, fitness) {
                wanted.reduced.remove(&endpoint.id);
            }
        }
        wanted
    }

    /// Whoever was to have less than now stays as it is.
    fn without_drains(&self, mut wanted: Wanted) -> Wanted {
        for id in std::mem::take(&mut wanted.drains) {
            match self.held.and_then(|held| held.reduced.get(&id)) {
                Some(reduced) => wanted.reduced.insert(id, reduced.share),
                None => wanted.reduced.remove(&id),
            };
        }
        wanted.because.retain(|proof| matches!(proof, Evidence::Healthy { .. }));
        wanted
    }

    /// How much each may have: the fit up to their limit, the others what they have now.
    fn limits(&self, fit: &Fit<'_>, wanted: &Wanted) -> BTreeMap<SetIdentifier, Share> {
        let limit = |id: &SetIdentifier, has: Share| match self.record.endpoint(id) {
            Some(endpoint) if fit.contains_key(id) => endpoint.max_share.max(has),
            _ => has,
        };
        let unreduced = self.shares.iter().filter(|(id, _)| !wanted.reduced.contains_key(*id));
        unreduced.map(|(id, has)| (id.clone(), limit(id, *has))).collect()
    }

    /// The last look at a plan, without regard to how it was made.
    fn breaks_no_rule(&self, plan: &Plan, fit: &Fit<'_>, wanted: &Wanted, enough: usize) -> bool {
        let serve = |id: &&SetIdentifier| plan.weights.get(*id).is_some_and(|weight| *weight > 0);
        let is_drain = !wanted.drains.is_empty();
        plan.weights.values().any(|weight| *weight > 0)
            && (!is_drain || fit.keys().copied().filter(serve).count() >= enough)
    }

    fn say_why_not(&self, wanted: &Wanted, enough: usize, judged: &mut Judged) {
        let why = self.why_nobody(wanted, enough);
        for id in &wanted.drains {
            let (record, endpoint) = (self.record.key.clone(), id.clone());
            judged.troubles.push(Trouble::NoTarget { record, endpoint, why: why.clone() });
        }
        if let (true, Some(held)) = (wanted.drains.is_empty(), self.held) {
            judged.waiting.extend(all_wait(self.record, held, &Awaits::Others { why }));
        }
    }

    fn why_nobody(&self, wanted: &Wanted, enough: usize) -> String {
        let others = self.endpoints.iter().filter(|known| !wanted.drains.contains(&known.endpoint.id));
        let why = |known: &Known<'_>| {
            let why = match (&known.fitness, known.alarm_under_traffic) {
                (_, Some(alarm)) => format!("alarm {:?} is in ALARM", alarm.arn.alarm_name()),
                (Fitness::Well(_), None) => "is well, and can take no more".to_owned(),
                (Fitness::Sick(proof), None) => format!("is sick too ({proof})"),
                (Fitness::Unknown(why), None) => format!("is not proven well ({why})"),
            };
            format!("{} {why}", known.endpoint.id)
        };
        let gone = missing(self.record, self.sets).map(|endpoint| format!("{} has no record set", endpoint.id));
        let said: Vec<String> = others.map(why).chain(gone).collect();
        if said.is_empty() {
            return "all endpoints are sick".to_owned();
        }
        format!("of the others at least {enough} must be proven well and able to take it: {}", said.join(", "))
    }

    /// The others can take more by now than when their limits left some of it behind. However little is left, an endpoint that is not
    /// healthy loses it as soon as they can take all of it.
    fn moves_more(&self, plan: &Plan) -> bool {
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
const MUCH: Share = Share::percent(5);

impl Wanted {
    fn drain(&mut self, endpoint: &EndpointPolicy, floor: Share, proofs: Vec<Evidence>) {
        self.reduced.insert(endpoint.id.clone(), floor);
        self.drains.push(endpoint.id.clone());
        self.because.extend(proofs);
    }
}

/// As the zone's memory has it.
pub(super) fn name(record: &RecordPolicy, id: &SetIdentifier) -> memory::Endpoint {
    format!("{} {id}", record.key)
}
