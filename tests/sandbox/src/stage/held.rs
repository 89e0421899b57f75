//! A group whose instances also take jobs in a target group that it doesn't manage, with a hook for each transition: what the third
//! act of the demo and the stories about hooks play on.
//!
//! It never completes a hook, and never registers or deregisters anything but by its instances' own applications.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use homeostat_core::id::{GroupName, HookName, InstanceId, Subject, TargetGroupArn};
use homeostat_remedies::hook::subject::HeldInstance;
use jiff::SignedDuration;
use serde_json::Value;
use world::{
    ActionResult, Application, GroupSettings, LifecycleAction, LifecycleHook, LifecycleTransition, Refusal, Stream,
    Tally, TargetType, World,
};

use crate::account::REGION;
use crate::face::Face;

pub const READY: &str = "ready";
pub const DRAINED: &str = "drained";

/// As docs/HOOKS.md advises: a function that crashes is made good well within it.
const TIMEOUT: SignedDuration = SignedDuration::from_mins(5);

/// A request is over before any draining is; a job is not.
const REQUEST_EVERY: SignedDuration = SignedDuration::from_millis(200);
const REQUEST_TAKES: SignedDuration = SignedDuration::from_millis(400);
const JOB_EVERY: SignedDuration = SignedDuration::from_millis(500);
const JOB_TAKES: SignedDuration = SignedDuration::from_secs(4);

pub struct Held {
    pub group: GroupName,
    /// The target group that the group doesn't manage.
    pub jobs: TargetGroupArn,
    own: TargetGroupArn,
    launch: String,
    terminate: String,
}

impl Held {
    /// Made before the deployment, whose policy names the target group. Its first instances come up without hooks.
    pub fn make(face: &Face, name: &str, instances: u32) -> Result<Self> {
        Held::make_with(face, name, instances, |_| {})
    }

    /// The same with other settings of the group.
    pub fn make_with(face: &Face, name: &str, instances: u32, change: impl FnOnce(&mut GroupSettings)) -> Result<Self> {
        Held::make_all(face, name, instances, TargetType::Instance, change)
    }

    /// The same, but that the jobs' target group names its targets by their addresses.
    pub fn make_by_address(face: &Face, name: &str, instances: u32) -> Result<Self> {
        Held::make_all(face, name, instances, TargetType::Ip, |_| {})
    }

    fn make_all(
        face: &Face,
        name: &str,
        instances: u32,
        jobs: TargetType,
        change: impl FnOnce(&mut GroupSettings),
    ) -> Result<Self> {
        let group: GroupName = name.parse()?;
        let made = face.with(|world| add(world, &group, instances, jobs, change));
        let made = made.map_err(|refusal| anyhow!("{refusal}"))?;
        let (own, jobs) = made.context("the fleet has no group web")?;
        let launch = "evidence = [\"instance-status\", \"tag\", \"target-health\"]\ntag = \"app:ready\"\n".to_owned();
        let terminate = "busy-tag = \"app:busy\"\n".to_owned();
        Ok(Held { group, jobs, own, launch, terminate })
    }

    /// More lines for the policy of each hook.
    #[must_use]
    pub fn with(self, launch: &str, terminate: &str) -> Self {
        Held { launch: self.launch + launch, terminate: self.terminate + terminate, ..self }
    }

    /// Its sections of the policy, but for what all hooks have in common.
    pub fn policy(&self) -> String {
        let (group, jobs) = (&self.group, &self.jobs);
        let common = |hook| format!("group = \"{group}\"\nhook = \"{hook}\"\ntarget-groups = [\"{jobs}\"]\n");
        format!(
            "\n[[lifecycle-hook.launch]]\n{}{}\n[[lifecycle-hook.terminate]]\n{}{}",
            common(READY),
            self.launch,
            common(DRAINED),
            self.terminate
        )
    }

    pub fn subject(&self, hook: &str, instance: &InstanceId) -> Result<Subject> {
        let (group, hook): (_, HookName) = (self.group.clone(), hook.parse()?);
        Ok(HeldInstance { group, hook, instance: instance.clone() }.subject(REGION.parse()?))
    }

    /// From now on every launch and every termination is held. The fleet came up before.
    pub fn hook(&self, face: &Face) -> Result<()> {
        self.hook_for(face, TIMEOUT)
    }

