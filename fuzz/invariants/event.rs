//! What must hold of whatever the event parser is given.
//!
//! This check never says which answer is right, only that there is one, the same one each time and by each route, and that it does no
//! harm to whom it is told or to what it is written into.

use homeostat_core::id::{Region, Subject};
use homeostat_core::json::Malformed;
use homeostat_core::signal::{self, About, Fact, NoSignal, Notice, Order, Parsed, Route, Signal};
use homeostat_remedies::hook::subject::HeldInstance;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::told::is_plain;

/// Of an error: its value is cut short, and what was expected instead is Homeostat's own text or that of the JSON parser.
const LONGEST_ERROR: usize = 2_000;
/// DynamoDB's limit for a partition key is 2,048 bytes (Developer Guide, "Quotas"); a subject stands behind a prefix.
const LONGEST_SUBJECT: usize = 2_040;
/// Of one text that a signal tells. Each of its characters may have been escaped.
const LONGEST_LINE: usize = 12_000;
/// The samples are older, and a mutation may well be younger.
const NOW: Timestamp = Timestamp::constant(1_900_000_000, 0);
/// More than any time in a policy or of a hook, with which a signal's times are reckoned.
const FURTHEST: SignedDuration = SignedDuration::from_hours(24 * 365);

pub(crate) fn check(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Value>(bytes) else { return };
    let read = signal::read(&event, NOW);
    assert!(!read.is_empty(), "there is always an answer");
    for answer in &read {
        match answer {
            Err(malformed) => is_told(&malformed.to_string(), LONGEST_ERROR),
            Ok(Parsed::Ignored(why)) => is_told(&why.to_string(), usize::MAX),
            Ok(Parsed::Signal(signal)) => is_sound(signal),
        }
    }
    is_read_again(&event, &read);
    is_read_in_an_envelope(&event, &read);
}

fn is_told(text: &str, longest: usize) {
    assert!(!text.is_empty() && is_plain(text), "not plain: {text:?}");
    assert!(text.len() <= longest, "too long: {text}");
}

fn is_sound(signal: &Signal) {
    let Signal { key, at, account: _, region: _, fact, evidence } = signal;
    is_told(&key.to_string(), LONGEST_LINE);
    is_told(&fact.to_string(), LONGEST_LINE);
    is_told(&fact.about(), usize::MAX);
    for line in evidence {
        assert!(is_plain(line) && line.len() <= LONGEST_LINE, "{line:?}");
    }
    at.iter().for_each(|at| has_come(*at));
    match fact {
        Fact::Alarm(alarm) => has_come(alarm.change.changed_at),
        Fact::Notice { about, notice } => {
            is_about_somebody(about);
            is_bounded(notice);
        }
        Fact::Action(told) => {
            has_come(told.at);
            let region = "ap-southeast-1".parse().expect("a Region");
            is_a_key(&HeldInstance::told(told).subject(region));
        }
        Fact::Order(Order::Resync | Order::ContinueResync | Order::ServeDue) => {}
        Fact::Order(Order::Wake(subject)) => is_a_key(subject),
        Fact::Order(Order::Look { subject, at }) => {
            is_a_key(subject);
            can_be_reckoned_with(*at);
        }
    }
}

fn is_about_somebody(about: &About) {
    let region: Region = "ap-southeast-1".parse().expect("a Region");
    match about {
        About::Instances(ids) => {
            assert!(!ids.is_empty(), "somebody is to be looked at");
            ids.iter().for_each(|id| is_a_key(&Subject::of_instance(region.clone(), id)));
        }
        About::Group(name) => is_a_key(&Subject::of_group(region, name)),
    }
}

fn is_bounded(notice: &Notice) {
    has_come(notice.at);
    notice.by.iter().for_each(|by| can_be_reckoned_with(*by));
}

/// Nothing has happened that is yet to come.
fn has_come(at: Timestamp) {
    can_be_reckoned_with(at);
    assert!(at <= NOW, "{at}");
}

/// Sums of times panic when they leave what a timestamp can hold; so would each look at an incident that keeps such a time.
fn can_be_reckoned_with(at: Timestamp) {
    assert!(at.checked_add(FURTHEST).is_ok() && at.checked_sub(FURTHEST).is_ok(), "{at}");
}

fn is_a_key(subject: &Subject) {
    let written = subject.to_string();
    assert!(written.len() <= LONGEST_SUBJECT, "too long for a key: {written}");
    assert_eq!(written.parse::<Subject>().as_ref(), Ok(subject), "{written}");
}

fn is_read_again(event: &Value, read: &[Result<Parsed, Malformed>]) {
    assert_eq!(signal::read(event, NOW), read);
    let again: Value = serde_json::from_str(&event.to_string()).expect("JSON, as it was just written");
    // The last digit of a fraction may change on its way through a text, and no fraction is ever used.
    if again == *event {
        assert_eq!(signal::read(&again, NOW), read);
    }
}

/// By a topic and a queue, the deepest that AWS packs: the same, but for where a mistake is, and for what is not marked as an event.
fn is_read_in_an_envelope(event: &Value, read: &[Result<Parsed, Malformed>]) {
    let is_envelope = event.get("Records").is_some() || event.get("TopicArn").is_some();
    if !event.is_object() || is_envelope {
        return;
    }
    let notification = json!({ "Type": "Notification", "TopicArn": "t", "Message": event.to_string() });
    let packed = json!({ "Records": [{ "body": notification.to_string() }] });
    let unpacked = signal::read(&packed, NOW);
    assert_eq!(unpacked.len(), read.len(), "{packed}");
    for (one, other) in read.iter().zip(&unpacked) {
        match (one, other) {
            (Err(one), Err(other)) => assert_eq!(one.expected, other.expected, "{packed}"),
            // From a topic only alarms are taken, whatever else there would be to say of the event.
            (_, Ok(Parsed::Ignored(NoSignal::Route { route: Route::Topic(_), .. }))) => {}
            // A topic may carry somebody else's documents.
            (Err(one), Ok(Parsed::Ignored(NoSignal::Message { .. }))) => assert_eq!(one.path, "$.source", "{packed}"),
            _ => assert_eq!(one, other, "{packed}"),
        }
    }
}
