//! What befalls a site, and how it is lifted again.
//!
//! This module never touches a verdict: it breaks applications and what looks at them, and does what people and tools do.

use homeostat_core::aws::record::{RecordKey, RecordSet, Routing, Weight};
use homeostat_core::ports::Pause;
use world::{AlarmRule, Author, EndpointState, Metric, Site};

use super::History;
use super::route53::Moods;
use crate::simulator::dice::Dice;
use crate::simulator::storm::{MOST_SKEW, Storm};
use crate::simulator::toll::Rates;

/// One in four leaves the calls alone: what then goes wrong, goes wrong without any fault.
pub(super) fn storm(dice: &mut Dice) -> (Storm, Moods) {
    let scale = dice.either(0.0, &[0.3, 1.0, 3.0]);
    let moods = Moods {
        throttles: scale * 5.0,
        busy: scale * 5.0,
        late: scale * 4.0,
        stale: dice.either(0.0, &[10.0, 40.0]),
        slow: scale,
    };
    let storm = Storm {
        lasts: dice.minutes(40, 100),
        strikes: dice.number(2..=12),
        losses: dice.either(0.0, &[5.0, 30.0]),
        duplicates: dice.either(0.0, &[5.0, 30.0]),
        delays: dice.either(0.0, &[20.0]),
        rates: Rates::scaled(scale),
        skew: MOST_SKEW,
        is_over: false,
    };
    (storm, moods)
}

/// What ends a disturbance that does not end by itself.
#[derive(Debug, Clone)]
pub(super) enum Repair {
    Endpoint(String),
    Breaks(String, EndpointState),
    Checkers(String),
    Actions(String),
    Pause(String),
    Alarm(Box<(String, Metric, AlarmRule)>),
}

/// What makes a health check say something else than its checkers.
#[derive(Debug, Clone, Copy)]
enum Odd {
    Inverted,
    Disabled,
    Deleted,
}

type Strike = fn(&mut History) -> bool;

/// Each with its name in the census. What stands twice comes twice as often.
const STRIKES: &[(&str, Strike)] = &[
    ("an endpoint dies", |history| history.breaks(EndpointState::Dead)),
    ("an endpoint dies", |history| history.breaks(EndpointState::Dead)),
    ("an endpoint dies", |history| history.breaks(EndpointState::Dead)),
    ("an endpoint dies", |history| history.breaks(EndpointState::Dead)),
    ("an endpoint is slow", |history| history.breaks(EndpointState::Slow)),
    ("an endpoint is slow", |history| history.breaks(EndpointState::Slow)),
    ("an endpoint flaps", History::flaps),
    ("checkers are cut off", |history| history.checkers(true)),
    ("checkers stop", |history| history.checkers(false)),
    ("a health check is inverted", |history| history.health_check(Odd::Inverted)),
    ("a health check is disabled", |history| history.health_check(Odd::Disabled)),
    ("a health check is deleted", |history| history.health_check(Odd::Deleted)),
    ("alarm actions disabled", History::actions_disabled),
    ("a weight is edited", History::weight_edited),
    ("the template is applied again", History::template_applied),
    ("a generation is deleted", History::generation_deleted),
    ("a field is edited", History::field_edited),
    ("an endpoint is added", History::endpoint_added),
    ("an endpoint is removed", History::endpoint_removed),
    ("an alarm is deleted", History::alarm_deleted),
    ("the other family is added", History::family_added),
    ("a pause", History::pause),
    ("a pause", History::pause),
    ("an acknowledgement", |history| history.acknowledge()),
];

impl History {
    pub(super) fn strike(&mut self) {
        let strike = self.stage.dice().pick(STRIKES);
        if let Some((name, strike)) = strike
            && self.stage.comes(|| name.to_owned())
            && strike(self)
        {
            self.stage.count(&format!("disturbance: {name}"));
            self.stage.log(|| format!("disturbance: {name}"));
        }
    }

