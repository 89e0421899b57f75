//! A group with fewer members than it should have, for which neither its desired capacity nor its own activities account: an answer that
//! leaves members out looks just so, and who is left out of it is neither gone nor replaced.
//!
//! This module never counts members that are on their way out, and never takes one answer for the truth.

use homeostat_core::aws::fleet::Group;
use homeostat_core::aws::units::Units;
use jiff::{SignedDuration, Timestamp};

use super::memory::{Memory, Shrunk};
use super::observation::Observation;
use super::processes::Promise;
use crate::instance::reasons::GroupState;

/// Looks that count are as far apart as two resyncs.
const APART: SignedDuration = SignedDuration::from_mins(5);

/// So many of them have to agree until a group is taken for as small as it is shown.
pub(super) const AGREEING: u32 = 3;

/// How far back an activity accounts for what is missing now: a group tries to launch again long before.
const ACCOUNTS_FOR: SignedDuration = SignedDuration::from_hours(1);

/// The group as it is shown, if nothing says why it is so small.
pub(super) fn shrunk(now: Timestamp, seen: &Observation) -> Option<GroupState> {
    let group = seen.group.as_ref()?;
    // Who stopped it from launching knows why it is small.
    if group.status.is_some() || !Promise::Rebalance.suspended(group).is_empty() {
        return None;
    }
    let missing = group.desired.less(present(group)?);
    if missing.is_none() || seen.launches.account_for(now - ACCOUNTS_FOR) >= group.instances_of(missing) {
        return None;
    }
    let members = members(group);
    Some(GroupState::Shrunk { group: group.name.clone(), members, desired: group.desired.number(), unit: group.unit })
}

/// The same, unless enough looks have agreed on it, or a person has seen it.
pub(super) fn in_doubt(now: Timestamp, seen: &Observation, memory: &Memory) -> Option<GroupState> {
    shrunk(now, seen).filter(|_| !is_believed(seen, memory))
}

pub(super) fn is_believed(seen: &Observation, memory: &Memory) -> bool {
    let shown = seen.group.as_ref().map(members);
    memory.shrunk.as_ref().is_some_and(|shrunk| shrunk.agreed >= AGREEING && Some(shrunk.members) == shown)
}

/// What the group's own incident remembers of this look, if it is anything new.
pub(super) fn remembered(now: Timestamp, seen: &Observation, memory: &Memory) -> Option<Memory> {
    let next = match (shrunk(now, seen), &memory.shrunk) {
        (None, _) => None,
        (Some(_), Some(last)) if Some(last.members) == seen.group.as_ref().map(members) => {
            let counts = now >= last.at + APART;
            let agreed = last.agreed.saturating_add(u32::from(counts));
            Some(Shrunk { agreed, at: if counts { now } else { last.at }, ..last.clone() })
        }
        (Some(_), _) => {
            let members = seen.group.as_ref().map(members)?;
            Some(Shrunk { members, since: now, at: now, agreed: 1 })
        }
    };
    (next != memory.shrunk).then(|| Memory { shrunk: next, ..memory.clone() })
}

/// What the members provide that are there to stay; `None` = it can't be counted.
fn present(group: &Group) -> Option<Units> {
    group.members.iter().filter(|member| !member.lifecycle.is_leaving()).map(|member| member.units).sum()
}

fn members(group: &Group) -> u32 {
    let staying = group.members.iter().filter(|member| !member.lifecycle.is_leaving());
    u32::try_from(staying.count()).unwrap_or(u32::MAX)
}
