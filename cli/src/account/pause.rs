//! `pause`: Homeostat keeps its hands off, for a while.
//!
//! This module never writes a pause without an end: what everybody forgot must not keep a site from being healed.

use clap::Args;
use homeostat_aws::InstanceCloud;
use homeostat_core::id::{self, Named};
use homeostat_core::ports::{Control, Pause};
use homeostat_core::shell;
use homeostat_remedies::instance::Fleet;
use homeostat_remedies::registry;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::moment;
use super::place::Deployment;
use super::scope::{Scope, pausable, words};
use super::who::who;
use crate::page::Page;
use crate::report::{Failed, Report};

/// Longer than most maintenance, and over within the shift of whoever forgot it.
const FOR: &str = "4h";
/// What is to be left alone for longer is no pause but policy: the group or record leaves it, or is only watched.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);

#[derive(Args)]
pub(crate) struct Wish {
    #[arg(value_parser = pausable, help = format!("{} (a bare i-… is an instance)", registry::pausable()))]
    scope: Scope,
    /// Why, for whoever reads it at night
    #[arg(long, value_parser = words)]
    reason: String,
    /// How long, at most 7d
    #[arg(long = "for", value_name = "TIME", default_value = FOR, value_parser = moment::duration)]
    lasts: SignedDuration,
    /// Until when, with the offset: 2027-01-31T18:00Z
    #[arg(long, value_name = "MOMENT", value_parser = moment::moment, conflicts_with = "lasts")]
    until: Option<Timestamp>,
    /// Who says so [default: whose credentials these are]
    #[arg(long, value_parser = words)]
    by: Option<String>,
    /// Writes nothing, and says what would be written
    #[arg(long)]
    dry_run: bool,
}

impl Wish {
    pub(super) fn until(&self, now: Timestamp) -> Result<Timestamp, Failed> {
        let until = self.until.unwrap_or(now + self.lasts);
        if until <= now {
            return Err(Failed::because(format!("{} is over: a pause ends in the future", moment::at(until))));
        }
        if until > now + LONGEST {
            let why = "a pause lasts at most 7 days: for longer, set mode = \"watch\" in its table, or take it out of the \
                       policy, and deploy that";
            return Err(Failed::because(why));
        }
        Ok(until)
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Paused {
    written: bool,
    pause: Shown,
    /// What stood there and was in force.
    replaces: Option<Shown>,
    /// Whether lifecycle hooks may be among what it covers: none is in a zone.
    #[serde(skip)]
    covers_hooks: bool,
    remarks: Vec<String>,
    #[serde(skip)]
    now: Timestamp,
}

/// A pause as it is shown; the ledger's own form has milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Shown {
    pub(super) scope: String,
    pub(super) by: String,
    pub(super) reason: String,
    pub(super) until: Timestamp,
}

impl From<Pause> for Shown {
    fn from(pause: Pause) -> Self {
        let Pause { scope, by, reason, until } = pause;
        Shown { scope, by, reason, until }
    }
}

impl Shown {
    /// `until 2027-01-31 18:00 UTC (4h), by ana: migration`
    pub(super) fn words(&self, now: Timestamp) -> String {
        let until = match self.until {
            // What stands for one that can't be read.
            until if until == Timestamp::MAX => "without an end".to_owned(),
            until => format!("until {} ({})", moment::at(until), moment::rough(until.duration_since(now))),
        };
        format!("{until}, by {}: {}", self.by, self.reason)
    }
}

pub(super) async fn pause(
    deployment: &Deployment,
    now: Timestamp,
    until: Timestamp,
    wish: Wish,
) -> Result<Paused, Failed> {
    let ledger = deployment.ledger();
    let by = who(wish.by, deployment).await?;
    let pause = Pause { scope: wish.scope.to_string(), by, reason: wish.reason, until };
    let standing = ledger.pauses().await?;
    let replaces = standing.into_iter().find(|other| other.scope == pause.scope && other.until > now);
    if !wish.dry_run {
        ledger.pause(&pause).await?;
    }
    let named = registry::paused(&pause.scope);
    let covers_hooks = named.as_ref().is_none_or(|named| named.has_instances);
    let remark = match named {
        Some(named) => is_there(deployment, &named, &pause.scope).await,
        None => None,
    };
    let replaces = replaces.map(Shown::from);
    Ok(Paused {
        written: !wish.dry_run,
        pause: pause.into(),
        replaces,
        covers_hooks,
        remarks: remark.into_iter().collect(),
        now,
    })
}

/// A typing error would pause nothing, and look as if it did.
async fn is_there(deployment: &Deployment, named: &Named, scope: &str) -> Option<String> {
    let Some(name) = named.whole.as_ref().and_then(id::Scope::group) else {
        return Some(format!("whether there is such a thing as {} was not checked", named.words));
    };
    match InstanceCloud::new(&deployment.config).groups(std::slice::from_ref(&name)).await {
        Ok(found) if found.is_empty() => Some(format!(
            "beware: there is no Auto Scaling group {name} in this Region, so this pauses nothing; to take it back: \
             homeostat resume {}",
            shell::word(scope)
        )),
        Ok(_) => None,
        Err(unavailable) => Some(format!("whether there is a group {name} was not checked: {unavailable}")),
    }
}

impl Report for Paused {
    fn print(&self, page: &mut Page) {
        let verb = if self.written { "paused" } else { "would pause" };
        page.line(&format!("{verb} {}: {}", self.pause.scope, self.pause.words(self.now)));
        if let Some(old) = &self.replaces {
            page.line(&format!("instead of the pause {}", old.words(self.now)));
        }
        page.line(
            "It holds from the next step on, also in the middle of an incident; what AWS was already told to do goes on. \
             Incidents are still opened and reported; Homeostat changes nothing that the pause covers.",
        );
        // Whom a pause held up would wait for as long as it lasts, and for a judgement that nobody wants.
        if self.covers_hooks {
            page.line(
                "With one exception: what a lifecycle hook of the policy holds there is completed with CONTINUE at once, \
                 so that launches come into service unproven, and terminations go without being drained.",
            );
        }
        page.line(&format!("To end it earlier: homeostat resume {}", shell::word(&self.pause.scope)));
    }

    fn remarks(&self) -> Vec<String> {
        self.remarks.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(until: Option<Timestamp>, hours: i64) -> Wish {
        let lasts = SignedDuration::from_hours(hours);
        Wish { scope: Scope::All, reason: "x".into(), lasts, until, by: None, dry_run: true }
    }

    #[test]
    fn a_pause_ends_in_the_next_seven_days() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        assert_eq!(wish(None, 4).until(now).unwrap(), now + SignedDuration::from_hours(4));
        assert!(wish(None, 169).until(now).unwrap_err().why().contains("at most 7 days"));
        assert!(wish(Some(now), 4).until(now).unwrap_err().why().contains("is over"));
    }

    #[test]
    fn a_pause_says_how_it_ends() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let until = now + SignedDuration::from_hours(4);
        let pause = Shown { scope: "group#web".into(), by: "ana".into(), reason: "move".into(), until };
        let shown = |covers_hooks| {
            let pause = pause.clone();
            let paused = Paused { written: true, pause, replaces: None, covers_hooks, remarks: Vec::new(), now };
            let mut page = Page::default();
            paused.print(&mut page);
            page.finish()
        };
        let text = shown(true);
        assert!(text.contains("CONTINUE at once") && !shown(false).contains("hook"), "{text}");
        assert!(text.contains("until 2027-01-15 12:00 UTC (4h), by ana: move"), "{text}");
        assert!(text.contains("homeostat resume group#web"), "{text}");
    }
}
