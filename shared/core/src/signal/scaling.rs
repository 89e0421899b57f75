//! What Auto Scaling says of a group's launches, terminations and instance refreshes (EC2 Auto Scaling User Guide, "Amazon EC2 Auto
//! Scaling event reference").
//!
//! This module never takes an instance from a launch that failed: it may not have one.

use jiff::Timestamp;

use super::moment::{self, A_TIME};
use super::notice::{Notice, NoticeKind};
use super::{About, Fact, Key, NoSignal, Parsed, Signal, of_bus, one_line};
use crate::id::GroupName;
use crate::json::{JsonCursor, Malformed};

const LAUNCH_FAILED: &str = "EC2 Instance Launch Unsuccessful";

/// Whether it is one of Auto Scaling's reports of its own work.
pub(super) fn is_report(detail_type: &str) -> bool {
    const ENDINGS: [&str; 4] =
        ["Launch Successful", "Launch Unsuccessful", "Terminate Successful", "Terminate Unsuccessful"];
    let of_instance = detail_type.strip_prefix("EC2 Instance ").is_some_and(|ending| ENDINGS.contains(&ending));
    of_instance || detail_type.starts_with("EC2 Auto Scaling Instance Refresh ")
}

pub(super) fn parse(root: &JsonCursor<'_>, now: Timestamp) -> Result<Parsed, Malformed> {
    let detail_type = root.field("detail-type").text()?;
    let detail = root.field("detail");
    let group: GroupName = detail.field("AutoScalingGroupName").parse("a group's name")?;
    if detail_type != LAUNCH_FAILED {
        return Ok(Parsed::Ignored(NoSignal::GroupsWork { group, what: detail_type.to_owned() }));
    }
    let at = moment::past(&root.field("time"), A_TIME, now)?.at;
    let why = ["StatusMessage", "Cause"].into_iter().find_map(|name| detail.field(name).text().ok());
    let why = one_line(why.unwrap_or("AWS gives no reason"));
    let activity = detail.field("ActivityId").text()?;
    let (account, region) = of_bus(root)?;
    let notice = Notice { what: NoticeKind::LaunchFailed { why }, at, by: None };
    Ok(Parsed::Signal(Signal {
        key: Key::of(&format!("activity {activity:?}")),
        at: Some(at),
        account: Some(account),
        region: Some(region),
        fact: Fact::Notice { about: About::Group(group), notice },
        evidence: detail.field("Cause").text().map(one_line).into_iter().collect(),
    }))
}
