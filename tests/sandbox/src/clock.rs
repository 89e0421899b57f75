//! The wall clock. The journal measures time by the monotonic one; this is for people and for events.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

pub(crate) fn now() -> Timestamp {
    at(SystemTime::now())
}

/// To the millisecond; a clock that is set before 1970 shows 1970.
pub(crate) fn at(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default()
}
