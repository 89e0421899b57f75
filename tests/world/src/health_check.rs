//! A Route 53 health check of an endpoint: checkers all over the world, each with a verdict of its own (Route 53 Developer
//! Guide, "How Amazon Route 53 determines whether a health check is healthy").
//!
//! This module never tells one checker of another's finding, and never changes a record: what DNS answers follows from the
//! verdict elsewhere.

use jiff::{SignedDuration, Timestamp};

use crate::agenda::Due;
use crate::endpoint::EndpointState;
use crate::refusal::Refusal;
use crate::world::World;

/// Where checks come from unless told otherwise (API reference, `HealthCheckConfig`, `Regions`).
const REGIONS: [&str; 8] = [
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
];

const CHECKERS_IN_A_REGION: u8 = 2;

/// "If more than 18% of health checkers report that an endpoint is healthy, Route 53 considers it healthy."
const HEALTHY_ABOVE_PERCENT: usize = 18;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    pub id: String,
    /// `RequestInterval`: of each checker.
    pub interval: SignedDuration,
    /// `FailureThreshold`: how many checks in a row change a checker's mind, either way.
    pub threshold: u32,
    pub checkers: Vec<Checker>,
    /// So many of the last checkers do not check.
    stopped: usize,
    /// So many of the first checkers do not reach the endpoint, whatever its state.
    cut_off: usize,
    /// `Inverted`: of the verdict, not of what the checkers report.
    pub inverted: bool,
    /// `Disabled`: "Route 53 considers the status of the health check to always be healthy" (API reference, `HealthCheckConfig`).
    pub disabled: bool,
    /// `DeleteHealthCheck`, which records that name it do not prevent.
    deleted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checker {
    pub region: &'static str,
    pub ip: String,
    /// `None` until it has checked.
    pub report: Option<Report>,
    /// Its verdict, which follows the checks at a distance. "Route 53 considers a new health check to be healthy until there's
    /// enough data to determine the actual status" (API reference, `HealthCheckConfig`, `InsufficientDataHealthStatus`).
    pub says_healthy: bool,
    /// Checks in a row that contradict the verdict.
    contradicting: u32,
}

/// What a checker found last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    pub checked_at: Timestamp,
    pub passed: bool,
}

impl Report {
    /// In Route 53's words (CLI reference, `get-health-check-status`; re:Post, "How can I troubleshoot unhealthy Route 53
    /// health checks?").
    pub fn status(&self) -> &'static str {
        if self.passed {
            "Success: HTTP Status Code 200, OK"
        } else {
            "Failure: The health checker could not establish a connection within the timeout limit."
        }
    }
}

impl HealthCheck {
    fn new(id: String, interval: SignedDuration, threshold: u32) -> Self {
        let regions = (0u8..).zip(REGIONS);
        let checkers = regions.flat_map(|(number, region)| {
            (1..=CHECKERS_IN_A_REGION).map(move |host| Checker {
                region,
                ip: format!("15.177.{number}.{host}"),
                report: None,
                says_healthy: true,
                contradicting: 0,
            })
        });
        HealthCheck {
            id,
            interval,
            threshold,
            checkers: checkers.collect(),
            stopped: 0,
            cut_off: 0,
            inverted: false,
            disabled: false,
            deleted: false,
        }
    }

    /// Route 53's verdict, from those of the checkers.
    pub fn is_healthy(&self) -> bool {
        let healthy = self.checkers.iter().filter(|checker| checker.says_healthy).count();
        let is_healthy = self.disabled || healthy * 100 > self.checkers.len() * HEALTHY_ABOVE_PERCENT;
        is_healthy != self.inverted
    }

    /// So many of its checkers don't reach the endpoint, whatever its state.
    pub fn cut_off(&self) -> usize {
        self.cut_off
    }

    fn check(&mut self, number: usize, answers: bool, now: Timestamp) {
        let stopped = number + self.stopped >= self.checkers.len();
        let passed = answers && number >= self.cut_off;
        let threshold = self.threshold;
        let stopped = stopped || self.disabled || self.deleted;
        if let Some(checker) = self.checkers.get_mut(number).filter(|_| !stopped) {
            checker.check(passed, threshold, now);
        }
    }
}

