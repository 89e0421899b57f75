//! What to do about a held instance now: a ladder of early returns, and every way down it ends with the hook completed.
//!
//! This module never holds an instance for a judgement that nobody wants (a pause, `watch`, a hook outside the policy), and
//! never abandons a launch on what could not be read.

use homeostat_core::aws::lifecycle::{ActionResult, Course, Transition, has_gone_on};
use homeostat_core::guard;
use homeostat_core::policy::Mode;
use homeostat_core::ports::{Outcome, Pause};
use homeostat_core::reconcile::climb;
use jiff::{SignedDuration, Timestamp};

use super::ladder::ladder;
use super::launch::{Judged, judge};
use super::observation::Observation;
use super::reasons::{Because, Ended, HookStep, LaunchesFail, Limit, Waits};
use super::state::HookState;
use super::time::{Latest, latest, needs_heartbeat, next_look, retry_after};
use super::{CHECK_EVERY, abandoning, terminate};
use crate::hook::memory::Abandoned;
use crate::hook::policy::{HeldBy, HookPolicy, LaunchPolicy, OnLimit, TerminationPolicy};
use crate::hook::reasons::{
    Circumstances, Close, CloseReason, Decision, Evidence, Hold, HoldReason, Incident, Intent, Page, PageReason, Step,
};

/// Between two tries of a call that AWS refused.
const REFUSED_FOR: SignedDuration = SignedDuration::from_mins(4);

/// An event may be quicker than the description of what it tells, by seconds.
const UNSEEN_AT_MOST: SignedDuration = SignedDuration::from_mins(1);

/// So many answers in a row that there is no such action, with its token and without: it is over, and another hook may hold the
/// instance still. Fewer may be a wait state that is shown before the action is (PrairieLearn, pull request 15586).
const LOST_FOR_GOOD: u32 = 6;

/// A launch that had begun when Launch was suspended may show its machine so much later.
const LAUNCHING: SignedDuration = SignedDuration::from_secs(30);

/// A description may be some seconds old.
const SHOWN_LATE: SignedDuration = SignedDuration::from_secs(5);

/// What is waited for where an old description would let an instance in.
pub(super) const STILL_SHOWN: &str = "Auto Scaling has shown it on its way into the warm pool for less than a minute";

/// What a heartbeat tells beside giving more time.
pub(super) const IS_IT_KNOWN: &str = "Auto Scaling to know the action that an event reported";

/// Auto Scaling holds nothing for longer (API reference, `PutLifecycleHook`, `HeartbeatTimeout`).
const HELD_AT_MOST: SignedDuration = SignedDuration::from_hours(48);

#[derive(Clone, Copy)]
pub(super) struct Situation<'a> {
    pub now: Timestamp,
    pub incident: &'a Incident,
    pub kept: &'a HookState,
    pub seen: &'a Observation,
    pub around: &'a Circumstances,
    pub policy: &'a HookPolicy,
}

/// What the policy makes of it.
pub(super) enum Judgement {
    Complete(ActionResult, Because),
    First(HookStep, Because),
    Wait(Waits),
    /// What an event said would decide, and Auto Scaling has not yet shown that it knows the action.
    Ask,
}

pub(super) fn decide(case: &Situation<'_>) -> Decision {
    let decision = undelayed(case);
    // An action that an event reported beside this one is asked about when this one needs nothing.
    let needs_nothing = match &decision {
        Decision::Hold { because: Hold::Own(HoldReason::Hook(waits)), .. } => !matches!(waits, Waits::Settling { .. }),
        Decision::Close(_) => true,
        _ => false,
    };
    match case.kept.ask_for_claimed() {
        Some(step) if needs_nothing => case.act(step, Because::NeedsTime { missing: vec![IS_IT_KNOWN.to_owned()] }),
        _ => decision,
    }
}

/// About this action alone.
pub(super) fn undelayed(case: &Situation<'_>) -> Decision {
    climb(&ladder(), case, |case| case.so(case.by_its_policy()))
}

