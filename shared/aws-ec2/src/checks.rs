//! The status checks of one instance, taken together.
//!
//! This module never takes a check that was not told for one that passed.

use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::{
    EbsStatusSummary, InstanceStatus, InstanceStatusSummary, StatusName, StatusType, SummaryStatus,
};
use homeostat_core::aws::fleet::Checks;
use jiff::Timestamp;

/// One of EC2's checks.
struct Check {
    name: &'static str,
    /// `None` = not told.
    status: Option<SummaryStatus>,
    failed: Vec<Failed>,
}

/// One thing that failed in a check, in EC2's words.
struct Failed {
    what: String,
    since: Option<Timestamp>,
}

pub(crate) fn checks(told: &InstanceStatus) -> Checks {
    let checks = all(told);
    let impaired: Vec<&Check> = checks.iter().filter(|check| check.is(&SummaryStatus::Impaired)).collect();
    if !impaired.is_empty() {
        let since = impaired.iter().flat_map(|check| &check.failed).filter_map(|failed| failed.since).min();
        return Checks::Impaired { checks: in_words(&impaired), since };
    }
    let unsaid: Vec<&Check> = checks.iter().filter(|check| !check.is(&SummaryStatus::Ok)).collect();
    if unsaid.is_empty() { Checks::Passed } else { Checks::Unknown { status: in_words(&unsaid) } }
}

/// Of volumes EC2 says nothing, or `not-applicable`, where it has no check for them (EC2 User Guide, "Attached EBS status
/// checks": Nitro instances only); the other two are then all there are.
fn all(told: &InstanceStatus) -> Vec<Check> {
    let volumes = told.attached_ebs_status().map(volumes);
    let volumes = volumes.filter(|check| !check.is(&SummaryStatus::NotApplicable));
    let mut checks =
        vec![machine("system status", told.system_status()), machine("instance status", told.instance_status())];
    checks.extend(volumes);
    checks
}

fn machine(name: &'static str, told: Option<&InstanceStatusSummary>) -> Check {
    let details = told.into_iter().flat_map(|told| told.details());
    let failed = details.filter_map(|detail| failed(detail.name(), detail.status(), detail.impaired_since()));
    Check { name, status: told.and_then(|told| told.status()).cloned(), failed: failed.collect() }
}

fn volumes(told: &EbsStatusSummary) -> Check {
    let details = told.details().iter();
    let failed = details.filter_map(|detail| failed(detail.name(), detail.status(), detail.impaired_since()));
    Check { name: "attached EBS status", status: told.status().cloned(), failed: failed.collect() }
}

fn failed(name: Option<&StatusName>, status: Option<&StatusType>, since: Option<&DateTime>) -> Option<Failed> {
    let status = status.filter(|status| **status == StatusType::Failed)?;
    let what = format!("{} {status}", name.map_or("check", StatusName::as_str));
    Some(Failed { what, since: since.and_then(|since| Timestamp::from_second(since.secs()).ok()) })
}

impl Check {
    fn is(&self, status: &SummaryStatus) -> bool {
        self.status.as_ref() == Some(status)
    }

    /// `system status: reachability failed`
    fn in_words(&self) -> String {
        let whats: Vec<&str> = self.failed.iter().map(|failed| failed.what.as_str()).collect();
        let status = self.status.as_ref().map_or("not told", SummaryStatus::as_str);
        format!("{}: {}", self.name, if whats.is_empty() { status.to_owned() } else { whats.join(" and ") })
    }
}

fn in_words(checks: &[&Check]) -> String {
    checks.iter().map(|check| check.in_words()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::builders::InstanceStatusBuilder;
    use aws_sdk_ec2::types::{EbsStatusDetails, InstanceStatusDetails};

    fn summary(status: &str) -> InstanceStatusSummary {
        InstanceStatusSummary::builder().status(status.into()).build()
    }

    fn unreachable(since: i64) -> InstanceStatusSummary {
        let detail = InstanceStatusDetails::builder().name(StatusName::Reachability).status(StatusType::Failed);
        let detail = detail.impaired_since(DateTime::from_secs(since)).build();
        InstanceStatusSummary::builder().status(SummaryStatus::Impaired).details(detail).build()
    }

    fn told(system: &str, instance: &str) -> InstanceStatusBuilder {
        InstanceStatus::builder().system_status(summary(system)).instance_status(summary(instance))
    }

    fn volumes_are(status: &str) -> EbsStatusSummary {
        let detail = EbsStatusDetails::builder().name(StatusName::Reachability).status(StatusType::Passed).build();
        EbsStatusSummary::builder().status(status.into()).details(detail).build()
    }

    fn of(told: InstanceStatusBuilder) -> Checks {
        checks(&told.build())
    }

    #[test]
    fn one_impaired_check_is_enough_and_the_earliest_counts() {
        let system = InstanceStatus::builder().system_status(unreachable(9)).instance_status(summary("ok"));
        let nine = Timestamp::from_second(9).ok();
        assert_eq!(
            of(system.clone()),
            Checks::Impaired { checks: "system status: reachability failed".into(), since: nine }
        );
        let checks = "system status: reachability failed, instance status: reachability failed".to_owned();
        let both = system.instance_status(unreachable(5));
        assert_eq!(of(both), Checks::Impaired { checks, since: Timestamp::from_second(5).ok() });
        let volumes = told("ok", "initializing").attached_ebs_status(volumes_are("impaired"));
        assert_eq!(of(volumes), Checks::Impaired { checks: "attached EBS status: impaired".into(), since: None });
    }

    #[test]
    fn all_that_are_told_must_pass() {
        assert_eq!(of(told("ok", "ok")), Checks::Passed);
        assert_eq!(of(told("ok", "ok").attached_ebs_status(volumes_are("ok"))), Checks::Passed);
        assert_eq!(of(told("ok", "ok").attached_ebs_status(volumes_are("not-applicable"))), Checks::Passed);
    }

    #[test]
    fn what_is_not_told_is_unknown() {
        let unknown = |told, status: &str| assert_eq!(of(told), Checks::Unknown { status: status.into() });
        unknown(InstanceStatus::builder(), "system status: not told, instance status: not told");
        unknown(told("ok", "initializing"), "instance status: initializing");
        unknown(
            told("not-applicable", "not-applicable"),
            "system status: not-applicable, instance status: not-applicable",
        );
        unknown(told("ok", "never-seen-before"), "instance status: never-seen-before");
        let volumes = told("ok", "ok").attached_ebs_status(volumes_are("insufficient-data"));
        unknown(volumes, "attached EBS status: insufficient-data");
    }
}
