//! The section `replace-instance`: the instances of which groups may be replaced, on what evidence, and how many.
//!
//! This module never takes a group that is named twice: which of the two would hold?

mod settings;

use std::collections::BTreeSet;

use homeostat_core::aws::rates::{Api, Share};
use homeostat_core::budget::{Bound, Bounds};
use homeostat_core::dependency::Dependency;
use homeostat_core::id::{AlarmArn, GroupName};
use homeostat_core::policy::Mode;
use homeostat_core::policy::dependencies::Dependencies;
use homeostat_core::policy::document::Table;
use homeostat_core::policy::lists::Tables;
use homeostat_core::policy::pattern::Pattern;
use homeostat_core::policy::section::Section;
use homeostat_core::policy::setting::{HasUsual, Must, Needed, Setting};
use homeostat_core::policy::{Budget, at_most};
use homeostat_core::resync::RESYNC_EVERY;
use jiff::SignedDuration;

/// Its tables.
pub(crate) const SECTIONS: &[&Section] = &[&SECTION, &settings::GROUP];

/// The groups whose instances may be replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstancePolicy {
    groups: Vec<GroupPolicy>,
}

/// How the instances of one Auto Scaling group may be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPolicy {
    pub name: GroupName,
    /// What shares the service's part of the budget of all groups.
    pub service: String,
    /// Of the account, and of the service.
    pub bounds: Bounds,
    pub mode: Mode,
    /// All of it must say "sick" before anything is done. Never empty.
    pub evidence: Vec<EvidenceSource>,
    /// Which alarms on an instance prove it unhealthy, by name; empty = every one that names it alone.
    pub health_alarms: Vec<Pattern>,
    /// Names of alarms on the whole group: each has its members looked at, and none is evidence against a member.
    pub alarms: Vec<String>,
    /// How long after its launch an instance is left alone. The longer of this and the group's own grace period counts.
    pub grace: SignedDuration,
    /// How many of the group's instances may be out at once.
    pub budget: Budget,
    /// Past this many sick at once nothing is replaced: then it is no instance that is sick.
    pub max_unhealthy: Budget,
    /// Within this time no more than the budget are acted on, even if all of them were quick to recover.
    pub cooldown: SignedDuration,
    /// So many failed replacements within `breaker_within` stop all replacing in the group.
    pub breaker: u32,
    pub breaker_within: SignedDuration,
    /// Time between two looks at an open incident.
    pub check_every: SignedDuration,
    /// How long the group must stay whole before the incident is closed.
    pub dwell: SignedDuration,
    /// From the first act; past it a person is paged.
    pub recover_within: SignedDuration,
    /// How long an instance may be unhealthy without being replaced before a person is paged.
    pub max_wait: SignedDuration,
    /// Time between two reminders of a page that nobody acknowledged.
    pub remind_every: SignedDuration,
    pub plan_first: SignedDuration,
    /// While any of it moves, nothing of the group is replaced.
    pub depends_on: Vec<Dependency>,
}

impl InstancePolicy {
    pub fn group(&self, name: &GroupName) -> Option<&GroupPolicy> {
        self.groups.iter().find(|group| group.name == *name)
    }

    pub fn groups(&self) -> impl Iterator<Item = &GroupPolicy> {
        self.groups.iter()
    }

    pub fn group_names(&self) -> Vec<GroupName> {
        self.groups.iter().map(|group| group.name.clone()).collect()
    }

    /// How long a resync of all of it takes, within AWS's rates. Which target groups a group has is AWS's to say: two are reckoned with.
    pub fn resync_period(&self) -> SignedDuration {
        const TARGET_GROUPS: usize = 2;
        let calls = i32::try_from(self.groups.len() * TARGET_GROUPS).unwrap_or(i32::MAX);
        // A quarter more, for what passes between two slices.
        (Share::Resync.interval(Api::LoadBalancing) * calls * 5 / 4).max(RESYNC_EVERY)
    }
}

impl GroupPolicy {
    /// Whether the alarm may speak of an instance's health; all else about it (its disk, its cost) is no reason to replace it.
    pub fn is_verdict(&self, alarm: &AlarmArn) -> bool {
        self.is_verdict_by(alarm.alarm_name())
    }

    pub fn is_verdict_by(&self, name: &str) -> bool {
        self.health_alarms.is_empty() || self.health_alarms.iter().any(|pattern| pattern.matches(name))
    }
}

/// One that is about something else would end a healthy instance, with nothing that speaks against it.
const ALARM_ALONE: &str = "is missing, expected the names of the alarms that prove an instance unhealthy, such as \
                           [\"web-*-failing\"], since \"alarm\" is the only evidence";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceSource {
    Alarm,
    InstanceStatus,
    TargetHealth,
}

pub(super) const SECTION: Section = Section {
    table: "[replace-instance]",
    about: "Which instances may be replaced, and how much of all groups together.",
    settings: &[&GROUPS, &settings::AT_ONCE, &settings::PER_HOUR],
};

