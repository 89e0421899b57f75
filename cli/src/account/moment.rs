//! Times as people say and read them.
//!
//! This module never reads a clock.

use jiff::{SignedDuration, Timestamp};

pub(super) use homeostat_core::view::at;

/// `2h`, `90m`, `1h 30m`, as in the policy; and `2d`, since a pause may last for days.
pub(super) fn duration(text: &str) -> Result<SignedDuration, String> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u8>().ok());
    let duration = days.map(|days| SignedDuration::from_hours(i64::from(days) * 24));
    let duration = duration.or_else(|| text.parse().ok());
    let positive = duration.filter(|duration| *duration > SignedDuration::ZERO);
    positive.ok_or_else(|| "expected a time above zero and of at most 7d, such as 90m, 2h or 2d".to_owned())
}

/// A moment with its offset: without one, half of the people who read it would be wrong by hours.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "expected a moment with its offset, such as 2027-01-31T18:00Z or …T18:00+01:00".to_owned())
}

/// `2d 3h`, `12m`, `40s`: the two largest units say enough.
pub(super) fn rough(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let parts = match (days, hours, minutes) {
        (0, 0, 0) => [(seconds, "s"), (0, "")],
        (0, 0, minutes) => [(minutes, "m"), (0, "")],
        (0, hours, minutes) => [(hours, "h"), (minutes, "m")],
        (days, hours, _) => [(days, "d"), (hours, "h")],
    };
    let told = parts.iter().enumerate().filter(|(index, (count, _))| *index == 0 || *count > 0);
    told.map(|(_, (count, unit))| format!("{count}{unit}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, minutes) in [("90m", 90), ("2h", 120), ("1h30m", 90), ("2d", 2880)] {
            assert_eq!(duration(text), Ok(SignedDuration::from_mins(minutes)), "{text}");
        }
        for text in ["", "2", "0s", "-1h", "soon", "d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_moment_without_its_offset_is_refused() {
        assert!(moment("2027-01-31T18:00Z").is_ok() && moment("2027-01-31 18:00+01").is_ok());
        assert!(moment("2027-01-31T18:00").is_err() && moment("18:00").is_err());
    }

    #[test]
    fn two_units_say_enough() {
        for (seconds, said) in
            [(-5, "0s"), (59, "59s"), (3599, "59m"), (3600, "1h"), (93_600, "1d 2h"), (7260, "2h 1m")]
        {
            assert_eq!(rough(SignedDuration::from_secs(seconds)), said);
        }
    }
}
