//! The ladder: all that decides whether an unhealthy instance is replaced. Each check is one typed reason not to.
//!
//! The order is part of it: a person's word first, then what is true, then whose turn it is, then what can be afforded. This module
//! never acts, and never looks at a rung above one that holds.

use homeostat_core::aws::alarm::{AlarmReading, AlarmState};
use homeostat_core::aws::fleet::Member;
use homeostat_core::guard;
use homeostat_core::policy::Mode;
use homeostat_core::reconcile::Check;
use homeostat_core::signal::NoticeKind;
use jiff::{SignedDuration, Timestamp};

use super::crowd::{self, Out, count, sick_at_once};
use super::decide::{MOST_NAMED, Situation, named};
use super::evidence::Finding;
use super::processes::Promise;
use super::{group_state, notice, shrunk};
use crate::instance::kind::InstanceKind;
use crate::instance::policy::EvidenceSource;
use crate::instance::reasons::{Crowd, Decision, Evidence, GroupState, Hold, HoldReason};
use crate::instance::tally::{Limit, Tally};

/// Who holds a slot of one group stands in one item of the ledger: so many stay below half of what it may hold, whatever the budget is.
const MOST_HOLDERS: usize = 2_500;

/// All that decides about an instance whose group and policy are known, in order.
pub(super) fn ladder<'a>() -> [Check<Situation<'a>, InstanceKind>; 31] {
    [
        Check {
            name: "nobody else is acting on it",
            stops: |case| guard::unsettled(case.now, case.incident),
            by: |case| guard::or_none(guard::unsettled(case.now, case.incident), "no call is under way"),
        },
        Check {
            name: "no refusal keeps it from being tried",
            stops: |case| guard::refused(case.incident),
            by: |case| guard::or_none(guard::refused(case.incident), "none does"),
        },
        Check {
            name: "its group is not parked",
            stops: |case| case.parked(),
            by: |case| guard::or_none(case.parked(), "it is not"),
        },
        Check {
            name: "all members of its group are shown",
            stops: |case| case.held(case.in_doubt().err()),
            by: |case| guard::or_none(case.held(case.in_doubt().err()), "nothing says otherwise"),
        },
        Check {
            name: "it is still to be replaced",
            stops: |case| case.recovery(),
            by: |case| guard::or_none(case.recovery(), "nothing was done about it that took effect"),
        },
        Check { name: "something is wrong with it", stops: |case| case.over(), by: |case| case.evidence_in_words() },
        Check {
            name: "nothing is paused",
            stops: |case| case.held(guard::paused(case.now, &case.around.limits)),
            by: |case| guard::pauses(case.now, &case.around.limits),
        },
        Check {
            name: "its alarms may act",
            stops: |case| case.held(case.actions_disabled().err()),
            by: |case| case.alarm_in_words(),
        },
        Check {
            name: "its group is checked",
            stops: |case| case.held(case.checked().err()),
            by: |case| case.checks_in_words(),
        },
        Check {
            name: "the evidence confirms it",
            stops: |case| case.held(case.confirmed().err()),
            by: |case| case.evidence_in_words(),
        },
        Check {
            name: "it has had time to start",
            stops: |case| case.held(case.in_grace().err()),
            by: |case| case.age(),
        },
        Check {
            name: "when it was launched is known",
            stops: |case| case.held(case.launch_known().err()),
            by: |case| case.age(),
        },
        Check {
            name: "it is not left for later",
            stops: |case| case.held(case.foretold().err()),
            by: |case| case.announced_in_words(),
        },
        Check {
            name: "it is ours to touch",
            stops: |case| case.held(case.ours_to_touch().err()),
            by: |case| case.membership(),
        },
        Check {
            name: "its group leaves it to us",
            stops: |case| case.held(case.left_to_the_group().err()),
            by: |case| case.groups_view(),
        },
        Check {
            name: "its group can replace it",
            stops: |case| case.held(case.replaceable().err()),
            by: |case| case.processes(),
        },
        Check {
            name: "nobody else is at work on its group",
            stops: |case| case.held(case.left_alone().err()),
            by: |case| case.busy_in_words(),
        },
        Check {
            name: "its group gets new instances",
            stops: |case| case.held(case.launches_succeed().err()),
            by: |case| case.launches_in_words(),
        },
        Check {
            name: "it is certain enough for the only one of its group",
            stops: |case| case.held(case.is_certain().err()),
            by: |case| case.certainty_in_words(),
        },
        Check {
            name: "its capacity is known",
            stops: |case| case.held(case.counted().err()),
            by: |case| case.capacity_in_words(),
        },
        Check {
            name: "few are unhealthy at once",
            stops: |case| case.held(case.not_too_many().err()),
            by: |case| case.crowd_in_words(),
        },
        Check {
            name: "nothing that it depends on moves",
            stops: |case| case.held(case.dependency_moves()),
            by: |case| case.dependencies_in_words(),
        },
        Check {
            name: "the budget allows it",
            stops: |case| case.held(case.within_budget().err()),
            by: |case| case.budget_in_words(),
        },
        Check {
            name: "its service may act",
            stops: |case| case.service_is_short(),
            by: |case| case.service_in_words(),
        },
        Check {
            name: "the account may act",
            stops: |case| case.account_is_short(),
            by: |case| case.account_in_words(),
        },
        Check {
            name: "the last act is long ago",
            stops: |case| case.held(case.cooled_down().err()),
            by: |case| case.last_act(),
        },
        Check {
            name: "replacements recover",
            stops: |case| case.held(case.breaker_closed().err()),
            by: |case| case.breaker_in_words(),
        },
        Check {
            name: "the replacements in its group are healthy",
            stops: |case| case.held(case.successors_are_healthy().err()),
            by: |case| case.successors_in_words(),
        },
        Check {
            name: "one more replacement may help",
            stops: |case| case.trips().map(Decision::Page),
            by: |case| guard::or_none(case.trips().map(Decision::Page), "too few have failed"),
        },
        Check {
            name: "its replacement was announced",
            stops: |case| case.held(case.announced_first().err()),
            by: |case| case.plan_in_words(),
        },
        Check {
            name: "the policy says act",
            stops: |case| case.watched(),
            by: |case| format!("mode = {:?}", if case.policy.mode == Mode::Act { "act" } else { "watch" }),
        },
    ]
}

