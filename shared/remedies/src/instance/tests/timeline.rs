use jiff::SignedDuration;
use serde_json::json;

use crate::instance::kind::InstanceKind;
use crate::instance::reasons::{
    Close, CloseReason, Crowd, Decision, GroupState, Hold, HoldReason, Incident, Page, PageReason, Step,
};
use homeostat_core::aws::units::Unit;
use homeostat_core::incident::Alarms;
use homeostat_core::incident::Gone;
use homeostat_core::incident::Month;
use homeostat_core::incident::Verdict;
use homeostat_core::incident::{Acknowledgement, Actor, HoldEnd, Timeline};
use homeostat_core::ports::Outcome;
use jiff::Timestamp;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn of(kind: &str, name: &str) -> Incident {
    let (group, gone) = ("web".parse().unwrap(), Gone::default());
    let kind_ = match kind {
        "instance" => InstanceKind::Instance { group, alarms: Alarms::default(), notice: None, gone },
        _ => InstanceKind::Group { group, notice: None, gone },
    };
    Incident::new(format!("eu-west-1#{kind}#{name}").parse().unwrap(), kind_, at(-30), at(0))
}

fn instance() -> Incident {
    of("instance", "i-0123456789abcdef0")
}

fn unhealthy() -> Incident {
    instance().judged(at(1), Verdict::Unhealthy)
}

fn acting(incident: &Incident, second: i64) -> Incident {
    let step = Step::Replace { group: "web".parse().unwrap(), instance: "i-0123456789abcdef0".parse().unwrap() };
    incident.intend(at(second), &step, &Decision::Act { step: step.clone(), because: Vec::new() })
}

fn held(incident: &Incident, second: i64, because: &Hold) -> Incident {
    incident.hold(at(second), at(second + 30), because)
}

fn protected() -> Hold {
    Hold::Own(HoldReason::Protected)
}

fn budget() -> Hold {
    Hold::Budget { taken: 1, slots: 1, unit: Unit::Instances, holders: Vec::new(), more: 0 }
}

fn short() -> Hold {
    Hold::Own(HoldReason::Recovering { healthy: 3, needed: 4, unit: Unit::Instances, held: Vec::new() })
}

fn marked() -> Hold {
    Hold::Own(HoldReason::GroupReplaces { why: "Auto Scaling has marked it as unhealthy".into() })
}

fn crowd() -> Crowd {
    let (unit, desired_unit) = (Unit::Instances, Unit::Instances);
    Crowd { unhealthy: 3, most: 2, unit, desired: 4, desired_unit }
}

fn refused() -> Page {
    Page::Refused { why: "AccessDenied".into() }
}

fn well() -> Close {
    Close::NothingWrong { why: "its target is healthy".into() }
}

fn word(by: &str, second: i64) -> Acknowledgement {
    Acknowledgement { by: by.into(), at: at(second), reason: "on it".into() }
}

/// Each hold with how often it was looked at and for how long, in seconds.
fn periods(incident: &Incident) -> Vec<(&str, u32, i64)> {
    let holds = incident.timeline.holds.iter();
    holds.map(|hold| (hold.reason.as_str(), hold.looks, hold.until.duration_since(hold.since).as_secs())).collect()
}

fn ends(incident: &Incident) -> Vec<Option<HoldEnd>> {
    incident.timeline.holds.iter().map(|hold| hold.ended.clone()).collect()
}

#[test]
fn it_is_detected_at_the_first_look_that_proves_it_and_nothing_takes_that_back() {
    let suspected = held(&instance().judged(at(1), Verdict::Suspected), 1, &protected());
    assert_eq!(suspected.timeline.detected_at, None, "some of the evidence can't tell");
    let proven = held(&suspected.judged(at(31), Verdict::Unhealthy), 31, &protected());
    assert_eq!(proven.time_to_detect(), Some(SignedDuration::from_secs(61)));
    let healthy = held(&proven.judged(at(61), Verdict::Healthy), 61, &protected());
    let relapsed = held(&healthy.judged(at(91), Verdict::Unhealthy), 91, &protected());
    assert_eq!((relapsed.timeline.detected_at, relapsed.unhealthy_since), (Some(at(31)), Some(at(91))));
}

