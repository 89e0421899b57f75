//! What EC2 knows of one instance beside its health: tags, addresses, and the end of a Spot Instance.
//!
//! This module never asks for more than one instance, and never writes a tag.

use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::types::{Instance, SpotInstanceRequest};
use homeostat_aws::unavailable;
use homeostat_core::id::InstanceId;
use homeostat_core::ports::Unavailable;
use homeostat_remedies::hook::Machines;
use homeostat_remedies::hook::observation::Details;
use jiff::Timestamp;

use super::Ec2;

const DOING: &str = "read the instance";

/// Of a Spot request whose instance EC2 takes back. Where it needs the capacity and will terminate the instance, it says "terminated"
/// at once, two minutes before it does; an experiment of Fault Injection Service has codes of its own (EC2 User Guide, "State changes
/// for a Spot request").
const TAKEN_BACK: [&str; 6] = [
    "marked-for-termination",
    "marked-for-stop",
    "marked-for-stop-by-experiment",
    "instance-terminated-no-capacity",
    "instance-terminated-by-price",
    "instance-terminated-by-experiment",
];

impl Machines for Ec2 {
    async fn details(&self, instance: &InstanceId) -> Result<Option<Details>, Unavailable> {
        let answer = match self.client.describe_instances().instance_ids(instance.as_str()).send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("InvalidInstanceID.NotFound") => return Ok(None),
            Err(error) => return Err(unavailable(DOING, &error)),
        };
        let instances = answer.reservations().iter().flat_map(|reservation| reservation.instances());
        let same = instances.into_iter().find(|one| one.instance_id() == Some(instance.as_str()));
        same.map(details).transpose()
    }

    async fn interrupted_at(&self, spot_request: &str) -> Result<Option<Timestamp>, Unavailable> {
        let request = self.client.describe_spot_instance_requests().spot_instance_request_ids(spot_request);
        let answer = request.send().await.map_err(|error| unavailable("read the Spot request", &error))?;
        Ok(answer.spot_instance_requests().iter().find_map(taken_back_at))
    }
}

pub(crate) fn taken_back_at(request: &SpotInstanceRequest) -> Option<Timestamp> {
    let status = request.status().filter(|status| status.code().is_some_and(|code| TAKEN_BACK.contains(&code)))?;
    Timestamp::from_second(status.update_time()?.secs()).ok()
}

fn details(told: &Instance) -> Result<Details, Unavailable> {
    let state = told.state().and_then(|state| state.name());
    let unreadable = || Unavailable {
        doing: "understand EC2's answer".to_owned(),
        why: format!("instance {:?} without a state", told.instance_id()),
    };
    let tags = told.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
    let names = [
        told.private_ip_address(),
        told.public_ip_address(),
        told.ipv6_address(),
        told.private_dns_name(),
        told.public_dns_name(),
    ];
    // A target group may hold any address of any network interface.
    let interfaces = told.network_interfaces();
    let private =
        interfaces.iter().flat_map(|one| one.private_ip_addresses()).filter_map(|one| one.private_ip_address());
    let v6 = interfaces.iter().flat_map(|one| one.ipv6_addresses()).filter_map(|one| one.ipv6_address());
    let names = names.into_iter().flatten().chain(private).chain(v6).filter(|name| !name.is_empty());
    let mut addresses: Vec<String> = Vec::new();
    for name in names {
        if !addresses.iter().any(|known| known == name) {
            addresses.push(name.to_owned());
        }
    }
    Ok(Details {
        state: state.ok_or_else(unreadable)?.as_str().to_owned(),
        started_at: told.launch_time().and_then(|at| Timestamp::from_second(at.secs()).ok()),
        tags: tags.collect(),
        addresses,
        spot_request: told.spot_instance_request_id().map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::primitives::DateTime;
    use aws_sdk_ec2::types::{
        InstanceIpv6Address, InstanceNetworkInterface, InstancePrivateIpAddress, InstanceState, SpotInstanceStatus, Tag,
    };

    #[test]
    fn what_bears_on_a_held_instance_is_read() {
        let running = InstanceState::builder().name("running".into()).build();
        let told = Instance::builder()
            .instance_id("i-0123456789abcdef0")
            .private_ip_address("10.0.0.7")
            .public_dns_name("")
            .tags(Tag::builder().key("app:ready").value("yes").build());
        assert!(details(&told.clone().build()).is_err(), "every instance has a state");
        let read = details(&told.state(running).build()).unwrap();
        assert_eq!((read.state.as_str(), read.addresses), ("running", vec!["10.0.0.7".to_owned()]));
        assert_eq!(read.tags.get("app:ready").map(String::as_str), Some("yes"));
        assert_eq!((read.spot_request, read.started_at), (None, None));
    }

    #[test]
    fn each_address_of_each_network_interface_is_read_once() {
        let running = InstanceState::builder().name("running".into()).build();
        let private = |address: &str| InstancePrivateIpAddress::builder().private_ip_address(address).build();
        let v6 = InstanceIpv6Address::builder().ipv6_address("2001:db8::7").build();
        let first = InstanceNetworkInterface::builder().private_ip_addresses(private("10.0.0.7"));
        let first = first.private_ip_addresses(private("10.0.0.8")).ipv6_addresses(v6).build();
        let second = InstanceNetworkInterface::builder().private_ip_addresses(private("10.0.1.7")).build();
        let told = Instance::builder().state(running).private_ip_address("10.0.0.7");
        let read = details(&told.network_interfaces(first).network_interfaces(second).build()).unwrap();
        assert_eq!(read.addresses, ["10.0.0.7", "10.0.0.8", "10.0.1.7", "2001:db8::7"]);
    }

    #[test]
    fn only_a_request_whose_instance_is_taken_back_is_an_interruption() {
        let in_status = |code: &str| {
            let status =
                SpotInstanceStatus::builder().code(code).update_time(DateTime::from_secs(1_800_000_000)).build();
            taken_back_at(&SpotInstanceRequest::builder().status(status).build()).map(Timestamp::as_second)
        };
        for code in ["marked-for-termination", "instance-terminated-no-capacity", "instance-terminated-by-experiment"] {
            assert_eq!(in_status(code), Some(1_800_000_000), "{code}");
        }
        for code in ["fulfilled", "request-canceled-and-instance-running", "instance-terminated-by-user", ""] {
            assert_eq!(in_status(code), None, "{code}");
        }
    }
}
