//! What a person can do about a zone's records, and what comes next.
//!
//! This module never promises more than the ladder does.

use homeostat_core::shell;
use homeostat_core::view::{Command, Point};

use crate::hosted_zone::reasons::{Code, Hold, HoldReason, Page, PageReason, Trouble};

pub(super) fn waits_for(because: &Hold) -> &'static str {
    match because {
        Hold::Own(HoldReason::ActionsDisabled { .. }) => {
            "it keeps looking. To have it act, enable the alarm's actions again."
        }
        _ => "it keeps looking, and tells you if it acts.",
    }
}

/// About a page that names no record.
pub(super) fn needed(page: &Page, why: Point) -> Point {
    let (you, next) = match page {
        Page::Waited { .. } => (
            "You: see whether what holds it back is still meant to.",
            "it keeps looking, and acts as soon as nothing holds it back.",
        ),
        Page::NoRoom { .. } => (
            "You: move the weights by hand, and take records or endpoints of this zone out of the policy: they are too many for one incident.",
            "it moves nothing more in this zone until its records need less room. It keeps looking.",
        ),
        _ => ("You: see the zone's records in Route 53.", "it keeps looking."),
    };
    Point { you: vec![you.to_owned()], next: Some(next.to_owned()), ..why }
}

pub(super) fn fixed(trouble: &Trouble, why: Point) -> Point {
    let mut commands = Vec::new();
    let by_hand = "What you move by hand stays yours: Homeostat does not move it back.";
    let (you, next) = match trouble {
        Trouble::NoTarget { endpoint, .. } => (
            format!("You: fix {endpoint} or one of the others, or move the weight by hand. {by_hand}"),
            "it keeps looking, and moves the weight as soon as enough of the others are proven well.",
        ),
        Trouble::Partly { .. } => (
            "You: fix what is sick, or give the others more room: capacity, and then a greater max-share in the policy."
                .to_owned(),
            "it moves more as soon as the others have room, and gives the share back in steps after the hold time.",
        ),
        Trouble::Overloaded { endpoint, .. } => (
            format!("You: fix what is sick, or give {endpoint} more capacity. To have Homeostat forget that it failed, acknowledge."),
            "it tries again, ever more rarely and in steps; and gives the share back in steps to those that are well again.",
        ),
        Trouble::Changed { .. } => (
            "You: if the change is meant, nothing. If Homeostat is to go on from there, acknowledge.".to_owned(),
            "the record stays as it is now. If somebody gave it new weights, Homeostat lets go of it once all that \
             serve are proven well. If the weights are Homeostat's own, or earlier ones of its own, it waits for you.",
        ),
        Trouble::Unfit { .. } => (
            "You: fix the record, or take it out of the policy; until then move its weights by hand.".to_owned(),
            "this record is not touched until it is fixed.",
        ),
        Trouble::Latched { endpoint, .. } => (
            format!("You: find out why {endpoint} fails again and again. Acknowledge when it is fixed, and not before."),
            "it stays drained until you acknowledge, unless those that serve in its place become unhealthy. After that it gets its \
             share back once it was proven well for the hold time.",
        ),
        Trouble::StillReduced { endpoint, .. } => (
            format!("You: fix {endpoint}."),
            "it gets its share back in steps, once it was proven well for the hold time.",
        ),
        Trouble::NotInPolicy { .. } => (
            "You: put the record back into policy.toml; or set its weights by hand, then acknowledge.".to_owned(),
            "it stays as it is until the policy names it again. After an acknowledgement Homeostat lets go of it, and \
             restores no weights.",
        ),
        Trouble::NotInSync { change, .. } => {
            let ask = format!("aws route53 get-change --id {}", shell::word(change));
            commands.push(Command::new("You: see whether Route 53 has trouble (AWS Health). To ask", ask));
            (String::new(), "nothing more is moved in this zone until the change is on all name servers.")
        }
        Trouble::Waited { endpoint, .. } => (
            format!("You: check {endpoint}. If it is unhealthy, move its weight by hand, or remove what holds Homeostat back (see Why). {by_hand}"),
            "it keeps looking, and moves the weight as soon as all the evidence says unhealthy and nothing holds it back.",
        ),
        Trouble::Refused { why, .. } => (
            format!("You: {} Meanwhile move the weights by hand. {by_hand}", refused(Code::of(why))),
            "it keeps changing the zone's other records. It tries this one again once the record or the policy \
             has changed, or you have acknowledged.",
        ),
    };
    let you = Some(you).filter(|you| !you.is_empty()).into_iter().collect();
    Point { you, commands, next: Some(next.to_owned()), ..why }
}

/// What to do about each of AWS's answers.
fn refused(code: Code) -> &'static str {
    match code {
        Code::NoSuchHealthCheck => {
            "the record refers to a health check that was deleted. Point its record sets to one that exists, or remove the reference."
        }
        Code::NotAsRead => {
            "AWS's message says what doesn't match: an alias whose target was deleted (point it to one that exists), or \
             somebody else keeps changing the record (CloudTrail shows who)."
        }
        Code::NoSuchHostedZone => "the hosted zone was deleted. Take its records out of the policy.",
        Code::AccessDenied => {
            "see whether the stack's parameters DnsZoneArns, DnsRecordNames and DnsRecordTypes allow it (homeostat policy \
             check prints what they must be)."
        }
        Code::Other => "AWS's message says what it does not accept. Fix the record in Route 53.",
    }
}

/// What a person's word does besides ending the reminders.
pub(super) fn also(page: &Page) -> Vec<&'static str> {
    let troubles = match page {
        Page::Own(PageReason::Weights { troubles }) => troubles.as_slice(),
        _ => &[],
    };
    let mut also: Vec<&str> = troubles.iter().filter_map(lifted).collect();
    also.dedup();
    also
}

fn lifted(trouble: &Trouble) -> Option<&'static str> {
    match trouble {
        Trouble::Changed { .. } => Some("has Homeostat take up again, as it is now, what somebody else changed"),
        Trouble::Overloaded { .. } => Some("lets what could not bear more take over again at once"),
        Trouble::Latched { .. } => Some("lets what failed again and again come back"),
        Trouble::Refused { .. } => Some("makes Homeostat retry the change that Route 53 refused"),
        _ => None,
    }
}
