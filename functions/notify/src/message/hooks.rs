use homeostat_core::aws::lifecycle::{ActionResult, Course, LifecycleEvent, Terms, Transition};
use homeostat_core::incident::Acknowledgement;
use homeostat_core::ports::Outcome;
use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::hook::policy::OnLimit;
use homeostat_remedies::hook::reasons::{
    Because, Close, CloseReason, Decision, Ended, Evidence, Hold, HoldReason, HookStep, Incident, LaunchesFail, Limit,
    Page, PageReason, Step, Waits,
};
use homeostat_remedies::hook::state::HookState;
use jiff::{SignedDuration, Timestamp};

use crate::message::{Message, about};
use crate::news::made;

const SUBJECT: &str = "eu-west-1#hook#web:ready:i-0123456789abcdef0";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(in crate::message) fn kept(transition: Transition, default: ActionResult) -> HookState {
    let told = LifecycleEvent {
        group: "web".parse().unwrap(),
        hook: "ready".parse().unwrap(),
        instance: "i-0123456789abcdef0".parse().unwrap(),
        token: "87654321-4321-4321-4321-210987654321".parse().unwrap(),
        at: at(0),
        transition,
        origin: None,
        course: None,
    };
    let (timeout, global) = (SignedDuration::from_secs(300), SignedDuration::from_secs(30_000));
    HookState {
        terms: Some(Terms { timeout, global, default, transition }),
        launched_from: Some("lt-1:7".into()),
        heartbeats: 3,
        ..HookState::told(&told)
    }
}

pub(in crate::message) fn launching() -> HookState {
    kept(Transition::Launching, ActionResult::Continue)
}

pub(in crate::message) fn leaving() -> HookState {
    kept(Transition::Terminating, ActionResult::Continue)
}

pub(in crate::message) fn held(kept: HookState) -> Incident {
    Incident::new(SUBJECT.parse().unwrap(), HookKind::Hook(Box::new(kept)), at(0), at(0))
}

fn completed(kept: HookState, result: ActionResult, because: &Because, outcome: Outcome) -> Incident {
    let step = Step::Hook(Box::new(HookStep::Complete { action: kept.action(), result }));
    let decision = Decision::Act { step: step.clone(), because: vec![Evidence::Hook(because.clone())] };
    held(kept).intend(at(600), &step, &decision).settle(at(601), outcome)
}

pub(in crate::message) fn ended(kept: HookState, result: ActionResult, because: Because) -> Incident {
    let undone = kept.not_done.clone();
    let incident = completed(kept, result, &because, Outcome::Done);
    let ended = Ended { result: Some(result), because: Some(because), left: None, not_done: undone };
    incident.close(at(602), &Close::Own(CloseReason::Hook(ended)))
}

pub(in crate::message) fn not_ready() -> Because {
    let missing = vec!["tag app:ready: not set".to_owned(), "EC2's status checks: initializing".to_owned()];
    Because::NotReady { missing, within: SignedDuration::from_mins(10) }
}

fn told(incident: &Incident) -> Message {
    let message = about(&made::decided(incident.clone()), "homeostat");
    assert!(message.subject.len() < 100 && message.subject.is_ascii(), "{}", message.subject);
    message
}

fn says(body: &str, words: &[&str]) {
    for word in words {
        assert!(body.contains(word), "{word}: {body}");
    }
}

fn never_says(body: &str, words: &[&str]) {
    for word in words {
        assert!(!body.contains(word), "{word}: {body}");
    }
}

fn fail(on_limit: OnLimit) -> Page {
    let (group, hook) = ("web".parse().unwrap(), "ready".parse().unwrap());
    Page::Own(PageReason::LaunchesFail(LaunchesFail {
        group,
        hook,
        abandoned: 3,
        launched_from: Some("lt-1:7".into()),
        on_limit,
        not_done: Vec::new(),
    }))
}

