//! A resync of more groups than can be read at once: slice after slice, within AWS's rates, and nothing is left out.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use homeostat_core::aws::rates::{Api, Share};
use homeostat_core::id::{GroupName, InstanceId};
use homeostat_core::ports::{Clock, Ledger};
use homeostat_core::resync::Resync;
use homeostat_lambda::Failure;
use homeostat_remedies::policy;
use jiff::{SignedDuration, Timestamp};
use scenarios::FleetStory;
use scenarios::simulator::gated::{Answer, Call, Gate, Passage};
use serde_json::{Value, json};
use world::{Another, App, Demo, VirtualClock};

use super::crashing::crash;
use super::fleet::{minutes, noon};
use super::gates::When;

fn name(number: usize) -> GroupName {
    format!("svc-{number:03}").parse().unwrap()
}

/// So many groups of two instances each behind a target group of its own, whose health alone is evidence.
fn services(count: usize) -> FleetStory {
    services_without(count, &[])
}

/// The same, but these of the policy's groups don't exist.
fn services_without(count: usize, missing: &[usize]) -> FleetStory {
    let another = |number| Another { name: name(number), instances: 2, maintenance: None };
    let demo = Demo {
        group: name(0),
        target_group: "svc-000".into(),
        instances: 2,
        more: (1..count).filter(|number| !missing.contains(number)).map(another).collect(),
        ..Demo::new().unwrap()
    };
    let group =
        |number| format!("[[replace-instance.group]]\nname = \"{}\"\nevidence = [\"target-health\"]\n", name(number));
    // What many of them depend on may fail, and all may be out at once.
    let all = "[replace-instance]\nat-once = \"100%\"\nper-hour = \"100%\"\n";
    let groups = (0..count).map(group).collect::<String>() + all;
    let mut story =
        FleetStory::of_demo(demo, policy::parse(&format!("schema = 1\nmode = \"act\"\n{groups}")).unwrap(), noon())
            .unwrap();
    // What no event tells is to be found.
    story.deliveries = 0;
    story
}

/// The same behind so many target groups each.
fn services_behind(count: usize, target_groups: usize) -> FleetStory {
    let story = services(count);
    story.cloud.with(|world| {
        for number in 0..count {
            let more =
                (1..target_groups).map(|nth| world.add_target_group(&format!("svc-{number}-{nth}"), 8080).unwrap());
            let more: Vec<_> = more.collect();
            world.attach_target_groups(&name(number), &more).unwrap();
        }
    });
    story.cloud.pass(minutes(5));
    story
}

/// The names that each slice read, in order.
fn read(story: &FleetStory) -> Vec<Vec<String>> {
    let of = |answer: &Value| {
        let names = answer["looked_at"].as_array()?.iter().map(|name| name.as_str().unwrap().to_owned());
        Some(names.collect())
    };
    story.answers.iter().filter_map(|answer| of(answer.as_ref().unwrap())).collect()
}

fn resync(story: &mut FleetStory) -> Result<Value, Failure> {
    story.deliver(json!({ "homeostat": "resync" }))
}

fn progress(story: &FleetStory) -> Resync {
    story.ledger.resync("replace-instance").now_or_never().unwrap().unwrap()
}

fn break_one_of(story: &FleetStory, number: usize) -> InstanceId {
    let victim = story.in_service(&name(number))[0].clone();
    story.cloud.with(|world| world.break_app(&victim, App::Dead)).unwrap();
    victim
}

fn is_gone(story: &FleetStory, victim: &InstanceId) -> bool {
    !story.in_service(&name(story_group(story, victim))).contains(victim)
}

fn story_group(story: &FleetStory, victim: &InstanceId) -> usize {
    story.cloud.with(|world| {
        let group = world.instance(victim).map(|it| it.group.as_str().to_owned());
        group.and_then(|group| group.strip_prefix("svc-")?.parse().ok()).unwrap_or_default()
    })
}

#[test]
fn each_slice_wakes_the_next_until_every_group_was_read_once() {
    let mut story = services(75);
    let first = resync(&mut story).unwrap();
    assert!(first["left"].as_u64().unwrap() > 0, "{first}");
    story.pass(minutes(2));
    let (slices, expected): (_, Vec<String>) = (read(&story), (0..75).map(|number| name(number).to_string()).collect());
    assert!(slices.len() > 1, "{slices:?}");
    assert_eq!(slices.concat(), expected);
    assert_eq!(story.answers.last().unwrap().as_ref().unwrap().get("left"), None);
    let Resync { began_at, after, until, again, unread, .. } = progress(&story);
    assert_eq!((began_at, after, until, again.len(), unread.len()), (None, None, None, 0, 0));
}

