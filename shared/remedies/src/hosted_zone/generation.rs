//! The generation of a record's name: a fence against batches that are based on what was before.
//!
//! This module never takes a text of somebody else's for a generation.

use homeostat_core::aws::record::{RecordSet, Routing};
use homeostat_core::aws::record_name::{InvalidName, RecordName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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

    pub fn fence(&self, name: &RecordName) -> Result<RecordSet, InvalidName> {
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
}
