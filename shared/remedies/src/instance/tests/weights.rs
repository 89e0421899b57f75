//! Groups that count weights, vCPUs or memory: more capacity than desired is normal, and a member is several units.

use super::*;
use crate::instance::memory::{Act, Memory};
use crate::instance::reasons::{GroupState, HoldReason, PageReason};
use crate::instance::whole_group;

/// Four of weight 2, eight desired.
fn weighted() -> Situation {
    each_of(&[2, 2, 2, 2], 8)
}

fn each_of(weights: &[u32], desired: u32) -> Situation {
    let mut it = situation();
    let numbered = || (1..).zip(weights);
    it.group().unit = Unit::Weights;
    it.group().desired = Units::new(desired);
    it.group().members = numbered().map(|(number, weight)| of_weight(number, *weight)).collect();
    for (number, _) in numbered() {
        it.target(number, Some(if number == 1 { sick() } else { TargetHealth::Healthy }));
        _ = it.seen.launches.known.insert(instance(number), at(0));
    }
    it
}

fn of_weight(number: u8, weight: u32) -> Member {
    Member { units: Some(Units::new(weight)), ..member(number) }
}

#[test]
fn a_member_of_two_units_is_not_one_of_eight() {
    assert!(weighted().is_acting(), "all the others are healthy: {}", weighted().decide());
    let mut it = weighted();
    it.target(3, Some(TargetHealth::Initial));
    let Hold::Budget { taken, slots, unit, .. } = it.held_because() else { panic!("{}", it.decide()) };
    assert_eq!((taken, slots, unit), (2, 1, Unit::Weights), "what is out counts with all its units");
    assert!(it.held_because().to_string().starts_with("2 of 1 units of capacity that may be out"));
}

#[test]
fn more_units_than_desired_are_no_room_and_no_shortage() {
    // 12 units where 10 are desired.
    let it = each_of(&[3, 3, 3, 3], 10);
    assert!(it.is_acting(), "{}", it.decide());
    let mut it = each_of(&[3, 3, 3, 3], 10);
    it.target(2, Some(TargetHealth::Initial));
    assert!(matches!(it.held_because(), Hold::Budget { taken: 3, .. }), "{}", it.decide());
}

#[test]
fn a_share_of_the_budget_is_not_overdrawn_by_a_large_member() {
    // A share of 20 % is 4 of 20 units.
    let mut it = each_of(&[3, 3, 2, 4, 4, 4, 1], 20);
    assert!(it.is_acting(), "{}", it.decide());
    it.target(3, Some(TargetHealth::Initial));
    assert!(matches!(it.held_because(), Hold::Budget { taken: 2, slots: 4, .. }), "2 + 3 are more: {}", it.decide());
    it.group().members[0].units = Some(Units::new(2));
    assert!(it.is_acting(), "2 + 2 are not: {}", it.decide());
}

#[test]
fn a_number_in_the_policy_is_one_of_instances() {
    let mut it = weighted();
    it.policy = policy::parse(
        "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\", \"target-health\"]\n\
         budget = 2\nmax-unhealthy = 2\n",
    )
    .unwrap();
    it.target(2, Some(sick()));
    it.target(3, Some(TargetHealth::Initial));
    assert!(it.is_acting(), "one is out, and two may be: {}", it.decide());
    it.target(4, Some(TargetHealth::Initial));
    assert!(matches!(it.held_because(), Hold::Budget { taken: 2, slots: 2, unit: Unit::Instances, .. }));
    it.target(3, Some(sick()));
    assert!(
        matches!(it.held_because(), Hold::Own(HoldReason::TooManyUnhealthy(Crowd { unhealthy: 3, most: 2, .. }))),
        "{}",
        it.decide()
    );
    let said = "3 instances (the desired capacity is 8 units of capacity) are unhealthy at once";
    assert!(it.held_because().to_string().starts_with(said), "{}", it.held_because());
}

#[test]
fn too_many_are_counted_with_all_their_units_and_one_alone_never_is() {
    let mut it = weighted();
    for number in 1..=3 {
        it.target(number, Some(sick()));
    }
    assert!(matches!(
        it.held_because(),
        Hold::Own(HoldReason::TooManyUnhealthy(Crowd { unhealthy: 6, most: 4, desired: 8, .. }))
    ));
    let it = each_of(&[6, 2], 8);
    assert!(it.is_acting(), "one of two is unhealthy, although it is most of the capacity: {}", it.decide());
}

#[test]
fn the_groups_incident_counts_units_too() {
    let mut it = weighted();
    for number in 1..=4 {
        it.target(number, Some(sick()));
    }
    let Decision::Page(page) = whole(&it) else { panic!("{:?}", whole(&it)) };
    assert!(page.to_string().starts_with("8 of 8 units of capacity are unhealthy at once"), "{page}");
}

#[test]
fn a_launch_that_failed_is_not_missed_where_all_units_are_in_service() {
    let mut it = weighted();
    let what = homeostat_core::signal::NoticeKind::LaunchFailed { why: "no Spot capacity".into() };
    let notice = Some(homeostat_core::signal::Notice { what, at: at(0), by: None });
    it.target(1, Some(TargetHealth::Healthy));
    it.incident.kind = InstanceKind::Group { group: "web".parse().unwrap(), notice, gone: Gone::default() };
    assert!(matches!(whole(&it), Decision::Close(_)), "nothing is missing: {}", whole(&it));
    it.group().members.pop();
    let Decision::Page(page) = whole(&it) else { panic!("{}", whole(&it)) };
    assert!(page.to_string().contains("6 of 8 units of capacity are in service"), "{page}");
}

