//! Turns an event into what it means: a signal, nothing to act on, or malformed with the place named.
//!
//! This module never trusts an event to say what to do: a [`Signal`] is what AWS says and no more, and whose business that is each
//! remedy decides by itself. It never reads a missing state as a healthy one.

mod alarm;
mod envelope;
mod fact;
mod foreign;
mod health;
mod hint;
mod ignored;
mod lifecycle;
mod machine;
mod moment;
mod notice;
mod route;
mod scaling;
#[cfg(test)]
pub mod tests;

use std::fmt;

pub use alarm::AlarmKind;
use envelope::Envelope;
pub use fact::{About, AlarmFact, Dimensions, Fact, Order};
pub use hint::{Hint, Trigger};
pub use ignored::NoSignal;
use jiff::Timestamp;
use moment::reckoned_with;
pub use notice::{Notice, NoticeKind};
use route::Form;
pub use route::Route;
use serde_json::Value;

use crate::id::{Account, Region, Subject};
use crate::json::{JsonCursor, Malformed};
use crate::line;

/// An event that concerns Homeostat, whoever delivered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    pub key: Key,
    /// When that came about which it tells of, as it says itself and never later than now. Homeostat's own orders have no time.
    pub at: Option<Timestamp>,
    /// Whose it is and where: from an ARN, or from EventBridge's envelope, as codes and never as names for people. Not all events
    /// say so.
    pub account: Option<Account>,
    pub region: Option<Region>,
    pub fact: Fact,
    /// What the event itself says in support, each on one line. It counts for nothing until the world says the same.
    pub evidence: Vec<String>,
}

impl Signal {
    /// For a remedy whose things are in one Region: those of another are another stack's. What names none came from its own.
    ///
    /// # Errors
    /// [`NoSignal::Elsewhere`].
    pub fn is_of(&self, ours: &Region) -> Result<(), NoSignal> {
        match &self.region {
            Some(region) if region != ours => Err(NoSignal::Elsewhere { region: region.clone(), ours: ours.clone() }),
            _ => Ok(()),
        }
    }
}

/// The same for the same change, whichever way and however often it is delivered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(String);

impl Key {
    /// Names that AWS allows may turn the direction of what is written after them.
    fn of(text: &str) -> Self {
        Key(one_line(text))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    Signal(Signal),
    Ignored(NoSignal),
}

/// Reads all that was delivered together: what a queue or a topic hands over, what EventBridge, an alarm's own action or Auto Scaling
/// delivers, and Homeostat's own orders. There is at least one answer, and one that is malformed hides no other.
pub fn read(event: &Value, now: Timestamp) -> Vec<Result<Parsed, Malformed>> {
    read_all(envelope::open(event), now)
}

fn read_all(letters: Vec<Result<Envelope<'_>, Malformed>>, now: Timestamp) -> Vec<Result<Parsed, Malformed>> {
    letters
        .into_iter()
        .map(|letter| match letter? {
            Envelope::Event { path, event, route } => parse(path, &event, &route, now),
            Envelope::Nothing(why) => Ok(Parsed::Ignored(why)),
        })
        .collect()
}

/// One message of a queue's batch. What it says is read only when asked for: whatever that does to the reader, it doesn't for another.
#[derive(Debug)]
pub struct Message<'a> {
    record: JsonCursor<'a>,
    /// By which it is handed back alone.
    pub message_id: Option<String>,
    /// By which it is deleted alone.
    pub receipt: Option<String>,
    /// How often it was received, this time included.
    pub received: u32,
}

impl Message<'_> {
    pub fn read(&self, now: Timestamp) -> Vec<Result<Parsed, Malformed>> {
        read_all(envelope::of_record(&self.record, &Route::Call, 0), now)
    }
}

/// The messages of a queue's batch; `None`: it is no such batch.
pub fn messages(event: &Value) -> Option<Vec<Message<'_>>> {
    let root = JsonCursor::root(event);
    let records = root.field("Records").items().ok().filter(|records| !records.is_empty())?;
    let is_of_queue = |record: &JsonCursor<'_>| record.field("eventSource").text() == Ok("aws:sqs");
    records.iter().all(is_of_queue).then(|| records.into_iter().map(message).collect())
}

