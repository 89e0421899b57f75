//! What of a page people know already.
//!
//! This module never decides whether anybody is asked.

use super::Page;

impl Page {
    /// Whether people heard of it already.
    pub fn is_same(&self, last: &Page) -> bool {
        match (self, last) {
            (Page::Weights { troubles }, Page::Weights { troubles: last }) => {
                troubles.iter().all(|trouble| last.iter().any(|last| trouble.is_same(last)))
            }
            // What asks for another act is another page.
            (Page::Waited { holds, .. }, Page::Waited { holds: last, .. }) => {
                holds.iter().all(|hold| last.contains(hold))
            }
            (Page::ReplacementsFail { launched_from, .. }, Page::ReplacementsFail { launched_from: last, .. }) => {
                launched_from == last
            }
            (Page::TargetGroupGone(gone), Page::TargetGroupGone(last)) => {
                gone.target_groups.iter().all(|arn| last.target_groups.contains(arn))
            }
            _ => std::mem::discriminant(self) == std::mem::discriminant(last),
        }
    }

    /// The names of the holds that it asks a person about.
    pub fn asks_about(&self) -> &[String] {
        match self {
            Page::Waited { holds, .. } => holds,
            _ => &[],
        }
    }
}
