//! What the stories in virtual time have in common: the demo's fleet under the policy that ships, or under another.

use homeostat_core::id::{GroupName, InstanceId, Scope};
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::Incident;
use homeostat_remedies::policy;
use jiff::{SignedDuration, Timestamp};
use scenarios::FleetStory;
use world::{ActivityKind, App, Demo};

/// It ships watching: here it acts.
pub(crate) fn shipped_policy() -> String {
    include_str!("../../../../policy.toml").replacen("mode = \"watch\"", "mode = \"act\"", 1)
}

pub(crate) fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn web() -> GroupName {
    "web".parse().unwrap()
}

pub(crate) fn web_scope() -> Scope {
    Scope::of_group(&web())
}

pub(crate) fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// The group `web` with so many instances, under a policy of these lines.
pub(crate) fn fleet(instances: u32, lines: &str) -> FleetStory {
    let text = format!("schema = 1\n[[replace-instance.group]]\nname = \"web\"\n{lines}\n");
    let demo = Demo { instances, ..Demo::new().unwrap() };
    FleetStory::of_demo(demo, policy::parse(&text).unwrap(), noon()).unwrap()
}

/// As the policy of this repository has it, but for the budget.
pub(crate) fn fleet_with_budget(instances: u32, budget: u32) -> FleetStory {
    fleet(instances, &format!("evidence = [\"alarm\", \"target-health\"]\nbudget = {budget}"))
}

/// Kills the applications of so many of the group's instances, at the same instant.
pub(crate) fn break_some(story: &FleetStory, count: usize) -> Vec<InstanceId> {
    let victims: Vec<InstanceId> = story.in_service(&web()).into_iter().take(count).collect();
    assert_eq!(victims.len(), count);
    for victim in &victims {
        story.cloud.with(|world| world.break_app(victim, App::Dead)).unwrap();
    }
    victims
}

/// Who was terminated, in order.
pub(crate) fn terminated(story: &FleetStory) -> Vec<InstanceId> {
    let group = web();
    let mut terminated: Vec<InstanceId> = story.cloud.with(|world| {
        let ended = world.activities(&group).filter(|activity| activity.kind == ActivityKind::Terminate);
        ended.map(|activity| activity.instance.clone()).collect()
    });
    terminated.reverse();
    terminated
}

/// The one incident that is open.
pub(crate) fn the_open_one(story: &FleetStory) -> Incident {
    match &story.ledger.open::<InstanceKind>()[..] {
        [incident] => incident.clone(),
        several => panic!("{} are open: {several:?}", several.len()),
    }
}

pub(crate) fn said(incident: &Incident) -> String {
    incident.decision.as_ref().unwrap().to_string()
}

/// Whole again: as many as desired are in service and well, nothing is open, and no slot is held.
pub(crate) fn is_whole(story: &FleetStory, desired: usize) {
    let members = story.in_service(&web());
    let well = story.cloud.with(|world| {
        members.iter().filter(|id| world.instance(id).is_some_and(|member| member.app == App::Well)).count()
    });
    assert_eq!(well, desired, "well and in service");
    assert_eq!(story.ledger.open::<InstanceKind>(), []);
    assert!(story.ledger.slots_of(&web()).holders.is_empty());
}
