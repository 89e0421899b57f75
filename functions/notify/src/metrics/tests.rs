use aws_lambda_events::dynamodb::EventRecord;
use homeostat_core::aws::units::Unit;
use homeostat_core::incident::{Alarms, Gone};
use homeostat_core::ports::Outcome;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{Close, Decision, Hold, HoldReason, Incident, Page, PageReason, Step};
use jiff::SignedDuration;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn new() -> Incident {
    let subject = "eu-west-1#instance#i-0123456789abcdef0".parse().unwrap();
    Incident::new(
        subject,
        InstanceKind::Instance {
            group: "web".parse().unwrap(),
            alarms: Alarms::default(),
            notice: None,
            gone: Gone::default(),
        },
        at(0),
        at(1),
    )
}

fn acting(incident: &Incident) -> Incident {
    let step = Step::Replace { group: "web".parse().unwrap(), instance: "i-0123456789abcdef0".parse().unwrap() };
    incident.intend(at(2), &step, &Decision::Act { step: step.clone(), because: Vec::new() })
}

fn hold(incident: &Incident, because: &Hold) -> Incident {
    incident.hold(at(3), at(63), because)
}

fn refused() -> Page {
    Page::Refused { why: "no".into() }
}

fn change(before: Option<&Incident>, after: &Incident) -> Change {
    let mut batch: Value = serde_json::from_str(include_str!("../../../../events/stream-opened.json")).unwrap();
    let mut record: EventRecord = serde_json::from_value(batch["Records"][0].take()).unwrap();
    let item = |incident: &Incident| serde_dynamo::to_item(incident).unwrap();
    record.change.old_image = before.map(item).unwrap_or_default();
    record.change.new_image = item(after);
    Change::of(&record).unwrap()
}

fn document(before: Option<&Incident>, after: &Incident) -> Option<Value> {
    let line = line(&change(before, after), "homeostat")?;
    assert!(!line.contains('\n'));
    Some(serde_json::from_str(&line).unwrap())
}

/// What is counted: `Opened`, `Held paused`.
fn counted(before: Option<&Incident>, after: &Incident) -> Vec<String> {
    let Some(document) = document(before, after) else { return Vec::new() };
    is_as_specified(&document);
    let directives = document["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    let name = |directive: &Value| directive["Metrics"][0]["Name"].as_str().unwrap().to_owned();
    let each = directives.iter().map(|directive| match name(directive).as_str() {
        "Held" => format!("Held {}", document["Reason"].as_str().unwrap()),
        name => name.to_owned(),
    });
    each.collect()
}

/// CloudWatch User Guide, "Specification: Embedded metric format": what must be where, of which type and how long.
fn is_as_specified(document: &Value) {
    let metadata = document["_aws"].as_object().unwrap();
    assert_eq!(metadata.keys().collect::<Vec<_>>(), ["CloudWatchMetrics", "Timestamp"]);
    assert!(metadata["Timestamp"].as_u64().unwrap() > 1_000_000_000_000, "milliseconds");
    for directive in metadata["CloudWatchMetrics"].as_array().unwrap() {
        assert_eq!(directive.as_object().unwrap().keys().collect::<Vec<_>>(), ["Dimensions", "Metrics", "Namespace"]);
        assert_eq!(directive["Namespace"], "Homeostat");
        for set in directive["Dimensions"].as_array().unwrap() {
            let set = set.as_array().unwrap();
            assert!((1..=30).contains(&set.len()));
            for target in set {
                let value = document[target.as_str().unwrap()].as_str().unwrap();
                assert!((1..=1024).contains(&value.len()) && value.is_ascii() && !value.starts_with(':'), "{value}");
            }
        }
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            assert!(["Count", "Seconds"].contains(&metric["Unit"].as_str().unwrap()));
            assert!(document[metric["Name"].as_str().unwrap()].is_i64());
        }
    }
}

