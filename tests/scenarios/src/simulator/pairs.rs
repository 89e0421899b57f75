//! The same seed twice: with Homeostat, and with nobody acting but AWS itself.
//!
//! This module never holds a history against the rules: what counts is what came of it.

use super::script::Script;
use super::service::Difference;
use super::{Told, fleet};

/// What became of a seed with Homeostat, held against what becomes of it without.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    pub seed: u64,
    pub difference: Difference,
}

/// With Homeostat, and without.
pub fn both(seed: u64, logs: bool) -> [Told; 2] {
    let ours = fleet::tell_by(seed, &Script::noted().measured().logged(logs));
    let falls = ours.befell.iter().map(|one| one.fall);
    let nobody = fleet::tell_by(seed, &Script::only(&ours.book, falls).measured().with_nobody().logged(logs));
    [ours, nobody]
}

/// `None` = the seed draws no world.
pub fn pair(seed: u64) -> Option<Pair> {
    let [ours, nobody] = both(seed, false);
    let difference = ours.service?.against(&nobody.service?);
    Some(Pair { seed, difference })
}
