//! Stories and simulators: whole Homeostats in virtual time, over the world and a ledger in memory.
//!
//! This crate never decides anything about an incident: the functions' own code does.

mod announcement;
pub mod event_rules;
mod owners;
pub mod seeds;
pub mod simulator;
mod site_policy;
pub mod storm;
mod story;

pub use announcement::Announcement;
pub use owners::{DnsOwner, FleetOwner, Handling, HookOwner, Owner};
pub use site_policy::{record_section, section_of_types};
pub use story::{DnsStory, FleetStory, HookStory, Story};

use futures_util::FutureExt;
use jiff::SignedDuration;

/// A simulated history is mostly small allocations: with this one it takes a seventh less time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The template's schedules.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_mins(1);
const RESYNC_EVERY: SignedDuration = homeostat_core::resync::RESYNC_EVERY;

/// The ports of the world answer at once, so there is nothing to wait for.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match future.now_or_never() {
        Some(answer) => answer,
        #[expect(clippy::panic, reason = "a port that waits is a bug of the world, which every story must show")]
        None => panic!("a port of the world made its caller wait"),
    }
}
