//! What befalls the alarms of instances: other alarms than the one on the application, and that one itself.
//!
//! This module never sets an alarm's state; it publishes what an alarm watches, or changes the alarm as people do.

use homeostat_core::id::{GroupName, InstanceId};
use jiff::SignedDuration;
use world::{AlarmRule, App, Comparison, Instance, LifecycleState, Metric, Statistic, TreatMissingData, World};

use super::History;
use super::weather::{Repair, kill, some_working};

const FULL: f64 = 95.0;
const EMPTY: f64 = 10.0;

/// The alarm on an instance's disk: not a verdict, where the policy names those that are.
pub(super) const DISK: &str = "disk-";

/// One that is a verdict too, where the policy names it: its CPU is busy only while its application is dead.
const CPU: &str = "cpu-";

pub(super) fn disk_alarm(id: &InstanceId) -> String {
    format!("{DISK}{id}")
}

fn cpu_alarm(id: &InstanceId) -> String {
    format!("{CPU}{id}")
}

/// The alarm on its application, as its group's automation names it.
pub(super) fn own_alarm(instance: &Instance) -> String {
    format!("{}-{}-failing", instance.group, instance.id)
}

pub(super) fn own_metric(world: &World, instance: &Instance) -> Option<Metric> {
    let group = world.group(&instance.group)?;
    let automation = group.settings.launch_automation.as_ref()?;
    Some(Metric::of_instance(&automation.namespace, &automation.metric, &instance.id))
}

/// In service, and rather one whose application is dead: there another alarm can hide what matters.
fn some_member(history: &History, group: &GroupName) -> Option<InstanceId> {
    let in_service = |one: &Instance| one.lifecycle == LifecycleState::InService;
    let dead = history.some_member(group, |one| in_service(one) && one.app == App::Dead);
    let rather_dead = history.stage.dice().chance(60.0);
    dead.filter(|_| rather_dead).or_else(|| history.some_member(group, in_service))
}

fn disk_metric(id: &InstanceId) -> Metric {
    Metric::of_instance("CWAgent", "disk_used_percent", id)
}

fn cpu_metric(id: &InstanceId) -> Metric {
    Metric::of_instance("CWAgent", "cpu_usage_active", id)
}

/// Of one datapoint, kept until there is another.
fn rule() -> AlarmRule {
    AlarmRule {
        statistic: Statistic::Maximum,
        period: SignedDuration::from_mins(1),
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: 80.0,
        comparison: Comparison::GreaterThanThreshold,
        missing: TreatMissingData::Ignore,
    }
}

fn publish(world: &mut World, name: &str, metric: Metric, value: f64) -> bool {
    let known = world.put_alarm(name, metric.clone(), rule()).is_ok();
    world.put_metric(metric, value);
    known
}

/// A disk that is nearly full, for some minutes or for as long as nobody looks.
pub(super) fn disk_blinks(history: &mut History, group: &GroupName) -> bool {
    let Some(id) = some_member(history, group) else { return false };
    history.repair_later(1, 40, Repair::Disk(id.clone()));
    history.stage.log(|| format!("the disk of {id} is full"));
    history.cloud.with(|world| publish(world, &disk_alarm(&id), disk_metric(&id), FULL))
}

/// It blinks with its actions off.
pub(super) fn disk_muted(history: &mut History, group: &GroupName) -> bool {
    let Some(id) = some_member(history, group) else { return false };
    history.repair_later(5, 60, Repair::Disk(id.clone()));
    history.stage.log(|| format!("the disk of {id} is full, its alarm's actions are off"));
    history.cloud.with(|world| {
        let known = publish(world, &disk_alarm(&id), disk_metric(&id), FULL);
        world.enable_alarm_actions(&disk_alarm(&id), false);
        known
    })
}

pub(super) fn disk_emptied(history: &History, id: &InstanceId) {
    history.cloud.with(|world| {
        if world.alarm(&disk_alarm(id)).is_some() {
            _ = publish(world, &disk_alarm(id), disk_metric(id), EMPTY);
        }
    });
}

/// Both of its alarms ring.
pub(super) fn busy_death(history: &mut History, group: &GroupName) -> bool {
    let Some(id) = some_working(history, group) else { return false };
    history.cloud.with(|world| publish(world, &cpu_alarm(&id), cpu_metric(&id), FULL));
    kill(history, &[id])
}

/// Whoever's application is well again is not busy any longer.
pub(super) fn calm_down(world: &mut World, id: &InstanceId) {
    if world.alarm(&cpu_alarm(id)).is_some() {
        _ = publish(world, &cpu_alarm(id), cpu_metric(id), EMPTY);
    }
}

/// Its own, or the one on its disk.
fn some_alarm(history: &History, id: &InstanceId) -> Option<String> {
    let names = history.cloud.with(|world| {
        let own = world.instance(id).map(own_alarm);
        let names = [own, Some(disk_alarm(id))].into_iter().flatten();
        names.filter(|name| world.alarm(name).is_some()).collect::<Vec<_>>()
    });
    history.stage.dice().pick(&names)
}

pub(super) fn alarm_deleted(history: &mut History, group: &GroupName) -> bool {
    let Some(id) = some_member(history, group) else { return false };
    let Some(name) = some_alarm(history, &id) else { return false };
    history.repair_later(5, 90, Repair::Alarms(id));
    history.stage.log(|| format!("{name} is deleted"));
    history.cloud.with(|world| world.delete_alarm(&name));
    true
}

/// Whatever published what it watches has stopped.
pub(super) fn alarm_loses_its_data(history: &mut History, group: &GroupName) -> bool {
    let Some(id) = some_member(history, group) else { return false };
    let Some(name) = some_alarm(history, &id) else { return false };
    history.repair_later(5, 90, Repair::Alarms(id.clone()));
    history.stage.log(|| format!("{name} gets no more data"));
    let nothing = Metric::of_instance("Sim", "Nothing", &id);
    history.cloud.with(|world| {
        let rule =
            world.alarm(&name).map(|alarm| AlarmRule { missing: TreatMissingData::Missing, ..alarm.rule.clone() });
        rule.is_some_and(|rule| world.put_alarm(&name, nothing, rule).is_ok())
    })
}

/// Its alarms are as its group's automation made them.
pub(super) fn alarms_restored(world: &mut World, id: &InstanceId) {
    let Some(instance) = world.instance(id) else { return };
    let (name, metric) = (own_alarm(instance), own_metric(world, instance));
    let automation = world.group(&instance.group).and_then(|group| group.settings.launch_automation.clone());
    if let (Some(metric), Some(automation)) = (metric, automation) {
        _ = world.put_alarm(&name, metric, automation.rule);
    }
}

/// Everybody's, once the storm is over.
pub(super) fn restore_all(world: &mut World) {
    let ids: Vec<InstanceId> = world.instances().map(|instance| instance.id.clone()).collect();
    ids.iter().for_each(|id| alarms_restored(world, id));
}
