//! What comes twice, late, not at all, or not in its turn; and a Homeostat that is switched off.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use homeostat_core::aws::lifecycle;
use homeostat_core::ports::Pause;
use homeostat_remedies::hook::kind::HookKind;
use scenarios::HookStory;
use scenarios::simulator::gated::{Answer, Call, Gate, HookCall, Passage};
use world::{ActionBy, ActionEnd, ActionResult, Flaw, LifecycleState, LifecycleTransition, MemoryLedger};

use super::site::*;

#[test]
fn an_event_delivered_thrice_completes_its_hook_once() {
    let mut story = site(4);
    story.deliveries = 3;
    let victim = story.in_service(&web()).remove(0);
    terminate(&story, &victim);
    story.pass(minutes(20));
    until_whole(&mut story, 4, minutes(1));
    assert_eq!((ended(&story, ActionResult::Continue), actions(&story).len()), (2, 2));
    assert_eq!((story.ledger.open::<HookKind>().len(), story.ledger.closed::<HookKind>().len()), (0, 2));
}

#[test]
fn events_that_never_come_are_made_good_by_the_resync() {
    let mut story = site_with(4, minutes(15), LAUNCH, LEAVE);
    story.deliveries = 0;
    let victim = story.in_service(&web()).remove(0);
    terminate(&story, &victim);
    story.pass(minutes(30));
    until_whole(&mut story, 4, minutes(1));
    assert_eq!((ended(&story, ActionResult::Continue), timed_out(&story)), (2, 0));
}

/// The oldest event first, the newest first, and all once more an hour later: nothing but the first of each does anything.
#[test]
fn events_out_of_turn_do_nothing_a_second_time() {
    let mut story = site(4);
    let victim = story.in_service(&web()).remove(0);
    terminate(&story, &victim);
    story.pass(minutes(20));
    let (before, closed) = (actions(&story), story.ledger.closed::<HookKind>().len());
    let mut events = story.delivered.clone();
    events.reverse();
    story.pass(minutes(60));
    for event in events {
        let answer = story.deliver(event).unwrap();
        assert!(answer.get("ignored").is_some(), "{answer}");
    }
    story.pass(minutes(10));
    assert_eq!((actions(&story), story.ledger.closed::<HookKind>().len()), (before, closed));
}

#[test]
fn under_a_pause_nothing_is_held_and_nothing_is_drained() {
    let mut story = site(4);
    story.ledger.add_pause(pause_of_the_group(&story));
    let victim = story.in_service(&web()).remove(0);
    terminate(&story, &victim);
    story.pass(minutes(8));
    until_whole(&mut story, 4, secs(1));
    let held: Vec<i64> =
        actions(&story).iter().map(|action| action.ended_at.duration_since(action.started_at).as_secs()).collect();
    assert!(held.len() == 2 && held.iter().all(|seconds| *seconds < 2), "{held:?}");
    let jobs = story
        .cloud
        .with(|world| world.target_groups().find(|group| group.name == "jobs").unwrap().targets.contains_key(&victim));
    assert!(jobs, "hands off: it is still registered where Auto Scaling does not look");
}

fn pause_of_the_group(story: &HookStory) -> Pause {
    let until = story.now() + minutes(60);
    Pause { scope: "group#web".into(), by: "ana".into(), reason: "migration".into(), until }
}

/// Counts the writes up to the first ABANDON, and has somebody pause the group right before one of them.
#[derive(Clone)]
struct PausesBefore {
    write: Option<u32>,
    ledger: MemoryLedger,
    pause: Pause,
    writes: Arc<AtomicU32>,
    intended: Arc<AtomicU32>,
}

impl PausesBefore {
    fn write(write: Option<u32>, story: &HookStory) -> Self {
        let (ledger, pause) = (story.ledger.clone(), pause_of_the_group(story));
        PausesBefore { write, ledger, pause, writes: Arc::default(), intended: Arc::default() }
    }
}

