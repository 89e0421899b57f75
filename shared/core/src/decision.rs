//! What was decided and why: typed, so that a decision can be stored, compared, counted and told in words.
//!
//! This module never decides; the remedies do.

mod crowd;
mod group_state;
mod names;
mod page;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use crowd::Crowd;
pub use group_state::{Attached, GroupState};

use crate::aws::units::Unit;
use crate::hook::said::{Because, Ended, HookStep, LaunchesFail, Waits};
use crate::id::{AlarmArn, GroupName, HealthCheckId, InstanceId, SetIdentifier, Subject, TargetGroupArn};
use crate::memory::Source;
use crate::signal::Notice;
use crate::zone::drift::Drifted;
use crate::zone::said::{Trouble, Waiting};
use crate::zone::shift::Shift;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Act { step: Step, because: Vec<Proof> },
    Hold { until: Timestamp, because: Hold },
    Close(Close),
    Page(Page),
}

impl Decision {
    /// What is done, or in `watch` would be.
    pub fn step(&self) -> Option<&Step> {
        match self {
            Decision::Act { step, .. } | Decision::Hold { because: Hold::Watching { step, .. }, .. } => Some(step),
            Decision::Hold { .. } | Decision::Close(_) | Decision::Page(_) => None,
        }
    }
}

/// One effect on the world. Every step can be repeated without a second effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// `TerminateInstanceInAutoScalingGroup` without lowering the desired capacity: the group launches a replacement.
    Replace { group: GroupName, instance: InstanceId },
    /// `SetInstanceHealth` to `Unhealthy`: the group replaces it as its maintenance policy says, launching first.
    MarkUnhealthy { group: GroupName, instance: InstanceId },
    /// `ChangeResourceRecordSets`: one batch, which applies to what was read or not at all.
    Shift(Shift),
    /// For an instance that a lifecycle hook holds.
    Hook(Box<HookStep>),
}

impl Step {
    /// Whether a pause keeps it from being done.
    pub fn minds_pauses(&self) -> bool {
        match self {
            Step::Hook(step) => step.minds_pauses(),
            Step::Replace { .. } | Step::MarkUnhealthy { .. } | Step::Shift(_) => true,
        }
    }
}

/// One piece of evidence that the policy asks for, as found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
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
    /// Route 53's checkers find the endpoint unhealthy.
    HealthCheck {
        id: HealthCheckId,
        sick: usize,
        of: usize,
        status: String,
    },
    /// None of the target group's targets is healthy.
    Targets {
        target_group: TargetGroupArn,
        of: usize,
    },
    /// An endpoint that is to take more can.
    Well {
        endpoint: SetIdentifier,
        why: Vec<String>,
    },
    /// AWS announced it, and says so still.
    Notice(Notice),
    Hook(Because),
}

