//! One change of a zone's records, and the batch that carries it out.
//!
//! This module never upserts: each record set is deleted exactly as it was read and created again in the same batch, so the
//! change applies to what was read, or not at all.

use std::collections::BTreeMap;
use std::fmt;

use homeostat_core::aws::record::{RecordKey, RecordSet, Weights, reweighted, weights};
use homeostat_core::aws::record_name::InvalidName;
use homeostat_core::aws::share::Share;
use homeostat_core::id::{HostedZoneId, SetIdentifier};
use serde::{Deserialize, Serialize};

use super::observation::Observation;
use super::share::shares;
use crate::hosted_zone::generation::Generation;

/// Record sets of one change, unless one record alone has more: three names with 16 endpoints for addresses of both families. What is due
/// beyond them goes into the next one. An incident stores a change several times over, and Route 53 takes no more than 32,000 characters of
/// values in one (API reference, `ChangeResourceRecordSets`).
pub(in crate::hosted_zone) const MOST_SETS: usize = 96;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    pub zone: HostedZoneId,
    pub moves: Vec<Move>,
}

/// New weights for one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    pub key: RecordKey,
    /// All sets of the record, as read. Those whose weight stays are part of the batch too: somebody who sets the weight of
    /// another endpoint to zero at this moment must not find that all are.
    pub before: Vec<RecordSet>,
    pub after: Weights,
    /// Whose share is less than its own from then on.
    pub reduced: BTreeMap<SetIdentifier, Share>,
    pub partly: bool,
    /// The rest follows in steps: nobody was more than doubled at once, or one failed lately with what it had taken over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_steps: bool,
    /// The record with the generation, as read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<RecordSet>,
    pub generation: Generation,
}

/// What is sent to Route 53, all or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub delete: Vec<RecordSet>,
    pub create: Vec<RecordSet>,
}

impl Shift {
    /// # Errors
    /// [`InvalidName`]: a record's name is too long for its generation to stand under it.
    pub fn batch(&self) -> Result<Batch, InvalidName> {
        let mut batch = Batch::default();
        for moved in &self.moves {
            batch.delete.extend(moved.before.iter().cloned());
            batch.create.extend(reweighted(&moved.before, &moved.after));
            let next = moved.generation.fence(&moved.key.name)?;
            // Records of several types have one name, and so one generation.
            if !batch.create.contains(&next) {
                batch.create.push(next);
                batch.delete.extend(moved.fence.clone());
            }
        }
        Ok(batch)
    }

    pub(super) fn sets(&self) -> usize {
        self.moves.iter().map(|moved| moved.before.len()).sum()
    }

    /// Who has less than before, of all records.
    pub fn drained(&self) -> Vec<(RecordKey, SetIdentifier)> {
        let of = |moved: &Move| moved.drained().map(|id| (moved.key.clone(), id.clone())).collect::<Vec<_>>();
        self.moves.iter().flat_map(of).collect()
    }

    /// Whether both change the generation of one name: then only one of two on the same base can apply.
    pub fn has_a_name_of(&self, other: &Shift) -> bool {
        self.moves.iter().any(|moved| other.moves.iter().any(|its| its.key.name == moved.key.name))
    }

    /// Whether there was no generation yet under any of its names.
    pub fn is_based_on_no_generation(&self) -> bool {
        self.moves.iter().all(|moved| moved.fence.is_none())
    }

    /// Whether it took effect, as far as can be seen: by its generations, which never repeat. One is enough, since a batch applies
    /// whole, and the list of another name may be older.
    pub(super) fn is_seen(&self, seen: &Observation) -> bool {
        self.moves.iter().any(|moved| seen.generation(&moved.key.name).as_ref() == Some(&moved.generation))
    }

    /// Whether all is just as this drain would have left it, but the generations are gone, and so is one that it replaced: it took
    /// effect, and somebody deleted what would show it. Where there was none before, people may have moved the same weights by hand.
    pub(super) fn is_seen_without_its_generations(&self, seen: &Observation) -> bool {
        let is_there = |moved: &Move| {
            let (left, there) = (reweighted(&moved.before, &moved.after), seen.record(&moved.key));
            let name = &moved.key.name;
            let is_gone = seen.fence(name).is_none() && !seen.unread.contains_key(name);
            is_gone && left.len() == there.len() && left.iter().all(|set| there.contains(set))
        };
        let drains = self.moves.iter().any(|moved| moved.drained().next().is_some());
        drains && !self.is_based_on_no_generation() && self.moves.iter().all(is_there)
    }

    pub fn is_the_same_but_for_its_generations(&self, other: &Shift) -> bool {
        let pairs = || self.moves.iter().zip(&other.moves);
        let is_same = |(one, its): (&Move, &Move)| *one == Move { generation: one.generation.clone(), ..its.clone() };
        self.moves.len() == other.moves.len() && pairs().all(is_same)
    }
}

impl Move {
    /// Who has less than before.
    pub fn drained(&self) -> impl Iterator<Item = &SetIdentifier> {
        let before = shares(&weights(&self.before));
        let after = shares(&self.after);
        self.reduced.keys().filter(move |id| after.get(*id) < before.get(*id))
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("move the weights of ")?;
        for (index, moved) in self.moves.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", and of " };
            write!(f, "{separator}{moved}")?;
        }
        Ok(())
    }
}

/// `www.example.com A to blue 0 (was 70), green 30 (was 30; 100 % of answers)`.
impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to", self.key)?;
        let (before, shares) = (weights(&self.before), shares(&self.after));
        for (index, (id, weight)) in self.after.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            let was = before.get(id).map_or_else(|| "?".to_owned(), ToString::to_string);
            let share = shares.get(id).copied().unwrap_or(Share::NONE);
            write!(f, "{separator} {id} {weight} (was {was}; now {share} of answers)")?;
        }
        Ok(())
    }
}
