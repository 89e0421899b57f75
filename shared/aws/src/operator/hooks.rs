//! Lifecycle hooks as a group has them, whether it has a warm pool, and the tags of the target groups that stand beside them.
//!
//! This module never takes a hook that it can't understand for one that isn't there.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types::{AutoScalingGroup, LifecycleHook};
use homeostat_core::id::{GroupName, TargetGroupArn};
use homeostat_core::ports::Unavailable;
use homeostat_remedies::hook::doctor::HookFact;

use super::Account;
use crate::autoscaling::hooks::terms;
use crate::call::unavailable;
use crate::load_balancing::target_type;

impl Account {
    /// All hooks of the group. One that is not there is an error.
    ///
    /// # Errors
    /// [`Unavailable`]: the hooks could not be read, or one of them not be understood.
    pub async fn lifecycle_hooks(&self, group: &GroupName) -> Result<Vec<HookFact>, Unavailable> {
        let request = self.autoscaling.describe_lifecycle_hooks().auto_scaling_group_name(group.as_str());
        let answer = request.send().await.map_err(|error| unavailable("read the group's lifecycle hooks", &error))?;
        answer.lifecycle_hooks().iter().map(fact).collect()
    }

    /// # Errors
    /// [`Unavailable`]: the group could not be read, or is not there.
    pub async fn has_warm_pool(&self, group: &GroupName) -> Result<bool, Unavailable> {
        let doing = "read whether the group has a warm pool";
        let request = self.autoscaling.describe_auto_scaling_groups().auto_scaling_group_names(group.as_str());
        let answer = request.send().await.map_err(|error| unavailable(doing, &error))?;
        let found =
            answer.auto_scaling_groups().iter().find(|one| one.auto_scaling_group_name() == Some(group.as_str()));
        let missing = || Unavailable { doing: doing.to_owned(), why: format!("there is no group {group}") };
        found.map(is_pooled).ok_or_else(missing)
    }

    /// # Errors
    /// [`Unavailable`]: the tags could not be read, or there is no such target group.
    pub async fn tags_of(&self, target_group: &TargetGroupArn) -> Result<BTreeMap<String, String>, Unavailable> {
        let doing = "read the target group's tags";
        let request = self.load_balancing.describe_tags().resource_arns(target_group.as_str());
        let answer = request.send().await.map_err(|error| unavailable(doing, &error))?;
        let found = answer.tag_descriptions().iter().find(|one| one.resource_arn() == Some(target_group.as_str()));
        let missing = || Unavailable { doing: doing.to_owned(), why: format!("nothing was told of {target_group}") };
        let tags = found.ok_or_else(missing)?.tags();
        Ok(tags
            .iter()
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
            .collect())
    }

    /// `TargetType`; `None` if there is no such target group.
    ///
    /// # Errors
    /// [`Unavailable`]: it could not be read, or AWS left it out.
    pub async fn target_type_of(&self, target_group: &TargetGroupArn) -> Result<Option<String>, Unavailable> {
        target_type(&self.load_balancing, target_group).await
    }
}

fn fact(found: &LifecycleHook) -> Result<HookFact, Unavailable> {
    let name = found.lifecycle_hook_name().unwrap_or_default();
    let unreadable = || Unavailable {
        doing: "understand Auto Scaling's answer".to_owned(),
        why: format!("a lifecycle hook with the name {name:?}"),
    };
    Ok(HookFact { name: name.parse().map_err(|_| unreadable())?, terms: terms(found)? })
}

/// A pool that is empty at the moment is one all the same (API reference, `AutoScalingGroup`, `WarmPoolConfiguration`).
fn is_pooled(group: &AutoScalingGroup) -> bool {
    group.warm_pool_configuration().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_autoscaling::types::WarmPoolConfiguration;

    #[test]
    fn a_hook_that_cannot_be_understood_is_an_error() {
        let hook = |name: &str| {
            let hook = LifecycleHook::builder().lifecycle_hook_name(name).heartbeat_timeout(300).global_timeout(30_000);
            hook.lifecycle_transition("autoscaling:EC2_INSTANCE_LAUNCHING").default_result("CONTINUE").build()
        };
        assert_eq!(fact(&hook("ready")).unwrap().name.as_str(), "ready");
        assert!(fact(&hook("not a name")).is_err());
        assert!(fact(&LifecycleHook::builder().lifecycle_hook_name("ready").build()).is_err());
    }

    #[test]
    fn an_empty_pool_is_a_pool() {
        let pool = WarmPoolConfiguration::builder().build();
        assert!(is_pooled(&AutoScalingGroup::builder().warm_pool_configuration(pool).build()));
        assert!(!is_pooled(&AutoScalingGroup::builder().build()));
    }
}
