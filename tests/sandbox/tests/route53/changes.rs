//! What a batch may hold, and when it is everywhere.

use super::*;

#[tokio::test]
async fn what_aws_refuses_is_refused_in_its_words_and_changes_nothing() {
    let it = fixture(ALL).await;
    for (changes, code, message) in [
        (create(weighted(API, "red", 256)), "InvalidInput", "255"),
        (
            create(plain(API)),
            "InvalidChangeBatch",
            "[RRSet with DNS name api.example.com., type A cannot be created as other",
        ),
        (create(plain("api.example.org")), "InvalidChangeBatch", "is not permitted in zone example.com.]"),
        (create(weighted(API, "blue", 1)), "InvalidChangeBatch", "already exists.]"),
        (
            vec![step(ChangeAction::Delete, weighted(API, "blue", 7))],
            "InvalidChangeBatch",
            "do not match the current values]",
        ),
        (vec![step(ChangeAction::Delete, weighted(API, "red", 7))], "InvalidChangeBatch", "was not found]"),
    ] {
        let (found, words) = it.refused(changes).await;
        assert_eq!(found, code, "{words}");
        assert!(words.contains(message), "{words}");
    }

    let mut stray = weighted(API, "red", 1);
    stray.health_check_id = Some("00000000-0000-0000-0000-000000000000".to_owned());
    assert_eq!(it.refused(create(stray)).await.0, "NoSuchHealthCheck");
    let mut hasty = weighted(API, "red", 1);
    hasty.ttl = Some(5);
    assert!(it.refused(create(hasty)).await.1.contains("weighted sets must contain the same TTL"));

    // The first of a batch would have been fine.
    let half = vec![step(ChangeAction::Create, plain("other.example.com")), step(ChangeAction::Create, plain(API))];
    assert_eq!(it.refused(half).await.0, "InvalidChangeBatch");
    let many = (0..1001).map(|number| step(ChangeAction::Create, plain(&format!("n{number}.example.com"))));
    let (code, words) = it.refused(many.collect()).await;
    assert_eq!((code, words), two(("InvalidChangeBatch", "[Number of records limit of 1000 exceeded.]")));

    it.change(&it.operator, create(plain("alone.example.com"))).await.unwrap();
    let beside = it.refused(create(weighted("alone.example.com", "red", 1))).await;
    assert!(beside.1.contains("cannot be created as a non-weighted set exists with the same name and type"));
    let nowhere = it.operator.change_resource_record_sets().hosted_zone_id("Z404");
    let batch = ChangeBatch::builder().set_changes(Some(create(plain(API)))).build().unwrap();
    let nowhere = nowhere.change_batch(batch).send().await.unwrap_err();
    assert_eq!(nowhere.code(), Some("NoSuchHostedZone"));
    it.ministack.stop().await.unwrap();
}

#[tokio::test]
async fn a_name_is_the_same_however_it_is_spelled() {
    let it = fixture(ALL).await;
    it.change(&it.operator, create(weighted("*.Example.COM", "Blue", 1))).await.unwrap();
    let again = it.refused(create(weighted(r"\052.example.com.", "Blue", 1))).await;
    assert_eq!(again.0, "InvalidChangeBatch");
    let list = it.operator.list_resource_record_sets().hosted_zone_id(it.zone.id());
    let page = list.start_record_name("*.example.com").start_record_type(RrType::A).max_items(1).send().await.unwrap();
    let [found] = page.resource_record_sets() else { panic!("{page:?}") };
    assert_eq!((found.name(), found.set_identifier()), (r"\052.example.com.", Some("Blue")));
    it.change(&it.operator, vec![step(ChangeAction::Delete, weighted("*.EXAMPLE.com.", "Blue", 1))]).await.unwrap();

    let alias = Weighted::plain("a", 7, "").alias("Z2", "LB.Example.net", true);
    it.zone.put("alias.example.com", &RrType::A, std::slice::from_ref(&alias)).await.unwrap();
    let target = Target::Alias { zone: "Z2".into(), name: "lb.example.net.".into(), evaluate_target_health: true };
    let read = it.zone.records("Alias.example.com", &RrType::A).await.unwrap();
    assert_eq!(read, [Weighted { target, ..alias }]);
    it.ministack.stop().await.unwrap();
}

#[tokio::test]
async fn a_change_is_pending_as_long_as_the_story_says() {
    let it = fixture(ALL).await;
    it.dns.set_propagation(Duration::from_secs(3600));
    let made = it.shift(&it.operator, "blue", 50).await.unwrap();
    let made = made.change_info().unwrap();
    assert_eq!(made.status(), &ChangeStatus::Pending);
    let status = || async {
        let answer = it.function().get_change().id(made.id()).send().await.unwrap();
        answer.change_info().unwrap().status().clone()
    };
    for _ in 0..3 {
        assert_eq!(status().await, ChangeStatus::Pending);
    }
    it.dns.set_propagation(Duration::ZERO);
    assert_eq!(status().await, ChangeStatus::Insync);
    let unknown = it.function().get_change().id("C404").send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("NoSuchChange"));
    it.ministack.stop().await.unwrap();
}
