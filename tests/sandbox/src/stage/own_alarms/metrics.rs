//! Which metrics of AWS's services are fed here, and what an invocation adds to them.
//!
//! A metric that is not named here has no datapoints, and no alarm is put on it.

use std::collections::BTreeMap;
use std::time::Duration;

use world::Metric;

use crate::journal::{End, Invocation};

const LAMBDA: &str = "AWS/Lambda";
const FUNCTION: &str = "FunctionName";
const INVOCATIONS: &str = "Invocations";
const ERRORS: &str = "Errors";
const THROTTLES: &str = "Throttles";
/// "The age of the last record in the event" (Lambda Developer Guide, "Types of metrics for Lambda functions").
const ITERATOR_AGE: &str = "IteratorAge";

const SQS: &str = "AWS/SQS";
const QUEUE: &str = "QueueName";
const VISIBLE: &str = "ApproximateNumberOfMessagesVisible";
const AGE: &str = "ApproximateAgeOfOldestMessage";

const EVENTS: &str = "AWS/Events";
const RULE: &str = "RuleName";

/// A function's metric has no other dimension here, nor a queue's, nor a rule's.
pub(super) fn is_fed(metric: &Metric) -> bool {
    let of_function = metric.namespace == LAMBDA && metric.dimensions.keys().eq([FUNCTION]);
    (of_function && [INVOCATIONS, ERRORS, THROTTLES, ITERATOR_AGE].contains(&metric.name.as_str()))
        || queue_of(metric).is_some()
        || waited_for(metric).is_some()
        || is_printed(metric)
        || (metric.namespace == EVENTS && metric.name == INVOCATIONS && metric.dimensions.keys().eq([RULE]))
}

/// Printed by the function, while something is due or unread, for CloudWatch to read from its log. Nobody reads it here: no data is what
/// there is while nothing is.
fn is_printed(metric: &Metric) -> bool {
    metric.namespace == "Homeostat"
        && ["OldestDue", "Unread"].contains(&metric.name.as_str())
        && metric.dimensions.keys().eq(["Remedy", "Stack"])
}

/// The queue whose visible messages it counts.
pub(super) fn queue_of(metric: &Metric) -> Option<&str> {
    of_queue(metric, VISIBLE)
}

/// The queue of whose oldest message it tells the age.
pub(super) fn waited_for(metric: &Metric) -> Option<&str> {
    of_queue(metric, AGE)
}

fn of_queue<'a>(metric: &'a Metric, name: &str) -> Option<&'a str> {
    let is_of_it = metric.namespace == SQS && metric.name == name && metric.dimensions.len() == 1;
    is_of_it.then(|| metric.dimensions.get(QUEUE))?.map(String::as_str)
}

/// In seconds, as they would be if a minute lasted a minute.
pub(super) fn age(waited: Duration, minute: Duration) -> f64 {
    stretched(waited, minute) / 1_000.0
}

/// A throttled invocation is none, and no error (same page).
pub(super) fn of_invocation(invocation: &Invocation, minute: Duration) -> Vec<(Metric, f64)> {
    let of = |name: &str| {
        let dimensions = BTreeMap::from([(FUNCTION.to_owned(), invocation.function.clone())]);
        Metric { namespace: LAMBDA.to_owned(), name: name.to_owned(), dimensions }
    };
    if invocation.end == End::Throttled {
        return vec![(of(THROTTLES), 1.0)];
    }
    let failed = if invocation.end == End::Failed { 1.0 } else { 0.0 };
    let mut points = vec![(of(INVOCATIONS), 1.0), (of(ERRORS), failed), (of(THROTTLES), 0.0)];
    points.extend(invocation.record_age.map(|age| (of(ITERATOR_AGE), stretched(age, minute))));
    points
}

/// "The number of times a target is invoked by a rule" (EventBridge User Guide, "EventBridge metrics").
pub(super) fn of_rule(rule: String) -> Metric {
    let dimensions = BTreeMap::from([(RULE.to_owned(), rule)]);
    Metric { namespace: EVENTS.to_owned(), name: INVOCATIONS.to_owned(), dimensions }
}

/// In milliseconds, as they would be if a minute lasted a minute.
fn stretched(age: Duration, minute: Duration) -> f64 {
    age.as_secs_f64() / minute.as_secs_f64() * 60_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(2);

    fn points(end: End, record_age: Option<Duration>) -> Vec<(String, f64)> {
        let invocation = Invocation { ended: jiff::Timestamp::UNIX_EPOCH, function: "notify".into(), end, record_age };
        let points = of_invocation(&invocation, MINUTE);
        assert!(points.iter().all(|(metric, _)| is_fed(metric) && metric.dimensions[FUNCTION] == "notify"));
        points.into_iter().map(|(metric, value)| (metric.name, value)).collect()
    }

    fn named(pairs: &[(&str, f64)]) -> Vec<(String, f64)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
    }

    #[test]
    fn an_invocation_counts_once_whichever_way_it_ends() {
        let well = named(&[(INVOCATIONS, 1.0), (ERRORS, 0.0), (THROTTLES, 0.0)]);
        assert_eq!(points(End::Succeeded, None), well);
        assert_eq!(points(End::Failed, None), named(&[(INVOCATIONS, 1.0), (ERRORS, 1.0), (THROTTLES, 0.0)]));
        assert_eq!(points(End::Throttled, None), named(&[(THROTTLES, 1.0)]));
    }

    #[test]
    fn the_age_of_a_record_is_stretched_as_a_minute_is_compressed() {
        let aged = points(End::Succeeded, Some(Duration::from_secs(4)));
        assert_eq!(aged.last(), Some(&(ITERATOR_AGE.to_owned(), 120_000.0)));
    }

    #[test]
    fn a_rule_is_counted_by_its_name_alone() {
        let metric = of_rule("resync".to_owned());
        assert!(is_fed(&metric));
        assert!(!is_fed(&Metric { name: ERRORS.to_owned(), ..metric.clone() }));
        assert!(!is_fed(&Metric { namespace: LAMBDA.to_owned(), ..metric }));
    }

    #[test]
    fn an_age_is_of_one_queue_and_is_stretched_like_any_other() {
        let dimensions = BTreeMap::from([(QUEUE.to_owned(), "wake".to_owned())]);
        let metric = Metric { namespace: SQS.to_owned(), name: AGE.to_owned(), dimensions };
        assert_eq!((waited_for(&metric), queue_of(&metric), is_fed(&metric)), (Some("wake"), None, true));
        let five_minutes = age(Duration::from_secs(10), MINUTE);
        assert!((five_minutes - 300.0).abs() < f64::EPSILON, "{five_minutes}");
    }

    #[test]
    fn a_depth_is_of_one_queue_and_of_nothing_else() {
        let depth = |name: &str, dimensions: &[(&str, &str)]| {
            let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let metric = Metric { namespace: SQS.to_owned(), name: name.to_owned(), dimensions };
            queue_of(&metric).map(str::to_owned)
        };
        assert_eq!(depth(VISIBLE, &[(QUEUE, "dead")]).as_deref(), Some("dead"));
        assert_eq!(depth(AGE, &[(QUEUE, "dead")]), None);
        assert_eq!(depth(VISIBLE, &[(FUNCTION, "dead")]), None);
        assert_eq!(depth(VISIBLE, &[(QUEUE, "dead"), (FUNCTION, "f")]), None);
    }
}
