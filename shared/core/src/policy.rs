//! What Homeostat may touch, and how far it may go: `policy.toml`, read into types that can't hold a wrong value.
//!
//! This module never guesses: an unknown key, a missing group or a number out of range is a mistake, and all mistakes are
//! reported at once. It reads text; where the file comes from is the caller's affair.

mod document;

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::SignedDuration;

pub use document::Mistake;
use document::{Document, Table};

use crate::id::GroupName;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    groups: Vec<GroupPolicy>,
}

/// How the instances of one Auto Scaling group may be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPolicy {
    pub name: GroupName,
    /// All of it must say "sick" before anything is done. Never empty.
    pub evidence: Vec<Evidence>,
    /// How long after its launch an instance is left alone. The longer of this and the group's own grace period counts.
    pub grace: SignedDuration,
    /// How many of the group's instances may be out at once.
    pub budget: Budget,
    /// Time between two looks at an open incident.
    pub look_every: SignedDuration,
    /// How long the group must stay whole before the incident is closed.
    pub dwell: SignedDuration,
    /// From the first act; past it a person is paged.
    pub recover_within: SignedDuration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    Alarm,
    TargetHealth,
}

/// A share of the group's desired capacity, or a number of instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    Percent(u32),
    Instances(u32),
}

impl Budget {
    /// How many of `desired` instances may be out at once: a share is rounded down, but is never less than one, since a
    /// group of four with 20 % could else never be healed. A group of one may lose its one.
    pub fn slots(self, desired: u32) -> u32 {
        match self {
            Budget::Instances(count) => count.min(desired),
            Budget::Percent(percent) => {
                let share = u64::from(desired) * u64::from(percent) / 100;
                u32::try_from(share).unwrap_or(u32::MAX).max(1).min(desired)
            }
        }
    }
}

/// Shorter than the sweep's pace only where that is compressed, as in the sandbox.
const SHORTEST_LOOK: SignedDuration = SignedDuration::from_secs(1);
/// Anything longer than a day is a slip of the pen, and would leave an incident unattended.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

const GROUP_KEYS: [&str; 7] = ["name", "evidence", "grace", "budget", "look-every", "dwell", "recover-within"];

/// Reads a policy.
///
/// # Errors
/// Every [`Mistake`] in the text, with line and column, in the order of the text.
pub fn parse(text: &str) -> Result<Policy, Vec<Mistake>> {
    let document = Document::parse(text)?;
    let root = document.root();
    root.only(&["schema", "replace-instance"]);
    root.integer("schema", 1, 1);
    let section = root.table("replace-instance");
    section.only(&["group"]);
    let mut names = BTreeSet::new();
    let mut groups = Vec::new();
    for table in section.tables("group") {
        let group = group(&table);
        if let Some(group) = &group
            && !names.insert(group.name.clone())
        {
            table.mistake("name", "stands twice, expected each group once");
        }
        groups.extend(group);
    }
    document.finish(Policy { groups })
}

fn group(table: &Table<'_>) -> Option<GroupPolicy> {
    table.only(&GROUP_KEYS);
    let duration = |key, default: SignedDuration, least| table.duration(key, default, least, LONGEST);
    let grace = duration("grace", SignedDuration::from_mins(5), SignedDuration::ZERO);
    let look_every = duration("look-every", SignedDuration::from_mins(1), SHORTEST_LOOK);
    let dwell = duration("dwell", SignedDuration::from_mins(2), SignedDuration::ZERO);
    let recover_within = duration("recover-within", SignedDuration::from_mins(15), SHORTEST_LOOK);
    let budget = table.budget("budget", Budget::Percent(20));
    for (key, time) in [("look-every", look_every), ("dwell", dwell)] {
        if time > recover_within {
            table.mistake(key, "is longer than recover-within, expected a part of it");
        }
    }
    let evidence = table.list::<Evidence>("evidence", "a list of \"alarm\" and \"target-health\", at least one");
    let name = table.required::<GroupName>("name", "the name of an Auto Scaling group");
    Some(GroupPolicy { name: name?, evidence: evidence?, grace, budget, look_every, dwell, recover_within })
}

impl Policy {
    pub fn group(&self, name: &GroupName) -> Option<&GroupPolicy> {
        self.groups.iter().find(|group| group.name == *name)
    }

    pub fn group_names(&self) -> Vec<GroupName> {
        self.groups.iter().map(|group| group.name.clone()).collect()
    }
}

impl FromStr for Evidence {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "alarm" => Ok(Evidence::Alarm),
            "target-health" => Ok(Evidence::TargetHealth),
            _ => Err(()),
        }
    }
}

