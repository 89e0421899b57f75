//! What the rules remember of the zone from step to step: how each record was before Homeostat touched it, and as it left it.
//!
//! This module never judges, and takes nothing from the ledger but who holds what and who acknowledged what.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::aws::record::{RecordKey, RecordSet, Weights};
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{HostedZoneId, SetIdentifier};
use homeostat_remedies::hosted_zone::generation::{FENCE_LABEL, Generation};
use homeostat_remedies::hosted_zone::reasons::PageReason;
use homeostat_remedies::hosted_zone::reasons::{Incident, Page};
use homeostat_remedies::hosted_zone::state::ZoneState;
use jiff::Timestamp;
use world::{Author, ZoneChange};

use super::rules::SKEWS;
use super::shares;
use crate::simulator::dns::View;

#[derive(Debug, Clone, Default)]
pub(super) struct Annals {
    /// Changes that were looked at.
    pub(super) seen: usize,
    /// The weights before Homeostat's first change of a record that it has not given back.
    pub(super) base: BTreeMap<RecordKey, Weights>,
    /// The sets, and the generation, as Homeostat's last change left them.
    pub(super) left: BTreeMap<RecordKey, Vec<RecordSet>>,
    /// Records that somebody else ever changed.
    pub(super) edited: BTreeMap<RecordKey, Timestamp>,
    /// Endpoints that somebody added, and until when a list may not show them.
    pub(super) added: BTreeMap<(RecordKey, SetIdentifier), Timestamp>,
    /// When somebody else gave an endpoint more than it had.
    pub(super) given: BTreeMap<(RecordKey, SetIdentifier), Timestamp>,
    pub(super) acknowledged_at: Option<Timestamp>,
    /// Records of which a page had said, when a person last gave their word, that somebody else changed them.
    pub(super) answered: BTreeSet<RecordKey>,
    /// Each record as it was then.
    pub(super) acknowledged: BTreeMap<RecordKey, Vec<RecordSet>>,
    /// When a page last said that somebody else changed a record.
    pub(super) told_of: BTreeMap<RecordKey, Timestamp>,
    /// Changed by a batch that came after somebody else's edit, which it was not decided on.
    pub(super) came_late: BTreeSet<RecordKey>,
    /// Each record as it is.
    pub(super) now: BTreeMap<RecordKey, Vec<RecordSet>>,
    /// Before somebody last edited it, and when that edit was in sync.
    pub(super) unedited: BTreeMap<RecordKey, (Timestamp, Vec<RecordSet>)>,
    /// Homeostat's last change of each name, and of the zone.
    pub(super) last_of_name: BTreeMap<RecordName, Timestamp>,
    pub(super) last: Option<ZoneChange>,
    /// The ids of changes that Homeostat knows of.
    pub(super) told: BTreeSet<String>,
    /// The generations that a look found.
    pub(super) found: BTreeSet<Generation>,
}

/// Whether people heard last that the record is no longer Homeostat's to change.
fn is_told(view: &View, zone: &HostedZoneId, key: &RecordKey) -> bool {
    let page = incident(view, zone).and_then(|open| open.paged_because.as_ref());
    let Some(Page::Own(PageReason::Weights { troubles })) = page else { return false };
    troubles.iter().any(|trouble| trouble.hands_off() == Some(key))
}

/// A record's sets and the one with its generation, in an order of their own.
pub(super) fn whole(key: &RecordKey, sets: &[RecordSet]) -> Vec<RecordSet> {
    let mut whole = shares::of(key, sets);
    whole.extend(fence(&key.name, sets).cloned());
    whole.sort_by_cached_key(|set| format!("{} {} {:?}", set.name, set.kind, set.routing));
    whole
}

pub(super) fn fence<'a>(name: &RecordName, sets: &'a [RecordSet]) -> Option<&'a RecordSet> {
    let fence = name.under(FENCE_LABEL).ok()?;
    sets.iter().find(|set| set.name == fence)
}

pub(super) fn generation(name: &RecordName, sets: &[RecordSet]) -> Option<Generation> {
    Generation::of(fence(name, sets)?)
}

/// When that was decided which a change by Homeostat did to this record.
pub(super) fn decided_at(key: &RecordKey, change: &ZoneChange) -> Timestamp {
    generation(&key.name, &change.after).map_or(change.at, |generation| generation.at)
}

/// What the open incident of the zone keeps.
pub(super) fn kept<'a>(view: &'a View, zone: &HostedZoneId) -> Option<&'a ZoneState> {
    incident(view, zone).map(|open| open.kind.state())
}

pub(super) fn incident<'a>(view: &'a View, zone: &HostedZoneId) -> Option<&'a Incident> {
    view.open.values().find(|open| open.kind.state().zone == *zone)
}