/// Why nothing is done now. Each is looked at again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// Another invocation recorded an intent and may be acting until its lease ends.
    InFlight,
    /// The call's answer never came, or said "try later"; the same call is repeated only after a new look.
    OutcomeUnknown {
        why: String,
    },
    Paused {
        scope: String,
        by: String,
        reason: String,
    },
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
    Foretold {
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
    TooManySick(Crowd),
    /// What the whole group is like keeps its instances from being replaced.
    GroupState(GroupState),
    GroupMissing {
        group: GroupName,
        since: Timestamp,
    },
    Budget {
        taken: u32,
        slots: u32,
        #[serde(default, skip_serializing_if = "Unit::is_instances")]
        unit: Unit,
        holders: Vec<Subject>,
    },
    /// As many were acted on lately as may be at once.
    Cooldown {
        acts: u32,
        cooldown: SignedDuration,
        until: Timestamp,
    },
    /// Replacements kept failing, and no person has looked since.
    BreakerOpen {
        since: Timestamp,
        group: GroupName,
    },
    /// The policy says `watch`: this is what would be done.
    Watching {
        step: Step,
        because: Vec<Proof>,
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
    /// Enough instances serve, and the group still has the one in question.
    NotReplaced {
        /// Auto Scaling shows it as unhealthy.
        marked: bool,
    },
    /// Recovered; it has to stay so for the dwell time.
    Proving {
        since: Timestamp,
    },
    /// Route 53 is carrying the last change to its name servers, and a zone takes one change at a time.
    Propagating {
        change: Option<String>,
        since: Timestamp,
    },
    /// Route 53 refused a batch although nothing that it was based on seems to have changed.
    Lost {
        why: String,
    },
    /// Endpoints that don't have their own share yet.
    Returning {
        waiting: Vec<Waiting>,
    },
    /// Nothing is wrong but that the policy and AWS do not agree.
    Drifted(Drifted),
    /// A lifecycle hook holds the instance.
    Hook(Waits),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Close {
    /// Replaced by Homeostat, and the group stayed whole for the dwell time.
    Recovered,
    /// Taken out by the group or a person, and the group stayed whole for the dwell time.
    LeftByItself,
    /// Nothing was done, and nothing is wrong any more.
    NothingWrong { why: String },
    /// Somebody else changed what Homeostat held; it is theirs now.
    TakenOver { what: String },
    /// The instance waits for its lifecycle hook no more.
    Hook(Ended),
}

/// Why a person is needed. The incident stays open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Page {
    Refused {
        why: String,
    },
    NotRecovered {
        within: SignedDuration,
        why: String,
    },
    NotInPolicy {
        group: GroupName,
    },
    /// Sick beyond doubt, and something held Homeostat back for longer than the policy allows.
    Waited {
        within: SignedDuration,
        /// The names of all the holds that people were asked about, the newest last.
        holds: Vec<String>,
        why: String,
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
    TooManySick(Crowd),
    TargetGroupGone(Attached),
    /// What stands in the way of moving weights, or of moving them back.
    Weights {
        troubles: Vec<Trouble>,
    },
    /// What is launched is never ready.
    LaunchesFail(LaunchesFail),
}

impl Proof {
    /// It proves only that AWS is going to end the instance.
    pub fn is_foretold(&self) -> bool {
        matches!(self, Proof::Notice(notice) if notice.what.ends_the_instance())
    }
}

impl Hold {
    /// Held back although sick beyond doubt, as a rule. What is not confirmed, still starting or out of service waits for the
    /// facts to change, and has no claim to a person's time.
    pub fn keeps_waiting(&self) -> bool {
        if let Hold::GroupState(state) = self {
            return state.keeps_waiting();
        }
        matches!(
            self,
            Hold::Paused { .. }
                | Hold::Protected
                | Hold::Suspended { .. }
                | Hold::Refreshing { .. }
                | Hold::Budget { .. }
                | Hold::Cooldown { .. }
                | Hold::BreakerOpen { .. }
        )
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decision::Act { step, because } => {
                write!(f, "act: {step}, because {}", list(because))
            }
            Decision::Hold { until, because } => write!(f, "hold until {until:.0}: {because}"),
            Decision::Close(close) => write!(f, "close: {close}"),
            Decision::Page(page) => write!(f, "page: {page}"),
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
            Step::Shift(shift) => write!(f, "{shift}"),
            Step::Hook(step) => write!(f, "{step}"),
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Proof::Alarm { alarm, since, reason } => {
                write!(f, "alarm {:?} is in ALARM since {since:.0} ({reason})", alarm.alarm_name())
            }
            Proof::TargetHealth { target_group, reason } => {
                write!(f, "its target is unhealthy in {} ({reason})", short(target_group))
            }
            Proof::InstanceStatus { checks, since: Some(since) } => {
                write!(f, "EC2 calls it impaired since {since:.0} ({checks})")
            }
            Proof::InstanceStatus { checks, since: None } => write!(f, "EC2 calls it impaired ({checks})"),
            Proof::HealthCheck { id, sick, of, status } => {
                write!(f, "health check {id}: {sick} of {of} checkers find it unhealthy ({status})")
            }
            Proof::Targets { target_group, of } => {
                write!(f, "none of the {of} targets of {} is healthy", short(target_group))
            }
            Proof::Notice(notice) => write!(f, "{notice}"),
            Proof::Hook(because) => write!(f, "{because}"),
            Proof::Well { endpoint, why } => write!(f, "{endpoint} is well ({})", list(why)),
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hold::InFlight => f.write_str("another invocation is acting on it"),
            Hold::OutcomeUnknown { why } => write!(f, "whether the last call took effect is unknown ({why})"),
            Hold::Paused { scope, by, reason } => write!(f, "paused for {scope} by {by}: {reason}"),
            Hold::ActionsDisabled { alarm } => {
                write!(f, "the actions of alarm {:?} are disabled", alarm.alarm_name())
            }
            Hold::NotConfirmed { missing } => write!(f, "not confirmed by the evidence: {}", list(missing)),
            Hold::Grace { started, grace } => {
                write!(f, "it started at {started:.0} and has a grace period of {grace:#}")
            }
            Hold::NotInService { lifecycle } => write!(f, "it is {lifecycle}, and only InService is ours to touch"),
            Hold::GroupMissing { group, since } => write!(f, "group {group} was not found, since {since:.0}"),
            Hold::Protected => f.write_str("it is protected from scale-in"),
            Hold::GroupReplaces { why } => write!(f, "its group replaces it by itself: {why}"),
            Hold::Foretold { notice, from } => {
                write!(f, "{notice}; until {from:.0} its group is left to replace it by itself")
            }
            Hold::Suspended { processes } => {
                write!(f, "the group can't replace it while {} is suspended", list(processes))
            }
            Hold::Refreshing { refresh } => write!(f, "instance refresh {refresh} of the group is running"),
            Hold::TooManySick(crowd) => write!(f, "{crowd}"),
            Hold::GroupState(state) => write!(f, "{state}"),
            Hold::Cooldown { acts, cooldown, until } => {
                write!(f, "{acts} of the group acted on within {cooldown:#}, as many as may be; next from {until:.0}")
            }
            Hold::BreakerOpen { since, group } => write!(
                f,
                "replacements kept failing, so nothing is replaced since {since:.0} until somebody runs: homeostat ack \
                 group#{group}"
            ),
            Hold::Watching { step, because } => {
                write!(f, "only watching; would {step}, because {}", list(because))
            }
            Hold::Budget { taken, slots, unit, holders } => {
                write!(f, "{taken} of {slots} {unit} that may be out at once are out already")?;
                if !holders.is_empty() {
                    write!(f, " (acted on: {})", list(&holders.iter().map(Subject::name).collect::<Vec<_>>()))?;
                }
                Ok(())
            }
            Hold::Recovering { healthy, needed, unit, held } => {
                write!(f, "{healthy} of {needed} {unit} are healthy and in service")?;
                if !held.is_empty() {
                    write!(f, ", and lifecycle hooks hold {}", list(held))?;
                }
                Ok(())
            }
            Hold::NotReplaced { marked } => {
                let shown = if *marked { "unhealthy" } else { "healthy" };
                write!(f, "its group has not replaced it yet, and shows it as {shown}")
            }
            Hold::Proving { since } => write!(f, "recovered since {since:.0}, and it has to last for the dwell time"),
            Hold::Propagating { change, since } => {
                let change = change.as_deref().unwrap_or("whose id was lost");
                write!(f, "the change {change} of {since:.0} is on its way to Route 53's name servers")
            }
            Hold::Lost { why } => write!(f, "Route 53 refused the change, and shows what it was based on: {why}"),
            Hold::Returning { waiting } => f.write_str(&list(waiting)),
            Hold::Drifted(drifted) => write!(f, "{drifted}"),
            Hold::Hook(waits) => write!(f, "{waits}"),
        }
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Close::Recovered => f.write_str("recovered"),
            Close::LeftByItself => f.write_str("it left its group without Homeostat, and the group is whole"),
            Close::NothingWrong { why } => write!(f, "nothing to heal: {why}"),
            Close::Hook(ended) => write!(f, "{ended}"),
            Close::TakenOver { what } => write!(f, "left to whoever changed it, and nothing is wrong with it: {what}"),
        }
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Page::Refused { why } => write!(f, "AWS refused the call: {why}"),
            Page::NotRecovered { within, why } => write!(f, "not recovered within {within:#}: {why}"),
            Page::NotInPolicy { group } => {
                write!(f, "group {group} is no longer in the policy, so nothing more is done")
            }
            Page::Waited { within, why, .. } => write!(f, "held back for {within:#}: {why}"),
            Page::GroupStalled { within, why } => {
                write!(f, "the group was to see to it by itself, and has not within {within:#}: {why}")
            }
            Page::ReplacementsFail { failures, within, launched_from, .. } => {
                write!(f, "{failures} replacements failed within {within:#}")?;
                if !launched_from.is_unknown() {
                    write!(f, ", launched from {launched_from}")?;
                }
                f.write_str(", so nothing more of the group is replaced")
            }
            Page::TooManySick(crowd) => write!(f, "{crowd}"),
            Page::TargetGroupGone(attached) => write!(f, "{attached}"),
            Page::Weights { troubles } => f.write_str(&list(troubles)),
            Page::LaunchesFail(fail) => write!(f, "{fail}"),
        }
    }
}

pub(crate) fn list<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(" and ")
}

/// `targetgroup/web/0123` of the ARN: what a person recognises.
pub(crate) fn short(arn: &TargetGroupArn) -> &str {
    arn.as_str().rsplit(':').next().unwrap_or_default()
}