impl<'a> Situation<'a> {
    fn intent(&self) -> Option<(&'a Intent, &'a HookStep)> {
        let intent = self.incident.intent.as_ref()?;
        let Step::Hook(step) = &intent.step;
        Some((intent, step))
    }

    /// Not waiting any more, as far as Auto Scaling shows; or past the time at which it ends the action by itself.
    pub(super) fn left(&self) -> Option<String> {
        if self.kept.lost >= LOST_FOR_GOOD {
            return Some("Auto Scaling knows no action of this hook for it any more".to_owned());
        }
        let is_over = self.kept.ends().is_some_and(|ends| self.now >= ends);
        match self.seen.member.as_ref()? {
            Err(_) => is_over.then(|| "Auto Scaling holds nothing for longer".to_owned()),
            Ok(None) if self.is_fresh() => None,
            Ok(None) => Some("it has left its group".to_owned()),
            Ok(Some(member)) => {
                let waits = Course::of(self.kept.transition, &member.lifecycle).is_some();
                let may_come = self.is_fresh() && !self.is_shown_over(&member.lifecycle);
                (!waits && !may_come).then(|| format!("it is {}", member.lifecycle.0))
            }
        }
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.now < self.kept.began + UNSEEN_AT_MOST
    }

    /// A call that AWS did not let through: a person has to fix the role, or to complete the hook. It is tried again now and then,
    /// since only that shows that the role is fixed, and the hook has to be completed.
    pub(super) fn refused(&self) -> Option<String> {
        let (intent, step) = self.intent()?;
        let tried_at = intent.until - self.incident.lease();
        match (&intent.outcome, step) {
            (Some(Outcome::Refused { why }), HookStep::Complete { .. })
                if self.kept.is_about_this_action(step) && self.now < tried_at + REFUSED_FOR =>
            {
                Some(why.clone())
            }
            _ => None,
        }
    }

    pub(super) fn unseen(&self) -> Option<String> {
        match self.seen.member.as_ref()? {
            Ok(None) => Some("no such instance".to_owned()),
            Ok(Some(member)) => {
                let waits = Course::of(self.kept.transition, &member.lifecycle).is_some();
                (!waits).then(|| member.lifecycle.0.clone())
            }
            Err(_) => None,
        }
    }

    /// What a judgement comes to. The hook's timeout runs whatever is waited for.
    pub(super) fn so(&self, judgement: Judgement) -> Decision {
        match judgement {
            Judgement::Ask => self.beat(IS_IT_KNOWN.to_owned()),
            Judgement::Complete(result, because) => {
                self.act(HookStep::Complete { action: self.kept.action(), result }, because)
            }
            Judgement::First(step, _) if needs_heartbeat(self.kept, self.now) => self.beat(step.to_string()),
            Judgement::First(step, because) => self.act(step, because),
            Judgement::Wait(waits) if needs_heartbeat(self.kept, self.now) => self.beat(waits.to_string()),
            Judgement::Wait(waits) => self.hold(waits),
        }
    }

    /// Nobody is held for a judgement that nobody wants.
    pub(super) fn go_on(&self, because: Because) -> Decision {
        self.so(Judgement::Complete(ActionResult::Continue, because))
    }

    /// What a survey found may be held by another hook: only the answer tells whether there is an action of this one.
    pub(super) fn unknown(&self) -> Option<Decision> {
        self.kept.last_heartbeat.is_none().then(|| self.beat("what it is held for".to_owned()))
    }

    pub(super) fn paused(&self) -> Option<Decision> {
        let Pause { scope, by, reason, .. } = guard::pause(self.now, &self.around.limits)?;
        let (scope, by, reason) = (scope.clone(), by.clone(), reason.clone());
        Some(self.go_on(Because::Paused { scope, by, reason }))
    }

    pub(super) fn uncertain(&self) -> Option<Decision> {
        let is_acting = self.held_by().is_some_and(|policy| policy.mode() == Mode::Act);
        let missing = || vec![STILL_SHOWN.to_owned()];
        (is_acting && self.may_have_come_out(self.course()))
            .then(|| self.so(Judgement::Wait(Waits::Evidence { missing: missing() })))
    }

