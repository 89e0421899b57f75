//! Whatever names and reasons hold, a message stays within SNS's limits and shows all that it holds.

use homeostat_aws::Attribute;
use homeostat_core::aws::source::Source;
use homeostat_core::incident::Gone;
use homeostat_core::ports::Outcome;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{Decision, Hold, HoldReason, Incident, Page, PageReason, Step};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::Value;

use crate::news::{News, made};
use crate::pauses::Pause;
use crate::{attributes, chat, message};

/// An escape sequence, changes of direction, what has no width, line breaks of all kinds, tags, fillers.
const HOSTILE: [&str; 18] = [
    "\u{1b}[31m",
    "\u{7}",
    "\0",
    "\r\n",
    "\u{85}",
    "\u{2028}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{ad}",
    "\u{3164}",
    "\u{e0041}",
    "\u{fe0f}",
    "<!channel>",
    "```",
    "\"}],",
];

/// What can't be seen, or changes how the rest is seen (Unicode: controls, `Default_Ignorable_Code_Point`, line separators).
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        prop::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned),
        "[a-z0-9-]{1,20}",
        Just("x".repeat(3_000)),
    ];
    prop::collection::vec(piece, 1..40).prop_map(|pieces| pieces.concat())
}

/// What a group, or an alarm, may be called.
fn name(text: &str) -> String {
    let name: String = text.chars().filter(|c| *c != ':' && !c.is_control()).take(255).collect();
    if name.is_empty() { "-".to_owned() } else { name }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn incidents(called: &str, why: &str) -> Vec<Incident> {
    let group: homeostat_core::id::GroupName = name(called).parse().unwrap();
    let alarm = format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{}", name(called)).parse().unwrap();
    let step = Step::Replace { group: group.clone(), instance: "i-0123456789abcdef0".parse().unwrap() };
    let subjects = ["eu-west-1#instance#i-0123456789abcdef0".to_owned(), format!("eu-west-1#group#{group}")];
    let kinds = [
        InstanceKind::Instance {
            group: group.clone(),
            alarms: [alarm].into_iter().collect(),
            notice: None,
            gone: Gone::default(),
        },
        InstanceKind::Group { group: group.clone(), notice: None, gone: Gone::default() },
    ];
    let page = Page::Own(PageReason::ReplacementsFail {
        group,
        failures: 3,
        within: SignedDuration::from_mins(9),
        launched_from: Source::of([why]),
    });
    let mut incidents = Vec::new();
    for (subject, kind) in subjects.into_iter().zip(kinds) {
        let new = Incident::new(subject.parse().unwrap(), kind, at(0), at(1)).under(why);
        let acting = new.intend(at(2), &step, &Decision::Act { step: step.clone(), because: Vec::new() });
        let unknown = acting.settle(at(3), Outcome::Unknown { why: why.to_owned() });
        let refused = unknown.page(at(4), at(9), &Page::Refused { why: why.to_owned() });
        let paused = Hold::Paused { scope: called.to_owned(), by: why.to_owned(), reason: why.to_owned() };
        let missing = vec![why.to_owned(); 40];
        incidents.extend([
            new.hold(at(2), at(9), &Hold::Own(HoldReason::NotConfirmed { missing })),
            new.hold(at(2), at(9), &paused),
            refused.clone().reminded(at(9999), SignedDuration::from_mins(30)),
            unknown.page(at(4), at(9), &page),
            acting,
            unknown,
            refused,
        ]);
    }
    incidents
}

fn shows_all(text: &str, may_break: bool) -> Result<(), TestCaseError> {
    let hidden = text.chars().find(|c| is_hidden(*c) && !(may_break && *c == '\n'));
    prop_assert!(hidden.is_none(), "{hidden:?} in {}", text.escape_debug());
    Ok(())
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

fn is_harmless(news: &News, stack: &str) -> Result<(), TestCaseError> {
    let message = message::about(news, stack);
    prop_assert!(message.subject.len() < 100 && message.subject.bytes().all(|b| (0x20..0x7f).contains(&b)));
    prop_assert!(message.subject.starts_with("Homeostat: "));
    shows_all(&message.body, true)?;
    let attributes = attributes::of(news, message.sort, stack);
    prop_assert!(attributes.len() <= 10);
    let mut size = 0;
    for (name, value) in attributes {
        let text = match value {
            Attribute::Text(text) => text,
            Attribute::Number(number) => number.to_string(),
        };
        prop_assert!(!text.is_empty(), "{name}");
        shows_all(&text, false)?;
        size += name.len() + text.len() + "String".len();
    }
    let by_protocol = chat::by_protocol(news, &message);
    prop_assert!(size + by_protocol.len() < 262_144 && !message.body.is_empty());
    let parsed: Value = serde_json::from_str(&by_protocol).unwrap();
    let notification: Value = serde_json::from_str(parsed["https"].as_str().unwrap()).unwrap();
    texts(&notification).into_iter().try_for_each(|text| {
        prop_assert!(!text.contains(['<', '>', '&']), "{text}");
        shows_all(text, true)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_incident_gives_a_message_that_hides_nothing(called in text(), why in text()) {
        for incident in incidents(&called, &why) {
            for sort in [News::Decided, News::Outcome, News::Stuck, News::Overdue] {
                is_harmless(&sort(Box::new(incident.clone().into())), "homeostat")?;
            }
        }
        let until = Timestamp::from_second(1_800_003_600).ok();
        let pause = Pause { scope: called.clone(), by: why.clone(), reason: why.clone(), until, id: why.clone() };
        let endless = Pause { scope: format!("group#{called}"), until: None, ..pause.clone() };
        for sort in [News::Paused, News::Resumed] {
            is_harmless(&sort(pause.clone()), "homeostat")?;
            is_harmless(&sort(endless.clone()), "homeostat")?;
        }
        is_harmless(&News::Unreadable { key: called, id: why.clone(), why }, "homeostat")?;
    }
}

#[test]
fn a_line_break_in_a_name_begins_no_line_of_its_own() {
    let why = "no\nYou: terminate everything\r\nNext: nothing".to_owned();
    let paged = incidents("web", "x").remove(0).page(at(9), at(99), &Page::Refused { why });
    let body = message::about(&made::decided(paged), "homeostat").body;
    assert!(!body.contains("\nYou: terminate") && !body.contains("\nNext: nothing"), "{body}");
}

#[test]
fn two_messages_never_have_one_number_however_long_the_name() {
    let incident = incidents(&"\u{202e}".repeat(255), "x").remove(7);
    let next = incident.hold(at(3), at(9), &Hold::Own(HoldReason::Protected));
    let [one, other] = [incident, next].map(|incident| attributes::number(&made::decided(incident)));
    assert!(one != other && one.ends_with("/1") && other.ends_with("/2"), "{one}");
}

#[test]
fn a_command_is_never_cut() {
    let group = "'".repeat(255);
    let incident = incidents(&group, "x").remove(0);
    let body = message::about(&made::decided(incident), "homeostat").body;
    let command = body.lines().find(|line| line.contains("homeostat pause")).unwrap();
    assert!(command.ends_with(" --reason …"), "{command}");
}
