use homeostat_core::aws::record::{RecordKey, RecordSet, Routing};
use homeostat_core::aws::share::Share;
use homeostat_core::aws::source::Source;
use homeostat_core::aws::units::Unit;
use homeostat_core::id::{HostedZoneId, SetIdentifier};
use homeostat_core::incident::{Gone, Incident};
use homeostat_core::ports::Outcome;
use homeostat_remedies::hosted_zone::generation::Generation;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::hosted_zone::reasons::{Awaits, Decision, Hold, HoldReason, Incident as OfZone, Step, Waiting};
use homeostat_remedies::hosted_zone::shift::{Move, Shift};
use homeostat_remedies::hosted_zone::state::ZoneState;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{Crowd, Page as Asked, PageReason};
use homeostat_remedies::{hook, hosted_zone, instance};

use super::*;

fn shown(status: &Status) -> String {
    let mut page = Page::default();
    status.print(&mut page);
    page.finish()
}

#[test]
fn a_quiet_night_is_two_lines() {
    let status = Status {
        place: "stack homeostat in eu-west-1".into(),
        at: Timestamp::UNIX_EPOCH,
        open: vec![],
        pauses: vec![],
        budget: None,
        groups: vec![],
        zones: vec![],
        remarks: vec![],
    };
    assert_eq!(shown(&status), "stack homeostat in eu-west-1: nothing is open\n\nnothing is paused\n");
}

#[test]
fn what_is_used_of_the_budget_of_all_groups_is_a_line_and_only_if_it_is() {
    let at = Timestamp::from_second(1_800_000_000).unwrap();
    let purchase = homeostat_core::budget::Purchase {
        scope: "group#web".parse().unwrap(),
        service: "shop".to_owned(),
        cost: Thousandths::of_group(1, 4),
        bounds: homeostat_core::budget::Bounds::default(),
    };
    assert!(SharedUse::of(&SharedBudget::default(), at).is_none());
    let subject = "eu-west-1#instance#i-0123456789abcdef0".parse().unwrap();
    let taken = SharedBudget::default().taken_by(at, &subject, &purchase);
    let status = Status {
        place: "stack homeostat in eu-west-1".into(),
        at,
        open: vec![],
        pauses: vec![],
        budget: SharedUse::of(&taken, at),
        groups: vec![],
        zones: vec![],
        remarks: vec![],
    };
    let said = "\n\nbudget of all groups: 0.25 groups out, 0.25 replaced within an hour\n";
    assert!(shown(&status).ends_with(said), "{}", shown(&status));
}

