//! What the ledger keeps of an incident of this remedy, and what the frame has to know of it.
//!
//! This module never decides what is done about an instance.

use homeostat_core::id::{GroupName, Scope, Subject};
use homeostat_core::incident::{
    Actor, Alarms, Announce, Call, Decision, Gone, Heals, Hold, Incident, Kind, LEASE, Page,
};
use homeostat_core::signal::Notice;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::memory::Memory;
use super::reasons::{CloseReason, Evidence, GroupState, HoldReason, PageReason, Step};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceKind {
    Instance {
        group: GroupName,
        /// All alarms that spoke of this instance.
        #[serde(default, skip_serializing_if = "Alarms::is_empty")]
        alarms: Alarms,
        /// What AWS announced of it, if it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notice: Option<Notice>,
        /// Target groups of its group that were not found.
        #[serde(default, skip_serializing_if = "Gone::is_empty")]
        gone: Gone,
    },
    /// Too many of the group's members are sick at once, or its launches fail.
    Group {
        group: GroupName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notice: Option<Notice>,
        #[serde(default, skip_serializing_if = "Gone::is_empty")]
        gone: Gone,
    },
}

impl InstanceKind {
    /// The Auto Scaling group that it is about.
    pub fn group(&self) -> &GroupName {
        match self {
            InstanceKind::Instance { group, .. } | InstanceKind::Group { group, .. } => group,
        }
    }

    /// The alarms that spoke of it.
    pub fn alarms(&self) -> Option<&Alarms> {
        match self {
            InstanceKind::Instance { alarms, .. } => Some(alarms),
            InstanceKind::Group { .. } => None,
        }
    }

    pub fn notice(&self) -> Option<&Notice> {
        match self {
            InstanceKind::Instance { notice, .. } | InstanceKind::Group { notice, .. } => notice.as_ref(),
        }
    }

    /// Target groups of its group that were not found.
    pub fn gone(&self) -> &Gone {
        match self {
            InstanceKind::Instance { gone, .. } | InstanceKind::Group { gone, .. } => gone,
        }
    }

    pub fn is_instance(&self) -> bool {
        matches!(self, InstanceKind::Instance { .. })
    }

    pub fn is_group(&self) -> bool {
        matches!(self, InstanceKind::Group { .. })
    }
}

impl Kind for InstanceKind {
    const REMEDY: &'static str = "replace-instance";
    const SHARES_BUDGET: bool = true;

    type Step = Step;
    type Evidence = Evidence;
    type Hold = HoldReason;
    type Close = CloseReason;
    type Page = PageReason;
    type Memory = Memory;

    fn scope(&self) -> Scope {
        Scope::of_group(self.group())
    }

    fn pause_scopes(subject: &Subject) -> Vec<String> {
        subject.instance().map(|_| subject.in_any_region()).into_iter().collect()
    }

    fn lease(&self) -> SignedDuration {
        LEASE
    }

    fn takes_slot(&self) -> bool {
        true
    }

    fn is_announced(&self) -> bool {
        true
    }

    fn announcement(&self) -> Option<String> {
        self.notice().map(ToString::to_string)
    }

    fn is_more(_: &Step, _: Option<&Step>) -> bool {
        false
    }

    fn intended(&mut self, _: &Step, _: &[Evidence], _: Option<&Step>) {}

