//! Auto Scaling: the groups of the policy, when an instance was launched, what is being refreshed, and the two effects.
//!
//! This module never asks for all groups, and never lowers a desired capacity.

pub(crate) mod hooks;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::error::ProvideErrorMetadata;
use aws_sdk_autoscaling::primitives::DateTime;
use aws_sdk_autoscaling::types::{
    Activity, AutoScalingGroup, Instance, InstanceRefresh, InstanceRefreshStatus, ScalingActivityStatusCode,
};
use homeostat_core::aws::fleet::{Group, LaunchedFrom, Launches, Lifecycle, Member, Resized};
use homeostat_core::aws::units::{Unit, Units};
use homeostat_core::id::{GroupName, InstanceId};
use homeostat_core::ports::{Outcome, Unavailable};
use jiff::{SignedDuration, Timestamp};

use crate::call::{outcome, unavailable};

/// "By default, you can only specify up to 50 names. You can optionally increase this limit using the MaxRecords property", whose
/// maximum is 100 (API reference, `DescribeAutoScalingGroups`).
const PAGE: i32 = 100;
const MOST_NAMES: usize = 100;

/// The most that one page of `DescribeScalingActivities` holds (API reference, `MaxRecords`).
const ACTIVITIES_A_PAGE: i32 = 100;

/// Pages of activities that one look reads at most. A group of 4,000 with a budget of 20 % writes 1,600 while it replaces all that it may
/// within a cooldown: two for each, the termination and the launch.
const MOST_PAGES: usize = 20;

/// Instance refreshes that are read, newest first (API reference, `DescribeInstanceRefreshes`). A group has one at a time
/// (`StartInstanceRefresh`: `InstanceRefreshInProgress`), so one would do; a few cost no more.
const NEWEST_REFRESHES: i32 = 5;

/// What an accepted `SetInstanceHealth` comes to: inside the grace period it is accepted and does nothing.
const ACCEPTED: &str = "accepted; it counts once Auto Scaling shows the instance as unhealthy";

/// `HealthStatus` (API reference, `SetInstanceHealth`).
const UNHEALTHY: &str = "Unhealthy";

#[derive(Debug, Clone)]
pub(crate) struct AutoScaling {
    client: Client,
}

impl AutoScaling {
    pub(crate) fn new(config: &aws_config::SdkConfig) -> Self {
        AutoScaling { client: Client::new(config) }
    }

    pub(crate) async fn groups(&self, names: &[GroupName]) -> Result<Vec<Group>, Unavailable> {
        let mut groups = Vec::new();
        // No chunk, no call: to AWS an empty list of names means every group there is.
        for names in names.chunks(MOST_NAMES) {
            let names = names.iter().map(ToString::to_string).collect();
            let request = self.client.describe_auto_scaling_groups().set_auto_scaling_group_names(Some(names));
            let mut pages = request.max_records(PAGE).into_paginator().items().send();
            while let Some(found) = pages.next().await {
                let found = found.map_err(|error| unavailable("read the policy's groups", &error))?;
                groups.push(group(&found)?);
            }
        }
        Ok(groups)
    }

    /// From the group's newest activities. Auto Scaling keeps them for six weeks (API reference, `DescribeScalingActivities`),
    /// and writes one for each launch and each attached instance; only its description names the instance.
    pub(crate) async fn launches(&self, group: &GroupName, back: SignedDuration) -> Result<Launches, Unavailable> {
        let mut records = Records::default();
        let mut next = None;
        for _ in 0..MOST_PAGES {
            let request = self.client.describe_scaling_activities().auto_scaling_group_name(group.as_str());
            let answer = request.max_records(ACTIVITIES_A_PAGE).set_next_token(next).send().await;
            let answer = answer.map_err(|error| unavailable("read the group's activities", &error))?;
            records.read(answer.activities())?;
            next = answer.next_token;
            if next.is_none() || records.reach(back) {
                break;
            }
        }
        records.launches(next.is_some())
    }

