//! Ports that break one promise each.
//!
//! This module never breaks two at once: each shows that one rule can be broken.

use std::collections::BTreeMap;

use homeostat_core::aws::fleet::{Checks, Machine, TargetHealth};
use homeostat_core::aws::lifecycle::{ActionId, ActionResult};
use homeostat_core::id::{InstanceId, Subject, TargetGroupArn};
use homeostat_core::ports::{Outcome, Unavailable, WakeUps};
use homeostat_remedies::hook::CompleteHooks;
use homeostat_remedies::hook::observation::{Details, HeldMember, Registration, TargetId};
use jiff::{SignedDuration, Timestamp};
use world::{ActionBy, ActiveAction, LifecycleTransition, TargetGroup, WakeUpQueue};

use super::Aws;

/// What a port may do wrong that no rule must miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Double {
    /// It keeps its promise.
    None,
    /// It completes whatever else holds the instance too, under tokens that nobody named.
    CompletesAll,
    AbandonsTerminations,
    /// It abandons launches that were to be admitted.
    AbandonsTheReady,
    /// It says that targets are deregistered, and they aren't.
    DeregistersNobody,
    /// It deregisters from every target group.
    DeregistersEverywhere,
    /// It says that the hook was given more time, and it wasn't.
    IgnoresHeartbeats,
    /// It completes whoever is looked at.
    CompletesUnasked,
    /// It deregisters whoever is looked at.
    DeregistersUnasked,
    SeesAllReady,
    /// It tells another launch template's version at each look.
    ForgetsTheSource,
    /// It lets an instance go that is at work.
    SeesNobodyBusy,
    /// It completes an action that began after the decision, or another hook's of the policy.
    CompletesTheOther,
    /// It completes with CONTINUE whatever it is asked for.
    AdmitsAll,
    /// It says that the action is completed, and it isn't.
    CompletesNobody,
    /// It sends three wake-ups for one.
    WakesTooOften,
}

impl Double {
    fn actions(self, aws: &Aws, instance: &InstanceId) -> Vec<ActiveAction> {
        let of = |action: &&ActiveAction| action.instance == *instance;
        aws.cloud.with(|world| world.active_actions().filter(of).cloned().collect())
    }

    pub(super) async fn complete(self, aws: &Aws, action: &ActionId, result: ActionResult) -> Outcome {
        let held = self.actions(aws, &action.instance);
        let leaves = held.iter().any(|held| held.hook.transition == LifecycleTransition::Terminating);
        let result = match self {
            Double::AbandonsTerminations if leaves => ActionResult::Abandon,
            Double::AbandonsTheReady if !leaves => ActionResult::Abandon,
            Double::AdmitsAll => ActionResult::Continue,
            _ => result,
        };
        match self {
            Double::CompletesNobody => return Outcome::Done,
            Double::CompletesTheOther => complete_others(aws, action),
            _ => {}
        }
        let outcome = aws.cloud.complete(action, result).await;
        if self == Double::CompletesAll {
            complete_all(aws, &held);
        }
        outcome
    }

    pub(super) async fn heartbeat(self, aws: &Aws, action: &ActionId) -> Outcome {
        if self == Double::IgnoresHeartbeats { Outcome::Done } else { aws.cloud.heartbeat(action).await }
    }

    pub(super) async fn deregister(
        self,
        aws: &Aws,
        target_group: &TargetGroupArn,
        instance: &InstanceId,
        targets: &[TargetId],
    ) -> Outcome {
        match self {
            Double::DeregistersNobody => Outcome::Done,
            Double::DeregistersEverywhere => {
                aws.cloud.with(|world| {
                    let all: Vec<(TargetGroupArn, InstanceId)> = world
                        .target_groups()
                        .flat_map(|group| group.targets.keys().map(|id| (group.arn.clone(), id.clone())))
                        .collect();
                    // Each was read a moment ago.
                    all.iter().for_each(|(arn, id)| _ = world.deregister_target(arn, id, None));
                });
                Outcome::Done
            }
            _ => aws.cloud.deregister(target_group, instance, targets).await,
        }
    }

