//! Lifecycle hooks: what a group waits for while an instance comes or goes (EC2 Auto Scaling User Guide, "Amazon EC2 Auto
//! Scaling lifecycle hooks").
//!
//! This module never holds an instance; that is [`crate::holding`].

use jiff::SignedDuration;

/// "The maximum amount of time that you can keep an instance in a wait state is 48 hours or 100 times the heartbeat
/// timeout, whichever is smaller" (same page).
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(48);
const MOST_HEARTBEAT_TIMEOUTS: i32 = 100;

/// API reference, `LifecycleHook`. Notification targets of its own are not modelled: EventBridge hears of each action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleHook {
    pub name: String,
    pub transition: LifecycleTransition,
    pub heartbeat_timeout: SignedDuration,
    pub default_result: ActionResult,
    pub notification_metadata: Option<String>,
}

impl LifecycleHook {
    /// `GlobalTimeout`, which no heartbeat extends.
    pub fn global_timeout(&self) -> SignedDuration {
        self.heartbeat_timeout.saturating_mul(MOST_HEARTBEAT_TIMEOUTS).min(LONGEST_WAIT)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifecycleTransition {
    Launching,
    Terminating,
}

impl LifecycleTransition {
    pub fn as_str(self) -> &'static str {
        match self {
            LifecycleTransition::Launching => "autoscaling:EC2_INSTANCE_LAUNCHING",
            LifecycleTransition::Terminating => "autoscaling:EC2_INSTANCE_TERMINATING",
        }
    }
}

/// `LifecycleActionResult`, and `DefaultResult` of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionResult {
    Continue,
    Abandon,
}

impl ActionResult {
    pub fn as_str(self) -> &'static str {
        match self {
            ActionResult::Continue => "CONTINUE",
            ActionResult::Abandon => "ABANDON",
        }
    }
}
