//! One look at a marked hosted zone, however many alarms spoke of its endpoints: AWS is read once, for all of its records.
//!
//! This module never asks AWS which zone an alarm is about: the policy says so. It never takes an alarm for heard that the look could
//! not read as new as the event.

use homeostat_core::aws::rates::Api;
use homeostat_core::id::HostedZoneId;
use homeostat_core::ports::{Clock, DueHint, DueMark, Ledger, Unavailable, WakeUps};
use homeostat_core::reconcile::{Attended, Coalesce, Ignored, Placed, Ports, Reconciled, Remedy, Route, Turn, look_at};
use homeostat_core::signal::{Hint, Trigger};
use jiff::Timestamp;

use super::counted::{Counted, Heard};
use super::kind::HostedZoneKind;
use super::reasons::{Decision, Incident};
use super::route::Resync;
use super::{Records, ShiftDns, ShiftWeights, subject};

impl<A: Records + ShiftWeights + Sync> Coalesce for ShiftDns<'_, A> {
    /// The policy says where an alarm leads.
    type Reading = ();
    /// No call answers for several hosted zones.
    type Ahead = ();

    async fn read_ahead(&self, _: &impl Clock, _: &[DueMark]) -> ((), Vec<(Api, usize)>) {
        ((), Vec::new())
    }

    async fn place(&self, routes: &[&Route<Resync>], (): &mut ()) -> Result<Vec<Placed>, Unavailable> {
        Ok(routes.iter().map(|route| placed(route)).collect())
    }

    async fn attend<L, C, W>(
        &self,
        ports: Ports<'_, L, C, W>,
        mark: &DueMark,
        Turn { until, .. }: Turn<'_, ()>,
        on_decision: &impl Fn(&Incident, &Decision),
    ) -> Attended<HostedZoneKind>
    where
        L: Ledger + Sync,
        C: Clock + Sync,
        W: WakeUps,
    {
        let zone = subject::zone_of_scope(&mark.scope);
        let Some(zone) = zone.filter(|zone| self.dns.zones().contains(zone)) else {
            // The policy was another one when it was marked.
            return Attended::default();
        };
        let counted = Counted::over(self.aws);
        let remedy = ShiftDns { aws: &counted, hash: self.hash, dns: self.dns };
        let heard = |hint: &Hint| hint.change().map_or(Heard::Whole, |change| counted.heard(change));
        let attended = attend_to(&remedy, ports, mark, hints(mark, &zone), until, heard, on_decision).await;
        Attended { calls: counted.calls(), ..attended }
    }
}

fn placed(route: &Route<Resync>) -> Placed {
    let hints = match route {
        Route::Hints(hints) => hints.as_slice(),
        Route::Survey(Resync(_)) => &[],
    };
    let scope = |hint: &Hint| subject::zone_of(&hint.subject).map(|zone| subject::scope(&zone));
    Placed { at: hints.iter().filter_map(|hint| scope(hint).zip(DueHint::of(hint))).collect(), outside: Vec::new() }
}

/// The oldest change first, since an incident that is opened counts from there. A mark that kept none asks for a look all the same.
fn hints(mark: &DueMark, zone: &HostedZoneId) -> Vec<Hint> {
    let mut hints: Vec<Hint> = mark.hints.iter().filter_map(DueHint::hint).collect();
    hints.sort_by_key(|hint| hint.change().map(|change| change.changed_at));
    if hints.is_empty() {
        let why = Trigger::Found { since: mark.since, alarms: Vec::new(), told_by: None };
        hints.push(Hint { subject: subject::subject(zone), why });
    }
    hints
}

/// A look decides about all of the zone: the next hint needs another one only if the look did not read its alarm as new as it says.
async fn attend_to<R, L, C, W>(
    remedy: &R,
    ports: Ports<'_, L, C, W>,
    mark: &DueMark,
    hints: Vec<Hint>,
    until: Timestamp,
    heard: impl Fn(&Hint) -> Heard,
    on_decision: &impl Fn(&Incident, &Decision),
) -> Attended<HostedZoneKind>
where
    R: Remedy<Kind = HostedZoneKind>,
    L: Ledger + Sync,
    C: Clock,
    W: WakeUps,
{
    let mut attended = Attended::default();
    let (mut has_looked, mut is_in_vain, mut left) = (false, false, Vec::new());
    for hint in hints {
        match heard(&hint) {
            Heard::Not(why) => {
                attended.trouble.get_or_insert(why);
                left.push(hint);
                continue;
            }
            Heard::Whole if has_looked => continue,
            Heard::Whole | Heard::Unasked => {}
        }
        if is_in_vain || ports.clock.now() >= until {
            left.push(hint);
            continue;
        }
        let look = look_at(remedy, ports, &hint, on_decision).await;
        match &look.outcome {
            // Nobody looked any further.
            Ok(Reconciled::Ignored(Ignored::Stale { .. })) => {}
            Ok(_) => has_looked = true,
            Err(error) => {
                attended.trouble.get_or_insert_with(|| error.to_string());
                // Of an alarm that can't be read, the others are none the worse.
                is_in_vain = !matches!(heard(&hint), Heard::Not(_));
                left.push(hint);
            }
        }
        attended.looks.push(look);
    }
    attended.left =
        mark.hints.iter().filter(|told| told.hint().is_none_or(|hint| left.contains(&hint))).cloned().collect();
    attended.all_left = mark.all && !has_looked;
    attended
}
