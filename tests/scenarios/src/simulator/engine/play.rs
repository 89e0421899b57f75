//! What the engine asks of a play: of a remedy's world, what befalls it, and the rules.
//!
//! This module never says what a play answers.

use std::fmt::Debug;
use std::sync::Arc;

use homeostat_core::incident::Kind;
use homeostat_core::ports::DueList;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use world::{Refusal, World};

use super::Engine;
use crate::simulator::Broken;
use crate::simulator::deliveries::{Delivery, Letter, Limits};
use crate::simulator::dice::Dice;
use crate::simulator::invocation::Task;
use crate::simulator::note::InvocationId;
use crate::simulator::service::Service;
use crate::simulator::stage::SkewedClock;
use crate::simulator::storm::Storm;
use crate::simulator::toll::Toll;

/// A history as the dice make it.
pub(in crate::simulator) struct Drawn<P> {
    pub(in crate::simulator) world: World,
    /// The text of its policy.
    pub(in crate::simulator) policy: String,
    pub(in crate::simulator) storm: Storm,
    pub(in crate::simulator) own: P,
}

/// One remedy's histories. What implements it is what such a history remembers beside what all do.
pub(in crate::simulator) trait Play: Sized {
    /// What the command that tells a history again wants beside the seed.
    const FLAGS: &'static str;
    const LIMITS: Limits;

    /// Of its incidents.
    type Kind: Kind;
    /// How a port may break its promise.
    type Double;
    /// What ends a disturbance that does not end by itself.
    type Repair: Debug;
    /// What else happens at some time.
    type Own;

    fn draw(dice: &mut Dice, now: Timestamp, double: Self::Double) -> Result<Drawn<Self>, Refusal>;

    /// Before anything happens.
    fn begin(engine: &mut Engine<Self>);

    /// An event of the world, which a rule may let through.
    fn deliver(engine: &mut Engine<Self>, event: &Value);

    /// Time has passed: what is true now is noted.
    fn look(engine: &mut Engine<Self>);

    /// Whether a pause keeps hands off the world, and this does not touch it.
    fn holds_nobody_up(step: &<Self::Kind as Kind>::Step) -> bool;

    /// One invocation of the function.
    fn owner(engine: &mut Engine<Self>, gate: Toll, clock: SkewedClock, event: Value) -> Task;

    fn strike(engine: &mut Engine<Self>);

    fn repair(engine: &mut Engine<Self>, repair: &Self::Repair);

    fn happen(engine: &mut Engine<Self>, own: Self::Own);

    /// Holds what happened against the rules.
    fn judge(engine: &mut Engine<Self>) -> Result<(), Broken>;

    /// From the end of the storm to the end of the history.
    fn calm(engine: &mut Engine<Self>) -> Result<(), Broken>;

    /// `None` = it is not invoked.
    fn admits(_: &mut Engine<Self>, delivery: Delivery) -> Option<Delivery> {
        Some(delivery)
    }

    /// The index as it was, where a sweep sees it so.
    fn index_before(_: &mut Engine<Self>) -> Option<Arc<DueList>> {
        None
    }

    /// A wake-up is sent; how late the queue delivers it.
    fn sends(_: &mut Engine<Self>, after: SignedDuration, _: &Value) -> Result<SignedDuration, Broken> {
        Ok(after)
    }

    fn answered(_: &mut Engine<Self>, _: &Delivery, _: &Value) -> Result<(), Broken> {
        Ok(())
    }

    /// What was not taken in of a batch; whether anything but a throttle has befallen its invocation.
    fn handed_back(_: &mut Engine<Self>, _: Vec<Letter>, _is_hurt: bool) -> Result<(), Broken> {
        Ok(())
    }

    /// Whether anything waits in an intake queue.
    fn holds_messages(_: &Engine<Self>) -> bool {
        false
    }

    /// An invocation crashed, was cut off, or has answered.
    fn gone(_: &mut Engine<Self>, _: InvocationId) {}

    /// What its world answered so far, where that is measured.
    fn service(_: &Engine<Self>) -> Option<Service> {
        None
    }

    /// A schedule did not fire.
    fn missed(_: &mut Engine<Self>) {}
}
