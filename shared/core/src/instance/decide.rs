//! The ladder: whether to replace an instance, read from top to bottom. Each rung is one typed reason not to.
//!
//! This module never waits, asks or changes anything: the same arguments always give the same decision.

use jiff::{SignedDuration, Timestamp};

use super::evidence::{Finding, alarm, find};
use super::seen::{Group, Member, Seen};
use crate::attend::Circumstances;
use crate::decision::{Close, Decision, Hold, Page, Proof, Step};
use crate::id::{AlarmArn, InstanceId, Subject};
use crate::incident::{Incident, Kind, State};
use crate::policy::GroupPolicy;
use crate::ports::Outcome;

/// Everything that one decision rests on.
struct Case<'a> {
    now: Timestamp,
    incident: &'a Incident,
    seen: &'a Seen,
    around: &'a Circumstances,
    policy: &'a GroupPolicy,
    group: &'a Group,
    id: &'a InstanceId,
    alarm: &'a AlarmArn,
}

/// Decides what to do about an instance.
pub fn decide(
    now: Timestamp,
    incident: &Incident,
    seen: &Seen,
    around: &Circumstances,
    policy: Option<&GroupPolicy>,
) -> Decision {
    let Kind::Instance { group: name, alarm } = &incident.kind;
    let Subject::Instance { id, .. } = &incident.subject;
    let Some(policy) = policy else {
        return Decision::Page(Page::NotInPolicy { group: name.clone() });
    };
    let Some(group) = &seen.group else {
        let because = Hold::GroupMissing { group: name.clone() };
        return bounded(now, incident, policy, Decision::Hold { until: now + policy.look_every, because });
    };
    let case = Case { now, incident, seen, around, policy, group, id, alarm };
    bounded(now, incident, policy, case.decide())
}

/// Nothing that was acted on is held for longer than the policy allows: then a person is asked.
fn bounded(now: Timestamp, incident: &Incident, policy: &GroupPolicy, decision: Decision) -> Decision {
    let is_overdue = incident.acted_at.is_some_and(|acted| now >= acted + policy.recover_within);
    if !is_overdue || incident.state == State::Escalated {
        return decision;
    }
    let why = match &decision {
        Decision::Act { .. } => {
            "the instance is still there and still sick, although its replacement was asked for".to_owned()
        }
        Decision::Hold { because: Hold::InFlight | Hold::Proving { .. }, .. } => return decision,
        Decision::Hold { because, .. } => because.to_string(),
        Decision::Close(_) | Decision::Page(_) => return decision,
    };
    Decision::Page(Page::NotRecovered { within: policy.recover_within, why })
}

