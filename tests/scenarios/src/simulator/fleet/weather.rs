//! What befalls a fleet, and how it is lifted again.
//!
//! This module never touches a verdict: it breaks applications, machines, versions and zones, and does what people do.

use futures_util::FutureExt;
use homeostat_core::id::{GroupName, InstanceId, Scope, TargetGroupArn};
use homeostat_core::incident::State;
use homeostat_core::memory::Remembered;
use homeostat_core::ports::{Control, Ledger, Pause, Write};
use homeostat_remedies::instance::kind::InstanceKind;
use jiff::SignedDuration;
use world::{App, EventCode, Flaw, Instance, LifecycleState, Machine, Process, RefreshStatus, SpotStatus, World};

use super::draw::BYSTANDER;
use super::proven::Proven;
use super::{Fleet, History, alarms};
use crate::announcement::Announcement;
use crate::simulator::dice::Dice;
use crate::simulator::engine::Play;
use crate::simulator::storm::{MOST_SKEW, Storm};
use crate::simulator::toll::Rates;

/// One in four leaves the calls alone: what then goes wrong, goes wrong without any fault. And how often an invocation reads what was.
pub(super) fn storm(dice: &mut Dice) -> (Storm, f64) {
    let rates = Rates::scaled(dice.either(0.0, &[0.3, 1.0, 4.0]));
    let storm = Storm {
        lasts: dice.minutes(40, 100),
        strikes: dice.number(2..=12),
        losses: dice.either(0.0, &[5.0, 30.0]),
        duplicates: dice.either(0.0, &[5.0, 30.0]),
        delays: dice.either(0.0, &[20.0]),
        rates,
        skew: MOST_SKEW,
        is_over: false,
    };
    (storm, dice.either(0.0, &[15.0]))
}

/// What ends a disturbance that does not end by itself.
#[derive(Debug, Clone)]
pub(super) enum Repair {
    App(InstanceId),
    Machine(InstanceId),
    Zone(String),
    ZoneCapacity(String),
    Capacity(GroupName),
    Version(GroupName),
    Actions(String),
    Processes(GroupName),
    /// All of it is started, and left to itself again.
    Parked(GroupName),
    TargetGroups(GroupName),
    Attached(GroupName, Vec<TargetGroupArn>),
    LoadBalancerZone(TargetGroupArn, String),
    Refresh(GroupName),
    Events(InstanceId),
    Standby(InstanceId),
    Protection(InstanceId),
    Pause(String),
    Disk(InstanceId),
    Throttles,
    /// The alarm on its application is as it was.
    Alarms(InstanceId),
}

type Strike = fn(&mut History, &GroupName) -> bool;

/// Each with its name in the census. What stands twice comes twice as often.
const STRIKES: &[(&str, Strike)] = &[
    ("an app dies", |history, group| apps_die(history, group, 1)),
    ("an app dies", |history, group| apps_die(history, group, 1)),
    ("an app dies", |history, group| apps_die(history, group, 1)),
    ("several apps die", |history, group| apps_die(history, group, 4)),
    ("several apps die", |history, group| apps_die(history, group, 3)),
    ("the apps of a zone die", apps_of_a_zone_die),
    ("an app dies and recovers", app_dies_and_recovers),
    ("a zone fails", zone_fails),
    ("a machine is impaired", machine_breaks),
    ("a machine is impaired", machine_breaks),
    ("a machine is stopped", machine_stops),
    ("a Spot Instance is taken back", spot_taken_back),
    ("a Spot Instance is taken back", spot_taken_back),
    ("a rebalance recommendation", rebalance),
    ("a machine is to retire", retirement),
    ("a machine is to retire", retirement),
    ("a bad version", bad_version),
    ("a bad version", bad_version),
    ("a good version", good_version),
    ("no capacity", no_capacity),
    ("no capacity in a zone", no_capacity_in_a_zone),
    ("alarm actions disabled", actions_disabled),
    ("a disk alarm blinks", alarms::disk_blinks),
    ("a disk alarm blinks", alarms::disk_blinks),
    ("a disk alarm blinks with its actions off", alarms::disk_muted),
    ("an app dies with two alarms", alarms::busy_death),
    ("an alarm is deleted", alarms::alarm_deleted),
    ("an alarm loses its data", alarms::alarm_loses_its_data),
    ("processes suspended", processes_suspended),
    ("a group is parked", group_is_parked),
    ("a target group is deleted", target_group_deleted),
    ("the target groups are detached", target_groups_detached),
    ("a zone leaves the load balancer", zone_leaves_the_load_balancer),
    ("an instance refresh", refresh),
    ("standby", standby),
    ("protection", protection),
    ("terminated by hand", terminated_by_hand),
    ("a pause", pause),
    ("a pause", pause),
    ("an acknowledgement", |history, _| history.acknowledge_each()),
    ("AWS throttles", throttles),
    ("AWS throttles", throttles),
    ("AWS throttles", throttles),
];

