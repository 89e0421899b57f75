//! What becomes of what a slice of a resync found: a few subjects are looked at at once; more of them wait in marks, where the remedy
//! has such, so that a fleet in trouble is looked at within the same rates whoever noticed it.
//!
//! This module never decides about what was found: the loop does.

use jiff::{SignedDuration, Timestamp};

use super::serve::one;
use super::{Coalesce, Look, Marks, Ports, Remedy, Surveyed, mark};
use crate::incident::{Decision, Incident};
use crate::intake::FEW;
use crate::ports::{Clock, DueHint, DueMarks, Ledger, WakeUps};

/// No look begins later in a slice: what is left of the function's 30 seconds is for the one that has begun.
const LAST_LOOK: SignedDuration = SignedDuration::from_secs(20);

/// How what was found is attended to.
pub(super) trait Attend<R: Remedy> {
    /// The looks, and whether all that was found was attended to or waits in marks.
    async fn attend<L, C, W>(
        &self,
        remedy: &R,
        ports: Ports<'_, L, C, W>,
        surveyed: &mut Surveyed,
        began: Timestamp,
        on_decision: &impl Fn(&Incident<R::Kind>, &Decision<R::Kind>),
    ) -> (Vec<Look<R::Kind>>, bool)
    where
        L: Ledger + Sync,
        C: Clock,
        W: WakeUps;
}

/// Each in turn, while there is time.
pub(super) struct InTurn;

impl<R: Remedy> Attend<R> for InTurn {
    async fn attend<L, C, W>(
        &self,
        remedy: &R,
        ports: Ports<'_, L, C, W>,
        surveyed: &mut Surveyed,
        began: Timestamp,
        on_decision: &impl Fn(&Incident<R::Kind>, &Decision<R::Kind>),
    ) -> (Vec<Look<R::Kind>>, bool)
    where
        L: Ledger + Sync,
        C: Clock,
        W: WakeUps,
    {
        let mut looks = Vec::new();
        for hint in &surveyed.hints {
            if ports.clock.now().duration_since(began) >= LAST_LOOK {
                return (looks, false);
            }
            looks.push(one(remedy, ports, hint, on_decision).await);
        }
        (looks, true)
    }
}

/// Marked as due, unless there are few.
pub(super) struct ByMarks<'a, D>(pub(super) &'a D);

impl<R: Coalesce, D: DueMarks + Sync> Attend<R> for ByMarks<'_, D> {
    async fn attend<L, C, W>(
        &self,
        remedy: &R,
        ports: Ports<'_, L, C, W>,
        surveyed: &mut Surveyed,
        began: Timestamp,
        on_decision: &impl Fn(&Incident<R::Kind>, &Decision<R::Kind>),
    ) -> (Vec<Look<R::Kind>>, bool)
    where
        L: Ledger + Sync,
        C: Clock,
        W: WakeUps,
    {
        if surveyed.hints.len() <= FEW {
            return InTurn.attend(remedy, ports, surveyed, began, on_decision).await;
        }
        let now = ports.clock.now();
        let (mut marks, mut rest) = (Marks::new(), Vec::new());
        for hint in &surveyed.hints {
            match surveyed.scopes.get(&hint.subject).cloned().zip(DueHint::of_resync(hint, now)) {
                Some((scope, due)) => marks.entry(scope).or_default().push(due),
                None => rest.push(hint.clone()),
            }
        }
        let marked = mark::<R::Kind>(self.0, ports.clock, &marks).await;
        surveyed.marked.extend(marked.written.into_iter().chain(marked.known));
        // A mark that can't be read must not keep its group from being looked at.
        let unreadable: Vec<String> = marked.unreadable.into_iter().map(|mark| mark.scope).collect();
        let is_unmarked = |scope: &&_| unreadable.contains(&ToString::to_string(*scope));
        for scope in marks.keys().filter(is_unmarked) {
            rest.extend(
                surveyed.hints.iter().filter(|hint| surveyed.scopes.get(&hint.subject) == Some(scope)).cloned(),
            );
        }
        let mut unmarked = Surveyed { hints: rest, ..Surveyed::default() };
        let (looks, is_all) = InTurn.attend(remedy, ports, &mut unmarked, began, on_decision).await;
        (looks, is_all && marked.failed.is_empty())
    }
}