    /// The same with another timeout, within which a heartbeat must come.
    pub fn hook_for(&self, face: &Face, timeout: SignedDuration) -> Result<()> {
        let hook = |name: &str, transition| LifecycleHook {
            name: name.to_owned(),
            transition,
            heartbeat_timeout: timeout,
            default_result: ActionResult::Continue,
            notification_metadata: None,
        };
        let hooks = vec![hook(READY, LifecycleTransition::Launching), hook(DRAINED, LifecycleTransition::Terminating)];
        let changed = face.with(|world| world.update_group(&self.group, |settings| settings.hooks = hooks));
        changed.map_err(|refusal| anyhow!("{refusal}"))
    }

    /// The event by which EventBridge would tell that the instance is held; none if it isn't.
    pub fn event(&self, face: &Face, instance: &InstanceId) -> Option<Value> {
        face.with(|world| {
            let held = world.active_actions().find(|action| action.instance == *instance);
            let token = held?.token.clone();
            world.lifecycle_event(&token)
        })
    }

    /// Requests to the group's own target group and jobs to the other flow from now on.
    pub fn work(&self, face: &Face) -> Result<()> {
        let stream = |name: String, target_group: &TargetGroupArn, every, takes| Stream {
            name,
            target_group: target_group.clone(),
            every,
            takes,
        };
        let streams = [
            stream(self.stream("requests"), &self.own, REQUEST_EVERY, REQUEST_TAKES),
            stream(self.stream("jobs"), &self.jobs, JOB_EVERY, JOB_TAKES),
        ];
        let added = face.with(|world| streams.into_iter().try_for_each(|stream| world.add_stream(stream)));
        added.map_err(|refusal| anyhow!("{refusal}"))
    }

    pub fn stop_work(&self, face: &Face) {
        face.with(|world| {
            world.stop_stream(&self.stream("requests"));
            world.stop_stream(&self.stream("jobs"));
        });
    }

    /// Of requests and jobs.
    pub fn tallies(&self, face: &Face) -> (Tally, Tally) {
        face.with(|world| self.tallies_in(world))
    }

    pub fn tallies_in(&self, world: &World) -> (Tally, Tally) {
        (world.tally(&self.stream("requests")), world.tally(&self.stream("jobs")))
    }

    /// Actions of its hooks that are over, in the order in which they ended.
    pub fn actions(&self, face: &Face) -> Vec<LifecycleAction> {
        face.with(|world| {
            let ended = world.lifecycle_actions().iter().filter(|action| action.group == self.group);
            ended.cloned().collect()
        })
    }

    fn stream(&self, kind: &str) -> String {
        format!("{kind} of {}", self.group)
    }
}

/// As `web` is, but for the two target groups and the application.
fn add(
    world: &mut World,
    group: &GroupName,
    instances: u32,
    jobs: TargetType,
    change: impl FnOnce(&mut GroupSettings),
) -> Result<Option<(TargetGroupArn, TargetGroupArn)>, Refusal> {
    let Some(web) = world.groups().find(|group| group.settings.name.as_str() == "web") else { return Ok(None) };
    let web = web.settings.clone();
    let own = world.add_target_group(group.as_str(), 8080)?;
    let jobs = world.add_target_group_of(jobs, &format!("{group}-jobs"), 9090)?;
    let managed = BTreeMap::from([("homeostat:managed".to_owned(), "true".to_owned())]);
    world.tag_target_group(&jobs, managed)?;
    let application = Application {
        ready_tag: Some("app:ready".to_owned()),
        registers_with: vec![jobs.clone()],
        busy_tag: Some("app:busy".to_owned()),
    };
    let mut settings = GroupSettings {
        name: group.clone(),
        min: 1,
        max: instances * 4,
        desired: instances,
        target_groups: vec![own.clone()],
        application: Some(application),
        launch_automation: None,
        ..web
    };
    change(&mut settings);
    world.add_group(settings)?;
    Ok(Some((own, jobs)))
}

/// A policy file with the groups' hooks beside what another policy says.
pub fn policy_with_hooks(
    held: &[&Held],
    policy: &std::path::Path,
    folder: &std::path::Path,
) -> Result<std::path::PathBuf> {
    let text = std::fs::read_to_string(policy).context("reading the sandbox's policy")?;
    let hooks: String = held.iter().map(|held| held.policy()).collect();
    let path = folder.join("policy-with-hooks.toml");
    let common = "\n[lifecycle-hook]\ncheck-every = \"1s\"\nremind-every = \"6s\"\n";
    std::fs::write(&path, text + &hooks + common).context("writing a policy with hooks")?;
    Ok(path)
}
