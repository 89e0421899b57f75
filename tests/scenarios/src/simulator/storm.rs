//! How hard a history is.
//!
//! This module never throws a die: each play draws its own.

use jiff::SignedDuration;

use super::toll::Rates;

/// How wrong an invocation's clock may be. Lambda's are kept by Amazon Time Sync, to well below this.
pub(super) const MOST_SKEW: SignedDuration = SignedDuration::from_secs(3);

/// In percent, where not said otherwise.
#[derive(Debug, Clone)]
pub(super) struct Storm {
    pub(super) lasts: SignedDuration,
    pub(super) strikes: u32,
    /// Of events and of the schedules' invocations.
    pub(super) losses: f64,
    pub(super) duplicates: f64,
    pub(super) delays: f64,
    pub(super) rates: Rates,
    /// How wrong an invocation's clock may be.
    pub(super) skew: SignedDuration,
    pub(super) is_over: bool,
}

impl Storm {
    pub(super) fn rates_now(&self) -> Rates {
        if self.is_over { Rates::default() } else { self.rates }
    }
}
