//! A record with two endpoints, 70 to 30, in virtual time: the real ladder over records that a test changes by hand.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::aws::alarm::{AlarmReading, AlarmState};
use homeostat_core::aws::fleet::TargetHealth;
use homeostat_core::aws::record::{RecordSet, Routing, Weight, weights};
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{AlarmArn, HealthCheckId, HostedZoneId, SetIdentifier, TargetGroupArn};
use homeostat_core::incident::State;
use homeostat_core::ports::{Outcome, Pause, Unavailable};
use homeostat_core::reconcile::Remedy;
use jiff::{SignedDuration, Timestamp};

use crate::hosted_zone::kind::HostedZoneKind;
use crate::hosted_zone::observation::{AlarmReadings, Checked, CheckerReport, HealthCheckReading, Observation};
use crate::hosted_zone::policy::DnsPolicy;
use crate::hosted_zone::reasons::{Circumstances, Decision, Hold, Incident, Limits, Page, PageReason, Step, Trouble};
use crate::hosted_zone::shift::Shift;
use crate::hosted_zone::state::ZoneState;
use crate::hosted_zone::{Records, ShiftDns, ShiftWeights};
use crate::policy;
use crate::policy::Policy;

pub(super) const POLICY: &str = r#"
schema = 1
[shift-dns]
check-every = "1m"
max-wait = "1h"
[[shift-dns.record]]
hosted-zone = "Z0123456789ABCDEFGHIJ"
name = "www.example.com"
type = "A"
evidence = ["alarm"]
proof = ["health-check"]
hold = "5m"
steps = ["10%", "50%"]
step-interval = "2m"
[[shift-dns.record.endpoint]]
id = "blue"
alarms = ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:blue-5xx"]
health-check = "00000000-0000-0000-0000-00000000b10e"
[[shift-dns.record.endpoint]]
id = "green"
alarms = ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:green-5xx"]
health-check = "00000000-0000-0000-0000-00000000abcd"
"#;

/// A third endpoint for it.
pub(super) const RED: &str = r#"
[[shift-dns.record.endpoint]]
id = "red"
alarms = ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:red-5xx"]
health-check = "00000000-0000-0000-0000-000000000ed0"
"#;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn id(text: &str) -> SetIdentifier {
    text.parse().unwrap()
}

pub(super) fn set(name: &str, weight: Weight) -> RecordSet {
    RecordSet {
        name: "www.example.com".parse().unwrap(),
        kind: "A".to_owned(),
        routing: Routing::Weighted { identifier: id(name), weight },
        ttl: Some(60),
        values: vec![format!("192.0.2.{}", name.len())],
        alias: None,
        health_check: Some("00000000-0000-0000-0000-00000000b10e".to_owned()),
        traffic_policy: None,
    }
}

/// The world as a test sets it.
pub(super) struct Scene {
    pub(super) policy: Policy,
    pub(super) sets: Vec<RecordSet>,
    pub(super) now: i64,
    pub(super) incident: Incident,
    pub(super) around: Circumstances,
    pub(super) alarms: BTreeMap<String, (AlarmState, i64)>,
    pub(super) actions_enabled: bool,
    /// How many of 16 checkers find it healthy.
    pub(super) checkers: BTreeMap<String, usize>,
    /// Endpoints by what is the case with their health checks.
    pub(super) inverted: BTreeSet<String>,
    pub(super) disabled: BTreeSet<String>,
    pub(super) deleted: BTreeSet<String>,
    pub(super) in_sync: bool,
    /// Alarms that somebody deleted.
    pub(super) gone: Vec<String>,
}

pub(super) struct Nothing;

impl Scene {
    pub(super) fn new() -> Self {
        Scene::with(POLICY, vec![set("blue", 70), set("green", 30)])
    }

    pub(super) fn with(policy: &str, sets: Vec<RecordSet>) -> Self {
        let zone: HostedZoneId = "Z0123456789ABCDEFGHIJ".parse().unwrap();
        let incident = Incident::new(
            crate::hosted_zone::subject::subject(&zone),
            HostedZoneKind::HostedZone(ZoneState::new(zone)),
            at(0),
            at(0),
        );
        let names: Vec<String> = sets.iter().filter_map(|set| Some(set.weighted()?.0.to_string())).collect();
        Scene {
            policy: policy::parse(policy).unwrap(),
            sets,
            now: 0,
            incident,
            around: Circumstances::default(),
            alarms: names.iter().map(|name| (name.clone(), (AlarmState::Ok, -1000))).collect(),
            actions_enabled: true,
            checkers: names.iter().map(|name| (name.clone(), 16)).collect(),
            inverted: BTreeSet::new(),
            disabled: BTreeSet::new(),
            deleted: BTreeSet::new(),
            in_sync: true,
            gone: Vec::new(),
        }
    }

