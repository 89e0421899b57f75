//! Instance refreshes, newest first.
//!
//! How far one has come is not modelled, and so in no answer.

use world::{AutoScalingGroup, InstanceRefresh, World};

use super::known;
use crate::api::{ApiError, Tree, make, read};
use crate::face::paging::{page, records};
use crate::face::{only, wanted};

/// API reference, `DescribeInstanceRefreshes`.
pub(in crate::face) fn refreshes(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    let fields = ["AutoScalingGroupName", "InstanceRefreshIds", "MaxRecords", "NextToken"];
    only(input, "DescribeInstanceRefreshes", &fields)?;
    let group = known(world, read::text(input, "AutoScalingGroupName")?)?;
    let ids = wanted(input, "InstanceRefreshIds")?;
    let found = group.refreshes.iter().rev().filter(|refresh| ids(&refresh.id));
    let (refreshes, next) = page(&records(50, 100), input, found, |refresh| refresh.id.clone())?;
    let refreshes = refreshes.into_iter().map(|refresh| refresh_tree(refresh, group));
    Ok(make::record([("InstanceRefreshes", make::list(refreshes))].into_iter().chain(make::maybe("NextToken", next))))
}

fn refresh_tree(refresh: &InstanceRefresh, group: &AutoScalingGroup) -> Tree {
    let fields = [
        ("InstanceRefreshId", make::text(&refresh.id)),
        ("AutoScalingGroupName", make::text(group.settings.name.as_str())),
        ("Status", make::text(refresh.status.as_str())),
        ("StartTime", make::timestamp(refresh.started_at)),
    ];
    make::record(fields.into_iter().chain(make::maybe("EndTime", refresh.ended_at.map(make::timestamp))))
}
