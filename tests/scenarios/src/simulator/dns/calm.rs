//! From the storm to the end: faults stop, what was done to the site is lifted, and every record must be as it was.
//!
//! This module never heals what Homeostat should have healed, before it had the time to.

use homeostat_core::aws::share::Share;
use homeostat_core::incident::State;
use homeostat_core::policy::Mode;
use homeostat_remedies::hosted_zone::drift::has_only_drifted;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::hosted_zone::policy::{Ailment, EndpointPolicy, RecordPolicy};
use homeostat_remedies::hosted_zone::reasons::Incident;
use homeostat_remedies::hosted_zone::subject::scope;
use jiff::SignedDuration;
use world::EndpointState;

use super::shares::{self, ROUNDING};
use super::weather::Repair;
use super::{History, annals, siblings};
use crate::simulator::Broken;

/// Time for Homeostat alone, with whatever is broken.
const ALONE: SignedDuration = SignedDuration::from_mins(60);

/// Time after everything is repaired: a hold that was doubled three times, steps, and what was acknowledged on the way.
const HELPED: SignedDuration = SignedDuration::from_hours(8);

/// So long somebody may be sick and keep their weight: two resyncs, and the evidence before them.
const UNNOTICED: SignedDuration = SignedDuration::from_mins(20);

/// Between two rounds of a person.
const ROUND: SignedDuration = SignedDuration::from_mins(12);

impl History {
    pub(super) fn calm(&mut self) -> Result<(), Broken> {
        let alone = self.now() + ALONE;
        while self.now() < alone {
            self.lift_all();
            self.pass(self.now() + ROUND)?;
        }
        self.nobody_sick_keeps_their_weight()?;
        self.drift_is_told()?;
        self.stage.log(|| "people repair the rest".to_owned());
        let helped = self.now() + HELPED;
        for name in self.names() {
            self.repair(&Repair::Endpoint(name));
        }
        for alarm in std::mem::take(&mut self.own.deleted) {
            self.repair(&alarm);
        }
        while self.now() < helped && !self.is_settled() {
            self.lift_all();
            self.pass(self.now() + ROUND)?;
        }
        self.all_is_well()
    }

    fn is_settled(&self) -> bool {
        self.is_quiet() && self.all_is_well().is_ok()
    }

    /// What people did, they undo; what they were asked, they answer.
    fn lift_all(&mut self) {
        let mut repairs: Vec<Repair> =
            self.pauses_in_force().into_iter().map(|pause| Repair::Pause(pause.scope)).collect();
        repairs.extend(self.names().into_iter().map(Repair::Checkers));
        repairs.extend(self.cloud.with(|world| {
            let disabled = world.alarms().filter(|alarm| !alarm.actions_enabled);
            disabled.map(|alarm| Repair::Actions(alarm.arn.alarm_name().to_owned())).collect::<Vec<_>>()
        }));
        for repair in repairs {
            self.repair(&repair);
        }
        self.acknowledge();
    }

