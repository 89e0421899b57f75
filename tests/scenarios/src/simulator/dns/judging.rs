//! Holds what happened between two steps against the rules.
//!
//! This module never judges by itself, and changes nothing but what the rules remember.

use homeostat_core::aws::record::RecordKey;
use homeostat_remedies::hosted_zone::reasons::Incident;
use world::{Author, TreatMissingData, ZoneChange};

use super::annals::{self, whole};
use super::rules::{self, Moment};
use super::{History, shares, siblings};
use crate::simulator::Broken;
use crate::simulator::dns::View;

impl History {
    /// Holds what happened against the rules.
    pub(super) fn judge(&mut self) -> Result<(), Broken> {
        self.stage.take_notes();
        self.judge_changes()?;
        if self.own.truth.endpoints.keys().any(|name| self.own.truth.is_dead_for(name, self.now(), rules::PATIENCE)) {
            let sets = self
                .cloud
                .with(|world| world.zone(&self.own.zone).map(|zone| zone.sets().to_vec()))
                .unwrap_or_default();
            let can_be_called_sick = |record: &_, endpoint: &_| self.can_be_called_sick(record, endpoint);
            let seen = (&self.view, &self.own.annals);
            rules::judge_waits(self.now(), &sets, &self.own.truth, &self.policy, seen, can_be_called_sick)?;
        }
        self.judge_siblings()?;
        let Some(before) = self.renew_view() else { return Ok(()) };
        let now = self.now();
        self.own.annals.take_in(now, &self.own.zone, &before, &self.view);
        self.judge_told(&before)?;
        let views = (&before, &self.view);
        rules::judge_kept(now, &self.own.zone, &self.own.truth, &self.policy, &self.own.annals, views)?;
        let gone: Vec<RecordKey> = self.own.annals.let_go(&self.own.zone, &before, &self.view).cloned().collect();
        for key in gone {
            self.own.annals.base.remove(&key);
            self.own.annals.left.remove(&key);
            self.own.annals.told_of.remove(&key);
        }
        self.judge_writes(&before)
    }

    fn judge_siblings(&mut self) -> Result<(), Broken> {
        let (now, zone, annals, siblings) =
            (self.stage.now(), &self.own.zone, &self.own.annals, &mut self.own.siblings);
        let judged =
            self.cloud.see(|world| world.zone(zone).map_or(Ok(()), |zone| siblings.judge(now, zone, &annals.edited)));
        judged.map_err(|what| Broken::end("what one table lists never goes apart", what, now))
    }

    /// What people hear of the other family of a name is so.
    fn judge_told(&self, before: &View) -> Result<(), Broken> {
        let now = self.stage.now();
        let is_told =
            |open: &&Incident| open.notify_seq > before.open.get(&open.subject).map_or(0, |before| before.notify_seq);
        for open in self.view.open.values().filter(is_told) {
            let judged = self.cloud.see(|world| {
                world.zone(&self.own.zone).map_or(Ok(()), |zone| siblings::is_told_rightly(now, zone, open))
            });
            judged.map_err(|what| Broken::end("no message claims a share of a type that is false", what, now))?;
        }
        Ok(())
    }

    fn judge_changes(&mut self) -> Result<(), Broken> {
        let (zone, seen) = (&self.own.zone, self.own.annals.seen);
        let new = self.cloud.see(|world| {
            let changes = world.zone(zone).map(|zone| zone.changes().get(seen..).unwrap_or_default().to_vec());
            changes.unwrap_or_default()
        });
        for change in new {
            self.own.annals.seen += 1;
            self.log_change(&change);
            if change.by == Author::Homeostat {
                self.stage.count("change: by Homeostat");
                rules::judge(&Moment {
                    change: &change,
                    zone: &self.own.zone,
                    view: &self.view,
                    truth: &self.own.truth,
                    policy: &self.policy,
                    annals: &self.own.annals,
                    unread: &self.own.unread,
                    pauses: &self.pauses,
                    alarms_forget: self.own.missing != TreatMissingData::Ignore,
                })?;
            }
            let kept = annals::kept(&self.view, &self.own.zone).map(|kept| kept.records.clone()).unwrap_or_default();
            self.own.annals.add(&change, &self.own.keys, |key| kept.contains_key(key));
        }
        Ok(())
    }

    fn log_change(&self, change: &ZoneChange) {
        for key in &self.own.keys {
            let (before, after) = (whole(key, &change.before), whole(key, &change.after));
            if before != after {
                let generation = annals::generation(&key.name, &after).map(|generation| generation.number);
                self.stage.log(|| {
                    let weights = shares::shown(&shares::weights(key, &after));
                    format!("  zone: {key} to {weights}, generation {generation:?}, by {:?}", change.by)
                });
            }
        }
    }
}