impl History {
    pub(super) fn strike(&mut self) {
        let groups: Vec<GroupName> =
            self.cloud.with(|world| world.groups().map(|group| group.settings.name.clone()).collect());
        let (ours, others): (Vec<GroupName>, Vec<GroupName>) =
            groups.into_iter().partition(|name| name.as_str() != BYSTANDER);
        let among = if self.stage.dice().chance(10.0) { others } else { ours };
        let Some(group) = self.stage.dice().pick(&among) else { return };
        let Some((name, strike)) = self.stage.dice().pick(STRIKES) else { return };
        if self.stage.comes(|| format!("{group}: {name}")) && strike(self, &group) {
            self.stage.count(&format!("disturbance: {name}"));
            self.stage.log(|| format!("{group}: {name}"));
        }
    }

    pub(super) fn carry_out(&mut self, repair: &Repair) {
        // What is gone by now needs no repair.
        match repair {
            Repair::App(id) => self.cloud.with(|world| {
                alarms::calm_down(world, id);
                _ = world.break_app(id, App::Well);
            }),
            Repair::Machine(id) => _ = self.cloud.with(|world| world.break_machine(id, Machine::Well)),
            Repair::Zone(zone) => self.cloud.with(|world| world.restore_zone(zone)),
            Repair::ZoneCapacity(zone) => self.cloud.with(|world| world.lack_capacity_in_zone(zone, false)),
            Repair::Capacity(group) => self.cloud.with(|world| world.lack_capacity_for_group(group, false)),
            Repair::Version(group) => repair_version(self, group),
            Repair::Actions(alarm) => self.cloud.with(|world| world.enable_alarm_actions(alarm, true)),
            Repair::Processes(group) => _ = self.cloud.with(|world| world.resume_processes(group, &[])),
            Repair::Parked(group) => unpark(self, group),
            Repair::TargetGroups(group) => _ = self.cloud.with(|world| world.detach_missing_target_groups(group)),
            Repair::Attached(group, arns) => _ = self.cloud.with(|world| world.attach_target_groups(group, arns)),
            Repair::LoadBalancerZone(arn, zone) => self.cloud.with(|world| {
                if world.target_group(arn).is_some_and(|group| group.zones_without.contains(zone)) {
                    _ = world.enable_zone(arn, zone, true);
                }
            }),
            Repair::Refresh(group) => {
                _ = self.cloud.with(|world| world.end_refresh(group, RefreshStatus::Successful));
            }
            Repair::Events(id) => _ = self.cloud.with(|world| world.cancel_events(id)),
            Repair::Standby(id) => _ = self.cloud.with(|world| world.exit_standby(id)),
            Repair::Protection(id) => _ = self.cloud.with(|world| world.protect_from_scale_in(id, false)),
            Repair::Pause(scope) => self.remove_pause(scope),
            Repair::Throttles => self.no_throttles(),
            Repair::Disk(id) => alarms::disk_emptied(self, id),
            Repair::Alarms(id) => self.cloud.with(|world| alarms::alarms_restored(world, id)),
        }
    }

    /// A person says that they know, of every incident that asks for one, and closes the breakers: each in a write of its own.
    pub(super) fn acknowledge_each(&mut self) -> bool {
        let mut acknowledged = false;
        for open in self.ledger.open::<InstanceKind>().iter().filter(|open| open.state == State::Escalated) {
            let next = open.acknowledge(self.acknowledgement());
            acknowledged |= matches!(self.ledger.write(Write::of(&next)).now_or_never(), Some(Ok(())));
        }
        for scope in self.policy.instances.group_names().iter().map(Scope::of_group) {
            let memory = self.ledger.memory_of::<InstanceKind>(&scope);
            if memory.breaker.is_some() {
                let next = memory.acknowledged().over(&memory);
                acknowledged |=
                    matches!(self.ledger.remember::<InstanceKind>(&scope, &next).now_or_never(), Some(Ok(())));
            }
        }
        acknowledged
    }

    /// From now on nothing keeps anybody from being seen.
    fn no_throttles(&mut self) {
        if self.stage.throttles() > 0.0 {
            self.stage.throttle(0.0);
            self.own.faultless_since = self.own.faultless_since.map(|_| self.now());
            self.own.proven = Proven::default();
        }
    }

