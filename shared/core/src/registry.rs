//! The remedies: the only list that names them all.
//!
//! This module never does anything for one of them.

use std::any;

use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::hook::kind::HookKind;
use crate::incident::{Incident, Kind};
use crate::instance::kind::InstanceKind;
use crate::view::View;
use crate::zone::kind::ZoneKind;

/// An incident of any remedy, stored as its own remedy stores it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum AnyIncident {
    Instance(Incident<InstanceKind>),
    Zone(Incident<ZoneKind>),
    Hook(Incident<HookKind>),
}

impl AnyIncident {
    pub fn view(&self) -> &dyn View {
        match self {
            AnyIncident::Instance(incident) => incident,
            AnyIncident::Zone(incident) => incident,
            AnyIncident::Hook(incident) => incident,
        }
    }

    /// The incident, if it is of that kind.
    pub fn of<K: Kind>(&self) -> Option<&Incident<K>> {
        let incident: &dyn any::Any = match self {
            AnyIncident::Instance(incident) => incident,
            AnyIncident::Zone(incident) => incident,
            AnyIncident::Hook(incident) => incident,
        };
        incident.downcast_ref()
    }
}

impl From<Incident<InstanceKind>> for AnyIncident {
    fn from(incident: Incident<InstanceKind>) -> Self {
        AnyIncident::Instance(incident)
    }
}

impl From<Incident<ZoneKind>> for AnyIncident {
    fn from(incident: Incident<ZoneKind>) -> Self {
        AnyIncident::Zone(incident)
    }
}

impl From<Incident<HookKind>> for AnyIncident {
    fn from(incident: Incident<HookKind>) -> Self {
        AnyIncident::Hook(incident)
    }
}

impl<'de> Deserialize<'de> for AnyIncident {
    /// By the one key of `kind`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn read<K: Kind, E: de::Error>(item: Value) -> Result<AnyIncident, E>
        where
            Incident<K>: DeserializeOwned + Into<AnyIncident>,
        {
            serde_json::from_value::<Incident<K>>(item).map(Into::into).map_err(E::custom)
        }
        let item = Value::deserialize(deserializer)?;
        let kind = item.get("kind").and_then(Value::as_object).and_then(|kind| kind.keys().next());
        match kind.map(String::as_str) {
            Some("instance" | "group") => read::<InstanceKind, _>(item),
            Some("zone") => read::<ZoneKind, _>(item),
            Some("hook") => read::<HookKind, _>(item),
            Some(other) => Err(de::Error::custom(format_args!(
                "kind {other:?} is unknown, expected instance, group, zone or hook"
            ))),
            None => Err(de::Error::missing_field("kind")),
        }
    }
}
