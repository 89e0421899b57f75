//! How many calls the heal waits for one after another, counted without a clock.

use homeostat_remedies::policy;
use jiff::SignedDuration;
use scenarios::FleetStory;
use world::Demo;

use super::fleet::{noon, shipped_policy, web};
use super::gates::turn_of_the_effect;

#[test]
fn the_effect_is_at_most_the_fourth_call_in_a_row() {
    let policy = policy::parse(&shipped_policy()).unwrap();
    let story = FleetStory::of_demo(Demo::new().unwrap(), policy, noon()).unwrap();
    let victim = story.in_service(&web())[0].clone();
    story.break_app(&victim).unwrap();
    // Past the target group's verdict, with the alarm's event kept back until then.
    story.cloud.pass(SignedDuration::from_mins(3));
    let event = story.cloud.with(|world| world.take_events()).remove(0);
    assert_eq!(turn_of_the_effect(&story.owner, event), 4, "the turn in which the termination was called");
}
