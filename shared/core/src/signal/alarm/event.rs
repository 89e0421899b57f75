//! The parts of an alarm's change, wherever a route puts them.
//!
//! This module never reads a missing part as anything: what is needed is asked for by its own place in the event.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::AlarmKind;
use crate::aws::alarm::{GROUP_DIMENSION, INSTANCE_DIMENSION, TARGET_GROUP_DIMENSION};
use crate::id::{AlarmArn, ContributorId};
use crate::json::{JsonCursor, Malformed};
use crate::signal::Dimensions;

pub(super) struct AlarmEvent<'a> {
    pub arn: JsonCursor<'a>,
    pub state: JsonCursor<'a>,
    pub changed_at: JsonCursor<'a>,
    pub reason: JsonCursor<'a>,
    /// Who keeps the actions back: a suppressor, a mute rule.
    suppressed: JsonCursor<'a>,
    muted: JsonCursor<'a>,
    rule: JsonCursor<'a>,
    /// Its own list, beside what a single metric has.
    metrics: JsonCursor<'a>,
    metric: Option<JsonCursor<'a>>,
    contributor: Option<Contributor<'a>>,
    /// The alarms that set off a composite one, as a list, or within a text of JSON.
    triggering: Triggering<'a>,
    names: &'static Names,
}

/// One time series of a query, and what it is about.
struct Contributor<'a> {
    id: JsonCursor<'a>,
    attributes: JsonCursor<'a>,
}

