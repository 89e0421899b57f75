//! Whether a replacement would help, and whether people had the time to stop it: whether nobody else is at work on the group, whether it gets new instances at all, whether the last ones are healthy, and whether it is
//! certain enough that the group's only instance is the trouble.
//!
//! This module never counts failed replacements: the breaker does.

use homeostat_core::aws::fleet::{Group, Member};
use homeostat_core::id::InstanceId;
use homeostat_core::policy::Mode;
use jiff::{SignedDuration, Timestamp};

use super::breaker::is_successor;
use super::crowd::is_sick;
use super::decide::{Situation, named};
use super::evidence::Finding;
use crate::instance::reasons::{Decision, Evidence, Hold, HoldReason};

/// A launch that failed longer ago says nothing of the next one.
const FAILURE_COUNTS_FOR: SignedDuration = SignedDuration::from_hours(1);

/// The tag of a group with which a deploy, or another tool that repairs it, keeps Homeostat from replacing its instances until then: a
/// time such as 2026-03-01T12:00:00Z. One that can't be read keeps nobody from anything.
const BUSY_UNTIL: &str = "homeostat:busy-until";

impl Situation<'_> {
    fn busy_until(&self) -> Option<Result<Timestamp, &str>> {
        let value = self.group.tags.get(BUSY_UNTIL)?;
        Some(value.trim().parse().map_err(|_| value.as_str()))
    }

    pub(super) fn left_alone(&self) -> Result<(), Hold> {
        match self.busy_until() {
            Some(Ok(until)) if self.now < until => Err(Hold::Own(HoldReason::GroupBusy { until })),
            _ => Ok(()),
        }
    }

    pub(super) fn busy_in_words(&self) -> String {
        match self.busy_until() {
            None => format!("the group has no tag {BUSY_UNTIL}"),
            Some(Ok(until)) => format!("{BUSY_UNTIL} = {until}"),
            Some(Err(value)) => {
                format!("{BUSY_UNTIL} = {value:?} is no time such as 2026-03-01T12:00:00Z, so it holds nothing")
            }
        }
    }

    /// To terminate what can't be replaced takes capacity away for good. A group that launches before it terminates risks nothing.
    pub(super) fn launches_succeed(&self) -> Result<(), Hold> {
        match self.seen.launches.failing(self.now - FAILURE_COUNTS_FOR) {
            Some((last, failed)) if !self.group.launches_first => {
                Err(Hold::Own(HoldReason::LaunchesFail { failed, last }))
            }
            _ => Ok(()),
        }
    }

    /// While what was launched in place of others is unhealthy, too, one more of them is taken, and not all that the budget has left.
    /// The replacement itself may be replaced: so few of those end at the breaker.
    pub(super) fn successors_are_healthy(&self) -> Result<(), Hold> {
        let unhealthy = self.unhealthy_successors();
        if unhealthy.is_empty() || self.is_successor(&self.id) {
            return Ok(());
        }
        Err(Hold::Own(HoldReason::SuccessorsUnhealthy { instances: named(&unhealthy) }))
    }

    fn unhealthy_successors(&self) -> Vec<&InstanceId> {
        let (now, seen, group, policy) = (self.now, self.seen, self.group, self.policy);
        let is_unhealthy = |member: &&Member| member.id != self.id && is_sick(now, seen, member, group, policy);
        let unhealthy = group.members.iter().filter(is_unhealthy).map(|member| &member.id);
        unhealthy.filter(|id| self.is_successor(id)).collect()
    }

    fn is_successor(&self, id: &InstanceId) -> bool {
        is_successor(self.now, id, self.seen, &self.around.limits.memory, self.policy)
    }

    /// An alarm may be wrong about an instance, and in a group of one that would take all of it.
    pub(super) fn is_certain(&self) -> Result<(), Hold> {
        let by_alarm_alone = |finding: &Finding| matches!(finding, Finding::Sick(Evidence::Alarm { .. }));
        let is_doubtful = is_of_one(self.group) && !self.group.launches_first;
        match is_doubtful && self.findings().iter().all(by_alarm_alone) {
            true => Err(Hold::Own(HoldReason::OnlyAnAlarm)),
            false => Ok(()),
        }
    }

    /// A person may stop it until then. Whatever holds in between makes it a new plan.
    pub(super) fn announced_first(&self) -> Result<(), Hold> {
        if self.policy.plan_first.is_zero() || self.policy.mode != Mode::Act {
            return Ok(());
        }
        let planned = self.planned_for();
        let until = planned.unwrap_or(self.now + self.policy.plan_first);
        match self.now < until {
            true => Err(Hold::Own(HoldReason::Planned { until, announced: planned.is_some() })),
            false => Ok(()),
        }
    }

    fn planned_for(&self) -> Option<Timestamp> {
        match &self.incident.decision {
            Some(Decision::Hold { because: Hold::Own(HoldReason::Planned { until, .. }), .. }) => Some(*until),
            _ => None,
        }
    }

    pub(super) fn plan_in_words(&self) -> String {
        match (self.policy.plan_first.is_zero(), self.planned_for()) {
            (true, _) => "the policy has no plan-first".to_owned(),
            (false, None) => format!("not announced yet; plan-first {:#}", self.policy.plan_first),
            (false, Some(until)) => format!("announced for {until:.0}"),
        }
    }

    pub(super) fn launches_in_words(&self) -> String {
        match self.seen.launches.failing(self.now - FAILURE_COUNTS_FOR) {
            Some((last, failed)) => format!("the last {failed} launches of the group failed, the last at {last:.0}"),
            None => "the last launch of the group did not fail".to_owned(),
        }
    }

    pub(super) fn successors_in_words(&self) -> String {
        let unhealthy = named(&self.unhealthy_successors());
        if unhealthy.is_empty() {
            return "no replacement in the group is unhealthy".to_owned();
        }
        format!("unhealthy replacements: {}", unhealthy.join(", "))
    }

    pub(super) fn certainty_in_words(&self) -> String {
        match (is_of_one(self.group), self.group.launches_first) {
            (false, _) => "the group has others".to_owned(),
            (true, true) => "it is the only one, and its group launches before it terminates".to_owned(),
            (true, false) => format!("it is the only one; {}", self.evidence_in_words()),
        }
    }
}

fn is_of_one(group: &Group) -> bool {
    group.instances_of(group.desired) <= 1 && group.count_in_service() <= 1
}