    pub(super) fn serves_nobody(&self) -> Option<Decision> {
        let course = self.course();
        course.serves_nobody().then(|| self.go_on(Because::ServesNobody { course }))
    }

    pub(super) fn watched(&self) -> Option<Decision> {
        let is_watched = self.held_by().is_some_and(|policy| policy.mode() == Mode::Watch);
        is_watched.then(|| self.go_on(Because::Watching { would: would(&self.by_its_policy()) }))
    }

    pub(super) fn by_its_policy(&self) -> Judgement {
        match self.held_by() {
            Some(policy) => self.by_policy(&policy, self.course()),
            None => Judgement::Complete(ActionResult::Continue, Because::NotInPolicy),
        }
    }

    pub(super) fn by_policy(&self, policy: &HeldBy<'_>, course: Course) -> Judgement {
        if self.is_in_doubt(course) {
            return Judgement::Ask;
        }
        match policy {
            HeldBy::Launch(policy) => self.launch(policy),
            HeldBy::Termination(policy) => self.termination(policy, course),
        }
    }

    /// A hook that the policy has for the other transition is not the one that it means.
    pub(super) fn held_by(&self) -> Option<HeldBy<'a>> {
        self.policy.of(&self.kept.group, &self.kept.hook).filter(|policy| policy.transition() == self.kept.transition)
    }

    fn launch(&self, policy: &LaunchPolicy) -> Judgement {
        let judged = judge(self.seen, policy);
        let latest = self.latest(policy.within);
        if judged.is_ready() {
            return Judgement::Complete(ActionResult::Continue, Because::Ready { evidence: judged.there });
        }
        if self.now < latest.at {
            return Judgement::Wait(Waits::Evidence { missing: judged.open() });
        }
        if self.kept.accepted {
            return self.too_late(policy, judged, latest.limit);
        }
        match self.no_time_to_ask() {
            Some(limit) => self.too_late(policy, judged, limit),
            None => Judgement::Ask,
        }
    }

    /// What ends the waiting although Auto Scaling has not answered whether it knows the action: EC2 takes the machine, or heartbeats
    /// were tried in vain until the timeout was nearly over.
    pub(super) fn no_time_to_ask(&self) -> Option<Limit> {
        let latest = self.latest(HELD_AT_MOST);
        (self.now >= latest.at && !matches!(latest.limit, Limit::Policy { .. } | Limit::Global)).then_some(latest.limit)
    }

    fn too_late(&self, policy: &LaunchPolicy, judged: Judged, limit: Limit) -> Judgement {
        let go_on = |because| Judgement::Complete(ActionResult::Continue, because);
        match limit {
            Limit::Spot { .. } => Judgement::Complete(ActionResult::Abandon, Because::Interrupted { limit }),
            Limit::Timeout => {
                let why = judged.unknown.into_iter().chain([limit.to_string()]).collect();
                go_on(Because::Unjudged { why })
            }
            Limit::Policy { .. } | Limit::Global if judged.missing.is_empty() => {
                go_on(Because::Unjudged { why: judged.unknown })
            }
            Limit::Policy { .. } | Limit::Global => self.not_ready(policy, judged.missing),
        }
    }

    fn not_ready(&self, policy: &LaunchPolicy, missing: Vec<String>) -> Judgement {
        if let Some(unread) = self.may_serve_nobody() {
            let missing = vec![unread];
            return match self.now < self.latest(HELD_AT_MOST).at {
                true => Judgement::Wait(Waits::Evidence { missing }),
                false => Judgement::Complete(ActionResult::Continue, Because::Unjudged { why: missing }),
            };
        }
        let row = self.row();
        let abandoned = row.map_or(0, |row| row.instances.iter().filter(|id| **id != self.kept.instance).count());
        // Whether those were abandoned comes out later; until then they count, or one too many would be.
        let unsettled = row.map_or(0, |row| row.others_unsettled(self.now, &self.kept.instance).count());
        let others = u32::try_from(abandoned + unsettled).unwrap_or(u32::MAX);
        let are_enough = unsettled > 0 && others >= policy.max_abandoned && policy.on_limit == OnLimit::Admit;
        let filled = row.and_then(|row| row.limit_reached.as_ref());
        // What was on its way when Launch was suspended is not launched again.
        let was_on_its_way = |at| self.kept.launched_at() < at + LAUNCHING;
        let in_vain = filled.filter(|filled| policy.on_limit == OnLimit::Admit || !was_on_its_way(filled.at));
        if are_enough || in_vain.is_some_and(|filled| filled.by != self.kept.instance) {
            let because = Because::Admitted { missing, abandoned: others };
            return Judgement::Complete(ActionResult::Continue, because);
        }
        if let (None, Some(waits)) = (filled, self.others_decide(policy, others)) {
            let latest = self.latest(HELD_AT_MOST);
            let why = vec![waits.to_string()];
            return match self.now < latest.at {
                true => Judgement::Wait(waits),
                false => Judgement::Complete(ActionResult::Continue, Because::Unjudged { why }),
            };
        }
        let fills = filled.is_none() && others + 1 >= policy.max_abandoned;
        if fills && policy.on_limit == OnLimit::SuspendLaunch && !self.kept.launch_suspended {
            let group = self.kept.group.clone();
            return Judgement::First(
                HookStep::SuspendLaunch { group },
                Because::LaunchesFail { abandoned: others + 1 },
            );
        }
        let held = SignedDuration::from_secs(self.now.duration_since(self.kept.began).as_secs());
        Judgement::Complete(ActionResult::Abandon, Because::NotReady { missing, within: held })
    }

    /// On its way into the warm pool it would be let go on, and where it goes could not be read.
    fn may_serve_nobody(&self) -> Option<String> {
        let unread = self.seen.member.as_ref()?.as_ref().err()?;
        self.kept.told_course().is_none().then(|| unread.clone())
    }

    /// Launches that AWS was asked to abandon, where its answer decides what becomes of this one.
    fn others_decide(&self, policy: &LaunchPolicy, abandoned: u32) -> Option<Waits> {
        let trying: Vec<_> = self.row()?.others_trying(self.now, &self.kept.instance).cloned().collect();
        let at_most = abandoned + u32::try_from(trying.len()).unwrap_or(u32::MAX);
        let decides = match policy.on_limit {
            OnLimit::Admit => at_most >= policy.max_abandoned,
            // Whoever fills the row suspends Launch first.
            OnLimit::SuspendLaunch => abandoned + 1 < policy.max_abandoned && at_most + 1 >= policy.max_abandoned,
        };
        (decides && !trying.is_empty()).then_some(Waits::Abandoning { others: trying })
    }

    /// Launches from the same source that were abandoned.
    fn row(&self) -> Option<&'a Abandoned> {
        let row = self.around.limits.memory.abandoned_of(&self.kept.hook, self.kept.launched_from.as_deref());
        row.filter(|row| !row.is_another_rollout(&abandoning::launch(self.kept)))
    }

    fn termination(&self, policy: &TerminationPolicy, course: Course) -> Judgement {
        let go_on = |because| Judgement::Complete(ActionResult::Continue, because);
        let step = terminate::step(self.kept, self.seen, policy).filter(|_| self.is_shown_waiting());
        let mut waiting: Vec<String> = step.iter().map(ToString::to_string).collect();
        let is_gone = terminate::machine(self.seen) == terminate::Machine::Gone;
        if !is_gone {
            waiting.extend(terminate::in_use(self.now, self.kept, self.seen, policy));
        }
        let latest = self.latest(policy.within);
        // A value of the metric counts if it is newer than the action.
        let went_by_the_event = waiting.is_empty() && policy.busy_metric.is_some() && !self.kept.accepted;
        // On its way into the pool it waits in the same state: only the answer tells that it is this hook which holds it.
        let may_be_a_launch = course == Course::BackToPool && !self.kept.accepted;
        match step {
            _ if went_by_the_event && !is_gone => Judgement::Ask,
            Some(_) if may_be_a_launch && self.now < latest.at => Judgement::Ask,
            _ if waiting.is_empty() => {
                let registered = terminate::stays(self.seen, policy);
                go_on(if registered.is_empty() { Because::Drained } else { Because::MachineGone { registered } })
            }
            _ if self.now >= latest.at && self.kept.accepted => {
                go_on(Because::OutOfTime { limit: latest.limit, waiting })
            }
            _ if self.now >= latest.at => match self.no_time_to_ask() {
                Some(limit) => go_on(Because::OutOfTime { limit, waiting }),
                None => Judgement::Ask,
            },
            Some(step) => Judgement::First(step, Because::Leaving { course }),
            None => Judgement::Wait(Waits::InUse { by: waiting }),
        }
    }

    /// An event's word is good for completing its action, and for nothing else: it may be late, and the instance back in service.
    fn is_shown_waiting(&self) -> bool {
        let shown = self.seen.shown();
        shown.is_some_and(|member| Course::of(self.kept.transition, &member.lifecycle).is_some())
    }

    fn next_look(&self, within: SignedDuration) -> Timestamp {
        next_look(self.kept, self.now, self.policy.check_every, &self.latest(within))
    }

    fn latest(&self, within: SignedDuration) -> Latest {
        latest(self.kept, within, self.policy.check_every, self.interrupted_at())
    }

    fn interrupted_at(&self) -> Option<Timestamp> {
        self.seen.interrupted_at.as_ref()?.as_ref().ok().copied().flatten()
    }

    fn beat(&self, missing: String) -> Decision {
        let because = Because::NeedsTime { missing: vec![missing] };
        self.act(HookStep::Heartbeat { action: self.kept.action() }, because)
    }

    /// The same call again only after a while: the last one may not show yet, or AWS wants to be left alone.
    fn act(&self, step: HookStep, because: Because) -> Decision {
        let same = self.intent().filter(|(_, last)| **last == step);
        let settles = self.policy.check_every.min(retry_after(self.kept)) - self.incident.lease();
        if let Some(until) = same.map(|(intent, _)| intent.until + settles).filter(|until| self.now < *until) {
            return Decision::Hold {
                until,
                because: Hold::Own(HoldReason::Hook(Waits::Settling { step: Box::new(step) })),
            };
        }
        Decision::Act { step: Step::Hook(Box::new(step)), because: vec![Evidence::Hook(because)] }
    }

    pub(super) fn hold(&self, waits: Waits) -> Decision {
        let within = self.held_by().map_or(UNSEEN_AT_MOST, |policy| policy.within());
        let until = match waits {
            // Its own time is over, and its hook's timeout runs all the same.
            Waits::Abandoning { .. } => self.next_look(HELD_AT_MOST),
            Waits::Evidence { .. } if self.now >= self.latest(within).at => self.next_look(HELD_AT_MOST),
            Waits::Others { .. } | Waits::Unread { .. } => {
                self.now + between_looks_at_the_completed(self.now, self.incident)
            }
            _ => self.next_look(within),
        };
        Decision::Hold { until, because: Hold::Own(HoldReason::Hook(waits)) }
    }

    /// The hook is completed, or over. Whoever was the last to be abandoned in a row sees to it that people hear of it, and stays open
    /// until a launch succeeds or a person has looked.
    pub(super) fn went_on(&self, result: Option<ActionResult>, left: Option<String>) -> Decision {
        if let Some(HeldBy::Launch(policy)) = self.held_by() {
            let memory = &self.around.limits.memory;
            let memory = abandoning::over(self.now, self.incident, self.seen, memory, policy.max_abandoned);
            let abandoned = memory.abandoned_of(&self.kept.hook, self.kept.launched_from.as_deref());
            let by_this =
                |row: &Abandoned| row.limit_reached.as_ref().is_some_and(|filled| filled.by == self.kept.instance);
            let is_last = |row: &&Abandoned| row.superseded.is_none() && by_this(row);
            if let Some(abandoned) = abandoned.filter(is_last) {
                return Decision::Page(Page::Own(PageReason::LaunchesFail(LaunchesFail {
                    group: self.kept.group.clone(),
                    hook: self.kept.hook.clone(),
                    abandoned: u32::try_from(abandoned.instances.len()).unwrap_or(u32::MAX),
                    launched_from: self.kept.launched_from.clone(),
                    on_limit: policy.on_limit,
                    not_done: self.kept.not_done.clone(),
                })));
            }
        }
        let by_us_or_lost = result.is_some() || self.kept.lost >= LOST_FOR_GOOD;
        if let Some(waits) = self.waits_on(result).filter(|_| by_us_or_lost) {
            return self.hold(waits);
        }
        let because = result.and(self.kept.completed_because.clone());
        let mut undone = self.kept.not_done.clone();
        if let Some(HeldBy::Termination(policy)) = self.held_by().filter(|policy| policy.mode() == Mode::Act) {
            undone.extend(terminate::unlisted(self.kept, self.seen, policy));
        }
        Decision::Close(Close::Own(CloseReason::Hook(Ended { result, because, left, not_done: undone })))
    }

    /// This hook holds it no more, and it may wait on: another hook of its group holds it, or the state is shown late, or could not be
    /// read. To close would be to find it again with the next survey, and to take it for a new action.
    fn waits_on(&self, result: Option<ActionResult>) -> Option<Waits> {
        // A description may still show what was before the wait state, and says nothing of what came after.
        let is_fresh = self.now < tried_at(self.incident) + UNSEEN_AT_MOST;
        let is_over = self.kept.ends().is_some_and(|ends| self.now >= ends);
        let unread = |why: &str| Waits::Unread { result, why: why.to_owned() };
        let member = match &self.seen.member {
            None => return (!is_over).then(|| unread("it was not looked at")),
            Some(Err(why)) => return (!is_over).then(|| unread(why)),
            Some(Ok(None)) => {
                let may_come = is_fresh && self.kept.transition == Transition::Launching;
                return may_come.then(|| unread("Auto Scaling doesn't show it"));
            }
            Some(Ok(Some(member))) => member,
        };
        let completed_on = self.kept.completed_on.or(self.kept.course);
        let is_held = match Course::of(self.kept.transition, &member.lifecycle) {
            Some(course) if completed_on.is_none_or(|completed_on| completed_on == course) => true,
            // Into the pool is what came before whatever else was completed.
            None | Some(Course::IntoPool | Course::BackToPool) => {
                is_fresh && !has_gone_on(self.kept.transition, completed_on, &member.lifecycle)
            }
            Some(_) => false,
        };
        is_held.then(|| Waits::Others { result, state: member.lifecycle.0.clone() })
    }
}

fn would(judgement: &Judgement) -> Vec<String> {
    match judgement {
        Judgement::Complete(_, Because::Ready { .. } | Because::Drained) => Vec::new(),
        Judgement::Complete(_, because) => vec![because.to_string()],
        Judgement::First(step, _) => vec![step.to_string()],
        Judgement::Wait(waits) => vec![waits.to_string()],
        Judgement::Ask => vec![IS_IT_KNOWN.to_owned()],
    }
}

/// Often at first, since a state may only be shown late; once a minute if another hook holds it for long.
fn between_looks_at_the_completed(now: Timestamp, incident: &Incident) -> SignedDuration {
    let since = now.duration_since(tried_at(incident)).max(SignedDuration::ZERO);
    (since / 2).clamp(SHOWN_LATE, CHECK_EVERY)
}

/// When the last call was about to be made.
fn tried_at(incident: &Incident) -> Timestamp {
    incident.intent.as_ref().map_or(incident.opened_at, |intent| intent.until - incident.lease())
}
