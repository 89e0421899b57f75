//! Incidents of an instance that a lifecycle hook holds.
//!
//! This module never makes up a form: each incident is what its transitions leave.

mod parts;

use homeostat_core::aws::lifecycle::{ActionResult, Course};
use homeostat_core::incident::Acknowledgement;
use homeostat_core::ports::Outcome;
use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::hook::policy::OnLimit;
use homeostat_remedies::hook::reasons::{
    Because, Close, CloseReason, Decision, Ended, Evidence, Hold, HoldReason, HookStep, Incident, LaunchesFail, Limit,
    Page, PageReason, Step, Waits,
};
use homeostat_remedies::hook::state::HookState;
use parts::{ID, claimed, deregister, found, in_full, launching, on, remove_records, terminating};

use super::super::Folder::Hook;
use super::{Sample, at, aws, closed, decided, held, id, incident, mins, moves, paced, paged, texts};

pub(super) fn samples() -> Vec<Sample> {
    [acts(), outcomes(), holds(), pages(), closes(), particulars(), pasts()].concat()
}

fn of(kept: HookState) -> Incident {
    let began = kept.began;
    Incident::new(id(&format!("eu-west-1#hook#web:ready:{ID}")), HookKind::Hook(Box::new(kept)), began, at(0))
}

fn acting(incident: &Incident, second: i64, step: HookStep, because: Because) -> Incident {
    let step = Step::Hook(Box::new(step));
    let decision = Decision::Act { step: step.clone(), because: vec![Evidence::Hook(because)] };
    paced(incident.intend(at(second), &step, &decision))
}

fn completing(kept: HookState, result: ActionResult, because: Because) -> Incident {
    let action = kept.action();
    acting(&of(kept), 1, HookStep::Complete { action, result }, because)
}

/// Each reason to let it go on, or not to.
fn completions() -> Vec<(&'static str, Incident, ActionResult, Because)> {
    let missing = || texts(&["tag ready: not set"]);
    let evidence = texts(&["EC2's status checks passed"]);
    let (scope, by, reason) = ("group#web".to_owned(), "ana".to_owned(), "moving the database".to_owned());
    let out_of_time = |limit| Because::OutOfTime { limit, waiting: texts(&["draining in targetgroup/jobs/0123"]) };
    let spot = || Limit::Spot { interrupted_at: aws(-20) };
    let not_ready = Because::NotReady { missing: missing(), within: mins(5) };
    let serves_nobody = |course| (on(course), Because::ServesNobody { course });
    let moving = moves().map(|(name, moves)| (name, (launching(), Because::Dependency { missing: missing(), moves })));
    let rows = [
        ("ready", (launching(), Because::Ready { evidence })),
        ("not-ready", (launching(), not_ready)),
        ("admitted", (launching(), Because::Admitted { missing: missing(), abandoned: 3 })),
        ("unjudged", (launching(), Because::Unjudged { why: texts(&["EC2's status checks: not read"]) })),
        ("paused", (launching(), Because::Paused { scope, by, reason })),
        ("watching", (launching(), Because::Watching { would: texts(&["held until it is ready"]) })),
        ("not-in-policy", (launching(), Because::NotInPolicy)),
        ("into-the-pool", serves_nobody(Course::IntoPool)),
        ("out-of-the-pool", serves_nobody(Course::OutOfPool)),
        ("interrupted", (launching(), Because::Interrupted { limit: spot() })),
        ("drained", (terminating(), Because::Drained)),
        ("machine-gone", (terminating(), Because::MachineGone { registered: texts(&["10.0.0.7 in jobs"]) })),
        ("out-of-policy-time", (terminating(), out_of_time(Limit::Policy { within: mins(15) }))),
        ("out-of-global-time", (terminating(), out_of_time(Limit::Global))),
        ("out-of-timeout", (terminating(), out_of_time(Limit::Timeout))),
        ("out-of-spot-time", (terminating(), out_of_time(spot()))),
    ];
    let completion = |(name, (kept, because)): (&'static str, (HookState, Because))| {
        let result = match because {
            Because::NotReady { .. } | Because::Interrupted { .. } => ActionResult::Abandon,
            _ => ActionResult::Continue,
        };
        (name, completing(kept, result, because.clone()), result, because)
    };
    rows.into_iter().chain(moving).map(completion).collect()
}

/// What is done before, or meanwhile.
fn preparations() -> Vec<(&'static str, Incident)> {
    let leaving = |course| Because::Leaving { course };
    let beat = |kept: &HookState| HookStep::Heartbeat { action: kept.action() };
    let needs = |what| Because::NeedsTime { missing: texts(&[what]) };
    let (launches, leaves, pooled) = (of(launching()), of(terminating()), of(on(Course::BackToPool)));
    let suspend = HookStep::SuspendLaunch { group: id("web") };
    vec![
        ("deregister", acting(&leaves, 1, deregister(), leaving(Course::OutForGood))),
        ("deregister-back-to-the-pool", acting(&pooled, 1, deregister(), leaving(Course::BackToPool))),
        ("remove-records", acting(&leaves, 1, remove_records(), leaving(Course::OutForGood))),
        ("heartbeat", acting(&launches, 1, beat(&launching()), needs("tag ready: not set"))),
        ("heartbeat-of-the-found", acting(&of(found()), 1, beat(&found()), needs("what it is held for"))),
        ("suspend-launch", acting(&launches, 1, suspend, Because::LaunchesFail { abandoned: 3 })),
    ]
}

