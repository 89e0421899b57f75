//! The table's items: their keys, and the core's types in and out of them. docs/LEDGER.md lists them.
//!
//! This module never reads an item of another schema: a newer Homeostat wrote it, and guessing at it would be worse than
//! leaving it alone.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use homeostat_core::aws::alarm::AlarmChange;
use homeostat_core::budget::SharedBudget;
use homeostat_core::id::{Scope, Subject};
use homeostat_core::incident::{Incident, Kind, SCHEMA};
use homeostat_core::ports::{Due, DueMark, LastServer, Pause, Slots, Unavailable, UnreadableMark};
use homeostat_core::resync::Resync;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, to_item};

pub(super) const OPEN: &str = "OPEN";
const SUBJECT: &str = "SUBJECT#";
const PAUSE: &str = "PAUSE#";
const LAST: &str = "LAST";
const MEMORY: &str = "MEMORY#";
const ALARM_MEMORY: &str = "MEMORY#alarm#";
/// Of no scope: each of those is written with a second `#`.
const SHARED_BUDGET: &str = "BUDGET#account";
const SERVER: &str = "SERVER";
const RESTS: &str = "rests";

/// How long the table keeps a closed incident, at least: a year, so that this season's incidents can be held against the last one's,
/// and a month to look at them. Nothing is decided by what is this old. DynamoDB deletes some days later, if at all.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(400 * 24);

/// How long the newest change of an alarm is kept after it happened. All that it does is to make older changes stale, and no older one
/// can still arrive by then: EventBridge tries for a day, and a queue of dead letters, whose messages may be sent once more by hand, keeps
/// them for 14 days at most (Amazon SQS API reference, `MessageRetentionPeriod`). Twice that. Were it gone sooner, an old change would be a
/// reason to look, and no more.
const ALARM_KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The attribute by which the table's time to live goes, in seconds since 1970 (DynamoDB Developer Guide, "Time to Live").
const EXPIRES: &str = "expires";

/// The year 2020, in milliseconds. A pause that ended before Homeostat existed was written in seconds.
pub(super) const OLDEST_PAUSE: i64 = 1_577_836_800_000;

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) struct Key {
    pub(super) pk: String,
    sk: String,
}

impl Key {
    pub(super) fn open(subject: &Subject) -> Key {
        Key { pk: format!("{SUBJECT}{subject}"), sk: OPEN.to_owned() }
    }

    /// Milliseconds always, so that keys sort as the times do.
    fn closed(subject: &Subject, opened_at: Timestamp) -> Key {
        Key { pk: format!("{SUBJECT}{subject}"), sk: format!("CLOSED#{opened_at:.3}") }
    }

    pub(super) fn pause(scope: &str) -> Key {
        Key { pk: "CONTROL".to_owned(), sk: format!("{PAUSE}{scope}") }
    }

    pub(super) fn slots(scope: &Scope) -> Key {
        Key { pk: format!("BUDGET#{scope}"), sk: "SLOTS".to_owned() }
    }

    pub(super) fn shared_budget() -> Key {
        Key { pk: SHARED_BUDGET.to_owned(), sk: "SLOTS".to_owned() }
    }

    pub(super) fn alarm_memory(change: &AlarmChange) -> Key {
        Key { pk: format!("{ALARM_MEMORY}{}", change.speaker()), sk: LAST.to_owned() }
    }

    /// Each remedy has one of its own.
    pub(super) fn memory<K: Kind>(scope: &Scope) -> Key {
        Key { pk: format!("{MEMORY}{scope}"), sk: K::REMEDY.to_owned() }
    }

    /// How far a remedy's resync has got.
    pub(super) fn resync(remedy: &str) -> Key {
        Key { pk: format!("RESYNC#{remedy}"), sk: "PROGRESS".to_owned() }
    }