#[test]
fn a_group_gives_no_verdict_and_is_detected_by_what_becomes_of_it() {
    let group = of("group", "web");
    let parked = GroupState::Parked { suspended: "all processes".into(), instances: 2 };
    let parked = held(&group, 1, &Hold::Own(HoldReason::GroupState(parked)));
    assert_eq!(parked.timeline.detected_at, None, "somebody wants it so");
    let paged = group.page(at(1), at(99), &Page::Own(PageReason::TooManyUnhealthy(crowd())));
    assert_eq!((paged.timeline.detected_at, paged.timeline.whole), (Some(at(1)), None));
}

#[test]
fn who_mitigated_is_what_the_incident_learned_and_no_guess() {
    let tried = |outcome| acting(&unhealthy(), 1).settle(at(2), outcome).timeline.mitigated_by;
    assert_eq!(tried(Outcome::Done), Some(Actor::Homeostat));
    assert_eq!(tried(Outcome::AlreadyDone), Some(Actor::Unknown), "by an earlier try, or by somebody else");
    assert_eq!(tried(Outcome::Unknown { why: "cut".into() }), None);
    let by_the_group = held(&held(&unhealthy(), 1, &marked()), 31, &short());
    assert_eq!((by_the_group.mitigated_at, by_the_group.timeline.mitigated_by), (Some(at(31)), Some(Actor::Aws)));
    let gone = held(&held(&unhealthy(), 1, &protected()), 31, &short());
    assert_eq!((gone.mitigated_at, gone.timeline.mitigated_by), (Some(at(31)), Some(Actor::Unknown)));
    let nothing = held(&unhealthy(), 1, &protected()).close(at(31), &well());
    assert_eq!((nothing.mitigated_at, nothing.timeline.mitigated_by), (None, None));
}

#[test]
fn the_first_page_and_the_first_answer_survive_the_next_page() {
    let asked = unhealthy().page(at(10), at(99), &refused()).acknowledge(word("ana", 70));
    let again = asked.page(at(100), at(199), &Page::Own(PageReason::NotInPolicy { group: "web".parse().unwrap() }));
    assert_eq!(
        (again.acknowledged.as_ref(), again.paged_at),
        (None, Some(at(100))),
        "another page wants another answer"
    );
    let closed = again.acknowledge(word("bo", 130)).close(at(160), &well());
    assert_eq!(closed.timeline.acknowledged, Some(word("ana", 70)));
    assert_eq!(closed.time_to_acknowledge(), Some(SignedDuration::from_secs(60)));
    let early = unhealthy().acknowledge(word("ana", 5)).page(at(10), at(99), &refused());
    assert_eq!(early.time_to_acknowledge(), Some(SignedDuration::ZERO), "answered before anybody was asked");
}

#[test]
fn a_look_that_repeats_a_hold_adds_nothing_to_the_item() {
    let once = held(&unhealthy(), 1, &budget());
    let often = (2..500).fold(once.clone(), |incident, look| held(&incident, look * 30, &budget()));
    assert_eq!(periods(&often), [("budget", 499, 499 * 30 - 1)]);
    let size = |incident: &Incident| serde_json::to_string(&incident.timeline).unwrap().len();
    assert!(size(&often) <= size(&once) + 4, "{} and {}", size(&often), size(&once));
}

