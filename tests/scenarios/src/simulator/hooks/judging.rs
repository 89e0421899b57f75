//! Holds what happened between two steps against the rules.
//!
//! This module never judges by itself, and changes nothing but what the rules remember.

use std::sync::PoisonError;

use homeostat_remedies::hook::reasons::HookStep;
use jiff::SignedDuration;
use world::{ActiveAction, Instance, Journey, LifecycleAction, LifecycleState};

use super::rules::{self, Moment};
use super::{History, queue};
use crate::simulator::Broken;
use crate::simulator::hooks::View;
use crate::simulator::note::InvocationId;

impl History {
    /// Holds what happened against the rules.
    pub(super) fn judge(&mut self) -> Result<(), Broken> {
        let notes = self.stage.take_notes();
        let mut annals = std::mem::take(&mut self.own.annals);
        annals.take_notes(&notes, |by: InvocationId| self.delivery_of(by).and_then(queue::about));
        self.own.annals = annals;
        self.judge_deeds()?;
        self.judge_world()?;
        let Some(before) = self.renew_view() else { return Ok(()) };
        let now = self.now();
        self.own.annals.take_in(now, &before, &self.view);
        self.judge_opened(&before)?;
        for closed in &self.view.newly_closed {
            self.own.annals.closed(&closed.subject);
        }
        rules::judge_told(self.view.open.values().chain(&self.view.newly_closed), self.hooks(), now)?;
        self.judge_writes(&before)
    }

    fn judge_deeds(&mut self) -> Result<(), Broken> {
        let deeds = std::mem::take(&mut *self.own.journal.lock().unwrap_or_else(PoisonError::into_inner));
        // Time alone makes a machine pass its checks, and what was last noted may be a second old.
        if !deeds.is_empty() {
            self.note_truth();
        }
        for deed in deeds {
            let Some(policy) = self.policy.hooks.as_ref() else { continue };
            let moment = Moment {
                deed: &deed,
                view: &self.view,
                truth: &self.own.truth,
                policy,
                annals: &self.own.annals,
                pauses: &self.pauses,
                is_calm: self.own.is_calm,
            };
            self.stage.count(&format!("done: {}", name(&deed.step)));
            rules::judge(&moment)?;
            for ended in &deed.ended {
                self.stage.count(&format!("ended: {:?} {:?}", ended.journey, ended.ended_by));
            }
            let (let_go, recorded) = (rules::let_go(&moment), moment.recorded().cloned());
            for (id, one) in let_go {
                self.stage.count(&format!("let go: {}", one.excuse.unwrap_or("drained")));
                self.own.annals.let_go.insert(id, one);
            }
            self.own.annals.add(&deed, recorded.as_ref(), &self.own.truth);
        }
        Ok(())
    }

    /// What ended without a call, and what was lost.
    fn judge_world(&mut self) -> Result<(), Broken> {
        let (ended, lost) = (self.own.annals.seen_ended, self.own.annals.seen_losses);
        let (ended, losses) = self.cloud.see(|world| {
            let ended = world.lifecycle_actions().get(ended..).unwrap_or_default().to_vec();
            (ended, world.losses().get(lost..).unwrap_or_default().to_vec())
        });
        self.own.annals.seen_ended += ended.len();
        self.own.annals.seen_losses += losses.len();
        for one in &ended {
            if let Some(timeout) = self.timeout_of(one) {
                rules::judge_ended(&self.stage, one, timeout, &self.own.annals)?;
            }
        }
        rules::judge_losses(&losses, &self.own.annals, self.own.drains_jobs)
    }

    fn judge_opened(&self, before: &View) -> Result<(), Broken> {
        let opened = self.view.open.values().filter(|open| !before.open.contains_key(&open.subject));
        for open in opened {
            let kept = open.kind.state();
            let (hook, instance) = (kept.hook.as_str(), &kept.instance);
            // Only Auto Scaling's answer tells whether there is such an action.
            if kept.token.as_ref().is_some_and(|token| self.own.annals.forged.contains(token.as_str())) {
                continue;
            }
            let Some(completed_at) = self.own.annals.completed.get(&(hook.to_owned(), instance.clone())) else {
                continue;
            };
            // Into the pool and back to it are one state: only Auto Scaling's answer tells for which transition (seed 271110044).
            let waits_for_another = self.cloud.with(|world| {
                let is_another = |one: &ActiveAction| one.hook.transition.as_str() != kept.transition.as_str();
                let is_pending = |one: &Instance| one.lifecycle == LifecycleState::WarmedPendingWait;
                let mut active = world.active_actions().filter(|one| one.instance == *instance);
                // Or did when the survey read it (seed 102693209).
                let just_did = |one: &LifecycleAction| {
                    one.instance == *instance
                        && matches!(one.journey, Journey::Ec2ToWarmPool | Journey::GroupToWarmPool)
                        && one.ended_at + rules::LOOK > world.now()
                };
                (world.instance(instance).is_some_and(is_pending) && active.any(is_another))
                    || world.lifecycle_actions().iter().any(just_did)
            });
            if waits_for_another && kept.token.is_none() {
                continue;
            }
            let begun: Vec<_> = self.cloud.with(|world| {
                let active = world.active_actions().filter(|one| one.hook.name == hook && one.instance == *instance);
                let ended = world.lifecycle_actions().iter();
                let ended = ended.filter(|one| one.hook == hook && one.instance == *instance);
                active.map(|one| one.started_at).chain(ended.map(|one| one.started_at)).collect()
            });
            rules::judge_found(open, *completed_at, &begun)?;
        }
        Ok(())
    }

    /// Of an action of a hook of the policy.
    fn timeout_of(&self, ended: &LifecycleAction) -> Option<SignedDuration> {
        self.hooks().of(&ended.group, &ended.hook.parse().ok()?)?;
        self.cloud.with(|world| {
            let mut hooks = world.group(&ended.group)?.settings.hooks.iter();
            hooks.find(|hook| hook.name == ended.hook).map(|hook| hook.heartbeat_timeout)
        })
    }
}

fn name(step: &HookStep) -> String {
    match step {
        HookStep::Complete { result, .. } => format!("complete with {result}"),
        HookStep::Heartbeat { .. } => "heartbeat".to_owned(),
        HookStep::Deregister { .. } => "deregister".to_owned(),
        HookStep::RemoveRecords { .. } => "remove a record".to_owned(),
        HookStep::SuspendLaunch { .. } => "suspend Launch".to_owned(),
    }
}
