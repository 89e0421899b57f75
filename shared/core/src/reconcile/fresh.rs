//! Whether what was seen may still be acted on: it is only seconds old, and nobody has acted in the same scope since.
//!
//! This module never acts, and never decides what is done instead.

use jiff::{SignedDuration, Timestamp};

use super::{Circumstances, MOST_LOOKS, Times};
use crate::id::Subject;
use crate::incident::{Decision, Hold, Incident, Kind};
use crate::ports::{Clock, Slots};

/// An effect rests on nothing that was seen longer ago. A look takes a second as a rule; one that took this long met slow answers, and
/// who was unhealthy then may be well by now.
pub(super) const FRESH: SignedDuration = SignedDuration::from_secs(10);

/// How the looks of one call have gone so far.
#[derive(Debug, Default)]
pub(super) struct SoFar {
    pub(super) looks: u32,
    pub(super) has_done_something: bool,
    /// Looks after which somebody else had written or acted.
    pub(super) overtaken: u32,
    /// Looks that took so long that nothing could be done by them. One more is worth a try; more would outlast the function.
    pub(super) slow: u32,
}

/// Why a step is not taken on what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OutOfDate {
    Slow { took: SignedDuration },
    Overtaken { by: String },
}

impl SoFar {
    /// What a look that began then is out of date by, if it is.
    pub(super) fn out_of_date(
        &self,
        began: Timestamp,
        now: Timestamp,
        subject: &Subject,
        slots: Option<&Slots>,
    ) -> Option<OutOfDate> {
        let took = now.duration_since(began);
        if took > FRESH {
            return Some(OutOfDate::Slow { took });
        }
        let acted = |(holder, since): &(&Subject, &Timestamp)| *holder != subject && **since >= began;
        if let Some((holder, _)) = slots.and_then(|slots| slots.holders.iter().find(acted)) {
            return Some(OutOfDate::Overtaken { by: format!("{} was acted on while it was looked at", holder.name()) });
        }
        // Whoever loses each race is written down as waiting: that takes no slot, so that nobody races for it.
        let is_last = self.looks + 1 >= MOST_LOOKS && self.overtaken > 0;
        is_last.then(|| OutOfDate::Overtaken { by: format!("others were quicker at each of {} looks", self.looks) })
    }

    /// Whether to look once more instead of holding.
    pub(super) fn may_look_again(&self, why: &OutOfDate) -> bool {
        match why {
            OutOfDate::Slow { .. } => self.slow == 0,
            OutOfDate::Overtaken { .. } => self.looks + 1 < MOST_LOOKS && self.slow == 0,
        }
    }

    pub(super) fn missed(&mut self, why: &OutOfDate) {
        match why {
            OutOfDate::Slow { .. } => self.slow += 1,
            OutOfDate::Overtaken { .. } => self.overtaken += 1,
        }
    }
}

impl std::fmt::Display for OutOfDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OutOfDate::Slow { took } => {
                write!(
                    f,
                    "AWS took {}s to answer, and nothing is done on what is more than {FRESH:#} old",
                    took.as_secs()
                )
            }
            OutOfDate::Overtaken { by } => f.write_str(by),
        }
    }
}

/// The decision, unless a step would rest on what is out of date. `None` = look again.
pub(super) fn fresh_enough<K: Kind>(
    decision: Decision<K>,
    began: Timestamp,
    clock: &impl Clock,
    incident: &Incident<K>,
    around: &Circumstances<K>,
    times: &Times,
    so_far: &mut SoFar,
) -> Option<Decision<K>> {
    if !matches!(decision, Decision::Act { .. }) {
        return Some(decision);
    }
    let now = clock.now();
    let slots = incident.kind.takes_slot().then_some(&around.limits.slots);
    let Some(why) = so_far.out_of_date(began, now, &incident.subject, slots) else { return Some(decision) };
    if so_far.may_look_again(&why) {
        so_far.missed(&why);
        return None;
    }
    Some(Decision::Hold { until: now + times.check_every, because: Hold::OutOfDate { why: why.to_string() } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn subject(number: u8) -> Subject {
        format!("eu-west-1#instance#i-{number:017x}").parse().unwrap()
    }

    #[test]
    fn what_was_seen_is_acted_on_for_ten_seconds_and_then_looked_at_once_more() {
        let mut so_far = SoFar::default();
        assert_eq!(so_far.out_of_date(at(0), at(10), &subject(1), None), None);
        let slow = so_far.out_of_date(at(0), at(11), &subject(1), None).unwrap();
        assert!(so_far.may_look_again(&slow));
        so_far.missed(&slow);
        assert!(!so_far.may_look_again(&slow), "its function has thirty seconds");
    }

    #[test]
    fn who_took_a_slot_since_the_look_began_puts_it_out_of_date_and_who_held_one_before_does_not() {
        let slots = |since| Slots { version: 1, holders: [(subject(2), at(since))].into() };
        let so_far = SoFar::default();
        let of = |since, who| so_far.out_of_date(at(5), at(6), &subject(who), Some(&slots(since)));
        assert!(matches!(of(5, 1), Some(OutOfDate::Overtaken { .. })));
        assert_eq!(of(4, 1), None);
        assert_eq!(of(5, 2), None, "it is its own");
    }

    #[test]
    fn who_loses_each_race_stops_racing_at_the_last_look() {
        let lost = SoFar { looks: MOST_LOOKS - 1, overtaken: 1, ..SoFar::default() };
        let why = lost.out_of_date(at(0), at(0), &subject(1), None).unwrap();
        assert!(!lost.may_look_again(&why));
        let steps = SoFar { looks: MOST_LOOKS - 1, has_done_something: true, ..SoFar::default() };
        assert_eq!(steps.out_of_date(at(0), at(0), &subject(1), None), None, "it did something at each of them");
    }
}
