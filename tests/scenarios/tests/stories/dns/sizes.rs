//! The largest zone that a policy may name, while Route 53 answers nothing: its incident fits its item in the ledger, and it is healed as
//! soon as Route 53 works again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use homeostat_core::aws::record::RecordKey;
use homeostat_core::size;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use scenarios::DnsStory;
use scenarios::simulator::gated::{Answer, Call, Gate, Passage};
use world::EndpointState;

use super::site::*;

const NAMES: usize = 10;
const ENDPOINTS: usize = 16;

/// While it is silent, nobody hears what became of a change of weights: none arrives.
#[derive(Debug, Clone, Default)]
struct Route53 {
    is_silent: Arc<AtomicBool>,
    tried: Arc<AtomicU32>,
}

impl Route53 {
    fn is_silent(&self, is_silent: bool) {
        self.is_silent.store(is_silent, Ordering::Relaxed);
    }
}

impl Gate for Route53 {
    async fn before(&self, call: Call<'_>) -> Passage {
        match call {
            Call::Shift { .. } if self.is_silent.load(Ordering::Relaxed) => {
                self.tried.fetch_add(1, Ordering::Relaxed);
                Passage::Lost
            }
            _ => Passage::Open,
        }
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

fn endpoint(number: usize) -> String {
    format!("eu-west-1-blue-{number:02}")
}

fn names() -> Vec<RecordKey> {
    let keys = |name: usize| ["A", "AAAA"].map(|kind| key(&format!("service-{name:02}.eu.prod.example.com {kind}")));
    (0..NAMES).flat_map(keys).collect()
}

/// As many names as one zone may have, for addresses of both families, with as many endpoints each as a record may have.
fn largest() -> (DnsStory, Route53) {
    let endpoints: Vec<String> = (0..ENDPOINTS).map(endpoint).collect();
    let weights: Vec<(&str, u8)> = endpoints.iter().map(|name| (name.as_str(), 10)).collect();
    let records = names().iter().map(|key| record(&key.to_string(), &weights)).collect();
    let mut story = several(records, USUAL, |_| String::new());
    let route_53 = Route53::default();
    story.put_behind(route_53.clone());
    (story, route_53)
}

/// The least share of the answers, of all records, that healthy endpoints get, in per cent.
fn served(story: &DnsStory) -> u32 {
    let is_well = |id: &str| story.cloud.see(|world| world.endpoint(id).unwrap().state == EndpointState::Well);
    let of = |key: &RecordKey| {
        let weights = story.weights(&zone(), key);
        let all: u32 = weights.values().map(|weight| u32::from(*weight)).sum();
        let well = weights.iter().filter(|(id, _)| is_well(id.as_str())).map(|(_, weight)| u32::from(*weight));
        well.sum::<u32>() * 100 / all
    };
    names().iter().map(of).min().unwrap()
}

/// Lets so many minutes pass, and says how large the zone's incident came to be.
fn pass(story: &mut DnsStory, count: i64) -> usize {
    let sizes = (0..count).map(|_| {
        story.pass(minutes(1));
        story.ledger.open::<HostedZoneKind>().iter().map(size::of).max().unwrap_or(0)
    });
    sizes.max().unwrap_or(0)
}

/// One endpoint after the other falls sick, and those before it get well again: each look would change something else.
fn changing(story: &mut DnsStory, rounds: usize) -> usize {
    let round = |number: usize| {
        fail(story, &endpoint(number % 12));
        if number >= 6 {
            mend(story, &endpoint((number - 6) % 12));
        }
        pass(story, 4)
    };
    (0..rounds).map(round).max().unwrap()
}

#[test]
fn the_largest_zone_stays_below_half_of_an_item_and_is_healed_once_route_53_answers_again() {
    let (mut story, route_53) = largest();
    route_53.is_silent(true);
    let largest = changing(&mut story, 12);
    assert!(route_53.tried.load(Ordering::Relaxed) >= 8, "{route_53:?}");
    assert!(served(&story) < 100);
    assert!(largest <= size::ENOUGH, "{largest} bytes");
    route_53.is_silent(false);
    let largest = pass(&mut story, 20);
    assert_eq!(served(&story), 100, "{}", said(&the_open_one(&story)));
    assert!(largest <= size::ENOUGH, "{largest} bytes");
    for number in 0..ENDPOINTS {
        mend(&story, &endpoint(number));
    }
    let largest = pass(&mut story, 150);
    assert!(largest <= size::ENOUGH, "{largest} bytes");
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
    for name in names() {
        has(&story, &name, &[10; ENDPOINTS]);
    }
}

#[test]
fn the_largest_zone_that_is_healed_without_trouble_stays_below_half_of_an_item() {
    let (mut story, _) = largest();
    let largest = changing(&mut story, 12);
    assert!(largest <= size::ENOUGH, "{largest} bytes");
    assert_eq!(served(&story), 100, "{}", said(&the_open_one(&story)));
}
