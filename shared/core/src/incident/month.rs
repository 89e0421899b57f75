//! A month of the calendar, in UTC: what closed incidents are listed by.
//!
//! This module never knows which month it is.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// `2026-11`
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    year: i16,
    month: i8,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a year and a month from 01 to 12, such as 2026-11")]
pub struct InvalidMonth;

impl Month {
    pub fn of(moment: Timestamp) -> Month {
        let date = Offset::UTC.to_datetime(moment).date();
        Month { year: date.year(), month: date.month() }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (year, month) = text.split_once('-').ok_or(InvalidMonth)?;
        let are_digits = |text: &str, count| text.len() == count && text.bytes().all(|it| it.is_ascii_digit());
        if !are_digits(year, 4) || !are_digits(month, 2) {
            return Err(InvalidMonth);
        }
        let (year, month) = (year.parse().map_err(|_| InvalidMonth)?, month.parse().map_err(|_| InvalidMonth)?);
        let date = Date::new(year, month, 1).map_err(|_| InvalidMonth)?;
        Ok(Month { year: date.year(), month: date.month() })
    }
}

impl TryFrom<String> for Month {
    type Error = InvalidMonth;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> String {
        month.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_that_of_utc_and_is_read_back_as_written() {
        for (moment, month) in [
            ("2026-11-30T23:59:59.999Z", "2026-11"),
            ("2026-12-01T00:30:00+01:00", "2026-11"),
            ("2026-12-01T00:00:00Z", "2026-12"),
        ] {
            let of = Month::of(moment.parse().unwrap());
            assert_eq!((of.to_string().as_str(), month.parse()), (month, Ok(of)), "{moment}");
        }
    }

    #[test]
    fn what_is_no_month_is_refused() {
        for text in
            ["", "2026", "2026-13", "2026-00", "2026-1", "26-11", "2026-11-30", "+026-11", "2026-+1", "November"]
        {
            assert_eq!(text.parse::<Month>(), Err(InvalidMonth), "{text}");
        }
    }
}
