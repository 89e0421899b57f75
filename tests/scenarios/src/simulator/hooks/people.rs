//! What people and their tools do meanwhile: they scale, roll out, terminate, pause, acknowledge, and complete hooks.
//!
//! This module never does what Homeostat should have done, before the storm is over.

use homeostat_core::id::HookName;
use homeostat_core::ports::Pause;
use jiff::SignedDuration;
use serde_json::{Value, json};
use world::{ActionBy, ActionResult, ActiveAction, Flaw, Instance, LifecycleState, LifecycleTransition};

use super::History;
use super::weather::Repair;
use crate::simulator::deliveries::{Delivery, Work};
use crate::simulator::engine::Happening;

/// Enough for one seed, whatever is scaled.
const MOST: u32 = 9;

fn in_service(one: &Instance) -> bool {
    one.lifecycle == LifecycleState::InService
}

impl History {
    pub(super) fn desired(&self) -> u32 {
        self.cloud.with(|world| world.group(&self.own.group).map_or(0, |group| group.settings.desired))
    }

    fn set_desired(&self, desired: u32) -> bool {
        self.stage.log(|| format!("{desired} are wanted"));
        self.cloud.with(|world| world.set_desired_capacity(&self.own.group, desired)).is_ok()
    }

    pub(super) fn scale_out(&mut self) -> bool {
        let more = self.stage.dice().number(1..=3);
        let desired = self.desired();
        desired + more <= MOST && self.set_desired(desired + more)
    }

    pub(super) fn scale_in(&mut self) -> bool {
        let fewer = self.stage.dice().number(1..=2);
        let desired = self.desired();
        desired > fewer && self.set_desired(desired - fewer)
    }

    pub(super) fn terminate_some(&mut self) -> bool {
        let count = self.stage.dice().number(1..=2);
        (0..count).filter(|_| self.terminate_one()).count() > 0
    }

    fn terminate_one(&mut self) -> bool {
        let Some(id) = self.some_member(in_service) else { return false };
        self.stage.log(|| format!("{id} is terminated by hand"));
        self.cloud.with(|world| world.terminate_instance(&id, false)).is_ok()
    }

    fn version(&self) -> u32 {
        self.cloud.with(|world| world.group(&self.own.group).map_or(1, |group| group.settings.launch_template_version))
    }

    /// What is rolled out is launched at once.
    pub(super) fn roll_out(&mut self, flaw: Option<Flaw>) -> bool {
        let version = self.version() + 1;
        self.stage.log(|| format!("version {version}: {flaw:?}"));
        if let Some(flaw) = flaw {
            self.cloud.with(|world| world.break_version(&self.own.group, version, flaw));
            self.repair_later(8, 40, Repair::Version);
        }
        let done = self.cloud.with(|world| world.roll_out(&self.own.group, version)).is_ok();
        self.terminate_some();
        done
    }

    pub(super) fn repair_version(&mut self) {
        let version = self.version();
        self.cloud.with(|world| world.mend_version(&self.own.group, version));
        if self.stage.dice().chance(50.0) {
            _ = self.cloud.with(|world| world.roll_out(&self.own.group, version + 1));
        }
    }

    pub(super) fn pause(&mut self) -> bool {
        let instance = self.some_member(|_| true).map(|id| format!("instance#{id}"));
        let scopes: Vec<String> = [Some("all".to_owned()), Some(format!("group#{}", self.own.group)), instance]
            .into_iter()
            .flatten()
            .collect();
        let Some(scope) = self.stage.dice().pick(&scopes) else { return false };
        let until = self.now() + self.stage.dice().minutes(1, 15);
        let pause = Pause { scope, by: "ana".to_owned(), reason: "deploying".to_owned(), until };
        self.stage.log(|| format!("pause of {} until {:.0}", pause.scope, pause.until));
        self.add_pause(pause);
        true
    }

    /// What the group remembers is forgiven, too.
    pub(super) fn people_acknowledge(&mut self) -> bool {
        let acknowledged = self.acknowledge();
        if acknowledged {
            self.own.annals.forgive(self.now());
        }
        acknowledged
    }

    fn some_action(&self, is_wanted: impl Fn(&ActiveAction) -> bool) -> Option<ActiveAction> {
        let actions: Vec<ActiveAction> =
            self.cloud.with(|world| world.active_actions().filter(|action| is_wanted(action)).cloned().collect());
        self.stage.dice().pick(&actions)
    }

