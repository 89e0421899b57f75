//! Record sets of Route 53, whole: whoever deletes one and creates it again must not lose a field of it.
//!
//! This module never holds the vendor's types, and never fills in a field that was not read.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::record_name::RecordName;
use crate::id::SetIdentifier;

/// Which record it is: its name and type, written `www.example.com A`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RecordKey {
    pub name: RecordName,
    pub kind: RecordType,
}

/// The types whose weight can be moved: those that answer with an address, or with the name of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordType {
    A,
    Aaaa,
    Cname,
}

/// One record set as Route 53 has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSet {
    pub name: RecordName,
    /// Route 53's own word, `TXT` and the like included.
    pub kind: String,
    pub routing: Routing,
    /// Seconds. An alias has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<Alias>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check: Option<String>,
    /// The traffic policy that made it, and would make it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic_policy: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Routing {
    Simple,
    Weighted {
        identifier: SetIdentifier,
        weight: Weight,
    },
    /// Latency, failover and the like: what kind it is.
    Other(String),
}

/// 0 to 255 (API reference, `ResourceRecordSet`, `Weight`).
pub type Weight = u8;

pub type Weights = BTreeMap<SetIdentifier, Weight>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    pub zone: String,
    pub name: String,
    pub evaluate_target_health: bool,
}

impl RecordSet {
    pub fn is_of(&self, key: &RecordKey) -> bool {
        self.name == key.name && self.kind == key.kind.as_str()
    }

    pub fn weighted(&self) -> Option<(&SetIdentifier, Weight)> {
        match &self.routing {
            Routing::Weighted { identifier, weight } => Some((identifier, *weight)),
            Routing::Simple | Routing::Other(_) => None,
        }
    }

    /// The same in everything but the weight.
    #[must_use]
    pub fn with_weight(&self, weight: Weight) -> RecordSet {
        let mut next = self.clone();
        if let Routing::Weighted { weight: was, .. } = &mut next.routing {
            *was = weight;
        }
        next
    }
}

/// The weights of a record's sets.
pub fn weights<'a>(sets: impl IntoIterator<Item = &'a RecordSet>) -> Weights {
    sets.into_iter().filter_map(RecordSet::weighted).map(|(identifier, weight)| (identifier.clone(), weight)).collect()
}

/// The same sets with other weights, where there are any.
pub fn reweighted(sets: &[RecordSet], weights: &Weights) -> Vec<RecordSet> {
    let weight = |set: &RecordSet| weights.get(set.weighted()?.0).copied();
    sets.iter().map(|set| weight(set).map_or_else(|| set.clone(), |weight| set.with_weight(weight))).collect()
}

impl RecordType {
    pub fn as_str(self) -> &'static str {
        match self {
            RecordType::A => "A",
            RecordType::Aaaa => "AAAA",
            RecordType::Cname => "CNAME",
        }
    }
}

impl FromStr for RecordType {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [RecordType::A, RecordType::Aaaa, RecordType::Cname].into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.kind.as_str())
    }
}

impl TryFrom<String> for RecordKey {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let unreadable = || format!("{text:?} is not a record, such as \"www.example.com A\"");
        let (name, kind) = text.rsplit_once(' ').ok_or_else(unreadable)?;
        Ok(RecordKey { name: name.parse().map_err(|_| unreadable())?, kind: kind.parse().map_err(|()| unreadable())? })
    }
}

impl From<RecordKey> for String {
    fn from(key: RecordKey) -> Self {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_as_written() {
        for text in ["www.example.com A", "*.example.com AAAA"] {
            assert_eq!(RecordKey::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        for text in ["www.example.com", "www.example.com MX", " A"] {
            assert!(RecordKey::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
