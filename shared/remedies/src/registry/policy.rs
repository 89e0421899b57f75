//! What Homeostat may touch, and how far it may go: `policy.toml`, read into types that can't hold a wrong value.
//!
//! This module never guesses: an unknown key, a missing group or a number out of range is a mistake, and all mistakes are
//! reported at once. It reads text; where the file comes from is the caller's affair.

use std::collections::BTreeSet;

use homeostat_core::dependency::Dependency;
use homeostat_core::id::Scope;
use homeostat_core::policy::dependencies::{self, DEPENDENCIES, Dependencies};
use homeostat_core::policy::document::{self, Document};
use homeostat_core::policy::forms::{Choice, Exactly};
use homeostat_core::policy::lists::Tables;
use homeostat_core::policy::setting::{Free, Is, Means, Must, Needed, Setting, Usual};
use homeostat_core::policy::{MODES, Mistake, Mode, Parameter, Section};
use sha2::{Digest, Sha256};

use crate::hook::policy::HookPolicy;
use crate::hosted_zone::policy::DnsPolicy;
use crate::instance::policy::InstancePolicy;
use crate::{hook, hosted_zone, instance};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Empty: no instance is replaced.
    pub instances: InstancePolicy,
    /// `None`: no weights are moved.
    pub dns: Option<DnsPolicy>,
    /// `None`: no lifecycle hook is completed.
    pub hooks: Option<HookPolicy>,
    /// What some of them depend on.
    pub dependencies: Vec<Dependency>,
    /// What is allowed, and less safe than its author may think, with its place.
    pub warnings: Vec<Mistake>,
    /// The first twelve digits of the SHA-256 of its text: which policy led to a decision.
    pub hash: String,
}

const FILE: Section = Section {
    table: "",
    about: "Before the first table.",
    settings: &[&SCHEMA, &MODE, &DEPENDENCIES, &REPLACE_INSTANCE, &SHIFT_DNS, &LIFECYCLE_HOOK],
};

/// The table of each remedy, with all that may be in it.
const TABLES: [(Free<Tables>, &[&Section]); 3] = [
    (REPLACE_INSTANCE, instance::policy::SECTIONS),
    (SHIFT_DNS, hosted_zone::policy::SECTIONS),
    (LIFECYCLE_HOOK, hook::policy::SECTIONS),
];

/// What [`Policy::counts`] counts.
pub const COUNTED: [&str; 3] = ["groups", "records", "hooks"];

/// Every table that a policy may have, in the order of the sample.
pub fn sections() -> Vec<&'static Section> {
    let own = TABLES.into_iter().flat_map(|(_, sections)| sections).copied();
    [&FILE, &dependencies::SECTION].into_iter().chain(own).collect()
}

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

const ONE_AT_LEAST: Means = Means("nothing is done by it; at least one of these tables must be there");

const REPLACE_INSTANCE: Free<Tables> = Setting {
    key: "replace-instance",
    form: Tables("a table"),
    left_out: ONE_AT_LEAST,
    meaning: "Which instances may be replaced.",
};

const SHIFT_DNS: Free<Tables> = Setting {
    key: "shift-dns",
    form: Tables("a table"),
    left_out: ONE_AT_LEAST,
    meaning: "Which weights may be moved.",
};

const LIFECYCLE_HOOK: Free<Tables> = Setting {
    key: "lifecycle-hook",
    form: Tables("a table"),
    left_out: ONE_AT_LEAST,
    meaning: "Which lifecycle hooks are completed.",
};

/// Reads a policy.
///
/// # Errors
/// Every [`Mistake`] in the text, with line and column, in the order of the text.
pub fn parse(text: &str) -> Result<Policy, Vec<Mistake>> {
    let document = Document::parse(text, sections())?;
    let root = document.root();
    root.only(&FILE);
    root.need(&SCHEMA);
    let mode = root.usual(&MODE);
    let tables = TABLES.map(|(table, _)| root.has(table.key).then(|| root.table(table.key)));
    if tables.iter().all(Option::is_none) {
        let keys = TABLES.map(|(table, _)| table.key).join(", ");
        root.mistake(
            REPLACE_INSTANCE.key,
            &format!("is missing, and so is every other table: expected at least one of {keys}"),
        );
    }
    let [groups, dns, hooks] = tables;
    let all = Dependencies::of(&root);
    let instances = groups.map(|table| instance::policy::section(&table, mode, &all)).unwrap_or_default();
    let dns = dns.map(|table| hosted_zone::policy::section(&table, mode, &all));
    let hooks = hooks.map(|table| hook::policy::section(&table, mode, &all));
    let dependencies = all.all();
    let warnings = document.warnings();
    document.finish(Policy { instances, dns, hooks, dependencies, warnings, hash: hash(text) })
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
    /// What it names that has this mode.
    pub fn in_mode(&self, mode: Mode) -> Vec<String> {
        let Policy { instances, dns, hooks, dependencies: _, warnings: _, hash: _ } = self;
        let groups = instances.groups().map(|group| (group.mode, group.name.to_string()));
        let records = dns.iter().flat_map(|dns| &dns.records).map(|record| (record.mode, record.key.to_string()));
        let hooks = hooks.iter().flat_map(HookPolicy::held_by);
        let hooks = hooks.map(|held| (held.mode(), format!("{} of {}", held.hook(), held.group())));
        groups.chain(records).chain(hooks).filter(|(its, _)| *its == mode).map(|(_, name)| name).collect()
    }

    /// How many things it names, in the order of [`COUNTED`].
    pub fn counts(&self) -> [usize; COUNTED.len()] {
        let Policy { instances, dns, hooks, dependencies: _, warnings: _, hash: _ } = self;
        let records = dns.as_ref().map_or(0, |dns| dns.records.len());
        [instances.groups().count(), records, hooks.as_ref().map_or(0, |hooks| hooks.hooks().count())]
    }

    /// What the template's parameters have to be, so that the functions may do what it asks of them, and no more.
    pub fn parameters(&self) -> Vec<Parameter> {
        let Policy { instances: _, dns, hooks, dependencies: _, warnings: _, hash: _ } = self;
        let dns = dns.iter().flat_map(hosted_zone::parameters::parameters);
        dns.chain(hooks.iter().flat_map(hook::parameters::parameters)).collect()
    }

    /// All that it names that has a budget or a memory.
    pub fn scopes(&self) -> BTreeSet<Scope> {
        let Policy { instances, dns, hooks, dependencies: _, warnings: _, hash: _ } = self;
        let groups = instances.groups().map(|group| Scope::of_group(&group.name));
        let zones = dns.iter().flat_map(DnsPolicy::zones).map(hosted_zone::subject::scope);
        let held = hooks.iter().flat_map(HookPolicy::hooks).map(|(group, _)| Scope::of_group(group));
        groups.chain(zones).chain(held).collect()
    }
}

#[cfg(test)]
mod tests;