#[test]
fn each_hold_says_how_it_ended() {
    let held_twice = held(&held(&held(&unhealthy(), 1, &protected()), 31, &protected()), 61, &budget());
    let healed = held(&acting(&held_twice, 91).settle(at(92), Outcome::Done), 122, &short());
    let proven = held(&healed, 152, &Hold::Proving { since: at(152) });
    let closed = proven.close(at(452), &Close::Recovered);
    assert_eq!(periods(&closed), [("protected", 2, 60), ("budget", 1, 30), ("recovering", 1, 30), ("proving", 1, 300)]);
    let replaced = |by: &str| Some(HoldEnd::Replaced { by: by.into() });
    let recovered = HoldEnd::Closed { close: "recovered".into(), by: Actor::Homeostat };
    assert_eq!(ends(&closed), [replaced("budget"), Some(HoldEnd::Acted), replaced("proving"), Some(recovered)]);
    let paged = held(&unhealthy(), 1, &protected()).page(at(1_801), at(1_900), &refused());
    assert_eq!(ends(&paged), [Some(HoldEnd::Paged { page: "refused".into() })]);
    let left = held(&held(&unhealthy(), 1, &marked()), 31, &short());
    let left = left.close(at(331), &Close::Own(CloseReason::LeftByItself));
    let by_the_group = HoldEnd::Closed { close: "left-by-itself".into(), by: Actor::Aws };
    assert_eq!(ends(&left), [replaced("recovering"), Some(by_the_group)]);
    let well_again = HoldEnd::Closed { close: "nothing-wrong".into(), by: Actor::Unknown };
    assert_eq!(ends(&held(&unhealthy(), 1, &protected()).close(at(31), &well())), [Some(well_again)]);
}

#[test]
fn the_newest_holds_are_kept_and_of_the_others_their_number() {
    let turns = [protected(), budget()];
    let incident = (0..75_i64)
        .zip(turns.iter().cycle())
        .fold(unhealthy(), |incident, (look, because)| held(&incident, look * 30, because));
    assert_eq!((incident.timeline.holds.len(), incident.timeline.holds_dropped), (30, 45));
    let last = incident.timeline.holds.last().unwrap();
    assert_eq!((last.reason.as_str(), last.since, &last.ended), ("protected", at(74 * 30), &None));
    assert!(serde_json::to_string(&incident.timeline).unwrap().len() < 8_000);
}

#[test]
fn a_member_belongs_to_the_whole_whose_page_counts_it() {
    let whole = Some("eu-west-1#group#web".parse().unwrap());
    let unchecked = GroupState::Unchecked { group: "web".parse().unwrap(), instances: Vec::new() };
    for because in [HoldReason::TooManyUnhealthy(crowd()), HoldReason::GroupState(unchecked)] {
        let counted = held(&unhealthy(), 1, &Hold::Own(because.clone()));
        let alone = held(&counted, 31, &protected()).close(at(61), &well());
        assert_eq!(alone.timeline.whole, whole, "{because}");
    }
    assert_eq!(held(&unhealthy(), 1, &budget()).timeline.whole, None);
}

#[test]
fn only_a_closed_incident_is_in_the_index_of_a_month() {
    let open = held(&unhealthy(), 1, &protected()).page(at(31), at(99), &refused()).acknowledge(word("ana", 70));
    assert_eq!(open.closed_month, None);
    assert_eq!(open.close(at(99), &well()).closed_month, Some(Month::of(at(99))));
}

#[test]
fn what_another_version_wrote_of_the_past_keeps_nobody_from_being_healed() {
    let incident = held(&unhealthy(), 1, &protected());
    let mut stored = serde_json::to_value(&incident).unwrap();
    stored["timeline"]["holds"][0]["ended"] = json!({ "foreseen": {} });
    let read: Incident = serde_json::from_value(stored).unwrap();
    assert_eq!(read, Incident { timeline: Timeline::default(), ..incident });
}

#[test]
fn what_an_older_version_went_on_with_keeps_the_earliest_that_is_still_known() {
    let asked = acting(&unhealthy(), 1).settle(at(2), Outcome::Done).page(at(10), at(99), &refused());
    let stripped = Incident { timeline: Timeline::default(), ..asked.acknowledge(word("ana", 70)) };
    let Timeline { detected_at, mitigated_by, paged_at, acknowledged, .. } = held(&stripped, 100, &short()).timeline;
    assert_eq!((detected_at, paged_at, acknowledged), (Some(at(1)), Some(at(10)), Some(word("ana", 70))));
    assert_eq!(mitigated_by, None, "it is not known any more");
}
