//! Brings the world's events to the deployed rules as they happen, and lets others wait for the world.
//!
//! It never makes up an event and never drops one: what the relay could not deliver is recorded as such.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::face::Face;
use crate::relay::{Published, Relay};

/// How often the world is looked at: finer than anything in its sandbox pace.
const TICK: Duration = Duration::from_millis(50);

/// An event of the world, and what became of it.
#[derive(Debug, Clone)]
pub struct Announced {
    pub event: Value,
    pub published: Option<Published>,
    pub failure: Option<String>,
}

impl Announced {
    pub fn alarm(&self) -> Option<&str> {
        self.event.pointer("/detail/alarmName")?.as_str()
    }

    pub fn state(&self) -> Option<&str> {
        self.event.pointer("/detail/state/value")?.as_str()
    }

    pub fn reason(&self) -> Option<&str> {
        self.event.pointer("/detail/state/reason")?.as_str()
    }
}

pub(super) struct Pump {
    pumping: JoinHandle<()>,
    announced: Arc<Mutex<Vec<Announced>>>,
    ticks: watch::Receiver<u64>,
}

impl Pump {
    pub(super) fn start(face: Face, relay: Relay) -> Self {
        let (sender, ticks) = watch::channel(0);
        let announced = Arc::new(Mutex::new(Vec::new()));
        let pumping = tokio::spawn(pump(face, relay, announced.clone(), sender));
        Pump { pumping, announced, ticks }
    }

    pub(super) fn announced(&self) -> Vec<Announced> {
        self.announced.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) async fn wait_for<T>(
        &self,
        awaited: &str,
        patience: Duration,
        answer: impl Fn() -> Option<T>,
    ) -> Result<T> {
        let mut ticks = self.ticks.clone();
        let deadline = Instant::now() + patience;
        loop {
            if let Some(found) = answer() {
                return Ok(found);
            }
            if timeout_at(deadline, ticks.changed()).await.is_err() {
                bail!("{awaited} did not come within {patience:?}");
            }
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.pumping.abort();
    }
}

async fn pump(face: Face, relay: Relay, announced: Arc<Mutex<Vec<Announced>>>, ticks: watch::Sender<u64>) {
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        for event in face.with(|world| world.take_events()) {
            let (published, failure) = match relay.publish(event.clone()).await {
                Ok(published) => (Some(published), None),
                Err(error) => (None, Some(format!("{error:#}"))),
            };
            let news = Announced { event, published, failure };
            announced.lock().unwrap_or_else(PoisonError::into_inner).push(news);
        }
        ticks.send_modify(|count| *count += 1);
    }
}
