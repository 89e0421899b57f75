//! What Homeostat may touch, and how far it may go: `policy.toml`, read into types that can't hold a wrong value.
//!
//! This module never guesses: an unknown key, a missing group or a number out of range is a mistake, and all mistakes are
//! reported at once. It reads text; where the file comes from is the caller's affair.

mod document;
mod hooks;
mod records;

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

pub use document::Mistake;
use document::{Document, Table};
pub use hooks::{
    Afterwards, BusyMetric, HeldBy, HookPolicy, LaunchPolicy, OwnRecord, Readiness, ReadyTag, TerminationPolicy,
};
pub use records::{Active, Ailment, DnsPolicy, EndpointPolicy, RecordPolicy, ZonePolicy};

use crate::id::GroupName;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    groups: Vec<GroupPolicy>,
    /// `None`: no weights are moved.
    pub dns: Option<DnsPolicy>,
    /// `None`: no lifecycle hook is completed.
    pub hooks: Option<HookPolicy>,
    /// The first twelve digits of the SHA-256 of its text: which policy led to a decision.
    pub hash: String,
}

/// Whether Homeostat acts, or only says what it would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Act,
    Watch,
}

/// How the instances of one Auto Scaling group may be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPolicy {
    pub name: GroupName,
    pub mode: Mode,
    /// All of it must say "sick" before anything is done. Never empty.
    pub evidence: Vec<Evidence>,
    /// Names of alarms on the whole group: each has its members looked at, and none is evidence against a member.
    pub alarms: Vec<String>,
    /// How long after its launch an instance is left alone. The longer of this and the group's own grace period counts.
    pub grace: SignedDuration,
    /// How many of the group's instances may be out at once.
    pub budget: Budget,
    /// Past this many sick at once nothing is replaced: then it is no instance that is sick.
    pub too_many: Budget,
    /// Within this time no more than the budget are acted on, even if all of them were quick to recover.
    pub cooldown: SignedDuration,
    /// So many failed replacements within `breaker_within` stop all replacing in the group.
    pub breaker: u32,
    pub breaker_within: SignedDuration,
    /// Time between two looks at an open incident.
    pub look_every: SignedDuration,
    /// How long the group must stay whole before the incident is closed.
    pub dwell: SignedDuration,
    /// From the first act; past it a person is paged.
    pub recover_within: SignedDuration,
    /// How long a sick instance may wait for a budget, a pause or a refresh before a person is paged.
    pub wait_at_most: SignedDuration,
    /// Time between two reminders of a page that nobody acknowledged.
    pub remind_every: SignedDuration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    Alarm,
    InstanceStatus,
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

const GROUP_KEYS: [&str; 15] = [
    "name",
    "mode",
    "evidence",
    "grace",
    "budget",
    "too-many",
    "cooldown",
    "breaker",
    "breaker-within",
    "look-every",
    "dwell",
    "recover-within",
    "wait-at-most",
    "remind-every",
    "alarms",
];

/// A replacement may fail once by bad luck, and twice; three times is no luck.
const BREAKER: u32 = 3;
/// More than this many within the window would be no breaker any more.
const MOST_FAILURES: u32 = 20;

const MODES: &[(&str, Mode)] = &[("act", Mode::Act), ("watch", Mode::Watch)];
const EVIDENCE: &str = "a list of \"alarm\", \"instance-status\" and \"target-health\", at least one";

/// Reads a policy.
///
/// # Errors
/// Every [`Mistake`] in the text, with line and column, in the order of the text.
pub fn parse(text: &str) -> Result<Policy, Vec<Mistake>> {
    let document = Document::parse(text)?;
    let root = document.root();
    root.only(&["schema", "mode", "replace-instance", "shift-dns", "lifecycle-hook"]);
    root.integer("schema", 1, 1);
    let mode = root.choice("mode", Mode::Act, MODES);
    let (groups, dns, hooks) = (root.has("replace-instance"), root.has("shift-dns"), root.has("lifecycle-hook"));
    if !groups && !dns && !hooks {
        let message = "is missing, and so are shift-dns and lifecycle-hook: expected at least one of these tables";
        root.mistake("replace-instance", message);
    }
    let hooks = hooks.then(|| hooks::section(&root.table("lifecycle-hook"), mode));
    let dns = dns.then(|| records::section(&root.table("shift-dns"), mode));
    let groups = if groups { self::groups(&root.table("replace-instance"), mode) } else { Vec::new() };
    document.finish(Policy { groups, dns, hooks, hash: hash(text) })
}

