//! How an incident of an instance or a group came to its end, and what became of the last call.
//!
//! This module never says of what left by itself that Homeostat replaced it.

use homeostat_core::view::{Message, Point, capitalized};

use super::message;
use crate::instance::reasons::{About, Close, CloseReason, Incident, Intent};
use crate::instance::view::ReplacementView;

/// The effect's outcome, for who was told a second before it that it was being tried.
pub(super) fn last_call(incident: &Incident) -> Option<String> {
    let Intent { step, outcome, .. } = incident.intent.as_ref()?;
    let outcome = outcome.as_ref().map_or_else(|| "no answer yet".to_owned(), ToString::to_string);
    Some(format!("What it did: {step}. AWS's answer: {outcome}."))
}

pub(super) fn closed(view: &ReplacementView, close: &Close) -> Message {
    let About { incident, short, long } = &view.about;
    let done = last_call(incident).into_iter().collect();
    match close {
        Close::Recovered => {
            let first =
                format!("{} was replaced, and the group is whole. Nothing more will be done.", capitalized(long));
            message(view, format!("recovered: {short} is replaced"), first, Point { done, ..Point::default() })
        }
        Close::Own(CloseReason::LeftByItself) => {
            let first =
                format!("{} was taken out by its group or by a person, and the group is whole.", capitalized(long));
            let nothing = "Homeostat changed nothing, and nothing more will be done.".to_owned();
            let left = message(view, format!("recovered: {short} has left"), String::new(), Point::default());
            Message { summary: vec![first, nothing], ..left }
        }
        Close::NothingWrong { why } => {
            let changed = if incident.intent.is_none() { "; Homeostat changed nothing" } else { "" };
            let first = format!("The incident about {long} is closed{changed}.");
            message(view, format!("closed: {short}"), first, Point { why: vec![why.clone()], done, ..Point::default() })
        }
    }
}
