//! What an incident keeps of the records of a zone: as they were, as Homeostat left them, and how far each endpoint is back.
//!
//! This module never overwrites what was saved first: a second alarm must not take the drained weights for the original ones.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::aws::record::{RecordKey, RecordSet, Weights, reweighted, weights};
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::aws::share::Share;
use homeostat_core::id::{HostedZoneId, SetIdentifier};
use homeostat_core::ports::Outcome;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::drift::{Noticed, Sibling};
use super::share::shares;
use super::shift::{MOST_SETS, Shift};
use crate::hosted_zone::generation::Generation;
use crate::hosted_zone::policy::RecordPolicy;

/// Where a change's id was lost in a crash: "Changes generally propagate to all Route 53 name servers within 60 seconds" (API
/// reference, `ChangeResourceRecordSets`).
pub const PROPAGATES_WITHIN: SignedDuration = SignedDuration::from_secs(60);

/// An outage of Route 53's control plane may last for hours; of its late batches the newest are the likeliest to apply. With one try a
/// minute, and hardly one like another, it takes so many to remember what may be on its way for a quarter of an hour and more.
const MOST_TRIED: usize = 24;

/// Record sets of all changes together that may have been lost or may be late: as many as one change has. Each is stored whole, beside
/// the records as they were, and all of it has to fit one item of the ledger.
const MOST_SETS_KEPT: usize = MOST_SETS;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneState {
    pub zone: HostedZoneId,
    /// The records that Homeostat changed and has not given back yet.
    #[serde(default)]
    pub records: BTreeMap<RecordKey, Held>,
    /// The generations that it left under these names.
    #[serde(default)]
    pub generations: BTreeMap<RecordName, Generation>,
    /// The last change, while it is not known to be on all name servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub propagating: Option<Propagating>,
    /// Changes of unknown fate that others were tried after: one that was only late may be the one that takes effect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Shift>,
    /// Records that somebody else took over while they were held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_over: Vec<RecordKey>,
    /// What the policy names and the last looks found missing or otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drifts: Vec<Noticed>,
    /// Where a name has addresses of both families: each of the two records, as the last look found it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub siblings: BTreeMap<RecordKey, Sibling>,
    /// Since when endpoints that still have their weight have been proven unhealthy. Nothing but a source that calls them healthy, or
    /// their drain, ends it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proven: Vec<Proven>,
    /// Records that Route 53 refused to change, and not because of another record in the same batch.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<RecordKey, RefusedMove>,
    /// Records of a batch that was refused as a whole. Each goes by itself until it is clear which of them was the reason.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub apart: BTreeSet<RecordKey>,
    /// Changes that were refused since the record was not as read. Such an answer may be that of a second attempt, and the first
    /// one did apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Shift>,
}

/// An endpoint that all of the evidence called unhealthy at one look, and that nothing called healthy since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proven {
    pub record: RecordKey,
    pub endpoint: SetIdentifier,
    pub since: Timestamp,
}

/// A change of one record that Route 53 refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedMove {
    pub at: Timestamp,
    /// With AWS's code.
    pub why: String,
    /// It was refused since the record was not as read.
    pub is_lost: bool,
    /// The record as it was then.
    pub before: Vec<RecordSet>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<RecordSet>,
    /// The hash of the policy that led to it.
    pub policy: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The whole record before the first change.
    pub saved: Vec<RecordSet>,
    /// The weights that Homeostat left there.
    pub applied: Weights,
    /// Who has less than its own.
    pub reduced: BTreeMap<SetIdentifier, Reduced>,
    /// The others' limits left some of it where it was.
    #[serde(default)]
    pub partly: bool,
    /// The record as somebody else left it, at the last look before a person answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_to: Vec<RecordSet>,
    /// Since when each that is not reduced has been proven healthy with the share that it has now.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bearing: BTreeMap<SetIdentifier, Timestamp>,
    /// When endpoints that had taken over took more of the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_step: Option<LastStep>,
}

/// More of what was begun: those that had taken over had been proven healthy with what they had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastStep {
    pub at: Timestamp,
    /// The weights until then.
    pub before: Weights,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reduced {
    /// The share that it is to have.
    pub share: Share,
    pub since: Timestamp,
    pub stepped_at: Timestamp,
    /// Since when it has been proven well at each look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy_since: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Propagating {
    /// `None` if the answer that named it was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    pub since: Timestamp,
    /// Since when another is known beside it: a batch that was only late, of which nobody knows the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_since: Option<Timestamp>,
}

impl Propagating {
    pub(super) fn new(change: Option<String>, since: Timestamp) -> Self {
        Propagating { change, since, late_since: None }
    }
}

impl Held {
    pub fn names_only_endpoints_of(&self, record: &RecordPolicy) -> bool {
        self.reduced.keys().all(|id| record.endpoint(id).is_some())
    }

    /// The record as Homeostat left it.
    pub fn as_left(&self) -> Vec<RecordSet> {
        reweighted(&self.saved, &self.applied)
    }
}

impl Reduced {
    /// It is to have its own share, and no less: it lost only what it had taken over for others.
    pub(super) fn has_only_given_back(&self, own: Share, floor: Share) -> bool {
        self.share >= own && self.share > floor
    }
}

impl ZoneState {
    pub fn new(zone: HostedZoneId) -> Self {
        ZoneState {
            zone,
            records: BTreeMap::new(),
            generations: BTreeMap::new(),
            propagating: None,
            tried: Vec::new(),
            taken_over: Vec::new(),
            drifts: Vec::new(),
            siblings: BTreeMap::new(),
            proven: Vec::new(),
            refused: BTreeMap::new(),
            apart: BTreeSet::new(),
            lost: Vec::new(),
        }
    }

