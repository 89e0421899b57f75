//! What AWS announced of an instance, held against what it says now, and how long that is the group's own business.
//!
//! This module never takes the announcement for true: EC2 is asked again.

use homeostat_core::aws::fleet::Group;
use homeostat_core::id::InstanceId;
use homeostat_core::signal::{Notice, NoticeKind};
use jiff::{SignedDuration, Timestamp};

use super::evidence::Finding;
use super::observation::Observation;
use crate::instance::policy::GroupPolicy;
use crate::instance::reasons::{Evidence, Hold, HoldReason};

/// Of the two minutes before a Spot Instance is interrupted, the group gets 30 s to begin by itself. What is left is for its
/// connections to drain and its replacement to boot.
const BEFORE_INTERRUPTION: SignedDuration = SignedDuration::from_secs(90);

/// From the notice to the interruption (EC2 User Guide, "Spot Instance interruption notices").
const SPOT_NOTICE: SignedDuration = SignedDuration::from_secs(120);

/// Before a machine goes out of use, with time left for a person should it not work. AWS announces it two weeks ahead as a rule (EC2
/// User Guide, "Scheduled events for your instances").
const BEFORE_RETIREMENT: SignedDuration = SignedDuration::from_hours(24);

/// Between two looks at what is days away. As often as the resync, which leaves alone whoever has an incident: nobody falls sick unseen
/// because something was announced of them.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// Whether it is still so, as EC2 and the group say now.
pub(super) fn find(
    notice: &Notice,
    seen: &Observation,
    group: &Group,
    id: &InstanceId,
    policy: &GroupPolicy,
    now: Timestamp,
) -> Finding {
    let holds = |by: Option<Timestamp>| Finding::Sick(Evidence::Notice(Notice { by, ..notice.clone() }));
    let Some(machine) = seen.machines.get(id) else {
        return Finding::Unknown("EC2 does not tell its state".to_owned());
    };
    match &notice.what {
        _ if !machine.is_running() => {
            let what = NoticeKind::NotRunning { state: machine.state.clone() };
            Finding::Sick(Evidence::Notice(Notice { what, at: notice.at, by: None }))
        }
        NoticeKind::NotRunning { .. } => Finding::Well("EC2 says that it is running".to_owned()),
        NoticeKind::Interruption { .. } => match seen.interruption {
            // As EC2 tells it now, whatever the event said.
            Some(given) => holds(Some(given + SPOT_NOTICE)),
            None => Finding::Well("EC2 does not say that it takes the Spot Instance back".to_owned()),
        },
        NoticeKind::Rebalance if !group.rebalances => Finding::Well(
            "EC2 only recommends to replace it, and its group has no Capacity Rebalancing to do so".to_owned(),
        ),
        NoticeKind::Rebalance if now >= notice.at + policy.recover_within => Finding::Well(
            "its group has not followed EC2's recommendation, and nothing else is wrong with it".to_owned(),
        ),
        NoticeKind::Rebalance => holds(None),
        NoticeKind::Retirement { .. } => match machine.ends_at {
            Some(ends_at) => holds(Some(ends_at)),
            None => Finding::Well("EC2 has no event scheduled for it that would end it".to_owned()),
        },
        NoticeKind::LaunchFailed { .. } => Finding::Well("a launch that failed is no fault of any instance".to_owned()),
    }
}

/// Why it is left to the group for now; `None` once it no longer is.
/// `heard_at`: when Homeostat first looked, since an event may say of any time that it was announced then.
pub(super) fn left_to_the_group(
    notice: &Notice,
    heard_at: Timestamp,
    group: &Group,
    policy: &GroupPolicy,
    now: Timestamp,
) -> Option<Hold> {
    let from = match &notice.what {
        NoticeKind::Rebalance => None,
        NoticeKind::Interruption { .. } if group.rebalances => None,
        _ => Some(ours_from(notice, heard_at, policy)),
    };
    match from {
        Some(from) => (now < from).then(|| Hold::Own(HoldReason::Announced { notice: notice.clone(), from })),
        None => {
            Some(Hold::Own(HoldReason::GroupReplaces { why: format!("{notice}, and Capacity Rebalancing acts on it") }))
        }
    }
}

/// From when on it isn't the group's own business any more.
fn ours_from(notice: &Notice, heard_at: Timestamp, policy: &GroupPolicy) -> Timestamp {
    match (&notice.what, notice.by) {
        (NoticeKind::Interruption { .. }, Some(by)) => by - BEFORE_INTERRUPTION,
        (NoticeKind::Retirement { .. }, Some(by)) => {
            // Its group gets as long as for any replacement of its own, but never so long that the machine is gone by then.
            let group_has_had_its_turn =
                (notice.at.max(heard_at) + policy.recover_within).min(by - BEFORE_INTERRUPTION);
            (by - BEFORE_RETIREMENT).max(group_has_had_its_turn)
        }
        _ => notice.at,
    }
}

pub(super) fn next_look(from: Timestamp, now: Timestamp, check_every: SignedDuration) -> Timestamp {
    let remaining = from.duration_since(now);
    if remaining > LONGEST_PAUSE { now + LONGEST_PAUSE } else { from.min(now + check_every) }
}
