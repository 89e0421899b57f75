//! Whether an alarm's change says anything new.
//!
//! This module never decides what follows from it.

use jiff::Timestamp;

use super::Ignored;
use crate::aws::alarm::AlarmChange;
use crate::memory::News;

/// The change, if it is newer than the one that is remembered. The same again is no news, but still a reason to look: a crash
/// may have come between. Only an older one is stale. A change that has not come yet was made up, or told by a clock that was
/// wrong: it makes no other one stale, and the next one is written over it.
pub(super) fn news(
    now: Timestamp,
    change: Option<&AlarmChange>,
    known: Option<&AlarmChange>,
) -> Result<Option<News>, Ignored> {
    let Some(change) = change else { return Ok(None) };
    let over = known.map(|known| known.changed_at);
    match over.filter(|known_at| *known_at <= now) {
        Some(known_at) if change.changed_at < known_at => Err(Ignored::Stale { change: change.clone(), known_at }),
        Some(known_at) if change.changed_at == known_at => Ok(None),
        _ => Ok(Some(News { change: change.clone(), over })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(second: i64) -> AlarmChange {
        let alarm = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1".parse().unwrap();
        AlarmChange { alarm, contributor: None, changed_at: Timestamp::from_second(second).unwrap() }
    }

    fn told(at: i64, known: i64) -> Result<Option<News>, Ignored> {
        news(Timestamp::from_second(1_000).unwrap(), Some(&change(at)), Some(&change(known)))
    }

    #[test]
    fn a_remembered_change_that_has_not_come_yet_makes_no_other_one_stale_and_is_written_over() {
        for future in [1_001, 1_300, 32_000_000_000] {
            for at in [0, 900, 1_000] {
                let over = Some(change(future).changed_at);
                assert_eq!(told(at, future), Ok(Some(News { change: change(at), over })), "{at} after {future}");
            }
        }
    }

    #[test]
    fn only_an_older_change_is_stale_and_the_same_again_is_no_news() {
        assert!(matches!(told(899, 900), Err(Ignored::Stale { .. })));
        assert_eq!(told(900, 900), Ok(None));
        assert!(matches!(told(901, 900), Ok(Some(_))));
    }
}