#[test]
fn a_policy_that_is_read_at_once_stores_nothing_of_a_resync() {
    let mut story = services(8);
    resync(&mut story).unwrap();
    assert_eq!((progress(&story), read(&story).len()), (Resync::default(), 1));
}

/// What AWS doesn't show is read in no time: it must not carry the cursor past those that there is no room for.
#[test]
fn a_group_that_does_not_exist_keeps_no_other_from_being_read() {
    for missing in [1, 8, 9, 12, 19] {
        let mut story = services_without(20, &[missing]);
        resync(&mut story).unwrap();
        story.pass(minutes(2));
        let expected: Vec<String> =
            (0..20).filter(|number| *number != missing).map(|it| name(it).to_string()).collect();
        assert_eq!(read(&story).concat(), expected, "without {missing}");
    }
}

/// Behind so many target groups that AWS's rates have no room for all of them at once.
#[test]
fn what_a_resync_of_few_groups_has_no_room_for_is_read_in_the_next_slice() {
    let mut story = services_behind(8, 4);
    let victim = break_one_of(&story, 7);
    story.cloud.pass(minutes(2));
    let first = resync(&mut story).unwrap();
    story.resyncs = false;
    assert!(first["left"].as_u64().unwrap() > 0 && first["looked_at"].as_array().unwrap().len() > 1, "{first}");
    story.pass(minutes(3));
    assert_eq!(read(&story).concat(), (0..8).map(|number| name(number).to_string()).collect::<Vec<_>>());
    assert!(is_gone(&story, &victim));
}

/// The schedule comes round before all of it is read.
#[test]
fn a_resync_of_few_groups_that_takes_long_goes_on_where_it_was() {
    let mut story = services_behind(6, 80);
    story.pass(minutes(25));
    let read: BTreeSet<String> = read(&story).concat().into_iter().collect();
    assert_eq!(read.len(), 6, "{read:?}");
    let reported = unread(&story);
    assert!(!reported.iter().any(|why| why.contains("is not over")), "{reported:?}");
}

