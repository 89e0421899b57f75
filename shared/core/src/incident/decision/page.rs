//! What of a page people know already.
//!
//! This module never decides whether anybody is asked.

use super::{Hold, Page};
use crate::incident::Kind;

impl<K: Kind> Page<K> {
    /// Whether people heard of it already.
    pub fn is_same(&self, last: &Page<K>) -> bool {
        match (self, last) {
            // What asks for another act is another page.
            (Page::Waited { holds, .. }, Page::Waited { holds: last, .. }) => {
                holds.iter().all(|hold| last.contains(hold))
            }
            (Page::Own(own), Page::Own(last)) => K::is_same_page(own, last),
            _ => std::mem::discriminant(self) == std::mem::discriminant(last),
        }
    }

    /// The names of the holds that it asks a person about.
    pub fn asks_about(&self) -> &[String] {
        match self {
            Page::Waited { holds, .. } => holds,
            Page::Refused { .. }
            | Page::NotRecovered { .. }
            | Page::SharedBudget(_)
            | Page::NoRoom { .. }
            | Page::Own(_) => &[],
        }
    }

    /// Whether who read it knows of the hold, too.
    pub fn covers(&self, hold: &Hold<K>) -> bool {
        match (self, hold) {
            (Page::Waited { holds, .. }, hold) => holds.iter().any(|name| name == hold.name()),
            (Page::SharedBudget(_), Hold::SharedBudget(_)) => true,
            (Page::Own(page), Hold::Own(hold)) => K::covers(page, hold),
            _ => false,
        }
    }
}