    /// Somebody has grown impatient, or has a tool that Homeostat doesn't know of.
    pub(super) fn meddle(&mut self) -> bool {
        let Some(action) = self.some_action(|action| self.is_ours(action)) else { return false };
        self.complete(&action.token)
    }

    pub(super) fn is_ours(&self, action: &ActiveAction) -> bool {
        let hook = action.hook.name.parse::<HookName>().ok();
        let hooks = self.policy.hooks.as_ref();
        hook.zip(hooks).is_some_and(|(hook, hooks)| hooks.of(&action.group, &hook).is_some())
    }

    /// By somebody else than Homeostat.
    pub(super) fn complete(&mut self, token: &str) -> bool {
        let Some(action) = self.some_action(|action| action.token == token) else { return false };
        self.stage.log(|| format!("somebody completes {} of {}", action.hook.name, action.instance));
        let by = ActionBy::Token(action.token.clone());
        self.cloud
            .with(|world| world.complete_lifecycle_action(&action.group, &action.hook.name, by, ActionResult::Continue))
            .is_ok()
    }

    /// Anybody who may send to the queue: an event about an action that there isn't, at a time that never was.
    pub(super) fn forge(&mut self) -> bool {
        let any = self.stage.dice().chance(30.0);
        let is_meant = |one: &Instance| any || one.lifecycle.as_str().ends_with(":Wait");
        let Some(id) = self.some_member(is_meant) else { return false };
        let hooks: Vec<(String, LifecycleTransition)> = self.cloud.with(|world| {
            let group = world.group(&self.own.group);
            let hooks = group.into_iter().flat_map(|group| &group.settings.hooks);
            hooks.map(|hook| (hook.name.clone(), hook.transition)).collect()
        });
        let Some((hook, transition)) = self.stage.dice().pick(&hooks) else { return false };
        let now = self.now();
        let at = now - self.stage.dice().minutes(1, 45);
        let at = self
            .stage
            .dice()
            .either(at, &[now, now + SignedDuration::from_mins(4), now - SignedDuration::from_secs(1)]);
        let number = self.stage.dice().number(0..=u32::MAX);
        let token = format!("{number:08x}-0000-4000-8000-000000000000");
        self.own.annals.forged.insert(token.clone());
        self.stage.log(|| format!("a made-up event about {hook} of {id}, of {at:.0}"));
        self.own.annals.faults.push((now, Some(id.clone())));
        let mut action = json!({
            "AutoScalingGroupName": self.own.group.as_str(),
            "LifecycleHookName": hook,
            "EC2InstanceId": id.as_str(),
            "LifecycleActionToken": token,
            "LifecycleTransition": transition.as_str(),
        });
        // By no die of their own: a seed that is kept tells the same history as before.
        for (end, place) in [("Origin", number % 4), ("Destination", number / 4 % 4)] {
            let place = ["EC2", "AutoScalingGroup", "WarmPool"].get(place as usize);
            if let (Some(place), Some(fields)) = (place, action.as_object_mut()) {
                fields.insert(end.to_owned(), Value::from(*place));
            }
        }
        let work = self.sent_somehow(action, transition, &at.to_string());
        self.later(SignedDuration::from_secs(1), Happening::Invoke(Delivery::first(work)));
        true
    }

    /// As Auto Scaling sends it or as EventBridge does, through the queue or by a call.
    fn sent_somehow(&mut self, mut action: Value, transition: LifecycleTransition, at: &str) -> Work {
        if self.stage.dice().chance(40.0) {
            self.stage.count("made-up event: by the queue, as Auto Scaling sends it");
            if let Some(fields) = action.as_object_mut() {
                fields.insert("Time".to_owned(), Value::from(at));
            }
            return Work::Message(action);
        }
        let kind = if transition == LifecycleTransition::Launching { "launch" } else { "terminate" };
        let event = json!({
            "source": "aws.autoscaling", "detail-type": format!("EC2 Instance-{kind} Lifecycle Action"),
            "account": "123456789012", "region": "us-east-1", "time": at, "detail": action,
        });
        if self.stage.dice().chance(50.0) {
            self.stage.count("made-up event: by the queue, as EventBridge sends it");
            return Work::Message(event);
        }
        self.stage.count("made-up event: by a call");
        Work::Event(event)
    }

    pub(super) fn untag(&mut self) -> bool {
        let has = |one: &Instance| one.lifecycle == LifecycleState::PendingWait && one.tags.contains_key("app:ready");
        let Some(id) = self.some_member(has) else { return false };
        self.cloud.with(|world| world.clear_instance_tag(&id, "app:ready")).is_ok()
    }
}
