//! A failing endpoint loses its weight in one change, and gets it back in steps, exactly as it was.

use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::hosted_zone::reasons::{Close, Decision};

use super::site::*;

#[test]
fn a_failing_endpoint_is_drained_at_once_and_comes_back_in_steps_to_what_it_had() {
    let mut story = two(USUAL);
    let before = story.cloud.with(|world| world.zone(&zone()).unwrap().record(&www()));
    fail(&story, "blue");
    story.pass(minutes(10));
    assert_eq!(steps(&story, &www()), [[0, 30]]);
    mend(&story, "blue");
    story.pass(minutes(40));

    let table = table(&story, &www());
    assert_eq!(steps(&story, &www()), [[0, 30], [2, 30], [16, 30], [70, 30]]);
    let times: Vec<i64> = table.iter().map(|(at, _)| *at).collect();
    // The calls themselves take a moment of virtual time, too, and a wake-up comes after whole seconds.
    let full: Vec<i64> = times.iter().map(|at| at / 10 * 10).collect();
    let expected = [30, 960, 1080, 1200];
    assert_eq!(full, expected, "two checks, ten minutes of outage, five of hold, and two to each step: {times:?}");
    assert_eq!(story.cloud.with(|world| world.zone(&zone()).unwrap().record(&www())), before, "to the last field");
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
    let [incident] = &story.ledger.closed::<HostedZoneKind>()[..] else {
        panic!("{:?}", story.ledger.closed::<HostedZoneKind>())
    };
    assert_eq!(incident.decision, Some(Decision::Close(Close::Recovered)));
}
