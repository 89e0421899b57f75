//! The alarms that the deployed templates bring, Homeostat's own. The world evaluates them; their metrics are fed to it from the
//! journal's invocations, the relay's runs of rules and the depth of real queues; and what they do is done as CloudWatch does it.
//!
//! Time is compressed as that of the schedules is: what is a minute of a period lasts as long as a minute of theirs, and an age is
//! stretched by as much. A message says the deployed period, and the datapoints as they were seen.
//!
//! What is not as on AWS: an invocation counts when it is over, not when it began, and at once, not a minute later. A queue's depth is
//! read, and the runs of rules are counted, twice a minute, also when nobody used it for six hours, after which CloudWatch may take a
//! quarter of an hour to begin. The age of a queue's oldest message is taken to be the time since the queue was last seen
//! empty. Periods start at whole multiples of their length, and alarms are evaluated each second; CloudWatch looks
//! each minute at the last five, say, whenever they began. A throttled event is not held back for a later try.
//!
//! It never guesses: an alarm on a metric that nobody feeds, with a statistic that the world doesn't know, or that does anything but
//! notify a topic is refused, and then none is loaded.

mod deployed;
mod message;
mod metrics;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use world::{AlarmRule, Metric, World};

use crate::Sandbox;
use crate::account::{Account, sdk_config};
use crate::face::Face;
use crate::journal::Journal;
use crate::relay::Relay;
use deployed::Deployed;

/// A handle; clones know the same alarms.
#[derive(Clone)]
pub(super) struct OwnAlarms {
    account: Account,
    queues: aws_sdk_sqs::Client,
    relay: Relay,
    journal: Journal,
    face: Face,
    minute: Duration,
    loaded: Arc<Mutex<BTreeMap<String, Deployed>>>,
    loading: Arc<tokio::sync::Mutex<()>>,
    /// Queues that were not empty when they were last looked into, and since when.
    filled: Arc<Mutex<BTreeMap<String, Instant>>>,
}