impl Annals {
    /// After the rules looked at a change.
    pub(super) fn add(&mut self, change: &ZoneChange, keys: &[RecordKey], is_held: impl Fn(&RecordKey) -> bool) {
        for key in keys {
            let (before, after) = (whole(key, &change.before), whole(key, &change.after));
            if before == after {
                continue;
            }
            self.now.insert(key.clone(), after.clone());
            let (was, is) = (shares::weights(key, &change.before), shares::weights(key, &change.after));
            if change.by == Author::Somebody {
                self.edited.insert(key.clone(), change.at);
                self.unedited.insert(key.clone(), (change.in_sync_at, before));
                let new = is.keys().filter(|id| !was.contains_key(*id));
                self.added.extend(new.map(|id| ((key.clone(), id.clone()), change.in_sync_at)));
                let has_none = |id: &SetIdentifier| was.get(id).is_none_or(|weight| *weight == 0);
                // Seed 947202365: another was removed, and so it has more than it was drained to.
                let (had, has) = (shares::percents(&was), shares::percents(&is));
                let has_more = |id: &SetIdentifier| has.get(id.as_str()) > had.get(id.as_str());
                let given = is.iter().filter(|(id, weight)| **weight > 0 && (has_none(id) || has_more(id)));
                self.given.extend(given.map(|(id, _)| ((key.clone(), id.clone()), change.at)));
                continue;
            }
            if shares::of(key, &change.before) == shares::of(key, &change.after) {
                if is_held(key) || self.left.get(key) == Some(&before) {
                    self.only_its_generation(key, &change.after);
                } else {
                    // What somebody changed before anybody knew that it was Homeostat's is not Homeostat's again by that.
                    self.base.remove(key);
                    self.left.remove(key);
                }
                continue;
            }
            if self.edited.get(key).is_some_and(|edited| decided_at(key, change) + SKEWS < *edited) {
                self.came_late.insert(key.clone());
            }
            let begins = !is_held(key) && self.left.get(key) != Some(&before);
            if begins || !self.base.contains_key(key) {
                self.base.insert(key.clone(), was);
            }
            self.left.insert(key.clone(), after);
            // What somebody added beside it in the meantime stays.
            let is_back = |base: &Weights| base.iter().all(|(id, weight)| is.get(id) == Some(weight));
            if self.base.get(key).is_some_and(is_back) {
                self.base.remove(key);
                self.left.remove(key);
            }
            self.last_of_name.insert(key.name.clone(), change.at);
        }
        if change.by == Author::Homeostat {
            self.last = Some(change.clone());
        }
    }

    /// What whoever made this change knew of a record. No batch can ask that nobody adds an endpoint while it is on its way, and a
    /// list may be served by what has not heard of it yet.
    pub(super) fn known(&self, key: &RecordKey, sets: &[RecordSet], change: &ZoneChange) -> Vec<RecordSet> {
        let decided_at = decided_at(key, change);
        let unseen_until = |set: &RecordSet| self.added.get(&(key.clone(), set.weighted()?.0.clone()));
        let asked = shares::weights(key, &change.asked);
        let is_asked = |set: &RecordSet| set.weighted().is_some_and(|(id, _)| asked.contains_key(id));
        let mut known = whole(key, sets);
        known.retain(|set| is_asked(set) || unseen_until(set).is_none_or(|until| *until + SKEWS < decided_at));
        known
    }

    /// A person knows how the zone is: what they changed and Homeostat doesn't hold is now as it should be. Seed 71030817: a late batch
    /// had changed it after them, of which the ledger had not heard.
    fn confirmed(&mut self, kept: Option<&ZoneState>) {
        for (key, edited) in &self.edited {
            let is_theirs = self.last_of_name.get(&key.name).is_none_or(|last| last <= edited);
            if is_theirs && !kept.is_some_and(|kept| kept.records.contains_key(key)) {
                self.base.remove(key);
                self.left.remove(key);
            }
        }
    }

    /// Another record of the name was changed, and the two have one generation.
    fn only_its_generation(&mut self, key: &RecordKey, after: &[RecordSet]) {
        if let Some(left) = self.left.get_mut(key) {
            let sets: Vec<RecordSet> =
                shares::of(key, left).into_iter().chain(fence(&key.name, after).cloned()).collect();
            *left = whole(key, &sets);
        }
    }

    /// What the ledger says now of who knows and who holds.
    pub(super) fn take_in(&mut self, now: Timestamp, zone: &HostedZoneId, before: &View, after: &View) {
        let word = |view: &View| incident(view, zone).and_then(|open| open.acknowledged.clone());
        if word(after).is_some() && word(after) != word(before) {
            self.acknowledged_at = Some(now);
            self.acknowledged = self.now.clone();
            let is_told = |key: &&RecordKey| is_told(before, zone, key);
            self.answered = self.left.keys().filter(is_told).cloned().collect();
            self.confirmed(kept(after, zone));
        }
        let said = incident(after, zone).and_then(|open| open.decision.as_ref()).map(ToString::to_string);
        for key in self.left.keys() {
            if said.as_ref().is_some_and(|said| said.contains(&format!("{key} was changed by somebody else"))) {
                self.told_of.insert(key.clone(), now);
            }
        }
        let known = self.acknowledged_at;
        for (key, at) in &self.edited {
            // On a person's word a record is held on from as it is.
            let is_taken_up =
                is_told(before, zone, key) && !is_told(after, zone, key) && known.is_some_and(|known| known >= *at);
            let is_held = kept(after, zone).is_some_and(|kept| kept.records.contains_key(key));
            if let (true, true, Some(now)) = (is_taken_up, is_held, self.now.get(key)) {
                self.left.insert(key.clone(), now.clone());
            }
        }
        let change = kept(after, zone).and_then(|kept| kept.propagating.as_ref()?.change.clone());
        self.told.extend(change);
        self.found.extend(kept(after, zone).into_iter().flat_map(|kept| kept.generations.values().cloned()));
    }

    /// Records that were held and aren't any more, though they were not given back.
    pub(super) fn let_go<'a>(
        &'a self,
        zone: &HostedZoneId,
        before: &'a View,
        after: &View,
    ) -> impl Iterator<Item = &'a RecordKey> {
        let held = kept(after, zone).map(|kept| kept.records.keys().cloned().collect::<BTreeSet<_>>());
        let held = held.unwrap_or_default();
        let were = kept(before, zone).into_iter().flat_map(|kept| kept.records.keys());
        were.filter(move |key| !held.contains(*key) && self.base.contains_key(*key))
    }
}
