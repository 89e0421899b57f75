//! How hard a history is, and what befalls its groups and AWS.
//!
//! This module never touches a verdict: it breaks applications, machines and services. What people do is in `people`.

use homeostat_core::id::InstanceId;
use jiff::SignedDuration;
use world::{App, Flaw, Instance, LifecycleState, Machine, World};

use super::aws::Moods;
use super::history::{Happening, History};
use crate::simulator::dice::Dice;
use crate::simulator::history::MOST_SKEW;
use crate::simulator::stage::Stage;
use crate::simulator::toll::Rates;

/// Clocks that are kept by Amazon Time Sync are better still.
const RIGHT: SignedDuration = SignedDuration::from_millis(400);

/// In percent, where not said otherwise.
#[derive(Debug, Clone)]
pub(super) struct Storm {
    pub(super) lasts: SignedDuration,
    pub(super) strikes: u32,
    pub(super) losses: f64,
    pub(super) duplicates: f64,
    pub(super) delays: f64,
    /// No call, event or schedule fails: whatever goes wrong, goes wrong without any fault.
    pub(super) is_calm: bool,
    /// How wrong an invocation's clock may be.
    pub(super) skew: SignedDuration,
    rates: Rates,
    pub(super) moods: Moods,
    pub(super) is_over: bool,
}

impl Storm {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let scale = dice.either(0.0, &[0.2, 0.6, 2.0]);
        let is_calm = scale == 0.0;
        let rates = Rates {
            lost: scale,
            unheard: scale,
            contended: scale,
            repeated: scale,
            crash: scale / 2.0,
            slow: if is_calm { 0.0 } else { 1.0 },
        };
        let stale = dice.either(0.0, &[10.0, 40.0]);
        let moods = Moods { stale, not_yet: scale * 10.0, ..Moods::default() };
        let losses = dice.either(0.0, &[5.0, 30.0]);
        let delays = dice.either(0.0, &[20.0]);
        Storm {
            lasts: dice.minutes(25, 60),
            strikes: dice.number(2..=10),
            losses: if is_calm { 0.0 } else { losses },
            duplicates: dice.either(0.0, &[5.0, 30.0]),
            delays: if is_calm { 0.0 } else { delays },
            is_calm,
            skew: if is_calm { RIGHT } else { dice.either(RIGHT, &[MOST_SKEW]) },
            rates,
            moods,
            is_over: false,
        }
    }

    pub(super) fn strikes_by(&self, percent: f64, what: &str, stage: &Stage) -> bool {
        !self.is_over && stage.befalls(percent, || what.to_owned())
    }

    pub(super) fn rates_now(&self) -> Rates {
        if self.is_over { Rates::default() } else { self.rates }
    }

    pub(super) fn skew_now(&self) -> SignedDuration {
        if self.is_over { RIGHT } else { self.skew }
    }

    pub(super) fn moods_now(&self) -> Moods {
        if self.is_over { Moods::default() } else { self.moods }
    }
}

/// What ends a disturbance that does not end by itself.
#[derive(Debug, Clone)]
pub(super) enum Mend {
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
    ("an acknowledgement", false, History::acknowledge),
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
    pub(super) fn plan_strikes(&mut self) {
        for _ in 0..self.storm.strikes {
            let after = self.stage.dice().between(SignedDuration::from_secs(1), self.storm.lasts);
            self.later(after, Happening::Strike);
        }
    }

    pub(super) fn strike(&mut self) {
        let Some((name, is_fault, strike)) = self.stage.dice().pick(STRIKES) else { return };
        if (is_fault && self.storm.is_calm) || !self.stage.comes(|| name.to_owned()) || !strike(self) {
            return;
        }
        self.stage.count(&format!("disturbance: {name}"));
        self.stage.log(|| format!("disturbance: {name}"));
    }

    /// Does it after a while, and in any case once the storm is over.
    pub(super) fn mend_later(&mut self, least: i64, most: i64, mend: Mend) {
        let after = self.stage.dice().minutes(least, most);
        self.later(after, Happening::Mend(mend));
    }

    pub(super) fn some_member(&self, which: impl Fn(&Instance) -> bool) -> Option<InstanceId> {
        let of = |world: &mut World| -> Vec<InstanceId> {
            world.members(&self.group).filter(|one| which(one)).map(|one| one.id.clone()).collect()
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
            self.mend_later(1, 6, Mend::App(id.clone()));
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
        self.annals.silent.push((self.now(), None));
        self.mend_later(1, 8, Mend::Service(service));
        true
    }

    fn set(&mut self, service: Service, silent: bool) {
        let moods = &mut self.storm.moods;
        match service {
            Service::Machines => moods.no_machines = silent,
            Service::Targets => moods.no_targets = silent,
            Service::Groups => moods.no_groups = silent,
            Service::Heartbeats => moods.no_heartbeats = silent,
        }
    }

    fn switch_off(&mut self) -> bool {
        self.is_off = true;
        self.annals.silent.push((self.now(), None));
        self.mend_later(1, 12, Mend::SwitchOn);
        true
    }

    pub(super) fn mend(&mut self, mend: &Mend) {
        self.stage.turn(|| format!("{mend:?}"));
        self.stage.log(|| format!("mended: {mend:?}"));
        let now = self.now();
        match mend {
            // What is gone by now needs no mending.
            Mend::App(id) => _ = self.cloud.with(|world| world.break_app(id, App::Well)),
            Mend::Version => self.mend_version(),
            Mend::Launches => _ = self.cloud.with(|world| world.resume_processes(&self.group, &[])),
            Mend::Pause(scope) => {
                self.ledger.remove_pause(scope);
                for (_, pause) in self.pauses.iter_mut().filter(|(_, pause)| pause.scope == *scope) {
                    pause.until = pause.until.min(now);
                }
            }
            Mend::Service(service) => {
                self.set(*service, false);
                self.annals.speaks_again(now);
            }
            Mend::SwitchOn => {
                self.is_off = false;
                self.annals.speaks_again(now);
                for delivery in std::mem::take(&mut self.kept_back) {
                    self.later(SignedDuration::from_secs(1), Happening::Invoke(delivery));
                }
            }
        }
    }
}
