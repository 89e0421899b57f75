//! What the incident of a held instance keeps from look to look.
//!
//! This module never decides; each transition is the loop's.

use homeostat_core::aws::lifecycle::{ActionId, ActionResult, Course, LifecycleEvent, Place, Terms, Transition};
use homeostat_core::id::{ActionToken, GroupName, HookName, InstanceId, Subject};
use homeostat_core::ports::Outcome;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::claim::Claim;
use super::observation::Observation;
use super::reasons::{Because, HookStep};
use crate::hook::reasons::{Incident, Intent, Step};

/// `HeartbeatTimeout` is 30 s at least (API reference, `PutLifecycleHook`): what to expect of a hook that can't be read.
pub(super) const SHORTEST_TIMEOUT: SignedDuration = SignedDuration::from_secs(30);

/// So many answers that the action is not active, and its token is taken for an older action's: the instance is named instead.
pub(super) const LOST_TOKENS: u32 = 2;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookState {
    pub group: GroupName,
    pub hook: HookName,
    pub instance: InstanceId,
    pub transition: Transition,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<ActionToken>,
    /// When the action began, as far as is known: when an event said so, or when the instance was found waiting.
    pub began: Timestamp,
    /// Auto Scaling accepted a heartbeat for this very action. Until then there may be no such action, whatever an event said.
    #[serde(default)]
    pub accepted: bool,
    /// Another action that an event reported meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// When its timeout last began to run, as far as is known. A heartbeat makes it known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_heartbeat: Option<Timestamp>,
    #[serde(default)]
    pub heartbeats: u32,
    /// In a row, without one that came through.
    #[serde(default)]
    pub failed_heartbeats: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<Course>,
    /// As the event with this token said. No description of the instance tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Place>,
    /// What the instance was launched from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launched_from: Option<String>,
    /// When its machine was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// The incident whose replacement brought this transition about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<Subject>,
    /// Answers in a row that no such action is active.
    #[serde(default)]
    pub lost: u32,
    /// When the instance's own record was removed: resolvers may remember it for its time to live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unresolved_from: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unresolved_ttl: Option<SignedDuration>,
    /// Addresses and names of the instance: EC2 forgets them when the machine is gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Suspending Launch was tried, before this launch is abandoned.
    #[serde(default)]
    pub launch_suspended: bool,
    /// Why it is being completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_because: Option<Because>,
    /// On which course it was then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_on: Option<Course>,
    /// What was to be done and could not be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_done: Vec<String>,
    /// When this function wakes itself: a wake-up before that is one too many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_look: Option<Timestamp>,
}

impl HookState {
    pub fn told(told: &LifecycleEvent) -> HookState {
        let token = Some(told.token.clone());
        let held = HookState::found(&told.group, &told.hook, &told.instance, told.transition, told.at);
        HookState { token, last_heartbeat: Some(told.at), course: told.course, origin: told.origin, ..held }
    }

    /// Nobody told of it, so neither its token nor its time is known.
    pub fn found(
        group: &GroupName,
        hook: &HookName,
        instance: &InstanceId,
        transition: Transition,
        now: Timestamp,
    ) -> HookState {
        HookState {
            group: group.clone(),
            hook: hook.clone(),
            instance: instance.clone(),
            transition,
            token: None,
            began: now,
            accepted: false,
            claim: None,
            last_heartbeat: None,
            heartbeats: 0,
            failed_heartbeats: 0,
            terms: None,
            course: None,
            origin: None,
            launched_from: None,
            started_at: None,
            part_of: None,
            lost: 0,
            unresolved_from: None,
            unresolved_ttl: None,
            addresses: Vec::new(),
            launch_suspended: false,
            completed_because: None,
            completed_on: None,
            not_done: Vec::new(),
            next_look: None,
        }
    }

