//! The simulator for weighted records: histories from seeds, as the one for fleets tells them.
//!
//! A seed decides everything. The oracle never asks the code that plans a change whether it is right: it reads the zone's own
//! history, and what was true of each endpoint.

mod annals;
mod calm;
mod draw;
mod history;
mod route53;
mod rules;
mod shares;
mod siblings;
mod truth;
mod weather;

use jiff::{SignedDuration, Timestamp};

use super::Told;
use super::census::Census;
use history::History;
pub use route53::Double;

/// Tells the history of a seed, with its log if that is asked for.
pub fn tell(seed: u64, logs: bool) -> Told {
    tell_with(seed, logs, Double::None)
}

/// The same over a port that breaks its promise: what the rules are there to catch.
pub fn tell_with(seed: u64, logs: bool, double: Double) -> Told {
    // 2026-03-01T12:00:00Z.
    let noon = Timestamp::from_second(1_772_366_400).unwrap_or_default();
    let flags = " --dns";
    match History::new(seed, noon, logs, double) {
        Err(broken) => {
            let (census, lasted) = (Census::default(), SignedDuration::ZERO);
            Told { seed, flags, broken: Some(broken), census, lasted, log: Vec::new() }
        }
        Ok(mut history) => {
            let broken = history.run().err();
            let lasted = history.now().duration_since(noon);
            if let Some(broken) = &broken {
                history.stage.log(|| format!("broken: {}: {}", broken.rule, broken.what));
            }
            Told { seed, flags, broken, census: history.stage.take_census(), lasted, log: history.stage.take_log() }
        }
    }
}
