//! What this remedy does, what it goes by, and why it holds, closes or asks a person: typed, and in words.
//!
//! This module never decides.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use super::figures::Crowd;
pub use super::group_states::{Attached, GroupState};
use super::kind::InstanceKind;
use homeostat_core::aws::source::Source;
use homeostat_core::aws::units::Unit;
use homeostat_core::id::{AlarmArn, GroupName, InstanceId, TargetGroupArn};
use homeostat_core::incident::{Effect, Reason};
use homeostat_core::line::list;
use homeostat_core::signal::Notice;

pub(super) type About<'a> = homeostat_core::view::About<'a, InstanceKind>;
pub type Circumstances = homeostat_core::reconcile::Circumstances<InstanceKind>;
pub type Limits = homeostat_core::ports::Limits<InstanceKind>;
pub type Reconciled = homeostat_core::reconcile::Reconciled<InstanceKind>;
pub type History = homeostat_core::ports::History<InstanceKind>;
pub type Incident = homeostat_core::incident::Incident<InstanceKind>;
pub type Intent = homeostat_core::incident::Intent<Step>;
pub type Decision = homeostat_core::incident::Decision<InstanceKind>;
pub type Hold = homeostat_core::incident::Hold<InstanceKind>;
pub type Close = homeostat_core::incident::Close<InstanceKind>;
pub type Page = homeostat_core::incident::Page<InstanceKind>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// `TerminateInstanceInAutoScalingGroup` without lowering the desired capacity: the group launches a replacement.
    Replace { group: GroupName, instance: InstanceId },
    /// `SetInstanceHealth` to `Unhealthy`: the group replaces it as its maintenance policy says, launching first.
    MarkUnhealthy { group: GroupName, instance: InstanceId },
}

impl Effect for Step {
    fn respects_pauses(&self) -> bool {
        true
    }

    fn mitigates(&self) -> bool {
        true
    }

    fn keeps_held(&self) -> bool {
        false
    }
}

/// One piece of evidence that the policy asks for, as found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    Alarm {
        alarm: AlarmArn,
        since: Timestamp,
        reason: String,
    },
    TargetHealth {
        target_group: TargetGroupArn,
        reason: String,
    },
    InstanceStatus {
        checks: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// AWS announced it, and says so still.
    Notice(Notice),
}

impl Evidence {
    /// It proves only that AWS is going to end the instance.
    pub fn is_foretold(&self) -> bool {
        matches!(self, Evidence::Notice(notice) if notice.what.ends_the_instance())
    }
}

/// Why nothing is done now, beside what the frame knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// Somebody switched the alarm's actions off: they do not want it acted on.
    ActionsDisabled {
        alarm: AlarmArn,
    },
    /// Not all of the evidence that the policy demands says "sick".
    NotConfirmed {
        missing: Vec<String>,
    },
    /// Still starting, as far as the grace period goes.
    Grace {
        started: Timestamp,
        grace: SignedDuration,
    },
    /// Auto Scaling lists no activity of its group, so whether it is still starting can't be told, nor whether it is a replacement.
    LaunchUnknown {
        group: GroupName,
        /// By EC2, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        started: Option<Timestamp>,
    },
    NotInService {
        lifecycle: String,
    },
    /// Somebody protected it from scale-in: they do not want it terminated.
    Protected,
    /// The group replaces it by itself; its replacement is followed as if it were ours.
    GroupReplaces {
        why: String,
    },
    /// AWS announced what becomes of it, and the group is given time to act on that itself.
    Announced {
        notice: Notice,
        /// From then on it isn't.
        from: Timestamp,
    },
    /// Somebody suspended what a replacement needs.
    Suspended {
        processes: Vec<String>,
    },
    /// The group itself is replacing its instances.
    Refreshing {
        refresh: String,
    },
    /// A zone, a dependency or a bad image: replacing won't help. The group's own incident says so to people.
    TooManyUnhealthy(Crowd),
    /// What the whole group is like keeps its instances from being replaced.
    GroupState(GroupState),
    GroupMissing {
        group: GroupName,
        since: Timestamp,
    },
    /// As many were acted on lately as may be at once.
    Cooldown {
        acts: u32,
        cooldown: SignedDuration,
        until: Timestamp,
    },
    /// It is going to be replaced, and people are told beforehand.
    Planned {
        until: Timestamp,
        /// An earlier look has said so.
        announced: bool,
    },
    /// A tag of the group says that somebody else is at work on it.
    GroupBusy {
        until: Timestamp,
    },
    /// The group's own launches fail: what is terminated would not be replaced.
    LaunchesFail {
        /// One after the other, without one that succeeded.
        failed: u32,
        last: Timestamp,
    },
    /// What was launched in place of others is unhealthy, too.
    SuccessorsUnhealthy {
        instances: Vec<String>,
    },
    /// It is the group's only instance, and nothing but an alarm calls it unhealthy.
    OnlyAnAlarm,
    /// Replacements kept failing, and no person has looked since.
    BreakerOpen {
        since: Timestamp,
        group: GroupName,
    },
    /// The group is short of healthy instances in service.
    Recovering {
        healthy: u32,
        needed: u32,
        #[serde(default, skip_serializing_if = "Unit::is_instances")]
        unit: Unit,
        /// Members that a lifecycle hook holds, each with its state: on their way, and not in service meanwhile.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        held: Vec<String>,
    },
    /// Its replacement was asked for a moment ago, and while other groups wait for a look nobody has looked what came of it.
    Requested,
    /// Enough instances serve, and the group still has the one in question.
    NotReplaced {
        /// Auto Scaling shows it as unhealthy.
        marked: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// Taken out by the group or a person, and the group stayed whole for the dwell time.
    LeftByItself,
}

