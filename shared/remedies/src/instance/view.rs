//! An incident of an instance, or of a whole group, as it is shown.
//!
//! This module never decides what people hear of.

use homeostat_core::id::GroupName;
use homeostat_core::incident::Alarms;
use homeostat_core::shell;
use homeostat_core::signal::Notice;
use homeostat_core::view::{ByHand, Command, Facts, Message, News, Row, Story, View, some};
use serde_json::{Value, json};

use super::kind::InstanceKind;
use super::message;
use crate::instance::reasons::{About, Incident};

/// The incident as it is shown to people.
pub(crate) fn view(incident: &Incident) -> Box<dyn View + '_> {
    match &incident.kind {
        InstanceKind::Instance { group, alarms, notice, .. } => {
            Box::new(ReplacementView::of_instance(incident, group, alarms, notice.as_ref()))
        }
        InstanceKind::Group { group, notice, .. } => {
            Box::new(ReplacementView::of_group(incident, group, notice.as_ref()))
        }
    }
}

/// What `status --json` holds where nothing is known of alarms.
pub(crate) const NO_FACTS: (&str, Value) = ("alarms", Value::Array(Vec::new()));

pub(crate) struct ReplacementView<'a> {
    pub(super) about: About<'a>,
    /// `None`: it is about the whole group.
    alarms: Option<&'a Alarms>,
    notice: Option<&'a Notice>,
}

impl<'a> ReplacementView<'a> {
    pub(crate) fn of_instance(
        incident: &'a Incident,
        group: &'a GroupName,
        alarms: &'a Alarms,
        notice: Option<&'a Notice>,
    ) -> Self {
        let name = incident.subject.name();
        let (short, long) = (format!("{name} of {group}"), format!("instance {name} of group {group}"));
        ReplacementView { about: About { incident, short, long }, alarms: Some(alarms), notice }
    }

    pub(crate) fn of_group(incident: &'a Incident, group: &'a GroupName, notice: Option<&'a Notice>) -> Self {
        let name = format!("group {group}");
        ReplacementView { about: About { incident, short: name.clone(), long: name }, alarms: None, notice }
    }

    /// Whether nothing is wrong yet.
    pub(super) fn is_yet_to_come(&self) -> bool {
        self.notice.is_some_and(|notice| notice.what.is_yet_to_come())
    }

    /// What it began with.
    pub(super) fn seen(&self) -> String {
        let at = self.about.incident.signalled_at;
        let names: Vec<String> =
            self.alarms.into_iter().flat_map(Alarms::arns).map(|arn| format!("{:?}", arn.alarm_name())).collect();
        match names.len() {
            0 => format!("found at {at:.0}"),
            1 => format!("alarm {}, {at:.0}", some(&names, ", ")),
            _ => format!("alarms {}, {at:.0}", some(&names, ", ")),
        }
    }

    fn news(&self, news: News) -> Message {
        match news {
            News::Decided => message::decided(self),
            News::Outcome => self.about.outcome(),
            News::Stuck => {
                let you =
                    "You: see that function's log and the dead-letter queue; until it works, heal the group by hand.";
                self.about.stuck(ByHand { you: vec![you.to_owned()], ..ByHand::default() })
            }
            News::Overdue => {
                let you = "You: see the group's activity history, and the function's log for what it waits for.";
                let next = "it goes on looking. Its slot of the budget stays taken until the incident is closed.";
                self.about.overdue(ByHand { you: vec![you.to_owned()], ..ByHand::default() }, next)
            }
        }
    }

    fn alarm_states(&self) -> impl Iterator<Item = String> {
        self.alarms.into_iter().flat_map(Alarms::iter).map(ToString::to_string)
    }
}

impl View for ReplacementView<'_> {
    fn decision(&self) -> Option<String> {
        self.about.incident.decision.as_ref().map(ToString::to_string)
    }

    fn message(&self, news: News) -> Message {
        let incident = self.about.incident;
        let stop = || {
            let scope = shell::word(&self.about.incident.scope().to_string());
            Command::new("To stop it for this group", format!("homeostat pause {scope} --reason …"))
        };
        let story = Story {
            seen: self.seen(),
            notice: self.notice.cloned(),
            alarms: self.alarm_states().collect(),
            notes: incident.notes.clone(),
        };
        Message {
            times: self.about.took("taken out", "a whole group"),
            stop: incident.closed_at.is_none().then(stop),
            story: Some(story),
            ..self.news(news)
        }
    }

    fn row(&self) -> Row {
        let after = self.alarm_states().map(|said| format!("alarm {said}")).collect();
        Row { after, ..Row::default() }
    }

    fn facts(&self) -> Facts {
        self.alarms.map(|alarms| (NO_FACTS.0, json!(alarms))).into_iter().collect()
    }

    fn thing(&self) -> &'static str {
        "group"
    }

    fn is_heal(&self) -> bool {
        true
    }

    fn asks_about_scope(&self) -> bool {
        false
    }

    fn follows(&self, _: bool) -> Vec<String> {
        Vec::new()
    }
}
