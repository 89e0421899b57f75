//! EC2's dialect, held to the shapes of its API reference: its SDK would be too much for one action.

use world::{EventCode, Machine};

use super::*;

impl Fixture {
    fn status(&self, body: &str) -> Result<Tree, (u16, String)> {
        self.ec2(&format!("DescribeInstanceStatus{body}"))
    }

    pub(super) fn ec2(&self, body: &str) -> Result<Tree, (u16, String)> {
        let protocol = Protocol::of("ec2", &HeaderMap::new());
        let request = protocol.read("/", format!("Action={body}").as_bytes()).unwrap();
        let caller = Caller { who: Who::Operator, invocation: None };
        let outcome = self.face.call(&caller, "ec2", &request.action, &request.input);
        let answer = protocol.answer(&request.action, outcome.as_ref(), "id-1");
        let document = xml::read(&String::from_utf8(answer.body).unwrap()).unwrap();
        if answer.status == 200 {
            return Ok(document);
        }
        let error = get::field(get::field(&document, "Errors").unwrap(), "Error").unwrap();
        Err((answer.status, get::text(error, "Code").unwrap().to_owned()))
    }

    fn statuses(&self, body: &str) -> Vec<Tree> {
        get::items(&self.status(body).unwrap(), "instanceStatusSet").unwrap().to_vec()
    }

    /// One instance's status, whatever its state.
    fn status_of(&self, id: &str) -> Tree {
        let found = self.statuses(&format!("&IncludeAllInstances=true&InstanceId.1={id}"));
        let [status] = found.as_slice() else { panic!("{found:?}") };
        status.clone()
    }
}

fn check(status: &Tree, kind: &str) -> (String, Option<(String, Option<Timestamp>)>) {
    let summary = get::field(status, kind).unwrap();
    let details = get::items(summary, "details").unwrap().first().map(|detail| {
        assert_eq!(get::text(detail, "name").unwrap(), "reachability");
        (get::text(detail, "status").unwrap().to_owned(), get::timestamp(detail, "impairedSince").unwrap())
    });
    (get::text(summary, "status").unwrap().to_owned(), details)
}

fn well() -> (String, Option<(String, Option<Timestamp>)>) {
    ("ok".to_owned(), Some(("passed".to_owned(), None)))
}

#[test]
fn a_machine_that_runs_well_passes_every_check_and_has_no_events() {
    let it = fixture();
    let status = it.status_of(&it.first_of_web());
    assert!(get::text(&status, "availabilityZone").unwrap().starts_with("us-east-1"));
    let state = get::field(&status, "instanceState").unwrap();
    assert_eq!((get::integer(state, "code").unwrap(), get::text(state, "name").unwrap()), (Some(16), "running"));
    for kind in ["systemStatus", "instanceStatus", "attachedEbsStatus"] {
        assert_eq!(check(&status, kind), well(), "{kind}");
    }
    assert!(get::field(&status, "eventsSet").is_none());
}

#[test]
fn an_impaired_machine_says_since_when() {
    for (machine, failing) in [
        (Machine::SystemImpaired, "systemStatus"),
        (Machine::InstanceImpaired, "instanceStatus"),
        (Machine::EbsImpaired, "attachedEbsStatus"),
    ] {
        let it = fixture();
        let id = it.first_of_web();
        it.face.with(|world| world.break_machine(&id.parse().unwrap(), machine)).unwrap();
        it.pass(2);
        let status = it.status_of(&id);
        let since = Timestamp::from_second(NOON + 1).unwrap();
        for kind in ["systemStatus", "instanceStatus", "attachedEbsStatus"] {
            let impaired = ("impaired".to_owned(), Some(("failed".to_owned(), Some(since))));
            assert_eq!(check(&status, kind), if kind == failing { impaired } else { well() }, "{machine:?}: {kind}");
        }
    }
}

#[test]
fn a_machine_that_does_not_run_is_shown_only_if_all_are_asked_for() {
    let it = fixture();
    let id = it.first_of_web();
    it.query("autoscaling", &terminate(&id)).unwrap();
    it.pass(10);
    assert!(it.statuses(&format!("&InstanceId.1={id}")).is_empty());
    let status = it.status_of(&id);
    let state = get::field(&status, "instanceState").unwrap();
    assert_eq!((get::integer(state, "code").unwrap(), get::text(state, "name").unwrap()), (Some(48), "terminated"));
    assert_eq!(check(&status, "systemStatus"), ("not-applicable".to_owned(), None));
    assert_eq!((it.statuses("").len(), it.statuses("&IncludeAllInstances=true").len()), (6, 7));
}

#[test]
fn a_planned_event_is_told_with_its_time() {
    let it = fixture();
    let id = it.first_of_web();
    let then = Timestamp::from_second(NOON + 3600).unwrap();
    let code = EventCode::InstanceRetirement;
    it.face.with(|world| world.schedule_event(&id.parse().unwrap(), code, then)).unwrap();
    let status = it.status_of(&id);
    let [event] = get::items(&status, "eventsSet").unwrap() else { panic!("{status:?}") };
    assert_eq!(get::text(event, "code").unwrap(), "instance-retirement");
    assert_eq!(get::timestamp(event, "notBefore").unwrap(), Some(then));
    assert!(get::text(event, "instanceEventId").unwrap().starts_with("instance-event-"));
    assert!(!get::text(event, "description").unwrap().is_empty());
}

#[test]
fn pages_should_not_lose_or_repeat_a_machine() {
    let it = fixture();
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let page = it.status(&format!("&MaxResults=5{token}")).unwrap();
        seen.extend(texts(get::items(&page, "instanceStatusSet").unwrap(), "instanceId"));
        match get::maybe_text(&page, "nextToken").unwrap() {
            Some(next) => token = format!("&NextToken={next}"),
            None => break,
        }
    }
    let mut distinct = seen.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!((seen.len(), distinct.len()), (6, 6));
}

#[test]
fn one_wrong_id_should_not_be_passed_over() {
    let it = fixture();
    let id = it.first_of_web();
    let refused = |body: &str| it.status(body).unwrap_err();
    let both = |other: &str| format!("&InstanceId.1={id}&InstanceId.2={other}");
    assert_eq!(refused(&both("i-00000000000000000")), (400, "InvalidInstanceID.NotFound".to_owned()));
    assert_eq!(refused(&both("web")), (400, "InvalidInstanceID.Malformed".to_owned()));
    let paged = format!("&InstanceId.1={id}&MaxResults=5");
    assert_eq!(refused(&paged), (400, "InvalidParameterCombination".to_owned()));
    assert_eq!(refused("&MaxResults=4"), (400, "InvalidParameterValue".to_owned()));
    assert_eq!(refused("&Filter.1.Name=event.code").1, "NotModelled");
}
