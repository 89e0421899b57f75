//! Incidents of one instance of an Auto Scaling group.
//!
//! This module never makes up a form: each incident is what its transitions leave.

mod past;

use homeostat_core::aws::alarm::{AlarmReading, AlarmState};
use homeostat_core::aws::source::Source;
use homeostat_core::aws::units::Unit;
use homeostat_core::budget::{Exceeded, Level, Shortage, Thousandths, User};
use homeostat_core::id::Scope;
use homeostat_core::incident::{Acknowledgement, Alarms, Gone, Verdict};
use homeostat_core::ports::Outcome;
use homeostat_core::signal::{Notice, NoticeKind};
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{
    Attached, Close, CloseReason, Crowd, Decision, Evidence, GroupState, Hold, HoldReason, Incident, Page, PageReason,
    Step,
};

use super::super::Folder::Instance;
use super::{Sample, at, aws, closed, decided, event, held, id, incident, mins, moves, paced, paged, texts};

const ID: &str = "i-0123456789abcdef0";
const TARGET_GROUP: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef";

pub(super) fn samples() -> Vec<Sample> {
    let stories =
        [steps(), outcomes(), holds(), notices(), verdicts(), pages(), closes(), particulars(), past::samples()];
    stories.concat()
}

fn of(alarms: Alarms, notice: Option<Notice>) -> Incident {
    let kind = InstanceKind::Instance { group: id("web"), alarms, notice, gone: Gone::default() };
    Incident::new(id(&format!("eu-west-1#instance#{ID}")), kind, event(-3), at(0))
}

fn alarm(name: &str) -> homeostat_core::id::AlarmArn {
    id(&format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}"))
}

fn seen(name: &str, state: AlarmState, actions_enabled: bool) -> AlarmReading {
    let reason = "Threshold Crossed: 3 datapoints were greater than the threshold (5.0).".to_owned();
    AlarmReading { arn: alarm(name), state, since: aws(-3), reason, actions_enabled, instances: vec![id(ID)] }
}

/// Called unhealthy by all that its policy asks for.
fn unhealthy() -> Incident {
    red(Verdict::Unhealthy)
}

/// Its alarm is in ALARM, whatever else there is says.
fn red(verdict: Verdict) -> Incident {
    let mut alarms: Alarms = [alarm("web-1")].into_iter().collect();
    alarms.read(at(1), &alarm("web-1"), &Ok(Some(seen("web-1", AlarmState::Alarm, true))));
    of(alarms, None).judged(at(1), verdict)
}

fn proofs() -> Vec<Evidence> {
    let reason = "Threshold Crossed: 3 datapoints were greater than the threshold (5.0).".to_owned();
    vec![
        Evidence::Alarm { alarm: alarm("web-1"), since: aws(-3), reason },
        Evidence::TargetHealth { target_group: id(TARGET_GROUP), reason: "Target.FailedHealthChecks".to_owned() },
        Evidence::InstanceStatus { checks: "reachability".to_owned(), since: Some(aws(-60)) },
        Evidence::InstanceStatus { checks: "system".to_owned(), since: None },
    ]
}

fn replace() -> Step {
    Step::Replace { group: id("web"), instance: id(ID) }
}

fn mark() -> Step {
    Step::MarkUnhealthy { group: id("web"), instance: id(ID) }
}

fn acting(incident: &Incident, second: i64, step: Step) -> Incident {
    let decision = Decision::Act { step: step.clone(), because: proofs() };
    paced(incident.intend(at(second), &step, &decision))
}

fn settled(outcome: Outcome) -> Incident {
    acting(&unhealthy(), 1, replace()).settle(at(2), outcome)
}

fn unknown() -> Outcome {
    Outcome::Unknown { why: "ScalingActivityInProgress: Scaling activity in progress".to_owned() }
}

fn steps() -> Vec<Sample> {
    let retired =
        Notice { what: NoticeKind::Retirement { code: RETIREMENT.to_owned() }, at: event(-60), by: Some(aws(86_400)) };
    let ending = of(Alarms::default(), Some(retired.clone())).judged(at(1), Verdict::Ending);
    let on_notice = Decision::Act { step: replace(), because: vec![Evidence::Notice(retired)] };
    let gone = Notice { what: NoticeKind::NotRunning { state: "stopped".to_owned() }, at: event(-3), by: None };
    let stopped = of(Alarms::default(), Some(gone.clone())).judged(at(1), Verdict::Unhealthy);
    let on_stop = Decision::Act { step: replace(), because: vec![Evidence::Notice(gone)] };
    vec![
        incident(Instance, "act-replace", acting(&unhealthy(), 1, replace())),
        incident(Instance, "act-mark-unhealthy", acting(&unhealthy(), 1, mark())),
        incident(Instance, "act-on-a-notice", paced(ending.intend(at(1), &replace(), &on_notice))),
        incident(Instance, "act-on-a-stopped-machine", paced(stopped.intend(at(1), &replace(), &on_stop))),
    ]
}

