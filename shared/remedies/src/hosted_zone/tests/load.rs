//! Endpoints that fail under more than they can bear, and what of the traffic they answer.
//!
//! This module never looks at what was decided: whoever has a share and is healthy answers it.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::aws::record::{Weight, weights};
use homeostat_core::incident::{Acknowledgement, State};

use super::harness::*;
use crate::hosted_zone::kind::HostedZoneKind;
use crate::hosted_zone::reasons::{Decision, Incident, Step};
use crate::hosted_zone::share::shares;
use crate::hosted_zone::state::ZoneState;

/// Between two moments.
const TICK: i64 = 10;

/// How long an endpoint is down that had to bear too much, from when it has to bear that no longer.
const RECOVERS_AFTER: i64 = 60;

pub(super) struct Loaded {
    pub(super) scene: Scene,
    /// The shares of the traffic that each can bear, in per cent. Whoever is not named bears all of it.
    pub(super) bears: BTreeMap<String, f64>,
    /// Down by themselves, whatever they bear.
    pub(super) down: BTreeSet<String>,
    overloaded_at: BTreeMap<String, i64>,
    sick: BTreeSet<String>,
    original: BTreeMap<String, f64>,
    /// Answered, in shares of all times seconds: with Homeostat, and as it would be without.
    pub(super) answered: f64,
    pub(super) without: f64,
    /// The weights after each change.
    pub(super) changes: Vec<(i64, Vec<(String, Weight)>)>,
}

fn percents(scene: &Scene) -> BTreeMap<String, f64> {
    let percent = |(id, share): (homeostat_core::id::SetIdentifier, homeostat_core::aws::share::Share)| {
        (id.to_string(), f64::from(u32::try_from(share.millionths()).unwrap()) / 10_000.0)
    };
    shares(&weights(&scene.sets)).into_iter().map(percent).collect()
}

impl Loaded {
    pub(super) fn new(policy: &str, own: &[(&str, Weight)], bears: &[(&str, f64)]) -> Self {
        let scene = Scene::with(policy, own.iter().map(|(name, weight)| set(name, *weight)).collect());
        Loaded {
            original: percents(&scene),
            scene,
            bears: bears.iter().map(|(name, most)| ((*name).to_owned(), *most)).collect(),
            down: BTreeSet::new(),
            overloaded_at: BTreeMap::new(),
            sick: BTreeSet::new(),
            answered: 0.0,
            without: 0.0,
            changes: Vec::new(),
        }
    }

    pub(super) fn down(&mut self, names: &[&str]) {
        self.down.extend(names.iter().map(|name| (*name).to_owned()));
    }

    pub(super) fn healed(&mut self, names: &[&str]) {
        self.down.retain(|down| !names.contains(&down.as_str()));
    }

    pub(super) fn has(&self, name: &str) -> f64 {
        percents(&self.scene)[name]
    }

    pub(super) fn is_healthy(&self, name: &str) -> bool {
        !self.sick.contains(name)
    }

    /// What those answer that are healthy now, in per cent.
    pub(super) fn answers(&self) -> f64 {
        percents(&self.scene).iter().filter(|(name, _)| self.is_healthy(name)).map(|(_, share)| share).sum()
    }

    pub(super) fn pass(&mut self, seconds: i64) {
        let end = self.scene.now + seconds;
        while self.scene.now < end {
            let changed = self.feel();
            let closed = matches!(self.scene.incident.state, State::Closed);
            let is_due = self.scene.incident.wake_at.is_none_or(|_| self.scene.wake_at() <= self.scene.now + 1);
            if changed || (is_due && !closed) {
                self.look(closed);
            }
            self.answered += self.answers() / 100.0 * 10.0;
            let up = self.original.iter().filter(|(name, _)| !self.down.contains(*name));
            self.without += up.map(|(_, share)| share).sum::<f64>() / 100.0 * 10.0;
            self.scene.now += TICK;
        }
    }

    /// Who is down by now, or up again. Whether anything of it is new.
    fn feel(&mut self) -> bool {
        let (now, percents) = (self.scene.now, percents(&self.scene));
        let mut changed = false;
        for (name, share) in percents {
            if self.bears.get(&name).is_some_and(|most| share > most + 0.5) && !self.sick.contains(&name) {
                self.overloaded_at.insert(name.clone(), now);
            } else if let Some(at) = self.overloaded_at.get_mut(&name) {
                // It does not come up under what brought it down.
                if self.bears.get(&name).is_some_and(|most| share > most + 0.5) {
                    *at = now;
                }
                if now >= *at + RECOVERS_AFTER {
                    self.overloaded_at.remove(&name);
                }
            }
            let is_sick = self.down.contains(&name) || self.overloaded_at.contains_key(&name);
            if is_sick && self.sick.insert(name.clone()) {
                self.scene.break_(&name);
                changed = true;
            } else if !is_sick && self.sick.remove(&name) {
                self.scene.fix(&name);
                changed = true;
            }
        }
        changed
    }

    fn look(&mut self, closed: bool) {
        if closed {
            let zone: homeostat_core::id::HostedZoneId = "Z0123456789ABCDEFGHIJ".parse().unwrap();
            let subject = crate::hosted_zone::subject::subject(&zone);
            let kind = HostedZoneKind::HostedZone(ZoneState::new(zone));
            self.scene.incident = Incident::new(subject, kind, at(self.scene.now), at(self.scene.now));
        }
        if let Decision::Act { step: Step::Shift(_), .. } = self.scene.look() {
            self.changes.push((self.scene.now, self.scene.weights()));
        }
    }

    /// A person says that they know.
    pub(super) fn acknowledge(&mut self) {
        let word = Acknowledgement { by: "ana".into(), at: at(self.scene.now), reason: "seen".into() };
        self.scene.incident = self.scene.incident.acknowledge(word);
    }

    /// The moves, one a line, for whoever reads why a test fails.
    pub(super) fn told(&self) -> String {
        let line = |(at, weights): &(i64, Vec<(String, Weight)>)| format!("{at:>6} s: {weights:?}\n");
        self.changes.iter().map(line).collect()
    }
}
