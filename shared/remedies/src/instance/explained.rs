//! What each check of the ladder goes by, in words: what `explain` shows.
//!
//! This module never decides whether a check stops.

use homeostat_core::line::list;

use super::crowd::{self, sick_at_once};
use super::decide::{Situation, named};
use super::evidence::Finding;
use crate::instance::policy::EvidenceSource;
use crate::instance::reasons::{Crowd, Hold};
use crate::instance::tally::Limit;

impl Situation<'_> {
    pub(super) fn alarm_in_words(&self) -> String {
        let said: Vec<String> = self.alarms.iter().map(|spoke| format!("alarm {spoke}")).collect();
        if said.is_empty() { "no alarm spoke of it".to_owned() } else { said.join("; ") }
    }

    pub(super) fn checks_in_words(&self) -> String {
        let wants = self.policy.evidence.contains(&EvidenceSource::TargetHealth);
        match self.seen.targets.len() {
            _ if !wants => "the policy asks for no target health".to_owned(),
            0 => "no target group checks its group".to_owned(),
            count => format!("{count} of its group's target groups check their targets"),
        }
    }

    pub(super) fn evidence_in_words(&self) -> String {
        let findings = self.findings();
        let said = findings.iter().map(|finding| match finding {
            Finding::Sick(proof) => format!("unhealthy: {proof}"),
            Finding::Well(why) => format!("healthy: {why}"),
            Finding::Unknown(why) => format!("unknown: {why}"),
        });
        said.collect::<Vec<_>>().join("; ")
    }

    pub(super) fn age(&self) -> String {
        if let Err(Hold::Own(unknown)) = self.launch_known() {
            return unknown.to_string();
        }
        match self.seen.started(&self.id) {
            Some(started) => format!("launched or started at {started:.0}, grace period {:#}", self.grace()),
            None => "launched longer ago than AWS keeps records of".to_owned(),
        }
    }

    pub(super) fn membership(&self) -> String {
        match self.group.member(&self.id) {
            None => format!("no member of group {}", self.group.name),
            Some(member) => {
                let protected = if member.protected { "protected" } else { "not protected" };
                format!("{} in group {}, {protected} from scale-in", member.lifecycle.0, self.group.name)
            }
        }
    }

    pub(super) fn groups_view(&self) -> String {
        let health = match self.group.member(&self.id) {
            Some(member) if member.healthy => "Auto Scaling calls it healthy",
            Some(_) => "Auto Scaling has marked it as unhealthy",
            None => "Auto Scaling does not know it",
        };
        let machine = self.seen.machines.get(&self.id).map_or("unknown", |machine| machine.state.as_str());
        format!("{health}, EC2 says {machine}")
    }

    pub(super) fn announced_in_words(&self) -> String {
        match (self.announced(), self.only_announced()) {
            (None, _) => "AWS announced nothing about it".to_owned(),
            (_, Some(notice)) => notice.to_string(),
            (Some(Finding::Sick(proof)), None) => format!("{proof}; and it is sick already"),
            (Some(Finding::Well(void) | Finding::Unknown(void)), None) => void,
        }
    }

    pub(super) fn processes(&self) -> String {
        let suspended = self.suspended();
        let suspended = if suspended.is_empty() { "none".to_owned() } else { suspended.join(", ") };
        let refresh = self.seen.refresh.as_deref().unwrap_or("none");
        let gone = self.seen.gone.len();
        format!("suspended that it takes: {suspended}; instance refresh: {refresh}; missing target groups: {gone}")
    }

    pub(super) fn capacity_in_words(&self) -> String {
        let uncounted = self.group.uncounted();
        let unit = self.group.unit;
        if uncounted.is_empty() {
            return format!("the group counts {unit}");
        }
        format!("the group counts {unit}, and Auto Scaling doesn't show those of {}", list(&named(&uncounted)))
    }

    pub(super) fn crowd_in_words(&self) -> String {
        if let Some(unknown) = crowd::unknown(self.seen, self.policy) {
            return unknown.to_string();
        }
        let sick = sick_at_once(self.now, self.seen, self.group, self.policy);
        Crowd::of(sick, Limit::of_unhealthy(self.group, self.policy.max_unhealthy), self.group).in_words()
    }

    pub(super) fn budget_in_words(&self) -> String {
        let limit = self.limit();
        let taken = self.out().taken.in_unit(limit.unit);
        format!("{taken} of {} {} that may be out at once are out", limit.most, limit.unit)
    }

    pub(super) fn last_act(&self) -> String {
        match self.around.limits.memory.acts.last() {
            None => "nothing was done to the group yet".to_owned(),
            Some(act) => format!("last act at {:.0}, cooldown {:#}", act.at, self.policy.cooldown),
        }
    }

    pub(super) fn breaker_in_words(&self) -> String {
        let (memory, launching) = (&self.around.limits.memory, self.seen.launching());
        let within = self.policy.breaker_within;
        let failures = memory.failures_within(self.now, within, &launching).count();
        let open = if memory.breaker_for(&launching).is_some() { "open" } else { "closed" };
        format!("breaker {open}; {failures} failed within {within:#}, it opens at {}", self.policy.breaker)
    }
}
