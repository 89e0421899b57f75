//! How long everything takes, in one place, so that a story can be told at AWS's pace or at a demo's.
//!
//! This module never decides what happens, only when.

use jiff::SignedDuration;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// From the launch to `running`, when Auto Scaling registers the instance and calls it `InService`: 16.4–16.6 s
    /// whatever the family (brevdev/ec2-coldboot-research).
    pub running_after: SignedDuration,
    /// From the launch until the application answers: 25.8 s on average to SSH (brevdev/ec2-coldboot-research).
    pub answers_after: SignedDuration,
    /// From the end of draining until EC2 calls the instance `terminated`. AWS publishes no figure; half a minute is
    /// what a small instance takes.
    pub shut_down: SignedDuration,
    /// From a termination on request until the group launches what it lacks: 12 s between the two activities
    /// (hjacobs/kube-aws-autoscaler issue 7, a log of one group's activities).
    pub notice: SignedDuration,
    /// The same after a failed health check: 1 s between the two activities (EC2 Auto Scaling User Guide, "Health checks
    /// for instances in an Auto Scaling group", and activity logs of 2024 and 2026).
    pub replace_unhealthy: SignedDuration,
    /// From a target's `unhealthy` until Auto Scaling marks the instance. AWS publishes no figure; its own health checks
    /// are periodic, so half a minute is the middle of a minute's round.
    pub mark_unhealthy: SignedDuration,
    /// `HealthCheckIntervalSeconds`: 5–300, 30 by default (Elastic Load Balancing, "Health checks for your target groups").
    pub target_check_every: SignedDuration,
    /// `HealthyThresholdCount`: 2–10, 5 by default (same page).
    pub healthy_threshold: u32,
    /// `UnhealthyThresholdCount`: 2–10, 2 by default (same page).
    pub unhealthy_threshold: u32,
    /// `deregistration_delay.timeout_seconds`: 300 by default (Elastic Load Balancing, "Edit target group attributes").
    pub deregistration_delay: SignedDuration,
    /// How often an instance publishes its metric. High-resolution metrics go down to one second (CloudWatch User Guide,
    /// "Publish custom metrics"); ten fills each period of a high-resolution alarm once.
    pub publish_every: SignedDuration,
    /// The period of the demo's alarms: 10, 20, 30 or a multiple of 60 (API reference, `PutMetricAlarm`).
    pub alarm_period: SignedDuration,
    /// Alarms with a period under a minute are evaluated every 10 s (CloudWatch User Guide, "Alarm evaluation").
    pub evaluate_high_resolution_every: SignedDuration,
    /// All others every minute (same page).
    pub evaluate_standard_every: SignedDuration,
    /// How often EC2 checks a machine: "performed every minute" (EC2 User Guide, "Status checks for Amazon EC2 instances").
    pub status_check_every: SignedDuration,
    /// From the launch until the status checks say anything but `initializing`. AWS publishes no figure; two minutes is
    /// what a small instance takes.
    pub status_initializing: SignedDuration,
    /// How long Auto Scaling lets a machine be impaired before it marks it: "waits a few minutes" (EC2 Auto Scaling User
    /// Guide, "About the health checks for your Auto Scaling group"). No figure; five is a guess.
    pub impaired_patience: SignedDuration,
    /// From a launch that failed to the next try; it doubles, up to sixteen times as long. AWS publishes no figure.
    pub launch_retry: SignedDuration,
    /// From `Pending:Proceed` to `InService`, and from `Warmed:Pending:Proceed` into the pool. AWS publishes no figure.
    pub proceed: SignedDuration,
    /// From the notice that a Spot Instance gets until EC2 shuts it down: two minutes (EC2 User Guide, "Spot Instance
    /// interruption notices").
    pub spot_notice: SignedDuration,
    /// How long a target stays registered whose instance was terminated. AWS publishes no figure.
    pub terminated_target_stays: SignedDuration,
    /// How long EC2 still tells of a terminated instance: about an hour (EC2 User Guide, "Terminate Amazon EC2 instances").
    pub terminated_visible: SignedDuration,
    /// Elastic Load Balancing "measures and sends its metrics in 60-second intervals" (Application Load Balancers,
    /// "CloudWatch metrics for your Application Load Balancer").
    pub target_metrics_every: SignedDuration,
    /// `RequestInterval` of a health check: 10 or 30, 30 by default (Route 53 API reference, `HealthCheckConfig`).
    pub health_check_every: SignedDuration,
    /// `FailureThreshold`: 1–10, 3 by default (same page).
    pub health_check_threshold: u32,
    /// How long one API call takes: tens of milliseconds within a Region.
    pub call: SignedDuration,
}

