//! What comes past the intake queue while AWS throttles: it waits in a mark, and is no dead letter after Lambda's two retries.

use homeostat_remedies::instance::kind::InstanceKind;
use scenarios::Announcement;

use super::fleets::*;
use super::gates::Throttling;

#[test]
fn a_spot_warning_that_aws_throttles_waits_in_a_mark_and_is_looked_at_once_it_no_longer_does() {
    let (mut story, _) = storm(2, 4, 1, "watch");
    let id = story.in_service(&name(1)).remove(0);
    let place = story.cloud.with(|world| world.place().clone());
    let warning = Announcement { place, at: story.now() }.interruption(&id);
    for throttled in ["read groups", "read targets"] {
        let throttle = Throttling::of(throttled);
        story.put_behind(throttle.clone());
        let answer = story.deliver(warning.clone()).unwrap_or_else(|failure| panic!("{throttled}: {failure}"));
        assert_eq!(texts(&answer["marked"]).len(), 1, "{throttled}: {answer}");
        assert_eq!(story.ledger.marks::<InstanceKind>().len(), 1, "{throttled}");
        throttle.end();
        story.pass(secs(40));
        assert!(story.ledger.marks::<InstanceKind>().is_empty(), "{throttled}");
    }
    let looks = story.answers.iter().map(|answer| answer.as_ref().unwrap()["served"].to_string());
    assert!(looks.filter(|served| served != "null" && served != "[]").count() >= 2);
}
