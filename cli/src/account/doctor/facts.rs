//! Reads what the doctor's checks rest on, side by side.
//!
//! This module never fills in for an answer that did not come: it says which permission it would have taken.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{OptionFuture, join, join_all, join3};
use homeostat_aws::operator::Account;
use homeostat_aws::{DnsCloud, InstanceCloud};
use homeostat_core::aws::fleet::Group;
use homeostat_core::doctor::{Read, Shared, Unread};
use homeostat_core::id::{GroupName, HostedZoneId, Scope, TargetGroupArn};
use homeostat_core::ports::{Control, OpenIncidents, Unavailable};
use homeostat_remedies::doctor::Facts;
use homeostat_remedies::hook::doctor::HookFacts;
use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::hosted_zone;
use homeostat_remedies::hosted_zone::doctor::DnsFacts;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::instance::Fleet;
use homeostat_remedies::instance::doctor::InstanceFacts;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::policy::Policy;
use homeostat_remedies::registry::{self, AnyIncident, Remembering};
use homeostat_remedies::{hook, instance};
use jiff::Timestamp;

use super::{hooks, records};
use crate::account::place::Deployment;

/// The permission that each reading needs, as IAM names it.
pub(super) mod action {
    pub(in crate::account::doctor) const GROUPS: &str = "autoscaling:DescribeAutoScalingGroups";
    pub(in crate::account::doctor) const REFRESHES: &str = "autoscaling:DescribeInstanceRefreshes";
    pub(in crate::account::doctor) const ALARMS: &str = "cloudwatch:DescribeAlarms";
    pub(in crate::account::doctor) const SUBSCRIPTIONS: &str = "sns:ListSubscriptionsByTopic";
    pub(in crate::account::doctor) const QUEUE: &str = "sqs:GetQueueAttributes";
    pub(in crate::account::doctor) const TABLE: &str = "dynamodb:Query and dynamodb:BatchGetItem";
    pub(in crate::account::doctor) const PAUSES: &str = "dynamodb:Query";
    pub(in crate::account::doctor) const MEMORY: &str = "dynamodb:BatchGetItem";
    pub(in crate::account::doctor) const RECORDS: &str = "route53:ListResourceRecordSets";
    pub(in crate::account::doctor) const HEALTH_CHECKS: &str =
        "route53:GetHealthCheck and route53:GetHealthCheckStatus";
    pub(in crate::account::doctor) const HOOKS: &str = "autoscaling:DescribeLifecycleHooks";
    pub(in crate::account::doctor) const TAGS: &str = "elasticloadbalancing:DescribeTags";
    pub(in crate::account::doctor) const TARGET_GROUPS: &str = "elasticloadbalancing:DescribeTargetGroups";
    pub(in crate::account::doctor) const TARGETS: &str = "elasticloadbalancing:DescribeTargetHealth";
}

pub(super) fn read<T>(action: &'static str, answer: Result<T, Unavailable>) -> Read<T> {
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
    let names = policy.map(|policy| policy.instances.group_names()).unwrap_or_default();
    let outputs = &deployment.outputs;
    let audience: OptionFuture<_> = outputs.topic.as_ref().map(|topic| account.audience(topic)).into();
    let dead: OptionFuture<_> = outputs.dead_letters.as_ref().map(|url| account.dead_letters(url)).into();
    let hooks = policy.and_then(|policy| policy.hooks.as_ref());
    let scopes = policy.map(Policy::scopes).unwrap_or_default();
    let all: Vec<GroupName> = scopes.iter().filter_map(Scope::group).collect();
    let of_the_groups = join3(fleet.groups(&all), account.health_check_types(&names), account.alarms());
    let of_the_table = join(ledger.open_incidents(), ledger.pauses());
    let ((groups, health_checks, alarms), (audience, dead), (open, pauses)) =
        join3(of_the_groups, join(audience, dead), of_the_table).await;
    let (groups, open) = (read(action::GROUPS, groups), read(action::TABLE, open.and_then(whole)));
    let dns = policy.and_then(|policy| policy.dns.as_ref());
    let region = deployment.config.region().and_then(|region| region.as_ref().parse().ok());
    let cloud = DnsCloud::new(&deployment.config);
    let replaced = || groups.iter().flatten().filter(|group| names.contains(&group.name));
    let own_records = hooks::own_records(&cloud, &groups, hooks);
    let of_policy = join3(records::gather(&cloud, region, dns), hooks::gather(&account, &groups, hooks), own_records);
    let named = policy.into_iter().flat_map(|policy| &policy.dependencies).flat_map(|dependency| &dependency.alarms);
    let of_policy = join(of_policy, records::named(&cloud, named));
    let of_fleet = join(refreshes(&fleet, replaced()), targets(&fleet, replaced()));
    let ((refreshes, targets), memories, ((dns, hooks, own_records), dependencies)) =
        join3(of_fleet, memories(&ledger, scopes, &open), of_policy).await;
    Facts {
        shared: Shared { now, groups },
        audience: placed("the topic", action::SUBSCRIPTIONS, audience),
        dead_letters: placed("the dead-letter queue", action::QUEUE, dead),
        open,
        pauses: read(action::PAUSES, pauses),
        instances: InstanceFacts {
            health_checks: read(action::GROUPS, health_checks),
            refreshes,
            targets,
            alarms: read(action::ALARMS, alarms),
            memories: memories.groups,
        },
        dns: DnsFacts { memories: memories.zones, ..dns },
        hooks: HookFacts { own_records, memories: memories.launches, ..hooks },
        dependencies: dependencies.into_iter().map(|(arn, read)| (arn, read.map(|alarm| alarm.is_some()))).collect(),
    }
}

