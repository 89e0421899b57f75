//! A thousand launches at once, with five invocations at a time as the template has it: how many calls each costs, how late each is
//! let into service, and how many calls EC2 sees in a second.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use expect_test::expect;
use homeostat_core::ports::Clock;
use homeostat_remedies::hook::kind::HookKind;
use scenarios::HookStory;
use scenarios::simulator::gated::{Answer, Call, Gate, Passage};
use world::{ActionEnd, ActionResult, Pace, VirtualClock};

use super::site::*;

const LAUNCHES: u32 = 1000;
/// `MaximumConcurrency` of the queue in template.yaml.
const AT_A_TIME: i32 = 5;

/// Calls by second since noon, and by what they are.
type Counts = Arc<Mutex<BTreeMap<(i64, &'static str), u32>>>;

#[derive(Clone)]
struct Counting {
    clock: VirtualClock,
    counts: Counts,
}

impl Gate for Counting {
    async fn before(&self, call: Call<'_>) -> Passage {
        let what = match call {
            Call::Read { what } => what,
            Call::Write { .. } => "write",
            Call::Wake { .. } => "wake-up",
            Call::Hook { .. } => "hook",
            Call::Postpone { .. }
            | Call::Mark
            | Call::Resync
            | Call::Send { .. }
            | Call::Effect { .. }
            | Call::Shift { .. } => "other",
        };
        let second = self.clock.now().duration_since(noon()).as_secs();
        *self.counts.lock().unwrap().entry((second, what)).or_default() += 1;
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

/// Virtual time goes on one call after another: with a fifth of the time for each, as many get done as by five at a time.
fn thousand() -> HookStory {
    let pace = Pace { call: Pace::aws().call / AT_A_TIME, ..Pace::aws() };
    let (world, jobs) = world_at(pace, 4, minutes(5));
    let policy = policy_of(&jobs, LAUNCH, LEAVE);
    HookStory::new(world, policy)
}

/// EC2 gives 100 calls of an action that describes, and 20 more each second (EC2 Developer Guide, "Request throttling for the Amazon
/// EC2 API"): how many were left when it was fewest.
fn least_left(counts: &BTreeMap<(i64, &'static str), u32>, what: &'static str) -> i64 {
    let seconds: Vec<i64> = counts.keys().map(|(second, _)| *second).collect();
    let (mut bucket, mut least) = (100_i64, 100);
    for second in *seconds.first().unwrap()..=*seconds.last().unwrap() {
        bucket = (bucket + 20).min(100) - i64::from(counts.get(&(second, what)).copied().unwrap_or_default());
        least = least.min(bucket);
    }
    least
}

#[test]
fn a_thousand_launches_at_once_cost_a_bounded_number_of_calls_each_and_each_is_let_in_soon() {
    let mut story = thousand();
    let counts = Counts::default();
    story.put_behind(Counting { clock: story.cloud.clock().clone(), counts: counts.clone() });
    story.cloud.with(|world| world.set_desired_capacity(&web(), LAUNCHES + 4)).unwrap();
    let took = until_whole(&mut story, LAUNCHES as usize + 4, minutes(30));

    let late: Vec<i64> = actions(&story)
        .iter()
        .map(|action| {
            assert_eq!(action.ended_by, ActionEnd::Completed(ActionResult::Continue));
            let ready = story.cloud.with(|world| world.instance(&action.instance).unwrap().launched_at) + secs(120);
            action.ended_at.duration_since(ready).as_secs()
        })
        .collect();
    let counts = counts.lock().unwrap();
    let total: u32 = counts.values().sum();
    let mut seconds: BTreeMap<i64, u32> = BTreeMap::new();
    for ((second, _), count) in counts.iter() {
        *seconds.entry(*second).or_default() += count;
    }
    let most = seconds.values().max().unwrap();
    let (first, last) = (late.iter().min().unwrap(), late.iter().max().unwrap());
    let each = |count: u32| format!("{:.1}", f64::from(count) / f64::from(LAUNCHES));
    let mut table = format!("all in service after {} s\nCONTINUE {first} to {last} s after ready\n", took.as_secs());
    writeln!(table, "calls in the busiest second: {most}\ncalls for each: {}", each(total)).unwrap();
    for what in ["read an instance", "read machines", "read details", "read targets", "hook", "write", "wake-up"] {
        let of: u32 = counts.iter().filter(|((_, kind), _)| *kind == what).map(|(_, count)| count).sum();
        writeln!(table, "  {what}: {}", each(of)).unwrap();
    }
    expect![[r#"
        all in service after 299 s
        CONTINUE 0 to 142 s after ready
        calls in the busiest second: 143
        calls for each: 36.3
          read an instance: 4.5
          read machines: 4.5
          read details: 4.5
          read targets: 4.5
          hook: 1.0
          write: 4.7
          wake-up: 1.7
    "#]]
    .assert_eq(&table);
    assert!(total < LAUNCHES * 60, "{total}");
    assert!(*last < 180, "{last} s late");
    for what in ["read machines", "read details"] {
        let left = least_left(&counts, what);
        assert!(left > 0, "{what}: EC2 would have throttled {left}");
    }
    assert_eq!(story.ledger.open::<HookKind>(), []);
}
