//! What Homeostat may touch, and how far it may go: `policy.toml`, read into types that can't hold a wrong value.
//!
//! This module never guesses: an unknown key, a missing group or a number out of range is a mistake, and all mistakes are
//! reported at once. It reads text; where the file comes from is the caller's affair.

mod document;
mod forms;
pub(crate) mod groups;
pub(crate) mod hooks;
mod lists;
mod names;
mod pattern;
pub(crate) mod records;
mod section;
mod setting;

use sha2::{Digest, Sha256};

use document::Document;
pub use document::Mistake;
use forms::{Choice, Exactly};
pub use groups::{Budget, Evidence, GroupPolicy};
pub use hooks::{
    Afterwards, BusyMetric, HeldBy, HookPolicy, LaunchPolicy, OwnRecord, Readiness, ReadyTag, TerminationPolicy,
};
use lists::Tables;
pub use pattern::Pattern;
pub(crate) use records::lone_alarm;
pub use records::{Active, Ailment, DnsPolicy, EndpointPolicy, RecordPolicy, ZonePolicy};
pub use section::{Row, Section};
pub use setting::LeftOut;
use setting::{Free, Is, Means, Must, Needed, Setting, Usual};

use crate::id::GroupName;
use crate::registry;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    groups: Vec<GroupPolicy>,
    /// `None`: no weights are moved.
    pub dns: Option<DnsPolicy>,
    /// `None`: no lifecycle hook is completed.
    pub hooks: Option<HookPolicy>,
    /// What is allowed, and less safe than its author may think, with its place.
    pub warnings: Vec<Mistake>,
    /// The first twelve digits of the SHA-256 of its text: which policy led to a decision.
    pub hash: String,
}

/// Whether Homeostat acts, or only says what it would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Act,
    Watch,
}

const MODES: &[(&str, Mode)] = &[("act", Mode::Act), ("watch", Mode::Watch)];

const FILE: Section = Section {
    table: "",
    about: "Before the first table.",
    settings: &[&SCHEMA, &MODE, &REPLACE_INSTANCE, &SHIFT_DNS, &LIFECYCLE_HOOK],
};

pub(crate) const FILE_SECTIONS: &[&Section] = &[&FILE];

const SCHEMA: Needed<Exactly> = Setting {
    key: "schema",
    form: Exactly(1),
    left_out: Must,
    meaning: "Which form of this file it is: a version that reads another refuses it instead of guessing.",
};

const MODE: Usual<Choice<Mode>> = Setting {
    key: "mode",
    form: Choice(MODES),
    left_out: Is(Mode::Act),
    meaning: "\"watch\" decides, records and reports everything, and changes nothing, except that it completes lifecycle hooks at once: begin \
              with it.",
};

const ONE_OF_THREE: Means = Means("nothing is done by it; one of the three must be there");

const REPLACE_INSTANCE: Free<Tables> = Setting {
    key: "replace-instance",
    form: Tables("a table"),
    left_out: ONE_OF_THREE,
    meaning: "Which instances may be replaced.",
};

const SHIFT_DNS: Free<Tables> = Setting {
    key: "shift-dns",
    form: Tables("a table"),
    left_out: ONE_OF_THREE,
    meaning: "Which weights may be moved.",
};

const LIFECYCLE_HOOK: Free<Tables> = Setting {
    key: "lifecycle-hook",
    form: Tables("a table"),
    left_out: ONE_OF_THREE,
    meaning: "Which lifecycle hooks are completed.",
};

/// Reads a policy.
///
/// # Errors
/// Every [`Mistake`] in the text, with line and column, in the order of the text.
pub fn parse(text: &str) -> Result<Policy, Vec<Mistake>> {
    let document = Document::parse(text, registry::sections())?;
    let root = document.root();
    root.only(&FILE);
    root.need(&SCHEMA);
    let mode = root.usual(&MODE);
    let [groups, dns, hooks] = [REPLACE_INSTANCE, SHIFT_DNS, LIFECYCLE_HOOK]
        .map(|section| root.has(section.key).then(|| root.table(section.key)));
    if groups.is_none() && dns.is_none() && hooks.is_none() {
        let message = "is missing, and so are shift-dns and lifecycle-hook: expected at least one of these tables";
        root.mistake(REPLACE_INSTANCE.key, message);
    }
    let groups = groups.map_or_else(Vec::new, |table| groups::section(&table, mode));
    let dns = dns.map(|table| records::section(&table, mode));
    let hooks = hooks.map(|table| hooks::section(&table, mode));
    let warnings = document.warnings();
    document.finish(Policy { groups, dns, hooks, warnings, hash: hash(text) })
}

/// Reads a policy as it stands in a file.
///
/// # Errors
/// As [`parse`]; also where the bytes are no text.
pub fn parse_bytes(bytes: &[u8]) -> Result<Policy, Vec<Mistake>> {
    let text = std::str::from_utf8(bytes).map_err(|error| vec![document::no_text(bytes, error)])?;
    parse(text)
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

impl Policy {
    pub fn group(&self, name: &GroupName) -> Option<&GroupPolicy> {
        self.groups.iter().find(|group| group.name == *name)
    }

    pub fn groups(&self) -> impl Iterator<Item = &GroupPolicy> {
        self.groups.iter()
    }

    pub fn group_names(&self) -> Vec<GroupName> {
        self.groups.iter().map(|group| group.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests;