impl Checker {
    fn check(&mut self, passed: bool, threshold: u32, now: Timestamp) {
        self.report = Some(Report { checked_at: now, passed });
        self.contradicting = if passed == self.says_healthy { 0 } else { self.contradicting + 1 };
        if self.contradicting >= threshold {
            self.says_healthy = passed;
            self.contradicting = 0;
        }
    }
}

impl World {
    /// Lets Route 53 check the endpoint from now on, at the world's pace, and gives the health check's id.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for an endpoint that nobody added, or that is checked already.
    pub fn add_health_check(&mut self, endpoint: &str) -> Result<String, Refusal> {
        if self.known_endpoint_mut(endpoint)?.health_check.is_some() {
            return Err(Refusal::Invalid { why: format!("the endpoint {endpoint:?} has a health check already") });
        }
        let (id, every) = (self.ids.uuid(), self.pace.health_check_every);
        let check = HealthCheck::new(id.clone(), every, self.pace.health_check_threshold);
        // "Health checkers don't coordinate with one another": here they take turns within the interval.
        let count = i32::try_from(check.checkers.len()).unwrap_or(i32::MAX);
        for (turn, number) in (1..=count).zip(0..) {
            self.agenda.schedule(self.now + every * turn / count, Due::CheckEndpoint(endpoint.to_owned(), number));
        }
        self.known_endpoint_mut(endpoint)?.health_check = Some(check);
        Ok(id)
    }

    /// So many of the endpoint's checkers stop to check, and what they reported gets old; 0 lets all check again.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for an endpoint without a health check.
    pub fn stop_checkers(&mut self, endpoint: &str, stopped: usize) -> Result<(), Refusal> {
        self.known_check_mut(endpoint)?.stopped = stopped;
        Ok(())
    }

    /// So many of the endpoint's checkers don't reach it, whatever its state, as if the network between were broken; 0
    /// mends it. Those that [stop](World::stop_checkers) are counted from the other end.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for an endpoint without a health check.
    pub fn cut_off_checkers(&mut self, endpoint: &str, cut_off: usize) -> Result<(), Refusal> {
        self.known_check_mut(endpoint)?.cut_off = cut_off;
        Ok(())
    }

    /// `UpdateHealthCheck`, of `Inverted` and `Disabled`.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for an endpoint without a health check.
    pub fn update_health_check(&mut self, endpoint: &str, inverted: bool, disabled: bool) -> Result<(), Refusal> {
        let check = self.known_check_mut(endpoint)?;
        (check.inverted, check.disabled) = (inverted, disabled);
        Ok(())
    }

    /// Deletes it, or puts it back. AWS gives a new one another id, so that policy and records would have to be changed with it; here
    /// the same one comes back.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for an endpoint without a health check.
    pub fn delete_health_check(&mut self, endpoint: &str, deleted: bool) -> Result<(), Refusal> {
        self.known_check_mut(endpoint)?.deleted = deleted;
        Ok(())
    }

    /// Unless it was deleted.
    pub fn health_check(&self, id: &str) -> Option<&HealthCheck> {
        let checks = self.endpoints().filter_map(|endpoint| endpoint.health_check.as_ref());
        checks.filter(|check| !check.deleted).find(|check| check.id == id)
    }

    pub(crate) fn check_endpoint(&mut self, name: String, number: usize) {
        let Some(endpoint) = self.endpoints.get_mut(&name) else { return };
        let answers = endpoint.state != EndpointState::Dead;
        let Some(check) = &mut endpoint.health_check else { return };
        check.check(number, answers, self.now);
        self.agenda.schedule(self.now + check.interval, Due::CheckEndpoint(name, number));
    }

    fn known_check_mut(&mut self, endpoint: &str) -> Result<&mut HealthCheck, Refusal> {
        let unchecked = || Refusal::Invalid { why: format!("the endpoint {endpoint:?} has no health check") };
        self.known_endpoint_mut(endpoint)?.health_check.as_mut().ok_or_else(unchecked)
    }
}
