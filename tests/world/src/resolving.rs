//! Who gets which share of the answers among weighted records (Route 53 Developer Guide, "Weighted routing" and "How Amazon
//! Route 53 chooses records when health checking is configured").
//!
//! This module never keeps a record, and never looks at caches: what a resolver still remembers for the TTL is not told.

use std::collections::BTreeMap;

use crate::endpoint::WHOLE_SHARE;

/// A weighted record, as far as its share depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub set_identifier: String,
    pub weight: u8,
    /// A record without a health check always is.
    pub healthy: bool,
}

/// By set identifier, in thousandths. A record that is answered at all gets at least one.
pub fn shares(records: &[Candidate]) -> BTreeMap<String, u16> {
    let considered = considered(records);
    let whole = u32::from(WHOLE_SHARE);
    let total: u32 = considered.iter().map(|record| u32::from(record.weight)).sum();
    let count = u32::try_from(considered.len()).unwrap_or(u32::MAX);
    let share = |record: &Candidate| {
        if !considered.contains(&record) {
            return 0;
        }
        // "If you set Weight to 0 for all of the records in the group, traffic is routed to all resources with equal probability."
        let share = (u32::from(record.weight) * whole).checked_div(total).unwrap_or(whole / count);
        u16::try_from(share.max(1)).unwrap_or(WHOLE_SHARE)
    };
    records.iter().map(|record| (record.set_identifier.clone(), share(record))).collect()
}

/// The healthy records with a weight; if there are none, the healthy ones without; and if there are none either, all count as
/// healthy.
fn considered(records: &[Candidate]) -> Vec<&Candidate> {
    let healthy: Vec<&Candidate> = records.iter().filter(|record| record.healthy).collect();
    let candidates = if healthy.is_empty() { records.iter().collect() } else { healthy };
    let weighted: Vec<&Candidate> = candidates.iter().copied().filter(|record| record.weight > 0).collect();
    if weighted.is_empty() { candidates } else { weighted }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shares of `a`, `b`, … with these weights, of which those named are unhealthy.
    fn shares_of(weights: &[u8], unhealthy: &str) -> Vec<u16> {
        let candidate = |(name, weight): (&str, &u8)| Candidate {
            set_identifier: name.to_owned(),
            weight: *weight,
            healthy: !unhealthy.contains(name),
        };
        let records: Vec<Candidate> = ["a", "b", "c", "d"].into_iter().zip(weights).map(candidate).collect();
        shares(&records).into_values().collect()
    }

    #[test]
    fn shares_follow_the_weights() {
        assert_eq!(shares_of(&[255, 0], ""), [1000, 0]);
        assert_eq!(shares_of(&[1, 3], ""), [250, 750]);
        assert_eq!(shares_of(&[1, 1, 1], ""), [333, 333, 333]);
    }

    #[test]
    fn no_weight_at_all_means_all_alike() {
        assert_eq!(shares_of(&[0, 0], ""), [500, 500]);
        assert_eq!(shares_of(&[0, 0, 0], "c"), [500, 500, 0]);
    }

    #[test]
    fn an_unhealthy_record_is_left_out() {
        assert_eq!(shares_of(&[100, 100, 200], "c"), [500, 500, 0]);
    }

    #[test]
    fn a_record_without_weight_counts_only_if_all_others_are_unhealthy() {
        assert_eq!(shares_of(&[100, 100, 0], "a"), [0, 1000, 0]);
        assert_eq!(shares_of(&[100, 100, 0], "ab"), [0, 0, 1000]);
    }

    #[test]
    fn all_unhealthy_means_all_healthy() {
        assert_eq!(shares_of(&[50, 150], "ab"), [250, 750]);
        assert_eq!(shares_of(&[50, 150, 0], "abc"), [250, 750, 0]);
        assert_eq!(shares_of(&[0, 0], "ab"), [500, 500]);
    }

    #[test]
    fn no_records_mean_no_answers() {
        assert!(shares_of(&[], "").is_empty());
    }
}
