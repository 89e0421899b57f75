//! The section `lifecycle-hook`: which hooks are Homeostat's to complete, what a launch must show before, and what a leaving
//! instance must have finished.
//!
//! This module never takes the health in a group's own target groups for evidence of a launch: Auto Scaling registers an
//! instance there only after the hook.

mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use homeostat_core::aws::lifecycle::Transition;
use homeostat_core::aws::record::RecordType;
use homeostat_core::aws::record_name::{InvalidName, RecordName};
use homeostat_core::dependency::Dependency;
use homeostat_core::id::{GroupName, HookName, HostedZoneId, InstanceId, TargetGroupArn};
use homeostat_core::policy::dependencies::Dependencies;
use homeostat_core::policy::document::Table;
use homeostat_core::policy::section::Section;
use homeostat_core::policy::{Mode, alone_if_cname};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookPolicy {
    pub launches: Vec<LaunchPolicy>,
    pub terminations: Vec<TerminationPolicy>,
    /// Time between two looks at a held instance; longer for one that is held for long.
    pub check_every: SignedDuration,
    pub remind_every: SignedDuration,
}

/// Its tables.
pub(crate) const SECTIONS: &[&Section] =
    &[&settings::SECTION, &settings::LAUNCH, &settings::TERMINATE, &settings::BUSY_METRIC, &settings::OWN_RECORD];

/// What an instance must show before it comes into service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchPolicy {
    pub group: GroupName,
    pub hook: HookName,
    pub mode: Mode,
    /// All of it must be there. Never empty.
    pub evidence: Vec<Readiness>,
    pub tag: Option<ReadyTag>,
    /// None of them belongs to the group.
    pub target_groups: Vec<TargetGroupArn>,
    /// Past it the launch is abandoned.
    pub within: SignedDuration,
    /// After so many abandoned launches in a row none is abandoned any more.
    pub max_abandoned: u32,
    pub on_limit: OnLimit,
    /// While any of it moves, no launch is abandoned.
    pub depends_on: Vec<Dependency>,
}

/// What must be over before an instance leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminationPolicy {
    pub group: GroupName,
    pub hook: HookName,
    pub mode: Mode,
    /// Where it is deregistered and drained; none of them belongs to the group.
    pub target_groups: Vec<TargetGroupArn>,
    /// It has work as long as it has this tag.
    pub busy_tag: Option<String>,
    /// It has work as long as this metric is above zero.
    pub busy_metric: Option<BusyMetric>,
    pub record: Option<OwnRecord>,
    /// Past it the instance goes, whatever it still does.
    pub within: SignedDuration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Readiness {
    InstanceStatus,
    Tag,
    TargetHealth,
}

/// The tag that an instance sets when it is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyTag {
    pub key: String,
    /// `None`: the value is the time when it became ready, so that one from before the last start says nothing.
    pub value: Option<String>,
}

/// What becomes of a group whose launches all fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnLimit {
    /// Unproven instances come into service: capacity, of unknown worth.
    Admit,
    /// The group launches no more: what is well stays, and nothing is added.
    SuspendLaunch,
}

/// A metric that tells how much work an instance has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusyMetric {
    pub namespace: String,
    pub name: String,
    pub statistic: String,
    pub period: SignedDuration,
    /// In a value, `{instance}` stands for the instance's id.
    pub dimensions: BTreeMap<String, String>,
}

/// A record that leads to one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnRecord {
    pub zone: HostedZoneId,
    /// `{instance}` stands for the instance's id.
    pub name: String,
    /// Each is removed if it leads to the instance alone. Never empty.
    pub kinds: Vec<RecordType>,
}

/// Where the instance's id goes.
const INSTANCE: &str = "{instance}";

impl OwnRecord {
    /// # Errors
    /// [`InvalidName`]: too long with the id in it.
    pub fn name_of(&self, instance: &InstanceId) -> Result<RecordName, InvalidName> {
        self.name.replace(INSTANCE, instance.as_str()).parse()
    }
}

impl BusyMetric {
    pub fn dimensions_of(&self, instance: &InstanceId) -> BTreeMap<String, String> {
        let of = |value: &String| value.replace(INSTANCE, instance.as_str());
        self.dimensions.iter().map(|(name, value)| (name.clone(), of(value))).collect()
    }
}