fn acts() -> Vec<Sample> {
    let completes = completions().into_iter().map(|(name, acts, ..)| (name, acts));
    completes.chain(preparations()).map(|(name, acts)| incident(Hook, &format!("act-{name}"), acts)).collect()
}

fn ready() -> Incident {
    completing(launching(), ActionResult::Continue, Because::Ready { evidence: texts(&["EC2's status checks passed"]) })
}

fn abandoned() -> Incident {
    let missing = texts(&["tag ready: not set"]);
    completing(launching(), ActionResult::Abandon, Because::NotReady { missing, within: mins(5) })
}

fn refused() -> Outcome {
    Outcome::Refused { why: "AccessDenied: User is not authorized to perform it".to_owned() }
}

fn outcomes() -> Vec<Sample> {
    let lost = Outcome::Lost { why: "ValidationError: No active Lifecycle Action found".to_owned() };
    let beat = HookStep::Heartbeat { action: launching().action() };
    let beat = acting(&of(launching()), 1, beat, Because::NeedsTime { missing: texts(&["tag ready: not set"]) });
    let course = Course::OutForGood;
    let removing = acting(&of(terminating()), 1, remove_records(), Because::Leaving { course });
    let suspending = HookStep::SuspendLaunch { group: id("web") };
    let suspending = acting(&of(launching()), 1, suspending, Because::LaunchesFail { abandoned: 3 });
    let pending = Outcome::Pending { change: "C2682N5HXP0BZ4".to_owned() };
    vec![
        incident(Hook, "outcome-done", ready().settle(at(2), Outcome::Done)),
        incident(Hook, "outcome-done-abandoned", abandoned().settle(at(2), Outcome::Done)),
        incident(Hook, "outcome-done-heartbeat", beat.settle(at(2), Outcome::Done)),
        incident(Hook, "outcome-pending", removing.settle(at(2), pending)),
        incident(Hook, "outcome-already-done", ready().settle(at(32), Outcome::AlreadyDone)),
        incident(Hook, "outcome-refused", ready().settle(at(2), refused())),
        incident(Hook, "outcome-refused-to-suspend", suspending.settle(at(2), refused())),
        incident(Hook, "outcome-lost", ready().settle(at(2), lost)),
        incident(
            Hook,
            "outcome-unknown",
            ready().settle(at(2), Outcome::Unknown { why: "no answer in time".to_owned() }),
        ),
    ]
}

fn holds() -> Vec<Sample> {
    let waits = |incident: &Incident, waits| decided(Hook, held(incident, 3, &Hold::Own(HoldReason::Hook(waits))));
    let named =
        |name: &str, of: &Incident, waits| incident(Hook, name, held(of, 3, &Hold::Own(HoldReason::Hook(waits))));
    let done = ready().settle(at(2), Outcome::Done);
    let nobody_of_ours = of(HookState { lost: 6, ..found() });
    let proceeds = || "Pending:Wait".to_owned();
    let unread = || "could not read the instance: Throttling: Rate exceeded".to_owned();
    let action = || launching().action();
    let settling = |step| Waits::Settling { step: Box::new(step) };
    let result = Some(ActionResult::Continue);
    let completes = HookStep::Complete { action: action(), result: ActionResult::Abandon };
    vec![
        waits(&of(launching()), Waits::Unseen { state: "Pending".to_owned() }),
        waits(&of(launching()), Waits::Evidence { missing: texts(&["tag ready: not set"]) }),
        waits(&of(terminating()), Waits::InUse { by: texts(&["draining in targetgroup/jobs/0123"]) }),
        waits(&of(launching()), Waits::Abandoning { others: vec![id("i-1a2b3c4d")] }),
        waits(&done, Waits::Others { result, state: proceeds() }),
        waits(&done, Waits::Unread { result, why: unread() }),
        waits(&of(launching()), settling(HookStep::Heartbeat { action: action() })),
        named("hold-hook-settling-complete", &abandoned(), settling(completes)),
        named("hold-hook-settling-deregister", &of(terminating()), settling(deregister())),
        named("hold-hook-held-by-others-alone", &nobody_of_ours, Waits::Others { result: None, state: proceeds() }),
        decided(
            Hook,
            held(
                &of(launching()),
                1,
                &Hold::OutOfDate {
                    why: "AWS took 12s to answer, and nothing is done on what is more than 10s old".to_owned(),
                },
            ),
        ),
        named("hold-hook-unread-and-lost", &nobody_of_ours, Waits::Unread { result: None, why: unread() }),
    ]
}