fn message(record: JsonCursor<'_>) -> Message<'_> {
    let text = |field: &str| record.field(field).text().ok().map(str::to_owned);
    let received = record.field("attributes").field("ApproximateReceiveCount").text().ok();
    let received = received.and_then(|count| count.parse().ok()).unwrap_or(1);
    Message { message_id: text("messageId"), receipt: text("receiptHandle"), received, record }
}

fn parse(path: String, event: &Value, route: &Route, now: Timestamp) -> Result<Parsed, Malformed> {
    let root = JsonCursor::rooted(path, event).object()?;
    let Some(form) = Form::of(event) else { return of_others(&root, event, route) };
    if let Some(why) = form.refused_by(route) {
        return Ok(Parsed::Ignored(why));
    }
    match form {
        Form::Wake | Form::Resync | Form::ContinueResync => own(&root),
        Form::AlarmAction => alarm::by_action(&root, now),
        Form::AlarmMessage => alarm::by_topic(&root, now),
        Form::AlarmChange => alarm::by_bus(&root, now),
        Form::AlarmConfigured => alarm::configured(&root),
        Form::HookMessage => lifecycle::parse_direct(&root, now),
        Form::HookEvent => lifecycle::parse(&root, now),
        Form::GroupReport => scaling::parse(&root, now),
        Form::Machine => machine::parse(&root, now),
        Form::Health => health::parse(&root, now),
    }
}

/// What Homeostat takes from nobody: told by name, if it is an event.
fn of_others(root: &JsonCursor<'_>, event: &Value, route: &Route) -> Result<Parsed, Malformed> {
    if let Some(why) = foreign::on_topic(event, route) {
        return Ok(Parsed::Ignored(why));
    }
    let (source, detail_type) = (root.field("source").text()?, root.field("detail-type").text()?);
    let known = foreign::on_bus(root, source, detail_type);
    let kind = || NoSignal::Kind { source: source.to_owned(), detail_type: detail_type.to_owned() };
    Ok(Parsed::Ignored(known.unwrap_or_else(kind)))
}

/// EventBridge's own word for whose event it is, and where.
fn of_bus(root: &JsonCursor<'_>) -> Result<(Account, Region), Malformed> {
    let account = root.field("account").parse("an account id of 12 digits")?;
    Ok((account, root.field("region").parse("a Region's code, such as eu-west-1")?))
}

/// Long enough for a reason of AWS's, which has 1,023 characters at most (CloudWatch API reference, `MetricAlarm`).
const LONGEST_LINE: usize = 1_023;

/// A text from outside, as it may be told.
fn one_line(text: &str) -> String {
    line::one_line(text, LONGEST_LINE)
}

/// The message that makes an owner look at an incident of its own: `{"homeostat":"wake","subject":…}`.
pub fn wake(subject: &Subject) -> Value {
    serde_json::json!({ "homeostat": "wake", "subject": subject.to_string() })
}

/// The message by which an owner wakes itself for one look: `{"homeostat":"wake","subject":…,"look":<ms>}`.
pub fn look(subject: &Subject, at: Timestamp) -> Value {
    serde_json::json!({ "homeostat": "wake", "subject": subject.to_string(), "look": at.as_millisecond() })
}

/// Homeostat's own order, as its function reads it.
pub fn order(order: &Order) -> Value {
    match order {
        Order::Wake(subject) => wake(subject),
        Order::Look { subject, at } => look(subject, *at),
        Order::Resync => serde_json::json!({ "homeostat": "resync" }),
        Order::ContinueResync => serde_json::json!({ "homeostat": "continue-resync" }),
        Order::ServeDue => serde_json::json!({ "homeostat": "serve-due" }),
    }
}

fn own(root: &JsonCursor<'_>) -> Result<Parsed, Malformed> {
    let (key, order) = match root.field("homeostat").one_of(&["wake", "resync", "continue-resync", "serve-due"])? {
        "resync" => (Key("resync".to_owned()), Order::Resync),
        "continue-resync" => (Key("continue-resync".to_owned()), Order::ContinueResync),
        "serve-due" => (Key("serve-due".to_owned()), Order::ServeDue),
        _ => {
            let subject: Subject =
                root.field("subject").parse("a subject, such as eu-west-1#instance#i-0123456789abcdef0")?;
            (Key::of(&format!("wake {subject}")), due(&root.field("look"), subject)?)
        }
    };
    let (at, account, region, evidence) = (None, None, None, Vec::new());
    Ok(Parsed::Signal(Signal { key, at, account, region, fact: Fact::Order(order), evidence }))
}

/// Which look is meant, and no time that anything is reckoned from: any other than the incident's next is one too many.
fn due(look: &JsonCursor<'_>, subject: Subject) -> Result<Order, Malformed> {
    if !look.is_present() {
        return Ok(Order::Wake(subject));
    }
    let expected = "milliseconds since 1970";
    let at = Timestamp::from_millisecond(look.integer()?).map_err(|_| look.malformed(expected))?;
    Ok(Order::Look { subject, at: reckoned_with(look, expected, at)? })
}
