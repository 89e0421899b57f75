//! What this remedy does, what it goes by, and why it holds, closes or asks a person: typed, and in words.
//!
//! This module never decides.

mod trouble;

use std::fmt;

use homeostat_core::aws::share::Share;
use homeostat_core::id::{AlarmArn, HealthCheckId, SetIdentifier, TargetGroupArn};
use homeostat_core::incident::{Effect, Reason};
use homeostat_core::line::list;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::drift::Drifted;
use super::kind::HostedZoneKind;
use super::shift::Shift;

pub use trouble::{Awaits, Code, Trouble, Waiting};

pub(super) type About<'a> = homeostat_core::view::About<'a, HostedZoneKind>;
pub type Circumstances = homeostat_core::reconcile::Circumstances<HostedZoneKind>;
pub type Limits = homeostat_core::ports::Limits<HostedZoneKind>;
pub type Reconciled = homeostat_core::reconcile::Reconciled<HostedZoneKind>;
pub type History = homeostat_core::ports::History<HostedZoneKind>;
pub type Incident = homeostat_core::incident::Incident<HostedZoneKind>;
pub type Intent = homeostat_core::incident::Intent<Step>;
pub type Decision = homeostat_core::incident::Decision<HostedZoneKind>;
pub type Hold = homeostat_core::incident::Hold<HostedZoneKind>;
pub type Close = homeostat_core::incident::Close<HostedZoneKind>;
pub type Page = homeostat_core::incident::Page<HostedZoneKind>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// `ChangeResourceRecordSets`: one batch, which applies to what was read or not at all.
    Shift(Shift),
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
    /// Route 53's checkers find the endpoint unhealthy.
    HealthCheck {
        id: HealthCheckId,
        unhealthy: usize,
        of: usize,
        status: String,
    },
    /// None of the target group's targets is healthy.
    Targets {
        target_group: TargetGroupArn,
        of: usize,
    },
    /// An endpoint that is unhealthy had taken over for others, and gives that back.
    TookOver {
        endpoint: SetIdentifier,
        own: Share,
        has: Share,
    },
    /// An endpoint that is to take more can.
    Healthy {
        endpoint: SetIdentifier,
        why: Vec<String>,
    },
}

/// Why nothing is done now, beside what the frame knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// Somebody switched the alarm's actions off: they do not want it acted on.
    ActionsDisabled { alarm: AlarmArn },
    /// Not all of the evidence that the policy demands says "sick".
    NotConfirmed { missing: Vec<String> },
    /// Route 53 is carrying the last change to its name servers, and a zone takes one change at a time.
    Propagating { change: Option<String>, since: Timestamp },
    /// Route 53 refused a batch although nothing that it was based on seems to have changed.
    Lost { why: String },
    /// Endpoints that don't have their own share yet.
    Returning { waiting: Vec<Waiting> },
    /// Nothing is wrong but that the policy and AWS do not agree.
    Drifted(Drifted),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// Somebody else changed what Homeostat held; it is theirs now.
    TakenOver { what: String },
}

/// Why a person is needed, beside what the frame knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageReason {
    /// What stands in the way of moving weights, or of moving them back.
    Weights { troubles: Vec<Trouble> },
}

impl Reason for HoldReason {
    fn name(&self) -> &'static str {
        match self {
            HoldReason::ActionsDisabled { .. } => "actions-disabled",
            HoldReason::NotConfirmed { .. } => "not-confirmed",
            HoldReason::Propagating { .. } => "propagating",
            HoldReason::Lost { .. } => "lost",
            HoldReason::Returning { .. } => "returning",
            HoldReason::Drifted(_) => "drifted",
        }
    }
}

impl Reason for CloseReason {
    fn name(&self) -> &'static str {
        match self {
            CloseReason::TakenOver { .. } => "taken-over",
        }
    }
}

impl Reason for PageReason {
    fn name(&self) -> &'static str {
        match self {
            PageReason::Weights { troubles } => troubles.first().map_or("weights", Trouble::name),
        }
    }
}

impl Trouble {
    pub fn name(&self) -> &'static str {
        match self {
            Trouble::NoTarget { .. } => "no-target",
            Trouble::Partly { .. } => "partly",
            Trouble::Overloaded { .. } => "overloaded",
            Trouble::Changed { .. } => "changed",
            Trouble::Unfit { .. } => "unfit",
            Trouble::Latched { .. } => "latched",
            Trouble::StillReduced { .. } => "still-reduced",
            Trouble::NotInPolicy { .. } => "not-in-policy",
            Trouble::NotInSync { .. } => "not-in-sync",
            Trouble::Refused { .. } => "refused",
            Trouble::Waited { .. } => "waited",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Shift(shift) => write!(f, "{shift}"),
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Evidence::Alarm { alarm, since, reason } => {
                write!(f, "alarm {:?} is in ALARM since {since:.0} ({reason})", alarm.alarm_name())
            }
            Evidence::HealthCheck { id, unhealthy: sick, of, status } => {
                write!(f, "health check {id}: {sick} of {of} checkers find it unhealthy ({status})")
            }
            Evidence::Targets { target_group, of } => {
                write!(f, "none of the {of} targets of {} is healthy", target_group.short_name())
            }
            Evidence::TookOver { endpoint, own, has } => write!(
                f,
                "{endpoint} became unhealthy with {has} of answers; its own share is {own}, and at first it gives only the rest back"
            ),
            Evidence::Healthy { endpoint, why } => write!(f, "{endpoint} is well ({})", list(why)),
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
            HoldReason::Propagating { change, since } => {
                let change = change.as_deref().unwrap_or("whose id was lost");
                write!(f, "the change {change} of {since:.0} is on its way to Route 53's name servers")
            }
            HoldReason::Lost { why } => write!(f, "Route 53 refused the change, and shows what it was based on: {why}"),
            HoldReason::Returning { waiting } => f.write_str(&list(waiting)),
            HoldReason::Drifted(drifted) => write!(f, "{drifted}"),
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CloseReason::TakenOver { what } => {
                write!(f, "left to whoever changed it, and nothing is wrong with it: {what}")
            }
        }
    }
}

impl fmt::Display for PageReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PageReason::Weights { troubles } => f.write_str(&list(troubles)),
        }
    }
}
