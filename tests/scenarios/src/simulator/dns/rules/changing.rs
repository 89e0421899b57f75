//! Rules about what a change does to the records.

use std::collections::BTreeSet;

use homeostat_core::aws::record::{RecordKey, RecordSet, reweighted, weights};
use homeostat_core::aws::share::Share;
use homeostat_core::policy::Mode;
use homeostat_remedies::hosted_zone::reasons::Step;

use super::{Moment, Moved, SKEWS};
use crate::simulator::dns::annals::{fence, generation, incident, kept};
use crate::simulator::dns::shares::{self, ACROSS, HAIR, ROUNDING};
use crate::simulator::dns::truth::LATELY;

pub(super) fn leaves_some_weight(moment: &Moment<'_>) -> Result<(), String> {
    let key = moment.records().map(|record| &record.key);
    let mut empty = key.filter(|key| !shares::weights(key, &moment.change.after).values().any(|weight| *weight > 0));
    empty.next().map_or(Ok(()), |key| Err(format!("{key}")))
}

pub(super) fn keeps_every_field(moment: &Moment<'_>) -> Result<(), String> {
    for record in moment.records() {
        let before = shares::of(&record.key, &moment.change.before);
        let mut expected = reweighted(&before, &shares::weights(&record.key, &moment.change.after));
        let mut after = shares::of(&record.key, &moment.change.after);
        let by_name = |set: &RecordSet| format!("{:?}", set.routing);
        expected.sort_by_key(by_name);
        after.sort_by_key(by_name);
        if expected != after {
            return Err(format!("{}: {expected:?} became {after:?}", record.key));
        }
    }
    Ok(())
}

pub(super) fn touches_only_its_own(moment: &Moment<'_>) -> Result<(), String> {
    let records: Vec<_> = moment.policy.dns.iter().flat_map(|dns| &dns.records).collect();
    let is_ours = |set: &&RecordSet| {
        records
            .iter()
            .any(|record| set.is_of(&record.key) || fence(&record.key.name, std::slice::from_ref(*set)).is_some())
    };
    let foreign = |sets: &[RecordSet]| sets.iter().filter(|set| !is_ours(set)).cloned().collect::<Vec<_>>();
    let (before, after) = (foreign(&moment.change.before), foreign(&moment.change.after));
    if before == after { Ok(()) } else { Err(format!("{before:?} became {after:?}")) }
}

pub(super) fn moves_the_generation(moment: &Moment<'_>) -> Result<(), String> {
    for record in moment.records() {
        let key = &record.key;
        let of = |sets: &[RecordSet]| generation(&key.name, sets);
        if of(&moment.change.before) == of(&moment.change.after) || of(&moment.change.after).is_none() {
            return Err(format!("{key}: the weights changed, and the generation is {:?}", of(&moment.change.after)));
        }
        // Records of several types have one name, and so one generation.
        let mut moved = moment.records().filter(|other| other.key.name == key.name);
        let of = |key, sets| shares::weights(key, sets);
        let any = moved.any(|it| of(&it.key, &moment.change.before) != of(&it.key, &moment.change.after));
        if !any && !moment.is_a_fence(key) {
            return Err(format!("{key}: the generation changed, and no weight"));
        }
    }
    Ok(())
}

impl Moment<'_> {
    /// The generation alone was to change, to keep a batch of unknown fate from applying: so the ledger has it.
    fn is_a_fence(&self, key: &RecordKey) -> bool {
        let Some(open) = incident(self.view, self.zone) else { return true };
        let step = open.intent.as_ref().map(|intent| &intent.step);
        let last = step.into_iter().map(|Step::Shift(shift)| shift);
        let tried = open.kind.state().tried.iter();
        let moves = last.chain(tried).flat_map(|shift| &shift.moves).filter(|moved| moved.key.name == key.name);
        let mut these = moves.filter(|moved| Some(&moved.generation) == self.generation(key).as_ref());
        these.all(|moved| weights(&moved.before) == moved.after)
    }
}

pub(super) fn is_not_outdated(moment: &Moment<'_>) -> Result<(), String> {
    for record in moment.records() {
        let name = &record.key.name;
        let before = generation(name, &moment.change.before);
        let Some(after) = moment.generation(&record.key) else { continue };
        if let Some(before) = &before
            && after.number != before.number + 1
        {
            return Err(format!("{name}: {after:?} follows {before:?}"));
        }
        let last = moment.annals.last_of_name.get(name);
        // Who deletes the generation takes the guard away.
        let was_deleted = before.is_none();
        if let Some(last) = last.filter(|last| after.at + SKEWS < **last && !was_deleted) {
            return Err(format!("{name}: decided at {}, and changed last at {last}", after.at));
        }
    }
    Ok(())
}

fn percent(share: Share) -> f64 {
    share.to_string().trim_end_matches(" %").parse().unwrap_or(100.0)
}