    /// A group that is gone is an error: `ValidationError`.
    pub(crate) async fn refresh(&self, group: &GroupName) -> Result<Option<String>, Unavailable> {
        let request = self.client.describe_instance_refreshes().auto_scaling_group_name(group.as_str());
        let answer = request.max_records(NEWEST_REFRESHES).send().await;
        let answer = answer.map_err(|error| unavailable("read the group's instance refreshes", &error))?;
        let running = answer.instance_refreshes().iter().find(|refresh| !has_ended(refresh));
        Ok(running.map(|refresh| refresh.instance_refresh_id().unwrap_or("without an id").to_owned()))
    }

    pub(crate) async fn terminate(&self, instance: &InstanceId) -> Outcome {
        let request = self
            .client
            .terminate_instance_in_auto_scaling_group()
            .instance_id(instance.as_str())
            .should_decrement_desired_capacity(false);
        match request.send().await {
            Ok(_) => Outcome::Done,
            Err(error) if is_gone(error.code(), error.message()) => Outcome::AlreadyDone,
            Err(error) => outcome(&error),
        }
    }

    pub(crate) async fn mark_unhealthy(&self, instance: &InstanceId) -> Outcome {
        let request = self
            .client
            .set_instance_health()
            .instance_id(instance.as_str())
            .health_status(UNHEALTHY)
            .should_respect_grace_period(true);
        match request.send().await {
            Ok(_) => Outcome::Unknown { why: ACCEPTED.to_owned() },
            Err(error) if is_gone(error.code(), error.message()) => Outcome::AlreadyDone,
            Err(error) => outcome(&error),
        }
    }
}

/// The group's activities, as they are read page by page, newest first.
#[derive(Debug, Default)]
struct Records {
    known: BTreeMap<InstanceId, Timestamp>,
    newest: Option<Timestamp>,
    oldest: Option<Timestamp>,
    changes: Vec<(Timestamp, Resized)>,
}

impl Records {
    fn read(&mut self, activities: &[Activity]) -> Result<(), Unavailable> {
        for activity in activities {
            if let Some(resized) = resized(activity) {
                self.changes.push((moment(activity.end_time().or(activity.start_time()))?, resized));
            }
            if let Some(instance) = started(activity) {
                let moment = moment(activity.end_time().or(activity.start_time()))?;
                // Newest first: a later launch of the same instance counts, a return from a warm pool say.
                self.known.entry(instance).or_insert(moment);
            }
        }
        if let Some(last) = activities.last() {
            self.oldest = Some(moment(last.start_time())?);
        }
        if self.newest.is_none() {
            self.newest = activities.first().map(|first| moment(first.start_time())).transpose()?;
        }
        Ok(())
    }

    /// Whether they go so far back. Counted from the newest of them, which is no later than now.
    fn reach(&self, back: SignedDuration) -> bool {
        self.newest.zip(self.oldest).is_some_and(|(newest, oldest)| newest.duration_since(oldest) >= back)
    }

    fn launches(self, has_older: bool) -> Result<Launches, Unavailable> {
        if has_older && self.oldest.is_none() {
            return Err(unreadable("nothing but empty pages of activities before others"));
        }
        let none_listed = self.newest.is_none();
        let others_before = self.oldest.filter(|_| has_older);
        Ok(Launches { known: self.known, others_before, none_listed, changes: self.changes })
    }
}

/// A status that is not known here, or missing, may be that of a running one.
fn has_ended(refresh: &InstanceRefresh) -> bool {
    use InstanceRefreshStatus::{Cancelled, Failed, RollbackFailed, RollbackSuccessful, Successful};
    matches!(refresh.status(), Some(Cancelled | Failed | RollbackFailed | RollbackSuccessful | Successful))
}

/// `ValidationError` stands for many things; only this one means that there is nothing left to terminate or to
/// mark. The API reference names no error for it: these are the words that Auto Scaling uses.
fn is_gone(code: Option<&str>, message: Option<&str>) -> bool {
    code == Some("ValidationError") && message.is_some_and(|message| message.contains("No managed instance found"))
}

/// The instance that the activity launched, attached or took out of Standby: from then on it has to prove itself.
fn started(activity: &Activity) -> Option<InstanceId> {
    let description = activity.description().unwrap_or_default();
    let begins = ["Launching", "Attaching", "Moving EC2 instance out of Standby"];
    let starts = begins.iter().any(|begin| description.starts_with(begin));
    let words = || description.split([' ', ',', '.']);
    starts.then(|| words().find_map(|word| word.parse().ok())).flatten()
}

