//! `status`: what is open, what is paused, and which groups are held back, on one screen.
//!
//! This module never judges: whether something is to be mended is `doctor`'s affair.

mod shown;

use std::collections::BTreeSet;
use std::path::PathBuf;

use futures_util::future::{try_join, try_join_all};
use homeostat_core::id::GroupName;
use homeostat_core::ports::{Control, OpenIncidents, Unavailable};
use homeostat_core::shell;
use jiff::Timestamp;

use super::place::Deployment;
use crate::policy_check;
use crate::report::Failed;
pub(super) use shown::Status;
use shown::{HeldBack, Open};

/// What is read if nobody names a policy and it is there: as `sam build` has it.
const USUAL: &str = "policy.toml";

/// The policy's groups; `None` without a policy.
pub(super) fn policy_groups(named: Option<PathBuf>) -> Result<Option<Vec<GroupName>>, Failed> {
    let usual = || Some(PathBuf::from(USUAL)).filter(|usual| usual.exists());
    let Some(file) = named.or_else(usual) else { return Ok(None) };
    match policy_check::read(&file)? {
        Ok(policy) => Ok(Some(policy.group_names())),
        Err(_) => {
            let file = shell::word(&file.display().to_string());
            Err(Failed::because(format!("{file} has mistakes; to see them: homeostat policy check {file}")))
        }
    }
}

pub(super) async fn status(
    deployment: &Deployment,
    now: Timestamp,
    policy: Option<Vec<GroupName>>,
) -> Result<Status, Failed> {
    let ledger = &deployment.ledger();
    let (OpenIncidents { read: open, unreadable }, pauses) = try_join(ledger.open_incidents(), ledger.pauses()).await?;
    let mut names: BTreeSet<GroupName> = open.iter().map(|incident| incident.kind.group().clone()).collect();
    names.extend(policy.iter().flatten().cloned());
    let groups = try_join_all(names.into_iter().map(|name| held_back(ledger, name))).await?;
    let mut remarks = match policy {
        Some(_) => Vec::new(),
        None => vec![
            "without a policy, only the groups of open incidents are shown: name it by --policy, to see the breaker of any \
             other"
                .to_owned(),
        ],
    };
    remarks.extend(unreadable.into_iter().map(|why| format!("an open incident is not shown: {why}")));
    Ok(Status {
        place: deployment.place.clone(),
        at: now,
        open: open.into_iter().map(|incident| Open::new(incident, &groups)).collect(),
        pauses: pauses.into_iter().filter(|pause| pause.until > now).map(Into::into).collect(),
        groups,
        remarks,
    })
}

async fn held_back(ledger: &impl Control, name: GroupName) -> Result<HeldBack, Unavailable> {
    let (slots, memory) = try_join(ledger.slots(&name), ledger.memory(&name)).await?;
    Ok(HeldBack::new(name, slots, memory))
}