    pub(super) fn carry_out(&mut self, repair: &Repair) {
        match repair {
            Repair::Endpoint(name) => self.set_state(name, EndpointState::Well),
            Repair::Breaks(name, state) if !self.storm.is_over => self.set_state(name, *state),
            Repair::Breaks(..) => {}
            Repair::Checkers(name) => {
                self.doubt(name, false);
                // Each endpoint of a site has a health check.
                _ = self.cloud.with(|world| world.cut_off_checkers(name, 0));
                _ = self.cloud.with(|world| world.stop_checkers(name, 0));
                _ = self.cloud.with(|world| world.update_health_check(name, false, false));
                _ = self.cloud.with(|world| world.delete_health_check(name, false));
            }
            Repair::Actions(alarm) => self.cloud.with(|world| world.enable_alarm_actions(alarm, true)),
            Repair::Alarm(alarm) => {
                let (name, metric, rule) = (**alarm).clone();
                // It was taken as it is from there.
                _ = self.cloud.with(|world| world.put_alarm(&name, metric, rule));
            }
            Repair::Pause(scope) => self.remove_pause(scope),
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.cloud.with(|world| world.endpoints().map(|endpoint| endpoint.name.clone()).collect())
    }

    fn some_endpoint(&self) -> Option<String> {
        let names = self.names();
        self.stage.dice().pick(&names)
    }

    fn set_state(&mut self, name: &str, state: EndpointState) {
        self.stage.log(|| format!("{name} is {state:?}"));
        // Names come from the site.
        _ = self.cloud.with(|world| world.break_endpoint(name, state));
    }

    fn breaks(&mut self, state: EndpointState) -> bool {
        let Some(name) = self.some_endpoint() else { return false };
        self.set_state(&name, state);
        if self.stage.dice().chance(70.0) {
            self.repair_later(1, 40, Repair::Endpoint(name));
        }
        true
    }

    fn flaps(&mut self) -> bool {
        let Some(name) = self.some_endpoint() else { return false };
        let mut after = 0;
        let times = self.stage.dice().number(2..=5);
        for _ in 0..times {
            after += i64::from(self.stage.dice().number(1..=5));
            self.repair_later(after, after, Repair::Breaks(name.clone(), EndpointState::Dead));
            after += i64::from(self.stage.dice().number(1..=8));
            self.repair_later(after, after, Repair::Endpoint(name.clone()));
        }
        true
    }

    fn doubt(&mut self, name: &str, is_cut_off: bool) {
        if let Some(known) = self.own.truth.endpoints.get_mut(name) {
            known.is_cut_off = is_cut_off;
        }
    }

    fn checkers(&mut self, cut_off: bool) -> bool {
        let Some(name) = self.some_endpoint() else { return false };
        let count = usize::try_from(self.stage.dice().number(3..=16)).unwrap_or_default();
        // Those that stop may have failed before, and those that fail may be all that is left.
        self.doubt(&name, true);
        let done = self.cloud.with(|world| match cut_off {
            true => world.cut_off_checkers(&name, count),
            false => world.stop_checkers(&name, count),
        });
        self.repair_later(3, 30, Repair::Checkers(name));
        done.is_ok()
    }

    /// What people do to a health check while they work on something else.
    fn health_check(&mut self, odd: Odd) -> bool {
        let Some(name) = self.some_endpoint() else { return false };
        self.doubt(&name, true);
        let done = self.cloud.with(|world| match odd {
            Odd::Inverted => world.update_health_check(&name, true, false),
            Odd::Disabled => world.update_health_check(&name, false, true),
            Odd::Deleted => world.delete_health_check(&name, true),
        });
        self.repair_later(3, 30, Repair::Checkers(name));
        done.is_ok()
    }

    fn actions_disabled(&mut self) -> bool {
        let Some(name) = self.some_endpoint() else { return false };
        let alarm = Site::served_alarm(&name);
        self.cloud.with(|world| world.enable_alarm_actions(&alarm, false));
        self.repair_later(3, 30, Repair::Actions(alarm));
        true
    }

    fn alarm_deleted(&mut self) -> bool {
        let Some(name) = self.some_endpoint() else { return false };
        let name = Site::served_alarm(&name);
        let found = self.cloud.with(|world| {
            let alarm = world.alarm(&name).map(|alarm| (name.clone(), alarm.metric.clone(), alarm.rule.clone()));
            world.delete_alarm(&name);
            alarm
        });
        let Some(found) = found else { return false };
        let alarm = Repair::Alarm(Box::new(found));
        self.own.deleted.push(alarm.clone());
        if self.stage.dice().chance(50.0) {
            self.repair_later(3, 60, alarm);
        }
        true
    }

    /// As somebody does who turns on IPv6.
    fn family_added(&mut self) -> bool {
        let Some(key) = self.some_record() else { return false };
        let is_there = |sets: &[RecordSet]| sets.iter().any(|set| set.name == key.name && set.kind == "AAAA");
        let was_there = self.cloud.with(|world| world.zone(&self.own.zone).is_none_or(|zone| is_there(zone.sets())));
        !was_there
            && self.edit(|sets| {
                let new: Vec<RecordSet> = sets.iter().filter(|set| set.is_of(&key)).cloned().collect();
                let six = |(nth, set): (usize, RecordSet)| RecordSet {
                    kind: "AAAA".to_owned(),
                    values: vec![format!("2001:db8::{}", nth + 1)],
                    ..set
                };
                sets.extend(new.into_iter().enumerate().map(six));
            })
    }

    fn some_record(&self) -> Option<RecordKey> {
        self.stage.dice().pick(&self.own.keys)
    }

    fn edit(&self, edit: impl FnOnce(&mut Vec<RecordSet>)) -> bool {
        self.cloud.with(|world| world.edit_records(&self.own.zone, Author::Somebody, edit)).is_ok()
    }

    fn weight_edited(&mut self) -> bool {
        let Some(key) = self.some_record() else { return false };
        let nth = self.stage.dice().number(0..=3);
        let weight = self.stage.dice().number(1..=200);
        self.edit(|sets| {
            let of_record = sets.iter_mut().filter(|set| set.is_of(&key));
            if let Some(set) = of_record.into_iter().nth(usize::try_from(nth).unwrap_or_default()) {
                *set = set.with_weight(Weight::try_from(weight).unwrap_or(1));
            }
        })
    }

    fn template_applied(&mut self) -> bool {
        let Some(key) = self.some_record() else { return false };
        let template: Vec<RecordSet> = self.own.template.iter().filter(|set| set.is_of(&key)).cloned().collect();
        self.edit(|sets| {
            sets.retain(|set| !set.is_of(&key));
            sets.extend(template);
        })
    }

    fn generation_deleted(&mut self) -> bool {
        let has_one = self
            .cloud
            .with(|world| world.zone(&self.own.zone).is_some_and(|it| it.sets().iter().any(|set| set.kind == "TXT")));
        has_one && self.edit(|sets| sets.retain(|set| set.kind != "TXT"))
    }

    fn field_edited(&mut self) -> bool {
        let Some(key) = self.some_record() else { return false };
        let ttl = i64::from(self.stage.dice().number(30..=300));
        self.edit(|sets| sets.iter_mut().filter(|set| set.is_of(&key)).for_each(|set| set.ttl = Some(ttl)))
    }

    fn endpoint_added(&mut self) -> bool {
        let Some(key) = self.some_record() else { return false };
        let Ok(identifier) = "new".parse() else { return false };
        self.edit(|sets| {
            let first = sets.iter().find(|set| set.is_of(&key)).cloned();
            let is_new = |set: &RecordSet| set.weighted().is_some_and(|(id, _)| id.as_str() == "new");
            let is_there = sets.iter().any(|set| set.is_of(&key) && is_new(set));
            if let (Some(first), false) = (first, is_there) {
                sets.push(RecordSet { routing: Routing::Weighted { identifier, weight: 10 }, ..first });
            }
        })
    }

    fn endpoint_removed(&mut self) -> bool {
        let Some(key) = self.some_record() else { return false };
        self.edit(|sets| {
            let serve = |set: &RecordSet| set.is_of(&key) && set.weighted().is_some_and(|(_, weight)| weight > 0);
            let last = sets.iter().rposition(serve);
            if let (Some(last), true) = (last, sets.iter().filter(|set| serve(set)).count() > 1) {
                sets.remove(last);
            }
        })
    }

    fn pause(&mut self) -> bool {
        let ours = format!("hosted-zone#{}", self.own.zone);
        let scope = if self.stage.dice().chance(50.0) { ours } else { "all".to_owned() };
        let lasts = self.stage.dice().minutes(2, 20);
        let pause = Pause { scope, by: "ana".into(), reason: "migration".into(), until: self.now() + lasts };
        self.add_pause(pause);
        true
    }
}
