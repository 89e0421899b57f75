//! How an incident of a zone came to its end.
//!
//! This module never calls weights given back that somebody else set.

use homeostat_core::view::{Message, Point};

use super::figures::left_out;
use super::{first_of, keys, sort};
use crate::hosted_zone::reasons::{Close, CloseReason};
use crate::hosted_zone::view::HostedZoneView;

pub(super) fn closed(view: &HostedZoneView, close: &Close) -> Message {
    let kept = view.kept;
    let changed = first_of(&keys(kept.generations.keys()), kept);
    let nothing_more = "Nothing more will be done.".to_owned();
    let (headline, summary, why) = match close {
        Close::Recovered => (
            format!("recovered: {changed} has its own weights again"),
            vec![
                format!("The weights of {changed} are what they were before, and nothing was found sick since."),
                nothing_more,
            ],
            None,
        ),
        Close::Own(CloseReason::TakenOver { what }) => (
            format!("closed: {} is left to who changed it", first_of(&keys(kept.taken_over.iter()), kept)),
            vec![
                format!(
                    "Somebody else changed {what} while Homeostat held it, and nothing is found wrong with it now."
                ),
                "Its weights stay as they are: Homeostat brings none of those from before back.".to_owned(),
                nothing_more,
            ],
            None,
        ),
        Close::NothingWrong { .. } => (
            format!("closed: zone {}", kept.zone),
            vec![format!("The incident about zone {} is closed; Homeostat moved no weight.", kept.zone)],
            Some(close.to_string()),
        ),
    };
    let point = Point { why: why.into_iter().collect(), ..Point::default() };
    Message { points: vec![point], details: left_out(kept), ..Message::new(sort(view), headline, summary) }
}
