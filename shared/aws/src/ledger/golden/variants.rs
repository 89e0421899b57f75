//! Every variant that is stored, and in which kinds of incident it can be.
//!
//! Each list is also an exhaustive `match`: a new variant doesn't compile before it stands here, and then the tests ask for an item
//! that holds it in each kind that is named. This module never lists what the code can't write: `in []` says that no item ever holds
//! it, and why.

use homeostat_core::aws::alarm::AlarmState;
use homeostat_core::aws::lifecycle::{ActionResult, Course, Place, Transition};
use homeostat_core::aws::rates::Api;
use homeostat_core::aws::record::Routing;
use homeostat_core::aws::units::Unit;
use homeostat_core::budget::{Exceeded, Level};
use homeostat_core::dependency::AlarmsSay;
use homeostat_core::incident::{Actor, Doubt, HoldEnd, Said, State, Verdict};
use homeostat_core::ports::{DueTrigger, Outcome};
use homeostat_core::signal::NoticeKind;
use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::hook::policy::OnLimit;
use homeostat_remedies::hook::reasons::{Because, HookStep, Limit, Waits};
use homeostat_remedies::hosted_zone::drift::Drift;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::hosted_zone::reasons::{Awaits, Trouble};
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{Close, Decision, GroupState, Hold, Page};
use homeostat_remedies::{hook, hosted_zone, instance};

use super::Folder;

#[derive(Debug)]
pub(super) struct Variant {
    /// Its enum's name.
    pub(super) of: &'static str,
    /// As it is stored.
    pub(super) name: &'static str,
    pub(super) folders: &'static [Folder],
}

macro_rules! variants {
    ($($of:ident $(= $type:ty)? { $($variant:pat => $name:literal in [$($folder:ident),*]),* $(,)? $(; $own:pat)? })*) => {
        $(const _: fn(&variants!(@type $of $($type)?)) = |value| match value {
            $($variant => {})*
            $($own => {})?
        };)*

        pub(super) const ALL: &[Variant] = &[$($(
            Variant { of: stringify!($of), name: $name, folders: &[$(Folder::$folder),*] },
        )*)*];
    };
    (@type $of:ident $type:ty) => { $type };
    (@type $of:ident) => { $of };
}

