//! Groups of thousands: what is remembered and told of them is bounded, and means the same as in a group of four.

use homeostat_core::aws::fleet::{Checks, Machine};
use homeostat_core::memory::Remembered;
use homeostat_core::size;

use super::*;
use crate::instance::memory::{Act, EarlierActs, Memory};

fn numbered(number: u32) -> Subject {
    format!("ap-southeast-1#instance#i-{number:017x}").parse().unwrap()
}

/// The usual situation in a group of so many, under a cooldown of two hours.
fn group_of(members: u32) -> Situation {
    let mut it = situation();
    it.policy("evidence = [\"alarm\", \"target-health\"]\ncooldown = \"2h\"\nbreaker-within = \"2h\"");
    it.group().desired = Units::new(members);
    let others = (5..=members).map(|number| Member { id: numbered(number).instance().unwrap(), ..member(0) });
    it.group().members.extend(others);
    let ids: Vec<InstanceId> = it.group().members.iter().map(|member| member.id.clone()).collect();
    let targets = it.seen.targets.values_mut().next().unwrap();
    for id in ids.into_iter().skip(4) {
        targets.insert(id, TargetHealth::Healthy);
    }
    it
}

/// So many replaced, one a second, who have given their slots back.
fn after(acts: u32, first: i64) -> Memory {
    (0..acts).fold(Memory::default(), |memory, number| {
        let act = Act::on_the_sick(at(first + i64::from(number)), numbered(1_000_000 + number));
        memory.acted(act).since(at(first + i64::from(number)) - SignedDuration::from_hours(2))
    })
}

#[test]
fn no_more_than_the_budget_are_replaced_within_a_cooldown_however_large_the_group_is() {
    for members in [1_000, 4_000] {
        let mut it = group_of(members);
        let budget = members / 5;
        let first = 900 - i64::from(budget);
        it.around.limits.memory = after(budget - 1, first);
        assert!(it.is_acting(), "{members}: one of the budget is left: {}", it.decide());
        it.around.limits.memory = after(budget, first);
        let Hold::Own(HoldReason::Cooldown { acts, until, .. }) = it.held_because() else { panic!("{}", it.decide()) };
        assert_eq!((acts, until), (budget, at(first + 7_200)), "{members}");
        it.now = until - SignedDuration::from_secs(1);
        it.incident.unhealthy_since = Some(it.now);
        assert!(!it.is_acting(), "{members}");
        it.now = until;
        assert!(it.is_acting(), "{members}: {}", it.decide());
    }
}

#[test]
fn acts_that_only_their_number_is_kept_of_are_warm_until_the_last_of_them_is_not() {
    let mut it = group_of(4_000);
    it.around.limits.memory.earlier = Some(EarlierActs { acts: 800, first: at(-7_000), last: at(-6_000) });
    it.now = at(1_199);
    it.incident.unhealthy_since = Some(it.now);
    let Hold::Own(HoldReason::Cooldown { acts: 800, until, .. }) = it.held_because() else { panic!("{}", it.decide()) };
    assert_eq!(until, at(1_200));
    it.now = until;
    assert!(it.is_acting(), "{}", it.decide());
}

#[test]
fn a_memory_of_the_largest_group_stays_below_half_of_an_item() {
    let busy = after(2_500, 0);
    let sources = (0..40).map(|number| format!("lt-0123456789abcde{number:02}:$Latest"));
    let source = homeostat_core::aws::source::Source::of(sources);
    let failed = (0..500).fold(busy, |memory, number| memory.failed(at(number.into()), &numbered(number), &source));
    let taken = size::of(&failed.over(&Memory::default()));
    assert!(taken < size::ENOUGH, "{taken} bytes");
}

#[test]
fn who_waits_for_a_budget_of_hundreds_names_a_few_holders_and_counts_the_rest() {
    let mut it = group_of(4_000);
    it.around.limits.slots.holders = (0..800).map(|number| (numbered(2_000_000 + number), at(900))).collect();
    let because = it.held_because();
    let Hold::Budget { holders, more, taken, .. } = &because else { panic!("{because}") };
    assert_eq!((holders.len(), *more, *taken), (5, 795, 800));
    assert!(because.to_string().ends_with("and 795 more)"), "{because}");
    let taken = size::of(&it.incident.hold(it.now, it.now, &because));
    assert!(taken < 4_000, "{taken} bytes");
}

#[test]
fn no_budget_is_so_large_that_its_slots_outgrow_their_item() {
    let mut it = group_of(4_000);
    it.policy("evidence = [\"alarm\", \"target-health\"]\nbudget = \"100%\"\nmax-unhealthy = \"100%\"");
    let holders = |count: u32| (0..count).map(|number| (numbered(2_000_000 + number), at(900))).collect();
    it.around.limits.slots.holders = holders(2_499);
    assert!(it.is_acting(), "{}", it.decide());
    it.around.limits.slots.holders = holders(2_500);
    assert!(matches!(it.held_because(), Hold::Budget { .. }), "{}", it.decide());
    let taken = size::of(&it.around.limits.slots);
    assert!(taken < size::ENOUGH, "{taken} bytes");
}

#[test]
fn a_relapse_is_known_by_what_ec2_says_where_the_groups_record_of_the_launch_was_not_read() {
    let mut it = group_of(1_000);
    it.policy("evidence = [\"alarm\", \"target-health\"]\nbreaker = 1\ncooldown = \"1s\"");
    it.around.limits.memory = after(1, 400);
    let machine = |started| Machine {
        state: "running".into(),
        checks: Checks::Passed,
        started_at: Some(at(started)),
        ends_at: None,
    };
    it.seen.launches.known.clear();
    for (others_before, started, relapsed) in
        [(Some(at(650)), 500, true), (Some(at(650)), 300, false), (None, 500, false)]
    {
        it.seen.launches.others_before = others_before;
        it.seen.machines = [(instance(1), machine(started))].into();
        let pages = matches!(it.decide(), Decision::Page(Page::Own(PageReason::ReplacementsFail { .. })));
        assert_eq!(pages, relapsed, "{others_before:?}, {started}: {}", it.decide());
    }
}