/// What is open, if all of it could be read.
fn whole(open: OpenIncidents<AnyIncident>) -> Result<Vec<AnyIncident>, Unavailable> {
    if open.unreadable.is_empty() {
        return Ok(open.read);
    }
    Err(Unavailable { doing: "read every open incident".to_owned(), why: open.unreadable.join("; ") })
}

/// Of a group that is not there, AWS tells no refreshes but answers with an error.
async fn refreshes<'a>(
    fleet: &impl Fleet,
    groups: impl Iterator<Item = &'a Group>,
) -> BTreeMap<GroupName, Read<Option<String>>> {
    let of_group =
        async |group: &Group| (group.name.clone(), read(action::REFRESHES, fleet.refresh(&group.name).await));
    join_all(groups.map(of_group)).await.into_iter().collect()
}

async fn targets<'a>(
    fleet: &impl Fleet,
    groups: impl Iterator<Item = &'a Group>,
) -> BTreeMap<TargetGroupArn, Read<bool>> {
    let attached: BTreeSet<&TargetGroupArn> = groups.flat_map(|group| &group.target_groups).collect();
    let exists = async |arn: &TargetGroupArn| {
        let there = read(action::TARGETS, fleet.target_health(arn).await).map(|healths| healths.is_some());
        (arn.clone(), there)
    };
    join_all(attached.into_iter().map(exists)).await.into_iter().collect()
}

/// What each remedy remembers.
struct Memories {
    groups: BTreeMap<GroupName, Read<instance::memory::Memory>>,
    launches: BTreeMap<GroupName, Read<hook::memory::Memory>>,
    zones: BTreeMap<HostedZoneId, Read<hosted_zone::memory::Memory>>,
}

/// Of what the policy names, and of what left it with an incident open.
async fn memories(ledger: &impl Control, mut scopes: BTreeSet<Scope>, open: &Read<Vec<AnyIncident>>) -> Memories {
    scopes.extend(open.iter().flatten().map(|incident| incident.head().scope));
    let (mut groups, mut launches, mut zones) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for scope in &scopes {
        let Remembering { instances, hosted_zones, hooks } = registry::remembering(scope);
        groups.extend(scope.group().filter(|_| instances));
        launches.extend(scope.group().filter(|_| hooks));
        zones.extend(hosted_zone::subject::zone_of_scope(scope).filter(|_| hosted_zones));
    }
    let of_group = async |name: GroupName| {
        let scope = Scope::of_group(&name);
        (name, read(action::MEMORY, ledger.memory::<InstanceKind>(&scope).await))
    };
    let of_launches = async |name: GroupName| {
        let scope = Scope::of_group(&name);
        (name, read(action::MEMORY, ledger.memory::<HookKind>(&scope).await))
    };
    let of_zone = async |zone: HostedZoneId| {
        let scope = hosted_zone::subject::scope(&zone);
        (zone, read(action::MEMORY, ledger.memory::<HostedZoneKind>(&scope).await))
    };
    let (groups, launches) =
        (join_all(groups.into_iter().map(of_group)), join_all(launches.into_iter().map(of_launches)));
    let (groups, launches, zones) = join3(groups, launches, join_all(zones.into_iter().map(of_zone))).await;
    Memories {
        groups: groups.into_iter().collect(),
        launches: launches.into_iter().collect(),
        zones: zones.into_iter().collect(),
    }
}
