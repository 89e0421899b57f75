//! What a scene came to, for people and for machines.
//!
//! This module never judges: what must hold is for the tests to say.

use std::collections::BTreeMap;
use std::fmt;

use homeostat_core::id::GroupName;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::api::Api;
use super::counts::Invocations;
use super::deliveries::Source;
use super::lock;
use super::meter::Calls;
use super::progress::CallsByGroup;
use super::rig::Rig;
use super::truth::terminated_on_request;

/// For how many of all something has happened, and after how long.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spread {
    pub of: usize,
    pub done: usize,
    /// Seconds until half of them, and until the last that it happened for.
    pub half: Option<f64>,
    pub last: Option<f64>,
    /// The first and the last by name for which it has not happened.
    pub missing: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Report {
    pub scene: String,
    pub lasted: SignedDuration,
    pub events: u64,
    pub invocations: BTreeMap<Source, Invocations>,
    pub dead_letters: BTreeMap<Source, u64>,
    pub most_invocations_at_once: usize,
    pub wake_ups_waiting: usize,
    pub longest_wait_of_a_wake_up: SignedDuration,
    pub calls: BTreeMap<Api, Calls>,
    /// All of AWS's together, but the ledger's and the queues'.
    pub of_aws: Calls,
    /// Of those that were about one group alone.
    pub calls_by_group: CallsByGroup,
    pub writes: u64,
    pub conflicts: u64,
    pub messages: BTreeMap<&'static str, u64>,
    pub messages_in_busiest_second: u64,
    pub seconds_over_mail_rate: u64,
    pub terminated: usize,
    pub lowest_share: f64,
    pub whole_since: Option<f64>,
    pub failures: BTreeMap<String, u64>,
    /// What only this scene has.
    pub more: BTreeMap<&'static str, Value>,
}

impl Spread {
    /// `all`: whom it was to happen for, `when`: when it did.
    pub(super) fn of<'a>(
        all: impl IntoIterator<Item = &'a GroupName>,
        when: &BTreeMap<GroupName, Timestamp>,
        since: Timestamp,
    ) -> Spread {
        let (mut times, mut missing, mut of) = (Vec::new(), Vec::new(), 0_usize);
        for name in all {
            of += 1;
            match when.get(name) {
                Some(at) => times.push(at.duration_since(since).as_secs_f64()),
                None => missing.push(name.to_string()),
            }
        }
        times.sort_by(f64::total_cmp);
        let half = times.get(of.div_ceil(2).saturating_sub(1)).copied();
        let ends = missing.first().into_iter().chain(missing.last().filter(|_| missing.len() > 1));
        Spread { of, done: times.len(), half, last: times.last().copied(), missing: ends.cloned().collect() }
    }

    pub fn is_all(&self) -> bool {
        self.done == self.of
    }

    pub(super) fn json(&self) -> Value {
        json!({ "of": self.of, "done": self.done, "half_s": self.half, "last_s": self.last, "missing": self.missing })
    }
}

impl Report {
    pub(super) fn of(scene: String, rig: &Rig) -> Report {
        let (meter, mail) = (lock(&rig.wire.meter), lock(&rig.mail));
        Report {
            scene,
            lasted: rig.since(),
            events: rig.counts.events,
            invocations: rig.counts.by_source.clone(),
            dead_letters: rig.deliveries.dead_letters.clone(),
            most_invocations_at_once: rig.counts.most_at_once,
            wake_ups_waiting: rig.deliveries.wake_ups.most_waiting,
            longest_wait_of_a_wake_up: rig.deliveries.wake_ups.longest_wait,
            calls: meter.calls.clone(),
            of_aws: meter.of_aws,
            calls_by_group: lock(&rig.progress).calls_by_group(),
            writes: meter.writes,
            conflicts: meter.conflicts,
            messages: mail.by_severity.clone(),
            messages_in_busiest_second: mail.busiest_second(),
            seconds_over_mail_rate: mail.seconds_over(),
            terminated: rig.cloud.see(terminated_on_request),
            lowest_share: rig.truth.lowest,
            whole_since: rig.truth.whole_since.map(|since| since.as_secs_f64()),
            failures: rig.counts.failures.clone(),
            more: BTreeMap::new(),
        }
    }

    pub fn dead_letters(&self) -> u64 {
        self.dead_letters.values().sum()
    }

