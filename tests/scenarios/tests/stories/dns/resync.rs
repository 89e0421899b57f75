//! A resync of many records: all of them are read, a few at a time, within the rates of Route 53.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use homeostat_core::aws::rates::{Api, Rate};
use homeostat_core::ports::Clock;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use jiff::{SignedDuration, Timestamp};
use scenarios::DnsStory;
use scenarios::simulator::gated::{Answer, Call, Gate, Passage};
use world::VirtualClock;

use super::site::*;

const ZONES: usize = 10;
const NAMES: usize = 5;

/// AWS's buckets, as it publishes them, in virtual time.
#[derive(Debug, Clone)]
struct Buckets {
    clock: VirtualClock,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    left: BTreeMap<Api, (Timestamp, f64)>,
    throttled: usize,
    asked: BTreeMap<&'static str, usize>,
    /// Calls of Route 53 by the second.
    by_second: BTreeMap<i64, usize>,
}

impl Buckets {
    fn over(story: &mut DnsStory) -> Self {
        let buckets = Buckets { clock: story.cloud.clock().clone(), state: Arc::default() };
        story.put_behind(buckets.clone());
        buckets
    }

    fn asked(&self, what: &str) -> usize {
        self.state.lock().unwrap().asked.get(what).copied().unwrap_or_default()
    }

    fn throttled(&self) -> usize {
        self.state.lock().unwrap().throttled
    }

    fn busiest_second(&self) -> usize {
        self.state.lock().unwrap().by_second.values().copied().max().unwrap_or_default()
    }
}

fn costs(call: Call<'_>) -> (&'static str, &'static [(Api, u32)]) {
    match call {
        Call::Read { what: "read a health check" } => {
            ("read a health check", &[(Api::Route53, 2), (Api::HealthCheckStatus, 1)])
        }
        Call::Read { what: what @ ("read record sets" | "look for a health check" | "read a change") } => {
            (what, &[(Api::Route53, 1)])
        }
        Call::Read { what: "read alarms" } => ("read alarms", &[(Api::Alarms, 1)]),
        Call::Shift { .. } => ("change", &[(Api::Route53, 1)]),
        _ => ("other", &[]),
    }
}

impl Gate for Buckets {
    async fn before(&self, call: Call<'_>) -> Passage {
        let (now, (what, costs)) = (self.clock.now(), costs(call));
        let mut state = self.state.lock().unwrap();
        *state.asked.entry(what).or_default() += 1;
        let mut passes = true;
        for (api, count) in costs {
            let Rate { burst, per_second } = api.published();
            let (at, left) = state.left.get(api).copied().unwrap_or((now, f64::from(burst)));
            let filled = left + now.duration_since(at).as_secs_f64() * f64::from(per_second);
            let left = filled.min(f64::from(burst)) - f64::from(*count);
            passes &= left >= 0.0;
            state.left.insert(*api, (now, if left < 0.0 { left + f64::from(*count) } else { left }));
            if *api == Api::Route53 {
                *state.by_second.entry(now.as_second()).or_default() += *count as usize;
            }
        }
        state.throttled += usize::from(!passes);
        if passes { Passage::Open } else { Passage::Lost }
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

/// Ten zones of five records each, whose two endpoints a zone shares. No event reaches anybody.
fn many() -> DnsStory {
    let records = (0..ZONES).flat_map(|nth| {
        (0..NAMES).map(move |name| {
            let zone = format!("Z00000000000000000{nth:03}").parse().unwrap();
            let (blue, green) = (format!("blue-{nth}"), format!("green-{nth}"));
            record_in(&zone, &format!("www-{name}.site-{nth}.example A"), &[(&blue, 70), (&green, 30)])
        })
    });
    let mut story = several(records.collect(), USUAL, |_| String::new());
    story.deliveries = 0;
    story
}

#[test]
fn fifty_records_in_ten_zones_are_all_read_within_five_minutes_and_no_call_is_throttled() {
    let mut story = many();
    let buckets = Buckets::over(&mut story);
    // The first resync begins after five minutes.
    story.pass(minutes(5));
    let before = buckets.asked("read record sets");
    story.pass(minutes(5) - SignedDuration::from_secs(1));
    assert_eq!(buckets.asked("read record sets") - before.min(3), ZONES * NAMES - before.min(3), "{buckets:?}");
    // Once for each check, and once more where two slices share a zone.
    let checks = buckets.asked("look for a health check");
    assert!((ZONES * 2..=ZONES * 4).contains(&checks), "{buckets:?}");
    // A tenth of Route 53's rate at once, and what one name needs.
    assert!(buckets.busiest_second() <= 12, "{buckets:?}");
    assert_eq!(buckets.throttled(), 0, "{buckets:?}");
    assert!(story.answers.iter().all(Result::is_ok));
}

#[test]
fn what_no_event_told_of_the_last_record_is_found() {
    let mut story = many();
    let buckets = Buckets::over(&mut story);
    fail(&story, "blue-9");
    story.pass(minutes(14));
    let zone = "Z00000000000000000009".parse().unwrap();
    for name in 0..NAMES {
        let weights = story.weights(&zone, &key(&format!("www-{name}.site-9.example A")));
        assert_eq!(weights.into_values().collect::<Vec<_>>(), [0, 30], "{:?}", story.ledger.open::<HostedZoneKind>());
    }
    assert_eq!(buckets.throttled(), 0, "{buckets:?}");
    assert!(story.answers.iter().all(Result::is_ok));
}

#[test]
fn a_health_check_whose_status_would_settle_nothing_is_not_asked_for_it() {
    let mut story = two(USUAL);
    let buckets = Buckets::over(&mut story);
    story.pass(minutes(60));
    assert_eq!((buckets.asked("read a health check"), buckets.throttled()), (0, 0), "{buckets:?}");
    assert!(buckets.asked("look for a health check") >= 22, "whether they are there is asked: {buckets:?}");
}

/// Eight endpoints, of which nothing but a health check each can tell.
fn eight() -> DnsStory {
    let names: Vec<String> = (0..8).map(|nth| format!("endpoint-{nth}")).collect();
    let weights: Vec<_> = names.iter().map(|name| (name.as_str(), 10)).collect();
    let mut story = one_record(&weights, "evidence = [\"health-check\"]\nproof = [\"health-check\"]");
    story.deliveries = 0;
    story
}

#[test]
fn more_health_checks_of_a_name_than_route_53_answers_for_at_once_are_read_a_few_at_a_time() {
    let mut story = eight();
    let buckets = Buckets::over(&mut story);
    story.pass(minutes(16));
    assert!(buckets.asked("read a health check") >= 8, "{buckets:?}");
    assert_eq!(buckets.throttled(), 0, "{buckets:?}");
    assert!(story.answers.iter().all(Result::is_ok), "{:?}", story.answers);
}