/// Until it is dropped, what is deployed is loaded and fed.
pub(super) struct Kept {
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl OwnAlarms {
    pub(super) fn of(sandbox: &Sandbox, face: Face, minute: Duration) -> Self {
        OwnAlarms {
            account: sandbox.account().clone(),
            queues: aws_sdk_sqs::Client::new(&sdk_config(sandbox.ministack().endpoint())),
            relay: sandbox.relay().clone(),
            journal: sandbox.journal().clone(),
            face,
            minute,
            loaded: Arc::default(),
            loading: Arc::default(),
            filled: Arc::default(),
        }
    }

    /// Whoever deploys by hand tells nobody, so it asks.
    pub(super) fn keep(&self) -> Kept {
        Kept { tasks: [tokio::spawn(self.clone().look()), tokio::spawn(self.clone().listen())] }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.loaded().keys().cloned().collect()
    }

    /// Takes over what is deployed now.
    ///
    /// # Errors
    /// If an alarm can't be taken over; all that are wrong are named, and the world keeps those that it had.
    pub(super) async fn load(&self) -> Result<()> {
        let _alone = self.loading.lock().await;
        let deployed = deployed::read(&self.account).await?;
        let (mut rules, mut wrong) = (Vec::new(), Vec::new());
        for alarm in &deployed {
            match alarm.rule(self.minute) {
                Ok(rule) => rules.push((alarm, alarm.metric(), rule)),
                Err(why) => wrong.push(format!("{}: {why:#}", alarm.name)),
            }
        }
        ensure!(wrong.is_empty(), "the sandbox can't evaluate all deployed alarms: {}", wrong.join("; "));
        let before: BTreeSet<String> = self.names().into_iter().collect();
        self.face.with(|world| take_over(world, &before, rules))?;
        *self.loaded() = deployed.into_iter().map(|alarm| (alarm.name.clone(), alarm)).collect();
        Ok(())
    }

    /// What the alarm of an event does when it changes to that state; none if it is no deployed alarm.
    pub(super) fn acts(&self, event: &Value) -> Option<Deployed> {
        let name = event.pointer("/detail/alarmName").and_then(Value::as_str)?;
        self.loaded().get(name).cloned()
    }

    /// # Errors
    /// If somebody is not notified: all of those are named.
    pub(super) async fn act(&self, alarm: &Deployed, event: &Value) -> Result<()> {
        let mut failed = Vec::new();
        for notice in message::notices(alarm, event)? {
            match self.relay.notify(&notice).await {
                Ok(()) => tracing::warn!(topic = notice.topic, "CloudWatch tells: {}", notice.subject),
                Err(error) => {
                    tracing::error!("an alarm is not heard: {error:#}");
                    failed.push(format!("{error:#}"));
                }
            }
        }
        ensure!(failed.is_empty(), "{}", failed.join("; "));
        Ok(())
    }

    async fn look(self) {
        let mut tick = interval(self.minute / 2);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut complained = String::new();
        loop {
            tick.tick().await;
            let looked = match self.load().await {
                Ok(()) => {
                    self.count_runs();
                    self.measure_queues().await
                }
                wrong => wrong,
            };
            let complaint = looked.err().map(|error| format!("{error:#}")).unwrap_or_default();
            if complaint != complained && !complaint.is_empty() {
                tracing::error!("{complaint}");
            }
            complained = complaint;
        }
    }

    fn count_runs(&self) {
        let runs = self.relay.take_runs();
        let points = runs.into_iter().map(|(rule, times)| (metrics::of_rule(rule), f64::from(times)));
        self.face.with(|world| points.for_each(|(metric, times)| world.put_metric(metric, times)));
    }

    async fn measure_queues(&self) -> Result<()> {
        let metrics: BTreeSet<Metric> = self.loaded().values().map(Deployed::metric).collect();
        for metric in metrics {
            let (depth_of, age_of) = (metrics::queue_of(&metric), metrics::waited_for(&metric));
            let Some(queue) = depth_of.or(age_of) else { continue };
            let depth = self.depth(queue).await.with_context(|| format!("looking into the queue {queue}"))?;
            let value = if age_of.is_some() { self.age(queue, depth > 0.0) } else { depth };
            self.face.with(|world| world.put_metric(metric.clone(), value));
        }
        Ok(())
    }

    /// SQS tells nobody but CloudWatch how old its oldest message is: since when the queue has not been seen empty is at least as long.
    fn age(&self, queue: &str, holds_some: bool) -> f64 {
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        if !holds_some {
            filled.remove(queue);
            return 0.0;
        }
        let since = *filled.entry(queue.to_owned()).or_insert_with(Instant::now);
        metrics::age(since.elapsed(), self.minute)
    }

    async fn depth(&self, queue: &str) -> Result<f64> {
        let visible = QueueAttributeName::ApproximateNumberOfMessages;
        let url = self.queues.get_queue_url().queue_name(queue).send().await?.queue_url.unwrap_or_default();
        let asked = self.queues.get_queue_attributes().queue_url(url).attribute_names(visible.clone());
        let answer = asked.send().await?;
        let depth = answer.attributes().and_then(|attributes| attributes.get(&visible));
        Ok(depth.context("a queue without a depth")?.parse()?)
    }

    async fn listen(self) {
        let mut known = 0;
        loop {
            let new = self.journal.invocations_after(known).await;
            known += new.len();
            let points = new.iter().flat_map(|invocation| metrics::of_invocation(invocation, self.minute));
            self.face.with(|world| points.for_each(|(metric, value)| world.put_metric(metric, value)));
        }
    }

    fn loaded(&self) -> MutexGuard<'_, BTreeMap<String, Deployed>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All or, at the first refusal, those before it. `before` are the names of those that were taken over last.
fn take_over(world: &mut World, before: &BTreeSet<String>, rules: Vec<(&Deployed, Metric, AlarmRule)>) -> Result<()> {
    let names: BTreeSet<&str> = rules.iter().map(|(alarm, _, _)| alarm.name.as_str()).collect();
    for gone in before.iter().filter(|name| !names.contains(name.as_str())) {
        world.delete_alarm(gone);
    }
    for (alarm, metric, rule) in rules {
        if !before.contains(&alarm.name) && world.alarm(&alarm.name).is_some() {
            bail!("{} is the name of an alarm of the fleet", alarm.name);
        }
        world.put_alarm(&alarm.name, metric, rule).with_context(|| alarm.name.clone())?;
        world.enable_alarm_actions(&alarm.name, alarm.actions_enabled);
    }
    Ok(())
}
