//! The world as the remedy for held instances sees AWS: the ports that read where an instance stands, and let it go.
//!
//! It never shows what AWS's API would not, and changes nothing but through an action of the world.

use homeostat_core::aws::alarm::AlarmReadings;
use homeostat_core::aws::fleet::{Group, Lifecycle, TargetHealth};
use homeostat_core::aws::lifecycle::{ActionId, ActionResult, Terms, Transition};
use homeostat_core::aws::record::RecordSet;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{AlarmArn, GroupName, HookName, HostedZoneId, InstanceId, TargetGroupArn};
use homeostat_core::ports::{Outcome, Unavailable};
use homeostat_remedies::hook::observation::{Datapoint, Details, HeldMember, Registration, TargetId};
use homeostat_remedies::hook::policy::BusyMetric;
use homeostat_remedies::hook::{CompleteHooks, Held, Machines};
use homeostat_remedies::hosted_zone::shift::Batch;
use homeostat_remedies::instance::Fleet;
use jiff::{SignedDuration, Timestamp};

use super::cloud::{Cloud, source_of, target_seen};
use crate::action::ActionBy;
use crate::hook::{self, LifecycleHook, LifecycleTransition};
use crate::metric::{Metric, Statistic};
use crate::refusal::Refusal;
use crate::spot::{SpotRequest, SpotStatus};
use crate::suspending::Process;
use crate::target_group::{Target, TargetType};
use crate::zones::Author;

/// As the adapter asks.
const RECENT: SignedDuration = SignedDuration::from_mins(15);

impl Held for Cloud {
    async fn member(&self, id: &InstanceId) -> Result<Option<HeldMember>, Unavailable> {
        let world = self.call();
        let Some(instance) = world.instance(id) else { return Ok(None) };
        let group = world.group(&instance.group);
        Ok(Some(HeldMember {
            group: instance.group.clone(),
            lifecycle: Lifecycle(instance.lifecycle.as_str().to_owned()),
            launched_from: group.map(|group| source_of(group, instance)),
        }))
    }

    async fn terms(&self, group: &GroupName, hook: &HookName) -> Result<Option<Terms>, Unavailable> {
        let world = self.call();
        let mut hooks = world.group(group).into_iter().flat_map(|group| &group.settings.hooks);
        Ok(hooks.find(|known| known.name == hook.as_str()).map(terms))
    }

    async fn groups(&self, names: &[GroupName]) -> Result<Vec<Group>, Unavailable> {
        Fleet::groups(self, names).await
    }

    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        Fleet::alarms(self, alarms).await
    }

    async fn registrations(&self, arn: &TargetGroupArn) -> Result<Option<Vec<Registration>>, Unavailable> {
        let world = self.call();
        let Some(target_group) = world.target_group(arn) else { return Ok(None) };
        let port = Some(i32::from(target_group.port));
        if target_group.target_type == TargetType::Lambda {
            return Ok(Some(Vec::new()));
        }
        if target_group.target_type == TargetType::Alb {
            let id = format!("{}/loadbalancer", arn.as_str().replacen("targetgroup/", "loadbalancer/app/", 1));
            return Ok(Some(vec![Registration { target: TargetId { id, port }, health: TargetHealth::Healthy }]));
        }
        let named = |(id, target): (&InstanceId, &Target)| {
            let target_id = TargetId { id: world.target_id(arn, id)?, port };
            Some(Registration { target: target_id, health: target_seen(target) })
        };
        Ok(Some(target_group.targets.iter().filter_map(named).collect()))
    }

    async fn target_type(&self, arn: &TargetGroupArn) -> Result<Option<String>, Unavailable> {
        let world = self.call();
        Ok(world.target_group(arn).map(|target_group| target_group.target_type.as_str().to_owned()))
    }

    async fn newest(&self, metric: &BusyMetric, instance: &InstanceId) -> Result<Option<Datapoint>, Unavailable> {
        let (namespace, name) = (metric.namespace.clone(), metric.name.clone());
        let named = Metric { namespace, name, dimensions: metric.dimensions_of(instance) };
        let world = self.call();
        let (from, to) = (world.now() - RECENT, world.now());
        // Statistics are the adapter's affair; what stories publish is the number itself.
        let points = world.metric_data(&named, Statistic::Maximum, metric.period, from, to);
        Ok(points.last().map(|point| Datapoint { at: point.at, value: point.value }))
    }

    async fn record_sets(&self, zone: &HostedZoneId, name: &RecordName) -> Result<Vec<RecordSet>, Unavailable> {
        let world = self.call();
        let zone = world.zone(zone).ok_or_else(|| Unavailable {
            doing: "read the zone's record sets".to_owned(),
            why: format!("NoSuchHostedZone: No hosted zone found with ID: {zone}"),
        })?;
        Ok(zone.listed(name).into_iter().filter(|set| set.name == *name).collect())
    }
}

