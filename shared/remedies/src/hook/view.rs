//! An incident of a held instance as it is shown.
//!
//! This module never decides what people hear of, and never says that somebody else resumed Launch.

use homeostat_core::incident::State;
use homeostat_core::shell;
use homeostat_core::view::{ByHand, Facts, Message, News, Row, Story, Table, View, state_word};
use serde_json::{Value, json};

use super::message;
use super::reasons::LaunchesFail;
use super::row::{HEADERS, Held};
use super::state::HookState;
use crate::hook::policy::OnLimit;
use crate::hook::reasons::{About, Incident, Page, PageReason};

/// The incident as it is shown to people.
pub(crate) fn view(incident: &Incident) -> Box<dyn View + '_> {
    Box::new(HookView::of(incident, incident.kind.state()))
}

/// What `status --json` holds where no hook holds anything.
pub(crate) const NO_FACTS: (&str, Value) = ("held", Value::Null);

pub(crate) struct HookView<'a> {
    pub(super) about: About<'a>,
    pub(super) kept: &'a HookState,
}

impl<'a> HookView<'a> {
    pub(crate) fn of(incident: &'a Incident, kept: &'a HookState) -> Self {
        let HookState { instance, group, hook, .. } = kept;
        let short = format!("{instance} of {group}, held by hook {hook}");
        let long = format!("instance {instance} of group {group}, which hook {hook} holds");
        HookView { about: About { incident, short, long }, kept }
    }

    /// What it began with.
    fn seen(&self) -> String {
        let at = self.about.incident.signalled_at;
        if self.kept.token.is_none() { format!("found held at {at:.0}") } else { format!("held since {at:.0}") }
    }

    fn news(&self, news: News) -> Message {
        match news {
            News::Decided => message::decided(self),
            News::Outcome => self.about.outcome(),
            News::Stuck => self.about.stuck(self.by_hand("You: see that function's log and the dead-letter queue.")),
            News::Overdue => self.about.overdue(
                self.by_hand("You: see the group's activity history, and the function's log for what it waits for."),
                "it goes on looking, and completes the hook once it can.",
            ),
        }
    }

    fn by_hand(&self, you: &str) -> ByHand {
        let ByHand { you: more, commands } = message::by_hand(self);
        let mut you = vec![you.to_owned()];
        you.extend(more);
        ByHand { you, commands }
    }

    /// What people were asked about, if it is failing launches.
    fn launches_fail(&self) -> Option<&LaunchesFail> {
        match &self.about.incident.paged_because {
            Some(Page::Own(PageReason::LaunchesFail(fail))) if self.about.incident.state == State::Escalated => {
                Some(fail)
            }
            _ => None,
        }
    }
}

impl View for HookView<'_> {
    fn decision(&self) -> Option<String> {
        self.about.incident.decision.as_ref().map(ToString::to_string)
    }

    /// A held instance is no disturbance: how long it was held, and what a pause does about it, is told as that.
    fn message(&self, news: News) -> Message {
        let notes = self.about.incident.notes.clone();
        let story = Story { seen: self.seen(), notice: None, alarms: Vec::new(), notes };
        Message { story: Some(story), ..self.news(news) }
    }

    fn row(&self) -> Row {
        let held = Held::of(self.about.incident, self.kept);
        let state = state_word(self.about.incident.state);
        let table = Table { headers: &HEADERS, place: held.place(), cells: held.cells(state) };
        Row { table: Some(table), before: held.sentences(), ..Row::default() }
    }

    fn facts(&self) -> Facts {
        Facts::from([(NO_FACTS.0, json!(Held::of(self.about.incident, self.kept)))])
    }

    fn thing(&self) -> &'static str {
        "instance"
    }

    /// How long an instance was held says nothing of a heal.
    fn is_heal(&self) -> bool {
        false
    }

    /// Failing launches are their group's matter, whichever instance the incident began with.
    fn asks_about_scope(&self) -> bool {
        self.launches_fail().is_some()
    }

    fn follows(&self, of_scope: bool) -> Vec<String> {
        let Some(fail) = self.launches_fail() else { return Vec::new() };
        if !of_scope {
            let group = shell::word(&format!("group#{}", fail.group));
            return vec![format!(
                "this ends the reminders and nothing else; when it is fixed, homeostat ack {group} has launches judged as before"
            )];
        }
        let resume = format!(
            "{} has the group launch again, unless somebody did so: Homeostat suspends Launch, and never resumes it",
            message::resume_launch(&fail.group)
        );
        let is_suspended = fail.on_limit == OnLimit::SuspendLaunch && self.kept.suspension_refused().is_none();
        is_suspended.then_some(resume).into_iter().collect()
    }
}
