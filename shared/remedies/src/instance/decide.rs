//! The ladder: whether to replace an instance, read from top to bottom. Each rung is one typed reason not to.
//!
//! This module never waits, asks or changes anything: the same arguments always give the same decision.

use std::cell::OnceCell;

use homeostat_core::aws::fleet::{Group, Member};
use homeostat_core::id::{GroupName, InstanceId};
use homeostat_core::incident::{Alarms, State, Verdict};
use homeostat_core::policy::Mode;
use homeostat_core::ports::Outcome;
use homeostat_core::reconcile::{ESCALATED_SLOWER, Rung, checked, climb, climbed};
use homeostat_core::signal::Notice;
use jiff::Timestamp;

use super::crowd::sick_at_once;
use super::evidence::{Finding, find};
use super::ladder::ladder;
use super::observation::Observation;
use super::processes::parked;
use super::{breaker, evidence, notice};
use crate::instance::policy::{EvidenceSource, GroupPolicy};
use crate::instance::reasons::{
    Circumstances, Close, CloseReason, Decision, Evidence, Hold, HoldReason, Incident, Page, PageReason, Step,
};
use crate::instance::tally::Tally;

/// Everything that one decision rests on.
pub(super) struct Situation<'a> {
    pub(super) now: Timestamp,
    pub(super) incident: &'a Incident,
    pub(super) seen: &'a Observation,
    pub(super) around: &'a Circumstances,
    pub(super) policy: &'a GroupPolicy,
    pub(super) group: &'a Group,
    pub(super) id: InstanceId,
    pub(super) alarms: &'a Alarms,
    /// Several rungs ask.
    findings: OnceCell<Vec<Finding>>,
}

/// Looks at what waits before they slow down: what ends soon, ends within these.
const LOOKS_AT_FULL_PACE: i64 = 10;

/// Unhealthy members of one group for each step by which their looks slow down.
const MANY: i64 = 20;

/// So many times less often at the most, as often as what a person was asked about.
const MOST_SLOWER: i64 = ESCALATED_SLOWER as i64;

/// Members told one by one: enough to start with, and still a line or two.
pub(super) const MOST_NAMED: usize = 5;

/// Decides what to do about an instance.
pub fn decide(
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
    match case(now, incident, seen, around, Some(policy)) {
        Some(case) => bounded(now, incident, policy, climb(&ladder(), &case, Situation::act)),
        None => group_missing(now, incident, name, policy),
    }
}

/// Of whom none has spoken.
const NONE: &Alarms = &Alarms::none();

fn alarms_of(incident: &Incident) -> &Alarms {
    incident.kind.alarms().unwrap_or(NONE)
}

fn case<'a>(
    now: Timestamp,
    incident: &'a Incident,
    seen: &'a Observation,
    around: &'a Circumstances,
    policy: Option<&'a GroupPolicy>,
) -> Option<Situation<'a>> {
    let (policy, group, id) = (policy?, seen.group.as_ref()?, incident.subject.instance()?);
    let (alarms, findings) = (alarms_of(incident), OnceCell::new());
    Some(Situation { now, incident, seen, around, policy, group, id, alarms, findings })
}

/// What the evidence says. Who is not in service, or may still be booting, is not judged.
pub(super) fn verdict(now: Timestamp, incident: &Incident, seen: &Observation, policy: &GroupPolicy) -> Verdict {
    let around = Circumstances::default();
    case(now, incident, seen, &around, Some(policy)).map_or(Verdict::Unknown, |case| case.verdict())
}

/// All that decided, for people.
pub(super) fn rungs(
    now: Timestamp,
    incident: &Incident,
    seen: &Observation,
    around: &Circumstances,
    policy: Option<&GroupPolicy>,
) -> Vec<Rung> {
    let decision = decide(now, incident, seen, around, policy);
    let name = incident.kind.group();
    let Some(known) = policy else {
        return climbed([("the policy names its group", false, format!("group {name}"))]);
    };
    let Some(case) = case(now, incident, seen, around, policy) else {
        return climbed([("its group exists", false, decision.to_string())]);
    };
    let is_in_time = climb(&ladder(), &case, Situation::act) == decision;
    let began = incident.began_at().map_or("nothing was begun".to_owned(), |began| format!("begun at {began:.0}"));
    let by = format!("{began}, recover-within {:#}", known.recover_within);
    let limit = [("its time to recover is not over", is_in_time, by)];
    climbed(limit.into_iter().chain(checked(&ladder(), &case)))
}

