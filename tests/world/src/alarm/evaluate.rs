//! From datapoints to a state (CloudWatch User Guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat
//! missing data").
//!
//! This module never looks at the state before, but for saying that it stays.

use homeostat_core::aws::alarm::AlarmState;

use super::{AlarmRule, Comparison, TreatMissingData};
use crate::metric::Datapoint;

/// What an evaluation found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// `None` = the alarm stays as it is.
    pub(super) state: Option<AlarmState>,
    /// The datapoints that counted, newest first.
    pub(super) considered: Vec<Datapoint>,
    /// How many periods had to be filled in.
    pub(super) filled: u32,
}

/// How many periods CloudWatch retrieves: "a higher number of data points than the number specified as Evaluation
/// Periods". How many more is not said; in the page's tables it is two.
pub(super) fn range(rule: &AlarmRule) -> u32 {
    rule.evaluation_periods.saturating_add(2)
}

pub(super) fn evaluate(rule: &AlarmRule, periods: &[Option<Datapoint>]) -> Found {
    let considered: Vec<Datapoint> =
        periods.iter().rev().flatten().take(to_usize(rule.evaluation_periods)).copied().collect();
    let filled = rule.evaluation_periods - count(considered.len()).min(rule.evaluation_periods);
    let breaching = count(considered.iter().filter(|point| rule.breaches(point.value)).count());
    let enough =
        |breaching: u32| Some(if breaching >= rule.datapoints_to_alarm { AlarmState::Alarm } else { AlarmState::Ok });
    let all_breach = breaching == count(considered.len());
    let state = match rule.missing {
        _ if filled == 0 || breaching >= rule.datapoints_to_alarm => enough(breaching),
        TreatMissingData::Breaching => enough(breaching + filled),
        TreatMissingData::NotBreaching => enough(breaching),
        TreatMissingData::Missing | TreatMissingData::Ignore if !all_breach => enough(breaching),
        TreatMissingData::Ignore => None,
        // "Alarms are designed to always go into ALARM state when the oldest available breaching datapoint … is at
        // least as old as the value of Datapoints to Alarm, and all other more recent data points are breaching or
        // missing." Younger than that, an older edition of the page has INSUFFICIENT_DATA; the newer is silent.
        TreatMissingData::Missing => Some(match age_of_oldest(periods) {
            Some(age) if age >= rule.datapoints_to_alarm => AlarmState::Alarm,
            _ => AlarmState::InsufficientData,
        }),
    };
    Found { state, considered, filled }
}

/// In periods; the newest is one period old.
fn age_of_oldest(periods: &[Option<Datapoint>]) -> Option<u32> {
    let before = periods.iter().position(Option::is_some)?;
    Some(count(periods.len() - before))
}

impl AlarmRule {
    pub(super) fn breaches(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::GreaterThanOrEqualToThreshold => value >= self.threshold,
            Comparison::GreaterThanThreshold => value > self.threshold,
            Comparison::LessThanThreshold => value < self.threshold,
            Comparison::LessThanOrEqualToThreshold => value <= self.threshold,
        }
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Statistic;
    use jiff::{SignedDuration, Timestamp};

    const A: Option<AlarmState> = Some(AlarmState::Alarm);
    const OK: Option<AlarmState> = Some(AlarmState::Ok);
    const INSUFFICIENT: Option<AlarmState> = Some(AlarmState::InsufficientData);
    const RETAIN: Option<AlarmState> = None;

    /// The states for missing, ignore, breaching and notBreaching, of `datapoints_to_alarm` out of 3.
    fn states(datapoints_to_alarm: u32, picture: &str) -> [Option<AlarmState>; 4] {
        let periods: Vec<_> = picture
            .split(' ')
            .map(|cell| match cell {
                "X" => Some(9.0),
                "0" => Some(0.0),
                _ => None,
            })
            .map(|value| value.map(|value| Datapoint { at: Timestamp::UNIX_EPOCH, value, samples: 1 }))
            .collect();
        [
            TreatMissingData::Missing,
            TreatMissingData::Ignore,
            TreatMissingData::Breaching,
            TreatMissingData::NotBreaching,
        ]
        .map(|missing| {
            let rule = AlarmRule {
                statistic: Statistic::Sum,
                period: SignedDuration::from_mins(5),
                evaluation_periods: 3,
                datapoints_to_alarm,
                threshold: 1.0,
                comparison: Comparison::GreaterThanThreshold,
                missing,
            };
            assert_eq!(range(&rule), 5);
            evaluate(&rule, &periods).state
        })
    }

    /// Both tables of "How alarm state is evaluated when data is missing".
    #[test]
    fn the_tables_of_the_user_guide_hold() {
        for (datapoints_to_alarm, picture, expected) in [
            (3, "0 - X - X", [OK, OK, OK, OK]),
            (3, "0 - - - -", [OK, OK, OK, OK]),
            (3, "- - - - -", [INSUFFICIENT, RETAIN, A, OK]),
            (3, "0 X X - X", [A, A, A, A]),
            (3, "- - X - -", [A, RETAIN, A, OK]),
            (2, "0 - X - X", [A, A, A, A]),
            (2, "0 0 X 0 X", [A, A, A, A]),
            (2, "0 - X - -", [OK, OK, A, OK]),
            (2, "- - - - 0", [OK, OK, A, OK]),
            (2, "- - - X -", [A, RETAIN, A, OK]),
        ] {
            assert_eq!(states(datapoints_to_alarm, picture), expected, "{datapoints_to_alarm} of 3: {picture}");
        }
    }

    /// "The alarm does not go immediately into ALARM state when the data is either `- - - - X` or `- - - X -`."
    #[test]
    fn a_first_breaching_datapoint_should_not_raise_a_three_of_three_alarm() {
        for picture in ["- - - - X", "- - - X -"] {
            assert_eq!(states(3, picture)[0], INSUFFICIENT, "{picture}");
        }
    }
}
