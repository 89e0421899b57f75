//! What is launched while a database fails over: let into service when its time is over, instead of being abandoned.

use world::{ActionResult, Flaw};

use super::super::dependency::{DEPENDS, add_database, pass, table};
use super::site::*;

/// One of four is terminated while what is launched can't reach the database. What came of the launches within half an hour.
fn launched(depends: &str, moves: bool) -> (usize, usize) {
    let launch = format!("{LAUNCH}timeout = \"5m\"\n{depends}\n{}", table());
    let mut story = site_with(4, minutes(5), &launch, LEAVE);
    story.cloud.with(add_database);
    story.cloud.with(|world| world.break_version(&web(), 1, Flaw::NeverAnswers));
    pass(&mut story, 2, |_| false);
    let leaving = story.in_service(&web()).remove(0);
    terminate(&story, &leaving);
    pass(&mut story, 20, |_| moves);
    assert_eq!(timed_out(&story), 0);
    let launches =
        |result| actions(&story).iter().filter(|it| it.hook == "ready" && it.ended_by == ended_by(result)).count();
    (launches(ActionResult::Continue), launches(ActionResult::Abandon))
}

fn ended_by(result: ActionResult) -> world::ActionEnd {
    world::ActionEnd::Completed(result)
}

#[test]
fn a_launch_is_completed_at_its_own_time_while_what_it_depends_on_moves_and_else_abandoned() {
    let (admitted, abandoned) = launched(DEPENDS, true);
    assert!(admitted > 0 && abandoned == 0, "{admitted}, {abandoned}");
    let (admitted, abandoned) = launched(DEPENDS, false);
    assert!(admitted == 0 && abandoned > 1, "{abandoned}");
    assert_eq!(launched("", true), (admitted, abandoned), "as ever");
}
