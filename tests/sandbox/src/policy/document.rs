//! The JSON of a policy. What is not known here is refused, for ignoring an element would widen the policy.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::matches;

/// By operator, then by key: the values of which one must fit.
pub(super) type Conditions = BTreeMap<String, BTreeMap<String, OneOrMany<Value>>>;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    #[serde(rename = "Statement", deserialize_with = "one_or_many")]
    pub(super) statements: Vec<Statement>,
    #[serde(rename = "Version", default)]
    _version: Option<String>,
    #[serde(rename = "Id", default)]
    _id: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Statement {
    #[serde(rename = "Effect")]
    pub effect: Effect,
    #[serde(rename = "Action", default)]
    action: OneOrMany<String>,
    #[serde(rename = "NotAction", default)]
    not_action: OneOrMany<String>,
    #[serde(rename = "Resource", default)]
    resource: OneOrMany<String>,
    #[serde(rename = "NotResource", default)]
    not_resource: OneOrMany<String>,
    #[serde(rename = "Principal", default)]
    principal: Option<Principal>,
    #[serde(rename = "Condition", default)]
    pub conditions: Conditions,
    #[serde(rename = "Sid", default)]
    _sid: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Principal {
    Anyone(String),
    Named(BTreeMap<String, OneOrMany<String>>),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T> OneOrMany<T> {
    pub(super) fn as_slice(&self) -> &[T] {
        match self {
            Self::Many(several) => several,
            Self::One(one) => std::slice::from_ref(one),
        }
    }
}

impl Document {
    pub fn read(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }
}

impl Statement {
    pub(super) fn actions(&self) -> &[String] {
        self.action.as_slice()
    }

    pub(super) fn resources(&self) -> &[String] {
        self.resource.as_slice()
    }

    pub(super) fn covers_action(&self, action: &str) -> bool {
        let action = action.to_lowercase();
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches(&pattern.to_lowercase(), &action));
        covers(self.action.as_slice(), self.not_action.as_slice(), any)
    }

    pub(super) fn covers_resource(&self, resource: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, resource));
        covers(self.resource.as_slice(), self.not_resource.as_slice(), any)
    }

    pub(super) fn names_principal(&self, service: Option<&str>) -> bool {
        match (service, &self.principal) {
            (None, None) => true,
            (Some(_), Some(Principal::Anyone(anyone))) => anyone == "*",
            (Some(service), Some(Principal::Named(named))) => {
                named.get("Service").is_some_and(|services| services.as_slice().iter().any(|named| named == service))
            }
            _ => false,
        }
    }
}

fn covers(named: &[String], excluded: &[String], any: impl Fn(&[String]) -> bool) -> bool {
    if excluded.is_empty() { any(named) } else { !any(excluded) }
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Statement>, D::Error> {
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::Many(statements) => statements,
        OneOrMany::One(statement) => vec![statement],
    })
}
