//! `status`: what is open, what is paused, and which groups and zones are held back, on one screen; or what closed in a month.
//!
//! This module never judges: whether something is to be fixed is `doctor`'s affair.

mod closed;
mod held;
mod shown;
mod zones;

use std::collections::BTreeSet;
use std::path::PathBuf;

use futures_util::future::{OptionFuture, join, join_all, join3, try_join};
use homeostat_core::budget::SharedBudget;
use homeostat_core::id::{GroupName, HostedZoneId, Scope};
use homeostat_core::ports::{Control, OpenIncidents, Slots, Unavailable};
use homeostat_core::shell;
use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::registry::{self, AnyIncident, Remembering};
use homeostat_remedies::{hook, hosted_zone, instance};
use jiff::Timestamp;

use super::place::Deployment;
use crate::policy_check;
use crate::report::Failed;

pub(super) use closed::closed;
pub(super) use shown::Status;
use shown::{HeldBack, Open, SharedUse};
use zones::HeldBackZone;

/// What is read if nobody names a policy and it is there: as `sam build` has it.
const USUAL: &str = "policy.toml";

/// What the policy names that has a budget or a memory; `None` without a policy.
pub(super) fn named(named: Option<PathBuf>) -> Result<Option<BTreeSet<Scope>>, Failed> {
    let usual = || Some(PathBuf::from(USUAL)).filter(|usual| usual.exists());
    let Some(file) = named.or_else(usual) else { return Ok(None) };
    match policy_check::read(&file)? {
        Ok(policy) => Ok(Some(policy.scopes())),
        Err(_) => {
            let file = shell::word(&file.display().to_string());
            Err(Failed::because(format!("{file} has mistakes; to see them: homeostat policy check {file}")))
        }
    }
}

pub(super) async fn status(
    deployment: &Deployment,
    now: Timestamp,
    policy: Option<BTreeSet<Scope>>,
) -> Result<Status, Failed> {
    let ledger = &deployment.ledger();
    let (open, pauses) = try_join(ledger.open_incidents::<AnyIncident>(), ledger.pauses()).await?;
    let OpenIncidents { read: open, unreadable } = open;
    let is_whole = policy.is_some();
    let mut scopes = policy.unwrap_or_default();
    scopes.extend(open.iter().map(|incident| incident.head().scope));
    let held = join_all(scopes.iter().map(|scope| held_back(ledger, scope)));
    let (held, shared) = join(held, ledger.shared_budget()).await;
    let (mut slots, mut groups, mut zones) = (Vec::new(), Vec::new(), Vec::new());
    for there in held {
        slots.push(there.slots);
        groups.extend(there.group);
        zones.extend(there.zone);
    }
    let (slots, unread_slots) = apart(slots);
    let (groups, unread_groups) = apart(groups);
    let (zones, unread_zones) = apart(zones);
    let only =
        "without a policy, only what holds back the open incidents is shown: name it by --policy, to see the rest";
    let mut remarks: Vec<String> = if is_whole { Vec::new() } else { vec![only.to_owned()] };
    let (shared, unread_shared) = apart(vec![shared]);
    let unread = unread_shared.into_iter().chain(unread_slots).chain(unread_groups).chain(unread_zones);
    remarks.extend(unread.map(|why| format!("what holds back something is not shown: {why}")));
    remarks.extend(unreadable.into_iter().map(|why| format!("an open incident is not shown: {why}")));
    Ok(Status {
        place: deployment.place.clone(),
        at: now,
        open: open.iter().map(|incident| Open::new(incident, &slots)).collect(),
        pauses: pauses.into_iter().filter(|pause| pause.until > now).map(Into::into).collect(),
        budget: shared.first().and_then(|budget: &SharedBudget| SharedUse::of(budget, now)),
        groups,
        zones,
        remarks,
    })
}

/// What holds back each of the things that may share a scope.
async fn held_back(ledger: &impl Control, scope: &Scope) -> HeldBackThere {
    let Remembering { instances, hosted_zones, hooks } = registry::remembering(scope);
    let group = scope.group().filter(|_| instances || hooks);
    let zone = hosted_zone::subject::zone_of_scope(scope).filter(|_| hosted_zones);
    let memories: OptionFuture<_> = group.as_ref().map(|name| memories_of_group(ledger, name)).into();
    let zone: OptionFuture<_> = zone.map(|id| held_back_zone(ledger, id)).into();
    let (slots, memories, zone) = join3(ledger.slots(scope), memories, zone).await;
    // Without its slots a group's row would say that none is taken; why they are not there is said once.
    let group = group.zip(memories).filter(|_| slots.is_ok()).map(|(name, memories)| {
        let (memory, launches) = memories?;
        Ok(HeldBack::new(name, slots.as_ref().cloned().unwrap_or_default(), memory, launches))
    });
    HeldBackThere { slots, group, zone }
}

struct HeldBackThere {
    slots: Result<Slots, Unavailable>,
    group: Option<Result<HeldBack, Unavailable>>,
    zone: Option<Result<HeldBackZone, Unavailable>>,
}

/// One that can't be read hides no other.
fn apart<T>(read: Vec<Result<T, Unavailable>>) -> (Vec<T>, Vec<String>) {
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for one in read {
        match one {
            Ok(one) => found.push(one),
            Err(unavailable) => unread.push(unavailable.to_string()),
        }
    }
    (found, unread)
}

async fn memories_of_group(
    ledger: &impl Control,
    name: &GroupName,
) -> Result<(instance::memory::Memory, hook::memory::Memory), Unavailable> {
    let scope = Scope::of_group(name);
    let named = |error: Unavailable| Unavailable {
        doing: format!("read what is known of group {name}"),
        why: error.to_string(),
    };
    try_join(ledger.memory::<InstanceKind>(&scope), ledger.memory::<HookKind>(&scope)).await.map_err(named)
}

async fn held_back_zone(ledger: &impl Control, id: HostedZoneId) -> Result<HeldBackZone, Unavailable> {
    let named =
        |error: Unavailable| Unavailable { doing: format!("read what is known of zone {id}"), why: error.to_string() };
    let memory = ledger.memory::<HostedZoneKind>(&hosted_zone::subject::scope(&id)).await.map_err(named)?;
    Ok(HeldBackZone::new(id, memory))
}