fn outcomes() -> Vec<Sample> {
    let refused = Outcome::Refused { why: "AccessDenied: User is not authorized to perform it".to_owned() };
    let twice = acting(&settled(unknown()), 61, replace()).settle(at(62), unknown());
    let in_the_end = twice.settle(at(122), Outcome::AlreadyDone);
    vec![
        incident(Instance, "outcome-done", settled(Outcome::Done)),
        incident(Instance, "outcome-already-done", settled(Outcome::AlreadyDone)),
        incident(Instance, "outcome-refused", settled(refused)),
        incident(Instance, "outcome-unknown", settled(unknown())),
        incident(Instance, "outcome-unknown-twice", twice),
        incident(Instance, "outcome-known-in-the-end", in_the_end),
    ]
}

fn crowd(unit: Unit) -> Crowd {
    Crowd { unhealthy: 3, most: 2, unit, desired: 4, desired_unit: unit }
}

fn attached() -> Attached {
    Attached { group: id("web"), target_groups: vec![id(TARGET_GROUP)], since: at(1) }
}

/// Marked as unhealthy by Auto Scaling, which replaces it.
fn followed() -> Incident {
    held(&unhealthy(), 1, &marked())
}

fn marked() -> Hold {
    Hold::Own(HoldReason::GroupReplaces { why: "Auto Scaling has marked it as unhealthy".to_owned() })
}

/// Each with what the evidence says meanwhile.
fn before_an_act() -> Vec<(Verdict, Hold)> {
    let (scope, by, reason) = ("group#web".to_owned(), "ana".to_owned(), "moving the database".to_owned());
    let holder = id("eu-west-1#instance#i-1a2b3c4d");
    let unchecked = GroupState::Unchecked { group: id("web"), instances: texts(&[ID]) };
    let shrunk = GroupState::Shrunk { group: id("web"), members: 4, desired: 20, unit: Unit::Instances };
    let uncounted = GroupState::Uncounted { unit: Unit::Mebibytes, instances: texts(&[ID]) };
    let unhealthy = [
        Hold::Paused { scope, by, reason },
        Hold::Own(HoldReason::Protected),
        marked(),
        Hold::Own(HoldReason::LaunchUnknown { group: id("web"), started: Some(aws(-900)) }),
        Hold::Own(HoldReason::Suspended { processes: texts(&["Launch", "ReplaceUnhealthy"]) }),
        Hold::Own(HoldReason::Refreshing { refresh: "08b91cf7-8fa6-48af-b6a6-d227f40f1b9b".to_owned() }),
        Hold::Own(HoldReason::TooManyUnhealthy(crowd(Unit::Instances))),
        Hold::Own(HoldReason::GroupState(uncounted)),
        Hold::Own(HoldReason::GroupState(GroupState::TargetGroupMissing(attached()))),
        Hold::Own(HoldReason::GroupState(GroupState::TargetGroupGone(attached()))),
        Hold::Budget { taken: 1, slots: 1, unit: Unit::Instances, holders: vec![holder], more: 0 },
        Hold::SharedBudget(shortage(Level::Service("shop".to_owned()), Exceeded::PerHour)),
        Hold::SharedBudget(shortage(Level::Account, Exceeded::AtOnce)),
        Hold::BudgetUnread {
            why: "could not read an item of the ledger: item BUDGET#account SLOTS has schema \"2\"".to_owned(),
        },
        Hold::Own(HoldReason::Cooldown { acts: 1, cooldown: mins(10), until: at(540) }),
        Hold::Own(HoldReason::BreakerOpen { since: at(-3_600), group: id("web") }),
        Hold::Watching { step: replace(), because: proofs() },
        Hold::OutOfDate { why: "i-1a2b3c4d was acted on while it was looked at".to_owned() },
    ];
    let others = [
        (Verdict::Suspected, Hold::Own(HoldReason::ActionsDisabled { alarm: alarm("web-1") })),
        (Verdict::Disputed, Hold::Own(HoldReason::NotConfirmed { missing: texts(&["its target is healthy"]) })),
        (Verdict::Unknown, Hold::Own(HoldReason::Grace { started: aws(-30), grace: mins(5) })),
        (Verdict::Unknown, Hold::Own(HoldReason::NotInService { lifecycle: "Standby".to_owned() })),
        (Verdict::Suspected, Hold::Own(HoldReason::GroupState(unchecked))),
        (Verdict::Unhealthy, Hold::Own(HoldReason::GroupState(shrunk))),
        (Verdict::Unknown, Hold::Own(HoldReason::GroupMissing { group: id("web"), since: at(1) })),
    ];
    unhealthy.into_iter().map(|because| (Verdict::Unhealthy, because)).chain(others).collect()
}

