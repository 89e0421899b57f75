//! From the storm to the end: faults stop, what was done to the groups is lifted, and nobody may be held or forgotten.
//!
//! This module never completes a hook that Homeostat should have completed.

use homeostat_remedies::hook::reasons::{Decision, Incident, Page, PageReason};
use jiff::SignedDuration;
use world::{App, LifecycleState, Machine};

use super::History;
use super::weather::{RIGHT, Repair, Service};
use crate::simulator::Broken;

/// Time after everything is repaired: a termination's longest, a launch's, and what follows from them.
const HELPED: SignedDuration = SignedDuration::from_hours(3);

/// Between two looks of a person.
const ROUND: SignedDuration = SignedDuration::from_mins(3);

impl History {
    pub(super) fn calm(&mut self) -> Result<(), Broken> {
        self.storm.skew = RIGHT;
        self.lift_all();
        let helped = self.now() + HELPED;
        while self.now() < helped && !self.is_settled(true) {
            self.pass(self.now() + ROUND)?;
        }
        self.all_is_well(true)?;
        self.people_acknowledge();
        let helped = self.now() + HELPED;
        while self.now() < helped && !self.is_settled(false) {
            self.pass(self.now() + ROUND)?;
        }
        self.all_is_well(false)
    }

    fn is_settled(&mut self, may_page: bool) -> bool {
        // Somebody has to resume what Homeostat suspended, once the version is repaired.
        self.repair(&Repair::Launches);
        self.is_quiet() && self.all_is_well(may_page).is_ok()
    }

    fn lift_all(&mut self) {
        let mut repairs: Vec<Repair> =
            self.pauses.iter().map(|(_, pause)| Repair::Pause(pause.scope.clone())).collect();
        repairs.extend([Repair::SwitchOn, Repair::Version]);
        let services = [Service::Machines, Service::Targets, Service::Groups, Service::Heartbeats];
        repairs.extend(services.map(Repair::Service));
        repairs.extend(self.members_that(|one| one.app != App::Well).into_iter().map(Repair::App));
        for repair in repairs {
            self.repair(&repair);
        }
        for id in self.members_that(|one| one.machine != Machine::Well) {
            _ = self.cloud.with(|world| world.break_machine(&id, Machine::Well));
        }
    }

    /// The end of every history. A page about launches that fail waits for a person.
    fn all_is_well(&self, may_page: bool) -> Result<(), Broken> {
        let now = self.now();
        let end = |rule: &str, what: String| Err(Broken::end(rule, what, now));
        let pages =
            |open: &&Incident| matches!(open.decision, Some(Decision::Page(Page::Own(PageReason::LaunchesFail(_)))));
        if let Some(open) = self.view.open.values().find(|open| !(may_page && pages(open))) {
            let what = format!("{} is {:?}: {:?}", open.subject, open.state, open.decision);
            return end("in the end no incident is open", what);
        }
        let held = self.cloud.with(|world| world.active_actions().find(|action| self.is_ours(action)).cloned());
        if let Some(action) = held {
            let what = format!("{} since {:.3}", action.instance, action.started_at);
            return end("in the end nobody waits for a hook of the policy", what);
        }
        let in_service = self.members_that(|one| one.lifecycle == LifecycleState::InService).len();
        // Whoever came into service after it was scaled in stays: the model doesn't look again.
        if in_service < usize::try_from(self.desired()).unwrap_or(usize::MAX) {
            return end("in the end the group is whole", format!("{in_service} of {}", self.desired()));
        }
        Ok(())
    }
}