enum Triggering<'a> {
    List(JsonCursor<'a>),
    Text(JsonCursor<'a>),
}

/// The routes call the same things differently.
struct Names {
    expression: &'static str,
    stat: [&'static str; 3],
    child: &'static str,
}

const BUS: Names = Names { expression: "expression", stat: ["metricStat", "metric", "dimensions"], child: "arn" };
const TOPIC: Names = Names { expression: "Expression", stat: ["MetricStat", "Metric", "Dimensions"], child: "Arn" };

impl<'a> AlarmEvent<'a> {
    pub(super) fn by_bus(root: &JsonCursor<'a>) -> Self {
        Self::in_data(root.field("resources").item(0), &root.field("detail"))
    }

    pub(super) fn by_action(root: &JsonCursor<'a>) -> Self {
        Self::in_data(root.field("alarmArn"), &root.field("alarmData"))
    }

    fn in_data(arn: JsonCursor<'a>, data: &JsonCursor<'a>) -> Self {
        let (state, configuration) = (data.field("state"), data.field("configuration"));
        let contributor = data.field("alarmContributor");
        AlarmEvent {
            arn,
            state: state.field("value"),
            changed_at: state.field("timestamp"),
            reason: state.field("reason"),
            suppressed: state.field("actionsSuppressedBy"),
            muted: data.field("muteDetail"),
            rule: configuration.field("alarmRule"),
            metrics: configuration.field("metrics"),
            metric: None,
            contributor: contributor
                .is_present()
                .then(|| Contributor { id: contributor.field("id"), attributes: contributor.field("attributes") }),
            triggering: Triggering::Text(state.field("reasonData")),
            names: &BUS,
        }
    }

    pub(super) fn by_topic(root: &JsonCursor<'a>) -> Self {
        let trigger = root.field("Trigger");
        // No page of AWS's shows such a message: as `DescribeAlarmHistory` calls them.
        let contributor = root.field("AlarmContributorId");
        AlarmEvent {
            arn: root.field("AlarmArn"),
            state: root.field("NewStateValue"),
            changed_at: root.field("StateChangeTime"),
            reason: root.field("NewStateReason"),
            suppressed: root.field("ActionsSuppressedBy"),
            muted: root.field("MuteDetail"),
            rule: root.field("AlarmRule"),
            metrics: trigger.field("Metrics"),
            metric: Some(trigger),
            contributor: contributor
                .is_present()
                .then(|| Contributor { id: contributor, attributes: root.field("AlarmContributorAttributes") }),
            triggering: Triggering::List(root.field("TriggeringChildren")),
            names: &TOPIC,
        }
    }

    /// What keeps the alarm's actions back (CloudWatch User Guide, "Suppressing alarms" and "Alarm mute rules"): EventBridge hears
    /// of the change all the same, and `DescribeAlarms` doesn't tell of a mute.
    pub(super) fn silenced(&self) -> Option<String> {
        let by = [(&self.suppressed, "its suppressor"), (&self.muted, "a mute rule")];
        by.into_iter().find(|(at, _)| at.is_present()).map(|(_, by)| by.to_owned())
    }

    pub(super) fn contributor(&self) -> Result<Option<ContributorId>, Malformed> {
        let expected = "a contributor's id, 1 to 128 printable ASCII characters";
        self.contributor.as_ref().map(|contributor| contributor.id.parse(expected)).transpose()
    }

    pub(super) fn kind(&self) -> Result<AlarmKind, Malformed> {
        if self.contributor.is_some() {
            return Ok(AlarmKind::Contributor);
        }
        if self.rule.is_present() {
            return Ok(AlarmKind::Composite);
        }
        let metrics = self.metrics.items()?;
        let expressions = metrics.iter().filter_map(|metric| metric.field(self.names.expression).text().ok());
        let kinds: BTreeSet<_> = expressions.map(kind_of).collect();
        let one = metrics.iter().any(|metric| metric.field(self.names.stat[0]).is_present());
        let named = self.metric.as_ref().is_some_and(|metric| metric.field("MetricName").is_present());
        Ok(match (kinds.first(), one || named) {
            (Some(Expression::Band), _) => AlarmKind::AnomalyDetection,
            (Some(Expression::Query), _) => AlarmKind::Query,
            (Some(Expression::Math), _) => AlarmKind::MetricMath,
            (None, true) => AlarmKind::Metric,
            (None, false) => AlarmKind::Other,
        })
    }

    /// Where the alarm's metrics, those inside metric math included, or its contributor name what they are about.
    pub(super) fn dimensions(&self) -> Result<Dimensions, Malformed> {
        let [stat, metric, dimensions] = self.names.stat;
        let metrics = self.metrics.items()?;
        let inner = metrics.iter().map(|entry| entry.field(stat).field(metric).field(dimensions));
        let own = self.metric.iter().map(|trigger| trigger.field("Dimensions"));
        let contributor = self.contributor.iter().map(|contributor| contributor.attributes.clone());
        let mut named = Named::default();
        for set in inner.chain(own).chain(contributor).filter(JsonCursor::is_present) {
            named.add(&set)?;
        }
        Ok(Dimensions(named.0))
    }

    /// Only a composite alarm has any. What is written for people to read is no reason to refuse the event.
    pub(super) fn children(&self) -> Result<Vec<AlarmArn>, Malformed> {
        if !self.rule.is_present() {
            return Ok(Vec::new());
        }
        match &self.triggering {
            Triggering::List(list) => children(list, self.names.child),
            Triggering::Text(text) => {
                let data: Value = text.text().ok().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
                children(&JsonCursor::rooted(text.path().to_owned(), &data).field("triggeringAlarms"), self.names.child)
            }
        }
    }
}

fn children(list: &JsonCursor<'_>, name: &str) -> Result<Vec<AlarmArn>, Malformed> {
    if !list.is_present() {
        return Ok(Vec::new());
    }
    list.items()?.iter().map(|child| child.field(name).parse("an alarm's ARN")).collect()
}

/// The first of these that occurs says what the alarm is.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Expression {
    Band,
    Query,
    Math,
}

fn kind_of(expression: &str) -> Expression {
    let starts =
        |word: &str| expression.trim_start().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    match () {
        () if starts("ANOMALY_DETECTION_BAND") => Expression::Band,
        () if starts("SELECT") => Expression::Query,
        () => Expression::Math,
    }
}

/// Without these it would not be known where to look: one that is no text makes the event malformed. Any other is left out then.
const NEEDED: [&str; 3] = [INSTANCE_DIMENSION, GROUP_DIMENSION, TARGET_GROUP_DIMENSION];

/// Dimensions with their values so far.
#[derive(Default)]
struct Named(BTreeMap<String, BTreeSet<String>>);

impl Named {
    /// A set of dimensions: a map by EventBridge and the alarm's action, a list of names and values by a topic.
    fn add(&mut self, set: &JsonCursor<'_>) -> Result<(), Malformed> {
        if !set.is_list() {
            let set = set.clone().object()?;
            let mut dimensions =
                set.names().map(|name| (name, set.field(name))).filter(|(_, value)| value.is_present());
            return dimensions.try_for_each(|(name, value)| self.keep(name, &value));
        }
        let dimensions = set.items()?;
        dimensions
            .iter()
            .try_for_each(|dimension| self.keep(dimension.field("name").text()?, &dimension.field("value")))
    }

    fn keep(&mut self, name: &str, value: &JsonCursor<'_>) -> Result<(), Malformed> {
        match value.text() {
            Ok(text) => _ = self.0.entry(name.to_owned()).or_default().insert(text.to_owned()),
            Err(malformed) if NEEDED.contains(&name) => return Err(malformed),
            Err(_) => {}
        }
        Ok(())
    }
}
