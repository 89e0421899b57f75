//! All alarms that spoke of one subject, each with what it said when it was last read.
//!
//! None displaces another: a full disk says nothing of a dead application. This module never judges, and what is kept here is for
//! people: a decision rests on what the alarms say when they are read again.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::aws::Read;
use crate::aws::alarm::{AlarmReading, AlarmState};
use crate::id::AlarmArn;

/// Kept of one subject. An instance has a handful of alarms as a rule, and one call reads a hundred.
const MOST: usize = 20;

/// Oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Alarms(Vec<Spoke>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoke {
    pub alarm: AlarmArn,
    /// `None` until it was read for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<Said>,
    /// Since when each look that could read it has found none of its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_since: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// There was no alarm of that name.
    Missing,
    /// It could not be read.
    Unread,
    State {
        state: AlarmState,
        since: Timestamp,
        actions_enabled: bool,
    },
}

impl Said {
    pub fn of(read: &Read<Option<AlarmReading>>) -> Self {
        match read {
            Err(_) => Said::Unread,
            Ok(None) => Said::Missing,
            Ok(Some(seen)) => {
                Said::State { state: seen.state, since: seen.since, actions_enabled: seen.actions_enabled }
            }
        }
    }
}

impl Alarms {
    pub const fn none() -> Self {
        Alarms(Vec::new())
    }

    pub fn arns(&self) -> impl Iterator<Item = &AlarmArn> + Clone {
        self.0.iter().map(|spoke| &spoke.alarm)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Spoke> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One that spoke of the subject, if it is not known yet.
    pub fn hear(&mut self, alarm: &AlarmArn) {
        if !self.arns().any(|known| known == alarm) {
            self.0.push(Spoke { alarm: alarm.clone(), reported: None, missing_since: None });
        }
    }

    /// What one of them says now.
    pub fn read(&mut self, now: Timestamp, alarm: &AlarmArn, read: &Read<Option<AlarmReading>>) {
        let Some(spoke) = self.0.iter_mut().find(|spoke| spoke.alarm == *alarm) else { return };
        spoke.reported = Some(Said::of(read));
        spoke.missing_since = match read {
            Ok(Some(_)) => None,
            Ok(None) => spoke.missing_since.or(Some(now)),
            Err(_) => spoke.missing_since,
        };
    }

    /// Without those that two looks, so long apart, found not to exist. One answer may be old.
    pub fn drop_deleted(&mut self, now: Timestamp, dwell: SignedDuration) -> Vec<AlarmArn> {
        self.drop_if(|spoke| {
            let is_missing = spoke.reported == Some(Said::Missing);
            is_missing && spoke.missing_since.is_some_and(|since| since < now && now >= since + dwell)
        })
    }

    pub fn drop_unless(&mut self, keeps: impl Fn(&AlarmArn) -> bool) -> Vec<AlarmArn> {
        self.drop_if(|spoke| !keeps(&spoke.alarm))
    }

    fn drop_if(&mut self, goes: impl Fn(&Spoke) -> bool) -> Vec<AlarmArn> {
        let gone = self.0.iter().filter(|spoke| goes(spoke)).map(|spoke| spoke.alarm.clone()).collect();
        self.0.retain(|spoke| !goes(spoke));
        gone
    }

    /// Past `MOST`, who says least goes first: never one in ALARM for one that is not.
    pub fn bound(&mut self) {
        while self.0.len() > MOST {
            let least = self.0.iter().enumerate().min_by_key(|(_, spoke)| spoke.weight()).map(|(index, _)| index);
            _ = least.map(|index| self.0.remove(index));
        }
    }

    /// Whether one of them was in ALARM and could act when it was last read.
    pub fn had_alarm(&self) -> bool {
        self.0.iter().any(Spoke::is_alarming)
    }
}

impl FromIterator<AlarmArn> for Alarms {
    fn from_iter<T: IntoIterator<Item = AlarmArn>>(arns: T) -> Self {
        let mut alarms = Alarms::default();
        arns.into_iter().for_each(|arn| alarms.hear(&arn));
        alarms
    }
}

impl Spoke {
    fn is_alarming(&self) -> bool {
        matches!(self.reported, Some(Said::State { state: AlarmState::Alarm, actions_enabled: true, .. }))
    }

    /// How much it would be missed.
    fn weight(&self) -> u8 {
        match self.reported {
            Some(Said::Missing) => 0,
            Some(Said::State { state: AlarmState::Ok, .. }) => 1,
            Some(Said::State { state: AlarmState::InsufficientData, .. }) => 2,
            Some(Said::State { state: AlarmState::Alarm, actions_enabled: false, .. }) => 3,
            None | Some(Said::Unread) => 4,
            Some(Said::State { state: AlarmState::Alarm, actions_enabled: true, .. }) => 5,
        }
    }
}

/// `"web-1" is in ALARM since 2026-03-01T12:00:00Z`.
impl fmt::Display for Spoke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ", self.alarm.alarm_name())?;
        match self.reported {
            None => f.write_str("was not read yet"),
            Some(said) => write!(f, "{said}"),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Said::Missing => f.write_str("does not exist"),
            Said::Unread => f.write_str("could not be read"),
            Said::State { state, since, actions_enabled } => {
                write!(f, "is in {state} since {since:.0}")?;
                if *actions_enabled { Ok(()) } else { f.write_str(" with its actions disabled") }
            }
        }
    }
}

#[cfg(test)]
mod tests;
