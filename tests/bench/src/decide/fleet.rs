//! The simulated fleets about which is decided, each with one thing that is broken or waits.
//!
//! It never breaks what tells of trouble, only applications and endpoints.

use homeostat_core::id::GroupName;
use homeostat_remedies::policy;
use homeostat_remedies::policy::Policy;
use jiff::{SignedDuration, Timestamp};
use world::{
    ActionResult, App, Cloud, Demo, EndpointState, LifecycleHook, LifecycleTransition, Site, WeightedRecord, World,
};

use crate::Failure;

const GROUP: &str = "web";

pub(crate) struct Fleet {
    pub(crate) cloud: Cloud,
    pub(crate) policy: Policy,
}

impl Fleet {
    pub(crate) fn with_a_dead_application() -> Result<Self, Failure> {
        let (mut world, _) = Demo::new()?.build(noon()?)?;
        let first = world.members(&group()?).next().map(|member| member.id.clone()).ok_or("an empty group")?;
        world.break_app(&first, App::Dead)?;
        let section = "[[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\", \"target-health\"]\n";
        Ok(Fleet { cloud: Cloud::over(world), policy: parse(section)? })
    }

    pub(crate) fn with_a_dead_endpoint() -> Result<Self, Failure> {
        let weights = [("blue", 70), ("green", 30)].map(|(name, weight)| (name.to_owned(), weight));
        let key = "www.example.com A".to_owned().try_into()?;
        let record = WeightedRecord { zone: "Z0123456789ABCDEFGHIJ".parse()?, key, weights: weights.into() };
        let mut world = Site::new(vec![record.clone()])?.build(noon()?)?;
        world.break_endpoint("blue", EndpointState::Dead)?;
        let policy = parse(&section(&world, &record))?;
        Ok(Fleet { cloud: Cloud::over(world), policy })
    }

    pub(crate) fn with_a_held_instance() -> Result<Self, Failure> {
        let (mut world, _) = Demo::new()?.build(noon()?)?;
        let hook = LifecycleHook {
            name: "ready".to_owned(),
            transition: LifecycleTransition::Launching,
            heartbeat_timeout: SignedDuration::from_mins(30),
            default_result: ActionResult::Continue,
            notification_metadata: None,
        };
        world.update_group(&group()?, |settings| {
            settings.hooks = vec![hook];
            settings.max += 1;
        })?;
        let desired = world.members(&group()?).count() + 1;
        world.set_desired_capacity(&group()?, desired.try_into()?)?;
        let section =
            "[[lifecycle-hook.launch]]\ngroup = \"web\"\nhook = \"ready\"\nevidence = [\"instance-status\"]\n";
        Ok(Fleet { cloud: Cloud::over(world), policy: parse(section)? })
    }
}

fn section(world: &World, record: &WeightedRecord) -> String {
    let (zone, name, kind) = (&record.zone, record.key.name.as_str(), record.key.kind.as_str());
    let endpoint = |endpoint: &str| {
        let alarm = world.alarm(&Site::served_alarm(endpoint)).map(|alarm| alarm.arn.to_string()).unwrap_or_default();
        let check = world.endpoint(endpoint).and_then(|endpoint| endpoint.health_check.as_ref());
        let check = check.map(|check| check.id.clone()).unwrap_or_default();
        format!(
            "[[shift-dns.record.endpoint]]\nid = \"{endpoint}\"\nalarms = [\"{alarm}\"]\nhealth-check = \"{check}\"\n"
        )
    };
    let endpoints: String = record.weights.iter().map(|(name, _)| endpoint(name)).collect();
    format!(
        "[shift-dns]\n[[shift-dns.record]]\nhosted-zone = \"{zone}\"\nname = \"{name}\"\ntype = \"{kind}\"\n\
         evidence = [\"alarm\", \"health-check\"]\nproof = [\"health-check\"]\n{endpoints}"
    )
}

fn parse(sections: &str) -> Result<Policy, Failure> {
    let mistakes = |mistakes: Vec<_>| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    policy::parse(&format!("schema = 1\n{sections}")).map_err(|found| mistakes(found).into())
}

fn group() -> Result<GroupName, Failure> {
    Ok(GROUP.parse()?)
}

fn noon() -> Result<Timestamp, Failure> {
    Ok("2026-03-01T12:00:00Z".parse().map_err(|error: jiff::Error| error.to_string())?)
}