fn launches_fail(on_limit: OnLimit, launched_from: Option<&str>, undone: &[&str]) -> Page {
    let launched_from = launched_from.map(str::to_owned);
    let (group, hook, undone) = (id("web"), id("ready"), texts(undone));
    Page::Own(PageReason::LaunchesFail(LaunchesFail {
        group,
        hook,
        abandoned: 3,
        launched_from,
        on_limit,
        not_done: undone,
    }))
}

fn pages() -> Vec<Sample> {
    let done = abandoned().settle(at(2), Outcome::Done);
    let admits = launches_fail(OnLimit::Admit, Some("lt-0123456789abcdef0:7"), &[]);
    let undone = ["suspend Launch in group web: AccessDenied: User is not authorized to perform it"];
    let suspends = launches_fail(OnLimit::SuspendLaunch, None, &undone);
    let why = "AccessDenied: User is not authorized to perform it".to_owned();
    vec![
        decided(Hook, paged(&ready().settle(at(2), refused()), 3, &Page::Refused { why })),
        decided(Hook, paged(&done, 3, &admits)),
        incident(Hook, "page-launches-fail-though-suspended", paged(&done, 3, &suspends)),
    ]
}

fn closes() -> Vec<Sample> {
    let by_us = |(name, acts, result, because): (&str, Incident, ActionResult, Because)| {
        let how = Ended { result: Some(result), because: Some(because), left: None, not_done: Vec::new() };
        let done = acts.settle(at(2), Outcome::Done);
        incident(Hook, &format!("close-hook-{name}"), closed(&done, 32, &Close::Own(CloseReason::Hook(how))))
    };
    let (left, undone) = (Some("it is InService".to_owned()), texts(&["deregister: AccessDenied"]));
    let by_others = Close::Own(CloseReason::Hook(Ended { result: None, because: None, left, not_done: undone }));
    let mut samples: Vec<Sample> = completions().into_iter().map(by_us).collect();
    samples.push(incident(Hook, "close-hook-by-others", closed(&of(launching()), 32, &by_others)));
    samples
}

/// All that an incident keeps of its hook, and what people said.
fn particulars() -> Vec<Sample> {
    let done = abandoned().settle(at(2), Outcome::Done);
    let asked = paged(&done, 3, &launches_fail(OnLimit::Admit, None, &[]));
    let known = Acknowledgement { by: "ana".to_owned(), at: at(90), reason: "on it".to_owned() };
    let waits = Hold::Own(HoldReason::Hook(Waits::InUse { by: texts(&["tag busy is \"yes\""]) }));
    vec![
        incident(Hook, "kept-in-full", held(&of(in_full()), 3, &waits)),
        incident(Hook, "acknowledged", asked.clone().acknowledge(known)),
        incident(Hook, "reminded", asked.reminded(at(3_700), mins(60))),
        incident(Hook, "stuck", Incident { wakes: 3, stuck: Some(at(300)), overdue: Some(at(300)), ..done }),
        incident(Hook, "claimed-by-an-event-that-says-little", held(&of(claimed()), 3, &waits)),
    ]
}

/// What is kept for whoever looks back.
fn pasts() -> Vec<Sample> {
    let not_ready = Hold::Own(HoldReason::Hook(Waits::Evidence { missing: texts(&["tag ready: not set"]) }));
    let unread = Hold::Own(HoldReason::Hook(Waits::Unread { result: None, why: "Throttling".to_owned() }));
    let waited = held(&held(&of(launching()), 3, &not_ready), 33, &not_ready);
    let action = launching().action();
    let missing = texts(&["tag ready: not set"]);
    let because = Because::NotReady { missing, within: mins(5) };
    let max_abandoned = HookStep::Complete { action, result: ActionResult::Abandon };
    let done = acting(&waited, 303, max_abandoned, because.clone()).settle(at(304), Outcome::Done);
    let settling = Waits::Settling { step: Box::new(HookStep::Heartbeat { action: launching().action() }) };
    let settles = held(&done, 305, &Hold::Own(HoldReason::Hook(settling)));
    let ended = |result, because, left: Option<&str>| {
        let left = left.map(str::to_owned);
        Close::Own(CloseReason::Hook(Ended { result, because, left, not_done: Vec::new() }))
    };
    let by_us = ended(Some(ActionResult::Abandon), Some(because), None);
    let by_others = ended(None, None, Some("it is InService"));
    let asked = paged(&settles, 306, &launches_fail(OnLimit::Admit, None, &[]));
    vec![
        incident(Hook, "past-of-an-abandoned-launch", closed(&settles, 334, &by_us)),
        incident(Hook, "past-of-a-page", asked),
        incident(Hook, "past-of-an-unknown-end", closed(&held(&waited, 63, &unread), 93, &by_others)),
    ]
}