/// The launch that filled the measure.
pub(in crate::message) fn failing(kept: HookState, on_limit: OnLimit) -> Incident {
    completed(kept, ActionResult::Abandon, &not_ready(), Outcome::Done).page(at(602), at(900), &fail(on_limit))
}

const SUSPENDED: &str = "The group: its process Launch is SUSPENDED";
const RESUME: &str = "aws autoscaling resume-processes --auto-scaling-group-name web --scaling-processes Launch";

#[test]
fn an_abandoned_launch_says_what_was_missing_and_what_the_group_does_next() {
    let part_of = Some("eu-west-1#instance#i-00000000000000001".parse().unwrap());
    let Message { subject, body, .. } =
        told(&ended(HookState { part_of, ..launching() }, ActionResult::Abandon, not_ready()));
    assert_eq!(subject, "Homeostat: NEEDS YOU: launch abandoned: i-0123456789abcdef0 into web");
    says(
        &body,
        &[
            "it was not ready within 10m: tag app:ready: not set and EC2's status checks: initializing.",
            "Held since 2027-01-15T08:00:00Z by hook ready, with 3 heartbeat(s).\nHeld for: 10m 1s.",
            "Launched from: lt-1:7.",
            "Part of: the replacement of i-00000000000000001",
            "homeostat status",
            "launches another",
            "homeostat pause group#web --reason … (its hooks are then completed with CONTINUE at once",
        ],
    );
    never_says(&body, &["Time to mitigate", "Time to recover", "recovered", "still in use"]);
}

#[test]
fn what_left_in_use_names_it_and_promises_nothing_more() {
    let waiting = vec!["tag app:busy is \"7\"".to_owned()];
    for (limit, said) in [
        (Limit::Policy { within: SignedDuration::from_mins(15) }, "raise the hook's timeout in the policy"),
        (Limit::Global, "heartbeat timeout"),
        (Limit::Timeout, "no heartbeat came through"),
        (Limit::Spot { interrupted_at: at(480) }, "two minutes"),
    ] {
        let because = Because::OutOfTime { limit, waiting: waiting.clone() };
        let Message { subject, body, .. } = told(&ended(leaving(), ActionResult::Continue, because));
        assert_eq!(subject, "Homeostat: left in use: i-0123456789abcdef0 of web");
        says(
            &body,
            &["still in use: tag app:busy is \"7\".", "have that done again", said, "Auto Scaling terminates it"],
        );
        never_says(&body, &["launches another", "To stop it", "NEEDS YOU"]);
    }
}

#[test]
fn what_stays_registered_by_the_address_of_a_machine_that_is_gone_is_named() {
    let because = Because::MachineGone { registered: vec!["10.0.0.7 in targetgroup/jobs/1".into()] };
    let Message { subject, body, .. } = told(&ended(leaving(), ActionResult::Continue, because));
    assert_eq!(subject, "Homeostat: left registered: i-0123456789abcdef0 of web");
    says(&body, &["its machine is gone", "10.0.0.7 in targetgroup/jobs/1", "deregister it"]);
    never_says(&body, &["still in use", "NEEDS YOU"]);
}

#[test]
fn what_goes_back_to_the_pool_is_never_said_to_be_terminated() {
    let because = Because::OutOfTime { limit: Limit::Global, waiting: vec!["x".into()] };
    let kept = HookState { course: Some(Course::BackToPool), ..leaving() };
    let body = told(&ended(kept, ActionResult::Continue, because)).body;
    assert!(body.contains("back into the warm pool") && !body.contains("terminates"), "{body}");
}

#[test]
fn an_admission_without_proof_is_never_called_ready() {
    let because = Because::Unjudged { why: vec!["could not read the instance: no answer".into()] };
    let Message { subject, body, .. } = told(&ended(launching(), ActionResult::Continue, because));
    assert_eq!(subject, "Homeostat: admitted unproven: i-0123456789abcdef0 into web");
    says(&body, &["without proof that it is ready", "could not read the instance: no answer", "log of lifecycle-hook"]);
    never_says(&body, &["abandoned", "it is ready:"]);
}

