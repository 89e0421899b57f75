//! Traffic that follows a record's weights while a story goes on.
//!
//! It never waits for propagation or for a TTL: the world's endpoints feel a change within a moment.

use std::time::Duration;

use aws_sdk_route53::types::RrType;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::Zone;
use crate::Sandbox;
use crate::account::sdk_config;
use crate::face::Face;

/// Finer than a datapoint at the sandbox's pace.
const TICK: Duration = Duration::from_millis(200);

/// Traffic flows until this is dropped.
pub struct Traffic {
    flowing: JoinHandle<()>,
}

impl Traffic {
    /// Reads the records from MiniStack directly, so that none of its calls is journalled or meets a fault.
    pub fn follow(sandbox: &Sandbox, zone: &Zone, name: &str, kind: RrType, face: Face) -> Self {
        let zone = Zone::at(&sdk_config(sandbox.ministack().endpoint()), zone.id());
        let name = name.to_owned();
        Traffic { flowing: tokio::spawn(flow(zone, name, kind, face)) }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.flowing.abort();
    }
}

async fn flow(zone: Zone, name: String, kind: RrType, face: Face) {
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(error) = zone.send_traffic(&name, &kind, &face).await {
            tracing::warn!("the traffic to {name} stays as it is: {error:#}");
        }
    }
}
