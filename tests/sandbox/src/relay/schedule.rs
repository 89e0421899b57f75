//! The deployed `rate(…)` schedules, in compressed time.
//!
//! MiniStack's own are switched off. Schedules by `cron(…)` are not run, and the log says so.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::{Relay, envelope};

/// Runs until it is stopped or dropped.
pub struct Schedules {
    ticking: JoinHandle<()>,
}

impl Schedules {
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Schedules {
    fn drop(&mut self) {
        self.ticking.abort();
    }
}

impl Relay {
    /// Lets a scheduled minute last `minute`. A rule of N minutes runs for the first time after N of them.
    pub fn schedules(&self, minute: Duration) -> Schedules {
        Schedules { ticking: tokio::spawn(tick(self.clone(), minute)) }
    }

    async fn run_due(&self, minutes: u64, complained: &mut BTreeSet<String>) -> Result<()> {
        for rule in self.rules().await? {
            let Some(schedule) = &rule.schedule else { continue };
            let Some(every) = minutes_of(schedule) else {
                if complained.insert(rule.name.clone()) {
                    tracing::warn!(rule = rule.name, schedule, "the sandbox does not run this schedule");
                }
                continue;
            };
            if minutes.is_multiple_of(every) {
                self.to_targets(&rule, &envelope::scheduled(&rule.arn), None).await?;
            }
        }
        Ok(())
    }
}

async fn tick(relay: Relay, minute: Duration) {
    let mut minutes = interval(minute);
    minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    minutes.tick().await;
    let mut complained = BTreeSet::new();
    for passed in 1.. {
        minutes.tick().await;
        if let Err(error) = relay.run_due(passed, &mut complained).await {
            tracing::error!("the schedules of minute {passed}: {error:#}");
        }
    }
}

/// `rate(5 minutes)` is 5.
fn minutes_of(schedule: &str) -> Option<u64> {
    let (count, unit) = schedule.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let count: u64 = count.parse().ok().filter(|count| *count > 0)?;
    match unit {
        "minute" | "minutes" => Some(count),
        "hour" | "hours" => Some(count * 60),
        "day" | "days" => Some(count * 24 * 60),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_nothing_else_is() {
        assert_eq!(minutes_of("rate(1 minute)"), Some(1));
        assert_eq!(minutes_of("rate(5 minutes)"), Some(5));
        assert_eq!(minutes_of("rate(1 day)"), Some(1440));
        assert_eq!(minutes_of("rate(0 minutes)"), None);
        assert_eq!(minutes_of("cron(0 12 * * ? *)"), None);
    }
}
