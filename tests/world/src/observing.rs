//! What looks at the instances: the load balancer's checks, the metrics, the alarms.
//!
//! This module never acts on an instance; it tells Auto Scaling and EventBridge what was seen.

use homeostat_core::id::{InstanceId, TargetGroupArn};
use jiff::{SignedDuration, Timestamp};

use crate::agenda::Due;
use crate::alarm::AlarmRule;
use crate::instance::App;
use crate::machine::InstanceState;
use crate::metric::{Datapoint, Metric, Statistic, TARGET_GROUP_DIMENSION};
use crate::target_group::{Registrar, Target, TargetGroup, TargetState};
use crate::world::World;

/// Requests that fail between two datapoints of an instance whose application is gone: any number over the threshold of
/// the demo's alarms would do.
const FAILED_WHEN_DEAD: f64 = 20.0;

impl World {
    pub(crate) fn check_target(&mut self, arn: TargetGroupArn, id: InstanceId) {
        let passes = self.instances.get(&id).is_some_and(|instance| instance.answers(self.now));
        let targets = self.target_groups.get_mut(&arn).map(|target_group| &mut target_group.targets);
        let checked = |target: &&mut Target| !matches!(target.state, TargetState::Draining | TargetState::Unused);
        let Some(target) = targets.and_then(|targets| targets.get_mut(&id)).filter(checked) else { return };
        let before = target.state;
        target.checked(passes, &self.pace);
        let now_healthy = target.state == TargetState::Healthy && before != TargetState::Healthy;
        // Auto Scaling looks only at the target groups that it manages.
        let managed = target.registrar == Registrar::Group;
        if managed && target.state == TargetState::Unhealthy && before != TargetState::Unhealthy {
            self.target_became_unhealthy(&id);
        }
        if managed && now_healthy {
            self.became_ready(&id);
        }
        self.agenda.schedule(self.now + self.pace.target_check_every, Due::CheckTarget(arn, id));
    }

    /// The CloudWatch agent on the machine publishes as long as the machine works, whatever became of the application: for
    /// the instance, and into what the whole group publishes.
    pub(crate) fn publish(&mut self, id: &InstanceId) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let group = self.groups.get(&instance.group);
        let alarm = group.and_then(|group| group.settings.launch_automation.as_ref());
        let runs = !matches!(instance.state, InstanceState::Stopping | InstanceState::Stopped);
        if let Some(alarm) = alarm.filter(|_| runs && instance.machine.works()) {
            let failed = if instance.app == App::Dead { FAILED_WHEN_DEAD } else { 0.0 };
            let (namespace, name) = (&alarm.namespace, &alarm.metric);
            let metrics = &mut self.metrics;
            let [own, whole] = *instance.publishes_to.get_or_insert_with(|| {
                let (own, whole) =
                    (Metric::of_instance(namespace, name, id), Metric::of_group(namespace, name, &instance.group));
                [&own, &whole].map(|metric| metrics.series(metric))
            });
            metrics.publish_to(own, self.now, failed);
            metrics.publish_to(whole, self.now, failed);
        }
        self.publish_in_flight(id);
        self.agenda.schedule(self.now + self.pace.publish_every, Due::Publish(id.clone()));
    }

    /// From the first alarm on a target group's metric on, its load balancer publishes them.
    pub(crate) fn watch_targets(&mut self, metric: &Metric) {
        let Some(dimension) = metric.dimensions.get(TARGET_GROUP_DIMENSION) else { return };
        let unwatched = |group: &&mut TargetGroup| !group.published && group.dimension() == dimension;
        if let Some(target_group) = self.target_groups.values_mut().find(unwatched) {
            target_group.published = true;
            self.agenda.schedule(self.now, Due::PublishTargets(target_group.arn.clone()));
        }
    }

    /// "Reported if there are registered targets" (Application Load Balancers, "CloudWatch metrics for your Application Load
    /// Balancer"). Targets that are initial or draining count neither as healthy nor as unhealthy.
    pub(crate) fn publish_targets(&mut self, arn: TargetGroupArn) {
        let Some(target_group) = self.target_groups.get(&arn) else { return };
        if !target_group.targets.is_empty() {
            let count = |state: TargetState| {
                let counted = target_group.targets.values().filter(|target| target.state == state);
                counted.map(|_| 1.0).sum::<f64>()
            };
            let (healthy, unhealthy) = (count(TargetState::Healthy), count(TargetState::Unhealthy));
            self.metrics.publish(&Metric::healthy_hosts(target_group), self.now, healthy);
            self.metrics.publish(&Metric::unhealthy_hosts(target_group), self.now, unhealthy);
        }
        self.agenda.schedule(self.now + self.pace.target_metrics_every, Due::PublishTargets(arn));
    }

    pub(crate) fn evaluate(&mut self, name: String) {
        let Some(alarm) = self.alarms.get_mut(&name) else { return };
        if let Some(previous) = alarm.evaluate(&self.metrics, self.now) {
            let event = alarm.event(&self.place, &previous, self.ids.uuid());
            self.outbox.push(event);
        }
        let rule = alarm.rule.clone();
        self.agenda.schedule(self.now + self.evaluated_every(&rule), Due::Evaluate(name));
    }

    /// `GetMetricData`, oldest first; of what was published more than a quarter of an hour ago, nothing is left.
    pub fn metric_data(
        &self,
        metric: &Metric,
        statistic: Statistic,
        period: SignedDuration,
        start: Timestamp,
        end: Timestamp,
    ) -> Vec<Datapoint> {
        self.metrics.between(metric, statistic, period, start, end)
    }

    /// CloudWatch User Guide, "Alarm evaluation": a period under a minute makes an alarm high-resolution.
    pub(crate) fn evaluated_every(&self, rule: &AlarmRule) -> SignedDuration {
        if rule.period < SignedDuration::from_mins(1) {
            self.pace.evaluate_high_resolution_every
        } else {
            self.pace.evaluate_standard_every
        }
    }
}