/// What many groups have wrong is looked at within AWS's rates, whether an event told of it or not.
#[test]
fn what_a_slice_finds_in_many_groups_is_marked_and_looked_at_once_for_each() {
    let mut story = services(12);
    let victims: Vec<InstanceId> = (0..8).map(|number| break_one_of(&story, number)).collect();
    story.cloud.pass(minutes(2));
    let answer = resync(&mut story).unwrap();
    let marked: BTreeSet<&str> = answer["marked"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let groups: Vec<String> = (0..8).map(|number| format!("group#{}", name(number))).collect();
    assert_eq!(marked, groups.iter().map(String::as_str).collect(), "{answer}");
    assert_eq!(answer["found"], json!([]), "none is looked at on the spot");
    assert!(!victims.iter().any(|victim| is_gone(&story, victim)));
    story.pass(minutes(1));
    assert!(victims.iter().all(|victim| is_gone(&story, victim)), "{:?}", story.answers.last());
}

#[test]
fn what_is_wrong_in_the_last_group_is_found_within_one_resync() {
    let mut story = services(60);
    story.pass(minutes(6));
    let victim = break_one_of(&story, 59);
    story.pass(minutes(9));
    assert!(is_gone(&story, &victim));
}

/// The function dies right before, and right after, each call of a slice that finds something.
#[test]
fn after_a_crash_at_any_call_of_a_slice_the_schedules_alone_find_all() {
    let begin = || {
        let story = services(12);
        let victims = [break_one_of(&story, 3), break_one_of(&story, 11)];
        story.cloud.pass(minutes(3));
        (story, victims)
    };
    let event = json!({ "homeostat": "resync" });
    let calls = crash(&begin().0, &event, u32::MAX, When::Before).1;
    assert!(calls > 50, "{calls}");
    for nth in (1..=calls).step_by(3) {
        for when in [When::Before, When::After] {
            let (mut story, victims) = begin();
            assert!(crash(&story, &event, nth, when).0, "{when:?} {nth}");
            story.pass(minutes(14));
            for victim in &victims {
                assert!(is_gone(&story, victim), "{when:?} call {nth} of {calls}: {victim}");
            }
        }
    }
}

#[test]
fn a_second_message_reads_nothing_while_a_slice_is_being_read_and_begins_nothing_after_the_last() {
    let mut story = services(12);
    let slice = Resync::default().claimed(story.now(), false).unwrap();
    story.ledger.write_resync("replace-instance", &slice).now_or_never().unwrap().unwrap();
    for message in ["resync", "continue-resync"] {
        let answer = story.deliver(json!({ "homeostat": message })).unwrap();
        assert_eq!(answer["ignored"], "another slice of the resync is being read");
    }
    story.pass(minutes(2));
    resync(&mut story).unwrap();
    story.pass(minutes(1));
    let answer = story.deliver(json!({ "homeostat": "continue-resync" })).unwrap();
    assert_eq!(answer["ignored"], "no resync is under way that could be continued");
}

/// Counts calls by kind and second, and while `fails` is on refuses those of one kind.
#[derive(Clone)]
struct Refusing {
    what: &'static str,
    fails: Arc<AtomicBool>,
    clock: VirtualClock,
    calls: Arc<Mutex<Vec<(&'static str, Timestamp)>>>,
}

impl Refusing {
    fn of(story: &FleetStory, what: &'static str) -> Self {
        Refusing { what, fails: Arc::default(), clock: story.cloud.clock().clone(), calls: Arc::default() }
    }

    fn times(&self, what: &str) -> Vec<Timestamp> {
        self.calls.lock().unwrap().iter().filter(|(kind, _)| *kind == what).map(|(_, at)| *at).collect()
    }
}

impl Gate for Refusing {
    async fn before(&self, call: Call<'_>) -> Passage {
        let Call::Read { what } = call else { return Passage::Open };
        self.calls.lock().unwrap().push((what, self.clock.now()));
        if what == self.what && self.fails.load(Ordering::Relaxed) { Passage::Lost } else { Passage::Open }
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

#[test]
fn no_resync_takes_more_than_its_share_of_aws_s_rates() {
    let mut story = services(120);
    let gate = Refusing::of(&story, "nothing");
    story.put_behind(gate.clone());
    story.pass(minutes(18));
    for (what, api) in [
        ("read targets", Api::LoadBalancing),
        ("read launches", Api::AutoScaling),
        ("read machines", Api::InstanceStatus),
    ] {
        let (times, burst, interval) = (gate.times(what), Share::Resync.burst(api), Share::Resync.interval(api));
        assert!(times.len() >= 360, "{what}: {}", times.len());
        for (nth, first) in times.iter().enumerate() {
            let within =
                |seconds: i64| times[nth..].iter().filter(|at| at.duration_since(*first).as_secs() < seconds).count();
            for seconds in [1, 10, 60] {
                // A wave is let go at once when the bucket has enough for it.
                let most = f64::from(burst) + seconds as f64 / interval.as_secs_f64() + 10.0;
                assert!(within(seconds) as f64 <= most, "{what}: {} in {seconds} s", within(seconds));
            }
        }
    }
}

#[test]
fn groups_that_cannot_be_read_are_no_failure_until_no_resync_could_read_them_for_a_quarter_of_an_hour() {
    let mut story = services(12);
    let gate = Refusing::of(&story, "read targets");
    gate.fails.store(true, Ordering::Relaxed);
    story.put_behind(gate.clone());
    story.pass(minutes(14));
    assert_eq!(unread(&story), [] as [String; 0]);
    story.pass(minutes(12));
    let reported = unread(&story);
    for number in 0..12 {
        let of_group = format!("{}: no resync could read it since 2026-03-01T12:0", name(number));
        assert!(reported.iter().any(|why| why.starts_with(&of_group)), "{of_group} {reported:?}");
    }
    gate.fails.store(false, Ordering::Relaxed);
    story.pass(minutes(11));
    story.answers.clear();
    story.pass(minutes(11));
    assert_eq!(unread(&story), [] as [String; 0], "they are read by now");
    assert_eq!(progress(&story).unread.len(), 0);
}

/// What the function printed of groups that no resync reads, and that it was no failure of an invocation.
fn unread(story: &FleetStory) -> Vec<String> {
    let answers = story.answers.iter().map(|answer| answer.as_ref().unwrap());
    let of = |answer: &Value| answer["records"].as_array().cloned().unwrap_or_else(|| vec![answer.clone()]);
    let lists = answers.flat_map(of).filter_map(|answer| answer["unread"].as_array().cloned());
    lists.flatten().map(|why| why.as_str().unwrap().to_owned()).collect()
}

/// A hiccup of AWS's is nobody's failure, and a slice begins again in the same place.
#[test]
fn where_nothing_can_be_read_the_third_slice_in_a_row_fails_and_says_why() {
    let mut story = services(12);
    let gate = Refusing::of(&story, "read groups");
    gate.fails.store(true, Ordering::Relaxed);
    story.put_behind(gate.clone());
    assert!(resync(&mut story).is_ok());
    story.pass(SignedDuration::from_secs(25));
    assert!(story.answers.last().unwrap().is_ok());
    story.pass(SignedDuration::from_secs(25));
    let failed = story.answers.last().unwrap().as_ref().unwrap_err();
    assert!(failed.to_string().contains("read groups"), "{failed}");
    gate.fails.store(false, Ordering::Relaxed);
    story.answers.clear();
    story.pass(minutes(5));
    let all: BTreeSet<String> = read(&story).concat().into_iter().collect();
    assert_eq!(all.len(), 12);
}
