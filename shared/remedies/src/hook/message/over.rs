//! The end of a row of abandoned launches.
//!
//! This module never says that somebody resumed Launch.

use homeostat_core::view::{Message, Point};

use super::{plan, sort};
use crate::hook::policy::OnLimit;
use crate::hook::reasons::LaunchesFail;
use crate::hook::view::HookView;

/// Nobody has to hear of the abandoned launches any more.
pub(super) fn over(view: &HookView, fail: &LaunchesFail) -> Message {
    let why = "a launch was ready, what is launched now is another version, the policy changed, or somebody acknowledged the \
               group";
    let word = view.about.incident.acknowledged.as_ref().map(|word| format!("{} said: {}.", word.by, word.reason));
    let is_suspended = fail.on_limit == OnLimit::SuspendLaunch && view.kept.suspension_refused().is_none();
    // Who suspended it for a night forgets it for a week.
    let resume = is_suspended.then(|| {
        let resume = plan::resume_launch(&fail.group);
        format!("You: Homeostat suspended Launch, and never resumes it. Unless somebody did: {resume}")
    });
    let point = Point {
        why: vec![why.to_owned()],
        facts: word.into_iter().collect(),
        next: Some("a launch that is not ready in time is abandoned, and counted from one.".to_owned()),
        ..Point::default()
    };
    let first = format!("Homeostat judges the launches of group {} again as before.", fail.group);
    Message {
        points: vec![point],
        details: resume.into_iter().chain([String::new()]).collect(),
        ..Message::new(sort(view), format!("over: abandoned launches in {}", fail.group), vec![first])
    }
}
