//! The incident of a whole group, of which too many members are sick at once: a person is asked, since replacing won't help.
//!
//! This module never acts on anything.

use homeostat_core::aws::fleet::Group;
use homeostat_core::guard;
use homeostat_core::id::GroupName;
use homeostat_core::incident::{Gone, State, Verdict};
use homeostat_core::reconcile::{Check, ESCALATED_SLOWER, Ignored, Rung, Times, checked, climb, climbed};
use homeostat_core::signal::{Hint, Notice, Trigger};
use jiff::{SignedDuration, Timestamp};

use super::crowd::{self, sick_at_once};
use super::decide::{group_missing, named};
use super::group_state;
use super::observation::{Observation, Prefetch};
use super::processes::{Promise, parked};
use super::tally::Limit;
use super::{opening, shrunk};
use crate::instance::kind::InstanceKind;
use crate::instance::policy::{GroupPolicy, InstancePolicy};
use crate::instance::reasons::{Circumstances, Close, Crowd, Decision, GroupState, Hold, Incident, Page};
use crate::instance::reasons::{HoldReason, PageReason};

/// Between two looks at a group that is parked, as often as the resync.
const WHILE_PARKED: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn open(
    now: Timestamp,
    name: &GroupName,
    hint: &Hint,
    prefetch: &Prefetch,
    policy: &InstancePolicy,
) -> Result<Incident, Ignored> {
    let incident = |notice: Option<&Notice>, since| {
        let kind = InstanceKind::Group { group: name.clone(), notice: notice.cloned(), gone: Gone::default() };
        Incident::new(hint.subject.clone(), kind, since, now)
    };
    match &hint.why {
        Trigger::Found { since, .. } => Ok(incident(None, *since)),
        Trigger::Notice(notice) if prefetch.groups.iter().any(|group| group.name == *name) => {
            Ok(incident(Some(notice), notice.at))
        }
        Trigger::Notice(_) => Err(opening::outside_policy(hint.subject.clone(), policy)),
        Trigger::Wake | Trigger::Look { .. } | Trigger::Alarm(_) | Trigger::Silence(_) | Trigger::Action(_) => {
            Err(Ignored::NothingOpen { subject: hint.subject.clone() })
        }
    }
}

pub(super) fn join(mut incident: Incident, hint: &Hint) -> Incident {
    if let (InstanceKind::Group { notice, .. }, Some(new)) = (&mut incident.kind, hint.notice()) {
        // The newest reason, but time runs from the first.
        let at = notice.as_ref().map_or(new.at, |first| first.at);
        *notice = Some(Notice { at, ..new.clone() });
    }
    incident
}

/// Whether people know that too many are unhealthy, and a look less than `check-every` ago has said how many.
pub(super) fn was_just_paged_for(now: Timestamp, incident: &Incident, times: &Times) -> bool {
    let next_look = incident.wake_at.filter(|_| incident.wakes == 0);
    let is_young = next_look.is_some_and(|at| at - times.check_every * (ESCALATED_SLOWER - 1) > now);
    is_young && matches!(&incident.decision, Some(Decision::Page(Page::Own(PageReason::TooManyUnhealthy(_)))))
}

/// By evidence of its own a group is judged only where nobody of it can be.
pub(super) fn verdict(now: Timestamp, seen: &Observation, policy: Option<&GroupPolicy>) -> Verdict {
    let is_accused = policy.is_some_and(|policy| !group_state::accused(now, seen, policy).is_empty());
    if is_accused { Verdict::Suspected } else { Verdict::Unknown }
}

/// All that decides about a group, in order.
fn ladder<'a>() -> [Check<Situation<'a>, InstanceKind>; 9] {
    [
        Check {
            name: "it is not parked",
            stops: Situation::parked,
            by: |case| guard::or_none(case.parked(), "it is not"),
        },
        Check {
            name: "its members are all shown",
            stops: Situation::in_doubt,
            by: |case| guard::or_none(case.in_doubt(), "nothing says otherwise"),
        },
        Check {
            name: "its instances had time to start again",
            stops: Situation::back_from_parking,
            by: |case| guard::or_none(case.back_from_parking(), "it was not parked lately"),
        },
        Check {
            name: "few are unhealthy at once",
            stops: Situation::too_many_sick,
            by: |case| case.crowd().in_words(),
        },
        Check {
            name: "its target groups exist",
            stops: Situation::target_group_gone,
            by: |case| guard::or_none(case.target_group_gone(), "none is missing"),
        },
        Check {
            name: "its unhealthy instances are checked",
            stops: Situation::unchecked,
            by: |case| guard::or_none(case.unchecked(), "each one is"),
        },
        Check {
            name: "as much is in service as is desired",
            stops: Situation::is_short,
            by: |case| match case.incident.kind.notice() {
                Some(notice) => format!("{}; {notice}", in_service(case.group)),
                None => "AWS announced nothing about it".to_owned(),
            },
        },
        Check {
            name: "its size is what it should be",
            stops: Situation::is_small,
            by: |case| guard::or_none(case.is_small(), "it is, or its activities account for it"),
        },
        Check {
            name: "it has stayed so",
            stops: Situation::proving,
            by: |case| format!("since {:.0}, stable-for {:#}", case.well_since(), case.policy.dwell),
        },
    ]
}

