//! What all groups share: the ledger, the topic, the queue of dead letters, and what could not be read of them.
//!
//! This module never judges what one remedy needs.

use homeostat_core::doctor::Severity::{Error, Note, Warning};
use homeostat_core::doctor::{Finding, Unread};
use homeostat_core::incident::State;
use homeostat_core::ports::Pause;
use homeostat_core::shell;
use jiff::{SignedDuration, Timestamp};

use super::Facts;
use crate::policy::Policy;
use crate::registry::AnyIncident;

pub(super) fn check(policy: Option<&Policy>, facts: &Facts) -> Vec<Finding> {
    let found = [unread, audience, dead_letters, incidents, pauses].into_iter().flat_map(|check| check(facts));
    found.chain(policy.and_then(|policy| another_policy(policy, facts))).collect()
}

/// A pause for longer than this was probably forgotten, or written by hand in a way that can't be read.
const LONG_PAUSE: SignedDuration = SignedDuration::from_hours(7 * 24);

fn unread(facts: &Facts) -> Vec<Finding> {
    let say = |unread: &Unread| match unread {
        Unread::Failed { action, why } => Finding::new(
            Error,
            *action,
            format!("not checked: {why}"),
            if is_refusal(why) {
                format!("allow {action} to the credentials that run this, and run doctor again")
            } else {
                format!(
                    "check the stack's name, the Region and the way to AWS, and run doctor again; it takes {action}"
                )
            },
        ),
        Unread::NoPlace { what } => Finding::new(
            Warning,
            *what,
            "not checked: only the stack's outputs tell where it is",
            "name the stack by --stack instead of the table",
        ),
    };
    facts.all_unread().into_iter().map(say).collect()
}

/// The codes by which the services refuse, and what stands in each of their sentences.
fn is_refusal(why: &str) -> bool {
    ["AccessDenied", "AuthorizationError", "UnauthorizedOperation", "not authorized"]
        .iter()
        .any(|code| why.contains(code))
}

fn audience(facts: &Facts) -> Vec<Finding> {
    let Ok(audience) = &facts.audience else { return Vec::new() };
    let mut findings = Vec::new();
    if audience.confirmed == 0 {
        let fix = "subscribe to the topic (README.md, \"Install it\"), and follow the link in the message that comes";
        findings.push(Finding::new(Error, "the topic", "nobody hears: it has no confirmed subscription", fix));
    }
    if audience.pending > 0 {
        let what = format!("{} of its subscriptions were never confirmed, and get nothing", audience.pending);
        findings.push(Finding::new(Warning, "the topic", what, "have their owners follow the link, or remove them"));
    }
    findings
}

fn dead_letters(facts: &Facts) -> Vec<Finding> {
    match &facts.dead_letters {
        Ok(0) | Err(_) => Vec::new(),
        Ok(count) => {
            let what = format!("{count} of its messages are events or wake-ups that could not be served");
            let fix = "read them and the function's log, fix the cause, and then purge the queue";
            vec![Finding::new(Warning, "the dead-letter queue", what, fix)]
        }
    }
}

fn incidents(facts: &Facts) -> Vec<Finding> {
    facts.open.iter().flatten().filter_map(incident).collect()
}

fn incident(of: &AnyIncident) -> Option<Finding> {
    let (incident, view) = (of.head(), of.view());
    let about = format!("incident {}", incident.subject);
    let decision = view.decision().unwrap_or_else(|| "no decision yet".to_owned());
    let (owner, thing) = (incident.remedy, view.thing());
    if let Some(since) = incident.stuck {
        let what = format!("it is stuck: its owner wrote nothing after several wake-ups, as of {since:.0}");
        let fix = format!("read the log of {owner} and the dead-letter queue: the function fails or doesn't run");
        return Some(Finding::new(Error, about, what, fix));
    }
    if let Some(since) = incident.overdue {
        let what = format!("it is overdue, as of {since:.0}: {decision}");
        return Some(Finding::new(
            Error,
            about,
            what,
            format!("look at the {thing} yourself, and at the log of {owner}"),
        ));
    }
    if incident.state != State::Escalated {
        return None;
    }
    Some(match incident.acknowledged {
        Some(word) => {
            let what = format!("{decision} (acknowledged by {}: {})", word.by, word.reason);
            Finding::new(Warning, about, what, "it closes by itself once nothing is wrong any more")
        }
        None => {
            let fix =
                format!("look at it, and say that you know: homeostat ack {}", shell::word(&incident.subject.handle()));
            Finding::new(Error, about, decision, fix)
        }
    })
}

fn pauses(facts: &Facts) -> Vec<Finding> {
    let in_force = facts.pauses.iter().flatten().filter(|pause| pause.until > facts.shared.now);
    in_force.map(|pause| paused(pause, facts.shared.now)).collect()
}

fn paused(pause: &Pause, now: Timestamp) -> Finding {
    let Pause { scope, by, reason, until } = pause;
    let about = format!("the pause of {scope}");
    let fix = format!("end it, when its reason is gone: homeostat resume {}", shell::word(scope));
    if *until > now + LONG_PAUSE {
        let what = format!("nothing is healed there, and not for days to come; by {by}: {reason}");
        return Finding::new(Warning, about, what, fix);
    }
    Finding::new(Note, about, format!("nothing is healed there until {until:.0}; by {by}: {reason}"), fix)
}

/// Which policy is deployed, only the incidents tell.
fn another_policy(policy: &Policy, facts: &Facts) -> Option<Finding> {
    let open = facts.open.iter().flatten().map(AnyIncident::head);
    let newest = open.max_by_key(|incident| incident.notes.last().map(|note| note.at))?;
    let differs = !newest.policy.is_empty() && newest.policy != policy.hash;
    differs.then(|| {
        let what = format!("this file is {}, and the newest incident was judged by {}", policy.hash, newest.policy);
        Finding::new(
            Note,
            "the policy",
            what,
            "deploy it, if this file is meant to be in force: sam build && sam deploy",
        )
    })
}
