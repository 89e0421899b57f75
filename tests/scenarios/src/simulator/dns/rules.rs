//! What must hold of every change of the zone, each rule in words and as a function of its own.
//!
//! This module never asks the code that plans: it reckons shares anew, from the zone's own history.

mod changing;
mod holding;

use homeostat_core::aws::record::{RecordKey, RecordSet};
use homeostat_core::aws::share::Share;
use homeostat_core::id::HostedZoneId;
use homeostat_core::policy::Mode;
use homeostat_core::ports::Pause;
use homeostat_remedies::hosted_zone::generation::Generation;
use homeostat_remedies::hosted_zone::policy::{EndpointPolicy, RecordPolicy};
use homeostat_remedies::hosted_zone::reasons::{Page, PageReason, Trouble};
use homeostat_remedies::hosted_zone::state::PROPAGATES_WITHIN;
use homeostat_remedies::policy::Policy;
use jiff::{SignedDuration, Timestamp};
use world::ZoneChange;

use super::annals::{Annals, decided_at, generation, whole};
use super::heard::Unread;
use super::shares;
use super::truth::Truth;
use crate::simulator::Broken;
use crate::simulator::dns::View;

/// One change by Homeostat, at the moment when it took place.
pub(super) struct Moment<'a> {
    pub(super) change: &'a ZoneChange,
    pub(super) zone: &'a HostedZoneId,
    pub(super) view: &'a View,
    pub(super) truth: &'a Truth,
    pub(super) policy: &'a Policy,
    pub(super) annals: &'a Annals,
    pub(super) unread: &'a Unread,
    /// Each with the time at which it began.
    pub(super) pauses: &'a [(Timestamp, Pause)],
    pub(super) alarms_forget: bool,
}

/// What it did to one record.
pub(super) struct Moved<'a> {
    pub(super) record: &'a RecordPolicy,
    pub(super) before: std::collections::BTreeMap<String, f64>,
    pub(super) after: std::collections::BTreeMap<String, f64>,
    /// The shares that Homeostat found at first.
    pub(super) base: std::collections::BTreeMap<String, f64>,
    pub(super) decided_at: Timestamp,
}

impl Moment<'_> {
    pub(super) fn records(&self) -> impl Iterator<Item = &RecordPolicy> {
        self.records_of(self.change)
    }

    pub(super) fn records_of<'b>(&'b self, change: &'b ZoneChange) -> impl Iterator<Item = &'b RecordPolicy> {
        let records = self.policy.dns.iter().flat_map(|dns| &dns.records);
        records.filter(|record| whole(&record.key, &change.before) != whole(&record.key, &change.after))
    }

    pub(super) fn generation(&self, key: &RecordKey) -> Option<Generation> {
        generation(&key.name, &self.change.after)
    }

    pub(super) fn moved(&self) -> impl Iterator<Item = Moved<'_>> {
        self.records().map(|record| {
            let key = &record.key;
            let known = |sets: &[RecordSet]| self.annals.known(key, sets, self.change);
            let (before, after) = (known(&self.change.before), known(&self.change.after));
            let is_begun = self.annals.left.get(key).is_some_and(|left| known(left) == before);
            let before = shares::weights(key, &before);
            let base = self.annals.base.get(key).filter(|_| is_begun).unwrap_or(&before);
            Moved {
                record,
                base: shares::percents(base),
                before: shares::percents(&before),
                after: shares::percents(&shares::weights(key, &after)),
                decided_at: decided_at(key, self.change),
            }
        })
    }
}

