//! What the application on an instance does by itself, whatever Auto Scaling makes of the instance: it says that it is
//! ready, registers with target groups that its group doesn't manage, and says whether it is busy.
//!
//! This module never asks Auto Scaling for a state: an application knows only its own machine.

use homeostat_core::id::{InstanceId, TargetGroupArn};
use jiff::Timestamp;

use crate::agenda::Due;
use crate::instance::App;
use crate::machine::InstanceState;
use crate::metric::Metric;
use crate::refusal::Refusal;
use crate::target_group::{Registrar, Target, TargetType};
use crate::world::World;

const NAMESPACE: &str = "App";
const IN_FLIGHT: &str = "InFlight";

/// What the user's own application does on each instance of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Application {
    /// The key of the tag that it sets on its instance when it answers; the value is the time of that. A stop doesn't remove
    /// it, and an instance that starts again sets it anew.
    pub ready_tag: Option<String>,
    /// Where it registers its instance when it answers.
    pub registers_with: Vec<TargetGroupArn>,
    /// The key of the tag that says `true` exactly while work is in flight.
    pub busy_tag: Option<String>,
}

impl Metric {
    /// How many pieces of work are in flight on an instance.
    pub fn in_flight(id: &InstanceId) -> Self {
        Metric::of_instance(NAMESPACE, IN_FLIGHT, id)
    }
}

impl World {
    /// `CreateTags`.
    ///
    /// # Errors
    /// [`Refusal::NoManagedInstance`] for an instance that is in no group.
    pub fn set_instance_tag(&mut self, id: &InstanceId, key: &str, value: &str) -> Result<(), Refusal> {
        self.known_instance_mut(id)?.tags.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// `DeleteTags`.
    ///
    /// # Errors
    /// [`Refusal::NoManagedInstance`] for an instance that is in no group.
    pub fn clear_instance_tag(&mut self, id: &InstanceId, key: &str) -> Result<(), Refusal> {
        self.known_instance_mut(id)?.tags.remove(key);
        Ok(())
    }

    /// The machine starts, for the first time or again: its application will answer.
    pub(crate) fn schedule_answer(&mut self, id: &InstanceId) {
        let Some(instance) = self.instances.get(id).filter(|_| self.application(id).is_some()) else { return };
        let from = instance.answers_from;
        self.agenda.schedule(from.max(self.now), Due::AppAnswers(id.clone(), from));
    }

    /// An application that doesn't answer yet, although it is time, does so once it can; `from` tells whether the machine
    /// has started again meanwhile.
    pub(crate) fn app_answers(&mut self, id: &InstanceId, from: Timestamp) {
        let now = self.now;
        let Some(application) = self.application(id).cloned() else { return };
        let Some(instance) = self.instances.get_mut(id).filter(|instance| instance.answers_from == from) else {
            return;
        };
        if !instance.answers(now) {
            if matches!(instance.state, InstanceState::Pending | InstanceState::Running) {
                self.agenda.schedule(now + self.pace.publish_every, Due::AppAnswers(id.clone(), from));
            }
            return;
        }
        if let Some(key) = application.ready_tag {
            instance.tags.insert(key, now.to_string());
        }
        for arn in application.registers_with {
            self.register_by_itself(id, arn);
        }
    }

    fn application(&self, id: &InstanceId) -> Option<&Application> {
        self.groups.get(&self.instances.get(id)?.group)?.settings.application.as_ref()
    }

    /// To register a target anew that is registered changes nothing, unless it drains (API reference, `RegisterTargets`,
    /// says nothing of it: an assumption).
    fn register_by_itself(&mut self, id: &InstanceId, arn: TargetGroupArn) {
        let now = self.now;
        let Some(target_group) = self.target_groups.get_mut(&arn) else { return };
        // Elastic Load Balancing refuses an instance as a target of a target group for load balancers or functions.
        let is_refused = matches!(target_group.target_type, TargetType::Alb | TargetType::Lambda);
        if is_refused || target_group.targets.get(id).is_some_and(|target| !target.drains()) {
            return;
        }
        target_group.targets.insert(id.clone(), Target::registered(now, Registrar::Instance));
        self.agenda.schedule(now + self.pace.target_check_every, Due::CheckTarget(arn, id.clone()));
    }

    pub(crate) fn set_busy(&mut self, id: &InstanceId) {
        let Some(key) = self.application(id).and_then(|application| application.busy_tag.clone()) else { return };
        let Some(instance) = self.instances.get_mut(id) else { return };
        if instance.in_flight > 0 {
            instance.tags.insert(key, "true".to_owned());
        } else {
            instance.tags.remove(&key);
        }
    }

    /// The application publishes it, and so one that is dead doesn't.
    pub(crate) fn publish_in_flight(&mut self, id: &InstanceId) {
        let Some(instance) = self.instances.get(id).filter(|_| self.application(id).is_some()) else { return };
        if instance.app == App::Well && instance.answers(self.now) {
            let value = f64::from(instance.in_flight);
            self.metrics.publish(&Metric::in_flight(id), self.now, value);
        }
    }
}
