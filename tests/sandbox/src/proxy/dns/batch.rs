//! A batch of changes, read, in Route 53's form.
//!
//! What AWS calls invalid input is refused here; whether the batch fits the zone is for [`rules`](super::rules).

use std::collections::BTreeMap;

use ciborium::Value;

use super::name::normal;
use crate::api::ApiError;
use crate::tree::{Tree, read};

/// How the sets of one name and type share the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Routing {
    Simple,
    Weighted,
    /// By region, place, failover: told apart from the two above, and no further.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecordSet {
    pub name: String,
    pub kind: String,
    pub set_identifier: Option<String>,
    pub routing: Routing,
    /// None for an alias.
    pub ttl: Option<i64>,
    pub health_check: Option<String>,
    /// The records' values, none for an alias.
    pub values: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub action: String,
    pub set: RecordSet,
}

/// API reference, `ResourceRecordSet`, `Weight`.
const WEIGHTS: std::ops::RangeInclusive<i64> = 0..=255;
const OTHER_ROUTINGS: [&str; 6] =
    ["Region", "GeoLocation", "GeoProximityLocation", "Failover", "MultiValueAnswer", "CidrRoutingConfig"];

impl RecordSet {
    pub(super) fn read(tree: &Tree) -> Result<Self, ApiError> {
        let text = |name: &str| read::maybe_text(tree, name).map(|text| text.map(str::to_owned));
        let set_identifier = text("SetIdentifier")?;
        let weight = read::integer(tree, "Weight")?;
        if let Some(weight) = weight.filter(|weight| !WEIGHTS.contains(weight)) {
            return Err(invalid(format!("Value '{weight}' of Weight is not between 0 and 255")));
        }
        let has_other = OTHER_ROUTINGS.iter().any(|name| read::field(tree, name).is_some());
        let routing = match (weight.is_some(), has_other) {
            (true, false) => Routing::Weighted,
            (false, true) => Routing::Other,
            (false, false) => Routing::Simple,
            (true, true) => return Err(invalid("Expected exactly one of [Weight, Region, …], but found more")),
        };
        match (&set_identifier, routing) {
            (None, Routing::Weighted | Routing::Other) => {
                return Err(invalid("Missing field 'SetIdentifier' in Change"));
            }
            (Some(_), Routing::Simple) => {
                return Err(invalid("Expected exactly one of [Weight, Region, …], but found none in Change"));
            }
            _ => {}
        }
        let ttl = read::integer(tree, "TTL")?;
        let values = values(tree)?;
        let is_alias = read::field(tree, "AliasTarget").is_some();
        if is_alias == (ttl.is_some() && !values.is_empty()) {
            let which = if is_alias { "more than one" } else { "none" };
            return Err(invalid(format!(
                "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]], but found {which} in Change"
            )));
        }
        let name = normal(read::text(tree, "Name").map_err(|error| invalid(error.message))?);
        let kind = read::text(tree, "Type").map_err(|error| invalid(error.message))?.to_owned();
        Ok(RecordSet { name, kind, set_identifier, routing, ttl, health_check: text("HealthCheckId")?, values })
    }
}

fn values(set: &Tree) -> Result<Vec<String>, ApiError> {
    let Some(records) = read::field(set, "ResourceRecords") else { return Ok(Vec::new()) };
    let values = several(records, "ResourceRecord").into_iter().map(|record| read::text(record, "Value"));
    values.map(|value| value.map(str::to_owned).map_err(|error| invalid(error.message))).collect()
}

/// The batch, and the request's body with every name in Route 53's form.
pub(super) fn read_batch(mut body: Tree) -> Result<(Vec<Change>, Tree), ApiError> {
    let changes = read::field(&body, "ChangeBatch").and_then(|batch| read::field(batch, "Changes"));
    let changes = changes.map(|changes| several(changes, "Change")).unwrap_or_default();
    if changes.is_empty() {
        return Err(invalid("the batch holds no changes"));
    }
    let changes: Vec<Change> = changes.into_iter().map(read_change).collect::<Result<_, _>>()?;
    normalize(&mut body, "");
    Ok((changes, body))
}

fn read_change(change: &Tree) -> Result<Change, ApiError> {
    let action = read::text(change, "Action").map_err(|error| invalid(error.message))?;
    if !["CREATE", "DELETE", "UPSERT"].contains(&action) {
        return Err(invalid(format!("Value '{action}' of Action is not one of CREATE, DELETE, UPSERT")));
    }
    let set = read::field(change, "ResourceRecordSet").ok_or_else(|| invalid("Missing field 'ResourceRecordSet'"))?;
    Ok(Change { action: action.to_owned(), set: RecordSet::read(set)? })
}

/// The children of that name: XML does not tell one from a list of one.
pub(super) fn several<'a>(parent: &'a Tree, name: &str) -> Vec<&'a Tree> {
    match read::field(parent, name) {
        Some(Value::Array(several)) => several.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

/// `Name` and `DNSName` are names of domains wherever they stand in a batch and in a new zone.
pub(super) fn normalize(tree: &mut Tree, called: &str) {
    match tree {
        Value::Map(fields) => fields.iter_mut().for_each(|(name, value)| {
            normalize(value, name.as_text().unwrap_or_default());
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| normalize(item, called)),
        Value::Text(text) if ["Name", "DNSName"].contains(&called) => *text = normal(text),
        _ => {}
    }
}

/// The condition keys of a batch, as a policy asks about them (IAM, "Actions, resources, and condition keys for Amazon
/// Route 53"): names without the dot at the end, each value once.
pub(super) fn keys(changes: &[Change]) -> BTreeMap<String, Vec<String>> {
    let key = |name: &str, value: &dyn Fn(&Change) -> String| {
        let mut values: Vec<String> = changes.iter().map(value).collect();
        values.sort();
        values.dedup();
        (format!("route53:changeresourcerecordsets{name}"), values)
    };
    BTreeMap::from([
        key("normalizedrecordnames", &|change| change.set.name.trim_end_matches('.').to_owned()),
        key("recordtypes", &|change| change.set.kind.clone()),
        key("actions", &|change| change.action.clone()),
    ])
}

fn invalid(why: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidInput", format!("Invalid request: {}", why.into()))
}