impl Situation<'_> {
    /// One in ALARM that may act is enough, whatever was switched off beside it.
    fn actions_disabled(&self) -> Result<(), Hold> {
        if !self.policy.evidence.contains(&EvidenceSource::Alarm) || self.only_announced().is_some() {
            return Ok(());
        }
        let read = self.alarms.arns().filter_map(|arn| self.seen.alarm(arn));
        let mut red = read.filter(|alarm| alarm.state == AlarmState::Alarm && alarm.instance() == Some(&self.id));
        match red.clone().any(AlarmReading::may_act) {
            true => Ok(()),
            false => red
                .next()
                .map_or(Ok(()), |alarm| Err(Hold::Own(HoldReason::ActionsDisabled { alarm: alarm.arn.clone() }))),
        }
    }

    /// Who is left out of an answer is neither gone nor replaced, and who is in it is not judged by those that are left out.
    fn in_doubt(&self) -> Result<(), Hold> {
        let shrunk = shrunk::in_doubt(self.now, self.seen, &self.around.limits.memory);
        shrunk.map_or(Ok(()), |shrunk| Err(Hold::Own(HoldReason::GroupState(shrunk))))
    }

    /// Where no target group checks anybody of the group, that is its group's trouble, and no instance's.
    fn checked(&self) -> Result<(), Hold> {
        if self.only_announced().is_some() || !group_state::is_unchecked(self.seen, self.policy) {
            return Ok(());
        }
        let instances = named(&[&self.id]);
        Err(Hold::Own(HoldReason::GroupState(GroupState::Unchecked { group: self.group.name.clone(), instances })))
    }

    pub(super) fn confirmed(&self) -> Result<Vec<Evidence>, Hold> {
        let (mut proofs, mut missing) = (Vec::new(), Vec::new());
        for finding in self.findings() {
            match finding {
                Finding::Sick(proof) => proofs.push(proof.clone()),
                Finding::Well(why) | Finding::Unknown(why) => missing.push(why.clone()),
            }
        }
        if missing.is_empty() && !proofs.is_empty() {
            Ok(proofs)
        } else {
            Err(Hold::Own(HoldReason::NotConfirmed { missing }))
        }
    }

    /// What AWS announces is not for being young.
    pub(super) fn in_grace(&self) -> Result<(), Hold> {
        let grace = self.grace();
        match self.seen.started(&self.id) {
            _ if self.only_announced().is_some() => Ok(()),
            Some(started) if self.now < started + grace => Err(Hold::Own(HoldReason::Grace { started, grace })),
            _ => Ok(()),
        }
    }

    /// An empty answer is no answer. It holds what rests on launches: the grace period, and the breaker.
    pub(super) fn launch_known(&self) -> Result<(), Hold> {
        let started = self.seen.machines.get(&self.id).and_then(|machine| machine.started_at);
        if self.only_announced().is_some() || self.seen.launches.are_known(self.now, started) {
            return Ok(());
        }
        Err(Hold::Own(HoldReason::LaunchUnknown { group: self.group.name.clone(), started }))
    }

    pub(super) fn grace(&self) -> SignedDuration {
        self.policy.grace.max(self.group.grace)
    }

    fn ours_to_touch(&self) -> Result<(), Hold> {
        match self.group.member(&self.id) {
            Some(member) if !member.lifecycle.is_in_service() => {
                Err(Hold::Own(HoldReason::NotInService { lifecycle: member.lifecycle.0.clone() }))
            }
            Some(member) if member.protected => Err(Hold::Own(HoldReason::Protected)),
            Some(_) => Ok(()),
            None => Err(Hold::Own(HoldReason::NotInService { lifecycle: "no member of the group".to_owned() })),
        }
    }

    /// The group was quicker than the event, and its replacement is followed all the same. A machine that merely stops running may
    /// belong to a group that gets smaller.
    pub(super) fn leaves_as_announced(&self) -> bool {
        self.group.member(&self.id).is_some() && self.notice().is_some_and(|notice| notice.what.ends_the_instance())
    }

    /// What Auto Scaling has marked, or what doesn't run, it replaces by itself, unless somebody stopped it from doing so.
    fn left_to_the_group(&self) -> Result<(), Hold> {
        let member: Option<&Member> = self.group.member(&self.id);
        let stopped = self.seen.machines.get(&self.id).filter(|machine| !machine.is_running());
        let (promise, why) = match (member, stopped) {
            (Some(member), _) if !member.healthy => {
                (Promise::ReplaceMarked, "Auto Scaling has marked it as unhealthy".to_owned())
            }
            (_, Some(machine)) => (Promise::ReplaceStopped, format!("EC2 says that it is {}", machine.state)),
            _ => return Ok(()),
        };
        if promise.suspended(self.group).is_empty() {
            Err(Hold::Own(HoldReason::GroupReplaces { why }))
        } else {
            Ok(())
        }
    }

    /// What is yet to come may be the group's own business for a while, even where the instance is protected.
    pub(super) fn foretold(&self) -> Result<(), Hold> {
        let serves = |member: &Member| member.healthy && member.lifecycle.is_in_service();
        let notice = self.only_announced().filter(|_| self.group.member(&self.id).is_some_and(serves));
        let left = |notice: homeostat_core::signal::Notice| {
            notice::left_to_the_group(&notice, self.incident.opened_at, self.group, self.policy, self.now)
        };
        match notice.and_then(left) {
            // Capacity Rebalancing has to launch and to terminate, too.
            Some(Hold::Own(HoldReason::GroupReplaces { .. }))
                if !Promise::Rebalance.suspended(self.group).is_empty() =>
            {
                Ok(())
            }
            left => left.map_or(Ok(()), Err),
        }
    }

    /// One that only doesn't run may have been stopped by whoever suspended `HealthCheck`: its group is to leave it alone.
    pub(super) fn suspended(&self) -> Vec<String> {
        let is_only_stopped =
            self.only_announced().is_some_and(|notice| matches!(notice.what, NoticeKind::NotRunning { .. }));
        let promise = if is_only_stopped { Promise::ReplaceStopped } else { Promise::Replace };
        promise.suspended(self.group).into_iter().map(str::to_owned).collect()
    }

    fn replaceable(&self) -> Result<(), Hold> {
        let processes = self.suspended();
        match (&self.group.status, &self.seen.refresh) {
            _ if !processes.is_empty() => Err(Hold::Own(HoldReason::Suspended { processes })),
            _ if !self.seen.gone.is_empty() => {
                let state = group_state::target_group(self.now, self.incident, self.seen, self.group, self.policy);
                state.map_or(Ok(()), |state| Err(Hold::Own(HoldReason::GroupState(state))))
            }
            (Some(status), _) => {
                Err(Hold::Own(HoldReason::GroupReplaces { why: format!("the group's status is {status:?}") }))
            }
            (None, Some(refresh)) => Err(Hold::Own(HoldReason::Refreshing { refresh: refresh.clone() })),
            (None, None) => Ok(()),
        }
    }

    /// Where the unit of a member isn't known, neither a share nor a shortage of the group is.
    pub(super) fn counted(&self) -> Result<(), Hold> {
        let uncounted = self.group.uncounted();
        if uncounted.is_empty() {
            return Ok(());
        }
        let (unit, instances) = (self.group.unit, named(&uncounted));
        Err(Hold::Own(HoldReason::GroupState(GroupState::Uncounted { unit, instances })))
    }

    fn not_too_many(&self) -> Result<(), Hold> {
        if let Some(unknown) = crowd::unknown(self.seen, self.policy) {
            return Err(unknown);
        }
        let sick = sick_at_once(self.now, self.seen, self.group, self.policy);
        let limit = Limit::of_unhealthy(self.group, self.policy.max_unhealthy);
        if limit.allows(sick) {
            Ok(())
        } else {
            Err(Hold::Own(HoldReason::TooManyUnhealthy(Crowd::of(sick, limit, self.group))))
        }
    }

    pub(super) fn out(&self) -> Out {
        crowd::out(self.now, self.seen, self.group, self.grace(), &self.id, &self.around.limits.slots)
    }

    pub(super) fn limit(&self) -> Limit {
        Limit::of(self.group, self.policy.budget)
    }

    /// This member on top of those that are out, or count as such.
    fn fits(&self, taken: Tally) -> bool {
        let own = Tally::of(self.group.member(&self.id).into_iter());
        self.limit().allows(taken.and(own))
    }

    fn within_budget(&self) -> Result<(), Hold> {
        let (Out { taken, holders }, limit) = (self.out(), self.limit());
        let has_room = holders.len() < MOST_HOLDERS;
        if self.fits(taken) && has_room {
            return Ok(());
        }
        // Each incident that waits stores them.
        let more = count(holders.iter().skip(MOST_NAMED));
        let holders = holders.into_iter().take(MOST_NAMED).collect();
        Err(Hold::Budget { taken: taken.in_unit(limit.unit), slots: limit.most, unit: limit.unit, holders, more })
    }

    /// A slot that was given back is warm for a while: a group that falls sick as fast as it heals is not churned.
    fn cooled_down(&self) -> Result<(), Hold> {
        let (cooldown, limits) = (self.policy.cooldown, &self.around.limits);
        let is_warm = |at: &Timestamp| *at + cooldown > self.now;
        let acts = limits.memory.acts.iter().filter(|act| !limits.slots.holders.contains_key(&act.subject));
        let mut warm: Vec<Timestamp> = acts.map(|act| act.at).filter(is_warm).collect();
        let earlier = limits.memory.earlier.as_ref().filter(|earlier| is_warm(&earlier.last));
        let acts = count(warm.iter()).saturating_add(earlier.map_or(0, |earlier| earlier.acts));
        warm.extend(earlier.map(|earlier| earlier.last));
        let replaced = Tally { instances: acts, units: self.group.largest().times(acts) };
        match warm.iter().min() {
            Some(first) if !self.fits(self.out().taken.and(replaced)) => {
                Err(Hold::Own(HoldReason::Cooldown { acts, cooldown, until: *first + cooldown }))
            }
            _ => Ok(()),
        }
    }

    fn breaker_closed(&self) -> Result<(), Hold> {
        match self.around.limits.memory.breaker_for(&self.seen.launching()) {
            None => Ok(()),
            Some(breaker) => {
                Err(Hold::Own(HoldReason::BreakerOpen { since: breaker.since, group: self.group.name.clone() }))
            }
        }
    }
}