fn shortage(level: Level, limit: Exceeded) -> Shortage {
    let user =
        User { scope: Scope::of_group(&id("cart")), count: 3, cost: Thousandths::of_group(3, 4), since: at(-600) };
    let [used, most, cost] = [(3, 4), (1, 1), (1, 3)].map(|(part, whole)| Thousandths::of_group(part, whole));
    Shortage { level, limit, since: at(-60), used, most, cost, by: vec![user], more: 0 }
}

fn holds() -> Vec<Sample> {
    let mut samples: Vec<Sample> =
        before_an_act().iter().map(|(verdict, because)| decided(Instance, held(&red(*verdict), 1, because))).collect();
    let done = settled(Outcome::Done);
    let until_the_lease_ends = Hold::OutcomeUnknown { why: "no answer in time".to_owned() };
    let short = Hold::Own(HoldReason::Recovering {
        healthy: 3,
        needed: 4,
        unit: Unit::Instances,
        held: texts(&["i-1a2b3c4d (Pending:Wait)"]),
    });
    let weighed = Hold::Own(HoldReason::Recovering { healthy: 6, needed: 8, unit: Unit::Weights, held: Vec::new() });
    let (fewer, none_held) = (crowd(Unit::Vcpus), Vec::new());
    let counted = Hold::Budget { taken: 8, slots: 8, unit: Unit::Vcpus, holders: none_held, more: 0 };
    let holders = vec![id("eu-west-1#instance#i-1a2b3c4d"), id("eu-west-1#instance#i-2a2b3c4d")];
    let of_many = Hold::Budget { taken: 800, slots: 800, unit: Unit::Instances, holders, more: 798 };
    let by_many = Hold::SharedBudget(Shortage { more: 7, ..shortage(Level::Account, Exceeded::AtOnce) });
    let group = id("web");
    let shrunk = GroupState::Shrunk { group, members: 6, desired: 20, unit: Unit::Weights };
    let shrunk = Hold::Own(HoldReason::GroupState(shrunk));
    let instances = texts(&["i-2a2b3c4d"]);
    let [in_alarm, settling, unread] = moves().map(|(_, moves)| moves);
    let never_started = Hold::Own(HoldReason::LaunchUnknown { group: id("web"), started: None });
    samples.extend([
        incident(Instance, "hold-account-budget-of-many", held(&unhealthy(), 1, &by_many)),
        incident(Instance, "hold-shrunk-in-weights", held(&unhealthy(), 1, &shrunk)),
        incident(Instance, "hold-launch-unknown-of-no-known-start", held(&unhealthy(), 1, &never_started)),
        decided(Instance, held(&settled(unknown()), 2, &until_the_lease_ends)),
        decided(Instance, held(&done, 32, &short)),
        decided(Instance, held(&done, 32, &Hold::Own(HoldReason::Requested))),
        decided(Instance, held(&unhealthy(), 1, &Hold::Own(HoldReason::LaunchesFail { failed: 2, last: at(0) }))),
        decided(Instance, held(&unhealthy(), 1, &Hold::Own(HoldReason::SuccessorsUnhealthy { instances }))),
        decided(Instance, held(&unhealthy(), 1, &Hold::Own(HoldReason::OnlyAnAlarm))),
        decided(Instance, held(&unhealthy(), 1, &Hold::Own(HoldReason::Planned { until: at(301), announced: false }))),
        decided(Instance, held(&unhealthy(), 1, &Hold::Own(HoldReason::GroupBusy { until: at(90) }))),
        incident(Instance, "hold-dependency", held(&unhealthy(), 1, &Hold::Dependency(in_alarm))),
        incident(Instance, "hold-dependency-settling", held(&unhealthy(), 1, &Hold::Dependency(settling))),
        incident(Instance, "hold-dependency-unread", held(&unhealthy(), 1, &Hold::Dependency(unread))),
        decided(Instance, held(&done, 32, &Hold::Own(HoldReason::NotReplaced { marked: true }))),
        decided(Instance, held(&held(&done, 32, &short), 62, &Hold::Proving { since: at(62) })),
        incident(Instance, "hold-recovering-in-weights", held(&done, 32, &weighed)),
        incident(Instance, "hold-recovering-by-the-group", held(&unhealthy(), 32, &short)),
        incident(Instance, "hold-budget-in-vcpus", held(&unhealthy(), 1, &counted)),
        incident(Instance, "hold-budget-of-many", held(&unhealthy(), 1, &of_many)),
        incident(
            Instance,
            "hold-too-many-unhealthy-in-vcpus",
            held(&unhealthy(), 1, &Hold::Own(HoldReason::TooManyUnhealthy(fewer))),
        ),
    ]);
    samples
}