    /// What it does although nobody asked; written down as if somebody had.
    pub(super) async fn on_read(self, aws: &Aws, instance: &InstanceId) {
        let Some(held) = self.actions(aws, instance).into_iter().next() else { return };
        match self {
            Double::CompletesUnasked => {
                let Ok(hook) = held.hook.name.parse() else { return };
                let token = held.token.parse().ok();
                let action = ActionId { group: held.group, hook, instance: instance.clone(), token };
                _ = CompleteHooks::complete(aws, &action, ActionResult::Continue).await;
            }
            Double::DeregistersUnasked => {
                let in_it = |group: &TargetGroup| group.targets.contains_key(instance);
                let registered: Vec<(TargetGroupArn, TargetId)> = aws.cloud.with(|world| {
                    let groups = world.target_groups().filter(|group| in_it(group));
                    let target =
                        |group: &TargetGroup| Some(TargetId { id: world.target_id(&group.arn, instance)?, port: None });
                    groups.filter_map(|group| Some((group.arn.clone(), target(group)?))).collect()
                });
                for (arn, target) in registered {
                    _ = CompleteHooks::deregister(aws, &arn, instance, &[target]).await;
                }
            }
            _ => {}
        }
    }

    pub(super) fn member(self, aws: &Aws, member: HeldMember) -> HeldMember {
        if self != Double::ForgetsTheSource {
            return member;
        }
        HeldMember { launched_from: Some(format!("lt-{}", aws.stage.dice().number(1..=u32::MAX))), ..member }
    }

    pub(super) fn registrations(self, aws: &Aws, found: Vec<Registration>) -> Vec<Registration> {
        match self {
            Double::SeesAllReady => aws.cloud.with(|world| {
                let all = world.machines().map(|machine| TargetId { id: machine.id.to_string(), port: Some(9090) });
                all.map(|target| Registration { target, health: TargetHealth::Healthy }).collect()
            }),
            Double::SeesNobodyBusy => Vec::new(),
            _ => found,
        }
    }

    pub(super) fn machines(self, mut found: BTreeMap<InstanceId, Machine>) -> BTreeMap<InstanceId, Machine> {
        if self == Double::SeesAllReady {
            found.values_mut().for_each(|machine| machine.checks = Checks::Passed);
        }
        found
    }

    pub(super) fn details(self, aws: &Aws, mut found: Details) -> Details {
        match self {
            Double::SeesAllReady => _ = found.tags.insert("app:ready".to_owned(), aws.stage.now().to_string()),
            Double::SeesNobodyBusy => _ = found.tags.remove("app:busy"),
            _ => {}
        }
        found
    }
}

fn complete_others(aws: &Aws, action: &ActionId) {
    let is_other = |one: &&ActiveAction| one.group == action.group && one.instance != action.instance;
    let is_ours = |one: &&ActiveAction| one.hook.name == action.hook.as_str();
    let others: Vec<ActiveAction> =
        aws.cloud.with(|world| world.active_actions().filter(is_other).filter(is_ours).cloned().collect());
    complete_all(aws, &others);
}

fn complete_all(aws: &Aws, held: &[ActiveAction]) {
    for action in held {
        let by = ActionBy::Token(action.token.clone());
        // One of them is completed already.
        _ = aws.cloud.with(|world| {
            world.complete_lifecycle_action(&action.group, &action.hook.name, by, world::ActionResult::Continue)
        });
    }
}

/// The queue of wake-ups, which may take more than it is given.
#[derive(Debug, Clone)]
pub(in crate::simulator::hooks) struct Eager {
    pub(in crate::simulator::hooks) queue: WakeUpQueue,
    pub(in crate::simulator::hooks) double: Double,
}

impl Eager {
    fn times(&self) -> usize {
        if self.double == Double::WakesTooOften { 3 } else { 1 }
    }
}

impl WakeUps for Eager {
    async fn wake(&self, subject: &Subject, after: SignedDuration) -> Result<(), Unavailable> {
        for _ in 0..self.times() {
            self.queue.wake(subject, after).await?;
        }
        Ok(())
    }
    async fn wake_for(&self, subject: &Subject, look: Timestamp, after: SignedDuration) -> Result<(), Unavailable> {
        for _ in 0..self.times() {
            self.queue.wake_for(subject, look, after).await?;
        }
        Ok(())
    }
    async fn serve_due(&self, after: SignedDuration) -> Result<(), Unavailable> {
        self.queue.serve_due(after).await
    }
}