impl Machines for Cloud {
    async fn details(&self, id: &InstanceId) -> Result<Option<Details>, Unavailable> {
        let world = self.call();
        let Some(instance) = world.machine(id) else { return Ok(None) };
        Ok(Some(Details {
            state: instance.state.as_str().to_owned(),
            started_at: Some(instance.answers_from - world.pace().answers_after),
            tags: instance.tags.clone(),
            addresses: vec![instance.private_ip.clone()],
            spot_request: instance.spot.as_ref().map(|request| request.id.clone()),
        }))
    }

    async fn interrupted_at(&self, spot_request: &str) -> Result<Option<Timestamp>, Unavailable> {
        let world = self.call();
        let taken_back = |request: &SpotRequest| request.status == SpotStatus::InstanceTerminatedNoCapacity;
        let found = world.spot_request(spot_request).map(|(_, request)| request).filter(|request| taken_back(request));
        Ok(found.map(|request| request.updated_at))
    }
}

impl CompleteHooks for Cloud {
    async fn complete(&self, action: &ActionId, result: ActionResult) -> Outcome {
        let result = match result {
            ActionResult::Continue => hook::ActionResult::Continue,
            ActionResult::Abandon => hook::ActionResult::Abandon,
        };
        let answer = self.act().complete_lifecycle_action(&action.group, action.hook.as_str(), by(action), result);
        outcome(answer)
    }

    async fn heartbeat(&self, action: &ActionId) -> Outcome {
        let answer = self.act().record_lifecycle_action_heartbeat(&action.group, action.hook.as_str(), by(action));
        outcome(answer)
    }

    async fn deregister(&self, arn: &TargetGroupArn, _: &InstanceId, targets: &[TargetId]) -> Outcome {
        let mut world = self.act();
        for target in targets {
            let Some(id) = world.target_named(arn, &target.id) else { continue };
            if let Err(refusal) = world.deregister_target(arn, &id, None) {
                return outcome::<()>(Err(refusal));
            }
        }
        Outcome::Done
    }

    async fn remove_records(&self, zone: &HostedZoneId, sets: &[RecordSet]) -> Outcome {
        let batch = Batch { delete: sets.to_vec(), create: Vec::new() };
        match self.act().change_records(zone, &batch, Author::Homeostat) {
            Ok(change) => Outcome::Pending { change },
            Err(refusal @ Refusal::InvalidChangeBatch { .. }) => Outcome::Lost { why: refusal.to_string() },
            Err(refusal) => Outcome::Refused { why: refusal.to_string() },
        }
    }

    async fn suspend_launch(&self, group: &GroupName) -> Outcome {
        outcome(self.act().suspend_processes(group, &[Process::Launch]))
    }
}

fn terms(hook: &LifecycleHook) -> Terms {
    Terms {
        timeout: hook.heartbeat_timeout,
        global: hook.global_timeout(),
        default: match hook.default_result {
            hook::ActionResult::Continue => ActionResult::Continue,
            hook::ActionResult::Abandon => ActionResult::Abandon,
        },
        transition: match hook.transition {
            LifecycleTransition::Launching => Transition::Launching,
            LifecycleTransition::Terminating => Transition::Terminating,
        },
    }
}

fn by(action: &ActionId) -> ActionBy {
    match &action.token {
        Some(token) => ActionBy::Token(token.to_string()),
        None => ActionBy::Instance(action.instance.clone()),
    }
}

fn outcome<T>(answer: Result<T, Refusal>) -> Outcome {
    match answer {
        Ok(_) => Outcome::Done,
        Err(refusal @ Refusal::NoActiveAction { .. }) => Outcome::Lost { why: refusal.to_string() },
        Err(refusal) => Outcome::Refused { why: refusal.to_string() },
    }
}
