//! A recovery that waits: for who is held by lifecycle hooks, or for a group that replaces nobody.

use super::*;
use crate::instance::reasons::HoldReason;

/// Taken out, and its replacement is on its way.
fn replacing(lifecycles: &[&str]) -> Situation {
    let mut it = situation();
    it.acted(Some(Outcome::Done));
    for (index, lifecycle) in lifecycles.iter().enumerate() {
        if let Some(member) = it.group().members.get_mut(index) {
            member.lifecycle = Lifecycle((*lifecycle).into());
            continue;
        }
        let number = u8::try_from(index + 1).unwrap();
        it.group().members.push(Member { lifecycle: Lifecycle((*lifecycle).into()), ..member(number) });
    }
    it
}

fn named(it: &Situation) -> Vec<String> {
    let Hold::Own(HoldReason::Recovering { held, .. }) = it.held_because() else { panic!("{:?}", it.decide()) };
    held
}

#[test]
fn a_recovery_names_whom_hooks_hold_and_nobody_else() {
    let it = replacing(&["Terminating:Wait", "InService", "InService", "InService", "Pending:Wait"]);
    assert_eq!(named(&it), ["i-00000000000000001 (Terminating:Wait)", "i-00000000000000005 (Pending:Wait)"]);
    let said = it.held_because().to_string();
    let expected = "3 of 4 instances are healthy and in service, and lifecycle hooks hold i-00000000000000001 \
                    (Terminating:Wait) and i-00000000000000005 (Pending:Wait)";
    assert_eq!(said, expected);
    let free = replacing(&["Terminating:Proceed", "InService", "InService", "InService", "Pending", "Pending:Proceed"]);
    assert_eq!(named(&free), Vec::<String>::new());
    assert!(!free.held_because().to_string().contains("hooks"), "{}", free.held_because());
}

#[test]
fn of_many_only_the_first_are_named_and_the_rest_is_counted() {
    let it = replacing(&["Terminating:Wait"; 9]);
    assert_eq!((named(&it).len(), named(&it).last().unwrap().as_str()), (6, "4 more"));
    assert_eq!(named(&replacing(&["Terminating:Wait"; 5])).len(), 5);
}

#[test]
fn past_its_deadline_people_hear_whom_hooks_hold() {
    let mut it = replacing(&["Terminating", "InService", "InService", "InService", "Pending:Wait"]);
    it.now = at(1000) + SignedDuration::from_mins(15);
    let Decision::Page(page @ Page::NotRecovered { .. }) = it.decide() else { panic!("{:?}", it.decide()) };
    assert!(page.to_string().contains("lifecycle hooks hold i-00000000000000005 (Pending:Wait)"), "{page}");
    it.incident = it.incident.page(it.now, it.now, &page);
    it.now += SignedDuration::from_mins(15);
    assert_eq!(it.decide(), Decision::Page(page), "and again at each later look");
}

#[test]
fn what_an_older_version_wrote_is_read_and_nobody_held_is_written_as_it_did() {
    let written = r#"{"recovering":{"healthy":3,"needed":4}}"#;
    let read: Hold = serde_json::from_str(written).unwrap();
    assert_eq!(
        read,
        Hold::Own(HoldReason::Recovering { healthy: 3, needed: 4, unit: Unit::Instances, held: Vec::new() })
    );
    assert_eq!(serde_json::to_string(&read).unwrap(), written);
}

/// Seed 813983392: its zone failed, its alarm got no more data and was OK, and people read that it had recovered.
#[test]
fn who_is_shown_as_unhealthy_by_its_group_has_not_recovered_whatever_the_evidence_says() {
    let mut it = situation();
    it.acted(Some(Outcome::Done));
    it.alarm().state = AlarmState::Ok;
    it.target(1, Some(TargetHealth::Healthy));
    it.group().members[0].healthy = false;
    it.group().members.push(member(5));
    it.target(5, Some(TargetHealth::Healthy));
    assert_eq!(it.held_because(), Hold::Own(HoldReason::NotReplaced { marked: true }));
    it.now = at(1000) + SignedDuration::from_mins(15);
    let Decision::Page(page @ Page::NotRecovered { .. }) = it.decide() else { panic!("{:?}", it.decide()) };
    assert!(page.to_string().contains("its group has not replaced it yet, and shows it as unhealthy"), "{page}");
    it.group().members[0].lifecycle = Lifecycle("Standby".into());
    assert!(matches!(it.held_because(), Hold::Proving { .. }), "a person has it, and nobody will replace it");
    it.target(1, Some(sick()));
    it.alarm().state = AlarmState::Alarm;
    let still = it.decide().to_string();
    assert!(still.contains("shows it as unhealthy"), "{still}");
    it.target(1, Some(TargetHealth::Healthy));
    it.alarm().state = AlarmState::Ok;
    (it.group().members[0].lifecycle, it.group().members[0].healthy) = (Lifecycle("InService".into()), true);
    assert!(matches!(it.held_because(), Hold::Proving { .. }), "somebody says that it is healthy");
}
