//! What EC2 says of an instance (EC2 User Guide, "Automate actions with EventBridge", "Spot Instance interruption notices",
//! "EC2 instance rebalance recommendations").
//!
//! This module never takes a state that it does not know for running.

use jiff::{SignedDuration, Timestamp};

use super::moment::{self, A_TIME, Moment};
use super::notice::{Notice, NoticeKind};
use super::{About, Fact, Key, NoSignal, Parsed, Signal, of_bus};
use crate::id::InstanceId;
use crate::json::{JsonCursor, Malformed};

pub(super) const STATE_CHANGE: &str = "EC2 Instance State-change Notification";
pub(super) const INTERRUPTION: &str = "EC2 Spot Instance Interruption Warning";
pub(super) const REBALANCE: &str = "EC2 Instance Rebalance Recommendation";

/// From the warning to the interruption (EC2 User Guide, "Spot Instance interruption notices").
const INTERRUPTED_AFTER: SignedDuration = SignedDuration::from_mins(2);

pub(super) fn parse(root: &JsonCursor<'_>, now: Timestamp) -> Result<Parsed, Malformed> {
    let detail_type = root.field("detail-type").text()?;
    let detail = root.field("detail");
    let instance: InstanceId = detail.field("instance-id").parse("an instance id, such as i-0123456789abcdef0")?;
    let Moment { told, at } = moment::past(&root.field("time"), A_TIME, now)?;
    let (what, by) = match detail_type {
        REBALANCE => (NoticeKind::Rebalance, None),
        INTERRUPTION => {
            let action = detail.field("instance-action").one_of(&["terminate", "stop", "hibernate"])?;
            (NoticeKind::Interruption { action: action.to_owned() }, Some(at + INTERRUPTED_AFTER))
        }
        _ => match state(&detail)? {
            state @ ("pending" | "running") => {
                return Ok(Parsed::Ignored(NoSignal::Runs { instance, state: state.to_owned() }));
            }
            state => (NoticeKind::NotRunning { state: state.to_owned() }, None),
        },
    };
    let (account, region) = of_bus(root)?;
    let key = Key::of(&format!("ec2 {instance} {} {told}", said(&what)));
    Ok(Parsed::Signal(Signal {
        key,
        at: Some(at),
        account: Some(account),
        region: Some(region),
        fact: Fact::Notice { about: About::Instances(vec![instance]), notice: Notice { what, at, by } },
        evidence: Vec::new(),
    }))
}

fn state<'a>(detail: &JsonCursor<'a>) -> Result<&'a str, Malformed> {
    detail.field("state").one_of(&["pending", "running", "stopping", "stopped", "shutting-down", "terminated"])
}

fn said(what: &NoticeKind) -> &str {
    match what {
        NoticeKind::NotRunning { state } => state,
        NoticeKind::Interruption { action } => action,
        NoticeKind::Rebalance => "rebalance",
        NoticeKind::Retirement { code } => code,
        NoticeKind::LaunchFailed { .. } => "launch-failed",
    }
}