/// Either of the two, for one hook.
#[derive(Debug, Clone, Copy)]
pub enum HeldBy<'a> {
    Launch(&'a LaunchPolicy),
    Termination(&'a TerminationPolicy),
}

impl HookPolicy {
    /// For incidents that are still open when the section is taken out: the hook is completed.
    pub fn without_hooks() -> Self {
        let (launches, terminations) = (Vec::new(), Vec::new());
        HookPolicy { launches, terminations, check_every: CHECK_EVERY, remind_every: REMIND_EVERY }
    }

    pub fn of(&self, group: &GroupName, hook: &HookName) -> Option<HeldBy<'_>> {
        let launch = self.launches.iter().find(|policy| policy.group == *group && policy.hook == *hook);
        let termination = self.terminations.iter().find(|policy| policy.group == *group && policy.hook == *hook);
        launch.map(HeldBy::Launch).or(termination.map(HeldBy::Termination))
    }

    /// Each hook with what it is held to.
    pub fn held_by(&self) -> impl Iterator<Item = HeldBy<'_>> {
        let launches = self.launches.iter().map(HeldBy::Launch);
        launches.chain(self.terminations.iter().map(HeldBy::Termination))
    }

    /// The hooks by group.
    pub fn hooks(&self) -> impl Iterator<Item = (&GroupName, &HookName)> {
        let launches = self.launches.iter().map(|policy| (&policy.group, &policy.hook));
        launches.chain(self.terminations.iter().map(|policy| (&policy.group, &policy.hook)))
    }
}

impl HeldBy<'_> {
    pub fn group(&self) -> &GroupName {
        match self {
            HeldBy::Launch(policy) => &policy.group,
            HeldBy::Termination(policy) => &policy.group,
        }
    }

    pub fn hook(&self) -> &HookName {
        match self {
            HeldBy::Launch(policy) => &policy.hook,
            HeldBy::Termination(policy) => &policy.hook,
        }
    }

    pub fn mode(&self) -> Mode {
        match self {
            HeldBy::Launch(policy) => policy.mode,
            HeldBy::Termination(policy) => policy.mode,
        }
    }

    pub fn transition(&self) -> Transition {
        match self {
            HeldBy::Launch(_) => Transition::Launching,
            HeldBy::Termination(_) => Transition::Terminating,
        }
    }

    pub fn within(&self) -> SignedDuration {
        match self {
            HeldBy::Launch(policy) => policy.within,
            HeldBy::Termination(policy) => policy.within,
        }
    }

    pub fn target_groups(&self) -> &[TargetGroupArn] {
        match self {
            HeldBy::Launch(policy) => &policy.target_groups,
            HeldBy::Termination(policy) => &policy.target_groups,
        }
    }
}

/// Instances boot within a minute or two: what is known a few seconds late costs little, and each look costs calls.
const CHECK_EVERY: SignedDuration = SignedDuration::from_secs(5);
const REMIND_EVERY: SignedDuration = SignedDuration::from_mins(30);

pub(crate) fn section(table: &Table<'_>, mode: Mode, all: &Dependencies<'_>) -> HookPolicy {
    table.only(&settings::SECTION);
    let [check_every, remind_every] = [settings::LOOKS, settings::REMINDS].map(|setting| table.usual(&setting));
    if !table.has("launch") && !table.has("terminate") {
        table.mistake("launch", "is missing, and so is terminate: expected at least one of these tables");
    }
    let mut policy = HookPolicy { check_every, remind_every, ..HookPolicy::without_hooks() };
    let mut named = BTreeSet::new();
    for entry in table.tables_if_any(settings::LAUNCHES.key) {
        let hook = once(&entry, &mut named);
        policy.launches.extend(launch(&entry, hook, mode, all));
    }
    for entry in table.tables_if_any(settings::TERMINATIONS.key) {
        let hook = once(&entry, &mut named);
        policy.terminations.extend(termination(&entry, hook, mode));
    }
    policy
}

/// A hook's names, if both can be read.
fn once(table: &Table<'_>, named: &mut BTreeSet<(GroupName, HookName)>) -> Option<(GroupName, HookName)> {
    let (group, hook) = (table.need(&settings::GROUP), table.need(&settings::HOOK));
    let (group, hook) = (group?, hook?);
    if !named.insert((group.clone(), hook.clone())) {
        table.mistake("hook", &format!("is \"{hook}\" of {group} a second time, expected each hook once"));
    }
    Some((group, hook))
}

