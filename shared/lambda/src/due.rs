//! What is marked as due, served in one invocation; and as metrics, how long the oldest mark waits, and what no resync could read.
//!
//! This module never fails an invocation for what AWS throttled: the mark is what waits, and its age is what is alarmed.

use std::io::Write;

use homeostat_core::incident::Kind;
use homeostat_core::ports::{Clock, DueMarks, Ledger, Unavailable, WakeUps};
use homeostat_core::reconcile::{Coalesce, DueServed, Ports, Remedy, serve_due};
use homeostat_core::signal::Order;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::Failure;
use crate::serve::{answer, log};

pub(crate) async fn due<R, L, C, W>(
    remedy: &R,
    ports: Ports<'_, L, C, W>,
    stack: Option<&str>,
) -> Result<Value, Failure>
where
    R: Coalesce,
    L: Ledger + DueMarks + Sync,
    C: Clock + Sync,
    W: WakeUps,
{
    let begun = ports.clock.now();
    let DueServed { is_elsewhere, served, kept, unreadable, oldest, again } = serve_due(remedy, ports, &log).await?;
    if is_elsewhere {
        tracing::info!("another invocation serves what is due");
        return Ok(json!({ "elsewhere": true }));
    }
    for mark in &unreadable {
        tracing::error!(scope = mark.scope, "a mark of what is due can't be read and stays: {}", mark.why);
    }
    for (scope, why) in &kept {
        tracing::warn!(%scope, "stays marked as due: {why}");
    }
    print_oldest::<R::Kind>(stack, begun, oldest);
    let again = again.map(|after| after.as_secs());
    tracing::info!(marks = served.len(), kept = kept.len(), oldest = oldest.as_secs(), again, "served what is due");
    let mut answers = Vec::new();
    for (scope, looks) in served {
        let looks: Vec<Value> = looks.into_iter().map(|look| answer(look).unwrap_or_else(unserved)).collect();
        answers.push(json!({ "scope": scope.to_string(), "looks": looks }));
    }
    let kept: Vec<Value> = kept.iter().map(|(scope, why)| json!({ "scope": scope.to_string(), "why": why })).collect();
    Ok(json!({ "served": answers, "kept": kept, "again": again }))
}

fn unserved(failure: Failure) -> Value {
    json!({ "failed": failure.to_string() })
}

/// With the resync: if whoever was to serve what is due got lost, somebody else is woken.
pub(crate) async fn remind<K: Kind>(
    ports: Ports<'_, impl DueMarks, impl Clock, impl WakeUps>,
    stack: Option<&str>,
) -> Result<(), Unavailable> {
    let list = ports.ledger.due_marks::<K>().await?;
    let now = ports.clock.now();
    let waits = list.marks.iter().map(|mark| mark.since);
    let Some(since) = waits.chain(list.unreadable.iter().filter_map(|mark| mark.since)).min() else {
        return Ok(());
    };
    print_oldest::<K>(stack, now, now.duration_since(since));
    ports.wake_ups.order(&Order::ServeDue, SignedDuration::ZERO).await
}

/// What no resync could read for too long, each as a sentence; and how many that are, as a metric.
pub(crate) async fn unread<R: Remedy>(
    remedy: &R,
    ports: Ports<'_, impl Ledger, impl Clock, impl WakeUps>,
    stack: Option<&str>,
) -> Result<Vec<String>, Unavailable> {
    let (now, period) = (ports.clock.now(), remedy.period());
    let resync = ports.ledger.resync(R::Kind::REMEDY).await?;
    let unread = resync.unread_too_long(now, period);
    let mut all: Vec<String> =
        unread.map(|(name, since)| format!("{name}: no resync could read it since {since:.0}")).collect();
    all.extend(resync.overdue_since(now, period).map(|since| {
        let after = resync.after.as_deref().unwrap_or("nothing");
        format!("the resync that began at {since:.0} is not over; the last that it read is {after}")
    }));
    for why in &all {
        tracing::error!("{why}");
    }
    if !all.is_empty() {
        print::<R::Kind>(stack, now, "Unread", "Count", i64::try_from(all.len()).unwrap_or(i64::MAX));
    }
    Ok(all)
}

fn print_oldest<K: Kind>(stack: Option<&str>, now: Timestamp, oldest: SignedDuration) {
    print::<K>(stack, now, "OldestDue", "Seconds", oldest.as_secs());
}

/// A line of its own in CloudWatch's embedded format; `stack`: whose metric it is, if there is anybody to read it.
fn print<K: Kind>(stack: Option<&str>, now: Timestamp, name: &str, unit: &str, value: i64) {
    let Some(stack) = stack else { return };
    let line = metric(stack, K::REMEDY, now, name, unit, value);
    if let Err(error) = writeln!(std::io::stdout().lock(), "{line}") {
        tracing::error!("metrics not printed: {error}");
    }
}

fn metric(stack: &str, remedy: &str, now: Timestamp, name: &str, unit: &str, value: i64) -> Value {
    let directive = json!({
        "Namespace": "Homeostat",
        "Dimensions": [["Stack", "Remedy"]],
        "Metrics": [{ "Name": name, "Unit": unit }],
    });
    json!({
        "_aws": { "Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive] },
        "Stack": stack, "Remedy": remedy, name: value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each alarm names its metric by exactly these.
    #[test]
    fn the_alarms_of_the_template_look_at_the_metrics_that_are_printed() {
        for (resource, remedy, name) in [
            ("ReplaceInstanceDueLate", "replace-instance", "OldestDue"),
            ("ReplaceInstanceUnread", "replace-instance", "Unread"),
            ("ShiftDnsDueLate", "shift-dns", "OldestDue"),
            ("ShiftDnsUnread", "shift-dns", "Unread"),
        ] {
            is_looked_at(resource, remedy, name);
        }
    }

    fn is_looked_at(resource: &str, remedy: &str, name: &str) {
        let template = include_str!("../../../template.yaml");
        let alarm = template.split(&format!("\n  {resource}:\n")).nth(1).unwrap().split("\n\n").next().unwrap();
        let line = metric("homeostat", remedy, Timestamp::UNIX_EPOCH, name, "Count", 7);
        let of_the_line = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(line[name], 7);
        for (key, value) in
            [("Namespace", &of_the_line["Namespace"]), ("MetricName", &of_the_line["Metrics"][0]["Name"])]
        {
            assert!(alarm.contains(&format!("{key}: {}\n", value.as_str().unwrap())), "{key} {value}");
        }
        let dimensions =
            format!("[{{ Name: Stack, Value: !Ref AWS::StackName }}, {{ Name: Remedy, Value: {remedy} }}]");
        assert!(alarm.contains(&dimensions), "{alarm}");
    }
}
