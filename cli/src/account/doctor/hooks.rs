//! Reads what the policy names of lifecycle hooks, side by side.
//!
//! This module never asks about a group that isn't there: AWS would answer with an error, and that it is missing is known.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use futures_util::future::{join_all, join4, try_join_all};
use homeostat_aws::operator::Account;
use homeostat_core::aws::fleet::Group;
use homeostat_core::aws::record::RecordSet;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::doctor::Read;
use homeostat_core::id::{GroupName, HookName, TargetGroupArn};
use homeostat_core::ports::Unavailable;
use homeostat_remedies::hook::doctor::{HookFact, HookFacts};
use homeostat_remedies::hook::policy::{HookPolicy, LaunchPolicy, OwnRecord, TerminationPolicy};
use homeostat_remedies::hosted_zone::Records;

use super::facts::{action, read};

/// What is asked; a fake answers in tests.
pub(super) trait Hooks {
    fn hooks(&self, group: &GroupName) -> impl Future<Output = Result<Vec<HookFact>, Unavailable>>;
    fn has_warm_pool(&self, group: &GroupName) -> impl Future<Output = Result<bool, Unavailable>>;
    fn tags(&self, arn: &TargetGroupArn) -> impl Future<Output = Result<BTreeMap<String, String>, Unavailable>>;
    fn target_type(&self, arn: &TargetGroupArn) -> impl Future<Output = Result<Option<String>, Unavailable>>;
}

impl Hooks for Account {
    async fn hooks(&self, group: &GroupName) -> Result<Vec<HookFact>, Unavailable> {
        self.lifecycle_hooks(group).await
    }

    async fn has_warm_pool(&self, group: &GroupName) -> Result<bool, Unavailable> {
        self.has_warm_pool(group).await
    }

    async fn tags(&self, arn: &TargetGroupArn) -> Result<BTreeMap<String, String>, Unavailable> {
        self.tags_of(arn).await
    }

    async fn target_type(&self, arn: &TargetGroupArn) -> Result<Option<String>, Unavailable> {
        self.target_type_of(arn).await
    }
}

pub(super) async fn gather(aws: &impl Hooks, groups: &Read<Vec<Group>>, policy: Option<&HookPolicy>) -> HookFacts {
    let Some(policy) = policy else { return HookFacts::default() };
    let there: BTreeSet<&GroupName> = groups.iter().flatten().map(|group| &group.name).collect();
    let named = policy.hooks().map(|(group, _)| group).filter(|group| there.contains(group));
    let pooled = policy.launches.iter().filter(|launch| has_fixed_tag(launch)).map(|launch| &launch.group);
    let arns = policy.terminations.iter().flat_map(|policy| &policy.target_groups);
    let of_group = async |group: &GroupName| read(action::HOOKS, aws.hooks(group).await);
    let of_pool = async |group: &GroupName| read(action::GROUPS, aws.has_warm_pool(group).await);
    let of_arn = async |arn: &TargetGroupArn| read(action::TAGS, aws.tags(arn).await);
    let named_with_any = policy.launches.iter().flat_map(|policy| &policy.target_groups).chain(arns.clone());
    let of_type = async |arn: &TargetGroupArn| read(action::TARGET_GROUPS, aws.target_type(arn).await);
    let (of_group, warm_pools, target_groups, target_types) = join4(
        each(named.collect(), of_group),
        each(pooled.filter(|group| there.contains(group)).collect(), of_pool),
        each(arns.collect(), of_arn),
        each(named_with_any.collect(), of_type),
    )
    .await;
    HookFacts { of_group, warm_pools, target_groups, target_types, ..HookFacts::default() }
}

/// So many instances of a group are asked about.
const A_FEW: usize = 3;

/// What the names of a few instances answer with, for each hook that removes an instance's own record.
pub(super) async fn own_records(
    aws: &impl Records,
    groups: &Read<Vec<Group>>,
    policy: Option<&HookPolicy>,
) -> BTreeMap<(GroupName, HookName), Read<Vec<RecordSet>>> {
    let members = |name: &GroupName| {
        let group = groups.iter().flatten().find(|group| group.name == *name);
        group.into_iter().flat_map(|group| &group.members).take(A_FEW)
    };
    let of_hook = async |(policy, record): (&TerminationPolicy, &OwnRecord)| {
        let names = members(&policy.group).filter_map(|member| record.name_of(&member.id).ok());
        let of_name = async |name: RecordName| aws.record_sets(&record.zone, &name).await;
        let sets = try_join_all(names.map(of_name)).await.map(|sets| sets.concat());
        ((policy.group.clone(), policy.hook.clone()), read(action::RECORDS, sets))
    };
    let terminations = policy.iter().flat_map(|policy| &policy.terminations);
    let with_record = terminations.filter_map(|policy| Some((policy, policy.record.as_ref()?)));
    join_all(with_record.map(of_hook)).await.into_iter().collect()
}

/// Only such a tag can be from an earlier life.
fn has_fixed_tag(launch: &LaunchPolicy) -> bool {
    launch.tag.as_ref().is_some_and(|tag| tag.value.is_some())
}

async fn each<K: Ord + Clone, V>(keys: BTreeSet<&K>, ask: impl AsyncFn(&K) -> V) -> BTreeMap<K, V> {
    let answers = join_all(keys.iter().map(|key| ask(key))).await;
    keys.into_iter().cloned().zip(answers).collect()
}

#[cfg(test)]
mod tests;