fn groups(section: &Table<'_>, mode: Mode) -> Vec<GroupPolicy> {
    section.only(&["group"]);
    let mut names = BTreeSet::new();
    let mut groups = Vec::new();
    for table in section.tables("group") {
        let group = group(&table, mode);
        if let Some(group) = &group
            && !names.insert(group.name.clone())
        {
            table.mistake("name", "stands twice, expected each group once");
        }
        groups.extend(group);
    }
    groups
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

fn group(table: &Table<'_>, mode: Mode) -> Option<GroupPolicy> {
    table.only(&GROUP_KEYS);
    let duration = |key, default: SignedDuration, least| table.duration(key, default, least, LONGEST);
    let grace = duration("grace", SignedDuration::from_mins(5), SignedDuration::ZERO);
    let look_every = duration("look-every", SignedDuration::from_mins(1), SHORTEST_LOOK);
    let dwell = duration("dwell", SignedDuration::from_mins(2), SignedDuration::ZERO);
    let recover_within = duration("recover-within", SignedDuration::from_mins(15), SHORTEST_LOOK);
    let cooldown = duration("cooldown", SignedDuration::from_mins(5), SignedDuration::ZERO);
    let breaker_within = duration("breaker-within", SignedDuration::from_hours(2), SHORTEST_LOOK);
    let wait_at_most = duration("wait-at-most", SignedDuration::from_hours(1), SHORTEST_LOOK);
    let remind_every = duration("remind-every", SignedDuration::from_mins(30), SHORTEST_LOOK);
    let budget = table.budget("budget", Budget::Percent(20));
    let too_many = table.budget("too-many", Budget::Percent(50));
    let breaker = table.count("breaker", BREAKER, MOST_FAILURES);
    let mode = table.choice("mode", mode, MODES);
    let alarms = table.names("alarms", "a list of names of alarms, each once");
    for (key, time) in [("look-every", look_every), ("dwell", dwell)] {
        if time > recover_within {
            table.mistake(key, "is longer than recover-within, expected a part of it");
        }
    }
    let evidence = table.list::<Evidence>("evidence", EVIDENCE);
    let name = table.required::<GroupName>("name", "the name of an Auto Scaling group");
    Some(GroupPolicy {
        name: name?,
        mode,
        evidence: evidence?,
        alarms,
        grace,
        budget,
        too_many,
        cooldown,
        breaker,
        breaker_within,
        look_every,
        dwell,
        recover_within,
        wait_at_most,
        remind_every,
    })
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

impl FromStr for Evidence {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "alarm" => Ok(Evidence::Alarm),
            "instance-status" => Ok(Evidence::InstanceStatus),
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
             dwell = \"soon\"\ngrace = 5\nlook-every = \"0s\"\nrecover-within = \"9d\"\nhue = \"red\"\nmode = \"sleep\"\nbreaker = 0\nalarms = [\"a\", \"a\"]\n",
            expect![[r#"
                policy.toml:1:10: schema is 2, expected 1
                policy.toml:2:1: colour is not known, expected one of schema, mode, replace-instance, shift-dns, lifecycle-hook
                policy.toml:4:8: replace-instance.group[0].name is "a:b", expected the name of an Auto Scaling group
                policy.toml:5:12: replace-instance.group[0].evidence is [], expected a list of "alarm", "instance-status" and "target-health", at least one
                policy.toml:6:10: replace-instance.group[0].budget is "200%", expected a share such as "20%" or a number of instances, at least 1
                policy.toml:7:9: replace-instance.group[0].dwell is "soon", expected a time such as "90s" or "5m"
                policy.toml:8:9: replace-instance.group[0].grace is 5, expected a time such as "90s" or "5m"
                policy.toml:9:14: replace-instance.group[0].look-every is "0s", expected a time from 1s to 24h
                policy.toml:10:18: replace-instance.group[0].recover-within is "9d", expected a time such as "90s" or "5m"
                policy.toml:11:1: replace-instance.group[0].hue is not known, expected one of name, mode, evidence, grace, budget, too-many, cooldown, breaker, breaker-within, look-every, dwell, recover-within, wait-at-most, remind-every, alarms
                policy.toml:12:8: replace-instance.group[0].mode is "sleep", expected "act" or "watch"
                policy.toml:13:11: replace-instance.group[0].breaker is 0, expected a number from 1 to 20
                policy.toml:14:16: replace-instance.group[0].alarms[1] is "a", expected each once"#]],
        );
    }

    #[test]
    fn what_is_missing_is_told_where_it_should_be() {
        check(
            "schema = 1\n\n[[replace-instance.group]]\nevidence = [\"alarm\", \"hunch\"]\n",
            expect![[r#"
                policy.toml:3:1: replace-instance.group[0].name is missing, expected the name of an Auto Scaling group
                policy.toml:4:22: replace-instance.group[0].evidence[1] is "hunch", expected a list of "alarm", "instance-status" and "target-health", at least one"#]],
        );
        check(
            "",
            expect![[r#"
            policy.toml:1:1: schema is missing, expected 1
            policy.toml:1:1: replace-instance is missing, and so are shift-dns and lifecycle-hook: expected at least one of these tables"#]],
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
    fn a_mistake_is_one_line_however_long_and_whatever_stands_there() {
        let escape = format!("{LEAST}\"\\u001b[2J\" = 1\ngrace = \"\"\"\n\u{202e}{}\"\"\"\n", "a".repeat(5_000));
        let mistakes = parse(&escape).unwrap_err();
        assert_eq!(mistakes.len(), 2);
        for Mistake { message, .. } in mistakes {
            assert!(!message.contains(|c: char| c.is_control() || c == '\u{202e}'), "{message}");
            assert!(message.len() < 400, "{message}");
        }
    }

    #[test]
    fn broken_toml_is_told_in_the_order_of_the_text() {
        let mistakes = parse("schema = \n[[a\nb = 1 2\n]\n").unwrap_err();
        assert!(mistakes.is_sorted_by_key(|mistake| (mistake.line, mistake.column)), "{mistakes:?}");
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
