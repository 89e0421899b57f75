//! Brings the world's events to the deployed rules as they happen, and lets others wait for the world.
//!
//! It never makes up an event and never drops one: what the relay could not deliver is recorded as such.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use futures_util::future::{join, try_join_all};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use super::OwnAlarms;
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
    actions: Actions,
    ticks: watch::Receiver<u64>,
}

/// What every alarm of the fleet does itself when it goes to ALARM, beside what EventBridge is told.
type Actions = Arc<Mutex<Vec<String>>>;

impl Pump {
    pub(super) fn start(face: Face, relay: Relay, own: OwnAlarms) -> Self {
        let (sender, ticks) = watch::channel(0);
        let announced = Arc::new(Mutex::new(Vec::new()));
        let actions = Actions::default();
        let actor = Actor { relay, own, of_fleet: actions.clone() };
        let pumping = tokio::spawn(pump(face, actor, announced.clone(), sender));
        Pump { pumping, announced, actions, ticks }
    }

    pub(super) fn announced(&self) -> Vec<Announced> {
        self.announced.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_actions(&self, actions: Vec<String>) {
        *self.actions.lock().unwrap_or_else(PoisonError::into_inner) = actions;
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

/// Does what alarms do themselves.
struct Actor {
    relay: Relay,
    own: OwnAlarms,
    of_fleet: Actions,
}

impl Actor {
    /// An alarm's own actions. The deployed ones have theirs by the template.
    async fn act(&self, event: &Value) -> Result<()> {
        if let Some(alarm) = self.own.acts(event) {
            return self.own.act(&alarm, event).await;
        }
        if event.pointer("/detail/state/value").and_then(Value::as_str) != Some("ALARM") {
            return Ok(());
        }
        let named = self.of_fleet.lock().unwrap_or_else(PoisonError::into_inner).clone();
        try_join_all(named.iter().map(|action| self.relay.run_action(action, event))).await.map(|_| ())
    }
}

async fn pump(face: Face, actor: Actor, announced: Arc<Mutex<Vec<Announced>>>, ticks: watch::Sender<u64>) {
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        for event in face.with(|world| world.take_events()) {
            let (published, acted) = join(actor.relay.publish(event.clone()), actor.act(&event)).await;
            let (published, failure) = match (published, acted) {
                (Ok(published), acted) => (Some(published), acted.err()),
                (Err(error), _) => (None, Some(error)),
            };
            let news = Announced { event, published, failure: failure.map(|error| format!("{error:#}")) };
            announced.lock().unwrap_or_else(PoisonError::into_inner).push(news);
        }
        ticks.send_modify(|count| *count += 1);
    }
}