#[test]
fn what_was_left_undone_is_told_whatever_the_end() {
    let undone = vec!["deregister i-0123456789abcdef0 from targetgroup/jobs/1: AccessDenied: no".to_owned()];
    let kept = || HookState { not_done: undone.clone(), ..leaving() };
    let drained = told(&ended(kept(), ActionResult::Continue, Because::Drained));
    assert_eq!(drained.subject, "Homeostat: left undone: i-0123456789abcdef0 of web");
    let because = Because::OutOfTime { limit: Limit::Global, waiting: vec!["x".into()] };
    for message in [drained, told(&ended(kept(), ActionResult::Continue, because))] {
        says(
            &message.body,
            &["Left undone: deregister", "AccessDenied: no", "homeostat:managed=true", "HookRecordNames"],
        );
    }
}

#[test]
fn failing_launches_say_how_the_group_is_left_and_what_to_do() {
    let Message { subject, body, .. } = told(&failing(launching(), OnLimit::Admit));
    assert_eq!(subject, "Homeostat: NEEDS YOU: 3 launches in a row abandoned in web");
    says(
        &body,
        &[
            "Homeostat needs you: what group web launches is never ready.",
            "3 launches in a row were abandoned, all launched from lt-1:7",
            "comes into service UNPROVEN",
            "homeostat ack group#web --reason …",
            "homeostat pause group#web --reason …",
        ],
    );
    never_says(&body, &[RESUME, SUSPENDED, "which hook ready holds."]);
    let body = told(&failing(launching(), OnLimit::SuspendLaunch)).body;
    says(&body, &[SUSPENDED, RESUME]);
    never_says(&body, &["UNPROVEN"]);
}

#[test]
fn a_suspension_that_was_refused_is_never_called_done() {
    let undone = vec!["suspend Launch in group web: AccessDenied: no".to_owned()];
    let kept = HookState { not_done: undone, ..launching() };
    let paged = failing(kept, OnLimit::SuspendLaunch);
    let body = told(&paged).body;
    says(
        &body,
        &["is NOT, as far as is known: suspend Launch in group web: AccessDenied: no", "comes into service UNPROVEN"],
    );
    never_says(&body, &[SUSPENDED, RESUME]);
    let over = paged.close(
        at(999),
        &Close::Own(CloseReason::Hook(Ended { result: None, because: None, left: None, not_done: Vec::new() })),
    );
    never_says(&told(&over).body, &[RESUME]);
}

#[test]
fn a_reminder_of_failing_launches_says_that_it_is_one() {
    let paged = failing(launching(), OnLimit::SuspendLaunch);
    let held = paged.hold(at(700), at(760), &Hold::Own(HoldReason::Hook(Waits::Unseen { state: "Pending".into() })));
    for again in [paged, held] {
        let Message { subject, body, .. } = told(&again.reminded(at(9999), SignedDuration::from_mins(30)));
        assert_eq!(subject, "Homeostat: STILL NEEDS YOU: 3 launches in a row abandoned in web");
        assert!(body.starts_with("Reminder 1: Homeostat still needs you: what group web launches is never ready."));
        says(&body, &[RESUME, "homeostat ack hook#web:ready:i-0123456789abcdef0"]);
    }
}

#[test]
fn the_end_of_failing_launches_claims_no_cause_and_recalls_what_stays_suspended() {
    let word = Acknowledgement { by: "ana".into(), at: at(700), reason: "new image".into() };
    let end = |on_limit| {
        let ended = Ended { result: Some(ActionResult::Abandon), because: None, left: None, not_done: Vec::new() };
        told(
            &failing(launching(), on_limit)
                .acknowledge(word.clone())
                .close(at(800), &Close::Own(CloseReason::Hook(ended))),
        )
    };
    let Message { subject, body, .. } = end(OnLimit::SuspendLaunch);
    assert_eq!(subject, "Homeostat: over: abandoned launches in web");
    says(&body, &["ana said: new image.", RESUME, "never resumes it"]);
    never_says(&body, &["NEEDS YOU", "To stop it", "is fixed"]);
    never_says(&end(OnLimit::Admit).body, &[RESUME]);
}

