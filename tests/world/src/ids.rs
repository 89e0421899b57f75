//! Names for what AWS names by itself: instances, activities, events.
//!
//! This module never rolls dice: ids follow from how many were drawn before, so that a run repeats to the letter.

use homeostat_core::id::InstanceId;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    drawn: u64,
}

impl Ids {
    pub(crate) fn instance(&mut self) -> InstanceId {
        loop {
            // Every number makes a valid id, so the first is taken: the loop only spares an error that can't occur.
            if let Ok(id) = format!("i-0{:016x}", self.draw()).parse() {
                return id;
            }
        }
    }

    /// Of what was drawn last: no address is drawn of its own, or the ids after it would be others.
    pub(crate) fn private_ip(&self) -> String {
        let [.., high, middle, low] = self.drawn.to_be_bytes();
        format!("10.{high}.{middle}.{low}")
    }

    pub(crate) fn uuid(&mut self) -> String {
        let digits = format!("{:016x}{:016x}", self.draw(), self.draw());
        let mut rest = digits.as_str();
        let mut parts = Vec::new();
        for length in [8, 4, 4, 4] {
            let (part, tail) = rest.split_at(length);
            parts.push(part);
            rest = tail;
        }
        parts.push(rest);
        parts.join("-")
    }

    /// As Route 53 names a change.
    pub(crate) fn change(&mut self) -> String {
        format!("C{:016X}", self.draw())
    }

    /// SplitMix64's finalizer over a counter: no two draws alike, and neighbours don't look like neighbours, so that a
    /// reader can tell ids apart at a glance.
    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        let mut mixed = self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
