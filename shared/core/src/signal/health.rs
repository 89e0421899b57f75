//! What AWS Health says of instances (AWS Health User Guide, "Reference: AWS Health events Amazon EventBridge schema").
//!
//! This module never takes the Region that an event came through for the one that it is about: Health sends copies to a backup
//! Region.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::moment::{self, A_TIME, reckoned_with};
use super::notice::{Notice, NoticeKind};
use super::{About, Fact, Key, NoSignal, Parsed, Signal, of_bus, one_line};
use crate::id::{Account, InstanceId, Region};
use crate::json::{JsonCursor, Malformed};

pub(super) const EVENT: &str = "AWS Health Event";

/// Endings of the event types after which an instance is stopped or terminated (AWS Health User Guide; EC2 User Guide, "Scheduled
/// events for your instances"; the API's `DescribeEventTypes`). Reboots and maintenance leave it where it is.
const ENDS_INSTANCES: [&str; 4] = [
    "INSTANCE_RETIREMENT_SCHEDULED",
    "INSTANCE_RETIREMENT_EXPEDITED",
    "INSTANCE_STOP_SCHEDULED",
    "INSTANCE_TERMINATION_SCHEDULED",
];

/// AWS's own samples name weekdays that don't fit their dates.
static DATES: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);

pub(super) fn parse(root: &JsonCursor<'_>, now: Timestamp) -> Result<Parsed, Malformed> {
    let detail = root.field("detail");
    let code = detail.field("eventTypeCode").text()?;
    let service = detail.field("service").text()?;
    let news = |why: String| Ok(Parsed::Ignored(NoSignal::HealthNews { code: code.to_owned(), why }));
    if service != "EC2" {
        return news(format!("Homeostat does nothing about what happens to {service:?}"));
    }
    if !ENDS_INSTANCES.iter().any(|ending| code.ends_with(ending)) {
        return news("no instance has to be replaced for it".to_owned());
    }
    if !is_code(code) {
        return Err(detail
            .field("eventTypeCode")
            .malformed("an event type's code, such as AWS_EC2_INSTANCE_STOP_SCHEDULED"));
    }
    if detail.field("statusCode").text() == Ok("closed") {
        return news("it is over".to_owned());
    }
    let at = moment::past(&root.field("time"), A_TIME, now)?.at;
    let by = date(&detail.field("startTime"))?;
    let (account, region) = origin(root, &detail)?;
    let instances = entities(&detail)?;
    if instances.is_empty() {
        return Err(detail.field("affectedEntities").malformed("a list with at least one instance"));
    }
    let communication = detail.field("communicationId").text().or_else(|_| root.field("id").text())?;
    let page = detail.field("page").text().unwrap_or("1");
    let what = NoticeKind::Retirement { code: code.to_owned() };
    let about = About::Instances(instances.into_iter().collect());
    Ok(Parsed::Signal(Signal {
        key: Key::of(&format!("health {communication:?} {account} page {page:?}")),
        at: Some(at),
        fact: Fact::Notice { about, notice: Notice { what, at, by: Some(by) } },
        evidence: detail.field("eventArn").text().map(one_line).into_iter().collect(),
        account: Some(account),
        region: Some(region),
    }))
}

/// People read it: 3 to 100 letters, digits, `_` and `-` (AWS Health API reference, `EventType`), and no sentence.
fn is_code(text: &str) -> bool {
    text.len() <= 100 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
}

fn origin(root: &JsonCursor<'_>, detail: &JsonCursor<'_>) -> Result<(Account, Region), Malformed> {
    let (bus_account, bus_region) = of_bus(root)?;
    let (account, region) = (detail.field("affectedAccount"), detail.field("eventRegion"));
    let account = if account.is_present() { account.parse("an account id of 12 digits")? } else { bus_account };
    let region = if region.is_present() { region.parse("a Region's code, such as eu-west-1")? } else { bus_region };
    Ok((account, region))
}

/// Other services' things may be among them; an entity is no more than its value.
fn entities(detail: &JsonCursor<'_>) -> Result<BTreeSet<InstanceId>, Malformed> {
    let (mut instances, mut odd) = (BTreeSet::new(), None);
    for entity in detail.field("affectedEntities").items()? {
        let value = entity.field("entityValue");
        // Some are written as ARNs.
        let name = value.text().map(|text| text.rsplit('/').next().unwrap_or_default());
        match name.map(str::parse) {
            Ok(Ok(id)) => _ = instances.insert(id),
            _ => odd = odd.or(Some(value)),
        }
    }
    // One that can't be understood hides no other.
    match odd {
        Some(value) if instances.is_empty() => Err(value.malformed("an instance id, such as i-0123456789abcdef0")),
        _ => Ok(instances),
    }
}

/// `Thu, 27 Aug 2026 13:19:03 GMT`.
fn date(at: &JsonCursor<'_>) -> Result<Timestamp, Malformed> {
    let expected = "a time, such as Thu, 27 Aug 2026 13:19:03 GMT";
    let text = at.text().map_err(|_| at.malformed(expected))?;
    reckoned_with(at, expected, DATES.parse_timestamp(text).map_err(|_| at.malformed(expected))?)
}