    /// Who is plainly dead for long, with others that are plainly well and may take all, has lost what it had.
    fn nobody_sick_keeps_their_weight(&self) -> Result<(), Broken> {
        let records = self.policy.dns.iter().flat_map(|dns| &dns.records);
        for record in records.filter(|record| record.mode == Mode::Act) {
            let sets = self.cloud.with(|world| world.zone(&self.own.zone).map(|zone| zone.sets().to_vec()));
            let weights = shares::weights(&record.key, &sets.unwrap_or_default());
            let percents = shares::percents(&weights);
            let is_edited = !self.is_as_the_policy_has_it(record);
            let stood_by = shares::weights(&record.key, &self.own.template);
            // Whatever people changed is what counts, and who stands at zero there stays there.
            let stands_by = |name: &str| {
                let was = if is_edited { &weights } else { &stood_by };
                was.iter().any(|(id, weight)| id.as_str() == name && *weight == 0)
            };
            let (mut sick, mut well, mut others) = (Vec::new(), 0, 0);
            // Who has no set any more can't take anything, and keeps nobody else from it.
            let is_there = |name: &str| percents.contains_key(name);
            for endpoint in
                record.endpoints.iter().filter(|it| is_there(it.id.as_str()) && self.can_be_called_sick(record, it))
            {
                let name = endpoint.id.as_str();
                if self.own.truth.is_dead_for(name, self.now(), UNNOTICED) {
                    sick.push(endpoint);
                } else if self.own.truth.is_well_for(name, self.now(), UNNOTICED * 3)
                    && endpoint.max_share == Share::ALL
                    && !stands_by(name)
                {
                    well += 1;
                } else {
                    others += 1;
                }
            }
            // Who was ill lately, may take only so much or only stands by makes it a question of judgement.
            if others > 0 || well < record.min_healthy {
                continue;
            }
            for endpoint in sick {
                let has = percents.get(endpoint.id.as_str()).copied().unwrap_or_default();
                let floor = if endpoint.drain_to == Share::NONE { 0.0 } else { 20.0 + ROUNDING };
                if has > floor {
                    let decision =
                        self.view.open.values().map(|open| format!("{:?}", open.decision)).collect::<String>();
                    let what = format!("{} of {} has {has:.1} %: {decision}", endpoint.id, record.key);
                    return Err(Broken::end("nobody sick for long keeps their weight", what, self.now()));
                }
            }
        }
        Ok(())
    }

    /// Somebody deleted what calls it that.
    pub(super) fn can_be_called_sick(&self, record: &RecordPolicy, endpoint: &EndpointPolicy) -> bool {
        !record.evidence.contains(&Ailment::Alarm)
            || self.cloud.see(|world| endpoint.alarms.iter().all(|arn| world.alarm(arn.alarm_name()).is_some()))
    }

    /// After an hour in which schedules run and nothing else happens: it takes a resync, and a look a minute later.
    fn drift_is_told(&self) -> Result<(), Broken> {
        let told = self.ledger.memory_of::<HostedZoneKind>(&scope(&self.own.zone)).drifts;
        let open = annals::incident(&self.view, &self.own.zone);
        let untold = self.cloud.with(|world| siblings::untold(&self.policy, &self.own.zone, world, open, &told));
        let now = self.now();
        untold.map_or(Ok(()), |what| Err(Broken::end("drift is told within a resync and a second look", what, now)))
    }

    fn is_as_the_policy_has_it(&self, record: &RecordPolicy) -> bool {
        !self.own.annals.edited.contains_key(&record.key)
    }

    /// The end of every history.
    fn all_is_well(&self) -> Result<(), Broken> {
        let now = self.now();
        let end = |rule: &str, what: String| Err(Broken::end(rule, what, now));
        let sets =
            self.cloud.with(|world| world.zone(&self.own.zone).map(|zone| zone.sets().to_vec())).unwrap_or_default();
        for key in self.own.keys.iter().filter(|key| !self.own.annals.edited.contains_key(key)) {
            let (is, was) = (shares::of(key, &sets), shares::of(key, &self.own.template));
            let same = is.len() == was.len() && is.iter().all(|set| was.contains(set));
            if !same {
                let weights = |sets| shares::shown(&shares::weights(key, sets));
                let what = format!("{key}: {}, and it was {}", weights(&sets), weights(&self.own.template));
                return end("in the end every record is as it was", what);
            }
        }
        // What people changed, only they can put right.
        let has_drifted = self.cloud.with(|world| siblings::has_drifted(&self.policy, &self.own.zone, world));
        let waits = |open: &&Incident| {
            (open.state == State::Escalated && !self.own.annals.edited.is_empty())
                || (has_only_drifted(open) && has_drifted)
        };
        if let Some(open) = self.view.open.values().find(|open| !waits(open)) {
            let what = format!("{} is {:?}: {:?}", open.subject, open.state, open.decision);
            return end("in the end no incident is open", what);
        }
        let ill = self.cloud.with(|world| world.endpoints().any(|endpoint| endpoint.state != EndpointState::Well));
        if ill || !self.is_quiet() {
            return end("in the end nothing is under way", "an invocation, a message or an illness".to_owned());
        }
        Ok(())
    }
}