fn whole(it: &Situation) -> Decision {
    let mut incident = it.incident.clone();
    if incident.kind.notice().is_none() {
        incident.kind = InstanceKind::Group { group: "web".parse().unwrap(), notice: None, gone: Gone::default() };
    }
    let later = at(1000) + SignedDuration::from_mins(30);
    whole_group::decide(later, &incident, &it.seen, &it.around, it.policy.instances.group(&"web".parse().unwrap()))
}

#[test]
fn recovered_is_as_much_healthy_capacity_as_is_desired() {
    let mut it = weighted();
    it.acted(Some(Outcome::Done));
    it.group().members.remove(0);
    it.target(1, None);
    let Hold::Own(HoldReason::Recovering { healthy, needed, unit, .. }) = it.held_because() else {
        panic!("{}", it.decide())
    };
    assert_eq!((healthy, needed, unit), (6, 8, Unit::Weights));
    // One smaller and one larger than what was taken out.
    for (number, weight) in [(5, 1), (6, 3)] {
        it.group().members.push(of_weight(number, weight));
        it.target(number, Some(TargetHealth::Healthy));
    }
    assert!(matches!(it.held_because(), Hold::Proving { .. }), "{}", it.decide());
}

#[test]
fn what_other_incidents_own_is_not_waited_for_by_its_units() {
    let mut it = weighted();
    it.acted(Some(Outcome::Done));
    it.replaced();
    it.group().members.last_mut().unwrap().units = Some(Units::new(2));
    it.target(2, Some(sick()));
    assert!(
        matches!(it.held_because(), Hold::Own(HoldReason::Recovering { healthy: 6, needed: 8, .. })),
        "{}",
        it.decide()
    );
    it.around.others_open.push(subject(2));
    assert!(matches!(it.held_because(), Hold::Proving { .. }), "{}", it.decide());
}

#[test]
fn a_slot_whose_instance_is_gone_counts_as_the_largest() {
    let mut it = each_of(&[2, 2, 2, 4, 4, 4, 2, 4, 4, 4, 4, 4], 40);
    assert!(it.is_acting(), "{}", it.decide());
    it.around.limits.slots.holders.insert(subject(99), at(1));
    it.around.limits.slots.holders.insert(subject(98), at(1));
    assert!(matches!(it.held_because(), Hold::Budget { taken: 8, slots: 8, .. }), "{}", it.decide());
}

#[test]
fn acts_within_the_cooldown_count_as_the_largest() {
    let mut it = each_of(&[2, 2, 2, 4], 10);
    it.around.limits.memory = Memory::default().acted(Act::on_the_sick(at(900), subject(99)));
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::Cooldown { acts: 1, .. })), "{}", it.decide());
}

#[test]
fn capacity_that_is_not_shown_is_never_guessed_and_a_person_is_asked() {
    let unknown = |it: &mut Situation| it.group().members[2].units = None;
    let mut it = weighted();
    unknown(&mut it);
    assert!(
        matches!(
            it.held_because(),
            Hold::Own(HoldReason::GroupState(GroupState::Uncounted { unit: Unit::Weights, .. }))
        ),
        "{}",
        it.decide()
    );
    it.incident = it.incident.hold(it.now, it.now, &it.held_because());
    it.now += SignedDuration::from_hours(1);
    let Decision::Page(page @ Page::Waited { .. }) = it.decide() else { panic!("{}", it.decide()) };
    assert!(page.to_string().contains("i-00000000000000003"), "{page}");
    // After an act, too.
    let mut it = weighted();
    it.acted(Some(Outcome::Done));
    it.replaced();
    unknown(&mut it);
    it.target(5, Some(TargetHealth::Initial));
    assert!(
        matches!(it.held_because(), Hold::Own(HoldReason::GroupState(GroupState::Uncounted { .. }))),
        "{}",
        it.decide()
    );
    it.now += SignedDuration::from_mins(15);
    assert!(matches!(it.decide(), Decision::Page(Page::NotRecovered { .. })), "{}", it.decide());
    // All that is there is healthy: more can't be told, and nothing else would ever end it.
    it.target(5, Some(TargetHealth::Healthy));
    let Decision::Hold { until, because: because @ Hold::Proving { .. } } = it.decide() else {
        panic!("{}", it.decide())
    };
    it.incident = it.incident.hold(it.now, until, &because);
    it.now = until;
    let Decision::Close(Close::NothingWrong { why }) = it.decide() else { panic!("{}", it.decide()) };
    assert!(why.contains("no more can be told"), "{why}");
}

#[test]
fn too_many_are_seen_where_the_capacity_is_not_shown() {
    let mut it = weighted();
    it.group().unit = Unit::Mebibytes;
    it.group().desired = Units::new(65536);
    for number in 1..=4 {
        it.target(number, Some(sick()));
        it.group().members[usize::from(number) - 1].units = None;
    }
    let Decision::Page(page) = whole(&it) else { panic!("{}", whole(&it)) };
    assert!(page.to_string().starts_with("4 instances (the desired capacity is 65536 MiB of memory)"), "{page}");
}

#[test]
fn what_left_by_itself_is_paged_in_time_although_nothing_can_be_counted() {
    let mut it = weighted();
    it.incident = it.incident.hold(it.now, it.now, &Hold::InFlight);
    it.group().members[0].lifecycle = Lifecycle("Terminating".into());
    it.group().members[2].units = None;
    let because = it.held_because();
    it.incident = it.incident.hold(it.now, it.now, &because);
    it.now += SignedDuration::from_mins(15);
    assert!(matches!(it.decide(), Decision::Page(Page::Own(PageReason::GroupStalled { .. }))), "{}", it.decide());
}
