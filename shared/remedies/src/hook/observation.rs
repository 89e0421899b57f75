//! What was observed of a held instance.
//!
//! A reading that failed is kept as such, never as a default: the hook has to be completed all the same.

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use super::targets::TargetId;
use homeostat_core::aws::fleet::{Lifecycle, Machine, TargetHealth};
use homeostat_core::aws::lifecycle::{ActionResult, Course, Terms, Transition, has_gone_on};
use homeostat_core::aws::record::RecordSet;
use homeostat_core::dependency::Readings;
use homeostat_core::id::{GroupName, TargetGroupArn};
use homeostat_core::ports::Unavailable;

/// What was read, or why it could not be.
pub type Reading<T> = Result<T, String>;

pub(super) fn reading<T>(read: Result<T, Unavailable>) -> Reading<T> {
    read.map_err(|unavailable| unavailable.to_string())
}

/// `None` where nobody asked.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// `Ok(None)`: Auto Scaling knows no such instance.
    pub member: Option<Reading<Option<HeldMember>>>,
    /// `Ok(None)`: the group has no such hook.
    pub terms: Option<Reading<Option<Terms>>>,
    pub machine: Option<Reading<Option<Machine>>>,
    /// `Ok(None)`: EC2 knows no such instance.
    pub details: Option<Reading<Option<Details>>>,
    /// Of the target groups that the policy names: those targets that are this instance.
    pub targets: BTreeMap<TargetGroupArn, Reading<Vec<Registration>>>,
    /// What AWS answered about them, of whatever instance. `None`: there is no such target group.
    pub all_targets: BTreeMap<TargetGroupArn, Reading<Option<Vec<Registration>>>>,
    /// Of the target groups that belong to the group.
    pub attached: Option<Reading<BTreeMap<TargetGroupArn, Vec<Registration>>>>,
    pub work: Option<Reading<Option<Datapoint>>>,
    pub records: Option<Reading<Vec<RecordSet>>>,
    /// When EC2 gave notice that it takes the Spot Instance back.
    pub interrupted_at: Option<Reading<Option<Timestamp>>>,
    /// The alarms of what a launch depends on; read only once its time is nearly over and it is not ready.
    pub dependencies: Option<Readings>,
}

impl Observation {
    /// The instance as Auto Scaling shows it, if it was read and is there.
    pub(super) fn shown(&self) -> Option<&HeldMember> {
        self.member.as_ref()?.as_ref().ok()?.as_ref()
    }

    /// As far as Auto Scaling shows.
    pub(super) fn waits_no_more(&self, transition: Transition, course: Option<Course>) -> bool {
        match &self.member {
            Some(Ok(Some(member))) => has_gone_on(transition, course, &member.lifecycle),
            Some(Ok(None)) => true,
            Some(Err(_)) | None => false,
        }
    }

    /// As the result would have it go on.
    pub(super) fn went_on_with(&self, transition: Transition, course: Option<Course>, result: ActionResult) -> bool {
        let shows = self.shown().is_none_or(|member| result.shows_in(transition, &member.lifecycle));
        shows && self.waits_no_more(transition, course)
    }
}

/// An instance as Auto Scaling sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldMember {
    pub group: GroupName,
    pub lifecycle: Lifecycle,
    pub launched_from: Option<String>,
}

/// What EC2 knows of an instance beside its health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// `InstanceState.Name`.
    pub state: String,
    /// When the machine was last started (API reference, `Instance`, `LaunchTime`).
    pub started_at: Option<Timestamp>,
    pub tags: BTreeMap<String, String>,
    /// Addresses and names under which it can be reached: private and public.
    pub addresses: Vec<String>,
    /// Of a Spot Instance.
    pub spot_request: Option<String>,
}

/// One target of a target group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub target: TargetId,
    pub health: TargetHealth,
}

impl Registration {
    pub fn is(&self, name: &str) -> bool {
        matches!(&self.health, TargetHealth::Other { state } if state == name)
    }

    /// New requests may come to it.
    pub fn takes_traffic(&self) -> bool {
        !self.is("draining") && !self.is("unused")
    }
}

/// The newest value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Datapoint {
    /// The beginning of its period.
    pub at: Timestamp,
    pub value: f64,
}
