//! What is done about a held instance and why, in types and in words.
//!
//! This module never decides.

use std::fmt;

use homeostat_core::aws::lifecycle::{ActionId, ActionResult, Course};
use homeostat_core::aws::record::RecordSet;
use homeostat_core::dependency::Moves;
use homeostat_core::id::{GroupName, HookName, HostedZoneId, InstanceId, TargetGroupArn};
use homeostat_core::line::list;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::hook::policy::OnLimit;
use crate::hook::targets::TargetId;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookStep {
    /// `CompleteLifecycleAction`: once per action.
    Complete { action: ActionId, result: ActionResult },
    /// `RecordLifecycleActionHeartbeat`: the action's timeout begins anew.
    Heartbeat { action: ActionId },
    /// `DeregisterTargets`, each as it was read.
    Deregister { instance: InstanceId, target_group: TargetGroupArn, targets: Vec<TargetId> },
    /// `ChangeResourceRecordSets` with one DELETE of exactly what was read, for each type of the one name.
    RemoveRecords { zone: HostedZoneId, sets: Vec<RecordSet> },
    /// `SuspendProcesses` of `Launch` alone.
    SuspendLaunch { group: GroupName },
}

impl HookStep {
    pub fn completes(&self) -> bool {
        matches!(self, HookStep::Complete { .. })
    }

    pub fn is_heartbeat(&self) -> bool {
        matches!(self, HookStep::Heartbeat { .. })
    }

    /// Under a pause nothing is changed and nobody is held up: who was to be abandoned goes on like all others.
    pub fn respects_pauses(&self) -> bool {
        let goes_on = matches!(self, HookStep::Complete { result: ActionResult::Continue, .. });
        !goes_on && !self.is_heartbeat()
    }
}

/// Why a hook is completed, or something is done before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// All of the evidence is there.
    Ready {
        evidence: Vec<String>,
    },
    /// The evidence says that it is not ready, and its time is over.
    NotReady {
        missing: Vec<String>,
        within: SignedDuration,
    },
    /// So many launches were abandoned that abandoning helps nobody.
    Admitted {
        missing: Vec<String>,
        abandoned: u32,
    },
    /// It is not ready and its time is over, while something that it depends on moves: the next launch would fare no better.
    Dependency {
        missing: Vec<String>,
        moves: Moves,
    },
    /// The evidence can't be read, and what is unknown is not unhealthy.
    Unjudged {
        why: Vec<String>,
    },
    Paused {
        scope: String,
        by: String,
        reason: String,
    },
    /// The policy says `watch`: it is let through, and this is what would be waited for.
    Watching {
        would: Vec<String>,
    },
    NotInPolicy,
    /// It serves nobody on this course.
    ServesNobody {
        course: Course,
    },
    /// EC2 takes the Spot Instance: that is no fault of what it was launched from.
    Interrupted {
        limit: Limit,
    },
    /// Nothing of it is in use any more.
    Drained,
    /// EC2 has taken its machine. What is registered by an address of it is left alone: that may be another host's by now.
    MachineGone {
        registered: Vec<String>,
    },
    /// There is no more time, and this was still in use.
    OutOfTime {
        limit: Limit,
        waiting: Vec<String>,
    },
    /// It shall get no new work.
    Leaving {
        course: Course,
    },
    /// More time is needed, and the hook's timeout runs.
    NeedsTime {
        missing: Vec<String>,
    },
    LaunchesFail {
        abandoned: u32,
    },
}

impl Because {
    /// Whether people want to hear of a hook that was completed for this.
    pub fn is_news(&self) -> bool {
        matches!(
            self,
            Because::NotReady { .. }
                | Because::Dependency { .. }
                | Because::Unjudged { .. }
                | Because::OutOfTime { .. }
                | Because::MachineGone { .. }
        )
    }
}

/// What ends the waiting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    Policy {
        within: SignedDuration,
    },
    /// However many heartbeats: 48 hours or 100 times the timeout.
    Global,
    /// Heartbeats failed, and the hook's timeout is nearly over.
    Timeout,
    /// EC2 takes a Spot Instance two minutes after it said so.
    Spot {
        interrupted_at: Timestamp,
    },
}

/// What a held instance waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waits {
    /// An event said that it waits, and Auto Scaling doesn't show it yet.
    Unseen {
        state: String,
    },
    Evidence {
        missing: Vec<String>,
    },
    /// Something of it is still in use.
    InUse {
        by: Vec<String>,
    },
    /// Launches that AWS was asked to abandon: its answer decides whether this one is.
    Abandoning {
        others: Vec<InstanceId>,
    },
    /// This hook holds it no more, by Homeostat or by somebody else, and another does.
    Others {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<ActionResult>,
        state: String,
    },
    /// This hook holds it no more, and whether it still waits could not be read.
    Unread {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<ActionResult>,
        why: String,
    },
    /// The last call is given time to show.
    Settling {
        step: Box<HookStep>,
    },
}

/// How a held instance went on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// `None`: not by Homeostat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ActionResult>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Because>,
    /// How it was found not to wait any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_done: Vec<String>,
}

impl Ended {
    pub fn is_news(&self) -> bool {
        !self.not_done.is_empty() || self.because.as_ref().is_some_and(Because::is_news)
    }
}

/// Launches fail one after the other: a bad image, or something that they depend on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchesFail {
    pub group: GroupName,
    pub hook: HookName,
    pub abandoned: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launched_from: Option<String>,
    pub on_limit: OnLimit,
    /// What AWS refused on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_done: Vec<String>,
}

