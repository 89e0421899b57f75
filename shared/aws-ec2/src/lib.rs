//! EC2: its status checks of instances, and what else it knows of one. A crate of its own, since EC2's client weighs more than all the others together, and
//! only who replaces instances needs it.
//!
//! This crate never asks for all instances, and never changes one. The SDK's types stop here.

mod checks;
mod details;
mod events;

use std::collections::BTreeMap;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::describe_instance_status::DescribeInstanceStatusError;
use aws_sdk_ec2::types::{Filter, Instance, InstanceStatus};
use futures_util::future::{try_join, try_join_all};
use homeostat_aws::unavailable;
use homeostat_core::aws::fleet::Machine;
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::id::InstanceId;
use homeostat_core::ports::Unavailable;
use jiff::Timestamp;

/// `DescribeInstanceStatus` takes 100 ids (API reference, `InstanceIds`), and with ids it answers in one page.
const MOST_IDS: usize = 100;

const DOING: &str = "read EC2's status checks";

#[derive(Debug, Clone)]
pub struct Ec2 {
    client: Client,
}

impl Ec2 {
    pub fn new(config: &aws_config::SdkConfig) -> Self {
        Ec2 { client: Client::new(config) }
    }

    /// An id that EC2 doesn't know (a machine that was just launched, or is long gone) fails the whole call, and the error
    /// names it: so the others are asked for once more. There is no filter by id that would leave it out instead (API
    /// reference, `DescribeInstanceStatus`).
    async fn statuses(&self, ids: &[InstanceId]) -> Result<Vec<InstanceStatus>, Unavailable> {
        let again = match self.ask(ids).await {
            Err(error) => known(ids, error.code(), error.message()).ok_or_else(|| unavailable(DOING, &error))?,
            Ok(statuses) => return Ok(statuses),
        };
        self.ask(&again).await.map_err(|error| unavailable(DOING, &error))
    }

    async fn ask(&self, ids: &[InstanceId]) -> Result<Vec<InstanceStatus>, SdkError<DescribeInstanceStatusError>> {
        // To EC2 an empty list of ids means every instance there is.
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids = ids.iter().map(ToString::to_string).collect();
        let request = self.client.describe_instance_status().set_instance_ids(Some(ids)).include_all_instances(true);
        Ok(request.send().await?.instance_statuses.unwrap_or_default())
    }

    /// When each was last started: `LaunchTime` moves with each start after a stop. By a filter, which leaves out whom EC2 doesn't know, and
    /// with so few one page is all (API reference, `DescribeInstances`).
    async fn starts(&self, ids: &[InstanceId]) -> Result<Vec<(String, Timestamp)>, Unavailable> {
        let ids = ids.iter().map(|id| id.as_str().to_owned()).collect();
        let these = Filter::builder().name("instance-id").set_values(Some(ids)).build();
        let answer = self.client.describe_instances().filters(these).send().await;
        let answer = answer.map_err(|error| unavailable("read when EC2 started the instances", &error))?;
        let instances = answer.reservations().iter().flat_map(|reservation| reservation.instances());
        let started = |one: &Instance| {
            let at = Timestamp::from_second(one.launch_time()?.secs()).ok()?;
            Some((one.instance_id()?.to_owned(), at))
        };
        Ok(instances.filter_map(started).collect())
    }
}

impl StatusChecks for Ec2 {
    async fn machines(&self, instances: &[InstanceId]) -> Result<BTreeMap<InstanceId, Machine>, Unavailable> {
        let statuses = try_join_all(instances.chunks(MOST_IDS).map(|ids| self.statuses(ids)));
        let starts = try_join_all(instances.chunks(MOST_IDS).map(|ids| self.starts(ids)));
        let (statuses, starts) = try_join(statuses, starts).await?;
        let starts: BTreeMap<String, Timestamp> = starts.into_iter().flatten().collect();
        let started = |(id, machine): (InstanceId, Machine)| {
            let started_at = starts.get(id.as_str()).copied();
            (id, Machine { started_at, ..machine })
        };
        statuses.iter().flatten().map(|told| machine(told).map(started)).collect()
    }

