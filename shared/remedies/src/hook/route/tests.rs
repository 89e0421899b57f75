//! Which signals concern this remedy.

use serde_json::json;

use super::*;
use crate::made::{alarm_on, held, interruption, of_other_services, resync, woken};

fn routed(signal: &Signal) -> Result<Route<Resync>, NoSignal> {
    route(&"eu-west-1".parse().unwrap(), signal)
}

#[test]
fn a_lifecycle_action_and_what_is_due_is_looked_at() {
    let hook = "eu-west-1#hook#web:ready:i-0123456789abcdef0";
    let Ok(Route::Hints(hints)) = routed(&held()) else { panic!() };
    let [Hint { subject, why: Trigger::Action(_) }] = &hints[..] else { panic!("{hints:?}") };
    assert_eq!(subject.to_string(), hook);
    assert_eq!(routed(&woken(hook)), Ok(Route::Hints(vec![Hint::wake(hook.parse().unwrap())])));
    assert_eq!(routed(&resync()), Ok(Route::Survey(Resync)));
    // Auto Scaling's own message names no Region: it came from here.
    assert!(routed(&Signal { region: None, ..held() }).is_ok());
    let elsewhere = route(&"us-east-1".parse().unwrap(), &held()).unwrap_err();
    assert!(matches!(elsewhere, NoSignal::Elsewhere { .. }), "{elsewhere}");
}

#[test]
fn no_alarm_is_about_a_hook_and_what_is_another_remedys_is_left_with_the_reason() {
    let of_instance = alarm_on("ALARM", &[json!({"InstanceId": "i-0123456789abcdef0"})]);
    for signal in of_other_services().into_iter().chain([of_instance]) {
        assert_eq!(routed(&signal).unwrap_err().to_string(), "alarm \"web-1\" is about no lifecycle hook");
    }
    for (signal, about) in [
        (interruption(), "i-0123456789abcdef0"),
        (woken("eu-west-1#group#web"), "eu-west-1#group#web"),
        (woken("aws-global#hosted-zone#Z0123456789ABCDEFGHIJ"), "aws-global#hosted-zone#Z0123456789ABCDEFGHIJ"),
    ] {
        let why = routed(&signal).unwrap_err().to_string();
        assert_eq!(why, format!("{about} is not this function's to look after"));
    }
}

/// What is this function's by its tag and names nothing ends in the dead-letter queue, not as another function's.
#[test]
fn an_order_about_a_hook_whose_id_cannot_be_read_is_unreadable() {
    for subject in ["eu-west-1#hook#web:ready", "eu-west-1#hook#a:b:c:d", "eu-west-1#hook#web:ready:all"] {
        let answer = routed(&woken(subject));
        assert!(matches!(&answer, Err(NoSignal::Unreadable { .. })), "{subject}: {answer:?}");
    }
}