    pub(super) fn some_member(&self, group: &GroupName, which: impl Fn(&Instance) -> bool) -> Option<InstanceId> {
        let members = self.members(group, which);
        self.stage.dice().pick(&members)
    }

    fn members(&self, group: &GroupName, which: impl Fn(&Instance) -> bool) -> Vec<InstanceId> {
        let of = |world: &mut World| world.members(group).filter(|one| which(one)).map(|one| one.id.clone()).collect();
        self.cloud.with(of)
    }
}

/// All that AWS is asked for, or most of it, for some minutes.
fn throttles(history: &mut History, _: &GroupName) -> bool {
    let percent = history.stage.dice().either(100.0, &[95.0, 60.0, 30.0]);
    history.stage.throttle(percent);
    history.stage.log(|| format!("AWS throttles {percent} of 100 calls"));
    // Who is unhealthy meanwhile may not be seen.
    let later = history.now() + SignedDuration::from_hours(24);
    history.own.faultless_since = history.own.faultless_since.map(|_| later);
    history.own.proven = Proven::default();
    history.repair_later(1, 12, Repair::Throttles);
    true
}

fn in_service(instance: &Instance) -> bool {
    instance.lifecycle == LifecycleState::InService
}

fn works(instance: &Instance) -> bool {
    in_service(instance) && instance.app == App::Well && instance.machine == Machine::Well
}

pub(super) fn some_working(history: &History, group: &GroupName) -> Option<InstanceId> {
    history.some_member(group, works)
}

pub(super) fn kill(history: &History, ids: &[InstanceId]) -> bool {
    ids.iter().any(|id| {
        history.stage.log(|| format!("the app of {id} dies"));
        history.cloud.with(|world| world.break_app(id, App::Dead)).is_ok()
    })
}

fn apps_die(history: &mut History, group: &GroupName, most: u32) -> bool {
    let count = if most == 1 { 1 } else { history.stage.dice().number(2..=most) };
    (0..count).filter(|_| history.some_member(group, works).is_some_and(|id| kill(history, &[id]))).count() > 0
}

fn some_zone(history: &History) -> Option<String> {
    let zones: Vec<String> =
        history.cloud.with(|world| ['a', 'b', 'c'].map(|letter| world.place().zone(letter)).to_vec());
    history.stage.dice().pick(&zones)
}

fn apps_of_a_zone_die(history: &mut History, group: &GroupName) -> bool {
    let Some(zone) = some_zone(history) else { return false };
    let ids = history.members(group, |instance| works(instance) && instance.zone == zone);
    ids.iter().filter(|id| kill(history, &[(*id).clone()])).count() > 0
}

fn app_dies_and_recovers(history: &mut History, group: &GroupName) -> bool {
    let Some(id) = history.some_member(group, works) else { return false };
    history.repair_later(1, 10, Repair::App(id.clone()));
    kill(history, &[id])
}

fn zone_fails(history: &mut History, _: &GroupName) -> bool {
    let Some(zone) = some_zone(history) else { return false };
    history.cloud.with(|world| world.fail_zone(&zone));
    history.repair_later(3, 40, Repair::Zone(zone));
    true
}

fn break_machine(history: &mut History, group: &GroupName, machine: Machine) -> Option<InstanceId> {
    let id = history.some_member(group, works)?;
    history.stage.log(|| format!("{id}: {machine:?}"));
    history.cloud.with(|world| world.break_machine(&id, machine)).ok()?;
    Some(id)
}

fn machine_breaks(history: &mut History, group: &GroupName) -> bool {
    let kinds = [Machine::SystemImpaired, Machine::InstanceImpaired, Machine::EbsImpaired, Machine::Unreported];
    let Some(machine) = history.stage.dice().pick(&kinds) else { return false };
    let Some(id) = break_machine(history, group, machine) else { return false };
    if history.stage.dice().chance(40.0) {
        history.repair_later(1, 20, Repair::Machine(id));
    }
    true
}

fn machine_stops(history: &mut History, group: &GroupName) -> bool {
    break_machine(history, group, Machine::Stopped).is_some()
}

fn is_spot(instance: &Instance) -> bool {
    in_service(instance) && instance.spot.as_ref().is_some_and(|spot| spot.status == SpotStatus::Fulfilled)
}

