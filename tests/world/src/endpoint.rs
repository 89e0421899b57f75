//! An endpoint behind a DNS record: an application somewhere, and the share of the traffic that DNS sends it.
//!
//! This module never decides who gets traffic: whoever reads the records sets the shares. Served traffic is measured only
//! where there is some, so an endpoint without a share has no datapoints; its canary has them always.

use std::collections::BTreeMap;

use crate::agenda::Due;
use crate::health_check::HealthCheck;
use crate::metric::Metric;
use crate::refusal::Refusal;
use crate::world::World;

/// All of the traffic.
pub const WHOLE_SHARE: u16 = 1000;

const NAMESPACE: &str = "Web";
const ENDPOINT_DIMENSION: &str = "Endpoint";
const CANARY_NAMESPACE: &str = "CloudWatchSynthetics";
const CANARY_DIMENSION: &str = "CanaryName";

/// Milliseconds, of a request that went well and of a slow one. Any two with an alarm's threshold between them would do.
const LATENCY_WELL: f64 = 40.0;
const LATENCY_SLOW: f64 = 1500.0;

#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// As records name it with their set identifier: `blue`.
    pub name: String,
    pub state: EndpointState,
    /// Of the traffic, in thousandths.
    pub share: u16,
    pub health_check: Option<HealthCheck>,
}

/// What has become of the application behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointState {
    Well,
    /// It answers after more than a second: too late for its users and its canary, and in time for a health check, which
    /// waits two seconds (Route 53 Developer Guide, "How Amazon Route 53 determines whether a health check is healthy").
    Slow,
    /// Nobody accepts connections.
    Dead,
}

impl Metric {
    /// How many in a hundred requests to an endpoint fail.
    pub fn served_failures(endpoint: &str) -> Self {
        Metric::of_endpoint("FailedPercent", endpoint)
    }

    /// How long an endpoint takes to answer, in milliseconds. Of a request that nobody answered there is no datapoint.
    pub fn served_latency(endpoint: &str) -> Self {
        Metric::of_endpoint("Latency", endpoint)
    }

    /// `SuccessPercent` of the canary that watches an endpoint and is called as it is (CloudWatch User Guide, "CloudWatch
    /// metrics published by canaries").
    pub fn canary_success(endpoint: &str) -> Self {
        let dimensions = BTreeMap::from([(CANARY_DIMENSION.to_owned(), endpoint.to_owned())]);
        Metric { namespace: CANARY_NAMESPACE.to_owned(), name: "SuccessPercent".to_owned(), dimensions }
    }

    fn of_endpoint(name: &str, endpoint: &str) -> Self {
        let dimensions = BTreeMap::from([(ENDPOINT_DIMENSION.to_owned(), endpoint.to_owned())]);
        Metric { namespace: NAMESPACE.to_owned(), name: name.to_owned(), dimensions }
    }
}

impl World {
    /// An endpoint that is well, without any traffic yet.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there is one of that name.
    pub fn add_endpoint(&mut self, name: &str) -> Result<(), Refusal> {
        if self.endpoints.contains_key(name) {
            return Err(Refusal::Invalid { why: format!("there is an endpoint {name:?} already") });
        }
        let endpoint = Endpoint { name: name.to_owned(), state: EndpointState::Well, share: 0, health_check: None };
        self.endpoints.insert(name.to_owned(), endpoint);
        self.agenda.schedule(self.now + self.pace.publish_every, Due::PublishEndpoint(name.to_owned()));
        Ok(())
    }

    /// Breaks the application behind an endpoint, or mends it.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for an endpoint that nobody added.
    pub fn break_endpoint(&mut self, name: &str, state: EndpointState) -> Result<(), Refusal> {
        self.known_endpoint_mut(name)?.state = state;
        Ok(())
    }

    /// How much of the traffic the endpoint gets from now on, in thousandths.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for an endpoint that nobody added, or for more than the [whole](WHOLE_SHARE).
    pub fn set_share(&mut self, name: &str, share: u16) -> Result<(), Refusal> {
        if share > WHOLE_SHARE {
            return Err(Refusal::Invalid { why: format!("a share of {share} thousandths is more than there is") });
        }
        self.known_endpoint_mut(name)?.share = share;
        Ok(())
    }

    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.values()
    }

    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.get(name)
    }

    pub(crate) fn known_endpoint_mut(&mut self, name: &str) -> Result<&mut Endpoint, Refusal> {
        let unknown = || Refusal::Invalid { why: format!("there is no endpoint {name:?}") };
        self.endpoints.get_mut(name).ok_or_else(unknown)
    }

    pub(crate) fn publish_endpoint(&mut self, name: String) {
        let Some(endpoint) = self.endpoints.get(&name) else { return };
        let state = endpoint.state;
        if endpoint.share > 0 {
            let failed = if state == EndpointState::Dead { 100.0 } else { 0.0 };
            self.metrics.publish(&Metric::served_failures(&name), self.now, failed);
            let latency = match state {
                EndpointState::Well => Some(LATENCY_WELL),
                EndpointState::Slow => Some(LATENCY_SLOW),
                EndpointState::Dead => None,
            };
            if let Some(latency) = latency {
                self.metrics.publish(&Metric::served_latency(&name), self.now, latency);
            }
        }
        let succeeded = if state == EndpointState::Well { 100.0 } else { 0.0 };
        self.metrics.publish(&Metric::canary_success(&name), self.now, succeeded);
        self.agenda.schedule(self.now + self.pace.publish_every, Due::PublishEndpoint(name));
    }
}
