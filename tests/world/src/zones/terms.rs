//! On which terms a batch applies (API reference, `ChangeResourceRecordSets`): what it deletes must be there exactly as it says,
//! and what it creates must not.
//!
//! This module never applies a part of a batch.

use homeostat_core::aws::record::{RecordSet, Routing};
use homeostat_remedies::hosted_zone::shift::Batch;

/// The records with the batch applied, or why it doesn't.
pub(super) fn applied(sets: &[RecordSet], batch: &Batch) -> Result<Vec<RecordSet>, String> {
    let mut sets = sets.to_vec();
    let mut wrong = Vec::new();
    for deleted in &batch.delete {
        match sets.iter().position(|set| is_same(set, deleted)) {
            None => wrong.push(format!("Tried to delete {} but it was not found", name(deleted))),
            Some(place) if sets.get(place) == Some(deleted) => _ = sets.remove(place),
            Some(_) => wrong.push(format!(
                "Tried to delete {} but the values provided do not match the current values",
                name(deleted)
            )),
        }
    }
    for created in &batch.create {
        if sets.iter().any(|set| is_same(set, created)) {
            wrong.push(format!("Tried to create {} but it already exists", name(created)));
        } else {
            sets.push(created.clone());
        }
    }
    if wrong.is_empty() { Ok(sets) } else { Err(format!("[{}]", wrong.join(", "))) }
}

/// A set is known by its name, its type and its identifier.
fn is_same(one: &RecordSet, other: &RecordSet) -> bool {
    let identifier = |set: &RecordSet| set.weighted().map(|(identifier, _)| identifier.clone());
    one.name == other.name && one.kind == other.kind && identifier(one) == identifier(other)
}

fn name(set: &RecordSet) -> String {
    let identifier = match &set.routing {
        Routing::Weighted { identifier, .. } => format!(", set identifier='{identifier}'"),
        Routing::Simple | Routing::Other(_) => String::new(),
    };
    format!("resource record set [name='{}.', type='{}'{identifier}]", set.name.as_str(), set.kind)
}
