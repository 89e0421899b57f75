//! The groups and the policy of one history, as the dice make them.
//!
//! This module never breaks anything; its groups came up well before their hooks were made.

use std::collections::BTreeMap;

use homeostat_core::id::{GroupName, TargetGroupArn};
use jiff::{SignedDuration, Timestamp};
use world::{
    ActionResult, Application, GroupSettings, HealthCheckType, LifecycleHook, LifecycleTransition, Mixed, Pace, Place,
    PoolState, Refusal, Stream, TargetType, WarmPool, World,
};

use crate::simulator::dice::Dice;

pub(super) const GROUP: &str = "web";
/// Its hooks have the same names, and the policy doesn't name it.
const BYSTANDER: &str = "batch";
const LAUNCHING: &str = "ready";
const TERMINATING: &str = "drained";

pub(super) struct Groups {
    pub(super) world: World,
    pub(super) policy: String,
    pub(super) group: GroupName,
    /// Whoever has let an instance go that is done draining has lost no job.
    pub(super) drains_jobs: bool,
}

struct Terms {
    launch: Option<String>,
    leave: Option<String>,
    drains_jobs: bool,
}

pub(super) fn draw(dice: &mut Dice, now: Timestamp) -> Result<Groups, Refusal> {
    let delay = SignedDuration::from_secs(dice.either(60, &[300]));
    let pace = Pace {
        publish_every: SignedDuration::from_secs(30),
        deregistration_delay: delay,
        call: SignedDuration::ZERO,
        ..Pace::aws()
    };
    let place = Place { account: "123456789012".to_owned(), region: "us-east-1".parse()? };
    let mut world = World::new(place, pace, now - SignedDuration::from_mins(30));
    let own = world.add_target_group("own", 8080)?;
    let target_type = dice.either(TargetType::Instance, &[TargetType::Ip]);
    let jobs = world.add_target_group_of(target_type, "jobs", 9090)?;
    let (group, bystander): (GroupName, GroupName) = (GROUP.parse()?, BYSTANDER.parse()?);
    let application = Application {
        ready_tag: Some("app:ready".to_owned()),
        registers_with: vec![jobs.clone()],
        busy_tag: Some("app:busy".to_owned()),
    };
    let desired = dice.number(2..=5);
    let spot = dice.chance(30.0);
    let settings = GroupSettings {
        spot,
        rebalances: spot,
        ..settings(&world, group.clone(), desired, vec![own.clone()], application)
    };
    world.add_group(settings)?;
    let others = settings_of_bystander(&world, bystander.clone());
    world.add_group(others)?;
    world.step(now - SignedDuration::from_mins(1));
    let takes = SignedDuration::from_secs(dice.either(20, &[90, 150]));
    streams(&mut world, (own, jobs.clone()), takes)?;
    world.step(now);
    let terms = terms(dice, &jobs, takes < delay);
    let (hooks, pool) = (hooks(dice, &terms), pool(dice));
    world.update_group(&group, |settings| {
        settings.hooks = hooks.clone();
        settings.warm_pool = pool;
    })?;
    let theirs = vec![
        hook(LAUNCHING, LifecycleTransition::Launching, 60, ActionResult::Continue),
        hook(TERMINATING, LifecycleTransition::Terminating, 60, ActionResult::Continue),
    ];
    world.update_group(&bystander, |settings| settings.hooks = theirs)?;
    let check_every = dice.either("5s", &["2s", "10s", "30s"]);
    let mut policy = format!("schema = 1\n[lifecycle-hook]\ncheck-every = \"{check_every}\"\n");
    policy.extend(terms.launch.into_iter().chain(terms.leave));
    Ok(Groups { world, policy, group, drains_jobs: terms.drains_jobs })
}

fn settings(
    world: &World,
    name: GroupName,
    desired: u32,
    target_groups: Vec<TargetGroupArn>,
    application: Application,
) -> GroupSettings {
    GroupSettings {
        name,
        tags: BTreeMap::from([("homeostat:managed".to_owned(), "true".to_owned())]),
        min: 1,
        max: 100,
        desired,
        zones: ['a', 'b'].map(|letter| world.place().zone(letter)).to_vec(),
        health_check: HealthCheckType::Ec2,
        grace: SignedDuration::ZERO,
        target_groups,
        maintenance: None,
        hooks: Vec::new(),
        retain_on_abandon: false,
        warm_pool: None,
        spot: false,
        rebalances: false,
        application: Some(application),
        termination_lingers: SignedDuration::ZERO,
        launch_template_version: 1,
        mixed: Mixed::default(),
        new_instances_protected: false,
        launch_automation: None,
    }
}

fn settings_of_bystander(world: &World, name: GroupName) -> GroupSettings {
    settings(world, name, 1, Vec::new(), Application::default())
}