const GROUPS: Needed<Tables> = Setting {
    key: "group",
    form: Tables("at least one table `[[replace-instance.group]]`"),
    left_out: Must,
    meaning: "The groups.",
};

pub(crate) fn section(table: &Table<'_>, mode: Mode, all: &Dependencies<'_>) -> InstancePolicy {
    table.only(&SECTION);
    let mut names = BTreeSet::new();
    let mut groups = Vec::new();
    for entry in table.tables(GROUPS.key) {
        let name = entry.need(&settings::NAME);
        if let Some(name) = &name
            && !names.insert(name.clone())
        {
            entry.mistake("name", &format!("is \"{name}\" a second time, expected each group once"));
        }
        groups.extend(group(&entry, name, mode, all));
    }
    let bounds = bounds(table, &groups);
    groups.iter_mut().for_each(|group| group.bounds = bounds);
    InstancePolicy { groups }
}

/// What may be out of all groups together.
fn bounds(table: &Table<'_>, groups: &[GroupPolicy]) -> Bounds {
    const LEAST_AT_ONCE: u32 = 1;
    const LEAST_PER_HOUR: u32 = 3;
    let (at_once, per_hour) = (table.usual(&settings::AT_ONCE), table.usual(&settings::PER_HOUR));
    let shown = [settings::AT_ONCE.form.written(&at_once), settings::PER_HOUR.form.written(&per_hour)];
    let (at_once, per_hour) = (at_once.of(groups.len(), LEAST_AT_ONCE), per_hour.of(groups.len(), LEAST_PER_HOUR));
    if at_once > per_hour {
        let [at_once, per_hour] = &shown;
        table.contradiction((settings::AT_ONCE.key, at_once), "more than", (settings::PER_HOUR.key, per_hour));
    }
    let services: BTreeSet<&str> = groups.iter().map(|group| group.service.as_str()).collect();
    Bounds::of(Bound { at_once, per_hour }, services.len())
}

fn group(table: &Table<'_>, name: Option<GroupName>, mode: Mode, all: &Dependencies<'_>) -> Option<GroupPolicy> {
    table.only(&settings::GROUP);
    let mode = table.free(&settings::MODE).unwrap_or(mode);
    let service = table.free(&settings::SERVICE);
    let evidence = table.need(&settings::EVIDENCE);
    let health_alarms = table.free(&settings::HEALTH_ALARMS).unwrap_or_default();
    let alarm_alone = evidence.as_deref() == Some(&[EvidenceSource::Alarm]) && !table.is_wrong(settings::EVIDENCE.key);
    if alarm_alone && !table.has(settings::HEALTH_ALARMS.key) {
        table.mistake(settings::HEALTH_ALARMS.key, ALARM_ALONE);
    }
    let alarms = table.free(&settings::ALARMS).unwrap_or_default().into_iter().map(|name| name.0).collect();
    let (budget, max_unhealthy) = (table.usual(&settings::BUDGET), table.usual(&settings::MAX_UNHEALTHY));
    let breaker = table.usual(&settings::BREAKER);
    let [grace, cooldown, breaker_within, check_every, dwell, recover_within, max_wait, remind_every, plan_first] = [
        settings::GRACE,
        settings::COOLDOWN,
        settings::BREAKER_WITHIN,
        settings::CHECK_EVERY,
        settings::DWELL,
        settings::RECOVER_WITHIN,
        settings::MAX_WAIT,
        settings::REMIND_EVERY,
        settings::PLAN_FIRST,
    ]
    .map(|setting| table.usual(&setting));
    at_most(table, (&settings::CHECK_EVERY, check_every), (&settings::RECOVER_WITHIN, recover_within));
    at_most(table, (&settings::CHECK_EVERY, check_every), (&settings::MAX_WAIT, max_wait));
    at_most(table, (&settings::PLAN_FIRST, plan_first), (&settings::MAX_WAIT, max_wait));
    at_most(table, (&settings::DWELL, dwell), (&settings::RECOVER_WITHIN, recover_within));
    // Acts are a cooldown apart: no second failure would fall into a shorter time.
    if breaker > 1 && !table.is_wrong(settings::BREAKER.key) {
        at_most(table, (&settings::COOLDOWN, cooldown), (&settings::BREAKER_WITHIN, breaker_within));
    }
    let depends_on = all.named_by(table, &settings::DEPENDS_ON);
    let name = name?;
    Some(GroupPolicy {
        service: service.map_or_else(|| name.to_string(), |service| service.0),
        // All groups have the same: see `section`.
        bounds: Bounds::default(),
        name,
        mode,
        evidence: evidence?,
        health_alarms,
        alarms,
        grace,
        budget,
        max_unhealthy,
        cooldown,
        breaker,
        breaker_within,
        check_every,
        dwell,
        recover_within,
        max_wait,
        remind_every,
        plan_first,
        depends_on,
    })
}
