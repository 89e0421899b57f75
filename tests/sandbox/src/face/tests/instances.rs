//! Instances, Spot requests and metrics on the wire.

use world::Application;

use super::*;

impl Fixture {
    /// The one instance that has this id, as `DescribeInstances` shows it.
    fn instance(&self, id: &str) -> Tree {
        let answer = self.ec2(&format!("DescribeInstances&InstanceId.1={id}")).unwrap();
        let [reservation] = get::items(&answer, "reservationSet").unwrap() else { panic!("{answer:?}") };
        let [instance] = get::items(reservation, "instancesSet").unwrap() else { panic!("{answer:?}") };
        instance.clone()
    }

    /// The newest member of `web`, after one more was launched.
    fn one_more(&self, change: impl FnOnce(&mut world::GroupSettings)) -> String {
        let web = "web".parse().unwrap();
        let ids =
            || self.face.with(|world| world.members(&web).map(|member| member.id.to_string()).collect::<Vec<_>>());
        let before = ids();
        self.face
            .with(|world| {
                world.update_group(&web, |settings| {
                    settings.desired += 1;
                    change(settings);
                })
            })
            .unwrap();
        self.pass(5);
        ids().into_iter().find(|id| !before.contains(id)).unwrap()
    }
}

fn tag(instance: &Tree, key: &str) -> Option<String> {
    let tags = get::items(instance, "tagSet").unwrap();
    let found = tags.iter().find(|tag| get::text(tag, "key").unwrap() == key);
    found.map(|tag| get::text(tag, "value").unwrap().to_owned())
}

#[test]
fn an_instance_shows_its_tags_its_address_and_its_state() {
    let it = fixture();
    let id = it.one_more(|settings| {
        settings.application = Some(Application { ready_tag: Some("ready".to_owned()), ..Application::default() });
    });
    let instance = it.instance(&id);
    let state = get::field(&instance, "instanceState").unwrap();
    assert_eq!((get::integer(state, "code").unwrap(), get::text(state, "name").unwrap()), (Some(16), "running"));
    assert!(get::text(&instance, "privateIpAddress").unwrap().starts_with("10."));
    assert_eq!(tag(&instance, "ready").unwrap(), Timestamp::from_second(NOON + 3).unwrap().to_string());
    assert_eq!(tag(&instance, "aws:autoscaling:groupName").as_deref(), Some("web"));
    for absent in ["instanceLifecycle", "spotInstanceRequestId"] {
        assert!(get::field(&instance, absent).is_none());
    }
    it.query("autoscaling", &terminate(&id)).unwrap();
    it.pass(5);
    let instance = it.instance(&id);
    assert_eq!(get::text(get::field(&instance, "instanceState").unwrap(), "name").unwrap(), "terminated");
    assert!(get::field(&instance, "privateIpAddress").is_none());
}

#[test]
fn one_instance_that_nobody_has_should_not_be_passed_over() {
    let it = fixture();
    let id = it.first_of_web();
    let body = format!("DescribeInstances&InstanceId.1={id}&InstanceId.2=i-00000000000000000");
    assert_eq!(it.ec2(&body).unwrap_err(), (400, "InvalidInstanceID.NotFound".to_owned()));
    assert_eq!(it.ec2("DescribeInstances&Filter.1.Name=tag-key").unwrap_err().1, "NotModelled");
    let first = it.ec2("DescribeInstances&MaxResults=5").unwrap();
    let token = get::text(&first, "nextToken").unwrap();
    let rest = it.ec2(&format!("DescribeInstances&MaxResults=5&NextToken={token}")).unwrap();
    let count = |page: &Tree| get::items(page, "reservationSet").unwrap().len();
    assert_eq!((count(&first), count(&rest)), (5, 1));
}

