use super::*;

fn arn(number: usize) -> AlarmArn {
    format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-{number}").parse().unwrap()
}

fn seen(number: usize, state: AlarmState, actions_enabled: bool) -> AlarmReading {
    AlarmReading {
        arn: arn(number),
        state,
        since: Timestamp::UNIX_EPOCH,
        reason: String::new(),
        actions_enabled,
        instances: Vec::new(),
    }
}

/// So many that were heard, of which each says the same.
fn all(count: usize, state: AlarmState, actions_enabled: bool) -> Alarms {
    let mut alarms: Alarms = (0..count).map(arn).collect();
    (0..count).for_each(|number| {
        alarms.read(Timestamp::UNIX_EPOCH, &arn(number), &Ok(Some(seen(number, state, actions_enabled))))
    });
    alarms
}

#[test]
fn one_that_says_less_should_never_take_the_place_of_one_in_alarm() {
    let others = [
        Ok(Some(seen(MOST, AlarmState::Ok, true))),
        Ok(Some(seen(MOST, AlarmState::InsufficientData, true))),
        Ok(Some(seen(MOST, AlarmState::Alarm, false))),
        Ok(None),
        Err("AccessDenied".to_owned()),
    ];
    for other in others {
        let mut alarms = all(MOST, AlarmState::Alarm, true);
        let before = alarms.clone();
        alarms.hear(&arn(MOST));
        alarms.read(Timestamp::UNIX_EPOCH, &arn(MOST), &other);
        alarms.bound();
        assert_eq!(alarms, before, "{other:?}");
    }
}

#[test]
fn past_the_bound_who_says_least_goes_first() {
    let mut alarms = all(MOST, AlarmState::Ok, true);
    alarms.read(Timestamp::UNIX_EPOCH, &arn(7), &Ok(None));
    alarms.hear(&arn(MOST));
    alarms.read(Timestamp::UNIX_EPOCH, &arn(MOST), &Ok(Some(seen(MOST, AlarmState::Alarm, true))));
    alarms.bound();
    assert!(alarms.arns().all(|kept| *kept != arn(7)) && alarms.had_alarm());
    alarms.hear(&arn(MOST + 1));
    alarms.bound();
    assert!(alarms.arns().all(|kept| *kept != arn(0)), "then the oldest of those that are OK");
    assert_eq!(alarms.arns().count(), MOST);
}

#[test]
fn the_same_alarm_is_kept_once() {
    let mut alarms = all(2, AlarmState::Ok, true);
    alarms.hear(&arn(1));
    assert_eq!(alarms, all(2, AlarmState::Ok, true));
}

#[test]
fn each_is_told_with_what_it_said() {
    let mut alarms = all(1, AlarmState::Alarm, false);
    alarms.hear(&arn(1));
    alarms.hear(&arn(2));
    alarms.read(Timestamp::UNIX_EPOCH, &arn(2), &Ok(None));
    alarms.hear(&arn(3));
    alarms.read(Timestamp::UNIX_EPOCH, &arn(3), &Err("AccessDenied".to_owned()));
    let told: Vec<String> = alarms.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "\"web-0\" is in ALARM since 1970-01-01T00:00:00Z with its actions disabled",
            "\"web-1\" was not read yet",
            "\"web-2\" does not exist",
            "\"web-3\" could not be read"
        ]
    );
}

#[test]
fn only_what_two_answers_a_dwell_apart_say_is_deleted() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let dwell = SignedDuration::from_secs(120);
    let mut alarms = all(1, AlarmState::Alarm, true);
    let mut look = |second, read: Read<Option<AlarmReading>>| {
        alarms.read(at(second), &arn(0), &read);
        alarms.drop_deleted(at(second), dwell).len()
    };
    assert_eq!(look(1_000, Ok(None)), 0);
    assert_eq!(look(1_119, Ok(None)), 0);
    assert_eq!(look(1_200, Err("AccessDenied".to_owned())), 0, "what can't be read is not deleted");
    assert_eq!(look(1_260, Ok(Some(seen(0, AlarmState::Ok, true)))), 0);
    assert_eq!(look(1_320, Ok(None)), 0);
    assert_eq!(look(1_400, Err("AccessDenied".to_owned())), 0);
    assert_eq!(look(1_440, Ok(None)), 1);
}
