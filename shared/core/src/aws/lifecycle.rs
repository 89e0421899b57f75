//! One lifecycle action: a hook that holds one instance, and what its transition means for the instance.
//!
//! This module never decides.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::aws::fleet::Lifecycle;
use crate::id::{ActionToken, GroupName, HookName, InstanceId};

/// What an event told: an instance reached a wait state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleEvent {
    pub group: GroupName,
    pub hook: HookName,
    pub instance: InstanceId,
    pub token: ActionToken,
    pub at: Timestamp,
    pub transition: Transition,
    /// `None` where the event doesn't say where it comes from.
    pub origin: Option<Place>,
    /// `None` where the event doesn't say whence and whither.
    pub course: Option<Course>,
}

/// `LifecycleTransition` (API reference, `LifecycleHook`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    Launching,
    Terminating,
}

/// `LifecycleActionResult` (API reference, `CompleteLifecycleAction`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionResult {
    Continue,
    Abandon,
}

/// `Origin` or `Destination` of a transition (EC2 Auto Scaling User Guide, "Warm pool events").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Ec2,
    Group,
    WarmPool,
}

impl Place {
    pub fn named(name: &str) -> Option<Place> {
        match name {
            "EC2" => Some(Place::Ec2),
            "AutoScalingGroup" => Some(Place::Group),
            "WarmPool" => Some(Place::WarmPool),
            _ => None,
        }
    }
}

/// What the transition means, by its origin and destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    IntoService,
    /// Into the warm pool, fresh from EC2: it serves nobody yet.
    IntoPool,
    OutForGood,
    /// Out of service and back into the warm pool, to be used again.
    BackToPool,
    /// A pool's instance is terminated: it served nobody.
    OutOfPool,
}

impl Course {
    pub fn between(origin: Place, destination: Place) -> Option<Course> {
        match (origin, destination) {
            (Place::Ec2 | Place::WarmPool, Place::Group) => Some(Course::IntoService),
            (Place::Ec2, Place::WarmPool) => Some(Course::IntoPool),
            (Place::Group, Place::Ec2) => Some(Course::OutForGood),
            (Place::Group, Place::WarmPool) => Some(Course::BackToPool),
            (Place::WarmPool, Place::Ec2) => Some(Course::OutOfPool),
            _ => None,
        }
    }

    /// As the lifecycle state tells it, together with whose hook it is. `None`: it waits for no hook of this transition.
    pub fn of(transition: Transition, lifecycle: &Lifecycle) -> Option<Course> {
        match (transition, lifecycle.0.as_str()) {
            (Transition::Launching, "Pending:Wait") => Some(Course::IntoService),
            (Transition::Launching, "Warmed:Pending:Wait") => Some(Course::IntoPool),
            (Transition::Terminating, "Terminating:Wait") => Some(Course::OutForGood),
            (Transition::Terminating, "Warmed:Pending:Wait") => Some(Course::BackToPool),
            (Transition::Terminating, "Warmed:Terminating:Wait") => Some(Course::OutOfPool),
            _ => None,
        }
    }

    /// Nobody is served before or after it, so there is nothing to prove and nothing to drain.
    pub fn serves_nobody(self) -> bool {
        matches!(self, Course::IntoPool | Course::OutOfPool)
    }
}

/// Whether the state comes after the wait state and no longer before it: a description may be a few seconds old, and an instance
/// of the warm pool, one in Standby, or one in service may be about to wait.
pub fn has_gone_on(transition: Transition, course: Option<Course>, lifecycle: &Lifecycle) -> bool {
    let state = lifecycle.0.as_str();
    let is_leaving = state.starts_with("Terminat") || state.starts_with("Warmed:Terminat");
    let is_pooled = matches!(state, "Warmed:Running" | "Warmed:Stopped" | "Warmed:Hibernated");
    // Whatever is out of the pool, or on its way there again, has been through this state before.
    let goes_in = state == "Warmed:Pending:Proceed";
    match transition {
        Transition::Launching if goes_in => course.is_none_or(|course| course == Course::IntoPool),
        Transition::Terminating if goes_in => course.is_none_or(|course| course == Course::BackToPool),
        Transition::Launching if is_pooled => course == Some(Course::IntoPool),
        Transition::Launching => state.ends_with(":Proceed") || state == "InService" || is_leaving,
        Transition::Terminating if is_pooled => course == Some(Course::BackToPool),
        // An abandoned launch may be shown as one that still comes.
        Transition::Terminating if state.starts_with("Pending") => false,
        Transition::Terminating => state.ends_with(":Proceed") || state == "Terminated" || state.ends_with(":Retained"),
    }
}

impl ActionResult {
    /// Whether it shows in the state of an instance that waits no more. Somebody else may have said otherwise, or the hook's default.
    pub fn shows_in(self, transition: Transition, lifecycle: &Lifecycle) -> bool {
        let is_leaving = lifecycle.0.starts_with("Terminat") || lifecycle.0.starts_with("Warmed:Terminat");
        match (transition, self) {
            (Transition::Launching, ActionResult::Continue) => !is_leaving,
            (Transition::Launching, ActionResult::Abandon) => is_leaving,
            (Transition::Terminating, _) => true,
        }
    }
}

/// Which action is meant, in Auto Scaling's terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionId {
    pub group: GroupName,
    pub hook: HookName,
    pub instance: InstanceId,
    /// Without one, the action that the hook has for the instance now is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<ActionToken>,
}

/// What Auto Scaling was told about a hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// `HeartbeatTimeout`: how long the action lasts from its beginning, and from each heartbeat.
    pub timeout: SignedDuration,
    /// `GlobalTimeout`: how long it lasts at most, whatever the heartbeats.
    pub global: SignedDuration,
    pub default: ActionResult,
    pub transition: Transition,
}

impl Transition {
    pub fn as_str(self) -> &'static str {
        match self {
            Transition::Launching => "autoscaling:EC2_INSTANCE_LAUNCHING",
            Transition::Terminating => "autoscaling:EC2_INSTANCE_TERMINATING",
        }
    }
}

impl std::str::FromStr for Transition {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Transition::Launching, Transition::Terminating].into_iter().find(|one| one.as_str() == text).ok_or(())
    }
}

impl fmt::Display for ActionResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ActionResult::Continue => "CONTINUE",
            ActionResult::Abandon => "ABANDON",
        })
    }
}

impl fmt::Display for Course {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Course::IntoService => "into service",
            Course::IntoPool => "into the warm pool",
            Course::OutForGood => "out of its group",
            Course::BackToPool => "out of service, back into the warm pool",
            Course::OutOfPool => "out of the warm pool, to be terminated",
        })
    }
}

impl fmt::Display for ActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hook {} of group {}, which holds {}", self.hook, self.group, self.instance)
    }
}
