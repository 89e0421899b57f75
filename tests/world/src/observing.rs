//! What looks at the instances: the load balancer's checks, the metrics, the alarms.
//!
//! This module never acts on an instance; it tells Auto Scaling and EventBridge what was seen.

use homeostat_core::id::{InstanceId, TargetGroupArn};
use jiff::SignedDuration;

use crate::agenda::Due;
use crate::alarm::AlarmRule;
use crate::instance::App;
use crate::metric::Metric;
use crate::target_group::TargetState;
use crate::world::World;

/// Requests that fail between two datapoints of an instance whose application is gone: any number over the threshold of
/// the demo's alarms would do.
const FAILED_WHEN_DEAD: f64 = 20.0;

impl World {
    pub(crate) fn check_target(&mut self, arn: TargetGroupArn, id: InstanceId) {
        let passes = self.instances.get(&id).is_some_and(|instance| instance.answers(self.now));
        let targets = self.target_groups.get_mut(&arn).map(|target_group| &mut target_group.targets);
        let checked = |target: &&mut crate::target_group::Target| target.state != TargetState::Draining;
        let Some(target) = targets.and_then(|targets| targets.get_mut(&id)).filter(checked) else { return };
        let before = target.state;
        target.checked(passes, &self.pace);
        if target.state == TargetState::Unhealthy && before != TargetState::Unhealthy {
            self.target_became_unhealthy(&id);
        }
        self.agenda.schedule(self.now + self.pace.target_check_every, Due::CheckTarget(arn, id));
    }

    /// The CloudWatch agent on the machine publishes as long as the machine runs, whatever became of the application.
    pub(crate) fn publish(&mut self, id: &InstanceId) {
        let Some(instance) = self.instances.get(id) else { return };
        let group = self.groups.get(&instance.group);
        if let Some(alarm) = group.and_then(|group| group.settings.launch_automation.as_ref()) {
            let failed = if instance.app == App::Dead { FAILED_WHEN_DEAD } else { 0.0 };
            self.metrics.publish(Metric::of_instance(&alarm.namespace, &alarm.metric, id), self.now, failed);
        }
        self.agenda.schedule(self.now + self.pace.publish_every, Due::Publish(id.clone()));
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

    /// CloudWatch User Guide, "Alarm evaluation": a period under a minute makes an alarm high-resolution.
    pub(crate) fn evaluated_every(&self, rule: &AlarmRule) -> SignedDuration {
        if rule.period < SignedDuration::from_mins(1) {
            self.pace.evaluate_high_resolution_every
        } else {
            self.pace.evaluate_standard_every
        }
    }
}
