//! What a person is asked about a zone's records.
//!
//! This module never leaves out a trouble, nor how the records stand.

use homeostat_core::view::{Message, Point};

use super::figures::{held, left_out};
use super::plan::{also, fixed, needed};
use super::sort;
use crate::hosted_zone::reasons::{Hold, Page, PageReason, Trouble};
use crate::hosted_zone::view::HostedZoneView;

pub(super) fn now(view: &HostedZoneView, page: &Page) -> Message {
    let why = |why: String| Point { why: vec![why], ..Point::default() };
    asks(view, asked(page, why))
}

/// At an earlier look, and it is not over.
pub(super) fn still(view: &HostedZoneView, because: &Hold) -> Message {
    let why = |why: String| Point { asked_because: Some(why), ..Point::default() };
    let points =
        view.about.incident.paged_because.as_ref().map_or_else(|| vec![Point::default()], |page| asked(page, why));
    Message { now: Some(because.to_string()), ..asks(view, points) }
}

/// Why a person is needed, what they can do, and what comes next.
fn asked(page: &Page, why: impl Fn(String) -> Point) -> Vec<Point> {
    match page {
        Page::Own(PageReason::Weights { troubles }) => {
            troubles.iter().map(|trouble| fixed(trouble, why(trouble.to_string()))).collect()
        }
        page => vec![needed(page, why(page.to_string()))],
    }
}

fn asks(view: &HostedZoneView, points: Vec<Point>) -> Message {
    let name = &view.about.short;
    let page = view.about.incident.paged_because.as_ref();
    let (urgency, first) = view.about.needs_you(name);
    let what = page.map_or(name.clone(), |page| in_short(page, name));
    let mut acknowledge = view.about.acknowledge();
    acknowledge.consequences = page.into_iter().flat_map(also).map(str::to_owned).collect();
    let records = view.kept.records.iter().flat_map(|(key, record)| held(key, record));
    Message {
        points,
        details: records.chain(left_out(view.kept)).collect(),
        acknowledge: Some(acknowledge),
        ..Message::new(sort(view), format!("{urgency}: {what}"), vec![first])
    }
}

/// What fits a subject line.
fn in_short(page: &Page, name: &str) -> String {
    let troubles = match page {
        Page::Own(PageReason::Weights { troubles }) => troubles.as_slice(),
        Page::Waited { .. } => return format!("{name}: sick, and held back"),
        Page::NoRoom { .. } => return format!("{name}: no room left to record a change"),
        _ => return name.to_owned(),
    };
    let more = if troubles.len() > 1 { format!(" (and {} more)", troubles.len() - 1) } else { String::new() };
    let first = troubles.first().map_or_else(
        || name.to_owned(),
        |trouble| match trouble {
            Trouble::NoTarget { record, endpoint, .. } => format!("{record}: {endpoint} is sick, and keeps its weight"),
            Trouble::Partly { record, .. } => format!("{record}: only a part was moved"),
            Trouble::Overloaded { record, endpoint, .. } => {
                format!("{record}: {endpoint} can't bear what it took over")
            }
            Trouble::Changed { record, .. } => format!("{record}: somebody else changed it"),
            Trouble::Unfit { record, .. } => format!("{record}: its weights can't be moved"),
            Trouble::Latched { record, endpoint, .. } => format!("{record}: {endpoint} fails again and again"),
            Trouble::StillReduced { record, endpoint, .. } => {
                format!("{record}: {endpoint} is still without its share")
            }
            Trouble::NotInPolicy { record } => format!("{record}: not in the policy any more"),
            Trouble::NotInSync { .. } => format!("{name}: Route 53 does not finish a change"),
            Trouble::Waited { record, endpoint, .. } => {
                format!("{record}: {endpoint} is unhealthy and still gets traffic")
            }
            Trouble::Refused { record, .. } => format!("{record}: Route 53 refused to change it"),
        },
    );
    format!("{first}{more}")
}
