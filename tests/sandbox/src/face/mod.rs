//! The fleet behind AWS's wire: the world's groups, machines, targets, alarms and health checks as Auto Scaling, EC2, Elastic
//! Load Balancing, CloudWatch and Route 53 would show them.
//!
//! It never answers from anything but the world as it is now, and refuses what the world lacks: an action, a parameter,
//! a state that somebody wants to set.

mod autoscaling;
mod cloudwatch;
mod ec2;
mod load_balancing;
mod paging;
mod route53;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use world::{Refusal, World};

use crate::api::{Api, ApiError, Resource, Tree, read};
use crate::journal::Caller;

/// Clones show the same world.
#[derive(Clone)]
pub struct Face {
    world: Arc<Mutex<World>>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Face {
    /// `clock` gives the time to which the world is brought before each look: the wall clock's, or a test's own.
    pub fn new(world: Arc<Mutex<World>>, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { world, clock: Arc::new(clock) }
    }

    /// Looks at the world as it is now, or breaks an application in it, or takes its events. Not journalled: a story does
    /// this, no caller of AWS.
    pub fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.world_now())
    }

    fn world_now(&self) -> MutexGuard<'_, World> {
        // A panic elsewhere fails its own test; the world is whole, since nothing panics while it is locked.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.step((self.clock)());
        world
    }
}

impl Api for Face {
    fn serves(&self, service: &str) -> bool {
        // EC2 is served with few actions: MiniStack's own knows none of the world's instances, and an empty answer to another
        // would be a lie.
        matches!(service, "autoscaling" | "ec2" | "elasticloadbalancing" | "monitoring")
    }

    fn resource(&self, service: &str, action: &str, input: &Tree) -> Resource {
        let world = self.world_now();
        match service {
            "autoscaling" => autoscaling::resource(&world, action, input),
            "elasticloadbalancing" => load_balancing::resource(&world, action, input),
            "monitoring" => cloudwatch::resource(&world, action, input),
            // Describing instances has no resource-level permissions (Service Authorization Reference, "Amazon EC2").
            _ => Resource::any(),
        }
    }

    fn call(&self, _caller: &Caller, service: &str, action: &str, input: &Tree) -> Result<Tree, ApiError> {
        let mut world = self.world_now();
        match (service, action) {
            ("autoscaling", "DescribeAutoScalingGroups") => autoscaling::groups(&world, input),
            ("autoscaling", "DescribeAutoScalingInstances") => autoscaling::instances(&world, input),
            ("autoscaling", "DescribeScalingActivities") => autoscaling::activities(&world, input),
            ("autoscaling", "TerminateInstanceInAutoScalingGroup") => autoscaling::terminate(&mut world, input),
            ("autoscaling", "DescribeInstanceRefreshes") => autoscaling::refreshes(&world, input),
            ("autoscaling", "DescribeLifecycleHooks") => autoscaling::hooks(&world, input),
            ("autoscaling", "CompleteLifecycleAction") => autoscaling::complete(&mut world, input),
            ("autoscaling", "RecordLifecycleActionHeartbeat") => autoscaling::heartbeat(&mut world, input),
            ("autoscaling", "SuspendProcesses") => autoscaling::suspend(&mut world, input),
            ("autoscaling", "SetInstanceHealth") => autoscaling::set_health(&mut world, input),
            ("ec2", "DescribeInstanceStatus") => ec2::instance_status(&world, input),
            ("ec2", "DescribeInstances") => ec2::instances(&world, input),
            ("ec2", "DescribeSpotInstanceRequests") => ec2::spot_requests(&world, input),
            ("elasticloadbalancing", "DeregisterTargets") => load_balancing::deregister(&mut world, input),
            ("elasticloadbalancing", "DescribeTargetGroups") => load_balancing::target_groups(&world, input),
            ("elasticloadbalancing", "DescribeTargetHealth") => load_balancing::target_health(&world, input),
            ("monitoring", "DescribeAlarms") => cloudwatch::alarms(&world, input),
            ("monitoring", "GetMetricData") => cloudwatch::metric_data(&world, input),
            // Asked by the proxy's gate, which has looked at the role; the rest of Route 53 is MiniStack's.
            ("route53", "GetHealthCheckStatus") => route53::health_check_status(&world, input),
            ("route53", "GetHealthCheck") => route53::health_check(&world, input),
            // SetAlarmState among them: an alarm says what its datapoints say.
            _ => Err(ApiError::not_modelled(service, action)),
        }
    }
}

/// Refuses a parameter that the model would otherwise pass over in silence.
fn only(input: &Tree, action: &str, known: &[&str]) -> Result<(), ApiError> {
    let given = input.as_map().map(Vec::as_slice).unwrap_or_default();
    let mut names = given.iter().filter(|(_, value)| !value.is_null()).filter_map(|(name, _)| name.as_text());
    match names.find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(other) => {
            Err(ApiError::new(501, "NotModelled", format!("the sandbox does not model {action} with {other}")))
        }
    }
}

fn refused(refusal: &Refusal) -> ApiError {
    let status = if matches!(refusal, Refusal::NotModelled { .. }) { 501 } else { 400 };
    ApiError::new(status, refusal.code(), refusal.to_string())
}

/// Names as a filter: none given means all.
fn wanted<'a>(input: &'a Tree, field: &str) -> Result<impl Fn(&str) -> bool + use<'a>, ApiError> {
    let names = read::texts(input, field)?;
    Ok(move |name: &str| names.is_empty() || names.contains(&name))
}
