use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
}

fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn arn(name: &str) -> AlarmArn {
    format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}").parse().unwrap()
}

fn db(alarms: &[&str]) -> Vec<Dependency> {
    let alarms = alarms.iter().map(|name| arn(name)).collect();
    vec![Dependency { name: "orders-db".to_owned(), alarms, settle: mins(5) }]
}

fn reading(name: &str, state: AlarmState, since: i64) -> (AlarmArn, Read<Option<AlarmReading>>) {
    let reading = AlarmReading {
        arn: arn(name),
        state,
        since: at(since),
        reason: "one datapoint".to_owned(),
        actions_enabled: false,
        instances: Vec::new(),
    };
    (arn(name), Ok(Some(reading)))
}

fn unread(name: &str) -> (AlarmArn, Read<Option<AlarmReading>>) {
    (arn(name), Err("Throttling".to_owned()))
}

/// One look of a dependent: what holds it, and what is remembered.
fn look(minute: i64, read: &Readings, lately: &mut HeldLately) -> Option<Moves> {
    let on = db(&["failover", "errors"]);
    let dependent = Dependent { now: at(minute), on: &on, read, lately };
    let moves = dependent.moves()?;
    let more = dependent.remembered(&moves);
    *lately = more.unwrap_or(lately.clone());
    Some(moves)
}

fn once(minute: i64, read: impl IntoIterator<Item = (AlarmArn, Read<Option<AlarmReading>>)>) -> Option<Moves> {
    look(minute, &read.into_iter().collect(), &mut HeldLately::default())
}

#[test]
fn it_moves_while_an_alarm_of_it_says_so_and_for_a_while_after_whatever_its_actions() {
    use AlarmState::{Alarm, Ok as Fine};
    let both = |failover, errors| [reading("failover", failover, 0), reading("errors", errors, -600)];
    assert!(once(3, both(Alarm, Fine)).is_some_and(|it| matches!(it.said, AlarmsSay::InAlarm { .. })));
    let settling = once(3, both(Fine, Fine)).unwrap();
    assert_eq!((settling.until, settling.said), (at(5), AlarmsSay::Settling { alarm: arn("failover"), since: at(0) }));
    assert_eq!(once(5, both(Fine, Fine)), None);
}

#[test]
fn that_nobody_needs_time_to_recover_ends_no_hold_while_it_moves() {
    let at_once = |state| {
        let on = [Dependency { settle: SignedDuration::ZERO, ..db(&["failover"]).remove(0) }];
        let read = Readings::from([reading("failover", state, 0)]);
        Dependent { now: at(3), on: &on, read: &read, lately: &HeldLately::default() }.moves()
    };
    assert!(at_once(AlarmState::Alarm).is_some_and(|moves| moves.until == at(4)));
    assert_eq!(at_once(AlarmState::Ok), None);
}

#[test]
fn what_can_not_be_read_holds_nobody_by_itself_and_hides_no_other_alarm() {
    use AlarmState::{Alarm, InsufficientData, Ok as Fine};
    assert_eq!(once(1, [unread("failover"), reading("errors", Fine, -600)]), None);
    assert_eq!(once(1, [reading("failover", InsufficientData, 0), reading("errors", Fine, -600)]), None);
    assert_eq!(once(1, [(arn("failover"), Ok(None)), reading("errors", Fine, -600)]), None);
    assert_eq!(once(1, []), None, "nothing was read at all");
    assert!(once(1, [unread("failover"), reading("errors", Alarm, 0)]).is_some());
}

#[test]
fn an_unread_answer_neither_ends_a_hold_nor_renews_it() {
    let alarm = Readings::from([reading("failover", AlarmState::Alarm, 0), reading("errors", AlarmState::Ok, -600)]);
    let nothing = Readings::from([unread("failover"), unread("errors")]);
    let mut lately = HeldLately::default();
    assert!(look(0, &alarm, &mut lately).is_some());
    let before = lately.clone();
    for minute in 1..5 {
        let moves = look(minute, &nothing, &mut lately).unwrap();
        assert!(matches!(moves.said, AlarmsSay::Unread { .. }) && moves.until == at(5), "{moves}");
    }
    assert_eq!(look(5, &nothing, &mut lately), None);
    assert_eq!(lately, before);
    assert!(look(6, &alarm, &mut lately).is_some(), "read again, it counts again");
}

/// The minutes of so many at which it was held, with a look at each minute.
fn held(minutes: i64, is_red: impl Fn(i64) -> bool) -> Vec<i64> {
    let mut lately = HeldLately::default();
    let mut changed = 0;
    let mut held = Vec::new();
    for minute in 0..minutes {
        if minute > 0 && is_red(minute) != is_red(minute - 1) {
            changed = minute;
        }
        let state = if is_red(minute) { AlarmState::Alarm } else { AlarmState::Ok };
        let read = Readings::from([reading("failover", state, changed), reading("errors", AlarmState::Ok, -600)]);
        if look(minute, &read, &mut lately).is_some() {
            held.push(minute);
        }
    }
    held
}

#[test]
fn it_is_held_for_half_an_hour_in_any_two_however_the_alarm_flaps() {
    let flapping: [(&str, &dyn Fn(i64) -> bool); 5] = [
        ("always", &|_| true),
        ("each other minute", &|minute| minute % 2 == 0),
        ("each quarter of an hour", &|minute| minute % 15 < 2),
        ("three of ten", &|minute| minute % 10 < 3),
        ("twenty of fifty", &|minute| minute % 50 < 20),
    ];
    for (which, is_red) in flapping {
        let held = held(600, is_red);
        for begins in 0..480 {
            let within = held.iter().filter(|minute| (begins..begins + 120).contains(*minute)).count();
            assert!(within <= 30, "{which}: {within} minutes from {begins} on");
        }
        assert!(held.len() >= 120, "{which}: a bound that holds nobody proves nothing: {}", held.len());
    }
    assert_eq!(held(120, |_| true), (0..30).collect::<Vec<_>>());
}

#[test]
fn what_is_remembered_stays_small_and_says_what_it_was() {
    let mut lately = HeldLately::default();
    for minute in 0..600 {
        let read = Readings::from([reading("failover", AlarmState::Alarm, minute)]);
        look(minute, &read, &mut lately);
        let stored = serde_json::to_string(&lately).unwrap();
        assert!(stored.len() < 1_000, "{stored}");
        assert_eq!(serde_json::from_str::<HeldLately>(&stored).unwrap(), lately);
    }
    assert!(lately.in_words(at(600)).contains("of 30m within 2h"), "{}", lately.in_words(at(600)));
}