/// All that decided, for people.
pub(super) fn rungs(
    now: Timestamp,
    incident: &Incident,
    seen: &Observation,
    around: &Circumstances,
    policy: Option<&GroupPolicy>,
) -> Vec<Rung> {
    let name = incident.kind.group();
    match (policy, &seen.group) {
        (None, _) => climbed([("the policy names it", false, format!("group {name}"))]),
        (_, None) => climbed([("it exists", false, format!("Auto Scaling shows no group {name}"))]),
        (Some(policy), Some(group)) => {
            climbed(checked(&ladder(), &Situation { now, incident, seen, around, group, policy }))
        }
    }
}

/// Decides what to do about a whole group.
pub(super) fn decide(
    now: Timestamp,
    incident: &Incident,
    seen: &Observation,
    around: &Circumstances,
    policy: Option<&GroupPolicy>,
) -> Decision {
    let name = incident.kind.group();
    let Some(policy) = policy else {
        return Decision::Page(Page::Own(PageReason::NotInPolicy { group: name.clone() }));
    };
    let Some(group) = &seen.group else {
        // What nobody was told of need not be kept.
        return match incident.is_new() {
            true => Decision::nothing_wrong(format!("group {name} does not exist any more")),
            false => group_missing(now, incident, name, policy),
        };
    };
    climb(&ladder(), &Situation { now, incident, seen, around, group, policy }, |case| {
        Decision::Close(Close::NothingWrong { why: case.crowd().in_words() })
    })
}

/// A group and all that it is judged by.
struct Situation<'a> {
    now: Timestamp,
    incident: &'a Incident,
    seen: &'a Observation,
    around: &'a Circumstances,
    group: &'a Group,
    policy: &'a GroupPolicy,
}

impl Situation<'_> {
    fn crowd(&self) -> Crowd {
        let sick = sick_at_once(self.now, self.seen, self.group, self.policy);
        Crowd::of(sick, Limit::of_unhealthy(self.group, self.policy.max_unhealthy), self.group)
    }

    /// Nobody is to be reminded of it all night. The next resync tells that it is parked.
    fn parked(&self) -> Option<Decision> {
        let parked = parked(self.seen)?;
        Some(if self.incident.state == State::Escalated {
            Decision::Close(Close::NothingWrong { why: parked.to_string() })
        } else {
            Decision::Hold { until: self.now + WHILE_PARKED, because: Hold::Own(HoldReason::GroupState(parked)) }
        })
    }

    fn in_doubt(&self) -> Option<Decision> {
        let because = shrunk::in_doubt(self.now, self.seen, &self.around.limits.memory)?;
        let until = self.now + self.policy.check_every;
        Some(Decision::Hold { until, because: Hold::Own(HoldReason::GroupState(because)) })
    }

    /// It is as small as it is shown, and a person's word ends what nobody else can.
    fn is_small(&self) -> Option<Decision> {
        let shrunk = shrunk::shrunk(self.now, self.seen).filter(|_| self.incident.acknowledged.is_none())?;
        let within = self.now.duration_since(self.incident.opened_at);
        // Nobody was told of it yet, and the resync finds it again as long as it lasts.
        (!self.incident.is_new())
            .then(|| Decision::Page(Page::Own(PageReason::GroupStalled { within, why: shrunk.to_string() })))
    }

    fn back_from_parking(&self) -> Option<Decision> {
        back_from_parking(self.now, self.incident, self.group, self.policy)
    }

    fn too_many_sick(&self) -> Option<Decision> {
        if let Some(because) = crowd::unknown(self.seen, self.policy)
            && !self.incident.is_new()
        {
            return Some(Decision::Hold { until: self.now + self.policy.check_every, because });
        }
        let sick = sick_at_once(self.now, self.seen, self.group, self.policy);
        let is_few = Limit::of_unhealthy(self.group, self.policy.max_unhealthy).allows(sick);
        (!is_few).then(|| Decision::Page(Page::Own(PageReason::TooManyUnhealthy(self.crowd()))))
    }

    fn target_group_gone(&self) -> Option<Decision> {
        target_group_gone(self.now, self.incident, self.seen, self.group, self.policy)
    }

    fn unchecked(&self) -> Option<Decision> {
        unchecked(self.now, self.incident, self.seen, self.group, self.policy)
    }

    fn is_short(&self) -> Option<Decision> {
        is_short(self.now, self.incident, self.group, self.policy)
    }

    fn well_since(&self) -> Timestamp {
        self.incident.recovered_at.unwrap_or(self.now)
    }

    fn proving(&self) -> Option<Decision> {
        let since = self.well_since();
        let until = since + self.policy.dwell;
        (!self.incident.is_new() && self.now < until)
            .then_some(Decision::Hold { until, because: Hold::Proving { since } })
    }
}