variants! {
    // Of a resync's pacer alone, which is of no incident.
    Api {
        Api::LoadBalancing => "load-balancing" in [],
        Api::AutoScaling => "auto-scaling" in [],
        Api::InstanceStatus => "instance-status" in [],
        Api::Instances => "instances" in [],
        Api::Alarms => "alarms" in [],
        Api::Route53 => "route53" in [],
        Api::HealthCheckStatus => "health-check-status" in [],
    }

    InstanceKind {
        InstanceKind::Instance { .. } => "instance" in [Instance],
        InstanceKind::Group { .. } => "group" in [Group],
    }

    HostedZoneKind {
        HostedZoneKind::HostedZone(_) => "hosted_zone" in [Zone],
    }

    HookKind {
        HookKind::Hook(_) => "hook" in [Hook],
    }

    DueTrigger {
        DueTrigger::Alarm(_) => "alarm" in [Due],
        DueTrigger::Silence(_) => "silence" in [Due],
        DueTrigger::Notice(_) => "notice" in [Due],
        DueTrigger::Survey(_) => "survey" in [Due],
        DueTrigger::Found { .. } => "found" in [Due],
    }

    State {
        State::Holding => "holding" in [Instance, Group, Zone, Hook],
        State::Acting => "acting" in [Instance, Zone, Hook],
        // Only an Auto Scaling group does by itself what an incident is open for.
        State::Following => "following" in [Instance, Group],
        State::Verifying => "verifying" in [Instance, Zone, Hook],
        State::Escalated => "escalated" in [Instance, Group, Zone, Hook],
        State::Closed => "closed" in [Instance, Group, Zone, Hook],
    }

    // Zones and hooks give no verdict, and a group only where none of its instances can be judged.
    Verdict {
        Verdict::Unknown => "unknown" in [Instance, Group, Zone, Hook],
        Verdict::Unhealthy => "unhealthy" in [Instance],
        Verdict::Ending => "ending" in [Instance],
        Verdict::Suspected => "suspected" in [Instance, Group],
        Verdict::Disputed => "disputed" in [Instance],
        Verdict::OnlyAlarm => "only_alarm" in [Instance],
        Verdict::Unclear => "unclear" in [Instance],
        Verdict::Healthy => "healthy" in [Instance],
    }

    // A whole group is never acted on. People hear of no call of a hook's.
    Doubt {
        Doubt::Once => "once" in [Instance, Zone],
        Doubt::Told => "told" in [Instance, Zone],
        Doubt::Settled => "settled" in [Instance, Zone],
    }

    HoldEnd {
        HoldEnd::Acted => "acted" in [Instance, Zone, Hook],
        HoldEnd::Replaced { .. } => "replaced" in [Instance, Group, Zone, Hook],
        HoldEnd::Paged { .. } => "paged" in [Instance, Group, Zone, Hook],
        HoldEnd::Closed { .. } => "closed" in [Instance, Group, Zone, Hook],
    }

    Actor {
        // A whole group is never acted on.
        Actor::Homeostat => "homeostat" in [Instance, Zone, Hook],
        // Only an Auto Scaling group does by itself what an incident is open for.
        Actor::Aws => "aws" in [Instance, Group],
        // Only of weights it shows that somebody else set them.
        Actor::Person => "person" in [Zone],
        Actor::Unknown => "unknown" in [Instance, Group, Zone, Hook],
    }

    Outcome {
        Outcome::Done => "done" in [Instance, Zone, Hook],
        // Only Route 53 carries a change out by and by, and a hook has a record removed.
        Outcome::Pending { .. } => "pending" in [Zone, Hook],
        Outcome::AlreadyDone => "already_done" in [Instance, Zone, Hook],
        Outcome::Refused { .. } => "refused" in [Instance, Zone, Hook],
        // Auto Scaling replaces whatever somebody else did.
        Outcome::Lost { .. } => "lost" in [Zone, Hook],
        Outcome::Unknown { .. } => "unknown" in [Instance, Zone, Hook],
    }

    Decision {
        Decision::Act { .. } => "act" in [Instance, Zone, Hook],
        Decision::Hold { .. } => "hold" in [Instance, Group, Zone, Hook],
        Decision::Close(_) => "close" in [Instance, Group, Zone, Hook],
        Decision::Page(_) => "page" in [Instance, Group, Zone, Hook],
    }

    Step = instance::reasons::Step {
        instance::reasons::Step::Replace { .. } => "replace" in [Instance],
        instance::reasons::Step::MarkUnhealthy { .. } => "mark_unhealthy" in [Instance],
    }

    Step = hosted_zone::reasons::Step {
        hosted_zone::reasons::Step::Shift(_) => "shift" in [Zone],
    }

    Step = hook::reasons::Step {
        hook::reasons::Step::Hook(_) => "hook" in [Hook],
    }

    Evidence = instance::reasons::Evidence {
        instance::reasons::Evidence::Alarm { .. } => "alarm" in [Instance],
        instance::reasons::Evidence::TargetHealth { .. } => "target_health" in [Instance],
        instance::reasons::Evidence::InstanceStatus { .. } => "instance_status" in [Instance],
        instance::reasons::Evidence::Notice(_) => "notice" in [Instance],
    }

    Evidence = hosted_zone::reasons::Evidence {
        hosted_zone::reasons::Evidence::Alarm { .. } => "alarm" in [Zone],
        hosted_zone::reasons::Evidence::HealthCheck { .. } => "health_check" in [Zone],
        hosted_zone::reasons::Evidence::Targets { .. } => "targets" in [Zone],
        hosted_zone::reasons::Evidence::TookOver { .. } => "took_over" in [Zone],
        hosted_zone::reasons::Evidence::Healthy { .. } => "healthy" in [Zone],
    }

    Evidence = hook::reasons::Evidence {
        hook::reasons::Evidence::Hook(_) => "hook" in [Hook],
    }

    Hold {
        // The incident is somebody else's until their lease ends, so nothing is written.
        Hold::InFlight => "in_flight" in [],
        // A hook's incident waits for such an answer with `Waits::Settling`.
        Hold::OutcomeUnknown { .. } => "outcome_unknown" in [Instance, Zone],
        // A pause keeps no hook from being completed.
        Hold::Paused { .. } => "paused" in [Instance, Zone],
        Hold::Budget { .. } => "budget" in [Instance],
        // Nothing else is bought of the budget above its scope.
        Hold::SharedBudget(_) => "shared_budget" in [Instance],
        Hold::BudgetUnread { .. } => "budget_unread" in [Instance],
        // A hook's launch is completed.
        Hold::Dependency(_) => "dependency" in [Instance, Zone],
        // In `watch` a hook is completed at once: `Because::Watching`.
        Hold::Watching { .. } => "watching" in [Instance, Zone],
        // Whatever has steps.
        Hold::OutOfDate { .. } => "out_of_date" in [Instance, Zone, Hook],
        Hold::Proving { .. } => "proving" in [Instance, Group, Zone],
        ; Hold::Own(_)
    }

    AlarmsSay {
        AlarmsSay::InAlarm { .. } => "in_alarm" in [Instance, Zone, Hook],
        AlarmsSay::Settling { .. } => "settling" in [Instance, Zone, Hook],
        AlarmsSay::Unread { .. } => "unread" in [Instance, Zone, Hook],
    }

    HoldReason = instance::reasons::HoldReason {
        instance::reasons::HoldReason::ActionsDisabled { .. } => "actions_disabled" in [Instance],
        instance::reasons::HoldReason::NotConfirmed { .. } => "not_confirmed" in [Instance],
        // A group's instances boot again when it is parked no more.
        instance::reasons::HoldReason::Grace { .. } => "grace" in [Instance, Group],
        instance::reasons::HoldReason::NotInService { .. } => "not_in_service" in [Instance],
        instance::reasons::HoldReason::Protected => "protected" in [Instance],
        instance::reasons::HoldReason::GroupReplaces { .. } => "group_replaces" in [Instance, Group],
        instance::reasons::HoldReason::Announced { .. } => "announced" in [Instance],
        instance::reasons::HoldReason::Suspended { .. } => "suspended" in [Instance],
        instance::reasons::HoldReason::Refreshing { .. } => "refreshing" in [Instance],
        // Of the group itself it is a page.
        instance::reasons::HoldReason::TooManyUnhealthy(_) => "too_many_unhealthy" in [Instance],
        instance::reasons::HoldReason::GroupState(_) => "group_state" in [Instance, Group],
        // The incident of a group that is gone is closed.
        instance::reasons::HoldReason::LaunchUnknown { .. } => "launch_unknown" in [Instance],
        instance::reasons::HoldReason::GroupMissing { .. } => "group_missing" in [Instance, Group],
        instance::reasons::HoldReason::Cooldown { .. } => "cooldown" in [Instance],
        instance::reasons::HoldReason::Planned { .. } => "planned" in [Instance],
        instance::reasons::HoldReason::GroupBusy { .. } => "group_busy" in [Instance],
        instance::reasons::HoldReason::LaunchesFail { .. } => "launches_fail" in [Instance],
        instance::reasons::HoldReason::SuccessorsUnhealthy { .. } => "successors_unhealthy" in [Instance],
        instance::reasons::HoldReason::OnlyAnAlarm => "only_an_alarm" in [Instance],
        instance::reasons::HoldReason::BreakerOpen { .. } => "breaker_open" in [Instance],
        instance::reasons::HoldReason::Recovering { .. } => "recovering" in [Instance],
        instance::reasons::HoldReason::Requested => "requested" in [Instance],
        instance::reasons::HoldReason::NotReplaced { .. } => "not_replaced" in [Instance],
    }

    HoldReason = hosted_zone::reasons::HoldReason {
        hosted_zone::reasons::HoldReason::ActionsDisabled { .. } => "actions_disabled" in [Zone],
        hosted_zone::reasons::HoldReason::NotConfirmed { .. } => "not_confirmed" in [Zone],
        hosted_zone::reasons::HoldReason::Propagating { .. } => "propagating" in [Zone],
        hosted_zone::reasons::HoldReason::Lost { .. } => "lost" in [Zone],
        hosted_zone::reasons::HoldReason::Returning { .. } => "returning" in [Zone],
        hosted_zone::reasons::HoldReason::Drifted(_) => "drifted" in [Zone],
    }

    HoldReason = hook::reasons::HoldReason {
        hook::reasons::HoldReason::Hook(_) => "hook" in [Hook],
    }

    GroupState {
        // A group's own incident tells it in words, in another hold.
        GroupState::Uncounted { .. } => "uncounted" in [Instance],
        GroupState::TargetGroupMissing(_) => "target_group_missing" in [Instance, Group],
        // Of the group itself it is a page.
        GroupState::TargetGroupGone(_) => "target_group_gone" in [Instance],
        GroupState::Unchecked { .. } => "unchecked" in [Instance, Group],
        // An instance of a group that is parked has its incident closed, or none opened.
        GroupState::Shrunk { .. } => "shrunk" in [Instance, Group],
        GroupState::Parked { .. } => "parked" in [Group],
    }

    Close {
        Close::Recovered => "recovered" in [Instance, Zone],
        Close::NothingWrong { .. } => "nothing_wrong" in [Instance, Group, Zone],
        ; Close::Own(_)
    }

    CloseReason = instance::reasons::CloseReason {
        instance::reasons::CloseReason::LeftByItself => "left_by_itself" in [Instance],
    }

    CloseReason = hosted_zone::reasons::CloseReason {
        hosted_zone::reasons::CloseReason::TakenOver { .. } => "taken_over" in [Zone],
    }

    CloseReason = hook::reasons::CloseReason {
        hook::reasons::CloseReason::Hook(_) => "hook" in [Hook],
    }

    Page {
        // A zone's refused change is one of its troubles.
        Page::Refused { .. } => "refused" in [Instance, Hook],
        Page::NotRecovered { .. } => "not_recovered" in [Instance],
        Page::Waited { .. } => "waited" in [Instance, Group, Zone],
        Page::SharedBudget(_) => "shared_budget" in [Instance],
        // What is stored of an instance, of a group and of a hook has no part that grows.
        Page::NoRoom { .. } => "no_room" in [Zone],
        ; Page::Own(_)
    }

    PageReason = instance::reasons::PageReason {
        // Of a record it is a trouble; a hook that left the policy is completed.
        instance::reasons::PageReason::NotInPolicy { .. } => "not_in_policy" in [Instance, Group],
        instance::reasons::PageReason::GroupStalled { .. } => "group_stalled" in [Instance, Group],
        instance::reasons::PageReason::ReplacementsFail { .. } => "replacements_fail" in [Instance],
        instance::reasons::PageReason::TooManyUnhealthy(_) => "too_many_unhealthy" in [Group],
        instance::reasons::PageReason::TargetGroupGone(_) => "target_group_gone" in [Group],
    }

    PageReason = hosted_zone::reasons::PageReason {
        hosted_zone::reasons::PageReason::Weights { .. } => "weights" in [Zone],
    }

    PageReason = hook::reasons::PageReason {
        hook::reasons::PageReason::LaunchesFail(_) => "launches_fail" in [Hook],
    }

    NoticeKind {
        NoticeKind::NotRunning { .. } => "not_running" in [Instance],
        NoticeKind::Interruption { .. } => "interruption" in [Instance],
        NoticeKind::Rebalance => "rebalance" in [Instance],
        NoticeKind::Retirement { .. } => "retirement" in [Instance],
        // It is about no instance: none was launched.
        NoticeKind::LaunchFailed { .. } => "launch_failed" in [Group],
    }

    Said {
        Said::Missing => "missing" in [Instance],
        Said::Unread => "unread" in [Instance],
        Said::State { .. } => "state" in [Instance],
    }

    AlarmState {
        AlarmState::Alarm => "ALARM" in [Instance],
        AlarmState::Ok => "OK" in [Instance],
        AlarmState::InsufficientData => "INSUFFICIENT_DATA" in [Instance],
    }

    Unit {
        // Left out, since it is the usual one.
        Unit::Instances => "instances" in [],
        Unit::Weights => "weights" in [Instance, Group],
        Unit::Vcpus => "vcpus" in [Instance],
        Unit::Mebibytes => "mebibytes" in [Instance],
    }

    HookStep {
        HookStep::Complete { .. } => "complete" in [Hook],
        HookStep::Heartbeat { .. } => "heartbeat" in [Hook],
        HookStep::Deregister { .. } => "deregister" in [Hook],
        HookStep::RemoveRecords { .. } => "remove_records" in [Hook],
        HookStep::SuspendLaunch { .. } => "suspend_launch" in [Hook],
    }

    Because {
        Because::Ready { .. } => "ready" in [Hook],
        Because::NotReady { .. } => "not_ready" in [Hook],
        Because::Admitted { .. } => "admitted" in [Hook],
        Because::Dependency { .. } => "dependency" in [Hook],
        Because::Unjudged { .. } => "unjudged" in [Hook],
        Because::Paused { .. } => "paused" in [Hook],
        Because::Watching { .. } => "watching" in [Hook],
        Because::NotInPolicy => "not_in_policy" in [Hook],
        Because::ServesNobody { .. } => "serves_nobody" in [Hook],
        Because::Interrupted { .. } => "interrupted" in [Hook],
        Because::Drained => "drained" in [Hook],
        Because::MachineGone { .. } => "machine_gone" in [Hook],
        Because::OutOfTime { .. } => "out_of_time" in [Hook],
        Because::Leaving { .. } => "leaving" in [Hook],
        Because::NeedsTime { .. } => "needs_time" in [Hook],
        Because::LaunchesFail { .. } => "launches_fail" in [Hook],
    }

    Limit {
        Limit::Policy { .. } => "policy" in [Hook],
        Limit::Global => "global" in [Hook],
        Limit::Timeout => "timeout" in [Hook],
        Limit::Spot { .. } => "spot" in [Hook],
    }

    Waits {
        Waits::Unseen { .. } => "unseen" in [Hook],
        Waits::Evidence { .. } => "evidence" in [Hook],
        Waits::InUse { .. } => "in_use" in [Hook],
        Waits::Abandoning { .. } => "abandoning" in [Hook],
        Waits::Others { .. } => "others" in [Hook],
        Waits::Unread { .. } => "unread" in [Hook],
        Waits::Settling { .. } => "settling" in [Hook],
    }

    Transition {
        Transition::Launching => "launching" in [Hook],
        Transition::Terminating => "terminating" in [Hook],
    }

    ActionResult {
        ActionResult::Continue => "continue" in [Hook],
        ActionResult::Abandon => "abandon" in [Hook],
    }

    Place {
        Place::Ec2 => "ec2" in [Hook],
        Place::Group => "group" in [Hook],
        Place::WarmPool => "warm_pool" in [Hook],
    }

    Course {
        Course::IntoService => "into_service" in [Hook],
        Course::IntoPool => "into_pool" in [Hook],
        Course::OutForGood => "out_for_good" in [Hook],
        Course::BackToPool => "back_to_pool" in [Hook],
        Course::OutOfPool => "out_of_pool" in [Hook],
    }

    OnLimit {
        OnLimit::Admit => "admit" in [Hook],
        OnLimit::SuspendLaunch => "suspend_launch" in [Hook],
    }

    Awaits {
        Awaits::Proof { .. } => "proof" in [Zone],
        Awaits::Hold { .. } => "hold" in [Zone],
        Awaits::Step { .. } => "step" in [Zone],
        Awaits::Alarm { .. } => "alarm" in [Zone],
        Awaits::OthersBear { .. } => "others_bear" in [Zone],
        Awaits::Recovery { .. } => "recovery" in [Zone],
        Awaits::Others { .. } => "others" in [Zone],
        Awaits::Reread => "reread" in [Zone],
    }

    Trouble {
        Trouble::NoTarget { .. } => "no_target" in [Zone],
        Trouble::Partly { .. } => "partly" in [Zone],
        Trouble::Overloaded { .. } => "overloaded" in [Zone],
        Trouble::Changed { .. } => "changed" in [Zone],
        Trouble::Unfit { .. } => "unfit" in [Zone],
        Trouble::Latched { .. } => "latched" in [Zone],
        Trouble::StillReduced { .. } => "still_reduced" in [Zone],
        Trouble::NotInPolicy { .. } => "not_in_policy" in [Zone],
        Trouble::NotInSync { .. } => "not_in_sync" in [Zone],
        Trouble::Refused { .. } => "refused" in [Zone],
        Trouble::Waited { .. } => "waited" in [Zone],
    }

    Drift {
        Drift::SetGone { .. } => "set_gone" in [Zone],
        Drift::Unfit { .. } => "unfit" in [Zone],
        Drift::LabelInUse { .. } => "label_in_use" in [Zone],
        Drift::LeftOut { .. } => "left_out" in [Zone],
        Drift::AlarmGone { .. } => "alarm_gone" in [Zone],
        Drift::HealthCheckGone { .. } => "health_check_gone" in [Zone],
        Drift::TargetGroupGone { .. } => "target_group_gone" in [Zone],
    }

    Level {
        Level::Service(_) => "service" in [Instance],
        Level::Account => "account" in [Instance],
    }

    Exceeded {
        Exceeded::AtOnce => "at_once" in [Instance],
        Exceeded::PerHour => "per_hour" in [Instance],
        Exceeded::Room => "room" in [Instance],
    }

    // A record that a hook removes is a simple one; what somebody else left of a weighted one may be anything.
    Routing {
        Routing::Simple => "simple" in [Zone, Hook],
        Routing::Weighted { .. } => "weighted" in [Zone],
        Routing::Other(_) => "other" in [Zone],
    }
}
