//! A look at the groups whose hooks the policy names: which of their instances wait for a hook and have no incident. It finds what
//! no event told.
//!
//! This module never opens an incident itself.

use std::collections::BTreeSet;

use homeostat_core::aws::lifecycle::Course;
use homeostat_core::id::{GroupName, Region};
use homeostat_core::ports::{Ledger, Unavailable};
use homeostat_core::reconcile::Surveyed;
use homeostat_core::signal::{Hint, Trigger};
use jiff::Timestamp;

use super::Held;
use crate::hook::policy::HookPolicy;
use crate::hook::subject::HeldInstance;

/// # Errors
/// [`Unavailable`]: the groups or the ledger could not be read. Nothing was changed, and the next survey comes by itself.
pub(super) async fn survey(
    aws: &(impl Held + Sync),
    policy: &HookPolicy,
    ledger: &(impl Ledger + Sync),
    region: &Region,
    now: Timestamp,
) -> Result<Surveyed, Unavailable> {
    let names: BTreeSet<&GroupName> = policy.hooks().map(|(group, _)| group).collect();
    let names: Vec<GroupName> = names.into_iter().cloned().collect();
    let groups = aws.groups(&names).await?;
    let mut waiting = Vec::new();
    for (name, hook) in policy.hooks() {
        let Some(held_by) = policy.of(name, hook) else { continue };
        let members = groups.iter().filter(|group| group.name == *name).flat_map(|group| &group.members);
        for member in members.filter(|member| Course::of(held_by.transition(), &member.lifecycle).is_some()) {
            let held = HeldInstance { group: name.clone(), hook: hook.clone(), instance: member.id.clone() };
            waiting.push(held.subject(region.clone()));
        }
    }
    let open = ledger.open_among(&waiting).await?;
    let unowned = waiting.into_iter().filter(|subject| !open.contains(subject));
    let why = || Trigger::Found { since: now, alarms: Vec::new(), told_by: None };
    let hints = unowned.map(|subject| Hint { subject, why: why() }).collect();
    let looked_at = groups.into_iter().map(|group| group.name.to_string()).collect();
    Ok(Surveyed { looked_at, hints, open, ..Surveyed::default() })
}