/// One answer without the group is no proof that it is gone; the same for the dwell time is.
pub(super) fn group_missing(now: Timestamp, incident: &Incident, group: &GroupName, policy: &GroupPolicy) -> Decision {
    let group = group.clone();
    let since = match &incident.decision {
        Some(Decision::Hold { because: Hold::Own(HoldReason::GroupMissing { since, .. }), .. }) => *since,
        _ => now,
    };
    if now >= since + policy.dwell && since < now {
        return Decision::Close(Close::NothingWrong { why: format!("group {group} does not exist any more") });
    }
    Decision::Hold { until: now + policy.check_every, because: Hold::Own(HoldReason::GroupMissing { group, since }) }
}

/// Nothing that was begun is held for longer than the policy allows: then a person is asked.
fn bounded(now: Timestamp, incident: &Incident, policy: &GroupPolicy, decision: Decision) -> Decision {
    let within = policy.recover_within;
    let is_overdue = incident.began_at().is_some_and(|began| now >= began + within);
    if !is_overdue || incident.state == State::Escalated {
        return decision;
    }
    match &decision {
        Decision::Act { .. } if incident.acted_at.is_none() => decision,
        Decision::Act { .. } => {
            let why = "the instance is still there and still sick, although its replacement was asked for".to_owned();
            Decision::Page(Page::NotRecovered { within, why })
        }
        Decision::Hold { because: Hold::InFlight | Hold::Proving { .. }, .. } => decision,
        // It is no longer what its group was to replace, and nothing was done to it.
        Decision::Hold { because: Hold::Own(HoldReason::NotConfirmed { .. }), .. } if incident.acted_at.is_none() => {
            decision
        }
        // What was tried did not take effect; waiting has a limit of its own.
        Decision::Hold { because, .. } if because.keeps_waiting() && incident.mitigated_at.is_none() => decision,
        Decision::Hold { because: because @ Hold::Own(HoldReason::GroupReplaces { .. }), .. } => {
            Decision::Page(Page::Own(PageReason::GroupStalled { within, why: because.to_string() }))
        }
        Decision::Hold { because, .. } => Decision::Page(Page::NotRecovered { within, why: because.to_string() }),
        Decision::Close(_) | Decision::Page(_) => decision,
    }
}

/// The first few, and how many more.
pub(super) fn named<T: ToString>(all: &[T]) -> Vec<String> {
    let more = all.len().saturating_sub(MOST_NAMED);
    let named = all.iter().take(MOST_NAMED).map(ToString::to_string);
    named.chain((more > 0).then(|| format!("{more} more"))).collect()
}

fn is_sick(finding: &Finding) -> bool {
    matches!(finding, Finding::Sick(_))
}

fn are_sick(findings: &[Finding]) -> bool {
    !findings.is_empty() && findings.iter().all(is_sick)
}