fn streams(
    world: &mut World,
    (own, jobs): (TargetGroupArn, TargetGroupArn),
    takes: SignedDuration,
) -> Result<(), Refusal> {
    let secs = SignedDuration::from_secs;
    for (name, target_group, every, takes) in [("requests", own, secs(10), secs(2)), ("jobs", jobs, secs(10), takes)] {
        world.add_stream(Stream { name: name.to_owned(), target_group, every, takes })?;
    }
    Ok(())
}

fn hook(name: &str, transition: LifecycleTransition, timeout: i64, default_result: ActionResult) -> LifecycleHook {
    LifecycleHook {
        name: name.to_owned(),
        transition,
        heartbeat_timeout: SignedDuration::from_secs(timeout),
        default_result,
        notification_metadata: None,
    }
}

fn hooks(dice: &mut Dice, terms: &Terms) -> Vec<LifecycleHook> {
    let mut hooks = Vec::new();
    let transitions = [LifecycleTransition::Launching, LifecycleTransition::Terminating];
    let ours = [(LAUNCHING, terms.launch.is_some()), (TERMINATING, terms.leave.is_some())];
    for ((name, is_there), transition) in ours.into_iter().zip(transitions) {
        let timeout = dice.either(300, &[30, 60, 300, 900, 3600]);
        let default = dice.either(ActionResult::Continue, &[ActionResult::Abandon]);
        if is_there {
            hooks.push(hook(name, transition, timeout, default));
        }
    }
    // Somebody else's, on the same transition.
    for (name, transition) in ["their-up", "their-down"].into_iter().zip(transitions) {
        let timeout = dice.either(60, &[300, 900]);
        if dice.chance(25.0) {
            hooks.push(hook(name, transition, timeout, ActionResult::Continue));
        }
    }
    hooks
}

fn pool(dice: &mut Dice) -> Option<WarmPool> {
    let state = dice.either(PoolState::Stopped, &[PoolState::Running]);
    let pool = WarmPool { size: dice.number(1..=2), state, reuse_on_scale_in: dice.chance(60.0) };
    dice.chance(35.0).then_some(pool)
}

fn terms(dice: &mut Dice, jobs: &TargetGroupArn, drains_in_time: bool) -> Terms {
    let both = dice.either(0, &[0, 0, 1, 2]);
    let launch = (both != 1).then(|| launch(dice, jobs));
    let names_jobs = dice.chance(80.0);
    let (busy_tag, busy_metric) = (dice.chance(50.0), dice.chance(25.0));
    let leave = (both != 2).then(|| leave(dice, jobs, names_jobs, busy_tag, busy_metric));
    let drains_jobs = leave.is_some() && names_jobs && (drains_in_time || busy_tag || busy_metric);
    Terms { launch, leave, drains_jobs }
}

fn mode(dice: &mut Dice) -> &'static str {
    if dice.chance(8.0) { "mode = \"watch\"\n" } else { "" }
}

fn launch(dice: &mut Dice, jobs: &TargetGroupArn) -> String {
    let subset = dice.number(1..=7);
    let asks = |bit: u32| subset & bit != 0;
    let named = [(1, "instance-status"), (2, "tag"), (4, "target-health")];
    let evidence: Vec<String> =
        named.iter().filter(|(bit, _)| asks(*bit)).map(|(_, name)| format!("\"{name}\"")).collect();
    let tag = if asks(2) { "tag = \"app:ready\"\n" } else { "" };
    let targets = if asks(4) { format!("target-groups = [\"{jobs}\"]\n") } else { String::new() };
    let within = dice.either("4m", &["3m", "10m"]);
    let max_abandoned = dice.number(1..=3);
    let on_limit = dice.either("admit", &["suspend-launch"]);
    format!(
        "[[lifecycle-hook.launch]]\ngroup = \"{GROUP}\"\nhook = \"{LAUNCHING}\"\n{}evidence = [{}]\n{tag}{targets}\
         timeout = \"{within}\"\nmax-abandoned = {max_abandoned}\non-limit = \"{on_limit}\"\n",
        mode(dice),
        evidence.join(", ")
    )
}

fn leave(dice: &mut Dice, jobs: &TargetGroupArn, names_jobs: bool, busy_tag: bool, busy_metric: bool) -> String {
    let targets = if names_jobs { format!("target-groups = [\"{jobs}\"]\n") } else { String::new() };
    let tag = if busy_tag { "busy-tag = \"app:busy\"\n" } else { "" };
    let metric =
        "busy-metric = { namespace = \"App\", name = \"InFlight\", dimensions = { InstanceId = \"{instance}\" } }\n";
    let metric = if busy_metric { metric } else { "" };
    let within = dice.either("8m", &["3m", "15m"]);
    format!(
        "[[lifecycle-hook.terminate]]\ngroup = \"{GROUP}\"\nhook = \"{TERMINATING}\"\n{}{targets}{tag}{metric}timeout = \
         \"{within}\"\n",
        mode(dice)
    )
}