fn share(of: &std::collections::BTreeMap<String, f64>, id: &str) -> f64 {
    of.get(id).copied().unwrap_or_default()
}

impl Moved<'_> {
    /// Who has less than before, and less than they had at first.
    fn drained(&self) -> BTreeSet<&str> {
        let drained = self.after.iter().filter(|(id, after)| {
            **after + ROUNDING < share(&self.before, id) && **after + ROUNDING < share(&self.base, id)
        });
        drained.map(|(id, _)| id.as_str()).collect()
    }

    fn shown(&self) -> String {
        format!("{}: {:.1?} became {:.1?}, at first {:.1?}", self.record.key, self.before, self.after, self.base)
    }
}

pub(super) fn leaves_enough(moment: &Moment<'_>) -> Result<(), String> {
    for moved in moment.moved() {
        let drained = moved.drained();
        if drained.is_empty() {
            continue;
        }
        let ids = moved.record.endpoints.iter().map(|endpoint| endpoint.id.as_str());
        let serve = ids.filter(|id| !drained.contains(id) && share(&moved.after, id) > 0.0);
        let well = serve.filter(|id| moment.truth.was_well(moved.record, id, moved.decided_at)).count();
        if well < usize::try_from(moved.record.min_healthy).unwrap_or(usize::MAX) {
            return Err(format!("{well} of {} are well: {}", moved.record.min_healthy, moved.shown()));
        }
    }
    Ok(())
}

/// In a cascade (`stories/dns/cascade.rs`) those that took over fell over, all of them, and those that they took over from were dead
/// still. With the shares of before, which they would have if nobody had acted, they recovered; without, nobody served at all.
fn nobody_served(moment: &Moment<'_>, moved: &Moved<'_>) -> bool {
    let was_unwell = |id: &str| {
        let last = moment.truth.endpoints.get(id).and_then(|known| known.last_unwell);
        last.is_some_and(|at| at + LATELY * 2 >= moved.decided_at)
    };
    let mut serving = moved.before.iter().filter(|(_, before)| **before > 0.0);
    let took_over = moved.before.iter().any(|(id, before)| *before > share(&moved.base, id) + ROUNDING);
    took_over && serving.all(|(id, _)| was_unwell(id))
}

pub(super) fn raises_only_the_well(moment: &Moment<'_>) -> Result<(), String> {
    for moved in moment.moved() {
        let is_given_back = nobody_served(moment, &moved);
        for (id, after) in &moved.after {
            let before = share(&moved.before, id);
            let is_raised = *after > before + ACROSS || (before == 0.0 && *after > 0.0);
            let is_as_before = is_given_back && *after <= share(&moved.base, id) + ROUNDING;
            if is_raised && !is_as_before && !moment.truth.was_well(moved.record, id, moved.decided_at) {
                return Err(format!("{id} of {}", moved.shown()));
            }
        }
    }
    Ok(())
}

pub(super) fn keeps_within_limits(moment: &Moment<'_>) -> Result<(), String> {
    for moved in moment.moved() {
        for endpoint in &moved.record.endpoints {
            let id = endpoint.id.as_str();
            let limit = percent(endpoint.max_share).max(share(&moved.before, id)).max(share(&moved.base, id));
            if share(&moved.after, id) > limit + HAIR {
                return Err(format!("{id}, which may have {limit:.1} %, of {}", moved.shown()));
            }
        }
    }
    Ok(())
}

/// An alarm that keeps its state without data may speak of what was long ago. So does a drain that the others' limits left
/// unfinished: what they can take later goes then, down to what the endpoint was to have when it was drained.
pub(super) fn drains_only_the_sick(moment: &Moment<'_>) -> Result<(), String> {
    for moved in moment.moved() {
        let held = kept(moment.view, moment.zone).and_then(|kept| kept.records.get(&moved.record.key));
        let was_to_have = |id: &str| held?.reduced.iter().find(|(of, _)| of.as_str() == id).map(|(_, it)| it.share);
        let is_unfinished =
            |id: &str| was_to_have(id).is_some_and(|had| share(&moved.after, id) + ROUNDING >= percent(had));
        for id in moved.drained().into_iter().filter(|id| !is_unfinished(id)) {
            let others_not_serving = moment.truth.endpoints.get(id).and_then(|known| known.last_unwell);
            let lately = others_not_serving.is_some_and(|at| at + LATELY * 2 >= moved.decided_at);
            if !lately && moment.alarms_forget {
                return Err(format!("{id} of {}", moved.shown()));
            }
        }
    }
    Ok(())
}

pub(super) fn is_allowed(moment: &Moment<'_>) -> Result<(), String> {
    let mut watched = moment.records().filter(|record| {
        let (before, after) = (&moment.change.before, &moment.change.after);
        record.mode != Mode::Act && shares::weights(&record.key, before) != shares::weights(&record.key, after)
    });
    watched.next().map_or(Ok(()), |record| Err(record.key.to_string()))
}
