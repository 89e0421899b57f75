//! Route 53: the health checks of the world's endpoints.
//!
//! It never knows a zone or a record: those are MiniStack's.

use world::{Checker, HealthCheck, World};

use crate::api::{ApiError, Tree, make, read};

fn asked<'a>(world: &'a World, input: &Tree) -> Result<&'a HealthCheck, ApiError> {
    let id = read::text(input, "HealthCheckId")?;
    world.health_check(id).ok_or_else(|| {
        ApiError::new(404, "NoSuchHealthCheck", format!("No health check exists with the specified ID {id}."))
    })
}

/// One observation "for each Amazon Route 53 health checker that is reporting a status about the health check endpoint" (API
/// reference, `GetHealthCheckStatus`).
pub(super) fn health_check_status(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    let reports = asked(world, input)?.checkers.iter().filter_map(observation);
    let list = make::record([("HealthCheckObservation", make::list(reports))]);
    Ok(make::record([("HealthCheckObservations", list)]))
}

fn observation(checker: &Checker) -> Option<Tree> {
    let report = checker.report?;
    let told = [("Status", make::text(report.status())), ("CheckedTime", make::timestamp(report.checked_at))];
    Some(make::record([
        ("Region", make::text(checker.region)),
        ("IPAddress", make::text(&checker.ip)),
        ("StatusReport", make::record(told)),
    ]))
}

/// API reference, `HealthCheck`.
pub(super) fn health_check(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    let check = asked(world, input)?;
    let config = [
        ("Type", make::text("HTTP")),
        ("ResourcePath", make::text("/")),
        // AWS has 10 or 30 here; the sandbox's pace has less.
        ("RequestInterval", make::integer(check.interval.as_secs().max(1))),
        ("FailureThreshold", make::integer(check.threshold)),
        ("MeasureLatency", make::flag(false)),
        ("Inverted", make::flag(check.inverted)),
        ("Disabled", make::flag(check.disabled)),
    ];
    let fields = [
        ("Id", make::text(&check.id)),
        ("CallerReference", make::text(&check.id)),
        ("HealthCheckConfig", make::record(config)),
        ("HealthCheckVersion", make::integer(1)),
    ];
    Ok(make::record([("HealthCheck", make::record(fields))]))
}