    async fn interruption(&self, instance: &InstanceId) -> Result<Option<Timestamp>, Unavailable> {
        let of_it = Filter::builder().name("instance-id").values(instance.as_str()).build();
        let answer = self.client.describe_spot_instance_requests().filters(of_it).send().await;
        let answer = answer.map_err(|error| unavailable("read the Spot request", &error))?;
        Ok(answer.spot_instance_requests().iter().find_map(details::taken_back_at))
    }
}

/// The ids without those that the error names; `None` if it is about something else. Its words are `The instance ID 'i-…'
/// does not exist`, or `The instance IDs 'i-…, i-…' do not exist`.
fn known(ids: &[InstanceId], code: Option<&str>, message: Option<&str>) -> Option<Vec<InstanceId>> {
    let message = message.filter(|_| code == Some("InvalidInstanceID.NotFound"))?;
    let unknown: Vec<InstanceId> = message.split([' ', ',', '\'']).filter_map(|word| word.parse().ok()).collect();
    let known: Vec<InstanceId> = ids.iter().filter(|id| !unknown.contains(id)).cloned().collect();
    (known.len() < ids.len()).then_some(known)
}

fn machine(told: &InstanceStatus) -> Result<(InstanceId, Machine), Unavailable> {
    let id = told.instance_id().unwrap_or_default();
    let unreadable = |what: &str| Unavailable { doing: "understand EC2's answer".to_owned(), why: what.to_owned() };
    let state = told.instance_state().and_then(|state| state.name());
    let state = state.ok_or_else(|| unreadable(&format!("instance {id:?} without a state")))?;
    let id = id.parse().map_err(|_| unreadable(&format!("an instance with the id {id:?}")))?;
    let (checks, ends_at) = (checks::checks(told), events::ends_at(told));
    Ok((id, Machine { state: state.as_str().to_owned(), checks, started_at: None, ends_at }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::config::{BehaviorVersion, Config};
    use aws_sdk_ec2::types::InstanceState;
    use futures_util::FutureExt;

    #[test]
    fn only_ids_that_ec2_names_as_unknown_are_left_out() {
        let ids: Vec<InstanceId> = (0..3).map(|number| format!("i-{number:017x}").parse().unwrap()).collect();
        let left = |code: &str, message: &str| known(&ids, Some(code), Some(message)).map(|known| known.len());
        let one = format!("The instance ID '{}' does not exist", ids[0]);
        assert_eq!(left("InvalidInstanceID.NotFound", &one), Some(2));
        let all = format!("The instance IDs '{}, {}, {}' do not exist", ids[0], ids[1], ids[2]);
        assert_eq!(left("InvalidInstanceID.NotFound", &all), Some(0));
        assert_eq!(left("UnauthorizedOperation", &one), None);
        assert_eq!(left("InvalidInstanceID.NotFound", "The instance ID 'i-1a2b3c4d' does not exist"), None);
        assert_eq!(left("InvalidInstanceID.NotFound", "The instance does not exist"), None);
    }

    #[test]
    fn nobody_asked_for_is_nobody_found_and_no_call() {
        let offline = Config::builder().behavior_version(BehaviorVersion::v2026_01_12()).build();
        let ec2 = Ec2 { client: Client::from_conf(offline) };
        let found = ec2.machines(&[]).now_or_never().expect("a call would not be over at once");
        assert!(found.unwrap().is_empty());
    }

    #[test]
    fn a_machine_without_a_state_is_no_machine() {
        let told = || InstanceStatus::builder().instance_id("i-0123456789abcdef0");
        assert!(machine(&told().build()).is_err());
        let (_, stopped) =
            machine(&told().instance_state(InstanceState::builder().name("stopped".into()).build()).build()).unwrap();
        assert_eq!((stopped.state.as_str(), stopped.is_running()), ("stopped", false));
    }
}