#[test]
fn an_opening_counts_for_its_stack_and_for_its_remedy() {
    let acting = acting(&new());
    assert_eq!(counted(None, &acting), ["Opened"]);
    let document = document(None, &acting).unwrap();
    assert_eq!(document["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["Stack"], ["Stack", "Remedy"]]));
    assert_eq!((&document["Stack"], &document["Remedy"]), (&json!("homeostat"), &json!("replace-instance")));
    assert_eq!(document["_aws"]["Timestamp"], at(2).as_millisecond(), "its own time, however late it is told");
}

#[test]
fn only_another_reason_to_hold_counts() {
    let held = hold(&new(), &Hold::Own(HoldReason::Protected));
    assert_eq!(counted(None, &held), ["Opened", "Held protected"]);
    let recovering =
        |healthy| Hold::Own(HoldReason::Recovering { healthy, needed: 4, unit: Unit::Instances, held: Vec::new() });
    let waiting = hold(&held, &recovering(2));
    assert_eq!(counted(Some(&held), &waiting), ["Held recovering"]);
    assert_eq!(counted(Some(&waiting), &hold(&waiting, &recovering(3))), [""; 0], "the same with other figures");
    assert_eq!(counted(Some(&held), &hold(&held, &Hold::Own(HoldReason::Protected))), [""; 0]);
    assert_eq!(counted(Some(&held), &acting(&held)), [""; 0]);
}

#[test]
fn a_person_who_is_asked_counts_and_a_reminder_does_not() {
    let acting = acting(&new());
    let paged = acting.page(at(9), at(99), &refused());
    assert_eq!(counted(Some(&acting), &paged), ["Escalated"]);
    let reminded = paged.clone().reminded(at(9999), SignedDuration::from_mins(30));
    assert_eq!((reminded.reminders, counted(Some(&paged), &reminded)), (1, vec![]));
    assert_eq!(counted(Some(&paged), &paged.page(at(99), at(199), &refused())), [""; 0]);
    let other = paged.page(at(99), at(199), &Page::Own(PageReason::NotInPolicy { group: "web".parse().unwrap() }));
    assert_eq!(counted(Some(&paged), &other), ["Escalated"]);
    let stuck = Incident { stuck: Some(at(60)), ..acting.clone() };
    assert_eq!(counted(Some(&acting), &stuck), ["Escalated"]);
    assert_eq!(counted(Some(&stuck), &Incident { stuck: Some(at(3660)), ..stuck.clone() }), [""; 0]);
}

#[test]
fn a_close_counts_with_the_times_that_it_took() {
    let held = acting(&new()).settle(at(4), Outcome::Done).hold(at(60), at(90), &Hold::Proving { since: at(60) });
    let closed = held.close(at(90), &Close::Recovered);
    assert_eq!(counted(None, &closed), ["Closed", "TimeToMitigate", "TimeToRecover"]);
    let document = document(None, &closed).unwrap();
    assert_eq!((&document["TimeToMitigate"], &document["TimeToRecover"]), (&json!(4), &json!(60)));
    assert_eq!(document["_aws"]["Timestamp"], at(90).as_millisecond());
    let nothing = new().close(at(9), &Close::NothingWrong { why: "well".into() });
    assert_eq!(counted(None, &nothing), ["Closed"], "no time that nothing took");
}

#[test]
fn a_clock_that_is_behind_gives_no_time_below_zero() {
    let early = Incident { mitigated_at: Some(at(-5)), ..new() }.close(at(9), &Close::Recovered);
    assert_eq!(document(None, &early).unwrap()["TimeToMitigate"], 0);
}

#[test]
fn no_name_breaks_the_line() {
    let group: String = "w\u{202e}eb\"{}".repeat(30);
    let subject = format!("eu-west-1#group#{group}").parse().unwrap();
    let kind = InstanceKind::Group { group: group.parse().unwrap(), notice: None, gone: Gone::default() };
    let document = document(None, &Incident::new(subject, kind, at(0), at(1))).unwrap();
    is_as_specified(&document);
    assert!(!document["incident"].as_str().unwrap().contains('\u{202e}'), "{document}");
}
