//! Incidents of a whole Auto Scaling group, which is never acted on.
//!
//! This module never makes up a form: each incident is what its transitions leave.

use homeostat_core::aws::units::Unit;
use homeostat_core::id::TargetGroupArn;
use homeostat_core::incident::{Acknowledgement, Gone, Verdict};
use homeostat_core::signal::{Notice, NoticeKind};
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{
    Attached, Close, Crowd, GroupState, Hold, HoldReason, Incident, Page, PageReason,
};

use super::super::Folder::Group;
use super::{Sample, at, closed, decided, event, held, id, incident, mins, paged, texts};

pub(super) fn samples() -> Vec<Sample> {
    [holds(), pages(), closes(), particulars(), pasts()].concat()
}

fn of(notice: Option<Notice>, gone: Gone) -> Incident {
    let kind = InstanceKind::Group { group: id("web #1"), notice, gone };
    Incident::new(id("eu-west-1#group#web #1"), kind, event(-3), at(0)).judged(at(1), Verdict::Unknown)
}

fn found() -> Incident {
    of(None, Gone::default())
}

/// Its launches fail.
fn short() -> Incident {
    let why = "You have requested more vCPU capacity than your current vCPU limit allows.".to_owned();
    of(Some(Notice { what: NoticeKind::LaunchFailed { why }, at: event(-3), by: None }), Gone::default())
}

fn target_group() -> TargetGroupArn {
    id("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef")
}

fn attached() -> Attached {
    Attached { group: id("web #1"), target_groups: vec![target_group()], since: at(1) }
}

fn without_a_target_group() -> Incident {
    let mut gone = Gone::default();
    gone.see(at(1), &[target_group()]);
    of(None, gone)
}

/// Nobody of it can be proven unhealthy, though alarms say so.
fn unchecked() -> (Incident, Hold) {
    let instances = texts(&["i-0123456789abcdef0", "i-1a2b3c4d"]);
    let because = Hold::Own(HoldReason::GroupState(GroupState::Unchecked { group: id("web #1"), instances }));
    (found().judged(at(1), Verdict::Suspected), because)
}

fn parked() -> Hold {
    Hold::Own(HoldReason::GroupState(GroupState::Parked { suspended: "all processes".to_owned(), instances: 2 }))
}

const WHY: &str = "Auto Scaling could not launch an instance: no capacity; 3 of 4 instances are in service";

fn holds() -> Vec<Sample> {
    let missing = Hold::Own(HoldReason::GroupState(GroupState::TargetGroupMissing(attached())));
    let (accused, because) = unchecked();
    let started = held(&found(), 1, &parked());
    let shrunk = GroupState::Shrunk { group: id("web #1"), members: 4, desired: 20, unit: Unit::Instances };
    let boots = Hold::Own(HoldReason::Grace { started: at(301), grace: mins(5) });
    vec![
        decided(Group, held(&found(), 1, &parked())),
        decided(Group, held(&started, 301, &boots)),
        decided(Group, held(&without_a_target_group(), 1, &missing)),
        decided(Group, held(&found(), 1, &Hold::Own(HoldReason::GroupState(shrunk)))),
        decided(Group, held(&found(), 1, &Hold::Own(HoldReason::GroupMissing { group: id("web #1"), since: at(1) }))),
        decided(Group, held(&accused, 1, &because)),
        decided(Group, held(&short(), 1, &Hold::Own(HoldReason::GroupReplaces { why: WHY.to_owned() }))),
        decided(
            Group,
            held(&held(&short(), 1, &Hold::Own(HoldReason::GroupReplaces { why: WHY.to_owned() })), 31, &proving()),
        ),
    ]
}

fn proving() -> Hold {
    Hold::Proving { since: at(31) }
}

fn pages() -> Vec<Sample> {
    let crowd = |unit| Crowd { unhealthy: 3, most: 2, unit, desired: 4, desired_unit: unit };
    let (accused, because) = unchecked();
    let (holds, why) = (vec![because.name().to_owned()], because.to_string());
    let waited = Page::Waited { within: mins(30), holds, why };
    let missing = held(
        &without_a_target_group(),
        1,
        &Hold::Own(HoldReason::GroupState(GroupState::TargetGroupMissing(attached()))),
    );
    vec![
        decided(Group, paged(&found(), 1, &Page::Own(PageReason::TooManyUnhealthy(crowd(Unit::Instances))))),
        incident(
            Group,
            "page-too-many-unhealthy-in-weights",
            paged(&found(), 1, &Page::Own(PageReason::TooManyUnhealthy(crowd(Unit::Weights)))),
        ),
        decided(Group, paged(&missing, 301, &Page::Own(PageReason::TargetGroupGone(attached())))),
        decided(
            Group,
            paged(&short(), 1_260, &Page::Own(PageReason::GroupStalled { within: mins(20), why: WHY.to_owned() })),
        ),
        decided(Group, paged(&held(&accused, 1, &because), 1_801, &waited)),
        decided(Group, paged(&found(), 1, &Page::Own(PageReason::NotInPolicy { group: id("web #1") }))),
    ]
}

fn closes() -> Vec<Sample> {
    let why = "0 of 4 instances are unhealthy, at most 2 may be".to_owned();
    let proven =
        held(&paged(&found(), 1, &Page::Own(PageReason::NotInPolicy { group: id("web #1") })), 151, &proving());
    vec![decided(Group, closed(&proven, 451, &Close::NothingWrong { why }))]
}

fn particulars() -> Vec<Sample> {
    let asked = paged(&found(), 1, &Page::Own(PageReason::NotInPolicy { group: id("web #1") }));
    let known = Acknowledgement { by: "ana".to_owned(), at: at(90), reason: "on it".to_owned() };
    let followed = held(&short(), 1, &Hold::Own(HoldReason::GroupReplaces { why: WHY.to_owned() }));
    vec![
        incident(Group, "acknowledged", asked.clone().acknowledge(known)),
        incident(Group, "reminded", asked.reminded(at(3_700), mins(60))),
        incident(Group, "stuck", Incident { wakes: 3, stuck: Some(at(300)), overdue: Some(at(1_300)), ..followed }),
    ]
}

/// What is kept for whoever looks back.
fn pasts() -> Vec<Sample> {
    let followed = held(&short(), 1, &Hold::Own(HoldReason::GroupReplaces { why: WHY.to_owned() }));
    let stalled = Page::Own(PageReason::GroupStalled { within: mins(20), why: WHY.to_owned() });
    let proven = |incident: &Incident, second| held(incident, second, &Hold::Proving { since: at(second) });
    let well = || Close::NothingWrong { why: "4 of 4 instances are in service".to_owned() };
    let unseen = held(&proven(&paged(&found(), 1, &stalled), 151), 301, &parked());
    vec![
        incident(Group, "past-of-a-heal", closed(&proven(&followed, 31), 331, &well())),
        incident(Group, "past-of-a-page", proven(&paged(&followed, 1_260, &stalled), 1_410)),
        incident(Group, "past-of-an-unknown-end", closed(&unseen, 601, &well())),
    ]
}
