use homeostat_core::incident::{Alarms, Gone};
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{Decision, Incident, Page, Step};
use jiff::Timestamp;

use super::*;
use crate::message::about;
use crate::news::made;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn acting(group: &str) -> Incident {
    let subject = "eu-west-1#instance#i-0123456789abcdef0".parse().unwrap();
    let (group, instance) =
        (group.parse::<homeostat_core::id::GroupName>().unwrap(), "i-0123456789abcdef0".parse().unwrap());
    let step = Step::Replace { group: group.clone(), instance };
    let incident = Incident::new(
        subject,
        InstanceKind::Instance { group, alarms: Alarms::default(), notice: None, gone: Gone::default() },
        at(0),
        at(1),
    );
    incident.intend(at(1), &step, &Decision::Act { step: step.clone(), because: Vec::new() })
}

fn sent(incident: &Incident) -> (Value, Value) {
    let news = made::decided(incident.clone());
    let by_protocol: Value = serde_json::from_str(&by_protocol(&news, &about(&news, "homeostat"))).unwrap();
    let chat = serde_json::from_str(by_protocol["https"].as_str().unwrap()).unwrap();
    (by_protocol, chat)
}

#[test]
fn chat_gets_the_shape_that_it_renders_and_everybody_else_plain_text() {
    let incident = acting("my_web");
    let (by_protocol, chat) = sent(&incident);
    let plain = about(&made::decided(incident), "homeostat").body;
    assert_eq!(by_protocol["default"], plain.as_str());
    assert_eq!((&chat["version"], &chat["source"]), (&json!("1.0"), &json!("custom")));
    assert_eq!(chat["content"]["textType"], "client-markdown");
    assert_eq!(chat["content"]["keywords"], json!(["acting", "warning", "replace"]));
    let steps = chat["content"]["nextSteps"].as_array().unwrap();
    let pause = "To stop it for this group: `homeostat pause group#my_web --reason …`";
    assert!(steps.iter().any(|step| step == pause), "a command is copied as it is: {steps:#?}");
    assert!(!chat["content"]["description"].as_str().unwrap().contains("Next:"), "said once");
}

#[test]
fn a_whole_incident_is_one_thread_and_each_message_has_an_id_of_its_own() {
    let incident = acting("web");
    let paged = incident.page(at(9), at(99), &Page::Refused { why: "no".into() });
    let ((_, first), (_, second)) = (sent(&incident), sent(&paged));
    assert_eq!(first["metadata"]["threadId"], second["metadata"]["threadId"]);
    assert_ne!(first["id"], second["id"]);
    let later = Incident { opened_at: at(9999), ..incident };
    assert_ne!(
        sent(&later).1["metadata"]["threadId"],
        first["metadata"]["threadId"],
        "another incident of the same subject"
    );
}

#[test]
fn no_name_mentions_formats_or_links() {
    let group = "<!here> <@U1|x> @channel *b* _i_ `c` ~s~ [a](https；//x) &lt; https//x";
    let why = "see https://evil.example/ <https://evil.example|here>";
    let paged = acting(group).page(at(9), at(99), &Page::Refused { why: why.into() });
    let (_, chat) = sent(&paged);
    let text = |pointer: &str| chat.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let prose = [text("/content/title"), text("/content/description"), text("/metadata/summary")].join("\n");
    for mark in ["<", ">", "@", "*", "_", "`", "~", "[", "]", "&", "|", "://"] {
        assert!(!prose.contains(mark), "{mark}: {prose}");
    }
    for step in chat["content"]["nextSteps"].as_array().unwrap() {
        let step = step.as_str().unwrap();
        assert!(!step.contains(['<', '>', '&']), "{step}");
        assert!(matches!(step.matches('`').count(), 0 | 2), "one command at most, and nothing ends it early: {step}");
    }
}

#[test]
fn chat_gets_no_more_than_it_shows() {
    let why = "x".repeat(100_000);
    let (_, chat) = sent(&acting("web").page(at(9), at(99), &Page::Refused { why }));
    let description = chat["content"]["description"].as_str().unwrap();
    assert!(description.chars().count() <= LONGEST_TEXT + 1 && description.ends_with('…'));
}

#[test]
fn a_command_is_code_only_where_it_can_be_copied() {
    assert_eq!(
        step("To stop it: homeostat pause 'group#web' --reason … (its hooks are then completed)."),
        "To stop it: `homeostat pause 'group#web' --reason …` (its hooks are then completed)."
    );
    let named = "To stop it: homeostat pause 'group#web (old)' --reason …";
    assert_eq!(step(named), "To stop it: `homeostat pause 'group#web (old)' --reason …`");
    let or = "To end it: aws autoscaling complete (or 'ABANDON')";
    assert_eq!(step(or), "To end it: `aws autoscaling complete` (or 'ABANDON')");
    let changed = step("To stop it: homeostat pause 'group#R&D' --reason …");
    assert!(!changed.contains('`') && changed.contains("R＆D"), "{changed}");
    let cut = step(&format!("To stop it: homeostat pause 'group#{}' --reason …", "x".repeat(LONGEST_STEP)));
    assert!(!cut.contains('`') && cut.ends_with('…'), "{cut}");
}