    pub(super) fn fails(mut self, name: &str) -> Self {
        self.break_(name);
        self
    }

    pub(super) fn break_(&mut self, name: &str) {
        self.alarms.insert(name.to_owned(), (AlarmState::Alarm, self.now));
        self.checkers.insert(name.to_owned(), 0);
    }

    pub(super) fn fix(&mut self, name: &str) {
        self.alarms.insert(name.to_owned(), (AlarmState::Ok, self.now));
        self.checkers.insert(name.to_owned(), 16);
    }

    pub(super) fn policy_of(&self) -> &DnsPolicy {
        self.policy.dns.as_ref().unwrap()
    }

    pub(super) fn seen(&self) -> Observation {
        let mut seen =
            Observation { sets: self.sets.clone(), is_in_sync: Some(self.in_sync), ..Observation::default() };
        for endpoint in self.policy_of().records.iter().flat_map(|record| &record.endpoints) {
            let name = endpoint.id.as_str();
            let (state, since) = self.alarms.get(name).copied().unwrap_or((AlarmState::Ok, -1000));
            for arn in endpoint.alarms.iter().chain(&endpoint.canaries) {
                let alarm = AlarmReading {
                    arn: arn.clone(),
                    state,
                    since: at(since),
                    reason: "over the threshold".to_owned(),
                    actions_enabled: self.actions_enabled,
                    instances: Vec::new(),
                };
                let is_gone = self.gone.iter().any(|name| name == arn.alarm_name());
                seen.alarms.insert(arn.clone(), Ok((!is_gone).then_some(alarm)));
            }
            let observe = |index| CheckerReport {
                at: at(self.now),
                is_well: index < self.checkers.get(name).copied().unwrap_or(16),
                status: "Failure: HTTP Status Code 500".to_owned(),
            };
            if let Some(check) = &endpoint.health_check {
                let [inverted, disabled] = [&self.inverted, &self.disabled].map(|these| these.contains(name));
                let reports = (0..16).map(observe).collect();
                let there = HealthCheckReading { of: Checked::Endpoint, inverted, disabled, reports };
                let there = (!self.deleted.contains(name)).then_some(there);
                seen.health_checks.insert(check.clone(), Ok(there));
            }
        }
        seen
    }

    fn remedy<'a>(&'a self, aws: &'a Nothing) -> ShiftDns<'a, Nothing> {
        ShiftDns { aws, hash: &self.policy.hash, dns: self.policy_of() }
    }

    /// One look, as the loop takes it, without acting.
    pub(super) fn decide(&mut self) -> Decision {
        self.decide_on(&self.seen())
    }

    pub(super) fn decide_on(&mut self, seen: &Observation) -> Decision {
        let aws = Nothing;
        let remedy = self.remedy(&aws);
        let incident = remedy.absorb(at(self.now), self.incident.clone(), seen, &Limits::default());
        let decision = remedy.decide(at(self.now), &incident, seen, &self.around);
        let rungs = remedy.rungs(at(self.now), &incident, seen, &self.around);
        let acts = matches!(decision, Decision::Act { .. });
        match rungs.iter().all(|rung| rung.passed == Some(true)) {
            true => assert!(!rungs.is_empty() && acts, "{decision}: {rungs:?}"),
            false => assert!(!acts, "{decision}: {rungs:?}"),
        }
        let memory = remedy.remember(at(self.now), &incident, seen, &decision, &self.around.limits.memory);
        self.incident = incident;
        if let Some(memory) = memory {
            self.around.limits.memory = memory;
        }
        decision
    }

    /// One look, and what comes of it.
    pub(super) fn look(&mut self) -> Decision {
        let decision = self.decide();
        self.conclude(&decision);
        decision
    }

    /// What comes of a decision, where AWS takes what is asked of it.
    pub(super) fn conclude(&mut self, decision: &Decision) {
        let now = at(self.now);
        self.incident = match decision {
            Decision::Act { step: step @ Step::Shift(shift), .. } => {
                let intended = self.incident.intend(now, step, decision);
                self.apply(shift);
                let settled = intended.settle(now, Outcome::Pending { change: "C1".to_owned() });
                self.foretells_what_a_look_would_decide(&settled);
                settled
            }
            Decision::Hold { until, because } => self.incident.hold(now, *until, because),
            Decision::Page(page) => self.incident.page(now, now + SignedDuration::from_mins(5), page),
            Decision::Close(close) => self.incident.close(now, close),
        };
        self.incident = self.incident.clone().under(&self.policy.hash);
    }