pub(in crate::message) fn refused(kept: HookState) -> Incident {
    let why = "AccessDenied: not authorized".to_owned();
    let tried = completed(kept, ActionResult::Continue, &Because::Drained, Outcome::Refused { why: why.clone() });
    tried.page(at(602), at(900), &Page::Refused { why })
}

#[test]
fn a_refusal_says_which_call_and_what_happens_by_itself() {
    let Message { subject, body, .. } = told(&refused(kept(Transition::Launching, ActionResult::Abandon)));
    assert!(subject.starts_with("Homeostat: NEEDS YOU: i-0123456789abcdef0 of web, held by hook ready"), "{subject}");
    says(
        &body,
        &[
            "Why: AWS refused the call: AccessDenied: not authorized.",
            "The call: complete hook ready of group web, which holds i-0123456789abcdef0, with CONTINUE.",
            "the hook ends at about 2027-01-15T08:05:00Z",
            "its default result, ABANDON: the instance is terminated, and another is launched.",
            "homeostat:managed=true",
            "complete-lifecycle-action --auto-scaling-group-name web --lifecycle-hook-name ready --instance-id i-0123456789abcdef0 \
             --lifecycle-action-result CONTINUE (or ABANDON",
        ],
    );
    never_says(&body, &["homeostat pause"]);
    let unknown = told(&refused(HookState { terms: None, last_heartbeat: None, ..leaving() })).body;
    says(&unknown, &["the hook ends when its timeout is over, with its default result, which could not be read."]);
    never_says(&unknown, &["ABANDON"]);
}

#[test]
fn the_end_of_what_was_told_is_told_in_plain_words() {
    let ended = Ended { result: None, because: None, left: Some("it is InService".into()), not_done: Vec::new() };
    let Message { subject, body, .. } =
        told(&refused(launching()).close(at(999), &Close::Own(CloseReason::Hook(ended))));
    assert!(subject.starts_with("Homeostat: closed: i-0123456789abcdef0 of web"), "{subject}");
    says(&body, &["it waits no more: it is InService."]);
    never_says(&body, &["abandoned", "recovered"]);
}

#[test]
fn the_sweeps_findings_say_what_happens_to_who_is_held_and_how_to_let_go() {
    for news in [made::stuck(held(launching())), made::overdue(held(launching()))] {
        let Message { subject, body, .. } = about(&news, "homeostat");
        assert!(subject.contains("NEEDS YOU") && subject.contains("i-0123456789abcdef0 of web"), "{subject}");
        says(
            &body,
            &["CONTINUE: the instance comes into service, unproven", "aws autoscaling complete-lifecycle-action"],
        );
        never_says(&body, &["budget", "heal the group"]);
    }
    let body = about(&made::stuck(failing(launching(), OnLimit::Admit)), "homeostat").body;
    says(&body, &["is not held any more"]);
    never_says(&body, &["complete-lifecycle-action", "By itself"]);
}

#[test]
fn a_hostile_name_stays_one_word_of_a_command_and_one_line_of_a_subject() {
    let group = "wéb; reboot ☃".repeat(15);
    let kept = HookState { group: group.parse().unwrap(), hook: "h".repeat(255).parse().unwrap(), ..launching() };
    for incident in [
        failing(kept.clone(), OnLimit::SuspendLaunch),
        refused(kept.clone()),
        ended(kept, ActionResult::Abandon, not_ready()),
    ] {
        let body = told(&incident).body;
        assert!(body.contains(&format!("'group#{group}'")) || body.contains(&format!("name '{group}'")), "{body}");
        never_says(&body, &["group-name wéb", "pause group#wéb", "ack group#wéb"]);
    }
}