/// What the activity did to the number of members. One whose status is not known here, or missing, may be under way.
fn resized(activity: &Activity) -> Option<Resized> {
    use ScalingActivityStatusCode::{Cancelled, Failed, Successful};
    let description = activity.description().unwrap_or_default();
    let more = ["Launching", "Attaching"].iter().any(|begin| description.starts_with(begin));
    let fewer = ["Terminating", "Detaching"].iter().any(|begin| description.starts_with(begin));
    match activity.status_code() {
        _ if !more && !fewer => None,
        Some(Successful) if more => Some(Resized::More),
        Some(Successful) => Some(Resized::Fewer),
        Some(Cancelled | Failed) if fewer => None,
        Some(Failed) if description.starts_with("Launching") => Some(Resized::FailedLaunch),
        _ => Some(Resized::Pending),
    }
}

fn moment(moment: Option<&DateTime>) -> Result<Timestamp, Unavailable> {
    let read = moment.and_then(|moment| Timestamp::from_second(moment.secs()).ok());
    read.ok_or_else(|| unreadable("an activity without a start time"))
}

fn group(found: &AutoScalingGroup) -> Result<Group, Unavailable> {
    let name = found.auto_scaling_group_name().unwrap_or_default();
    let missing = || unreadable(&format!("group {name:?} without a field that every group has"));
    let target_groups: Result<Vec<_>, _> = found.target_group_arns().iter().map(|arn| arn.parse()).collect();
    let suspended = found.suspended_processes().iter().filter_map(|process| process.process_name());
    let least_healthy = found.instance_maintenance_policy().and_then(|policy| policy.min_healthy_percentage());
    let unit = unit(found);
    let desired = found.desired_capacity().and_then(|desired| u32::try_from(desired).ok()).ok_or_else(missing)?;
    let tags = found.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
    Ok(Group {
        name: name.parse().map_err(|_| missing())?,
        desired: Units::new(desired),
        unit,
        members: found.instances().iter().map(|instance| member(instance, unit)).collect::<Result<_, _>>()?,
        target_groups: target_groups.map_err(|_| missing())?,
        // "Default: 0 seconds" (API reference, `AutoScalingGroup`).
        grace: SignedDuration::from_secs(i64::from(found.health_check_grace_period().unwrap_or(0))),
        suspended: suspended.map(str::to_owned).collect(),
        launches_first: least_healthy.is_some_and(|percent| percent >= 100),
        rebalances: found.capacity_rebalance().unwrap_or(false),
        launches_from: launches_from(found),
        status: found.status().map(str::to_owned),
        tags: tags.collect(),
    })
}

/// `DesiredCapacityType` goes with attributes of instance types alone (API reference, `AutoScalingGroup`); its default "units" is
/// instances, unless the group has weights.
fn unit(found: &AutoScalingGroup) -> Unit {
    let overrides = found.mixed_instances_policy().and_then(|policy| policy.launch_template());
    let overrides = overrides.map(|template| template.overrides()).unwrap_or_default();
    // Weights that were taken out of the policy stay with the instances that run.
    let has_weights = overrides.iter().any(|one| one.weighted_capacity().is_some())
        || found.instances().iter().any(|instance| instance.weighted_capacity().is_some());
    match found.desired_capacity_type() {
        Some("vcpu") => Unit::Vcpus,
        Some("memory-mib") => Unit::Mebibytes,
        None | Some("" | "units") if !has_weights => Unit::Instances,
        _ => Unit::Weights,
    }
}

fn member(found: &Instance, unit: Unit) -> Result<Member, Unavailable> {
    let id = found.instance_id().unwrap_or_default();
    let lifecycle = found.lifecycle_state().ok_or_else(|| unreadable("a member without a lifecycle state"))?;
    Ok(Member {
        id: id.parse().map_err(|_| unreadable(&format!("a member with the id {id:?}")))?,
        lifecycle: Lifecycle(lifecycle.as_str().to_owned()),
        healthy: found.health_status() == Some("Healthy"),
        protected: found
            .protected_from_scale_in()
            .ok_or_else(|| unreadable("a member without ProtectedFromScaleIn"))?,
        units: units(found, unit),
        launched_from: launched_from(found),
    })
}