    /// With what was seen that is to be remembered.
    #[must_use]
    pub(super) fn saw(self, opened_at: Timestamp, now: Timestamp, seen: &Observation) -> HookState {
        let member = seen.shown();
        let course = member.and_then(|member| Course::of(self.transition, &member.lifecycle));
        let details = seen.details.as_ref().and_then(|details| details.as_ref().ok()?.as_ref());
        let addresses = details.map(|details| details.addresses.clone()).unwrap_or_default();
        let terms = seen.terms.as_ref().and_then(|terms| terms.as_ref().ok()?.clone());
        let started_at = details.and_then(|details| details.started_at);
        let first_started_at = started_at.filter(|started_at| *started_at <= opened_at);
        let kept = self.between(first_started_at, now).on_course(now, course);
        // A description may be older than the action; what an event said of this very action is not.
        let course = kept.told_course().or(course).or(kept.course);
        HookState {
            started_at: started_at.or(kept.started_at),
            launched_from: kept.launched_from.or_else(|| member?.launched_from.clone()),
            addresses: if addresses.is_empty() { kept.addresses } else { addresses },
            course,
            // What the action began under; a hook that is changed meanwhile changes nothing about it.
            terms: kept.terms.or(terms),
            ..kept
        }
    }

    /// An event's time is a hint: no launch began before its machine was started, and nothing begins after now. A machine that leaves
    /// may be started once more, and so may one that is held since before that: then the hook's timeout runs on.
    fn between(self, started_at: Option<Timestamp>, now: Timestamp) -> HookState {
        let earliest = started_at.filter(|_| self.transition == Transition::Launching);
        let bounded = |at: Timestamp| at.max(earliest.unwrap_or(at)).min(now);
        let claim = self.claim.map(|claim| Claim { at: bounded(claim.at), ..claim });
        if self.accepted {
            return HookState { claim, ..self };
        }
        HookState { began: bounded(self.began), last_heartbeat: self.last_heartbeat.map(bounded), claim, ..self }
    }

    /// An action that is known by its instance alone is another one as soon as that is on another course: how long it was held, and
    /// what Auto Scaling answered, says nothing of this one.
    fn on_course(self, now: Timestamp, course: Option<Course>) -> HookState {
        let is_another = course.is_some_and(|shown| self.course != Some(shown));
        if self.token.is_some() || !is_another {
            return self;
        }
        // Where no course was known, it may be the one that was asked for.
        let lost = if self.course.is_some() { 0 } else { self.lost };
        HookState { began: now, last_heartbeat: None, accepted: false, lost, failed_heartbeats: 0, ..self }
    }

    /// This action let it into the warm pool, and it waits again on its way out of it: another action of the same hook, of which no
    /// event may ever tell.
    pub(super) fn came_out_of_the_pool(&self, intent: Option<&Intent>, seen: &Observation) -> bool {
        let shown = seen.shown().and_then(|member| Course::of(self.transition, &member.lifecycle));
        let went_in = matches!(self.completed_on.or(self.course), Some(Course::IntoPool | Course::BackToPool));
        let comes_out = shown.is_some_and(|shown| !matches!(shown, Course::IntoPool | Course::BackToPool));
        went_in && comes_out && self.completed(intent).is_some()
    }

    /// The event is about an action that began after this one was completed, or after Auto Scaling knew of none, although the incident was
    /// closed later still.
    pub(super) fn is_before(&self, closed: &Incident, told: &LifecycleEvent) -> bool {
        let Some(intent) = &closed.intent else { return false };
        let is_over = self.completed(Some(intent)).is_some() || matches!(intent.outcome, Some(Outcome::Lost { .. }));
        let tried_at = intent.until - closed.lease();
        is_over && self.token.as_ref() != Some(&told.token) && told.at > tried_at
    }

    /// As a survey would find it now.
    pub(super) fn again(&self, now: Timestamp) -> HookState {
        let found = HookState::found(&self.group, &self.hook, &self.instance, self.transition, now);
        HookState { addresses: self.addresses.clone(), ..found }
    }

    /// Its machine was started before it began to wait.
    pub(super) fn launched_at(&self) -> Timestamp {
        self.started_at.map_or(self.began, |started| started.min(self.began))
    }

    /// As the event of this very action said, which names both ends or neither. What is known else is from a description.
    pub(super) fn told_course(&self) -> Option<Course> {
        self.course.filter(|_| self.token.is_some() && self.origin.is_some())
    }

    /// As far as is known. An instance of the warm pool may be of any older version when it is started again.
    pub(super) fn is_fresh(&self) -> bool {
        self.token.is_some() && self.origin == Some(Place::Ec2)
    }

