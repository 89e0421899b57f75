//! Reads what the doctor's checks rest on, side by side.
//!
//! This module never fills in for an answer that did not come: it says which permission it would have taken.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{OptionFuture, join, join_all, join3};
use homeostat_aws::InstanceCloud;
use homeostat_aws::operator::Account;
use homeostat_core::doctor::{Facts, Read, Unread};
use homeostat_core::id::GroupName;
use homeostat_core::incident::Incident;
use homeostat_core::instance::{Fleet, Group};
use homeostat_core::memory::GroupMemory;
use homeostat_core::policy::Policy;
use homeostat_core::ports::{Control, OpenIncidents, Unavailable};
use jiff::Timestamp;

use crate::account::place::Deployment;

/// The permission that each reading needs, as IAM names it.
mod action {
    pub(super) const GROUPS: &str = "autoscaling:DescribeAutoScalingGroups";
    pub(super) const REFRESHES: &str = "autoscaling:DescribeInstanceRefreshes";
    pub(super) const ALARMS: &str = "cloudwatch:DescribeAlarms";
    pub(super) const SUBSCRIPTIONS: &str = "sns:ListSubscriptionsByTopic";
    pub(super) const QUEUE: &str = "sqs:GetQueueAttributes";
    pub(super) const TABLE: &str = "dynamodb:Query and dynamodb:BatchGetItem";
    pub(super) const PAUSES: &str = "dynamodb:Query";
    pub(super) const MEMORY: &str = "dynamodb:BatchGetItem";
}

fn read<T>(action: &'static str, answer: Result<T, Unavailable>) -> Read<T> {
    answer.map_err(|unavailable| Unread::failed(action, &unavailable))
}

/// What only the stack's outputs tell the place of.
fn placed<T>(what: &'static str, action: &'static str, answer: Option<Result<T, Unavailable>>) -> Read<T> {
    answer.map_or(Err(Unread::NoPlace { what }), |answer| read(action, answer))
}

pub(super) async fn gather(deployment: &Deployment, now: Timestamp, policy: Option<&Policy>) -> Facts {
    let fleet = InstanceCloud::new(&deployment.config);
    let account = Account::new(&deployment.config);
    let ledger = deployment.ledger();
    let names = policy.map(Policy::group_names).unwrap_or_default();
    let outputs = &deployment.outputs;
    let audience: OptionFuture<_> = outputs.topic.as_ref().map(|topic| account.audience(topic)).into();
    let dead: OptionFuture<_> = outputs.dead_letters.as_ref().map(|url| account.dead_letters(url)).into();
    let of_the_groups = join3(fleet.groups(&names), account.health_check_types(&names), account.alarms());
    let of_the_table = join(ledger.open_incidents(), ledger.pauses());
    let ((groups, health_checks, alarms), (audience, dead), (open, pauses)) =
        join3(of_the_groups, join(audience, dead), of_the_table).await;
    let (groups, open) = (read(action::GROUPS, groups), read(action::TABLE, open.and_then(whole)));
    let (refreshes, memories) = join(refreshes(&fleet, &groups), memories(&ledger, names, &open)).await;
    Facts {
        now,
        groups,
        health_checks: read(action::GROUPS, health_checks),
        refreshes,
        alarms: read(action::ALARMS, alarms),
        audience: placed("the topic", action::SUBSCRIPTIONS, audience),
        dead_letters: placed("the dead-letter queue", action::QUEUE, dead),
        open,
        pauses: read(action::PAUSES, pauses),
        memories,
    }
}

/// What is open, if all of it could be read.
fn whole(open: OpenIncidents) -> Result<Vec<Incident>, Unavailable> {
    if open.unreadable.is_empty() {
        return Ok(open.read);
    }
    Err(Unavailable { doing: "read every open incident".to_owned(), why: open.unreadable.join("; ") })
}

/// Of a group that is not there, AWS tells no refreshes but answers with an error.
async fn refreshes(fleet: &impl Fleet, groups: &Read<Vec<Group>>) -> BTreeMap<GroupName, Read<Option<String>>> {
    let of_group =
        async |group: &Group| (group.name.clone(), read(action::REFRESHES, fleet.refresh(&group.name).await));
    join_all(groups.iter().flatten().map(of_group)).await.into_iter().collect()
}

/// Of the policy's groups, and of those that left it with an incident open.
async fn memories(
    ledger: &impl Control,
    names: Vec<GroupName>,
    open: &Read<Vec<Incident>>,
) -> BTreeMap<GroupName, Read<GroupMemory>> {
    let mut names: BTreeSet<GroupName> = names.into_iter().collect();
    names.extend(open.iter().flatten().map(|incident| incident.kind.group().clone()));
    let of_group = async |name: GroupName| {
        let memory = read(action::MEMORY, ledger.memory(&name).await);
        (name, memory)
    };
    join_all(names.into_iter().map(of_group)).await.into_iter().collect()
}