#[test]
fn what_waits_for_a_person_says_how_to_answer_whatever_it_is_called() {
    let at = Timestamp::from_second(1_800_000_000).unwrap();
    let name: GroupName = "web\u{202e}; reboot ".repeat(14).parse().unwrap();
    let subject = Subject::of_group("eu-west-1".parse().unwrap(), &name);
    let incident = Incident::new(
        subject.clone(),
        InstanceKind::Group { group: name.clone(), notice: None, gone: Gone::default() },
        at,
        at,
    );
    let (unit, desired_unit) = (Unit::Instances, Unit::Instances);
    let crowd = Crowd { unhealthy: 3, most: 2, unit, desired: 4, desired_unit };
    let asked = incident.page(at, at, &Asked::Own(PageReason::TooManyUnhealthy(crowd)));
    let slots = Slots { version: 1, holders: BTreeMap::from([(subject, at)]) };
    let breaker = Breaker { since: at, failures: 3, launched_from: Source::default() };
    let held = [slots.clone()];
    let groups = vec![HeldBack::new(
        name,
        slots,
        instance::memory::Memory::default().broken(breaker),
        hook::memory::Memory::default(),
    )];
    let status = Status {
        place: "stack homeostat in eu-west-1".into(),
        at,
        open: vec![Open::new(&asked.into(), &held)],
        pauses: vec![],
        budget: None,
        groups,
        zones: vec![],
        remarks: Vec::new(),
    };
    let text = shown(&status);
    assert!(text.lines().all(|line| line.chars().count() <= 80) && text.is_ascii(), "{text}");
    for said in ["escalated", "3 of 4 instances are unhealthy at once", "homeostat ack 'group#web", "open since"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(status.open[0].slot_held_since.is_some());
}

/// Blue is drained of its 70 of 100, and waits for the end of its hold.
fn drained(now: Timestamp) -> OfZone {
    let zone: HostedZoneId = "Z0123456789ABCDEFGHIJ".parse().unwrap();
    let record: RecordKey = "www.example.com A".to_owned().try_into().unwrap();
    let [blue, green] = ["blue", "green"].map(|id| id.parse::<SetIdentifier>().unwrap());
    let set = |identifier: &SetIdentifier, weight| RecordSet {
        name: record.name.clone(),
        kind: "A".to_owned(),
        routing: Routing::Weighted { identifier: identifier.clone(), weight },
        ttl: Some(60),
        values: vec!["192.0.2.1".to_owned()],
        alias: None,
        health_check: None,
        traffic_policy: None,
    };
    let moved = Move {
        key: record.clone(),
        before: vec![set(&blue, 70), set(&green, 30)],
        after: [(blue.clone(), 0), (green, 30)].into(),
        reduced: [(blue.clone(), Share::NONE)].into(),
        partly: false,
        in_steps: false,
        fence: None,
        generation: Generation::after(None, now),
    };
    let step = Step::Shift(Shift { zone: zone.clone(), moves: vec![moved] });
    let awaits = Awaits::Hold { healthy_since: now, until: now };
    let waiting = vec![Waiting { record, endpoint: blue, share: Share::NONE, awaits }];
    Incident::new(hosted_zone::subject::subject(&zone), HostedZoneKind::HostedZone(ZoneState::new(zone)), now, now)
        .intend(now, &step, &Decision::Act { step: step.clone(), because: Vec::new() })
        .settle(now, Outcome::Pending { change: "C1".into() })
        .hold(now, now, &Hold::Own(HoldReason::Returning { waiting }))
}

#[test]
fn a_zone_shows_what_it_holds_what_that_waits_for_and_what_is_latched() {
    let at = Timestamp::from_second(1_800_000_000).unwrap();
    let memory = hosted_zone::memory::Memory::default()
        .drained(hosted_zone::memory::Drain::of(&"www.example.com A blue".into(), at), false);
    let memory = memory.latch(at, &"www.example.com A blue".into());
    let status = Status {
        place: "stack homeostat in eu-west-1".into(),
        at,
        open: vec![Open::new(&drained(at).into(), &[])],
        pauses: vec![],
        budget: None,
        groups: vec![],
        zones: vec![HeldBackZone::new("Z0123456789ABCDEFGHIJ".parse().unwrap(), memory)],
        remarks: vec![],
    };
    let text = shown(&status);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "hosted-zone#Z0123456789ABCDEFGHIJ - verifying",
        "holds www.example.com A: blue 0 % of answers (70 % before; weight 0, 70 before), green 100 %",
        "it is well since 2027-01-15T08:00:00Z",
        "www.example.com A blue is latched since 2027-01-15 08:00 UTC",
        "homeostat ack hosted-zone#Z0123456789ABCDEFGHIJ",
    ] {
        assert!(words.contains(said), "{said}: {text}");
    }
    let json = serde_json::to_value(&status).unwrap();
    let blue = &json["open"][0]["records"][0]["endpoints"][0];
    assert_eq!((&blue["weight"], &blue["weight_before"], &blue["share"]), (&0.into(), &70.into(), &"0 %".into()));
    assert!(blue["waits_for"].as_str().unwrap().contains("it is well since"), "{json}");
    assert_eq!(json["zones"][0]["latched"]["www.example.com A blue"], "2027-01-15T08:00:00Z");
}
