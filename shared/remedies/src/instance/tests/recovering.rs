//! When an incident is over, when it is late, and what is done about a group that is gone.

use super::*;

#[test]
fn recovery_is_neither_the_terminated_instance_nor_the_running_replacement_but_a_whole_group() {
    let mut it = situation();
    it.acted(Some(Outcome::Done));
    it.group().members[0].lifecycle = Lifecycle("Terminating".into());
    assert_eq!(
        it.held_because(),
        Hold::Own(HoldReason::Recovering { healthy: 3, needed: 4, unit: Unit::Instances, held: Vec::new() })
    );
    it.replaced();
    it.target(5, Some(TargetHealth::Initial));
    assert_eq!(
        it.held_because(),
        Hold::Own(HoldReason::Recovering { healthy: 3, needed: 4, unit: Unit::Instances, held: Vec::new() })
    );
    it.target(5, Some(TargetHealth::Healthy));
    assert!(matches!(it.held_because(), Hold::Proving { .. }));
}

#[test]
fn a_recovered_group_is_closed_only_after_the_dwell_time() {
    let mut it = situation();
    it.acted(Some(Outcome::Done));
    it.replaced();
    let Decision::Hold { until, because: because @ Hold::Proving { .. } } = it.decide() else {
        panic!("{:?}", it.decide())
    };
    assert_eq!(until, at(1000) + SignedDuration::from_mins(2));
    it.incident = it.incident.hold(it.now, until, &because);
    it.now = until;
    assert_eq!(it.decide(), Decision::Close(Close::Recovered));
}

#[test]
fn other_incidents_of_the_group_are_not_waited_for() {
    let mut it = situation();
    it.acted(Some(Outcome::Done));
    it.replaced();
    it.target(2, Some(sick()));
    assert_eq!(
        it.held_because(),
        Hold::Own(HoldReason::Recovering { healthy: 3, needed: 4, unit: Unit::Instances, held: Vec::new() })
    );
    it.around.others_open.push(subject(2));
    assert!(matches!(it.held_because(), Hold::Proving { .. }));
}

#[test]
fn past_its_deadline_it_pages_and_stays_open() {
    let mut it = situation();
    it.acted(Some(Outcome::Done));
    it.group().members.remove(0);
    it.now = at(1000) + SignedDuration::from_mins(15);
    let Decision::Page(Page::NotRecovered { why, .. }) = it.decide() else { panic!("{:?}", it.decide()) };
    assert!(why.contains("3 of 4"), "{why}");
}

#[test]
fn a_group_that_vanished_or_left_the_policy_is_never_acted_on() {
    let mut it = situation();
    it.seen.group = None;
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::GroupMissing { .. })));
    let mut it = situation();
    it.policy = policy::parse(
        "schema = 1\n[[replace-instance.group]]\nname = \"other\"\nevidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\n",
    )
    .unwrap();
    assert!(matches!(it.decide(), Decision::Page(Page::Own(PageReason::NotInPolicy { .. }))));
}

#[test]
fn whatever_holds_an_incident_that_acted_it_is_paged_in_time_and_never_acts_past_that() {
    let holds: [fn(&mut Situation); 3] = [
        |it| it.alarm().state = AlarmState::InsufficientData,
        |it| it.group().members[0].lifecycle = Lifecycle("Standby".into()),
        |_| {},
    ];
    for hold in holds {
        let mut it = situation();
        it.acted(None);
        hold(&mut it);
        it.now += SignedDuration::from_mins(15);
        let Decision::Page(because @ Page::NotRecovered { .. }) = it.decide() else { panic!("{:?}", it.decide()) };
        it.incident = it.incident.page(it.now, it.now, &because);
        it.now += SignedDuration::from_mins(15);
        assert!(!it.is_acting(), "{:?}", it.decide());
    }
}

#[test]
fn a_group_that_is_gone_is_believed_to_be_so_after_the_dwell_time() {
    let mut it = situation();
    it.acted(Some(Outcome::Done));
    it.seen.group = None;
    it.incident = it.incident.hold(it.now, it.now, &it.held_because());
    it.now += SignedDuration::from_secs(119);
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::GroupMissing { .. })));
    it.now += SignedDuration::from_secs(1);
    assert!(matches!(it.decide(), Decision::Close(Close::NothingWrong { .. })), "{:?}", it.decide());
}

#[test]
fn an_incident_whose_group_is_back_in_the_policy_is_healed_after_all() {
    let mut it = situation();
    let because = Page::Own(PageReason::NotInPolicy { group: "web".parse().unwrap() });
    it.incident = it.incident.page(it.now, it.now, &because);
    assert!(it.is_acting(), "{:?}", it.decide());
}

#[test]
fn a_dwell_time_of_nothing_still_leaves_a_time_to_recover() {
    let mut it = situation();
    it.acted(Some(Outcome::Done));
    let closed = it.incident.close(at(1060), &Close::Recovered);
    assert_eq!(closed.time_to_recover(), Some(SignedDuration::from_secs(70)));
}