const RETIREMENT: &str = "AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED";

fn notices() -> Vec<Sample> {
    let of_it = |what, by| {
        let notice = Some(Notice { what, at: event(-3), by });
        of(Alarms::default(), notice).judged(at(1), Verdict::Unknown)
    };
    let interrupted = || NoticeKind::Interruption { action: "terminate".to_owned() };
    let as_now = Notice { what: interrupted(), at: event(-3), by: Some(aws(117)) };
    let foretold = |notice: &Notice, from| Hold::Own(HoldReason::Announced { notice: notice.clone(), from });
    let retires =
        Notice { what: NoticeKind::Retirement { code: RETIREMENT.to_owned() }, at: event(-3), by: Some(aws(900_000)) };
    // Announced as of a time that is still to come.
    let stopped = Notice { what: NoticeKind::NotRunning { state: "stopped".to_owned() }, at: event(9), by: None };
    let why =
        "EC2 recommends to replace this Spot Instance before it is interrupted, and Capacity Rebalancing acts on it";
    let rebalances =
        held(&of_it(NoticeKind::Rebalance, None), 1, &Hold::Own(HoldReason::GroupReplaces { why: why.to_owned() }));
    let on_notice = Decision::Act { step: replace(), because: vec![Evidence::Notice(as_now.clone())] };
    let watched = |step, notice| Hold::Watching { step, because: vec![Evidence::Notice(notice)] };
    let interruption = of_it(interrupted(), Some(aws(117)));
    let retirement = of_it(retires.what.clone(), retires.by);
    vec![
        decided(Instance, held(&interruption, 1, &foretold(&as_now, aws(27)))),
        incident(Instance, "hold-announced-retirement", held(&retirement, 1, &foretold(&retires, aws(813_600)))),
        incident(Instance, "hold-announced-of-the-stopped", held(&interruption, 1, &foretold(&stopped, event(9)))),
        incident(Instance, "hold-group-replaces-as-recommended", rebalances),
        incident(Instance, "hold-watching-a-retirement", held(&retirement, 1, &watched(mark(), retires))),
        incident(Instance, "hold-watching-an-interruption", held(&interruption, 1, &watched(replace(), as_now))),
        incident(Instance, "act-on-an-interruption", paced(interruption.intend(at(1), &replace(), &on_notice))),
    ]
}

fn verdicts() -> Vec<Sample> {
    let waits = Hold::Own(HoldReason::NotConfirmed { missing: texts(&["its target is healthy"]) });
    let judged = |name: &str, verdict| incident(Instance, name, held(&unhealthy().judged(at(31), verdict), 31, &waits));
    vec![
        judged("verdict-unknown", Verdict::Unknown),
        judged("verdict-suspected", Verdict::Suspected),
        judged("verdict-only-alarm", Verdict::OnlyAlarm),
        judged("verdict-unclear", Verdict::Unclear),
    ]
}