impl FromStr for Budget {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let percent: u32 = text.strip_suffix('%').ok_or(())?.parse().map_err(|_| ())?;
        if (1..=100).contains(&percent) { Ok(Budget::Percent(percent)) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    const LEAST: &str = "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\"]\n";

    fn check(text: &str, expect: Expect) {
        let said: Vec<String> =
            parse(text).unwrap_err().iter().map(|mistake| format!("policy.toml:{mistake}")).collect();
        expect.assert_eq(&said.join("\n"));
    }

    #[test]
    fn the_least_policy_is_careful() {
        let policy = parse(LEAST).unwrap();
        let group = policy.group(&"web".parse().unwrap()).unwrap();
        assert_eq!((group.budget, group.grace), (Budget::Percent(20), SignedDuration::from_mins(5)));
    }

    #[test]
    fn a_share_is_at_least_one_and_never_more_than_there_are() {
        for (budget, desired, slots) in [
            (Budget::Percent(20), 4, 1),
            (Budget::Percent(20), 10, 2),
            (Budget::Percent(20), 14, 2),
            (Budget::Percent(100), 3, 3),
            (Budget::Percent(20), 1, 1),
            (Budget::Percent(20), 0, 0),
            (Budget::Instances(5), 3, 3),
        ] {
            assert_eq!(budget.slots(desired), slots, "{budget:?} of {desired}");
        }
    }

    #[test]
    fn all_mistakes_are_told_at_once_with_their_places() {
        check(
            "schema = 2\ncolour = 1\n[[replace-instance.group]]\nname = \"a:b\"\nevidence = []\nbudget = \"200%\"\n\
             dwell = \"soon\"\ngrace = 5\nlook-every = \"0s\"\nrecover-within = \"9d\"\ncooldown = \"1m\"\n",
            expect![[r#"
                policy.toml:1:10: schema is 2, expected 1
                policy.toml:2:1: colour is not known, expected one of schema, replace-instance
                policy.toml:4:8: replace-instance.group[0].name is "a:b", expected the name of an Auto Scaling group
                policy.toml:5:12: replace-instance.group[0].evidence is [], expected a list of "alarm" and "target-health", at least one
                policy.toml:6:10: replace-instance.group[0].budget is "200%", expected a share such as "20%" or a number of instances, at least 1
                policy.toml:7:9: replace-instance.group[0].dwell is "soon", expected a time such as "90s" or "5m"
                policy.toml:8:9: replace-instance.group[0].grace is 5, expected a time such as "90s" or "5m"
                policy.toml:9:14: replace-instance.group[0].look-every is "0s", expected a time from 1s to 24h
                policy.toml:10:18: replace-instance.group[0].recover-within is "9d", expected a time such as "90s" or "5m"
                policy.toml:11:1: replace-instance.group[0].cooldown is not known, expected one of name, evidence, grace, budget, look-every, dwell, recover-within"#]],
        );
    }

    #[test]
    fn what_is_missing_is_told_where_it_should_be() {
        check(
            "schema = 1\n\n[[replace-instance.group]]\nevidence = [\"alarm\", \"hunch\"]\n",
            expect![[r#"
                policy.toml:3:1: replace-instance.group[0].name is missing, expected the name of an Auto Scaling group
                policy.toml:4:22: replace-instance.group[0].evidence[1] is "hunch", expected a list of "alarm" and "target-health", at least one"#]],
        );
        check(
            "",
            expect![[r#"
            policy.toml:1:1: schema is missing, expected 1
            policy.toml:1:1: replace-instance is missing, expected a table"#]],
        );
    }

    #[test]
    fn what_can_be_read_but_makes_no_sense_is_a_mistake() {
        check(
            "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\", \"alarm\"]\nbudget = 0\n\
             look-every = \"24h\"\ndwell = \"1h\"\n",
            expect![[r#"
                policy.toml:4:22: replace-instance.group[0].evidence[1] is "alarm", expected each once
                policy.toml:5:10: replace-instance.group[0].budget is 0, expected a share such as "20%" or a number of instances, at least 1
                policy.toml:6:14: replace-instance.group[0].look-every is longer than recover-within, expected a part of it
                policy.toml:7:9: replace-instance.group[0].dwell is longer than recover-within, expected a part of it"#]],
        );
    }

    #[test]
    fn broken_toml_names_the_line() {
        check(
            "schema = 1\n[[replace-instance.group\n",
            expect![[r#"policy.toml:2:25: unclosed array table, expected `]]`"#]],
        );
    }

    #[test]
    fn a_group_named_twice_is_a_mistake() {
        let twice = format!("{LEAST}{}", LEAST.trim_start_matches("schema = 1\n"));
        check(
            &twice,
            expect![[r#"policy.toml:6:8: replace-instance.group[1].name stands twice, expected each group once"#]],
        );
    }
}
