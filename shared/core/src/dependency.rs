//! What several subjects depend on: whether it moves, as its alarms say, and for how long that may hold who depends on it.
//!
//! This module never reads an alarm, never takes one that could not be read for one that says something, and never knows what is held.

mod lately;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::aws::Read;
use crate::aws::alarm::{AlarmReading, AlarmState};
use crate::id::AlarmArn;
use lately::LEAST;
pub use lately::{HeldLately, MOST_HELD, Stretch, WINDOW};

/// Alarms as they are now; `None` = there is none of that name.
pub type Readings = BTreeMap<AlarmArn, Read<Option<AlarmReading>>>;

/// As the policy names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub name: String,
    /// It moves while any of these is in ALARM.
    pub alarms: Vec<AlarmArn>,
    /// How long what depends on it is given to recover after that.
    pub settle: SignedDuration,
}

/// A dependency that moves, or did so until lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {
    pub dependency: String,
    pub said: AlarmsSay,
    /// Nothing is held for it after that, unless a later reading says that it moves still.
    pub until: Timestamp,
}

/// What its alarms say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmsSay {
    InAlarm {
        alarm: AlarmArn,
        since: Timestamp,
    },
    /// OK again, for less than `settle`.
    Settling {
        alarm: AlarmArn,
        since: Timestamp,
    },
    /// Nothing at this look; at an earlier one, that it moves.
    Unread {
        why: String,
    },
}

enum Standing {
    Moves(Moves),
    Unread(String),
    Still,
}

impl Dependency {
    /// By whichever of its alarms says the most. An alarm counts whether or not its actions are enabled: who moves a database on purpose
    /// switches them off, and that is when it moves.
    fn standing(&self, now: Timestamp, read: &Readings) -> Standing {
        let said = self.alarms.iter().map(|arn| self.by(now, arn, read.get(arn)));
        said.reduce(|most, next| match (most, next) {
            (Standing::Moves(most), Standing::Moves(next)) if next.until > most.until => Standing::Moves(next),
            (Standing::Moves(most), _) => Standing::Moves(most),
            (_, Standing::Moves(next)) => Standing::Moves(next),
            (Standing::Unread(why), _) | (_, Standing::Unread(why)) => Standing::Unread(why),
            (Standing::Still, Standing::Still) => Standing::Still,
        })
        .unwrap_or(Standing::Still)
    }

    fn by(&self, now: Timestamp, arn: &AlarmArn, read: Option<&Read<Option<AlarmReading>>>) -> Standing {
        let name = arn.alarm_name();
        let alarm = match read {
            Some(Ok(Some(alarm))) => alarm,
            Some(Ok(None)) => return Standing::Unread(format!("there is no alarm {name:?}")),
            Some(Err(why)) => return Standing::Unread(format!("alarm {name:?} could not be read: {why}")),
            None => return Standing::Unread(format!("alarm {name:?} was not read")),
        };
        let (alarm, since, state) = (arn.clone(), alarm.since, alarm.state);
        let (said, until) = match state {
            AlarmState::Alarm => (AlarmsSay::InAlarm { alarm, since }, now + self.settle.max(LEAST)),
            AlarmState::Ok => (AlarmsSay::Settling { alarm, since }, since + self.settle),
            AlarmState::InsufficientData => {
                return Standing::Unread(format!("alarm {name:?} has too little data to tell"));
            }
        };
        match now < until {
            true => Standing::Moves(Moves { dependency: self.name.clone(), said, until }),
            false => Standing::Still,
        }
    }
}

/// All that is decided by for one dependent.
#[derive(Debug, Clone, Copy)]
pub struct Dependent<'a> {
    pub now: Timestamp,
    pub on: &'a [Dependency],
    pub read: &'a Readings,
    pub lately: &'a HeldLately,
}

impl Dependent<'_> {
    /// What holds it, for as long as that may be. What can't be read holds only while an earlier reading does.
    pub fn moves(&self) -> Option<Moves> {
        let granted = self.lately.covers(self.now);
        let mut unread = None;
        for dependency in self.on {
            match dependency.standing(self.now, self.read) {
                Standing::Moves(moves) => {
                    let may_be_held = granted.is_some() || self.lately.more(self.now, moves.until).is_some();
                    return may_be_held.then_some(moves);
                }
                Standing::Unread(why) => unread = unread.or(Some((dependency, why))),
                Standing::Still => {}
            }
        }
        let ((dependency, why), until) = (unread?, granted?);
        Some(Moves { dependency: dependency.name.clone(), said: AlarmsSay::Unread { why }, until })
    }

    /// What is remembered of it once it was held for that, if that is more than is remembered already.
    pub fn remembered(&self, moves: &Moves) -> Option<HeldLately> {
        let is_new = !matches!(moves.said, AlarmsSay::Unread { .. }) && self.lately.covers(self.now).is_none();
        is_new.then(|| self.lately.more(self.now, moves.until)).flatten()
    }

    /// What a check goes by.
    pub fn in_words(&self) -> String {
        if self.on.is_empty() {
            return "it depends on nothing that the policy names".to_owned();
        }
        let each = self.on.iter().map(|dependency| match dependency.standing(self.now, self.read) {
            Standing::Moves(moves) => moves.to_string(),
            Standing::Unread(why) => format!("{}: {why}", dependency.name),
            Standing::Still => format!("{} does not move", dependency.name),
        });
        let each: Vec<String> = each.collect();
        format!("{}; held for it {}", each.join("; "), self.lately.in_words(self.now))
    }
}

impl fmt::Display for Moves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Moves { dependency, said, until } = self;
        write!(f, "{dependency}, which it depends on, ")?;
        match said {
            AlarmsSay::InAlarm { alarm, since } => {
                write!(f, "fails over or is unhealthy: alarm {:?} is in ALARM since {since:.0}", alarm.alarm_name())
            }
            AlarmsSay::Settling { alarm, since } => write!(
                f,
                "failed over or was unhealthy until {since:.0}, when alarm {:?} went OK, and it is given until {until:.0} to recover",
                alarm.alarm_name()
            ),
            AlarmsSay::Unread { why } => write!(
                f,
                "failed over or was unhealthy at an earlier look, and since it can't be told whether it still is, it is waited for \
                 until {until:.0} at most: {why}"
            ),
        }
    }
}
