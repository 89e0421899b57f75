//! The whole stage: endpoints, their records, the traffic between them, and the alarms that tell of it.

use homeostat_core::aws::alarm::AlarmState;
use sandbox::stage::Stage;
use sandbox::zone::Traffic;
use world::{AlarmRule, Comparison, Metric, Statistic, TreatMissingData};

use super::*;

/// More than half of what an endpoint serves fails, in two periods of a second.
fn failing() -> AlarmRule {
    AlarmRule {
        statistic: Statistic::Average,
        period: SignedDuration::from_secs(1),
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        threshold: 50.0,
        comparison: Comparison::GreaterThanThreshold,
        missing: TreatMissingData::Missing,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_dies_under_traffic_is_told_and_loses_it_to_the_health_checks() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let stage = Stage::set(&root, folder.path(), 0, Stage::fleet().unwrap()).await.unwrap();
    let mut records = Vec::new();
    for (name, weight) in [("blue", 100), ("green", 0)] {
        let check = stage.face().with(|world| {
            world.add_endpoint(name)?;
            world.add_alarm(&format!("{name}-failing"), Metric::served_failures(name), failing())?;
            world.add_health_check(name)
        });
        records.push(Weighted::plain(name, weight, "192.0.2.1").checked_by(check.unwrap()));
    }
    let zone = Zone::create(&stage.sandbox().sdk_config(), "example.com").await.unwrap();
    zone.put(API, &RrType::A, &records).await.unwrap();
    let traffic = Traffic::follow(stage.sandbox(), &zone, API, RrType::A, stage.face().clone());
    let has_all = |name: &'static str| {
        move |world: &World| world.endpoint(name).filter(|endpoint| endpoint.share == world::WHOLE_SHARE).map(|_| ())
    };
    stage.wait_for_world("the traffic at blue", has_all("blue")).await.unwrap();
    stage.face().with(|world| world.break_endpoint("blue", EndpointState::Dead)).unwrap();
    let told = stage.wait_for_alarm("blue-failing", "ALARM").await.unwrap();
    assert_eq!(told.failure, None);
    stage.wait_for_world("the traffic at green", has_all("green")).await.unwrap();
    let without_data = |world: &World| {
        let standing = &world.alarm("blue-failing")?.standing;
        (standing.state == AlarmState::InsufficientData).then_some(())
    };
    stage.wait_for_world("blue's alarm without data", without_data).await.unwrap();
    drop(traffic);
    let calls = stage.sandbox().journal().calls();
    assert!(calls.iter().all(|call| call.action != "ListResourceRecordSets"), "the traffic is no caller");
    stage.stop().await.unwrap();
}