/// `WeightedCapacity` is a text of 1 to 999 (API reference, `Instance`). Where it is missing, only a group that counts instances
/// tells what its member provides.
fn units(found: &Instance, unit: Unit) -> Option<Units> {
    match found.weighted_capacity() {
        Some(weight) => weight.parse().ok().filter(|weight| *weight > 0).map(Units::new),
        None => unit.is_instances().then_some(Units::ONE_INSTANCE),
    }
}

/// The base template of a mixed instances policy is launched for the overrides that name no template of their own.
fn launches_from(found: &AutoScalingGroup) -> BTreeSet<LaunchedFrom> {
    let mixed = found.mixed_instances_policy().and_then(|policy| policy.launch_template());
    let overrides = mixed.map(|mixed| mixed.overrides()).unwrap_or_default();
    let own = overrides.iter().map(|one| one.launch_template_specification());
    let is_base_used = overrides.is_empty() || own.clone().any(|own| own.is_none());
    let base = mixed.and_then(|mixed| mixed.launch_template_specification()).filter(|_| is_base_used);
    let templates = own.flatten().chain(base).chain(found.launch_template()).filter_map(|specification| {
        let template = specification.launch_template_id().or(specification.launch_template_name())?;
        // "If you don't specify a version, the default version is used" (API reference, `LaunchTemplateSpecification`).
        Some(format!("{template}:{}", specification.version().unwrap_or("$Default")))
    });
    templates.chain(found.launch_configuration_name().map(str::to_owned)).collect()
}

/// `lt-0123456789abcdef0:7`, or a launch configuration's name; a configuration never changes.
fn launched_from(found: &Instance) -> Option<String> {
    let template = found
        .launch_template()
        .and_then(|template| Some(format!("{}:{}", template.launch_template_id()?, template.version()?)));
    template.or_else(|| found.launch_configuration_name().map(str::to_owned))
}