    /// Route 53 did not take the shift. Of several records it doesn't say which was the reason, so each goes by itself from then on.
    pub(crate) fn not_taken(&mut self, now: Timestamp, shift: &Shift, outcome: &Outcome, policy: &str) {
        let (why, is_lost) = match outcome {
            Outcome::Refused { why } => (why, false),
            Outcome::Lost { why } => (why, true),
            Outcome::Done | Outcome::Pending { .. } | Outcome::AlreadyDone | Outcome::Unknown { .. } => return,
        };
        if is_lost {
            self.lost.push(shift.clone());
            self.forget();
        }
        match shift.moves.as_slice() {
            [only] => {
                let refused = RefusedMove {
                    at: now,
                    why: why.clone(),
                    is_lost,
                    before: only.before.clone(),
                    fence: only.fence.clone(),
                    policy: policy.to_owned(),
                };
                self.refused.insert(only.key.clone(), refused);
            }
            // Somebody else's change of one of them explains it, if there was one: the next look shows that.
            _ if is_lost => {}
            several => self.apart.extend(several.iter().map(|moved| moved.key.clone())),
        }
    }

    /// Another is about to be tried, and nobody knows what became of this one.
    pub(crate) fn unsettled(&mut self, shift: &Shift) {
        if !self.tried.contains(shift) {
            self.tried.push(shift.clone());
        }
        self.forget();
    }

    /// The oldest changes go first, and those before that Route 53 refused: one of those has to have been tried twice to apply.
    fn forget(&mut self) {
        let sets = |shifts: &[Shift]| shifts.iter().map(Shift::sets).sum::<usize>();
        while self.lost.len() > MOST_TRIED
            || (self.lost.len() > 1 && sets(&self.lost) + sets(&self.tried) > MOST_SETS_KEPT)
        {
            self.lost.remove(0);
        }
        while self.tried.len() > MOST_TRIED
            || (self.tried.len() > 1 && sets(&self.lost) + sets(&self.tried) > MOST_SETS_KEPT)
        {
            self.tried.remove(0);
        }
    }

    /// The shift took effect.
    pub(crate) fn shifted(&mut self, now: Timestamp, shift: &Shift, outcome: &Outcome) {
        let change = match outcome {
            Outcome::Pending { change } => Some(change.clone()),
            _ => None,
        };
        self.propagating = Some(match self.propagating.take() {
            // That one can be asked after, and may never arrive.
            Some(last) if last.change.is_some() && change.is_none() => Propagating { late_since: Some(now), ..last },
            _ => Propagating::new(change, now),
        });
        // What was based on the generations before can't apply any more. What was based on none can, once somebody deletes them.
        self.tried.retain(|tried| !tried.has_a_name_of(shift) || (tried != shift && tried.is_based_on_no_generation()));
        self.lost.retain(|lost| !lost.has_a_name_of(shift));
        for moved in &shift.moves {
            self.refused.remove(&moved.key);
            self.apart.remove(&moved.key);
            self.taken_over.retain(|key| *key != moved.key);
            self.generations.insert(moved.key.name.clone(), moved.generation.clone());
            if moved.reduced.is_empty() {
                self.records.remove(&moved.key);
                continue;
            }
            let held = self.records.entry(moved.key.clone()).or_insert_with(|| Held {
                saved: moved.before.clone(),
                applied: Weights::new(),
                reduced: BTreeMap::new(),
                partly: false,
                changed_to: Vec::new(),
                bearing: BTreeMap::new(),
                last_step: None,
            });
            held.changed_to.clear();
            let (had, gets) = (shares(&weights(&moved.before)), shares(&moved.after));
            // What it bore before says nothing about more than that.
            held.bearing.retain(|id, _| gets.get(id) <= had.get(id));
            let takes_more = |id: &SetIdentifier| !moved.reduced.contains_key(id) && gets.get(id) > had.get(id);
            let is_step = held.reduced.keys().eq(moved.reduced.keys()) && gets.keys().any(takes_more);
            held.last_step = is_step.then(|| LastStep { at: now, before: weights(&moved.before) });
            // Another generation alone makes nothing Homeostat's that somebody else put there.
            if held.applied.is_empty() || moved.after != weights(&moved.before) {
                held.applied = moved.after.clone();
            }
            held.partly = moved.partly;
            held.reduced =
                moved.reduced.iter().map(|(id, share)| (id.clone(), reduced(now, held, id, *share))).collect();
        }
    }
}

impl RefusedMove {
    /// Whether the same change would meet the same answer, as far as the record tells. Who lost a race may win the next one as soon
    /// as the generation is another.
    pub(super) fn is_of(&self, sets: &[RecordSet], fence: Option<&RecordSet>) -> bool {
        let same_sets = sets.len() == self.before.len() && sets.iter().all(|set| self.before.contains(set));
        same_sets && (!self.is_lost || fence == self.fence.as_ref())
    }
}

fn reduced(now: Timestamp, held: &Held, id: &SetIdentifier, share: Share) -> Reduced {
    match held.reduced.get(id) {
        Some(before) if before.share == share => before.clone(),
        // A relapse has to prove itself anew; a step up goes on with the proof that led to it.
        Some(before) => Reduced {
            share,
            stepped_at: now,
            healthy_since: before.healthy_since.filter(|_| share > before.share),
            since: before.since,
        },
        None => Reduced { share, since: now, stepped_at: now, healthy_since: None },
    }
}
