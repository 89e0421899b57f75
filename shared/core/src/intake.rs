//! What of the events that came together is worth a look, and what of it is one and the same.
//!
//! This module never calls AWS, and never judges: what is dropped here is found by the resync all the same.

use jiff::{SignedDuration, Timestamp};

use crate::reconcile::{Remedy, Route};
use crate::signal::{Fact, NoSignal, NoticeKind, Signal};

/// So few looks are taken at once. More of them wait, one mark for each scope, so that what speaks of the same is one look.
pub const FEW: usize = 2;

/// One signal, however often and by whatever way it came.
#[derive(Debug)]
pub struct Wanted<S> {
    pub signal: Signal,
    pub route: Route<S>,
    /// Which records brought it, by their places in the batch.
    pub records: Vec<usize>,
}

/// What became of a signal on its way in.
#[derive(Debug)]
pub enum Taken {
    /// To be looked at, or the same as another one.
    Wanted,
    /// It tells of what a resync has looked at since.
    Outdated,
    Nothing(NoSignal),
}

/// The signals of one batch.
#[derive(Debug)]
pub struct Batch<S> {
    pub wanted: Vec<Wanted<S>>,
    pub outdated: usize,
}

impl<S> Default for Batch<S> {
    fn default() -> Self {
        Batch { wanted: Vec::new(), outdated: 0 }
    }
}

impl<S> Batch<S> {
    /// Takes in the signal that the record at this place brought.
    pub fn take<R: Remedy<Survey = S>>(&mut self, remedy: &R, now: Timestamp, record: usize, signal: Signal) -> Taken {
        if let Some(known) = self.wanted.iter_mut().find(|known| known.signal.key == signal.key) {
            known.records.push(record);
            return Taken::Wanted;
        }
        let route = match remedy.route(&signal) {
            Ok(route) => route,
            Err(why) => return Taken::Nothing(why),
        };
        if is_outdated(now, &signal, remedy.period()) {
            self.outdated += 1;
            return Taken::Outdated;
        }
        self.wanted.push(Wanted { signal, route, records: vec![record] });
        Taken::Wanted
    }

    /// Whether all of it can be looked at now.
    pub fn is_small(&self) -> bool {
        let looks = self.wanted.iter().map(|wanted| match &wanted.route {
            Route::Hints(hints) => hints.len(),
            Route::Survey(_) => 1,
        });
        looks.sum::<usize>() <= FEW
    }
}

/// Whether a resync has come since. Announced maintenance is true until it comes to pass.
fn is_outdated(now: Timestamp, signal: &Signal, period: SignedDuration) -> bool {
    let lasts = match &signal.fact {
        Fact::Notice { notice, .. } => matches!(notice.what, NoticeKind::Retirement { .. }),
        Fact::Alarm(_) | Fact::Action(_) => false,
        Fact::Order(_) => true,
    };
    !lasts && signal.at.is_some_and(|at| now.duration_since(at) > period)
}

#[cfg(test)]
mod tests {
    use crate::resync::RESYNC_EVERY;
    use serde_json::json;

    use super::*;
    use crate::signal::{Parsed, read};

    fn signal(event: &serde_json::Value, now: Timestamp) -> Signal {
        match read(event, now).remove(0) {
            Ok(Parsed::Signal(signal)) => signal,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_older_than_a_resync_is_outdated_but_for_announced_maintenance() {
        let at: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let (late, later) = (at + RESYNC_EVERY, at + RESYNC_EVERY + SignedDuration::from_secs(1));
        let stopped = json!({
            "source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification", "account": "123456789012",
            "region": "eu-west-1", "time": at.to_string(),
            "detail": { "instance-id": "i-0123456789abcdef0", "state": "stopped" }
        });
        let retired = json!({
            "source": "aws.health", "detail-type": "AWS Health Event", "account": "123456789012", "region": "eu-west-1",
            "id": "1", "time": at.to_string(), "resources": ["i-0123456789abcdef0"],
            "detail": {
                "service": "EC2", "eventTypeCode": "AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED",
                "eventTypeCategory": "scheduledChange", "startTime": "Tue, 10 Mar 2026 12:00:00 GMT",
                "affectedEntities": [{ "entityValue": "i-0123456789abcdef0" }]
            }
        });
        assert!(!is_outdated(late, &signal(&stopped, late), RESYNC_EVERY), "the resync may be under way");
        assert!(is_outdated(later, &signal(&stopped, later), RESYNC_EVERY));
        assert!(!is_outdated(later, &signal(&retired, later), RESYNC_EVERY), "it was told once");
        let wake = signal(&json!({"homeostat": "wake", "subject": "eu-west-1#instance#i-0123456789abcdef0"}), later);
        assert!(!is_outdated(later, &wake, RESYNC_EVERY));
    }
}
