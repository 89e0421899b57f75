//! Record sets of Route 53, whole: whoever deletes one and creates it again must not lose a field of it.
//!
//! This module never holds the vendor's types, and never fills in a field that was not read.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::name::{NotAName, RecordName};
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

/// The label under which the generation of a record stands, as a TXT record.
pub const FENCE_LABEL: &str = "_homeostat";
/// Nobody needs to resolve it; a minute is what AWS advises for weighted records.
const FENCE_TTL: i64 = 60;

/// How many times Homeostat has changed the records of this name, and when it last did.
///
/// Weights can go from 70 to 0 and back to 70, and a batch that stalled on its way would match again. Each batch replaces the
/// generation too, which never repeats, so a batch that is based on an older one can't apply.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Generation {
    pub number: u64,
    pub at: Timestamp,
}

impl Generation {
    /// The one after it; the first, if there was none. To the millisecond, as it is written: else it would never equal what is
    /// read back.
    pub fn after(last: Option<&Generation>, now: Timestamp) -> Generation {
        let at = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        Generation { number: last.map_or(1, |last| last.number + 1), at }
    }

    pub fn fence(&self, name: &RecordName) -> Result<RecordSet, NotAName> {
        Ok(RecordSet {
            name: name.under(FENCE_LABEL)?,
            kind: "TXT".to_owned(),
            routing: Routing::Simple,
            ttl: Some(FENCE_TTL),
            values: vec![format!("\"homeostat generation {} of {:.3}\"", self.number, self.at)],
            alias: None,
            health_check: None,
            traffic_policy: None,
        })
    }

    /// `None`: Homeostat did not write this record.
    pub fn of(fence: &RecordSet) -> Option<Generation> {
        let [value] = fence.values.as_slice() else { return None };
        let text = value.strip_prefix("\"homeostat generation ")?.strip_suffix('"')?;
        let (number, at) = text.split_once(" of ")?;
        (fence.routing == Routing::Simple).then_some(())?;
        Some(Generation { number: number.parse().ok()?, at: at.parse().ok()? })
    }
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
    fn a_generation_is_read_back_as_written_and_never_repeats() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let name: RecordName = "*.example.com".parse().unwrap();
        let first = Generation::after(None, Timestamp::new(1_800_000_000, 123_456_789).unwrap());
        let second = Generation::after(Some(&first), at(1_800_000_000));
        assert_eq!(Generation::of(&first.fence(&name).unwrap()), Some(first.clone()));
        assert!(second > first);
        assert_ne!(Generation::after(None, at(1_800_000_001)), first, "also if somebody deleted the record");
    }

    #[test]
    fn a_text_of_somebody_else_is_no_generation() {
        let mut fence = Generation::after(None, Timestamp::UNIX_EPOCH).fence(&"a.b".parse().unwrap()).unwrap();
        for values in [vec![], vec!["\"v=spf1\"".to_owned()], vec![fence.values[0].clone(), "\"x\"".to_owned()]] {
            fence.values = values;
            assert_eq!(Generation::of(&fence), None);
        }
    }

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