fn spot_taken_back(history: &mut History, group: &GroupName) -> bool {
    let Some(id) = history.some_member(group, is_spot) else { return false };
    history.stage.log(|| format!("{id} is taken back"));
    history.cloud.with(|world| world.interrupt_spot(&id)).is_ok()
}

fn rebalance(history: &mut History, group: &GroupName) -> bool {
    let Some(id) = history.some_member(group, is_spot) else { return false };
    let place = history.cloud.with(|world| world.place().clone());
    Fleet::deliver(history, &Announcement { place, at: history.now() }.rebalance(&id));
    true
}

/// Some so soon that a group whose checks are suspended has not seen to it by then; some too far away for anything to be done.
fn retirement(history: &mut History, group: &GroupName) -> bool {
    let Some(id) = history.some_member(group, works) else { return false };
    let (least, most) = history.stage.dice().either((2, 180), &[(1_560, 2_880)]);
    let after = history.stage.dice().minutes(least, most);
    let starts = history.now() + after;
    if history.stage.dice().chance(60.0) {
        history.repair_later(20, 90, Repair::Processes(group.clone()));
        _ = history.cloud.with(|world| world.suspend_processes(group, &[Process::HealthCheck]));
    }
    history.stage.log(|| format!("{id} is to retire at {starts:.0}"));
    history.cloud.with(|world| world.schedule_event(&id, EventCode::InstanceRetirement, starts)).is_ok()
}

fn newest_version(history: &History, group: &GroupName) -> u32 {
    history.cloud.with(|world| world.group(group).map_or(1, |group| group.settings.launch_template_version))
}

fn bad_version(history: &mut History, group: &GroupName) -> bool {
    let version = newest_version(history, group) + 1;
    let lifetime = history.stage.dice().minutes(1, 15);
    let flaw = history.stage.dice().either(Flaw::NeverAnswers, &[Flaw::DiesAfter(lifetime)]);
    history.stage.log(|| format!("version {version} of {group}: {flaw:?}"));
    // Refused while a target group is missing. Flawed all the same, it would be what people roll out later to repair another.
    if history.cloud.with(|world| world.roll_out(group, version)).is_err() {
        return false;
    }
    history.cloud.with(|world| world.break_version(group, version, flaw));
    // Somebody has to make it launch something.
    kill_one(history, group);
    history.repair_later(10, 90, Repair::Version(group.clone()));
    true
}

fn kill_one(history: &History, group: &GroupName) {
    if let Some(id) = history.some_member(group, works) {
        kill(history, &[id]);
    }
}

fn good_version(history: &mut History, group: &GroupName) -> bool {
    let version = newest_version(history, group) + 1;
    history.cloud.with(|world| world.roll_out(group, version)).is_ok()
}

/// Half of the people repair the version that is there, the others roll out another.
fn repair_version(history: &mut History, group: &GroupName) {
    let version = newest_version(history, group);
    history.cloud.with(|world| world.mend_version(group, version));
    if history.stage.dice().chance(50.0) {
        good_version(history, group);
    }
}

fn no_capacity(history: &mut History, group: &GroupName) -> bool {
    history.cloud.with(|world| world.lack_capacity_for_group(group, true));
    history.repair_later(2, 40, Repair::Capacity(group.clone()));
    true
}

fn no_capacity_in_a_zone(history: &mut History, _: &GroupName) -> bool {
    let Some(zone) = some_zone(history) else { return false };
    history.cloud.with(|world| world.lack_capacity_in_zone(&zone, true));
    history.repair_later(2, 40, Repair::ZoneCapacity(zone));
    true
}

fn actions_disabled(history: &mut History, _: &GroupName) -> bool {
    let alarms: Vec<String> =
        history.cloud.with(|world| world.alarms().map(|alarm| alarm.arn.alarm_name().to_owned()).collect());
    let Some(alarm) = history.stage.dice().pick(&alarms) else { return false };
    history.cloud.with(|world| world.enable_alarm_actions(&alarm, false));
    history.repair_later(2, 60, Repair::Actions(alarm));
    true
}

fn processes_suspended(history: &mut History, group: &GroupName) -> bool {
    let kinds = [
        Process::Launch,
        Process::Terminate,
        Process::ReplaceUnhealthy,
        Process::HealthCheck,
        Process::AddToLoadBalancer,
        Process::AzRebalance,
        Process::ScheduledActions,
    ];
    let Some(process) = history.stage.dice().pick(&kinds) else { return false };
    history.stage.log(|| format!("{group}: {process:?} suspended"));
    history.repair_later(2, 60, Repair::Processes(group.clone()));
    history.cloud.with(|world| world.suspend_processes(group, &[process])).is_ok()
}

