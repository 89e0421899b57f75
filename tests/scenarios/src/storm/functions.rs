//! The functions as they are deployed, over the wire.
//!
//! This module never answers for a function.

use std::sync::Arc;

use homeostat_lambda::Failure;
use homeostat_remedies::policy::Policy;
use serde_json::Value;

use super::deliveries::Source;
use super::executor::Task;
use super::ports::{WiredCloud, WiredLedger, WiredQueue};
use super::timers::StormClock;

type Owner = replace_instance::Ready<WiredCloud, WiredCloud, WiredLedger, WiredQueue, StormClock>;
type Sweeper = sweep::Ready<WiredLedger, WiredQueue, StormClock>;

pub(super) struct Functions {
    owner: Arc<Owner>,
    sweeper: Arc<Sweeper>,
}

impl Functions {
    pub(super) fn new(cloud: WiredCloud, ledger: WiredLedger, queue: WiredQueue, policy: Policy) -> Self {
        let clock = StormClock(Arc::clone(&cloud.wire.timers));
        let region = cloud.cloud.see(|world| world.place().region.clone());
        let sweeper = sweep::Ready { incidents: ledger.clone(), wake_ups: queue.clone(), clock: clock.clone() };
        let (aws, checks, queues) = (cloud.clone(), cloud, queue);
        let owner = replace_instance::Ready { aws, checks, ledger, queues, clock, policy, region, stack: None };
        Functions { owner: Arc::new(owner), sweeper: Arc::new(sweeper) }
    }

    /// The invocations to come are under this policy. Those that run go on under the one that they began with.
    pub(super) fn deploy(&mut self, policy: Policy) {
        let replace_instance::Ready { aws, checks, ledger, queues, clock, region, stack, .. } = &*self.owner;
        let (aws, checks, ledger, queues) = (aws.clone(), checks.clone(), ledger.clone(), queues.clone());
        let (clock, region, stack) = (clock.clone(), region.clone(), stack.clone());
        self.owner = Arc::new(replace_instance::Ready { aws, checks, ledger, queues, clock, policy, region, stack });
    }

    /// One invocation, which goes on when it is polled.
    pub(super) fn invocation(&self, source: Source, event: Value) -> Task<Result<Value, Failure>> {
        match source {
            Source::Event | Source::WakeUp | Source::Resync => {
                let owner = Arc::clone(&self.owner);
                Box::pin(async move { replace_instance::handle(&*owner, event).await })
            }
            Source::Sweep => {
                let sweeper = Arc::clone(&self.sweeper);
                Box::pin(async move { sweep::handle(&*sweeper, event).await })
            }
        }
    }
}
