//! Hosted zones of Route 53: record sets, batches that apply whole or not at all, and everything that was ever changed.
//!
//! This module never merges a change into another's: a batch that was made from an older state of the records is refused, with
//! Route 53's own words.

mod refused;
mod share;
mod site;
mod terms;

use homeostat_core::aws::record::{RecordKey, RecordSet, Weights};
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::HostedZoneId;
use homeostat_remedies::hosted_zone::generation::FENCE_LABEL;
use homeostat_remedies::hosted_zone::shift::Batch;
use jiff::{SignedDuration, Timestamp};

use crate::agenda::Due;
use crate::refusal::Refusal;
use crate::world::World;

pub use refused::RefusedBatch;
pub use site::{Site, WeightedRecord};

/// From a change until all name servers have it: "within 60 seconds" as a rule (API reference, `ChangeResourceRecordSets`).
const PROPAGATES_AFTER: SignedDuration = SignedDuration::from_secs(20);

#[derive(Debug, Clone, PartialEq)]
pub struct HostedZone {
    pub id: HostedZoneId,
    /// From `PENDING` to `INSYNC`.
    pub propagates_after: SignedDuration,
    sets: Vec<RecordSet>,
    changes: Vec<ZoneChange>,
    refused: Vec<RefusedBatch>,
}

/// One change that took place.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneChange {
    pub id: String,
    pub at: Timestamp,
    pub in_sync_at: Timestamp,
    pub by: Author,
    /// What its batch asked to be there. What else there was, it left alone. An edit asks for nothing.
    pub asked: Vec<RecordSet>,
    pub before: Vec<RecordSet>,
    pub after: Vec<RecordSet>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    Homeostat,
    Somebody,
}

impl HostedZone {
    fn new(id: HostedZoneId) -> Self {
        HostedZone {
            id,
            propagates_after: PROPAGATES_AFTER,
            sets: Vec::new(),
            changes: Vec::new(),
            refused: Vec::new(),
        }
    }

    pub fn sets(&self) -> &[RecordSet] {
        &self.sets
    }

    pub fn record(&self, key: &RecordKey) -> Vec<RecordSet> {
        self.sets.iter().filter(|set| set.is_of(key)).cloned().collect()
    }

    pub fn weights(&self, key: &RecordKey) -> Weights {
        let weighted = |set: &RecordSet| set.weighted().map(|(id, weight)| (id.clone(), weight));
        self.sets.iter().filter(|set| set.is_of(key)).filter_map(weighted).collect()
    }

    /// Everything that was changed, oldest first.
    pub fn changes(&self) -> &[ZoneChange] {
        &self.changes
    }

    /// Homeostat's part of it.
    pub fn shifts(&self) -> impl DoubleEndedIterator<Item = &ZoneChange> {
        self.changes.iter().filter(|change| change.by == Author::Homeostat)
    }

    /// What did not apply, oldest first.
    pub fn refused(&self) -> &[RefusedBatch] {
        &self.refused
    }

    /// The sets of a name, and the one with its generation.
    pub fn listed(&self, name: &RecordName) -> Vec<RecordSet> {
        listed(&self.sets, name)
    }

    /// The same as it was before the last change, while that is on its way: a list may be served by what has not heard of it.
    pub fn listed_before(&self, name: &RecordName, now: Timestamp) -> Vec<RecordSet> {
        let last = self.changes.last().filter(|last| now < last.in_sync_at);
        listed(last.map_or(&self.sets, |last| &last.before), name)
    }

    fn change(&mut self, id: String, now: Timestamp, by: Author, asked: &[RecordSet], after: Vec<RecordSet>) {
        let before = std::mem::replace(&mut self.sets, after.clone());
        let (in_sync_at, asked) = (now + self.propagates_after, asked.to_vec());
        self.changes.push(ZoneChange { id, at: now, in_sync_at, by, asked, before, after });
    }
}

fn listed(sets: &[RecordSet], name: &RecordName) -> Vec<RecordSet> {
    let fence = name.under(FENCE_LABEL).ok();
    sets.iter().filter(|set| set.name == *name || fence.as_ref() == Some(&set.name)).cloned().collect()
}

impl World {
    /// A hosted zone without any record.
    pub fn add_zone(&mut self, id: &HostedZoneId) {
        self.zones.entry(id.clone()).or_insert_with(|| HostedZone::new(id.clone()));
    }

    pub fn zone(&self, id: &HostedZoneId) -> Option<&HostedZone> {
        self.zones.get(id)
    }

    pub fn zone_mut(&mut self, id: &HostedZoneId) -> Option<&mut HostedZone> {
        self.zones.get_mut(id)
    }

    pub fn zones(&self) -> impl Iterator<Item = &HostedZone> {
        self.zones.values()
    }

    /// `ChangeResourceRecordSets`, and the change's id.
    ///
    /// # Errors
    /// [`Refusal`]: there is no such zone, or the batch doesn't fit what is there; then nothing of it applies.
    pub fn change_records(&mut self, id: &HostedZoneId, batch: &Batch, by: Author) -> Result<String, Refusal> {
        let (now, change) = (self.now, self.ids.change());
        let of = |set: &RecordSet| set.health_check.clone().filter(|check| self.health_check(check).is_none());
        let gone = batch.create.iter().find_map(of);
        let zone = self.known_zone_mut(id)?;
        if let Some(check) = gone {
            let refusal = Refusal::NoSuchHealthCheck { id: check };
            zone.refused.push(RefusedBatch { at: now, by, batch: batch.clone(), why: refusal.to_string() });
            return Err(refusal);
        }
        match terms::applied(&zone.sets, batch) {
            Ok(after) => {
                zone.change(change.clone(), now, by, &batch.delete, after);
                self.spread_traffic();
                Ok(change)
            }
            Err(why) => {
                zone.refused.push(RefusedBatch { at: now, by, batch: batch.clone(), why: why.clone() });
                Err(Refusal::InvalidChangeBatch { why })
            }
        }
    }

    /// The same batch on a slow way: it arrives then, and applies or not as if it were sent then.
    pub fn change_records_at(&mut self, at: Timestamp, id: &HostedZoneId, batch: &Batch) {
        self.agenda.schedule(at, Due::ChangeRecords(id.clone(), Box::new(batch.clone())));
    }

    /// What upserts make of the zone, a person's or a tool's: they ask for nothing to be as it was. The change's id.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a zone that nobody added.
    pub fn edit_records(
        &mut self,
        id: &HostedZoneId,
        by: Author,
        edit: impl FnOnce(&mut Vec<RecordSet>),
    ) -> Result<String, Refusal> {
        let (now, change) = (self.now, self.ids.change());
        let zone = self.known_zone_mut(id)?;
        let mut after = zone.sets.clone();
        edit(&mut after);
        zone.change(change.clone(), now, by, &[], after);
        self.spread_traffic();
        Ok(change)
    }

    /// `GetChange`: whether a change is on all name servers; `None` if there is none of this id.
    pub fn is_in_sync(&self, change: &str) -> Option<bool> {
        let mut changes = self.zones.values().flat_map(|zone| &zone.changes);
        changes.find(|known| known.id == change).map(|known| known.in_sync_at <= self.now)
    }

    fn known_zone_mut(&mut self, id: &HostedZoneId) -> Result<&mut HostedZone, Refusal> {
        self.zones.get_mut(id).ok_or_else(|| Refusal::Invalid { why: format!("No hosted zone found with ID: {id}") })
    }
}