/// Why a person is needed, beside what the frame knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageReason {
    NotInPolicy {
        group: GroupName,
    },
    /// The group said that it would replace the instance, and didn't.
    GroupStalled {
        within: SignedDuration,
        why: String,
    },
    /// The breaker: what is launched in place of the sick falls sick too.
    ReplacementsFail {
        group: GroupName,
        failures: u32,
        within: SignedDuration,
        #[serde(default, skip_serializing_if = "Source::is_unknown")]
        launched_from: Source,
    },
    TooManyUnhealthy(Crowd),
    TargetGroupGone(Attached),
}

impl HoldReason {
    /// Whether the incident of the whole group is the one that says so to people, and counts or names its members.
    pub(super) fn is_of_whole_group(&self) -> bool {
        matches!(
            self,
            HoldReason::TooManyUnhealthy(_)
                | HoldReason::GroupState(GroupState::Unchecked { .. } | GroupState::Shrunk { .. })
        )
    }
}

impl Reason for HoldReason {
    fn name(&self) -> &'static str {
        match self {
            HoldReason::ActionsDisabled { .. } => "actions-disabled",
            HoldReason::NotConfirmed { .. } => "not-confirmed",
            HoldReason::Grace { .. } => "grace",
            HoldReason::LaunchUnknown { .. } => "launch-unknown",
            HoldReason::NotInService { .. } => "not-in-service",
            HoldReason::Protected => "protected",
            HoldReason::GroupReplaces { .. } => "group-replaces",
            HoldReason::Announced { .. } => "announced",
            HoldReason::Suspended { .. } => "suspended",
            HoldReason::Refreshing { .. } => "refreshing",
            HoldReason::TooManyUnhealthy(_) => "too-many-unhealthy",
            HoldReason::GroupState(state) => state.name(),
            HoldReason::GroupMissing { .. } => "group-missing",
            HoldReason::Cooldown { .. } => "cooldown",
            HoldReason::Planned { .. } => "planned",
            HoldReason::GroupBusy { .. } => "group-busy",
            HoldReason::LaunchesFail { .. } => "launches-fail",
            HoldReason::SuccessorsUnhealthy { .. } => "successors-unhealthy",
            HoldReason::OnlyAnAlarm => "only-an-alarm",
            HoldReason::BreakerOpen { .. } => "breaker-open",
            HoldReason::Recovering { .. } => "recovering",
            HoldReason::Requested => "requested",
            HoldReason::NotReplaced { .. } => "not-replaced",
        }
    }
}

impl Reason for CloseReason {
    fn name(&self) -> &'static str {
        match self {
            CloseReason::LeftByItself => "left-by-itself",
        }
    }
}

