//! What an incident is about, as far as its remedy alone knows.
//!
//! This module never changes anything.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::LEASE;
use super::alarms::Alarms;
use super::gone::Gone;
use crate::hook;
use crate::id::{GroupName, Scope};
use crate::signal::Notice;
use crate::zone::kept::Kept;

/// The same for a held instance: its hook's timeout may be short, and a Spot Instance has two minutes. Longer than its function may
/// run (20 s).
const HOOK_LEASE: SignedDuration = SignedDuration::from_secs(30);

/// What is particular to a remedy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Instance {
        group: GroupName,
        /// All alarms that spoke of this instance.
        #[serde(default, skip_serializing_if = "Alarms::is_empty")]
        alarms: Alarms,
        /// What AWS announced of it, if it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notice: Option<Notice>,
        /// Target groups of its group that were not found.
        #[serde(default, skip_serializing_if = "Gone::is_empty")]
        gone: Gone,
    },
    /// Too many of the group's members are sick at once, or its launches fail.
    Group {
        group: GroupName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notice: Option<Notice>,
        #[serde(default, skip_serializing_if = "Gone::is_empty")]
        gone: Gone,
    },
    /// Endpoints of a zone's weighted records.
    Zone(Kept),
    /// A lifecycle hook holds an instance.
    Hook(Box<hook::kept::Kept>),
}

impl Kind {
    /// The Auto Scaling group that it is about.
    pub fn group(&self) -> Option<&GroupName> {
        match self {
            Kind::Instance { group, .. } | Kind::Group { group, .. } => Some(group),
            Kind::Hook(kept) => Some(&kept.group),
            Kind::Zone(_) => None,
        }
    }

    /// The alarms that spoke of it; a zone's are in the policy.
    pub fn alarms(&self) -> Option<&Alarms> {
        match self {
            Kind::Instance { alarms, .. } => Some(alarms),
            Kind::Group { .. } | Kind::Hook(_) | Kind::Zone(_) => None,
        }
    }

    pub fn notice(&self) -> Option<&Notice> {
        match self {
            Kind::Instance { notice, .. } | Kind::Group { notice, .. } => notice.as_ref(),
            Kind::Hook(_) | Kind::Zone(_) => None,
        }
    }

    /// Target groups of its group that were not found.
    pub fn gone(&self) -> Option<&Gone> {
        match self {
            Kind::Instance { gone, .. } | Kind::Group { gone, .. } => Some(gone),
            Kind::Hook(_) | Kind::Zone(_) => None,
        }
    }

    pub fn zone(&self) -> Option<&Kept> {
        match self {
            Kind::Zone(kept) => Some(kept),
            Kind::Instance { .. } | Kind::Group { .. } | Kind::Hook(_) => None,
        }
    }

    pub fn hook(&self) -> Option<&hook::kept::Kept> {
        match self {
            Kind::Hook(kept) => Some(kept),
            Kind::Instance { .. } | Kind::Group { .. } | Kind::Zone(_) => None,
        }
    }

    /// The function that owns it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Kind::Instance { .. } | Kind::Group { .. } => "replace-instance",
            Kind::Zone(_) => "shift-dns",
            Kind::Hook(_) => "lifecycle-hook",
        }
    }

    /// How long an intent keeps others off.
    pub fn lease(&self) -> SignedDuration {
        match self {
            Kind::Hook(_) => HOOK_LEASE,
            Kind::Instance { .. } | Kind::Group { .. } | Kind::Zone(_) => LEASE,
        }
    }

    /// Whether acting takes an instance out. In a zone the incident's own fence is the limit, one change at a time; and whom a
    /// hook holds, the group counts by itself.
    pub fn takes_slot(&self) -> bool {
        matches!(self, Kind::Instance { .. } | Kind::Group { .. })
    }

    pub fn scope(&self) -> Scope {
        match self {
            Kind::Instance { group, .. } | Kind::Group { group, .. } => Scope::Group(group.clone()),
            Kind::Hook(kept) => Scope::Group(kept.group.clone()),
            Kind::Zone(kept) => Scope::Zone(kept.zone.clone()),
        }
    }
}
