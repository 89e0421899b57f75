//! From weights to traffic: each endpoint gets what the records that name it send there.
//!
//! This module never lets a resolver's cache linger: what is changed counts at once, so that a story's times are the records'.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::aws::record::{RecordSet, Weights, weights};

use crate::endpoint::WHOLE_SHARE;
use crate::world::World;

impl World {
    /// Every weighted record of all zones is asked for as often as each other.
    pub(super) fn spread_traffic(&mut self) {
        let records: Vec<Weights> = self.zones.values().flat_map(|zone| weighted(zone.sets())).collect();
        let count = u32::try_from(records.len()).unwrap_or(u32::MAX).max(1);
        for (name, endpoint) in &mut self.endpoints {
            let thousandths: u32 = records.iter().map(|weights| thousandths(weights, name)).sum();
            // However little it is, it is traffic.
            let share = if thousandths > 0 { (thousandths / count).max(1) } else { 0 };
            endpoint.share = u16::try_from(share).unwrap_or(WHOLE_SHARE).min(WHOLE_SHARE);
        }
    }
}

/// Of one record. Where all weights are zero, each is as likely (Developer Guide, "Weighted routing").
fn thousandths(weights: &Weights, endpoint: &str) -> u32 {
    let Some((_, weight)) = weights.iter().find(|(id, _)| id.as_str() == endpoint) else { return 0 };
    let total: u32 = weights.values().map(|weight| u32::from(*weight)).sum();
    let (part, whole) = match total {
        0 => (1, u32::try_from(weights.len()).unwrap_or(1)),
        total => (u32::from(*weight), total),
    };
    (u32::from(WHOLE_SHARE) * part).div_ceil(whole)
}

fn weighted(sets: &[RecordSet]) -> Vec<Weights> {
    let keys: BTreeSet<_> = sets.iter().map(|set| (set.name.clone(), set.kind.clone())).collect();
    let mut records: BTreeMap<_, Vec<RecordSet>> = keys.into_iter().map(|key| (key, Vec::new())).collect();
    for set in sets {
        if let Some(record) = records.get_mut(&(set.name.clone(), set.kind.clone())) {
            record.push(set.clone());
        }
    }
    records.values().map(weights).filter(|weights| !weights.is_empty()).collect()
}
