//! Faults on the way, and what the journal tells.

use super::*;

#[tokio::test]
async fn faults_read_as_route_53s_own_and_have_no_effect_but_where_they_should() {
    let it = fixture(ALL).await;
    let function = it.function();
    let changes = || Matcher::any().of_function("shifter").action("route53", "ChangeResourceRecordSets");
    let before = it.weights().await;
    for (kind, status, code) in [
        (Kind::Conflict, 400, "PriorRequestNotComplete"),
        (Kind::Throttle, 400, "Throttling"),
        (Kind::Denied, 403, "AccessDenied"),
        (Kind::ErrorBefore, 500, "InternalFailure"),
    ] {
        it.faults.add(Fault::once(kind, changes()));
        let error = it.shift(&function, "blue", 1).await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status);
        assert_eq!(error.code(), Some(code));
    }
    let down = it.faults.refuse_record_changes();
    for _ in 0..2 {
        let error = it.shift(&function, "blue", 1).await.unwrap_err();
        assert_eq!(error.code(), Some("ServiceUnavailable"));
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 503);
    }
    assert!(function.list_resource_record_sets().hosted_zone_id(it.zone.id()).send().await.is_ok());
    it.faults.remove(down);
    assert_eq!(it.weights().await, before);

    it.faults.add(Fault::once(Kind::CutAfter, changes()));
    let cut = it.shift(&function, "blue", 1).await.unwrap_err();
    assert!(matches!(cut, SdkError::DispatchFailure(_)), "{cut:?}");
    assert_eq!(it.weights().await[0].1, 1);
    assert_eq!(it.faults.failures(), Vec::<String>::new());
    it.ministack.stop().await.unwrap();
}

#[tokio::test]
async fn a_held_change_takes_effect_when_it_is_released_even_if_its_caller_is_gone() {
    let it = fixture(ALL).await;
    let changes = Matcher::any().of_function("shifter").action("route53", "ChangeResourceRecordSets");
    let hold = it.faults.add(Fault::once(Kind::Hold, changes).after(1));
    it.shift(&it.function(), "blue", 90).await.unwrap();
    let stale = tokio::spawn({
        let set = it.everything().await.into_iter().find(|set| set.set_identifier() == Some("green")).unwrap();
        let mut shifted = set.clone();
        shifted.weight = Some(200);
        let changes = vec![step(ChangeAction::Delete, set), step(ChangeAction::Create, shifted)];
        let batch = ChangeBatch::builder().set_changes(Some(changes)).build().unwrap();
        it.function().change_resource_record_sets().hosted_zone_id(it.zone.id()).change_batch(batch).send()
    });
    assert!(it.faults.wait_until_held(hold, PATIENCE).await);
    stale.abort();
    assert_eq!(it.weights().await, [("blue".to_owned(), 90), ("green".to_owned(), 0)]);
    it.shift(&it.function(), "blue", 80).await.unwrap();
    it.faults.release(hold);
    let late = it.journal.wait_for("the held change", PATIENCE, |call| call.fault == Some("Hold")).await.unwrap();
    assert_eq!(late.status, 200);
    assert_eq!(it.weights().await, [("blue".to_owned(), 80), ("green".to_owned(), 200)]);
    it.ministack.stop().await.unwrap();
}

#[tokio::test]
async fn the_journal_tells_of_zones_and_names_and_knows_the_effect() {
    let it = fixture(ALL).await;
    it.shift(&it.function(), "blue", 5).await.unwrap();
    let calls = it.journal.calls_of("shifter");
    let [change] = calls.as_slice() else { panic!("{calls:?}") };
    let expected = format!("{}: DELETE api.example.com. A blue 100, CREATE api.example.com. A blue 5", it.zone.id());
    assert_eq!((change.service.as_deref(), change.action.as_str()), (Some("route53"), "ChangeResourceRecordSets"));
    assert_eq!(change.subject, expected);
    assert!(is_effect(change));
    assert_eq!(up_to_the_effect(&it.journal.calls(), change).len(), 1);
    let own = |call: &sandbox::journal::Call| call.subject.contains("ListResourceRecordSets");
    assert!(it.journal.select(own).is_empty(), "what the gate itself asks is not journalled");
    it.ministack.stop().await.unwrap();
}