fn unreadable(what: &str) -> Unavailable {
    Unavailable { doing: "understand Auto Scaling's answer".to_owned(), why: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_autoscaling::types::builders::{AutoScalingGroupBuilder, InstanceBuilder};
    use aws_sdk_autoscaling::types::{
        InstanceMaintenancePolicy, LaunchTemplate, LaunchTemplateOverrides, LaunchTemplateSpecification,
        MixedInstancesPolicy, SuspendedProcess, TagDescription,
    };

    #[test]
    fn only_launches_and_attachments_start_an_instance() {
        let said = |description: &str| started(&Activity::builder().description(description).build());
        let instance: InstanceId = "i-0123456789abcdef0".parse().unwrap();
        assert_eq!(said("Launching a new EC2 instance: i-0123456789abcdef0").as_ref(), Some(&instance));
        assert_eq!(said("Attaching an existing EC2 instance: i-0123456789abcdef0").as_ref(), Some(&instance));
        assert_eq!(said("Moving EC2 instance out of Standby: i-0123456789abcdef0").as_ref(), Some(&instance));
        assert_eq!(said("Moving EC2 instance to Standby: i-0123456789abcdef0"), None);
        assert_eq!(said("Terminating EC2 instance: i-0123456789abcdef0"), None);
        assert_eq!(said("Launching a new EC2 instance"), None);
        assert_eq!(said("Launching a new EC2 instance.  Status Reason: i-nonsense"), None);
    }

    #[test]
    fn records_are_read_as_far_back_as_a_grace_period_reaches() {
        let launch = |number: u32, second: i64| {
            let description = format!("Launching a new EC2 instance: i-{number:017x}");
            Activity::builder().description(description).start_time(DateTime::from_secs(second)).build()
        };
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut records = Records::default();
        assert!(!records.reach(SignedDuration::ZERO), "nothing was read");
        records.read(&[launch(1, 1_000), launch(2, 800)]).unwrap();
        assert!(records.reach(SignedDuration::from_secs(200)) && !records.reach(SignedDuration::from_secs(201)));
        records.read(&[launch(1, 700), launch(3, 600)]).unwrap();
        records.read(&[]).unwrap();
        assert!(records.reach(SignedDuration::from_secs(400)));
        let read = records.launches(true).unwrap();
        let by = |number: u32| read.by(&format!("i-{number:017x}").parse().unwrap());
        assert_eq!([1, 2, 3, 4].map(by), [1_000, 800, 600, 600].map(|second| Some(at(second))));

        let whole = |pages: &[&[Activity]], has_older| {
            let mut records = Records::default();
            pages.iter().for_each(|page| records.read(page).unwrap());
            records.launches(has_older)
        };
        assert_eq!(whole(&[&[launch(1, 9)]], false).unwrap().others_before, None, "all that there is");
        assert!(whole(&[&[]], false).unwrap().none_listed && whole(&[&[], &[]], true).is_err());
    }

    #[test]
    fn what_resizes_a_group_is_read_from_its_activities() {
        let read = |description: &str, status: Option<&str>| {
            let activity = Activity::builder().description(description);
            resized(&activity.set_status_code(status.map(Into::into)).build())
        };
        let (launch, end) = ("Launching a new EC2 instance: i-1a2b3c4d", "Terminating EC2 instance: i-1a2b3c4d");
        assert_eq!(read(launch, Some("Successful")), Some(Resized::More));
        assert_eq!(read(end, Some("Successful")), Some(Resized::Fewer));
        assert_eq!(read("Detaching EC2 instance: i-1a2b3c4d", Some("Successful")), Some(Resized::Fewer));
        for status in [Some("InProgress"), Some("WaitingForELBConnectionDraining"), Some("NeverSeenBefore"), None] {
            assert_eq!((read(launch, status), read(end, status)), (Some(Resized::Pending), Some(Resized::Pending)));
        }
        for (status, launched) in [("Failed", Resized::FailedLaunch), ("Cancelled", Resized::Pending)] {
            assert_eq!((read(launch, Some(status)), read(end, Some(status))), (Some(launched), None));
        }
        assert_eq!(read("Attaching an existing EC2 instance: i-1a2b3c4d", Some("Failed")), Some(Resized::Pending));
        assert_eq!(read("Moving EC2 instance to Standby: i-1a2b3c4d", Some("Successful")), None);
    }

    #[test]
    fn no_other_validation_error_passes_for_done() {
        assert!(is_gone(
            Some("ValidationError"),
            Some("Instance Id not found - No managed instance found for instance ID: i-1")
        ));
        assert!(!is_gone(Some("ValidationError"), Some("Currently, desiredSize equals minSize (2)")));
        assert!(!is_gone(Some("AccessDenied"), Some("No managed instance found")));
        assert!(!is_gone(None, None));
    }

    #[test]
    fn a_refresh_runs_until_its_status_says_that_it_ended() {
        let in_status = |status: &str| InstanceRefresh::builder().status(status.into()).build();
        for status in ["Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking", "NeverSeenBefore"] {
            assert!(!has_ended(&in_status(status)), "{status}");
        }
        for status in ["Successful", "Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful"] {
            assert!(has_ended(&in_status(status)), "{status}");
        }
        assert!(!has_ended(&InstanceRefresh::builder().build()));
    }

    fn web() -> AutoScalingGroupBuilder {
        AutoScalingGroup::builder().auto_scaling_group_name("web").desired_capacity(4)
    }

    #[test]
    fn what_bears_on_a_replacement_is_read_from_the_group() {
        let plain = group(&web().build()).unwrap();
        assert!(plain.suspended.is_empty() && plain.tags.is_empty() && plain.status.is_none() && !plain.launches_first);
        let policy = |percent| InstanceMaintenancePolicy::builder().min_healthy_percentage(percent).build();
        let told = web()
            .suspended_processes(SuspendedProcess::builder().process_name("Launch").build())
            .instance_maintenance_policy(policy(100))
            .status("Delete in progress")
            .tags(TagDescription::builder().key("homeostat:managed").value("true").build());
        let told = group(&told.build()).unwrap();
        assert_eq!((told.suspended, told.launches_first), (vec!["Launch".to_owned()], true));
        assert_eq!(told.status.as_deref(), Some("Delete in progress"));
        assert_eq!(told.tags.get("homeostat:managed").map(String::as_str), Some("true"));
        // -1 stands for a policy that was taken away.
        for percent in [-1, 90] {
            assert!(!group(&web().instance_maintenance_policy(policy(percent)).build()).unwrap().launches_first);
        }
    }

    #[test]
    fn capacity_is_read_in_the_groups_own_unit() {
        let one = |weight: Option<&str>| {
            let instance = Instance::builder().instance_id("i-0123456789abcdef0").lifecycle_state("InService".into());
            instance.protected_from_scale_in(false).set_weighted_capacity(weight.map(str::to_owned)).build()
        };
        let read = |builder: AutoScalingGroupBuilder| {
            let group = group(&builder.build()).unwrap();
            (group.unit, group.members[0].units)
        };
        let typed = |kind: &str| web().desired_capacity_type(kind);
        assert_eq!(read(web().instances(one(None))), (Unit::Instances, Some(Units::ONE_INSTANCE)));
        assert_eq!(read(typed("units").instances(one(None))), (Unit::Instances, Some(Units::ONE_INSTANCE)));
        assert_eq!(read(web().instances(one(Some("2")))), (Unit::Weights, Some(Units::new(2))));
        assert_eq!(read(typed("vcpu").instances(one(Some("8")))), (Unit::Vcpus, Some(Units::new(8))));
        for (unknown, unit) in [("vcpu", Unit::Vcpus), ("memory-mib", Unit::Mebibytes), ("new", Unit::Weights)] {
            assert_eq!(read(typed(unknown).instances(one(None))), (unit, None), "{unknown}");
        }
        for weight in ["0", "-1", "two", ""] {
            assert_eq!(read(web().instances(one(Some(weight)))), (Unit::Weights, None), "{weight:?}");
        }
        let mixed = web().instances(one(Some("2"))).instances(one(None)).build();
        assert_eq!(group(&mixed).unwrap().members[1].units, None, "not known, and not one instance");
    }

    #[test]
    fn all_that_a_group_launches_from_is_read_from_its_description() {
        let template = |id: &str, version: Option<&str>| {
            let template = LaunchTemplateSpecification::builder().launch_template_id(id);
            template.set_version(version.map(str::to_owned)).build()
        };
        let read = |builder: AutoScalingGroupBuilder| Vec::from_iter(group(&builder.build()).unwrap().launches_from);
        assert_eq!(read(web()), Vec::<String>::new());
        assert_eq!(read(web().launch_configuration_name("web-7")), ["web-7"]);
        assert_eq!(read(web().launch_template(template("lt-1", Some("7")))), ["lt-1:7"]);
        assert_eq!(read(web().launch_template(template("lt-1", None))), ["lt-1:$Default"]);
        let mixed = |own: [Option<LaunchTemplateSpecification>; 2]| {
            let one = |own| LaunchTemplateOverrides::builder().set_launch_template_specification(own).build();
            let base = LaunchTemplate::builder().launch_template_specification(template("lt-1", Some("7")));
            let base = base.set_overrides(Some(own.map(one).into()));
            web().mixed_instances_policy(MixedInstancesPolicy::builder().launch_template(base.build()).build())
        };
        assert_eq!(read(mixed([None, None])), ["lt-1:7"]);
        assert_eq!(read(mixed([None, Some(template("lt-2", Some("$Latest")))])), ["lt-1:7", "lt-2:$Latest"]);
        let both = [Some(template("lt-2", Some("3"))), Some(template("lt-3", Some("4")))];
        assert_eq!(read(mixed(both)), ["lt-2:3", "lt-3:4"], "the base is launched by none of them");
    }

    #[test]
    fn a_member_tells_what_it_was_launched_from() {
        let bare = || Instance::builder().instance_id("i-0123456789abcdef0").lifecycle_state("InService".into());
        let instance = || bare().protected_from_scale_in(false);
        let template = LaunchTemplateSpecification::builder().launch_template_id("lt-1").version("7").build();
        let launched = |instance: InstanceBuilder| member(&instance.build(), Unit::Instances).unwrap().launched_from;
        assert_eq!(launched(instance().launch_template(template)).as_deref(), Some("lt-1:7"));
        assert_eq!(launched(instance().launch_configuration_name("web-7")).as_deref(), Some("web-7"));
        assert_eq!(launched(instance()), None);
        assert!(member(&instance().protected_from_scale_in(true).build(), Unit::Instances).unwrap().protected);
        assert!(member(&bare().build(), Unit::Instances).is_err(), "every member has the field");
    }
}
