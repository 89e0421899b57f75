//! Health checks, and the traffic that follows them.

use super::*;

#[tokio::test]
async fn a_health_check_is_told_checker_by_checker() {
    let it = fixture(ALL).await;
    let id = it.zone.records(API, &RrType::A).await.unwrap()[0].health_check.clone().unwrap();
    let client = it.function();
    let ask = || async {
        let answer = client.get_health_check_status().health_check_id(&id).send().await.unwrap();
        let told = answer.health_check_observations().iter().map(|told| {
            let report = told.status_report().unwrap();
            let at = report.checked_time().unwrap().secs();
            (
                told.region().unwrap().as_str().to_owned(),
                told.ip_address().unwrap().to_owned(),
                at,
                report.status().unwrap().to_owned(),
            )
        });
        told.collect::<Vec<_>>()
    };
    assert!(ask().await.is_empty(), "nobody has checked yet");
    it.pass(10);
    let well = ask().await;
    assert_eq!(well.len(), 16);
    assert!(well.iter().all(|(_, _, _, status)| status == "Success: HTTP Status Code 200, OK"), "{well:?}");
    it.face.with(|world| world.cut_off_checkers("blue", 5)).unwrap();
    it.pass(10);
    let failed = ask().await.iter().filter(|(_, _, _, status)| status.starts_with("Failure: ")).count();
    assert_eq!(failed, 5);
    let newest = |told: &[(String, String, i64, String)]| told.iter().map(|(_, _, at, _)| *at).max();
    it.face.with(|world| world.stop_checkers("blue", 16)).unwrap();
    let stopped = newest(&ask().await);
    it.pass(600);
    assert_eq!(newest(&ask().await), stopped);

    let config = client.get_health_check().health_check_id(&id).send().await.unwrap();
    let config = config.health_check().unwrap().health_check_config().unwrap().clone();
    assert_eq!((config.failure_threshold(), config.inverted()), (Some(2), Some(false)));
    let unknown = client.get_health_check_status().health_check_id("00000000-0000-0000-0000-000000000000").send().await;
    assert!(unknown.unwrap_err().into_service_error().is_no_such_health_check());
    it.ministack.stop().await.unwrap();
}

#[tokio::test]
async fn a_health_check_says_that_it_is_inverted_or_disabled_and_one_that_is_deleted_says_nothing() {
    let it = fixture(ALL).await;
    let id = it.zone.records(API, &RrType::A).await.unwrap()[0].health_check.clone().unwrap();
    let client = it.function();
    for (inverted, disabled) in [(true, false), (false, true), (false, false)] {
        it.face.with(|world| world.update_health_check("blue", inverted, disabled)).unwrap();
        let check = client.get_health_check().health_check_id(&id).send().await.unwrap();
        let config = check.health_check().unwrap().health_check_config().unwrap();
        assert_eq!((config.inverted(), config.disabled()), (Some(inverted), Some(disabled)));
    }
    it.face.with(|world| world.delete_health_check("blue", true)).unwrap();
    let status = client.get_health_check_status().health_check_id(&id).send().await;
    assert!(status.unwrap_err().into_service_error().is_no_such_health_check());
    let check = client.get_health_check().health_check_id(&id).send().await;
    assert!(check.unwrap_err().into_service_error().is_no_such_health_check());
    it.ministack.stop().await.unwrap();
}

#[tokio::test]
async fn traffic_follows_the_weights_and_the_health_checks() {
    let it = fixture(ALL).await;
    let follow = || it.zone.send_traffic(API, &RrType::A, &it.face);
    let share = |name: &str| it.face.with(|world| world.endpoint(name).unwrap().share);
    follow().await.unwrap();
    assert_eq!((share("blue"), share("green")), (1000, 0));
    it.shift(&it.operator, "green", 100).await.unwrap();
    it.shift(&it.operator, "blue", 0).await.unwrap();
    follow().await.unwrap();
    assert_eq!((share("blue"), share("green")), (0, 1000));
    it.face.with(|world| world.break_endpoint("green", EndpointState::Dead)).unwrap();
    it.pass(30);
    follow().await.unwrap();
    assert_eq!((share("blue"), share("green")), (1000, 0), "the data plane fails over by itself");
    it.face.with(|world| world.break_endpoint("blue", EndpointState::Dead)).unwrap();
    it.pass(30);
    follow().await.unwrap();
    assert_eq!((share("blue"), share("green")), (0, 1000), "all unhealthy is all healthy");
    it.ministack.stop().await.unwrap();
}