    /// Of what is due, as that scope is written.
    pub(super) fn mark<K: Kind>(scope: &str) -> Key {
        Key { pk: format!("DUE#{}", K::REMEDY), sk: scope.to_owned() }
    }

    /// Who serves the marks of that remedy. No scope is written without `#`.
    pub(super) fn server<K: Kind>() -> Key {
        Key::mark::<K>(SERVER)
    }

    pub(super) fn attributes(&self) -> Item {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

pub(super) fn incident<K: Kind>(incident: &Incident<K>) -> Result<Item, Unavailable> {
    let Some(closed_at) = incident.closed_at else {
        // Never what is open: it is found, and ends, by its `wake_at` alone.
        return written(incident, &Key::open(&incident.subject));
    };
    let item = written(incident, &Key::closed(&incident.subject, incident.opened_at))?;
    Ok(expiring(item, closed_at, KEPT_FOR))
}

fn expiring(mut item: Item, from: Timestamp, kept_for: SignedDuration) -> Item {
    // An alarm's event may have been made up, with a time to which nothing can be added.
    let expires = from.saturating_add(kept_for).unwrap_or(from).as_second();
    item.insert(EXPIRES.to_owned(), AttributeValue::N(expires.to_string()));
    item
}

pub(super) fn slots(scope: &Scope, slots: &Slots) -> Result<Item, Unavailable> {
    written(slots, &Key::slots(scope))
}

pub(super) fn shared_budget(budget: &SharedBudget) -> Result<Item, Unavailable> {
    written(budget, &Key::shared_budget())
}

pub(super) fn alarm_memory(memory: &AlarmChange) -> Result<Item, Unavailable> {
    let item = written(memory, &Key::alarm_memory(memory))?;
    Ok(expiring(item, memory.changed_at, ALARM_KEPT_FOR))
}

pub(super) fn memory<K: Kind>(scope: &Scope, memory: &K::Memory) -> Result<Item, Unavailable> {
    written(memory, &Key::memory::<K>(scope))
}

pub(super) fn mark<K: Kind>(mark: &DueMark) -> Result<Item, Unavailable> {
    written(mark, &Key::mark::<K>(&mark.scope.to_string()))
}

/// The claim of whoever serves.
pub(super) fn server<K: Kind>(until: Timestamp) -> Item {
    let mut item = Key::server::<K>().attributes();
    item.insert("schema".to_owned(), AttributeValue::N(SCHEMA.to_string()));
    item.insert("until".to_owned(), AttributeValue::N(until.as_millisecond().to_string()));
    item
}

/// The claim of whoever is through, until AWS's rates have room again.
pub(super) fn resting_server<K: Kind>(until: Timestamp) -> Item {
    let mut item = server::<K>(until);
    item.insert(RESTS.to_owned(), AttributeValue::Bool(true));
    item
}

/// By the claim that was there.
pub(super) fn last_server(claim: &Item) -> LastServer {
    if claim.contains_key(RESTS) { LastServer::Done } else { LastServer::Died }
}

pub(super) fn is_server(item: &Item) -> bool {
    text(item, "sk") == Some(SERVER)
}

/// Of one that can't be read, what tells people which it is.
pub(super) fn read_mark(item: Item) -> Result<DueMark, UnreadableMark> {
    let (scope, since) = (text(&item, "sk").unwrap_or("?").to_owned(), text(&item, "since").map(str::parse));
    let since = since.and_then(Result::ok);
    read(item).map_err(|unreadable| UnreadableMark { scope, since, why: unreadable.to_string() })
}

/// As every other time of an item that the ledger does not compare.
pub(super) fn moment(moment: Timestamp) -> AttributeValue {
    AttributeValue::S(moment.to_string())
}

pub(super) fn written<T: Serialize>(value: &T, key: &Key) -> Result<Item, Unavailable> {
    let mut item: Item = to_item(value).map_err(|error| amiss("write", &error.to_string()))?;
    item.insert("schema".to_owned(), AttributeValue::N(SCHEMA.to_string()));
    item.extend(key.attributes());
    Ok(item)
}

pub(super) fn read<T: DeserializeOwned>(item: Item) -> Result<T, Unavailable> {
    let schema = item.get("schema").and_then(|schema| schema.as_n().ok()).cloned().unwrap_or_default();
    if schema != SCHEMA.to_string() {
        let why = format!("{} has schema {schema:?}, and this version knows {SCHEMA}", name(&item));
        return Err(amiss("read", &why));
    }
    let name = name(&item);
    from_item(item).map_err(|error| amiss("read", &format!("{name}: {error}")))
}

/// Of one that another version wrote, the fence alone: nothing is lost with it, and it is written over.
///
/// # Errors
/// [`Unavailable`]: it has no version to write over. Somebody wrote it by hand, and has to delete it.
pub(super) fn resync(found: Item) -> Result<Resync, Unavailable> {
    let version = found.get("version").and_then(|version| version.as_n().ok()?.parse().ok());
    match (read::<Resync>(found), version) {
        (Ok(resync), _) => Ok(resync),
        (Err(_), Some(version)) => Ok(Resync { version, ..Resync::default() }),
        (Err(unreadable), None) => Err(unreadable),
    }
}

pub(super) fn is_pause(item: &Item) -> bool {
    text(item, "sk").is_some_and(|sk| sk.starts_with(PAUSE))
}

pub(super) fn is_shared_budget(item: &Item) -> bool {
    text(item, "pk") == Some(SHARED_BUDGET)
}

/// Of a scope, by whichever remedy.
pub(super) fn is_memory(item: &Item) -> bool {
    text(item, "pk").is_some_and(|pk| pk.starts_with(MEMORY) && !pk.starts_with(ALARM_MEMORY))
}

/// Whom an incident's item is about.
pub(super) fn subject(item: &Item) -> Option<Subject> {
    item.get("pk")?.as_s().ok()?.strip_prefix(SUBJECT)?.parse().ok()
}

pub(super) fn is_open(item: &Item) -> bool {
    text(item, "sk") == Some(OPEN)
}

pub(super) fn opened_at(item: &Item) -> Option<Timestamp> {
    text(item, "opened_at")?.parse().ok()
}

/// All that is read of a closed incident, whatever wrote it: what is over must not keep its subject from being healed.
pub(super) fn closed_at(item: &Item) -> Option<Timestamp> {
    text(item, "closed_at")?.parse().ok()
}

/// A pause, which people write by hand. One that can't be read holds like any other: to take it for none would be to
/// terminate instances under somebody's hands.
pub(super) fn pause(item: Item) -> Pause {
    let scope = text(&item, "sk").and_then(|sk| sk.strip_prefix(PAUSE)).unwrap_or("?").to_owned();
    let why = match read::<Pause>(item) {
        Ok(pause) if pause.until.as_millisecond() >= OLDEST_PAUSE => return pause,
        Ok(pause) => format!("its until is {:.0}, and is to be in milliseconds", pause.until),
        Err(unreadable) => unreadable.to_string(),
    };
    let by = "an item of the table that can't be read".to_owned();
    Pause { scope, by, reason: why, until: Timestamp::MAX }
}

/// What the index projects of an open incident, of whatever schema: its owner is woken, and says that it can't read it.
pub(super) fn due(item: &Item) -> Result<Due, Unavailable> {
    let number = |key: &str| item.get(key).and_then(|value| value.as_n().ok());
    let moment = |key: &str| text(item, key).and_then(|moment| moment.parse().ok());
    let subject = text(item, "pk").and_then(|pk| pk.strip_prefix(SUBJECT)?.parse().ok());
    let version = number("version").and_then(|version| version.parse().ok());
    let wake_at = number("wake_at").and_then(|at| Timestamp::from_millisecond(at.parse().ok()?).ok());
    let (Some(subject), Some(version), Some(wake_at)) = (subject, version, wake_at) else {
        return Err(amiss("read", &format!("{} in the index", name(item))));
    };
    Ok(Due {
        subject,
        version,
        wake_at,
        wakes: number("wakes").and_then(|wakes| wakes.parse().ok()).unwrap_or(0),
        deadline: moment("deadline"),
        stuck: moment("stuck"),
        overdue: moment("overdue"),
    })
}

fn name(item: &Item) -> String {
    let text = |key: &str| text(item, key).unwrap_or("?");
    format!("item {} {}", text("pk"), text("sk"))
}

fn text<'a>(item: &'a Item, key: &str) -> Option<&'a str> {
    item.get(key).and_then(|value| value.as_s().ok()).map(String::as_str)
}

