//! What a group launches from: a set, since a mixed instances policy may have a launch template for each instance type.
//!
//! This module never takes one instance for all that a group launches.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aws::fleet::LaunchedFrom;
use crate::line::list;

/// All that a group launches from. Nothing in it = not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// As the group's description has it.
    pub from: BTreeSet<LaunchedFrom>,
    /// What `$Latest` and `$Default` came to, as far as it was seen: the newest instance of each such launch template.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub came_to: BTreeMap<String, LaunchedFrom>,
}

impl Source {
    pub fn of<T: Into<LaunchedFrom>>(from: impl IntoIterator<Item = T>) -> Self {
        Source { from: from.into_iter().map(Into::into).collect(), came_to: BTreeMap::new() }
    }

    pub fn is_unknown(&self) -> bool {
        self.from.is_empty()
    }

    /// Launch templates whose version the description leaves open.
    pub fn open_templates(&self) -> impl Iterator<Item = &str> {
        self.from.iter().filter_map(|from| from.strip_suffix(":$Latest").or_else(|| from.strip_suffix(":$Default")))
    }

    /// Whether the group may still launch such an instance. Where either is not known, it may.
    pub fn may_launch(&self, launched_from: Option<&str>) -> bool {
        let Some(of_it) = launched_from.filter(|_| !self.is_unknown()) else { return true };
        let is_open = |template: &str| {
            template == template_of(of_it) && self.came_to.get(template).is_none_or(|newest| newest == of_it)
        };
        self.from.contains(of_it) || self.open_templates().any(is_open)
    }
}

/// `lt-0123456789abcdef0` of `lt-0123456789abcdef0:7`.
pub fn template_of(launched_from: &str) -> &str {
    launched_from.rsplit_once(':').map_or(launched_from, |(template, _)| template)
}

/// 7 of `lt-0123456789abcdef0:7`. A launch template's versions are numbered in the order in which they were made.
pub fn version_of(launched_from: &str) -> Option<u64> {
    launched_from.rsplit_once(':')?.1.parse().ok()
}

/// What a group launches from now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Launching {
    pub source: Source,
    /// When the newest instance of each launch template in [`Source::came_to`] was launched.
    pub newest: BTreeMap<String, Timestamp>,
}

impl Launching {
    /// Whether it is what it was then. Where either is not known, it is taken to be: the breaker errs on the side of doing
    /// nothing. That the newest of its instances is gone changes nothing; that one was launched from another version since does.
    pub fn is_still(&self, was: &Source, at: Timestamp) -> bool {
        if was.is_unknown() || self.source.is_unknown() {
            return true;
        }
        let is_another = |(template, now): (&String, &LaunchedFrom)| {
            let launched_since = self.newest.get(template).is_some_and(|newest| *newest > at);
            launched_since && was.came_to.get(template).is_some_and(|was| was != now)
        };
        was.from == self.source.from && !self.source.came_to.iter().any(is_another)
    }
}

/// Where one of the two is not known, they are taken for the same: that errs on the side of doing nothing.
pub fn is_same_source(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each: Vec<String> = self
            .from
            .iter()
            .map(|from| match self.came_to.get(template_of(from)) {
                Some(version) if version != from => format!("{from} (now {version})"),
                _ => from.clone(),
            })
            .collect();
        f.write_str(&list(&each))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn latest(version: &str, launched: i64) -> Launching {
        let came_to = BTreeMap::from([("lt-1".to_owned(), format!("lt-1:{version}"))]);
        let source = Source { came_to, ..Source::of(["lt-1:$Latest"]) };
        Launching { source, newest: BTreeMap::from([("lt-1".to_owned(), at(launched))]) }
    }

    fn fixed(from: &[&str]) -> Launching {
        Launching { source: Source::of(from.iter().copied()), newest: BTreeMap::new() }
    }

    #[test]
    fn another_set_is_another_source_and_an_unknown_one_is_not() {
        let was = Source::of(["lt-1:7", "lt-2:3"]);
        assert!(fixed(&["lt-2:3", "lt-1:7"]).is_still(&was, at(0)));
        for other in [&["lt-1:8", "lt-2:3"][..], &["lt-1:7"], &["lt-1:7", "lt-2:3", "lt-3:1"]] {
            assert!(!fixed(other).is_still(&was, at(0)), "{other:?}");
        }
        assert!(fixed(&[]).is_still(&was, at(0)) && fixed(&["lt-1:8"]).is_still(&Source::default(), at(0)));
    }

    #[test]
    fn the_latest_is_another_once_an_instance_was_launched_from_another_since() {
        let was = latest("7", -60).source;
        assert!(latest("7", 60).is_still(&was, at(0)));
        assert!(!latest("8", 60).is_still(&was, at(0)));
        assert!(!latest("6", 60).is_still(&was, at(0)), "$Default may go back");
        assert!(latest("6", -600).is_still(&was, at(0)), "an older one is the newest that is left");
    }

    #[test]
    fn an_instance_of_a_version_that_is_launched_no_more_is_known_as_such() {
        let now = Source::of(["lt-1:8", "lt-2:3"]);
        assert!(now.may_launch(Some("lt-1:8")) && now.may_launch(Some("lt-2:3")) && now.may_launch(None));
        assert!(!now.may_launch(Some("lt-1:7")) && !now.may_launch(Some("web-launch-configuration")));
        let open = latest("8", 0).source;
        assert!(
            open.may_launch(Some("lt-1:8")) && !open.may_launch(Some("lt-1:7")) && !open.may_launch(Some("lt-2:8"))
        );
        assert!(Source::of(["lt-1:$Latest"]).may_launch(Some("lt-1:7")), "what it is now is not known");
    }

    #[test]
    fn it_says_what_it_is_and_what_that_is_now() {
        assert_eq!(Source::of(["lt-1:7", "lt-2:3"]).to_string(), "lt-1:7 and lt-2:3");
        assert_eq!(latest("8", 0).source.to_string(), "lt-1:$Latest (now lt-1:8)");
    }
}
