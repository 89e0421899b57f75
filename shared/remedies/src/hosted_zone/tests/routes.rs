//! Which signals concern this remedy.

use homeostat_core::reconcile::Route;
use homeostat_core::signal::{Hint, NoSignal, Signal, Trigger};
use serde_json::json;

use super::harness::POLICY;
use crate::hosted_zone::Resync;
use crate::hosted_zone::route::route;
use crate::made::{alarm_on, held, interruption, of_other_services, resync, woken};

/// With the alarm of [`alarm_on`] as the one of an endpoint.
fn routed(signal: &Signal) -> Result<Route<Resync>, NoSignal> {
    let policy = crate::policy::parse(&POLICY.replace("alarm:blue-5xx", "alarm:web-1")).unwrap();
    route(policy.dns.as_ref().unwrap(), signal)
}

#[test]
fn an_alarm_that_the_policy_names_leads_to_its_zone_whatever_its_dimensions_are() {
    let signals = of_other_services().into_iter().chain([
        alarm_on("ALARM", &[]),
        alarm_on("INSUFFICIENT_DATA", &[json!({"InstanceId": "i-0123456789abcdef0"})]),
    ]);
    for signal in signals {
        let Ok(Route::Hints(hints)) = routed(&signal) else { panic!("{signal:?}") };
        let [Hint { subject, why: Trigger::Alarm(_) }] = &hints[..] else { panic!("{hints:?}") };
        assert_eq!(subject.to_string(), "aws-global#hosted-zone#Z0123456789ABCDEFGHIJ");
    }
}

#[test]
fn any_other_alarm_is_nobodys_with_the_reason() {
    let policy = crate::policy::parse(POLICY).unwrap();
    for signal in of_other_services() {
        let why = route(policy.dns.as_ref().unwrap(), &signal).unwrap_err().to_string();
        assert_eq!(why, "alarm \"web-1\" speaks for no endpoint that the policy names");
    }
}

#[test]
fn a_zone_that_is_due_is_looked_at_and_what_is_another_remedys_is_left_with_the_reason() {
    let zone = "aws-global#hosted-zone#Z0123456789ABCDEFGHIJ";
    assert_eq!(routed(&woken(zone)), Ok(Route::Hints(vec![Hint::wake(zone.parse().unwrap())])));
    let Ok(Route::Survey(Resync(names))) = routed(&resync()) else { panic!("a resync looks at all of it") };
    assert_eq!(names, ["Z0123456789ABCDEFGHIJ/www.example.com"]);
    for (signal, about) in [
        (interruption(), "i-0123456789abcdef0"),
        (woken("eu-west-1#group#web"), "eu-west-1#group#web"),
        (woken("eu-west-1#instance#i-0123456789abcdef0"), "eu-west-1#instance#i-0123456789abcdef0"),
    ] {
        let why = routed(&signal).unwrap_err().to_string();
        assert_eq!(why, format!("{about} is not this function's to look after"));
    }
    assert!(routed(&held()).unwrap_err().to_string().ends_with("which is not this function's to complete"));
}

/// What is this function's by its tag and names nothing ends in the dead-letter queue, not as another function's.
#[test]
fn an_order_about_a_hosted_zone_whose_id_cannot_be_read_is_unreadable() {
    for subject in ["aws-global#hosted-zone#www", "aws-global#hosted-zone#z1"] {
        let answer = routed(&woken(subject));
        assert!(matches!(&answer, Err(NoSignal::Unreadable { .. })), "{subject}: {answer:?}");
    }
}