fn amiss(verb: &str, why: &str) -> Unavailable {
    Unavailable { doing: format!("{verb} an item of the ledger"), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::incident::Gone;
    use homeostat_core::ports::Outcome;
    use homeostat_remedies::instance::kind::InstanceKind;
    use homeostat_remedies::instance::memory::{Act, Memory};
    use homeostat_remedies::instance::reasons::{Close, Decision, Incident, Step};

    fn sample() -> Incident {
        let subject = "eu-west-1#instance#i-0123456789abcdef0".parse().unwrap();
        let group: homeostat_core::id::GroupName = "web".parse().unwrap();
        let alarm = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1".parse().unwrap();
        let now = Timestamp::from_millisecond(1_800_000_000_123).unwrap();
        let step = Step::Replace { group: group.clone(), instance: "i-0123456789abcdef0".parse().unwrap() };
        let decision = Decision::Act { step: step.clone(), because: Vec::new() };
        let incident = Incident::new(
            subject,
            InstanceKind::Instance {
                group,
                alarms: [alarm].into_iter().collect(),
                notice: None,
                gone: Gone::default(),
            },
            now,
            now,
        );
        incident.intend(now, &step, &decision).settle(now, Outcome::Unknown { why: "cut".into() })
    }

    #[test]
    fn an_incident_is_read_back_as_written() {
        let incident_ = sample();
        assert_eq!(read::<Incident>(incident(&incident_).unwrap()).unwrap(), incident_);
    }

    #[test]
    fn a_pause_that_cannot_be_read_holds_all_the_same_and_says_what_is_wrong_with_it() {
        let written = |schema: bool, until: AttributeValue| {
            let text = |text: &str| AttributeValue::S(text.into());
            let mut item = Key::pause("group#web").attributes();
            item.extend([
                ("scope".into(), text("group#web")),
                ("by".into(), text("ana")),
                ("reason".into(), text("x")),
            ]);
            item.extend([("until".to_owned(), until)]);
            item.extend(schema.then(|| ("schema".to_owned(), AttributeValue::N("1".into()))));
            pause(item)
        };
        let number = |number: &str| AttributeValue::N(number.into());
        assert_eq!(written(true, number("1893456000000")).by, "ana");
        for (wrong, said) in [
            (written(true, number("1893456000")), "in milliseconds"),
            (written(false, number("1893456000000")), "schema"),
            (written(true, AttributeValue::S("tomorrow".into())), "PAUSE#group#web: Expected num"),
        ] {
            assert_eq!((wrong.scope.as_str(), wrong.until), ("group#web", Timestamp::MAX));
            assert!(wrong.reason.contains(said), "{}", wrong.reason);
        }
    }

    #[test]
    fn an_item_of_another_schema_is_left_alone() {
        let mut item = incident(&sample()).unwrap();
        item.insert("schema".into(), AttributeValue::N("2".into()));
        let said = read::<Incident>(item).unwrap_err().to_string();
        assert!(said.contains("schema \"2\""), "{said}");
    }

    #[test]
    fn what_is_remembered_is_read_back_as_written() {
        let (now, incident) = (Timestamp::from_millisecond(1_800_000_000_123).unwrap(), sample());
        let remembered =
            Memory { version: 3, ..Memory::default().acted(Act::on_the_sick(now, incident.subject.clone())) };
        let item = memory::<InstanceKind>(&incident.scope(), &remembered).unwrap();
        assert_eq!(read::<Memory>(item).unwrap(), remembered);
        let alarm = incident.kind.alarms().unwrap().arns().next().unwrap();
        let memory = AlarmChange { alarm: alarm.clone(), contributor: None, changed_at: now };
        let item = alarm_memory(&memory).unwrap();
        assert!(!is_memory(&item) && item.get("changed_at") == Some(&AttributeValue::N("1800000000123".into())));
        assert_eq!(read::<AlarmChange>(item).unwrap(), memory);
    }

    #[test]
    fn the_index_gives_back_what_the_incident_says() {
        let now = Timestamp::from_millisecond(1_800_000_000_123).unwrap();
        let incident_ = Incident { wakes: 2, deadline: Some(now), stuck: Some(now), ..sample() };
        let item = incident(&incident_).unwrap();
        assert_eq!(item.get("stuck"), Some(&moment(now)), "the sweep writes a time as serde does");
        let due = due(&item).unwrap();
        assert_eq!((due.wakes, due.deadline, due.stuck, due.overdue), (2, Some(now), Some(now), None));
        assert_eq!((Some(due.wake_at), due.version), (incident_.wake_at, incident_.version));
    }

    #[test]
    fn an_open_item_of_another_schema_is_due_all_the_same() {
        let mut item = Key::open(&sample().subject).attributes();
        let number = |number: &str| AttributeValue::N(number.into());
        item.extend([("version".to_owned(), number("7")), ("wake_at".to_owned(), number("1800000000123"))]);
        assert_eq!(due(&item).map(|due| (due.version, due.wakes)).unwrap(), (7, 0));
        item.remove("version");
        assert!(due(&item).unwrap_err().to_string().contains("i-0123456789abcdef0 OPEN in the index"));
    }

    #[test]
    fn only_what_is_over_and_what_an_alarm_said_ever_expires() {
        let now = Timestamp::from_millisecond(1_800_000_000_123).unwrap();
        let closed = sample().close(now, &Close::Recovered);
        let item = incident(&closed).unwrap();
        assert_eq!(item.get("expires"), Some(&AttributeValue::N((1_800_000_000 + 400 * 86_400).to_string())));
        assert_eq!(read::<Incident>(item).unwrap(), closed, "which hides nothing of it from `homeostat status`");

        let scope = sample().scope();
        let alarm: homeostat_core::id::AlarmArn =
            "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1".parse().unwrap();
        let kept =
            [incident(&sample()), slots(&scope, &Slots::default()), memory::<InstanceKind>(&scope, &Memory::default())];
        for item in kept {
            assert_eq!(item.unwrap().get("expires"), None);
        }

        let change = |changed_at| AlarmChange { alarm: alarm.clone(), contributor: None, changed_at };
        let expires = |changed_at| alarm_memory(&change(changed_at)).unwrap().get("expires").cloned();
        let said = AttributeValue::N((1_800_000_000 + 30 * 86_400).to_string());
        assert_eq!(expires(now), Some(said));
        assert!(expires(Timestamp::MAX).is_some(), "a time that was made up");
    }

    #[test]
    fn of_a_closed_item_only_its_end_is_read() {
        let now = Timestamp::from_millisecond(1_800_000_000_123).unwrap();
        let mut item = incident(&sample().close(now, &Close::Recovered)).unwrap();
        item.insert("schema".into(), AttributeValue::N("2".into()));
        assert_eq!((closed_at(&item), is_open(&item)), (Some(now), false));
        item.remove("closed_at");
        assert_eq!(closed_at(&item), None);
    }
}
