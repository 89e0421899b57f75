//! The tables `[[dependency]]`: what several of the policy's subjects depend on, and which of them name it.
//!
//! This module never asks whether an alarm exists, and never takes a name for one that is near to it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::document::Table;
use super::forms::{Name, Text, Time};
use super::lists::{List, Tables};
use super::names::is_plain;
use super::section::{Section, nearest};
use super::setting::{Free, Is, Means, Must, Needed, Setting, Usual};
use crate::dependency::Dependency;
use crate::id::AlarmArn;

pub const SECTION: Section = Section {
    table: "[[dependency]]",
    about: "One for each thing that several of the groups, records or hooks below depend on, such as a database. While it moves (fails over, \
            or is unhealthy itself), what depends on it is neither replaced nor drained, and no launch is abandoned: it would not help. \
            That holds for 30 minutes in any 2 hours for each of them, and never for an instance whose EC2 status checks fail or whose \
            machine is gone. `max-wait` counts all the same.",
    settings: &[&NAME, &ALARMS, &SETTLE],
};

pub const DEPENDENCIES: Free<Tables> = Setting {
    key: "dependency",
    form: Tables("tables `[[dependency]]`"),
    left_out: Means("none"),
    meaning: "What several of the tables below depend on.",
};

const NAME: Needed<Text<Name>> = Setting {
    key: "name",
    form: Text::that("a dependency's name", is_plain),
    left_out: Must,
    meaning: "What `depends-on` calls it. Each stands once.",
};

const ALARMS: Needed<List<AlarmArn>> = Setting {
    key: "alarms",
    form: List::of("alarms' ARNs", "an alarm's ARN"),
    left_out: Must,
    meaning: "It moves while any of these is in ALARM, whether or not the alarm's actions are enabled. One that can't be read, or has too \
              little data, holds nobody by itself. They may be in another Region.",
};

const SETTLE: Usual<Time> = Setting {
    key: "settle",
    form: Time::ANY,
    left_out: Is(SignedDuration::from_mins(5)),
    meaning: "How long what depends on it is given to recover, once its alarms are OK again.",
};

/// The setting by which a table names what it depends on.
pub const fn depends_on(meaning: &'static str) -> Free<List<Name>> {
    Setting {
        key: "depends-on",
        form: List::that("names of dependencies", "the name of a `[[dependency]]`", is_plain),
        left_out: Means("nothing"),
        meaning,
    }
}

/// Those of a policy.
#[derive(Default)]
pub struct Dependencies<'a> {
    known: Vec<(Table<'a>, Dependency)>,
    named: RefCell<BTreeSet<String>>,
}

impl<'a> Dependencies<'a> {
    pub fn of(root: &Table<'a>) -> Self {
        let mut names = BTreeSet::new();
        let mut known = Vec::new();
        for entry in root.tables_if_any(DEPENDENCIES.key) {
            entry.only(&SECTION);
            let (name, alarms, settle) = (entry.need(&NAME), entry.need(&ALARMS), entry.usual(&SETTLE));
            let Some(Name(name)) = name else { continue };
            if !names.insert(name.clone()) {
                entry.mistake(NAME.key, &format!("is {name:?} a second time, expected each dependency once"));
            }
            known.push((entry, Dependency { name, alarms: alarms.unwrap_or_default(), settle }));
        }
        Dependencies { known, named: RefCell::default() }
    }

    /// Those that the table names.
    pub fn named_by(&self, table: &Table<'_>, setting: &Free<List<Name>>) -> Vec<Dependency> {
        let mut found = Vec::new();
        for Name(name) in table.free(setting).unwrap_or_default() {
            match self.known.iter().find(|(_, known)| known.name == name) {
                Some((_, known)) => found.push(known.clone()),
                None => table.mistake(setting.key, &self.unknown(&name)),
            }
            self.named.borrow_mut().insert(name);
        }
        found
    }

    fn unknown(&self, name: &str) -> String {
        match nearest(name, self.known.iter().map(|(_, known)| known.name.as_str())) {
            Some(near) => format!("names {name:?}, and no [[dependency]] is called so, did you mean {near:?}?"),
            None => format!("names {name:?}, and no [[dependency]] is called so"),
        }
    }

    /// All of them. What nobody names is a warning.
    pub fn all(self) -> Vec<Dependency> {
        let named = self.named.into_inner();
        for (entry, unused) in self.known.iter().filter(|(_, known)| !named.contains(&known.name)) {
            entry.warn(NAME.key, &format!("is {:?}, and no depends-on names it: it holds nobody", unused.name));
        }
        self.known.into_iter().map(|(_, known)| known).collect()
    }
}