impl Gate for PausesBefore {
    async fn before(&self, call: Call<'_>) -> Passage {
        match call {
            Call::Write { .. } => {
                let write = self.writes.fetch_add(1, Ordering::Relaxed) + 1;
                if self.write == Some(write) {
                    self.ledger.add_pause(self.pause.clone());
                }
            }
            Call::Hook { what: HookCall::Complete(lifecycle::ActionResult::Abandon), .. } => {
                let write = self.writes.load(Ordering::Relaxed);
                _ = self.intended.compare_exchange(0, write, Ordering::Relaxed, Ordering::Relaxed);
            }
            _ => {}
        }
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

/// The pause is read before the decision, and written between that and the intent.
#[test]
fn a_launch_should_not_be_abandoned_under_a_pause_that_came_while_it_was_judged() {
    let story_of = |write| {
        let mut story = site_with(4, minutes(15), &format!("{LAUNCH}timeout = \"4m\"\n"), LEAVE);
        story.cloud.with(|world| world.break_version(&web(), 2, Flaw::NeverAnswers));
        story.cloud.with(|world| world.roll_out(&web(), 2)).unwrap();
        let gate = PausesBefore::write(write, &story);
        story.put_behind(gate.clone());
        let victim = story.in_service(&web()).remove(0);
        terminate(&story, &victim);
        story.pass(minutes(14));
        (story, gate.intended.load(Ordering::Relaxed))
    };
    let (story, intended) = story_of(None);
    assert!(intended > 2 && ended(&story, ActionResult::Abandon) > 0, "{intended}");
    let (story, abandoned) = story_of(Some(intended));
    assert_eq!((abandoned, ended(&story, ActionResult::Abandon)), (0, 0));
    assert!(story.in_service(&web()).len() == 4, "let go with CONTINUE, as under any pause");
}

/// What happens by itself: each launch waits for its hook's whole timeout, and then comes into service.
#[test]
fn switched_off_the_group_still_scales_as_late_as_the_hooks_timeout() {
    let mut on = site(4);
    let mut off = site(4);
    off.is_on = false;
    let grow = |story: &mut HookStory| {
        story.cloud.with(|world| world.set_desired_capacity(&web(), 6)).unwrap();
        until_whole(story, 6, minutes(20))
    };
    let (with, without) = (grow(&mut on), grow(&mut off));
    assert!(with < minutes(4) && without > minutes(5) && without < minutes(6), "{with} {without}");
    assert_eq!((timed_out(&on), timed_out(&off)), (0, 2));
}

#[test]
fn an_instance_that_somebody_else_abandons_leaves_nothing_open() {
    let mut story = site(4);
    story.cloud.with(|world| world.set_desired_capacity(&web(), 5)).unwrap();
    story.pass(secs(30));
    let group = web();
    let held = story.cloud.with(|world| {
        let mut members = world.members(&group);
        members.find(|member| member.lifecycle == LifecycleState::PendingWait).unwrap().id.clone()
    });
    let done = story.cloud.with(|world| {
        world.complete_lifecycle_action(&web(), "ready", ActionBy::Instance(held), ActionResult::Abandon)
    });
    done.unwrap();
    story.pass(minutes(20));
    until_whole(&mut story, 5, secs(1));
    assert_eq!(story.ledger.open::<HookKind>(), []);
    assert!(actions(&story).iter().any(|action| action.ended_by != ActionEnd::Completed(ActionResult::Continue)));
}

/// A hook of somebody else holds the same instance for two hours. Each instance is one incident, and the end is told as it was.
#[test]
fn what_another_hook_holds_for_hours_is_completed_once_and_found_no_second_time() {
    for transition in [LifecycleTransition::Launching, LifecycleTransition::Terminating] {
        let mut story = site(4);
        let theirs = hook("somebody-elses", transition, minutes(120));
        story.cloud.with(|world| world.update_group(&web(), |settings| settings.hooks.push(theirs))).unwrap();
        let victim = story.in_service(&web()).remove(0);
        terminate(&story, &victim);
        story.pass(minutes(115));
        let closed = story.ledger.closed::<HookKind>();
        let in_all = closed.len() + story.ledger.open::<HookKind>().len();
        assert!(in_all <= 2, "{transition:?}: {in_all} incidents of one launch and one termination");
        story.pass(minutes(30));
        until_whole(&mut story, 4, minutes(1));
        assert_eq!(
            (story.ledger.closed::<HookKind>().len(), story.ledger.open::<HookKind>().len()),
            (2, 0),
            "{transition:?}"
        );
        for incident in story.ledger.closed::<HookKind>() {
            let said = incident.decision.map(|decision| decision.to_string()).unwrap_or_default();
            assert!(said.contains("completed with CONTINUE, because"), "{transition:?}: {said}");
            assert_eq!(incident.notify_seq, 0, "{transition:?}");
        }
        assert_eq!(ended(&story, ActionResult::Continue), 2, "{transition:?}");
    }
}
