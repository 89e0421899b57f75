//! The remedies: the one list that names them all.
//!
//! This module never decides, and says nothing itself: it finds the remedy that does.

pub mod doctor;
pub mod policy;

use std::any;

use homeostat_core::id::{GLOBAL, InvalidId, Named, Scope, Subject};
use homeostat_core::incident::{Incident, Kind};
use homeostat_core::line::one_of;
use homeostat_core::view::{Facts, Head, View};
use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::hook::kind::HookKind;
use crate::hosted_zone::kind::HostedZoneKind;
use crate::instance::kind::InstanceKind;
use crate::{hook, hosted_zone, instance};

/// An incident of any remedy, stored as its own remedy stores it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum AnyIncident {
    Instance(Incident<InstanceKind>),
    Zone(Incident<HostedZoneKind>),
    Hook(Incident<HookKind>),
}

/// What has to be known of a remedy before it is known whose an item or a name is. The compiler asks for all of it.
struct Entry {
    /// The keys of `kind` under which its incidents are stored.
    kinds: &'static [&'static str],
    read: fn(Value) -> serde_json::Result<AnyIncident>,
    /// What `status --json` holds where an incident is not its own.
    no_facts: (&'static str, Value),
    named: fn(&Subject) -> Option<Result<Named, InvalidId>>,
    /// Its subjects as people write them, each beginning with its tag, and those of them that can be paused.
    forms: &'static [&'static str],
    pausable: &'static [&'static str],
}

const ALL: [Entry; 3] = [
    Entry {
        kinds: &["instance", "group"],
        read: read::<InstanceKind>,
        no_facts: instance::view::NO_FACTS,
        named: instance::subject::named,
        forms: instance::subject::FORMS,
        pausable: instance::subject::FORMS,
    },
    Entry {
        kinds: &["hosted_zone"],
        read: read::<HostedZoneKind>,
        no_facts: hosted_zone::view::NO_FACTS,
        named: hosted_zone::subject::named,
        forms: hosted_zone::subject::FORMS,
        pausable: hosted_zone::subject::FORMS,
    },
    Entry {
        kinds: &["hook"],
        read: read::<HookKind>,
        no_facts: hook::view::NO_FACTS,
        named: hook::subject::named,
        forms: hook::subject::FORMS,
        pausable: &[],
    },
];

fn read<K: Kind>(item: Value) -> serde_json::Result<AnyIncident>
where
    Incident<K>: DeserializeOwned + Into<AnyIncident>,
{
    serde_json::from_value::<Incident<K>>(item).map(Into::into)
}

/// What `status --json` holds of an incident besides what all have. Each remedy's member is there for every incident: a script
/// need not ask whose it is.
pub fn facts(view: &dyn View) -> Facts {
    let mut facts: Facts = ALL.into_iter().map(|entry| entry.no_facts).collect();
    facts.extend(view.facts());
    facts
}

/// Which remedies remember something of a scope. Whoever reads or forgives it takes this apart, so that the compiler asks about a new
/// one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remembering {
    pub instances: bool,
    pub hosted_zones: bool,
    pub hooks: bool,
}

pub fn remembering(scope: &Scope) -> Remembering {
    let is_group = scope.group().is_some();
    let is_zone = hosted_zone::subject::zone_of_scope(scope).is_some();
    Remembering { instances: is_group, hosted_zones: is_zone, hooks: is_group }
}

/// The tags of all subjects. Incidents of each have a wake queue.
pub fn tags() -> impl Iterator<Item = &'static str> {
    forms().filter_map(|form| form.split('#').next())
}

/// All subjects as people write them: `hosted-zone#<id>` and the like.
pub fn forms() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().flat_map(|entry| entry.forms).copied()
}

/// What a pause can be of, as the operator's command takes it.
pub fn pausable() -> String {
    let all: Vec<&str> = ALL.iter().flat_map(|entry| entry.pausable).copied().collect();
    format!("all, {}", one_of(&all))
}

/// What a person may do with the subject.
///
/// # Errors
/// It is no remedy's subject, or its id is not one.
pub fn named(subject: &Subject) -> Result<Named, InvalidId> {
    ALL.into_iter().find_map(|entry| (entry.named)(subject)).ok_or_else(|| {
        let forms: Vec<&str> = forms().collect();
        InvalidId::new(subject.to_string(), format!("a subject: <region>#, and then {}", one_of(&forms)))
    })?
}

/// The scope of that name, if a remedy has it. A pause may also be of a single subject, or of what no remedy knows.
pub fn scope(text: &str) -> Option<Scope> {
    paused(text)?.whole
}

/// What a pause is of, as it is written: `group#<name>` and the like. `None`: all, or what no remedy knows.
pub fn paused(scope: &str) -> Option<Named> {
    let subject: Subject = format!("{GLOBAL}#{scope}").parse().ok()?;
    named(&subject).ok()
}

impl AnyIncident {
    /// What all incidents have.
    pub fn head(&self) -> Head<'_> {
        match self {
            AnyIncident::Instance(incident) => incident.head(),
            AnyIncident::Zone(incident) => incident.head(),
            AnyIncident::Hook(incident) => incident.head(),
        }
    }

    /// The incident as its remedy shows it.
    pub fn view(&self) -> Box<dyn View + '_> {
        match self {
            AnyIncident::Instance(incident) => instance::view::view(incident),
            AnyIncident::Zone(incident) => hosted_zone::view::view(incident),
            AnyIncident::Hook(incident) => hook::view::view(incident),
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

impl From<Incident<HostedZoneKind>> for AnyIncident {
    fn from(incident: Incident<HostedZoneKind>) -> Self {
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
        let item = Value::deserialize(deserializer)?;
        let kind = item.get("kind").and_then(Value::as_object).and_then(|kind| kind.keys().next());
        let kind = kind.map(String::as_str).ok_or_else(|| de::Error::missing_field("kind"))?;
        let Some(entry) = ALL.into_iter().find(|entry| entry.kinds.contains(&kind)) else {
            let known: Vec<&str> = ALL.iter().flat_map(|entry| entry.kinds).copied().collect();
            let known = known.join(", ");
            return Err(de::Error::custom(format_args!("kind {kind:?} is unknown, expected one of {known}")));
        };
        (entry.read)(item).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