impl Situation<'_> {
    /// The group's own incident says so to people; whoever is unhealthy once it is back is found then.
    pub(super) fn parked(&self) -> Option<Decision> {
        let parked = parked(self.seen)?;
        if self.incident.is_new() {
            return self.held(Some(Hold::Own(HoldReason::GroupState(parked))));
        }
        Some(Decision::nothing_wrong(parked.to_string()))
    }

    /// Once something was done, or the instance is gone, only recovery counts.
    pub(super) fn recovery(&self) -> Option<Decision> {
        let is_followed = !self.incident.is_new() || self.leaves_as_announced();
        (self.has_acted() || (self.leaving_or_gone() && is_followed)).then(|| self.verify())
    }

    pub(super) fn over(&self) -> Option<Decision> {
        self.nothing_wrong().map(Decision::nothing_wrong)
    }

    /// A breaker that opens stops more than this instance, and pages. What AWS ends is no fault of what was launched.
    pub(super) fn trips(&self) -> Option<Page> {
        let is_foretold = self.confirmed().is_ok_and(|because| because.iter().all(Evidence::is_foretold));
        let memory = &self.around.limits.memory;
        (!is_foretold).then(|| breaker::trips(self.now, self.incident, self.seen, memory, self.policy)).flatten()
    }

    pub(super) fn watched(&self) -> Option<Decision> {
        match self.policy.mode {
            Mode::Act => None,
            Mode::Watch => {
                let because = self.confirmed().unwrap_or_default();
                self.held(Some(Hold::Watching { step: self.step(), because }))
            }
        }
    }

    fn act(&self) -> Decision {
        Decision::Act { step: self.step(), because: self.confirmed().unwrap_or_default() }
    }

    fn step(&self) -> Step {
        let (group, instance) = (self.group.name.clone(), self.id.clone());
        if self.group.launches_first && self.mark_is_heard() {
            Step::MarkUnhealthy { group, instance }
        } else {
            Step::Replace { group, instance }
        }
    }

    /// Auto Scaling takes no mark within the group's own grace period, and says so to nobody.
    fn mark_is_heard(&self) -> bool {
        self.seen.launches.by(&self.id).is_none_or(|started| self.now >= started + self.group.grace)
    }

    pub(super) fn held(&self, because: Option<Hold>) -> Option<Decision> {
        because.map(|because| Decision::Hold { until: self.next_look(&because), because })
    }

    /// From here on only recovery counts. An intent that did not take effect is no act: the ladder decides anew. So it does
    /// for an incident that was paged before any act, and for one whose group only said that it would act.
    fn has_acted(&self) -> bool {
        match self.incident.state {
            State::Verifying => true,
            State::Escalated => self.incident.acted_at.is_some(),
            State::Holding | State::Acting | State::Following | State::Closed => false,
        }
    }

    fn leaving_or_gone(&self) -> bool {
        self.group.member(&self.id).is_none_or(|member| member.lifecycle.is_leaving())
    }

    /// What AWS announced and still says is proof enough. But where the policy's own evidence calls the instance sick, that counts, so
    /// that what is days away hides nothing; and it speaks too where the announcement is void and somebody else has asked.
    pub(super) fn findings(&self) -> &[Finding] {
        self.findings.get_or_init(|| self.find_all())
    }

    fn find_all(&self) -> Vec<Finding> {
        let mut of_policy = self.of_policy();
        // Who led here speaks too where nothing else can tell: it proves nothing, and is not passed over for ever.
        let can_tell = |finding: &Finding| !matches!(finding, Finding::Unknown(_));
        let counts = self.policy.evidence.contains(&EvidenceSource::Alarm);
        if !counts && !self.alarms.is_empty() && !of_policy.iter().any(can_tell) {
            of_policy.push(evidence::alarms(self.alarms, self.seen, &self.id));
        }
        let nobody_else_asked = self.alarms.is_empty() && self.policy.evidence.contains(&EvidenceSource::Alarm);
        match self.announced() {
            None => of_policy,
            Some(_) if are_sick(&of_policy) => of_policy,
            Some(found @ Finding::Sick(_)) => vec![found],
            Some(void) if nobody_else_asked => vec![void],
            Some(void) => of_policy.into_iter().chain([void]).collect(),
        }
    }

    fn of_policy(&self) -> Vec<Finding> {
        self.policy.evidence.iter().map(|evidence| find(*evidence, self.seen, &self.id, self.alarms)).collect()
    }

    /// While something is the group's own business, what was only announced says nothing yet.
    fn verdict(&self) -> Verdict {
        let said = if self.foretold().is_err() {
            evidence::verdict(&self.of_policy())
        } else {
            evidence::verdict(self.findings())
        };
        let is_judged = self.group.member(&self.id).is_some_and(|member| member.lifecycle.is_in_service())
            && self.in_grace().is_ok();
        match said {
            Verdict::Unhealthy | Verdict::Ending | Verdict::Suspected | Verdict::Disputed if !is_judged => {
                Verdict::Unknown
            }
            said => said,
        }
    }

    /// What AWS announced, where that alone is the reason.
    pub(super) fn only_announced(&self) -> Option<Notice> {
        self.notice().filter(|_| !are_sick(&self.of_policy()))
    }

    pub(super) fn announced(&self) -> Option<Finding> {
        let notice = self.incident.kind.notice()?;
        Some(notice::find(notice, self.seen, self.group, &self.id, self.policy, self.now))
    }

    /// As it is now: EC2 may have moved it.
    pub(super) fn notice(&self) -> Option<Notice> {
        match self.announced()? {
            Finding::Sick(Evidence::Notice(notice)) => Some(notice),
            _ => None,
        }
    }

    fn nothing_wrong(&self) -> Option<String> {
        if self.leaving_or_gone() {
            return Some("the instance has left the group, or is leaving it, without Homeostat".to_owned());
        }
        let findings = self.findings();
        // An event whose alarm doesn't say the same when re-read is no signal, unless something else looks sick.
        if self.incident.is_new()
            && !findings.iter().any(is_sick)
            && let Some(says_so) = self.taken_back()
        {
            return Some(says_so);
        }
        self.is_over()
    }

    /// Why there is nothing to wait for, if nothing calls it unhealthy any more.
    fn is_over(&self) -> Option<String> {
        let findings = self.findings();
        if findings.iter().any(is_sick) {
            return None;
        }
        let well: Option<Vec<&str>> = findings.iter().map(Finding::well).collect();
        if let Some(reasons) = well {
            return Some(reasons.join(" and "));
        }
        if self.incident.is_new() {
            return None;
        }
        if self.no_alarm_is_left() {
            return Some("no health alarm of it is left, and nothing else calls it unhealthy".to_owned());
        }
        // Who was proven unhealthy and can't be told of any more has a person asked, and then that person's word ends it.
        let may_end = findings.iter().any(|finding| finding.well().is_some())
            || self.incident.unhealthy_since.is_none()
            || self.incident.acknowledged.is_some();
        let last = self.incident.unhealthy_at.map_or(self.incident.opened_at, |at| at.max(self.incident.opened_at));
        let has_lasted = self.now >= last + self.policy.max_wait;
        let why = "nothing has called it unhealthy for a long time, although some of the evidence is missing";
        (may_end && has_lasted).then(|| why.to_owned())
    }

    /// Each that spoke of it was deleted, or is no verdict any more.
    fn no_alarm_is_left(&self) -> bool {
        self.alarms.is_empty() && self.policy.evidence.contains(&EvidenceSource::Alarm) && self.announced().is_none()
    }

    /// What all who spoke of the instance say now, if none of them says any longer that it is sick.
    fn taken_back(&self) -> Option<String> {
        let spoke = match self.announced() {
            Some(found) if self.alarms.is_empty() => found,
            _ => evidence::alarms(self.alarms, self.seen, &self.id),
        };
        match spoke {
            Finding::Sick(_) => None,
            Finding::Well(why) | Finding::Unknown(why) => Some(why),
        }
    }

    /// Recovered = the subject is gone or well, and as many serve as are desired, less those that other incidents own.
    fn verify(&self) -> Decision {
        if let Err(because) = self.counted() {
            return self.verify_uncounted(because);
        }
        let healthy = Tally::of(self.group.members.iter().filter(|member| self.seen.serves(member))).units;
        let is_others = |member: &&Member| self.around.others_open.iter().any(|it| it.is_instance(&member.id));
        let of_others = Tally::of(self.group.members.iter().filter(is_others)).units;
        let needed = self.group.desired.less(of_others);
        // An instance in service that its group shows as unhealthy is to be replaced, whatever the rest of the evidence says meanwhile.
        let marked = self.group.member(&self.id).filter(|member| !member.healthy);
        let is_replaced_later = marked.is_some_and(|member| member.lifecycle.is_in_service());
        let settled = self.leaving_or_gone() || (self.is_over().is_some() && !is_replaced_later);
        if settled && healthy >= needed {
            return self.proven().unwrap_or_else(|| {
                Decision::Close(match (self.incident.acted_at, self.incident.mitigated_at) {
                    (Some(_), Some(_)) => Close::Recovered,
                    (None, _) if self.leaving_or_gone() => Close::Own(CloseReason::LeftByItself),
                    _ => Close::NothingWrong { why: "the group is whole again, without Homeostat".to_owned() },
                })
            });
        }
        if healthy >= needed {
            return self.recovering(Hold::Own(HoldReason::NotReplaced { marked: marked.is_some() }));
        }
        let (healthy, needed, unit) = (healthy.number(), needed.number(), self.group.unit);
        self.recovering(Hold::Own(HoldReason::Recovering { healthy, needed, unit, held: self.waiting() }))
    }

    /// Whether the group is short can't be told. That all of its members serve can, and is as much as there will ever be.
    fn verify_uncounted(&self, because: Hold) -> Decision {
        if !self.group.members.iter().all(|member| self.seen.serves(member)) {
            // Time runs from where it began, as for any other recovery.
            let why = because.to_string();
            return self.recovering(if self.has_acted() {
                because
            } else {
                Hold::Own(HoldReason::GroupReplaces { why })
            });
        }
        let why = format!("all instances of the group are healthy, and no more can be told: {because}");
        self.proven().unwrap_or(Decision::Close(Close::NothingWrong { why }))
    }

    /// What is well has to stay so.
    fn proven(&self) -> Option<Decision> {
        let since = self.incident.recovered_at.unwrap_or(self.now);
        let until = since + self.policy.dwell;
        (self.now < until).then_some(Decision::Hold { until, because: Hold::Proving { since } })
    }

    /// Looked at again, until its time is over.
    fn recovering(&self, because: Hold) -> Decision {
        if self.incident.state == State::Escalated {
            return Decision::Page(self.still_paged(&because));
        }
        let deadline = self.incident.began_at().map(|began| began + self.policy.recover_within);
        let next_look = self.now + self.policy.check_every;
        let until =
            deadline.filter(|deadline| self.now < *deadline).map_or(next_look, |deadline| deadline.min(next_look));
        Decision::Hold { until, because }
    }

    /// Whom lifecycle hooks hold, with the state that shows it.
    fn waiting(&self) -> Vec<String> {
        let waits = |member: &&Member| member.lifecycle.0.ends_with(":Wait");
        let held: Vec<&Member> = self.group.members.iter().filter(waits).collect();
        let held: Vec<String> = held.iter().map(|member| format!("{} ({})", member.id, member.lifecycle.0)).collect();
        named(&held)
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
            // Not later than any other look: it may get well, leave or be paged for meanwhile.
            Hold::Own(HoldReason::Grace { started, grace }) => {
                (*started + *grace).min(self.now + self.policy.check_every)
            }
            Hold::Own(HoldReason::Announced { from, .. }) if !self.of_policy().iter().any(is_sick) => {
                notice::next_look(*from, self.now, self.policy.check_every)
            }
            Hold::Own(HoldReason::Cooldown { until, .. } | HoldReason::Planned { until, .. }) => {
                (*until).min(self.now + self.policy.check_every)
            }
            Hold::Dependency(moves) => moves.until.min(self.next_look_at_the_waiting()),
            // It is under way, and ends any time.
            Hold::Own(HoldReason::GroupReplaces { .. }) => self.now + self.policy.check_every,
            _ => self.next_look_at_the_waiting(),
        }
    }

    /// What has waited for many looks will hardly end at the next, and where many of a group wait, each look is one of many. But a person
    /// is asked in time.
    fn next_look_at_the_waiting(&self) -> Timestamp {
        let every = self.policy.check_every;
        let looks = self.now.duration_since(self.incident.opened_at).as_secs() / every.as_secs().max(1);
        let sick = sick_at_once(self.now, self.seen, self.group, self.policy).instances;
        let slower = (1 + looks / LOOKS_AT_FULL_PACE).max(i64::from(sick) / MANY);
        let slower = i32::try_from(slower.clamp(1, MOST_SLOWER)).unwrap_or(1);
        let asked_by = self.incident.unhealthy_since.map(|since| since + self.policy.max_wait);
        let next_look = self.now + every * slower;
        asked_by.filter(|asked_by| *asked_by > self.now).map_or(next_look, |asked_by| asked_by.min(next_look))
    }
}
