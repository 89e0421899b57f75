//! What one item holds: read and written by the very code that the functions use.
//!
//! This module never has a form of its own.

use homeostat_core::aws::alarm::AlarmChange;
use homeostat_core::budget::SharedBudget;
use homeostat_core::id::Scope;
use homeostat_core::incident::Kind;
use homeostat_core::ports::{DueMark, Pause, Slots, Unavailable};
use homeostat_core::resync::Resync;
use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::registry::AnyIncident;
use homeostat_remedies::{hook, hosted_zone, instance};

use super::found::Found;
use crate::ledger::control::pause_item;
use crate::ledger::item::{self, Item};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stored {
    Incident(Box<AnyIncident>),
    Group(Scope, instance::memory::Memory),
    Zone(Scope, hosted_zone::memory::Memory),
    Launches(Scope, hook::memory::Memory),
    Alarm(AlarmChange),
    /// Stored before what an alarm said had an end: such an item is only ever written over by a newer change.
    EndlessAlarm(AlarmChange),
    Slots(Scope, Slots),
    Shared(SharedBudget),
    Pause(Pause),
    Resync(Resync),
    Due(DueMark),
}

impl Stored {
    /// By its key, as whoever reads the table tells items apart.
    pub(super) fn read(item: &Item) -> Result<Stored, Unavailable> {
        let pk = item.get("pk").and_then(|pk| pk.as_s().ok()).map_or("", String::as_str);
        if item::is_pause(item) {
            Ok(Stored::Pause(item::pause(item.clone())))
        } else if item::subject(item).is_some() {
            item::read(item.clone()).map(Stored::Incident)
        } else if pk.starts_with("RESYNC#") {
            item::read(item.clone()).map(Stored::Resync)
        } else if pk.starts_with("MEMORY#alarm#") {
            let change = item::read(item.clone())?;
            Ok(if item.contains_key("expires") { Stored::Alarm(change) } else { Stored::EndlessAlarm(change) })
        } else if item::is_memory(item) {
            let sk = item.get("sk").and_then(|sk| sk.as_s().ok()).map_or("", String::as_str);
            match sk {
                "replace-instance" => Ok(Stored::Group(scope(pk), item::read(item.clone())?)),
                "shift-dns" => Ok(Stored::Zone(scope(pk), item::read(item.clone())?)),
                "lifecycle-hook" => Ok(Stored::Launches(scope(pk), item::read(item.clone())?)),
                other => panic!("{other} is no remedy's memory"),
            }
        } else if item::is_shared_budget(item) {
            item::read(item.clone()).map(Stored::Shared)
        } else if pk == "DUE#replace-instance" {
            item::read(item.clone()).map(Stored::Due)
        } else {
            Ok(Stored::Slots(scope(pk), item::read(item.clone())?))
        }
    }

    pub(super) fn written(&self) -> Item {
        match self {
            Stored::Incident(incident) => match &**incident {
                AnyIncident::Instance(incident) => item::incident(incident),
                AnyIncident::Zone(incident) => item::incident(incident),
                AnyIncident::Hook(incident) => item::incident(incident),
            },
            Stored::Group(scope, memory) => item::memory::<InstanceKind>(scope, memory),
            Stored::Zone(scope, memory) => item::memory::<HostedZoneKind>(scope, memory),
            Stored::Launches(scope, memory) => item::memory::<HookKind>(scope, memory),
            Stored::Alarm(memory) => item::alarm_memory(memory),
            Stored::EndlessAlarm(memory) => item::alarm_memory(memory).map(|mut item| {
                item.remove("expires");
                item
            }),
            Stored::Slots(scope, slots) => item::slots(scope, slots),
            Stored::Shared(budget) => item::shared_budget(budget),
            Stored::Pause(pause) => Ok(pause_item(pause)),
            Stored::Resync(resync) => item::written(resync, &item::Key::resync(InstanceKind::REMEDY)),
            Stored::Due(mark) => item::mark::<InstanceKind>(mark),
        }
        .unwrap()
    }

    pub(super) fn is_shown_to(&self, found: &mut Found) {
        match self {
            Stored::Incident(incident) => found.look_at(incident),
            Stored::Group(_, memory) => found.look_at_part("instance", memory),
            Stored::Zone(_, memory) => found.look_at_part("zone", memory),
            Stored::Launches(_, memory) => found.look_at_part("hook", memory),
            Stored::Alarm(memory) | Stored::EndlessAlarm(memory) => found.look_at(memory),
            Stored::Slots(_, slots) => found.look_at(slots),
            Stored::Shared(budget) => found.look_at_part("shared", budget),
            Stored::Pause(pause) => found.look_at(pause),
            Stored::Resync(resync) => found.look_at(resync),
            Stored::Due(mark) => found.look_at(mark),
        }
    }
}

/// Of `MEMORY#group#web` and the like.
fn scope(pk: &str) -> Scope {
    let (_, scope) = pk.split_once('#').unwrap();
    scope.parse().unwrap()
}