    fn settled(&mut self, _: &Call<'_, Step>) {}

    fn held(&mut self, until: Timestamp, _: &HoldReason) -> Timestamp {
        until
    }

    fn keeps_waiting(hold: &HoldReason) -> bool {
        match hold {
            HoldReason::Protected
            | HoldReason::LaunchUnknown { .. }
            | HoldReason::Suspended { .. }
            | HoldReason::Refreshing { .. }
            | HoldReason::Cooldown { .. }
            | HoldReason::GroupBusy { .. }
            | HoldReason::Planned { .. }
            | HoldReason::LaunchesFail { .. }
            | HoldReason::SuccessorsUnhealthy { .. }
            | HoldReason::OnlyAnAlarm
            | HoldReason::BreakerOpen { .. } => true,
            HoldReason::GroupState(state) => state.keeps_waiting(),
            HoldReason::ActionsDisabled { .. }
            | HoldReason::NotConfirmed { .. }
            | HoldReason::Grace { .. }
            | HoldReason::NotInService { .. }
            | HoldReason::GroupReplaces { .. }
            | HoldReason::Announced { .. }
            | HoldReason::TooManyUnhealthy(_)
            | HoldReason::GroupMissing { .. }
            | HoldReason::Recovering { .. }
            | HoldReason::Requested
            | HoldReason::NotReplaced { .. } => false,
        }
    }

    /// Who is one of too many is counted by the page of the group.
    fn has_a_limit(hold: &HoldReason, incident: &Incident<Self>) -> bool {
        match hold {
            // The group has an incident of its own, whose page counts its members.
            HoldReason::GroupState(GroupState::Unchecked { .. }) => incident.kind.is_instance(),
            HoldReason::GroupReplaces { .. }
            | HoldReason::Recovering { .. }
            | HoldReason::Requested
            | HoldReason::NotReplaced { .. }
            | HoldReason::GroupMissing { .. }
            | HoldReason::TooManyUnhealthy(_) => true,
            HoldReason::ActionsDisabled { .. }
            | HoldReason::NotConfirmed { .. }
            | HoldReason::Grace { .. }
            | HoldReason::LaunchUnknown { .. }
            | HoldReason::NotInService { .. }
            | HoldReason::Protected
            | HoldReason::Announced { .. }
            | HoldReason::Suspended { .. }
            | HoldReason::Refreshing { .. }
            | HoldReason::GroupState(_)
            | HoldReason::Cooldown { .. }
            | HoldReason::GroupBusy { .. }
            | HoldReason::Planned { .. }
            | HoldReason::LaunchesFail { .. }
            | HoldReason::SuccessorsUnhealthy { .. }
            | HoldReason::OnlyAnAlarm
            | HoldReason::BreakerOpen { .. } => false,
        }
    }

    fn told(hold: &HoldReason) -> Announce {
        match hold {
            // A second look may say otherwise, and more looks lead to a page.
            HoldReason::GroupState(GroupState::TargetGroupMissing(_) | GroupState::Shrunk { .. }) => {
                Announce::If(false)
            }
            HoldReason::GroupReplaces { .. } => Announce::Once,
            HoldReason::Planned { announced, .. } => Announce::If(!announced),
            _ => Announce::First,
        }
    }

    fn heals(hold: &HoldReason) -> Option<Heals> {
        match hold {
            HoldReason::GroupReplaces { .. } => Some(Heals::Underway),
            HoldReason::Recovering { .. } | HoldReason::Requested | HoldReason::NotReplaced { .. } => {
                Some(Heals::Mitigated)
            }
            _ => None,
        }
    }

    fn is_untold(_: &Incident<Self>) -> bool {
        false
    }

    fn is_same_page(page: &PageReason, last: &PageReason) -> bool {
        match (page, last) {
            (
                PageReason::ReplacementsFail { launched_from, .. },
                PageReason::ReplacementsFail { launched_from: last, .. },
            ) => launched_from == last,
            (PageReason::TargetGroupGone(gone), PageReason::TargetGroupGone(last)) => {
                gone.target_groups.iter().all(|arn| last.target_groups.contains(arn))
            }
            _ => std::mem::discriminant(page) == std::mem::discriminant(last),
        }
    }

    fn covers(page: &PageReason, hold: &HoldReason) -> bool {
        match page {
            PageReason::ReplacementsFail { .. } => matches!(hold, HoldReason::BreakerOpen { .. }),
            PageReason::TargetGroupGone(_) => matches!(hold, HoldReason::GroupState(GroupState::TargetGroupGone(_))),
            PageReason::NotInPolicy { .. } | PageReason::GroupStalled { .. } | PageReason::TooManyUnhealthy(_) => false,
        }
    }

    fn is_news_again(_: &Page<Self>) -> bool {
        true
    }

    fn is_recovery(close: &CloseReason) -> bool {
        match close {
            CloseReason::LeftByItself => true,
        }
    }

    fn is_told(close: &CloseReason) -> bool {
        match close {
            CloseReason::LeftByItself => false,
        }
    }

    /// Every act on an instance rests on proof. A group is judged by what becomes of it.
    fn proven_at(incident: &Incident<Self>, now: Timestamp) -> Option<Timestamp> {
        let is_of_group = match &incident.decision {
            Some(Decision::Hold { because: Hold::Own(HoldReason::GroupReplaces { .. }), .. }) => true,
            Some(Decision::Page(Page::Own(page))) => match page {
                PageReason::TooManyUnhealthy(_) | PageReason::TargetGroupGone(_) | PageReason::GroupStalled { .. } => {
                    true
                }
                PageReason::NotInPolicy { .. } | PageReason::ReplacementsFail { .. } => false,
            },
            _ => false,
        };
        incident.acted_at.or((incident.kind.is_group() && is_of_group).then_some(now))
    }

    /// The same holds for which the group's own incident is opened: its page counts or names its members.
    fn whole(&self, subject: &Subject, hold: &HoldReason) -> Option<Subject> {
        let group = Subject::of_group(subject.region().clone(), self.group());
        (hold.is_of_whole_group() && self.is_instance()).then_some(group)
    }

    fn ended_by(close: &CloseReason) -> Option<Actor> {
        match close {
            CloseReason::LeftByItself => None,
        }
    }
}