impl Case<'_> {
    fn decide(&self) -> Decision {
        if let Some(waiting) = self.unsettled() {
            return waiting;
        }
        if let Some(refused) = self.refused() {
            return refused;
        }
        if self.has_acted() {
            return self.verify();
        }
        if let Some(why) = self.nothing_wrong() {
            return Decision::Close(Close::NothingWrong { why });
        }
        match self.reason_not_to() {
            Err(hold) => Decision::Hold { until: self.next_look(&hold), because: hold },
            Ok(because) => {
                let (group, instance) = (self.group.name.clone(), self.id.clone());
                Decision::Act { step: Step::Replace { group, instance }, because }
            }
        }
    }

    /// An intent whose effect is not known: somebody may be acting on it until its lease ends.
    fn unsettled(&self) -> Option<Decision> {
        let intent = self.incident.unsettled_intent().filter(|intent| self.now < intent.until)?;
        let because = match &intent.outcome {
            Some(Outcome::Unknown { why }) => Hold::OutcomeUnknown { why: why.clone() },
            _ => Hold::InFlight,
        };
        Some(Decision::Hold { until: intent.until, because })
    }

    fn refused(&self) -> Option<Decision> {
        match self.incident.intent.as_ref()?.outcome.as_ref()? {
            Outcome::Refused { why } if self.incident.state != State::Escalated => {
                Some(Decision::Page(Page::Refused { why: why.clone() }))
            }
            _ => None,
        }
    }

    /// From here on only recovery counts. An intent that did not take effect is no act: the ladder decides anew. So it does
    /// for an incident that was paged before any act, when its group is back in the policy.
    fn has_acted(&self) -> bool {
        match self.incident.state {
            State::Verifying => true,
            State::Escalated => self.incident.acted_at.is_some(),
            State::Holding | State::Acting | State::Closed => false,
        }
    }

    fn leaving_or_gone(&self) -> bool {
        self.group.member(self.id).is_none_or(|member| member.lifecycle.is_leaving())
    }

    fn findings(&self) -> impl Iterator<Item = Finding> {
        self.policy.evidence.iter().map(|evidence| find(*evidence, self.seen, self.id, self.alarm))
    }

    fn nothing_wrong(&self) -> Option<String> {
        if self.leaving_or_gone() {
            return Some("the instance has left the group, or is leaving it, without Homeostat".to_owned());
        }
        let findings: Vec<Finding> = self.findings().collect();
        let is_sick = |finding: &Finding| matches!(finding, Finding::Sick(_));
        let says_so = match alarm(self.seen.alarm.as_ref(), self.id, self.alarm) {
            Finding::Sick(_) => None,
            Finding::Well(why) | Finding::Unknown(why) => Some(why),
        };
        // An event whose alarm doesn't say the same when re-read is no signal, unless something else looks sick.
        if self.incident.is_new() && !findings.iter().any(is_sick) && says_so.is_some() {
            return says_so;
        }
        let well: Option<Vec<String>> = findings
            .into_iter()
            .map(|finding| match finding {
                Finding::Well(why) => Some(why),
                Finding::Sick(_) | Finding::Unknown(_) => None,
            })
            .collect();
        well.map(|reasons| reasons.join(" and "))
    }

    /// The ladder. The order is part of it: a person's word first, then what is true, then what can be afforded.
    fn reason_not_to(&self) -> Result<Vec<Proof>, Hold> {
        self.paused()?;
        self.actions_disabled()?;
        let because = self.confirmed()?;
        self.in_grace()?;
        self.in_service()?;
        self.within_budget()?;
        Ok(because)
    }

    fn paused(&self) -> Result<(), Hold> {
        match self.around.limits.pauses.iter().find(|pause| self.now < pause.until) {
            None => Ok(()),
            Some(pause) => {
                Err(Hold::Paused { scope: pause.scope.clone(), by: pause.by.clone(), reason: pause.reason.clone() })
            }
        }
    }

    fn actions_disabled(&self) -> Result<(), Hold> {
        match &self.seen.alarm {
            Some(alarm) if !alarm.actions_enabled => Err(Hold::ActionsDisabled { alarm: self.alarm.clone() }),
            _ => Ok(()),
        }
    }

    fn confirmed(&self) -> Result<Vec<Proof>, Hold> {
        let (mut proofs, mut missing) = (Vec::new(), Vec::new());
        for finding in self.findings() {
            match finding {
                Finding::Sick(proof) => proofs.push(proof),
                Finding::Well(why) | Finding::Unknown(why) => missing.push(why),
            }
        }
        if missing.is_empty() && !proofs.is_empty() { Ok(proofs) } else { Err(Hold::NotConfirmed { missing }) }
    }

    fn in_grace(&self) -> Result<(), Hold> {
        let grace = self.grace();
        match self.seen.launches.by(self.id) {
            Some(started) if self.now < started + grace => Err(Hold::Grace { started, grace }),
            _ => Ok(()),
        }
    }

    fn grace(&self) -> SignedDuration {
        self.policy.grace.max(self.group.grace)
    }

    fn in_service(&self) -> Result<(), Hold> {
        match self.group.member(self.id) {
            Some(member) if member.lifecycle.is_in_service() => Ok(()),
            Some(member) => Err(Hold::NotInService { lifecycle: member.lifecycle.0.clone() }),
            None => Err(Hold::NotInService { lifecycle: "no member of the group".to_owned() }),
        }
    }

    /// Taken = slots that others hold, plus members missing or not yet healthy that none of those slots accounts for. A slot
    /// accounts for a missing member only once its own instance is out: of 10 desired, with one missing and one slot held
    /// for an instance that is still in service, 2 are out or about to be. A sick member on which nobody acted waits its turn,
    /// and counts as present.
    fn within_budget(&self) -> Result<(), Hold> {
        let is_present = |member: &&Member| {
            let is_subject = member.id == *self.id;
            member.lifecycle.is_in_service() && (is_subject || !self.seen.is_out(member, self.now, self.grace()))
        };
        let present: Vec<&Member> = self.group.members.iter().filter(is_present).collect();
        let others = self.around.limits.slots.holders.keys().filter(|holder| **holder != self.incident.subject);
        let holders: Vec<Subject> = others.cloned().collect();
        let (about_to_go, gone): (Vec<&Subject>, Vec<&Subject>) = holders.iter().partition(|holder| {
            let Subject::Instance { id, .. } = holder;
            present.iter().any(|member| member.id == *id)
        });
        let in_service: Vec<&Member> =
            self.group.members.iter().filter(|member| member.lifecycle.is_in_service()).collect();
        let not_serving = count(&in_service).saturating_sub(count(&present));
        let out = self.group.desired.saturating_sub(count(&present)).max(not_serving);
        let taken = count(&about_to_go) + out.max(count(&gone));
        let slots = self.policy.budget.slots(self.group.desired);
        if taken < slots { Ok(()) } else { Err(Hold::Budget { taken, slots, holders }) }
    }

    /// Recovered = the subject is gone or well, and as many serve as are desired, less those that other incidents own.
    fn verify(&self) -> Decision {
        let serving = self.group.members.iter().filter(|member| self.seen.serves(member));
        let healthy = count(&serving.collect::<Vec<_>>());
        let needed = self.group.desired.saturating_sub(count(&self.around.others_open));
        let settled = self.leaving_or_gone() || self.findings().all(|finding| matches!(finding, Finding::Well(_)));
        if settled && healthy >= needed {
            let since = self.incident.recovered_at.unwrap_or(self.now);
            let until = since + self.policy.dwell;
            if self.now < until {
                return Decision::Hold { until, because: Hold::Proving { since } };
            }
            return Decision::Close(match self.incident.mitigated_at {
                Some(_) => Close::Recovered,
                None => Close::NothingWrong { why: "the group is whole again, without Homeostat".to_owned() },
            });
        }
        let because = Hold::Recovering { healthy, needed };
        if self.incident.state == State::Escalated {
            return Decision::Page(self.still_paged(&because));
        }
        let deadline = self.incident.acted_at.map(|acted| acted + self.policy.recover_within);
        let next_look = self.now + self.policy.look_every;
        let until =
            deadline.filter(|deadline| self.now < *deadline).map_or(next_look, |deadline| deadline.min(next_look));
        Decision::Hold { until, because }
    }

    /// Why a person is still needed, with today's figures.
    fn still_paged(&self, because: &Hold) -> Page {
        match self.incident.intent.as_ref().and_then(|intent| intent.outcome.as_ref()) {
            Some(Outcome::Refused { why }) => Page::Refused { why: why.clone() },
            _ => Page::NotRecovered { within: self.policy.recover_within, why: because.to_string() },
        }
    }

    fn next_look(&self, hold: &Hold) -> Timestamp {
        match hold {
            Hold::Grace { started, grace } => *started + *grace,
            _ => self.now + self.policy.look_every,
        }
    }
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}