fn launch(
    table: &Table<'_>,
    hook: Option<(GroupName, HookName)>,
    mode: Mode,
    all: &Dependencies<'_>,
) -> Option<LaunchPolicy> {
    table.only(&settings::LAUNCH);
    let mode = table.free(&settings::MODE).unwrap_or(mode);
    let evidence = table.need(&settings::EVIDENCE);
    let tag = table.free(&settings::TAG);
    let target_groups = table.free(&settings::READY_IN).unwrap_or_default();
    let within = table.usual(&settings::LAUNCHED_WITHIN);
    let (max_abandoned, on_limit) = (table.usual(&settings::ABANDONS), table.usual(&settings::AFTERWARDS));
    let depends_on = all.named_by(table, &settings::DEPENDS_ON);
    let evidence = evidence?;
    let asks = |readiness| evidence.contains(&readiness);
    for (key, word, asked) in
        [("tag", "tag", asks(Readiness::Tag)), ("target-groups", "target-health", asks(Readiness::TargetHealth))]
    {
        if asked && !table.has(key) {
            table.mistake(key, &format!("is missing, expected since the evidence asks for \"{word}\""));
        }
        if !asked && table.has(key) {
            table.mistake(key, &format!("is there, but the evidence doesn't ask for \"{word}\""));
        }
    }
    let (group, hook) = hook?;
    Some(LaunchPolicy { group, hook, mode, evidence, tag, target_groups, within, max_abandoned, on_limit, depends_on })
}

fn termination(table: &Table<'_>, hook: Option<(GroupName, HookName)>, mode: Mode) -> Option<TerminationPolicy> {
    table.only(&settings::TERMINATE);
    let mode = table.free(&settings::MODE).unwrap_or(mode);
    let target_groups = table.free(&settings::DRAINED_FROM).unwrap_or_default();
    let busy_tag = table.free(&settings::BUSY_TAG).map(|tag| tag.0);
    let of = |key| table.has(key).then(|| table.table(key));
    let busy_metric = of(settings::METRIC.key).and_then(|table| metric(&table));
    let record = of(settings::RECORD.key).and_then(|table| record(&table));
    let within = table.usual(&settings::GONE_WITHIN);
    let (group, hook) = hook?;
    Some(TerminationPolicy { group, hook, mode, target_groups, busy_tag, busy_metric, record, within })
}

fn metric(table: &Table<'_>) -> Option<BusyMetric> {
    table.only(&settings::BUSY_METRIC);
    let (namespace, name) = (table.need(&settings::NAMESPACE), table.need(&settings::METRIC_NAME));
    let statistic = table.usual(&settings::STATISTIC).to_owned();
    let period = table.usual(&settings::PERIOD);
    let dimensions = table.need(&settings::DIMENSIONS);
    let names_it = |dimensions: &BTreeMap<String, String>| dimensions.values().any(|value| value.contains(INSTANCE));
    if !dimensions.as_ref().is_none_or(names_it) {
        table.mistake("dimensions", "names no {instance}, expected a metric of the instance alone");
    }
    if !is_period(period) {
        table.mistake("period", "is no metric's period, expected 1, 5, 10, 20 or 30 seconds, or whole minutes");
    }
    Some(BusyMetric { namespace: namespace?.0, name: name?.0, statistic, period, dimensions: dimensions? })
}

fn is_period(time: SignedDuration) -> bool {
    let seconds = time.as_secs();
    time.subsec_nanos() == 0 && (matches!(seconds, 1 | 5 | 10 | 20 | 30) || seconds % 60 == 0)
}

fn record(table: &Table<'_>) -> Option<OwnRecord> {
    table.only(&settings::OWN_RECORD);
    let (zone, name) = (table.need(&settings::ZONE), table.need(&settings::RECORD_NAME));
    let kinds = table.usual(&settings::TYPE);
    alone_if_cname(table, &kinds);
    Some(OwnRecord { zone: zone?, name: name?.0, kinds })
}

fn with_longest_id(text: &str) -> String {
    text.replace(INSTANCE, "i-0123456789abcdef0")
}

struct OwnName(String);

impl FromStr for OwnName {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let is_name = text.contains(INSTANCE) && with_longest_id(text).parse::<RecordName>().is_ok();
        is_name.then(|| OwnName(text.to_owned())).ok_or(())
    }
}

struct TagKey(String);

impl FromStr for TagKey {
    type Err = ();
    /// 128 characters at most (EC2 User Guide, "Tag restrictions").
    fn from_str(text: &str) -> Result<Self, ()> {
        let is_key = (1..=128).contains(&text.chars().count()) && !text.contains(char::is_control);
        is_key.then(|| TagKey(text.to_owned())).ok_or(())
    }
}

impl FromStr for ReadyTag {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (key, value) = text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value.to_owned())));
        Ok(ReadyTag { key: key.parse::<TagKey>()?.0, value })
    }
}

#[cfg(test)]
mod tests;