    pub fn failed(&self) -> u64 {
        self.invocations.values().map(|of| of.failed).sum()
    }

    pub fn json(&self) -> Value {
        let invocations: BTreeMap<String, Value> = Source::ALL
            .iter()
            .filter_map(|source| {
                let of = self.invocations.get(source)?;
                let dead = self.dead_letters.get(source).copied().unwrap_or_default();
                let told = json!({
                    "begun": of.begun, "failed": of.failed, "timed_out": of.timed_out, "dead_letters": dead,
                    "calls": of.calls, "most_calls": of.most_calls, "longest_s": of.longest.as_secs_f64(),
                });
                Some((source.to_string(), told))
            })
            .collect();
        let calls: BTreeMap<String, Value> =
            self.calls.iter().map(|(api, of)| (api.to_string(), json_of(of))).collect();
        json!({
            "scene": self.scene, "virtual_s": self.lasted.as_secs_f64(), "events": self.events,
            "invocations": invocations, "most_invocations_at_once": self.most_invocations_at_once,
            "wake_ups_waiting": self.wake_ups_waiting,
            "longest_wait_of_a_wake_up_s": self.longest_wait_of_a_wake_up.as_secs_f64(),
            "aws": json_of(&self.of_aws), "calls": calls,
            "calls_by_group": { "most": self.calls_by_group.most, "mean": self.calls_by_group.mean }, "writes": self.writes, "conflicts": self.conflicts,
            "messages": self.messages, "messages_in_busiest_second": self.messages_in_busiest_second,
            "seconds_over_mail_rate": self.seconds_over_mail_rate, "terminated": self.terminated,
            "lowest_share_percent": self.lowest_share, "whole_since_s": self.whole_since,
            "failures": self.failures, "more": self.more,
        })
    }
}

fn json_of(of: &Calls) -> Value {
    json!({
        "made": of.made, "throttled": of.throttled, "failed": of.failed, "most_in_flight": of.most_in_flight,
        "busiest_second": of.busiest_second,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({:.0} s of virtual time)", self.scene, self.lasted.as_secs_f64())?;
        for (what, value) in &self.more {
            writeln!(f, "  {what}: {value}")?;
        }
        for (source, of) in &self.invocations {
            let dead = self.dead_letters.get(source).copied().unwrap_or_default();
            let Invocations { begun, failed, timed_out, calls, most_calls, longest } = of;
            let longest = longest.as_secs_f64();
            writeln!(
                f,
                "  {source}: {begun} invocations, {failed} failed ({timed_out} timed out), {dead} dead letters; {calls} calls, at most \
                 {most_calls}; longest {longest:.1} s"
            )?;
        }
        let (at_once, waiting) = (self.most_invocations_at_once, self.wake_ups_waiting);
        let longest = self.longest_wait_of_a_wake_up.as_secs_f64();
        writeln!(f, "  {at_once} invocations at once; {waiting} wake-ups waiting, the longest for {longest:.0} s")?;
        writeln!(f, "  AWS: {}", words(&self.of_aws))?;
        for (api, of) in &self.calls {
            writeln!(f, "    {api}: {}", words(of))?;
        }
        let CallsByGroup { most, mean } = self.calls_by_group;
        writeln!(f, "  calls about one group: {mean:.1} on average, {most} at most")?;
        writeln!(f, "  {} writes, {} conflicts; {} terminated", self.writes, self.conflicts, self.terminated)?;
        let whole =
            self.whole_since.map_or("not whole at the end".to_owned(), |since| format!("whole since {since:.0} s"));
        writeln!(f, "  lowest share serving {:.0} %; {whole}", self.lowest_share)?;
        let (busiest, over) = (self.messages_in_busiest_second, self.seconds_over_mail_rate);
        writeln!(f, "  messages {:?}; busiest second {busiest}, {over} seconds with more than 10", self.messages)?;
        for (failure, count) in &self.failures {
            writeln!(f, "  {count} × {failure}")?;
        }
        Ok(())
    }
}

fn words(of: &Calls) -> String {
    let Calls { made, throttled, failed, most_in_flight, busiest_second, .. } = of;
    format!(
        "{made} attempts, {throttled} throttled, {failed} calls failed; {most_in_flight} in flight, {busiest_second} in the busiest second"
    )
}