/// Instances that were started again are old by their launch, and boot all the same.
fn back_from_parking(now: Timestamp, incident: &Incident, group: &Group, policy: &GroupPolicy) -> Option<Decision> {
    let grace = policy.grace.max(group.grace);
    let started = match incident.decision.as_ref()? {
        Decision::Hold { because: Hold::Own(HoldReason::GroupState(GroupState::Parked { .. })), .. } => now,
        Decision::Hold { because: Hold::Own(HoldReason::Grace { started, .. }), .. } => *started,
        _ => return None,
    };
    let until = (started + grace).min(now + policy.check_every);
    (now < started + grace)
        .then_some(Decision::Hold { until, because: Hold::Own(HoldReason::Grace { started, grace }) })
}

/// A page once a second look, a dwell time later, shows the same.
fn target_group_gone(
    now: Timestamp,
    incident: &Incident,
    seen: &Observation,
    group: &Group,
    policy: &GroupPolicy,
) -> Option<Decision> {
    match group_state::target_group(now, incident, seen, group, policy)? {
        GroupState::TargetGroupGone(gone) => Some(Decision::Page(Page::Own(PageReason::TargetGroupGone(gone)))),
        missing => {
            let since = incident.kind.gone().since().unwrap_or(now);
            let until = (since + policy.dwell).max(now + SignedDuration::from_secs(1)).min(now + policy.check_every);
            Some(Decision::Hold { until, because: Hold::Own(HoldReason::GroupState(missing)) })
        }
    }
}

/// Alarms call some of the group unhealthy, and it can never be confirmed: one trouble, whoever it is about.
fn unchecked(
    now: Timestamp,
    incident: &Incident,
    seen: &Observation,
    group: &Group,
    policy: &GroupPolicy,
) -> Option<Decision> {
    let accused = group_state::accused(now, seen, policy);
    let is_unknown = seen.is_unlisted && group_state::is_unchecked(seen, policy) && incident.unhealthy_since.is_some();
    if accused.is_empty() && !is_unknown {
        return None;
    }
    let because = Hold::Own(HoldReason::GroupState(GroupState::Unchecked {
        group: group.name.clone(),
        instances: named(&accused),
    }));
    Some(Decision::Hold { until: now + policy.check_every, because })
}

/// A group whose launches fail tries again by itself, and is left to: only when it stays short is a person asked.
fn is_short(now: Timestamp, incident: &Incident, group: &Group, policy: &GroupPolicy) -> Option<Decision> {
    let notice = incident.kind.notice()?;
    let in_service_now = group.in_service();
    // What can't be counted is never seen to be whole: then a person's word ends it.
    let is_answered = in_service_now.is_none() && incident.acknowledged.is_some();
    if is_answered || in_service_now.is_some_and(|units| units >= group.desired) {
        return None;
    }
    let suspended = Promise::Rebalance.suspended(group);
    let suspended = if suspended.is_empty() { String::new() } else { format!("; suspended: {}", suspended.join(", ")) };
    let why = format!("{notice}; {}{suspended}", in_service(group));
    let within = policy.recover_within;
    // Whoever has been told that too many are sick looks at the group already, and isn't woken each time that one gets well.
    let is_known = matches!(incident.paged_because, Some(Page::Own(PageReason::TooManyUnhealthy(_))));
    Some(if now >= incident.opened_at.max(notice.at) + within && !is_known {
        Decision::Page(Page::Own(PageReason::GroupStalled { within, why }))
    } else {
        Decision::Hold { until: now + policy.check_every, because: Hold::Own(HoldReason::GroupReplaces { why }) }
    })
}

/// Healthy or not: a member that is unhealthy has an incident of its own.
fn in_service(group: &Group) -> String {
    match group.in_service() {
        Some(units) => format!("{units} of {} {} are in service", group.desired, group.unit),
        None => GroupState::Uncounted { unit: group.unit, instances: named(&group.uncounted()) }.to_string(),
    }
}
