//! An incident of a hosted zone as it is shown.
//!
//! This module never decides what people hear of.

use homeostat_core::shell;
use homeostat_core::view::{ByHand, Command, Facts, Message, News, Row, Story, View};
use serde_json::{Value, json};

use super::message;
use super::reasons::Trouble;
use super::row::{self, HeldRecord};
use super::state::ZoneState;
use crate::hosted_zone::reasons::{About, Incident, Page, PageReason};

/// The incident as it is shown to people.
pub(crate) fn view(incident: &Incident) -> Box<dyn View + '_> {
    Box::new(HostedZoneView::of(incident, incident.kind.state()))
}

/// What `status --json` holds where no record is held.
pub(crate) const NO_FACTS: (&str, Value) = ("records", Value::Array(Vec::new()));

pub(crate) struct HostedZoneView<'a> {
    pub(super) about: About<'a>,
    pub(super) kept: &'a ZoneState,
}

impl<'a> HostedZoneView<'a> {
    pub(crate) fn of(incident: &'a Incident, kept: &'a ZoneState) -> Self {
        let name = message::name(incident, kept);
        HostedZoneView { about: About { incident, short: name.clone(), long: name }, kept }
    }

    /// What it began with. One incident for all of a zone's alarms: which of them spoke, the story tells.
    pub(super) fn seen(&self) -> String {
        format!("first signal at {:.0}", self.about.incident.signalled_at)
    }

    fn news(&self, news: News) -> Message {
        let by_hand = |you: &str| ByHand { you: vec![you.to_owned()], ..ByHand::default() };
        match news {
            News::Decided => message::decided(self),
            News::Outcome => self.about.outcome(),
            News::Stuck => self.about.stuck(by_hand(
                "You: see that function's log and the dead-letter queue; until it works, move the weights by hand.",
            )),
            News::Overdue => self.about.overdue(
                by_hand("You: see the record's weights in Route 53, and the function's log for what it waits for."),
                "it goes on looking. What it moved stays moved until then.",
            ),
        }
    }
}

impl View for HostedZoneView<'_> {
    fn decision(&self) -> Option<String> {
        self.about.incident.decision.as_ref().map(ToString::to_string)
    }

    fn message(&self, news: News) -> Message {
        let incident = self.about.incident;
        let stop = || {
            let scope = shell::word(&self.about.incident.scope().to_string());
            Command::new("To stop it for this zone", format!("homeostat pause {scope} --reason …"))
        };
        let story = Story { seen: self.seen(), notice: None, alarms: Vec::new(), notes: incident.notes.clone() };
        Message {
            times: self.about.took("the change of weights", "all weights back"),
            stop: incident.closed_at.is_none().then(stop),
            story: Some(story),
            ..self.news(news)
        }
    }

    fn row(&self) -> Row {
        let after = row::held(self.about.incident, self.kept).iter().map(HeldRecord::sentence).collect();
        Row { after, ..Row::default() }
    }

    fn facts(&self) -> Facts {
        Facts::from([(NO_FACTS.0, json!(row::held(self.about.incident, self.kept)))])
    }

    fn thing(&self) -> &'static str {
        "zone's weights"
    }

    fn is_heal(&self) -> bool {
        true
    }

    fn asks_about_scope(&self) -> bool {
        false
    }

    fn follows(&self, _: bool) -> Vec<String> {
        let troubles = match &self.about.incident.paged_because {
            Some(Page::Own(PageReason::Weights { troubles })) => troubles.as_slice(),
            _ => &[],
        };
        troubles.iter().filter_map(taken_up).collect()
    }
}

fn taken_up(trouble: &Trouble) -> Option<String> {
    match trouble {
        Trouble::Changed { record, .. } => {
            Some(format!("Homeostat takes up {record} again, as it is now: if an endpoint is sick, it is drained anew"))
        }
        Trouble::Refused { record, .. } => Some(format!("the change of {record} that Route 53 refused is tried again")),
        _ => None,
    }
}
