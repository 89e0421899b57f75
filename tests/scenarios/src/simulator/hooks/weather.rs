//! How hard a history is, and what befalls its groups and AWS.
//!
//! This module never touches a verdict: it breaks applications, machines and services. What people do is in `people`.

use homeostat_core::id::InstanceId;
use jiff::SignedDuration;
use world::{App, Flaw, Instance, LifecycleState, Machine, World};

use super::History;
use super::aws::Moods;
use crate::simulator::dice::Dice;
use crate::simulator::engine::Happening;
use crate::simulator::storm::{MOST_SKEW, Storm};
use crate::simulator::toll::Rates;

/// Clocks that are kept by Amazon Time Sync are better still.
pub(super) const RIGHT: SignedDuration = SignedDuration::from_millis(400);

/// With whether it is calm: then no call, event or schedule fails.
pub(super) fn storm(dice: &mut Dice) -> (Storm, bool, Moods) {
    let scale = dice.either(0.0, &[0.2, 0.6, 2.0]);
    let is_calm = scale == 0.0;
    let rates = Rates { crash: scale / 2.0, slow: if is_calm { 0.0 } else { 1.0 }, ..Rates::scaled(scale) };
    let stale = dice.either(0.0, &[10.0, 40.0]);
    let moods = Moods { stale, not_yet: scale * 10.0, ..Moods::default() };
    let losses = dice.either(0.0, &[5.0, 30.0]);
    let delays = dice.either(0.0, &[20.0]);
    let storm = Storm {
        lasts: dice.minutes(25, 60),
        strikes: dice.number(2..=10),
        losses: if is_calm { 0.0 } else { losses },
        duplicates: dice.either(0.0, &[5.0, 30.0]),
        delays: if is_calm { 0.0 } else { delays },
        rates,
        skew: if is_calm { RIGHT } else { dice.either(RIGHT, &[MOST_SKEW]) },
        is_over: false,
    };
    (storm, is_calm, moods)
}

/// What ends a disturbance that does not end by itself.
#[derive(Debug, Clone)]
pub(super) enum Repair {
    App(InstanceId),
    Version,
    Launches,
    Pause(String),
    Service(Service),
    SwitchOn,
}

/// What may not answer for minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Machines,
    Targets,
    Groups,
    Heartbeats,
}

type Strike = fn(&mut History) -> bool;

/// Each with its name in the census, and whether it is a fault of the machinery. What stands twice comes twice as often.
const STRIKES: &[(&str, bool, Strike)] = &[
    ("scaled out", false, History::scale_out),
    ("scaled out", false, History::scale_out),
    ("scaled out", false, History::scale_out),
    ("scaled in", false, History::scale_in),
    ("scaled in", false, History::scale_in),
    ("terminated by hand", false, History::terminate_some),
    ("terminated by hand", false, History::terminate_some),
    ("a good version", false, |history| history.roll_out(None)),
    ("a bad version", false, |history| history.roll_out(Some(Flaw::NeverAnswers))),
    ("a bad version", false, |history| history.roll_out(Some(Flaw::NeverAnswers))),
    ("an application dies", false, History::app_dies),
    ("a machine breaks", false, History::machine_breaks),
    ("a Spot Instance is interrupted", false, History::interrupt),
    ("a Spot Instance is interrupted", false, History::interrupt),
    ("a pause", false, History::pause),
    ("a pause", false, History::pause),
    ("an acknowledgement", false, History::people_acknowledge),
    ("somebody completes a hook of the policy", false, History::meddle),
    ("a ready tag is removed", false, History::untag),
    ("an event with a made-up token", true, History::forge),
    ("an event with a made-up token", true, History::forge),
    ("the function is off", true, History::switch_off),
    ("machines can't be read", true, |history| history.silence(Service::Machines)),
    ("targets can't be read", true, |history| history.silence(Service::Targets)),
    ("groups can't be read", true, |history| history.silence(Service::Groups)),
    ("heartbeats fail", true, |history| history.silence(Service::Heartbeats)),
];

impl History {
    pub(super) fn strike(&mut self) {
        let Some((name, is_fault, strike)) = self.stage.dice().pick(STRIKES) else { return };
        if (is_fault && self.own.is_calm) || !self.stage.comes(|| name.to_owned()) || !strike(self) {
            return;
        }
        self.stage.count(&format!("disturbance: {name}"));
        self.stage.log(|| format!("disturbance: {name}"));
    }

    pub(super) fn some_member(&self, which: impl Fn(&Instance) -> bool) -> Option<InstanceId> {
        let of = |world: &mut World| -> Vec<InstanceId> {
            world.members(&self.own.group).filter(|one| which(one)).map(|one| one.id.clone()).collect()
        };
        let members = self.cloud.with(of);
        self.stage.dice().pick(&members)
    }

    fn app_dies(&mut self) -> bool {
        let pending = self.stage.dice().chance(50.0);
        let is_wanted =
            |one: &Instance| one.app == App::Well && (!pending || one.lifecycle == LifecycleState::PendingWait);
        let Some(id) = self.some_member(is_wanted) else { return false };
        self.stage.log(|| format!("the app of {id} dies"));
        if self.stage.dice().chance(50.0) {
            self.repair_later(1, 6, Repair::App(id.clone()));
        }
        self.cloud.with(|world| world.break_app(&id, App::Dead)).is_ok()
    }

    fn machine_breaks(&mut self) -> bool {
        let Some(id) = self.some_member(|one| one.machine == Machine::Well) else { return false };
        let machine = self.stage.dice().either(Machine::InstanceImpaired, &[Machine::SystemImpaired, Machine::Stopped]);
        self.stage.log(|| format!("{id}: {machine:?}"));
        self.cloud.with(|world| world.break_machine(&id, machine)).is_ok()
    }

    fn interrupt(&mut self) -> bool {
        let Some(id) = self.some_member(|one| one.spot.is_some()) else { return false };
        self.stage.log(|| format!("{id} is interrupted"));
        self.cloud.with(|world| world.interrupt_spot(&id)).is_ok()
    }

    fn silence(&mut self, service: Service) -> bool {
        self.set(service, true);
        self.own.annals.silent.push((self.now(), None));
        self.repair_later(1, 8, Repair::Service(service));
        true
    }

    fn set(&mut self, service: Service, silent: bool) {
        let moods = &mut self.own.moods;
        match service {
            Service::Machines => moods.no_machines = silent,
            Service::Targets => moods.no_targets = silent,
            Service::Groups => moods.no_groups = silent,
            Service::Heartbeats => moods.no_heartbeats = silent,
        }
    }

    fn switch_off(&mut self) -> bool {
        self.own.is_off = true;
        self.own.annals.silent.push((self.now(), None));
        self.repair_later(1, 12, Repair::SwitchOn);
        true
    }

    pub(super) fn carry_out(&mut self, repair: &Repair) {
        match repair {
            // What is gone by now needs no repair.
            Repair::App(id) => _ = self.cloud.with(|world| world.break_app(id, App::Well)),
            Repair::Version => self.repair_version(),
            Repair::Launches => _ = self.cloud.with(|world| world.resume_processes(&self.own.group, &[])),
            Repair::Pause(scope) => self.remove_pause(scope),
            Repair::Service(service) => {
                self.set(*service, false);
                self.own.annals.speaks_again(self.now());
            }
            Repair::SwitchOn => {
                self.own.is_off = false;
                self.own.annals.speaks_again(self.now());
                for delivery in std::mem::take(&mut self.own.kept_back) {
                    self.later(SignedDuration::from_secs(1), Happening::Invoke(delivery));
                }
            }
        }
    }
}
