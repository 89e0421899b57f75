//! What a person's word sets off where launches fail one after the other.
//!
//! This module never resumes Launch, and never says that somebody else did.

use homeostat_core::decision::Page;
use homeostat_core::hook::kept::Kept;
use homeostat_core::hook::said::LaunchesFail;
use homeostat_core::incident::{Incident, State};
use homeostat_core::policy::Afterwards;
use homeostat_core::shell;

use super::super::scope::Scope;

/// What people were asked about, if it is failing launches.
pub(super) fn fail(incident: &Incident) -> Option<&LaunchesFail> {
    match &incident.paged_because {
        Some(Page::LaunchesFail(fail)) if incident.state == State::Escalated => Some(fail),
        _ => None,
    }
}

pub(super) fn follows(incident: &Incident, scope: &Scope) -> Vec<String> {
    let Some(fail) = fail(incident) else { return Vec::new() };
    if scope.group().is_none() {
        let group = shell::word(&format!("group#{}", fail.group));
        return vec![format!(
            "this ends the reminders and nothing else; when it is fixed, homeostat ack {group} has launches judged as before"
        )];
    }
    let group = shell::word(fail.group.as_str());
    let resume = format!(
        "aws autoscaling resume-processes --auto-scaling-group-name {group} --scaling-processes Launch has the group launch again, \
         unless somebody did so: Homeostat suspends Launch, and never resumes it"
    );
    let refused = incident.kind.hook().and_then(Kept::suspension_refused);
    (fail.afterwards == Afterwards::SuspendLaunch && refused.is_none()).then_some(resume).into_iter().collect()
}
