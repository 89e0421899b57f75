//! Lifecycle hooks, and the actions by which they hold instances.
//!
//! A hook is never put or deleted here: a story sets up its groups.

use world::{ActionBy, ActionResult, GroupSettings, LifecycleHook, World};

use super::{instance_id, known};
use crate::api::{ApiError, Tree, make, read};
use crate::face::{only, refused, wanted};

/// API reference, `DescribeLifecycleHooks`, which has no pages.
pub(in crate::face) fn hooks(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    only(input, "DescribeLifecycleHooks", &["AutoScalingGroupName", "LifecycleHookNames"])?;
    let settings = &known(world, read::text(input, "AutoScalingGroupName")?)?.settings;
    let names = wanted(input, "LifecycleHookNames")?;
    let hooks = settings.hooks.iter().filter(|hook| names(&hook.name)).map(|hook| hook_tree(settings, hook));
    Ok(make::record([("LifecycleHooks", make::list(hooks))]))
}

fn hook_tree(settings: &GroupSettings, hook: &LifecycleHook) -> Tree {
    let fields = [
        ("LifecycleHookName", make::text(&hook.name)),
        ("AutoScalingGroupName", make::text(settings.name.as_str())),
        ("LifecycleTransition", make::text(hook.transition.as_str())),
        ("HeartbeatTimeout", make::integer(hook.heartbeat_timeout.as_secs())),
        ("GlobalTimeout", make::integer(hook.global_timeout().as_secs())),
        ("DefaultResult", make::text(hook.default_result.as_str())),
    ];
    let metadata = hook.notification_metadata.as_ref().map(make::text);
    make::record(fields.into_iter().chain(make::maybe("NotificationMetadata", metadata)))
}

pub(in crate::face) fn complete(world: &mut World, input: &Tree) -> Result<Tree, ApiError> {
    let fields =
        ["AutoScalingGroupName", "LifecycleHookName", "LifecycleActionToken", "InstanceId", "LifecycleActionResult"];
    only(input, "CompleteLifecycleAction", &fields)?;
    let result = match read::text(input, "LifecycleActionResult")? {
        "CONTINUE" => ActionResult::Continue,
        "ABANDON" => ActionResult::Abandon,
        other => {
            return Err(ApiError::invalid(format!("LifecycleActionResult is {other:?}, neither CONTINUE nor ABANDON")));
        }
    };
    let group = known(world, read::text(input, "AutoScalingGroupName")?)?.settings.name.clone();
    let (hook, by) = (read::text(input, "LifecycleHookName")?, action_by(input)?);
    world.complete_lifecycle_action(&group, hook, by, result).map_err(|refusal| refused(&refusal))?;
    Ok(make::nothing())
}

pub(in crate::face) fn heartbeat(world: &mut World, input: &Tree) -> Result<Tree, ApiError> {
    let fields = ["AutoScalingGroupName", "LifecycleHookName", "LifecycleActionToken", "InstanceId"];
    only(input, "RecordLifecycleActionHeartbeat", &fields)?;
    let group = known(world, read::text(input, "AutoScalingGroupName")?)?.settings.name.clone();
    let (hook, by) = (read::text(input, "LifecycleHookName")?, action_by(input)?);
    world.record_lifecycle_action_heartbeat(&group, hook, by).map_err(|refusal| refused(&refusal))?;
    Ok(make::nothing())
}

/// Which one counts where both are given is on no page: the token, which says more.
fn action_by(input: &Tree) -> Result<ActionBy, ApiError> {
    match read::maybe_text(input, "LifecycleActionToken")? {
        Some(token) => Ok(ActionBy::Token(token.to_owned())),
        None => Ok(ActionBy::Instance(instance_id(input)?)),
    }
}
