//! How hooks hold an instance in a wait state, and what lets it go on (EC2 Auto Scaling User Guide, "How lifecycle hooks
//! work").
//!
//! This module never decides that an instance comes or goes: it only keeps it waiting on its way.

use homeostat_core::id::{GroupName, InstanceId};
use serde_json::Value;

use crate::action::{ActionBy, ActionEnd, ActiveAction, LifecycleAction};
use crate::agenda::Due;
use crate::hook::{ActionResult, LifecycleHook};
use crate::journey::Journey;
use crate::lifecycle::LifecycleState;
use crate::refusal::Refusal;
use crate::world::World;

impl World {
    /// `CompleteLifecycleAction`. AWS answers for a hook that is none as for an action that is over; on no page.
    ///
    /// # Errors
    /// [`Refusal`]: no such group, or no active action of that hook with that token or instance.
    pub fn complete_lifecycle_action(
        &mut self,
        group: &GroupName,
        hook: &str,
        by: ActionBy,
        result: ActionResult,
    ) -> Result<(), Refusal> {
        let token = self.active(group, hook, by)?.token.clone();
        self.finish(&token, ActionEnd::Completed(result));
        Ok(())
    }

    /// `RecordLifecycleActionHeartbeat`.
    ///
    /// # Errors
    /// [`Refusal`]: no such group, or no active action of that hook with that token or instance.
    pub fn record_lifecycle_action_heartbeat(
        &mut self,
        group: &GroupName,
        hook: &str,
        by: ActionBy,
    ) -> Result<(), Refusal> {
        let now = self.now;
        let action = self.active(group, hook, by)?;
        action.heartbeat(now);
        let (at, due) = (action.ends_at, Due::ActionEnds(action.token.clone()));
        self.agenda.schedule(at, due);
        Ok(())
    }

    /// What holds instances now, oldest first.
    pub fn active_actions(&self) -> impl Iterator<Item = &ActiveAction> {
        self.active_actions.iter()
    }

    /// What once held an instance, in the order in which it ended.
    pub fn lifecycle_actions(&self) -> &[LifecycleAction] {
        &self.lifecycle_actions
    }

    /// The event that tells of an action, once more.
    pub fn lifecycle_event(&mut self, token: &str) -> Option<Value> {
        let action = self.active_actions.iter().find(|action| action.token == token)?;
        let arn = self.groups.get(&action.group)?.arn.clone();
        Some(action.event(&self.place, &arn, self.ids.uuid()))
    }

    /// Events of hooks get lost from now on, or arrive again: they are "emitted on a best-effort basis" (EC2 Auto Scaling
    /// User Guide, "Use EventBridge to handle Auto Scaling events"). Those that wait to be taken stay.
    pub fn lose_hook_events(&mut self, lost: bool) {
        self.hook_events_lost = lost;
    }

    fn active(&mut self, group: &GroupName, hook: &str, by: ActionBy) -> Result<&mut ActiveAction, Refusal> {
        self.known_group(group)?;
        let mut actions = self.active_actions.iter_mut();
        let found = actions.find(|action| action.group == *group && action.hook.name == hook && action.is(&by));
        found.ok_or(Refusal::NoActiveAction { by })
    }

    /// Puts it into the wait state of its journey; `false` = the group has no hook for that, or is being deleted: hooks don't
    /// apply "when you attach or detach instances, move instances in and out of standby mode, or delete the group with the
    /// force delete option" (EC2 Auto Scaling User Guide, "Amazon EC2 Auto Scaling lifecycle hooks").
    pub(crate) fn hold(&mut self, id: &InstanceId, journey: Journey) -> bool {
        let Some(group) = self.instances.get(id).and_then(|instance| self.groups.get(&instance.group)) else {
            return false;
        };
        let meets = |hook: &&LifecycleHook| hook.transition == journey.transition();
        let hooks: Vec<LifecycleHook> = group.settings.hooks.iter().filter(meets).cloned().collect();
        let (name, arn) = (group.settings.name.clone(), group.arn.clone());
        if hooks.is_empty() || group.deleting {
            return false;
        }
        if let Some(instance) = self.instances.get_mut(id) {
            instance.lifecycle = journey.waiting();
            instance.journey = Some(journey);
        }
        for hook in hooks {
            let token = self.ids.uuid();
            let action = ActiveAction::begun(token.clone(), name.clone(), id.clone(), hook, journey, self.now);
            self.agenda.schedule(action.ends_at, Due::ActionEnds(token));
            if !self.hook_events_lost {
                let event_id = self.ids.uuid();
                self.outbox.push(action.event(&self.place, &arn, event_id));
            }
            self.active_actions.push(action);
        }
        true
    }

    pub(crate) fn action_ends(&mut self, token: &str) {
        let over = |action: &ActiveAction| action.token == token && action.ends_at <= self.now;
        if self.active_actions.iter().any(over) {
            self.finish(token, ActionEnd::TimedOut);
        }
    }

    fn finish(&mut self, token: &str, end: ActionEnd) {
        let Some(found) = self.active_actions.iter().position(|action| action.token == token) else { return };
        let action = self.active_actions.remove(found);
        let result = match end {
            ActionEnd::Completed(result) => result,
            _ => action.hook.default_result,
        };
        let (id, journey) = (action.instance.clone(), action.journey);
        self.lifecycle_actions.push(action.ended(self.now, end));
        if result == ActionResult::Abandon {
            self.end_actions(&id, ActionEnd::Skipped);
            self.abandoned(&id, journey, token, end);
        } else if self.active_actions.iter().all(|action| action.instance != id) {
            self.proceed(&id, journey);
        }
    }

    /// Ends whatever holds the instance, and lets nothing follow from it.
    pub(crate) fn end_actions(&mut self, id: &InstanceId, end: ActionEnd) {
        let (ended, active): (Vec<ActiveAction>, Vec<ActiveAction>) =
            self.active_actions.drain(..).partition(|action| action.instance == *id);
        self.active_actions = active;
        self.lifecycle_actions.extend(ended.into_iter().map(|action| action.ended(self.now, end)));
    }

    /// No hook holds it any more.
    pub(crate) fn proceed(&mut self, id: &InstanceId, journey: Journey) {
        if journey.ends_it() {
            return self.shut_down(id, journey.proceeding());
        }
        if let Some(instance) = self.instances.get_mut(id) {
            instance.lifecycle = journey.proceeding();
            self.agenda.schedule(self.now + self.pace.proceed, Due::Proceeded(id.clone()));
        }
    }

    /// It has gone through `Pending:Proceed` or `Warmed:Pending:Proceed`.
    pub(crate) fn proceeded(&mut self, id: &InstanceId) {
        match self.instances.get(id).map(|instance| instance.lifecycle) {
            Some(LifecycleState::PendingProceed) => self.enter_service(id),
            Some(LifecycleState::WarmedPendingProceed) => self.enter_pool(id),
            _ => {}
        }
    }
}
