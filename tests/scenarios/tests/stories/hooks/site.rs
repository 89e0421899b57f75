//! What the stories of hooks have in common: a group whose instances also serve in a target group that it doesn't manage.

use homeostat_core::id::{GroupName, InstanceId, TargetGroupArn};
use homeostat_remedies::policy;
use jiff::{SignedDuration, Timestamp};
use scenarios::HookStory;
use world::{
    ActionEnd, ActionResult, Application, Demo, GroupSettings, LifecycleAction, LifecycleHook, LifecycleTransition,
    Pace, Stream, TargetType, World,
};

pub(super) fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(super) fn secs(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

pub(super) fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

pub(super) fn web() -> GroupName {
    "web".parse().unwrap()
}

/// How long a request takes, and a job.
const REQUEST: SignedDuration = SignedDuration::from_secs(2);
pub(super) const JOB: SignedDuration = SignedDuration::from_secs(90);

pub(super) fn hook(name: &str, transition: LifecycleTransition, timeout: SignedDuration) -> LifecycleHook {
    LifecycleHook {
        name: name.to_owned(),
        transition,
        heartbeat_timeout: timeout,
        default_result: ActionResult::Continue,
        notification_metadata: None,
    }
}

pub(super) fn hooks(timeout: SignedDuration) -> Vec<LifecycleHook> {
    vec![
        hook("ready", LifecycleTransition::Launching, timeout),
        hook("drained", LifecycleTransition::Terminating, timeout),
    ]
}

/// `web` at AWS's pace, with a target group `jobs` with which its instances register themselves, and both hooks.
pub(super) fn world(instances: u32, timeout: SignedDuration) -> (World, TargetGroupArn) {
    world_at(Pace::aws(), instances, timeout)
}

pub(super) fn world_at(pace: Pace, instances: u32, timeout: SignedDuration) -> (World, TargetGroupArn) {
    world_of(TargetType::Instance, pace, instances, timeout)
}

/// The same, with `jobs` of another type.
pub(super) fn world_of(
    jobs: TargetType,
    pace: Pace,
    instances: u32,
    timeout: SignedDuration,
) -> (World, TargetGroupArn) {
    let demo = Demo { pace, group: "other".parse().unwrap(), instances: 1, ..Demo::new().unwrap() };
    let (mut world, _) = demo.build(noon() - minutes(30)).unwrap();
    let own = world.add_target_group("own", 8080).unwrap();
    let jobs = world.add_target_group_of(jobs, "jobs", 9090).unwrap();
    let other = world.group(&"other".parse().unwrap()).unwrap().settings.clone();
    let application = Application {
        ready_tag: Some("app:ready".to_owned()),
        registers_with: vec![jobs.clone()],
        busy_tag: Some("app:busy".to_owned()),
    };
    let settings = GroupSettings {
        name: web(),
        min: 1,
        max: instances + 1000,
        desired: instances,
        target_groups: vec![own],
        application: Some(application),
        ..other
    };
    world.add_group(settings).unwrap();
    world.step(noon() - minutes(1));
    // The fleet came up before the hooks were made.
    world.update_group(&web(), |settings| settings.hooks = hooks(timeout)).unwrap();
    world.step(noon());
    world.take_events();
    (world, jobs)
}

pub(super) const LAUNCH: &str = "evidence = [\"instance-status\", \"tag\", \"target-health\"]\ntag = \"app:ready\"\n";
pub(super) const LEAVE: &str = "busy-tag = \"app:busy\"\n";

/// The policy of both hooks, with lines for each.
pub(super) fn policy_of(jobs: &TargetGroupArn, launch: &str, leave: &str) -> policy::Policy {
    let targets = format!("target-groups = [\"{jobs}\"]\n");
    let text = format!(
        "schema = 1\n[[lifecycle-hook.launch]]\ngroup = \"web\"\nhook = \"ready\"\n{targets}{launch}\n\
         [[lifecycle-hook.terminate]]\ngroup = \"web\"\nhook = \"drained\"\n{targets}{leave}\n\
         [[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\n"
    );
    policy::parse(&text).unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{text}"))
}

/// `web` with so many instances under the usual policy.
pub(super) fn site(instances: u32) -> HookStory {
    site_with(instances, minutes(5), LAUNCH, LEAVE)
}

pub(super) fn site_with(instances: u32, timeout: SignedDuration, launch: &str, leave: &str) -> HookStory {
    let (world, jobs) = world(instances, timeout);
    let policy = policy_of(&jobs, launch, leave);
    HookStory::new(world, policy)
}

/// Requests and jobs from now on: the requests at the group's own target group, the jobs at the other.
pub(super) fn work(story: &HookStory) {
    let named = |name: &str| {
        story.cloud.with(|world| {
            let mut all = world.target_groups();
            all.find(|target_group| target_group.name == name).unwrap().arn.clone()
        })
    };
    for (name, target_group, every, takes) in
        [("requests", named("own"), secs(1), REQUEST), ("jobs", named("jobs"), secs(5), JOB)]
    {
        let stream = Stream { name: name.to_owned(), target_group, every, takes };
        story.cloud.with(|world| world.add_stream(stream)).unwrap();
    }
}

pub(super) fn lost(story: &HookStory) -> (u64, u64) {
    story.cloud.with(|world| (world.tally("requests").lost, world.tally("jobs").lost))
}

/// Somebody has one instance terminated; the group replaces it.
pub(super) fn terminate(story: &HookStory, id: &InstanceId) {
    story.cloud.with(|world| world.terminate_instance(id, false)).unwrap();
}

/// Until as many as are wanted are in service, at most that long; how long it took.
pub(super) fn until_whole(story: &mut HookStory, instances: usize, at_most: SignedDuration) -> SignedDuration {
    let began = story.now();
    while story.in_service(&web()).len() < instances {
        assert!(
            story.now() < began + at_most,
            "{} in service: {:?}",
            story.in_service(&web()).len(),
            story.answers.last()
        );
        story.pass(secs(1));
    }
    story.now().duration_since(began)
}

pub(super) fn actions(story: &HookStory) -> Vec<LifecycleAction> {
    story.cloud.with(|world| world.lifecycle_actions().to_vec())
}

pub(super) fn timed_out(story: &HookStory) -> usize {
    actions(story).iter().filter(|action| action.ended_by == ActionEnd::TimedOut).count()
}

pub(super) fn ended(story: &HookStory, result: ActionResult) -> usize {
    actions(story).iter().filter(|action| action.ended_by == ActionEnd::Completed(result)).count()
}
