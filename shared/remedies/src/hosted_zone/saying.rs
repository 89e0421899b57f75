//! What is said of a record whose weights can't move as they should, or not yet: who takes over, who waits for what, and why nobody can.
//!
//! This module never decides anything.

use homeostat_core::aws::share::Share;
use homeostat_core::id::SetIdentifier;
use jiff::Timestamp;

use super::drift::missing;
use super::evidence::Fitness;
use super::judge::{Judge, Judged, Known, NEARLY, Wanted, all_wait};
use super::reasons::{Awaits, Trouble, Waiting};
use super::takeover::Taker;
use crate::hosted_zone::reasons::Evidence;

impl Judge<'_> {
    pub(super) fn say_who_takes_over(&self, wanted: &mut Wanted) {
        let well =
            |(id, why): (&SetIdentifier, &Vec<String>)| Evidence::Healthy { endpoint: id.clone(), why: why.clone() };
        let takers: Vec<Evidence> = self.receivers(wanted).into_iter().map(well).collect();
        wanted.because.extend(takers);
    }

    /// It is for a person, too, if one of the others failed with what it had taken over.
    pub(super) fn say_what_waits(&self, wanted: &Wanted, judged: &mut Judged) {
        for taker in self.takers(wanted) {
            if let Some(failed_at) = taker.failed_at() {
                let (record, endpoint) = (self.record.key.clone(), taker.endpoint.id.clone());
                judged.troubles.push(Trouble::Overloaded { record, endpoint, failed_at, more_at: taker.more_at() });
            }
        }
        let until = self.more_at(wanted);
        for (id, share) in &wanted.reduced {
            let has = self.shares.get(id).copied().unwrap_or(Share::NONE);
            if has.less(NEARLY) > *share {
                // What it is to have is not what it has.
                judged.waiting.retain(|other| other.record != self.record.key || other.endpoint != *id);
                judged.waiting.push(Waiting {
                    record: self.record.key.clone(),
                    endpoint: id.clone(),
                    share: has,
                    awaits: Awaits::OthersBear { until },
                });
            }
        }
    }

    /// When the first of those that may take over takes more.
    fn more_at(&self, wanted: &Wanted) -> Timestamp {
        let now = self.case.now;
        let times = self.takers(wanted).map(|taker| taker.more_at()).filter(|at| *at > now);
        times.min().unwrap_or(now + self.case.policy.dns.check_every)
    }

    /// Nothing can be moved as it is wanted.
    pub(super) fn say_why_not(&self, wanted: &Wanted, judged: &mut Judged) {
        let why = self.why_nobody(wanted);
        for id in &wanted.drains {
            let (record, endpoint) = (self.record.key.clone(), id.clone());
            judged.troubles.push(Trouble::NoTarget { record, endpoint, why: why.clone() });
        }
        if let (true, Some(held)) = (wanted.drains.is_empty(), self.held) {
            let others = Awaits::Others { why };
            let has = |id: &SetIdentifier, to_have| self.shares.get(id).copied().unwrap_or(to_have);
            let waiting = all_wait(self.record, held, &others).into_iter();
            judged.waiting.extend(waiting.map(|it| Waiting { share: has(&it.endpoint, it.share), ..it }));
        }
    }

    fn why_nobody(&self, wanted: &Wanted) -> String {
        let others = self.endpoints.iter().filter(|known| !wanted.drains.contains(&known.endpoint.id));
        let why = |known: &Known<'_>| {
            let why = match (&known.fitness, known.alarm_under_traffic) {
                (_, Some(alarm)) => format!("alarm {:?} is in ALARM", alarm.arn.alarm_name()),
                (Fitness::Well(_), None) => self.why_no_more(known, wanted),
                (Fitness::Sick(proof), None) => format!("is sick too ({proof})"),
                (Fitness::Unknown(why), None) => format!("is not proven well ({why})"),
            };
            format!("{} {why}", known.endpoint.id)
        };
        let gone = missing(self.record, &self.sets).map(|endpoint| format!("{} has no record set", endpoint.id));
        let said: Vec<String> = others.map(why).chain(gone).collect();
        if said.is_empty() {
            return "all endpoints are sick".to_owned();
        }
        let enough = self.enough();
        format!("of the others at least {enough} must be proven well and able to take it: {}", said.join(", "))
    }

    fn why_no_more(&self, known: &Known<'_>, wanted: &Wanted) -> String {
        let taker = self.takers(wanted).find(|taker| taker.endpoint.id == known.endpoint.id);
        let failed_at = |taker: &Taker<'_>| Some((taker.failed_at()?, taker.more_at()));
        match taker.as_ref().and_then(failed_at) {
            Some((failed_at, more_at)) => format!(
                "is well, and failed at {failed_at:.0} when it had taken over; it takes over in steps from {more_at:.0} on, if it \
                 stays well"
            ),
            None => "is well, and can take no more".to_owned(),
        }
    }
}