/// As somebody does each evening.
fn group_is_parked(history: &mut History, group: &GroupName) -> bool {
    let ids = history.members(group, in_service);
    history.repair_later(20, 300, Repair::Parked(group.clone()));
    if ids.is_empty() || history.cloud.with(|world| world.suspend_processes(group, &[])).is_err() {
        return false;
    }
    let stop = |id| history.cloud.with(|world| world.break_machine(id, Machine::Stopped)).is_ok();
    ids.iter().filter(|id| stop(id)).count() > 0
}

fn unpark(history: &mut History, group: &GroupName) {
    for id in history.members(group, |instance| instance.machine == Machine::Stopped) {
        _ = history.cloud.with(|world| world.break_machine(&id, Machine::Well));
    }
    _ = history.cloud.with(|world| world.resume_processes(group, &[]));
}

/// An old one that nobody needs, if there is one: with its last, a group would lose what its evidence rests on. It stays attached until a person reads the page.
fn target_group_deleted(history: &mut History, group: &GroupName) -> bool {
    history.cloud.with(|world| {
        let attached = world.group(group).map(|group| group.settings.target_groups.clone()).unwrap_or_default();
        attached.len() > 1 && attached.last().is_some_and(|arn| world.delete_target_group(arn).is_ok())
    })
}

/// As for a deployment by hand: nothing checks its applications, and the group notices only what EC2 says.
fn target_groups_detached(history: &mut History, group: &GroupName) -> bool {
    let detached = history.cloud.with(|world| world.detach_target_groups(group)).unwrap_or_default();
    let is_any = !detached.is_empty();
    history.repair_later(5, 60, Repair::Attached(group.clone(), detached));
    is_any
}

/// Its targets there are "unused" from then on: nobody checks them, and nobody is sent to them.
fn zone_leaves_the_load_balancer(history: &mut History, group: &GroupName) -> bool {
    let attached = history
        .cloud
        .with(|world| world.group(group).map(|group| group.settings.target_groups.clone()).unwrap_or_default());
    let arn = history.stage.dice().pick(&attached);
    let (Some(arn), Some(zone)) = (arn, some_zone(history)) else { return false };
    history.stage.log(|| format!("{zone} leaves the load balancer of {arn}"));
    history.repair_later(5, 60, Repair::LoadBalancerZone(arn.clone(), zone.clone()));
    history.cloud.with(|world| world.enable_zone(&arn, &zone, false)).is_ok()
}

fn refresh(history: &mut History, group: &GroupName) -> bool {
    history.repair_later(2, 60, Repair::Refresh(group.clone()));
    history.cloud.with(|world| world.start_refresh(group)).is_ok()
}

fn standby(history: &mut History, group: &GroupName) -> bool {
    let Some(id) = history.some_member(group, in_service) else { return false };
    let decrement = history.stage.dice().chance(70.0);
    history.repair_later(6, 40, Repair::Standby(id.clone()));
    history.stage.log(|| format!("{id} enters Standby, decrement: {decrement}"));
    history.cloud.with(|world| world.enter_standby(&id, decrement)).is_ok()
}

fn protection(history: &mut History, group: &GroupName) -> bool {
    let Some(id) = history.some_member(group, in_service) else { return false };
    history.repair_later(2, 60, Repair::Protection(id.clone()));
    history.stage.log(|| format!("{id} is protected"));
    history.cloud.with(|world| world.protect_from_scale_in(&id, true)).is_ok()
}

fn terminated_by_hand(history: &mut History, group: &GroupName) -> bool {
    let Some(id) = history.some_member(group, in_service) else { return false };
    history.stage.log(|| format!("{id} is terminated by hand"));
    history.cloud.with(|world| world.terminate_instance(&id, false)).is_ok()
}

fn pause(history: &mut History, group: &GroupName) -> bool {
    let instance = history.some_member(group, in_service).map(|id| format!("instance#{id}"));
    let all = "all".to_owned();
    let scopes: Vec<String> = [Some(all), Some(format!("group#{group}")), instance].into_iter().flatten().collect();
    let Some(scope) = history.stage.dice().pick(&scopes) else { return false };
    let until = history.now() + history.stage.dice().minutes(1, 60);
    let pause = Pause { scope: scope.clone(), by: "ana".to_owned(), reason: "deploying".to_owned(), until };
    history.stage.log(|| format!("pause of {scope} until {until:.0}"));
    history.add_pause(pause);
    history.repair_later(1, 60, Repair::Pause(scope));
    true
}