    pub fn action(&self) -> ActionId {
        let token = self.token.clone();
        let (group, hook, instance) = (self.group.clone(), self.hook.clone(), self.instance.clone());
        ActionId { group, hook, instance, token }
    }

    /// This action, by Homeostat. An action of the same hook that came later is another.
    pub fn completed(&self, intent: Option<&Intent>) -> Option<ActionResult> {
        let intent = intent.filter(|intent| intent.took_effect())?;
        let Step::Hook(step) = &intent.step;
        let HookStep::Complete { result, .. } = &**step else { return None };
        self.is_about_this_action(step).then_some(*result)
    }

    /// Not about an earlier action of the same hook and instance.
    pub(super) fn is_about_this_action(&self, step: &HookStep) -> bool {
        let (HookStep::Complete { action, .. } | HookStep::Heartbeat { action }) = step else { return true };
        action.token.is_none() || action.token == self.token
    }

    /// What AWS said to suspending Launch, if it refused.
    pub fn suspension_refused(&self) -> Option<&str> {
        let step = HookStep::SuspendLaunch { group: self.group.clone() }.to_string();
        self.not_done.iter().find(|undone| undone.starts_with(&step)).map(String::as_str)
    }

    pub(super) fn timeout(&self) -> SignedDuration {
        self.terms.as_ref().map_or(SHORTEST_TIMEOUT, |terms| terms.timeout)
    }

    /// When Auto Scaling ends the action by itself, as far as is known.
    pub fn expires(&self) -> Option<Timestamp> {
        let by_heartbeat = self.last_heartbeat? + self.timeout();
        Some(self.ends().map_or(by_heartbeat, |ends| ends.min(by_heartbeat)))
    }

    /// When it ends whatever the heartbeats.
    pub fn ends(&self) -> Option<Timestamp> {
        self.terms.as_ref().map(|terms| self.began + terms.global)
    }

    /// Whoever holds the instance under another token has held it for who knows how long: not for as long as the older action did.
    fn no_such_action(&mut self, now: Timestamp) {
        self.lost += 1;
        if self.lost >= LOST_TOKENS && self.token.take().is_some() {
            (self.began, self.last_heartbeat, self.accepted) = (now, None, false);
            (self.course, self.completed_on) = (None, None);
        }
    }

    pub fn settled(&mut self, tried_at: Timestamp, now: Timestamp, step: &HookStep, outcome: &Outcome) {
        if !self.is_about_this_action(step) {
            return self.answered(tried_at, now, step, outcome);
        }
        match (step, outcome) {
            // From before the call: the timeout that it restarted runs from then at the latest.
            (HookStep::Heartbeat { .. }, Outcome::Done) => {
                self.last_heartbeat = Some(tried_at);
                self.accepted = true;
                self.heartbeats += 1;
                self.failed_heartbeats = 0;
                self.lost = 0;
            }
            (HookStep::Heartbeat { .. } | HookStep::Complete { .. }, Outcome::Lost { .. }) => {
                self.no_such_action(now);
            }
            // Not as it was read: the SDK repeats a call by itself, and an answer that was lost may have been that it is removed.
            (
                HookStep::RemoveRecords { sets, .. },
                Outcome::Done | Outcome::AlreadyDone | Outcome::Pending { .. } | Outcome::Lost { .. },
            ) => {
                self.unresolved_from = Some(now);
                let longest = sets.iter().filter_map(|set| set.ttl).max();
                self.unresolved_ttl = longest.map(SignedDuration::from_secs);
            }
            _ => {}
        }
        self.failed_heartbeats += u32::from(step.is_heartbeat() && *outcome != Outcome::Done);
        if let (false, Outcome::Refused { why }) = (step.completes() || step.is_heartbeat(), outcome) {
            self.not_done.push(format!("{step}: {why}"));
        }
        if let HookStep::SuspendLaunch { .. } = step {
            // One try: a launch is not kept waiting for it, and what is launched all the same is let in.
            self.launch_suspended = true;
            if let Outcome::Unknown { why } = outcome {
                self.not_done.push(format!("{step}: {why}"));
            }
        }
    }
}