impl Pace {
    /// AWS's figures, with the defaults of its API.
    pub const fn aws() -> Self {
        Pace {
            running_after: SignedDuration::from_millis(16_500),
            answers_after: SignedDuration::from_millis(25_800),
            shut_down: SignedDuration::from_secs(30),
            notice: SignedDuration::from_secs(12),
            replace_unhealthy: SignedDuration::from_secs(1),
            mark_unhealthy: SignedDuration::from_secs(30),
            target_check_every: SignedDuration::from_secs(30),
            healthy_threshold: 5,
            unhealthy_threshold: 2,
            deregistration_delay: SignedDuration::from_secs(300),
            publish_every: SignedDuration::from_secs(10),
            alarm_period: SignedDuration::from_secs(10),
            evaluate_high_resolution_every: SignedDuration::from_secs(10),
            evaluate_standard_every: SignedDuration::from_secs(60),
            status_check_every: SignedDuration::from_secs(60),
            status_initializing: SignedDuration::from_secs(120),
            impaired_patience: SignedDuration::from_secs(300),
            launch_retry: SignedDuration::from_secs(60),
            proceed: SignedDuration::from_secs(1),
            spot_notice: SignedDuration::from_secs(120),
            terminated_target_stays: SignedDuration::from_secs(300),
            terminated_visible: SignedDuration::from_secs(3600),
            target_metrics_every: SignedDuration::from_secs(60),
            health_check_every: SignedDuration::from_secs(30),
            health_check_threshold: 3,
            call: SignedDuration::from_millis(40),
        }
    }

    /// The same in seconds, for a demo that people watch: an alarm about three seconds after the application broke, and
    /// a replacement about five seconds after the termination.
    pub const fn sandbox() -> Self {
        Pace {
            running_after: SignedDuration::from_millis(2_500),
            answers_after: SignedDuration::from_secs(3),
            shut_down: SignedDuration::from_secs(1),
            notice: SignedDuration::from_secs(1),
            replace_unhealthy: SignedDuration::from_millis(500),
            mark_unhealthy: SignedDuration::from_secs(1),
            target_check_every: SignedDuration::from_millis(500),
            healthy_threshold: 2,
            unhealthy_threshold: 2,
            deregistration_delay: SignedDuration::from_secs(1),
            publish_every: SignedDuration::from_secs(1),
            alarm_period: SignedDuration::from_secs(1),
            evaluate_high_resolution_every: SignedDuration::from_secs(1),
            evaluate_standard_every: SignedDuration::from_secs(6),
            status_check_every: SignedDuration::from_secs(1),
            status_initializing: SignedDuration::from_secs(4),
            impaired_patience: SignedDuration::from_secs(6),
            launch_retry: SignedDuration::from_secs(1),
            proceed: SignedDuration::from_millis(200),
            spot_notice: SignedDuration::from_secs(12),
            terminated_target_stays: SignedDuration::from_secs(10),
            terminated_visible: SignedDuration::from_secs(60),
            target_metrics_every: SignedDuration::from_secs(1),
            health_check_every: SignedDuration::from_secs(1),
            health_check_threshold: 2,
            call: SignedDuration::from_millis(10),
        }
    }
}