impl Reason for PageReason {
    fn name(&self) -> &'static str {
        match self {
            PageReason::NotInPolicy { .. } => "not-in-policy",
            PageReason::GroupStalled { .. } => "group-stalled",
            PageReason::ReplacementsFail { .. } => "replacements-fail",
            PageReason::TooManyUnhealthy(_) => "too-many-unhealthy",
            PageReason::TargetGroupGone(_) => "target-group-gone",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Replace { group, instance } => {
                write!(f, "terminate {instance} in group {group}, whose desired capacity stays, so that it is replaced")
            }
            Step::MarkUnhealthy { group, instance } => {
                write!(
                    f,
                    "mark {instance} as unhealthy, so that group {group} launches a replacement and then terminates it"
                )
            }
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Evidence::Alarm { alarm, since, reason } => {
                write!(f, "alarm {:?} is in ALARM since {since:.0} ({reason})", alarm.alarm_name())
            }
            Evidence::TargetHealth { target_group, reason } => {
                write!(f, "its target is unhealthy in {} ({reason})", target_group.short_name())
            }
            Evidence::InstanceStatus { checks, since: Some(since) } => {
                write!(f, "EC2 calls it impaired since {since:.0} ({checks})")
            }
            Evidence::InstanceStatus { checks, since: None } => write!(f, "EC2 calls it impaired ({checks})"),
            Evidence::Notice(notice) => write!(f, "{notice}"),
        }
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HoldReason::ActionsDisabled { alarm } => {
                write!(f, "the actions of alarm {:?} are disabled", alarm.alarm_name())
            }
            HoldReason::NotConfirmed { missing } => write!(f, "not confirmed by the evidence: {}", list(missing)),
            HoldReason::Grace { started, grace } => {
                write!(f, "it started at {started:.0} and has a grace period of {grace:#}")
            }
            HoldReason::LaunchUnknown { group, started } => {
                write!(f, "Auto Scaling lists no activity of group {group}, so when it was launched is not known")?;
                started.map_or(Ok(()), |started| write!(f, "; EC2 started it at {started:.0}"))
            }
            HoldReason::NotInService { lifecycle } => {
                write!(f, "it is {lifecycle}, and only InService is ours to touch")
            }
            HoldReason::GroupMissing { group, since } => write!(f, "group {group} was not found, since {since:.0}"),
            HoldReason::Protected => f.write_str("it is protected from scale-in"),
            HoldReason::GroupReplaces { why } => write!(f, "its group replaces it by itself: {why}"),
            HoldReason::Announced { notice, from } => {
                write!(f, "{notice}; until {from:.0} its group is left to replace it by itself")
            }
            HoldReason::Suspended { processes } => {
                write!(f, "the group can't replace it while {} is suspended", list(processes))
            }
            HoldReason::Refreshing { refresh } => write!(f, "instance refresh {refresh} of the group is running"),
            HoldReason::TooManyUnhealthy(crowd) => write!(f, "{crowd}"),
            HoldReason::GroupState(state) => write!(f, "{state}"),
            HoldReason::Cooldown { acts, cooldown, until } => {
                write!(f, "{acts} of the group acted on within {cooldown:#}, as many as may be; next from {until:.0}")
            }
            HoldReason::Planned { until, .. } => {
                write!(f, "it is replaced at {until:.0} if it is still unhealthy then and nobody has paused it")
            }
            HoldReason::GroupBusy { until } => {
                write!(f, "the group's tag homeostat:busy-until says that somebody else is at work on it until {until:.0}")
            }
            HoldReason::LaunchesFail { failed: 1, last } => {
                write!(f, "the group's last launch failed at {last:.0}, so what is terminated may not be replaced")
            }
            HoldReason::LaunchesFail { failed, last } => write!(
                f,
                "the group's last {failed} launches failed, the last at {last:.0}, so what is terminated may not be replaced"
            ),
            HoldReason::SuccessorsUnhealthy { instances } => {
                write!(f, "instances that were launched as replacements are unhealthy, too: {}", list(instances))
            }
            HoldReason::OnlyAnAlarm => f.write_str(
                "it is the only instance of its group, and nothing but an alarm calls it unhealthy: no target health, no \
                 status check",
            ),
            HoldReason::BreakerOpen { since, group } => write!(
                f,
                "replacements kept failing, so nothing is replaced since {since:.0} until somebody runs: homeostat ack \
                 group#{group}"
            ),
            HoldReason::Recovering { healthy, needed, unit, held } => {
                write!(f, "{healthy} of {needed} {unit} are healthy and in service")?;
                if !held.is_empty() {
                    write!(f, ", and lifecycle hooks hold {}", list(held))?;
                }
                Ok(())
            }
            HoldReason::Requested => {
                f.write_str("Auto Scaling accepted the request to replace it; what came of it is checked next")
            }
            HoldReason::NotReplaced { marked } => {
                let shown = if *marked { "unhealthy" } else { "healthy" };
                write!(f, "its group has not replaced it yet, and shows it as {shown}")
            }
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CloseReason::LeftByItself => f.write_str("it left its group without Homeostat, and the group is whole"),
        }
    }
}

impl fmt::Display for PageReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PageReason::NotInPolicy { group } => {
                write!(f, "group {group} is no longer in the policy, so nothing more is done")
            }
            PageReason::GroupStalled { within, why } => {
                write!(f, "the group was to see to it by itself, and has not within {within:#}: {why}")
            }
            PageReason::ReplacementsFail { failures, within, launched_from, .. } => {
                write!(f, "{failures} replacements failed within {within:#}")?;
                if !launched_from.is_unknown() {
                    write!(f, ", launched from {launched_from}")?;
                }
                f.write_str(", so nothing more of the group is replaced")
            }
            PageReason::TooManyUnhealthy(crowd) => write!(f, "{crowd}"),
            PageReason::TargetGroupGone(attached) => write!(f, "{attached}"),
        }
    }
}
