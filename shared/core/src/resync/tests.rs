use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn names() -> Vec<String> {
    (0..7).map(|number| format!("svc-{number}")).collect()
}

/// Reads all that is left, `most` at a time, as one slice after the other; in each slice those of `failing` can't be read.
fn read_on(mut resync: Resync, failing: &[&str]) -> (Resync, Vec<String>) {
    let (names, mut order) = (names(), Vec::new());
    for second in 0..20 {
        let now = at(second * 100);
        let continues = second > 0;
        let Ok(slice) = resync.claimed(now, continues) else { return (resync, order) };
        let wave: Vec<String> = slice.next(&names, 3).into_iter().cloned().collect();
        let failed: Vec<String> = wave.iter().filter(|name| failing.contains(&name.as_str())).cloned().collect();
        order.extend(wave.clone());
        resync = slice.advanced(now, &names, &wave, &failed).handed_back(&names);
    }
    panic!("it never ends: {resync:?}")
}

#[test]
fn every_name_is_read_once_in_the_order_of_the_policy() {
    let (resync, order) = read_on(Resync::default(), &[]);
    assert_eq!(order, names());
    assert!(resync.began_at.is_none() && resync.after.is_none() && resync.until.is_none(), "{resync:?}");
}

#[test]
fn what_could_not_be_read_is_read_once_more_at_the_end_and_keeps_nothing_else_from_being_read() {
    let (resync, order) = read_on(Resync::default(), &["svc-0", "svc-4"]);
    assert_eq!(order[..7], names());
    assert_eq!(order[7..], ["svc-0", "svc-4"]);
    assert_eq!(resync.unread.keys().collect::<Vec<_>>(), ["svc-0", "svc-4"]);
    let (again, _) = read_on(resync, &["svc-4"]);
    assert_eq!(again.unread.keys().collect::<Vec<_>>(), ["svc-4"]);
}

#[test]
fn what_was_never_read_is_reported_after_three_times_the_time_of_a_resync_and_by_then_alone() {
    let period = SignedDuration::from_mins(5);
    let resync = Resync { unread: BTreeMap::from([("svc-4".to_owned(), at(0))]), ..Resync::default() };
    assert_eq!(resync.unread_too_long(at(899), period).count(), 0);
    assert_eq!(resync.unread_too_long(at(900), period).collect::<Vec<_>>(), [(&"svc-4".to_owned(), at(0))]);
}

#[test]
fn nobody_else_reads_while_a_slice_is_being_read_and_after_a_crash_somebody_does() {
    let slice = Resync::default().claimed(at(0), false).unwrap();
    let over = LEASE.as_secs();
    for continues in [false, true] {
        assert_eq!(slice.claimed(at(0), continues), Err(NoSlice::BeingRead));
        assert_eq!(slice.claimed(at(over - 1), continues), Err(NoSlice::BeingRead));
        let next = slice.claimed(at(over), continues).unwrap();
        assert_eq!((next.began_at, next.version), (Some(at(0)), slice.version + 1));
    }
}

#[test]
fn a_lease_of_a_clock_that_was_wrong_holds_nobody_off() {
    let slice = Resync { until: Some(at(1_000_000)), ..Resync::default() };
    assert!(slice.claimed(at(0), false).is_ok());
}

#[test]
fn a_message_to_continue_begins_nothing() {
    assert_eq!(Resync::default().claimed(at(0), true), Err(NoSlice::NotBegun));
}

#[test]
fn a_policy_that_was_changed_in_between_leaves_nothing_unread() {
    let gone = Resync { after: Some("gone".to_owned()), began_at: Some(at(0)), ..Resync::default() };
    assert_eq!(gone.left(&names()), names().len());
    let gone = Resync { after: Some("svc-6".to_owned()), again: BTreeSet::from(["gone".to_owned()]), ..gone };
    assert_eq!((gone.left(&names()), gone.next(&names(), 3).len()), (0, 0));
    assert_eq!(gone.handed_back(&names()), Resync::default());
}

#[test]
fn a_slice_that_read_nothing_begins_in_the_same_place_and_the_third_in_a_row_is_a_failure() {
    let mut resync = Resync { after: Some("svc-2".to_owned()), began_at: Some(at(0)), ..Resync::default() };
    for stalls in 1..=3 {
        resync = resync.claimed(at(stalls), true).unwrap().stalled();
        assert_eq!(resync.next(&names(), 1), ["svc-3"]);
        assert_eq!(resync.is_stuck(), stalls == 3);
    }
    let wave = ["svc-3".to_owned()];
    assert!(!resync.claimed(at(9), true).unwrap().advanced(at(9), &names(), &wave, &[]).is_stuck());
}