impl fmt::Display for HookStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HookStep::Complete { action, result } => write!(f, "complete {action}, with {result}"),
            HookStep::Heartbeat { action } => write!(f, "ask for more time for {action}"),
            HookStep::Deregister { instance, target_group, .. } => {
                write!(f, "deregister {instance} from {}", target_group.short_name())
            }
            HookStep::RemoveRecords { zone, sets } => {
                let each: Vec<String> = sets.iter().map(|set| format!("{} {}", set.name, set.kind)).collect();
                let (records, lead) = if each.len() > 1 { ("records", "lead") } else { ("record", "leads") };
                write!(f, "remove the {records} {} of zone {zone}, which {lead} to the instance alone", list(&each))
            }
            HookStep::SuspendLaunch { group } => write!(f, "suspend Launch in group {group}"),
        }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Because::Ready { evidence } => write!(f, "it is ready: {}", list(evidence)),
            Because::NotReady { missing, within } => {
                write!(f, "it was not ready within {within:#}: {}", list(missing))
            }
            Because::Admitted { missing, abandoned } => write!(
                f,
                "{abandoned} launches in a row were abandoned, so no more are, though it is not ready: {}",
                list(missing)
            ),
            Because::Dependency { missing, moves } => {
                write!(f, "its time is over and it is not ready ({}), but {moves}", list(missing))
            }
            Because::Unjudged { why } => write!(
                f,
                "its time is over and whether it is ready can't be told, which is no proof that it isn't: {}",
                list(why)
            ),
            Because::Paused { scope, by, reason } => {
                write!(f, "Homeostat is paused for {scope} by {by} ({reason}), and who doesn't judge doesn't hold up")
            }
            Because::Watching { would } if would.is_empty() => f.write_str("the policy only watches; all was in order"),
            Because::Watching { would } => write!(f, "the policy only watches; it would wait for {}", list(would)),
            Because::NotInPolicy => f.write_str("the hook is no longer in the policy"),
            Because::ServesNobody { course } => write!(f, "it goes {course}, and serves nobody there"),
            Because::Interrupted { limit } => write!(f, "{limit}"),
            Because::Drained => f.write_str("nothing of it is in use any more"),
            Because::MachineGone { registered } => write!(
                f,
                "its machine is gone; still registered, by an address that may be another host's by now: {}",
                list(registered)
            ),
            Because::OutOfTime { limit, waiting } => write!(f, "{limit}, with this still in use: {}", list(waiting)),
            Because::Leaving { course } => write!(f, "it goes {course}, and shall get no new work"),
            Because::NeedsTime { missing } => write!(f, "it still waits for {}", list(missing)),
            Because::LaunchesFail { abandoned } => write!(f, "{abandoned} launches in a row were abandoned"),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Policy { within } => write!(f, "the policy's {within:#} are over"),
            Limit::Global => f.write_str("Auto Scaling holds it no longer, whatever the heartbeats"),
            Limit::Timeout => f.write_str("the hook's timeout is nearly over, and no heartbeat came through"),
            Limit::Spot { interrupted_at } => {
                write!(f, "EC2 takes the Spot Instance two minutes after {interrupted_at:.0}")
            }
        }
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Waits::Unseen { state } => write!(f, "an event says that it waits, and Auto Scaling still shows {state}"),
            Waits::Evidence { missing } => write!(f, "held until it is ready: {}", list(missing)),
            Waits::InUse { by } => write!(f, "held while it is in use: {}", list(by)),
            Waits::Abandoning { others } => {
                let others: Vec<String> = others.iter().map(ToString::to_string).collect();
                write!(f, "held until AWS has answered whether it abandons {}", list(&others))
            }
            Waits::Others { result: Some(result), state } => {
                write!(f, "completed with {result}, and still {state}: another hook of its group holds it")
            }
            Waits::Others { result: None, state } => {
                write!(f, "this hook holds it no more, and it is still {state}: another hook of its group holds it")
            }
            Waits::Unread { result: Some(result), why } => {
                write!(f, "completed with {result}; whether it still waits can't be told: {why}")
            }
            Waits::Unread { result: None, why } => {
                write!(f, "this hook holds it no more; whether it still waits can't be told: {why}")
            }
            Waits::Settling { step } => write!(f, "waiting for this to show: {step}"),
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.result, &self.left) {
            (Some(result), _) => write!(f, "completed with {result}")?,
            (None, Some(left)) => write!(f, "it waits no more: {left}")?,
            (None, None) => f.write_str("it waits no more")?,
        }
        if let Some(because) = &self.because {
            write!(f, ", because {because}")?;
        }
        if !self.not_done.is_empty() {
            write!(f, "; left undone: {}", list(&self.not_done))?;
        }
        Ok(())
    }
}

impl fmt::Display for LaunchesFail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} launches of group {} in a row were abandoned", self.abandoned, self.group)?;
        if let Some(source) = &self.launched_from {
            write!(f, ", launched from {source}")?;
        }
        if !self.not_done.is_empty() {
            return write!(
                f,
                "; what was to be done then could not be ({}), so from now on they are let into service unproven",
                list(&self.not_done)
            );
        }
        f.write_str(match self.on_limit {
            OnLimit::Admit => "; from now on they are let into service unproven, since abandoning them helps nobody",
            OnLimit::SuspendLaunch => "; Launch is suspended in the group, so that it launches no more",
        })
    }
}