fn pages() -> Vec<Sample> {
    let why = "3 of 4 instances are healthy and in service".to_owned();
    let refused = Page::Refused { why: "AccessDenied: User is not authorized to perform it".to_owned() };
    let failing = |launched_from| {
        Page::Own(PageReason::ReplacementsFail { group: id("web"), failures: 3, within: mins(60), launched_from })
    };
    let marked = "its group replaces it by itself: Auto Scaling has marked it as unhealthy".to_owned();
    let budget = texts(&["protected", "budget"]);
    let waited = Page::Waited { within: mins(30), holds: budget, why: "1 of 1 instances are out already".to_owned() };
    let by_one = Page::SharedBudget(shortage(Level::Account, Exceeded::Room));
    let used_up = Page::SharedBudget(Shortage { more: 7, ..shortage(Level::Account, Exceeded::Room) });
    vec![
        decided(Instance, paged(&unhealthy(), 961, &used_up)),
        incident(Instance, "page-budget-used-up-by-one-group", paged(&unhealthy(), 961, &by_one)),
        decided(Instance, paged(&settled(Outcome::Refused { why: "AccessDenied".to_owned() }), 3, &refused)),
        decided(Instance, paged(&settled(Outcome::Done), 1_260, &Page::NotRecovered { within: mins(20), why })),
        decided(Instance, paged(&unhealthy(), 1, &Page::Own(PageReason::NotInPolicy { group: id("web") }))),
        decided(Instance, paged(&held(&unhealthy(), 1, &Hold::Own(HoldReason::Protected)), 1_801, &waited)),
        decided(
            Instance,
            paged(&followed(), 1_260, &Page::Own(PageReason::GroupStalled { within: mins(20), why: marked })),
        ),
        decided(Instance, paged(&unhealthy(), 1, &failing(Source::of(["lt-0123456789abcdef0:7"])))),
        incident(
            Instance,
            "page-replacements-fail-of-unknown-source",
            paged(&unhealthy(), 1, &failing(Source::default())),
        ),
    ]
}

fn closes() -> Vec<Sample> {
    let well = Close::NothingWrong { why: "alarm \"web-1\" is OK and its target is healthy".to_owned() };
    let proven = held(&settled(Outcome::Done), 32, &Hold::Proving { since: at(32) });
    vec![
        decided(Instance, closed(&proven, 332, &Close::Recovered)),
        decided(Instance, closed(&followed(), 332, &Close::Own(CloseReason::LeftByItself))),
        decided(
            Instance,
            closed(
                &held(&unhealthy(), 1, &Hold::Own(HoldReason::Protected)).judged(at(91), Verdict::Healthy),
                91,
                &well,
            ),
        ),
    ]
}

/// Fields that depend on no reason.
fn particulars() -> Vec<Sample> {
    let asked = paged(&held(&unhealthy(), 1, &Hold::Own(HoldReason::Protected)), 1_801, &waited_for_protection());
    let known = Acknowledgement { by: "ana".to_owned(), at: at(1_900), reason: "on it".to_owned() };
    let (stuck, overdue) = (Some(at(1_700)), Some(at(1_640)));
    let found = of(Alarms::default(), None).judged(at(1), Verdict::Unhealthy);
    let lost_by_its_owner = Incident { wakes: 3, stuck, overdue, ..settled(Outcome::Done) };
    vec![
        incident(Instance, "reminded", asked.clone().reminded(at(5_500), mins(60))),
        incident(Instance, "acknowledged", asked.acknowledge(known)),
        incident(Instance, "stuck-and-overdue", lost_by_its_owner),
        incident(Instance, "alarms", held(&alarms_of_all_kinds(), 1, &Hold::Own(HoldReason::Protected))),
        incident(Instance, "found-without-an-alarm", held(&found, 1, &Hold::Own(HoldReason::Protected))),
    ]
}

fn waited_for_protection() -> Page {
    let why = "it is protected from scale-in".to_owned();
    Page::Waited { within: mins(30), holds: texts(&["protected"]), why }
}

/// All that an alarm can be found to say, and a target group that was not found.
fn alarms_of_all_kinds() -> Incident {
    let names = ["red", "silenced", "ok", "silent", "missing", "unread", "new"];
    let mut alarms: Alarms = names.into_iter().map(alarm).collect();
    for (name, state, actions_enabled) in [
        ("red", AlarmState::Alarm, true),
        ("silenced", AlarmState::Alarm, false),
        ("ok", AlarmState::Ok, true),
        ("silent", AlarmState::InsufficientData, true),
    ] {
        alarms.read(at(1), &alarm(name), &Ok(Some(seen(name, state, actions_enabled))));
    }
    alarms.read(at(1), &alarm("missing"), &Ok(None));
    alarms.read(at(1), &alarm("unread"), &Err("could not read the alarms: Throttling: Rate exceeded".to_owned()));
    let mut gone = Gone::default();
    gone.see(at(1), &[id(TARGET_GROUP)]);
    let kind = InstanceKind::Instance { group: id("web"), alarms, notice: None, gone };
    Incident { kind, ..of(Alarms::default(), None) }.judged(at(1), Verdict::Suspected)
}