#[test]
fn a_spot_request_tells_of_its_interruption() {
    let it = fixture();
    let id = it.one_more(|settings| (settings.spot, settings.rebalances) = (true, true));
    let instance = it.instance(&id);
    assert_eq!(get::text(&instance, "instanceLifecycle").unwrap(), "spot");
    let request = get::text(&instance, "spotInstanceRequestId").unwrap();
    let read = || {
        let answer = it.ec2(&format!("DescribeSpotInstanceRequests&SpotInstanceRequestId.1={request}")).unwrap();
        let of_it = format!("DescribeSpotInstanceRequests&Filter.1.Name=instance-id&Filter.1.Value.1={id}");
        assert_eq!(it.ec2(&of_it).unwrap(), answer);
        let [found] = get::items(&answer, "spotInstanceRequestSet").unwrap() else { panic!("{answer:?}") };
        assert_eq!(get::text(found, "instanceId").unwrap(), id);
        let status = get::field(found, "status").unwrap();
        let code = get::text(status, "code").unwrap().to_owned();
        (get::text(found, "state").unwrap().to_owned(), code, get::timestamp(status, "updateTime").unwrap().unwrap())
    };
    assert_eq!(read().1, "fulfilled");
    it.face.with(|world| world.interrupt_spot(&id.parse().unwrap())).unwrap();
    let at = Timestamp::from_second(NOON + 5).unwrap();
    assert_eq!(read(), ("closed".to_owned(), "instance-terminated-no-capacity".to_owned(), at));
    it.pass(20);
    assert_eq!(read().2, at, "its end is no new interruption");
    let nobodys = it.ec2("DescribeSpotInstanceRequests&SpotInstanceRequestId.1=sir-nobodys1").unwrap_err();
    assert_eq!(nobodys, (400, "InvalidSpotInstanceRequestID.NotFound".to_owned()));
    let all = it.ec2("DescribeSpotInstanceRequests").unwrap();
    assert_eq!(get::items(&all, "spotInstanceRequestSet").unwrap().len(), 2, "its replacement is one as well");
}

fn in_flight(id: &str, period: i64) -> Tree {
    let dimension = make::record([("Name", make::text("InstanceId")), ("Value", make::text(id))]);
    let metric = make::record([
        ("Namespace", make::text("App")),
        ("MetricName", make::text("InFlight")),
        ("Dimensions", make::list([dimension])),
    ]);
    let stat = [("Metric", metric), ("Period", make::integer(period)), ("Stat", make::text("Maximum"))];
    make::record([("Id", make::text("m1")), ("MetricStat", make::record(stat))])
}

fn asked(query: Tree, from: i64, to: i64) -> Tree {
    let at = |second: i64| make::timestamp(Timestamp::from_second(NOON + second).unwrap());
    make::record([("MetricDataQueries", make::list([query])), ("StartTime", at(from)), ("EndTime", at(to))])
}

#[test]
fn a_metrics_values_come_newest_first_and_none_is_made_up() {
    let it = fixture();
    let id = it.one_more(|settings| settings.application = Some(Application::default()));
    it.pass(15);
    let read = |input: &Tree| {
        let answer = it.cbor("GetMetricData", input).unwrap();
        let [result] = get::items(&answer, "MetricDataResults").unwrap() else { panic!("{answer:?}") };
        assert_eq!((get::text(result, "Id").unwrap(), get::text(result, "StatusCode").unwrap()), ("m1", "Complete"));
        assert_eq!(get::text(result, "Label").unwrap(), "InFlight");
        let times = get::items(result, "Timestamps").unwrap().iter();
        let times: Vec<i64> = times
            .map(|time| {
                get::timestamp(&make::record([("At", time.clone())]), "At").unwrap().unwrap().as_second() - NOON
            })
            .collect();
        (times, get::items(result, "Values").unwrap().to_vec())
    };
    // It answers three seconds after its launch, and publishes every second from then on.
    assert_eq!(read(&asked(in_flight(&id, 5), 0, 20)), (vec![15, 10, 5, 0], vec![make::float(0.0); 4]));
    assert_eq!(read(&asked(in_flight(&id, 1), 0, 5)).0, [4, 3]);
    assert_eq!(read(&asked(in_flight(&it.first_of_web(), 1), -60, 0)).0, [0_i64; 0]);
    let refused = |input: &Tree| it.cbor("GetMetricData", input).unwrap_err();
    assert_eq!(refused(&asked(in_flight(&id, 0), 0, 5)).0, 400);
    assert_eq!(refused(&asked(in_flight(&id, 1), 5, 5)).0, 400);
    let expression = make::record([("Id", make::text("m1")), ("Expression", make::text("1 + 1"))]);
    assert_eq!(refused(&asked(expression, 0, 5)), (501, "NotModelled".to_owned()));
}