    /// One look, and a change to which nobody answers: it may have applied, or apply later.
    pub(super) fn look_unanswered(&mut self) -> Decision {
        let decision = self.decide();
        let Decision::Act { step, .. } = &decision else { panic!("{decision}") };
        let unknown = Outcome::Unknown { why: "the request timed out".into() };
        let now = at(self.now);
        self.incident = self.incident.intend(now, step, &decision).under(&self.policy.hash).settle(now, unknown);
        decision
    }

    pub(super) fn copy(&self) -> Scene {
        Scene {
            policy: self.policy.clone(),
            sets: self.sets.clone(),
            incident: self.incident.clone(),
            around: self.around.clone(),
            alarms: self.alarms.clone(),
            checkers: self.checkers.clone(),
            inverted: self.inverted.clone(),
            disabled: self.disabled.clone(),
            deleted: self.deleted.clone(),
            gone: self.gone.clone(),
            ..*self
        }
    }

    /// What is held for without a look is what every look decides until the change has arrived.
    fn foretells_what_a_look_would_decide(&self, settled: &Incident) {
        let aws = Nothing;
        let (remedy, now) = (self.remedy(&aws), at(self.now));
        let seen = Observation { is_in_sync: None, ..self.seen() };
        let absorbed = remedy.absorb(now, settled.clone(), &seen, &Limits::default());
        let foretold = remedy.follows(now, settled).map(|(until, because)| Decision::Hold { until, because });
        assert_eq!(foretold, Some(remedy.decide(now, &absorbed, &seen, &self.around)));
    }

    pub(super) fn apply(&mut self, shift: &Shift) {
        let batch = shift.batch().unwrap();
        for set in &batch.delete {
            let place =
                self.sets.iter().position(|there| there == set).unwrap_or_else(|| panic!("{set:?} is not there"));
            self.sets.remove(place);
        }
        self.sets.extend(batch.create);
    }

    /// Looks again and again, each time at the hour that the last one named, until something is done or that long.
    pub(super) fn until_act(&mut self, seconds: i64) -> Option<Shift> {
        let end = self.now + seconds;
        while self.now <= end {
            match self.look() {
                Decision::Act { step: Step::Shift(shift), .. } => return Some(shift),
                Decision::Close(_) => return None,
                _ => self.now = self.wake_at(),
            }
        }
        None
    }

    pub(super) fn wake_at(&self) -> i64 {
        (self.incident.wake_at.unwrap().as_second() - 1_800_000_000).max(self.now + 1)
    }

    pub(super) fn weights(&self) -> Vec<(String, Weight)> {
        weights(&self.sets).into_iter().map(|(id, weight)| (id.to_string(), weight)).collect()
    }

    pub(super) fn has(&self, expected: &[(&str, Weight)]) {
        let weights = self.weights();
        let weights: Vec<(&str, Weight)> = weights.iter().map(|(name, weight)| (name.as_str(), *weight)).collect();
        assert_eq!(weights, expected);
    }

    pub(super) fn set_weight(&mut self, name: &str, weight: Weight) {
        for set in &mut self.sets {
            if set.weighted().is_some_and(|(id, _)| id.as_str() == name) {
                *set = set.with_weight(weight);
            }
        }
    }

    pub(super) fn pause(&mut self) {
        let pause = Pause { scope: "all".into(), by: "ana".into(), reason: "deploy".into(), until: Timestamp::MAX };
        self.around.limits.pauses.push(pause);
    }

    pub(super) fn is_escalated(&self) -> bool {
        self.incident.state == State::Escalated
    }
}

pub(super) fn troubles(decision: &Decision) -> &[Trouble] {
    let Decision::Page(Page::Own(PageReason::Weights { troubles })) = decision else { panic!("{decision}") };
    troubles
}

pub(super) fn held(decision: &Decision) -> &Hold {
    let Decision::Hold { because, .. } = decision else { panic!("{decision}") };
    because
}

impl Records for Nothing {
    async fn record_sets(&self, _: &HostedZoneId, _: &RecordName) -> Result<Vec<RecordSet>, Unavailable> {
        Ok(Vec::new())
    }
    async fn is_in_sync(&self, _: &str) -> Result<bool, Unavailable> {
        Ok(true)
    }
    async fn alarms(&self, _: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        Ok(AlarmReadings::new())
    }
    async fn health_check(&self, _: &HealthCheckId) -> Result<Option<HealthCheckReading>, Unavailable> {
        Ok(None)
    }
    async fn has_health_check(&self, _: &HealthCheckId) -> Result<bool, Unavailable> {
        Ok(false)
    }
    async fn targets(&self, _: &TargetGroupArn) -> Result<Option<Vec<TargetHealth>>, Unavailable> {
        Ok(Some(Vec::new()))
    }
}

impl ShiftWeights for Nothing {
    async fn shift(&self, _: &Shift) -> Outcome {
        Outcome::Done
    }
}
