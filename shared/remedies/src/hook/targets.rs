//! Which of a target group's targets are one instance: by its id, or by one of its addresses.
//!
//! This module never takes a target group that can't speak of an instance for one in which it isn't registered.

use std::net::IpAddr;

use homeostat_core::aws::lifecycle::Transition;
use homeostat_core::id::{InstanceId, TargetGroupArn};
use serde::{Deserialize, Serialize};

use super::observation::{Reading, Registration};

/// `TargetDescription`, by which Elastic Load Balancing names a target (API reference). `Id` is an instance's id, an address, or the ARN
/// of a load balancer or a function, as the target group's type has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetId {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
}

impl TargetId {
    fn instance(&self) -> Option<InstanceId> {
        self.id.parse().ok()
    }

    pub(super) fn address(&self) -> Option<IpAddr> {
        self.id.parse().ok()
    }
}

/// The targets that are this instance. `None`: there is no such target group.
pub(super) fn of_instance(
    arn: &TargetGroupArn,
    found: Option<Vec<Registration>>,
    instance: &InstanceId,
    addresses: &[String],
    transition: Transition,
) -> Reading<Vec<Registration>> {
    let name = arn.short_name();
    let all = match (found, transition) {
        (Some(all), _) => all,
        // Nothing comes to anybody through it.
        (None, Transition::Terminating) => return Ok(Vec::new()),
        (None, Transition::Launching) => return Err(format!("{name}: there is no such target group")),
    };
    let by_address = all.iter().any(|one| one.target.address().is_some());
    if !all.is_empty() && !by_address && all.iter().all(|one| one.target.instance().is_none()) {
        return Err(format!("{name}: its targets are load balancers or functions, which say nothing of an instance"));
    }
    let own: Vec<IpAddr> = addresses.iter().filter_map(|address| address.parse().ok()).collect();
    if by_address && own.is_empty() {
        return Err(format!("{name}: its targets are addresses, and EC2 doesn't tell the instance's"));
    }
    let is_own = |target: &TargetId| {
        target.instance().as_ref() == Some(instance) || target.address().is_some_and(|address| own.contains(&address))
    };
    Ok(all.into_iter().filter(|one| is_own(&one.target)).collect())
}

/// An empty target group says that an instance isn't registered, if one could be.
pub(super) fn could_hold(arn: &TargetGroupArn, target_type: &str) -> Reading<()> {
    if ["instance", "ip"].contains(&target_type) {
        return Ok(());
    }
    let name = arn.short_name();
    Err(format!("{name}: it has no targets, and its type is {target_type}, which says nothing of an instance"))
}

/// Whether both name the same host. IPv6 has several forms of one address.
pub(super) fn is_same_host(one: &str, other: &str) -> bool {
    match (one.parse::<IpAddr>(), other.parse::<IpAddr>()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::aws::fleet::TargetHealth;

    const OWN: [&str; 3] = ["10.0.0.7", "10.0.0.8", "2001:db8::7"];

    fn arn() -> TargetGroupArn {
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/jobs/0123456789abcdef".parse().unwrap()
    }

    fn found(ids: &[&str], addresses: &[&str]) -> Reading<Vec<String>> {
        let one = |id: &&str| Registration {
            target: TargetId { id: (*id).to_owned(), port: Some(80) },
            health: TargetHealth::Healthy,
        };
        let all = ids.iter().map(one).collect();
        let addresses: Vec<String> = addresses.iter().map(|address| (*address).to_owned()).collect();
        let instance = "i-0123456789abcdef0".parse().unwrap();
        let of_it = of_instance(&arn(), Some(all), &instance, &addresses, Transition::Launching)?;
        Ok(of_it.into_iter().map(|one| one.target.id).collect())
    }

    #[test]
    fn an_instance_is_found_by_its_id_and_by_each_of_its_addresses() {
        assert_eq!(found(&["i-0123456789abcdef0", "i-1a2b3c4d"], &OWN).unwrap(), ["i-0123456789abcdef0"]);
        assert_eq!(found(&["10.0.0.8", "10.0.0.9"], &OWN).unwrap(), ["10.0.0.8"]);
        assert_eq!(found(&["2001:0db8:0:0:0:0:0:7", "2001:db8::8"], &OWN).unwrap(), ["2001:0db8:0:0:0:0:0:7"]);
        assert_eq!(found(&["10.0.0.9"], &OWN).unwrap(), Vec::<String>::new(), "others are registered, and it is not");
        assert_eq!(found(&[], &OWN).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_cannot_speak_of_the_instance_is_unknown_and_never_an_answer() {
        let balancer = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/0123456789abcdef";
        let function = "arn:aws:lambda:eu-west-1:123456789012:function:web";
        for other in [balancer, function] {
            assert!(found(&[other], &OWN).unwrap_err().contains("say nothing of an instance"), "{other}");
        }
        for addresses in [&[][..], &["ip-10-0-0-7.eu-west-1.compute.internal"]] {
            let why = found(&["10.0.0.7"], addresses).unwrap_err();
            assert!(why.contains("EC2 doesn't tell"), "{why}");
        }
    }

    #[test]
    fn an_empty_target_group_is_an_answer_only_where_instances_could_be_registered() {
        for holds in ["instance", "ip"] {
            assert_eq!(could_hold(&arn(), holds), Ok(()), "{holds}");
        }
        for other in ["alb", "lambda", "something-new"] {
            let why = could_hold(&arn(), other).unwrap_err();
            assert!(why.contains(other) && why.contains("says nothing of an instance"), "{why}");
        }
    }

    #[test]
    fn a_target_group_that_is_gone_is_no_evidence_about_a_launch_and_takes_nothing_from_who_leaves() {
        let instance = "i-0123456789abcdef0".parse().unwrap();
        let gone = |transition| of_instance(&arn(), None, &instance, &[], transition);
        assert!(gone(Transition::Launching).unwrap_err().contains("no such target group"));
        assert_eq!(gone(Transition::Terminating), Ok(Vec::new()));
    }
}