type Rule = fn(&Moment<'_>) -> Result<(), String>;

const RULES: &[(&str, Rule)] = &[
    ("no record is left with all weights zero", changing::leaves_some_weight),
    ("every field but the weight survives", changing::keeps_every_field),
    ("nothing but the records of the policy and their generations is touched", changing::touches_only_its_own),
    ("weights and generation change together", changing::moves_the_generation),
    ("generations grow, and what was decided before the last change never applies", changing::is_not_outdated),
    ("enough endpoints that are well carry weight after a drain", changing::leaves_enough),
    ("nobody's share is raised who was not well lately", changing::raises_only_the_well),
    ("nobody is pushed over their max-share", changing::keeps_within_limits),
    ("nobody is drained who was well all the time", changing::drains_only_the_sick),
    ("a record that is only watched is never changed", changing::is_allowed),
    ("never over somebody else's edit of a held record", holding::is_as_it_was_left),
    ("one change at a time is on its way", holding::is_alone),
    ("nothing is changed during a pause", holding::is_unpaused),
];

pub(super) fn judge(moment: &Moment<'_>) -> Result<(), Broken> {
    for (name, rule) in RULES {
        rule(moment).map_err(|what| Broken::end(name, what, moment.change.at))?;
    }
    Ok(())
}

/// Of the ledger's side of it.
pub(super) fn judge_kept(
    now: Timestamp,
    zone: &HostedZoneId,
    truth: &Truth,
    policy: &Policy,
    annals: &Annals,
    (before, after): (&View, &View),
) -> Result<(), Broken> {
    holding::keeps_what_was_saved(zone, annals, before, after)
        .map_err(|what| Broken::end("what was saved is never overwritten while it is held", what, now))?;
    let record = |key: &RecordKey| policy.dns.as_ref()?.records.iter().find(|record| record.key == *key);
    for key in annals.let_go(zone, before, after) {
        let edited = annals.edited.get(key).copied();
        let is_known = edited.zip(annals.acknowledged_at).is_some_and(|(edited, known)| known >= edited);
        let weights = |of: &[RecordSet]| shares::weights(key, of);
        let serving = annals.now.get(key).map(|sets| weights(sets)).unwrap_or_default();
        // Seed 472105002: the list did not show the last edit, and whoever it showed with a weight was well.
        let unedited = annals.unedited.get(key).filter(|(in_sync_at, _)| now < *in_sync_at);
        let listed = unedited.map(|(_, sets)| weights(sets)).filter(|listed| listed.values().any(|weight| *weight > 0));
        let endpoints = record(key).map_or(&[][..], |record| &record.endpoints);
        let is_ours = |id: &str| endpoints.iter().any(|endpoint| endpoint.id.as_str() == id);
        let serves_well = record(key).is_some_and(|record| {
            [Some(&serving), listed.as_ref()].into_iter().flatten().any(|weights| {
                let mut serve = weights.iter().filter(|(id, weight)| **weight > 0 && is_ours(id.as_str()));
                serve.all(|(id, _)| truth.was_well(record, id.as_str(), now))
            })
        });
        // Seeds 803511115 and 124045607: a person's word on an earlier change, and a list that did not show the one that came after it.
        let is_new = edited.is_some_and(|edited| now < edited + PROPAGATES_WITHIN);
        // Seed 795851972: after their word they edited the weight of an endpoint alone that the policy doesn't name, and the page had named it.
        let ours = |sets: &Vec<RecordSet>| -> Vec<_> {
            weights(sets).into_iter().filter(|(id, _)| is_ours(id.as_str())).collect()
        };
        let is_as_answered = annals.acknowledged.get(key).map(ours) == annals.now.get(key).map(ours);
        let is_known = is_known || (annals.answered.contains(key) && (is_new || is_as_answered));
        // Seeds 911212317 and 961215080: somebody deleted the generation that kept a batch out, after its incident was closed. What it
        // left was nobody's, and the next incident can't know better.
        if annals.came_late.contains(key) {
            continue;
        }
        if !annals.told_of.contains_key(key) || !(is_known || serves_well) {
            let what = format!("{key} with {}", shares::shown(&serving));
            return Err(Broken::end("a held record is let go only on a person's word, or if all is well", what, now));
        }
    }
    Ok(())
}

/// From the first proof on: an alarm's evaluation, two resyncs, the slow looks of an escalated incident, and what is lost on the
/// way.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_mins(45);

/// Nobody is dead for long with a weight that the policy does not leave them, and nobody asked about it.
pub(super) fn judge_waits(
    now: Timestamp,
    sets: &[RecordSet],
    truth: &Truth,
    policy: &Policy,
    (view, annals): (&View, &Annals),
    can_be_called_sick: impl Fn(&RecordPolicy, &EndpointPolicy) -> bool,
) -> Result<(), Broken> {
    let Some(dns) = &policy.dns else { return Ok(()) };
    let pages: Vec<&Page> = view.open.values().filter_map(|open| open.paged_because.as_ref()).collect();
    let is_asked = |record: &RecordPolicy, endpoint: &EndpointPolicy| {
        pages.iter().any(|page| match page {
            Page::Own(PageReason::Weights { troubles }) => {
                let whole = |trouble: &Trouble| matches!(trouble, Trouble::NotInSync { .. });
                troubles.iter().any(|trouble| whole(trouble) || trouble.covers(&record.key, &endpoint.id))
            }
            _ => true,
        })
    };
    // Seed 9417217: a person had answered, and the change that came of it was on its way.
    let is_on_it = view.open.values().any(|open| {
        let answered = open.acknowledged.as_ref().is_some_and(|word| word.at + PATIENCE > now);
        answered || open.unsettled_intent().is_some()
    });
    // Seed 641001874: they had answered a second ago, and were asked about another record since.
    let is_on_it = is_on_it || annals.acknowledged_at.is_some_and(|at| at + PATIENCE > now);
    for record in dns.records.iter().filter(|record| record.mode == Mode::Act && !is_on_it) {
        let percents = shares::percents(&shares::weights(&record.key, sets));
        for endpoint in &record.endpoints {
            let id = endpoint.id.as_str();
            let has = percents.get(id).copied().unwrap_or_default();
            let keeps = if endpoint.drain_to == Share::NONE { 0.0 } else { 20.0 + shares::ROUNDING };
            // Seed 5001102: it had been dead for an hour when somebody gave it weight again.
            let given_at = annals.given.get(&(record.key.clone(), endpoint.id.clone()));
            let within = dns.max_wait + PATIENCE;
            let is_late = truth.is_dead_for(id, now, within) && given_at.is_none_or(|at| *at + within <= now);
            // Seed 52000692: somebody had deleted its alarm before it died. People hear of that as of what drifted.
            if is_late && has > keeps && can_be_called_sick(record, endpoint) && !is_asked(record, endpoint) {
                let what = format!("{id} of {} has {has:.1} %", record.key);
                return Err(Broken::end("nobody stays dead for long without a change or a page", what, now));
            }
        }
    }
    Ok(())
}

/// How long an intent may take from its decision to its effect, beside the clock.
pub(super) const SKEWS: SignedDuration = SignedDuration::from_secs(6);
