//! The records that lead to one instance each, and what else their names answer with.
//!
//! This module never asks for the records of every instance: their names follow one pattern.

use std::collections::BTreeMap;

use homeostat_core::aws::record::{RecordSet, RecordType};
use homeostat_core::doctor::{Finding, unreadable};
use homeostat_core::policy::Mode;

use super::{Error, Facts, Warning, about};
use crate::hook::policy::HeldBy;

/// What leads a client to an instance.
const LEAD: [RecordType; 3] = [RecordType::A, RecordType::Aaaa, RecordType::Cname];

/// A record of another type than those that the policy lists keeps leading to an instance that has left.
pub(super) fn left_out(hook: HeldBy<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    let HeldBy::Termination(policy) = hook else { return Vec::new() };
    let Some(record) = &policy.record else { return Vec::new() };
    let key = (policy.group.clone(), policy.hook.clone());
    let sets = match facts.own.own_records.get(&key) {
        None => return Vec::new(),
        Some(Ok(sets)) => sets,
        Some(Err(unread)) => {
            let what = format!("what zone {} has of its instances' names", record.zone);
            return vec![unreadable(about(hook), &what, unread)];
        }
    };
    let unlisted = LEAD.into_iter().filter(|kind| !record.kinds.contains(kind)).map(RecordType::as_str);
    let one_of = |kind: &'static str| Some((kind, sets.iter().find(|set| set.kind == kind)?));
    let by_type: BTreeMap<&str, &RecordSet> = unlisted.filter_map(one_of).collect();
    let severity = if policy.mode == Mode::Watch { Warning } else { Error };
    let say = |(kind, set): (&str, &RecordSet)| {
        let what = format!(
            "its instances have records of type {kind}, too, such as {}, and the policy doesn't list that type: they keep leading to \
             an instance that has left",
            set.name
        );
        Finding::new(severity, about(hook), what, "list each type in the policy, such as type = [\"A\", \"AAAA\"]")
    };
    by_type.into_iter().map(say).collect()
}
