//! `status`: what is open, what is paused, and which groups and zones are held back, on one screen; or what closed in a month.
//!
//! This module never judges: whether something is to be fixed is `doctor`'s affair.

mod closed;
mod held;
mod shown;
mod zones;

use std::collections::BTreeSet;
use std::path::PathBuf;

use futures_util::future::{join, join_all, try_join};
use homeostat_core::id::{GroupName, HostedZoneId, Scope};
use homeostat_core::ports::{Control, OpenIncidents, Unavailable};
use homeostat_core::shell;
use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::hosted_zone;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::registry::AnyIncident;
use jiff::Timestamp;

use super::place::Deployment;
use crate::policy_check;
use crate::report::Failed;

pub(super) use closed::closed;
pub(super) use shown::Status;
use shown::{HeldBack, Open};
use zones::HeldBackZone;

/// What is read if nobody names a policy and it is there: as `sam build` has it.
const USUAL: &str = "policy.toml";

/// What has a budget or a memory.
#[derive(Debug, Default)]
pub(super) struct Named {
    groups: BTreeSet<GroupName>,
    zones: BTreeSet<HostedZoneId>,
}

/// What the policy names; `None` without a policy.
pub(super) fn named(named: Option<PathBuf>) -> Result<Option<Named>, Failed> {
    let usual = || Some(PathBuf::from(USUAL)).filter(|usual| usual.exists());
    let Some(file) = named.or_else(usual) else { return Ok(None) };
    match policy_check::read(&file)? {
        Ok(policy) => {
            let zones = policy.dns.iter().flat_map(|dns| dns.zones()).cloned().collect();
            let held = policy.hooks.iter().flat_map(|hooks| hooks.hooks()).map(|(group, _)| group.clone());
            Ok(Some(Named { groups: policy.instances.group_names().into_iter().chain(held).collect(), zones }))
        }
        Err(_) => {
            let file = shell::word(&file.display().to_string());
            Err(Failed::because(format!("{file} has mistakes; to see them: homeostat policy check {file}")))
        }
    }
}

pub(super) async fn status(deployment: &Deployment, now: Timestamp, policy: Option<Named>) -> Result<Status, Failed> {
    let ledger = &deployment.ledger();
    let (open, pauses) = try_join(ledger.open_incidents::<AnyIncident>(), ledger.pauses()).await?;
    let OpenIncidents { read: open, unreadable } = open;
    let is_whole = policy.is_some();
    let Named { mut groups, mut zones } = policy.unwrap_or_default();
    for incident in &open {
        let scope = incident.head().scope;
        groups.extend(scope.group());
        zones.extend(hosted_zone::subject::zone_of_scope(&scope));
    }
    let groups = join_all(groups.into_iter().map(|name| held_back(ledger, name)));
    let zones = join_all(zones.into_iter().map(|id| held_back_zone(ledger, id)));
    let (groups, zones) = join(groups, zones).await;
    let (groups, unread_groups) = apart(groups);
    let (zones, unread_zones) = apart(zones);
    let only = "without a policy, only the groups and zones of open incidents are shown: name it by --policy, to see the \
                breaker or latch of any other";
    let mut remarks: Vec<String> = if is_whole { Vec::new() } else { vec![only.to_owned()] };
    let unread = unread_groups.into_iter().chain(unread_zones);
    remarks.extend(unread.map(|why| format!("what holds back a group or zone is not shown: {why}")));
    remarks.extend(unreadable.into_iter().map(|why| format!("an open incident is not shown: {why}")));
    Ok(Status {
        place: deployment.place.clone(),
        at: now,
        open: open.iter().map(|incident| Open::new(incident, &groups)).collect(),
        pauses: pauses.into_iter().filter(|pause| pause.until > now).map(Into::into).collect(),
        groups,
        zones,
        remarks,
    })
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

async fn held_back(ledger: &impl Control, name: GroupName) -> Result<HeldBack, Unavailable> {
    let scope = Scope::of_group(&name);
    let named = |error: Unavailable| Unavailable {
        doing: format!("read what is known of group {name}"),
        why: error.to_string(),
    };
    let memory = try_join(ledger.memory::<InstanceKind>(&scope), ledger.memory::<HookKind>(&scope));
    let (slots, (memory, launches)) = try_join(ledger.slots(&name), memory).await.map_err(named)?;
    Ok(HeldBack::new(name, slots, memory, launches))
}

async fn held_back_zone(ledger: &impl Control, id: HostedZoneId) -> Result<HeldBackZone, Unavailable> {
    let named =
        |error: Unavailable| Unavailable { doing: format!("read what is known of zone {id}"), why: error.to_string() };
    let memory = ledger.memory::<HostedZoneKind>(&hosted_zone::subject::scope(&id)).await.map_err(named)?;
    Ok(HeldBackZone::new(id, memory))
}
